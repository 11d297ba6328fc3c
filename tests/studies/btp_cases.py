"""Small experiments: a random model in a folder, a scripted source with right and wrong programs, and quick options."""

from __future__ import annotations

import json
import sys
from itertools import islice
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parent.parent / "models"))

import torch
from safetensors.torch import load_file
from small_models import configuration, tokenizer
from transformers import AutoModelForCausalLM
from transformers.utils import logging

from eg_cfg.benchmarks.base import Problem
from eg_cfg.benchmarks.registry import load
from eg_cfg.config import build
from eg_cfg.models.fake import text_of
from eg_cfg.models.prompts import render
from eg_cfg.studies.btp_options import BTPOptions

CONTEXT = 512
TIMED = frozenset({"seconds", "training_seconds", "peak_memory_mb", "folder", "model", "settings", "versions"})
"""Names of what was measured, or says where things are."""


def save_small(folder: Path, family: str = "llama", seed: int = 7) -> Path:
    """A random model with room for MiniPy's prompts, in a folder."""
    logging.disable_progress_bar()
    shape = configuration(family)
    for name in ("max_position_embeddings", "n_positions"):
        if hasattr(shape, name):
            setattr(shape, name, CONTEXT)
    shape.initializer_range = 0.1
    torch.manual_seed(seed)
    make: Any = AutoModelForCausalLM.from_config
    make(shape, dtype=torch.float32).save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return folder


def pool(count: int) -> list[Problem]:
    """The first problems of MiniPy's pool with one step."""
    return list(islice(load("minipy", split="pool", steps="1").problems(), count))


def script(path: Path, count: int = 4) -> str:
    """A chat model that writes a right, a wrong and an empty program for each of the first problems of the pool."""
    replies = {}
    for problem in pool(count):
        header = problem.completion_prefix.partition("\n")[0]
        assert problem.reference is not None
        programs = [problem.reference, f"{header}\n    return 'no'\n", f"{header}\n    pass\n"]
        prompt = text_of(render(problem, family="generic", kind="instruct"))
        replies[prompt] = [f"Here it is:\n```python\n{program}```\n" for program in programs]
    path.write_text(json.dumps(replies))
    return f"fake:{path}"


def quick(folder: Path, **values: Any) -> BTPOptions:
    """Options of an experiment that takes seconds."""
    longest = 300 if str(values.get("source_model")).startswith("fake:") else 12  # a fake's tokens are bytes
    return build(BTPOptions, {
        "dataset": "minipy", "option": {"steps": "1"}, "max_problems": 4, "num_beams": 3, "n_iterations": 2,
        "batch_size": 6, "eval_problems": 3, "eval_samples": 2, "max_new_tokens": longest, "num_epochs": 1,
        "device": "cpu", "workers": 1, "output_dir": folder, **values,
    })


def lasting(value: Any, left_out: frozenset[str] = TIMED) -> Any:
    """Results without what was measured, so that two runs can be compared.

    Numbers have five digits: the last bits of a log-probability depend on which prompts shared its batch.
    """
    if isinstance(value, dict):
        return {key: lasting(item, left_out) for key, item in value.items() if key not in left_out}
    if isinstance(value, list):
        return [lasting(item, left_out) for item in value]
    return float(f"{value:.5g}") if isinstance(value, float) else value


def rows(path: Path) -> list[dict[str, Any]]:
    """A JSONL file without what was measured."""
    measured = frozenset({"seconds", "cpu_seconds", "peak_memory_mb"})
    return [lasting(json.loads(line), measured) for line in path.read_text().splitlines()]


def state(folder: Path) -> dict[str, Any]:
    """All that an experiment leaves which may not depend on how often it was interrupted."""
    found: dict[str, Any] = {"results": lasting(json.loads((folder / "btp_results.json").read_text()))}
    for file in sorted(folder.rglob("*.jsonl")):
        found[str(file.relative_to(folder))] = rows(file)
    return found


def weights(folder: Path) -> dict[str, torch.Tensor]:
    """Weights of the last checkpoint."""
    [file] = sorted(folder.glob("checkpoints/round_*"))[-1].glob("*.safetensors")
    return load_file(file)
