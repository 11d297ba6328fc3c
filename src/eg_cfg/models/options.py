"""How a local model is loaded: where, and in which precision."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from eg_cfg.config import Options


class LocalOptions(Options):
    """Options of a Hugging Face model that runs here."""

    device: str = "auto"
    """`auto` (CUDA, else Apple's MPS, else CPU), `cpu`, `cuda`, `cuda:1`, `mps`."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """`auto` is float32 on a CPU, and the checkpoint's own type elsewhere, bfloat16 only where the device has it."""
    device_map: str | None = None
    """Spreads the layers over several devices: `auto`, `balanced`, `sequential`."""
    quantization: Literal["8bit", "4bit"] | None = None
    """Loads the weights in 8 or 4 bits (the extra `quant`)."""
    adapter: Path | None = None
    """Folder of a PEFT adapter that is put on the model."""
    revision: str | None = None
    """Commit, branch or tag on the hub."""
    trust_remote_code: bool = False
    """Runs Python code that comes with the checkpoint. Only for authors whom you trust."""
    attention: Literal["sdpa", "eager", "flash_attention_2"] | None = None
    """Implementation of attention; None leaves it to transformers."""
    batch_size: int | None = Field(default=None, ge=1)
    """Sequences decoded at once; None is 32 on a GPU, 16 on a CPU. Out of memory halves it."""
    threads: int | None = Field(default=None, ge=1)
    """Threads of the process on a CPU; None is one for a model below 20 million parameters, and torch's choice (the
    cores, or OMP_NUM_THREADS) for a larger one."""

    @model_validator(mode="after")
    def _one_placement(self) -> Self:
        if self.device_map is not None and self.device != "auto":
            raise ValueError(f"--device-map places the layers: leave --device at auto, found {self.device!r}")
        return self
