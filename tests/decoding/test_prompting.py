"""Prompts: the plain one is the usual one, the other differs by the signal, which stands before the marker."""

from __future__ import annotations

import dataclasses

import pytest
from random_coders import problems

from eg_cfg.benchmarks.base import ContextTest, Problem, StdioTest
from eg_cfg.decoding.prompting import frame_for, resolve
from eg_cfg.errors import ConfigError
from eg_cfg.models.base import Chat, Prompt
from eg_cfg.models.fake import text_of
from eg_cfg.models.prompts import render

FUNCTION, DESCRIPTION, WITH_IMPORT = problems(3)
PROGRAM = Problem("apps/0", "apps", "Read two numbers and print their sum.", public_tests=(StdioTest("1 2\n", "3\n"),))
SNIPPET = Problem("ds1000/0", "ds1000", "A:\n<code>\nimport numpy as np\n", public_tests=(ContextTest("x = 1"),))
SIGNAL = "THE SIGNAL\n"


def text(prompt: Prompt) -> str:
    assert isinstance(prompt, str)
    return prompt


@pytest.mark.parametrize("problem", [FUNCTION, DESCRIPTION, WITH_IMPORT, PROGRAM, SNIPPET], ids=lambda p: p.task_id)
def test_a_base_model_gets_its_usual_prompt_and_the_signal_above_it(problem: Problem) -> None:
    frame = frame_for(problem, "completion", chat=False)
    assert frame.plain == render(problem, "generic", "completion")
    with_signal = text(frame.conditional(SIGNAL))
    assert with_signal.replace(SIGNAL, "") == frame.plain
    assert with_signal.endswith(text(frame.plain).removeprefix("import math\n\n\n"))
    if problem is WITH_IMPORT:
        assert with_signal.startswith("import math\n\n\nTHE SIGNAL\ndef f2(x):\n")


@pytest.mark.parametrize("kind", ["deepseek_instruct", "long_code"])
@pytest.mark.parametrize("problem", [FUNCTION, DESCRIPTION, WITH_IMPORT, PROGRAM], ids=lambda p: p.task_id)
def test_an_instruction_ends_in_an_open_fence_with_what_is_given(kind: str, problem: Problem) -> None:
    frame = frame_for(problem, kind, chat=False)  # type: ignore[arg-type]
    plain, conditional = text(frame.plain), text(frame.conditional(SIGNAL))
    marker = f"\n### Response:\n```python\n{problem.completion_prefix}"
    assert plain.endswith(marker)
    assert conditional.endswith("THE SIGNAL" + marker)
    shared = conditional.index("THE SIGNAL")
    assert plain[: shared - 2].strip() == conditional[:shared].strip()[: len(plain[: shared - 2].strip())]
    assert problem.prompt.strip() in plain
    assert plain.count("```python") == plain.count("\n```\n") + 1 + plain.count("one ```python block")
    assert frame.stop == ("\n```",)
    if problem is PROGRAM:
        assert "standard input" in plain
    if kind == "deepseek_instruct":
        assert plain.count("### Example") == 3


def test_a_chat_goes_on_in_the_assistants_turn() -> None:
    frame = frame_for(DESCRIPTION, "auto", chat=True)
    plain: Chat = frame.plain  # type: ignore[assignment]
    assert [message.role for message in plain] == ["user", "assistant"]
    assert plain[1].content == "```python\n"
    conditional: Chat = frame.conditional(SIGNAL)  # type: ignore[assignment]
    assert conditional[0].content == plain[0].content + "\n\nTHE SIGNAL"
    assert conditional[1] == plain[1]
    assert "### Example 3" in text_of(plain)


def test_auto_follows_the_tokenizer() -> None:
    assert resolve("auto", supports_chat=True) == "deepseek_instruct"
    assert resolve("auto", supports_chat=False) == "completion"
    assert resolve("long_code", supports_chat=True) == "long_code"


def test_auto_follows_what_the_model_says_that_it_reads() -> None:
    assert resolve("auto", supports_chat=True, reads="signal_tokens") == "signal_tokens"
    assert resolve("completion", supports_chat=False, reads="signal_tokens") == "completion"
    for wrong in ("auto", "signals"):
        with pytest.raises(ConfigError, match=f"reads '{wrong}': expected one of deepseek_instruct, .*config.json"):
            resolve("auto", supports_chat=False, reads=wrong)
    assert resolve("long_code", supports_chat=False, reads="signals") == "long_code"


def test_lines_in_a_context_cannot_be_asked_for_as_a_program() -> None:
    with pytest.raises(ConfigError, match=r"ds1000 for lines in a given context: pass --prompt-type completion"):
        frame_for(SNIPPET, "deepseek_instruct", chat=True)


def test_shown_tests_are_in_the_instruction_once() -> None:
    plain = text(frame_for(DESCRIPTION, "long_code", chat=False).plain)
    assert plain.count("assert f1(1) == 2") == 1
    hidden = dataclasses.replace(DESCRIPTION, prompt="Write f1.")
    assert text(frame_for(hidden, "long_code", chat=False).plain).count("assert f1(1) == 2") == 1


def test_programs_hold_what_was_given_and_lose_what_was_cut_off() -> None:
    frame = frame_for(FUNCTION, "completion", chat=False)
    assert frame.program("    return x\n") == FUNCTION.completion_prefix + "    return x\n"
    assert frame.program("    return x\n\n\ny = (").rstrip() == FUNCTION.completion_prefix + "    return x"
    whole = frame_for(DESCRIPTION, "deepseek_instruct", chat=True)
    assert whole.program("def f1(x):\n    return x + 1\n") == "def f1(x):\n    return x + 1\n"
