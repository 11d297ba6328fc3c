"""What Python's parser, and tree-sitter where Python's refuses, say of a candidate's source.

The source is only parsed, never compiled or run. Nothing here raises, whatever the text: hostile or broken
source is "does not parse".

    parse("def f(x): return x")          # ast.Module
    parse("return 1")                    # None: 'return' outside a function
    ends_early("def f(x):\\n    y = [")   # True: the text stops before the program does

Limits: the verdict is that of the running Python's grammar; Python 2 does not parse, and tree-sitter alone
is not believed: whatever it proposes has to pass `ast` as well.
"""

from __future__ import annotations

import ast
import codeop
import functools
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

# The type stubs of `codeop` do not know the flag, which tells "stops early" from "is wrong".
_AST_FLAGS = ast.PyCF_ONLY_AST | int(vars(codeop)["PyCF_ALLOW_INCOMPLETE_INPUT"])
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_MOST_CHARACTERS = 250_000
_MOST_CONTINUATIONS = 1_000
"""Backslashes at line ends; tree-sitter's time grows with the square of their number."""
_MOST_READ = 1_000_000
"""Characters that tree-sitter reads in search of code in one text."""
_RACES = 20
"""Times that a parse is tried where threads disturb one another."""
_CODE_BEGINS = re.compile(
    r"^(?:(?P<definition>(?:async[ ]+def|def|class)[ ]+\w+[ ]*[(:\[])|import[ ]+\w|from[ ]+[\w.]+[ ]+import[ ]|@\w"
    r"|\w+[ ]*=|(?:for|while|if|with|try)\b[^\n]*:[ ]*$|\w+[\w.]*\()", re.MULTILINE)
_SPEAKING = frozenset({"call", "assignment", "augmented_assignment", "await", "yield", "named_expression"})


def _try_parse(source: str) -> ast.Module | Exception:
    with warnings.catch_warnings():
        # "\d" in a plain string is a warning; whether a program parses must not hang on the caller's filter.
        warnings.simplefilter("ignore")
        for left in reversed(range(_RACES)):
            try:
                tree = compile(source, "<candidate>", "exec", _AST_FLAGS, dont_inherit=True)
            except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError) as error:
                return error
            except SystemError:
                # Threads share the depth that CPython 3.11 counts while it builds a tree, and the loser of a race is
                # told that the count does not balance (python/cpython#106905).
                if not left:
                    raise
            else:
                assert isinstance(tree, ast.Module)
                return tree
    raise AssertionError("a tree or an error was found")


def parse(source: str) -> ast.Module | None:
    """The syntax tree of a whole program; none where it does not parse.

    A `return`, or a `yield` or `await` statement, outside every function is refused too: `ast` alone admits
    it, the compiler does not.
    """
    tree = _try_parse(source)
    if isinstance(tree, Exception) or any(_outside_function(s) for s in module_level(tree)):
        return None
    return tree


def _outside_function(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Yield | ast.YieldFrom | ast.Await)
    return isinstance(statement, ast.Return)


def module_level(tree: ast.Module) -> Iterator[ast.stmt]:
    """Every statement that runs in the module's own scope, those under `if`, `try` and loops included."""
    waiting: list[ast.AST] = list(reversed(tree.body))
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.stmt):
            yield node
        if not isinstance(node, (*_SCOPES, ast.expr)):
            waiting.extend(reversed(list(ast.iter_child_nodes(node))))


def ends_early(source: str) -> bool:
    """Whether `source` fails to parse only because it stops: an open bracket, string or block at its end."""
    error = _try_parse(source)
    if not isinstance(error, SyntaxError) or error.lineno is None:
        return False
    if error.msg == "incomplete input":
        return True
    lines = source.rstrip().split("\n")
    if error.lineno < len(lines):
        return False
    at_end = (error.offset or 0) > len(lines[-1])
    return at_end or error.msg.startswith("unterminated") or error.msg == "expected ':'"


def defined_names(source: str) -> frozenset[str]:
    """Names that the module level binds by definition, assignment or import; best effort where broken."""
    tree = _try_parse(source)
    if isinstance(tree, Exception):
        return frozenset(s.name for s in _statements(source) if s.name)
    names: set[str] = set()
    for statement in module_level(tree):
        names |= _bound(statement)
    return frozenset(names)


