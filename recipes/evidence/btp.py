"""Does replay by P2Value teach a model what it could not do, and do other ways to draw teach it as well?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eg_cfg.reports.charts import forest
from recipes.evidence.guide import arms_table
from recipes.evidence.studies import Lab, Study, points, probability, read, share, table

MODEL = "tiny-steps2"
PAIRS = "tiny:tiny-small,tiny:tiny-steps2"
"""A smaller model, and one that lacks what the first can do."""
ARMS = "power,uniform,passing_only,everything"
_PROBLEMS = ("--dataset", "minipy", "--split", "train", "--option", "steps=3", "--option", "seed=777")
"""Problems of three steps that score; MODEL was asked for one and two."""
_WRITTEN = {"replay-split": "pool", "replay-option": "steps=3", "sampler": "sample", "temperature": "1.0",
            "num-beams": "5", "use-lora": "false", "sampling-method": "rank"}
"""How programs are written and drawn: sampled, since beams seldom find the third step."""


def _measure(lab: Lab) -> None:
    seeds = lab.pick("42,43,44", "42")
    flags = [word for key, value in {**_WRITTEN, "batch-size": str(lab.pick(800, 300))}.items()
             for word in ("--btp", f"{key}={value}")]
    lab.run("ablation", "--model-name", MODEL, *_PROBLEMS, "--num-problems", lab.pick(1000, 400),
            "--eval-problems", lab.pick(400, 150), "--eval-samples", 2, "--n-iterations", 1,
            "--seeds", seeds, "--arms", ARMS, *flags, "--output-dir", lab.folder("btp", "arms"))
    lab.run("transfer", "--pairs", PAIRS, *_PROBLEMS, "--num-problems", lab.pick(500, 200),
            "--eval-problems", lab.pick(400, 150), "--eval-samples", 2, "--seeds", seeds, "--n-iterations", 1, *flags,
            "--output-dir", lab.folder("btp", "transfer"))


def _tables(lab: Lab) -> Mapping[str, str]:
    moved = read(lab.folder("btp", "transfer", "transfer_results.json"))
    return {"btp": arms_table(arms(lab)), "btp-transfer": _transfer(moved["pairs"])}


def arms(lab: Lab) -> Mapping[str, Any]:
    """Results of the ablation."""
    results: Mapping[str, Any] = read(lab.folder("btp", "arms", "ablation_results.json"))["studies"]["btp"]
    return results


def _transfer(pairs: list[Mapping[str, Any]]) -> str:
    rows = []
    for pair in pairs:
        gain, _ = points({"difference": pair["gain"], "p_value": pair["p_value"]})
        rows.append([f"`{pair['source']}`", f"`{pair['target']}`", share(pair["before"]), share(pair["after"]),
                     gain, probability(pair["p_value"])])
    return table(["writes", "learns", "before, %", "after, %", "difference, points", "p"], rows)


def _figures(lab: Lab) -> Mapping[str, str]:
    rows = [(f"{arm['name']}: {arm['what']}", arm["against_none"]["difference"], int(arm["name"] != "full"))
            for arm in arms(lab)["arms"] if arm["status"] == "done" and arm["against_none"]]
    return {"btp": forest("Held-out pass@1 after replay, minus the untrained model", rows, "points", zero=True)}


BTP_STUDY = Study("btp", "Does replay by P2Value raise held-out pass@1?", _measure, _tables, _figures)
