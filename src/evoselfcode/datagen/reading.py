"""Takes what is wanted out of replies; a reply without it raises `MalformedError`, whose message tables count.

    read_problem("max_digits", "Title: ...\\nDescription: ...\\nExample: ...\\nHint: ...")
    read_head("max_digits", reply)            # signature and docstring of a chat's reply
    read_scores('{"problem": 4, ...}')
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from eg_cfg.grading.extraction import extract
from eg_cfg.grading.wrappers import split_thoughts
from evoselfcode.datagen.rows import Scores
from evoselfcode.pairs import MalformedError, parse_function
from evoselfcode.records import PairFields

_LABELS = ("title", "description", "example", "hint")
_LABEL = re.compile(rf"^[#*_\s]*({'|'.join(_LABELS)})[*_]*\s*:[*_]*", re.IGNORECASE | re.MULTILINE)
_FENCE = re.compile(r"^```\w*\s*\n|\n```$")
_LONGEST = {"title": 120, "description": 2000, "example": 500, "hint": 600}
"""Characters."""
_CRITERIA = tuple(Scores.model_fields)


def read_problem(name: str, text: str) -> dict[str, str]:
    """Title, description, example and hint.

    Args:
        name: The function's; the example has to call it.
        text: A reply with a label before each part.

    Raises:
        MalformedError: A part is missing, empty, too long, comes twice or in another order, or something stands before
            the first.
    """
    text = split_thoughts(text).answer.strip()
    found = list(_LABEL.finditer(text))
    labels = [match[1].lower() for match in found]
    for label in _LABELS:
        if label not in labels:
            raise MalformedError(f"no {label}")
        if labels.count(label) > 1:
            raise MalformedError(f"{label} twice")
    if labels != list(_LABELS):
        raise MalformedError("parts in another order")
    if text[:found[0].start()].strip():
        raise MalformedError("text before the title")
    ends = [*(match.start() for match in found[1:]), len(text)]
    parts = {label: text[match.end():end].strip() for label, match, end in zip(labels, found, ends, strict=True)}
    parts["example"] = _FENCE.sub("", parts["example"]).strip("`").strip()
    for label, part in parts.items():
        if not part:
            raise MalformedError(f"empty {label}")
        if len(part) > _LONGEST[label]:
            raise MalformedError(f"{label} too long")
    if not re.search(rf"\b{re.escape(name)}\s*\(", parts["example"]):
        raise MalformedError("example without a call")
    return parts


def read_head(name: str, text: str) -> PairFields:
    """Signature and docstring of a function; its body is left out.

    Args:
        name: The function's.
        text: A chat's reply, or Python.

    Raises:
        MalformedError: There is no such function, or it has no docstring.
    """
    return parse_function(_without_body(_program(text, name), name), name)


def _program(text: str, name: str) -> str:
    found = extract(text, kind="chat", entry_point=name)
    if found.empty:
        raise MalformedError("no code")
    if found.truncated:  # what is left of it may parse and mean something else
        raise MalformedError("breaks off")
    return found.program


def _without_body(program: str, name: str) -> str:
    """The program up to the end of the function's docstring, with a body that does nothing."""
    try:
        tree = ast.parse(program)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise MalformedError("does not parse") from None
    function = next((node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name), None)
    if function is None:
        raise MalformedError("no function" if not any(isinstance(node, ast.FunctionDef) for node in tree.body)
                             else "another name")
    if ast.get_docstring(function) is None:
        raise MalformedError("no docstring")
    end = function.body[0].end_lineno or 0
    return "\n".join([*program.splitlines()[:end], "    return"]) + "\n"


def read_written_head(name: str, text: str) -> PairFields:
    """The same for what a base model wrote after `def <name>(`; the text may break off in the body.

    Raises:
        MalformedError: There is no signature with a docstring below it.
    """
    program = f"def {name}({text}"
    parts = program.split('"""')
    if len(parts) < 3:
        raise MalformedError("no docstring")
    head = '"""'.join(parts[:2]) + '"""\n    return\n'
    return parse_function(head, name)


def read_header(name: str, text: str) -> str:
    """The signature alone, as far as a base model wrote it after `def <name>(`.

    Raises:
        MalformedError: There is none.
    """
    lines = f"def {name}({text}".split("\n")
    for count in range(1, len(lines) + 1):
        header = "\n".join(line.rstrip() for line in lines[:count])
        if header.endswith(":"):
            try:
                return parse_function(f'{header}\n    """x"""\n    return\n', name).header
            except MalformedError:
                continue
    raise MalformedError("no signature")


def read_code(skeleton: PairFields, text: str) -> PairFields:
    """The skeleton's function with the body, and the imports, of a chat's reply.

    Raises:
        MalformedError: There is no such function in it, or one of other parameters.
    """
    found = parse_function(_program(text, skeleton.name), skeleton.name, description=skeleton.description)
    if parameters(found.header) != parameters(skeleton.header):
        raise MalformedError("other parameters")
    imports = dict.fromkeys([*skeleton.preamble.splitlines(), *found.preamble.splitlines()])
    return skeleton.model_copy(update={"body": found.body, "preamble": "".join(f"{line}\n" for line in imports)})


def parameters(header: str) -> list[str]:
    """A function's parameters, as a call sees them: no types."""
    function = ast.parse(header + "\n    pass\n").body[0]
    assert isinstance(function, ast.FunctionDef)
    found = function.args
    kinds: list[tuple[str, list[ast.arg | None]]] = [
        ("/", [*found.posonlyargs]), ("", [*found.args]), ("*", [found.vararg]), ("=", [*found.kwonlyargs]),
        ("**", [found.kwarg])]
    return [f"{kind}{argument.arg}" for kind, arguments in kinds for argument in arguments if argument is not None]


def read_scores(text: str) -> tuple[Scores, str | None]:
    """The five scores, and the reason that was given for them.

    Raises:
        MalformedError: There is not exactly one JSON object with the five scores, each a whole number from 1 to 5.
    """
    found = list(_objects(split_thoughts(text).answer))
    if not found:
        raise MalformedError("no JSON object")
    if len(found) > 1:
        raise MalformedError("several JSON objects")
    values = dict(found[0])
    if len(values) < len(found[0]):
        raise MalformedError("a score twice")
    reason = values.pop("reason", None)
    if reason is not None and not isinstance(reason, str):
        raise MalformedError("reason is no text")
    for name in _CRITERIA:
        if name not in values:
            raise MalformedError(f"no score for {name}")
        value = values[name]
        if not isinstance(value, int) or isinstance(value, bool):
            raise MalformedError(f"{name} is no whole number")
        if not 1 <= value <= 5:
            raise MalformedError(f"{name} is not from 1 to 5")
    try:
        return Scores.model_validate(values), reason
    except ValidationError:
        raise MalformedError("a score that was not asked for") from None


def _objects(text: str) -> Iterator[list[tuple[str, Any]]]:
    """The outermost JSON objects of a text, each as its pairs."""
    decoder = json.JSONDecoder(object_pairs_hook=list)
    place = text.find("{")
    while place >= 0:
        try:
            value, end = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            end = place + 1
        else:
            yield value
        place = text.find("{", end)
