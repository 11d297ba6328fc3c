"""What the studies over BTP share: its options, with sizes that a study of many trainings can bear.

A study trains many times, so where BTP scores 10 samples of every problem, a study scores 5 samples of the first 100.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import field_validator

from eg_cfg.config import build, to_plain
from eg_cfg.errors import ConfigError, UsageError
from eg_cfg.models import registry
from eg_cfg.studies.btp_options import BTPOptions, Count

EMBEDDED_DATASET = "minipy"
USUAL_DATASET = "mbpp"


class StudyOptions(BTPOptions):
    """Options of a study over BTP: BTP's own, with other sizes."""

    aliases: ClassVar[Mapping[str, str]] = {"num_problems": "max_problems"}

    seeds: tuple[int, ...] | None = None
    """Of draws, trainings and samples, a training each; `seed` and the two that follow where none."""
    eval_problems: Count | None = 100
    """Problems that score, from the first on; null (or `all`) for all."""
    eval_samples: Count = 5
    """Programs a problem that scores."""

    @field_validator("seeds", mode="before")
    @classmethod
    def _numbers(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("seeds")
    @classmethod
    def _each_once(cls, value: tuple[int, ...] | None) -> tuple[int, ...] | None:
        if value is not None and (not value or len(set(value)) < len(value) or min(value) < 0):
            raise ValueError(f"expected whole numbers from 0 on, each once, found {list(value)}")
        return value

    @property
    def chosen_seeds(self) -> tuple[int, ...]:
        """The seeds."""
        return self.seeds if self.seeds is not None else (self.seed, self.seed + 1, self.seed + 2)

    def btp(self, **changed: Any) -> BTPOptions:
        """BTP's options, with some changed.

        Raises:
            ConfigError: They do not go together.
        """
        values = {name: getattr(self, name) for name in BTPOptions.model_fields}
        values |= {"output_dir": None, "checkpoint_dir": None, "force": False, "force_resample": False, **changed}
        return build(BTPOptions, values)

    @classmethod
    def from_btp(cls, options: BTPOptions, **more: Any) -> Self:
        """The same study of other options; the key of an API, which is in no record, comes along."""
        return build(cls, {**to_plain(options), "api_key": options.api_key, **more})


def usual_dataset(model_name: str) -> str:
    """The data set where none is named: `minipy` for the embedded models, which know nothing else, else `mbpp`."""
    try:
        embedded = registry.resolve(model_name).embedded
    except UsageError:  # a name that means nothing is told by whoever loads it
        embedded = False
    return EMBEDDED_DATASET if embedded else USUAL_DATASET


def names_in(text: str | tuple[str, ...] | list[str], known: Mapping[str, Any], flag: str) -> tuple[str, ...]:
    """Names with commas, each of which a table holds.

    Raises:
        ConfigError: One is unknown, or there is none.
    """
    import difflib

    parts = [part.strip() for part in (text.split(",") if isinstance(text, str) else text) if part.strip()]
    for part in parts:
        if part not in known:
            near = difflib.get_close_matches(part, known, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise ConfigError(f"{flag}: unknown {part!r}.{hint} Known: {', '.join(known)}")
    if not parts:
        raise ConfigError(f"{flag}: expected one or more of {', '.join(known)}, found none")
    return tuple(dict.fromkeys(parts))
