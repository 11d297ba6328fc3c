"""Takes the program out of what a model wrote.

    extract(reply, kind="chat", entry_point="remove_Occ").program
    extract(text, kind="completion", prefix=problem.completion_prefix, stop=HUMANEVAL_STOPS)
    extract(row["completion"], kind="verbatim", prefix=problem.completion_prefix)  # parity

Kinds of text:

`verbatim`    the program is `prefix + text`, to the letter. For files of samples that must get the verdicts
              that a benchmark's own harness gives; nothing is repaired.
`completion`  continues `prefix`: special tokens go, lost indentation and a repeated header are put right.
`solution`    a whole program; unwrapped only if it does not parse as it stands.
`chat`        a reply with fenced blocks, prose and thoughts.
`snippet`     DS-1000: statements in `<code>` or `BEGIN SOLUTION`; kept with their indentation.

What parses as it stands is returned to the letter, so extraction leaves its own output alone. A text that
stops in the middle of a statement keeps the complete top-level statements before it, if they hold the entry
point, and is marked `truncated`. Code inside `<think>` is read only where the answer has none.

Of several fenced blocks the best is taken, in this order: Python or no language named; defines the entry
point; parses; defines something or reads input (a demonstration does neither); then the first, or the last
with `prefer="last"` as LiveCodeBench does. Blocks are never merged.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar, get_args

from eg_cfg.errors import UsageError
from eg_cfg.grading.continuation import has_body, joins, open_function, whole_program
from eg_cfg.grading.fences import Block, fenced_blocks
from eg_cfg.grading.syntax import (
    code_spans,
    complete_prefix,
    defined_names,
    ends_early,
    is_prose,
    module_level,
    parse,
)
from eg_cfg.grading.wrappers import between_markers, in_code_tag, split_thoughts, strip_tokens

T = TypeVar("T")
Prefer = Literal["first", "last"]
Kind = Literal["verbatim", "completion", "solution", "chat", "snippet"]
KINDS: tuple[str, ...] = get_args(Kind)
Status = Literal["ok", "empty", "truncated", "unparsable"]

HUMANEVAL_STOPS: tuple[str, ...] = ("\nclass ", "\ndef ", "\n#", "\nif __name__", "\nprint(", "\nassert")
"""Where a base model that continues a function body has begun something else."""

_READS_INPUT = re.compile(r"\binput\s*\(|\bstdin\b|\bopen\s*\(\s*0\s*[,)]")


@dataclass(frozen=True, slots=True)
class Extraction:
    """A program, and how it was come by."""

    program: str
    """The whole program, the prefix included; empty where the text holds no code."""
    method: str
    """Where it was found: `verbatim`, `whole`, `tokens`, `fence`, `span`, `thoughts`, `markers`, `none`, or
    the way in which a completion was joined (`literal`, `header`, `first-line`, `indented`)."""
    empty: bool
    """Nothing but white space was written, or no code was found."""
    truncated: bool
    """The text stops before its program, its fence or its thoughts end."""
    parses: bool
    """Whether `program` parses; for a snippet, once its common indentation is taken off."""

    @property
    def status(self) -> Status:
        """One word for counting; the first that is true of `empty`, `truncated`, `unparsable`, `ok`."""
        if self.empty:
            return "empty"
        if self.truncated:
            return "truncated"
        return "ok" if self.parses else "unparsable"


def extract(text: str, *, kind: Kind, prefix: str = "", suffix: str = "", entry_point: str | None = None,
            stop: Sequence[str] = (), prefer: Prefer = "first") -> Extraction:
    """Takes the program out of `text`. No text makes it raise.

    Args:
        text: What the model wrote.
        kind: What kind of text it is; see the module.
        prefix: What a completion continues. For a chat reply, the prompt whose imports and helpers the
        program needs. suffix: What follows a fill-in-the-middle completion.
        entry_point: Name of the function or class that the tests call.
        stop: A completion or solution is cut at the first of these, blank lines at its beginning apart; off
            by default. A stop sequence with a fence in it also says that a block without an end is not cut
        off. prefer: Which of equally good fenced blocks is taken.

    Raises:
        UsageError: `kind` is not one of `KINDS`.
    """
    if kind not in KINDS:
        raise UsageError(f"expected a kind of text, one of {', '.join(KINDS)}; found {kind!r}")
    if kind == "verbatim":
        return _result(prefix + text + suffix, "verbatim", empty=not text.strip())
    text = _plain(text)
    if kind in ("completion", "solution"):
        text = _cut_at(stop, text)
    if not text.strip():
        program = prefix + text + suffix if kind == "completion" else ""
        return _result(program, "none", empty=True)
    if kind == "snippet":
        return _snippet(text, prefer)
    if kind == "completion":
        return _completion(text, prefix, suffix, entry_point, prefer)
    return _reply(text, prefix, entry_point, prefer, fence_stops=any("```" in s for s in stop),
                  solution=kind == "solution")


def _plain(text: str) -> str:
    """The text with `\\n` line ends and without byte order marks and NULs, which no program needs."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").removeprefix("\ufeff")


