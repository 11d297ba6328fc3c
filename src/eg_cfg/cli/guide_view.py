"""A run of guided decoding as it goes: one problem at a time on a terminal, a line now and then in a log.

On a terminal: the code so far of one of the problems that are being decoded, what its last candidates did, and the
tokens whose probability the signal moved most. In a log: how many are finished, and how many of them solved.
"""

from __future__ import annotations

import math
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from eg_cfg.cli.progress import LOG_SECONDS

if TYPE_CHECKING:
    from rich.console import RenderableType

    from eg_cfg.decoding.base import Refresh, Token
    from eg_cfg.studies.guide_work import Watcher

LINES = 16
"""Of code that are shown, from the end."""
MOVED = 6
"""Tokens that are shown."""


@contextmanager
def view(*, debug: bool = False) -> Iterator[Watcher]:
    """Yields what a run is to be watched with.

    Args:
        debug: Tell every signal in a line of its own, on a terminal too.
    """
    if debug or not sys.stderr.isatty():
        yield LogView(debug)
        return
    from rich.console import Console
    from rich.live import Live

    screen = LiveView()
    with Live(get_renderable=screen.render, console=Console(stderr=True), transient=True, refresh_per_second=6):
        yield screen


class _Tally:
    """How far a run has come."""

    def __init__(self) -> None:
        self.done = self.total = 0
        self.state = "decoding"
        self.finished: Counter[tuple[str, float]] = Counter()
        self.solved: Counter[tuple[str, float]] = Counter()

    def graded(self, result: Mapping[str, Any], done: int, total: int) -> None:
        self.state, self.done, self.total = "decoding", done, total
        key = (result["trial"], result["gamma"])
        self.finished[key] += 1
        self.solved[key] += result["passed"]

    def sampled(self, done: int, total: int) -> None:
        self.state, self.done, self.total = "best of N", done, total

    def waiting(self, tasks: int) -> None:
        self.state = f"waiting for another process, which works at {tasks}"

    def __str__(self) -> str:
        parts = [f"{self.state}: {self.done}/{self.total}"]
        recent = list(self.finished.items())[-6:]
        several = len({trial for trial, _ in self.finished if not _is_plain(trial)}) > 1
        parts += [f"{_label(*key, named=several)} {self.solved[key]}/{count}" for key, count in recent]
        return ", ".join(parts)


def _is_plain(trial: str) -> bool:
    return trial.startswith("baselines/")


def _label(trial: str, gamma: float, *, named: bool = True) -> str:
    """What a tally is of; a trial is named where there are several."""
    return "greedy" if _is_plain(trial) else f"{trial} gamma {gamma:g}" if named else f"gamma {gamma:g}"


class LogView:
    """Lines on standard error.

    Args:
        debug: One for every signal and result.
    """

    def __init__(self, debug: bool) -> None:
        self._debug = debug
        self._said = time.monotonic()
        self._tally = _Tally()

    def refreshed(self, task_id: str, gammas: Sequence[float], refresh: Refresh) -> None:
        """A signal was made."""
        if self._debug:
            outcomes = ", ".join(candidate.outcome or "not run" for candidate in refresh.candidates)
            strengths = "/".join(f"{gamma:g}" for gamma in gammas)
            self._print(f"{task_id} line {refresh.line}, gamma {strengths}: {outcomes}")

    def wrote(self, task_id: str, gamma: float, token: Token) -> None:
        """A token was chosen."""

    def graded(self, result: Mapping[str, Any], done: int, total: int) -> None:
        """A result is there."""
        self._tally.graded(result, done, total)
        if self._debug:
            self._print(f"{result['task_id']} {_label(result['trial'], result['gamma'])}: {result['outcome']}")
        self._now_and_then()

    def sampled(self, done: int, total: int) -> None:
        """A task of best-of-N is finished."""
        self._tally.sampled(done, total)
        self._now_and_then()

    def waiting(self, tasks: int) -> None:
        """Others work."""
        self._tally.waiting(tasks)
        self._now_and_then()

    def _now_and_then(self) -> None:
        if time.monotonic() - self._said >= LOG_SECONDS:
            self._said = time.monotonic()
            self._print(str(self._tally))

    @staticmethod
    def _print(line: str) -> None:
        print(line, file=sys.stderr, flush=True)


