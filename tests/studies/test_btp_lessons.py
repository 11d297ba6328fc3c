"""Programs as answers to prompts that their writers never saw, and the budget of tokens."""

from __future__ import annotations

import ast
from dataclasses import replace

import pytest

from eg_cfg.benchmarks.base import AssertionTest, Problem
from eg_cfg.errors import ConfigError
from eg_cfg.models.prompts import render
from eg_cfg.replay.experience import Experience
from eg_cfg.studies.btp_answers import answer, continuation
from eg_cfg.studies.btp_lessons import make_lessons
from eg_cfg.studies.sampling import PromptOptions

HEADER = 'from typing import List\n\n\ndef total(values: List[int]) -> int:\n    """Adds them."""\n'
FUNCTION = Problem("humaneval/1", "humaneval", HEADER, entry_point="total", completion_prefix=HEADER,
                   hidden_tests=(AssertionTest("assert total([1]) == 1"),))
WORDS = Problem("mbpp/601", "mbpp", "Write a function that adds numbers.", entry_point="total",
                hidden_tests=(AssertionTest("assert total([1]) == 1"),))


def runs(completion: str | None) -> int:
    """What the completed header makes of 1, 2 and 3."""
    assert completion is not None
    space: dict[str, object] = {}
    exec(compile(HEADER + completion, "program", "exec"), space)
    return space["total"]([1, 2, 3])  # type: ignore[operator, no-any-return]


def test_a_program_that_begins_with_the_header_is_what_follows_it() -> None:
    assert continuation(HEADER + "    return sum(values)\n", HEADER, "total") == "    return sum(values)\n"


@pytest.mark.parametrize("program", [
    "def total(values):\n    '''Sums.'''\n    # a comment\n    return sum(values)\n",
    "import math\n\n\ndef total(values):\n    return int(math.fsum(values))\n",
    "def total(values):\n    return add(values)\n\n\ndef add(values):\n    return sum(values)\n\n\nprint(total([1]))\n",
    "def total(values):\n  for value in values:\n    pass\n  return sum(values)\n",
    "def total(values): return sum(values)\n",
    "def total(values):\n    text = '''\nfirst\n  second'''\n    return sum(values) if text[1:6] == 'first' else 0\n",
    "START = 0\n\ndef total(values):\n    return sum(values, START)\n\nif __name__ == '__main__':\n    input()\n",
    "from typing import List\n\ndef total(values: List[int]):\n    return sum(values)\n\nassert total([]) == 0\n",
])
def test_another_models_program_becomes_a_body(program: str) -> None:
    completion = continuation(program, HEADER, "total")
    assert runs(completion) == 6
    assert completion is not None
    assert len(ast.parse(HEADER + completion).body) == 2  # the import and the function: nothing stands behind


@pytest.mark.parametrize("program", [
    "def total(numbers):\n    return sum(numbers)\n", "def other(values):\n    return 0\n", "total = sum\n",
    "def total(values):\n    return (\n", "def total(values):\n    '''Sums.'''\n", "",
    "from math import *\ndef total(values):\n    return 0\n",
])
def test_what_cannot_follow_the_header_is_none(program: str) -> None:
    assert answer(program, FUNCTION, "completion") is None


def test_the_kind_of_prompt_decides_the_answer() -> None:
    program = "def total(values):\n    return sum(values)\n"
    assert answer(program, FUNCTION, "completion") == "    return sum(values)\n"
    assert answer(program, FUNCTION, "instruct") == f"```python\n{program.strip()}\n```"
    assert answer(program, WORDS, "completion") == program


def experience(program: str, prompt: object = "another prompt", task: str = "humaneval/1") -> Experience:
    return Experience(task, prompt, program, 0.5, False, benchmark="humaneval",  # type: ignore[arg-type]
                      completion="said by the model", extraction="completion", prefix=HEADER)


def test_own_programs_stay_as_they_were_written_and_others_are_put_behind_the_learners_prompt() -> None:
    prompts = PromptOptions(family="generic", kind="completion")
    asked = render(FUNCTION, family="generic", kind="completion")
    own = experience(HEADER + "    return 1\n", asked)
    other = experience("def total(values):\n    return 2\n")
    useless = experience("def unknown():\n    return 3\n")
    lessons = make_lessons([own, other, useless, own], [1.0, 0.5, 1.0, 2.0], {"humaneval/1": FUNCTION}, prompts=prompts)
    assert [(e.prompt, e.completion, e.weight) for e in lessons.examples] == [
        (asked, "    return 1\n", 1.0), (asked, "    return 2\n", 0.5), (asked, "    return 1\n", 2.0)]
    assert (lessons.places, lessons.left_out, lessons.rewritten) == ([0, 1, 3], 1, 1)


def test_a_budget_takes_the_first_draws() -> None:
    prompts = PromptOptions(family="generic", kind="completion")
    drawn = [experience(f"def total(values):\n    return {'1' * size}\n") for size in (1, 2, 3, 1)]
    lessons = make_lessons(drawn, [1.0] * 4, {"humaneval/1": FUNCTION}, prompts=prompts, budget=30, tokens=len)
    # 13 and 14 characters fit, 15 more do not; what comes after is not taken in their place
    assert lessons.places == [0, 1]
    assert lessons.over_budget == 2


def test_nothing_to_train_on_is_told() -> None:
    prompts = PromptOptions(family="generic", kind="completion")
    with pytest.raises(ConfigError, match="none of 1 programs that were drawn can follow the prompt"):
        make_lessons([replace(experience("x = 1\n"), program="x = 1\n")], [1.0], {"humaneval/1": FUNCTION},
                     prompts=prompts)


def test_a_model_of_function_bodies_learns_behind_the_header_that_it_is_asked_with() -> None:
    prompts = PromptOptions(family="embedded", kind="completion")
    shown = (AssertionTest("assert total([1, 2]) == 3"),)
    words = replace(WORDS, public_tests=shown)
    asked = render(prompts.asked(words), "embedded", "completion")
    assert str(asked).startswith("def total(values: list[int]) -> int:\n")
    assert isinstance(asked, str)
    body = "    return sum(values)\n"
    own = Experience("mbpp/601", asked, asked + body, 1.0, True, completion=body, prefix=asked, extraction="completion")
    lessons = make_lessons([own], [1.0], {"mbpp/601": words}, prompts=prompts)
    assert [(example.prompt, example.completion) for example in lessons.examples] == [(asked, body)]
    assert lessons.rewritten == 0
