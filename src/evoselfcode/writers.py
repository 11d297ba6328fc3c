"""Who writes: a model with a fingerprint of its weights, by which its rows are told from another's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from eg_cfg.config import build
from eg_cfg.runs import fingerprint
from eg_cfg.studies.model_options import ModelOptions, weights_fingerprint

if TYPE_CHECKING:
    from evoselfcode.config import Config

_FILES = ("*.safetensors", "*.bin", "config.json", "adapter_config.json", "tokenizer.json")


def named(config: Config, name: str | None) -> ModelOptions:
    """The options of a model: the base model's own where none is named; else another, loaded in the same way.

    Args:
        config: Has the base model.
        name: A short name, hub id or folder; none for the base model.
    """
    if name is None or name == config.model.model_name:
        return config.model
    return build(ModelOptions, {"model_name": name, "device": config.model.device, "dtype": config.model.dtype,
                                "batch_size": config.model.batch_size})


def writer_id(options: ModelOptions) -> str:
    """Fingerprint of a model's weights and of what else decides what it writes.

    Where it lies does not count, and of a folder only the files that a model is made of: what a training notes beside
    them, times for instance, would make another writer of the same weights.

    Raises:
        UsageError: The model cannot be had.
    """
    identity = {key: value for key, value in options.model_identity().items() if key != "model"}
    folder = Path(options.spec().model)
    if folder.is_dir():
        files = sorted({file for pattern in _FILES for file in folder.glob(pattern)})
        identity["weights"] = [weights_fingerprint(file) for file in files]
    return fingerprint(identity)


def infills(options: ModelOptions) -> bool:
    """Whether a model's tokenizer knows FIM tokens, so that a description is asked of it as a gap to fill.

    Raises:
        ModelNotFoundError: The tokenizer cannot be had.
    """
    if options.spec().backend != "huggingface":
        return False
    from eg_cfg.models.families import find_fim

    vocabulary: dict[str, int] = _tokenizer(options).get_vocab()
    return find_fim(vocabulary) is not None


def takes_chats(options: ModelOptions) -> bool:
    """Whether a model answers chats, as far as its name, backend and tokenizer tell without its weights.

    Raises:
        ModelNotFoundError: The tokenizer cannot be had.
    """
    spec = options.spec()
    if spec.backend == "openai":
        return options.model_option.get("api", "chat") == "chat"
    if spec.family == "embedded":
        return False
    return spec.backend not in ("huggingface", "vllm") or bool(_tokenizer(options).chat_template)


def _tokenizer(options: ModelOptions) -> Any:
    from eg_cfg.models.huggingface.loading import load_tokenizer

    return load_tokenizer(options.spec().model, name=options.model_name)
