"""The loops of plainly written programs, read off their indentation.

    by_layout("for i in range(3):\\n    print(i)\\n")     # what `loops.find_loops` says of it
    by_layout("x = (1,\\n     2)\\n")                      # None: has to be parsed

A syntax tree in a freshly forked process is a hundred pages of memory that nothing has touched yet, and most of what a
short trace costs; and no text of a program's is parsed by those who judge it. Where every statement stands on lines of
its own, indentation says as much, and any process can read it: time and memory grow with the text and no faster. None
where that is not plain to see: brackets over several lines, tabs, decorators, blocks on the line of their header.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

_Lines = dict[int, tuple["Loop", ...]]
_UNPLAIN = re.compile(r"[\t\r\f\0\1\2]")
_TEXTS = re.compile(
    r"#.*"
    r"|(?s:(?P<triple>'''|\"\"\")(?:(?:[^\\]|\\.)*?(?P=triple)|(?P<endless>.*)))"
    r"|'(?:[^'\\\n]|\\.)*'"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|(?P<open>['\"].*)")
"""Comments and strings; `endless` and `open` are strings without an end, taken with all that follows so that no text is
looked at again and again."""
_FIRST = re.compile(r"\w+")
_BLOCKS = frozenset({"for", "while", "def", "class"})
_UNREAD = frozenset({"async"})
_DEEPEST = 100
"""Blocks within blocks; Python allows no more."""
_CONSTANTS = frozenset({"True", "False", "None"})


class Loop(NamedTuple):
    """A `for` or `while` statement without its `else`."""

    first: int
    last: int
    turn: int
    """Another line that begins a turn, where the first is no step of its own: a constant condition may vanish."""


Runs = list[list[Any]]
"""First and last of consecutive lines, and the loops around them as lists of numbers: what can be sent."""


def packed(found: tuple[_Lines, frozenset[int]]) -> tuple[Runs, list[int]]:
    """What `by_layout` says, as plain data."""
    enclosing, quiet = found
    runs: Runs = []
    for line in sorted(enclosing):
        loops = [list(loop) for loop in enclosing[line]]
        if runs and runs[-1][1] == line - 1 and runs[-1][2] == loops:
            runs[-1][1] = line
        else:
            runs.append([line, line, loops])
    return runs, sorted(quiet)


def unpacked(runs: Runs, quiet: list[int]) -> tuple[_Lines, frozenset[int]]:
    """What `packed` was given."""
    enclosing: _Lines = {}
    for first, last, loops in runs:
        around = tuple([Loop(*loop) for loop in loops])
        for line in range(first, last + 1):
            enclosing[line] = around
    return enclosing, frozenset(quiet)


class _Block:
    """A loop, or the body of a definition, as its lines come."""

    __slots__ = ("begin", "endless", "first", "indent", "inner", "last", "loop")

    def __init__(self, indent: int, first: int, loop: bool, endless: bool) -> None:
        self.indent = indent
        self.first = self.last = first
        self.loop = loop
        self.endless = endless
        self.begin = 0
        """Line of its first statement; 0 before it."""
        self.inner: list[_Block] = []


def by_layout(source: str) -> tuple[_Lines, frozenset[int]] | None:
    """What `loops.find_loops` says of a program.

    Args:
        source: One that compiles; what is said of others means nothing.
    """
    if "\r" in source:
        source = source.replace("\r\n", "\n")
    if _UNPLAIN.search(source):
        return None
    if "#" in source or "'" in source or '"' in source:
        source = _TEXTS.sub(_without_text, source)
    if "\\" in source or "\2" in source:
        return None
    quiet: list[int] = []
    whole = _Block(-1, 0, False, False)
    open_blocks = [whole]
    for number, line in enumerate(source.split("\n"), start=1):
        text = line.strip(" ")
        if not text:
            continue
        if not (text.count("(") == text.count(")") and text.count("[") == text.count("]")
                and text.count("{") == text.count("}")) or text[0] == "@":
            return None
        if "\1" in text:
            if text != "\1":
                return None
            for block in open_blocks:
                block.last = number
            continue
        indent = len(line) - len(line.lstrip(" "))
        while indent <= open_blocks[-1].indent:
            open_blocks.pop()
        for block in open_blocks:
            block.last = number
        if not open_blocks[-1].begin:
            open_blocks[-1].begin = number
        found = _FIRST.match(text)
        word = found[0] if found is not None else ""
        if word in _UNREAD:
            return None
        if word in ("import", "from"):
            quiet.append(number)
        elif "import" in text:  # behind a colon or a semicolon, perhaps
            return None
        elif word in _BLOCKS:
            endless = _is_endless(text) if word == "while" else False
            if text[-1] != ":" or endless is None:
                return None
            if word in ("def", "class"):
                quiet.append(number)
            if len(open_blocks) > _DEEPEST:
                return None
            block = _Block(indent, number, word in ("for", "while"), endless)
            open_blocks[-1].inner.append(block)
            open_blocks.append(block)
    enclosing: _Lines = {}
    _fill(whole, (), enclosing)
    return enclosing, frozenset(quiet)


def _without_text(found: re.Match[str]) -> str:
    """What stands for a comment or a string: its line breaks stay, and a mark before what follows the last of them."""
    text = found[0]
    if text[0] == "#":
        return ""
    if found["open"] is not None or found["endless"] is not None:
        return "\2"
    lines = text.count("\n")
    return "\0" + "\n" * lines + "\1" if lines else "\0"


def _is_endless(text: str) -> bool | None:
    """Whether a `while` has a constant for its condition; none where that takes more than a look."""
    condition = text[len("while"): -1].strip(" ()")
    if condition in _CONSTANTS or condition.isdigit():
        return True
    bare = condition.strip("\0bBrRfFuU ")
    return None if not bare or bare[0] in ".0123456789" else False


def _fill(block: _Block, loops: tuple[Loop, ...], enclosing: _Lines) -> None:
    for inner in block.inner:
        if inner.loop:
            within = (*loops, Loop(inner.first, inner.last, inner.begin if inner.endless else inner.first))
            for line in range(inner.first, inner.last + 1):
                enclosing[line] = within
            _fill(inner, within, enclosing)
        else:  # a scope, and frames, of its own
            for line in range(inner.begin, inner.last + 1):
                enclosing.pop(line, None)
            _fill(inner, (), enclosing)
