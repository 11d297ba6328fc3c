"""One configuration for all stages: `base.yaml` under the stage's own file, strict, with every default here.

    config = load_config(Path("configs/generation.yaml"), {"generate.candidates": "4"})
    config.generate.candidates                 # 4

`base.yaml` is the one beside the file. Mappings are merged key by key; lists and values of the stage's file replace
those of the base. A key that no section has is an error that names the nearest one.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field

from eg_cfg.config import Options, build, read
from eg_cfg.errors import ConfigError
from eg_cfg.studies.model_options import ModelOptions
from evoselfcode.datagen.options import DatagenOptions, NamesOptions
from evoselfcode.layout import Paths
from evoselfcode.pipeline.options import (
    FilterOptions,
    GenerateOptions,
    IterateOptions,
    SandboxOptions,
    ScoreOptions,
    TrainOptions,
)

BASE = "base.yaml"


class Config(Options):
    """Everything that a stage may be told."""

    paths: Paths = Paths()
    model: ModelOptions = Field(
        default_factory=lambda: build(ModelOptions, {"model_name": "tiny-base", "batch_size": 64}))
    """The base model: it invents names and pairs, its perplexity is the score, and it is what is fine-tuned."""
    seed: int = Field(42, ge=0)
    """Of everything that is drawn at random."""
    sandbox: SandboxOptions = Field(default_factory=lambda: build(SandboxOptions, {}))
    """How programs are run."""
    names: NamesOptions = NamesOptions()
    """`datagen generate-names`."""
    datagen: DatagenOptions = DatagenOptions()
    """The later stages of `datagen`."""
    generate: GenerateOptions = GenerateOptions()
    """`pipeline generate`."""
    score: ScoreOptions = ScoreOptions()
    """`pipeline score`, and the scores within `iterate`."""
    filter: FilterOptions = FilterOptions()
    """`pipeline filter`, and the filters within `iterate`."""
    d2c: TrainOptions = TrainOptions()
    """`pipeline train-d2c`, description to code."""
    c2d: TrainOptions = TrainOptions()
    """`pipeline train-c2d`, code to description."""
    iterate: IterateOptions = IterateOptions()
    """`pipeline iterate`."""


def load_config(path: Path | None, overrides: Mapping[str, str] | None = None) -> Config:
    """Reads a configuration.

    Args:
        path: YAML or JSON; `base.yaml` beside it is read first. None takes the defaults.
        overrides: Dotted keys and their values as text (`{"generate.candidates": "4"}`), read as YAML; they win.

    Raises:
        ConfigError: A file cannot be read, or a key or value is wrong.
    """
    values: dict[str, Any] = {}
    if path is not None:
        if not path.is_file():
            raise ConfigError(f"expected a configuration, found no file {path}: pass one with --config, for instance "
                              f"configs/generation.yaml")
        base = path.with_name(BASE)
        if base.is_file() and path.name != BASE:
            values = read(base)
        values = merged(values, read(path))
    for key, text in (overrides or {}).items():
        values = merged(values, _nested(key, text))
    return build(Config, values, origin="" if path is None else str(path))


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """One mapping over another; dashes and underscores in keys are alike."""
    result = {str(key).replace("-", "_"): value for key, value in below.items()}
    for key, value in above.items():
        name = str(key).replace("-", "_")
        under = result.get(name)
        both = isinstance(under, Mapping) and isinstance(value, Mapping)
        result[name] = merged(under, value) if both else value  # type: ignore[arg-type]
    return result


def _nested(key: str, text: str) -> dict[str, Any]:
    try:
        value: Any = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"--set {key}: expected a value in YAML, found {text!r} ({' '.join(str(error).split())})"
                          ) from None
    for part in reversed(key.split(".")):
        value = {part: value}
    return dict(value)
