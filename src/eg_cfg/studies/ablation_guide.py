"""The arms of EG-CFG: without a signal or parts of it, without guidance, at each gamma, with other candidates.

    study = guide_study(options, folder, watch=watch, say=say)

Every arm decodes one program for each problem and seed, of the first problems that score; greedy decoding has no seed,
so `none` is the same under each. All of one seed share their candidates and runs where they can: those that show the
same of a signal are decoded together, in a folder of their own (`seed_42`, `seed_42_shuffled`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eg_cfg.config import build
from eg_cfg.decoding.base import SignalPart
from eg_cfg.errors import UsageError
from eg_cfg.studies.ablation_guide_arms import FULL, NONE, GuideArm, guide_arms
from eg_cfg.studies.ablation_options import AblationOptions
from eg_cfg.studies.best_of import greedy_name
from eg_cfg.studies.btp_work import Say, Watch
from eg_cfg.studies.guide import GuideOutcome, guide
from eg_cfg.studies.guide_options import GuideStudyOptions
from eg_cfg.studies.guide_records import ResultsFolder
from eg_cfg.studies.paired import Marks, contrast, estimate
from eg_cfg.studies.trial_strings import Trial
from eg_cfg.studies.watching import Counting


@dataclass(frozen=True)
class _Group:
    """Arms that one call of `guide` makes: trials of one kind of signal, each with the same gammas."""

    minimal: bool
    signal: SignalPart
    gammas: tuple[float, ...]
    trials: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def folder(self, seed: int) -> str:
        """Name of its folder."""
        return _folder(seed, self.minimal, self.signal)


def _folder(seed: int, minimal: bool, signal: SignalPart) -> str:
    return f"seed_{seed}{'_minimal' if minimal else ''}{'' if signal == 'whole' else f'_{signal}'}"


def guide_study(options: AblationOptions, folder: Path, *, watch: Watch, say: Say) -> dict[str, Any]:
    """Runs the arms of EG-CFG, or what is left of them.

    Raises:
        UsageError: The options, the model or the data are wrong.
        ModelError: The model could not go on; what was finished is kept.
        SandboxError: The sandbox could not do its work; what was finished is kept.
    """
    base = Trial.parse(options.guide_trial)
    arms = guide_arms(options.guide_arms, options.gamma, base)
    for note in _left_out(options, arms):
        say(note)
    found: dict[str, dict[int, dict[str, Any]]] = {name: {} for name in arms}
    for number, seed in enumerate(options.chosen_seeds, start=1):
        with watch(f"EG-CFG, seed {seed}") as progress:
            groups = _groups(arms, options.gamma, base)
            for place, group in enumerate(groups):
                study = _options(options, folder / group.folder(seed), seed, group)
                outcome = guide(study, Counting(progress, place, len(groups)))
                for name in group.names:
                    found[name][seed] = _results(outcome, study, str(arms[name].trial(base)),
                                                 _gamma(arms[name], options.gamma))
        whole = Marks.of({seed: _passed(found[FULL][seed])}).values.mean()
        say(f"EG-CFG, seed {seed} ({number} of {len(options.chosen_seeds)}): the whole method solves "
            f"{100 * whole:.1f} %")
    return _study(options, arms, found)


def _left_out(options: AblationOptions, arms: Mapping[str, GuideArm]) -> list[str]:
    """Notes on arms that were asked for by name and cannot be."""
    return [f"EG-CFG: {name} is left out: with --guide-trial {options.guide_trial} and --gamma {options.gamma:g} it is "
            f"the whole method over again" for name in options.guide_arms or () if name not in arms]


def _gamma(arm: GuideArm, gamma: float) -> float:
    return gamma if arm.gamma is None else arm.gamma


def _groups(arms: Mapping[str, GuideArm], gamma: float, base: Trial) -> list[_Group]:
    """Calls of `guide` that make all arms and nothing else: each trial with the gammas that arms have with it."""
    wanted: dict[tuple[bool, SignalPart, str], dict[float, list[str]]] = {}
    for name, arm in arms.items():
        by_gamma = wanted.setdefault((arm.minimal_trace, arm.signal, str(arm.trial(base))), {})
        by_gamma.setdefault(_gamma(arm, gamma), []).append(name)
    groups: dict[tuple[bool, SignalPart, tuple[float, ...]], _Group] = {}
    for (minimal, signal, trial), by_gamma in wanted.items():
        gammas = tuple(sorted(by_gamma))
        group = groups.setdefault((minimal, signal, gammas), _Group(minimal, signal, gammas))
        group.trials.append(trial)
        group.names.extend(name for several in by_gamma.values() for name in several)
    return list(groups.values())


def _options(options: AblationOptions, folder: Path, seed: int, group: _Group) -> GuideStudyOptions:
    dtype, batch = options.model_option.get("dtype"), options.model_option.get("batch_size")
    rest = {key: value for key, value in options.model_option.items() if key not in ("dtype", "batch_size")}
    values = {
        "model_name": options.source_model, "benchmark": options.dataset, "split": options.split, "data": options.data,
        "option": options.option, "max_problems": options.guide_problems or options.eval_problems,
        "max_new_tokens": options.max_new_tokens, "trials": group.trials, "gammas": group.gammas,
        "best_of": False, "minimal_trace": group.minimal, "signal": group.signal, "seed": seed, "output_dir": folder,
        "workers": options.workers, "timeout": options.timeout, "isolation": options.isolation,
        "allow_weak_isolation": options.allow_weak_isolation, "api_base": options.api_base,
        "api_key": options.api_key, "dtype": dtype, "batch_size": batch, "model_option": rest,
    }
    study = build(GuideStudyOptions, values)
    return study.model_copy(update={"device": options.device}) if study.spec().local else study


def _results(outcome: GuideOutcome, study: GuideStudyOptions, trial: str, value: float) -> dict[str, Any]:
    """The results of a trial at one gamma, by task."""
    results = ResultsFolder(outcome.folder.parent.parent, study.benchmark, study.model_name)
    rows = [row for row in outcome.results["rows"] if row["method"] == ("guided" if value else "greedy")]
    if value:
        position = study.trials.index(trial)
        names = list(dict.fromkeys(row["trial"] for row in rows))
        name = names[position]
    else:
        name = greedy_name(rows[0]["prompt_type"])
    found = {}
    for path in sorted((results.path / name).glob("task_id=*.json")):
        result = _read(path)
        if result is not None and float(result["gamma"]) == value:
            found[str(result["task_id"])] = result
    if not found:
        raise UsageError(f"expected results of {name} in {results.path}, found none: start over with --force")
    return found


def _read(path: Path) -> dict[str, Any] | None:
    import json

    values = json.loads(path.read_bytes())
    return values if isinstance(values, dict) and "gamma" in values else None


def _passed(results: Mapping[str, Any]) -> dict[str, float]:
    return {task: float(result["passed"]) for task, result in results.items()}


def _study(options: AblationOptions, arms: Mapping[str, GuideArm],
           found: Mapping[str, Mapping[int, Mapping[str, Any]]]) -> dict[str, Any]:
    seed = options.seed
    marks = {name: Marks.of({number: _passed(results) for number, results in by_seed.items()})
             for name, by_seed in found.items()}
    rows = []
    for name, arm in arms.items():
        rows.append({
            "name": name, "what": arm.what, "settings": arm.settings(), "status": "done", "error": None,
            "pass@1": estimate(marks[name], seed=seed).to_json(), "average_pass_rate": None,
            "seeds": [{"seed": number, "folder": f"guide/{_folder(number, arm.minimal_trace, arm.signal)}",
                       "pass@1": float(values.mean()), "average_pass_rate": None, "supervised_tokens": None,
                       "steps": None, "training_seconds": None}
                      for number, values in zip(marks[name].seeds, marks[name].values, strict=True)],
            "against_full": None if name == FULL else contrast(marks[name], marks[FULL], seed=seed),
            "against_none": None if name == NONE else contrast(marks[name], marks[NONE], seed=seed),
        })
    problems = len(marks[FULL].tasks)
    return {"full": FULL, "metric": "pass@1",
            "notes": _left_out(options, arms),
            "note": f"nothing is learnt: {problems} problems of {options.dataset}, one program each",
            "problems": problems, "samples": 1, "seeds": list(options.chosen_seeds), "gamma": options.gamma,
            "trial": options.guide_trial, "arms": rows}
