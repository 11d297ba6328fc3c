"""A section on samples that were graded: what `baseline` and `grade` leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eg_cfg.grading.intervals import RESAMPLES
from eg_cfg.grading.metrics import average_pass_rate, pass_at_k_estimate, success_rate
from eg_cfg.grading.verdict import OUTCOMES
from eg_cfg.reports.charts import curves, histogram, stacked
from eg_cfg.reports.content import Browser, Column, Cost, Figure, Headline, Part, Section, Table
from eg_cfg.reports.evaluations import Evaluation, failures, read_evaluation
from eg_cfg.reports.problems import problems_of
from eg_cfg.reports.reading import Notes, estimate, mapping, number, read_object, whole
from eg_cfg.reports.runs import Run, dataset_of, seed_of

ERROR_COLUMNS = (Column("outcome", "outcome", "text"), Column("type", "type", "code"),
                 Column("samples", "samples", "integer"), Column("share", "% of all", "share"),
                 Column("problems", "problems", "integer"))
_MANY = 1_000
_METRICS = (("filtered_pass@1", "filtered pass@1"), ("average_pass_rate", "tests passed"),
            ("success_rate", "solved by some sample"), ("exact_match", "exact match"))


def evaluation_section(run: Run, notes: Notes, key: str) -> Section | None:
    """The section of an evaluation; None where it has nothing to show."""
    found = read_evaluation(run.folder, notes)
    results = _results(run, notes)
    if found is None and not results:
        notes.about(run.folder, "left out, nothing in it is graded")
        return None
    name, split = dataset_of(run)
    benchmark = " ".join(filter(None, (str(results.get("benchmark") or name), str(results.get("split") or split))))
    model = str(results.get("model") or mapping(run.description.get("identity")).get("model") or "")
    kind = str(run.description.get("kind") or "baseline")
    section = Section(key, f"{'Graded samples' if kind == 'grade' else 'Baseline'}: {model or benchmark}",
                      notes.place(run.folder))
    section.configuration = mapping(run.description.get("configuration"))
    section.versions = {key: str(value) for key, value in mapping(run.description.get("versions")).items()}
    numbers = scores(results, found, seed=seed_of(run))
    if found is not None and not results:
        section.remarks.append("The run is not finished: numbers are of the verdicts that are there.")
    samples = _samples_a_problem(results, found)
    section.facts = _facts(model, benchmark, results, found, samples, section.configuration)
    pass_at = {k: value for name, value in numbers.items() if (k := k_of(name)) is not None}
    problems = whole(results.get("problems")) or (len(found.problems) if found else None)
    method = f"baseline ({kind})" if kind == "grade" else "baseline"
    section.headline = [Headline(method, model, benchmark, problems, samples, pass_at)]
    section.costs = [evaluation_cost("sampling", results, found)]
    section.parts = _parts(key, numbers, results, found, seed_of(run))
    if found is not None:
        check(run.folder, results, found, seed_of(run), notes)
    return section


def _results(run: Run, notes: Notes) -> dict[str, Any]:
    results = read_object(run.folder / "results.json", notes)
    if results is None:
        results = mapping((read_object(run.folder / "baseline_experiment_results.json", notes) or {}).get("results"))
    return results


def scores(results: Mapping[str, Any], found: Evaluation | None, *, seed: int) -> dict[str, dict[str, float]]:
    """Estimates by name, as the run wrote them; from the verdicts where it has not."""
    names = [name for name in results if k_of(name) is not None] + [name for name, _ in _METRICS]
    known = {name: one for name in names if (one := estimate(results.get(name))) is not None}
    if known or found is None:
        return known
    ks = [k for k in (1, 5, 10) if k <= found.fewest]
    rates = {task: [sample.pass_rate for sample in record.samples] for task, record in found.problems.items()}
    return {**{f"pass@{k}": pass_at_k_estimate(found.passed, k, seed=seed).to_json() for k in ks},
            "average_pass_rate": average_pass_rate(rates, seed=seed).to_json(),
            "success_rate": success_rate(found.passed, seed=seed).to_json()}


def check(folder: Path, results: Mapping[str, Any], found: Evaluation, seed: int, notes: Notes) -> None:
    """Notes where the run's numbers are not those of its verdicts."""
    told = estimate(results.get("pass@1"))
    if told is None:
        return
    here = pass_at_k_estimate(found.passed, 1, seed=seed, resamples=1).value
    if abs(here - told["value"]) > 1e-9:
        notes.about(folder, f"results say pass@1 {100 * told['value']:.2f} %, the verdicts that are there come to "
                            f"{100 * here:.2f} %")


