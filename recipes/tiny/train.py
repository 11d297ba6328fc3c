"""Trains one of the embedded models; killed anywhere and started again with the same command, it goes on.

    python -m recipes.tiny.train --stage base --out runs/tiny
    python -m recipes.tiny.train --stage tiny --out runs/tiny          # goes on from base

In `OUT/<model>/`: `log.jsonl`, `checkpoint.pt` while unfinished, and `final/`, the Hugging Face folder. Where there is
no checkpoint, training goes on from `recipes/tiny/checkpoints/<model>.pt`, where there is one; a stage to start from
that is not in `OUT` is taken from the package.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer, LlamaForCausalLM
from transformers.utils import logging

import eg_cfg
from eg_cfg.benchmarks.minipy import MINIPY_VERSION, documented_source, task_example, train_problem
from eg_cfg.errors import EgCfgError, UsageError
from eg_cfg.records import Records, write_atomically
from eg_cfg.runs import fingerprint, library_versions
from recipes.tiny.data import Batch, Position, batches
from recipes.tiny.model import built, export, parameters
from recipes.tiny.options import RECIPE, Recipe, Stage, TokenizerOptions, read
from recipes.tiny.schedule import Optimisers, rate
from recipes.tiny.tokenizer import trained

PACKAGED = Path(eg_cfg.__file__).parent / "models" / "tiny"
"""The models that the package ships."""
CHECKPOINTS = Path(__file__).with_name("checkpoints")
"""Checkpoints of unfinished stages that are kept with the recipe, `<model>.pt` each."""
LOG_TOKENS = 200_000
"""A line of the log covers about so many tokens."""
_CLIP = 1.0


@dataclass(frozen=True, slots=True)
class Machine:
    """How to train, as far as it does not decide what is learnt."""

    device: str = "cpu"
    precision: str = "fp32"
    """`fp32`, or `bf16` for mixed precision."""
    workers: int = 1
    """Processes that make data."""
    checkpoint_seconds: float = 120.0
    stop_after: int | None = None
    """Updates of this start, for trials and tests; the next start goes on."""


def tokenizer_folder(options: TokenizerOptions, out: Path) -> Path:
    """The tokenizer's folder; it is trained first where it is missing."""
    folder = out / "tokenizer"
    if not (folder / "tokenizer.json").exists():
        problems = [train_problem(options.seed, index) for index in range(options.problems)]
        texts = [text for problem in problems for text in (documented_source(problem), task_example(problem).prompt)]
        made = out / f".tokenizer.{os.getpid()}"
        trained(texts, options.vocabulary).save_pretrained(made)
        if folder.exists():
            raise UsageError(f"expected {folder} to hold a tokenizer or not to be there, found neither: remove it")
        made.rename(folder)
    return folder


def train(recipe: Recipe, name: str, out: Path, machine: Machine, kept: Path = CHECKPOINTS) -> Path:
    """Trains a stage to its end, or goes on with it.

    Args:
        recipe: Of all stages.
        name: The stage.
        out: Folder of all stages.
        machine: Device, precision, workers.
        kept: Folder of checkpoints to go on from where `out` has none.

    Returns:
        The finished model's folder.

    Raises:
        UnknownNameError: There is no such stage.
        UsageError: The stage it starts from is not finished, or a checkpoint is of another recipe.
    """
    stage = recipe.stage(name)
    folder = out / stage.model
    folder.mkdir(parents=True, exist_ok=True)
    final = folder / "final"
    if (final / "model.safetensors").exists():
        return final
    tokens = tokenizer_folder(recipe.tokenizer, out)
    model = _start(recipe, stage, tokens, out)
    _moved(model, machine.device)
    with Records(folder / "log.jsonl") as log:
        run = _Run(recipe, stage, (folder / "checkpoint.pt", kept / f"{stage.model}.pt"), model, machine, log)
        if stage.phases and not run.to_end(tokens):
            return final
        _moved(model, "cpu")
        partial = folder / ".final"
        change = export(model, AutoTokenizer.from_pretrained(tokens), partial)
        log.append({"event": "finished", "parameters": parameters(model), "rounding_change": change})
    partial.rename(final)
    (folder / "checkpoint.pt").unlink(missing_ok=True)
    return final


