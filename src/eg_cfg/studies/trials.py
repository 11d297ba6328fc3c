"""Lists of trials: a JSON file that holds trial strings.

    read_trials(Path("configs/trials.json"))        # (Trial(...), Trial(...))

`python -m eg_cfg.studies.trials` takes the options of `eg-cfg guide` and is the same program.
"""

from __future__ import annotations

import json
from pathlib import Path

from eg_cfg.errors import ConfigError
from eg_cfg.studies.grid import run_guide
from eg_cfg.studies.trial_strings import Trial


def read_trials(path: Path) -> tuple[Trial, ...]:
    """The trials of a list.

    Raises:
        ConfigError: The file cannot be read, is no list of trial strings, or has a setting twice.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the trials {path}: {error}") from None
    except ValueError as error:
        raise ConfigError(f"{path}: expected a JSON list of trial strings, found no JSON: {error}") from None
    if not isinstance(values, list) or not values or not all(isinstance(value, str) for value in values):
        raise ConfigError(f"{path}: expected a JSON list of trial strings, such as [\"ns3t0.75d5k1_lci_ln\"], found "
                          f"{json.dumps(values)[:60]}")
    trials: dict[Trial, str] = {}
    for number, text in enumerate(values, start=1):
        try:
            trial = Trial.parse(text)
        except ConfigError as error:
            raise ConfigError(f"{path}, item {number}: {error}") from None
        if trial in trials:
            raise ConfigError(f"{path}, item {number}: {text!r} is the trial {trials[trial]!r} once more: keep one")
        trials[trial] = text
    return tuple(trials)


if __name__ == "__main__":
    run_guide()
