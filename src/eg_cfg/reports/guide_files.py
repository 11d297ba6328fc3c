"""The files of a guided run: results by trial, gamma and task, and the steps of the solutions that are worth a look."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eg_cfg.reports.reading import Notes, number, read_object
from eg_cfg.reports.steps import solution_steps


class Trial:
    """A trial's folder, or that of plain decoding: results by gamma and task."""

    def __init__(self, name: str, folder: Path, notes: Notes, *, plain: bool = False) -> None:
        self.name, self.folder, self.plain = name, folder, plain
        self.results: dict[float, dict[str, dict[str, Any]]] = {}
        for path in sorted(folder.glob("task_id=*_gamma=*.json")):
            values = read_object(path, notes)
            gamma = number(values.get("gamma")) if values else None
            if values is None or gamma is None:
                if values is not None:
                    notes.about(path, "left out, no result of a guided run")
                continue
            self.results.setdefault(gamma, {})[str(values.get("task_id"))] = values
        for gamma, found in self.results.items():  # as a person counts, not as a folder sorts
            self.results[gamma] = dict(sorted(found.items(), key=lambda item: _numbers(item[0])))

    def steps_of(self, result: Mapping[str, Any], notes: Notes) -> Path | None:
        """A result's steps file, if there is one in the trial's folder."""
        name = result.get("steps")
        if not isinstance(name, str) or not name or "\0" in name:
            return None
        path = self.folder / name
        inside = Path(os.path.normpath(path)).is_relative_to(os.path.normpath(self.folder))
        return path if inside and notes.holds(path) and path.is_file() else None


def _numbers(text: str) -> list[tuple[int, str]]:
    """What sorts `task 9` before `task 10`."""
    return [(int(part), "") if part.isdecimal() and len(part) < 18 else (-1, part)
            for part in re.split(r"(\d+)", text)]


def read_trials(folder: Path, rows: Sequence[Mapping[str, Any]], notes: Notes) -> list[Trial]:
    """Plain decoding, then the trials that the rows of the results name, as far as they have results."""
    plain = [Trial("greedy", path, notes, plain=True) for path in sorted(folder.glob("baselines/greedy_*"))]
    names = dict.fromkeys(str(row["trial"]) for row in rows if row.get("trial") and row.get("method") == "guided")
    safe = [name for name in names if "/" not in name and "\0" not in name and name not in ("", ".", "..")
            and not (folder / name).is_symlink()]
    return [trial for trial in (*plain, *(Trial(name, folder / name, notes) for name in safe)) if trial.results]


def methods_of(trials: Sequence[Trial]) -> list[tuple[str, dict[str, dict[str, Any]]]]:
    """The results of every method by task, under the name that tells it from the others."""
    several = sum(not trial.plain for trial in trials) > 1
    plain = sum(trial.plain for trial in trials)
    found = []
    for trial in trials:
        for gamma, results in sorted(trial.results.items()):
            if trial.plain:
                name = "greedy" if plain == 1 else f"greedy, {trial.folder.name.removeprefix('greedy_')}"
            elif gamma == 0 and plain:
                continue  # that of plain decoding, copied
            else:
                name = f"gamma {gamma:g}" + (f", {trial.name}" if several else "")
            found.append((name, results))
    return found


def chosen_steps(trials: Sequence[Trial], notes: Notes, budget: int) -> tuple[list[dict[str, Any]], int]:
    """Solutions for the viewer, those that differ from plain decoding first, as far as there is room."""
    plainly = [trial.results.get(0.0, {}) for trial in trials if trial.plain]
    alone = plainly[0] if len(plainly) == 1 else {}
    greedy = {trial.name: trial.results.get(0.0, alone) for trial in trials}
    wanted: list[tuple[tuple[Any, ...], Trial, float, str]] = []
    for place, trial in enumerate(trials):
        for gamma, results in trial.results.items():
            if gamma == 0 or trial.plain:
                continue
            for number_of, (task, result) in enumerate(results.items()):
                if not result.get("steps"):
                    continue
                plain = greedy[trial.name].get(task, {})
                rank = 0 if bool(plain.get("passed")) != bool(result.get("passed")) else \
                    1 if plain.get("code") != result.get("code") else 2
                wanted.append(((rank, number_of, place, gamma), trial, gamma, task))
    chosen, size = [], 0
    for entry in sorted(wanted, key=lambda entry: entry[0]):  # files are looked at as long as there is room
        order, trial, gamma, task = entry
        path = trial.steps_of(trial.results[gamma][task], notes)
        if path is None:
            continue
        size += path.stat().st_size
        if size > budget:
            break
        chosen.append((order, trial, gamma, task, path))
    found = []
    for _, trial, gamma, task, path in sorted(chosen, key=lambda entry: entry[0][1:]):
        solution = read_object(path, notes)
        if solution is not None and solution.get("refreshes"):
            plain_code = greedy[trial.name].get(task, {}).get("code")
            found.append(solution_steps(solution, trial=trial.name, result=trial.results[gamma][task],
                                        plain=None if plain_code is None else str(plain_code)))
    return found, len(wanted) - len(chosen)


def prompts_of(trials: Sequence[Trial], notes: Notes) -> dict[str, Any]:
    """Prompts by task, from the steps of plain decoding, which are small."""
    found: dict[str, Any] = {}
    for trial in trials:
        for task, result in trial.results.get(0.0, {}).items() if trial.plain else ():
            path = None if task in found else trial.steps_of(result, notes)
            if path is not None:
                found[task] = (read_object(path, notes) or {}).get("prompt")
    return found
