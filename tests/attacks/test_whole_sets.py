"""All cheats on a part of the benchmarks; `whole_sets.py` tries them on all of it.

That they are cheats is shown too: where a test runs beside them, as it does in the usual harnesses, they pass.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from cheats import FOOLED, FUNCTIONS, PROGRAMS, as_solution
from whole_sets import BENCHMARKS, main, passes_by_itself, problems_of, try_cheats

from eg_cfg.benchmarks.base import CheckTest, Problem
from eg_cfg.grading.grader import Grader, grading_sandbox
from eg_cfg.sandbox import Limits, Sandbox

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the isolation that is attacked here is Linux's"),
    pytest.mark.usefixtures("isolated"),
]

HEADLINE = (
    "lying_equality",
    "exit_zero_in_the_call",
    "lying_everything",
    "subclass_list",
    "patched_builtins",
    "frames",
)
"""Cheats that are tried on every problem each time; the rest on every twentieth."""
CHECK = "def check(candidate):\n    assert candidate(3) == [0, 1, 4]\n    assert candidate(1) == [0]\n"
SQUARES = Problem(
    "attacks/squares", "attacks", "The squares of the numbers below n.", entry_point="squares",
    hidden_tests=(CheckTest(CHECK),), reference="def squares(n):\n    return [i * i for i in range(n)]\n",
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with grading_sandbox(2) as made:
        yield made


@pytest.mark.parametrize("name", FOOLED)
def test_cheat_passes_where_the_test_runs_beside_it(sandbox: Sandbox, name: str) -> None:
    """As the usual harnesses run it: one process for program and test, passed if that ends well."""
    program = f"{as_solution(FUNCTIONS[name], SQUARES)}\n{CHECK}\n"
    if name == "redefined_check":
        program = f"{CHECK}\n{as_solution(FUNCTIONS[name], SQUARES)}\n"
    execution = sandbox.run(f"{program}check(squares)\n", Limits(wall_seconds=10.0))
    assert execution.ok, execution


def test_no_cheat_passes_here(sandbox: Sandbox) -> None:
    grader = Grader(sandbox)
    tallies = try_cheats(grader, [SQUARES])
    assert set(tallies) == set(FUNCTIONS)
    assert {name for name, tally in tallies.items() if tally.passed} == set()
    assert grader.grade(SQUARES, SQUARES.reference or "").passed


@pytest.mark.parametrize("line", ["candidate() is None", "[candidate(1, 2), candidate(-5, -4)] == [1, -5]"])
def test_a_weak_test_is_not_blamed_on_a_cheat(sandbox: Sandbox, line: str) -> None:
    """The second is MBPP's 404: the smaller number always comes first."""
    weak = Problem("attacks/weak", "attacks", "?", entry_point="weak", reference="def weak():\n    return None\n",
                   hidden_tests=(CheckTest(f"def check(candidate):\n    assert {line}\n"),))
    assert passes_by_itself(Grader(sandbox), weak)
    assert not passes_by_itself(Grader(sandbox), SQUARES)


@pytest.mark.slow
@pytest.mark.usefixtures("data_dir")
@pytest.mark.parametrize("benchmark", BENCHMARKS)
def test_no_cheat_passes_any_of_every_twentieth_problem(sandbox: Sandbox, benchmark: str) -> None:
    problems = problems_of(benchmark)[::20]
    tallies = try_cheats(Grader(sandbox), problems)
    assert len(tallies) == len(PROGRAMS if benchmark == "apps" else FUNCTIONS)
    assert {tally.problems for tally in tallies.values()} == {len(problems)}
    assert {name: tally.passed for name, tally in tallies.items() if tally.passed} == {}


@pytest.mark.slow
@pytest.mark.usefixtures("data_dir")
@pytest.mark.parametrize("name", HEADLINE)
def test_no_headline_cheat_passes_any_problem(sandbox: Sandbox, name: str) -> None:
    problems = [*problems_of("humaneval"), *problems_of("mbpp")]
    tallies = try_cheats(Grader(sandbox), problems, {name})
    assert {name: len(problems) for name in tallies} == {name: 164 + 500}
    assert tallies[name].passed == []


@pytest.mark.long
@pytest.mark.usefixtures("data_dir")
@pytest.mark.parametrize("benchmark", BENCHMARKS)
def test_no_cheat_passes_any_problem(sandbox: Sandbox, benchmark: str) -> None:
    problems = problems_of(benchmark)
    tallies = try_cheats(Grader(sandbox), problems)
    assert {tally.problems for tally in tallies.values()} == {len(problems)}
    assert {name: tally.passed for name, tally in tallies.items() if tally.passed} == {}


def test_unknown_cheat_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--cheats", "lying_equality,flattery"])
    assert ended.value.code == 2
    message = capsys.readouterr().err
    assert "found flattery" in message
    assert "lying_equality" in message
