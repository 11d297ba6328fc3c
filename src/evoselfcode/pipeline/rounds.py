"""One round of the dual loop: what is written, what is kept of it, and what the two models learn.

Forward: D2C writes programs for descriptions; those that pass the filters teach C2D (program to description) and D2C
(description to program). C2D describes them anew; a new description from which D2C finds back teaches D2C too.
Backward: C2D describes programs that nobody described rightly; a description from which D2C writes a program that
behaves alike teaches D2C. (Back-translation of Sennrich et al., 2016, arXiv 1511.06709, in both directions.)
With other literals: what a round learns is learnt again with other numbers and texts, by both models, where running the
changed program shows that they matter.
Both are fine-tuned, and the round's models are the mean of their weights before and after, which forgets less than the
end of a training does (`evoselfcode.pipeline.mixing`).

Every step asks its store for what is there already, so a round that was killed goes on where it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from eg_cfg.config import to_plain as plain_options
from eg_cfg.training import TrainingExample, TrainingOptions
from eg_cfg.training.examples import fingerprint as lessons_fingerprint
from evoselfcode.pairs import task_id
from evoselfcode.pipeline.diversity import measure_diversity
from evoselfcode.pipeline.filtering import chosen, is_held_out, kept_pair, run_filters
from evoselfcode.pipeline.filters import Item
from evoselfcode.pipeline.generating import add_candidates
from evoselfcode.pipeline.lessons import c2d_lessons, d2c_lessons
from evoselfcode.pipeline.literals import Pool, vary
from evoselfcode.pipeline.mixing import mix
from evoselfcode.pipeline.raw import Raw
from evoselfcode.pipeline.roundtrip import Partner, RoundTrips, Workbench
from evoselfcode.pipeline.training import fine_tune, sized
from evoselfcode.records import Candidate, KeptPair, content_id
from evoselfcode.stage import Progress
from evoselfcode.summary import FunnelStep
from evoselfcode.writers import infills, named

if TYPE_CHECKING:
    from pathlib import Path

    from evoselfcode.config import Config

RUNNING_FILTERS = ("runs", "tests", "varied", "agreement", "round_trip")
"""Filters that know something from running programs."""
_TASK_FILTERS = ("agreement", "per_task")
"""Filters that compare the candidates of one task; C2D's descriptions have one each."""
_JUDGED = (*_TASK_FILTERS, "tests", "description", "literals", "perplexity", "round_trip")
"""Filters that a pair has passed before its literals are changed; the base model's favourites are what is to be
unlearnt, so its perplexity is not asked again."""


@dataclass(frozen=True, slots=True)
class Material:
    """What the rounds draw on; the same in every round."""

    tasks: Sequence[Raw]
    """Descriptions, in the order in which rounds take them."""
    codes: Sequence[KeptPair]
    """Programs that run, with descriptions that are not believed."""
    initial: Sequence[KeptPair]
    """What Model0 was trained on."""
    literals: Pool
    """Literals of the descriptions, by kind."""


@dataclass
class Learnt:
    """What a round found to learn from, and how it came to that."""

    d2c: list[KeptPair] = field(default_factory=list)
    c2d: list[KeptPair] = field(default_factory=list)
    counts: dict[str, int | float | None] = field(default_factory=dict)
    funnel: list[FunnelStep] = field(default_factory=list)

    def diversity(self) -> dict[str, Any]:
        """Of D2C's pairs."""
        return measure_diversity([row.pair for row in self.d2c]).to_json()


