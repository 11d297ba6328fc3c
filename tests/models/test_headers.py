"""Headers for tasks that come without one, as models get them that write function bodies only."""

from __future__ import annotations

import ast
from dataclasses import replace

import pytest

from eg_cfg.benchmarks.base import AssertionTest, CallTest, Problem, StdioTest
from eg_cfg.benchmarks.registry import load
from eg_cfg.grading.grader import Grader, grading_sandbox
from eg_cfg.grading.programs import program_of
from eg_cfg.models.prompts import render, settings_for, task_of, with_header

SHOWN = (AssertionTest('assert cut("hello","l") == "heo"'), AssertionTest('assert cut("PHP","P") == "H"'))
WORDS = "Write a function to cut a character out.\n\nThe program must pass these tests:\n\n" + "\n".join(
    test.source for test in SHOWN
)
MBPP = Problem("11", "mbpp", WORDS, "cut", SHOWN, SHOWN, reference="def cut(secret, name):\n    return 0\n")
STDIO = Problem(
    "p",
    "apps",
    "\nQUESTION:\nPrint twice n.\n\nANSWER:\n",
    None,
    (StdioTest("2\n", "4\n"),),
    (StdioTest("3\n", "6\n"),),
)


def header(problem: Problem) -> str:
    asked = with_header(problem, "embedded")
    assert task_of(asked) == "function"
    ast.parse(asked.completion_prefix + "    pass\n")
    assert render(asked, "embedded") == asked.completion_prefix
    return asked.completion_prefix


def test_words_become_a_docstring_and_shown_tests_its_examples() -> None:
    assert header(MBPP) == (
        'def cut(text: str, string: str) -> str:\n    """Write a function to cut a character out.\n\n'
        "    >>> cut('hello', 'l')\n    'heo'\n    >>> cut('PHP', 'P')\n    'H'\n    \"\"\"\n"
    )
    asked = with_header(MBPP, "embedded")
    assert settings_for("mbpp", "completion", task_of(asked)).extraction == "completion"
    assert replace(asked, completion_prefix="") == MBPP


def test_only_models_that_write_bodies_get_one_and_only_where_there_is_none() -> None:
    assert with_header(MBPP, "qwen") is MBPP
    assert with_header(MBPP, "embedded", "zero-shot") is MBPP
    assert with_header(MBPP, "embedded", "three-shot").completion_prefix
    asked = with_header(MBPP, "embedded")
    assert with_header(asked, "embedded") is asked
    minipy = next(load("minipy", split="test").problems())
    assert with_header(minipy, "embedded") is minipy


@pytest.mark.parametrize(
    ("words", "tests", "first"),
    [
        ("Add.", ["assert add(1, 2) == 3", "assert add(4, 5) == 9"], "def add(n: int, number: int) -> int:"),
        ("Add.", ["assert add(1) == 3", "assert add(4, 5) == 9"], "def add(*values) -> int:"),
        ("Add.", ["assert add([1], by=2) == [3]"], "def add(values: list[int], by) -> list[int]:"),
        ("Add.", ["assert add([]) == 0", "assert add([1]) == 1"], "def add(values: list[int]) -> int:"),
        ("Add.", ["assert add(1) == 0", "assert add('1') == 1"], "def add(value) -> int:"),
        ("Add.", ["assert set(add(Pair(1))) == {1}"], "def add(value):"),
        ("Add.", ["assert add(*pair) == 1"], "def add(*values) -> int:"),
        ("Add.", [], "def add(*values):"),
        ("Add with add(a, b).", ["assert add(1, 2) == 3"], "def add(a, b) -> int:"),
        ("Add, as in add(1, 2).", ["assert add(1, 2) == 3"], "def add(n: int, number: int) -> int:"),
        ("Add.\ndef add(a, b=(1, 2)) -> int:\n", [], "def add(a, b=(1, 2)) -> int:"),
    ],
)
def test_parameters_come_from_what_may_be_seen(words: str, tests: list[str], first: str) -> None:
    problem = replace(MBPP, prompt=words, entry_point="add", public_tests=tuple(map(AssertionTest, tests)))
    assert header(problem).split("\n")[0] == first


def test_examples_of_every_shape() -> None:
    tests = ("assert not cut(1)", "assert cut(2)", "assert cut(3) is None", "x = 1\nassert cut(x) == 2", "assert cut(")
    tests += (r"assert cut('\d') == 1",)  # Python warns of the escape; that is the test's own matter
    text = header(replace(MBPP, prompt="Cut.", public_tests=tuple(map(AssertionTest, tests))))
    assert ">>> cut(1)\n    False\n    >>> cut(2)\n    True\n    >>> cut(3)\n    None\n" in text
    long = header(replace(MBPP, prompt="Cut.", public_tests=(AssertionTest(f"assert cut({'9' * 500}) == 1"),)))
    assert ">>>" not in long


@pytest.mark.parametrize("words", ['Say """hi""".', 'End with a "quote"', "Match \\n, \\x, \\N and \\", "Two\n\nlines"])
def test_any_words_make_a_docstring(words: str) -> None:
    for tests in (SHOWN, ()):
        text = header(replace(MBPP, prompt=words, public_tests=tests))
        found = ast.parse(text + "    pass\n").body[0]
        assert isinstance(found, ast.FunctionDef)
        assert (ast.get_docstring(found) or "").startswith(words)


def test_bodies_of_such_headers_are_whole_programs_that_the_tests_take() -> None:
    method = replace(
        MBPP,
        benchmark="demo",
        prompt="Write a class Solution with a method twice(self, n).",
        entry_point="twice",
        public_tests=(CallTest("twice", (2,), 4, class_name="Solution"),),
        hidden_tests=(CallTest("twice", (3,), 6, class_name="Solution"),),
    )
    starter = replace(method, prompt="Twice.\nclass Solution:\n    def twice(self, n: int) -> int:\n", public_tests=())
    cases = [
        (MBPP, "    return text.replace(string, '', 1)[::-1].replace(string, '', 1)[::-1]\n", True),
        (MBPP, "    return text\n", False),
        (method, "    return 2 * n\n", True),
        (starter, "    return 2 * n\n", True),
        (starter, "    return n\n", False),
        (STDIO, "    return 2 * int(text)\n", True),
        (STDIO, "    return int(text)\n", False),
    ]
    with grading_sandbox(workers=1) as sandbox:
        for problem, body, passes in cases:
            asked = with_header(problem, "embedded")
            found = program_of(body, asked, "completion")
            assert found.status == "ok"
            assert found.program == asked.completion_prefix + body
            assert Grader(sandbox).grade(problem, found.program).passed is passes
