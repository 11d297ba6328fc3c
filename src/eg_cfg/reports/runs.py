"""What a folder holds: the runs in it, at any depth, in the order of their paths.

    for run in find_runs(Path("experiments/results/experiment_20260101_120000"), notes):
        run.kind, run.folder
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eg_cfg.benchmarks.registry import describe
from eg_cfg.errors import EgCfgError
from eg_cfg.reports.reading import Notes, mapping, read_object

RESULT_FILES = {
    "guide_results.json": "guide",
    "btp_results.json": "btp",
    "ablation_results.json": "ablation",
    "hyperparameter_study_results.json": "hyperparameters",
    "transfer_results.json": "transfer",
}
"""Files by which a folder is known, before its `run.json`."""
STEPS = {"step1_baseline": "baseline", "step2_btp": "btp", "step3_ablation": "ablation",
         "step4_hyperparameter": "hyperparameters"}
"""Folders that every experiment has."""
SUITE = "suite.json"
_SKIPPED = frozenset({"checkpoints", "tables", "figures", "solved_tasks", "baselines", "steps", "rounds",
                      "__pycache__"})
_EVALUATIONS = frozenset({"baseline", "grade"})
_DEPTH = 8


@dataclass(frozen=True, slots=True)
class Run:
    """One run."""

    kind: str
    """`evaluation`, `guide`, `btp`, `ablation`, `hyperparameters`, `transfer`."""
    folder: Path
    description: dict[str, Any]
    """Its `run.json`; empty where there is none."""


def find_runs(root: Path, notes: Notes) -> list[Run]:
    """The runs in a folder; runs within runs (the arms of an ablation, say) belong to the outer one."""
    return list(_walk(root, notes, _DEPTH))


def _walk(folder: Path, notes: Notes, depth: int) -> Iterator[Run]:
    description = read_object(folder / "run.json", notes) or {}
    kind = _kind(folder, description)
    if kind is not None:
        yield Run(kind, folder, description)
        return
    if (folder / "samples.jsonl").is_file():
        notes.about(folder, "left out, samples that were not graded: eg-cfg grade does that")
    if depth == 0:
        notes.about(folder, f"folders below it are left out, they are more than {_DEPTH} deep")
        return
    try:
        below = sorted(path for path in folder.iterdir() if path.is_dir())
    except OSError as error:
        notes.about(folder, f"left out, it cannot be read ({error.strerror})")
        return
    for path in below:
        if path.name.startswith(".") or path.name in _SKIPPED:
            continue
        if path.is_symlink():
            notes.about(path, "left out, a link: make a report of the folder that it leads to, or copy that here")
            continue
        yield from _walk(path, notes, depth - 1)


def _kind(folder: Path, description: dict[str, Any]) -> str | None:
    for name, kind in RESULT_FILES.items():
        if (folder / name).is_file() and not (kind == "guide" and _copied(folder)):
            return kind
    named = description.get("kind")
    if named in _EVALUATIONS or (folder / "verdicts.jsonl").is_file() or \
            (folder / "baseline_experiment_results.json").is_file():
        return "evaluation"
    return named if named in set(RESULT_FILES.values()) else None


def _copied(folder: Path) -> bool:
    """Whether a suite has put a copy of guided results above the folder that holds their records."""
    return not (folder / "baselines").is_dir() and next(folder.glob("*/*/guide_results.json"), None) is not None


def seed_of(run: Run) -> int:
    """Seed of the run's bootstrap."""
    seed = run.description.get("seed")
    return seed if isinstance(seed, int) and 0 <= seed < 2**32 else 42


def benchmark_of(results: Mapping[str, Any]) -> str:
    """Benchmark and split of a study; where none was asked for, the split is the benchmark's usual one."""
    name, split = str(results.get("dataset") or ""), results.get("split")
    try:
        known = describe(name)
    except EgCfgError:  # one of the user's own
        return " ".join(filter(None, (name, str(split or ""))))
    return " ".join(filter(None, (known.name, str(split or known.default_split or ""))))


def dataset_of(run: Run) -> tuple[str, str]:
    """Benchmark and split as the run's description names them; empty where it does not."""
    dataset = mapping(run.description.get("dataset"))
    return str(dataset.get("name") or mapping(run.description.get("identity")).get("benchmark") or ""), \
        str(dataset.get("split") or "")