class LiveView:
    """What a terminal shows; it follows one problem and gamma until it is finished."""

    def __init__(self) -> None:
        self._tally = _Tally()
        self._focus: tuple[str, float] | None = None
        self._code = ""
        self._refresh: Refresh | None = None
        self._tokens: list[Token] = []

    def refreshed(self, task_id: str, gammas: Sequence[float], refresh: Refresh) -> None:
        """A signal was made."""
        if self._focus is None and gammas:
            self._focus = (task_id, max(gammas))
        if self._focus is not None and task_id == self._focus[0] and self._focus[1] in gammas:
            self._code, self._refresh, self._tokens = refresh.code, refresh, []

    def wrote(self, task_id: str, gamma: float, token: Token) -> None:
        """A token was chosen."""
        if (task_id, gamma) == self._focus:
            self._code += token.text
            self._tokens.append(token)

    def graded(self, result: Mapping[str, Any], done: int, total: int) -> None:
        """A result is there."""
        self._tally.graded(result, done, total)
        if self._focus == (result["task_id"], result["gamma"]):
            self._focus = None

    def sampled(self, done: int, total: int) -> None:
        """A task of best-of-N is finished."""
        self._focus = None
        self._tally.sampled(done, total)

    def waiting(self, tasks: int) -> None:
        """Others work."""
        self._focus = None
        self._tally.waiting(tasks)

    def render(self) -> RenderableType:
        """The screen."""
        from rich.console import Group
        from rich.panel import Panel
        from rich.text import Text

        parts: list[RenderableType] = [Text(printable(str(self._tally)), no_wrap=True, overflow="ellipsis")]
        if self._focus is not None:
            task, gamma = self._focus
            code = "\n".join(printable(self._code).split("\n")[-LINES:])
            parts.append(Panel(Text(code), title=Text(f"{task}, gamma {gamma:g}"), title_align="left"))
            refresh, tokens = self._refresh, list(self._tokens)
            if refresh is not None and refresh.candidates:
                parts.append(_candidates(refresh))
            if moved(tokens):
                parts.append(_moved(tokens))
        return Group(*parts)


def _candidates(refresh: Refresh) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    table = Table("candidate", "on the shown tests", "goes on with", box=None, pad_edge=False)
    for candidate in refresh.candidates:
        same = None if candidate.duplicate_of is None else f"same as {candidate.duplicate_of}"
        text = " / ".join(line.strip() for line in printable(candidate.text).split("\n") if line.strip())
        table.add_row(str(candidate.index), same or candidate.outcome or "not run",
                      Text(text, no_wrap=True, overflow="ellipsis"))
    return table


def moved(tokens: Sequence[Token]) -> list[Token]:
    """The chosen tokens whose log-probability guidance changed most, in the order in which they were written."""
    known = [(abs(token.guided - token.plain), place) for place, token in enumerate(tokens)
             if token.conditional is not None and math.isfinite(token.guided) and math.isfinite(token.plain)]
    places = sorted(place for change, place in sorted(known, reverse=True)[:MOVED] if change > 0.01)
    return [tokens[place] for place in places]


def _moved(tokens: Sequence[Token]) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    table = Table("token", "plain", "guided", "plain would have taken", box=None, pad_edge=False)
    for token in moved(tokens):
        first = max((each for each in (token, *token.top) if math.isfinite(each.plain)), key=lambda other: other.plain)
        table.add_row(Text(repr(token.text)), f"{math.exp(token.plain):.1%}", f"{math.exp(token.guided):.1%}",
                      Text("the same" if first is token else repr(first.text)))
    return table


def printable(text: str) -> str:
    """What a terminal may be given of what a model wrote."""
    return "".join(char if char.isprintable() or char == "\n" else "?" for char in text.replace("\t", "    "))
