"""From a problem to the exact prompt that a model gets.

Templates are looked for in this order: `<family>/<task>.<kind>.j2`, `<family>/<kind>.j2`, and the same in `generic/`.
Kinds of prompt:

`completion`   text that a base model continues
`zero-shot`    an instruction as plain text, in the family's own frame
`three-shot`   three worked examples and the task, as plain text
`instruct`     a chat, which the model's own chat template frames

Tasks: `function` (a header and docstring to complete), `description` (words that ask for a function), `program` (reads
standard input), `snippet` (DS-1000: lines in a given context).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol, get_args

from pydantic import AfterValidator

from eg_cfg.errors import ConfigError, UnknownNameError
from eg_cfg.models.base import Message, Prompt
from eg_cfg.models.families import FAMILIES, FamilyName
from eg_cfg.models.prompts.signal_tokens import FILTERS

_Known = Literal["completion", "zero-shot", "three-shot", "instruct"]
KINDS: list[str] = list(get_args(_Known))
"""The kinds that there are; `add_kind` adds one."""
_LIKE: dict[str, _Known] = {kind: kind for kind in get_args(_Known)}
_FOLDERS: list[Path] = []
"""Of templates that were added."""


def _is_known(kind: str) -> str:
    if kind not in KINDS:
        raise ValueError(f"expected {', '.join(KINDS)}, found {kind!r}")
    return kind


if TYPE_CHECKING:
    Kind = _Known
else:
    Kind = Annotated[str, AfterValidator(_is_known)]
    """A kind of prompt: one of `KINDS`."""
Task = Literal["function", "description", "program", "snippet"]


class Solvable(Protocol):
    """What a prompt is made of; `eg_cfg.benchmarks.base.Problem` is one."""

    @property
    def benchmark(self) -> str:
        """Name of the benchmark."""

    @property
    def prompt(self) -> str:
        """The benchmark's own words."""

    @property
    def entry_point(self) -> str | None:
        """The function to write."""

    @property
    def public_tests(self) -> Sequence[Any]:
        """Tests that may be shown."""

    @property
    def completion_prefix(self) -> str:
        """What a completion continues."""

    @property
    def reference(self) -> str | None:
        """A right program, for worked examples."""


def add_kind(name: str, templates: Path, *, like: Kind = "completion") -> None:
    """Adds a kind of prompt, for this process; `docs/extending.md` shows one.

    Args:
        name: What `--prompt` is given.
        templates: A folder with `generic/<task>.<name>.j2`, or `generic/<name>.j2` for all tasks.
        like: The kind that it is like: where a text ends, how the program is taken out, whether it is a chat.

    Raises:
        ConfigError: There is one of that name.
    """
    if name in KINDS:
        raise ConfigError(f"expected a new name for a kind of prompt, found {name!r}, which there is: choose another")
    KINDS.append(name)
    _LIKE[name] = _LIKE[like]
    _FOLDERS.append(templates)
    _environment.cache_clear()


def like(kind: Kind) -> Kind:
    """The shipped kind that one is like: itself, where it ships."""
    return _LIKE[kind]


def task_of(problem: Solvable) -> Task:
    """Which kind of task a problem is."""
    if problem.benchmark == "ds1000":
        return "snippet"
    if problem.completion_prefix:
        return "function"
    if problem.entry_point is None or any(test.kind == "stdio" for test in problem.public_tests):
        return "program"
    return "description"


def default_kind(family: FamilyName, supports_chat: bool) -> Kind:
    """The kind that suits a model: a chat where it has a template for one, the bare text otherwise."""
    if family == "embedded":
        return "completion"
    return "instruct" if supports_chat else "completion"


