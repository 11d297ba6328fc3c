"""Executable forms, lines, duplicates."""

from __future__ import annotations

import ast
import random

import pytest

from eg_cfg.decoding.candidates import executable, first_of_each, lines_of, undocumented, upto_line

HEADER = 'def f(x):\n    """Words."""\n'


@pytest.mark.parametrize(("code", "kept"), [
    ("    y = x + 1\n    while y", "    y = x + 1\n"),
    ("    y = [1,\n        2\n", None),
    ("    for i in x:\n", "    for i in x:\n        pass\n"),
    ("    for i in x:  # each: one\n", "    for i in x:  # each: one\n        pass\n"),
    ("    if x:\n        for i in x:\n", "    if x:\n        for i in x:\n            pass\n"),
    ("    return {1: 2}[1:\n", None),
    ("    try:\n        y = 1\n", "    try:\n        y = 1\n    finally:\n        pass\n"),
    ("    try:\n", "    try:\n        pass\n    finally:\n        pass\n"),
    ("    s = '''abc\n    d\n", None),
    ("    s = 'x:'\n\n\n", "    s = 'x:'\n"),
    ("", None),
    ("\n\n", None),
    ("    return x\nprint(1\n", "    return x\n"),
])
def test_the_longest_part_that_parses(code: str, kept: str | None) -> None:
    assert executable("def f(x):\n", code) == (None if kept is None else "def f(x):\n" + kept)


def test_whole_programs_need_no_prefix() -> None:
    assert executable("", "import math\n\ndef f(x):\n    return (") == "import math\n\ndef f(x):\n    pass\n"
    assert executable("", "Here is it:\n") is None
    assert executable("", "def f(:\n    return 1\n") is None


def test_return_outside_a_function_is_cut_off() -> None:
    assert executable("", "x = 1\nreturn x\n") == "x = 1\n"


def test_whatever_is_written_the_form_parses_and_holds_its_lines() -> None:
    dice = random.Random(1)
    lines = ["x = 1", "if x:", "for i in (1, 2):", "try:", "except ValueError:", "return x", "y = (", ")", "", "# c",
             "else:", "with open(x):", "class A:", "@f", "'''"]
    for _ in range(300):
        code = "".join("    " * dice.randint(0, 3) + dice.choice(lines) + "\n" for _ in range(dice.randint(1, 8)))
        found = executable(HEADER, code)
        if found is not None:
            ast.parse(found)
            body = found.removeprefix(HEADER)
            own = 0
            while body[own: own + 1] and code[own: own + 1] == body[own]:
                own += 1
            assert own, (code, found)
            assert set(body[own:].split()) <= {"pass", "finally:"}, (code, found)


def test_lines_that_count() -> None:
    assert lines_of("") == 0
    assert lines_of("a\n\n  \nb\nc") == 2
    assert upto_line("a\n\nb\nc", 2) == "a\n\nb\n"
    assert upto_line("a\n\nb\nc", 3) == "a\n\nb\nc"
    assert upto_line("a\nb", 0) == ""


def test_duplicates_by_what_they_mean() -> None:
    programs = ["x = 1\n", None, "x  =  (1)  # one\n", "x = 2\n", "x = 2", None]
    assert first_of_each(programs) == [0, None, 0, 3, 3, None]


@pytest.mark.parametrize(("prefix", "bare"), [
    (HEADER, "def f(x):\n"),
    ('def f(x):\n    """Words\n\n    >>> f(1)\n    2\n    """\n', "def f(x):\n"),
    ('import re\n\n\ndef g(s):\n    """G."""\n    return s\n\n\ndef f(x):\n    """F."""\n',
     "import re\n\n\ndef g(s):\n    return s\n\n\ndef f(x):\n"),
    ("def f(x):\n", "def f(x):\n"),
    ("def f(x): 'one line'\n", "def f(x): 'one line'\n"),
    ('def g(x):\n    """All of it."""\n\n\ndef f(x):\n    """F."""\n',
     'def g(x):\n    """All of it."""\n\n\ndef f(x):\n'),
    ("", ""),
    ("not python (\n", "not python (\n"),
])
def test_docstrings_of_the_prompt_go(prefix: str, bare: str) -> None:
    assert undocumented(prefix) == bare
