"""Samples a model on problems and grades what it writes: the piece that every study calls.

    with registry.load("tiny") as model, grading_sandbox() as sandbox:
        evaluation = evaluate(
            model, problems,
            folder=run.path,                                     # samples.jsonl, verdicts.jsonl, shown.jsonl
            prompts=PromptOptions.of(model, "embedded"),
            sampling=Sampling(n=10, temperature=0.8, max_new_tokens=256),
            grader=Grader(sandbox),
        )
    evaluation.scores.pass_at[1].value
    evaluation.problems[0].samples[0].solution, evaluation.problems[0].verdicts[0].outcome

Programs are graded while others are still being written. Every sample and every verdict is on disk as soon as it is
there. Killed at any moment and called again with the same arguments, it goes on, and its files are in the end those of
an undisturbed run, but for measured times.

Limits: the folder belongs to one model, one set of prompts and one way of sampling; a row of another is refused by its
key. More samples or problems than before may be asked for. That the weights behind a model's name and the tests behind
a task id are still the same is for the caller to hold, by the identity of its `RunFolder`. That folder is the caller's
too: nothing here locks it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eg_cfg.benchmarks.base import AssertionTest, Problem
from eg_cfg.errors import RunError, UsageError
from eg_cfg.grading.background import BackgroundGrading
from eg_cfg.grading.grader import Grader, GradeRequest, Which
from eg_cfg.grading.verdict import Verdict
from eg_cfg.models.base import Sampling, TextModel
from eg_cfg.records import Records
from eg_cfg.studies.options import USUAL_K, Progress
from eg_cfg.studies.sampling import PromptOptions, Question, Sampler, SampleRow
from eg_cfg.studies.scores import Scores, score
from eg_cfg.studies.verdict_book import VerdictBook
from eg_cfg.studies.verdicts import VERDICTS

SAMPLES = "samples.jsonl"
SHOWN = "shown.jsonl"
"""Verdicts by the tests that may be shown to a model; `verdicts.jsonl` has those that score."""
EVALUATION_FILES = (SAMPLES, VERDICTS, SHOWN)
"""What `evaluate` writes into its folder."""


@dataclass(frozen=True, slots=True)
class ProblemResult:
    """One problem, what was written for it, and how that fared; the three sequences have one item a sample."""

    problem: Problem
    samples: tuple[SampleRow, ...]
    """In the order of their indices."""
    verdicts: tuple[Verdict, ...]
    """By the hidden tests, which score."""
    shown: tuple[Verdict | None, ...]
    """By the public tests; None where the problem has none, or `filtered` was off."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a model can do on problems."""

    problems: tuple[ProblemResult, ...]
    """In the order in which they were given."""
    scores: Scores
    generated: int
    """Samples that this call drew."""
    graded: int
    """Programs that this call ran, by hidden and by shown tests; equal programs of a task are run once."""
    torn: int
    """Half-written rows of an interrupted call that were found and dropped."""


def evaluate(model: TextModel, problems: Sequence[Problem], *, folder: Path, prompts: PromptOptions,
             sampling: Sampling, grader: Grader, ks: Sequence[int] | None = None, seed: int = 42,
             filtered: bool = True, progress: Progress | None = None) -> Evaluation:
    """Samples a model on problems, grades what it writes, and scores it.

    Args:
        model: Any text model.
        problems: What is to be solved; task ids have to differ.
        folder: Where the records are, and go; made if need be.
        prompts: How problems are put to the model.
        sampling: `n` samples a problem, or beams. `seed` and the index decide each sample.
        grader: In a sandbox that has the packages which the problems preload.
        ks: Of pass@k; where none, those of 1, 5 and 10 that `n` allows.
        seed: Of the bootstrap over problems.
        filtered: Run the shown tests too, for filtered pass@1.
        progress: Called with how many samples are graded and how many there are.

    Raises:
        UsageError: There are no problems, two of the same task id, one without tests, or a k above n.
        ConfigError: There is no such prompt for a task.
        RunError: The folder holds another configuration's rows, or cannot be written.
        ModelError: The model could not go on; what was finished is kept.
        SandboxError: The sandbox could not do its work; what was finished is kept.
    """
    if not problems:
        raise UsageError("expected at least one problem, found none: check the split, the options and --max-problems")
    repeated = [task for task, count in Counter(problem.task_id for problem in problems).items() if count > 1]
    if repeated:
        raise UsageError(f"expected task ids that differ, found {repeated[0]!r} more than once: name each problem once")
    chosen = choose_ks(ks, sampling.n)
    sampler = Sampler(model, prompts, sampling)
    questions = [sampler.question(problem) for problem in problems]
    folder.mkdir(parents=True, exist_ok=True)
    with Records(folder / SAMPLES) as samples, Records(folder / VERDICTS) as hidden, Records(folder / SHOWN) as shown:
        work = _Work(sampler, questions, samples, progress, {
            "hidden": VerdictBook(hidden, grader, "hidden"),
            **({"public": VerdictBook(shown, grader, "public")} if filtered else {}),
        })
        work.run(grader)
        results = work.finish()
        return Evaluation(
            problems=results,
            scores=score(results, ks=chosen, seed=seed, filtered=filtered),
            generated=work.generated,
            graded=sum(book.graded for book in work.books.values()),
            torn=samples.torn + hidden.torn + shown.torn,
        )


