"""BTP, the experience side: programs that a model wrote and that were tested, kept, and drawn by priority.

    from eg_cfg.replay import ExperienceBuffer, P2ValueCalculator, PrioritizedSampler

    P2ValueCalculator(alpha=0.5).calculate(possibility=0.8, pass_rate=0.5)    # 0.65
    buffer = ExperienceBuffer(max_size=10000)
    buffer.add(experience)
    PrioritizedSampler(method="power", alpha=1.0).sample(buffer.get_all(), batch_size=50)

Experience is made by `eg_cfg.replay.collect.collect`. Names are imported when they are first used; none of them imports
torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eg_cfg.replay.buffer import ExperienceBuffer
    from eg_cfg.replay.collect import Collection, Guided
    from eg_cfg.replay.experience import Experience
    from eg_cfg.replay.options import CollectOptions
    from eg_cfg.replay.priority import P2ValueCalculator
    from eg_cfg.replay.sampler import Draw, PrioritizedSampler, sampling_probabilities

_PLACES = {
    "CollectOptions": "options",
    "Collection": "collect",
    "Draw": "sampler",
    "Experience": "experience",
    "ExperienceBuffer": "buffer",
    "Guided": "collect",
    "P2ValueCalculator": "priority",
    "PrioritizedSampler": "sampler",
    "sampling_probabilities": "sampler",
}

__all__ = [
    "CollectOptions",
    "Collection",
    "Draw",
    "Experience",
    "ExperienceBuffer",
    "Guided",
    "P2ValueCalculator",
    "PrioritizedSampler",
    "sampling_probabilities",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
