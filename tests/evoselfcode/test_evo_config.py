"""Configurations: base.yaml under each, strict, and every shipped one is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from eg_cfg.errors import ConfigError
from evoselfcode.config import Config, load_config
from evoselfcode.pipeline.filters import made

SHIPPED = ("generation", "train_d2c", "train_c2d", "iterate", "datagen")


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_configurations_are_read_and_begin_with_their_command(repository: Path, name: str) -> None:
    path = repository / "configs" / f"{name}.yaml"
    config = load_config(path)
    assert config.model.model_name == "tiny-base"
    assert path.read_text().startswith("# python -m evoselfcode.cli ")
    assert f"--config configs/{name}.yaml" in path.read_text()


def test_base_is_under_the_stages_file(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("seed: 7\nscore: {inputs: 5, lint: false}\nfilter:\n  filters: [syntax]\n")
    (tmp_path / "own.yaml").write_text("score: {inputs: 9}\nfilter:\n  filters:\n    - agreement: {min-share: 0.7}\n")
    config = load_config(tmp_path / "own.yaml", {"generate.candidates": "2"})
    assert (config.seed, config.score.inputs, config.score.lint, config.generate.candidates) == (7, 9, False, 2)
    assert [made(item).name for item in config.filter.filters] == ["agreement"]


@pytest.mark.parametrize(("text", "said"), [
    ("scor: {}", "unknown key 'scor'. Did you mean 'score'?"),
    ("score: {input: 3}", "unknown key 'input'. Did you mean 'inputs'?"),
    ("score: {inputs: 0}", "expected 1 or more, found 0"),
    ("filter: {filters: [agrement]}", "Did you mean 'agreement'?"),
    ("filter: {filters: [{agreement: {minshare: 1}}]}", "Did you mean 'min_share'?"),
    ("iterate: {forward: false, backward: false}", "nothing to learn from"),
    ("names: {pattern: '('}", "expected a regular expression"),
    ("d2c: {training: {learning_rat: 1}}", "Did you mean 'learning_rate'?"),
])
def test_a_wrong_configuration_says_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"own\.yaml") as error:
        load_config(path)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_configuration_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="found no file"):
        load_config(tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match="--set seed"):
        load_config(None, {"seed": "[1"})


def test_defaults_are_the_embedded_model() -> None:
    assert Config().model.model_name == "tiny-base"
