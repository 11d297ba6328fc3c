"""A scripted model that solves some of the demo problems, for tests of guided decoding."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from eg_cfg.benchmarks.base import Problem
from eg_cfg.benchmarks.registry import load
from eg_cfg.config import build
from eg_cfg.decoding.prompting import frame_for
from eg_cfg.models.fake import text_of
from eg_cfg.studies.guide_options import GuideStudyOptions

COUNT = 3
"""Problems of the case: functions with tests that may be shown."""


def problems(count: int = COUNT) -> list[Problem]:
    return list(load("demo").problems())[:count]


def script(folder: Path, *, wrong: tuple[int, ...] = (0,), count: int = COUNT) -> str:
    """Name of a model that writes the references.

    For the problems at the places in `wrong` its first reply is a wrong program, and the second is right. A prompt with
    a signal is not in the script: there every token is as likely as every other.
    """
    replies: dict[str, list[str]] = {}
    for place, problem in enumerate(problems(count)):
        right = f"{problem.reference}\n```"
        bad = f"def {problem.entry_point}(*values):\n    return None\n```"
        prompt = text_of(frame_for(problem, "deepseek_instruct", True).plain)
        replies[prompt] = [bad, right] if place in wrong else [right]
    path = folder / "replies.json"
    path.write_text(json.dumps(replies))
    return f"fake:{path}"


def values(folder: Path, **more: Any) -> dict[str, Any]:
    return {"model_name": script(folder), "benchmark": "demo", "max_problems": COUNT, "max_new_tokens": 300,
            "model_option": {"logits": "true", "confidence": "0.9999"}, "gammas": (0.0, 0.5, 1.0), "workers": 1,
            "output_dir": folder / "out", "trials": ("ns2t0.75d1k1_ln",), **more}


def options(folder: Path, **more: Any) -> GuideStudyOptions:
    return build(GuideStudyOptions, values(folder, **more))
