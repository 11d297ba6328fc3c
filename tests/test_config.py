from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import Field

from eg_cfg.config import Options, assignments, build, load, save, to_plain
from eg_cfg.errors import ConfigError


class Optimizer(Options):
    learning_rate: float = Field(1e-5, gt=0)


class Train(Options):
    num_samples: int = Field(10, ge=1)
    model_name: str
    optimizer: Optimizer = Optimizer()
    gammas: tuple[float, ...] = (0.0, 1.0)


def test_dashes_and_underscores_are_alike_at_every_level() -> None:
    dashes = build(Train, {"num-samples": 3, "model-name": "tiny", "optimizer": {"learning-rate": 0.1}})
    underscores = build(Train, {"num_samples": 3, "model_name": "tiny", "optimizer": {"learning_rate": 0.1}})
    assert dashes == underscores
    assert dashes.optimizer.learning_rate == 0.1


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"model_name": "tiny", "num_sample": 3}, ["'num_sample'", "Did you mean 'num_samples'"]),
        ({"model_name": "tiny", "zzz": 3}, ["'zzz'", "Known:", "num_samples"]),
        ({"model_name": "tiny", "num-samples": 1, "num_samples": 2}, ["twice", "num_samples"]),
        (
            {"model_name": "tiny", "num_samples": 0},
            ["--num-samples", "expected 1 or more, found 0"],
        ),
        ({"model_name": "tiny", "num_samples": "many"}, ["--num-samples", "found 'many'"]),
        ({}, ["--model-name is required"]),
        (
            {"model_name": "tiny", "optimizer": {"learning_rte": 1}},
            ["--optimizer", "'learning_rte'", "'learning_rate'"],
        ),
        (
            {"model_name": "tiny", "optimizer": {"learning_rate": -1}},
            ["--optimizer.learning-rate", "found -1"],
        ),
        ({"model_name": 7, "num_samples": 0}, ["--model-name", "--num-samples"]),
    ],
)
def test_wrong_values_are_one_line_that_names_the_flag(values: dict[str, object], words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        build(Train, values)
    message = str(caught.value)
    assert "\n" not in message
    assert [word for word in words if word not in message] == []


def test_options_are_frozen() -> None:
    options = build(Train, {"model_name": "tiny"})
    with pytest.raises(ValueError, match="frozen"):
        options.num_samples = 4  # type: ignore[misc]


@pytest.mark.parametrize("name", ["train.yaml", "train.yml", "train.json"])
def test_what_is_saved_is_loaded_again(tmp_path: Path, name: str) -> None:
    options = build(Train, {"model_name": "é", "gammas": [0.5], "optimizer": {"learning_rate": 2}})
    path = tmp_path / name
    save(options, path, heading="eg-cfg train --config train.yaml")
    assert load(Train, path) == options
    assert build(Train, json.loads(json.dumps(to_plain(options)))) == options


def test_flags_win_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("model-name: tiny\nnum-samples: 2\n")
    assert load(Train, path, {"num_samples": 9}).num_samples == 9
    assert load(Train, path, {"num-samples": 9}).num_samples == 9


@pytest.mark.parametrize(
    ("name", "text", "word"),
    [
        ("a.yaml", "model_name: a\nmodel_name: b\n", "'model_name' is given twice (line 2)"),
        ("a.json", '{"model_name": "a", "model_name": "b"}', "'model_name' is given twice"),
        (
            "a.yaml",
            "optimizer:\n  learning_rate: 1\n  learning_rate: 2\nmodel_name: a\n",
            "'learning_rate' is given twice",
        ),
        ("a.yaml", "a: [1\n", "a.yaml, line 2: expected YAML, found a fault (expected ',' or ']', but got"),
        ("a.yaml", "a: 1\nb: c: d\n", "line 2: expected YAML, found a fault (mapping values are not allowed here)"),
        ("a.json", "{", "a.json, line 1: expected JSON, found a fault"),
        ("a.json", "{\n'a': 1}", 'line 2: expected JSON, found a fault (Expecting property name enclosed in double'),
        ("a.yaml", "- 1\n", "expected a mapping of options, found a list: write one `num_samples: 10` a line"),
        ("a.toml", "", "found suffix '.toml': rename it"),
        ("a.yaml", "!!python/object/apply:os.getcwd []\n", "could not determine a constructor"),
    ],
)
def test_bad_files_are_one_line_that_names_the_file(tmp_path: Path, name: str, text: str, word: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(Train, path)
    assert str(path) in str(caught.value)
    assert word in str(caught.value)
    assert "\n" not in str(caught.value)


def test_other_names_of_a_field_mean_the_field(tmp_path: Path) -> None:
    class Base(Options):
        aliases: ClassVar = {"model": "model_name", "limit": "max_problems"}

    class Run(Base):
        model_name: str
        aliases: ClassVar = {"dataset": "benchmark"}
        benchmark: str = "mbpp"

    class Own(Base):
        model_name: str = "a"
        model: str = "b"

    assert build(Run, {"model": "tiny", "dataset": "demo"}) == Run(model_name="tiny", benchmark="demo")
    assert build(Own, {"model": "c"}) == Own(model="c")
    path = tmp_path / "a.yaml"
    path.write_text("model: tiny\n")
    assert load(Run, path, {"model-name": "other"}).model_name == "other"
    assert load(Run, path, {"dataset": "demo"}).model_name == "tiny"
    with pytest.raises(ConfigError, match=r"unknown key 'datasets'\. Did you mean 'dataset'"):
        build(Run, {"model": "tiny", "datasets": "demo"})
    with pytest.raises(ConfigError, match="unknown key 'limit'"):
        build(Run, {"model": "tiny", "limit": 3})
    with pytest.raises(ConfigError, match="'model_name' is given twice, as 'model' and as 'model_name': keep one"):
        build(Run, {"model": "tiny", "model_name": "tiny"})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml"):
        load(Train, tmp_path / "none.yaml")


def test_an_empty_file_holds_the_defaults_only(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("# nothing\n")
    assert load(Optimizer, path) == Optimizer()


def test_yaml_merge_keys_may_be_overridden(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("optimizer: &o {learning_rate: 1}\nmodel_name: a\n")
    assert load(Train, path).optimizer.learning_rate == 1


def test_assignments() -> None:
    assert assignments(["mode=cleaned", "start-date=2024-01-01", "x=a=b"]) == {
        "mode": "cleaned",
        "start_date": "2024-01-01",
        "x": "a=b",
    }


@pytest.mark.parametrize("pairs", [["mode"], ["=x"], ["mode=a", "mode=b"]])
def test_bad_assignments(pairs: list[str]) -> None:
    with pytest.raises(ConfigError, match="--option"):
        assignments(pairs)
