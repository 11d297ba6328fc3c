"""What all walks of a decoder behind an endpoint have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from eg_cfg.decoding.base import Counters, Executor, GuideOptions, Observer
from eg_cfg.decoding.sharing import Shared
from eg_cfg.models.continuation import Asker

LOOKAHEAD = 16
"""Tokens of a branch that are read at once while guidance may leave it at any token."""


@dataclass(slots=True)
class Setting:
    """One decoder's."""

    asker: Asker
    executor: Executor
    options: GuideOptions
    shared: Shared
    counters: Counters
    observer: Observer | None
    halt: asyncio.Event
    """Once set, nothing is sent."""
    tell: Callable[[Callable[[], None]], None]
    """Has something called in the caller's own thread."""
    lookahead: int = LOOKAHEAD
    seen: set[str] = field(default_factory=set)
    """Replies that are in `counters`."""