def choose_ks(wanted: Sequence[int] | None, n: int) -> tuple[int, ...]:
    """The k of pass@k: those asked for, or those of 1, 5 and 10 that n samples a problem allow.

    Raises:
        UsageError: One is below 1 or above n.
    """
    if wanted is None:
        return tuple(k for k in USUAL_K if k <= n)
    wrong = [k for k in wanted if not 1 <= k <= n]
    if wrong:
        raise UsageError(f"--k: expected numbers from 1 to the {n} samples of a problem, found {wrong[0]}: ask for a "
                         f"smaller k, or raise --num-samples")
    return tuple(sorted(set(wanted)))


class _Work:
    """What is there already, what is missing, and the way from one to the other."""

    def __init__(self, sampler: Sampler, questions: Sequence[Question], samples: Records, progress: Progress | None,
                 books: dict[Which, VerdictBook]) -> None:
        self._sampler = sampler
        self._questions = questions
        self._samples = samples
        self._progress = progress
        self.books = books
        self.rows = read_rows(samples, questions)
        self.generated = 0
        self._total = len(questions) * sampler.sampling.n
        self._problems = {question.problem.task_id: question.problem for question in questions}

    def run(self, grader: Grader) -> None:
        """Draws what is missing and has it graded, with what an earlier call drew and did not grade."""
        with BackgroundGrading(grader, self._record) as grading:
            for question in self._questions:
                for index in self._sampler.indices:
                    row = self.rows.get((question.problem.task_id, index))
                    if row is not None:
                        self._grade(question.problem, row, grading)
            self._report()
            for row in self._sampler.draw(self._questions, missing_samples(self.rows, self._questions, self._sampler)):
                self._samples.append(row.to_json())
                self.rows[row.task_id, row.index] = row
                self.generated += 1
                self._grade(self._problems[row.task_id], row, grading)
            grading.join()
        self._report()

    def _grade(self, problem: Problem, row: SampleRow, grading: BackgroundGrading) -> None:
        for which, book in self.books.items():
            if which == "hidden" or (problem.public_tests and not shows_its_tests(problem)):
                request = book.request(problem, row)
                if request is not None:
                    grading.put(request)

    def _record(self, request: GradeRequest, verdict: Verdict) -> None:
        self.books[request.which].record(request, verdict)
        self._report()

    def _report(self) -> None:
        if self._progress is not None:
            self._progress(len(self.books["hidden"]), self._total)

    def finish(self) -> tuple[ProblemResult, ...]:
        """Puts the files into the order of the problems, and the results together."""
        order = {question.problem.task_id: place for place, question in enumerate(self._questions)}

        def place(key: tuple[str, int]) -> tuple[int, str, int]:
            return order.get(key[0], len(order)), key[0], key[1]

        self._samples.replace(self.rows[key].to_json() for key in sorted(self.rows, key=place))
        for book in self.books.values():
            book.rewrite(place)
        return tuple(self._result(question.problem) for question in self._questions)

    def _result(self, problem: Problem) -> ProblemResult:
        keys = [(problem.task_id, index) for index in self._sampler.indices]
        verdicts = tuple(self.books["hidden"][key] for key in keys)
        shown: tuple[Verdict | None, ...] = (None,) * len(keys)
        if "public" in self.books and problem.public_tests:
            shown = verdicts if shows_its_tests(problem) else tuple(self.books["public"][key] for key in keys)
        return ProblemResult(problem, tuple(self.rows[key] for key in keys), verdicts, shown)


def read_rows(records: Records, questions: Sequence[Question]) -> dict[tuple[str, int], SampleRow]:
    """The samples of earlier calls, by task id and index.

    Raises:
        RunError: A row has other fields, or belongs to another model, prompt or sampling.
    """
    keys = {question.problem.task_id: question.key for question in questions}
    rows: dict[tuple[str, int], SampleRow] = {}
    for number, values in enumerate(records, start=1):
        try:
            row = SampleRow.from_json(values)
        except TypeError as error:
            raise RunError(f"{records.path}, line {number}: expected a sample of this version, found other fields "
                           f"({error}): pass another --output-dir, or --force to start over") from None
        if keys.get(row.task_id, row.key) != row.key:
            raise RunError(f"{records.path}, line {number}: a sample of {row.task_id} from another model, prompt or "
                           f"way of sampling: pass another --output-dir, or --force to start over")
        rows.setdefault((row.task_id, row.index), row)
    return rows


def missing_samples(rows: Mapping[tuple[str, int], SampleRow], questions: Sequence[Question],
                    sampler: Sampler) -> dict[str, list[int]]:
    """Indices that are still to be drawn, by task id."""
    tasks = [question.problem.task_id for question in questions]
    found = {task: [index for index in sampler.indices if (task, index) not in rows] for task in tasks}
    return {task: indices for task, indices in found.items() if indices}


def shows_its_tests(problem: Problem) -> bool:
    """Whether a problem is scored by just the tests that it shows, as MBPP's published protocol has it."""
    tests = problem.hidden_tests
    return all(isinstance(test, AssertionTest) for test in tests) and problem.public_tests == tests
