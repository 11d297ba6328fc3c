"""From a model, and where it is deployed, to what solves problems with it.

    solver = make_solver(model, executor, options, options.decoder(trial))
    for solution in solver.solve(problems): ...
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eg_cfg.decoding.base import Executor, GuideOptions, Observer, Solver
from eg_cfg.models.base import TextModel

if TYPE_CHECKING:
    from eg_cfg.decoding.sharing import Shared
    from eg_cfg.studies.guide_options import GuideStudyOptions


def make_solver(model: TextModel, executor: Executor, options: GuideStudyOptions, decoder: GuideOptions, *,
                shared: Shared | None = None, observer: Observer | None = None) -> Solver:
    """What solves problems with a model: the one place that chooses by model and deployment.

    Args:
        model: Loaded from the options; `options.spec()` says where it is deployed.
        executor: Runs candidates.
        options: Of the run; an endpoint's solver takes `top_probs` from them.
        decoder: Of one trial.
        shared: What earlier solvers of the same model found.
        observer: Watches.

    Raises:
        ConfigError: The model gives no next-token distributions.
        EndpointError: Its endpoint could not be asked.
    """
    if options.spec().backend == "openai":
        from eg_cfg.decoding.endpoint import EndpointGuide

        return EndpointGuide(model, executor, decoder, top=options.top_probs or None, shared=shared, observer=observer)
    from eg_cfg.decoding.egcfg import Guide

    return Guide(model, executor, decoder, shared=shared, observer=observer)
