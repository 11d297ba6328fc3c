"""Parameter grids: every combination of candidates, temperatures, horizons, refreshes and prompts is a trial.

    trials = read_grid(Path("configs/dynamic_signals_params.json"))
    [str(trial) for trial in trials]        # ['ns3t0.7d2k1_ln', 'ns3t0.7d2k1_lci_ln', ...]

`python -m eg_cfg.studies.grid` takes the options of `eg-cfg guide` and is the same program.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any, NoReturn

from pydantic import Field, field_validator

from eg_cfg.config import Options, build, load
from eg_cfg.decoding.base import PromptType, Strategy
from eg_cfg.errors import ConfigError
from eg_cfg.studies.trial_strings import Trial


class GridOptions(Options):
    """Values of each parameter; one value stands for a list of one."""

    s: tuple[int, ...] = (3,)
    """Candidates for each signal."""
    t: tuple[float, ...] = (0.75,)
    """Sampling temperatures."""
    d: tuple[int | None, ...] = (2,)
    """Horizons in lines; `inf` is to the end."""
    k: tuple[int, ...] = (1,)
    """Lines between new signals."""
    prompt_type: tuple[PromptType, ...] = ("deepseek_instruct",)
    """Prompts."""
    strategy: tuple[Strategy, ...] = Field(default=("line",))
    """When signals are made."""

    @field_validator("*", mode="before")
    @classmethod
    def _several(cls, value: Any) -> Any:
        values = value if isinstance(value, list | tuple) else (value,)
        return tuple(None if item in ("inf", float("inf")) else item for item in values)

    @field_validator("*")
    @classmethod
    def _each_once(cls, value: tuple[Any, ...]) -> tuple[Any, ...]:
        shown = ["inf" if item is None else item for item in value]
        if not value:
            raise ValueError("expected at least one value, found an empty list")
        if len(set(value)) < len(value):
            raise ValueError(f"expected each value once, found {shown}")
        return value

    def trials(self) -> tuple[Trial, ...]:
        """Every combination, prompts and strategies changing fastest.

        Raises:
            ConfigError: A combination is none that there can be.
        """
        return tuple(
            Trial(candidates=s, temperature=t, horizon=d, refresh=k, prompt_type=prompt, strategy=strategy)
            for s, t, d, k, prompt, strategy in product(self.s, self.t, self.d, self.k, self.prompt_type, self.strategy)
        )


def read_grid(path: Path) -> tuple[Trial, ...]:
    """The trials of a grid file.

    Raises:
        ConfigError: It cannot be read, or holds something else.
    """
    grid = load(GridOptions, path)
    try:
        return grid.trials()
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None


class _SingleTrial(Options):
    """The flags of one trial."""

    candidates: int = Field(3, ge=1)
    temperature: float = Field(0.75, gt=0, allow_inf_nan=False)
    horizon: int | None = Field(2, ge=1)
    refresh: int = Field(1, ge=1)
    prompt_type: PromptType = "auto"
    strategy: Strategy = "line"

    @field_validator("horizon", mode="before")
    @classmethod
    def _to_the_end(cls, value: Any) -> Any:
        return None if value == "inf" else value


def single_trial(values: Mapping[str, Any], accept_passing: bool = False) -> Trial:
    """One trial from flags.

    Raises:
        ConfigError: A value is not what its flag takes.
    """
    flags = build(_SingleTrial, values)
    return Trial(flags.candidates, flags.temperature, flags.horizon, flags.refresh, flags.prompt_type, flags.strategy,
                 accept_passing)


def run_guide() -> NoReturn:
    """Becomes `eg-cfg guide` with the arguments of this process."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "eg_cfg", "guide", *sys.argv[1:]])


if __name__ == "__main__":
    run_guide()
