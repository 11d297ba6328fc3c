"""A documented function taken apart and put together: the forms in which models, filters and training see it.

    pair = parse_function('def f(x: int) -> int:\\n    \"\"\"Add one.\"\"\"\\n    return x + 1\\n')
    task_prompt(pair)          # header and docstring: what D2C completes
    code_of(pair)              # the function without its docstring
    describing_prompt(pair)    # the same with a gap for the docstring: what C2D fills

D2C's prompt is the one that MiniPy and HumanEval have, header and docstring, with examples in the docstring or without.
C2D's is a gap to fill where the model knows FIM tokens; else the code and the beginning of a text about it.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Sequence

from eg_cfg.models.base import Infill, Prompt
from evoselfcode.records import Example, PairFields, RawPair, content_id

_INDENT = "    "
_QUOTES = '"""'
TASK_STOPS = ("\nclass", "\ndef", "\n#", "\nif", "\nprint", "\n@", "\nassert")
"""Where a function's body has ended and something else begins."""


class MalformedError(ValueError):
    """A text that is no documented function; the message is the short reason that tables count."""


def parse_function(text: str, name: str | None = None, *, description: str | None = None) -> PairFields:
    """The first function of a text, in its parts; what follows the function is left out.

    Args:
        text: Python source.
        name: The function's; any where none.
        description: Taken for the docstring where the function has none.

    Raises:
        MalformedError: There is no such function, or it has no docstring or no body.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise MalformedError("does not parse") from None
    place = next((i for i, node in enumerate(tree.body) if isinstance(node, ast.FunctionDef)), None)
    if place is None:
        raise MalformedError("no function")
    function = tree.body[place]
    assert isinstance(function, ast.FunctionDef)
    if name is not None and function.name != name:
        raise MalformedError("another name")
    if function.decorator_list:
        raise MalformedError("decorated")
    before = [node for node in tree.body[:place] if not _is_text(node)]
    if not all(isinstance(node, ast.Import | ast.ImportFrom) for node in before):
        raise MalformedError("more than imports before the function")
    documented = _is_text(function.body[0])
    found = inspect.cleandoc(ast.get_docstring(function) or "") if documented else inspect.cleandoc(description or "")
    if not found:
        raise MalformedError("no docstring")
    if _QUOTES in found or "\\" in found:
        raise MalformedError("docstring with quotes or backslashes")
    statements = function.body[1:] if documented else function.body
    if not statements or all(isinstance(node, ast.Pass) or _is_ellipsis(node) for node in statements):
        raise MalformedError("no body")
    lines = text.splitlines()
    end_of_header = function.body[0].lineno - 1
    header = lines[function.lineno - 1:end_of_header]
    start = (function.body[0].end_lineno or 0) if documented else end_of_header
    if end_of_header < function.lineno or statements[0].lineno <= start:
        raise MalformedError("on one line")
    while header and not header[-1].rstrip().endswith(":"):
        start = start if documented else start - 1  # a comment above the body is the body's
        header.pop()
    if not header:
        raise MalformedError("no header")
    body = "\n".join(line.rstrip() for line in lines[start:function.end_lineno]).strip("\n") + "\n"
    if not body.startswith(_INDENT):
        raise MalformedError("other indentation")
    return PairFields(
        name=function.name, header="\n".join(line.rstrip() for line in header), description=found, body=body,
        preamble="".join(ast.unparse(node) + "\n" for node in before),
    )


def parse_raw(row: RawPair) -> PairFields:
    """A raw pair in its parts: the code continues the prompt, or is whole and the prompt says what it does.

    Raises:
        MalformedError: Neither makes a documented function.
    """
    if "def " in row.prompt:
        for text in (row.prompt + row.code, row.prompt.rstrip("\n") + "\n" + row.code):
            try:
                return parse_function(text)
            except MalformedError:
                continue
        described = _described(row.prompt)
        return parse_function(row.code, description=described)
    return parse_function(row.code, description=row.prompt)


def _described(prompt: str) -> str:
    """The docstring of a header without a body."""
    try:
        return parse_function(prompt.rstrip("\n") + "\n" + _INDENT + "return\n").description
    except MalformedError:
        return prompt


def task_id(pair: PairFields) -> str:
    """Hash of what D2C is asked; candidates with the same one compete."""
    return content_id(preamble=pair.preamble, header=pair.header, description=pair.description)


def docstring_of(pair: PairFields) -> str:
    """The description as it stands between the quotes, its later lines indented."""
    return pair.description.replace("\n", "\n" + _INDENT).replace(f"\n{_INDENT}\n", "\n\n")


def task_prompt(pair: PairFields, examples: Sequence[Example] = ()) -> str:
    """Header and docstring, which D2C completes with a body.

    Args:
        pair: Its body is not shown.
        examples: Calls and their results, put at the docstring's end.
    """
    head = f"{pair.preamble}{pair.header}\n{_INDENT}{_QUOTES}{docstring_of(pair)}"
    if not examples:
        return f"{head}{_QUOTES}\n"
    shown = "\n".join(f"{_INDENT}>>> {example.call}\n{_INDENT}{example.result}" for example in examples)
    return f"{head}\n\n{shown}\n{_INDENT}{_QUOTES}\n"


def code_of(pair: PairFields) -> str:
    """The function without its docstring."""
    return f"{pair.preamble}{pair.header}\n{pair.body}"


def source_of(pair: PairFields) -> str:
    """The function with its docstring."""
    return task_prompt(pair) + pair.body


def describing_prompt(pair: PairFields, infill: bool) -> Prompt:
    """What C2D is asked: its description is not shown.

    Args:
        pair: A function.
        infill: Whether the model fills gaps.
    """
    if infill:
        return Infill(f"{pair.preamble}{pair.header}\n", pair.body)
    return f"{code_of(pair)}\n\n# In words, {pair.name} does this:\n{_QUOTES}"


def describing_answer(pair: PairFields, infill: bool) -> str:
    """What C2D should write: the docstring's lines for a gap, its text and the closing quotes otherwise."""
    if infill:
        return f"{_INDENT}{_QUOTES}{docstring_of(pair)}{_QUOTES}\n"
    return f"{docstring_of(pair)}{_QUOTES}"


def described(pair: PairFields, text: str) -> PairFields:
    """The pair with what C2D wrote as its description.

    Raises:
        MalformedError: The text is no docstring.
    """
    words = inspect.cleandoc(text.strip().removeprefix(_QUOTES).split(_QUOTES)[0]).strip()
    if not words:
        raise MalformedError("no docstring")
    if "\\" in words or not re.search(r"[A-Za-z]{2}", words):
        raise MalformedError("no words")
    return pair.model_copy(update={"description": words})


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _is_ellipsis(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and node.value.value is Ellipsis
