from __future__ import annotations

import ast
import gzip
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from eg_cfg.errors import UsageError
from eg_cfg.grading.extraction import HUMANEVAL_STOPS, KINDS, Kind, extract
from eg_cfg.grading.fences import fenced_blocks
from eg_cfg.grading.syntax import defined_names, parse
from eg_cfg.grading.wrappers import split_thoughts, strip_tokens

F = "def f(x):\n    return x + 1\n"
G = "def g(x):\n    return x - 1\n"
PROMPT = 'import math\n\ndef helper(x):\n    return x\n\ndef f(x):\n    """Adds one.\n    >>> f(1)\n    2\n    """\n'


def fence(code: str, language: str = "python") -> str:
    return f"```{language}\n{code}```\n"


def run(program: str, name: str = "f", *args: Any) -> Any:
    """The result of a program of this file's own."""
    scope: dict[str, Any] = {}
    exec(compile(program, "<program>", "exec"), scope)
    return scope[name](*args)


# -- fenced blocks ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reply", [
    fence(F), fence(F, "py"), fence(F, ""), fence(F, "Python"), fence(F, "python3"), fence(F, "{.python}"),
    fence(F, 'python title="a.py"'), f"~~~python\n{F}~~~\n", f"````python\n{F}````\n",
    f"Here you are:\n\n{fence(F)}\nIt adds one.", f"Here: ```python\n{F}```", f"```python\n{F.rstrip()}```\nDone.",
    "1. First\n\n   ```python\n   def f(x):\n       return x + 1\n   ```\n", f"{fence(F).rstrip()}<|im_end|>\n",
    fence(F).replace("\n", "\r\n"), "\ufeff" + fence(F), f"```bash\npip install x\n```\n{fence(F)}",
    f"{F}```\nThis function adds one.\n", f"{fence(F)}Usage:\n{fence('print(f(1))' + chr(10))}",
    f"{fence('assert f(1) == 2' + chr(10))}{fence(F)}", f"{fence('1 2 3' + chr(10), '')}{fence(F)}",
])
def test_fenced_program_is_found(reply: str) -> None:
    found = extract(reply, kind="chat")
    assert found.program == F
    assert (found.status, found.method, found.parses) == ("ok", "fence", True)


def test_entry_point_decides_between_blocks_and_the_first_of_equals_is_taken() -> None:
    reply = fence(G) + "or\n" + fence(F) + "or\n" + fence(F.replace("1", "2"))
    assert extract(reply, kind="chat").program == G
    assert extract(reply, kind="chat", entry_point="f").program == F
    assert extract(reply, kind="chat", entry_point="f", prefer="last").program == F.replace("1", "2")
    assert extract(reply, kind="chat", entry_point="absent").program == G


def test_entry_point_may_be_a_lambda_or_an_import() -> None:
    assert extract(fence("x = 1\n") + fence("f = lambda x: x\n"), kind="chat", entry_point="f").program.startswith("f")
    reply = fence("print(1)\n") + fence("from math import floor as f\n")
    assert extract(reply, kind="chat", entry_point="f").program.startswith("from")


def test_a_block_that_defines_the_entry_point_beats_one_that_only_parses() -> None:
    broken = "def f(x):\n    return x +* 1\n"
    found = extract(fence("y = 1\n") + fence(broken), kind="chat", entry_point="f")
    assert found.program == broken
    assert found.status == "unparsable"


def test_program_that_reads_input_beats_its_sample_input() -> None:
    program = "n = int(input())\nprint(n)\n"
    assert extract(fence("5\n", "") + fence("print(5)\n") + fence(program), kind="chat").program == program


def test_block_without_end_is_truncated_and_keeps_whole_statements() -> None:
    found = extract(f"Here:\n```python\n{F}", kind="chat")
    assert (found.program, found.status) == (F, "truncated")
    cut = extract(f"```python\n{F}\nprint(f([1,", kind="chat", entry_point="f")
    assert (cut.program, cut.status, cut.parses) == (F, "truncated", True)
    lost = extract("```python\nimport math\ndef f(x):\n    return math.sqrt(", kind="chat", entry_point="f")
    assert lost.status == "truncated"
    assert not lost.parses
    assert extract(f"```python\n{F}", kind="chat", stop=["```"]).status == "ok"


