"""What D2C and C2D are trained on, made of pairs.

    d2c_lessons(rows, TrainOptions(), seed=42)     # prompt: header and docstring; completion: body
    c2d_lessons(rows, infill=True)                 # prompt: code with a gap for the docstring; completion: description

Some of D2C's prompts show examples in the docstring, as benchmarks do: calls, and what the kept program gave for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random

from eg_cfg.training import TrainingExample
from evoselfcode.pairs import describing_answer, describing_prompt, task_prompt
from evoselfcode.records import Example, KeptPair, content_id

_SHORT = 60
"""Characters of calls and results that are preferred for examples."""


def d2c_lessons(rows: Iterable[KeptPair], *, share: float, examples: int, seed: int,
                variants: int = 1) -> list[TrainingExample]:
    """Prompts and bodies; a row's lessons depend on the row and the seed alone.

    Args:
        rows: Kept pairs.
        share: Of the prompts that show examples, where a pair has any.
        examples: How many are shown.
        seed: Of the choice.
        variants: Lessons of one row, as far as they differ: other examples are shown, or none.
    """
    lessons = []
    for row in rows:
        prompts = dict.fromkeys(task_prompt(row.pair, shown_examples(row, share, examples, f"{seed} {variant}"))
                                for variant in range(variants))
        lessons += [TrainingExample(prompt, row.pair.body, row.weight) for prompt in prompts]
    return lessons


def c2d_lessons(rows: Iterable[KeptPair], *, infill: bool) -> list[TrainingExample]:
    """The reversed pairs."""
    return [TrainingExample(describing_prompt(row.pair, infill), describing_answer(row.pair, infill), row.weight)
            for row in rows]


def shown_examples(row: KeptPair, share: float, count: int, seed: str) -> Sequence[Example]:
    """The examples that a row's prompt shows; none, or as many as there are up to `count`."""
    rng = Random(f"{seed} {row.id}")
    if rng.random() >= share or not row.examples:
        return ()
    short = [example for example in row.examples if len(example.call) + len(example.result) <= _SHORT]
    pool = short if len(short) >= count else list(row.examples)
    return rng.sample(pool, min(count, len(pool)))


def in_share(digest: str, share: float) -> bool:
    """Whether a hash is among this share of all hashes."""
    return int(digest, 16) < share * float(16 ** len(digest))


def split_off(rows: Sequence[KeptPair], share: float) -> tuple[list[KeptPair], list[KeptPair]]:
    """Rows to train on, and rows to measure the loss on; what a program does decides, so no behaviour is in both."""
    def measured(row: KeptPair) -> bool:
        return in_share(content_id(validation=row.behaviour or row.task), share)

    train = [row for row in rows if not measured(row)]
    return (train, [row for row in rows if measured(row)]) if train else (list(rows), [])


