from __future__ import annotations

import gc
import sys
import threading

import pytest

from eg_cfg.grading.syntax import code_spans, complete_prefix, defined_names, ends_early, parse


@pytest.mark.parametrize("source", ["return 1", "if x:\n    return 1", "yield 1", "x = '\ud800'", "\x00", "print 1",
                                    "x = (", "(" * 100_000, "-" * 100_000 + "1"])
def test_does_not_parse(source: str) -> None:
    assert parse(source) is None


def test_invalid_escape_warns_nobody() -> None:
    assert parse("x = '\\d'") is not None  # the suite turns warnings into errors


@pytest.mark.parametrize("source", ["x = [1,\n2", "def f(x):", "def f():\n    '''doc", "x = 'abc", "for i in", "x =",
    "@d",
                                    "try:\n    x = 1", "if a:\n    x = 1\nelse", "f(a,\n  b", "x = 1 +"])
def test_ends_early(source: str) -> None:
    assert ends_early(source)
    assert ends_early(source + "\n")


@pytest.mark.parametrize("source", ["", "x = 1", "a b\nx = 1", "def f(:\n    pass\nx = [", "x = 1)\n", "return 1",
                                    "x = 'a\ny = 1\n", "print 'x'"])
def test_does_not_end_early(source: str) -> None:
    assert not ends_early(source)


def test_complete_prefix_counts_characters_not_bytes() -> None:
    head = "x = 'äöü 🙂'\n\n\ndef f():\n    return 'é'\n"
    assert complete_prefix(head + "assert f() == [") == head
    assert complete_prefix(head) is None
    assert complete_prefix("x = [") is None


def test_names_of_source_that_does_not_parse() -> None:
    assert defined_names("print 'a'\ndef f(): return 1\ny = 2\n@d\nclass A: pass\n") == {"f", "y", "A"}
    assert defined_names("if 1:\n    import a.b as c, d.e\nelse:\n    x, *y = 1, 2\ndef f():\n    z = 1\n") == {
        "c", "d", "x", "y", "f"}
    assert code_spans("Here is.\n\nx = 1\nprint(x)\n\nwhich prints one, of course.") == ["x = 1\nprint(x)\n"]


class Doomed:
    """Runs Python when the collector finds it, in the middle of whatever is done then."""

    def __init__(self) -> None:
        self.me = self

    def __del__(self) -> None:
        sum(range(50))


def test_threads_may_parse_at_the_same_time() -> None:
    """CPython 3.11 fails about one in twenty of these with a SystemError: its threads share a count."""
    lines = "".join(f"    a{i} = [x + {i}, (x, {{'k': {i}}})]\n" for i in range(60))
    source = f"def f(x):\n{lines}    return a0\n"
    found: list[bool] = []

    def work(depth: int) -> None:
        if depth:
            return work(depth - 1)
        for _ in range(100):
            Doomed()
            found.append(parse(source) is not None)
        return None

    interval, thresholds = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(1e-6)
    gc.set_threshold(50, 2, 2)
    try:
        threads = [threading.Thread(target=work, args=(depth,)) for depth in (0, 40, 80)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
        gc.set_threshold(*thresholds)
    assert found == [True] * 300
