"""From a sampled continuation to a program that can be run.

    executable("def f(x):\\n", "    y = x + 1\\n    while y")   # "def f(x):\\n    y = x + 1\\n"
    executable("", "def f(x):\\n    for i in x:\\n")            # "def f(x):\\n    for i in x:\\n        pass\\n"

A candidate stops wherever its horizon ends, so the end is cut back line by line until the rest parses; a block that is
left open is closed with `pass`, a `try` with `finally: pass`, neither of which changes what the lines before do.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from eg_cfg.grading.normalise import program_hash
from eg_cfg.grading.syntax import parse

TOKENS_PER_LINE = 64
"""Tokens that a candidate may have for each line of its horizon, where nobody says."""

_TRY = re.compile(r"^([ \t]*)try[ \t]*:", re.MULTILINE)


def lines_of(text: str) -> int:
    """Lines that are finished and not blank: the unit in which refresh and horizon are counted."""
    return sum(1 for line in text.split("\n")[:-1] if line.strip())


def upto_line(text: str, count: int) -> str:
    """The text up to the newline that finishes its `count`-th line that is not blank; all of it where it has fewer."""
    end = found = 0
    while found < count:
        newline = text.find("\n", end)
        if newline < 0:
            return text
        found += bool(text[end:newline].strip())
        end = newline + 1
    return text[:end]


def executable(prefix: str, code: str) -> str | None:
    """The longest part of a program that parses.

    Args:
        prefix: What the prompt itself gives of the program; may leave a function open.
        code: What was written after it.

    Returns:
        A whole program that begins with `prefix` and holds at least one line of `code`; none where there is none.
    """
    lines = code.split("\n")
    while lines:
        if lines[-1].strip():
            for ending in _endings(prefix + "\n".join(lines)):
                if parse(ending) is not None:
                    return ending
        lines.pop()
    return None


def undocumented(prefix: str) -> str:
    """What the prompt gives of a program without its docstrings, which a signal need not repeat with each candidate.

    Args:
        prefix: May leave a function open at its end; the header of a function that held nothing else stays as it is,
            for what follows to go on from.
    """
    tree = parse(prefix.rstrip() + "\n")
    lines = prefix.split("\n")
    for node in reversed(list(ast.walk(tree)) if tree is not None else []):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        first = node.body[0]
        documented = (isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
                      and isinstance(first.value.value, str))
        is_open = tree is not None and node is tree.body[-1]
        if not documented or (len(node.body) == 1 and not is_open) or first.lineno == node.lineno:
            continue
        end = first.end_lineno or first.lineno
        if lines[first.lineno - 1][: first.col_offset].strip() or lines[end - 1][first.end_col_offset or 0:].strip():
            continue
        del lines[first.lineno - 1: end]
    return "\n".join(lines)


def first_of_each(programs: Iterable[str | None]) -> list[int | None]:
    """For each program the place of the first one that is the same up to layout; none where there is no program."""
    seen: dict[str, int] = {}
    found: list[int | None] = []
    for place, program in enumerate(programs):
        found.append(None if program is None else seen.setdefault(program_hash(program), place))
    return found


def _endings(text: str) -> Iterable[str]:
    text = text.rstrip() + "\n"
    yield text
    last = text.rstrip().rpartition("\n")[2]
    own = last[: len(last) - len(last.lstrip())]
    closed = text
    if last.partition("#")[0].rstrip().endswith(":"):
        closed = f"{text}{own}    pass\n"
        yield closed
    tries = [found[1] for found in _TRY.finditer(text)]
    if tries:
        for indent in sorted(set(tries), key=len, reverse=True):
            closed += f"{indent}finally:\n{indent}    pass\n"
            yield closed
