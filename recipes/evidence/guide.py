"""Does execution guide decoding to more solved problems, what of the signal does it, and what else could the same
samples, or the same time, have bought?"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from eg_cfg.records import write_atomically
from eg_cfg.reports.charts import curves
from recipes.evidence.gates import MODEL
from recipes.evidence.studies import Lab, Study, points, read, share, table

TRIALS = ("ns3t0.75d2k1_sig_ln", "ns3t0.75d4k1_sig_ln", "ns3t0.75dinfk1_sig_ln")
"""Horizons of two lines, four, and to the end."""
GAMMAS = "0.5,1,2,3"
ARMS = ("no_traces", "verdicts_only", "traces_only", "one_trace", "shuffled_verdicts", "failing_only",
        "accept_passing")


def _guided(lab: Lab, where: str, split: str, problems: int, trials: Sequence[str], gammas: str,
            *more: str) -> Mapping[str, Any]:
    folder = lab.folder("guide", where)
    folder.mkdir(parents=True, exist_ok=True)
    listed = folder / "trials.json"
    write_atomically(listed, [json.dumps(list(trials)).encode()])
    lab.run("guide", "--model-name", MODEL, "--benchmark", "minipy", "--split", split, "--max-problems", problems,
            "--trials-json", listed, "--gammas", gammas, "--output-dir", folder, *more)
    return found(lab, where)


def found(lab: Lab, where: str) -> Mapping[str, Any]:
    """Results of one of the runs."""
    results: Mapping[str, Any] = read(lab.folder("guide", where, "minipy", MODEL, "guide_results.json"))
    return results


def chosen(results: Mapping[str, Any]) -> tuple[str, float]:
    """Trial and gamma that solved most; of equal ones the least guided."""
    rows = [row for row in results["rows"] if row["method"] == "guided"]
    best = max(rows, key=lambda row: (row["solved"], -row["gamma"]))
    return str(best["trial"]), float(best["gamma"])


def _measure(lab: Lab) -> None:
    validation = _guided(lab, "validation", "validation", lab.pick(100, 50), TRIALS, GAMMAS, "--no-best-of")
    trial, gamma = chosen(validation)
    print(f"chosen on validation: {trial}, gamma {gamma:g}", flush=True)
    _guided(lab, "test", "test", lab.pick(500, 150), [trial], GAMMAS, "--best-of-time")
    lab.run("ablation", "--method", "guide", "--model-name", MODEL, "--dataset", "minipy", "--split", "test",
            "--guide-trial", trial, "--gamma", f"{gamma:g}", "--guide-arms", ",".join(ARMS), "--seeds", 42,
            "--guide-problems", lab.pick(200, 60), "--output-dir", lab.folder("guide", "arms"))


def _tables(lab: Lab) -> Mapping[str, str]:
    validation, test = found(lab, "validation"), found(lab, "test")
    study = read(lab.folder("guide", "arms", "ablation_results.json"))["studies"]["guide"]
    return {"guide-validation": _chosen_table(validation), "guide": _test_table(test, chosen(validation)),
            "guide-arms": arms_table(study)}


def _chosen_table(results: Mapping[str, Any]) -> str:
    best = chosen(results)
    greedy = next(row for row in results["rows"] if row["method"] == "greedy")
    rows = [["greedy", "0", share(greedy["share"]), ""]]
    for row in results["rows"]:
        if row["method"] == "guided":
            mark = "chosen" if (row["trial"], row["gamma"]) == best else ""
            rows.append([f"`{row['trial']}`", f"{row['gamma']:g}", share(row["share"]), mark])
    return table(["trial", "gamma", f"solved of {results['problems']}, %", ""], rows)


def _test_table(results: Mapping[str, Any], best: tuple[str, float]) -> str:
    rows = []
    for row in results["rows"]:
        if row["method"] == "any":
            continue
        against = points(row.get("against_greedy"))
        rows.append([_name(row, best), _per_problem(row, "programs_sampled"), share(row["share"]), *against,
                     *points(row.get("against_best_of_n")), _per_problem(row, "shared_seconds", 2)])
    return table(["", "sampled a problem", f"solved of {results['problems']}, %", "minus greedy, points", "p",
                  "minus best-of-N, points", "p", "seconds a problem"], rows)


def _name(row: Mapping[str, Any], best: tuple[str, float]) -> str:
    gamma = row["gamma"]
    names = {
        "greedy": "greedy",
        "best_of_n": f"best-of-N, as many samples as gamma {gamma or 0:g}",
        "best_of_time": f"best-of-N, as many seconds as gamma {gamma or 0:g}",
        "first_passing_shown": "all gammas, first that passes the shown tests",
    }
    if row["method"] != "guided":
        return names[row["method"]]
    name = f"EG-CFG, gamma {gamma:g}" + (", accepts" if row["accept_passing"] else "")
    return f"**{name}** (chosen)" if (row["trial"], gamma) == best else name


def _per_problem(row: Mapping[str, Any], what: str, digits: int = 1) -> str:
    value = row.get(what)
    return "-" if value is None or not row["problems"] else f"{value / row['problems']:.{digits}f}"


def arms_table(study: Mapping[str, Any]) -> str:
    """The arms of an ablation, as they are."""
    rows = []
    for arm in study["arms"]:
        if arm["status"] != "done":
            rows.append([f"`{arm['name']}`", arm["what"], f"failed: {arm['error']}", "", "", "", ""])
            continue
        rows.append([f"`{arm['name']}`", arm["what"], share(arm["pass@1"]), *points(arm["against_none"]),
                     *points(arm["against_full"])])
    return table(["arm", "", "pass@1, %", "minus `none`, points", "p", "minus `full`, points", "p"], rows)


def _figures(lab: Lab) -> Mapping[str, str]:
    rows = found(lab, "test")["rows"]
    named = {"EG-CFG": "guided", "best-of-N, as many samples": "best_of_n",
             "best-of-N, as many seconds": "best_of_time"}
    greedy = [(0.0, row["share"]) for row in rows if row["method"] == "greedy"]
    series = {name: [(row["gamma"], row["share"]) for row in rows if row["method"] == method]
              for name, method in named.items()}
    series["EG-CFG"] = greedy + series["EG-CFG"]
    return {"guide": curves("Solved by gamma", {name: each for name, each in series.items() if each}, "gamma",
                            "solved, %")}


GUIDE_STUDY = Study("guide", "Does guidance by execution solve more?", _measure, _tables, _figures)