def evaluation_cost(what: str, results: Mapping[str, Any], found: Evaluation | None) -> Cost:
    """What an evaluation took."""
    seconds, tokens = mapping(results.get("seconds")), mapping(results.get("tokens"))
    memory = mapping(results.get("peak_memory_mb"))
    generation = number(seconds.get("generation"))
    prompt, completion = number(tokens.get("prompt")), number(tokens.get("completion"))
    if found is not None:
        generation = found.generation_seconds if generation is None else generation
        prompt = found.prompt_tokens if prompt is None else prompt
        completion = found.completion_tokens if completion is None else completion
    gpu = memory.get("gpu")
    peaks = [one for value in (gpu if isinstance(gpu, list) else [gpu]) if (one := number(value)) is not None]
    return Cost(what, generation, prompt, completion, None, number(memory.get("process")), max(peaks, default=None),
                number(mapping(results.get("usage")).get("cost")))


def _samples_a_problem(results: Mapping[str, Any], found: Evaluation | None) -> int | None:
    told = results.get("samples_per_problem")
    if isinstance(told, list) and told and isinstance(told[0], int):
        return told[0]
    return found.fewest if found else None


def _facts(model: str, benchmark: str, results: Mapping[str, Any], found: Evaluation | None, samples: int | None,
           configuration: Mapping[str, Any]) -> list[tuple[str, str]]:
    resolved = mapping(configuration.get("resolved"))
    sampling = mapping(resolved.get("sampling")) or resolved
    problems = whole(results.get("problems")) or (len(found.problems) if found else 0)
    facts = [("model", model), ("benchmark", benchmark),
             ("problems", f"{problems:,}" + (f", {samples} samples each" if samples else ""))]
    told = [f"{name.replace('_', ' ')} {sampling[key]:g}" for name, key in
            (("temperature", "temperature"), ("top-p", "top_p"), ("tokens at most", "max_new_tokens"))
            if isinstance(sampling.get(key), int | float)]
    facts.append(("sampling", ", ".join(told)))
    dataset = mapping(results.get("dataset"))
    facts.append(("data", ", ".join(str(dataset[key]) for key in ("source", "fingerprint") if dataset.get(key))))
    seeds = mapping(results.get("seeds"))
    facts.append(("seed", ", ".join(str(seed) for seed in dict.fromkeys(seeds.values()))))
    return [(name, value) for name, value in facts if value]


def _parts(key: str, numbers: Mapping[str, Mapping[str, float]], results: Mapping[str, Any], found: Evaluation | None,
           seed: int) -> list[Part]:
    parts: list[Part] = []
    names = {**{name: name for name in numbers if name.startswith("pass@")}, **dict(_METRICS)}
    rows = tuple((title, numbers[name]) for name, title in names.items() if name in numbers)
    if rows:
        parts.append(Table(f"{key}_scores", "Scores", (Column("metric", "metric"), Column("value", "%", "estimate")),
                           rows, "95 % intervals, bootstrap over problems."))
    quality = _quality(key, mapping(results.get("code_quality")))
    if quality is not None:
        parts.append(quality)
    if found is None:
        return parts
    parts += evaluation_figures(key, {"": found}, seed)
    errors, examples = failures(found)
    if errors:
        parts += [Table(f"{key}_errors", "Errors by kind", ERROR_COLUMNS, tuple(errors)), examples]
    parts.append(Browser(f"{key}-problems", "Every problem", problems_of(found)))
    return parts


