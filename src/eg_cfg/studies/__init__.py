"""Experiments: each takes options, does one thing from beginning to end, and returns what it found.

    from eg_cfg.studies import BaseExperiment, DatasetExperiment, Step1BaselineExperiment, Step2BTPExperiment

Names are looked up when they are asked for, so importing this room imports nothing else.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eg_cfg.studies.dataset_configs import DATASET_CONFIGS, DatasetConfig, dataset_config
    from eg_cfg.studies.experiment import BaseExperiment
    from eg_cfg.studies.experiment_data import DatasetExperiment
    from eg_cfg.studies.experiment_steps import Step1BaselineExperiment, Step2BTPExperiment

_PLACES = {
    "BaseExperiment": "experiment",
    "DATASET_CONFIGS": "dataset_configs",
    "DatasetConfig": "dataset_configs",
    "DatasetExperiment": "experiment_data",
    "Step1BaselineExperiment": "experiment_steps",
    "Step2BTPExperiment": "experiment_steps",
    "dataset_config": "dataset_configs",
}

__all__ = [
    "DATASET_CONFIGS",
    "BaseExperiment",
    "DatasetConfig",
    "DatasetExperiment",
    "Step1BaselineExperiment",
    "Step2BTPExperiment",
    "dataset_config",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
