"""Samples of a model for problems: what is asked, what comes back, and the row that keeps it.

    sampler = Sampler(model, PromptOptions.of(model, family), Sampling(n=10, temperature=0.8))
    for row in sampler.draw(problems, {}):      # or only what is missing: {"mbpp/11": [3, 4]}
        row.solution, row.log_prob

A sample is known by its task and its index. Seed, prompt and index decide it, so it does not matter which others were
drawn with it, or in which of several starts.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from eg_cfg.benchmarks.base import Problem
from eg_cfg.config import Options, to_plain
from eg_cfg.errors import EndpointError
from eg_cfg.grading.programs import Extract, program_of
from eg_cfg.models.base import Completion, LogitModel, Message, Prompt, Sampling, TextModel
from eg_cfg.models.families import FamilyName
from eg_cfg.models.prompts import Kind, default_kind, render, settings_for, task_of, with_header
from eg_cfg.runs import fingerprint

UNANSWERED = frozenset({"context_length", "content_filter"})
"""Finish reasons of samples that the model could not be asked for: the prompt was too long, or refused."""


class PromptOptions(Options):
    """How a problem is put to a model, and how its answer is read."""

    family: FamilyName = "generic"
    """Whose frame the prompt has; `models.registry.resolve(name).family` tells."""
    kind: Kind = "completion"
    """`completion`, `zero-shot`, `three-shot`, or `instruct`, a chat."""
    extract: Extract | None = None
    """How the program is taken out of the text; where none, as the kind of prompt and the task want it."""
    task_stops: bool = True
    """Where `Sampling.stop` is empty, each problem has the stop strings of its task and kind of prompt."""

    @classmethod
    def of(cls, model: TextModel, family: FamilyName, kind: Kind | None = None) -> Self:
        """What suits a model: a chat where it takes one, the bare text otherwise."""
        return cls(family=family, kind=kind or default_kind(family, model.supports_chat))

    def asked(self, problem: Problem) -> Problem:
        """The problem as the model is asked it: with a header where its family writes function bodies only."""
        return with_header(problem, self.family, self.kind)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for one problem."""

    problem: Problem
    """As it is asked (`PromptOptions.asked`); its tests are the benchmark's."""
    prompt: Prompt
    stop: tuple[str, ...]
    extract: Extract
    key: str
    """Hash of model, prompt and sampling: a row of another key is not this question's."""