def _quality(key: str, quality: Mapping[str, Any]) -> Table | None:
    rows = [(name, whole(values.get("programs")), number(values.get("lines")), number(values.get("tokens")),
             number(values.get("complexity")), number(values.get("findings")))
            for name in ("all", "passed") if (values := mapping(quality.get(name))).get("programs")]
    if not rows:
        return None
    return Table(f"{key}_quality", "Code, on average", (
        Column("programs", "programs"), Column("count", "count", "integer"), Column("lines", "lines", "number"),
        Column("tokens", "tokens", "number"), Column("complexity", "cyclomatic complexity", "number"),
        Column("findings", "ruff findings", "number")), tuple(rows)).trimmed()


def evaluation_figures(key: str, found: Mapping[str, Evaluation], seed: int) -> list[Part]:
    """pass@k over k, how many samples of a problem pass, and outcomes, of one evaluation or of several."""
    parts: list[Part] = []
    fewest = min(one.fewest for one in found.values())
    if fewest > 1:
        series = {name: _curve(one.passed, fewest, seed) for name, one in found.items()}
        parts.append(Figure(f"{key}_pass_at_k", "pass@k", curves("pass@k over k", series, "k", "pass@k, %",
                                                                 log=fewest > 20),
                            "Unbiased estimator; bands are 95 % intervals."))
        parts.append(_solved(key, found))
    parts.append(outcomes_figure(key, [(name or "all samples", one.outcomes) for name, one in found.items()],
                                 "Samples by outcome"))
    return parts


def outcomes_figure(key: str, rows: Sequence[tuple[str, Mapping[str, int]]], title: str) -> Figure:
    """What became of programs, a bar a row; an outcome of another version is "other"."""
    known: list[tuple[str, dict[str, int]]] = []
    for name, counts in rows:
        other = sum(count for kind, count in counts.items() if kind not in OUTCOMES)
        known.append((name, {**{kind: counts[kind] for kind in OUTCOMES if counts.get(kind)}, "other": other}))
    return Figure(f"{key}_outcomes", "Outcomes", stacked(title, known, [*OUTCOMES, "other"]))


def _curve(passed: Mapping[str, Sequence[bool]], fewest: int, seed: int) -> list[tuple[float, dict[str, float]]]:
    """pass@k over k; of very many problems, whose bands are narrow, fewer resamples show the same."""
    resamples = RESAMPLES if len(passed) <= _MANY else RESAMPLES // 10
    return [(k, pass_at_k_estimate(passed, k, seed=seed, resamples=resamples).to_json()) for k in ks_to(fewest)]


def k_of(name: str) -> int | None:
    """The k of `pass@k`; None for any other name."""
    digits = name.removeprefix("pass@")
    return int(digits) if digits != name and digits.isdecimal() and len(digits) < 9 else None


def ks_to(n: int) -> list[int]:
    """Up to 12 values of k from 1 to n."""
    if n <= 12:
        return list(range(1, n + 1))
    return sorted({round(n ** (place / 11)) for place in range(12)})


def _solved(key: str, found: Mapping[str, Evaluation]) -> Figure:
    """How many samples of a problem pass: by number where all problems have the same few, else by share."""
    title = "How many samples of a problem pass"
    sizes = {len(passed) for one in found.values() for passed in one.passed.values()}
    counts = {name: [sum(passed) / len(passed) for passed in one.passed.values()] for name, one in found.items()}
    if len(sizes) == 1 and (n := sizes.pop()) <= 20:
        edges = [place - 0.5 for place in range(n + 2)]
        series = {name: _tally([round(share * n) for share in shares], n + 1) for name, shares in counts.items()}
        return Figure(f"{key}_solved", title, histogram("Problems by their number of samples that pass", edges, series,
                                                        f"samples that pass, of {n}", y_title="problems, %",
                                                        ticks=tuple((place, str(place)) for place in range(n + 1))))
    series = {name: _tally([0 if share == 0 else 11 if share == 1 else 1 + min(9, int(10 * share)) for share in shares],
                           12) for name, shares in counts.items()}
    edges = [-0.1, *(place / 10 for place in range(11)), 1.1]
    return Figure(f"{key}_solved", title, histogram("Problems by their share of samples that pass", edges, series,
                                                    "samples that pass, %", percent=True, y_title="problems, %"),
                  "The first part holds problems that no sample solves, the last those that every sample solves.")


def _tally(places: Sequence[int], length: int) -> list[int]:
    counts = [0] * length
    for place in places:
        counts[place] += 1
    return counts
