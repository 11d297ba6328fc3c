"""Kinds of training document, each a function of a source of problems.

    document("shown", draw)     # [Part("<|begin|>"), Part("def ...", trained=False), Part("    evens = ...")]

For a model that has never been asked for anything: `repeats`, `file`, `longer`, `module`, `fim`, `name`, `exports`. For
one that writes what a description asks for: `described`, `shown`, `vague`, `session`. For one that reads execution
signals: those of `recipes.tiny.signals`. A kind for another model is one more function and one more name in `KINDS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from types import MappingProxyType

from eg_cfg.benchmarks.minipy import MiniPyProblem, task_example, train_problem
from eg_cfg.benchmarks.minipy.render import STYLES
from eg_cfg.errors import UsageError
from recipes.tiny import signals
from recipes.tiny.checks import checked
from recipes.tiny.parts import VARIANTS, Draw, Kind, Part, invented
from recipes.tiny.tokenizer import BEGIN, END, FIM_MIDDLE, FIM_PREFIX, FIM_SUFFIX

PREFACES = (
    "This is an algorithm function.",
    "This is a function over plain data.",
    "A small algorithm.",
    "A documented Python function.",
    "This function is part of a library of algorithms.",
    "One step after the other.",
)
"""First lines of files, so that a model can be led to begin one."""


def file(draw: Draw) -> list[Part]:
    """One documented function, now and then after a first line."""
    return [Part(_preface(draw.rng, 0.2) + draw.source(draw.problem) + END)]


def longer(draw: Draw) -> list[Part]:
    """As `file`, of three steps, however many the problems of the phase have: what a base has learnt stays in use."""
    problem = checked(train_problem(draw.rng.randrange(2**40), 0, (3,)))
    return [Part(_preface(draw.rng, 0.2) + draw.source(problem) + END)]


def module(draw: Draw) -> list[Part]:
    """Several documented functions; some come again under another name, for what repeats can be copied."""
    rng = draw.rng
    sources: list[str] = []
    for problem in (draw.problem, *draw.others[:rng.randint(1, 15)]):
        if sources and rng.random() < 0.2:
            sources.append(rng.choice(sources).replace("def ", f"def {invented(rng)}_", 1))
        sources.append(draw.source(problem))
    return [Part("\n\n".join(sources) + END)]


def fim(draw: Draw) -> list[Part]:
    """A file whose middle is to be filled in: whole lines, or a cut anywhere."""
    rng = draw.rng
    source = _preface(rng, 0.2) + draw.source(draw.problem)
    if rng.random() < 0.6:
        lines = source.splitlines(keepends=True)
        start = rng.randrange(len(lines))
        end = rng.randint(start + 1, len(lines))
        parts = ("".join(lines[:start]), "".join(lines[start:end]), "".join(lines[end:]))
    else:
        start, end = sorted((rng.randrange(len(source) + 1), rng.randrange(len(source) + 1)))
        parts = (source[:start], source[start:end], source[end:])
    return _infilled(*parts)


def name(draw: Draw) -> list[Part]:
    """A function whose name is to be filled in, with all, some or nothing of the function to go by."""
    rng = draw.rng
    head, rest = draw.source(draw.problem).split("(", 1)
    signature = rest[:rest.index("\n") + 1]
    after = rng.choice(("():\n", "():\n", "(" + signature, "(" + rest))
    return _infilled(_preface(rng, 0.9) + "def ", head.removeprefix("def "), after)


def exports(draw: Draw) -> list[Part]:
    """A file that lists invented names and then exports them, in order: nothing but copying tells the second list.

    Copying is the first thing that a small model lacks, and it forms from repeats.
    """
    rng = draw.rng
    names = [invented(rng) for _ in range(rng.randint(4, 24))]
    listed = rng.choice(("\n".join, ", ".join))(names)
    return [Part(f'"""Names: {listed}."""\n\n__all__ = ['), Part(", ".join(map(repr, names)) + "]\n" + END)]


def repeats(draw: Draw) -> list[Part]:
    """Tokens in no order, then the same again, once or twice: nothing but copying tells the second time.

    All tokens are equally likely, and none tells the next: else a model learns at first what is likely, and copying
    forms later or never. For a model that knows nothing yet; one that knows how code goes on forgets it over these.

    Raises:
        UsageError: The vocabulary is not known.
    """
    rng = draw.rng
    if not draw.vocabulary:
        raise UsageError("expected a vocabulary for documents of the kind repeats, found none: name the folder of all "
                         "stages")
    drawn = rng.choices(draw.vocabulary, k=rng.randint(8, 40))
    times = 1 if len(drawn) > 20 else 2
    return [Part(token, trained) for trained in (False, *[True] * times) for token in drawn]


def described(draw: Draw) -> list[Part]:
    """A task without tests, and its answer."""
    return _answered(draw, draw.problem, False)


def shown(draw: Draw) -> list[Part]:
    """A task with the shown tests, as the benchmark gives it, and its answer."""
    return _answered(draw, draw.problem, True)


def vague(draw: Draw) -> list[Part]:
    """As `shown`, with a step that only the tests make clear."""
    return _answered(draw, draw.vague(), True)


def session(draw: Draw) -> list[Part]:
    """Several tasks, each with its answer, as in a prompt with worked examples."""
    parts: list[Part] = []
    for problem in (draw.problem, *draw.others[:draw.rng.randint(1, 6)]):
        if parts:
            parts[-1] = Part(parts[-1].text.removesuffix(END))
            parts.append(Part("\n\n", trained=False))
        parts += _answered(draw, problem, draw.rng.random() < 0.5)
    return parts


KINDS: Mapping[str, Kind] = MappingProxyType({kind.__name__: kind for kind in (
    file, longer, module, fim, name, exports, repeats, described, shown, vague, session,
    signals.strange, signals.picked, signals.avoided, signals.agreed, signals.begun, signals.blind, signals.sampled)})
"""Every kind of document, by the name that recipes give it."""


def document(kind: str, draw: Draw) -> list[Part]:
    """A document of a kind, from its first token on.

    It begins with `<|begin|>`, as tokenizers give it to a prompt; where something is to be filled in, every second one
    does not, since some callers write FIM prompts without.
    """
    parts = KINDS[kind](draw)
    if parts[0].text.startswith(FIM_PREFIX) and draw.rng.random() < 0.5:
        return parts
    return [Part(BEGIN, trained=False), *parts]


def _answered(draw: Draw, problem: MiniPyProblem, with_tests: bool) -> list[Part]:
    example = task_example(draw.varied(problem), with_tests, draw.rng.choice(STYLES),
                           draw.rng.randrange(VARIANTS))
    return [Part(example.prompt, trained=False), Part(example.completion + END)]


def _infilled(prefix: str, middle: str, suffix: str) -> list[Part]:
    return [Part(f"{FIM_PREFIX}{prefix}{FIM_SUFFIX}{suffix}{FIM_MIDDLE}"), Part(middle + END)]


def _preface(rng: Random, share: float) -> str:
    if rng.random() >= share:
        return ""
    return rng.choice(("{}\n\n", "# {}\n\n", '"""{}"""\n\n')).format(rng.choice(PREFACES))
