"""The scripts in `experiments/`: each is a command of `eg-cfg` with defaults of its own.

    run_script("step1_baseline_experiment", ["--model_name", "tiny"], experiments=Path("experiments"))

To add one: a row in `SCRIPTS`, and a file of a few lines that calls `run` of `experiments/_run.py` with its name.

Options are the command's own, with dashes and underscores alike. A preset stands in for an option that was not given,
so the command's parameter has to be None then. Where `--output-dir` is not given, the command gets the parameter
`output_root`, the folder in which it continues or starts a run: `experiments/results/<results>`, or, for a data set's
own script, `experiments/<dataset>/results/<step>`.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eg_cfg.errors import ConfigError, UnknownNameError


@dataclass(frozen=True)
class Script:
    """What a script does."""

    command: str
    """`module:function` of a command. Its options are text or None; it takes `output_root`, and `benchmark` where a
    data set can be fixed."""
    summary: str
    """First line of its `--help`."""
    results: str
    """Folder below `experiments/results` where it writes."""
    step: str
    """Folder below a data set's `results`."""
    presets: Mapping[str, str] = field(default_factory=dict)
    """Defaults that differ from the command's, by parameter."""
    greedy_drops: tuple[str, ...] = ()
    """Presets that `--greedy` and `--temperature 0` make void."""
    quick_drops: tuple[str, ...] = ()
    """Presets that `--mode quick` makes void."""
    default_dataset: str | None = "mbpp"
    """Where none is given; None for scripts that take no data set."""


_SUITE = {"num_samples": "10", "max_problems": "50", "collect_problems": "50", "ablation_problems": "30",
          "max_configs": "15"}
"""Published sizes of the whole suite."""
SCRIPTS: dict[str, Script] = {
    "step1_baseline_experiment": Script(
        "eg_cfg.cli.baseline:baseline",
        "Step 1: what a model can do as it is. Samples programs, grades them, reports.",
        results="baseline",
        step="step1_baseline",
        presets={"num_samples": "10", "temperature": "0.8"},
        greedy_drops=("num_samples", "temperature"),
    ),
    "step2_btp_finetune_experiment": Script(
        "eg_cfg.cli.btp:btp",
        "Step 2: a model learns from tested programs, drawn by priority.",
        results="btp_finetune",
        step="step2_btp",
    ),
    "step2_btp_experiment": Script(
        "eg_cfg.cli.btp:btp",
        "Step 2 without training: k programs a problem by beam search, each tested.",
        results="btp",
        step="step2_btp",
        presets={"mode": "btp_only"},
    ),
    "run_btp_finetune_experiment": Script(
        "eg_cfg.cli.btp:btp",
        "Step 2: a model learns from tested programs, drawn by priority.",
        results="btp_finetune",
        step="step2_btp",
    ),
    "big_to_small_finetune_experiment": Script(
        "eg_cfg.cli.btp:btp",
        "A small model learns from programs that a large one wrote and that were tested.",
        results="big_to_small",
        step="big_to_small",
    ),
    "step3_ablation_study": Script(
        "eg_cfg.cli.ablation:ablation",
        "Step 3: what each part of a method contributes.",
        results="ablation",
        step="step3_ablation",
        presets={"num_problems": "20"},
    ),
    "step4_hyperparameter_study": Script(
        "eg_cfg.cli.hyperparameters:hyperparameters",
        "Step 4: which settings suit a model, by validation scores.",
        results="hyperparameter",
        step="step4_hyperparameter",
        presets={"search_type": "grid", "max_configs": "15"},
    ),
    "main_experiment": Script(
        "eg_cfg.cli.run:run",
        "All steps, or some, from the baseline to the report.",
        results="",
        step="",
        presets={"experiment": "all", "mode": "standard"},
        default_dataset=None,
    ),
    "run_all_experiments": Script(
        "eg_cfg.cli.run:run",
        "The whole suite, from the baseline to the report.",
        results="",
        step="",
        presets={"mode": "full", **_SUITE},
        quick_drops=tuple(_SUITE),
        default_dataset=None,
    ),
}
"""The scripts by name; those of steps 1 to 4 are in each data set's folder too."""


def run_script(name: str, arguments: Sequence[str], *, experiments: Path, dataset: str | None = None) -> int:
    """Runs a script and returns its exit code; errors are told as those of `eg-cfg` are.

    Args:
        name: One of `SCRIPTS`.
        arguments: Of the command line.
        experiments: The folder of the scripts.
        dataset: The data set that the script is fixed to.
    """
    import typer

    from eg_cfg.cli.app import CONTEXT
    from eg_cfg.cli.main import run_app

    if name not in SCRIPTS:
        raise UnknownNameError("script", name, SCRIPTS)
    script = SCRIPTS[name]
    root = experiments / "results" / script.results
    if dataset is not None:
        root = experiments / dataset / "results" / script.step
    module, _, function = script.command.partition(":")
    command = _with_presets(getattr(importlib.import_module(module), function), script, root, dataset)
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, context_settings=CONTEXT)
    app.command(help=script.summary, epilog=_epilog(script, root, dataset))(command)
    return run_app(app, list(arguments), f"{name}.py", goes_on=True)


def _with_presets(command: Callable[..., Any], script: Script, root: Path,
                  dataset: str | None) -> Callable[..., Any]:
    @functools.wraps(command)
    def run(**given: Any) -> Any:
        if dataset is not None and given["benchmark"] not in (None, dataset):
            raise ConfigError(f"--dataset {given['benchmark']}: the scripts of this folder run on {dataset}: leave "
                              f"--dataset out, or take the script of the same name in experiments/")
        presets = {**script.presets, "output_root": str(root)}
        if script.default_dataset is not None:
            presets["benchmark"] = dataset or script.default_dataset
        if given.get("greedy") or _is_zero(given.get("temperature")):
            presets = {key: value for key, value in presets.items() if key not in script.greedy_drops}
        if given.get("mode") == "quick":
            presets = {key: value for key, value in presets.items() if key not in script.quick_drops}
        return command(**{**given, **{key: value for key, value in presets.items() if given.get(key) is None}})

    return run


def _is_zero(text: str | None) -> bool:
    try:
        return text is not None and float(text) == 0
    except ValueError:
        return False  # told with the other options


def _epilog(script: Script, root: Path, dataset: str | None) -> str:
    presets = dict(script.presets)
    if script.default_dataset is not None:
        presets = {"dataset": dataset or script.default_dataset, **presets}
    said = ", ".join(f"--{name.replace('_', '-')} {value}" for name, value in presets.items())
    return (f"Defaults of this script: {said}. Without --output-dir it continues the newest run of the same "
            f"configuration in {root}, else starts one there; --force always starts one. --debug shows tracebacks.")
