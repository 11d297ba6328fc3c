"""The observer: what it sees of a program, what it leaves out, and that the program does not notice."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest

from eg_cfg.sandbox.event_log import HEADER, LINE, MAIN, MAIN_BYTES, SIZE, TAIL_BYTES
from eg_cfg.sandbox.observer import LOOKED_AT, Observer
from eg_cfg.sandbox.tracing import Event, TraceLimits, parse_events

FILE = "<a program>"
pytestmark = pytest.mark.skipif(
    sys.gettrace() is not None, reason="something else, a debugger or a coverage tool, has the trace function"
)


def observe(
    source: str, call: Callable[[dict[str, Any]], Any] = lambda space: space["f"](), **limits: Any
) -> tuple[list[Event], Any, Observer]:
    """Runs a call of a program under observation: the events, the value or exception, and the observer."""
    chosen = TraceLimits(**limits)
    space: dict[str, Any] = {"__name__": "solution"}
    exec(compile(source, FILE, "exec"), space)
    observer = Observer(bytearray(SIZE), source, asdict(chosen), FILE)
    try:
        value = observer.run(lambda *_: call(space), None, {})
    except Exception as error:
        value = error
    return list(parse_events(text(observer), chosen)), value, observer


def text(observer: Observer) -> str:
    main, tail = observer.words[MAIN_BYTES], observer.words[TAIL_BYTES]
    memory = bytes(observer.journal.memory)
    return (memory[HEADER : HEADER + main] + memory[HEADER + MAIN : HEADER + MAIN + tail]).decode()


def steps(events: list[Event]) -> list[tuple[str, int, tuple[tuple[str, str], ...]]]:
    return [(event.kind, event.line, event.changes) for event in events]


def test_lines_with_what_they_changed() -> None:
    events, value, _ = observe("def f(n=2):\n    total = 0\n    total += n\n    if total:\n        return total\n")
    assert value == 2
    assert steps(events) == [
        ("call", 1, (("n", "2"),)),
        ("line", 2, (("total", "0"),)),
        ("line", 3, (("total", "2"),)),
        ("line", 4, ()),
        ("return", 5, ()),
    ]
    assert events[-1].value == "2"


def test_changes_in_place_and_deletions() -> None:
    source = (
        "def f():\n"
        "    xs = [1]\n"
        "    xs.append(2)\n"
        "    d = {}\n"
        "    d['k'] = xs\n"
        "    del xs\n"
        "    d['k'].append(3)\n"
    )
    events, _, _ = observe(source)
    assert [event.changes for event in events[1:]] == [
        (("xs", "[1]"),),
        (("xs", "[1, 2]"),),
        (("d", "{}"),),
        (("d", "{'k': [1, 2]}"),),
        (("xs", ""),),
        (("d", "{'k': [1, 2, 3]}"),),
    ]


def test_elements_of_long_lists() -> None:
    source = (
        "def f():\n"
        "    dp = [0] * 50\n"
        "    dp[25] = 7\n"
        "    grid = [[0] * 20 for _ in range(20)]\n"
        "    grid[10][9] = 1\n"
    )
    events, _, _ = observe(source)
    assert [event.changes for event in events[2::2]] == [(("dp[25]", "7"),), (("grid[10][9]", "1"),)]


def test_calls_returns_and_depth() -> None:
    source = "def g(x):\n    return x + 1\ndef f():\n    y = g(1)\n    return g(y)\n"
    events, value, _ = observe(source)
    assert value == 3
    told = [(event.kind, event.function, event.depth, event.value) for event in events]
    assert told == [
        ("call", "f", 0, ""),
        ("line", "f", 0, ""),
        ("call", "g", 1, ""),
        ("return", "g", 1, "2"),
        ("line", "f", 0, ""),
        ("line", "f", 0, ""),
        ("call", "g", 1, ""),
        ("return", "g", 1, "3"),
        ("return", "f", 0, "3"),
    ]


def test_exceptions_have_their_line_on_the_way_up() -> None:
    source = (
        "def g(x):\n    return 1 // x\n"
        "def f():\n    try:\n        g(0)\n    except ZeroDivisionError:\n        return 5\n"
    )
    events, value, _ = observe(source)
    assert value == 5
    raised = [(event.line, event.function, event.value) for event in events if event.kind == "exception"]
    assert raised == [
        (2, "g", "ZeroDivisionError: integer division or modulo by zero"),
        (5, "f", "ZeroDivisionError: integer division or modulo by zero"),
    ]
    assert events[-1].kind == "return"
    assert events[-1].value == "5"


def test_loops_keep_their_first_and_last_turns() -> None:
    events, _, _ = observe("def f():\n    t = 0\n    for i in range(100):\n        t += i\n    return t\n")
    values = [dict(event.changes)["i"] for event in events if "i" in dict(event.changes)]
    assert values == ["0", "1", "98", "99"]
    (elided,) = [event for event in events if event.kind == "elided"]
    assert (elided.line, elided.value, elided.count) == (3, "turns", 96)


@pytest.mark.parametrize(
    "loop",
    [
        "    while t < 60:\n        t += 1\n",
        "    while True:\n        t += 1\n        if t > 60: break\n",
        "    for i in range(60): t += 1\n",
        "    for i in range(6):\n        for j in range(10):\n            t += 1\n",
        "    for i in range(60):\n        t = g(t)\n",
        "    t = max(map(g, range(60)))\n",
        "    t = sum(gen(60))\n",
    ],
)
def test_every_kind_of_repetition_is_elided(loop: str) -> None:
    source = (
        "def g(x):\n    y = x + 1\n    return y\n"
        "def gen(n):\n    for i in range(n):\n        yield i\n"
        f"def f():\n    t = 0\n{loop}    return t\n"
    )
    events, value, _ = observe(source)
    assert isinstance(value, int)
    assert sum(event.kind == "elided" for event in events) >= 1
    assert len(events) < 60
    assert events[-1] == Event("return", source.count("\n"), "f", value=str(value))


@pytest.mark.parametrize("head", ["while True:", "while t < 900:", "for i in range(900):"])
def test_the_same_turns_are_kept_of_every_loop(head: str) -> None:
    events, _, _ = observe(f"def f():\n    t = 0\n    {head}\n        t += 1\n        if t == 50: return t\n")
    assert [dict(event.changes)["t"] for event in events if "t" in dict(event.changes)] == [
        "0", "1", "2", "48", "49", "50",
    ]  # fmt: skip


def test_the_last_turns_of_a_loop_that_is_left_in_the_middle() -> None:
    events, _, _ = observe("def f():\n    for i in range(100):\n        if i == 50:\n            return i\n")
    assert [dict(e.changes)["i"] for e in events if "i" in dict(e.changes)] == ["0", "1", "48", "49", "50"]
    assert events[-1].value == "50"


def test_budget_bounds_a_loop_of_100_000_lines() -> None:
    source = "def f():\n    t = 0\n    for i in range(50_000):\n        t += 1\n    return t\n"
    events, value, observer = observe(source, events=64)
    assert value == 50_000
    assert observer.looked == LOOKED_AT * 64 + 1
    assert len(events) < 64
    assert events[-2].value == "tracing stopped: too many steps"
    last = events[-1]
    assert (last.kind, last.value, last.changes) == ("return", "50000", (("t", "50000"), ("i", "49999")))


def test_budget_keeps_the_beginning_and_the_end() -> None:
    source = "def f():\n" + "".join(f"    x{i} = {i}\n" for i in range(300))
    events, _, _ = observe(source, events=80)
    assert len(events) <= 82
    assert events[1].changes == (("x0", "0"),)
    assert events[-1].changes == (("x299", "299"),)
    (elided,) = [event for event in events if event.kind == "elided"]
    assert elided.count == 301 - (len(events) - 1)


def test_characters_are_bounded() -> None:
    source = "def f():\n" + "".join(f"    x{i} = 'y' * 500\n" for i in range(100))
    _, _, observer = observe(source, characters=2000)
    assert len(text(observer)) <= 2000


def test_time_under_observation_is_bounded() -> None:
    source = "import time\ndef f():\n    for i in range(40):\n        time.sleep(0.005)\n    return i\n"
    events, value, _ = observe(source, seconds=0.05)
    assert value == 39
    assert any(event.value == "tracing stopped: too much time" for event in events)


HOSTILE = """
import sys
class Meta(type):
    def __hash__(cls): raise SystemExit("hash of the class")
    def __eq__(cls, other): raise SystemExit("eq of the class")
    @property
    def __name__(cls): raise SystemExit("name")
