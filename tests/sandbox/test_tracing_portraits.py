"""Short texts of values."""

from __future__ import annotations

import enum
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eg_cfg.sandbox import portraits
from eg_cfg.sandbox.portraits import exception_text, portrait


class Color(enum.Enum):
    RED = 1


class Node:
    def __init__(self, value: int, following: Any = None) -> None:
        self.value = value
        self.following = following


@dataclass(slots=True)
class Slotted:
    a: int
    b: Any


Point = namedtuple("Point", "x y")


class Names(list[str]):
    pass


CYCLE: list[Any] = [1]
CYCLE.append(CYCLE)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5, "5"), (True, "True"), (None, "None"), (1.5, "1.5"), (10**200, "<int of 665 bits>"), (1 + 2j, "(1+2j)"),
        ("a\nb", "'a\\nb'"), ("x" * 100, "'" + "x" * 47 + "..." + "x" * 20 + "' len 100"), (b"ab", "b'ab'"),
        ([1, [2, [3, [4]]]], "[1, [2, [3, [...]]]]"), ((1,), "(1,)"), ((), "()"), ([], "[]"), (set(), "set()"),
        (frozenset(), "frozenset()"), ({1}, "{1}"), ({1: "a"}, "{1: 'a'}"), ({}, "{}"),
        (list(range(100)), "[0, 1, 2, 3, 4, ..., 98, 99] len 100"),
        ({n: n for n in range(9)}, "{0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 7, ...} len 9"),
        (deque([1]), "deque([1])"), (Counter("aa"), "Counter({'a': 2})"), (OrderedDict(a=1), "OrderedDict({'a': 1})"),
        (defaultdict(list, a=[1]), "defaultdict({'a': [1]})"), (range(3), "range(0, 3)"),
        (range(9, 0, -2), "range(9, 0, -2)"),
        (Decimal("1.50"), "Decimal('1.50')"), (Fraction(1, 3), "Fraction(1, 3)"), (Color.RED, "Color.RED"),
        (Node(1, Node(2)), "<Node value=1, following=<Node>>"), (Slotted(1, [2]), "<Slotted a=1, b=[2]>"),
        (Point(1, 2), "Point(x=1, y=2)"), (Names(["a"]), "Names(['a'])"), (ValueError("no"), "<ValueError: no>"),
        (Node, "<class Node>"), (int, "<class int>"), (portrait, "<function portrait>"), (iter([1]), "<list_iterator>"),
        (CYCLE, "[1, [1, [1, [...]]]]"), (object(), "<object>"), ([0] * 8, "[0, 0, 0, 0, 0, 0, 0, 0]"),
        (np.arange(3), "array([0, 1, 2])"), (np.zeros((2, 2)), "array([0.0, 0.0, 0.0, 0.0] shape (2, 2))"),
        (np.int64(3), "3"),
    ],
)  # fmt: skip
def test_portraits(value: Any, expected: str) -> None:
    portraits.know_numpy()
    assert portrait(value, 80) == expected


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text(), inner),
    max_leaves=60,
)


@given(plain, st.integers(8, 200))
def test_portraits_are_one_printable_line_within_bounds(value: Any, limit: int) -> None:
    text = portrait(value, limit)
    assert len(text) <= limit
    assert text.isprintable()


@given(st.lists(st.integers(-99, 99), max_size=8) | st.dictionaries(st.integers(), st.booleans(), max_size=3))
def test_small_values_look_as_python_writes_them(value: Any) -> None:
    assert portrait(value, 400) == repr(value)


def test_exception_texts() -> None:
    assert exception_text(ValueError("bad"), 80) == "ValueError: bad"
    assert exception_text(KeyError("k"), 80) == "KeyError: 'k'"
    assert exception_text(OSError(2, "gone"), 80) == "FileNotFoundError: 2, 'gone'"
    assert exception_text(StopIteration(), 80) == "StopIteration"
    assert len(exception_text(ValueError("x" * 1000), 80)) == 80
