"""Numbers in the page, the text, the CSV and the JSON agree, and are those of the records."""

from __future__ import annotations

import csv
import html
import json
import re
from collections import Counter
from collections.abc import Mapping
from math import comb
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from eg_cfg.reports import ReportFiles, write_report

pytestmark = pytest.mark.xdist_group("reports")  # one worker makes the runs


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def from_verdicts(path: Path, k: int) -> float:
    """pass@k by its definition: the chance that some of k samples, drawn without putting back, is right."""
    by_task: dict[str, list[bool]] = {}
    for row in rows(path):
        by_task.setdefault(row["task_id"], []).append(row["passed"])
    return fmean(1 - comb(len(v) - sum(v), k) / comb(len(v), k) for v in by_task.values())


def from_csv(written: ReportFiles, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((written.folder / "tables" / f"{name}.csv").read_text().splitlines()))


def estimate_of(row: Mapping[str, str], name: str) -> tuple[float, float, float]:
    return float(row[name]), float(row[f"{name}_low"]), float(row[f"{name}_high"])


def words(one: Mapping[str, float], sign: str = "") -> tuple[str, str]:
    value, low, high = (round(100 * one[name], 1) + 0.0 for name in ("value", "low", "high"))
    return f"{value:{sign}.1f}", f"{low:.1f} to {high:.1f}"


def in_page(page: str, one: Mapping[str, float], sign: str = "") -> bool:
    value, interval = (text.replace("-", "\N{MINUS SIGN}") for text in words(one, sign))
    return f'>{value} <span class="ci">{interval}</span>' in page


def in_text(text: str, one: Mapping[str, float], sign: str = "") -> bool:
    return "{} ({})".format(*words(one, sign)) in text


def test_a_baseline(evaluated) -> None:
    written = write_report(evaluated)
    results = json.loads((evaluated / "results.json").read_text())
    page, text = html.unescape(written.html.read_text()), written.text.read_text()
    told = {row["metric"]: estimate_of(row, "value") for row in from_csv(written, "baseline_scores")}
    assert told["pass@1"][0] == pytest.approx(from_verdicts(evaluated / "verdicts.jsonl", 1), abs=1e-12)
    for name in ("pass@1", "average_pass_rate", "success_rate", "filtered_pass@1"):
        one = results[name]
        title = {"average_pass_rate": "tests passed", "success_rate": "solved by some sample",
                 "filtered_pass@1": "filtered pass@1"}.get(name, name)
        assert told[title] == (one["value"], one["low"], one["high"])
        assert in_page(page, one)
        assert in_text(text, one)
    [headline] = from_csv(written, "headline")
    assert estimate_of(headline, "pass@1") == told["pass@1"]
    assert (headline["problems"], headline["samples"]) == ("5", "4")
    rates = [fmean(sum(t["passed"] for t in v["tests"]) / v["tests_total"] for v in several)
             for several in _by_task(evaluated / "verdicts.jsonl").values()]
    assert told["tests passed"][0] == pytest.approx(fmean(rates))
    samples = rows(evaluated / "samples.jsonl")
    [cost] = from_csv(written, "cost")
    assert int(cost["completion_tokens"]) == sum(sample["tokens"] for sample in samples)
    assert int(cost["prompt_tokens"]) == sum(sample["prompt_tokens"] or 0 for sample in samples)
    assert float(cost["seconds"]) == pytest.approx(sum(sample["seconds"] for sample in samples), abs=1e-3)


def _by_task(path: Path) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows(path):
        found.setdefault(row["task_id"], []).append(row)
    return found


def test_errors_are_those_of_the_verdicts_and_of_the_analysis(evaluated) -> None:
    written = write_report(evaluated)
    analysis = json.loads((evaluated / "baseline_experiment_results.json").read_text())["error_analysis"]
    path = written.folder / "tables" / "baseline_errors.csv"
    told = {(row["outcome"], row["type"] or row["outcome"]): (int(row["samples"]), int(row["problems"]))
            for row in from_csv(written, "baseline_errors")} if path.exists() else {}
    assert told == {(kind, name): (found["count"], found["problems"]) for kind, one in analysis["kinds"].items()
                    for name, found in one["types"].items()}
    counted = Counter(row["outcome"] for row in rows(evaluated / "verdicts.jsonl") if not row["passed"])
    by_outcome: Counter[str] = Counter()
    for (outcome, _), (samples, _) in told.items():
        by_outcome[outcome] += samples
    assert by_outcome == counted


def test_a_guided_run(guided) -> None:
    written = write_report(guided)
    [file] = guided.rglob("guide_results.json")
    results = json.loads(file.read_text())
    page, text = html.unescape(written.html.read_text()), written.text.read_text()
    told = from_csv(written, "guide_scores")
    assert len(told) == len(results["rows"])
    for row, found in zip(told, results["rows"], strict=True):
        share = found["share"]
        assert estimate_of(row, "share") == (share["value"], share["low"], share["high"])
        assert int(row["solved"]) == found["solved"]
        assert in_page(page, share)
        assert in_text(text, share)
        if found["method"] == "guided":
            passed = [json.loads(path.read_text())["passed"]
                      for path in sorted((file.parent / found["trial"]).glob(f"*gamma={found['gamma']}.json"))]
            assert float(row["share"]) == pytest.approx(fmean(passed))
            difference = found["against_greedy"]["difference"]
            assert estimate_of(row, "against_greedy") == (difference["value"], difference["low"], difference["high"])
            assert in_page(page, difference, "+")
            assert float(row["against_greedy_p"]) == found["against_greedy"]["p_value"]


@pytest.mark.slow
def test_an_experiment_of_btp(trained) -> None:
    written = write_report(trained)
    results = json.loads((trained / "btp_results.json").read_text())
    page, text = html.unescape(written.html.read_text()), written.text.read_text()
    for row, (name, found) in zip(from_csv(written, "btp_compared"), results["compared"].items(), strict=True):
        for phase in ("before", "after", "difference"):
            one = found[phase]
            assert estimate_of(row, phase) == (one["value"], one["low"], one["high"])
            assert in_page(page, one, "+" if phase == "difference" else "")
            assert in_text(text, one, "+" if phase == "difference" else "")
        if name == "pass@1":
            assert float(row["before"]) == pytest.approx(from_verdicts(trained / "before" / "verdicts.jsonl", 1))
            assert float(row["after"]) == pytest.approx(from_verdicts(trained / "after" / "verdicts.jsonl", 1))
    for row, found in zip(from_csv(written, "btp_rounds"), results["rounds"], strict=True):
        drawn = rows(trained / "rounds" / row["round"] / "drawn.jsonl")
        assert int(row["draws"]) == len(drawn) == found["drawn"]["draws"]
        assert int(row["drawn_passed"]) == sum(one["passed"] for one in drawn)
        assert float(row["drawn_p2value"]) == pytest.approx(fmean(one["p2value"] for one in drawn))


def test_latex_has_the_numbers_of_csv(evaluated) -> None:
    written = write_report(evaluated)
    text = (written.folder / "tables" / "baseline_scores.tex").read_text()
    for row in from_csv(written, "baseline_scores"):
        value, low, high = estimate_of(row, "value")
        main, interval = words({"value": value, "low": low, "high": high})
        assert re.search(rf"{re.escape(row['metric'])} & {main} .*\({interval}\)", text)
