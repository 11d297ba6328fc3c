"""Collects experience: programs are written, tested as they arrive, and kept. The B and T of BTP (arXiv 2410.12236).

    with registry.load("tiny") as model, grading_sandbox() as sandbox:
        collection = collect(problems, Grader(sandbox), folder, CollectOptions(num_beams=5), model=model,
                             family="embedded", source=model_fingerprint("tiny"))
    collection.experiences              # in the order of the problems, each with its place among their programs

Who writes: `beam`, the paper's: the most probable programs that beam search finds; `sample`: independent samples;
`eg-cfg`: programs that were decoded under guidance, from a callable; or a file (`fixed_sample_path`).

The folder holds two files. `completions.jsonl`: a line a problem, with all that was written for it, appended as soon as
it is there, before it is tested. `experiences.jsonl`: a line a program, appended as soon as it is tested, and put into
order at the end. Killed at any moment and called again with the same arguments, it goes on; the files are in the end
those of an undisturbed run, but for measured times. A damaged line is set aside, counted and named, and what it held is
made again.

Limits: the caller locks the folder (`RunFolder`), and one folder is for one `round`. Whether a problem was answered
before is decided by `source`, the prompt and the settings: where the weights behind a model's name change, `source` has
to. A guide's programs are kept when all of its batch are there; in between, it keeps its own.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from eg_cfg.benchmarks.base import Problem
from eg_cfg.errors import ConfigError, ModelError, RunError, UsageError
from eg_cfg.grading.grader import Grader
from eg_cfg.grading.programs import program_of
from eg_cfg.models.base import Prompt, Sampling, ScoringModel, TextModel
from eg_cfg.models.families import FamilyName
from eg_cfg.models.prompts import default_kind
from eg_cfg.replay.asking import Question, Row, Written, answers, ask
from eg_cfg.replay.experience import Experience
from eg_cfg.replay.files import open_rows
from eg_cfg.replay.fixed import read_fixed
from eg_cfg.replay.options import CollectOptions
from eg_cfg.replay.shared import SharedRows
from eg_cfg.replay.testing import Testing

COMPLETIONS = "completions.jsonl"
EXPERIENCES = "experiences.jsonl"
COLLECT_FILES = (COMPLETIONS, EXPERIENCES)
"""What `collect` writes into its folder."""

Progress = Callable[[int, int], None]
"""Called with how many programs are tested and how many there will be."""


@dataclass(frozen=True, slots=True)
class Guided:
    """A program that was decoded under guidance."""

    problem: Problem
    program: str
    """The whole program."""
    log_prob: float | None = None
    """Log-probability of the completion under the model itself; None where it is unknown."""
    num_tokens: int | None = None
    """Tokens that `log_prob` is the sum over."""
    completion: str = ""
    """What the model wrote, where that is known."""
    prompt: Prompt | None = None
    """What it is to be fine-tuned on; the prompt of a plain sample where none."""


Guide = Callable[[Sequence[Problem]], Iterable[Guided | tuple[Problem, str, float | None]]]
"""Decodes programs for some problems, one or several for each, in any order."""


@dataclass(frozen=True)
class Collection:
    """What was collected."""

    experiences: list[Experience]
    """All programs of all problems, in the order of the problems and their own; those without code too."""
    written: int
    """Programs that this call had written."""
    reused: int
    """Programs that were there."""
    graded: int
    """Programs that this call ran; equal ones of a problem are run once."""
    unanswered: dict[str, str]
    """Task ids that the model could not be asked about, and why: `context_length`, `content_filter`."""
    missing: tuple[str, ...]
    """Task ids for which the file of fixed programs, or the guide, had none."""
    damaged: list[str]
    """File, line and beginning of each damaged line that was skipped."""
    set_aside: tuple[Path, ...] = ()
    """Earlier files that `force_resample` put under another name."""

    @property
    def remarks(self) -> list[str]:
        """One line for each thing that a person should know of."""
        said = []
        if self.unanswered:
            reasons = ", ".join(f"{count} {reason}" for reason, count in Counter(self.unanswered.values()).items())
            said.append(f"{len(self.unanswered)} problems could not be asked ({reasons}), for instance "
                        f"{next(iter(self.unanswered))}")
        if self.missing:
            said.append(f"{len(self.missing)} problems have no program, for instance {self.missing[0]}")
        if self.damaged:
            said.append(f"{len(self.damaged)} damaged lines were skipped: {'; '.join(self.damaged[:3])}")
        if self.set_aside:
            said.append(f"what was there is kept in {', '.join(path.name for path in self.set_aside)}")
        return said


def collect(problems: Sequence[Problem], grader: Grader, folder: Path, options: CollectOptions | None = None, *,
            model: TextModel | None = None, guide: Guide | None = None, family: FamilyName = "generic",
            source: str | None = None, split: str | None = None, round: int = 0,
            progress: Progress | None = None) -> Collection:
    """Has programs written and tested, or what is left of that.

    Args:
        problems: What programs are written for; task ids have to differ.
        grader: In a sandbox that has the packages which the problems preload.
        folder: Where the records are, and go; made if need be.
        options: How.
        model: Who writes, for `beam` and `sample`. With a guide, tells the log-probability of programs where the
            guide does not and the model can.
        guide: Who writes, for `eg-cfg`.
        family: Of the model, as `models.registry.resolve(name).family` tells.
        source: What tells this state of the model (and the guide's settings) from all others, for what is cached;
            the model's name unless given.
        split: Of the benchmark, for the records.
        round: Of the replay, for the records.
        progress: Called in this thread, now and then.

    Raises:
        UsageError: There are no problems, two of the same task id, one without tests, or the file of fixed programs
            cannot be used.
        ConfigError: Nobody is there to write, or the model cannot write so (an API and `beam`).
        ModelError: The model could not go on; what was written is kept, and tested.
        SandboxError: The sandbox could not do its work; what was finished is kept.
        RunError: A file cannot be written; what was finished is kept.
    """
    options = options or CollectOptions()
    _check(problems, options, model, guide)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        aside = _set_aside(folder) if options.force_resample else ()
    except OSError as error:
        raise RunError(f"cannot write to the folder {folder}: {error.strerror or error}; pass another one") from error
    name = model.name if model is not None else source or ""
    kind = options.prompt_kind or default_kind(family, model is not None and model.supports_chat)
    questions = [ask(problem, options.sampling(problem, kind), family=family, kind=kind, sampler=options.sampler,
                     source=source or name) for problem in problems]
    with Testing(grader, options.which, folder / EXPERIENCES) as testing:
        work = _Work(questions, testing, options, name=name, split=split, round=round, progress=progress)
        if options.fixed_sample_path is not None:
            work.read(options.fixed_sample_path)
        else:
            work.write(folder / COMPLETIONS, SharedRows(options.shared_folder, source or name, options.sampler), model,
                       guide)
        return work.finish(aside)


class _Work:
    """What is there, what is missing, and the way from one to the other."""

    def __init__(self, questions: Sequence[Question], testing: Testing, options: CollectOptions, *, name: str,
                 split: str | None, round: int, progress: Progress | None) -> None:
        self._questions = questions
        self._testing = testing
        self._options = options
        self._name = name
        self._split = split
        self._round = round
        self._progress = progress
        self._indices: dict[str, list[int]] = {question.problem.task_id: [] for question in questions}
        """Of each problem's programs."""
        self._damaged = list(testing.damaged)
        self._unanswered: dict[str, str] = {}
        self._written = self._reused = 0
        self._expected = sum(question.sampling.n for question in questions)

    def read(self, path: Path) -> None:
        """Takes the programs of a file."""
        damaged, found = read_fixed(path, self._questions, source=self._name, split=self._split, round=self._round)
        self._damaged += damaged
        self._expected = self._reused = len(found)
        for question, experience in found:
            self._testing.know(question.problem, experience)
            self._test(question.problem, experience)

    def write(self, path: Path, shared: SharedRows, model: TextModel | None, guide: Guide | None) -> None:
        """Takes what was written before, and has the rest written."""
        records, kept = open_rows(path, Row.from_json)
        with records:
            there = {row.key: row for row in kept.rows}
            found = shared.rows({question.key for question in self._questions} - set(there))
            self._damaged += kept.damaged + shared.damaged
            missing = []
            for question in self._questions:
                if question.key in found:
                    records.append(found[question.key].to_json())
                row = there.get(question.key) or found.get(question.key)
                if row is None:
                    missing.append(question)
                else:
                    self._reused += len(row.completions)
                    self._take(question, row)
            rows = []
            try:
                for question, row in self._answers(missing, model, guide):
                    records.append(row.to_json())
                    rows.append(row)
                    self._written += len(row.completions)
                    self._take(question, row)
            except ModelError:
                self._testing.join(self._report)  # what was written, perhaps at a price, is tested too
                raise
            shared.publish(rows)

    def finish(self, set_aside: tuple[Path, ...]) -> Collection:
        """Waits for the tests, and puts everything into order."""
        self._testing.join(self._report)
        places = [(task, index) for task, indices in self._indices.items() for index in sorted(indices)]
        self._testing.finish(places, self._indices)
        without = (task for task, indices in self._indices.items() if not indices)
        return Collection(
            experiences=[self._testing.found[place] for place in places],
            written=self._written,
            reused=self._reused,
            graded=self._testing.graded,
            unanswered=self._unanswered,
            missing=tuple(task for task in without if task not in self._unanswered),
            damaged=self._damaged,
            set_aside=set_aside,
        )

    def _answers(self, questions: Sequence[Question], model: TextModel | None,
                 guide: Guide | None) -> Iterator[tuple[Question, Row]]:
        """Asks in batches, none of which mixes settings."""
        groups: dict[Sampling, list[Question]] = {}
        for question in questions:
            groups.setdefault(question.sampling, []).append(question)
        for sampling, group in groups.items():
            for first in range(0, len(group), self._options.batch_problems):
                batch = group[first:first + self._options.batch_problems]
                if self._options.sampler == "eg-cfg" and guide is not None:
                    yield from self._guided(batch, guide, model)
                elif model is not None:
                    yield from answers(model, batch, sampling)

    def _guided(self, questions: Sequence[Question], guide: Guide,
                model: TextModel | None) -> Iterator[tuple[Question, Row]]:
        programs: dict[str, list[Guided]] = {question.problem.task_id: [] for question in questions}
        for found in guide([question.problem for question in questions]):
            one = found if isinstance(found, Guided) else Guided(*found)
            programs[one.problem.task_id].append(one)
        for question in questions:
            task = question.problem.task_id
            prompt = next((one.prompt for one in programs[task] if one.prompt is not None), question.prompt)
            written = (Written(one.completion, None, one.log_prob, one.num_tokens, one.program)
                       for one in programs[task])
            yield question, Row(question.key, task, prompt,
                                tuple(self._scored(question, prompt, each, model) for each in written))

    def _scored(self, question: Question, prompt: Prompt, written: Written, model: TextModel | None) -> Written:
        """With the log-probability under the model itself, where the guide does not tell it and the model can."""
        target = self._experience(question, prompt, written, 0).target
        if written.log_prob is not None or not target or not isinstance(model, ScoringModel):
            return written
        with contextlib.suppress(ConfigError):  # longer than the context: it stays unknown
            score = model.score([(prompt, target)], end=True)[0]
            return Written(written.text, written.finish_reason, min(score.log_prob, 0.0), len(score.token_ids),
                           written.program)
        return written

    def _take(self, question: Question, row: Row) -> None:
        """Sends what was written for a problem to be tested."""
        self._expected += len(row.completions) - question.sampling.n
        if row.unanswered is not None:
            self._unanswered[question.problem.task_id] = row.unanswered
        for index, written in enumerate(row.completions):
            self._test(question.problem, self._experience(question, row.prompt, written, index))

    def _test(self, problem: Problem, experience: Experience) -> None:
        self._indices[problem.task_id].append(experience.index)
        self._testing.put(problem, experience)
        self._report()

    def _experience(self, question: Question, prompt: Prompt, written: Written, index: int) -> Experience:
        """What was written, with its program taken out and nothing known of its tests."""
        problem = question.problem
        program, truncated = written.program, False
        if program is None:
            found = program_of(written.text, problem, question.extract)
            program, truncated = "" if found.empty else found.program, found.truncated
        return Experience(
            task_id=problem.task_id,
            prompt=prompt,
            program=program,
            pass_rate=0.0,
            passed=False,
            completion=written.text,
            log_prob=written.log_prob,
            num_tokens=written.num_tokens,
            benchmark=problem.benchmark,
            split=self._split,
            prefix=question.prefix,
            extraction=question.extract,
            finish_reason=written.finish_reason,
            truncated=truncated,
            source_model=self._name,
            sampler=self._options.sampler,
            round=self._round,
            index=index,
        )

    def _report(self) -> None:
        if self._progress is not None:
            self._progress(len(self._testing.found), self._expected)


def _check(problems: Sequence[Problem], options: CollectOptions, model: TextModel | None, guide: Guide | None) -> None:
    if not problems:
        raise UsageError("nothing to collect on: expected at least one problem, found none: check the data set, its "
                         "split, --problem-offset and --max-problems")
    repeated = [task for task, count in Counter(problem.task_id for problem in problems).items() if count > 1]
    if repeated:
        raise UsageError(f"expected task ids that differ, found {repeated[0]!r} more than once: name each problem once")
    if options.fixed_sample_path is not None:
        return
    if options.sampler == "eg-cfg" and guide is None:
        raise ConfigError("--sampler eg-cfg needs a guide that decodes programs, found none: pass one, or --sampler "
                          "beam")
    if options.sampler != "eg-cfg" and model is None:
        raise ConfigError(f"--sampler {options.sampler} needs a model that writes programs, found none: pass one, or "
                          f"--fixed-sample-path")


def _set_aside(folder: Path) -> tuple[Path, ...]:
    """Renames what is there, so that it is begun anew and nothing is lost."""
    moved = []
    for name in COLLECT_FILES:
        path = folder / name
        if path.exists() and path.stat().st_size:
            number = 1
            while (other := folder / f"{name}.{number}").exists():
                number += 1
            path.rename(other)
            moved.append(other)
    return tuple(moved)