def test_fence_inside_a_string_does_not_end_the_block() -> None:
    program = 'def f(x):\n    """Example:\n\n    ```python\n    f(1)\n    ```\n```\n    """\n    return x  # ```\n'
    assert extract(fence(program), kind="chat").program == program
    assert extract("Text.\n" + fence(program) + "More.\n" + fence(G), kind="chat").program == program


def test_block_left_open_by_the_next_opening() -> None:
    before, blocks = fenced_blocks(f"a\n```python\nx = (\n```python\n{F}```\n")
    assert before == "a\n"
    assert [(b.code, b.language, b.closed) for b in blocks] == [("x = (\n", "python", True), (F, "python", True)]


# -- thoughts, tokens, prose -----------------------------------------------------------------------------------


@pytest.mark.parametrize("reply", [
    f"<think>\nFirst try:\n{fence(G)}\n</think>\n{fence(F)}",
    f"First try:\n{fence(G)}\n</think>\n{fence(F)}",
    f"<thinking>{fence(G)}</thinking>{fence(F)}",
    f"<|channel|>analysis<|message|>{fence(G)}<|end|><|start|>assistant<|channel|>final<|message|>{fence(F)}",
])
def test_thoughts_are_not_the_answer(reply: str) -> None:
    assert extract(reply, kind="chat").program == F
    assert extract(reply, kind="chat", prefer="last").status == "ok"


def test_unclosed_thoughts_are_truncated_and_read_only_for_want_of_an_answer() -> None:
    found = extract(f"<think>Let me see\n{fence(G)}and then\n{fence(F)}but", kind="chat")
    assert (found.program, found.method, found.status) == (F, "thoughts", "truncated")
    assert extract(f"{fence(F)}<think>{fence(G)}", kind="chat").program == F
    nothing = extract("<think>Let me see, the function should", kind="chat")
    assert (nothing.program, nothing.empty, nothing.truncated, nothing.status) == ("", True, True, "empty")
    assert split_thoughts("a</think>b<think>c") == ("b", "ac", False)


@pytest.mark.parametrize("token", [
    "<|endoftext|>", "</s>", "<|im_end|>\n", "<|fim_end|>", "<｜end▁of▁sentence｜>", " <EOT>", "<|eot_id|>",
    "<file_sep>junk(",
    "<|endoftext|>import evil (", "<|fim_pad|><|fim_pad|>", "<end_of_turn>",
])
def test_special_tokens_are_taken_off(token: str) -> None:
    body = "    return x + 1"
    found = extract(body + token, kind="completion", prefix=PROMPT)
    assert found.program == PROMPT + body
    assert extract(F.rstrip() + token, kind="chat").program.rstrip() == F.rstrip()
    assert extract(F.rstrip() + token, kind="solution").program.rstrip() == F.rstrip()


@pytest.mark.parametrize("echo", [
    "<fim_prefix>def f(x):\n<fim_suffix>\n\ny = 1\n<fim_middle>    return x + 1<|endoftext|>",
    "<|fim_prefix|>def f(x):\n<|fim_suffix|>\n\ny = 1\n<|fim_middle|>    return x + 1<|fim_pad|>",
    "<｜fim▁begin｜>def f(x):\n<｜fim▁hole｜>\n\ny = 1\n<｜fim▁end｜>    return x + 1<｜end▁of▁sentence｜>",
    "<s><PRE>def f(x):\n<SUF>\n\ny = 1\n<MID>    return x + 1 <EOT>",
])
def test_echoed_fim_prompt_is_put_in_order(echo: str) -> None:
    assert strip_tokens(echo) == "def f(x):\n    return x + 1\n\ny = 1\n"


def test_fim_middle_goes_between_prefix_and_suffix() -> None:
    found = extract("<fim_middle>x + 1<|endoftext|>", kind="completion", prefix="def f(x):\n    return ", suffix="\n")
    assert found.program == F


def test_tokens_in_the_programs_own_strings_stay() -> None:
    program = 'def f(x):\n    return x + "</s><|endoftext|><think>"\n'
    for kind in ("solution", "chat", "verbatim"):
        assert extract(program, kind=kind).program == program
    assert extract(fence(program), kind="chat").program == program


