"""Replies: what is taken out of them, and by what reason the others are refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from evoselfcode.datagen.reading import (
    parameters,
    read_code,
    read_head,
    read_header,
    read_problem,
    read_scores,
    read_written_head,
)
from evoselfcode.pairs import MalformedError, parse_function

PROBLEM = "Title: Sum\nDescription: Add all.\nTwice.\nExample: total([1]) -> 1\nHint: Begin with zero."
HEAD = 'def total(values: list[int]) -> int:\n    """Add all."""\n'
GOOD = {"problem": 1, "definition": 2, "correctness": 3, "efficiency": 4, "readability": 5}


@pytest.mark.parametrize("text", [
    PROBLEM, f"<think>Title: none</think>\n{PROBLEM}", PROBLEM.replace("Title:", "**Title:**"),
    PROBLEM.replace("Description:", "## Description:").replace("Title", "title"),
    PROBLEM.replace("total([1]) -> 1", "`total([1]) -> 1`"),
    PROBLEM.replace("total([1]) -> 1", "\n```python\ntotal([1]) -> 1\n```"),
])
def test_a_problem_is_read_in_its_parts(text: str) -> None:
    assert read_problem("total", text) == {"title": "Sum", "description": "Add all.\nTwice.",
                                           "example": "total([1]) -> 1", "hint": "Begin with zero."}


@pytest.mark.parametrize(("text", "reason"), [
    ("", "no title"), ("I would rather not.", "no title"), (PROBLEM.replace("Hint:", "Tip:"), "no hint"),
    (PROBLEM + "\nHint: Or one.", "hint twice"), ("Sure!\n" + PROBLEM, "text before the title"),
    ("Hint: x\n" + PROBLEM.replace("\nHint: Begin with zero.", ""), "parts in another order"),
    (PROBLEM.replace("Begin with zero.", " "), "empty hint"), (PROBLEM.replace("Sum", "s" * 200), "title too long"),
    (PROBLEM.replace("total(", "sum("), "example without a call"),
])
def test_a_malformed_problem_is_refused_by_name(text: str, reason: str) -> None:
    with pytest.raises(MalformedError, match=f"^{reason}$"):
        read_problem("total", text)


@pytest.mark.parametrize("text", [
    HEAD, f"{HEAD}    pass\n", f"Sure:\n```python\n{HEAD}    return sum(values)\n```\nDone.",
    f"```python\nimport math\n\n{HEAD}    ...\n\nprint(total([1]))\n```",
])
def test_a_head_is_read_without_its_body(text: str) -> None:
    head = read_head("total", text)
    assert (head.header, head.description) == ("def total(values: list[int]) -> int:", "Add all.")
    assert head.preamble == ("import math\n" if "math" in text else "")


@pytest.mark.parametrize(("text", "reason"), [
    ("No.", "no code"), ("def total(values):\n    pass\n", "no docstring"), ("```python\nx = 1\n```", "no function"),
    (HEAD.replace("total", "sum_up"), "another name"), (f"@cache\n{HEAD}", "decorated"),
    (f"limit = 3\n{HEAD}    pass\n", "more than imports before the function"),
])
def test_a_malformed_head_is_refused_by_name(text: str, reason: str) -> None:
    with pytest.raises(MalformedError, match=f"^{reason}$"):
        read_head("total", text)


def test_what_a_base_model_writes_is_read_as_far_as_it_goes() -> None:
    head = read_written_head("total", 'values: list[int]) -> int:\n    """Add all."""\n    result = (0')
    assert (head.header, head.description) == ("def total(values: list[int]) -> int:", "Add all.")
    for text in ("values):\n    return 1\n", 'values):\n    """Add', 'values):\n    """"""\n'):
        with pytest.raises(MalformedError, match="no docstring"):
            read_written_head("total", text)
    with pytest.raises(MalformedError, match="does not parse"):
        read_written_head("total", 'values:\n    """Add all."""\n')
    assert read_header("total", "values: dict[str,\n    int]) -> int:\n    # add\n    x") \
        == "def total(values: dict[str,\n    int]) -> int:"
    with pytest.raises(MalformedError, match="no signature"):
        read_header("total", "values")


def test_code_gets_the_skeletons_docstring_and_both_imports() -> None:
    skeleton = parse_function(f"import math\n{HEAD}    return 0\n")
    found = read_code(skeleton, f"```python\nimport math\nimport re\n{HEAD.replace('Add', 'Sum up')}    return 2\n```")
    assert (found.body, found.preamble, found.description) == ("    return 2\n", "import math\nimport re\n", "Add all.")
    bare = "def total(values):\n    return 2\n"
    assert read_code(skeleton, bare).header == skeleton.header


@pytest.mark.parametrize(("text", "reason"), [
    ("No.", "no code"), (f"{HEAD}    pass\n", "no body"), ("def total(xs):\n    return 1\n", "other parameters"),
    ("def total(*values):\n    return 1\n", "other parameters"), ("def other(values):\n    return 1\n", "another name"),
    ("```python\ndef total(values):\n    return (\n```", "breaks off"),
    ("```python\ndef total(values):\n    return 1\n", "breaks off"),
    ("```python\ndef total(values):\n    return 1 +* 2\n```", "does not parse"),
])
def test_malformed_code_is_refused_by_name(text: str, reason: str) -> None:
    with pytest.raises(MalformedError, match=f"^{reason}$"):
        read_code(parse_function(f"{HEAD}    return 0\n"), text)


def test_parameters_are_those_a_call_sees() -> None:
    assert parameters("def f(a: int, /, b=1, *c, d: str, **e) -> int:") == ["/a", "b", "*c", "=d", "**e"]


@pytest.mark.parametrize("text", [
    json.dumps(GOOD), f"```json\n{json.dumps(GOOD)}\n```", f"Let me see {{it}}.\n{json.dumps(GOOD)}\nThat is all.",
    f'<think>{{"problem": 1}}</think>{json.dumps({"reason": "so {x}", **GOOD})}',
])
def test_scores_are_read(text: str) -> None:
    scores, reason = read_scores(text)
    assert scores.model_dump() == GOOD
    assert reason == ("so {x}" if "reason" in text else None)


def changed(**values: Any) -> str:
    return json.dumps({**GOOD, **values})


@pytest.mark.parametrize(("text", "reason"), [
    ("", "no JSON object"), ("problem: 4", "no JSON object"), (changed()[:-1], "no JSON object"),
    ("[1, 2, 3, 4, 5]", "no JSON object"), (changed() + changed(), "several JSON objects"),
    (json.dumps({k: v for k, v in GOOD.items() if k != "efficiency"}), "no score for efficiency"),
    (json.dumps({"scores": GOOD}), "no score for problem"), (changed(problem=0), "problem is not from 1 to 5"),
    (changed(readability=6), "readability is not from 1 to 5"), (changed(problem=-3), "problem is not from 1 to 5"),
    (changed(correctness=4.5), "correctness is no whole number"), (changed(correctness=4.0), "no whole number"),
    (changed(correctness="4"), "correctness is no whole number"), (changed(correctness=None), "no whole number"),
    (changed(correctness=True), "correctness is no whole number"), (changed(style=3), "a score that was not asked for"),
    (changed(reason=3), "reason is no text"), (changed()[:-1] + ', "problem": 5}', "a score twice"),
    (changed(correctness=float("nan")), "correctness is no whole number"),
])
def test_malformed_scores_are_refused_by_name(text: str, reason: str) -> None:
    with pytest.raises(MalformedError, match=f"{reason}$"):
        read_scores(text)