def _start(recipe: Recipe, stage: Stage, tokens: Path, out: Path) -> LlamaForCausalLM:
    if stage.start is None:
        model = built(recipe.shapes[stage.shape], AutoTokenizer.from_pretrained(tokens), stage.seed)
        if stage.prompt_type is not None:
            model.config.eg_cfg_prompt_type = stage.prompt_type
        return model
    name = recipe.stage(stage.start).model
    places = (out / name / "final", PACKAGED / name)
    before = next((place for place in places if (place / "model.safetensors").exists()), None)
    if before is None:
        raise UsageError(f"expected the finished stage {stage.start} in {places[0]}, found none: train it first with "
                         f"--stage {stage.start}")
    loaded: LlamaForCausalLM = LlamaForCausalLM.from_pretrained(before, dtype=torch.float32)
    return loaded


def _moved(model: torch.nn.Module, device: str) -> None:
    model.to(device)  # the return value of transformers' own `to` has lost its type


class _Run:
    """One stage's training: the model, the optimisers, and how far they are."""

    def __init__(self, recipe: Recipe, stage: Stage, checkpoints: tuple[Path, Path], model: LlamaForCausalLM,
                 machine: Machine, log: Records) -> None:
        self._stage, self._model, self._machine, self._log = stage, model, machine, log
        self._checkpoint = checkpoints[0]
        self._identity = fingerprint([MINIPY_VERSION, recipe.tokenizer.model_dump(), stage.model_dump(),
                                      recipe.shapes[stage.shape].model_dump()])
        self._optimisers = Optimisers(model, stage)
        self._position, self._tokens, self._updates, self._seconds = Position(), 0, 0, 0.0
        self._shards = 0
        self._shard = (-1, -1)
        found = next((checkpoint for checkpoint in checkpoints if checkpoint.exists()), None)
        if found is not None:
            self._restore(found)
        log.append({"event": "started", "stage": stage.model, "identity": self._identity, "tokens": self._tokens,
                    "device": machine.device, "precision": machine.precision, "threads": torch.get_num_threads(),
                    "versions": library_versions()})

    def to_end(self, tokenizer: Path) -> bool:
        """Trains; returns whether the stage is finished."""
        stage = self._stage
        source = batches(stage, tokenizer, self._position, self._machine.workers)
        saved = time.monotonic()
        window = _Window()
        self._model.train()
        for done, group in enumerate(_groups(source, stage.batch_tokens), start=1):
            began = time.monotonic()
            learning_rate = rate(stage, self._tokens)
            loss = self._update(group, learning_rate)
            for batch in group:
                self._shards += (batch.position.phase, batch.position.shard) != self._shard
                self._shard = (batch.position.phase, batch.position.shard)
            self._position, self._tokens = group[-1].position, group[-1].stage_tokens
            self._updates += 1
            self._seconds += time.monotonic() - began
            window.add(group, loss)
            if window.tokens >= LOG_TOKENS:
                self._write(window, learning_rate)
                window = _Window()
            if time.monotonic() - saved > self._machine.checkpoint_seconds:
                self._save()
                saved = time.monotonic()
            if done == self._machine.stop_after:
                self._save()
                return False
        if window.tokens:
            self._write(window, rate(stage, self._tokens))
        return True

    def _update(self, group: list[Batch], learning_rate: float) -> float:
        """One update from several batches; returns the mean loss of their target tokens, in nats."""
        targets = sum(int(batch.targets[:, 1:].sum()) for batch in group)
        total = 0.0
        for batch in group:
            loss = summed_loss(self._model, batch, self._machine) / targets
            loss.backward()  # type: ignore[no-untyped-call]
            total += loss.item()
        torch.nn.utils.clip_grad_norm_(self._model.parameters(), _CLIP)
        self._optimisers.step(learning_rate)
        return total

    def _write(self, window: _Window, learning_rate: float) -> None:
        speed = window.tokens / window.seconds
        left = (self._stage.tokens - self._tokens) / speed
        self._log.append({"event": "progress", "tokens": self._tokens, "updates": self._updates,
                          "loss": round(window.loss / window.targets, 4), "learning_rate": learning_rate,
                          "tokens_per_second": round(speed, 1), "seconds": round(self._seconds, 1),
                          "seconds_left": round(left), "phase": self._position.phase,
                          "problems": self._shards * self._stage.shard_problems})
        print(f"{self._stage.model}: {self._tokens / 1e6:.2f} of {self._stage.tokens / 1e6:.2f}M tokens, "
              f"loss {window.loss / window.targets:.4f}, {speed:.0f} tokens/s, {left / 60:.0f} min left", flush=True)

    def _save(self) -> None:
        state = {"identity": self._identity, "model": self._model.state_dict(),
                 "optimisers": self._optimisers.state_dict(), "position": asdict(self._position),
                 "tokens": self._tokens, "updates": self._updates, "seconds": self._seconds,
                 "shards": self._shards,
                 "rng": torch.get_rng_state()}
        # Tied weights are one tensor under two names; torch.save writes them once.
        temporary = self._checkpoint.with_suffix(".tmp")
        torch.save(state, temporary)
        write_atomically(self._checkpoint, [temporary.read_bytes()])
        temporary.unlink()

    def _restore(self, checkpoint: Path) -> None:
        state: dict[str, Any] = torch.load(checkpoint, map_location=self._machine.device, weights_only=True)
        if state["identity"] != self._identity:
            raise UsageError(f"expected {checkpoint} to be of this recipe ({self._identity}), found another "
                             f"({state['identity']}): give another --out, or remove it to start over")
        self._model.load_state_dict(state["model"])
        self._optimisers.load_state_dict(state["optimisers"])
        self._position = Position(**state["position"])
        self._tokens, self._updates, self._seconds = state["tokens"], state["updates"], state["seconds"]
        self._shards = state["shards"]
        self._shard = (self._position.phase, self._position.shard)
        torch.set_rng_state(state["rng"].cpu())


