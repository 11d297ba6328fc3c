"""A program as the answer to a prompt that its writer never saw: how one model's programs become another's lessons.

    answer(program, problem, "completion")      # what continues the problem's header
    answer(program, problem, "instruct")        # the program in a fenced block

A large model that answers a chat repeats the function's header, and puts imports above and helpers below it. What a
base model has to learn is the text after the header. So the body is taken out, and what stood around the function goes
into it, above its first line: a helper that stood behind would be cut off there by the usual stop strings.
"""

from __future__ import annotations

import ast
import textwrap

from eg_cfg.benchmarks.base import Problem
from eg_cfg.grading.continuation import body_indent, open_function, preamble
from eg_cfg.grading.syntax import parse
from eg_cfg.models.prompts import Kind, settings_for, task_of

_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


def answer(program: str, problem: Problem, kind: Kind) -> str | None:
    """The text that gives `program` when it follows the problem's prompt of that kind; None where none does.

    Args:
        program: A whole program.
        problem: What it was written for.
        kind: Of the prompt that it is to follow.
    """
    wanted = settings_for(problem.benchmark, kind, task_of(problem)).extraction
    if not program.strip():
        return None
    if wanted == "chat":
        return fenced(program)
    if wanted == "completion" and problem.completion_prefix:
        return continuation(program, problem.completion_prefix, problem.entry_point)
    return program


def fenced(program: str) -> str:
    """The program as a chat shows it."""
    return f"```python\n{program.strip(chr(10))}\n```"


def continuation(program: str, prefix: str, entry_point: str | None) -> str | None:
    """What has to follow `prefix`, a header, for it to be `program`; None where the two do not go together.

    They do not where the program does not parse, has another signature, or says nothing in the function's body.
    """
    if program.startswith(prefix):
        return program[len(prefix):]
    tree = parse(program)
    name = entry_point or open_function(prefix)
    indent = body_indent(prefix)
    head = parse(f"{prefix.rstrip()}\n{indent}pass\n")
    if tree is None or head is None or name is None:
        return None
    found, asked = _function(tree, name), _function(head, name)
    if found is None or asked is None or _parameters(found) != _parameters(asked):
        return None
    body = _without_docstring(found.body)
    if not body:
        return None
    above = parse(preamble(prefix, name))
    known = {ast.dump(node) for node in (above.body if above else ())}
    around = [node for node in _without_docstring(tree.body)
              if node is not found and not _is_demonstration(node) and ast.dump(node) not in known]
    if any(isinstance(node, ast.ImportFrom) and (node.module == "__future__" or node.names[0].name == "*")
           for node in around):
        return None
    text = "".join(textwrap.indent(ast.unparse(node), indent) + "\n" for node in around)
    text += _source(program, body, indent)
    joined = text if prefix.endswith("\n") else "\n" + text
    return joined if parse(prefix + joined) is not None else None


def _source(program: str, body: list[ast.stmt], indent: str) -> str:
    """The lines of a body, comments kept, at another indentation; written anew where that would change it."""
    lines = program.split("\n")
    first = min([body[0].lineno, *(d.lineno for d in getattr(body[0], "decorator_list", ()))])
    text = "\n".join(lines[first - 1 : body[-1].end_lineno])
    moved = textwrap.indent(textwrap.dedent(text), indent) + "\n"
    again = parse(f"def _():\n{textwrap.indent(textwrap.dedent(text), '    ')}\n")
    if again is not None and len(again.body) == 1 and isinstance(again.body[0], ast.FunctionDef) and \
            [ast.dump(node) for node in again.body[0].body] == [ast.dump(node) for node in body]:
        return moved
    return "".join(textwrap.indent(ast.unparse(node), indent) + "\n" for node in body)


def _function(tree: ast.Module, name: str) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    named = [node for node in tree.body if isinstance(node, _FUNCTION) and node.name == name]
    return named[-1] if named else None


def _parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    given = node.args
    return [argument.arg for argument in (*given.posonlyargs, *given.args, given.vararg, *given.kwonlyargs, given.kwarg)
            if argument is not None]


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0] if body else None
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and \
        isinstance(first.value.value, str)
    return body[1:] if documented else body


def _is_demonstration(node: ast.stmt) -> bool:
    """Whether a statement only shows the function at work: a call, an assertion, `if __name__ ...`."""
    return isinstance(node, ast.Expr | ast.Assert) or (isinstance(node, ast.If) and "__name__" in ast.dump(node.test))
