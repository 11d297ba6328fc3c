"""Which examples each optimizer step is made of: a function of seed and sizes alone, so that a restart sees the same.

    schedule = plan(lengths, batch=16, accumulation=1, processes=1, steps=300, seed=42)
    schedule.micro_batches(process=0, pieces=2)     # the same steps, in forward passes of half the size

Within an epoch examples of similar length share a forward pass, so that little is padding, and the forward passes come
in random order. Every step has the same number of forward passes on every process; where examples run out at an
epoch's end, the passes that are over are empty.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import torch

from eg_cfg.training.examples import Encoded

IGNORED = -100
"""Label of tokens that the loss leaves out."""
_POOL = 32
"""Forward passes whose examples are sorted by length together."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """All steps of a training."""

    steps: tuple[tuple[tuple[int, ...], ...], ...]
    """For each step its forward passes, all processes' together; each is places of examples."""
    batch: int
    """Examples of a full forward pass."""
    passes: int
    """Forward passes of a full step, all processes' together."""
    processes: int

    def micro_batches(self, process: int = 0, pieces: int = 1) -> list[list[int]]:
        """What one process computes, in order: `passes / processes * pieces` forward passes a step.

        Args:
            process: Which one.
            pieces: Into how many parts each forward pass is cut, where memory is short.
        """
        size = math.ceil(self.batch / pieces)
        found: list[list[int]] = []
        for step in self.steps:
            for number in range(process, self.passes, self.processes):
                places = step[number] if number < len(step) else ()
                found += [list(places[part * size:(part + 1) * size]) for part in range(pieces)]
        return found


def plan(lengths: Sequence[int], *, batch: int, accumulation: int, processes: int, steps: int, seed: int) -> Schedule:
    """The steps of a training.

    Args:
        lengths: Tokens of each example; at least one example.
        batch: Examples of a forward pass.
        accumulation: Forward passes of a step on each process.
        processes: That train together.
        steps: How many steps; as many epochs as they need.
        seed: Of the order.
    """
    passes = accumulation * processes
    found: list[tuple[tuple[int, ...], ...]] = []
    epoch = 0
    while len(found) < steps:
        rng = Random(f"examples {seed} {epoch}")
        order = list(range(len(lengths)))
        rng.shuffle(order)
        groups: list[tuple[int, ...]] = []
        for start in range(0, len(order), batch * _POOL):
            pool = sorted(order[start:start + batch * _POOL], key=lambda place: lengths[place])
            groups += [tuple(pool[first:first + batch]) for first in range(0, len(pool), batch)]
        rng.shuffle(groups)
        found += [tuple(groups[first:first + passes]) for first in range(0, len(groups), passes)]
        epoch += 1
    return Schedule(tuple(found[:steps]), batch, passes, processes)


def collate(examples: Sequence[Encoded]) -> dict[str, torch.Tensor]:
    """Tensors of one forward pass: `input_ids` and `labels` int64 [rows, longest], `weights` float32 [rows].

    Rows are padded at the right. No attention mask is needed: in a causal model nothing looks to the right, and the
    labels of padding are left out of the loss. Without examples it is one row that nothing is learned from, since
    every process must take part in every step.
    """
    width = max((len(example.ids) for example in examples), default=2)
    ids = torch.zeros((max(1, len(examples)), width), dtype=torch.int64)
    labels = torch.full_like(ids, IGNORED)
    for row, example in enumerate(examples):
        tokens = torch.tensor(example.ids)
        ids[row, :len(tokens)] = tokens
        labels[row, example.prompt:len(tokens)] = tokens[example.prompt:]
    weights = torch.tensor([example.weight for example in examples] or [0.0], dtype=torch.float32)
    return {"input_ids": ids, "labels": labels, "weights": weights}
