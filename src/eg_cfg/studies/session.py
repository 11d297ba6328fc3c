"""Session configuration files: which model and data set, where results go, and how programs are decoded.

    session = load(SessionOptions, Path("configs/session_config.local.json"))
    session.model_name, session.gammas

A session says what all trials have in common; which trials there are is in a grid or a list, see
`eg_cfg.studies.grid` and `eg_cfg.studies.trials`. A few keys come from setups where programs ran in a service of their
own or as the user: they are accepted, and change nothing, because every program runs in the sandbox.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from eg_cfg.config import Options, to_plain

Deployment = Literal["local", "inference_endpoint"]
_INERT: dict[str, tuple[Any, ...]] = {
    "exec_eval": (False, None),
    "exec_eval_host_ip": (None, ""),
    "exec_eval_host_port": (None, ""),
    "is_prod": (False, None),
}
"""Keys without effect, and the values with which nothing is expected of them."""


class SessionOptions(Options):
    """What the trials of a session have in common."""

    model_name: str
    """Short name, folder, hub id, or the name that the endpoint knows."""
    dataset: str
    """Name of a benchmark: `mbpp`, `humaneval`, `CodeContests`, ..."""
    deployment_type: Deployment = "local"
    """Whether the model runs here or behind an address."""
    gammas: tuple[float, ...] = (0.0, 0.5, 1.0, 3.0)
    """Strengths of guidance."""
    results_dir: Path | None = None
    """Where results go; one under `runs/` where none."""
    inference_endpoint_url: str | None = None
    """Address of an OpenAI-compatible endpoint."""
    inference_endpoint_api_key: SecretStr | None = Field(default=None, repr=False)
    """Its key; the environment has one where none is given."""
    use_global_cache: bool = False
    """A task that one trial has solved stops the others."""
    debug_mode: bool = False
    """A line for every signal, and tracebacks of errors."""
    is_prod: bool = False
    """Accepted, without effect."""
    minimal_trace: bool = False
    """Signals show the final state of a run instead of each line."""
    exec_eval: bool | None = None
    """Accepted, without effect: programs run in the sandbox, not in a service."""
    exec_eval_host_ip: str | None = None
    """Accepted, without effect."""
    exec_eval_host_port: int | str | None = None
    """Accepted, without effect."""
    top_probs: int | None = Field(default=None, ge=0)
    """Endpoints: how many of the likeliest tokens are asked for at each place."""
    start_idx: int | None = Field(default=None, ge=0)
    """First problem, counted from 0."""
    end_idx: int | None = Field(default=None, ge=0)
    """The problem before which to stop; none is to the last."""
    random_seed: int = Field(default=42, ge=0)
    """Of candidates and samples."""
    retries_count: int | None = Field(default=None, ge=0)
    """Endpoints: times that a failed request is sent again."""
    max_new_tokens: int | None = Field(default=None, ge=1)
    """Tokens of a program at most."""
    temperature: float | None = Field(default=None, ge=0.0)
    """Of the guided tokens; 0, the default, takes the likeliest. Candidates have the trial's."""
    top_p: float | None = Field(default=None, gt=0.0, le=1.0)
    """Of the guided tokens, where they are sampled."""

    @field_validator("gammas", mode="before")
    @classmethod
    def _several(cls, value: Any) -> Any:
        return (value,) if isinstance(value, int | float) and not isinstance(value, bool) else value

    @field_validator("inference_endpoint_url", mode="before")
    @classmethod
    def _none_where_empty(cls, value: Any) -> Any:
        return None if value == "" else value

    @field_validator("inference_endpoint_api_key", mode="before")
    @classmethod
    def _secret(cls, value: Any) -> Any:
        # whatever it is, it must not come to the check of types, whose message quotes what it found
        if value is None or value == "" or isinstance(value, SecretStr):
            return value or None
        return SecretStr(str(value))

    @model_validator(mode="after")
    def _together(self) -> Self:
        if self.deployment_type == "inference_endpoint" and not self.inference_endpoint_url:
            raise ValueError("inference_endpoint_url: expected an address, because deployment_type is "
                             "inference_endpoint, found none: name one, such as http://127.0.0.1:8000/v1")
        if self.deployment_type == "local" and self.inference_endpoint_url:
            raise ValueError("inference_endpoint_url is the address of a model that is not here, and deployment_type "
                             "is local: take deployment_type inference_endpoint, or leave the address out")
        if self.start_idx is not None and self.end_idx is not None and self.end_idx <= self.start_idx:
            raise ValueError(f"end_idx: expected more than start_idx, which is {self.start_idx}, found {self.end_idx}")
        return self

    @property
    def inert(self) -> tuple[str, ...]:
        """Keys that ask for something and change nothing."""
        values = to_plain(self)
        return tuple(key for key, nothing in _INERT.items() if values[key] not in nothing)
