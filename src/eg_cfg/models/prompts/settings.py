"""How each benchmark is sampled, as published, and where a completion ends.

| benchmark | temperature, top-p, tokens | source |
|---|---|---|
| HumanEval and kin | 0.2, 0.95, 512 | Chen et al. 2021 (arXiv 2107.03374): 0.2 for pass@1, its stop strings |
| MBPP and kin | 0.5, 1, 512 | Austin et al. 2021 (arXiv 2108.07732): few-shot samples at 0.5 |
| APPS | 0.6, 0.95, 1,024 | Chen et al. 2021 |
| CodeContests | 0.25, 1, 2,048 | Li et al. 2022 (arXiv 2203.07814): tempered at 0.25 |
| DS-1000 | 0.2, 0.95, 1,024 | Lai et al. 2023 (arXiv 2211.11501) |
| LiveCodeBench | 0.2, 0.95, 2,000 | Jain et al. 2024 (arXiv 2403.07974), the runner's defaults |
| BigCodeBench | 0, 1, 1,280 | Zhuo et al. 2024 (arXiv 2406.15877): greedy, the runner's default limit |
| MiniPy, demo | 0.8, 1, 256 | ours |

Temperature and top-p are the papers'. The number of tokens for HumanEval, MBPP, APPS and CodeContests is ours.
LiveCodeBench's is the default of `--max_tokens` in its `lcb_runner/runner/parser.py` (1,200 in its first version),
BigCodeBench's that of `max_new_tokens` in its `bigcodebench/generate.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from eg_cfg.errors import UnknownNameError
from eg_cfg.models.base import Sampling
from eg_cfg.models.prompts.rendering import KINDS, Kind, Task, like

Extraction = Literal["completion", "solution", "chat", "snippet"]

FUNCTION_STOPS = ("\nclass", "\ndef", "\n#", "\nif", "\nprint")
"""Where a function's body has ended and something else begins (Chen et al. 2021)."""
_SCRIPT_STOPS = ("\nclass", "\nassert", '\n"""', "\nprint", "\nif", "\n```")
"""The same for a function written whole, header included."""
_FENCE_STOPS = ("\n```",)


@dataclass(frozen=True, slots=True)
class Settings:
    """Defaults for one benchmark and one kind of prompt."""

    temperature: float
    top_p: float
    max_new_tokens: int
    stop: tuple[str, ...]
    extraction: Extraction
    """How the program is taken out of what was written: a kind of `eg_cfg.grading.extraction`."""
    source: str
    """Where the numbers come from."""

    def sampling(self, n: int = 1, seed: int = 42, temperature: float | None = None,
                 max_new_tokens: int | None = None) -> Sampling:
        """Sampling with these defaults and what overrides them; more than one sample cannot be greedy."""
        return Sampling(n=n, seed=seed, temperature=self.temperature if temperature is None else temperature,
                        top_p=self.top_p, max_new_tokens=max_new_tokens or self.max_new_tokens, stop=self.stop)


@dataclass(frozen=True, slots=True)
class _Published:
    task: Task
    temperature: float
    top_p: float
    max_new_tokens: int
    source: str


_HUMANEVAL = _Published("function", 0.2, 0.95, 512, "Chen et al. 2021, token limit ours")
_MBPP = _Published("description", 0.5, 1.0, 512, "Austin et al. 2021, token limit ours")
_BIGCODEBENCH = _Published("function", 0.0, 1.0, 1280, "Zhuo et al. 2024")
_TABLE: dict[str, _Published] = {
    "humaneval": _HUMANEVAL,
    "humaneval-et": _HUMANEVAL,
    "humaneval-plus": _HUMANEVAL,
    "mbpp": _MBPP,
    "mbpp-et": _MBPP,
    "mbpp-plus": _MBPP,
    "apps": _Published("program", 0.6, 0.95, 1024, "Chen et al. 2021, token limit ours"),
    "code_contests": _Published("program", 0.25, 1.0, 2048, "Li et al. 2022, token limit ours"),
    "ds1000": _Published("snippet", 0.2, 0.95, 1024, "Lai et al. 2023"),
    "livecodebench": _Published("program", 0.2, 0.95, 2000, "Jain et al. 2024"),
    "bigcodebench": _BIGCODEBENCH,
    "bigcodebench-hard": _BIGCODEBENCH,
    "minipy": _Published("function", 0.8, 1.0, 256, "this package"),
    "demo": _Published("description", 0.8, 1.0, 256, "this package"),
}

_STOPS: dict[tuple[Task, Kind], tuple[str, ...]] = {
    ("function", "completion"): FUNCTION_STOPS,
    ("function", "three-shot"): FUNCTION_STOPS,
    ("description", "completion"): _SCRIPT_STOPS,
    ("description", "three-shot"): ("[DONE]",),
    ("program", "completion"): _FENCE_STOPS,
    ("program", "three-shot"): ("[DONE]",),
    ("snippet", "completion"): ("</code>", "\nEND SOLUTION", "# SOLUTION END"),
}
"""Instructions and chats end by themselves."""

_EXTRACTION: dict[tuple[Task, Kind], Extraction] = {
    ("function", "completion"): "completion",
    ("function", "three-shot"): "completion",
    ("description", "completion"): "solution",
    ("description", "three-shot"): "solution",
    ("program", "completion"): "solution",
    ("program", "three-shot"): "solution",
}


def add_settings(benchmark: str, like: str) -> None:
    """Gives a benchmark of one's own the defaults of another, for this process.

    Raises:
        UnknownNameError: There is no such other benchmark.
    """
    if like not in _TABLE:
        raise UnknownNameError("benchmark", like, _TABLE)
    _TABLE[benchmark] = _TABLE[like]


def settings_for(benchmark: str, kind: Kind, task: Task | None = None) -> Settings:
    """Defaults of a benchmark.

    Args:
        benchmark: As `eg_cfg.benchmarks.registry.names()` spells it.
        kind: Of prompt.
        task: Of the problem, where a benchmark has several; the usual one unless given.

    Raises:
        UnknownNameError: No such benchmark or kind.
    """
    if benchmark not in _TABLE:
        raise UnknownNameError("benchmark", benchmark, _TABLE)
    if kind not in KINDS:
        raise UnknownNameError("kind of prompt", kind, KINDS)
    published, kind = _TABLE[benchmark], like(kind)
    task = task or published.task
    extraction = "snippet" if task == "snippet" else _EXTRACTION.get((task, kind), "chat")
    return Settings(published.temperature, published.top_p, published.max_new_tokens, _STOPS.get((task, kind), ()),
                    extraction, published.source)
