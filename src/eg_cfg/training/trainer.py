"""TRL's `SFTTrainer`, with the loss, the batches and the checkpoints that `sft.train` promises.

What TRL and PEFT do here: adapters and quantized weights are prepared, optimizer, schedule, precision, accumulation,
distribution over processes, and on CUDA the log-probabilities without a tensor of all logits. What is ours, and why:

- the loss, because TRL's knows no weights of examples, and computes entropies and logits of prompts that nobody reads,
  which on a CPU costs as much as a small model itself;
- the order of examples, because it must be a function of the seed alone for a restart to see the same;
- what a checkpoint is, because one that was cut in two by a kill must not count.
"""

from __future__ import annotations

import inspect
import math
import resource
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import torch
from datasets import Dataset
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader
from transformers import PrinterCallback, TrainerCallback
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from eg_cfg.errors import EgCfgError, ModelError
from eg_cfg.models.huggingface.batching import out_of_memory
from eg_cfg.training.batches import IGNORED, Schedule, collate
from eg_cfg.training.checkpoints import Checkpoint, Journal, cannot_save, keep_only, seal
from eg_cfg.training.examples import Encoded
from eg_cfg.training.options import TrainingOptions

Progress = Callable[[int, int, float], None]
_FLUSH = 10
"""Steps between two looks at the losses on a device that computes ahead of us."""
_SAVE_SECONDS = 60.0


