"""The stages after names: `generate`, `score`, `keep` (the filters), `train_d2c`, `train_c2d`, `iterate`.

Names are looked up when they are first used: sandbox workers import a module of this package and must stay small.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evoselfcode.pipeline.filtering import keep as keep
    from evoselfcode.pipeline.generating import generate as generate
    from evoselfcode.pipeline.iterating import iterate as iterate
    from evoselfcode.pipeline.scoring import score as score
    from evoselfcode.pipeline.training import train_c2d as train_c2d
    from evoselfcode.pipeline.training import train_d2c as train_d2c

__all__ = ["generate", "iterate", "keep", "score", "train_c2d", "train_d2c"]
_WHERE = {"generate": "generating", "score": "scoring", "keep": "filtering", "train_d2c": "training",
          "train_c2d": "training", "iterate": "iterating"}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_WHERE[name]}"), name)
