"""Supervised fine-tuning: from examples to a folder that every other command loads by path.

    result = train("tiny", examples, Path("runs/round1"), TrainingOptions(num_epochs=2), progress=print)
    registry.load(str(result.folder))

Killed at any moment and called again with the same arguments, it ends with the weights of an undisturbed training; a
training that was finished is not repeated. Under `accelerate launch` every process calls this in the same way.
"""

from __future__ import annotations

import contextlib
import gc
import json
import logging
import math
import shutil
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from eg_cfg.config import to_plain
from eg_cfg.errors import ConfigError, ModelError, RunError
from eg_cfg.records import write_atomically
from eg_cfg.runs import fingerprint
from eg_cfg.training import checkpoints, results
from eg_cfg.training.checkpoints import Checkpoint
from eg_cfg.training.examples import Encoded, TrainingExample, encode
from eg_cfg.training.examples import fingerprint as examples_fingerprint
from eg_cfg.training.options import TrainingOptions, choose
from eg_cfg.training.results import TrainingResult
from eg_cfg.training.subject import Subject, continued, subject_of
from eg_cfg.training.surroundings import (
    check_trackers,
    device_and_precision,
    held,
    on_cpu,
    surroundings,
    taking_part,
)

if TYPE_CHECKING:
    from eg_cfg.training.trainer import ProgramTrainer

Progress = Callable[[int, int, float], None]
"""Called with the step, the number of steps and the step's loss."""

_WORK = "checkpoints"
_HARMLESS = ("save_every", "report_to", "logging_steps", "device", "trust_remote_code")
"""Options that do not decide the weights, so that a training may go on with others."""
_log = logging.getLogger("eg_cfg.training")


@dataclass(frozen=True, slots=True)
class _Task:
    """One call of `train`, looked at."""

    subject: Subject
    folder: Path
    options: TrainingOptions
    examples: Sequence[TrainingExample]
    validation: Sequence[TrainingExample]
    identity: str
    processes: int
    main: bool
    """Whether this process writes."""
    wait: Callable[[], None]
    """Until every process is here."""


@dataclass(frozen=True, slots=True)
class _Run:
    """A training that came to its end."""

    trainer: ProgramTrainer
    chosen: TrainingOptions
    kept: Sequence[Encoded]
    skipped: int
    parameters: int
    resumed_from: int | None


def train(model: str | Path, examples: Sequence[TrainingExample], folder: Path,
          options: TrainingOptions | None = None, *, validation: Sequence[TrainingExample] | None = None,
          init_adapter: Path | None = None, progress: Progress | None = None, force: bool = False) -> TrainingResult:
    """Fine-tunes a model on examples.

    The loss of a step is the mean of -log p over its supervised tokens, each example's tokens multiplied by the
    example's weight divided by the mean weight of all examples.

    Args:
        model: Name, folder or hub id of a local model, as the registry takes it. A folder with an adapter is trained
            further: its adapter with LoRA, else all weights of the merged model.
        examples: What to learn.
        folder: Where the model goes; checkpoints are in `folder/checkpoints` until it is done.
        options: How to train; what is None there is chosen by the model's size.
        validation: Examples to measure on; the weights of the best measurement are kept.
        init_adapter: A LoRA adapter that is trained further, with its own rank and layers, instead of a new one.
        progress: Called after every step, in bursts on a GPU; only in the main process.
        force: Start over, whatever is in the folder.

    Returns:
        What came of it; the same, with `reused`, where this training was finished before.

    Raises:
        ConfigError: No example fits, the model is an API's, or an option does not go with the model.
        MissingExtraError: Weights in 4 or 8 bits without the package for it.
        ModelError: The loss became not-a-number, or memory ran out with one example.
        ModelNotFoundError: The weights cannot be had.
        RunError: The folder belongs to another training, is in use, or cannot be written.
    """
    options = options or TrainingOptions()
    if not examples:
        raise ConfigError("expected at least one example to train on, found none: pass prompts and programs")
    subject = subject_of(str(model), init_adapter, options)
    check_trackers(options.report_to)
    processes, main, wait = taking_part(options)
    identity = fingerprint({
        "model": checkpoints.model_fingerprint(subject.base),
        "adapter": None if subject.adapter is None else checkpoints.model_fingerprint(str(subject.adapter)),
        "examples": examples_fingerprint(examples),
        "validation": examples_fingerprint(validation or ()),
        "options": {key: value for key, value in to_plain(options).items() if key not in _HARMLESS},
        "processes": processes,
    })
    with contextlib.ExitStack() as stack:
        if main:
            stack.enter_context(held(folder))
        wait()
        finished = None if force else results.read(folder)
        if finished is not None and finished[1] == identity:
            return finished[0]
        task = _Task(subject, folder, options, examples, validation or (), identity, processes, main, wait)
        stack.enter_context(surroundings(folder, options))
        _prepare(task, force)
        run = _until_it_fits(task, progress)
        return _finish(task, run)


