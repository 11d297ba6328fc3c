'''A function's header for tasks that come without one, for models that write function bodies and nothing else.

    asked = with_header(problem, "embedded")    # the same problem, to be completed where it was to be answered
    render(asked, "embedded", "completion")     # 'def remove_Occ(text: str, string: str) -> str:\\n    """Write ...'

MBPP, APPS and their like describe a task in words and expect a whole program. The embedded models go on after a header
and a docstring, as MiniPy gives them; whatever they write after words alone is an indented block without a function.
So the task is put as a header, its words as the docstring, the shown tests as examples in it. Header and docstring are
the problem's `completion_prefix` from then on: rendering, stop strings and extraction follow from that.

Name and parameters come from what a model may see: code in the task's words (`def f(a, b):`, `f(a, b)`), else the
calls in the shown tests, never the reference. A task that reads standard input becomes a function from the whole input
to the whole output, which the lines above it call.

Limits: examples longer than 400 characters, and tests beyond the third, are left out. A header that stands for calls
of several shapes (`f(1)`, `f(1, 2)`) takes any number of arguments.
'''

from __future__ import annotations

import ast
import re
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeVar, cast

from eg_cfg.models.families import FamilyName
from eg_cfg.models.prompts.rendering import KINDS, Kind, Solvable, assertions_of, like, statement_of, task_of

P = TypeVar("P", bound=Solvable)

BODY_ONLY: frozenset[FamilyName] = frozenset({"embedded"})
"""Families that write function bodies only."""
_CONTINUED: frozenset[Kind] = frozenset({"completion", "three-shot"})
"""Kinds of prompt that a completion continues."""
_EXAMPLES = 3
_LONGEST = 400
_MAIN = """\
import sys


def run(solve):
    print(solve(sys.stdin.read()))


@run
"""
"""Above a function that maps standard input to standard output: calls it as soon as its body is there."""
_METHOD = """\
class {owner}:
    def {name}(self, *given):
        return {name}(*given)


"""
"""Above a function that tests call as a method, so that its body is indented as every other."""
_NAMES: dict[str, tuple[str, ...]] = {
    "list[int]": ("values", "numbers", "nums", "items"),
    "list[str]": ("words", "names", "tokens"),
    "int": ("n", "number", "num"),
    "str": ("text", "string", "s"),
    "bool": ("flag",),
    "float": ("x", "y", "z"),
    "dict": ("mapping",),
    "tuple": ("pair", "other"),
    "list": ("items", "values"),
}
"""Parameter names by type; the first four lists are MiniPy's, so that the embedded models meet what they know."""


def with_header(problem: P, family: FamilyName, kind: Kind = "completion") -> P:
    """The problem as a model of a family is asked it.

    Args:
        problem: What is to be solved; a dataclass.
        family: Of the model.
        kind: Of prompt.

    Returns:
        The problem itself, unless the family writes bodies only, the prompt is one to continue, and the task is words
        without a header; then a copy with header and docstring as its `completion_prefix`.
    """
    if family not in BODY_ONLY or task_of(problem) not in ("description", "program"):
        return problem
    if kind not in KINDS or like(kind) not in _CONTINUED:  # a kind that is none is told where it is rendered
        return problem
    return cast(P, replace(cast(Any, problem), completion_prefix=header_of(problem)))


def header_of(problem: Solvable) -> str:
    """Header and docstring for a task that is described in words; a body that continues it makes a program."""
    words, tests = _words(problem), problem.public_tests
    name = problem.entry_point
    if name is None or any(test.kind == "stdio" for test in tests):
        examples = [(f"solve({test.stdin!r})", repr(test.stdout.rstrip("\n"))) for test in tests
                    if test.kind == "stdio"]
        return f"{_MAIN}def solve(text: str) -> str:\n{_docstring(words, examples)}"
    examples = [example for line in assertions_of(problem) for example in _examples(line)]
    calls, results = _calls(name, assertions_of(problem))
    owner, parameters, gives = _as_given(problem.prompt, name)
    if parameters is None:
        owner = next((test.class_name for test in tests if test.kind == "call" and test.class_name), "")
        parameters, gives = _named_in(words, name) or _signature(calls), _returned(results)
    above = ""
    if owner:
        above = _METHOD.format(owner=owner, name=name)
        parameters = re.sub(r"^self\b\s*,?\s*", "", parameters)
    return f"{above}def {name}({parameters}){gives}:\n{_docstring(words, examples)}"


def _words(problem: Solvable) -> str:
    """The task's words: without the tests that MBPP's prompt shows below them, since they become examples."""
    text = statement_of(problem.prompt)
    places = [text.find(line) for line in assertions_of(problem) if line in text]
    if not places:
        return text
    above = text[: min(places)].rstrip()
    last = above.rpartition("\n\n")
    return last[0].rstrip() if last[2].endswith(":") and last[0].strip() else above


