"""Options of the studies over BTP. Values come as text, as in `eg_cfg.cli.arguments`; None is what was not given.

`--btp KEY=VALUE` takes every further option of `eg-cfg btp`, so that a study has not each of them once more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from eg_cfg.config import Options

T = TypeVar("T", bound="Options")

NumProblems = Annotated[
    str | None,
    typer.Option("--num-problems", "--max-problems", metavar="N", show_default=False,
                 help="Problems to collect on, or all; 20 where none."),
]
Seeds = Annotated[
    str | None,
    typer.Option("--seeds", metavar="A,B,C", show_default=False,
                 help="A training each; --seed and the two that follow where none."),
]
Btp = Annotated[
    list[str] | None,
    typer.Option("--btp", metavar="KEY=VALUE", show_default=False,
                 help="Any option of `eg-cfg btp`, such as learning-rate=1e-3 or replay-option=steps=3; may be "
                      "repeated."),
]
EvalProblems = Annotated[
    str | None, typer.Option("--eval-problems", metavar="N", show_default="100", help="Problems that score, or all.")]
EvalSamples = Annotated[
    str | None, typer.Option("--eval-samples", metavar="N", show_default="5", help="Programs for each of them.")]
Iterations = Annotated[
    str | None, typer.Option("--n-iterations", metavar="N", show_default="2", help="Rounds of drawing and training.")]
SWITCHES = frozenset({"failed_only", "force_resample", "weight_by_priority", "load_in_4bit", "load_in_8bit", "force",
                      "allow_weak_isolation", "dry_run"})

_ASSIGNMENTS = ("option", "replay_option", "model_option", "api_option")
"""Options that are KEY=VALUE themselves, and may be repeated."""


def options_of(kind: type[T], given: Mapping[str, Any], config: str | None) -> T:
    """A study's options from what a command was given, over what a file holds.

    Raises:
        ConfigError: An option is wrong, or one that is required is missing.
    """
    from pathlib import Path

    from eg_cfg.config import assignments, build, load
    from eg_cfg.errors import ConfigError

    values = {key: value for key, value in given.items()
              if value is not None and not (key in SWITCHES and value is False)}
    values = {**_further(values.pop("btp", None)), **values}
    for name in _ASSIGNMENTS:
        if isinstance(values.get(name), list):
            values[name] = assignments(values[name], "--" + name.replace("_", "-"))
    if "benchmark" in values:
        values["dataset"] = values.pop("benchmark")
    if "model_name" in values:
        values["source_model"] = values.pop("model_name")
    required = (field := kind.model_fields.get("source_model")) is not None and field.is_required()
    if required and config is None and "source_model" not in values:
        raise ConfigError("--model-name is required")
    return build(kind, values) if config is None else load(kind, Path(config), values)


def _further(pairs: list[str] | None) -> dict[str, Any]:
    """What `--btp` gives: text, except for options that are several or are assignments themselves."""
    from eg_cfg.config import assignments

    nested: dict[str, list[str]] = {}
    plain = []
    for pair in pairs or ():
        key, _, value = pair.partition("=")
        name = key.strip().replace("-", "_")
        if name in _ASSIGNMENTS:
            nested.setdefault(name, []).append(value)
        else:
            plain.append(pair)
    found: dict[str, Any] = dict(assignments(plain, "--btp"))
    if "gammas" in found:
        found["gammas"] = [part.strip() for part in found["gammas"].split(",")]
    return found | {name: assignments(values, f"--btp {name.replace('_', '-')}") for name, values in nested.items()}