def test_code_between_prose_without_fences() -> None:
    reply = f"Here is the function:\n\nimport math\n{F}\nThis function works by adding one to x, see above.\n"
    found = extract(reply, kind="chat", entry_point="f")
    assert (found.program, found.method, found.status) == ("import math\n" + F, "span", "ok")


@pytest.mark.parametrize("reply", ["Yes", "I cannot solve this.", "Answer: yes", "", " \n\t\n", "```python\n```",
    "..."])
def test_reply_without_code_is_empty(reply: str) -> None:
    found = extract(reply, kind="chat", entry_point="f")
    assert (found.program, found.status, found.method) == ("", "empty", "none")


# -- completions -----------------------------------------------------------------------------------------------


BODY = "    y = x\n    if y:\n        y += 1\n    return y\n"


@pytest.mark.parametrize(("completion", "method"), [
    (BODY, "literal"),
    (BODY.lstrip(), "first-line"),
    (BODY[1:], "first-line"),
    ("y = x\nif y:\n    y += 1\nreturn y\n", "indented"),
    ("  y = x\n  if y:\n    y += 1\n  return y\n", "indented"),
    ("def f(x):\n" + BODY, "literal"),
    (fence("def f(x):\n" + BODY), "literal"),
    (fence(BODY), "literal"),
    (BODY + "```\nThis adds one.", "literal"),
    (f"Sure!\n{fence('def f(x):' + chr(10) + BODY)}Done.", "literal"),
    (BODY + "\nassert f(1) == [2,", "literal"),
    (BODY.replace("\n", "\r\n"), "literal"),
])
def test_body_in_whatever_shape_continues_the_prompt(completion: str, method: str) -> None:
    found = extract(completion, kind="completion", prefix=PROMPT, entry_point="f")
    assert run(found.program, "f", 1) == 2
    assert found.program.startswith(PROMPT)
    assert found.method == method


@pytest.mark.parametrize("reply", [BODY, BODY.lstrip(), fence(BODY), "y = x\nif y:\n    y += 1\nreturn y\n"])
def test_chat_reply_with_the_body_alone(reply: str) -> None:
    assert run(extract(reply, kind="chat", prefix=PROMPT, entry_point="f").program, "f", 1) == 2


def test_repeated_header_where_the_prompt_has_no_docstring() -> None:
    prefix = "import math\ndef f(x):\n"
    found = extract("def f(x):\n    return math.floor(x) + 1\n", kind="completion", prefix=prefix)
    assert (found.method, run(found.program, "f", 1.5)) == ("header", 2)
    assert found.program == "import math\ndef f(x):\n    return math.floor(x) + 1\n"


def test_chat_program_gets_the_prompts_imports_and_helpers_once() -> None:
    code = "def f(x):\n    return math.floor(helper(x)) + 1\n"
    program = extract(fence(code), kind="chat", prefix=PROMPT, entry_point="f").program
    assert run(program, "f", 1.5) == 2
    assert "Adds one" not in program
    assert extract(program, kind="chat", prefix=PROMPT, entry_point="f").program == program
    future = "from __future__ import annotations\n" + code
    assert run(extract(fence(future), kind="chat", prefix=PROMPT, entry_point="f").program, "f", 1.5) == 2


def test_stop_sequences_cut_only_when_given() -> None:
    completion = "\n    return x + 1\n\n# next\nclass A:\n    pass\n"
    assert "class A" in extract(completion, kind="completion", prefix=PROMPT).program
    cut = extract(completion, kind="completion", prefix=PROMPT, stop=HUMANEVAL_STOPS)
    assert cut.program == PROMPT + "\n    return x + 1\n"
    verbatim = extract(completion + "x = [", kind="verbatim", prefix=PROMPT, stop=HUMANEVAL_STOPS)
    assert verbatim.program == PROMPT + completion + "x = ["
    assert verbatim.status == "truncated"
    repeated = extract("\ndef f(x):\n    return 2\n", kind="completion", prefix=PROMPT, stop=HUMANEVAL_STOPS)
    assert run(repeated.program, "f", 1) == 2


def test_verbatim_repairs_nothing() -> None:
    for text in (fence(F), BODY.lstrip(), "\ufeff" + F, F + "</s>", F.replace("\n", "\r\n"), "return 1"):
        assert extract(text, kind="verbatim", prefix="#\n").program == "#\n" + text
    assert extract("\n", kind="verbatim", prefix=PROMPT).empty