def _bound(statement: ast.stmt) -> set[str]:
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return {name}
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            return {(alias.asname or alias.name).partition(".")[0] for alias in aliases}
        case ast.Assign(targets=targets):
            return {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
            return {name}
    return set()


def is_prose(statement: ast.stmt) -> bool:
    """Whether a statement that parses could as well be words: `Yes`, `Here is code`, `Answer: yes`."""
    if isinstance(statement, ast.AnnAssign):
        return statement.value is None
    return isinstance(statement, ast.Expr) and not isinstance(
        statement.value, ast.Call | ast.Await | ast.Yield | ast.YieldFrom)


def complete_prefix(source: str) -> str | None:
    """The complete top-level statements before a cut-off tail, exactly as written.

    Returns:
        The longest prefix that parses and ends with a whole statement; none where `source` is broken in
        another way than by stopping early, or where nothing but the tail is left.
    """
    if not ends_early(source):
        return None
    ends: list[int] = []
    for statement in _statements(source):
        if statement.broken:
            break
        ends.append(statement.end)
    for end in reversed(ends[-8:]):
        prefix = source[:end].rstrip() + "\n"
        if parse(prefix) is not None:
            return prefix
    return None


def code_spans(text: str) -> list[str]:
    """Runs of whole statements in a text that mixes code and prose without fences, in the order of the text.

    Returns:
        Sources that parse; none at all where a definition is left over that belongs to no run: then the text
        is a broken program, and leaving its broken part out would change what it does.
    """
    spans: list[str] = []
    done = read = 0
    for begin in _CODE_BEGINS.finditer(text):
        if begin.start() < done:
            continue
        read += len(text) - begin.start()
        if read > max(_MOST_READ, len(text)):
            break
        run: list[_Statement] = []
        for statement in _statements(text[begin.start() :]):
            if statement.broken:
                break
            run.append(statement)
        while run and run[-1].prose:
            run.pop()
        span = text[begin.start() :][: run[-1].end] + "\n" if run else ""
        if run and parse(span) is not None:
            spans.append(span)
            done = begin.start() + run[-1].end
        elif begin["definition"]:
            return []
    return spans


@dataclass(frozen=True, slots=True)
class _Statement:
    """One top-level node of tree-sitter's tree; offsets in characters."""

    start: int
    end: int
    name: str
    broken: bool
    prose: bool


@functools.cache
def _parser() -> Parser:
    import tree_sitter
    import tree_sitter_python

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_python.language()))


def _statements(source: str) -> list[_Statement]:
    if len(source) > _MOST_CHARACTERS or source.count("\\\n") > _MOST_CONTINUATIONS:
        return []
    data = source.encode("utf-8", "replace")  # a lone surrogate becomes "?", one byte
    found: list[_Statement] = []
    at_byte = at_char = 0
    for node in _parser().parse(data).root_node.children:
        start = at_char + len(data[at_byte : node.start_byte].decode("utf-8", "replace"))
        end = start + len(data[node.start_byte : node.end_byte].decode("utf-8", "replace"))
        at_byte, at_char = node.end_byte, end
        broken = node.has_error or node.is_missing
        found.append(_Statement(start, end, _name(node), broken, _reads_as_prose(node)))
    return found


def _name(node: Node) -> str:
    """What a definition or a plain assignment binds, or nothing."""
    if node.type == "decorated_definition":
        inner = node.child_by_field_name("definition")
        return _name(inner) if inner is not None else ""
    inner = node.named_children[0] if node.type == "expression_statement" and node.named_children else None
    if inner is not None and inner.type == "assignment":
        target = inner.child_by_field_name("left")
    else:
        target = node.child_by_field_name("name") if node.type.endswith("_definition") else None
    if target is None or target.type != "identifier" or target.text is None:
        return ""
    return target.text.decode("utf-8", "replace")


def _reads_as_prose(node: Node) -> bool:
    if node.type == "comment":
        return True
    if node.type != "expression_statement":
        return False
    return not any(child.type in _SPEAKING and not _annotates_only(child) for child in node.named_children)


def _annotates_only(node: Node) -> bool:
    return node.type == "assignment" and node.child_by_field_name("right") is None
