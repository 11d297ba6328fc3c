"""How different programs and descriptions are.

    measure_diversity(pairs).distinct_programs
    rarity(programs)                      # the higher, the less like the others a program is
"""

from __future__ import annotations

import ast
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from eg_cfg.grading.normalise import program_hash
from evoselfcode.pairs import code_of
from evoselfcode.records import PairFields

_GRAM = 3


@dataclass(frozen=True, slots=True)
class Diversity:
    """Of a set of pairs."""

    pairs: int
    distinct_programs: int
    """Different bodies, after names of functions, layout and docstrings are taken away."""
    distinct_descriptions: int
    """Different descriptions, letter case and white space apart."""
    description_entropy: float
    """Of the words of all descriptions together, in bits a word (Shannon)."""
    description_words: int
    """Different words."""

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def measure_diversity(pairs: Sequence[PairFields]) -> Diversity:
    """The diversity of pairs; zeros where there are none."""
    words = Counter(word for pair in pairs for word in _words(pair.description))
    total = words.total()
    entropy = -sum(count / total * math.log2(count / total) for count in words.values()) if total else 0.0
    return Diversity(len(pairs), len({nameless_hash(pair) for pair in pairs}),
                     len({" ".join(_words(pair.description)) for pair in pairs}), entropy + 0.0, len(words))


def nameless_hash(pair: PairFields) -> str:
    """Hash of the normalised program with its own name taken away."""
    return program_hash(re.sub(rf"\b{re.escape(pair.name)}\b", "_", code_of(pair)))


def rarity(programs: Sequence[str]) -> list[float]:
    """For each program, the mean inverse document frequency of its runs of three syntax nodes, in nats.

    A program all of whose pieces every other one has too gets 0.
    """
    grams = [_grams(program) for program in programs]
    frequency = Counter(gram for found in grams for gram in found)
    count = len(programs)
    return [sum(math.log(count / frequency[gram]) for gram in found) / len(found) if found else 0.0 for found in grams]


def _grams(program: str) -> set[tuple[str, ...]]:
    try:
        nodes = [_label(node) for node in ast.walk(ast.parse(program))]
    except (SyntaxError, ValueError, RecursionError):
        return set()
    return {tuple(nodes[place:place + _GRAM]) for place in range(len(nodes) - _GRAM + 1)}


def _label(node: ast.AST) -> str:
    """The node's type, with the function or method that it names."""
    if isinstance(node, ast.Attribute):
        return f".{node.attr}"
    return type(node).__name__


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())
