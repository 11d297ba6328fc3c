"""Do two models that make data for each other become better than what they started as?

A round trains D2C for some steps, which alone may help. So for each round there is a control: the same model trained
for as many steps on the first pairs, other calls shown, and mixed in the same way.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eg_cfg.errors import RunError
from eg_cfg.reports.charts import forest
from recipes.evidence.studies import Lab, Study, points, read, share, table

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
_STAGES = (
    ("datagen generate-names", "datagen"), ("pipeline generate", "generation"), ("pipeline score", "generation"),
    ("pipeline filter", "generation"), ("pipeline train-d2c", "train_d2c"), ("pipeline train-c2d", "train_c2d"),
)
_LOOP = "whole loop"
_ABLATIONS: dict[str, tuple[str, ...]] = {
    _LOOP: (),
    "no perplexity": ("iterate.rounds=1", "iterate.use_perplexity=false"),
    "no tests": ("iterate.rounds=1", "iterate.use_tests=false"),
    "no C2D": ("iterate.rounds=1", "iterate.use_c2d=false"),
    "no other literals": ("iterate.rounds=1", "iterate.literals=0"),
}
_SMALL = ("names.count=300", "iterate.rounds=1", "iterate.tasks=100", "iterate.codes=80",
          "iterate.held_out.max_problems=200")


def _measure(lab: Lab) -> None:
    where = lab.folder("dual")
    where.mkdir(parents=True, exist_ok=True)
    sizes = [word for value in lab.pick((), _SMALL) for word in ("--set", value)]
    for stage, config in _STAGES:
        lab.run(*stage.split(), "--config", CONFIGS / f"{config}.yaml", *sizes, module="evoselfcode.cli", where=where)
    for name in lab.pick(tuple(_ABLATIONS), (_LOOP,)):
        changed = [word for value in _ABLATIONS[name] for word in ("--set", value)]
        lab.run("pipeline", "iterate", "--config", CONFIGS / "iterate.yaml", *sizes, *changed,
                module="evoselfcode.cli", where=where)
        kept = _kept(lab, name)
        kept.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(where / "data/generated/iterate/latest/iterate_results.json", kept / "iterate_results.json")
        if name == _LOOP:
            lab.run("--train", CONFIGS / "train_d2c.yaml", "--iterate", CONFIGS / "iterate.yaml", *sizes,
                    "--draws", lab.pick(3, 1), "--out", kept / "control.json",
                    module="recipes.evidence.control", where=where)


def _kept(lab: Lab, name: str) -> Path:
    return lab.folder("dual", "evidence", name.replace(" ", "_"))


def loop(lab: Lab) -> Mapping[str, Any]:
    """Results of the whole loop."""
    results: Mapping[str, Any] = read(_kept(lab, _LOOP) / "iterate_results.json")
    return results


def _tables(lab: Lab) -> Mapping[str, str]:
    rows: list[list[str]] = []
    for name in _ABLATIONS:
        path = _kept(lab, name) / "iterate_results.json"
        if path.is_file():
            rows += _rounds(name, read(path), first=not rows)
    if not rows:
        raise RunError(f"expected results in {lab.folder('dual', 'evidence')}, found none: measure first")
    control = read(_kept(lab, _LOOP) / "control.json")["rounds"]
    return {"dual": table(["", "model", "pass@1 with tests, %", "minus Model0, points", "p", "pass@1 without tests, %",
                           "minus Model0, points", "p", "round trip, %"], rows),
            "dual-control": _control_table(control)}


def _control_table(rows: Sequence[Mapping[str, Any]]) -> str:
    return table(["as long as", "steps", "prompts", f"pass@1 of further training alone, mean of {rows[0]['draws']}, %",
                  "minus Model0, points", "p", "the round minus it, points", "p"],
                 [[f"round {row['round']}", f"{row['steps']}", row["prompts"], share(row["pass_at_1"]),
                   *points(row["against_model0"]), *points(row["round_against_control"])] for row in rows])


def _rounds(name: str, results: Mapping[str, Any], *, first: bool) -> list[list[str]]:
    """A row a model; base and Model0 are the same for all loops, so they are told once."""
    rows = []
    for row in results["rounds"]:
        if row["round"] <= 0 and not first:
            continue
        cells = [name if row["round"] > 0 else "", row["name"]]
        for found in results["held_out"][row["name"]].values():
            cells += [share(found["pass_at_1"]), *points(found["against_model0"])]
        rows.append([*cells, share(row["round_trip"])])
    return rows


def _figures(lab: Lab) -> Mapping[str, str]:
    """Differences from Model0 with the benchmark's prompts."""
    rows: list[tuple[str, Mapping[str, float], int]] = []
    for name in _ABLATIONS:
        path = _kept(lab, name) / "iterate_results.json"
        for row, curve in read(path)["held_out"].items() if path.is_file() else ():
            if row.startswith("round"):
                rows.append((f"{name}, {row}", curve["with tests"]["against_model0"]["difference"], 0))
    for row in read(_kept(lab, _LOOP) / "control.json")["rounds"]:
        if row["prompts"] == "with tests":
            rows.append((f"further training alone, as long as round {row['round']}",
                         row["against_model0"]["difference"], 1))
    return {"dual": forest("Held-out pass@1, minus Model0", rows, "points", zero=True)}


DUAL_STUDY = Study("dual", "Does the dual loop raise pass@1?", _measure, _tables, _figures)
