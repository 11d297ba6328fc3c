"""A section on an ablation: every arm with its interval and its paired difference from the whole method."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eg_cfg.reports.charts import forest
from eg_cfg.reports.content import Column, Cost, Figure, Headline, Part, Section, Table
from eg_cfg.reports.reading import Notes, estimate, items, mapping, number, read_object, texts, whole
from eg_cfg.reports.runs import Run, benchmark_of

_ARMS = 60
"""Arms that are drawn."""
_TITLES = {"btp": "BTP", "guide": "EG-CFG"}
_COLUMNS = (
    Column("arm", "arm"), Column("pass@1", "pass@1, %", "estimate"),
    Column("against_full", "from the whole method", "points"), Column("against_full_p", "p", "p"),
    Column("better", "better", "integer"), Column("worse", "worse", "integer"), Column("seeds_ahead", "seeds ahead"),
    Column("against_none", "from the model as it is", "points"), Column("against_none_p", "p", "p"),
    Column("average_pass_rate", "tests passed, %", "estimate"), Column("what", "what differs"))
_SEEDS = (
    Column("arm", "arm"), Column("seed", "seed", "integer"), Column("pass@1", "pass@1, %", "share"),
    Column("average_pass_rate", "tests passed, %", "share"), Column("tokens", "tokens learnt", "integer"),
    Column("steps", "steps", "integer"), Column("seconds", "training", "seconds"))


def ablation_section(run: Run, notes: Notes, key: str) -> Section | None:
    """The section of an ablation."""
    results = read_object(run.folder / "ablation_results.json", notes)
    if results is None:
        notes.about(run.folder, "left out, the ablation is not finished")
        return None
    model = str(results.get("model") or "")
    benchmark = benchmark_of(results)
    section = Section(key, f"Ablation: {model}", notes.place(run.folder), [("model", model), ("benchmark", benchmark)])
    section.configuration = mapping(results.get("settings"))
    section.versions = {name: str(value) for name, value in mapping(results.get("versions")).items()}
    section.remarks = texts(results.get("notes"))
    for name, study in mapping(results.get("studies")).items():
        _study(section, key, str(name), mapping(study), model, benchmark)
    return section


def _study(section: Section, key: str, name: str, study: Mapping[str, Any], model: str, benchmark: str) -> None:
    title, full = _TITLES.get(name, name), str(study.get("full") or "full")
    arms = items(study.get("arms"))
    if study.get("note"):
        section.remarks.append(f"{title}: {study['note']}")
    failed = [f"{title}, arm {arm.get('name')} failed: {arm.get('error')}" for arm in arms
              if arm.get("status") == "failed"]
    section.remarks += failed
    section.facts.append((f"problems, {title}", _size(study)))
    known = [arm for arm in arms if estimate(arm.get("pass@1"))][:_ARMS]
    section.headline += [_headline(arm, title, model, benchmark, study, full) for arm in known
                         if arm.get("name") == full]
    section.costs.append(Cost(f"training all arms, {title}", _total(arms, "training_seconds"),
                              other_tokens=_total(arms, "supervised_tokens")))
    section.parts += _parts(f"{key}_{name}", title, arms, known, full)


def _size(study: Mapping[str, Any]) -> str:
    seeds = study.get("seeds")
    told = [f"{study.get('problems', '?')} problems", f"{study.get('samples', '?')} samples each",
            f"seeds {', '.join(map(str, seeds))}" if isinstance(seeds, list) else ""]
    if whole(study.get("train_tokens")) is not None:
        told.append(f"every arm trains on {study['train_tokens']:,} tokens")
    return "; ".join(filter(None, told))


def _headline(arm: Mapping[str, Any], title: str, model: str, benchmark: str, study: Mapping[str, Any],
              full: str) -> Headline:
    none = mapping(arm.get("against_none"))
    difference = estimate(none.get("difference"))
    untrained = "untrained" if title == "BTP" else "no signal"
    return Headline(f"{title}, {full} (mean of seeds)", model, benchmark, whole(study.get("problems")),
                    whole(study.get("samples")), {1: estimate(arm.get("pass@1")) or {}}, difference,
                    untrained if difference else None, number(none.get("p_value")))


def _total(arms: list[dict[str, Any]], name: str) -> float | None:
    values = [value for arm in arms for seed in items(arm.get("seeds"))
              if (value := number(seed.get(name))) is not None]
    return sum(values) if values else None


def _parts(key: str, title: str, arms: list[dict[str, Any]], known: list[dict[str, Any]], full: str) -> list[Part]:
    rows, seeds = [], []
    for arm in arms:
        against, none = mapping(arm.get("against_full")), mapping(arm.get("against_none"))
        ahead = f"{against['seeds_ahead']} of {against['seeds']}" if "seeds_ahead" in against else None
        rows.append((arm.get("name"), estimate(arm.get("pass@1")), estimate(against.get("difference")),
                     number(against.get("p_value")), whole(against.get("better")), whole(against.get("worse")), ahead,
                     estimate(none.get("difference")), number(none.get("p_value")),
                     estimate(arm.get("average_pass_rate")), arm.get("what")))
        seeds += [(arm.get("name"), whole(one.get("seed")), number(one.get("pass@1")),
                   number(one.get("average_pass_rate")), whole(one.get("supervised_tokens")), whole(one.get("steps")),
                   number(one.get("training_seconds"))) for one in items(arm.get("seeds"))]
    parts: list[Part] = []
    if rows:
        parts.append(Table(f"{key}_arms", f"{title}: arms", _COLUMNS, tuple(rows),
                           "Differences are paired over problems and seeds, in percentage points of pass@1, with 95 % "
                           "intervals; p is two-sided, of the sign-flip test over problems. better, worse: problems; "
                           "seeds ahead: of the whole method.").trimmed())
    if known:
        scores = [(str(arm.get("name")), estimate(arm.get("pass@1")) or {}, 1 if arm.get("name") == full else 0)
                  for arm in known]
        parts.append(Figure(f"{key}_arms", f"{title}: pass@1 of every arm", forest(
            f"pass@1 of every arm of {title}", scores, "pass@1, %"),
            "With 95 % intervals; the whole method is square."))
        gains = [(str(arm.get("name")), gain, 0) for arm in known
                 if (gain := estimate(mapping(arm.get("against_full")).get("difference"))) is not None]
        if gains:
            parts.append(Figure(f"{key}_differences", f"{title}: difference from the whole method", forest(
                f"Differences of the arms of {title} from the whole method", gains, "percentage points of pass@1",
                zero=True), "Paired; left of the line an arm is worse than the whole method."))
    if seeds:
        parts.append(Table(f"{key}_seeds", f"{title}: every seed", _SEEDS, tuple(seeds), secondary=True).trimmed())
    return parts
