"""How experience is collected."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self, get_args

from pydantic import Field, model_validator

from eg_cfg.benchmarks.base import Problem
from eg_cfg.config import Options
from eg_cfg.models.base import Sampling
from eg_cfg.models.prompts import Kind, settings_for, task_of

SamplerName = Literal["beam", "sample", "eg-cfg"]
SAMPLERS: tuple[SamplerName, ...] = get_args(SamplerName)
USUAL_TEMPERATURE = 0.8
"""Of `sample`, where the benchmark's published setting is greedy."""


class CollectOptions(Options):
    """How programs are written and tested."""

    sampler: SamplerName = "beam"
    """Beam search, independent samples, or programs guided by execution."""
    num_beams: int = Field(default=5, ge=1)
    """Programs a problem: the beam width, or how many are sampled; a guide decides for itself."""
    temperature: float | None = Field(default=None, gt=0)
    """Of `sample`; the benchmark's published one where none, or 0.8 where that is greedy."""
    top_p: float | None = Field(default=None, gt=0, le=1)
    """Of `sample`; the benchmark's published one where none."""
    max_new_tokens: int | None = Field(default=None, ge=1)
    """Tokens of a program at most; the benchmark's usual number where none."""
    prompt_kind: Kind | None = None
    """Kind of prompt; a chat where the model takes one, text to continue otherwise, where none."""
    which: Literal["public", "hidden", "all"] = "hidden"
    """Tests that give the pass rate. Problems for replay do not score, so all of theirs may be used."""
    seed: int = Field(default=42, ge=0)
    """Of `sample`."""
    batch_problems: int = Field(default=64, ge=1)
    """Problems that the model, or the guide, is given at a time."""
    use_cached_sampling: bool = True
    """Take programs that other runs wrote, where `cache_dir` is given. Earlier starts of a run are continued anyway."""
    cache_dir: Path | None = None
    """Folder in which runs share what they wrote, by source, prompt and settings."""
    force_resample: bool = False
    """Write anew, whatever is there. What was there is kept under another name."""
    fixed_sample_path: Path | None = None
    """Programs from this file; nothing is written."""

    @model_validator(mode="after")
    def _together(self) -> Self:
        if self.force_resample and self.fixed_sample_path is not None:
            raise ValueError("--fixed-sample-path stands for sampling: leave --force-resample out")
        return self

    @property
    def shared_folder(self) -> Path | None:
        """Where programs are shared with other runs; None where they are not."""
        return self.cache_dir if self.use_cached_sampling and not self.force_resample else None

    def sampling(self, problem: Problem, kind: Kind) -> Sampling:
        """What a model is told for a problem, stop strings left out; for a guide, what decides its prompt's key."""
        settings = settings_for(problem.benchmark, kind, task_of(problem))
        longest = self.max_new_tokens or settings.max_new_tokens
        if self.sampler == "eg-cfg":
            return Sampling(max_new_tokens=longest, seed=self.seed)
        if self.sampler == "beam":
            return Sampling(n=self.num_beams, num_beams=self.num_beams, max_new_tokens=longest, seed=self.seed)
        return Sampling(n=self.num_beams, temperature=self.temperature or settings.temperature or USUAL_TEMPERATURE,
                        top_p=self.top_p or settings.top_p, max_new_tokens=longest, seed=self.seed)
