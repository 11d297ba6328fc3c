"""The literals that a description and its program share: how many there are, and the same pair with others.

    named_literals("Add 2 to each number, then replace 'a' by 'b'.")   # ["2", "'a'", "'b'"]
    found_share(pair)                     # share of the description's literals that the program has too
    vary(pair, pool, Random(1))           # "Add 7 to each number, ...", and the program adds 7

A small model that has learnt what to write often writes its favourite numbers and letters rather than those that it
was asked for. Pairs with other literals teach it to copy. A literal is changed where description and program have it
once each, so that it is the same thing in both; whether the new program runs, and behaves otherwise, is for execution
to say. Limits: a literal that stands in both by chance makes a wrong pair. For that reason 0, 1, the empty text and
numbers in enumerations (`positions 0, 2, 4`) are let be.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from evoselfcode.pairs import code_of
from evoselfcode.records import PairFields

_LITERAL = re.compile(r"'(?P<text>[^'\\\n]*)'|(?<![\w.'-])(?P<number>\d{1,6})(?![\w']|\.\d)")
_LISTED_AFTER = re.compile(r",? (?:and )?\d")
_LISTED_BEFORE = re.compile(r"\d,? (?:and )?$")
_COMMON = ("0", "1", "''")
"""Stand in programs for many reasons."""
Pool = Mapping[str, Sequence[str]]
"""Kind of literal to the different ones that were seen, as they are written in Python."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A literal in a text or a program."""

    literal: str
    """As Python writes it."""
    start: int
    end: int
    listed: bool = False


def named_literals(description: str) -> list[str]:
    """Numbers, and texts in single quotes, of a description, as Python writes them; in their order."""
    return [place.literal for place in _said(description)]


def found_share(pair: PairFields) -> float:
    """Share of the description's different literals that the program has; 1 where there are none."""
    wanted = set(named_literals(pair.description))
    if not wanted:
        return 1.0
    return len(wanted & {place.literal for place in _written(pair)}) / len(wanted)


def literal_pool(pairs: Iterable[PairFields]) -> dict[str, list[str]]:
    """The literals of descriptions, by kind: what others may be changed into."""
    found: dict[str, set[str]] = {}
    for pair in pairs:
        for said in _said(pair.description):
            if said.literal not in _COMMON and not said.listed:
                found.setdefault(_kind(said.literal), set()).add(said.literal)
    return {kind: sorted(values) for kind, values in sorted(found.items())}


def vary(pair: PairFields, pool: Pool, rng: Random) -> PairFields | None:
    """The pair with every shared literal changed into another of its kind; None where there is nothing to change.

    Args:
        pair: Whose description and body have literals in common.
        pool: Of `literal_pool`.
        rng: Chooses.
    """
    taken = {place.literal for place in (*_said(pair.description), *_written(pair))}
    description, body = pair.description, pair.body
    changes: list[tuple[_Place, _Place, str]] = []
    for said, written in _shared(pair):
        others = [value for value in pool.get(_kind(said.literal), ()) if value not in taken]
        if others:
            chosen = rng.choice(others)
            taken.add(chosen)
            changes.append((said, written, chosen))
    if not changes:
        return None
    for said, _, chosen in sorted(changes, key=lambda change: -change[0].start):
        description = description[:said.start] + chosen + description[said.end:]
    for _, written, chosen in sorted(changes, key=lambda change: -change[1].start):
        body = body[:written.start] + chosen + body[written.end:]
    return pair.model_copy(update={"description": description, "body": body})


def _shared(pair: PairFields) -> list[tuple[_Place, _Place]]:
    """Literals that description and body have once each, with their places in both."""
    said, written = _said(pair.description), _written(pair)
    often, oftener = Counter(place.literal for place in said), Counter(place.literal for place in written)
    places = {place.literal: place for place in written}
    once = {literal for literal, count in often.items() if count == oftener[literal] == 1} - {*_COMMON}
    return [(place, places[place.literal]) for place in said if place.literal in once and not place.listed]


def _said(description: str) -> list[_Place]:
    """The literals of a description."""
    found = []
    for match in _LITERAL.finditer(description):
        number = match["number"]
        if number is None:
            found.append(_Place(repr(match["text"]), *match.span()))
        else:
            listed = bool(_LISTED_AFTER.match(description, match.end())
                          or _LISTED_BEFORE.search(description, 0, match.start()))
            found.append(_Place(str(int(number)), *match.span(), listed))
    return found


def _written(pair: PairFields) -> list[_Place]:
    """The literals of a body, by their places in it; none of a program that does not parse or is not plain ASCII."""
    head = len(code_of(pair)) - len(pair.body)
    if not pair.body.isascii():
        return []
    try:
        tree = ast.parse(code_of(pair))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    starts = [0]
    for line in code_of(pair).splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    found = []
    for node in ast.walk(tree):
        plain = isinstance(node, ast.Constant) and type(node.value) in (int, str) and id(node) not in inner
        if not plain or node.lineno != node.end_lineno:  # type: ignore[attr-defined]
            continue
        assert isinstance(node, ast.Constant)
        assert node.end_col_offset is not None
        start = starts[node.lineno - 1] + node.col_offset - head
        if start >= 0:
            found.append(_Place(repr(node.value), start, starts[node.lineno - 1] + node.end_col_offset - head))
    return found


def _kind(literal: str) -> str:
    """Literals of one kind may stand for each other: small and larger numbers; letters, other characters, texts."""
    if literal[0] not in "'\"":
        return "digit" if len(literal) == 1 else "number"
    inside = ast.literal_eval(literal)
    if len(inside) == 1:
        return "letter" if inside.isalpha() else "character"
    return "text"
