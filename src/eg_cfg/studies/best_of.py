"""Best-of-N: whole programs are sampled, those that pass the shown tests are kept, and the likeliest of them is taken.

    store = SampleStore(folder, model, grader, temperature=0.75, prompt_type="deepseek_instruct", ...)
    task = store.draw(problem, 12)          # the first 12, drawn and graded unless they are there already
    task.best(12).passed                    # the choice among the first 12

The fair rival of a guided decoder: it sees the same plain prompt, samples as many programs at the same temperature, and
may run the same tests. Sample `i` is the same however many are drawn, so all gammas and trials of one temperature use
one store, each as many of its first programs as its own number.

At equal wall time instead of equal samples, a task has as many programs as the sampler draws in the seconds that the
decoder took for it (`TaskSamples.within`). Both sides are measured alike: the decoder's seconds are shared among the
problems that it decodes at once (`eg_cfg.decoding.clock`), a draw's among its programs. Such programs have a store of
their own, drawn in batches of one size, since a program costs more in a small batch than in a large one.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from eg_cfg.benchmarks.base import Problem
from eg_cfg.decoding.base import PromptType
from eg_cfg.decoding.prompting import frame_for
from eg_cfg.errors import RunError
from eg_cfg.grading.grader import Grader, GradeRequest, Which
from eg_cfg.grading.verdict import Verdict
from eg_cfg.models.base import LogitModel, Sampling, TextModel
from eg_cfg.studies.evaluation import shows_its_tests
from eg_cfg.studies.guide_records import BASELINES, ResultsFolder, read_json, write_json
from eg_cfg.studies.trial_strings import decimal


@dataclass(slots=True)
class Drawn:
    """One whole program."""

    program: str
    tokens: int | None
    log_prob: float | None
    """Of all its tokens, at temperature 1; none where the model does not tell."""
    finish_reason: str
    passed: bool | None = None
    """By the tests that score; none until it was graded."""
    shown_passed: bool | None = None
    """By the shown tests; none where there are none."""


@dataclass(slots=True)
class Purchase:
    """What it took to draw some of a task's programs."""

    first: int
    count: int
    seconds: float
    forward_passes: int
    shown_seconds: float | None = None
    """Of running them on the shown tests, which the choice among them needs; none where it was not timed."""

    @property
    def each(self) -> float:
        """Seconds of one of them: sampling, and its runs on the shown tests."""
        return (self.seconds + (self.shown_seconds or 0.0)) / self.count


