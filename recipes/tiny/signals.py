"""Kinds of training document with a signal: what candidates did stands between the prompt and the code.

    <|begin|>PROMPT<|signal|><|candidate|><|bad|>...<|candidate|><|ok|>...<|code|>CODE SO FAR|NEXT LINES<|end|>

just as guided decoding writes it (prompt type `signal_tokens`): the text is made by the same functions. What the model
is to do is the same in all of them: go on with the first candidate that passes, word for word; where none does, go on
with what is right, written as one of the candidates is as far as that is right.

`picked`    some pass, some do not, at any place
`avoided`   none passes
`agreed`    all pass, or there is one and it passes
`begun`     candidates go on for a few lines only, so that no verdict is final
`blind`     nothing but the candidates tells what is asked for
`strange`   one of the first, third and fifth of these, in programs whose variables have names that nobody expects
`sampled`   what a model wrote; see `recipes.tiny.samples`

Candidates that do not pass are what a vague description may mean as well, and programs near the right one. The
candidates that pass are learnt too: behind others that do not, they are the task over again.
"""

from __future__ import annotations

import ast
import builtins
import keyword
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from random import Random

from eg_cfg.benchmarks.minipy import MiniPyProblem
from eg_cfg.benchmarks.minipy.program import Program
from eg_cfg.benchmarks.minipy.render import STYLES, Style, render_body
from eg_cfg.benchmarks.minipy.rivals import neighbours, readings
from eg_cfg.decoding.base import Candidate
from eg_cfg.decoding.candidates import upto_line
from eg_cfg.errors import UsageError
from recipes.tiny.parts import VARIANTS, Draw, Part, invented
from recipes.tiny.tokenizer import END
from recipes.tiny.tried import Trial

_VAGUE = 0.75
"""Share of documents about a problem with a vague step, where reading pays."""
_OK = re.compile(r"(?<=<\|ok\|>)[^|]*\n(?=<\|)")
_AGAIN = 0.25
"""How often a candidate that does not pass is the one before it, written in another manner."""
_MANNERS = 12
"""Manners of which the one that is most like a candidate is taken."""
_KEPT = frozenset({*keyword.kwlist, *dir(builtins)})
"""Names that a variable cannot have, or that a program may need."""
_Manner = tuple[Style, int]
Wording = Callable[[str, Draw, MiniPyProblem], str]
"""Says the body of a problem's program in other words."""


def strange(draw: Draw) -> list[Part]:
    """Some candidates pass, or all, and their variables have names that mean nothing here.

    What is likely anyway rewards no copying, and programs are likely: of their tokens more than nine in ten are guessed
    without reading. Names are not.
    """
    return draw.rng.choice((picked, picked, agreed, blind, blind))(draw, _renamed)


def _as_it_is(body: str, _: Draw, __: MiniPyProblem) -> str:
    return body


