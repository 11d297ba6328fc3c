"""Steps 1 and 2 as classes: another data set or other defaults are a class of three lines.

    class MyBaseline(Step1BaselineExperiment):
        dataset = "humaneval"
        defaults = {"num_samples": 20}

    MyBaseline(model_name="tiny", max_problems=10).run()["pass@1"]

They are the studies behind `eg-cfg baseline` and `eg-cfg btp`, with all options of these, files and resuming included.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from eg_cfg.config import build
from eg_cfg.studies.arm import unwatched
from eg_cfg.studies.btp_work import Watch


class _Step:
    """What the two have in common: a data set, defaults, and options that win over them."""

    dataset: ClassVar[str] = "mbpp"
    """The benchmark."""
    defaults: ClassVar[Mapping[str, Any]] = {}
    """Options that differ from the step's own."""

    def __init__(self, *, watch: Watch | None = None, **options: Any) -> None:
        self.options = {**self.defaults, **options}
        self.output_dir: Path | None = None
        """The run folder, once it was run."""
        self._watch = watch or unwatched


class Step1BaselineExperiment(_Step):
    """Step 1: what a model can do as it is.

    Args:
        watch: Shows how far it has come.
        options: Of `eg_cfg.studies.baseline.BaselineOptions`; `model_name` is required.
    """

    defaults: ClassVar[Mapping[str, Any]] = {"num_samples": 10, "temperature": 0.8}

    def run(self, *, force: bool = False) -> dict[str, Any]:
        """Runs the step, or what is left of it; what it returns is in `results.json`.

        Raises:
            EgCfgError: As of `eg_cfg.studies.baseline.baseline`.
        """
        from eg_cfg.studies.baseline import BaselineOptions, baseline

        options = build(BaselineOptions, {"benchmark": self.dataset, **self.options, "force": force})
        with self._watch("sampling and grading") as progress:
            outcome = baseline(options, progress)
        self.output_dir = outcome.folder
        return outcome.results


class Step2BTPExperiment(_Step):
    """Step 2: a model learns from tested programs, drawn by priority.

    Args:
        watch: Shows how far it has come.
        options: Of `eg_cfg.studies.btp_options.BTPOptions`; `source_model` is required.
    """

    def run(self, *, force: bool = False) -> dict[str, Any]:
        """Runs the step, or what is left of it; what it returns is in `btp_results.json`.

        Raises:
            EgCfgError: As of `eg_cfg.studies.btp.btp`.
        """
        from eg_cfg.studies.btp import btp
        from eg_cfg.studies.btp_options import BTPOptions

        outcome = btp(build(BTPOptions, {"dataset": self.dataset, **self.options, "force": force}), watch=self._watch)
        self.output_dir = outcome.folder
        return outcome.results
