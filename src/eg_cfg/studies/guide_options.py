"""What a guided run is asked to do: session, flags and trials, in one set of options.

    options = from_session(session, trials=read_grid(path))
    options = build(GuideStudyOptions, {"model_name": "tiny", "benchmark": "minipy"})
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from eg_cfg.benchmarks.base import Benchmark
from eg_cfg.config import build, to_plain
from eg_cfg.decoding.base import GuideOptions, SignalPart
from eg_cfg.errors import ConfigError
from eg_cfg.models.base import TextModel
from eg_cfg.runs import fingerprint
from eg_cfg.studies.guide_records import file_name
from eg_cfg.studies.model_options import ModelOptions
from eg_cfg.studies.options import GradingOptions
from eg_cfg.studies.session import SessionOptions
from eg_cfg.studies.trial_strings import Trial

PUBLISHED_EARLY_STOP = 4
"""Signals in a row with the same finished program, as published; a session's default."""
_DEFAULTS = GuideOptions()


class GuideStudyOptions(ModelOptions, GradingOptions):
    """Which model solves what, in which trials, and where the results go."""

    top_probs: int | None = Field(default=None, ge=0)
    """Endpoints: how many of the likeliest tokens are asked for at each place."""
    trials: tuple[str, ...] = ("ns3t0.75d2k1_auto_ln",)
    """Trial strings."""
    gammas: tuple[float, ...] = _DEFAULTS.gammas
    """Strengths of guidance."""
    top_p: float = Field(default=1.0, gt=0.0, le=1.0)
    """Of candidates, and of the whole programs of best-of-N."""
    guided_temperature: float = Field(default=0.0, ge=0.0)
    """Of guided tokens; 0 takes the likeliest."""
    guided_top_p: float = Field(default=1.0, gt=0.0, le=1.0)
    """Of guided tokens that are sampled."""
    top_k: int = Field(default=0, ge=0)
    """Guidance chooses among the k likeliest tokens of either branch; 0 is the whole vocabulary."""
    max_new_tokens: int | None = Field(default=None, ge=1)
    """Tokens of a program at most; the benchmark's usual number where none."""
    signal_tokens: int = Field(default=_DEFAULTS.signal_tokens, ge=16)
    """Tokens of a signal at most."""
    early_stop: int = Field(default=0, ge=0)
    """As of `GuideOptions`; 4 is the published number, 0 is off."""
    minimal_trace: bool = False
    """Signals show the final state of a run instead of each line."""
    signal: SignalPart = "whole"
    """What signals show of candidates."""
    start: int = Field(default=0, ge=0)
    """First problem, counted from 0."""
    end: int | None = Field(default=None, ge=1)
    """The problem before which to stop."""
    max_problems: int | None = Field(default=None, ge=1)
    """At most so many problems."""
    use_global_cache: bool = False
    """A task that one trial has solved stops the others."""
    best_of: bool = True
    """Compare with best-of-N by the shown tests, at equal numbers of samples."""
    best_of_time: bool = False
    """And at equal wall time, which is measured: another start on another machine has other numbers."""
    output_dir: Path | None = None
    """Root of the results; a folder under `output_root` that the settings name, where none."""
    output_root: Path = Path("runs")
    """Where such folders are."""
    seed: int = Field(default=42, ge=0)
    """Of candidates, samples and the bootstrap."""
    force: bool = False
    """Start over."""

    @field_validator("trials")
    @classmethod
    def _are_trials(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        try:
            named = [str(Trial.parse(text)) for text in value]
        except ConfigError as error:
            raise ValueError(str(error)) from None
        if not named:
            raise ValueError("expected at least one trial, found none")
        if len(set(named)) < len(named):
            raise ValueError(f"expected each trial once, found {', '.join(named)}")
        return tuple(named)

    @model_validator(mode="after")
    def _together(self) -> Self:
        if self.end is not None and self.end <= self.start:
            raise ValueError(f"--end: expected more than --start, which is {self.start}, found {self.end}")
        self.decoder(self.parsed[0])  # refuses gammas that there cannot be
        return self

    @property
    def parsed(self) -> tuple[Trial, ...]:
        """The trials."""
        return tuple(Trial.parse(text) for text in self.trials)

    def decoder(self, trial: Trial, gammas: Sequence[float] | None = None) -> GuideOptions:
        """How the decoder solves a trial, for all gammas or some."""
        return build(GuideOptions, {
            "gammas": tuple(self.gammas if gammas is None else gammas),
            "candidates": trial.candidates, "temperature": trial.temperature, "horizon": trial.horizon,
            "refresh": trial.refresh, "prompt_type": trial.prompt_type, "strategy": trial.strategy,
            "accept_passing": trial.accept_passing, "top_p": self.top_p, "top_k": self.top_k,
            "guided_temperature": self.guided_temperature, "guided_top_p": self.guided_top_p,
            "max_new_tokens": self.max_new_tokens, "signal_tokens": self.signal_tokens, "early_stop": self.early_stop,
            "minimal_trace": self.minimal_trace, "signal": self.signal, "seed": self.seed,
            "batch_size": self.batch_size or _DEFAULTS.batch_size,
        })

    def load_model(self) -> TextModel:
        """Loads the model; an endpoint is asked through the API that continues text.

        Raises:
            UsageError: It cannot be had, or an option is not one of its backend's.
        """
        spec, changed = self.spec(), dict[str, Any]()
        if not spec.local:
            changed["batch_size"] = None  # problems at once, here: backends that do not decode have no such option
        if spec.backend == "openai" and "api" not in self.model_option:
            changed["model_option"] = {"api": "completions", **self.model_option}
        return ModelOptions.load_model(self.model_copy(update=changed))

    def folder(self, settings: Mapping[str, Any]) -> Path:
        """Root of the results: the one asked for, or one that the settings name."""
        if self.output_dir is not None:
            return self.output_dir
        name = f"guide-{file_name(self.benchmark)}-{file_name(self.model_name)}-{fingerprint(settings)[:8]}"
        return self.output_root / name

    def settings(self, benchmark: Benchmark) -> dict[str, Any]:
        """What decides the results of every trial; plain data."""
        names = ("option", "max_new_tokens", "top_p", "top_k", "guided_temperature", "guided_top_p", "signal_tokens",
                 "early_stop", "minimal_trace", "top_probs", "timeout", "isolation", "comparison", "seed")
        values = to_plain(self)
        # only where it is not the method's own: results from before it could be chosen are of the whole signal
        part = {} if self.signal == "whole" else {"signal": self.signal}
        return {"benchmark": benchmark.name, "split": benchmark.split, "data": benchmark.fingerprint,
                **self.model_identity(), **{name: values[name] for name in names}, **part}


def from_session(session: SessionOptions, trials: Sequence[Trial] | None,
                 flags: Mapping[str, Any]) -> GuideStudyOptions:
    """The options of a session's run.

    Args:
        session: What the trials have in common.
        trials: Those of a grid or list; none leaves it to the flags, or the default.
        flags: Options that a session has no key for; those that are None are left out.
    """
    values: dict[str, Any] = {
        "benchmark": session.dataset, "model_name": session.model_name, "api_base": session.inference_endpoint_url,
        "api_key": session.inference_endpoint_api_key, "top_probs": session.top_probs, "gammas": session.gammas,
        "output_dir": session.results_dir, "use_global_cache": session.use_global_cache,
        "minimal_trace": session.minimal_trace, "start": session.start_idx, "end": session.end_idx,
        "seed": session.random_seed, "max_new_tokens": session.max_new_tokens,
        "guided_temperature": session.temperature, "guided_top_p": session.top_p, "early_stop": PUBLISHED_EARLY_STOP,
    }
    if session.deployment_type == "inference_endpoint":
        values["backend"] = "openai"
        if session.retries_count is not None:
            values["model_option"] = {"attempts": str(session.retries_count + 1)}
    values = {key: value for key, value in values.items() if value is not None}
    values |= {key: value for key, value in flags.items() if value is not None}
    if trials is not None:
        values["trials"] = tuple(map(str, trials))
    return build(GuideStudyOptions, values)
