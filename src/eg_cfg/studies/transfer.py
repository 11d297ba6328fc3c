"""Big to small: every source teaches every target. What `eg-cfg transfer` does.

    outcome = transfer(build(TransferOptions, {"sources": "tiny", "targets": "tiny-small,tiny-untrained",
                                               "dataset": "minipy"}))
    outcome.results["matrix"]["minipy"]         # gains: a row a source, a column a target

Each source writes its programs once for each data set, and they are tested; every target learns from the same programs,
from each data set alone and from all of them together, on equally many tokens, and is scored on the same held-out
problems before and after. A pair that cannot be (weights that are not here, say) is reported, and the others go on.

The run folder holds `transfer_results.json` (docs/studies.md), `figures/`, `collections/`, `targets/` and `pairs/`.
Killed at any moment and started again with the same command, it goes on.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eg_cfg.config import build, to_plain
from eg_cfg.errors import ModelError, RunError, UsageError
from eg_cfg.grading.metrics import rsr
from eg_cfg.records import write_atomically
from eg_cfg.runs import RunFolder, library_versions
from eg_cfg.studies.ablation_arms import draws_for
from eg_cfg.studies.arm import (
    Learnt,
    Scored,
    clear,
    collect_pool,
    described_pool,
    learn,
    lesson_tokens,
    open_arm,
    read_pool,
    score,
    unsaid,
    unwatched,
)
from eg_cfg.studies.btp_models import assign
from eg_cfg.studies.btp_work import Say, Watch
from eg_cfg.studies.figures import matrix
from eg_cfg.studies.folders import choose_folder
from eg_cfg.studies.model_options import ModelOptions
from eg_cfg.studies.paired import Marks, contrast, estimate
from eg_cfg.studies.transfer_options import TransferOptions
from eg_cfg.studies.transfer_problems import Mixture, choose_lessons, merged

RESULTS = "transfer_results.json"
_OWN = ("collections", "targets", "pairs", "figures")
_EPOCHS = 3
_ELSEWHERE = ("output_dir", "output_root", "checkpoint_dir", "cache_dir", "workers", "force", "force_resample",
              "use_cached_sampling", "device", "api_option", "report_to", "allow_weak_isolation")


@dataclass(frozen=True)
class TransferOutcome:
    """What a transfer study left behind."""

    folder: Path
    results: dict[str, Any]
    """What is in `transfer_results.json`."""


@dataclass
class Pair:
    """One source, one target, one mixture."""

    source: str
    target: str
    mixture: str
    runs: dict[int, tuple[Scored, Scored, Learnt, Path]] = field(default_factory=dict)
    """By seed: before, after, what the training took, and the folder."""
    error: str | None = None


def transfer(options: TransferOptions, *, watch: Watch | None = None, say: Say | None = None) -> TransferOutcome:
    """Runs all pairs, or what is left of them.

    Raises:
        UsageError: The options or the data are wrong.
        SandboxError: The sandbox could not do its work; what was finished is kept.
        RunError: The run folder cannot be used.
    """
    lessons = choose_lessons(options)
    identity = _identity(options)
    folder = options.output_dir or choose_folder(
        options.output_root, "transfer", identity, stem="transfer" if options.output_root == Path("runs")
        else "experiment", force=options.force, use_root=options.output_root != Path("runs"))
    first = next(iter(lessons.values())).problems
    with RunFolder.open(folder, kind="transfer", configuration=to_plain(options), identity=identity, files=(RESULTS,),
                        seed=options.seed, dataset={"score": first.score_source}, force=options.force) as run:
        if options.force:
            clear(run.path, _OWN)
        study = _Study(options, lessons, run.path, watch or unwatched, say or unsaid)
        study.run()
        results = study.results()
        for name, rows in results["matrix"].items():
            if not any(gain for row in rows for gain in row):
                continue
            matrix([[None if gain is None else gain["value"] for gain in row] for row in rows], results["sources"],
                   results["targets"], run.path / "figures" / f"gains_{_safe(name)}.png",
                   label=f"gain in pass@1, points, from {name}")
        run.write_json(RESULTS, results)
        if all(pair.error for pair in study.pairs):
            raise RunError(f"none of {len(study.pairs)} pairs could be: {study.pairs[0].error}")
        return TransferOutcome(run.path, results)


class _Study:
    """The pairs, and what they share."""

    def __init__(self, options: TransferOptions, lessons: Mapping[str, Mixture], folder: Path, watch: Watch,
                 say: Say) -> None:
        self._options = options
        self._lessons = lessons
        self._folder = folder
        self._watch = watch
        self._say = say
        self._pools: dict[tuple[str, str], Path] = {}
        """By source and data set or mixture."""
        self._collected: dict[tuple[str, str], str | None] = {}
        """By source and data set: why there is none."""
        self._before: dict[tuple[str, int], Scored] = {}
        self._budgets: dict[str, int] = {}
        self._shortest: dict[str, int] = {}
        self.pairs = [Pair(source, target, mixture) for mixture in lessons
                      for source, target in options.chosen_pairs]

    def run(self) -> None:
        """Collects, then trains and scores every pair."""
        self._say(next(iter(self._lessons.values())).problems.note)
        for source in self._options.all_sources:
            for name, mixture in self._lessons.items():
                if len(mixture.parts) == 1:
                    self._collect(source, name, mixture)
        for source in self._options.all_sources:
            for name, mixture in self._lessons.items():
                if len(mixture.parts) > 1 and all((source, part) in self._pools for part in mixture.parts):
                    self._pools[source, name] = self._mix(source, name, mixture)
        began = time.monotonic()
        for done, pair in enumerate(self.pairs, start=1):
            self._run_pair(pair)
            left = (time.monotonic() - began) / done * (len(self.pairs) - done)
            self._say(f"{done} of {len(self.pairs)}: {_told(pair)}; about {left:.0f} s left")

    def results(self) -> dict[str, Any]:
        """What is in `transfer_results.json`."""
        options, problems = self._options, next(iter(self._lessons.values())).problems
        rows = [self._described(pair) for pair in self.pairs]
        by_pair = {(row["mixture"], row["source"], row["target"]): row["gain"] for row in rows}
        return {
            "experiment": "big_to_small", "dataset": options.dataset, "split": options.split,
            "note": problems.note, "notes": [],
            "problems": len(problems.score), "samples": options.eval_samples, "seeds": list(options.chosen_seeds),
            "train_tokens": self._budgets,
            "sources": list(options.all_sources), "targets": list(options.all_targets),
            "mixtures": list(self._lessons),
            "collections": [self._collection(source, name) for source, name in self._collected],
            "pairs": rows,
            "matrix": {name: [[by_pair.get((name, source, target)) for target in options.all_targets]
                              for source in options.all_sources] for name in self._lessons},
            "settings": to_plain(options),
            "versions": library_versions(),
        }

    def _collect(self, source: str, name: str, mixture: Mixture) -> None:
        self._collected[source, name] = None
        target = next(target for other, target in self._options.chosen_pairs if other == source)
        try:
            options = self._options.pair(source, target)
            self._pools[source, name] = collect_pool(
                options, self._folder / "collections" / _safe(source) / name, mixture.problems, assign(options),
                watch=self._watch, say=lambda line: None)
            found = described_pool(self._pools[source, name])
            self._say(f"{source} wrote {found['programs']} programs for {name}, {found['passed']} of them right")
        except (UsageError, ModelError) as error:
            self._collected[source, name] = " ".join(str(error).split())
            self._say(f"{source} wrote nothing for {name}: {self._collected[source, name]}")

    def _collection(self, source: str, name: str) -> dict[str, Any]:
        error = self._collected[source, name]
        found = described_pool(self._pools[source, name]) if error is None else {}
        return {"source": source, "dataset": name, **{key: found.get(key) for key in ("programs", "passed", "tasks",
                                                                                     "tokens")},
                "status": "done" if error is None else "failed", "error": error}

    def _mix(self, source: str, name: str, mixture: Mixture) -> Path:
        """The programs of several data sets in one file."""
        path = self._folder / "collections" / _safe(source) / f"{_safe(name)}.jsonl"
        write_atomically(path, (self._pools[source, part].read_bytes() for part in mixture.parts))
        return path

    def _run_pair(self, pair: Pair) -> None:
        if (pair.source, pair.mixture) not in self._pools:
            pair.error = next(error for (source, _), error in self._collected.items()
                              if source == pair.source and error is not None)
            return
        try:
            for seed in self._options.chosen_seeds:
                pair.runs[seed] = self._train(pair, seed)
        except (UsageError, ModelError) as error:
            pair.error = " ".join(str(error).split())

    def _train(self, pair: Pair, seed: int) -> tuple[Scored, Scored, Learnt, Path]:
        problems = self._lessons[pair.mixture].problems
        before = self._untrained(pair, seed)
        plain = self._options.pair(pair.source, pair.target)
        budget = self._budget(pair.target, before)
        options = self._options.pair(
            pair.source, pair.target, seed=seed, fixed_sample_path=self._pools[pair.source, pair.mixture],
            train_tokens=budget, batch_size=draws_for(plain, budget, self._shortest[pair.target]))
        folder = self._folder / "pairs" / _safe(pair.mixture) / f"{_safe(pair.source)}-to-{_safe(pair.target)}" / \
            f"seed_{seed}"
        with open_arm(options, folder, problems, assign(options), watch=self._watch) as work:
            learnt = learn(work, before)
            return before, score(work, options.n_iterations, before), learnt, folder

    def _untrained(self, pair: Pair, seed: int) -> Scored:
        key = pair.target, seed
        if key not in self._before:
            options = self._options.pair(pair.target, pair.target, seed=seed)
            problems = next(iter(self._lessons.values())).problems
            with open_arm(options, self._folder / "targets" / _safe(pair.target) / f"seed_{seed}", problems,
                          assign(options), watch=self._watch) as work:
                self._before[key] = score(work, 0)
        return self._before[key]

    def _budget(self, target: str, start: Scored) -> int:
        """Tokens that a target trains on with every source: as asked for, or what as many mean programs come to."""
        options = self._options
        if target not in self._budgets:
            every = merged([mixture.problems for mixture in self._lessons.values() if len(mixture.parts) == 1])
            written = [one for path in sorted(set(self._pools.values())) for one in read_pool(path)]
            counts = lesson_tokens(written, every, start.prompts, assign(options.pair(target, target)))
            draws = options.n_iterations * (options.num_epochs or _EPOCHS) * options.batch_size
            self._budgets[target] = options.train_tokens or max(1, round(draws * sum(counts) / len(counts)))
            self._shortest[target] = min(counts)
        return self._budgets[target]

    def _described(self, pair: Pair) -> dict[str, Any]:
        seed = self._options.seed
        row: dict[str, Any] = {"source": pair.source, "target": pair.target, "mixture": pair.mixture,
                               "status": "failed" if pair.error else "done", "error": pair.error}
        if pair.error or not pair.runs:
            return {**row, **dict.fromkeys(("before", "after", "gain", "p_value", "method", "better", "worse",
                                            "seeds_ahead", "rsr")), "seeds": []}
        before = Marks.of({number: run[0].passed for number, run in pair.runs.items()})
        after = Marks.of({number: run[1].passed for number, run in pair.runs.items()})
        old, new = estimate(before, seed=seed), estimate(after, seed=seed)
        found = contrast(after, before, seed=seed)
        return {
            **row, "before": old.to_json(), "after": new.to_json(), "gain": found["difference"],
            **{key: found[key] for key in ("p_value", "method", "better", "worse", "seeds_ahead")},
            "rsr": rsr(100 * new.value, 100 * old.value),
            "seeds": [{"seed": number, "folder": str(place.relative_to(self._folder)), "before": one.value,
                       "after": two.value, "supervised_tokens": learnt.supervised_tokens, "steps": learnt.steps,
                       "training_seconds": learnt.seconds}
                      for number, (one, two, learnt, place) in sorted(pair.runs.items())],
        }


def _told(pair: Pair) -> str:
    name = f"{pair.source} to {pair.target} on {pair.mixture}"
    if pair.error:
        return f"{name}: {pair.error}"
    before = sum(run[0].value for run in pair.runs.values()) / len(pair.runs)
    after = sum(run[1].value for run in pair.runs.values()) / len(pair.runs)
    return f"{name}: pass@1 {100 * before:.1f} % before, {100 * after:.1f} % after"


def _safe(name: str) -> str:
    """A model's or mixture's name as part of a path."""
    return re.sub(r"[^\w.+-]", "_", name.strip("./")) or "_"


def _identity(options: TransferOptions) -> dict[str, Any]:
    values = {key: value for key, value in to_plain(options).items() if key not in _ELSEWHERE}
    names = dict.fromkeys([*options.all_sources, *options.all_targets])
    return {**values, "seeds": list(options.chosen_seeds), "models": {name: _model(name) for name in names}}


def _model(name: str) -> dict[str, Any] | None:
    """A model's identity; None for one that cannot be had, which is told when its turn comes."""
    try:
        return build(ModelOptions, {"model_name": name}).model_identity()
    except UsageError:
        return None
