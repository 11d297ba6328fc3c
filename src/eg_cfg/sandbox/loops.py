"""Where a program's loops are, from its text: what the observer needs to know which turn of a loop a line belongs to.

    enclosing, quiet = find_loops("for i in range(3):\\n    print(i)\\n")
    enclosing[2]    # (Loop(first=1, last=2, turn=1),)
"""

from __future__ import annotations

import ast

from .layout import Loop, by_layout

__all__ = ["Loop", "by_tree", "find_loops"]
_Lines = dict[int, tuple[Loop, ...]]


def find_loops(source: str) -> tuple[_Lines, frozenset[int]]:
    """Finds loops by line.

    Args:
        source: A program; of one that does not compile, no line will ever be asked for.

    Returns:
        The loops of its own function around each line, outermost first (lines in none are left out), and the lines of
        definitions and imports.
    """
    return by_layout(source) or by_tree(source)


def by_tree(source: str) -> tuple[_Lines, frozenset[int]]:
    """The same for any text, from its syntax tree; empty where the text does not parse."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return {}, frozenset()
    enclosing: _Lines = {}
    quiet: set[int] = set()
    work: list[tuple[list[ast.stmt], tuple[Loop, ...]]] = [(tree.body, ())]
    while work:
        body, loops = work.pop()
        for statement in body:
            _visit(statement, loops, enclosing, quiet, work)
    return enclosing, frozenset(quiet)


def _visit(
    node: ast.stmt, loops: tuple[Loop, ...], enclosing: _Lines, quiet: set[int],
    work: list[tuple[list[ast.stmt], tuple[Loop, ...]]],
) -> None:
    match node:
        case ast.For() | ast.AsyncFor() | ast.While():
            endless = isinstance(node, ast.While) and isinstance(node.test, ast.Constant)
            last = node.body[-1].end_lineno or node.lineno
            inner = (*loops, Loop(node.lineno, last, node.body[0].lineno if endless else node.lineno))
            for line in range(node.lineno, last + 1):
                enclosing[line] = inner
            work += [(node.body, inner), (node.orelse, loops)]
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            quiet.update((node.lineno, *(d.lineno for d in node.decorator_list)))
            for line in range(node.body[0].lineno, (node.end_lineno or 0) + 1):  # a scope, and frames, of its own
                enclosing.pop(line, None)
            work.append((node.body, ()))
        case ast.Import() | ast.ImportFrom():
            quiet.add(node.lineno)
        case ast.If():
            work += [(node.body, loops), (node.orelse, loops)]
        case ast.With() | ast.AsyncWith():
            work.append((node.body, loops))
        case ast.Try() | ast.TryStar():
            work += [(part, loops) for part in (node.body, node.orelse, node.finalbody)]
            work += [(handler.body, loops) for handler in node.handlers]
        case ast.Match():
            work += [(case.body, loops) for case in node.cases]
