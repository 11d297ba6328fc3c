"""What is trained: which weights a name means, and how they are loaded for a training.

    subject = subject_of("tiny", None, options)
    model = subject.load(options, device, "fp32")       # frozen weights in that precision, trained ones in float32
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from eg_cfg.errors import ConfigError, ModelNotFoundError
from eg_cfg.models import registry
from eg_cfg.training import checkpoints
from eg_cfg.training.options import TrainingOptions

if TYPE_CHECKING:
    import torch

    from eg_cfg.models.huggingface import HuggingFaceModel


@dataclass(frozen=True, slots=True)
class Subject:
    """What is trained."""

    base: str
    """Hub id or folder of the whole model."""
    name: str
    """What an adapter calls it: an embedded model's name, a hub id, or an absolute path."""
    adapter: Path | None
    """An adapter that is trained further, or merged before all weights are trained."""

    def load(self, options: TrainingOptions, device: torch.device, precision: str) -> HuggingFaceModel:
        """The model, its frozen weights in the precision of the training, trained ones in float32."""
        from eg_cfg.models.huggingface.loading import load
        from eg_cfg.models.huggingface.model import HuggingFaceModel
        from eg_cfg.models.options import LocalOptions

        if self.adapter is not None and not options.use_lora:
            network, tokenizer = checkpoints.merged(self.adapter)
            return HuggingFaceModel(network, tokenizer, name=str(self.adapter))
        names = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}
        sharded = any(os.environ.get(f"ACCELERATE_USE_{kind}", "").lower() == "true" for kind in ("FSDP", "DEEPSPEED"))
        values = LocalOptions.model_validate({
            "device": "cpu" if sharded else str(device),
            "dtype": names[precision] if options.use_lora else "float32",
            "quantization": "4bit" if options.load_in_4bit else "8bit" if options.load_in_8bit else None,
            "trust_remote_code": options.trust_remote_code,
        })
        return load(self.base, values, name=self.name)


def subject_of(model: str, init_adapter: Path | None, options: TrainingOptions) -> Subject:
    """What a name, and perhaps an adapter, mean.

    Args:
        model: Name, folder or hub id, as the registry takes it.
        init_adapter: A LoRA adapter that is trained further.
        options: How to train.

    Raises:
        ConfigError: The model has no weights here, or the options do not go with it.
        ModelNotFoundError: There is no adapter where one was said to be.
    """
    spec = registry.resolve(model)
    if not spec.local:
        kind = "an API model" if spec.backend == "openai" else f"a model of the backend {spec.backend}"
        raise ConfigError(f"expected a model with weights here to fine-tune, found {model!r}, {kind}: pass a folder or "
                          f"a hub id as --target-model, for instance tiny")
    base, adapter = spec.model, init_adapter
    if init_adapter is not None:
        if not options.use_lora:
            raise ConfigError("an adapter to go on from needs LoRA: leave out --no-use-lora or the adapter")
        if not checkpoints.is_adapter(init_adapter):
            raise ModelNotFoundError(f"{init_adapter}: expected a folder with an adapter (adapter_config.json), found "
                                     f"none: pass one that a training with LoRA wrote")
    if checkpoints.is_adapter(Path(base)):
        from eg_cfg.models.huggingface.loading import base_of

        if init_adapter is not None and init_adapter.resolve() != Path(base).resolve():
            raise ConfigError(f"{model} is an adapter itself: leave out the other adapter {init_adapter}, or pass the "
                              f"base model")
        adapter = Path(base)
        base = base_of(adapter)
    name = base
    if Path(base).is_dir():
        name = str(Path(base).resolve())
        if Path(name).parent == registry.TINY.resolve():
            name = Path(name).name
    return Subject(base, name, adapter)


def continued(network: Any, adapter: Path, chosen: TrainingOptions) -> tuple[Any, TrainingOptions]:
    """A network with an adapter that is trained further, and the options that the adapter has."""
    from peft import PeftModel

    try:
        wrapped = PeftModel.from_pretrained(network, str(adapter), is_trainable=True)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ModelNotFoundError(f"the adapter {adapter} does not load onto the model ({checkpoints.first_line(error)}"
                                 f"): pass the base model that it was trained on") from error
    found = cast(Any, wrapped.peft_config["default"])
    if found.is_prompt_learning or not hasattr(found, "lora_alpha"):
        raise ConfigError(f"{adapter}: expected a LoRA adapter to go on from, found {found.peft_type}: pass another")
    return wrapped, chosen.model_copy(update={
        "lora_r": found.r, "lora_alpha": float(found.lora_alpha), "lora_dropout": found.lora_dropout,
        "target_modules": tuple(sorted(found.target_modules)) if isinstance(found.target_modules, set | list) else None,
    })
