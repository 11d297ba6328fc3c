"""What is asked of the model that writes the programs, and what it answered: one row a problem.

    question = ask(problem, sampling, family="embedded", kind="completion", sampler="beam", source="tiny")
    for question, row in answers(model, [question, ...], question.sampling):
        question.problem, row.completions

A row is written whole, so a problem has all of its programs or none. It is known by `key`: source, prompt and settings.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from eg_cfg.benchmarks.base import Problem
from eg_cfg.config import to_plain
from eg_cfg.errors import DataFormatError, EndpointError
from eg_cfg.grading.programs import Extract
from eg_cfg.models.base import Completion, LogitModel, Prompt, Sampling, TextModel
from eg_cfg.models.families import FamilyName
from eg_cfg.models.prompts import Kind, render, settings_for, task_of, with_header
from eg_cfg.replay.experience import prompt_from_json, prompt_to_json
from eg_cfg.runs import fingerprint

OF_ONE_PROMPT = frozenset({"context_length", "content_filter"})
"""Reasons for which a model cannot answer one prompt, and can others."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for one problem."""

    problem: Problem
    prompt: Prompt
    sampling: Sampling
    extract: Extract
    """How the program is taken out of the answer."""
    key: str

    @property
    def prefix(self) -> str:
        """What the answer continues, where the program is more than the answer."""
        return self.problem.completion_prefix if self.extract == "completion" else ""


@dataclass(frozen=True, slots=True)
class Written:
    """One completion, as it is kept."""

    text: str
    finish_reason: str | None = None
    log_prob: float | None = None
    num_tokens: int | None = None
    program: str | None = None
    """Where the text is not all of the answer: guided programs are given whole."""


@dataclass(frozen=True, slots=True)
class Row:
    """What was written for one problem: a line of `completions.jsonl`."""

    key: str
    task_id: str
    prompt: Prompt
    completions: tuple[Written, ...]
    unanswered: str | None = None
    """Why there are none, where the model could not be asked: one of `OF_ONE_PROMPT`."""
    seconds: float = 0.0
    """Wall time since the row before, or since the batch began."""

    def to_json(self) -> dict[str, Any]:
        """The row as it is written."""
        return {**asdict(self), "prompt": prompt_to_json(self.prompt)}

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Self:
        """Reads what `to_json` wrote; raises `DataFormatError` for anything else."""
        try:
            completions = tuple(Written(**written) for written in row["completions"])
            if not all(isinstance(written.text, str) for written in completions):
                raise ValueError("a text is none")
            return cls(**{**row, "prompt": prompt_from_json(row["prompt"]), "completions": completions})
        except (KeyError, TypeError, ValueError) as error:
            raise DataFormatError(f"expected completions of a problem, found other fields ({error})") from None


def ask(problem: Problem, sampling: Sampling, *, family: FamilyName, kind: Kind, sampler: str,
        source: str) -> Question:
    """The question for a problem.

    Args:
        problem: What is to be solved.
        sampling: How; stop strings are added, those of the problem's kind of task.
        family: Of the model.
        kind: Of prompt.
        sampler: The way of writing.
        source: What tells this state of the model from all others.

    Raises:
        ConfigError: There is no such prompt for this task.
    """
    problem = with_header(problem, family, kind)
    prompt = render(problem, family=family, kind=kind)
    settings = settings_for(problem.benchmark, kind, task_of(problem))
    extract: Extract = "chat" if settings.extraction == "snippet" else settings.extraction  # known by its tests
    asked = sampling.model_copy(update={"stop": sampling.stop or settings.stop})
    key = fingerprint({"source": source, "sampler": sampler, "task": [problem.benchmark, problem.task_id],
                       "prompt": prompt_to_json(prompt), "sampling": to_plain(asked)})
    return Question(problem, prompt, asked, extract, key)


def answers(model: TextModel, questions: Sequence[Question], sampling: Sampling) -> Iterator[tuple[Question, Row]]:
    """Asks a model, and yields each question with its row as soon as it is answered.

    Prompts that are too long for the model, or that its provider refuses, have rows that say so.

    Args:
        model: Who is asked.
        questions: All of this sampling.
        sampling: What the model is told.

    Raises:
        ConfigError: The model does not take such prompts, or has no beam search.
        ModelError: The model could not go on.
    """
    left: dict[int, Question] = {}
    for question in questions:
        if _too_long(model, question.prompt):
            yield question, _unanswered(question, "context_length")
        else:
            left[len(left)] = question
    if not left:
        return
    asked = list(left.values())
    before = time.perf_counter()
    try:
        for place, completions in model.stream([question.prompt for question in asked], sampling):
            question = left.pop(place)
            seconds, before = time.perf_counter() - before, time.perf_counter()
            yield question, Row(question.key, question.problem.task_id, question.prompt,
                                tuple(map(_written, completions)), seconds=round(seconds, 3))
    except EndpointError as error:
        if error.reason not in OF_ONE_PROMPT:
            raise
        if len(asked) == 1:
            yield asked[0], _unanswered(asked[0], error.reason)
            return
        for question in list(left.values()):  # alone, so that each refusal is known to be its own
            yield from answers(model, [question], sampling)


def _written(completion: Completion) -> Written:
    log_prob = completion.log_prob
    if log_prob is None or not math.isfinite(log_prob):
        return Written(completion.text, completion.finish_reason, None, completion.num_tokens)
    tokens = len(completion.log_probs or ())  # endpoints may count tokens that they give no probability of
    return Written(completion.text, completion.finish_reason, min(log_prob, 0.0), tokens)


def _unanswered(question: Question, reason: str) -> Row:
    return Row(question.key, question.problem.task_id, question.prompt, (), reason)


def _too_long(model: TextModel, prompt: Prompt) -> bool:
    """Whether a prompt leaves no room for a token, where a model tells."""
    context = getattr(model, "context", None)
    return isinstance(model, LogitModel) and context is not None and len(model.encode(prompt)) + 1 > context
