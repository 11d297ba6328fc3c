"""What programs do on generated inputs, and what hostile ones do not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from evo_pairs import pair_of

from eg_cfg.sandbox import Sandbox
from evoselfcode.pipeline.behaviour import Behaviour, behaviour_sandbox, observe
from evoselfcode.pipeline.inputs import inputs_for
from evoselfcode.pipeline.options import SandboxOptions
from evoselfcode.records import PairFields


@pytest.fixture(scope="module")
def sandbox(isolated: None) -> Iterator[Sandbox]:
    with behaviour_sandbox(SandboxOptions(workers=1)) as found:
        yield found


def seen(sandbox: Sandbox, *pairs: PairFields, timeout: float = 2.0) -> list[Behaviour]:
    return observe(sandbox, pairs, inputs=12, timeout=timeout)


def test_programs_that_do_the_same_have_one_behaviour(sandbox: Sandbox) -> None:
    one, other, third, named = seen(
        sandbox, pair_of("return [2 * v for v in values]"), pair_of("return [v + v for v in values]"),
        pair_of("return [v * v for v in values]"),
        pair_of("return [x + x for x in xs]", header="def g(xs: list[int]) -> list[int]:"))
    assert one.outcome == "ok"
    assert one.behaviour == other.behaviour == named.behaviour != third.behaviour
    assert (one.calls, one.raised) == (12, 0)
    assert one.distinct > 5


def test_types_count(sandbox: Sandbox) -> None:
    whole, broken, true = seen(sandbox, pair_of("return 1", header="def f(n: int) -> int:"),
                               pair_of("return 1.0", header="def f(n: int) -> int:"),
                               pair_of("return True", header="def f(n: int) -> int:"))
    assert len({whole.behaviour, broken.behaviour, true.behaviour}) == 3
    assert whole.distinct == 1


def test_examples_are_calls_and_what_they_gave(sandbox: Sandbox) -> None:
    (found,) = seen(sandbox, pair_of("return [2 * v for v in values]"))
    assert len(found.examples) == 6
    for example in found.examples:
        assert example.call.startswith("f([")
        given, gave = eval(example.call.removeprefix("f")), eval(example.result)
        assert gave == [2 * v for v in given]
    assert len({example.result for example in found.examples}) == 6


def test_what_a_program_raises_is_part_of_what_it_does(sandbox: Sandbox) -> None:
    first, other, fine = seen(sandbox, pair_of("return values[0]"), pair_of("return values[1]"),
                              pair_of("return values[:1]"))
    assert 0 < first.raised < other.raised
    assert first.behaviour not in (other.behaviour, fine.behaviour)


@pytest.mark.parametrize(("body", "outcome"), [
    ("while True:\n    pass", "timeout"),
    ("import os\nos._exit(0)", "killed"),
    ("return bytearray(1 << 34)", "ok"),
])
def test_what_ends_a_process_is_data(sandbox: Sandbox, body: str, outcome: str) -> None:
    (found,) = seen(sandbox, pair_of(body), timeout=1.0)
    assert found.outcome == outcome
    assert (found.behaviour is None) == (outcome != "ok")


@pytest.mark.parametrize("body", [
    "import sys\nsys.stdout.write('[0]')\nreturn iter(values)",
    "class L(list):\n    __eq__ = lambda a, b: True\n    __hash__ = lambda a: 0\nreturn L(values)",
    "return lambda: values",
    "raise SystemExit(0)",
    "return 10 ** 5000",
])
def test_strange_results_cross_as_data_or_count_as_raised(sandbox: Sandbox, body: str) -> None:
    (found,) = seen(sandbox, pair_of(body))
    assert found.calls in (0, 12)
    assert found.outcome in ("ok", "killed")


def test_a_program_cannot_read_the_host(sandbox: Sandbox) -> None:
    (found,) = seen(sandbox, pair_of(f"return open({__file__!r}).read()"))
    assert found.raised == found.calls == 12


@pytest.mark.parametrize("header", [
    "def f(a: int, b: float = 1.0, c: bool = True) -> int:",
    "def f(a: str, letter: str) -> str:",
    "def f(a: list[str], b: dict[str, int], c: set[int]) -> None:",
    "def f(a: tuple[int, str], b: tuple[int, ...]) -> None:",
    "def f(a: int | None, b: Optional[List[int]]) -> None:",
    "def f(a: 'list[int]') -> None:",
    "def f(\n    a: int,\n    /,\n) -> int:",
])
def test_inputs_follow_the_annotations(header: str) -> None:
    rows = inputs_for(header, 16)
    assert rows is not None
    assert len(rows) == 16
    assert rows == inputs_for(header.replace("def f", "def g"), 16)


def test_inputs_are_of_the_right_types_and_cover_edges() -> None:
    rows = inputs_for("def f(values: list[int], k: int) -> int:", 24) or []
    assert [] in [row[0] for row in rows]
    assert all(isinstance(row[0], list) and 1 <= row[1] <= 6 for row in rows)
    letters = inputs_for("def f(text: str, letter: str) -> int:", 24) or []
    assert all(len(row[1]) == 1 for row in letters)
    assert max(len(row[0]) for row in letters) > 5


@pytest.mark.parametrize("header", [
    "def f(a) -> int:", "def f() -> int:", "def f(*a: int) -> int:", "def f(a: Widget) -> int:", "def f(**a: int):",
    "def f(a: int, *, b: int) -> int:", "def f(a: Callable[[int], int]) -> int:", "no header", "def f(a: int | str):",
])
def test_there_are_no_inputs_where_a_type_is_not_known(header: str) -> None:
    assert inputs_for(header, 4) is None


def test_without_inputs_nothing_is_known(sandbox: Sandbox) -> None:
    assert seen(sandbox, pair_of("return a", header="def f(a):")) == [Behaviour("unknown")]