@dataclass(frozen=True, slots=True)
class SampleRow:
    """One sample: a line of `samples.jsonl`, which `eg-cfg grade` reads."""

    task_id: str
    index: int
    """Its place among the samples of its task; what its random stream is keyed by."""
    solution: str
    """The program as it is graded; empty where the text holds none."""
    text: str
    """What the model wrote, to the letter."""
    prompt: str | list[dict[str, str]]
    """Exactly what it was asked: text, or the turns of a chat."""
    finish_reason: str
    """As of `Completion`, or one of `UNANSWERED`."""
    extraction: str
    """`ok`, `empty`, `truncated` or `unparsable`."""
    tokens: int | None
    """Generated tokens."""
    prompt_tokens: int | None
    """Tokens of the prompt, said once a task, by its first sample; from an endpoint, what it reported since the answer
    before."""
    log_prob: float | None
    """Sum of the tokens' log-probabilities; null where the backend does not tell."""
    sequence_score: float | None
    """Beam search: the beam's score."""
    seed: int
    seconds: float
    """Share of the wall time of generation; all rows' together are the whole."""
    key: str

    def to_json(self) -> dict[str, Any]:
        """The row as it is written."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> SampleRow:
        """Reads what `to_json` wrote; `TypeError` for other fields."""
        return cls(**row)


class Sampler:
    """Draws samples of one model.

    Args:
        model: Any text model.
        prompts: How problems are put to it.
        sampling: Number of samples, temperature, limits, seed.
    """

    def __init__(self, model: TextModel, prompts: PromptOptions, sampling: Sampling) -> None:
        self.model = model
        self.prompts = prompts
        self.sampling = sampling
        self._settings = {k: v for k, v in to_plain(sampling).items() if k not in ("n", "first_sample", "stop")}

    @property
    def indices(self) -> range:
        """The samples of each problem."""
        return range(self.sampling.first_sample, self.sampling.first_sample + self.sampling.n)

    def question(self, problem: Problem) -> Question:
        """What is asked for a problem.

        Raises:
            ConfigError: There is no such prompt for this task.
        """
        problem = self.prompts.asked(problem)
        prompt = render(problem, family=self.prompts.family, kind=self.prompts.kind)
        settings = settings_for(problem.benchmark, self.prompts.kind, task_of(problem))
        stop = self.sampling.stop or (settings.stop if self.prompts.task_stops else ())
        usual: Extract = "chat" if settings.extraction == "snippet" else settings.extraction  # known by its tests
        extract = self.prompts.extract or usual
        asked = {"model": self.model.name, "prompt": plain(prompt), "stop": list(stop), "extract": extract,
                 **self._settings}
        return Question(problem, prompt, stop, extract, fingerprint(asked))

    def draw(self, questions: Sequence[Question], missing: Mapping[str, Sequence[int]]) -> Iterator[SampleRow]:
        """Draws the samples that are missing, a task's together as soon as the model has them.

        Args:
            questions: What may be asked.
            missing: Task ids and the indices to draw; tasks that are not in it are left out.

        Raises:
            ModelError: The model could not go on; the rows so far are good.
        """
        groups: dict[tuple[tuple[str, ...], int, int], list[Question]] = {}
        for question in questions:
            for first, count in self._runs(missing.get(question.problem.task_id, ())):
                groups.setdefault((question.stop, first, count), []).append(question)
        for (stop, first, count), asked in groups.items():
            sampling = self.sampling.model_copy(update={"stop": stop, "first_sample": first, "n": count})
            for row in self._ask(asked, sampling):
                if row.index in missing[row.task_id]:
                    yield row

    def _runs(self, indices: Sequence[int]) -> list[tuple[int, int]]:
        """Consecutive indices as (first, count); beams are found together, so all of them where one is missing."""
        if self.sampling.num_beams > 1:
            return [(0, self.sampling.n)] if indices else []
        runs: list[tuple[int, int]] = []
        for index in sorted(indices):
            if runs and sum(runs[-1]) == index:
                runs[-1] = (runs[-1][0], runs[-1][1] + 1)
            else:
                runs.append((index, 1))
        return runs

    def _ask(self, questions: Sequence[Question], sampling: Sampling) -> Iterator[SampleRow]:
        meter = _Meter(self.model)
        fitting = []
        for question in questions:
            if meter.too_long(question.prompt):
                yield from self._unanswered(question, sampling, "context_length")
            else:
                fitting.append(question)
        left = dict(enumerate(fitting))
        try:
            for place, completions in self.model.stream([q.prompt for q in fitting], sampling):
                yield from self._rows(left.pop(place), completions, sampling, meter)
                meter.restart()
        except EndpointError as error:
            if error.reason not in UNANSWERED:
                raise
            for question in left.values():
                if len(fitting) == 1:
                    yield from self._unanswered(question, sampling, error.reason)
                else:
                    yield from self._ask([question], sampling)  # alone, so that each refusal is known to be its own

    def _rows(self, question: Question, completions: Sequence[Completion], sampling: Sampling,
              meter: _Meter) -> Iterator[SampleRow]:
        seconds, prompt_tokens = meter.read(question.prompt)
        for place, completion in enumerate(completions):
            found = program_of(completion.text, question.problem, question.extract)
            yield SampleRow(
                task_id=question.problem.task_id,
                index=sampling.first_sample + place,
                solution="" if found.empty else found.program,
                text=completion.text,
                prompt=plain(question.prompt),
                finish_reason=completion.finish_reason,
                extraction=found.status,
                tokens=completion.num_tokens,
                prompt_tokens=prompt_tokens if sampling.first_sample + place == self.indices.start else 0,
                log_prob=completion.log_prob,
                sequence_score=completion.sequence_score,
                seed=sampling.seed,
                seconds=seconds / len(completions),
                key=question.key,
            )

    def _unanswered(self, question: Question, sampling: Sampling, reason: str) -> Iterator[SampleRow]:
        for index in range(sampling.first_sample, sampling.first_sample + sampling.n):
            yield SampleRow(question.problem.task_id, index, "", "", plain(question.prompt), reason, "empty", 0, 0,
                            None, None, sampling.seed, 0.0, question.key)


class _Meter:
    """Wall time and prompt tokens between two answers."""

    def __init__(self, model: TextModel) -> None:
        self._model = model
        self._tokens = self._counted()
        self._time = time.perf_counter()

    def restart(self) -> None:
        """Leaves out the time since the last reading, which went into something else."""
        self._time = time.perf_counter()

    def read(self, prompt: Prompt) -> tuple[float, int]:
        """Seconds since the start, and the tokens of the prompt."""
        seconds = time.perf_counter() - self._time
        before, self._tokens = self._tokens, self._counted()
        if isinstance(self._model, LogitModel):
            return seconds, len(self._model.encode(prompt))
        return seconds, self._tokens - before

    def too_long(self, prompt: Prompt) -> bool:
        """Whether a prompt leaves no room for one token in the model's context, where both are known."""
        context = getattr(self._model, "context", None)
        return isinstance(self._model, LogitModel) and context is not None and \
            len(self._model.encode(prompt)) + 1 > context

    def _counted(self) -> int:
        """Replies that were paid for earlier count with those that are bought now."""
        earlier = getattr(self._model, "replayed", None)
        return self._model.usage.prompt_tokens + (earlier.prompt_tokens if earlier is not None else 0)


def plain(prompt: Prompt) -> str | list[dict[str, str]]:
    """A prompt as plain data."""
    if isinstance(prompt, str):
        return prompt
    if isinstance(prompt, tuple) and all(isinstance(turn, Message) for turn in prompt):
        return [{"role": turn.role, "content": turn.content} for turn in prompt]
    raise TypeError(f"expected text or a chat, found {type(prompt).__name__}")
