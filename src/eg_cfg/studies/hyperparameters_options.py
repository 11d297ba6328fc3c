"""What the search for hyperparameters may be told: BTP's options, how to search, and where trials are kept."""

from __future__ import annotations

import re
from typing import Any, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from eg_cfg.errors import ConfigError
from eg_cfg.studies.btp_options import Count
from eg_cfg.studies.hyperparameters_space import SearchType, SpaceName, spaces
from eg_cfg.studies.study_options import StudyOptions, names_in

_SECRET = re.compile(r"(?<=://)([^:/@]*):[^@/]*@")


class HyperparameterOptions(StudyOptions):
    """Which settings of BTP are searched, on which model and problems, and how."""

    search_type: SearchType = "grid"
    """`grid`: combinations of all parameters; `focused`: of some, the others as given; `random`; `tpe`, which learns
    from the trials before."""
    space: SpaceName = "classic"
    """`classic`, the published grid, or `full`."""
    max_configs: int = Field(default=15, ge=1)
    """Configurations that are tried at most; a later start may ask for more."""
    focus_params: tuple[str, ...] = ("alpha", "num_beams")
    """Parameters of a focused search."""
    pruner: Literal["median", "halving", "none"] = "median"
    """Ends trials early that fall behind on the first of the validation problems."""
    storage: SecretStr | None = Field(default=None, exclude=True, repr=False)
    """Where Optuna keeps the trials: a URL, by which several machines work on one study; a file in the run folder where
    none. It may hold a password, so no record has it."""
    study_name: str = "eg-cfg"
    """Of the study in the storage."""
    validation_problems: Count = 60
    """Problems that give the validation score."""
    test: bool = True
    """Scores the best configuration on the problems that score, once."""
    max_problems: Count | None = 20
    """Problems to collect on; null (or `all`) for all."""

    @field_validator("focus_params", mode="before")
    @classmethod
    def _several(cls, value: Any) -> Any:
        return tuple(part for part in re.split(r"[,\s]+", value) if part) if isinstance(value, str) else value

    @field_validator("storage", mode="before")
    @classmethod
    def _hidden(cls, value: Any) -> Any:
        return value if value is None or isinstance(value, SecretStr) else SecretStr(str(value))

    @model_validator(mode="after")
    def _together(self) -> Self:
        if not self.trains:
            raise ValueError(f"--mode {self.mode} trains nothing, so there is nothing to search: leave it out")
        try:
            names_in(self.focus_params, spaces()[self.space], "--focus-params")
        except ConfigError as error:
            raise ValueError(str(error)) from None
        return self

    @property
    def chosen_seeds(self) -> tuple[int, ...]:
        """A configuration's value is the mean over these; one unless asked for more."""
        return self.seeds if self.seeds is not None else (self.seed,)

    @property
    def storage_shown(self) -> str:
        """The storage without its password."""
        if self.storage is None:
            return "study.db"
        return _SECRET.sub(r"\1:***@", self.storage.get_secret_value())
