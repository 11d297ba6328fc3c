"""What the study of big to small may be told: who teaches whom, from which problems."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import field_validator, model_validator

from eg_cfg.studies.btp_options import BTPOptions, Count
from eg_cfg.studies.study_options import StudyOptions


class TransferOptions(StudyOptions):
    """Sources, targets, and the data sets whose problems the sources solve."""

    source_model: str = ""
    """One source; see `sources`."""
    sources: tuple[str, ...] = ()
    """Models that write, with commas."""
    targets: tuple[str, ...] = ()
    """Models that learn, with commas."""
    pairs: tuple[tuple[str, str], ...] = ()
    """Pairs of source and target, `A:B` with commas; every source with every target where none."""
    replay_datasets: tuple[str, ...] = ()
    """Data sets to be learnt from, with commas: each alone and all together; that of `dataset` where none."""
    max_problems: Count | None = 50
    """Problems of each of them to collect on; null (or `all`) for all."""

    @model_validator(mode="before")
    @classmethod
    def _lists(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        found = {str(key).replace("-", "_"): value for key, value in values.items()}
        for one, several in (("source_model", "sources"), ("target_model", "targets"),
                             ("replay_dataset", "replay_datasets")):
            if found.get(one) and not found.get(several):
                found[several] = found[one]
            found.pop(one, None)
        return found

    @field_validator("sources", "targets", "replay_datasets", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        parts = value.split(",") if isinstance(value, str) else value
        return tuple(dict.fromkeys(part.strip() if isinstance(part, str) else part for part in parts if part))

    @field_validator("pairs", mode="before")
    @classmethod
    def _pairs(cls, value: Any) -> Any:
        parts = value.split(",") if isinstance(value, str) else value
        found = []
        for part in parts:
            names = part.split("->" if "->" in part else ":") if isinstance(part, str) else part
            if len(names) != 2 or not all(isinstance(name, str) and name.strip() for name in names):
                raise ValueError(f"expected pairs of a source and a target such as A:B, found {part!r}")
            found.append(tuple(name.strip() for name in names))
        return tuple(dict.fromkeys(found))

    @model_validator(mode="after")
    def _together(self) -> Self:
        if self.pairs and (self.sources or self.targets):
            raise ValueError("--pairs says who teaches whom: leave --sources and --targets out")
        if not self.pairs and not (self.sources and self.targets):
            raise ValueError("--sources and --targets are required, or --pairs")
        return self

    @property
    def chosen_pairs(self) -> tuple[tuple[str, str], ...]:
        """Who teaches whom."""
        return self.pairs or tuple((source, target) for source in self.sources for target in self.targets)

    @property
    def all_sources(self) -> tuple[str, ...]:
        """Sources in the order in which they were named."""
        return tuple(dict.fromkeys(source for source, _ in self.chosen_pairs))

    @property
    def all_targets(self) -> tuple[str, ...]:
        """Targets likewise."""
        return tuple(dict.fromkeys(target for _, target in self.chosen_pairs))

    def pair(self, source: str, target: str, **changed: Any) -> BTPOptions:
        """BTP's options for a pair; a source behind an API makes it `hybrid`.

        Raises:
            UsageError: A name that means nothing, or options that do not go together.
        """
        from eg_cfg.models.registry import resolve

        api = resolve(source, api_base=self.api_base).backend == "openai"
        return self.btp(source_model=source, target_model=target, mode="hybrid" if api else "finetune", **changed)
