"""The order of examples: complete, reproducible, the same steps whatever the pieces and processes."""

from __future__ import annotations

from random import Random

import pytest
import torch

from eg_cfg.training.batches import IGNORED, collate, plan
from eg_cfg.training.examples import Encoded

LENGTHS = [Random(seed).randint(5, 400) for seed in range(1000)]


def test_an_epoch_has_every_example_once() -> None:
    schedule = plan(LENGTHS, batch=16, accumulation=2, processes=1, steps=64, seed=1)  # two epochs of 32 steps
    for first in (0, 32):
        seen = [place for step in schedule.steps[first:first + 32] for group in step for place in group]
        assert sorted(seen) == list(range(1000))
    assert schedule.steps[:32] != schedule.steps[32:]


def test_the_same_seed_gives_the_same_order() -> None:
    arguments = {"batch": 8, "accumulation": 1, "processes": 1, "steps": 50}
    assert plan(LENGTHS, seed=5, **arguments) == plan(LENGTHS, seed=5, **arguments)
    assert plan(LENGTHS, seed=5, **arguments) != plan(LENGTHS, seed=6, **arguments)
    assert plan(LENGTHS, seed=5, **{**arguments, "steps": 80}).steps[:50] == plan(LENGTHS, seed=5, **arguments).steps


def test_little_is_padding() -> None:
    schedule = plan(LENGTHS, batch=16, accumulation=1, processes=1, steps=63, seed=1)
    groups = [[LENGTHS[place] for place in group] for step in schedule.steps for group in step]
    padded = sum(len(group) * max(group) for group in groups)
    assert padded < 1.08 * sum(map(sum, groups))


@pytest.mark.parametrize("pieces", [1, 2, 3, 4, 16, 32])
def test_pieces_keep_the_steps(pieces: int) -> None:
    schedule = plan(LENGTHS[:50], batch=16, accumulation=2, processes=1, steps=4, seed=1)
    found = schedule.micro_batches(pieces=pieces)
    each = 2 * pieces
    assert len(found) == 4 * each
    for number, step in enumerate(schedule.steps):
        assert [place for part in found[number * each:(number + 1) * each] for place in part] == \
            [place for group in step for place in group]
    assert max(map(len, found)) == -(-16 // pieces)


def test_processes_share_each_step() -> None:
    schedule = plan(LENGTHS[:53], batch=4, accumulation=2, processes=3, steps=3, seed=1)
    shares = [schedule.micro_batches(process) for process in range(3)]
    assert {len(share) for share in shares} == {6}  # the same number of passes, though examples run out
    for number, step in enumerate(schedule.steps):
        together = [place for share in shares for part in share[number * 2:number * 2 + 2] for place in part]
        assert sorted(together) == sorted(place for group in step for place in group)
    assert any(not part for share in shares for part in share)


def test_rows_are_padded_at_the_right_and_prompts_are_not_learned() -> None:
    batch = collate([Encoded((5, 6, 7, 1), 2, 1.5), Encoded((8, 1), 1, 0.5)])
    assert batch["input_ids"].tolist() == [[5, 6, 7, 1], [8, 1, 0, 0]]
    assert batch["labels"].tolist() == [[IGNORED, IGNORED, 7, 1], [IGNORED, 1, IGNORED, IGNORED]]
    assert batch["weights"].tolist() == [1.5, 0.5]
    nothing = collate([])
    assert bool((nothing["labels"] == IGNORED).all())
    assert nothing["weights"].tolist() == [0.0]
    assert nothing["input_ids"].dtype == torch.int64