def _cut_at(stop: Sequence[str], text: str) -> str:
    begin = len(text) - len(text.lstrip("\n"))
    places = [at for at in (text.find(s, begin) for s in stop if s) if at >= 0]
    return text[: min(places)] if places else text


def _result(program: str, method: str, *, empty: bool = False, truncated: bool = False) -> Extraction:
    parses = parse(program) is not None
    return Extraction(program, method, empty, truncated or (not parses and ends_early(program)), parses)


def _completion(text: str, prefix: str, suffix: str, entry_point: str | None,
                prefer: Prefer) -> Extraction:
    name = entry_point or open_function(prefix)
    clean = strip_tokens(text)
    bare, _ = _unfenced(_answer(clean), name, prefer)
    texts = list(dict.fromkeys([text, clean, bare]))
    for candidate in texts:
        for program, method in joins(prefix, candidate, suffix, name):
            if has_body(program, name):
                return _result(program, method)
    for candidate in texts:
        for program, method in joins(prefix, candidate, suffix, name):
            kept = complete_prefix(program)
            if kept is not None and len(kept) > len(prefix.rstrip()) and has_body(kept, name):
                return _result(kept, method, truncated=True)
    return _result(prefix + bare + suffix, "literal", empty=not bare.strip())


def _answer(text: str) -> str:
    split = split_thoughts(text)
    return split.answer if split.answer.strip() else text


def _unfenced(text: str, entry_point: str | None, prefer: Prefer) -> tuple[str, bool]:
    """The code of a completion that came in a fence, or that ends one which the prompt opened; whether it ends."""
    before, blocks = fenced_blocks(text)
    if not blocks:
        return text, True
    if before.strip() and not blocks[0].language:
        return before, True
    best = max(_ordered(blocks, prefer), key=lambda b: _rank(b, entry_point))
    return best.code, best.closed


def _reply(text: str, prefix: str, entry_point: str | None, prefer: Prefer, *,
           fence_stops: bool, solution: bool) -> Extraction:
    if _is_program(text, entry_point) or (solution and parse(text) is not None):
        return _result(whole_program(prefix, text, entry_point), "whole")
    split = split_thoughts(text)
    found = _in_answer(split.answer, prefix, entry_point, prefer, fence_stops)
    if found is None:
        found = _in_answer(split.thoughts, prefix, entry_point, "last", fence_stops)
        found = replace(found, method="thoughts") if found else None
    if found is None and (solution or defined_names(split.answer)):
        found = _result(strip_tokens(split.answer), "whole")
    if found is None:
        found = Extraction("", "none", empty=True, truncated=False, parses=True)
    return replace(found, truncated=found.truncated or not split.closed, empty=not found.program.strip())


