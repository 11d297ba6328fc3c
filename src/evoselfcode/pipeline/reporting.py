"""The report of a workspace: curves, rounds, the funnel of what each rule and filter kept, examples before and after.

    report(load_config(Path("configs/iterate.yaml")))     # data/eval/report.html, report.txt

Only files are read. The page is made by `eg_cfg.reports`; numbers that were not measured are not in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eg_cfg.errors import DataNotFoundError
from eg_cfg.records import write_atomically
from eg_cfg.reports.assembly import Report
from eg_cfg.reports.charts import curves
from eg_cfg.reports.content import Column, Example, Examples, Figure, Section, Table
from eg_cfg.reports.html import to_html
from eg_cfg.reports.text import to_text
from evoselfcode.pipeline.beside import beside, read_object
from evoselfcode.pipeline.iterating import RESULTS
from evoselfcode.stage import SUMMARIES, Progress, silent, stage
from evoselfcode.summary import Summary

if TYPE_CHECKING:
    from evoselfcode.config import Config

_SHOWN = 6
"""Examples of a kind."""


def report(config: Config, progress: Progress = silent) -> Summary:
    """Writes the report.

    Raises:
        DataNotFoundError: The loop has not been run.
        RunError: The report could not be written.
    """
    paths = config.paths
    with stage(config, "report") as run:
        folder = paths.generated / "iterate" / "latest"
        results = read_object(folder / RESULTS)
        if results is None:
            raise DataNotFoundError(f"expected {folder / RESULTS}, found none: run `evoselfcode pipeline iterate` "
                                    f"first")
        progress("report", 0, 1)
        loop = _loop(results)
        if (others := beside(config, results)) is not None:
            loop.parts.append(others)
        sections = [loop, _funnels(config, results), _examples(results)]
        page = Report(f"EvoSelfCode: {results['model']}", (), tuple(sections), ())
        paths.eval.mkdir(parents=True, exist_ok=True)
        html, text = paths.eval / "report.html", paths.eval / "report.txt"
        write_atomically(html, [to_html(page).encode("utf-8", "replace")])
        write_atomically(text, [to_text(page).encode("utf-8", "replace")])
        progress("report", 1, 1)
        return run.done(added=0, total=len(results["rounds"]), outputs=[html, text],
                        counts={"run": results["run"], "rounds": len(results["rounds"]) - 2})


def _loop(results: Mapping[str, Any]) -> Section:
    section = Section("loop", "The dual loop", "generated/iterate/latest")
    section.facts = [("model", results["model"]), ("best round", str(results["best_round"])),
                     ("chosen by", results["rounds"][-1]["validation_metric"]),
                     ("held-out pairs", str(results["held_out_pairs"]))]
    section.remarks = [
        "A round trip is code, described by C2D and written again by D2C, that behaves as before on generated inputs. "
        "Held-out pairs are ones that the base model's own candidates agreed on, so from their descriptions the base "
        "model starts near the top.",
        "The benchmark's curve decides nothing: rounds are chosen by the score named above."]
    section.configuration = results["options"]
    names = [row["name"] for row in results["rounds"]]
    series = {"round trip": [(row["round"], _estimate(row["round_trip"])) for row in results["rounds"]],
              "from description": [(row["round"], _estimate(row["from_description"])) for row in results["rounds"]],
              "with calls shown": [(row["round"], _estimate(row["from_examples"])) for row in results["rounds"]
                                   if row.get("from_examples")]}
    for row in results["rounds"]:
        for variant, found in results["held_out"][row["name"]].items():
            series.setdefault(f"pass@1 {variant}", []).append((row["round"], found["pass_at_1"]))
    drawing = curves("By round", series, "round (-1: base, 0: Model0)", "share, %")
    section.parts.append(Figure("rounds", "Curves", drawing,
                                "With 95 % intervals, bootstrapped over pairs or problems.", wide=True))
    section.parts.append(_rounds(results))
    section.parts.append(_paired(results, names))
    return section


def _estimate(found: Mapping[str, Any]) -> dict[str, float]:
    return {name: found[name] for name in ("value", "low", "high")}


def _rounds(results: Mapping[str, Any]) -> Table:
    keys = list(dict.fromkeys(key for row in results["rounds"] for key in row["counts"]))
    columns = (Column("round", "round"), Column("round_trip", "round trip, %", "estimate"),
               Column("from_description", "from description, %", "estimate"),
               Column("from_examples", "with calls shown, %", "estimate"),
               *(Column(key.replace(" ", "_"), key, "integer") for key in keys),
               Column("distinct", "distinct programs", "integer"),
               Column("entropy", "description entropy, bits", "number"))
    rows = tuple((row["name"], _estimate(row["round_trip"]), _estimate(row["from_description"]),
                  _estimate(row["from_examples"]) if row.get("from_examples") else None,
                  *(row["counts"].get(key) for key in keys), row["diversity"].get("distinct_programs"),
                  row["diversity"].get("description_entropy")) for row in results["rounds"])
    return Table("evo_rounds", "Rounds", columns, rows).trimmed()


def _paired(results: Mapping[str, Any], names: Sequence[str]) -> Table:
    columns = (Column("model", "model"), Column("prompts", "prompts"), Column("pass@1", "pass@1, %", "estimate"),
               Column("against_base", "from base", "points"), Column("base_p", "p", "p"),
               Column("against_model0", "from Model0", "points"), Column("model0_p", "p", "p"),
               Column("problems", "problems", "integer"))
    rows = []
    for name in names:
        for variant, found in results["held_out"][name].items():
            base, start = found["against_base"] or {}, found["against_model0"] or {}
            rows.append((name, variant, found["pass_at_1"], base.get("difference"), base.get("p_value"),
                         start.get("difference"), start.get("p_value"), found["problems"]))
    return Table("evo_held_out", "Held-out problems", columns, tuple(rows),
                 "Differences are paired over problems; p is two-sided.").trimmed()


def _funnels(config: Config, results: Mapping[str, Any]) -> Section:
    section = Section("funnel", "What was kept", "processed")
    names = _last(config.paths.logs / "generate-names" / SUMMARIES)
    drafts = _last(config.paths.logs / "generate" / SUMMARIES)
    first = read_object(config.paths.processed / "filter_report.json") or {}
    for key, title, steps in (
            ("names", "Names", names.get("funnel")), ("drafts", "Drafts", drafts.get("funnel")),
            ("first", "Candidates of the base model", first.get("funnel")),
            *((f"round{row['round']}", f"Round {row['round']}", row["funnel"]) for row in results["rounds"])):
        if steps:
            section.parts.append(_funnel(key, title, steps))
    for when, found in (first.get("diversity") or {}).items():
        section.facts.append((f"diversity {when} the filters",
                              f"{found['pairs']} pairs, {found['distinct_programs']} different programs, "
                              f"{found['distinct_descriptions']} descriptions, "
                              f"{found['description_entropy']:.2f} bits a word"))
    return section


def _funnel(key: str, title: str, steps: Sequence[Mapping[str, Any]]) -> Table:
    columns = (Column("step", "rule or filter"), Column("seen", "seen", "integer"),
               Column("dropped", "dropped", "integer"), Column("kept", "kept", "integer"), Column("why", "why"))
    rows = tuple((step["name"], step["seen"], step["dropped"], step["seen"] - step["dropped"],
                  ", ".join(f"{reason} {count}" for reason, count in step["reasons"].items())) for step in steps)
    return Table(f"evo_funnel_{key}", title, columns, rows)


def _examples(results: Mapping[str, Any]) -> Section:
    """The first problems on which the best model and the base model differ, one way and the other."""
    section = Section("examples", "Before and after", "eval")
    best = next(row["name"] for row in results["rounds"] if row["round"] == results["best_round"])
    for variant in results["held_out"]["base"]:
        before = _problems(Path(results["held_out"]["base"][variant]["folder"]))
        after = _problems(Path(results["held_out"][best][variant]["folder"]))
        for title, sign in (("learnt", 1), ("lost", -1)):
            tasks = [task for task in before if task in after
                     and after[task]["passed"] - before[task]["passed"] == sign][:_SHOWN]
            if tasks:
                groups = tuple((said, tuple(_example(found[task]) for task in tasks))
                               for said, found in (("before", before), ("after", after)))
                section.parts.append(Examples(f"{title.capitalize()}, {variant}", groups))
    return section


def _example(problem: Mapping[str, Any]) -> Example:
    sample = problem["samples"][0]
    return Example(problem["task_id"], 0, sample["detail"] or sample["outcome"], sample["program"])


def _problems(folder: Path) -> dict[str, Any]:
    return {row["task_id"]: row for row in _lines(folder / "problems.jsonl")}


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with open(path, "rb") as file:
            for line in file:
                try:
                    yield json.loads(line)
                except ValueError:
                    continue
    except OSError:
        return


def _last(path: Path) -> dict[str, Any]:
    return (list(_lines(path)) or [{}])[-1]