def template_of(family: str, task: Task, kind: Kind) -> str:
    """Name of the template that a prompt is rendered with, for the records.

    Raises:
        ConfigError: There is none for this task and kind.
        UnknownNameError: No such family or kind.
    """
    if family not in FAMILIES:
        raise UnknownNameError("model family", family, FAMILIES)
    if kind not in KINDS:
        raise UnknownNameError("kind of prompt", kind, KINDS)
    known = _environment().list_templates()
    for folder in (family, "generic"):
        for place in (f"{folder}/{task}.{kind}.j2", f"{folder}/{kind}.j2"):
            if place in known:
                return place
    fitting = [other for other in KINDS if f"generic/{task}.{other}.j2" in known or f"generic/{other}.j2" in known]
    raise ConfigError(f"there is no {kind} prompt for a {task} task: choose one of {', '.join(fitting)}")


def render(problem: Solvable, family: str = "generic", kind: Kind = "completion",
           examples: Sequence[Solvable] | None = None) -> Prompt:
    """The prompt for a problem.

    Args:
        problem: What is to be solved.
        family: Of the model, as `eg_cfg.models.families.family_of` tells.
        kind: One of `KINDS`.
        examples: Solved problems for `three-shot`, where the benchmark's own are wanted; ours unless given.

    Returns:
        Text, or a chat for `instruct`.

    Raises:
        ConfigError: There is no such prompt for this task, or an example has no reference.
        UnknownNameError: No such family or kind.
    """
    task = task_of(problem)
    template = _environment().get_template(template_of(family, task, kind))
    text: str = template.render(task=task, examples=_worked(examples, task), **_words(problem))
    if like(kind) != "instruct":
        return text
    return (Message("user", text.strip()),)


def render_template(name: str, problem: Solvable, **more: Any) -> str:
    """The text of one template by its name, with the problem's words and what else it asks for."""
    text: str = _environment().get_template(name).render(task=task_of(problem), **_words(problem), **more)
    return text


def _worked(examples: Sequence[Solvable] | None, task: Task) -> list[dict[str, Any]] | None:
    if examples is None:
        return None
    worked = []
    for example in examples:
        if example.reference is None:
            raise ConfigError(f"a worked example needs a reference solution, and one of {example.benchmark} has none: "
                              f"pass others, or leave them to the template")
        if task_of(example) != task:
            raise ConfigError(f"a worked example has to be a {task} task as the problem is, found a "
                              f"{task_of(example)} task: pass others")
        worked.append({**_words(example), "reference": example.reference.strip("\n")})
    return worked


def _words(problem: Solvable) -> dict[str, Any]:
    """What templates may use of a problem."""
    assertions = assertions_of(problem)
    streams = [{"input": test.stdin, "output": test.stdout} for test in problem.public_tests if test.kind == "stdio"]
    return {
        "prompt": problem.prompt,
        "statement": statement_of(problem.prompt),
        "entry_point": problem.entry_point,
        "prefix": problem.completion_prefix,
        # MBPP's published prompt shows its tests already; for others they stay out of the description
        "shown": not assertions or all(line in problem.prompt for line in assertions),
        "assertions": assertions,
        "streams": streams,
    }


def statement_of(prompt: str) -> str:
    """The words of a problem, without what APPS' published prompt puts around them."""
    return prompt.strip().removeprefix("QUESTION:").removesuffix("ANSWER:").strip()


def assertions_of(problem: Solvable) -> list[str]:
    """The tests that may be shown, one statement each."""
    lines = []
    for test in problem.public_tests:
        if test.kind == "assertion":
            lines.append(str(test.source).strip())
        elif test.kind == "call":
            function = f"{test.class_name}().{test.function}" if test.class_name else test.function
            lines.append(f"assert {function}({', '.join(map(repr, test.args))}) == {test.expected!r}")
    return lines


@functools.cache
def _environment() -> Any:
    import jinja2

    loaders = [*map(jinja2.FileSystemLoader, _FOLDERS), jinja2.PackageLoader("eg_cfg.models.prompts")]
    made = jinja2.Environment(loader=jinja2.ChoiceLoader(loaders), undefined=jinja2.StrictUndefined,
                              keep_trailing_newline=True, trim_blocks=True, lstrip_blocks=True, autoescape=False)
    made.filters.update(FILTERS)
    return made
