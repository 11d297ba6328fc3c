"""The runs of the loop in one workspace beside each other: ablations against the run that a report is about.

    table = beside(config, results)        # None where there is no other run

Each row is another run's last round, with what its configuration has otherwise, beside the same round of the given run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eg_cfg.errors import UsageError
from eg_cfg.reports.content import Column, Table
from eg_cfg.studies.compare import compare
from evoselfcode.pipeline.iterating import RESULTS

if TYPE_CHECKING:
    from evoselfcode.config import Config

_APART = ("held_out", "rounds")
"""Options that make no other run."""


def beside(config: Config, results: Mapping[str, Any]) -> Table | None:
    """The table of all runs of a workspace, the given one first.

    Args:
        config: Says where the workspace is.
        results: `iterate_results.json` of the run that the others are compared with.
    """
    read = [read_object(path) for path in sorted((config.paths.generated / "iterate").glob(f"*/{RESULTS}"))
            if not path.parent.is_symlink()]
    others = [other for other in read if other is not None and other["run"] != results["run"]]
    if not others:
        return None
    columns = (Column("run", "run", "code"), Column("differs", "differs in"), Column("prompts", "prompts"),
               Column("round", "round"), Column("pass@1", "pass@1, %", "estimate"),
               Column("against_model0", "from Model0", "points"), Column("model0_p", "p", "p"),
               Column("against_first", "from this round of the first", "points"), Column("first_p", "p", "p"),
               Column("round_trip", "round trip, %", "estimate"))
    rows = []
    for found in (results, *others):
        last = found["rounds"][-1]
        said = "" if found is results else ", ".join(_differences(found["options"], results["options"])) or "data"
        for variant, measured in found["held_out"].get(last["name"], {}).items():
            first = results["held_out"].get(last["name"], {}).get(variant)
            model0 = measured["against_model0"] or {}
            than = _paired(measured, first) if found is not results and first is not None else {}
            rows.append((found["run"], said, variant, last["name"], measured["pass_at_1"], model0.get("difference"),
                         model0.get("p_value"), than.get("difference"), than.get("p_value"),
                         {key: last["round_trip"][key] for key in ("value", "low", "high")}))
    return Table("evo_runs", "Runs of this workspace", columns, tuple(rows),
                 "The last round of each run, against Model0 and against the same round of the first run. Differences "
                 "are paired over problems; p is two-sided. Data: what a run started from, filters or scores were "
                 "other ones.").trimmed()


def _differences(one: Mapping[str, Any], other: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """Options that have other values, as `key=value`."""
    for key in sorted({*one, *other}):
        here, there = one.get(key), other.get(key)
        if isinstance(here, Mapping) and isinstance(there, Mapping):
            yield from _differences(here, there, f"{above}{key}.")
        elif here != there and key not in _APART:
            yield f"{above}{key}={json.dumps(here)}"


def _paired(measured: Mapping[str, Any], first: Mapping[str, Any]) -> dict[str, Any]:
    """The difference of two measurements; nothing where one cannot be read any more."""
    try:
        found = compare(Path(measured["folder"]), Path(first["folder"]))
    except UsageError:
        return {}
    return {"difference": found.difference.to_json(), "p_value": found.p_value}


def read_object(path: Path) -> dict[str, Any] | None:
    """A file's JSON object; none where it is not there, or is damaged."""
    try:
        found: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found
