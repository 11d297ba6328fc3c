"""`eg-cfg trace`: tables, styles, JSON, and what it refuses."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from conftest import Command
from eg_cfg.sandbox.tracing import Trace

PROGRAM = "def f(n):\n    total = 0\n    for i in range(n):\n        total += i\n    return total\n"
pytestmark = pytest.mark.usefixtures("isolated")


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    return path


def test_calls_beside_the_programs_lines(command: Command, program: Path) -> None:
    answer = command("trace", program, "--call", "f(2) == 1", "--call", "f('x')", "--call", "f(1)")
    assert answer.code == 0, answer.err
    lines = [" ".join(line.split()) for line in answer.out.splitlines()]
    assert lines[:6] == ["test 1: passed", "assert f(2) == 1", "got 1", "want 1", "line program values",
                         "1 def f(n): f called: n = 2"]
    assert "4 total += i total = 1" in lines
    assert "5 return total f returns 1" in lines
    assert "test 2: exception" in lines
    assert any(line.startswith("3 for i in range(n): raises TypeError: ") for line in lines)
    assert "test 3: ran" in lines


def test_minimal_and_json(command: Command, program: Path) -> None:
    minimal = command("trace", program, "--call", "f(3)", "--style", "minimal")
    assert minimal.out == "# test 1: ran\nf(3)\ngot 3\nf: n = 3, total = 3, i = 2\n"
    data = json.loads(command("trace", program, "--call", "f(3)", "--json").out)
    trace = Trace.from_json(data)
    assert trace.tests[0].got == "3"
    assert trace.program == PROGRAM


def test_a_script_with_standard_input(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in.txt").write_text("3 4\n")
    monkeypatch.setattr("sys.stdin", io.StringIO("a, b = map(int, input().split())\nprint(a * b)\n"))
    answer = command("trace", "-", "--stdin", tmp_path / "in.txt")
    assert answer.code == 0, answer.err
    assert answer.out.startswith("test 1: ran\n3 4\ngot 12\n")
    assert "a = 3, b = 4" in answer.out


def test_a_problem_and_its_reference(command: Command, program: Path) -> None:
    answer = command("trace", "--benchmark", "demo", "--task", "demo/call/0", "--tests", "hidden", "--events", "16")
    assert answer.code == 0, answer.err
    assert "test 1: passed" in answer.out
    other = command("trace", program, "--benchmark", "demo", "--task", "demo/call/0", "--tests", "hidden")
    assert "test 1: exception" in other.out
    assert "NameError: " in other.out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("PROGRAM",), "expected one of --benchmark, --call and --stdin, found none of them"),
        (("PROGRAM", "--call", "f(1)", "--stdin", "x"), "found --call and --stdin"),
        (("PROGRAM", "--call", "f(1"), "--call: expected a call such as"),
        (("--call", "f(1)"), "expected a program to trace, found none"),
        (("missing.py", "--call", "f(1)"), "the program: expected a file that can be read, found missing.py"),
        (("PROGRAM", "--stdin", "missing.txt"), "--stdin: expected a file that can be read, found missing.txt"),
        (("--benchmark", "demo"), "--benchmark and --task belong together"),
        (("--benchmark", "demo", "--task", "nope"), "--task: demo has no problem 'nope'"),
        (("PROGRAM", "--call", "f(1)", "--style", "long"), "--style: expected full or minimal, found 'long'"),
        (("PROGRAM", "--call", "f(1)", "--events", "1"), "--events"),
        (("PROGRAM", "--call", "f(1)", "--timeout", "-1"), "--timeout"),
    ],
)
def test_what_is_refused(command: Command, program: Path, arguments: tuple[str, ...], expected: str) -> None:
    answer = command("trace", *(str(program) if given == "PROGRAM" else given for given in arguments))
    assert answer.code == 2
    assert answer.out == ""
    assert answer.err.startswith("error: ")
    assert expected in answer.err
    assert answer.err.count("\n") == 1
