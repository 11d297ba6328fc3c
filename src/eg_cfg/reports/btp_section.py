"""A section on BTP: before against after, what each round collected, drew and learnt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from eg_cfg.reports.charts import bars, bubbles, histogram, lines
from eg_cfg.reports.content import Browser, Column, Cost, Figure, Headline, Part, Section, Table
from eg_cfg.reports.evaluation_section import ERROR_COLUMNS, evaluation_cost, evaluation_figures, k_of
from eg_cfg.reports.evaluations import Evaluation, failures, read_evaluation
from eg_cfg.reports.problems import problems_of
from eg_cfg.reports.reading import Notes, estimate, items, mapping, number, read_lines, read_object, texts, whole
from eg_cfg.reports.runs import Run, seed_of

_GROUPS, _POINTS, _ROUNDS = 12, 400, 12
"""Bars, points of a line, and rounds that are drawn."""
_COMPARED = (Column("metric", "metric"), Column("before", "before, %", "estimate"),
             Column("after", "after, %", "estimate"), Column("difference", "difference", "points"),
             Column("rsr", "RSR, %", "percent"), Column("p", "p", "p"), Column("better", "better", "integer"),
             Column("worse", "worse", "integer"))


def btp_section(run: Run, notes: Notes, key: str) -> Section | None:
    """The section of a BTP experiment."""
    results = read_object(run.folder / "btp_results.json", notes) or {}
    phases = {name: found for name in ("before", "after")
              if (found := read_evaluation(run.folder / name, notes)) is not None}
    if not results and not phases:
        notes.about(run.folder, "left out, nothing in it is finished")
        return None
    settings = mapping(results.get("settings")) or mapping(run.description.get("configuration"))
    source, target = settings.get("source_model"), settings.get("target_model")
    learner = str(target or source or "")
    section = Section(key, f"BTP: {learner}", notes.place(run.folder))
    section.configuration, section.facts = settings, _facts(results, settings)
    section.versions = {name: str(value) for name, value in mapping(results.get("versions")).items()}
    if not results:
        section.remarks.append("The run is not finished: only what is there is shown.")
    section.remarks += texts(results.get("note"), results.get("notes"))
    scored = mapping(mapping(results.get("problems")).get("score_source"))
    benchmark = " ".join(str(scored[name]) for name in ("name", "split") if scored.get(name)) or \
        str(settings.get("dataset") or "")
    compared = mapping(results.get("compared"))
    section.headline = _headline(compared, phases, results, learner, benchmark, str(source or ""))
    rounds = items(results.get("rounds"))
    section.costs = _costs(results, phases, rounds)
    section.parts = [*_compared_parts(key, compared), *_collected(key, results),
                     *_rounds_parts(key, rounds, _drawn(run, rounds, notes)),
                     *_phase_parts(key, phases, seed_of(run))]
    return section


def _facts(results: Mapping[str, Any], settings: Mapping[str, Any]) -> list[tuple[str, str]]:
    problems = mapping(results.get("problems"))
    target = settings.get("target_model")
    facts = [
        ("writes", str(settings.get("source_model") or "")),
        ("learns", str(target or ("the same" if settings.get("mode") == "finetune" else ""))),
        ("data", str(settings.get("dataset") or "")),
        ("problems", f"{problems.get('replay', '?')} replayed, {problems.get('score', '?')} score" if problems else ""),
        ("sampler", " ".join(str(part) for part in (settings.get("sampler"), settings.get("num_beams")) if part)),
        ("replay", f"{settings.get('sampling_method')}, exponent {settings.get('sampling_alpha')}, P2Value α "
                   f"{settings.get('p2value_alpha')}, {settings.get('batch_size')} draws a round"
         if settings.get("sampling_method") else ""),
        ("seed", str(settings.get("seed", ""))),
    ]
    return [(name, value) for name, value in facts if value]


def _headline(compared: Mapping[str, Any], phases: Mapping[str, Evaluation], results: Mapping[str, Any], model: str,
              benchmark: str, source: str) -> list[Headline]:
    rows: list[Headline] = []
    at_k = {k: mapping(row) for name, row in compared.items() if (k := k_of(name)) is not None}
    for phase, method in (("before", "before BTP"), ("after", "BTP")):
        pass_at = {k: one for k, row in at_k.items() if (one := estimate(row.get(phase))) is not None}
        found = phases.get(phase)
        if not pass_at:
            continue
        first = at_k.get(1, {}) if phase == "after" else {}
        rows.append(Headline(method, model, benchmark, len(found.problems) if found else None,
                             found.fewest if found else None, pass_at, estimate(first.get("difference")),
                             "before BTP" if first else None, number(first.get("p_value")), number(first.get("rsr"))))
    collected = mapping(results.get("collected"))
    one = estimate(collected.get("pass@1"))
    if one is not None:
        k = whole(collected.get("k")) or 1
        best = estimate(collected.get("best_of_k"))
        rows.append(Headline("tested programs, not trained", source, benchmark, whole(collected.get("problems")), k,
                             {1: one, **({k: best} if best and k > 1 else {})}))
    return rows


def _costs(results: Mapping[str, Any], phases: Mapping[str, Evaluation],
           rounds: Sequence[Mapping[str, Any]]) -> list[Cost]:
    costs = [evaluation_cost(f"sampling, {name}", mapping(results.get(name)), found) for name, found in phases.items()]
    for one in rounds:
        training = mapping(one.get("training"))
        costs.append(Cost(f"training, round {one.get('round')}", number(training.get("seconds")),
                          other_tokens=number(training.get("tokens")),
                          memory_mb=number(training.get("peak_memory_mb"))))
    return costs


def _compared_parts(key: str, compared: Mapping[str, Any]) -> list[Part]:
    rows = [(name.replace("_", " "), estimate(row.get("before")), estimate(row.get("after")),
             estimate(row.get("difference")), number(row.get("rsr")), number(row.get("p_value")),
             whole(row.get("better")), whole(row.get("worse")))
            for name, row in ((name, mapping(row)) for name, row in compared.items())]
    if not rows:
        return []
    figure = bars("Before and after, with intervals", [str(row[0]) for row in rows],
                  {"before": [row[1] for row in rows], "after": [row[2] for row in rows]}, "%")
    return [Table(f"{key}_compared", "Before and after", _COMPARED, tuple(rows),
                  "Paired over problems, with 95 % intervals. RSR is the share of what was unsolved that is "
                  "solved after. better, worse: problems."),
            Figure(f"{key}_before_after", "Before and after", figure, "With 95 % intervals.")]


def _collected(key: str, results: Mapping[str, Any]) -> list[Part]:
    collected = mapping(results.get("collected"))
    names = (("pass@1", "pass@1"), ("best_of_k", f"best of {collected.get('k')}"),
             ("average_pass_rate", "average pass rate"), ("best_pass_rate", "best pass rate"))
    rows = tuple((title, one) for name, title in names if (one := estimate(collected.get(name))) is not None)
    return [Table(f"{key}_collected", "What tested programs solve",
                  (Column("metric", "metric"), Column("value", "%", "estimate")), rows)] if rows else []


def _drawn(run: Run, rounds: Sequence[Mapping[str, Any]], notes: Notes) -> dict[int, list[dict[str, Any]]]:
    numbers = [one for each in rounds if (one := whole(each.get("round"))) is not None]
    return {one: read_lines(run.folder / "rounds" / str(one) / "drawn.jsonl", notes) for one in numbers}


def _rounds_parts(key: str, rounds: Sequence[Mapping[str, Any]],
                  drawn: Mapping[int, list[dict[str, Any]]]) -> list[Part]:
    parts: list[Part] = []
    rows = []
    losses: dict[str, list[tuple[float, float]]] = {}
    for one in rounds:
        buffer, draw, training = (mapping(one.get(name)) for name in ("buffer", "drawn", "training"))
        loss = mapping(training.get("loss"))
        rows.append((whole(one.get("round")), whole(buffer.get("experiences")), whole(buffer.get("passed")),
                     number(mapping(buffer.get("p2value")).get("mean")), whole(draw.get("draws")),
                     whole(draw.get("different")), whole(draw.get("passed")),
                     number(mapping(draw.get("p2value")).get("mean")), whole(training.get("steps")),
                     whole(training.get("supervised_tokens")), number(loss.get("first")), number(loss.get("last")),
                     number(training.get("seconds")), number(training.get("peak_memory_mb"))))
        told = training.get("losses")
        pairs = [pair for pair in (told if isinstance(told, list) else []) if isinstance(pair, list) and len(pair) == 2]
        points = [(step, value) for step, value in ((number(a), number(b)) for a, b in pairs)
                  if step is not None and value is not None]
        points = points[:: -(-len(points) // _POINTS) or 1]
        if len(points) > 1 and len(losses) < _ROUNDS:
            losses[f"round {one.get('round')}"] = points
        if len(rows) <= _ROUNDS:
            parts += _round_figures(key, one, buffer, draw, drawn.get(whole(one.get("round")) or 0, []))
    if not rows:
        return []
    if losses:
        parts.append(Figure(f"{key}_loss", "Training loss", lines("Loss by step", losses, "step", "loss")))
    drawing = (Column("round", "round", "integer"), Column("buffer", "in the buffer", "integer"),
               Column("buffer_passed", "passed", "integer"), Column("buffer_p2value", "mean P2Value", "number"),
               Column("draws", "draws", "integer"), Column("different", "different", "integer"),
               Column("drawn_passed", "passed", "integer"), Column("drawn_p2value", "mean P2Value", "number"))
    learning = (drawing[0], Column("steps", "steps", "integer"), Column("tokens", "tokens learnt", "integer"),
                Column("loss_first", "first loss", "number"), Column("loss_last", "last loss", "number"),
                Column("seconds", "time", "seconds"), Column("memory", "memory, MiB", "mib"))
    split = len(drawing)
    return [Table(f"{key}_rounds", "What rounds drew", drawing, tuple(row[:split] for row in rows)),
            Table(f"{key}_training", "Training", learning, tuple((row[0], *row[split:]) for row in rows)), *parts]


def _round_figures(key: str, one: Mapping[str, Any], buffer: Mapping[str, Any], draw: Mapping[str, Any],
                   rows: Sequence[Mapping[str, Any]]) -> list[Part]:
    number_of = one.get("round")
    parts: list[Part] = []
    spread = {name: mapping(found.get("p2value")) for name, found in (("drawn", draw), ("buffer", buffer))}
    edges = _numbers(spread["buffer"].get("edges"))
    counts = {name: told for name, values in spread.items() if (told := _numbers(values.get("counts")))}
    if edges and counts and all(len(each) == len(edges) - 1 for each in counts.values()):
        parts.append(Figure(f"{key}_p2value_{number_of}", f"P2Value, round {number_of}", histogram(
            f"P2Values of the buffer and of what was drawn in round {number_of}", edges, counts, "P2Value")))
    groups = list(mapping(buffer.get("pass_rates")))[:_GROUPS]
    if groups:
        series = {}
        for name, found in (("buffer", buffer), ("drawn", draw)):
            rates = mapping(found.get("pass_rates"))
            counts_of = {group: number(rates.get(group)) or 0 for group in groups}
            total = sum(counts_of.values()) or 1
            series[name] = [{"value": count / total} for count in counts_of.values()]
        parts.append(Figure(f"{key}_drawn_{number_of}", f"What replay drew, round {number_of}", bars(
            f"Pass rates in the buffer and of what was drawn in round {number_of}",
            [group.replace(" to ", "–") for group in groups], series, "share, %", x_title="pass rate of the program"),
            _times(draw, rows)))
    return parts


def _numbers(values: Any) -> list[Any]:
    """A list of numbers as it is, anything else as an empty one."""
    return values if isinstance(values, list) and all(number(one) is not None for one in values) else []


def _times(draw: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> str:
    times = mapping(draw.get("times_drawn"))
    told = ", ".join(f"{count} {'times' if count != '1' else 'time'}: {many}" for count, many in times.items())
    trained = sum(row.get("trained_on") is True for row in rows)
    text = f"Programs drawn so many times: {told}." if told else ""
    return f"{text} {trained} of {len(rows)} draws were trained on.".strip() if rows else text


def _phase_parts(key: str, phases: Mapping[str, Evaluation], seed: int) -> list[Part]:
    if not phases:
        return []
    parts = evaluation_figures(key, phases, seed)
    if len(phases) == 2:
        parts += _per_problem(key, phases["before"], phases["after"])
    last = phases.get("after") or phases["before"]
    errors, examples = failures(last)
    when = "after" if "after" in phases else "before"
    if errors:
        parts += [Table(f"{key}_errors", f"Errors by kind, {when}", ERROR_COLUMNS, tuple(errors)), examples]
    if len(phases) == 2:
        shown = problems_of(phases["before"], label="before", other=phases["after"], other_label="after")
    else:
        shown = problems_of(last)
    parts.append(Browser(f"{key}-problems", "Every problem", shown))
    return parts


def _per_problem(key: str, before: Evaluation, after: Evaluation) -> list[Part]:
    old, new = before.passed, after.passed
    shares = {task: (sum(old[task]) / len(old[task]), sum(new[task]) / len(new[task])) for task in old if task in new}
    if not shares:
        return []
    points = Counter((round(x, 3), round(y, 3)) for x, y in shares.values())
    better = sum(y > x for x, y in shares.values())
    worse = sum(y < x for x, y in shares.values())
    rows = sorted(((task, sum(old[task]), sum(new[task]), {"value": y - x}) for task, (x, y) in shares.items()),
                  key=lambda row: (-row[3]["value"], row[0]))
    return [
        Figure(f"{key}_per_problem", "Each problem, before and after", bubbles(
            "Share of a problem's samples that pass, before and after", points, "before, % of samples that pass",
            "after, % of samples that pass"),
            f"Area is the number of problems. Better (filled) on {better}, worse (open) on {worse}, the same on "
            f"{len(shares) - better - worse}."),
        Table(f"{key}_per_problem", "Each problem, before and after", (
            Column("task", "problem", "code"), Column("before", "passed before", "integer"),
            Column("after", "passed after", "integer"), Column("difference", "difference", "points")),
            tuple(rows), "Samples that pass.", secondary=True),
    ]


