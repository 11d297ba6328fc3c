"""Supervised fine-tuning on prompts and programs. Importing this imports neither torch nor transformers.

    from eg_cfg.training import TrainingExample, TrainingOptions, train
    result = train("tiny", [TrainingExample(prompt, program)], Path("checkpoints/round1"), TrainingOptions())
    registry.load(str(result.folder))
"""

from eg_cfg.training.checkpoints import merge_adapter
from eg_cfg.training.examples import TrainingExample, read_examples
from eg_cfg.training.options import TrainingOptions
from eg_cfg.training.results import TrainingResult
from eg_cfg.training.sft import train

__all__ = ["TrainingExample", "TrainingOptions", "TrainingResult", "merge_adapter", "read_examples", "train"]
