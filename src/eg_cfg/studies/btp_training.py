"""Fine-tuning in a round: how much a round can bear, and how long programs are in tokens.

    sized(TrainingOptions(), examples=50, parameters=1_400_000)     # 6 examples a step: 9 steps an epoch

What a training is told nothing about is chosen by the size of the model (`eg_cfg.training.options`). A round trains on
few examples, 50 by default, so that 16 a step would make 3 steps of an epoch: at least 8 steps are made of them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from eg_cfg.studies.model_options import ModelOptions
from eg_cfg.training.options import TrainingOptions, choose

LEAST_STEPS = 8
"""Of an epoch, where the number of examples allows."""


def sized(options: TrainingOptions, *, examples: int, parameters: int) -> TrainingOptions:
    """The options with batch sizes that suit a round, where none were given.

    Args:
        options: As asked for.
        examples: That are trained on.
        parameters: Of the model.
    """
    if options.per_device_batch_size is not None or options.gradient_accumulation_steps is not None:
        return options
    usual = choose(options, parameters=parameters, examples=examples)
    batch, accumulation = usual.per_device_batch_size or 1, usual.gradient_accumulation_steps or 1
    step = max(1, min(batch * accumulation, examples // LEAST_STEPS))
    batch = min(batch, step)
    return options.model_copy(update={"per_device_batch_size": batch,
                                      "gradient_accumulation_steps": max(1, step // batch)})


def announced(options: TrainingOptions, *, examples: int, parameters: int) -> str:
    """One line on how a round trains."""
    chosen = choose(options, parameters=parameters, examples=examples)
    what = f"LoRA r {chosen.lora_r}, alpha {chosen.lora_alpha:g}, dropout {chosen.lora_dropout:g}" if chosen.use_lora \
        else "all weights"
    step = (chosen.per_device_batch_size or 1) * (chosen.gradient_accumulation_steps or 1)
    return (f"{what}; learning rate {chosen.learning_rate:g}, {chosen.num_epochs} epochs of {examples} examples, "
            f"{step} a step ({chosen.per_device_batch_size} at once), {chosen.max_steps} steps, {chosen.warmup_steps} "
            f"of warm-up")


def token_counter(target: ModelOptions) -> Callable[[str], int]:
    """Counts the tokens that the loss is taken over in a completion, its end included.

    Raises:
        ModelNotFoundError: The tokenizer cannot be had.
    """
    from transformers import AutoTokenizer

    from eg_cfg.models.huggingface.loading import base_of

    folder = target.spec().model
    if Path(folder).is_dir() and not (Path(folder) / "tokenizer_config.json").is_file():
        folder = base_of(Path(folder))
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)

    def count(text: str) -> int:
        return len(tokenizer(text, add_special_tokens=False)["input_ids"]) + 1

    return count
