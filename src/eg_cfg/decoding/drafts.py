"""Candidates between sampling and signal: what is run of them, and what the runs told.

    drafts = drafted(task.given, written, [(text, ended), ...])
    drafts = with_traces(drafts, {0: trace})
    first_passing(drafts)

and the early stop's question, whether signals still change the finished program (`agreeing`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from eg_cfg.decoding.base import Candidate
from eg_cfg.decoding.candidates import executable, first_of_each
from eg_cfg.grading.normalise import program_hash
from eg_cfg.sandbox.tracing import Trace


def drafted(given: str, written: str, sampled: Sequence[tuple[str, bool]]) -> tuple[Candidate, ...]:
    """Candidates that have not been run.

    Args:
        given: What executable forms begin with.
        written: The code so far.
        sampled: The text of each, and whether the model ended the program with it.
    """
    programs = [executable(given, written + text) for text, _ in sampled]
    firsts = first_of_each(programs)
    return tuple(Candidate(index, text, programs[index], first if first != index else None, None, ended=ended)
                 for index, ((text, ended), first) in enumerate(zip(sampled, firsts, strict=True)))


def to_run(drafts: Sequence[Candidate]) -> dict[int, str]:
    """The unique programs, by the index of their candidate."""
    return {each.index: each.program for each in drafts if each.program is not None and each.duplicate_of is None}


def with_traces(drafts: Sequence[Candidate], traces: Mapping[int, Trace]) -> tuple[Candidate, ...]:
    """The candidates with what their runs told."""
    return tuple(replace(each, outcome=traces[each.index].outcome, trace=traces[each.index])
                 if each.index in traces else each for each in drafts)


def first_passing(drafts: Sequence[Candidate]) -> Candidate | None:
    """The first candidate that passes the shown tests."""
    return next((each for each in drafts if each.trace is not None and each.trace.passed), None)


def agreeing(streak: tuple[str, int], prefix: str, plain: str, conditional: str) -> tuple[str, int]:
    """The finished program that the last signals led to on both branches, and how many of them in a row.

    Args:
        streak: Before this signal.
        prefix: What both texts go on from.
        plain: What the plain branch finished; empty where it did not finish.
        conditional: The same of the conditional branch.
    """
    same = bool(plain) and bool(conditional) and program_hash(prefix + plain) == program_hash(prefix + conditional)
    if not same:
        return "", 0
    found = program_hash(prefix + conditional)
    return found, (streak[1] if found == streak[0] else 0) + 1
