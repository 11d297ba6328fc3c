"""`eg-cfg generate`: have a model write programs, into a file that `eg-cfg grade` reads."""

from __future__ import annotations

from typing import Any

from eg_cfg.cli import model_arguments as model
from eg_cfg.cli.arguments import with_parameters_of


@with_parameters_of(model.what_samples)
def generate(config: model.Config = None, **given: Any) -> None:
    """Have a model write programs; started again, it writes only what is missing."""
    from eg_cfg.cli.progress import progress
    from eg_cfg.studies.generate import GenerateOptions
    from eg_cfg.studies.generate import generate as study

    options = model.options_of(GenerateOptions, given, config)
    with progress("generating") as update:
        outcome = study(options, update, model.print_settings)
    reused = outcome.total - outcome.generated
    print(f"samples      {outcome.total} for {outcome.problems} problems"
          f"{f', {reused} of them written earlier' if reused else ''}")
    if outcome.torn:
        print("one half-written row of an interrupted start was dropped and written again")
    print(f"written to {outcome.samples}")