def test_wrong_program_in_the_middle_is_not_repaired_by_leaving_it_out() -> None:
    broken = "import math\ndef f(x):\n    return (x\n\ndef g(y):\n    return y\n"
    found = extract(broken, kind="solution", entry_point="g")
    assert (found.program, found.status) == (broken, "unparsable")


def test_empty_completion_keeps_the_prompt() -> None:
    found = extract("\n", kind="completion", prefix=PROMPT)
    assert (found.status, found.program) == ("empty", PROMPT + "\n")


# -- snippets --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [
    "result = df.sum()\n", "<code>\nresult = df.sum()\n</code>", "result = df.sum()\n</code>\nEND SOLUTION\nx",
    "BEGIN SOLUTION\n<code>\nresult = df.sum()\n</code>\nEND SOLUTION\n", fence("result = df.sum()\n"),
    "### BEGIN SOLUTION\nresult = df.sum()\n### END SOLUTION\n",
    "# SOLUTION START\nresult = df.sum()\n# SOLUTION END",
    "The answer:\n<code>\nresult = df.sum()\n</code>\nas asked", "result = df.sum()<|endoftext|>",
    "result = df.sum()\n```\nThis sums.",
])
def test_snippet(text: str) -> None:
    found = extract(text, kind="snippet")
    assert (found.program.strip(), found.status) == ("result = df.sum()", "ok")


def test_snippet_keeps_indentation_and_may_return() -> None:
    code = "    result = df.sum()\n    return result\n"
    found = extract(f"<code>\n{code}</code>", kind="snippet")
    assert (found.program, found.parses) == (code, True)
    assert extract("<code>\nx = df[", kind="snippet").status == "truncated"


# -- any text --------------------------------------------------------------------------------------------------


SHARDS = st.sampled_from([
    F, G, BODY, "```", "```python\n", "\n```\n", "~~~\n", "<think>", "</think>", "<|endoftext|>", "</s>",
    "<fim_middle>", "<fim_prefix>",
    "<fim_suffix>", "<code>", "</code>", "BEGIN SOLUTION\n", "END SOLUTION", "\r\n", "\r", "\t", "\ufeff", "\x00",
    "\ud800", "\x0c",
    "'''",
    '"', "(", "]", "{", "\\", "\\\n", "def f(x):\n", "    ", " ", "\n", "class ",
    "é🙂", "return x", "Here is the code:\n", ":", "#",
    "@", "if x:\n", "else", "lambda", "x = ", "1",
])
TEXTS = st.one_of(st.text(), st.lists(SHARDS, max_size=24).map("".join),
                  st.text(alphabet=st.characters(codec=None, exclude_categories=())))


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.sampled_from(KINDS), st.sampled_from(["", PROMPT, "def f(x):\n", "x = (",
    "class A:\n  def f(self):\n"]),
       st.sampled_from([None, "f"]), st.sampled_from([(), HUMANEVAL_STOPS]))
@example("\ud800", "chat", PROMPT, "f", ())
@example("```\n\x00", "completion", "\x00", None, HUMANEVAL_STOPS)
def test_no_text_raises(text: str, kind: Kind, prefix: str, entry_point: str | None, stop: tuple[str, ...]) -> None:
    found = extract(text, kind=kind, prefix=prefix, entry_point=entry_point, stop=stop)
    if kind != "snippet":
        assert found.parses == (parse(found.program) is not None)
    if kind == "verbatim":
        assert found.program == prefix + text


NAMES = st.sampled_from(["f", "g", "alpha"])
STRINGS = st.one_of(st.text(max_size=12), st.lists(SHARDS, max_size=3).map("".join)).map(
    lambda s: "".join(c for c in s if c == "\n" or (c.isprintable())))


@st.composite
def programs(draw: st.DrawFn) -> str:
    """Valid programs with awkward strings and comments, each with at least one function."""
    parts = []
    for _ in range(draw(st.integers(1, 3))):
        text = draw(STRINGS)
        if draw(st.booleans()):
            shown = '"""' + text.replace("\\", "").replace('"', "") + ' """'
        else:
            shown = repr(text)
        comment = draw(STRINGS).replace("\n", " ")
        parts.append(f"def {draw(NAMES)}(x):\n    {shown}\n    return {text!r}, x  # {comment}\n")
    return draw(st.sampled_from(["\n", "\n\n", ""])).join(parts)


