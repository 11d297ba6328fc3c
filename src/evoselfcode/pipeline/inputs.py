"""Inputs for functions nobody wrote tests for, made from the annotations of their parameters.

    inputs_for("def f(values: list[int], k: int) -> int:", 24)     # 24 tuples of arguments, the same each time

Functions of equal parameter types get equal inputs, so that their behaviours can be compared. Known annotations: int,
float, bool, str, list, tuple, set, frozenset, dict of these, and optional ones. Where one is missing or another, there
are no inputs, and what the function does stays unknown. A parameter that is called like a letter (`letter`, `char`)
gets single letters, and a number after the first parameter is small and positive, as counts and operands are.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from random import Random
from typing import Any

_WORDS = ("tea", "sun", "apple", "river", "noon", "Anna", "bee", "ox", "a", "stone", "level", "Rome", "egg", "tree",
          "to", "queen", "is", "moss", "area", "Tom")
_LETTERS = "aeiotrsn"
_LETTER_NAMES = frozenset({"letter", "char", "character", "c", "ch"})
_MANY = 7

Maker = Callable[[Random], Any]


class _UnknownType(ValueError):
    """An annotation that no maker stands for."""


def inputs_for(header: str, count: int) -> list[tuple[Any, ...]] | None:
    """Arguments to call a function with.

    Args:
        header: `def f(x: int) -> int:`.
        count: How many tuples.

    Returns:
        Tuples of plain data, the edge cases (empty, zero, one) among the first; or None where a parameter's type is not
        known, or the function takes none.
    """
    try:
        function = ast.parse(header.rstrip() + "\n    pass\n").body[0]
        assert isinstance(function, ast.FunctionDef)
        arguments = function.args
        if arguments.vararg or arguments.kwarg or any(default is None for default in arguments.kw_defaults):
            return None
        parameters = [*arguments.posonlyargs, *arguments.args]
        if not parameters:
            return None
        makers = [_maker(argument.annotation, argument.arg, place > 0) for place, argument in enumerate(parameters)]
    except (_UnknownType, SyntaxError, AssertionError, ValueError):
        return None
    kinds = [f"{ast.unparse(argument.annotation)}{':letter' * (argument.arg in _LETTER_NAMES)}"
             for argument in parameters if argument.annotation is not None]
    rng = Random(f"inputs {', '.join(kinds)}")
    edges = _edges(parameters[0].annotation)[:count]
    rows = [(edge, *(make(rng) for make in makers[1:])) for edge in edges]
    rows += [tuple(make(rng) for make in makers) for _ in range(count - len(rows))]
    return rows


def _edges(annotation: ast.expr | None) -> list[Any]:
    """Of the first parameter."""
    name = _base(annotation)
    if name == "int":
        return [0, 1, -7, 10]
    if name == "float":
        return [0.0, 1.0, -2.5]
    if name == "str":
        return ["", "a", "Noon"]
    if name == "list":
        inner = _base(annotation.slice) if isinstance(annotation, ast.Subscript) else ""
        known: dict[str, list[Any]] = {"int": [[], [4], [7, 7]], "str": [[], ["a"], ["tea", "tea"]]}
        return known.get(inner, [[]])
    return []


def _base(annotation: ast.expr | None) -> str:
    node = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value.lower()
    if isinstance(node, ast.Name):
        return node.id.lower()
    return node.attr.lower() if isinstance(node, ast.Attribute) else ""


def _maker(annotation: ast.expr | None, name: str, later: bool) -> Maker:
    """What makes a value of a type; `later` is every parameter after the first."""
    if annotation is None:
        raise _UnknownType
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return _maker(ast.parse(annotation.value, mode="eval").body, name, later)
    if isinstance(annotation, ast.BinOp) and isinstance(annotation.op, ast.BitOr):
        return _either(annotation.left, annotation.right, name, later)
    base = _base(annotation)
    if isinstance(annotation, ast.Subscript):
        inner = annotation.slice
        parts = list(inner.elts) if isinstance(inner, ast.Tuple) else [inner]
        return _container(base, parts, name, later)
    return _plain(base, name, later)


def _either(left: ast.expr, right: ast.expr, name: str, later: bool) -> Maker:
    """`X | None` is an X, one in eight times None."""
    for wanted, other in ((left, right), (right, left)):
        if isinstance(other, ast.Constant) and other.value is None:
            make = _maker(wanted, name, later)
            return lambda rng: None if rng.random() < 0.125 else make(rng)
    raise _UnknownType


def _plain(base: str, name: str, later: bool) -> Maker:
    if base == "int":
        return (lambda rng: rng.randint(1, 6)) if later else _integer
    if base == "float":
        return lambda rng: round(rng.uniform(0.5, 6) if later else rng.uniform(-20, 50), 2)
    if base == "bool":
        return lambda rng: rng.random() < 0.5
    if base == "str":
        return (lambda rng: rng.choice(_LETTERS)) if name in _LETTER_NAMES else _text
    if base == "list":
        return lambda rng: [_integer(rng) for _ in range(rng.randint(1, _MANY))]
    raise _UnknownType


def _container(base: str, parts: list[ast.expr], name: str, later: bool) -> Maker:
    if base == "optional" and len(parts) == 1:
        return _either(parts[0], ast.Constant(None), name, later)
    if base == "tuple" and not (len(parts) == 2 and isinstance(parts[1], ast.Constant) and parts[1].value is Ellipsis):
        made = [_maker(part, "", False) for part in parts]
        return lambda rng: tuple(make(rng) for make in made)
    if base == "dict" and len(parts) == 2:
        key, value = _maker(parts[0], "", False), _maker(parts[1], "", False)
        return lambda rng: {key(rng): value(rng) for _ in range(rng.randint(0, 4))}
    kinds: dict[str, Callable[[list[Any]], Any]] = {"list": list, "sequence": list, "iterable": list, "tuple": tuple,
                                                     "set": set, "frozenset": frozenset}
    if base not in kinds:
        raise _UnknownType
    kind = kinds[base]
    item = _word if _base(parts[0]) == "str" else _maker(parts[0], "", False)
    return lambda rng: kind([item(rng) for _ in range(rng.randint(1, _MANY))])


def _integer(rng: Random) -> int:
    draw = rng.random()
    if draw < 0.6:
        return rng.randint(0, 12)
    return rng.randint(-12, -1) if draw < 0.8 else rng.randint(10, 99)


def _word(rng: Random) -> str:
    return rng.choice(_WORDS)


def _text(rng: Random) -> str:
    words = " ".join(rng.choice(_WORDS) for _ in range(rng.randint(1, 4)))
    return words + str(rng.randint(0, 99)) if rng.random() < 0.15 else words
