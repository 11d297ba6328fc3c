"""What is usual for each data set, in one place for people: limits, prompt, defaults, metrics.

    dataset_config("mbpp").time_limit, dataset_config("mbpp").temperature

The numbers are those that the studies use: benchmarks set time limits, `eg_cfg.models.prompts` the published sampling.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from eg_cfg.benchmarks.registry import describe, names
from eg_cfg.models.prompts import settings_for

METRICS = ("pass@1", "pass@5", "pass@10", "filtered_pass@1", "average_pass_rate", "success_rate", "exact_match")
_REQUESTS = {
    "function": "Complete the function.",
    "description": "Write a Python function that does what is described and passes the tests.",
    "program": "Write a Python program that reads standard input and writes standard output.",
    "snippet": "Write the missing lines.",
}
_TASKS = {"humaneval": "function", "humaneval-et": "function", "humaneval-plus": "function", "bigcodebench": "function",
          "bigcodebench-hard": "function", "minipy": "function", "mbpp": "description", "mbpp-et": "description",
          "mbpp-plus": "description", "demo": "description", "apps": "program", "code_contests": "program",
          "livecodebench": "program", "ds1000": "snippet"}


@dataclass(frozen=True)
class DatasetConfig:
    """What is usual for one data set."""

    name: str
    summary: str
    splits: tuple[str, ...]
    default_split: str | None
    time_limit: float | None
    """Seconds for a program, as the benchmark's first problem has it; None where its data is not here."""
    max_new_tokens: int
    """Tokens of the longest program."""
    prompt: str
    """What is asked, in English."""
    temperature: float
    """Published, of samples."""
    top_p: float
    source: str
    """Where these numbers come from."""
    metrics: tuple[str, ...] = METRICS


def dataset_config(name: str) -> DatasetConfig:
    """The configuration of a data set.

    Raises:
        UnknownNameError: There is none of that name.
    """
    entry = describe(name)
    settings = settings_for(entry.name, "completion")
    return DatasetConfig(entry.name, entry.summary, entry.splits, entry.default_split, _time_limit(entry.name),
                         settings.max_new_tokens, _REQUESTS[_TASKS.get(entry.name, "description")],
                         settings.temperature, settings.top_p, settings.source)


def _time_limit(name: str) -> float | None:
    """Of the first problem, where the data is here; nothing is downloaded for it."""
    from eg_cfg.benchmarks.registry import found, load
    from eg_cfg.errors import EgCfgError

    try:
        if found(name) is None:
            return None
        return next(iter(load(name).problems())).time_limit
    except (EgCfgError, StopIteration):
        return None


class _Configs(Mapping[str, DatasetConfig]):
    """By name, made when asked for."""

    def __getitem__(self, name: str) -> DatasetConfig:
        if name not in names():
            raise KeyError(name)
        return dataset_config(name)

    def __iter__(self) -> Iterator[str]:
        return iter(names())

    def __len__(self) -> int:
        return len(names())


DATASET_CONFIGS: Mapping[str, DatasetConfig] = _Configs()
"""Every data set's configuration by name."""
