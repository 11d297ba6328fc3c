"""What a training may be told, and what is chosen where it is told nothing.

    options = TrainingOptions(num_epochs=1)
    choose(options, parameters=1_400_000, examples=2_000).learning_rate     # 0.002, for LoRA on so small a model
"""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from eg_cfg.config import Options

_EFFECTIVE_BATCH = 16
"""Examples a step, over all devices' micro-batches of one process, where nothing else is asked for."""
_LEARNING_RATES: tuple[tuple[float, float, float], ...] = (
    (1e7, 2e-3, 5e-4),
    (1e8, 1e-3, 1e-4),
    (1e9, 5e-4, 5e-5),
    (1e10, 2e-4, 2e-5),
    (math.inf, 1e-4, 1e-5),
)
"""(parameters below, LoRA, full weights)."""
_BATCHES: tuple[tuple[float, int], ...] = ((2e8, 16), (2e9, 8), (1e10, 4), (math.inf, 1))
"""(parameters below, examples of one forward pass)."""
_CHECKPOINTED = 1_000_000_000
"""Parameters from which on activations are computed twice rather than kept."""
_MAX_LENGTH = 2048

Count = Annotated[int, Field(ge=1)]
Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class TrainingOptions(Options):
    """How a model is fine-tuned. What is None is chosen by the size of the model and reported in the result."""

    use_lora: bool = True
    """Trains a LoRA adapter; otherwise all weights."""
    lora_r: int = Field(default=16, ge=1)
    """Rank of the adapter's matrices."""
    lora_alpha: float = Field(default=32.0, gt=0, allow_inf_nan=False)
    """The adapter's output is multiplied by this over the rank."""
    lora_dropout: float = Field(default=0.1, ge=0, lt=1)
    """Share of the adapter's inputs that is dropped."""
    target_modules: tuple[str, ...] | None = None
    """Names of the layers that are adapted; None is every linear layer but the head and the routers of experts."""
    learning_rate: Rate | None = None
    """Peak of the schedule; None is chosen by the number of parameters."""
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    """How the learning rate falls after the warm-up."""
    warmup_steps: int | None = Field(default=None, ge=0)
    """Steps in which the learning rate rises; None is 5 % of all, at most 100."""
    weight_decay: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    """Of AdamW; biases and norms are not decayed."""
    max_grad_norm: float = Field(default=1.0, ge=0, allow_inf_nan=False)
    """Gradients are scaled down to this norm; 0 leaves them."""
    num_epochs: int = Field(default=3, ge=1)
    """Passes over the examples."""
    max_steps: int | None = Field(default=None, ge=1)
    """Optimizer steps, whatever the number of epochs; None is what the epochs make."""
    per_device_batch_size: Count | None = None
    """Examples of one forward pass on one device."""
    gradient_accumulation_steps: Count | None = None
    """Forward passes that one optimizer step adds up; None makes 16 examples a step and device."""
    max_length: int | None = Field(default=None, ge=2)
    """Tokens of prompt, program and end; longer examples are left out and counted. None is 2,048 or the context."""
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    """`auto` is fp32 on a CPU, and bf16 (fp16 where the device has no bf16) on a GPU. Trained weights stay in fp32."""
    gradient_checkpointing: bool | None = None
    """Computes activations again in the backward pass; None does so from a billion parameters on."""
    load_in_4bit: bool = False
    """Loads the frozen weights in 4 bits (the extra `quant`); LoRA only."""
    load_in_8bit: bool = False
    """Loads the frozen weights in 8 bits (the extra `quant`); LoRA only."""
    trust_remote_code: bool = False
    """Runs Python code that comes with the checkpoint. Only for authors whom you trust."""
    evaluate_every: int | None = Field(default=None, ge=1)
    """Steps between two measurements of the validation loss; None is an epoch."""
    patience: int | None = Field(default=None, ge=1)
    """Measurements without a new best validation loss after which training ends; None never ends it early."""
    save_every: int | None = Field(default=None, ge=1)
    """Steps between two checkpoints; None is a minute, and an epoch where several processes train."""
    report_to: tuple[str, ...] = ()
    """Trackers that transformers knows (`tensorboard`, `wandb`, ...)."""
    logging_steps: int = Field(default=10, ge=1)
    """Steps between two reports to the trackers."""
    seed: int = Field(default=42, ge=0, lt=2**32)
    """Of the order of examples, new weights and dropout."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """`auto` is CUDA, else Apple's MPS, else the CPU."""

    @model_validator(mode="after")
    def _together(self) -> Self:
        if self.load_in_4bit and self.load_in_8bit:
            raise ValueError("--load-in-4bit and --load-in-8bit exclude each other: leave out one of the two")
        if (self.load_in_4bit or self.load_in_8bit) and not self.use_lora:
            raise ValueError("weights in 4 or 8 bits cannot be trained, only adapted: leave out --no-use-lora or the "
                             "quantization")
        if self.target_modules is not None and not (self.use_lora and self.target_modules):
            raise ValueError("--target-modules names the layers that LoRA adapts: name at least one, and leave out "
                             "--no-use-lora")
        return self


def choose(options: TrainingOptions, *, parameters: int, examples: int, context: int | None = None,
           processes: int = 1) -> TrainingOptions:
    """The options with nothing left open but the device and the layers.

    Args:
        options: As asked for.
        parameters: Of the whole model.
        examples: How many are trained on.
        context: Longest sequence that the model takes, in tokens, where it says so.
        processes: That train together.
    """
    batch = options.per_device_batch_size or next(size for limit, size in _BATCHES if parameters < limit)
    accumulation = options.gradient_accumulation_steps or max(1, _EFFECTIVE_BATCH // batch)
    steps = options.max_steps or options.num_epochs * math.ceil(max(1, examples) / (batch * accumulation * processes))
    rates = next((lora, full) for limit, lora, full in _LEARNING_RATES if parameters < limit)
    longest = options.max_length or _MAX_LENGTH
    return options.model_copy(update={
        "per_device_batch_size": batch,
        "gradient_accumulation_steps": accumulation,
        "max_steps": steps,
        "learning_rate": options.learning_rate or rates[0 if options.use_lora else 1],
        "warmup_steps": min(100, steps // 20) if options.warmup_steps is None else min(options.warmup_steps, steps),
        "max_length": longest if context is None else min(longest, context),
        "gradient_checkpointing": parameters >= _CHECKPOINTED if options.gradient_checkpointing is None
        else options.gradient_checkpointing,
    })
