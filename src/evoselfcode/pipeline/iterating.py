"""The dual loop: two models make data for each other, round by round, until a validation score stops rising.

    iterate(load_config(Path("configs/iterate.yaml")))

Round 0 is Model0 and its reverse model; "base" is the base model as both. After each round D2C writes held-out programs
again (no labels), which chooses the best round, and they make a round trip through both models; the benchmark's curve
is measured beside it and decides nothing. Everything of a run is under `data/generated/iterate/<run>` and
`checkpoints/iterate/<run>`, where the run is a hash of what decides it; `iterate_results.json` has all numbers.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eg_cfg.config import to_plain
from eg_cfg.errors import DataNotFoundError
from eg_cfg.records import write_atomically
from evoselfcode.pairs import code_of, task_id
from evoselfcode.pipeline.filtering import chosen, is_held_out, kept_pair, run_filters
from evoselfcode.pipeline.filters import Item
from evoselfcode.pipeline.generating import tasks_of
from evoselfcode.pipeline.heldout import measured, paired, validation_options, variants
from evoselfcode.pipeline.links import point
from evoselfcode.pipeline.literals import literal_pool
from evoselfcode.pipeline.raw import read_raw
from evoselfcode.pipeline.rounds import Learnt, Material, Round
from evoselfcode.pipeline.roundtrip import Partner, RoundTrips, Workbench, round_trip_score
from evoselfcode.pipeline.scoring import ScoreBook
from evoselfcode.pipeline.training import MODEL0
from evoselfcode.records import Candidate, HeldOutRow, KeptPair, RoundRow, Score, content_id
from evoselfcode.stage import Progress, StageRun, silent, stage
from evoselfcode.store import Store, read_rows
from evoselfcode.summary import FunnelStep, Summary
from evoselfcode.writers import named

if TYPE_CHECKING:
    from evoselfcode.config import Config

RESULTS = "iterate_results.json"
_BASE, _START = -1, 0


def iterate(config: Config, progress: Progress = silent) -> Summary:
    """Runs the rounds that are missing.

    Raises:
        DataNotFoundError: An earlier stage has not been run.
        ModelError: A model could not go on; what was finished is kept.
        SandboxError: The sandbox could not do its work; what was finished is kept.
        RunError: Another process writes, or a file cannot be written.
    """
    with stage(config, "iterate") as run:
        return _Loop(config, run, progress).go()


class _Loop:
    def __init__(self, config: Config, run: StageRun, progress: Progress) -> None:
        self._config, self._run, self._progress = config, run, progress
        paths = config.paths
        self._base = Partner.of(config.model)
        self._d2c0 = Partner.of(named(config, str(_model(paths.checkpoints / "d2c" / MODEL0, "train-d2c"))))
        self._c2d0 = self._base
        if config.iterate.use_c2d:
            self._c2d0 = Partner.of(named(config, str(_model(paths.checkpoints / "c2d" / MODEL0, "train-c2d"))))
        self._initial = self._read(paths.pairs, KeptPair)
        held = {row.behaviour: row for row in reversed(self._read(paths.held_out, KeptPair)) if row.behaviour}
        self._held = sorted(held.values(), key=lambda row: row.id)[:config.iterate.validation.pairs]
        if not self._held:
            raise DataNotFoundError(f"{paths.held_out}: expected held-out programs whose behaviour is known, found "
                                    f"none: raise filter.held_out, or draw more")
        self._name = content_id(
            iterate=config.iterate.model_dump(mode="json", exclude={"rounds", "held_out", "validation"}),
            filter=to_plain(config.filter), score=to_plain(config.score), seed=config.seed, base=self._base.writer,
            d2c=self._d2c0.writer, c2d=self._c2d0.writer, initial=[row.id for row in self._initial],
            held=[row.id for row in self._held])[:8]
        self._folder = paths.generated / "iterate" / self._name
        self._checkpoints = paths.checkpoints / "iterate" / self._name

    def _read(self, path: Path, kind: Any) -> list[Any]:
        rows, bad = read_rows(path, kind, made_by="evoselfcode pipeline filter --config configs/generation.yaml")
        self._run.damaged += bad
        return rows

    def go(self) -> Summary:
        config = self._config
        with Workbench(config, self._folder) as bench, Store(self._folder / "rounds.jsonl", RoundRow) as rounds, \
                Store(config.paths.eval / "held_out.jsonl", HeldOutRow) as measurements:
            self._run.damaged += [*bench.damaged, *rounds.damaged, *measurements.damaged]
            self._bench, self._rounds, self._measurements = bench, rounds, measurements
            self._trips = RoundTrips(config, bench)
            rows = [self._judged(_BASE, self._base, self._base), self._judged(_START, self._d2c0, self._c2d0)]
            rows += self._all_rounds()
            best = _best(rows[1:])
            point(config.paths.latest, Path(best.d2c).resolve())
            point(self._checkpoints / "best_d2c", Path(best.d2c).resolve())
            if config.iterate.use_c2d:
                point(self._checkpoints / "best_c2d", Path(best.c2d).resolve())
            results = self._results(rows, best)
            write_atomically(self._folder / RESULTS, [json.dumps(results, indent=2).encode() + b"\n"])
            point(config.paths.generated / "iterate" / "latest", self._folder)
            added = bench.added + rounds.added + measurements.added
            outputs = [config.paths.latest, self._checkpoints, self._folder / RESULTS]
            return self._run.done(added=added, total=len(rows) - 2, outputs=outputs, counts=_told(rows, best, results),
                                  funnel=[FunnelStep(step["name"], step["seen"], step["dropped"], step["reasons"])
                                          for step in rows[-1].funnel])

    def _all_rounds(self) -> list[RoundRow]:
        options = self._config.iterate
        material = self._material()
        earlier = Learnt()
        found: list[RoundRow] = []
        d2c, c2d = self._d2c0, self._c2d0
        start = self._valued(self._rounds[self._key(_START)], self._d2c0)
        for number in range(1, options.rounds + 1):
            step = Round(self._config, self._bench, number, d2c, c2d, self._progress)
            key = self._key(number)
            if key in self._rounds and options.start == "previous":
                row = self._rounds[key]
                d2c, c2d = (Partner.of(named(self._config, name)) for name in (row.d2c, row.c2d))
                self._curve(d2c)
                row = self._valued(row, d2c)
            else:
                began = time.monotonic()
                learnt = step.gather(material)
                d2c, c2d = step.learn(learnt, material, earlier, self._checkpoints / f"round{number}")
                earlier = Learnt([*earlier.d2c, *learnt.d2c], [*earlier.c2d, *learnt.c2d])
                row = self._judged(number, d2c, c2d, learnt, began)
            found.append(row)
            best = _best([start, *found])
            if number - best.round >= options.validation.patience:
                break
        return found

    def _key(self, number: int) -> str:
        return content_id(run=self._name, round=number)

    def _judged(self, number: int, d2c: Partner, c2d: Partner, learnt: Learnt | None = None,
                began: float | None = None) -> RoundRow:
        """The row of a round: made now, or read."""
        self._curve(d2c)
        key = self._key(number)
        if key in self._rounds:
            return self._valued(self._rounds[key], d2c)
        seed = self._config.seed
        there = round_trip_score(self._trips.go(self._held, d2c, c2d, self._progress), seed)
        back = round_trip_score(self._trips.back(self._held, d2c, self._progress), seed)
        solved = round_trip_score(self._trips.solve(self._held, d2c, self._progress), seed)
        row = RoundRow(
            id=key, round=number, d2c=d2c.options.model_name, c2d=c2d.options.model_name, d2c_writer=d2c.writer,
            c2d_writer=c2d.writer, round_trip=there, from_description=back, from_examples=solved,
            counts=learnt.counts if learnt else {},
            funnel=[asdict(step) for step in learnt.funnel] if learnt else [],
            diversity=learnt.diversity() if learnt else {},
            seconds=0.0 if began is None else time.monotonic() - began)
        self._rounds.add(row)
        return self._valued(row, d2c)

    def _valued(self, row: RoundRow, d2c: Partner) -> RoundRow:
        """The row with the score that chooses rounds under this configuration; another metric needs no other run."""
        validation = self._config.iterate.validation
        if validation.metric == "pass@1":
            asked = validation_options(validation)
            value = measured(self._config, d2c, variants(asked)[0], self._measurements, self._progress,
                             asked).pass_at_1["value"]
        else:
            score = row.round_trip if validation.metric == "round_trip" else row.from_examples
            value = 0.0 if score is None else score.value
        return row.model_copy(update={"validation": value, "validation_metric": validation.metric})

    def _curve(self, d2c: Partner) -> list[HeldOutRow]:
        return [measured(self._config, d2c, variant, self._measurements, self._progress)
                for variant in variants(self._config.iterate.held_out)]

    def _material(self) -> Material:
        """Tasks and programs in an order that content decides; held-out behaviours and their tasks are left out."""
        paths, share = self._config.paths, self._config.filter.held_out
        held_tasks = {row.task for row in self._read(paths.held_out, KeptPair)}
        raw = read_raw(paths.raw)
        self._run.damaged += raw.damaged
        tasks = [item for item in tasks_of(raw.pairs) if task_id(item.pair) not in held_tasks]
        seen = {row.task for row in self._initial}
        tasks.sort(key=lambda item: (task_id(item.pair) in seen, content_id(turn=task_id(item.pair))))
        book = ScoreBook(self._config, {row.id: row for row in self._read(paths.scores, Score)})
        items = [Item(row, found) for row in self._read(paths.candidates, Candidate)
                 if (found := book.of(row)) is not None]
        leave_out = ("tests", "description", "literals", "agreement", "perplexity", "per_task", "at_most")
        runnable = run_filters(items, chosen(self._config.filter.filters, leave_out)).items
        trained = {code_of(row.pair) for row in self._initial}
        codes: dict[str, KeptPair] = {}
        for item in runnable:
            row = kept_pair(item)
            code = code_of(row.pair)
            if row.behaviour is not None and code not in trained and not is_held_out(row, share):
                codes.setdefault(row.behaviour, row)
        known = {row.behaviour for row in self._initial}
        order = sorted(codes.values(), key=lambda row: (row.behaviour in known, row.id))
        pool = literal_pool([item.pair for item in tasks] + [row.pair for row in self._initial])
        return Material(tasks, order, self._initial, pool)

    def _results(self, rows: Sequence[RoundRow], best: RoundRow) -> dict[str, Any]:
        curve: dict[str, dict[str, HeldOutRow]] = {}
        for row in rows:
            partner = Partner(named(self._config, row.d2c), row.d2c_writer)
            curve[_said(row.round)] = {found.variant or "as it is": found for found in self._curve(partner)}
        first, start = curve[_said(_BASE)], curve[_said(_START)]
        return {
            "run": self._name, "model": self._config.model.model_name, "best_round": best.round,
            "best_d2c": best.d2c, "best_c2d": best.c2d, "options": to_plain(self._config.iterate),
            "held_out_pairs": len(self._held),
            "rounds": [{**row.model_dump(mode="json"), "name": _said(row.round)} for row in rows],
            "held_out": {name: {variant: {**found.model_dump(mode="json"),
                                          "against_base": paired(found, first[variant]) if name != "base" else None,
                                          "against_model0": paired(found, start[variant])
                                          if name not in ("base", "model0") else None}
                                for variant, found in measured_.items()} for name, measured_ in curve.items()},
        }


def _model(link: Path, command: str) -> Path:
    if not link.exists():
        raise DataNotFoundError(f"expected a model in {link}, found none: run `evoselfcode pipeline {command}` first")
    return Path(link.parent / link.readlink()) if link.is_symlink() else link


def _best(rows: Sequence[RoundRow]) -> RoundRow:
    """The highest validation score, the earliest of equals."""
    return max(rows, key=lambda row: (row.validation or 0.0, -row.round))


def _said(number: int) -> str:
    return {_BASE: "base", _START: "model0"}.get(number, f"round{number}")


def _told(rows: Sequence[RoundRow], best: RoundRow, results: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {"run": results["run"], "best round": f"{best.round} of {rows[-1].round}, by "
                                                                 f"{best.validation_metric}"}
    for row in rows:
        name = _said(row.round)
        shown = [f"round trip {_share(row.round_trip.model_dump())} ({row.round_trip.pairs} pairs)",
                 f"from description {_share(row.from_description.model_dump())}"]
        if row.from_examples is not None:
            shown.append(f"with calls shown {_share(row.from_examples.model_dump())}")
        for variant, found in results["held_out"][name].items():
            shown.append(f"pass@1 {variant} {_share(found['pass_at_1'])}")
        told[name] = "; ".join(shown)
    last = Counter({key: value for key, value in rows[-1].counts.items() if isinstance(value, int)})
    told |= {f"last round: {name}": value for name, value in last.items()}
    return told


def _share(estimate: dict[str, Any]) -> str:
    return f"{100 * estimate['value']:.1f} % ({100 * estimate['low']:.1f} to {100 * estimate['high']:.1f})"
