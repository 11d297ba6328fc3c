"""Round trips: C2D describes a program, D2C writes one for the description; do the two behave alike?

    trips = RoundTrips(config, workbench).go(pairs, d2c, c2d)
    trips[0].agrees

Behaviour is compared on generated inputs, so agreement is evidence, not proof. D2C sees header and description, never
the program or examples; the header's name says something by itself, which is why `from_description` is reported beside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from eg_cfg.grading.metrics import bootstrap
from eg_cfg.studies.model_options import ModelOptions
from evoselfcode.pairs import TASK_STOPS, MalformedError, described, describing_prompt, task_id, task_prompt
from evoselfcode.pipeline.drawing import Question, draw_missing, missing
from evoselfcode.pipeline.generating import add_candidates
from evoselfcode.pipeline.lessons import shown_examples
from evoselfcode.pipeline.options import DrawOptions
from evoselfcode.pipeline.raw import Raw
from evoselfcode.pipeline.scoring import ScoreBook
from evoselfcode.records import Candidate, Description, KeptPair, PairFields, RoundTripScore, Score, content_id
from evoselfcode.stage import Progress, silent
from evoselfcode.store import Store
from evoselfcode.writers import infills, writer_id

if TYPE_CHECKING:
    from evoselfcode.config import Config

_GREEDY = 0.0


@dataclass(frozen=True, slots=True)
class Partner:
    """One of the two models of a round."""

    options: ModelOptions
    writer: str

    @classmethod
    def of(cls, options: ModelOptions) -> Partner:
        """A model with the fingerprint of its weights."""
        return cls(options, writer_id(options))


@dataclass(frozen=True, slots=True)
class Trip:
    """One program, there and back."""

    row: KeptPair
    described: PairFields | None
    """The program with its new description; None where the text was none."""
    written: Candidate | None
    """What D2C wrote for it."""
    agrees: bool
    """Whether that behaves as the program does; not where anything of it is unknown."""


class Workbench:
    """The files of a run of the loop: everything that models write in it, and its scores.

    What another run of the workspace has of it already, an ablation for instance, is copied from there.
    """

    def __init__(self, config: Config, folder: Path) -> None:
        self.folder = folder
        others = [other for other in sorted(folder.parent.glob("*"))
                  if other.name != folder.name and other.is_dir() and not other.is_symlink()]
        self.candidates = Store(folder / "candidates.jsonl", Candidate,
                                [other / "candidates.jsonl" for other in others])
        self.scores = Store(folder / "scores.jsonl", Score, [other / "scores.jsonl" for other in others])
        self.descriptions = Store(folder / "descriptions.jsonl", Description,
                                  [other / "descriptions.jsonl" for other in others])
        self.book = ScoreBook(config, self.scores)

    @property
    def damaged(self) -> list[str]:
        """A line for each damaged row that was skipped."""
        return [*self.candidates.damaged, *self.scores.damaged, *self.descriptions.damaged]

    @property
    def added(self) -> int:
        """Rows that were added since the files were opened."""
        return self.candidates.added + self.scores.added + self.descriptions.added

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        for store in (self.candidates, self.scores, self.descriptions):
            store.close()


class RoundTrips:
    """Makes round trips, and single ways.

    Args:
        config: Sampling and sandbox.
        bench: Where everything is written.
    """

    def __init__(self, config: Config, bench: Workbench) -> None:
        self._config = config
        self._bench = bench

    def go(self, rows: Sequence[KeptPair], d2c: Partner, c2d: Partner, progress: Progress = silent) -> list[Trip]:
        """There and back, for programs whose behaviour is known; in their order."""
        found = [(row, self._pair(row, text)) for row, text in
                 zip(rows, self.describe([row.pair for row in rows], c2d, progress), strict=True)]
        return self._write(found, d2c, progress)

    def back(self, rows: Sequence[KeptPair], d2c: Partner, progress: Progress = silent) -> list[Trip]:
        """The second half alone, from the descriptions that the programs have."""
        return self._write([(row, row.pair) for row in rows], d2c, progress)

    def solve(self, rows: Sequence[KeptPair], d2c: Partner, progress: Progress = silent) -> list[Trip]:
        """As `back`, with calls and what they gave in the prompts, as benchmarks show tests."""
        draw, seed = self._greedy(), self._config.seed
        prompts = [task_prompt(row.pair, shown_examples(row, 1.0, self._config.d2c.examples, f"{seed} solve"))
                   for row in rows]
        asked = {prompt: Raw(row.id, row.pair, ()) for prompt, row in zip(prompts, rows, strict=True)}
        store = self._bench.candidates
        add_candidates(d2c.options.load_model, d2c.writer, list(asked.values()), store, n=1, draw=draw, seed=seed,
                       prompts=list(asked), progress=progress)
        keys = [Question.of(None, prompt, writer=d2c.writer, draw=draw, stop=TASK_STOPS, seed=seed).sample_id(0)
                for prompt in prompts]
        known = {key: store[key] for key in keys if key in store}
        written = [known.get(key) for key in keys]
        self._bench.book.add([candidate for candidate in written if candidate is not None], progress)
        return [self._trip(row, row.pair, candidate) for row, candidate in zip(rows, written, strict=True)]

    def _greedy(self) -> DrawOptions:
        return DrawOptions(temperature=_GREEDY, max_new_tokens=self._config.iterate.candidate.max_new_tokens)

    def describe(self, pairs: Sequence[PairFields], c2d: Partner, progress: Progress = silent) -> list[str | None]:
        """What C2D writes about programs; None where one is too long for it."""
        draw, seed = self._config.iterate.description, self._config.seed
        infill = infills(c2d.options)
        stop = () if infill else ('"""',)
        questions = [Question.of(pair, describing_prompt(pair, infill), writer=c2d.writer, draw=draw,
                                 stop=stop, seed=seed) for pair in pairs]
        store = self._bench.descriptions
        different = list({question.key: question for question in questions}.values())
        if missing(different, store, 1):
            with c2d.options.load_model() as model:
                for question, index, completion in draw_missing(
                        model, different, store, n=1, draw=draw, stop=stop, seed=seed,
                        progress=lambda done, total: progress("describing", done, total)):
                    store.add(Description(id=question.sample_id(index), name=question.about.name, text=completion.text,
                                          finish_reason=completion.finish_reason, writer=c2d.writer))
        keys = [question.sample_id(0) for question in questions]
        return [store[key].text if key in store and store[key].finish_reason != "length" else None for key in keys]

    def _pair(self, row: KeptPair, text: str | None) -> PairFields | None:
        try:
            return None if text is None else described(row.pair, text)
        except MalformedError:
            return None

    def _write(self, rows: Sequence[tuple[KeptPair, PairFields | None]], d2c: Partner,
               progress: Progress) -> list[Trip]:
        tasks = {task_id(pair): Raw(content_id(pair=pair.model_dump()), pair, ()) for _, pair in rows
                 if pair is not None}
        written = add_candidates(d2c.options.load_model, d2c.writer, list(tasks.values()), self._bench.candidates, n=1,
                                 draw=self._greedy(), seed=self._config.seed, progress=progress)
        by_task = {candidate.task: candidate for candidate in written}
        self._bench.book.add(by_task.values(), progress)
        return [self._trip(row, pair, None if pair is None else by_task.get(task_id(pair))) for row, pair in rows]

    def _trip(self, row: KeptPair, pair: PairFields | None, written: Candidate | None) -> Trip:
        score = None if written is None else self._bench.book.of(written)
        agrees = score is not None and score.behaviour is not None and score.behaviour == row.behaviour
        return Trip(row, pair, written, agrees)


def round_trip_score(trips: Sequence[Trip], seed: int) -> RoundTripScore:
    """The share that agrees, with its interval; zeros where there are no pairs."""
    if not trips:
        return RoundTripScore(pairs=0, agree=0, value=0.0, low=0.0, high=0.0)
    found = bootstrap([trip.agrees for trip in trips], seed=seed)
    return RoundTripScore(pairs=len(trips), agree=sum(trip.agrees for trip in trips), value=found.value, low=found.low,
                          high=found.high)
