"""What the suite may be told: which model, which steps, and how large they are.

    build(SuiteOptions, {"model_name": "tiny", "mode": "quick"}).sizes.eval_problems
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from eg_cfg.config import Options
from eg_cfg.errors import ConfigError
from eg_cfg.studies.btp_options import Count
from eg_cfg.studies.study_options import names_in, usual_dataset

Mode = Literal["quick", "standard", "full", "single"]
STEPS: dict[str, tuple[str, str]] = {
    "baseline": ("step1_baseline", "baseline_experiment_results.json"),
    "guide": ("step1_guide", "guide_results.json"),
    "btp": ("step2_btp", "btp_results.json"),
    "ablation": ("step3_ablation", "ablation_results.json"),
    "hyperparameter": ("step4_hyperparameter", "hyperparameter_study_results.json"),
    "big_to_small": ("step5_big_to_small", "transfer_results.json"),
}
"""Folder and results of each step, in the order in which they run."""
_ALIASES = {"btp_finetune": "btp", "transfer": "big_to_small", "hyperparameters": "hyperparameter"}


@dataclass(frozen=True)
class Sizes:
    """How large each step is."""

    num_samples: int
    """Samples a problem, in the baseline."""
    max_problems: int | None
    """Problems of the baseline; None is all."""
    collect_problems: int
    """Problems to collect on, in BTP and big to small."""
    num_beams: int
    n_iterations: int
    ablation_problems: int
    """Problems to collect on, in the ablation and the search."""
    max_configs: int
    eval_problems: int | None
    """Problems that score; None is all."""
    eval_samples: int
    guide_problems: int
    seeds: int
    """Trainings of each arm and pair."""


SIZES: dict[str, Sizes] = {
    "quick": Sizes(5, 20, 10, 3, 1, 10, 4, 24, 2, 8, 1),
    "standard": Sizes(10, 100, 50, 5, 2, 30, 15, 100, 5, 50, 3),
    "full": Sizes(10, None, 100, 8, 3, 50, 30, None, 10, 200, 3),
}
"""By mode; `single` has those of `full`."""


class SuiteOptions(Options):
    """Which steps run on which model, and how large they are."""

    model_name: str = Field(min_length=1)
    """The model; writes programs where another one learns."""
    target_model: str | None = None
    """Learns; where none, the model itself."""
    dataset: str | None = None
    """The benchmark; `minipy` for the embedded models, else `mbpp`, where none."""
    split: str | None = None
    """Its part that scores; the usual one where none."""
    data: Path | None = None
    """Its data file, where it should not be looked for."""
    option: dict[str, str] = Field(default_factory=dict)
    """Its own options."""
    mode: Mode = "full"
    """Sizes: `quick`, `standard`, `full`; `single` runs one step."""
    single_step: str | None = None
    """The step of `single`."""
    experiment: tuple[str, ...] = ("all",)
    """Steps, with commas, or `all`."""
    num_samples: Count | None = None
    """Samples a problem of the baseline, as of the mode where none; so with what follows."""
    max_problems: Count | None = None
    """Problems of the baseline."""
    collect_problems: Count | None = None
    """Problems to collect on."""
    ablation_problems: Count | None = None
    """Problems to collect on in the ablation and the search."""
    max_configs: Count | None = None
    """Configurations of the search."""
    num_beams: Count | None = None
    """Programs a problem."""
    n_iterations: Count | None = None
    """Rounds."""
    eval_problems: Count | None = None
    """Problems that score in BTP and the studies."""
    eval_samples: Count | None = None
    """Programs for each of them."""
    guide_problems: Count | None = None
    """Problems of guided decoding."""
    btp_mode: Literal["btp_only", "finetune", "openai", "deepseek", "hybrid"] | None = None
    """Mode of step 2; what suits the model where none."""
    btp: dict[str, str] = Field(default_factory=dict)
    """Further options of BTP, for every step that trains."""
    api_key: SecretStr | None = Field(default=None, exclude=True, repr=False)
    """Of the model's API; in no record."""
    api_base: str | None = None
    """Address of an OpenAI-compatible endpoint."""
    device: str = "auto"
    """Where local models run."""
    workers: int | None = Field(default=None, ge=1)
    """Programs tested at a time; the machine's cores where none."""
    allow_weak_isolation: bool = False
    """Go on where this machine cannot isolate programs."""
    calibrate: bool = True
    """Measures the speed of a local model for the estimates; a few programs are written for that."""
    output_dir: Path | None = None
    """The experiment's folder; the newest of the same configuration in `output_root`, else a new one, where none."""
    output_root: Path = Path("experiments/results")
    """Where such folders are."""
    seed: int = Field(default=42, ge=0, lt=2**32)
    """Of everything that is drawn."""
    force: bool = False
    """Start over."""

    @field_validator("experiment", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        parts = value.split(",") if isinstance(value, str) else value
        return tuple(_ALIASES.get(part.strip(), part.strip()) for part in parts)

    @field_validator("single_step", mode="before")
    @classmethod
    def _step(cls, value: Any) -> Any:
        return _ALIASES.get(value, value) if isinstance(value, str) else value

    @field_validator("api_key", mode="before")
    @classmethod
    def _secret(cls, value: Any) -> Any:
        return value if value is None or isinstance(value, SecretStr) else SecretStr(str(value))

    @field_validator("btp", mode="before")
    @classmethod
    def _texts(cls, value: Any) -> Any:
        return {str(key).replace("-", "_"): str(item) for key, item in value.items()} if isinstance(value, dict) \
            else value

    @model_validator(mode="after")
    def _together(self) -> Self:
        if (self.mode == "single") != (self.single_step is not None):
            raise ValueError("--mode single and --single-step go together: pass both, or neither")
        try:
            names_in(self.steps, STEPS, "--single-step" if self.single_step else "--experiment")
        except ConfigError as error:
            raise ValueError(str(error)) from None
        return self

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps, in order."""
        wanted = {self.single_step} if self.single_step is not None else set(self.experiment)
        unknown = [name for name in wanted if name not in STEPS and name != "all"]
        return tuple(name for name in STEPS if name in wanted or "all" in wanted) + tuple(str(n) for n in unknown)

    @property
    def chosen_dataset(self) -> str:
        """The benchmark."""
        return self.dataset or usual_dataset(self.model_name)

    @property
    def sizes(self) -> Sizes:
        """The mode's sizes, with those that were given in their places."""
        base = SIZES["full" if self.mode == "single" else self.mode]
        given = {key: value for key in ("num_samples", "max_problems", "collect_problems", "ablation_problems",
                                        "max_configs", "num_beams", "n_iterations", "eval_problems", "eval_samples",
                                        "guide_problems") if (value := getattr(self, key)) is not None}
        if self.max_problems is not None and self.collect_problems is None and "btp" in self.steps \
                and len(self.steps) == 1:
            given["collect_problems"] = self.max_problems  # the one step that there is collects on so many
        return replace(base, **given)

    @property
    def seeds(self) -> tuple[int, ...]:
        """Of the trainings of studies."""
        return tuple(range(self.seed, self.seed + self.sizes.seeds))
