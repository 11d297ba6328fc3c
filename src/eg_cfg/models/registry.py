"""Models by name: which backend a name means, and what it stands for. Nothing heavy is imported before one is loaded.

    resolve("DeepSeek-1.3B").model           # 'deepseek-ai/deepseek-coder-1.3b-instruct'
    with load("tiny", {"device": "cpu"}) as model: ...
    load("my-model", {"api_base": "http://localhost:8000/v1"})

In this order: a name with `api_base` is an endpoint's; `backend:rest` names its backend; then the embedded models and
short names, without regard to case, `-` and `_`; names of OpenAI's and DeepSeek's API models; a folder; `org/name` on
the hub. A folder that is called like a short name is meant by `./name`.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

from eg_cfg.config import Options, build, flag
from eg_cfg.errors import ConfigError, ModelNotFoundError, UnknownNameError
from eg_cfg.models.base import TextModel
from eg_cfg.models.families import FamilyName, family_of

Backend = Literal["huggingface", "vllm", "openai", "fake"]
BACKENDS: tuple[Backend, ...] = get_args(Backend)

EMBEDDED: tuple[str, ...] = ("tiny", "tiny-exec", "tiny-base", "tiny-steps2", "tiny-small", "tiny-untrained")
"""The models that ship inside the package, one folder each."""
TINY = Path(__file__).resolve().parent / "tiny"

SHORT_NAMES: dict[str, str] = {
    "GPT-2": "openai-community/gpt2",
    "GPT-2-medium": "openai-community/gpt2-medium",
    "GPT-2-large": "openai-community/gpt2-large",
    "GPT-2-XL": "openai-community/gpt2-xl",
    "GPT-Neo-125M": "EleutherAI/gpt-neo-125m",
    "GPT-Neo-1.3B": "EleutherAI/gpt-neo-1.3B",
    "GPT-Neo-2.7B": "EleutherAI/gpt-neo-2.7B",
    "StarCoder2-3B": "bigcode/starcoder2-3b",
    "StarCoder2-7B": "bigcode/starcoder2-7b",
    "StarCoder2-15B": "bigcode/starcoder2-15b",
    "CodeLlama-7B": "codellama/CodeLlama-7b-hf",
    "CodeLlama-13B": "codellama/CodeLlama-13b-hf",
    "CodeLlama-34B": "codellama/CodeLlama-34b-hf",
    "CodeLlama-7B-Instruct": "codellama/CodeLlama-7b-Instruct-hf",
    "CodeLlama-34B-Instruct": "codellama/CodeLlama-34b-Instruct-hf",
    "WizardCoder-34B": "WizardLMTeam/WizardCoder-Python-34B-V1.0",
    "DeepSeek-Coder-1.3B": "deepseek-ai/deepseek-coder-1.3b-instruct",
    "DeepSeek-Coder-6.7B": "deepseek-ai/deepseek-coder-6.7b-instruct",
    "DeepSeek-Coder-33B": "deepseek-ai/deepseek-coder-33b-instruct",
    "DeepSeek-Coder-1.3B-Base": "deepseek-ai/deepseek-coder-1.3b-base",
    "DeepSeek-Coder-6.7B-Base": "deepseek-ai/deepseek-coder-6.7b-base",
    "DeepSeek-Coder-33B-Base": "deepseek-ai/deepseek-coder-33b-base",
    "DeepSeek-1.3B": "deepseek-ai/deepseek-coder-1.3b-instruct",
    "DeepSeek-6.7B": "deepseek-ai/deepseek-coder-6.7b-instruct",
    "DeepSeek-33B": "deepseek-ai/deepseek-coder-33b-instruct",
    "DeepSeek-V2-Lite": "deepseek-ai/DeepSeek-Coder-V2-Lite-Instruct",
    "DeepSeek-Coder-V2-Lite": "deepseek-ai/DeepSeek-Coder-V2-Lite-Instruct",
    "DeepSeek-V3-0324": "deepseek-ai/DeepSeek-V3-0324",
    "Qwen2.5-Coder-7B": "Qwen/Qwen2.5-Coder-7B",
    "Qwen2.5-Coder-32B": "Qwen/Qwen2.5-Coder-32B",
    "Qwen2.5-Coder-7B-Instruct": "Qwen/Qwen2.5-Coder-7B-Instruct",
    "Qwen2.5-Coder-32B-Instruct": "Qwen/Qwen2.5-Coder-32B-Instruct",
    "SmolLM2-135M": "HuggingFaceTB/SmolLM2-135M",
    "SmolLM2-360M": "HuggingFaceTB/SmolLM2-360M",
    "SmolLM2-1.7B": "HuggingFaceTB/SmolLM2-1.7B",
    "MathCoder2-7B": "MathGenie/MathCoder2-CodeLlama-7B",
}
"""Short names of hub models. The plain names of DeepSeek-Coder mean the instruct models, as published runs use them.

