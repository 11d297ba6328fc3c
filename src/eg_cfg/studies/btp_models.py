"""Who writes and who learns: what a mode asks of the two models, checked before anything is loaded.

    roles = assign(options)
    roles.source.spec(), roles.target.spec()
    roles.same                          # one model writes and learns

A source without weights here is an API; a target has to have weights here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eg_cfg.config import build
from eg_cfg.errors import ConfigError
from eg_cfg.models.base import TextModel
from eg_cfg.models.endpoint import DEEPSEEK
from eg_cfg.models.registry import ModelSpec
from eg_cfg.studies.btp_options import BTPOptions
from eg_cfg.studies.model_options import ModelOptions

_API_MODES = ("openai", "deepseek", "hybrid")


@dataclass(frozen=True)
class Roles:
    """The two models of an experiment."""

    source: ModelOptions
    target: ModelOptions | None
    """None where nothing is trained."""
    same: bool
    """The target is the source: rounds collect again with the improved model."""

    @property
    def source_is_api(self) -> bool:
        """Whether programs are bought from an endpoint."""
        return self.source.spec().backend == "openai"

    def to_json(self) -> dict[str, Any]:
        """Plain data for the report."""
        return {"source": _described(self.source.spec()),
                "target": None if self.target is None else _described(self.target.spec()), "same": self.same}


def assign(options: BTPOptions) -> Roles:
    """The models that the options mean.

    Raises:
        UsageError: A name that means nothing, or a model that cannot play its part.
    """
    source = _source(options)
    spec = source.spec()
    if options.mode in _API_MODES and spec.backend != "openai":
        raise ConfigError(f"--mode {options.mode}: expected a source behind an API, found {spec.name!r}, a model of "
                          f"the backend {spec.backend}: pass an API model's name or --api-base, or --mode "
                          f"{'finetune' if options.mode == 'hybrid' else 'btp_only'}")
    if options.mode == "finetune" and spec.backend == "openai":
        raise ConfigError(f"--mode finetune: expected a source whose weights are here, found {spec.name!r}, an API "
                          f"model: pass --mode hybrid and a --target-model, or a local --source-model (tiny, for "
                          f"instance)")
    if not options.trains:
        return Roles(source, None, False)
    if options.mode == "hybrid" and options.target_model is None:
        raise ConfigError(f"--mode hybrid: {spec.name!r} only writes: pass the model to be fine-tuned as "
                          f"--target-model (tiny, for instance)")
    target = _local(options, options.target_model or options.source_model)
    learner = target.spec()
    if learner.backend == "openai":
        raise ConfigError(f"--target-model {learner.name!r} is an API model, and only weights that are here can be "
                          f"fine-tuned: pass a local model (tiny, for instance), or --mode btp_only")
    if learner.backend != "huggingface":
        raise ConfigError(f"--target-model {learner.name!r}: expected a Hugging Face model, found the backend "
                          f"{learner.backend}, whose weights cannot be fine-tuned: pass a folder, a hub id or tiny")
    same = options.target_model is None or (learner.model == spec.model and learner.backend == spec.backend)
    return Roles(source, target, same)


def trained(options: BTPOptions, folder: Path, name: str) -> TextModel:
    """Loads what fine-tuning left, under a name that does not depend on where it is.

    Raises:
        ModelNotFoundError: The folder holds no model.
    """
    model = _local(options, str(folder)).load_model()
    model.name = name
    return model


def _source(options: BTPOptions) -> ModelOptions:
    if options.mode not in _API_MODES and options.api_base is None:
        return _local(options, options.source_model)
    api_base = options.api_base
    if options.mode == "deepseek" and api_base is None:
        api_base = DEEPSEEK
    forced = "openai" if options.mode == "openai" and _unknown(options.source_model) else None
    return build(ModelOptions, {"model_name": options.source_model, "api_base": api_base, "api_key": options.api_key,
                                "backend": forced, **_placed(options.api_option)})


def _unknown(name: str) -> bool:
    """Whether a name is no local model's, so that the mode decides that an API knows it."""
    from eg_cfg.errors import UnknownNameError
    from eg_cfg.models.registry import resolve

    try:
        resolve(name)
    except UnknownNameError:
        return True
    return False


def _local(options: BTPOptions, name: str) -> ModelOptions:
    backend = build(ModelOptions, {"model_name": name}).spec().backend
    if backend == "openai":
        return build(ModelOptions, {"model_name": name, "api_key": options.api_key, **_placed(options.api_option)})
    device = {} if backend == "fake" else {"device": options.device}
    return build(ModelOptions, {"model_name": name, **device, **_placed(options.model_option)})


def _placed(given: dict[str, str]) -> dict[str, Any]:
    """Options of a backend, those that all backends share in their own places."""
    shared = {key: value for key, value in given.items() if key in ("dtype", "batch_size")}
    return {**shared, "model_option": {key: value for key, value in given.items() if key not in shared}}


def _described(spec: ModelSpec) -> dict[str, Any]:
    return {"name": spec.name, "stands_for": spec.model if not spec.embedded else spec.name, "backend": spec.backend,
            "family": spec.family}
