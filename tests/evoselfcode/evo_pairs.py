"""Pairs, candidates and scores for tests."""

from __future__ import annotations

from typing import Any

from evoselfcode.pairs import parse_function, task_id
from evoselfcode.records import Candidate, PairFields, Score, content_id

DOUBLE = """def double(values: list[int]) -> list[int]:
    \"\"\"Double each number.\"\"\"
    return [2 * v for v in values]
"""


def pair_of(body: str, header: str = "def f(values: list[int]) -> list[int]:",
            description: str = "Do it with the list.") -> PairFields:
    """A pair from a body's lines."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return parse_function(f'{header}\n    """{description}"""\n{lines}')


def candidate_of(pair: PairFields, index: int = 0, tests: tuple[str, ...] = ()) -> Candidate:
    return Candidate(id=content_id(pair=pair.model_dump(), index=index), task=task_id(pair), pair=pair, index=index,
                     writer="somebody", tests=tests)


def score_of(candidate: Candidate, **known: Any) -> Score:
    values = {"parses": True, "outcome": "ok", "calls": 8, "distinct": 5, "behaviour": "b", "perplexity": 1.5, **known}
    return Score(id=content_id(score=candidate.id, **known), **values)