WizardCoder's authors moved from `WizardLM` to `WizardLMTeam` (https://huggingface.co/WizardLMTeam). MathCoder2 has
three 7B models (https://github.com/mathllm/MathCoder2); the one that goes on from a model of code is meant.
"""

_EMBEDDED_TOKENS = frozenset({"<|task|>", "<|tests|>", "<|signal|>", "<|candidate|>"})
"""Tokens that the embedded models' tokenizer has and no other is known to have."""
_API_NAMES = re.compile(r"(gpt-(3\.5|4|5)|chatgpt-|o\d+(-|$)|deepseek-(chat|reasoner)$)", re.IGNORECASE)
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """What a name means."""

    name: str
    """As the user wrote it."""
    backend: Backend
    model: str
    """Hub id, folder, or the name that an endpoint knows."""
    family: FamilyName
    embedded: bool = False
    """Whether it ships inside the package."""

    @property
    def local(self) -> bool:
        """Whether its weights are loaded here, so that it can be fine-tuned."""
        return self.backend in ("huggingface", "vllm")


@dataclass(frozen=True, slots=True)
class _Entry:
    options: str
    """`module:Class` of its options."""
    loader: str
    """`module:callable(model, options, *, name) -> TextModel`."""


_ENTRIES: dict[Backend, _Entry] = {
    "huggingface": _Entry("eg_cfg.models.options:LocalOptions", "eg_cfg.models.huggingface.loading:load"),
    "openai": _Entry("eg_cfg.models.endpoint:EndpointOptions", "eg_cfg.models.openai:OpenAIModel"),
    "vllm": _Entry("eg_cfg.models.vllm:VLLMOptions", "eg_cfg.models.vllm:VLLMModel"),
    "fake": _Entry("eg_cfg.models.fake:FakeOptions", "eg_cfg.models.fake:load"),
}


def register_backend(name: str, options: str, loader: str) -> None:
    """Adds a backend of one's own, for this process: `name:rest` then names its models; `docs/extending.md` shows one.

    Args:
        name: Lower case.
        options: `module:Class` of its options.
        loader: `module:callable(model, options, *, name) -> TextModel`.

    Raises:
        ConfigError: There is one of that name.
    """
    if name in _ENTRIES:
        raise ConfigError(f"expected a new name for a backend, found {name!r}, which there is: choose another")
    _ENTRIES[cast(Backend, name)] = _Entry(options, loader)


def names() -> tuple[str, ...]:
    """The embedded models and the short names."""
    return (*EMBEDDED, *SHORT_NAMES)


def resolve(name: str, *, api_base: str | None = None, backend: Backend | None = None) -> ModelSpec:
    """What a model's name means.

    Args:
        name: Short name, folder, hub id, API model, or `backend:` and one of these.
        api_base: Address of an endpoint; makes any name an endpoint's.
        backend: Decides the backend, whatever the name.

    Raises:
        ConfigError: `api_base` goes with a backend that is no endpoint's.
        ModelNotFoundError: An embedded model's folder or the named folder is not there.
        UnknownNameError: The name is none of these; the message lists the short names.
    """
    prefix, colon, rest = name.partition(":")
    if backend is None and colon and rest and prefix.lower() in _ENTRIES:
        backend, asked = cast(Backend, prefix.lower()), rest
    else:
        asked = name
    if api_base and backend not in (None, "openai"):
        raise ConfigError(f"--api-base is an endpoint's address, and {name!r} is asked of the backend {backend}: "
                          f"leave out one of the two")
    if not api_base and backend in (None, "openai") and _API_NAMES.match(asked):
        return ModelSpec(name, "openai", asked.lower(), _endpoint_family(asked))  # as the APIs spell their names
    if api_base or backend == "openai":
        return ModelSpec(name, "openai", asked, _endpoint_family(asked))
    if backend == "fake" or (backend is not None and backend not in BACKENDS):
        return ModelSpec(name, backend, asked, "generic")
    key = _key(asked)
    for known in EMBEDDED:
        if _key(known) == key:
            return ModelSpec(name, backend or "huggingface", str(_embedded(known)), "embedded", embedded=True)
    for known, hub_id in SHORT_NAMES.items():
        if _key(known) == key:
            return ModelSpec(name, backend or "huggingface", hub_id, family_of(hub_id))
    path = Path(asked).expanduser()
    if path.is_dir():
        return _folder(name, path, backend or "huggingface")
    if asked.startswith(("/", "./", "../", "~")) or asked.endswith("/"):
        raise ModelNotFoundError(f"no model folder {asked!r}: expected a folder with config.json or "
                                 f"adapter_config.json; pass a folder that exists, a hub id (org/name), or "
                                 f"--model-name tiny")
    if _HUB_ID.fullmatch(asked):
        return ModelSpec(name, backend or "huggingface", asked, family_of(asked))
    raise UnknownNameError("model", name, names(), "Pass a known name, a folder, a hub id (org/name), an API's model "
                           "(gpt-4o, deepseek-chat), or any name with --api-base; --model-name tiny needs nothing.")


def load(name: str, values: Mapping[str, Any] | None = None, *, backend: Backend | None = None) -> TextModel:
    """Loads a model.

    Args:
        name: As `resolve` takes it.
        values: Options of its backend, as flags or a configuration file give them; those that are None are left out.
        backend: Decides the backend, whatever the name.

    Raises:
        ConfigError: An option is not one of the backend's.
        MissingExtraError: The backend's package is not installed.
        ModelNotFoundError: The weights or the endpoint cannot be had.
        UnknownNameError: The name means nothing.
    """
    given = {key: value for key, value in (values or {}).items() if value is not None}
    spec = resolve(name, api_base=given.get("api_base"), backend=backend)
    entry = _ENTRIES[spec.backend]
    kind = cast("type[Options]", _find(entry.options))
    for key in given:
        if key.replace("-", "_") not in kind.model_fields and any(_takes(other, key) for other in BACKENDS):
            raise ConfigError(f"{flag(key.replace('-', '_'))} is no option of {name!r}, a model of the backend "
                              f"{spec.backend}: leave it out")
    options = build(kind, given)
    return cast(TextModel, _find(entry.loader)(spec.model, options, name=name))


def _takes(backend: Backend, key: str) -> bool:
    kind = cast("type[Options]", _find(_ENTRIES[backend].options))
    return key.replace("-", "_") in kind.model_fields


def _find(place: str) -> Any:
    module, _, attribute = place.partition(":")
    return getattr(importlib.import_module(module), attribute)


def _key(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")


def _endpoint_family(name: str) -> FamilyName:
    family = family_of(name)
    return "openai" if family in ("generic", "gpt2") and _API_NAMES.match(name) else family


def _embedded(name: str) -> Path:
    folder = TINY / name
    if not (folder / "config.json").is_file():
        raise ModelNotFoundError(f"the embedded model {name!r} is not in this installation: expected config.json in "
                                 f"{folder}; make it with the recipe in recipes/tiny, or install the package again")
    return folder


def _has_embedded_tokens(folder: Path) -> bool:
    """Whether a folder's tokenizer is that of the embedded models: a fine-tuned copy of one is asked as one."""
    import json

    try:
        found = json.loads((folder / "tokenizer_config.json").read_bytes()).get("extra_special_tokens", ())
    except (OSError, ValueError, AttributeError):
        return False
    return isinstance(found, list) and _EMBEDDED_TOKENS.issubset(found)


def _folder(name: str, path: Path, backend: Backend) -> ModelSpec:
    import json

    for file in ("config.json", "adapter_config.json"):
        if not (path / file).is_file():
            continue
        try:
            found = json.loads((path / file).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ModelNotFoundError(f"{path / file}: expected a model's configuration in JSON, found something else "
                                     f"({' '.join(str(error).split())}): save the model again") from None
        base = found.get("base_model_name_or_path") or ""
        family = family_of(f"{path.resolve().name} {base}", found.get("model_type"))
        if family == "generic" and (_has_embedded_tokens(path) or (base and _has_embedded_tokens(Path(base)))):
            family = "embedded"
        return ModelSpec(name, backend, str(path), family)
    raise ModelNotFoundError(f"{path}: expected a model folder with config.json or adapter_config.json, found "
                             f"neither: pass the folder that holds the checkpoint, or --model-name tiny")