class _Window:
    """Sums over the updates of one line of the log."""

    def __init__(self) -> None:
        self.tokens = self.targets = 0
        self.loss = 0.0
        self._began = time.monotonic()

    def add(self, group: list[Batch], loss: float) -> None:
        targets = sum(int(batch.targets[:, 1:].sum()) for batch in group)
        self.tokens += sum(batch.tokens for batch in group)
        self.targets += targets
        self.loss += loss * targets

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began


def _groups(source: Iterator[Batch], tokens: int) -> Iterator[list[Batch]]:
    """Batches of one update each: about as many as hold the tokens, padding included."""
    while group := list(islice(source, 1)):
        size = group[0].ids.size
        while size + group[-1].ids.size <= tokens and (more := next(source, None)) is not None:
            group.append(more)
            size += more.ids.size
        yield group


def summed_loss(model: LlamaForCausalLM, batch: Batch, machine: Machine) -> torch.Tensor:
    """Negative log-likelihood of the batch's target tokens, summed, in nats.

    Padding stands at the right, where causal attention lets no token see it, so no mask is needed. Logits are computed
    only where a target follows.
    """
    ids = torch.from_numpy(batch.ids).to(machine.device)
    targets = torch.from_numpy(batch.targets).to(machine.device)[:, 1:]
    with torch.autocast(machine.device.split(":")[0], torch.bfloat16, enabled=machine.precision == "bf16"):
        hidden = model.model(input_ids=ids, use_cache=False).last_hidden_state
        logits = model.lm_head(hidden[:, :-1][targets])
    return torch.nn.functional.cross_entropy(logits.float(), ids[:, 1:][targets], reduction="sum")


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m recipes.tiny.train", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--stage", required=True, help="base, tiny, steps2, small, exec or untrained")
    parser.add_argument("--out", type=Path, required=True, help="folder of all stages")
    parser.add_argument("--recipe", type=Path, default=RECIPE, help="another recipe")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--precision", choices=("fp32", "bf16"), help="bf16 on CUDA and fp32 on the CPU unless given")
    parser.add_argument("--threads", type=int, default=1, help="of the CPU; two runs side by side use two cores best")
    parser.add_argument("--workers", type=int, default=1, help="processes that make data")
    parser.add_argument("--stop-after", type=int, help="updates; start again to go on")
    given = parser.parse_args(arguments)
    torch.set_num_threads(given.threads)
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    precision = given.precision or ("bf16" if given.device.startswith("cuda") else "fp32")
    try:
        final = train(read(given.recipe), given.stage, given.out,
                      Machine(given.device, precision, given.workers, stop_after=given.stop_after))
    except EgCfgError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    print(final)
    return 0


if __name__ == "__main__":
    sys.exit(main())
