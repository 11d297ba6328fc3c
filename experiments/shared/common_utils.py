"""Loading, safe execution, results as text, the analysis of errors, and progress, under names that users' notes have.

    from experiments.shared.common_utils import Grader, grading_sandbox, load, percent, progress

`load` opens a data set and `load_model` a model; a `Grader` in a `grading_sandbox` runs programs; `percent` formats an
estimate; `analyse` sorts failures by kind; `progress` shows how far something has come.
"""

from eg_cfg.benchmarks.registry import load
from eg_cfg.cli.progress import progress
from eg_cfg.grading.grader import Grader, grading_sandbox
from eg_cfg.models.registry import load as load_model
from eg_cfg.studies.btp_report import percent
from eg_cfg.studies.error_analysis import analyse

__all__ = ["Grader", "analyse", "grading_sandbox", "load", "load_model", "percent", "progress"]