@settings(max_examples=200, deadline=None)
@given(programs(), st.sampled_from([None, "f", "g"]), st.sampled_from(["python", "py", ""]))
def test_fenced_program_is_returned_exactly(program: str, entry_point: str | None, language: str) -> None:
    ast.parse(program)
    for reply in (fence(program, language), f"Sure, here:\n\n{fence(program, language)}\nIt works."):
        found = extract(reply, kind="chat", entry_point=entry_point)
        assert found.program == program
        assert found.status == "ok"


@settings(max_examples=200, deadline=None)
@given(programs(), st.sampled_from(["verbatim", "solution", "chat", "completion", "snippet"]))
def test_whole_programs_are_left_alone(program: str, kind: Kind) -> None:
    once = extract(program, kind=kind).program
    assert once == program
    assert extract(once, kind=kind).program == once


def test_unknown_kind_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="verbatim, completion, solution, chat, snippet; found 'code'"):
        extract("x", kind="code")  # type: ignore[arg-type]
    assert get_args(Kind) == KINDS


@pytest.mark.parametrize("text", ["(" * 20_000, "- " * 20_000, "`" * 20_000, "```\n" * 5_000, "\\\n" * 5_000,
    " " * 50_000 + "x",
                                  "```python\nx=(\n" * 1_000, "<think>" * 5_000, "#" * 50_000, "a " * 20_000,
                                  "\n" + "\t" * 50_000 + "BEGIN", "def f():\n x=(\n" * 2_000])
def test_hostile_text_takes_no_long_time(text: str) -> None:
    began = time.process_time()
    for kind in get_args(Kind):
        extract(text, kind=kind, prefix=PROMPT, entry_point="f")
    assert time.process_time() - began < 20  # quadratic patterns took minutes


# -- what models wrote -----------------------------------------------------------------------------------------


def rows(name: str) -> Iterator[dict[str, Any]]:
    folder = os.environ.get("EG_CFG_DATA_DIR")
    if not folder or not (Path(folder) / name).exists():
        pytest.skip(f"needs {name} in the folder that EG_CFG_DATA_DIR names")
    with gzip.open(Path(folder) / name, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


@pytest.mark.parametrize("kind", ["chat", "solution"])
def test_replies_of_deepseek_coder_give_the_programs_that_were_published(kind: Kind) -> None:
    same = total = 0
    for row in rows("samples/mbpp_deepseek_coder_1.3b_instruct.jsonl.gz"):
        found = extract(row["raw"], kind=kind)
        assert (found.method, found.truncated) == ("fence", False)
        same += found.program == row["generation"]
        total += 1
    assert (same, total) == (500, 500)


def test_entry_points_do_not_change_the_published_programs() -> None:
    entry: dict[int, str] = {}
    for problem in rows("mbpp.jsonl.gz"):
        called = " ".join(problem["test_list"])
        entry[problem["task_id"]] = max((n for n in defined_names(problem["code"]) if n in called), default="")
    for row in rows("samples/mbpp_deepseek_coder_1.3b_instruct.jsonl.gz"):
        assert extract(row["raw"], kind="chat", entry_point=entry[row["task_id"]] or None).program == row["generation"]


def test_codegen_completions_that_passed_are_left_to_the_letter() -> None:
    problems = {p["task_id"]: p for p in rows("HumanEval.jsonl.gz")}
    counts = dict.fromkeys(["ok", "empty", "truncated", "unparsable"], 0)
    for row in rows("samples/humaneval_codegen16b_n20.jsonl.gz"):
        problem = problems[row["task_id"]]
        verbatim = extract(row["completion"], kind="verbatim", prefix=problem["prompt"])
        counts[verbatim.status] += 1
        if row["upstream_passed"]:
            found = extract(row["completion"], kind="completion", prefix=problem["prompt"],
                            entry_point=problem["entry_point"])
            assert (found.program, found.status) == (verbatim.program, "ok")
    assert counts == {"ok": 3106, "empty": 25, "truncated": 77, "unparsable": 72}


def test_a_marker_inside_a_string_of_a_whole_snippet_cuts_nothing() -> None:
    program = 'def f(x):\n    """first\nBEGIN SOLUTION\n """\n    return x\n'
    assert extract(program, kind="snippet").program == program