class ProgramTrainer(SFTTrainer):
    """Trains a network on encoded examples; `sft.train` makes and runs it.

    The loss of an optimizer step is  sum_i w_i sum_t -log p(token_it) / sum_i T_i  over its examples i, all forward
    passes and processes together: w_i is the example's weight divided by the mean weight of all examples, T_i its
    number of supervised tokens. With equal weights that is the mean over the step's supervised tokens.

    Args:
        network: On its device, an adapter's layers in it where one is continued.
        tokenizer: Saved beside the weights.
        examples: To train on.
        validation: To measure on; may be empty.
        schedule: The steps.
        pieces: Parts that each forward pass is cut into.
        options: As chosen.
        arguments: TRL's.
        fingerprint: Of this training.
        start: The checkpoint that is gone on from.
        progress: Told each step's loss.
        peft_config: Of a new adapter.
    """

    loss_is_scaled_for_ga: Any = True

    def __init__(self, network: Any, tokenizer: Any, examples: Sequence[Encoded], validation: Sequence[Encoded],
                 schedule: Schedule, *, pieces: int, options: TrainingOptions, arguments: SFTConfig, fingerprint: str,
                 start: Checkpoint | None, progress: Progress | None, peft_config: Any = None) -> None:
        self._examples = examples
        self._validation = validation
        self._schedule = schedule
        self._pieces = pieces
        self._options = options
        self._fingerprint = fingerprint
        self._progress = progress
        self._start = start
        self.journal = Journal() if start is None else replace(start.journal, losses=list(start.journal.losses),
                                                               validation=list(start.journal.validation))
        self._seconds = self.journal.seconds
        self._began = self._saved = time.monotonic()
        self._pending: list[torch.Tensor] = []
        self._step_loss: torch.Tensor | None = None
        self._selects = "logits_to_keep" in inspect.signature(network.forward).parameters
        self.fused = torch.device(arguments.device).type == "cuda"
        """Whether TRL's fused head computes the log-probabilities."""
        text = network.config.get_text_config()
        routing = {name: getattr(text, name) for name in ("output_router_logits", "router_aux_loss_coef")
                   if hasattr(text, name)}
        self._work = Path(str(arguments.output_dir))
        super().__init__(model=network, args=arguments, data_collator=collate,
                         train_dataset=Dataset.from_dict({"place": list(range(len(examples)))}),
                         processing_class=tokenizer, peft_config=peft_config)
        self.aux_loss_enabled = False  # the loss is the one above; TRL's settings for it are not saved with the model
        for name, value in routing.items():
            setattr(text, name, value)
        self.remove_callback(PrinterCallback)
        self.add_callback(_Watch(self))

    # data

    def get_train_dataloader(self) -> DataLoader[Any]:
        """This process's forward passes, in order; nothing else may shuffle or shard them."""
        return self._loader(self._examples, self._schedule.micro_batches(self.args.process_index, self._pieces))

    @staticmethod
    def _loader(examples: Sequence[Encoded], batches: list[list[int]]) -> DataLoader[Any]:
        # a generator of its own: loaders draw a number from the global one, which would differ after a restart
        return DataLoader(cast(Any, examples), batch_sampler=batches, collate_fn=collate,
                          generator=torch.Generator().manual_seed(0))

    # loss

    def _get_num_items_in_batch(self, batch_samples: list[Any], device: torch.device) -> torch.Tensor:
        count = torch.stack([(batch["labels"] != IGNORED).sum() for batch in batch_samples]).sum().to(device)
        return cast(torch.Tensor, self.accelerator.reduce(count, "sum")).clamp(min=1)

    def _losses(self, model: Any, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        """Sum of -log p over each row's supervised tokens, float32, [rows]."""
        ids, labels = inputs["input_ids"], inputs["labels"]
        if self.fused:
            output = model(input_ids=ids, labels=labels, use_cache=False, fused_lm_head=True)
            return -cast(torch.Tensor, output.log_probs).sum(dim=1)
        targets = labels[:, 1:]
        columns = (targets != IGNORED).any(dim=0).nonzero()[:, 0]
        if not len(columns):
            columns = torch.zeros(1, dtype=torch.int64, device=ids.device)
        if self._selects:
            logits = model(input_ids=ids, use_cache=False, logits_to_keep=columns).logits
        else:
            logits = model(input_ids=ids, use_cache=False).logits[:, columns]
        targets = targets[:, columns]
        found = cross_entropy(logits.flatten(0, 1).float(), targets.flatten(), ignore_index=IGNORED, reduction="none")
        return found.view_as(targets).sum(dim=1)

    def compute_loss(self, model: Any, inputs: dict[str, torch.Tensor], return_outputs: bool = False,
                     num_items_in_batch: torch.Tensor | int | None = None) -> torch.Tensor:
        """The loss of one forward pass, scaled so that those of a step add up to the step's."""
        del return_outputs
        assert num_items_in_batch is not None
        loss = (self._losses(model, inputs) * inputs["weights"]).sum() / num_items_in_batch
        processes: int = self.accelerator.num_processes
        return loss * processes  # gradients are averaged over processes

    def training_step(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        """One forward and backward pass."""
        loss: torch.Tensor = cast(Any, super()).training_step(*args, **kwargs)
        self._step_loss = loss if self._step_loss is None else self._step_loss + loss
        return loss

    def floating_point_ops(self, inputs: Any) -> int:
        """Not counted: walking over all parameters in every forward pass costs a small model more than it tells."""
        del inputs
        return 0

    # what happens after a step

    def step_done(self) -> None:
        """Notes the step's loss, and asks for a measurement or a checkpoint where one is due."""
        step, options = self.state.global_step, self._options
        assert self._step_loss is not None
        self._pending.append(self._step_loss.detach())
        self._step_loss = None
        if self.args.device.type == "cpu" or len(self._pending) >= _FLUSH or step == self.state.max_steps:
            self._flush()
        epoch = math.ceil(math.ceil(len(self._examples) / self._schedule.batch) / self._schedule.passes)
        last = step == self.state.max_steps
        if self._validation and (last or step % (options.evaluate_every or epoch) == 0):
            self.control.should_evaluate = True
        if options.save_every is not None:
            due = step % options.save_every == 0
        elif self.accelerator.num_processes == 1:
            due = time.monotonic() - self._saved > _SAVE_SECONDS
        else:  # clocks of processes disagree
            due = step % epoch == 0
        if last or due:
            self.control.should_save = True

    def _flush(self) -> None:
        """Brings losses here, tells the caller, and stops where one is no number."""
        if not self._pending:
            return
        losses = cast(torch.Tensor, self.accelerator.reduce(torch.stack(self._pending).float(), "mean")).tolist()
        first = self.state.global_step - len(losses) + 1
        self._pending.clear()
        for step, loss in enumerate(losses, start=first):
            if not math.isfinite(loss):
                raise self._diverged(f"the loss of step {step} of {self.state.max_steps} is {loss}")
            self.journal.losses.append((step, loss))
            if self._progress is not None and self.accelerator.is_main_process:
                self._progress(step, self.state.max_steps, loss)

    def _diverged(self, what: str) -> ModelError:
        kept = sorted(self._work.glob("checkpoint-*/checkpoint.json"), key=lambda path: path.stat().st_mtime)
        where = f"the last good checkpoint is {kept[-1].parent}" if kept else "no checkpoint was written before"
        return ModelError(f"{what}, so training stopped; {where}: lower --learning-rate (it was "
                          f"{self._options.learning_rate:g}), or pass --precision fp32, in another folder or with "
                          f"--force")

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Measures the validation loss: nats a supervised token, weights left out."""
        del args, kwargs
        order = sorted(range(len(self._validation)), key=lambda place: -len(self._validation[place].ids))
        size = math.ceil(self._schedule.batch / self._pieces)
        groups = [order[first:first + size] for first in range(0, len(order), size)]
        world, rank = self.args.world_size, self.args.process_index
        mine = [groups[number] if number < len(groups) else []
                for number in range(rank, math.ceil(len(groups) / world) * world, world)]
        model = self.model_wrapped
        model.eval()
        total = torch.zeros((), dtype=torch.float64, device="cpu")
        with torch.no_grad():
            for inputs in self._loader(self._validation, mine):
                total += self._losses(model, self._prepare_inputs(inputs)).double().sum().cpu()
        model.train()
        # in single precision where a device has no double
        total = cast(torch.Tensor, self.accelerator.reduce(total.float().to(self.args.device), "sum")).cpu()
        loss = float(total) / sum(example.supervised for example in self._validation)
        if not math.isfinite(loss):
            raise self._diverged(f"the validation loss after step {self.state.global_step} is {loss}")
        self.journal.validation.append((self.state.global_step, loss))
        metrics = {"eval_loss": loss}
        self.log(dict(metrics))
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        if self.journal.best_step == self.state.global_step:
            self.control.should_save = True
        if self.journal.exhausted(self._options.patience):
            self.control.should_save = self.control.should_training_stop = True
        return metrics

    # checkpoints

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        """Saves, declares the checkpoint whole, and only then removes older ones."""
        self._flush()
        if not all(bool(torch.isfinite(weight).all()) for weight in cast(Any, self.model).parameters()
                   if weight.requires_grad):
            raise self._diverged(f"the weights after step {self.state.global_step} are not finite")
        path = self._work / f"checkpoint-{self.state.global_step}"
        try:
            cast(Any, super())._save_checkpoint(model, trial)
            self.accelerator.wait_for_everyone()
            self.journal.seconds = self._seconds + time.monotonic() - self._began
            self.journal.peak_memory_mb = max(self.journal.peak_memory_mb, peak_memory_mb(self.args.device))
            if self.accelerator.is_main_process:
                seal(path, self.state.global_step, self._fingerprint, self.journal)
        except Exception as error:  # torch raises RuntimeError where it cannot write, safetensors its own
            if isinstance(error, EgCfgError) or out_of_memory(error):
                raise
            failure = cannot_save(path, error)  # asks how full the disk is, so before anything is removed
            shutil.rmtree(path, ignore_errors=True)
            raise failure from error
        if self.accelerator.is_main_process:
            best = self.journal.best_step
            keep_only(self._work, {self.state.global_step} | (set() if best is None else {best}))
        self.accelerator.wait_for_everyone()
        self._saved = time.monotonic()

    def _save(self, output_dir: str | None = None, state_dict: dict[str, Any] | None = None) -> None:
        """Weights and tokenizer, as every other command loads them."""
        if not self.args.should_save:
            return
        network = self.accelerator.unwrap_model(self.model)
        folder = output_dir or str(self._work)
        # PEFT would ask the hub whether the embeddings have grown; they have not
        own = {"save_embedding_layers": False} if hasattr(network, "peft_config") else {}
        network.save_pretrained(folder, state_dict=state_dict, **own)
        cast(Any, self.processing_class).save_pretrained(folder)

    # what TRL would tell others

    def _send_telemetry(self) -> None:
        return

    def create_model_card(self, *args: Any, **kwargs: Any) -> None:
        """None is written: a checkpoint is not published."""
        del args, kwargs


class _Watch(TrainerCallback):
    """Hands the end of each step to the trainer."""

    def __init__(self, trainer: ProgramTrainer) -> None:
        self._trainer = trainer

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        del args, state, control, kwargs
        self._trainer.step_done()


def peak_memory_mb(device: torch.device) -> float:
    """Most memory held so far, MiB: the device's on CUDA, the process's elsewhere."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)
