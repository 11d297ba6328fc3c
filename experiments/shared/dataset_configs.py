"""What is usual for each data set: time limit, longest program, prompt, defaults, metrics; from `eg_cfg.studies`.

    from experiments.shared.dataset_configs import DATASET_CONFIGS
"""

from eg_cfg.studies import DATASET_CONFIGS, DatasetConfig, dataset_config

__all__ = ["DATASET_CONFIGS", "DatasetConfig", "dataset_config"]
