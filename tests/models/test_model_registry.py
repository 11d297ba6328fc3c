"""Which model and which backend a name means."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from eg_cfg.errors import ConfigError, ModelNotFoundError, UnknownNameError
from eg_cfg.models import registry
from eg_cfg.models.families import FAMILIES, family_of, find_fim
from eg_cfg.models.registry import EMBEDDED, SHORT_NAMES, load, resolve


@pytest.mark.parametrize(
    ("name", "backend", "model", "family"),
    [
        ("GPT-2", "huggingface", "openai-community/gpt2", "gpt2"),
        ("GPT-Neo-2.7B", "huggingface", "EleutherAI/gpt-neo-2.7B", "gpt2"),
        ("starcoder2_3b", "huggingface", "bigcode/starcoder2-3b", "starcoder"),
        ("StarCoder2-15B", "huggingface", "bigcode/starcoder2-15b", "starcoder"),
        ("CodeLlama-34B", "huggingface", "codellama/CodeLlama-34b-hf", "codellama"),
        ("deepseek-1.3b", "huggingface", "deepseek-ai/deepseek-coder-1.3b-instruct", "deepseek"),
        ("DEEPSEEK_CODER_1.3B", "huggingface", "deepseek-ai/deepseek-coder-1.3b-instruct", "deepseek"),
        ("deepseek-v2-lite", "huggingface", "deepseek-ai/DeepSeek-Coder-V2-Lite-Instruct", "deepseek-chat"),
        ("DeepSeek-V3-0324", "huggingface", "deepseek-ai/DeepSeek-V3-0324", "deepseek-chat"),
        ("Qwen2.5-Coder-32B", "huggingface", "Qwen/Qwen2.5-Coder-32B", "qwen"),
        ("SmolLM2-360M", "huggingface", "HuggingFaceTB/SmolLM2-360M", "smollm"),
        ("WizardCoder-34B", "huggingface", "WizardLMTeam/WizardCoder-Python-34B-V1.0", "wizardcoder"),
        ("gpt-4", "openai", "gpt-4", "openai"),
        ("GPT-4o", "openai", "gpt-4o", "openai"),
        ("GPT-3.5-turbo", "openai", "gpt-3.5-turbo", "openai"),
        ("MathCoder2-7B", "huggingface", "MathGenie/MathCoder2-CodeLlama-7B", "mathcoder"),
        ("CodeLlama-7B", "huggingface", "codellama/CodeLlama-7b-hf", "codellama"),
        ("DeepSeek-Coder-33B", "huggingface", "deepseek-ai/deepseek-coder-33b-instruct", "deepseek"),
        ("SmolLM2-1.7B", "huggingface", "HuggingFaceTB/SmolLM2-1.7B", "smollm"),
        ("gpt-3.5-turbo", "openai", "gpt-3.5-turbo", "openai"),
        ("o1", "openai", "o1", "openai"),
        ("o4-mini", "openai", "o4-mini", "openai"),
        ("deepseek-chat", "openai", "deepseek-chat", "deepseek-chat"),
        ("deepseek-reasoner", "openai", "deepseek-reasoner", "deepseek-chat"),
        (
            "deepseek-ai/deepseek-coder-1.3b-instruct",
            "huggingface",
            "deepseek-ai/deepseek-coder-1.3b-instruct",
            "deepseek",
        ),
        ("someone/new-model", "huggingface", "someone/new-model", "generic"),
        ("vllm:StarCoder2-3B", "vllm", "bigcode/starcoder2-3b", "starcoder"),
        ("openai:my-model", "openai", "my-model", "generic"),
        ("fake:replies.json", "fake", "replies.json", "generic"),
    ],
)
def test_names_mean_what_users_expect(name: str, backend: str, model: str, family: str) -> None:
    spec = resolve(name)
    assert (spec.name, spec.backend, spec.model, spec.family) == (name, backend, model, family)
    assert not spec.embedded
    assert spec.local == (backend in ("huggingface", "vllm"))


def test_an_address_makes_any_name_an_endpoints() -> None:
    for name in ("StarCoder2-3B", "tiny", "anything", "org/name"):
        spec = resolve(name, api_base="http://localhost:8000/v1")
        assert (spec.backend, spec.model) == ("openai", name)
    assert resolve("GPT-4o", api_base="http://localhost:8000/v1").model == "GPT-4o"  # a server may call it anything
    assert resolve("org/name", backend="openai").model == "org/name"
    with pytest.raises(ConfigError, match="--api-base is an endpoint's address"):
        resolve("vllm:org/name", api_base="http://localhost:8000/v1")


def test_every_short_name_leads_to_one_hub_id_of_a_known_family() -> None:
    assert len({registry._key(name) for name in (*EMBEDDED, *SHORT_NAMES)}) == len(EMBEDDED) + len(SHORT_NAMES)
    for name in SHORT_NAMES:
        spec = resolve(name.replace("-", "_").upper())
        assert re.fullmatch(r"[\w-]+/[\w.-]+", spec.model)
        assert spec.family in FAMILIES
        assert spec.family != "generic", name


@pytest.mark.parametrize("name", EMBEDDED)
def test_an_embedded_model_is_a_folder_of_the_package(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "TINY", tmp_path)
    with pytest.raises(ModelNotFoundError, match=f"'{name}' is not in this installation: .*recipes/tiny"):
        resolve(name)
    (tmp_path / name).mkdir()
    (tmp_path / name / "config.json").write_text("{}")
    spec = resolve(name.upper().replace("-", "_"))
    assert (spec.model, spec.family, spec.embedded) == (str(tmp_path / name), "embedded", True)


def folder(path: Path, **files: Any) -> Path:
    path.mkdir(parents=True)
    for name, content in files.items():
        (path / f"{name}.json").write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_a_folder_is_a_model_whose_family_its_files_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = folder(tmp_path / "checkpoint", config={"model_type": "starcoder2"})
    assert resolve(str(plain)).family == "starcoder"
    assert resolve(str(plain)).model == str(plain)
    named = folder(tmp_path / "Qwen2.5-Coder-tuned", config={"model_type": "llama"})
    assert resolve(str(named)).family == "qwen"
    (folder(tmp_path / "tuned", config={"model_type": "llama"}) / "tokenizer_config.json").write_bytes(
        (registry.TINY / "tiny" / "tokenizer_config.json").read_bytes()
    )
    assert resolve(str(tmp_path / "tuned")).family == "embedded"
    assert resolve(str(folder(tmp_path / "other", config={"model_type": "llama"}))).family == "generic"
    adapter = folder(
        tmp_path / "lora", adapter_config={"base_model_name_or_path": "deepseek-ai/deepseek-coder-1.3b-base"}
    )
    assert resolve(str(adapter)).family == "deepseek"
    monkeypatch.chdir(tmp_path)
    folder(tmp_path / "StarCoder2-3B", config={"model_type": "llama"})
    assert resolve("StarCoder2-3B").model == "bigcode/starcoder2-3b"
    assert resolve("./StarCoder2-3B").model == "StarCoder2-3B"
    assert resolve("checkpoint").model == "checkpoint"


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ModelNotFoundError, match=r"expected a model folder with config.json or adapter_config.json, found"
    ):
        resolve(str(tmp_path))
    with pytest.raises(ModelNotFoundError, match="no model folder"):
        resolve(str(tmp_path / "absent"))
    with pytest.raises(ModelNotFoundError, match="expected a model's configuration in JSON"):
        resolve(str(folder(tmp_path / "broken", config="{")))


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(
        UnknownNameError,
        match=r"unknown model 'starcodr2-3b'. Did you mean 'StarCoder2-3B'\? Pass .* a hub id .* Known: .*tiny",
    ):
        resolve("starcodr2-3b")
    with pytest.raises(UnknownNameError, match=r"Did you mean 'tiny-base'\?"):
        resolve("TINY_BSE")


def test_an_option_of_another_backend_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"--api-key is no option of 'StarCoder2-3B', a model of the backend huggingface"
    ):
        load("StarCoder2-3B", {"api_key": "secret"})
    with pytest.raises(ConfigError, match=r"unknown key 'batchsize'. Did you mean 'batch_size'"):
        load("StarCoder2-3B", {"batchsize": 3, "device": None})


def test_fill_in_tokens_are_read_from_the_vocabulary() -> None:
    assert find_fim({"<fim_prefix>", "<fim_suffix>", "<fim_middle>", "x"}) == registry_fim("starcoder")
    assert find_fim({"<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"}) == registry_fim("deepseek")
    assert find_fim({"▁<PRE>", "▁<SUF>", "▁<MID>"}) == registry_fim("codellama")
    assert find_fim({"<fim_prefix>", "<fim_suffix>"}) is None


def registry_fim(family: str) -> Any:
    from eg_cfg.models.families import FIM

    return FIM[family]


def test_families_are_told_by_name_or_type() -> None:
    assert family_of("/models/CodeLlama_tuned") == "codellama"
    assert family_of("/models/run7", "gpt_neo") == "gpt2"
    assert family_of("/models/run7", "mamba") == "generic"


def test_names_are_resolved_without_torch() -> None:
    code = (
        "import sys; from eg_cfg.models import registry, prompts; registry.resolve('StarCoder2-3B'); "
        "assert not {'torch', 'transformers', 'openai', 'jinja2'} & set(sys.modules), 'imported too early'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
