"""`evoselfcode`: invent names, make data of them, train both directions, iterate, evaluate.

    evoselfcode datagen generate-names --config configs/datagen.yaml
    evoselfcode pipeline iterate --config configs/iterate.yaml --set iterate.rounds=1
    evoselfcode eval minipy --ckpt checkpoints/latest

Errors, Ctrl-C and full disks are told as `eg-cfg` tells them. To add a stage: a row in `DATAGEN` or `PIPELINE`.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any, NoReturn

import typer

from eg_cfg.cli.app import CONTEXT
from eg_cfg.cli.main import run_app
from evoselfcode.cli.evaluation import evaluate

DATAGEN: dict[str, tuple[str, str, str]] = {
    "generate-names": ("evoselfcode.datagen.names:generate_names", "configs/datagen.yaml",
                       "Invent function names with the base model, and say what each rule refused."),
    "generate-problems": ("evoselfcode.datagen.problems:generate_problems", "configs/datagen.yaml",
                          "Write a problem for each name: title, description, example, hint."),
    "generate-skeletons": ("evoselfcode.datagen.skeletons:generate_skeletons", "configs/datagen.yaml",
                           "Write signature and docstring for each problem."),
    "generate-code": ("evoselfcode.datagen.code:generate_code", "configs/datagen.yaml",
                      "Write the body of each skeleton."),
    "generate-ratings": ("evoselfcode.datagen.ratings:generate_ratings", "configs/datagen.yaml",
                         "Rate each solution, five scores from 1 to 5."),
    "convert": ("evoselfcode.datagen.convert:convert", "configs/datagen.yaml",
                "Make chats to train on of what is rated well enough."),
}
"""Command: (`module:function`, usual configuration, first line of its help)."""
PIPELINE: dict[str, tuple[str, str, str]] = {
    "generate": ("evoselfcode.pipeline.generating:generate", "configs/generation.yaml",
                 "Write documented functions for the names, and further programs for each description."),
    "score": ("evoselfcode.pipeline.scoring:score", "configs/generation.yaml",
              "Score programs: perplexity under the base model, syntax, ruff, what they do when they run."),
    "filter": ("evoselfcode.pipeline.filtering:keep", "configs/generation.yaml",
               "Keep what every filter lets pass, and say what each of them dropped and why."),
    "train-d2c": ("evoselfcode.pipeline.training:train_d2c", "configs/train_d2c.yaml",
                  "Fine-tune the base model on description to code: Model0."),
    "train-c2d": ("evoselfcode.pipeline.training:train_c2d", "configs/train_c2d.yaml",
                  "Fine-tune the base model on code to description."),
    "iterate": ("evoselfcode.pipeline.iterating:iterate", "configs/iterate.yaml",
                "Let both models make data for each other, round by round."),
    "report": ("evoselfcode.pipeline.reporting:report", "configs/iterate.yaml",
               "Put the curves, the funnel and examples before and after into one page."),
}

Config = Annotated[
    str | None,
    typer.Option("--config", "-c", metavar="FILE", show_default=False,
                 help="YAML or JSON, over the base.yaml beside it; the stage's usual one where none."),
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", show_default=False,
                 help="One option over the file's, such as generate.drafts=1; may be repeated."),
]


def _command(place: str, usual: str, title: str) -> Callable[[str | None, list[str] | None], None]:
    def command(config: Config = None, set_: Set = None) -> None:
        from evoselfcode.cli.stages import run_stage

        run_stage(place, config, usual, set_ or [])

    command.__doc__ = f"{title} Started again, it adds what is missing and repeats nothing."
    return command


def _group(title: str, stages: dict[str, tuple[str, str, str]]) -> typer.Typer:
    group = typer.Typer(help=title, no_args_is_help=True, context_settings=CONTEXT)
    for name, (place, usual, help_text) in stages.items():
        group.command(name)(_command(place, usual, help_text))
    return group


app = typer.Typer(name="evoselfcode", help="Models that teach themselves: description to code and code to description.",
                  no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, context_settings=CONTEXT)
app.add_typer(_group("Data from invented names.", DATAGEN), name="datagen")
app.add_typer(_group("From names to models, stage by stage.", PIPELINE), name="pipeline")
app.command("eval")(evaluate)


@app.callback()
def _root(debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks; any command takes it.")] = False
          ) -> None:
    pass


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command line and returns its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    return run_app(app, given, "evoselfcode", goes_on=True)


def run(arguments: Sequence[str] | None = None) -> NoReturn:
    """The console script."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    code: Any = main(arguments)
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)