def _renamed(body: str, draw: Draw, problem: MiniPyProblem) -> str:
    """The body with other names for its own variables, parameters apart."""
    rng, lines = draw.rng, body.split("\n")
    tree = ast.parse("def f():\n" + body)
    own = sorted({node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
                 - set(problem.parameters))
    taken = {*_KEPT, *own, *problem.parameters}
    words = [word for other in draw.others for word in other.name.split("_")] or ["value"]
    names: dict[str, str] = {}
    for name in own:
        while name not in names or names[name] in taken:
            names[name] = rng.choice((invented(rng), rng.choice(words), f"{rng.choice(words)}_{rng.choice(words)}"))
        taken.add(names[name])
    places = [(node.lineno - 2, node.col_offset, node.id) for node in ast.walk(tree)
              if isinstance(node, ast.Name) and node.id in names]
    for line, column, name in sorted(places, reverse=True):
        lines[line] = lines[line][:column] + names[name] + lines[line][column + len(name):]
    return "\n".join(lines)


def picked(draw: Draw, wording: Wording = _as_it_is) -> list[Part]:
    """Some candidates pass, some do not."""
    rng = draw.rng
    problem = _subject(draw)
    trial = Trial(problem)
    manner = _manner(rng)
    alike = rng.random() < 0.6
    bad = failing(trial, rng.choice((1, 1, 2, 2, 3)), manner if alike else None, rng)
    bad = [trial.candidate(wording(each.text, draw, problem)) for each in bad]
    good = [trial.candidate(wording(_right(problem, manner), draw, problem))]
    if rng.random() < 0.3:
        good += _distinct([trial.candidate(wording(_right(problem, _manner(rng)), draw, problem))], good)
    return _document(trial, _shuffled([*bad, *good], rng), rng, refreshed=0.5, shown=wording is _as_it_is)


def avoided(draw: Draw) -> list[Part]:
    """No candidate passes: what they did is what it is not."""
    rng = draw.rng
    problem = _subject(draw)
    trial = Trial(problem)
    manner = _manner(rng)
    bad = failing(trial, rng.choice((1, 2, 2, 3, 3, 3)), manner if rng.random() < 0.6 else None, rng, first=manner)
    if not bad:
        return picked(draw)
    return _document(trial, bad, rng, _right(problem, manner), refreshed=0.4)


def agreed(draw: Draw, wording: Wording = _as_it_is) -> list[Part]:
    """All candidates pass."""
    rng = draw.rng
    trial = Trial(_subject(draw))
    good: list[Candidate] = []
    for _ in range(rng.choice((1, 1, 2, 3))):
        good += _distinct([trial.candidate(wording(_right(trial.problem, _manner(rng)), draw, trial.problem))], good)
    return _document(trial, good, rng, refreshed=0.5, shown=wording is _as_it_is)


def begun(draw: Draw) -> list[Part]:
    """Candidates go on from the code so far by a few lines: most do not give anything yet, right or wrong."""
    rng = draw.rng
    problem = _subject(draw)
    trial = Trial(problem)
    manner = _manner(rng)
    answer = _right(problem, manner)
    lines = answer.splitlines(keepends=True)
    start, horizon = rng.randrange(len(lines)), rng.randint(1, 3)
    written = "".join(lines[:start])
    texts = [answer[len(written):]] if rng.random() < 0.7 else []
    for wrong in _wrong(problem, rng):
        body = _body(problem, wrong, manner)
        if body.startswith(written) and len(texts) < rng.randint(1, 3):
            texts.append(body[len(written):])
    cut = dict.fromkeys(upto_line(text, horizon) for text in texts or [answer[len(written):]])
    candidates = [trial.candidate("", written, text) for text in cut]
    return _document(trial, _shuffled(candidates, rng), rng, answer, written)


def blind(draw: Draw, wording: Wording = _as_it_is) -> list[Part]:
    """No description and no telling name: candidates of other problems, one of which happens to do what tests want."""
    rng = draw.rng
    told = draw.problem
    problem = replace(told, description=replace(told.description, name=rng.choice(("solve", "f", "answer")),
                                                text=rng.choice(("Do what the examples show.", "Find out."))))
    trial = Trial(problem)
    programs = [other.program for other in draw.others
                if other.program.kinds == told.program.kinds and other.program != told.program]
    found = [trial.candidate(wording(_right(problem, _manner(rng)), draw, problem))]
    for program in programs[:rng.randint(1, 3)]:
        other = wording(_body(problem, program, _manner(rng)), draw, problem)
        found += _distinct([trial.candidate(other)], found)
    return _document(trial, _shuffled(found, rng), rng, refreshed=0.3, shown=wording is _as_it_is)


def sampled(draw: Draw) -> list[Part]:
    """What a model wrote for a problem, and as often; in the middle of a program, what began as the program does.

    Raises:
        UsageError: There is nothing that a model wrote.
    """
    rng = draw.rng
    if not draw.samples:
        raise UsageError("expected what a model wrote for documents of the kind sampled, found nothing: make it by "
                         "python -m recipes.tiny.samples")
    found = rng.choice(draw.samples)
    trial = Trial(found.problem)
    drawn = rng.choices(found.candidates, found.counts, k=rng.choice((2, 3, 3, 3, 4))) if found.candidates else []
    candidates = list(dict.fromkeys(drawn))
    if any(each.outcome == "passed" for each in candidates):
        return _document(trial, candidates, rng, refreshed=0.4)
    manners = [_manner(rng) for _ in range(_MANNERS)] if candidates else [_manner(rng)]
    answer = max((_right(found.problem, manner) for manner in manners),
                 key=lambda body: _likeness(body, candidates[0].text) if candidates else 0.0)
    return _document(trial, candidates, rng, answer, refreshed=0.4)


def _subject(draw: Draw) -> MiniPyProblem:
    return draw.varied(draw.vague() if draw.rng.random() < _VAGUE else draw.problem)


def _manner(rng: Random) -> _Manner:
    return rng.choice(STYLES), rng.randrange(VARIANTS)


def _body(problem: MiniPyProblem, program: Program, manner: _Manner) -> str:
    """A program in a problem's own names; what two programs share is written alike in one manner."""
    style, variant = manner
    rng = Random(f"minipy body {problem.task_id} {style} {variant}")
    return render_body(program, problem.name, problem.parameters, style, rng)


def _right(problem: MiniPyProblem, manner: _Manner) -> str:
    return _body(problem, problem.program, manner)


def _wrong(problem: MiniPyProblem, rng: Random) -> Iterator[Program]:
    """Programs that may be wrong, each once: other readings first, most of the time."""
    near = neighbours(problem.program)
    other = readings(problem.program, problem.vague) if problem.vague is not None else []
    rng.shuffle(near)
    rng.shuffle(other)
    seen = {problem.program}
    while near or other:
        program = other.pop() if other and (not near or rng.random() < 0.85) else near.pop()
        if program not in seen:
            seen.add(program)
            yield program


def failing(trial: Trial, count: int, manner: _Manner | None, rng: Random,
            first: _Manner | None = None) -> list[Candidate]:
    """Up to so many candidates that do not pass, in one manner or each in its own.

    Args:
        trial: Of the problem.
        count: How many.
        manner: Of all of them; none: each has its own, and now and then one is an earlier one's program, as samples of
            a model are.
        rng: Source of the choices.
        first: Manner of the first one, where there is none for all.
    """
    found: list[Candidate] = []
    wrong = _wrong(trial.problem, rng)
    program = None
    while len(found) < count:
        again = manner is None and bool(found) and rng.random() < _AGAIN
        program = program if again else next(wrong, None)
        if program is None:
            break
        chosen = manner or (first if first and not found else _manner(rng))
        candidate = trial.candidate(_body(trial.problem, program, chosen))
        if candidate.outcome != "passed":
            found += _distinct([candidate], found)
    return found


def _likeness(body: str, other: str) -> float:
    """How much of two bodies is the same, lines at the beginning first."""
    return _shared(body, other) + SequenceMatcher(None, body, other, autojunk=False).quick_ratio()


def _distinct(new: Sequence[Candidate], known: Sequence[Candidate]) -> list[Candidate]:
    return [each for each in new if each.program not in {other.program for other in known}]


def _shuffled(candidates: list[Candidate], rng: Random) -> list[Candidate]:
    rng.shuffle(candidates)
    return candidates


def _document(trial: Trial, candidates: list[Candidate], rng: Random, answer: str | None = None,
              written: str | None = None, refreshed: float = 0.0, shown: bool = True) -> list[Part]:
    """The document of some candidates.

    Args:
        trial: Of the problem.
        candidates: In their order.
        rng: Source of the choices.
        answer: The right body where no candidate passes.
        written: The code so far, where it is settled.
        refreshed: How often the signal stands in the middle of a program: what is left of the candidates then goes on
            from the code so far.
        shown: Whether candidates that pass are learnt where they are shown, too.
    """
    if answer is None:
        answer = next(each.text for each in candidates if each.outcome == "passed")
    answer = answer.rstrip("\n") + "\n"
    if written is None:
        written = ""
        if rng.random() < refreshed:
            others = [each.text for each in candidates if each.text != answer]
            most = max((_shared(answer, other) for other in others), default=answer.count("\n") - 1)
            written = "".join(answer.splitlines(keepends=True)[:rng.randint(0, most)])
            candidates = [each for each in candidates if each.text.startswith(written)]
    signal = trial.signal(candidates)
    parts = [Part(trial.prompt, trained=False)]
    place = 0
    for right in _OK.finditer(signal):
        parts += [Part(signal[place:right.start()], trained=False), Part(right[0], trained=shown)]
        place = right.end()
    parts += [Part(signal[place:], trained=False), Part(written, trained=False), Part(answer[len(written):] + END)]
    return [part for part in parts if part.text]


def _shared(first: str, second: str) -> int:
    """Lines at the beginning that two texts share; never all."""
    count = 0
    for one, other in zip(first.splitlines()[:-1], second.splitlines(), strict=False):
        if one != other:
            break
        count += 1
    return count
