"""Puts a report together: the runs of a folder, each a section, and what they come to side by side.

    report = read_report(Path("runs/baseline-mbpp-tiny"))
    report.sections[0].title, report.notes
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from eg_cfg.reports.ablation_section import ablation_section
from eg_cfg.reports.btp_section import btp_section
from eg_cfg.reports.cells import cut
from eg_cfg.reports.charts import forest
from eg_cfg.reports.content import Column, Cost, Figure, Headline, Part, Section, Table
from eg_cfg.reports.evaluation_section import evaluation_section
from eg_cfg.reports.guide_section import STEPS_BYTES, guide_section
from eg_cfg.reports.hyperparameters_section import hyperparameters_section
from eg_cfg.reports.reading import Notes, items, read_object
from eg_cfg.reports.runs import STEPS, SUITE, find_runs
from eg_cfg.reports.transfer_section import transfer_section

SECTIONS = {"evaluation": evaluation_section, "btp": btp_section, "ablation": ablation_section,
            "hyperparameters": hyperparameters_section, "transfer": transfer_section}
_FOREST_ROWS = 24


@dataclass(frozen=True, slots=True)
class Report:
    """All that a report says."""

    title: str
    parts: tuple[Part, ...]
    """What the runs come to, side by side."""
    sections: tuple[Section, ...]
    notes: tuple[str, ...]


def read_report(folder: Path) -> Report:
    """Reads the runs of a folder."""
    notes = Notes(folder)
    sections: list[Section] = []
    used: dict[str, int] = {}
    runs = find_runs(folder, notes)
    guided = sum(run.kind == "guide" for run in runs)
    for run in runs:
        make = partial(guide_section, budget=STEPS_BYTES // guided) if run.kind == "guide" else SECTIONS[run.kind]
        number = used.get(run.kind, 0) + 1
        name = "baseline" if run.kind == "evaluation" else run.kind
        try:
            section = make(run, notes, name if number == 1 else f"{name}{number}")
        except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError) as error:
            notes.about(run.folder, f"left out, its files are not what their names say ({_one_line(error)})")
            continue
        if section is not None:
            used[run.kind] = number
            sections.append(section)
    _missing(folder, notes)
    return Report(_title(folder), tuple(_overview(sections)), tuple(sections), tuple(notes))


def _one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:120]}"


def _title(folder: Path) -> str:
    return folder.resolve().name or "report"


def _missing(folder: Path, notes: Notes) -> None:
    """Says which steps of an experiment are not there: those that were asked for, where that is known."""
    planned = items((read_object(folder / SUITE, notes) or {}).get("steps"))
    for step in planned:
        if step.get("status") != "done":
            why = f" ({cut(str(step['error']))})" if step.get("error") else ""
            notes.add(cut(f"{step.get('folder') or step.get('name')}: {step.get('status')}{why}", 600))
    if planned:
        return
    present = [name for name in STEPS if (folder / name).is_dir()]
    for name in STEPS if present else ():
        if name not in present:
            notes.add(f"{name}: not in this experiment")


def _overview(sections: Sequence[Section]) -> list[Part]:
    parts: list[Part] = []
    rows = [(section, one) for section in sections for one in section.headline]
    if rows:
        parts.append(_headline(rows))
        shares = [(_name(one, rows), one.pass_at[1], 1 if one.difference is None else 0)
                  for _, one in rows if 1 in one.pass_at]
        if len(shares) > 1:
            parts.append(Figure("headline", "pass@1", forest("pass@1 of every method", shares[:_FOREST_ROWS],
                                                             "pass@1, %"),
                                "With 95 % intervals." + ("" if len({series for *_, series in shares}) == 1 else
                                                          " Square: held against nothing.")))
    costs = [(section, one) for section in sections for one in section.costs if one.known]
    if costs:
        parts.append(_costs(costs))
    return parts


def _name(one: Headline, rows: Sequence[tuple[Section, Headline]]) -> str:
    """Method, and what else differs between the rows."""
    models = {other.model for _, other in rows}
    benchmarks = {other.benchmark for _, other in rows}
    return ", ".join(filter(None, (one.method, one.model if len(models) > 1 else "",
                                   one.benchmark if len(benchmarks) > 1 else "")))


def _headline(rows: Sequence[tuple[Section, Headline]]) -> Table:
    ks = sorted({k for _, one in rows for k in one.pass_at})
    ks = ks if len(ks) <= 4 else [k for k in (1, 5, 10, 100) if k in ks]
    against = {one.against for _, one in rows if one.against}
    only = against.pop() if len(against) == 1 else None
    columns = (Column("method", "method"), Column("model", "model", hidden=_one(one.model for _, one in rows)),
               Column("benchmark", "benchmark", hidden=_one(one.benchmark for _, one in rows)),
               *(Column(f"pass@{k}", f"pass@{k}, %", "estimate") for k in ks[:1]),
               Column("difference", f"difference from {only}" if only else "difference", "points"),
               Column("against", "from", hidden=only is not None), Column("p", "p", "p"),
               Column("rsr", "RSR, %", "percent"),
               *(Column(f"pass@{k}", f"pass@{k}, %", "estimate") for k in ks[1:]),
               Column("problems", "problems", "integer"), Column("samples", "programs each", "integer"))
    cells = tuple((one.method, one.model or None, one.benchmark or None, *(one.pass_at.get(k) for k in ks[:1]),
                   one.difference, one.against, one.p_value, one.rsr, *(one.pass_at.get(k) for k in ks[1:]),
                   one.problems, one.samples) for _, one in rows)
    said = ["Shares of problems with 95 % intervals, bootstrapped over problems."]
    if any(one.difference for _, one in rows):
        said.append("Differences are paired, in percentage points of pass@1; p is two-sided.")
    if any(one.rsr is not None for _, one in rows):
        said.append("RSR is the share of what was unsolved that is solved.")
    said.append("Programs each: as many of a problem's programs are scored.")
    return Table("headline", "All methods", columns, cells, " ".join(said)).trimmed()


def _one(values: Iterable[str]) -> bool:
    return len(set(values)) == 1


def _costs(rows: Sequence[tuple[Section, Cost]]) -> Table:
    columns = (Column("run", "run"), Column("what", "what"), Column("seconds", "time", "seconds"),
               Column("prompt_tokens", "prompt tokens", "integer"),
               Column("completion_tokens", "completion tokens", "integer"),
               Column("tokens", "all tokens", "integer"), Column("memory_mb", "memory, MiB", "mib"),
               Column("gpu_memory_mb", "GPU memory, MiB", "mib"), Column("dollars", "US dollars", "number"))
    cells = tuple((section.title, one.what, one.seconds, one.prompt_tokens, one.completion_tokens, one.other_tokens,
                   one.memory_mb, one.gpu_memory_mb, one.dollars) for section, one in rows)
    memory = " Memory is the peak of the process." if any(one.memory_mb is not None for _, one in rows) else ""
    return Table("cost", "Cost", columns, cells, f"Wall time.{memory}").trimmed()
