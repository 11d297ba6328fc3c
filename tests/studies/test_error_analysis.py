"""How samples fail: counted by kind and type, with examples from different problems."""

from __future__ import annotations

from evaluation_cases import problem

from eg_cfg.grading.verdict import Outcome, TestResult, Verdict
from eg_cfg.studies.error_analysis import EXAMPLES, analyse, error_type
from eg_cfg.studies.evaluation import ProblemResult
from eg_cfg.studies.sampling import SampleRow


def sample(number: int, index: int, finish: str = "stop", extraction: str = "ok",
           program: str = "x = 1\n") -> SampleRow:
    return SampleRow(f"demo/{number}", index, program, program, "p", finish, extraction, 5, 3, -1.0, None, 42, 0.1, "k")


def verdict(number: int, index: int, outcome: Outcome, detail: str = "") -> Verdict:
    tests = (TestResult(True), TestResult(outcome == "passed"))
    return Verdict(f"demo/{number}", outcome == "passed", outcome, index, tests, 2, detail=detail)


def result(number: int, fared: list[tuple[Outcome, str]], finish: str = "stop",
           extraction: str = "ok") -> ProblemResult:
    places = range(len(fared))
    return ProblemResult(
        problem(number),
        tuple(sample(number, place, finish, extraction) for place in places),
        tuple(verdict(number, place, *fared[place]) for place in places),
        (None,) * len(fared),
    )


def test_kinds_types_and_examples() -> None:
    name = "NameError: name 'y' is not defined (line 1)"
    found = analyse([
        result(1, [("passed", ""), ("exception", name), ("exception", "ZeroDivisionError: division by zero")]),
        result(2, [("exception", name), ("exception", name), ("wrong_answer", "expected 1, got 2; f(1,) gave 2")]),
    ])
    assert (found["samples"], found["failed"]) == (6, 5)
    assert list(found["kinds"]) == ["exception", "wrong_answer"]  # the most frequent first
    raised = found["kinds"]["exception"]
    assert (raised["count"], raised["problems"], raised["share"]) == (4, 2, 4 / 6)
    assert list(raised["types"]) == ["NameError", "ZeroDivisionError"]
    names = raised["types"]["NameError"]
    assert [(row["task_id"], row["index"]) for row in names["examples"]] == [("demo/1", 1), ("demo/2", 0)]
    wrong = found["kinds"]["wrong_answer"]["types"]["wrong_answer"]["examples"][0]
    assert wrong["detail"] == "expected 1, got 2; f(1,) gave 2"
    assert (wrong["passed_tests"], wrong["tests"], wrong["program"]) == (1, 2, "x = 1\n")


def test_examples_are_few_and_programs_are_cut() -> None:
    rows = [result(number, [("timeout", "3 s of wall time")]) for number in range(9)]
    long = sample(0, 0, program="y" * 5000)
    rows[0] = ProblemResult(rows[0].problem, (long,), rows[0].verdicts, (None,))
    examples = analyse(rows)["kinds"]["timeout"]["types"]["timeout"]["examples"]
    assert len(examples) == EXAMPLES
    assert examples[0]["program"].endswith("[4400 more characters]")


def test_what_happened_to_texts_is_counted_beside_the_outcomes() -> None:
    found = analyse([
        result(1, [("passed", "")], finish="length"),
        result(2, [("no_code", "no program was found")], finish="context_length", extraction="empty"),
        result(3, [("syntax_error", "SyntaxError: invalid syntax (line 1)")], finish="length", extraction="truncated"),
    ])
    assert {kind: rows["count"] for kind, rows in found["texts"].items()} == \
        {"token_limit": 2, "context_length": 1, "truncated": 1}
    assert list(found["kinds"]["syntax_error"]["types"]) == ["SyntaxError"]


def test_types() -> None:
    assert error_type(verdict(1, 0, "exception", "mod.Custom: no")) == "mod.Custom"
    assert error_type(verdict(1, 0, "exception", "KeyError")) == "KeyError"
    assert error_type(verdict(1, 0, "exception", "")) == "exception"
    assert error_type(verdict(1, 0, "memory", "KeyError: 1")) == "memory"