def _prepare(task: _Task, force: bool) -> None:
    """Sweeps half-written checkpoints away, and refuses a folder that is another training's."""
    if task.main:
        work = task.folder / _WORK
        whole = checkpoints.sealed(work)
        finished = results.read(task.folder) if not force else None
        others = [checkpoint for checkpoint in whole if checkpoint.fingerprint != task.identity]
        if not force and (finished is not None or others):
            raise RunError(f"{task.folder} holds another training (of another model, other examples or other "
                           f"options): pass another --output-dir, or --force to start over")
        if not force and not whole and any((task.folder / name).exists() for name in ("config.json",
                                                                                      "adapter_config.json")):
            raise RunError(f"{task.folder} holds a model that no training here made: pass another --output-dir")
        if force:
            _remove_model(task.folder)
        checkpoints.keep_only(work, () if force else [checkpoint.step for checkpoint in whole])
    task.wait()


def _remove_model(folder: Path) -> None:
    """What an earlier training left, as far as its result lists it."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        names = json.loads((folder / results.RESULT).read_text(encoding="utf-8"))["files"]
        (folder / results.RESULT).unlink()
        for name in names:
            (folder / Path(name).name).unlink(missing_ok=True)


def _until_it_fits(task: _Task, progress: Progress | None) -> _Run:
    """Trains; where memory runs out, goes on from the last checkpoint with forward passes of half the size."""
    from eg_cfg.models.huggingface.batching import out_of_memory

    pieces = 1
    while True:
        size: list[int] = []
        try:
            with warnings.catch_warnings():
                # peft reads an attribute that transformers has renamed: nothing that a user could do about it
                warnings.filterwarnings("ignore", ".*is_gradient_checkpointing.*", FutureWarning)
                return _train(task, progress, pieces, size)
        except Exception as error:
            if not out_of_memory(error) or isinstance(error, ModelError):
                raise
            if not size or size[0] <= 1 or task.processes > 1:
                what = "while the model was loaded" if not size else f"with {size[0]} example" + "s" * (size[0] > 1)
                raise ModelError(f"out of memory {what} ({checkpoints.first_line(error)}): lower "
                                 f"--per-device-batch-size or --max-length, or pass --gradient-checkpointing or "
                                 f"--load-in-4bit") from error
        _log.warning("out of memory with %d examples a forward pass: going on with %d, and %d times as many passes a "
                     "step", size[0], math.ceil(size[0] / 2), pieces * 2)
        pieces *= 2
        _free()  # outside the handler, where the exception's frames no longer hold tensors


def _free() -> None:
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _train(task: _Task, progress: Progress | None, pieces: int, size: list[int]) -> _Run:
    """One attempt; `size` gets the examples of a forward pass as soon as that is known."""
    from eg_cfg.training.batches import plan
    from eg_cfg.training.layers import adapted_layers, stored_transposed
    from eg_cfg.training.trainer import ProgramTrainer

    device, precision = device_and_precision(task.options)
    model = task.subject.load(task.options, device, precision)
    network: Any = model.module
    context = model.context
    longest = min(task.options.max_length or 2048, context or sys.maxsize)
    kept, skipped = encode(model, task.examples, longest)
    validation, _ = encode(model, task.validation, longest) if task.validation else ([], 0)
    if not kept:
        raise ConfigError(f"expected examples of at most {longest} tokens, found {skipped} and all of them longer: "
                          f"raise --max-length (the model's context is {context}), or shorten them")
    if task.validation and not validation:
        raise ConfigError(f"no validation example has at most {longest} tokens: raise --max-length, or leave the "
                          f"validation out")
    parameters = int(network.num_parameters())
    chosen = choose(task.options, parameters=parameters, examples=len(kept), context=context,
                    processes=task.processes).model_copy(update={"precision": precision, "device": device.type})
    batch, accumulation = chosen.per_device_batch_size or 1, chosen.gradient_accumulation_steps or 1
    schedule = plan([len(example.ids) for example in kept], batch=batch, accumulation=accumulation,
                    processes=task.processes, steps=chosen.max_steps or 1, seed=chosen.seed)
    chosen = chosen.model_copy(update={"per_device_batch_size": math.ceil(batch / pieces),
                                       "gradient_accumulation_steps": accumulation * pieces})
    size.append(math.ceil(batch / pieces))
    peft_config = None
    if not task.options.use_lora:
        network.requires_grad_(True)  # merging an adapter freezes the weights
    else:
        if task.subject.adapter is not None:
            network, chosen = continued(network, task.subject.adapter, chosen)
        else:
            from peft import LoraConfig

            layers = adapted_layers(network, chosen.target_modules)
            chosen = chosen.model_copy(update={"target_modules": layers})
            peft_config = LoraConfig(task_type="CAUSAL_LM", r=chosen.lora_r, lora_alpha=cast(int, chosen.lora_alpha),
                                     lora_dropout=chosen.lora_dropout, target_modules=list(layers), bias="none",
                                     fan_in_fan_out=stored_transposed(network, layers))
    whole = checkpoints.sealed(task.folder / _WORK)
    start = whole[-1] if whole else None
    trainer = ProgramTrainer(network, model.tokenizer, kept, validation, schedule, pieces=pieces, options=chosen,
                             arguments=_arguments(task, chosen), fingerprint=task.identity, start=start,
                             progress=progress, peft_config=peft_config)
    ended = start is not None and (start.step >= len(schedule.steps) or start.journal.exhausted(chosen.patience))
    if not ended:
        trainer.train(resume_from_checkpoint=None if start is None else str(start.path))
    return _Run(trainer, chosen, kept, skipped, parameters, None if start is None else start.step)


def _arguments(task: _Task, chosen: TrainingOptions) -> Any:
    """TRL's arguments: nothing is saved, measured, logged, printed or sent that we did not ask for."""
    from trl.trainer.sft_config import SFTConfig

    schedule = {"cosine": "cosine", "linear": "linear", "constant": "constant_with_warmup"}[chosen.schedule]
    try:
        arguments = SFTConfig(
            output_dir=str(task.folder / _WORK), seed=chosen.seed, use_cpu=on_cpu(task.options),
            per_device_train_batch_size=chosen.per_device_batch_size or 1,
            gradient_accumulation_steps=chosen.gradient_accumulation_steps or 1,
            learning_rate=chosen.learning_rate or 0.0, lr_scheduler_type=schedule,
            warmup_steps=chosen.warmup_steps or 0, weight_decay=chosen.weight_decay,
            max_grad_norm=chosen.max_grad_norm, num_train_epochs=1,
            bf16=chosen.precision == "bf16", fp16=chosen.precision == "fp16",
            activation_checkpointing=bool(chosen.gradient_checkpointing), use_cache=True,
            report_to=list(chosen.report_to) or "none",
            logging_strategy="steps" if chosen.report_to else "no", logging_steps=chosen.logging_steps,
            logging_nan_inf_filter=False, log_level="error", log_level_replica="error", disable_tqdm=True,
            save_strategy="no", eval_strategy="no", remove_unused_columns=False, dataloader_num_workers=0,
            dataset_kwargs={"skip_prepare_dataset": True}, max_length=None)
    except (ValueError, ImportError, RuntimeError) as error:
        raise ConfigError(f"the training cannot be set up so ({checkpoints.first_line(error)}): change the option that "
                          f"this names") from error
    if task.processes == 1 and arguments.n_gpu > 1:
        arguments._n_gpu = 1  # one process uses one GPU; several are used by `accelerate launch`
    return arguments


