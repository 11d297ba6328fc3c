"""Which model a study uses: the options that every backend shares, and what a run remembers of them.

    options = build(ModelOptions, {"model_name": "tiny", "dtype": "float32"})
    with options.load_model() as model: ...

Options of one backend alone (`concurrency`, `adapter`, `trust_remote_code`, ...) are in `model_option`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, SecretStr, field_validator

from eg_cfg.config import Options, flag
from eg_cfg.models import registry
from eg_cfg.models.base import TextModel
from eg_cfg.models.registry import Backend, ModelSpec

_WEIGHTS = ("*.safetensors", "*.bin", "*.json")
_PROBE = 1 << 16
"""Bytes at each end of a file of weights that are looked at."""
_OPERATION = frozenset({"concurrency", "request_timeout", "attempts", "patience", "first_wait", "samples_per_request",
                        "ledger", "prices"})
"""Options of endpoints that say how they are asked, not what."""


class ModelOptions(Options):
    """Which model writes, and how it is loaded."""

    aliases: ClassVar[Mapping[str, str]] = {"model": "model_name"}

    model_name: str = Field(min_length=1)
    """A short name, a folder, a hub id (`org/name`), or an endpoint's model."""
    backend: Backend | None = None
    """Decides the backend, whatever the name."""
    device: str | None = None
    """`auto`, `cpu`, `cuda`, `cuda:1`, `mps`; for local models."""
    dtype: str | None = None
    """`auto`, `float32`, `bfloat16`, `float16`; for local models."""
    batch_size: int | None = Field(None, ge=1)
    """Sequences decoded at once; for local models."""
    api_base: str | None = None
    """Address of an OpenAI-compatible endpoint; makes any name an endpoint's."""
    api_key: SecretStr | None = Field(None, exclude=True, repr=False)
    """Its key; in no record."""
    model_option: dict[str, str] = Field(default_factory=dict)
    """Further options of the model's backend."""

    @field_validator("api_key", mode="before")
    @classmethod
    def _secret(cls, value: Any) -> Any:
        return value if value is None or isinstance(value, SecretStr) else SecretStr(str(value))  # in no message either

    @field_validator("model_option")
    @classmethod
    def _own_options(cls, values: dict[str, str]) -> dict[str, str]:
        taken = sorted(values.keys() & (cls.model_fields.keys()))
        if taken:
            raise ValueError(f"{taken[0]} has an option of its own: pass {flag(taken[0])}")
        return values

    def spec(self) -> ModelSpec:
        """What the name means.

        Raises:
            UsageError: Nothing, or a folder that is not there.
        """
        return registry.resolve(self.model_name, api_base=self.api_base, backend=self.backend)

    def load_model(self) -> TextModel:
        """Loads the model.

        Raises:
            UsageError: It cannot be had, or an option is not one of its backend's.
            MissingExtraError: The backend's package is not installed.
        """
        values: dict[str, Any] = {"device": self.device, "dtype": self.dtype, "batch_size": self.batch_size,
                                  "api_base": self.api_base, "api_key": self.api_key, **self.model_option}
        return registry.load(self.model_name, values, backend=self.backend)

    def model_identity(self) -> dict[str, Any]:
        """What decides what the model writes, as plain data; how fast it does so is left out."""
        spec = self.spec()
        return {
            "model": self.model_name,
            "backend": spec.backend,
            "weights": spec.model if not Path(spec.model).exists() else weights_fingerprint(Path(spec.model)),
            "dtype": self.dtype or "auto",
            "api_base": self.api_base,
            "model_option": {key: value for key, value in self.model_option.items() if key not in _OPERATION},
        }


def weights_fingerprint(path: Path) -> str:
    """A hash by which a folder of weights that was trained again is told from what it was.

    It takes the names and sizes of the files, and the first and last 64 KiB of each: what training changes shows there.
    """
    files = [path] if path.is_file() else sorted({file for pattern in _WEIGHTS for file in path.glob(pattern)})
    digest = hashlib.sha256()
    for file in files:
        size = file.stat().st_size
        with open(file, "rb") as content:
            head = content.read(_PROBE)
            content.seek(max(size - _PROBE, 0))
            tail = content.read(_PROBE)
        for part in (file.name.encode(), str(size).encode(), head, tail):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:16]