class Round:
    """One round.

    Args:
        config: All options.
        bench: Where what is written goes.
        number: From 1 on.
        d2c: The model before the round.
        c2d: The same.
        progress: Told how far it is.
    """

    def __init__(self, config: Config, bench: Workbench, number: int, d2c: Partner, c2d: Partner,
                 progress: Progress) -> None:
        self._config = config
        self._options = config.iterate
        self._bench = bench
        self._number = number
        self._d2c, self._c2d = d2c, c2d
        self._progress = progress
        self._trips = RoundTrips(config, bench)

    def gather(self, material: Material) -> Learnt:
        """Writes, scores and filters: what there is to learn in this round."""
        learnt = Learnt()
        if self._options.forward:
            self._forward(_turn(material.tasks, self._options.tasks, self._number), learnt)
        if self._options.backward and self._options.use_c2d:
            self._backward(_turn(material.codes, self._options.codes, self._number), learnt)
        new = len(learnt.d2c)
        again = _sample(material.initial, round(self._options.replay * max(new, 1)),
                        f"{self._config.seed} replay {self._number}")
        learnt.d2c += again
        learnt.c2d += [row for row in again if self._options.use_c2d]
        learnt.counts |= {"new pairs for D2C": new, "learnt again": len(again)}
        if self._options.use_tests:
            self._vary(material.literals, learnt)
        learnt.counts |= {"pairs for D2C": len(learnt.d2c), "pairs for C2D": len(learnt.c2d)}
        return learnt

    def _vary(self, pool: Pool, learnt: Learnt) -> None:
        """Adds pairs with other literals, for both models."""
        parents: dict[str, KeptPair] = {}
        made: list[Candidate] = []
        for row in _distinct(learnt.d2c):
            for index in range(self._options.literals):
                identity = content_id(row=row.id, literals=index, round=self._number)
                pair = vary(row.pair, pool, Random(f"{self._config.seed} {identity}"))
                if pair is not None and row.behaviour is not None:
                    parents[identity] = row
                    made.append(Candidate(id=identity, task=task_id(pair), pair=pair, index=-1, writer="literals"))
        if not made:
            return
        kept = [row for row in self._filtered(made, learnt, "other literals", _JUDGED)
                if row.behaviour is not None and row.behaviour != parents[row.candidate].behaviour]
        learnt.counts |= {"with other literals": len(made), "of these, behave otherwise": len(kept)}
        learnt.d2c += kept
        if self._options.use_c2d:
            learnt.c2d += kept

    def _forward(self, tasks: Sequence[Raw], learnt: Learnt) -> None:
        options = self._options
        written = add_candidates(self._d2c.options.load_model, self._d2c.writer, tasks, self._bench.candidates,
                                 n=options.candidates, draw=options.candidate, seed=self._config.seed + self._number,
                                 progress=self._progress)
        kept = self._filtered(written, learnt, "forward", ())
        learnt.counts |= {"tasks": len(tasks), "programs written": len(written), "kept forward": len(kept)}
        learnt.d2c += kept
        if not options.use_c2d:
            return
        learnt.c2d += kept
        known = [row for row in kept if row.behaviour is not None]
        if options.use_tests and known:
            trips = self._trips.go(known, self._d2c, self._c2d, self._progress)
            anew = [_anew(trip.row, trip.described) for trip in trips
                    if trip.agrees and trip.described is not None
                    and trip.described.description != trip.row.pair.description]
            learnt.counts |= {"described anew": len(trips), "anew and found back": sum(trip.agrees for trip in trips),
                              "new descriptions kept": len(anew)}
            learnt.d2c += anew

    def _backward(self, codes: Sequence[KeptPair], learnt: Learnt) -> None:
        if self._options.use_tests:
            trips = self._trips.go(codes, self._d2c, self._c2d, self._progress)
            found = [_anew(trip.row, trip.described) for trip in trips if trip.agrees and trip.described is not None]
            learnt.counts |= {"programs described": len(trips), "found back": len(found)}
        else:
            texts = self._trips.describe([row.pair for row in codes], self._c2d, self._progress)
            found = [_anew(row, row.pair.model_copy(update={"description": text.strip()}))
                     for row, text in zip(codes, texts, strict=True) if text is not None and text.strip()]
            learnt.counts |= {"programs described": len(codes), "found back": None}
        described = [Candidate(id=content_id(described=row.id), task=task_id(row.pair), pair=row.pair, index=-1,
                               writer=self._c2d.writer) for row in found]
        kept = self._filtered(described, learnt, "backward", _TASK_FILTERS)
        learnt.counts["kept backward"] = len(kept)
        learnt.d2c += kept

    def _filtered(self, candidates: Sequence[Candidate], learnt: Learnt, half: str,
                  leave_out: Sequence[str]) -> list[KeptPair]:
        """Scores and filters; nothing that behaves as a held-out program comes through."""
        left_out = [*leave_out]
        if not self._options.use_perplexity:
            left_out.append("perplexity")
        if not self._options.use_tests:
            left_out += RUNNING_FILTERS
        self._bench.book.add(candidates, self._progress)
        items = [Item(row, score) for row in candidates if (score := self._bench.book.of(row)) is not None]
        items.sort(key=lambda item: item.candidate.id)
        result = run_filters(items, chosen(self._config.filter.filters, left_out))
        rows = [kept_pair(item) for item in result.items]
        free = [row for row in rows if not is_held_out(row, self._config.filter.held_out)]
        learnt.funnel += [FunnelStep(f"{half}: {step.name}", step.seen, step.dropped, step.reasons)
                          for step in result.funnel]
        learnt.funnel.append(FunnelStep(f"{half}: not held out", len(rows), len(rows) - len(free)))
        return free

    def learn(self, learnt: Learnt, material: Material, earlier: Learnt, folder: Path) -> tuple[Partner, Partner]:
        """Fine-tunes both models on what was gathered; those of the round before where there was nothing.

        Args:
            learnt: Of this round.
            material: Has the initial pairs, for trainings that start from the base model.
            earlier: All that earlier rounds found, for the same.
            folder: Of the round's checkpoints.
        """
        options = self._options
        whole = options.start == "base"
        d2c_rows = [*material.initial, *earlier.d2c, *learnt.d2c] if whole else learnt.d2c
        c2d_rows = [*material.initial, *earlier.c2d, *learnt.c2d] if whole else learnt.c2d
        share = self._config.d2c.examples_share if options.use_tests else 0.0
        d2c, c2d = self._d2c, self._c2d
        if learnt.d2c:
            lessons = d2c_lessons(_distinct(d2c_rows), share=share, examples=self._config.d2c.examples,
                                  seed=self._config.seed, variants=options.variants)
            d2c = self._trained(d2c, lessons, folder / "d2c", options.d2c, self._config.d2c.lora, "D2C")
        if learnt.c2d and options.use_c2d:
            lessons = c2d_lessons(_distinct(c2d_rows), infill=infills(c2d.options))
            c2d = self._trained(c2d, lessons, folder / "c2d", options.c2d, self._config.c2d.lora, "C2D")
        return d2c, c2d

    def _trained(self, partner: Partner, lessons: Sequence[TrainingExample], folder: Path, training: TrainingOptions,
                 lora: str, said: str) -> Partner:
        start = self._config.model.model_name if self._options.start == "base" else partner.options.model_name
        chosen_options = sized(training, start, lora)
        place = folder / content_id(start=partner.writer, lessons=lessons_fingerprint(lessons),
                                    options=plain_options(chosen_options))[:8]
        fine_tune(start, lessons, place, chosen_options, (), self._progress, f"round {self._number}: training {said}")
        return Partner.of(named(self._config, str(mix(start, place, self._options.mix))))


def _turn(things: Sequence[Any], count: int, number: int) -> list[Any]:
    """The things of a round: the next ones each time, from the beginning again where there are no others."""
    if len(things) <= count:
        return list(things)
    start = (number - 1) * count
    return [things[(start + place) % len(things)] for place in range(count)]


def _sample(rows: Sequence[KeptPair], count: int, seed: str) -> list[KeptPair]:
    return Random(seed).sample(list(rows), min(count, len(rows)))


def _distinct(rows: Sequence[KeptPair]) -> list[KeptPair]:
    """Each pair once, in the order of content, so that equal rounds train on equal lessons."""
    found = {content_id(pair=row.pair.model_dump()): row for row in rows}
    return [found[key] for key in sorted(found)]


def _anew(row: KeptPair, pair: Any) -> KeptPair:
    """The row with another description; its behaviour and examples are still those of the program."""
    return row.model_copy(update={"id": content_id(anew=row.id, description=pair.description), "pair": pair,
                                  "task": task_id(pair)})