def _in_answer(text: str, prefix: str, entry_point: str | None, prefer: Prefer,
               fence_stops: bool) -> Extraction | None:
    before, blocks = fenced_blocks(text)
    if blocks and not blocks[0].language and _is_program(before, entry_point):
        # The prompt opened the fence: the reply begins with code, and what looks like an opening is its end.
        return _place(before, prefix, entry_point, "fence")
    blocks = [block for block in blocks if block.code.strip()]
    if blocks:
        best = max(_ordered(blocks, prefer), key=lambda b: _rank(b, entry_point))
        placed = _place(best.code, prefix, entry_point, "fence")
        return replace(placed, truncated=placed.truncated or not (best.closed or fence_stops))
    clean = strip_tokens(text)
    if clean != text and _is_program(clean, entry_point):
        return _place(clean, prefix, entry_point, "tokens")
    spans = code_spans(clean)
    if spans:
        span = max(_ordered(spans, prefer), key=lambda s: (*_merit(s, entry_point), len(s)))
        placed = _place(span, prefix, entry_point, "span")
        return replace(placed, truncated=placed.truncated or ends_early(clean[clean.find(span[:-1]) :]))
    body = _place(clean, prefix, entry_point, "span") if prefix and clean.strip() else None
    return body if body is not None and body.parses else None


def _place(code: str, prefix: str, entry_point: str | None, method: str) -> Extraction:
    """A whole program from a reply's code: with what the prompt defines, without tokens or a cut-off tail."""
    name = entry_point or open_function(prefix)
    if parse(code) is None and parse(strip_tokens(code)) is not None:
        code = strip_tokens(code)
    if prefix.strip() and name and name not in defined_names(code):
        for program, _ in joins(prefix, code, "", name):
            if has_body(program, name):
                return _result(program, method)
    kept = complete_prefix(code)
    if kept is not None and (name is None or name in defined_names(kept)):
        return _result(whole_program(prefix, kept, name), method, truncated=True)
    return _result(whole_program(prefix, code, name), method)


def _snippet(text: str, prefer: Prefer) -> Extraction:
    code, closed = between_markers(text), True
    if code != text and not _parses_dedented(code) and _parses_dedented(text):
        code = text  # the marker is a line of a string in a program that is whole
    method = "whole" if code == text else "markers"
    if not _parses_dedented(code):
        code = in_code_tag(_answer(code))
        method = "markers"
    if not _parses_dedented(code):
        inner, closed = _unfenced(code, None, prefer)
        method = "markers" if inner == code else "fence"
        code = in_code_tag(inner)
    if not _parses_dedented(code):
        code = strip_tokens(code)
    parses = _parses_dedented(code)
    truncated = not closed or (not parses and ends_early(textwrap.dedent(code)))
    return Extraction(code, method, not code.strip(), truncated, parses)


def _parses_dedented(code: str) -> bool:
    """Whether a snippet parses where a harness may put it into a function: `return` is admitted."""
    return parse("def _():\n" + textwrap.indent(textwrap.dedent(code), "    ") + "\n    pass\n") is not None


def _is_program(text: str, entry_point: str | None) -> bool:
    """Whether a text is code as it stands, not words that happen to parse."""
    tree = parse(text)
    if tree is None:
        return False
    if entry_point is not None and entry_point in defined_names(text):
        return True
    return any(not is_prose(statement) for statement in tree.body)


def _rank(block: Block, entry_point: str | None) -> tuple[bool, bool, bool, int, bool]:
    return not block.foreign, *_merit(block.code, entry_point), bool(block.language)


def _merit(code: str, entry_point: str | None) -> tuple[bool, bool, int]:
    """What speaks for `code` being the answer: defines the entry point, parses, is no demonstration."""
    tree = parse(code)
    return entry_point is not None and entry_point in defined_names(code), tree is not None, _work(code, tree)


def _work(code: str, tree: ast.Module | None) -> int:
    """2: defines something or reads input; 1: other statements; 0: words, or a bare value."""
    if _READS_INPUT.search(code):
        return 2
    if tree is None:
        return 2 if defined_names(code) else 1
    for statement in module_level(tree):
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return 2
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Lambda):
            return 2
    return int(any(not is_prose(statement) for statement in tree.body))


def _ordered(found: list[T], prefer: Prefer) -> list[T]:
    """`max` takes the first of equals; so this puts the preferred one first."""
    return found if prefer == "first" else found[::-1]
