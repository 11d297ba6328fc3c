"""The type of the fixture `workspace`."""

from __future__ import annotations

from collections.abc import Callable

from evoselfcode.config import Config

Make = Callable[..., Config]