def _finish(task: _Task, run: _Run) -> TrainingResult:
    """Puts the best weights into the folder, writes the result, and removes the checkpoints."""
    journal = run.trainer.journal
    whole = {checkpoint.step: checkpoint for checkpoint in checkpoints.sealed(task.folder / _WORK)}
    last: Checkpoint = whole[max(whole)]
    best = journal.best_step
    schedule = run.trainer._schedule
    seen = [run.kept[place] for step in schedule.steps[:last.step] for group in step for place in group]
    network = run.trainer.accelerator.unwrap_model(run.trainer.model)
    result = TrainingResult(
        folder=task.folder, steps=last.step, tokens=sum(len(example.ids) for example in seen),
        supervised_tokens=sum(example.supervised for example in seen), losses=tuple(journal.losses),
        validation_losses=tuple(journal.validation), seconds=last.journal.seconds,
        peak_memory_mb=last.journal.peak_memory_mb, resumed_from=run.resumed_from, reused=False,
        stopped_early=last.step < len(schedule.steps), best_step=best, examples=len(run.kept), skipped=run.skipped,
        parameters=run.parameters,
        trainable_parameters=sum(weight.numel() for weight in network.parameters() if weight.requires_grad),
        options=to_plain(run.chosen))
    if task.main:
        chosen = last if best is None else whole[best]
        files = checkpoints.install(chosen.path, task.folder, task.subject.name if task.options.use_lora else None)
        _write_result(task, result, files)
        shutil.rmtree(task.folder / _WORK, ignore_errors=True)
    task.wait()
    return replace(result, losses=tuple(result.losses))


def _write_result(task: _Task, result: TrainingResult, files: list[str]) -> None:
    values = {"fingerprint": task.identity, "model": task.subject.name, "files": files, **results.to_plain(result)}
    write_atomically(task.folder / results.RESULT, [json.dumps(values).encode("ascii") + b"\n"])