def _docstring(words: str, examples: Sequence[tuple[str, str]]) -> str:
    shown = [pair for pair in examples if len("".join(pair)) <= _LONGEST][:_EXAMPLES]
    lines = [words, *([""] if shown else []), *(line for call, value in shown for line in (f">>> {call}", value))]
    text = "\n".join(lines).replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    several = "\n" in text or text.endswith('"')
    body = textwrap.indent(f'"""{text}' + ('\n"""' if several else '"""'), "    ", lambda line: bool(line.strip()))
    return body + "\n"


def _as_given(prompt: str, name: str) -> tuple[str, str | None, str]:
    """The class, the parameters and what stands between these and the colon, of a header in the words."""
    found = re.search(rf"^([ \t]*)def[ \t]+{re.escape(name)}[ \t]*\((.*)\)([^():]*):[ \t]*$", prompt, re.MULTILINE)
    if found is None:
        return "", None, ""
    owners = re.findall(r"^class[ \t]+(\w+).*:[ \t]*$", prompt[: found.start()], re.MULTILINE) if found[1] else []
    return owners[-1] if owners else "", found[2].strip(), found[3].rstrip()


def _examples(line: str) -> Iterator[tuple[str, str]]:
    """An assertion as a call and what it gives."""
    test = _assertion(line)
    if test is None:
        return
    match test:
        case ast.Compare(left=left, ops=[ast.Eq() | ast.Is()], comparators=[right]):
            yield ast.unparse(left), ast.unparse(right)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield ast.unparse(operand), "False"
        case _:
            yield ast.unparse(test), "True"


def _assertion(line: str) -> ast.expr | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an escape that Python does not know is the test's own matter
            tree = ast.parse(line)
    except (SyntaxError, ValueError):
        return None
    return tree.body[0].test if len(tree.body) == 1 and isinstance(tree.body[0], ast.Assert) else None


def _calls(name: str, lines: Sequence[str]) -> tuple[list[ast.Call], list[ast.expr]]:
    """Each test's first call of the function, and what those that are compared as they are have to give."""
    calls, results = [], []
    for line in lines:
        test = _assertion(line)
        found = [node for node in ast.walk(test) if isinstance(node, ast.Call)
                 and name in (getattr(node.func, "id", None), getattr(node.func, "attr", None))] if test else []
        calls += found[:1]
        if isinstance(test, ast.Compare) and test.left in found and isinstance(test.ops[0], ast.Eq | ast.Is):
            results.append(test.comparators[0])
    return calls, results


def _named_in(words: str, name: str) -> str | None:
    """The parameters of a call in the words, where all of it are names: `digit_gap(n)`."""
    found = re.search(rf"\b{re.escape(name)}\(([^()]*)\)", words)
    parts = [part.strip() for part in found[1].split(",")] if found is not None and found[1].strip() else []
    return ", ".join(parts) if parts and len(set(parts)) == len(parts) and all(map(str.isidentifier, parts)) else None


def _signature(calls: Sequence[ast.Call]) -> str:
    shapes = {(len(call.args), tuple(keyword.arg for keyword in call.keywords)) for call in calls}
    starred = any(isinstance(argument, ast.Starred) for call in calls for argument in call.args)
    if len(shapes) != 1 or starred or any(keyword.arg is None for call in calls for keyword in call.keywords):
        return "*values"
    parameters: list[str] = []
    taken = {str(keyword.arg) for keyword in calls[0].keywords}
    for place in range(len(calls[0].args)):
        kind = _type([call.args[place] for call in calls])
        pool = (*_NAMES.get(kind, ("value",)), *(f"{_NAMES.get(kind, ('value',))[0]}{n}" for n in range(2, 99)))
        chosen = next(name for name in pool if name not in taken)
        taken.add(chosen)
        parameters.append(f"{chosen}: {kind}" if kind else chosen)
    return ", ".join([*parameters, *(str(keyword.arg) for keyword in calls[0].keywords)])


def _returned(results: Sequence[ast.expr]) -> str:
    kind = _type(results)
    return f" -> {kind}" if kind else ""


def _type(values: Sequence[ast.expr]) -> str:
    """The type that literals have in common; empty where they differ, or are no literals."""
    kinds = {_type_of(value) for value in values}
    if kinds == {"list", "list[int]"} or kinds == {"list", "list[str]"}:  # an empty list is one of either
        kinds.discard("list")
    return kinds.pop() if len(kinds) == 1 else ""


def _type_of(node: ast.expr) -> str:
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return ""
    if isinstance(value, list):
        inner = {type(item).__name__ for item in value}
        return f"list[{inner.pop()}]" if inner in ({"int"}, {"str"}) else "list"
    return type(value).__name__ if value is not None else ""