@dataclass(slots=True)
class TaskSamples:
    """A task's programs."""

    task_id: str
    prompt_tokens: int | None
    samples: list[Drawn] = field(default_factory=list)
    purchases: list[Purchase] = field(default_factory=list)

    def best(self, n: int) -> Drawn:
        """The likeliest of those of the first `n` that pass the shown tests; of all, where none does.

        Of equally likely ones, and where no log-probability is known, the first.
        """
        first = self.samples[:n]
        kept = [sample for sample in first if sample.shown_passed] or first
        known = [sample for sample in kept if sample.log_prob is not None]
        return max(known, key=lambda sample: sample.log_prob or 0.0) if known else kept[0]

    def cost(self, n: int) -> dict[str, float | None]:
        """What the first `n` took: tokens, forward passes, executions on shown tests, seconds.

        Passes and seconds are those of the draws that these programs came from. Executions are of unique programs.
        """
        counts = [sample.tokens for sample in self.samples[:n]]
        tokens = None
        if self.prompt_tokens is not None and None not in counts:
            tokens = self.prompt_tokens + sum(count or 0 for count in counts)
        bought = [purchase for purchase in self.purchases if purchase.first < n]
        shown = {sample.program for sample in self.samples[:n] if sample.shown_passed is not None}
        return {"tokens": tokens, "forward_passes": sum(purchase.forward_passes for purchase in bought),
                "executions": len(shown), "seconds": sum(purchase.seconds for purchase in bought)}

    def seconds(self, n: int) -> float:
        """What the first `n` took, each its part of the draw that it came from."""
        return sum(purchase.each * max(0, min(purchase.count, n - purchase.first)) for purchase in self.purchases)

    def within(self, seconds: float, most: int) -> int:
        """How many of the first programs some seconds pay for; at least one, for a program has to be handed in."""
        count = 0
        for purchase in self.purchases:
            for _ in range(purchase.count):
                seconds -= purchase.each
                if seconds < 0:
                    return max(1, min(count, most))
                count += 1
        return max(1, min(count, most))

    def lasts(self, seconds: float) -> bool:
        """Whether drawing all that is there took so long."""
        return self.seconds(len(self.samples)) >= seconds

    def to_json(self) -> dict[str, Any]:
        """As it is written."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> TaskSamples:
        """Reads what `to_json` wrote; `TypeError` or `KeyError` for other fields."""
        return cls(values["task_id"], values["prompt_tokens"], [Drawn(**sample) for sample in values["samples"]],
                   [Purchase(**purchase) for purchase in values["purchases"]])


class SampleStore:
    """Whole programs of one model, prompt and temperature.

    Args:
        folder: Where they are kept.
        model: What samples.
        grader: What runs them.
        prompt_type: Of the plain prompt; the decoder's.
        temperature: Of sampling.
        top_p: Of sampling.
        max_new_tokens: Of a program; the benchmark's usual number where none.
        seed: Of sampling.
        timed: Whether these are the programs of best-of-N at equal wall time.
    """

    def __init__(self, folder: ResultsFolder, model: TextModel, grader: Grader, *, prompt_type: PromptType,
                 temperature: float, top_p: float, max_new_tokens: int | None, seed: int,
                 timed: bool = False) -> None:
        self.name = store_name(prompt_type, temperature, timed=timed)
        self._folder = folder
        self._model = model
        self._grader = grader
        self._prompt_type = prompt_type
        self._sampling = Sampling(temperature=temperature, top_p=top_p, seed=seed)
        self._max_new_tokens = max_new_tokens

    def read(self, task: str) -> TaskSamples | None:
        """What is there of a task."""
        path = self._folder.samples_path(self.name, task)
        values = read_json(path)
        if values is None:
            return None
        try:
            return TaskSamples.from_json(values)
        except (TypeError, KeyError) as error:
            raise RunError(f"{path}: expected a task's samples, found other fields ({error}); delete it, or start over "
                           f"with --force") from None

    def complete(self, task: str, n: int) -> bool:
        """Whether the first `n` are drawn and graded."""
        found = self.read(task)
        return found is not None and len(found.samples) >= n and all(s.passed is not None for s in found.samples[:n])

    def draw(self, problem: Problem, n: int) -> TaskSamples:
        """The first `n` programs of a task at least; what is missing is drawn and graded, and written at once."""
        found = self.read(problem.task_id) or TaskSamples(problem.task_id, None)
        path = self._folder.samples_path(self.name, problem.task_id)
        if len(found.samples) < n:
            self._sample(problem, found, n - len(found.samples))
            write_json(path, found.to_json())
        if any(sample.passed is None for sample in found.samples):
            self._grade(problem, found)
            write_json(path, found.to_json())
        return found

    def enough(self, task: str, seconds: float, most: int) -> bool:
        """Whether so many seconds, or programs, are drawn and graded."""
        found = self.read(task)
        return found is not None and bool(found.samples) and all(s.passed is not None for s in found.samples) and (
            len(found.samples) >= most or found.lasts(seconds))

    def draw_for(self, problem: Problem, seconds: float, rows: int, most: int) -> TaskSamples:
        """As many programs as some seconds pay for, and the rest of the last batch; each batch is written at once.

        Args:
            problem: The task.
            seconds: What is to be spent, in programs that are there already too.
            rows: Programs of a batch.
            most: Programs at most.
        """
        found = self.draw(problem, min(rows, most))
        while len(found.samples) < most and not found.lasts(seconds):
            found = self.draw(problem, min(len(found.samples) + rows, most))
        return found

    def _sample(self, problem: Problem, found: TaskSamples, count: int) -> None:
        frame = frame_for(problem, self._prompt_type, self._model.supports_chat)
        room = self._max_new_tokens or frame.max_new_tokens
        if isinstance(self._model, LogitModel):
            found.prompt_tokens = len(self._model.encode(frame.plain))
            context: int | None = getattr(self._model, "context", None)
            room = room if context is None else min(room, context - found.prompt_tokens)
        first = len(found.samples)
        sampling = self._sampling.model_copy(update={
            "n": count, "first_sample": first, "stop": frame.stop, "max_new_tokens": room})
        started, passes = time.perf_counter(), self._model.usage.forward_passes
        [completions] = self._model.generate([frame.plain], sampling)
        found.purchases.append(Purchase(first, count, time.perf_counter() - started,
                                        self._model.usage.forward_passes - passes))
        found.samples += [Drawn(frame.program(completion.text), completion.num_tokens, completion.log_prob,
                                completion.finish_reason) for completion in completions]

    def _grade(self, problem: Problem, found: TaskSamples) -> None:
        """Runs each program once, however often it was sampled."""
        waiting = [sample for sample in found.samples if sample.passed is None]
        known = {sample.program: sample for sample in found.samples if sample.passed is not None}
        programs = [program for program in dict.fromkeys(sample.program for sample in waiting) if program not in known]
        both = bool(problem.public_tests) and not shows_its_tests(problem)
        hidden = self._verdicts(problem, programs, "hidden") if both else {}
        started = time.perf_counter()
        shown = self._verdicts(problem, programs, "public" if both else "hidden")
        found.purchases[-1].shown_seconds = time.perf_counter() - started if problem.public_tests else 0.0
        for sample in waiting:
            if (before := known.get(sample.program)) is not None:
                sample.passed, sample.shown_passed = before.passed, before.shown_passed
                continue
            sample.passed = (hidden if both else shown)[sample.program].passed
            sample.shown_passed = shown[sample.program].passed if problem.public_tests else None

    def _verdicts(self, problem: Problem, programs: list[str], which: Which) -> dict[str, Verdict]:
        requests = (GradeRequest(problem, program, index, which) for index, program in enumerate(programs))
        return {programs[place]: verdict for place, verdict in self._grader.grade_many(requests)}


def store_name(prompt_type: PromptType, temperature: float, *, timed: bool = False) -> str:
    """Folder of the samples."""
    return f"{BASELINES}/{'timed' if timed else 'samples'}_t{decimal(temperature)}_{prompt_type}"


def greedy_name(prompt_type: PromptType) -> str:
    """Folder of plain decoding."""
    return f"{BASELINES}/greedy_{prompt_type}"
