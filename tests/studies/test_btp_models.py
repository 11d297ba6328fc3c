"""Who may write and who may learn, in each mode; told before anything is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from btp_cases import save_small

from eg_cfg.config import build
from eg_cfg.errors import ConfigError, EgCfgError, ModelNotFoundError, UnknownNameError
from eg_cfg.studies.btp_models import Roles, assign
from eg_cfg.studies.btp_options import BTPOptions
from eg_cfg.studies.btp_training import announced, sized, token_counter
from eg_cfg.training.options import TrainingOptions


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(save_small(tmp_path_factory.mktemp("models") / "small"))


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "DEEPSEEK_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def roles(**values: Any) -> Roles:
    return assign(build(BTPOptions, values))


def test_one_model_plays_both_parts(small: str) -> None:
    found = roles(source_model=small)
    assert found.same
    assert found.target is not None
    assert found.target.model_name == small
    assert roles(source_model=small, target_model=small).same


def test_a_large_model_writes_for_a_small_one(small: str) -> None:
    found = roles(source_model="StarCoder2-15B", target_model=small)
    assert not found.same
    assert found.to_json()["source"]["stands_for"] == "bigcode/starcoder2-15b"


@pytest.mark.parametrize(("mode", "name", "where"), [
    ("openai", "gpt-4", "gpt-4"), ("openai", "some-name", "some-name"), ("deepseek", "deepseek-chat", "deepseek-chat"),
])
def test_api_modes_ask_an_endpoint(mode: str, name: str, where: str) -> None:
    found = roles(source_model=name, mode=mode, api_key="sk-0123456789")
    assert found.source_is_api
    assert found.target is None
    assert found.source.spec().model == where
    if mode == "deepseek":
        assert found.source.api_base == "https://api.deepseek.com"


def test_an_address_makes_any_name_an_endpoints(small: str) -> None:
    found = roles(source_model="my-model", mode="hybrid", api_base="http://127.0.0.1:1/v1", target_model=small)
    assert found.source_is_api
    assert not found.same


@pytest.mark.parametrize(("values", "error", "said"), [
    ({"target_model": "gpt-4"}, ConfigError, "--target-model 'gpt-4' is an API model"),
    ({"source_model": "gpt-4"}, ConfigError, "expected a source whose weights are here, found 'gpt-4'"),
    ({"source_model": "gpt-4", "mode": "hybrid"}, ConfigError, "pass the model to be fine-tuned as --target-model"),
    ({"mode": "openai"}, ConfigError, "--mode openai: expected a source behind an API"),
    ({"mode": "hybrid", "target_model": "tiny"}, ConfigError, "--mode hybrid: expected a source behind an API"),
    ({"source_model": "no-such-model"}, UnknownNameError, "unknown model 'no-such-model'"),
    ({"source_model": "./not-there"}, ModelNotFoundError, "no model folder './not-there'"),
    ({"target_model": "fake:x.json"}, ConfigError, "weights cannot be fine-tuned"),
])
def test_what_cannot_be_is_one_line(small: str, values: dict[str, Any], error: type[EgCfgError], said: str) -> None:
    with pytest.raises(error) as found:
        roles(**{"source_model": small, **values})
    assert said in str(found.value)
    assert "\n" not in str(found.value)
    assert found.value.exit_code == 2


def test_no_key_is_told_with_the_model(small: str) -> None:
    found = roles(source_model="gpt-4", mode="hybrid", target_model=small)
    with pytest.raises(ModelNotFoundError, match=r"'gpt-4'.*needs a key.*--api-key"):
        found.source.load_model()


def test_few_examples_make_enough_steps() -> None:
    chosen = sized(TrainingOptions(), examples=50, parameters=1_400_000)
    assert (chosen.per_device_batch_size, chosen.gradient_accumulation_steps) == (6, 1)
    large = sized(TrainingOptions(), examples=50, parameters=7_000_000_000)
    assert (large.per_device_batch_size or 1) * (large.gradient_accumulation_steps or 1) <= 6
    many = sized(TrainingOptions(), examples=2000, parameters=1_400_000)
    assert many.per_device_batch_size == 16
    assert sized(TrainingOptions(), examples=3, parameters=1_400_000).per_device_batch_size == 1
    asked = TrainingOptions(per_device_batch_size=4)
    assert sized(asked, examples=50, parameters=1_400_000) is asked


def test_what_was_chosen_is_said() -> None:
    said = announced(sized(TrainingOptions(), examples=50, parameters=1_400_000), examples=50, parameters=1_400_000)
    assert "learning rate 0.002, 3 epochs of 50 examples, 6 a step (6 at once), 27 steps" in said


def test_tokens_are_those_of_the_loss(small: str, tmp_path: Path) -> None:
    from eg_cfg.models import registry
    from eg_cfg.models.base import LogitModel

    target = roles(source_model=small).target
    assert target is not None
    count = token_counter(target)
    with registry.load(small, {"device": "cpu"}) as model:
        assert isinstance(model, LogitModel)
        for text in ("    return 1\n", "", "def f(x):\n    return x + 1\n"):
            assert count(text) == len(model.encode_text(text)) + 1
