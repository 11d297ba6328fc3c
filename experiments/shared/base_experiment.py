"""The classes that an experiment of one's own begins with; they live in `eg_cfg.studies`.

    from experiments.shared.base_experiment import BaseExperiment, DatasetExperiment
"""

from eg_cfg.studies import BaseExperiment, DatasetExperiment, Step1BaselineExperiment, Step2BTPExperiment

__all__ = ["BaseExperiment", "DatasetExperiment", "Step1BaselineExperiment", "Step2BTPExperiment"]
