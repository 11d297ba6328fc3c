"""What the ablation may be told: BTP's options, which arms, and which seeds."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from eg_cfg.errors import ConfigError
from eg_cfg.studies.ablation_arms import ARMS, FULL, NONE
from eg_cfg.studies.ablation_guide_arms import GUIDE_ARMS, WHOLE_TRIAL
from eg_cfg.studies.btp_options import Count
from eg_cfg.studies.study_options import StudyOptions, names_in
from eg_cfg.studies.trial_strings import Trial

Method = Literal["btp", "guide", "both"]


class AblationOptions(StudyOptions):
    """Which parts of which method are taken away, on which model and problems."""

    method: Method = "btp"
    """Which method: `btp`, `guide` (EG-CFG), or both."""
    arms: tuple[str, ...] | None = None
    """Arms of BTP, with commas; all where none. The whole method and the untrained model are always among them."""
    guide_arms: tuple[str, ...] | None = None
    """Arms of EG-CFG, likewise."""
    gamma: float = Field(default=0.5, gt=0)
    """Strength of guidance of the whole method, for EG-CFG."""
    guide_trial: str = WHOLE_TRIAL
    """Trial string of the whole method, for EG-CFG; each arm differs from it by one thing."""
    guide_problems: Count | None = None
    """Problems that EG-CFG is tried on; as many as score where none."""
    max_problems: Count | None = 20
    """Problems to collect on, for BTP; null (or `all`) for all."""

    @field_validator("arms", "guide_arms", mode="before")
    @classmethod
    def _known(cls, value: Any, info: Any) -> Any:
        if value is None:
            return None
        known = ARMS if info.field_name == "arms" else GUIDE_ARMS
        try:
            return names_in(value, known, "--" + info.field_name.replace("_", "-"))
        except ConfigError as error:
            raise ValueError(str(error)) from None

    @field_validator("guide_trial")
    @classmethod
    def _is_a_trial(cls, value: str) -> str:
        try:
            return str(Trial.parse(value))
        except ConfigError as error:
            raise ValueError(str(error)) from None

    @model_validator(mode="after")
    def _trains(self) -> Self:
        if self.method != "guide" and not self.trains:
            raise ValueError(f"--mode {self.mode} trains nothing, so there are no trainings to compare: leave it out, "
                             f"or pass --method guide")
        return self

    @property
    def chosen(self) -> tuple[str, ...]:
        """Arms of BTP in the order of the table; one that draws as the whole method does would be it over again."""
        same = {self.sampling_method, *(["sampling"] if self.sampler == "sample" else [])}
        wanted = set(ARMS if self.arms is None else self.arms) - same | {FULL, NONE}
        return tuple(name for name in ARMS if name in wanted)
