"""Problems, scripted answers and ways to compare files, for the tests of evaluations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from eg_cfg.benchmarks.base import CallTest, Problem
from eg_cfg.grading.grader import Grader
from eg_cfg.models.base import Prompt, Sampling
from eg_cfg.models.fake import FakeModel
from eg_cfg.studies.evaluation import Evaluation, evaluate
from eg_cfg.studies.sampling import PromptOptions

PROMPTS = PromptOptions(family="embedded", kind="completion")
MEASURED = {"seconds", "cpu_seconds", "peak_memory_mb"}
RIGHT = "    return n + {number}\n"
ANSWERS = (
    RIGHT,
    "    return n\n",
    "    return n + nothing\n",
    "    if n:\n",
    "    return 3 if n == 1 else n + {number}\n",  # wrong by the shown test, right by the others
    "    return n + {number} if n < 50 else 0\n",  # right by the shown test alone
)


def problem(number: int, shown: bool = True) -> Problem:
    header = f"def add_{number}(n):\n"
    name = f"add_{number}"
    return Problem(
        task_id=f"demo/{number}",
        benchmark="demo",
        prompt=header,
        entry_point=name,
        public_tests=(CallTest(name, (1,), 1 + number),) if shown else (),
        hidden_tests=tuple(CallTest(name, (n,), n + number) for n in (2, 70)),
        reference=header + RIGHT.format(number=number),
        completion_prefix=header,
    )


def number_of(prompt: Prompt) -> int:
    assert isinstance(prompt, str)
    return int(prompt.partition("add_")[2].partition("(")[0])


def answer(prompt: Prompt, sample: int) -> str:
    """Another answer for each sample and problem."""
    number = number_of(prompt)
    return ANSWERS[(sample + number) % len(ANSWERS)].format(number=number)


def run(folder: Path, grader: Grader, *, model: FakeModel | None = None, problems: int = 6, n: int = 4,
        **options: Any) -> Evaluation:
    return evaluate(
        model or FakeModel(answer, name="scripted"),
        [problem(number) for number in range(10, 10 + problems)],
        folder=folder,
        prompts=PROMPTS,
        sampling=Sampling(n=n, temperature=0.8),
        grader=grader,
        **options,
    )


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def unmeasured(value: Any) -> Any:
    """Without what is measured, which no two runs share."""
    if isinstance(value, dict):
        return {key: unmeasured(item) for key, item in value.items() if key not in MEASURED}
    return [unmeasured(item) for item in value] if isinstance(value, list) else value


def files(folder: Path) -> dict[str, Any]:
    return {path.name: unmeasured(rows(path)) for path in sorted(folder.glob("*.jsonl"))}