class Evil(metaclass=Meta):
    def __init__(self): self.__dict__["x"] = 1
    def __no__(self, *args): raise SystemExit("called")
    __repr__ = __str__ = __eq__ = __hash__ = __len__ = __iter__ = __bool__ = __getattr__ = __getitem__ = __no__
    __format__ = __ne__ = __lt__ = __index__ = __int__ = __contains__ = __next__ = __call__ = __no__
    __class__ = property(__no__)
class EvilList(list):
    def __no__(self, *args): raise SystemExit("called")
    __repr__ = __eq__ = __len__ = __iter__ = __getitem__ = __contains__ = __no__
class EvilError(Exception):
    def __str__(self): raise SystemExit("called")
    __repr__ = __str__
def f():
    a = Evil()
    b = EvilList([1, 2])
    c = [a, {1: b}, (a,)]
    list.append(b, 3)
    try:
        raise EvilError(a)
    except EvilError:
        pass
    return a
"""


def test_no_code_of_the_program_is_run() -> None:
    events, value, _ = observe(HOSTILE)
    assert type(value).__dict__["__no__"]  # it came back, and no method raised
    changes = {name: text for event in events for name, text in event.changes}
    assert changes["a"] == "<Evil x=1>"
    assert changes["b"] == "EvilList([1, 2, 3])"
    assert changes["c"] == "[<Evil x=1>, {1: EvilList([1, 2, 3])}, (<Evil>,)]"
    assert [event.value for event in events if event.kind == "exception"] == ["EvilError: <Evil>"]


def test_builtins_that_the_program_replaces_are_not_used() -> None:
    source = (
        "import builtins\n"
        "def f():\n"
        "    real = builtins.len, builtins.type\n"
        "    calls = []\n"
        "    builtins.len = lambda x: calls.append(x)\n"
        "    builtins.type = lambda x: calls.append(x)\n"
        "    a = [1] * 20\n"
        "    builtins.len, builtins.type = real\n"
        "    return calls\n"
    )
    _, value, _ = observe(source)
    assert value == []


def test_iterators_and_generators_are_not_moved() -> None:
    source = (
        "def gen():\n    yield 1\n    yield 2\n    yield 3\n"
        "def f():\n"
        "    it = iter([1, 2, 3])\n    g = gen()\n    m = map(str, [1, 2])\n    z = zip([1], [2])\n"
        "    first = next(g)\n"
        "    return list(it), list(g), list(m), list(z)\n"
    )
    events, value, _ = observe(source)
    assert value == ([1, 2, 3], [2, 3], ["1", "2"], [(1, 2)])
    assert [event.value for event in events if event.kind == "yield"][:1] == ["1"]


def test_a_trace_function_of_the_program_is_left_alone() -> None:
    source = (
        "import sys\n"
        "def g():\n    a = 1\n    return a\n"
        "def f():\n"
        "    seen = []\n"
        "    def mine(frame, event, arg):\n        seen.append((event, frame.f_lineno))\n        return mine\n"
        "    sys.settrace(mine)\n    g()\n    now = sys.gettrace()\n    sys.settrace(None)\n"
        "    return seen, now is mine\n"
    )
    _, value, _ = observe(source)
    assert value == ([("call", 2), ("line", 3), ("line", 4), ("return", 4)], True)
    assert sys.gettrace() is None


def test_recursion_meets_its_limit_where_it_would() -> None:
    source = "def f(n=0):\n    try:\n        return f(n + 1)\n    except RecursionError:\n        return n\n"
    space: dict[str, Any] = {}
    exec(compile(source, "<not traced>", "exec"), space)
    events, depth, _ = observe(source)
    assert abs(depth - space["f"]()) < 8  # frames of this test's helpers
    assert any(event.value == "tracing stopped: deep recursion" for event in events)
    assert len(events) <= 2 * 256


def test_an_exception_of_a_signal_handler_reaches_the_program() -> None:
    source = (
        "import signal\n"
        "class Late(Exception): pass\n"
        "def ring(*_): raise Late\n"
        "def f():\n"
        "    old = signal.signal(signal.SIGALRM, ring)\n"
        "    signal.setitimer(signal.ITIMER_REAL, 0.02)\n"
        "    try:\n"
        "        i = 0\n"
        "        while True:\n"
        "            i += 1\n"
        "    except Late:\n"
        "        return 'late'\n"
        "    finally:\n"
        "        signal.signal(signal.SIGALRM, old)\n"
    )
    for _ in range(5):
        _, value, _ = observe(source, events=4096, seconds=5.0)
        assert value == "late"


def test_only_the_program_itself_is_seen() -> None:
    source = (
        "from collections import OrderedDict\n"
        "class C:\n    z = 1\n"
        "def f():\n"
        "    import json\n"
        "    a = json.loads('[1, 2]')\n"
        "    b = [x * 2 for x in a]\n"
        "    c = sorted(b, key=lambda x: -x)\n"
        "    class D:\n        y = 2\n"
        "    return c\n"
    )
    events, _, _ = observe(source)
    assert {event.function for event in events} == {"f"}
    assert [event.line for event in events] == [4, 6, 7, 8, 11]


def test_the_line_in_execution_is_known_at_any_moment() -> None:
    source = "def g(look):\n    x = 1\n    return look()\ndef f(look):\n    return g(look)\n"
    space: dict[str, Any] = {}
    exec(compile(source, FILE, "exec"), space)
    observer = Observer(bytearray(SIZE), source, asdict(TraceLimits()), FILE)
    seen = []

    def look() -> None:
        seen.append((observer.words[LINE], text(observer).count("\n")))

    observer.run(lambda *_: space["f"](look), None, {})
    assert seen == [(3, 4)]  # what came before is written: two calls and two lines


def test_a_fault_of_the_observer_stays_its_own() -> None:
    source = "def f():\n    a = [1]\n    return a\n"
    space: dict[str, Any] = {}
    exec(compile(source, FILE, "exec"), space)
    observer = Observer(bytearray(SIZE), source, asdict(TraceLimits()), FILE)
    observer.characters = None  # type: ignore[assignment]
    assert observer.run(lambda *_: space["f"](), None, {}) == [1]
    assert "tracing stopped: TypeError" in text(observer)


def test_forged_events_are_bounded_and_harmless() -> None:
    limits = TraceLimits(events=8)
    rows = ["l\t1\tf\t0\t0\t", "z\t1\tf\t0\t0\t", "l\t1", "l\t-5\tf\t99999999999\tx\t", "l\t1\tf\t0\t0\t\x1b[2J",
            "l\t1\tf\t0\t0\t\tname", f"l\t1\tf\t0\t0\t\tn\t{'x' * 9999}"]
    events = parse_events("\n".join(rows), limits)
    assert [(event.line, event.depth, event.count) for event in events] == [(1, 0, 0), (0, 0, 0), (1, 0, 0)]
    assert len(events[-1].changes[0][1]) == limits.value_characters + 40
    assert len(parse_events("\n".join(rows[:1] * 1000), limits)) == 2 * 8 + 8
