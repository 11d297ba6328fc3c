"""An experiment on problems: those of a benchmark by name, or one's own.

    class Doubling(DatasetExperiment):
        name = "doubling"

        def problems(self):
            test = CallTest("double", (4,), 8)
            yield Problem("double/1", "demo", "Write a function double(x) that doubles x.", "double", (), (test,))

    Doubling(model_name="tiny", num_samples=5).run()["pass@1"]["value"]
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

from eg_cfg.benchmarks.base import Problem
from eg_cfg.config import build
from eg_cfg.models.base import Sampling
from eg_cfg.models.prompts import settings_for
from eg_cfg.studies.evaluation import evaluate
from eg_cfg.studies.experiment import BaseExperiment
from eg_cfg.studies.model_options import ModelOptions
from eg_cfg.studies.options import GradingOptions
from eg_cfg.studies.sampling import PromptOptions


class DatasetExperiment(BaseExperiment):
    """Samples a model on problems and grades what it writes.

    Args:
        model_name: The model.
        num_samples: Samples a problem.
        temperature: Of the samples; 0 is greedy, with one sample.
        max_problems: At most so many; all where none.
        settings: As of `BaseExperiment`; `split`, `data` and `option` choose within the data set, `workers`, `timeout`
            and `isolation` say how programs are tested, `device` and `dtype` how the model is loaded.
    """

    name = "dataset_experiment"
    dataset: ClassVar[str] = "minipy"
    """Name of the benchmark; of problems of one's own, the one whose prompts and limits suit them."""

    def __init__(self, model_name: str, *, num_samples: int = 10, temperature: float = 0.8,
                 max_problems: int | None = None, **settings: Any) -> None:
        super().__init__(model_name=model_name, dataset=settings.pop("dataset", self.dataset), num_samples=num_samples,
                         temperature=temperature, max_problems=max_problems, **settings)

    def problems(self) -> Iterable[Problem]:
        """What is to be solved: the benchmark's problems, unless overridden."""
        return self._grading().load().problems()

    def identity(self) -> dict[str, Any]:
        """The settings, the model's weights and the problems."""
        from eg_cfg.runs import fingerprint

        names = ("workers", "device")
        shown = [[problem.task_id, problem.prompt] for problem in self._chosen()]
        return {**{key: value for key, value in super().identity().items() if key not in names},
                "model": self._model().model_identity(), "problems": fingerprint(shown)}

    def work(self, folder: Path) -> dict[str, Any]:
        """Samples, grades and scores."""
        problems = self._chosen()
        model_options, grading = self._model(), self._grading()
        with model_options.load_model() as model, \
                grading.sandbox(package for problem in problems for package in problem.preload) as sandbox, \
                self.progress(f"{self.name}: writing and testing programs") as progress:
            prompts = PromptOptions.of(model, model_options.spec().family)
            published = settings_for(problems[0].benchmark, prompts.kind)
            sampling = Sampling(n=self.settings["num_samples"], temperature=self.settings["temperature"],
                                top_p=published.top_p, max_new_tokens=published.max_new_tokens, seed=self.seed)
            found = evaluate(model, problems, folder=folder, prompts=prompts, sampling=sampling,
                             grader=grading.grader(sandbox), seed=self.seed, progress=progress)
        return {"experiment": self.name, "settings": self._plain(), "problems": found.scores.problems,
                **found.scores.to_json()}

    def _chosen(self) -> list[Problem]:
        return list(islice(self.problems(), self.settings["max_problems"]))

    def _plain(self) -> dict[str, Any]:
        return {key: str(value) if isinstance(value, Path) else value for key, value in self.settings.items()}

    def _model(self) -> ModelOptions:
        names = ("model_name", "device", "dtype", "model_option", "api_base")
        return build(ModelOptions, {key: value for key, value in self.settings.items() if key in names})

    def _grading(self) -> GradingOptions:
        names = ("split", "data", "option", "workers", "timeout", "isolation", "allow_weak_isolation")
        return build(GradingOptions, {"benchmark": self.settings["dataset"],
                                      **{key: value for key, value in self.settings.items() if key in names}})
