"""Options of the `datagen` stages."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator

from eg_cfg.config import Options

WEAK_NAMES = ("foo", "bar", "baz", "qux", "test", "tests", "func", "function", "fn", "f", "g", "main", "example",
              "demo", "my_function", "my_func", "do", "run", "name", "solution", "solve", "todo", "tmp", "temp",
              "helper", "x")
"""Names that say nothing about what a function does."""


class NamesOptions(Options):
    """How function names are invented, and which of them are good."""

    count: int = Field(default=800, ge=1)
    """Good names that are wanted."""
    modes: tuple[Literal["fim", "l2r"], ...] = Field(default=("fim", "l2r"), min_length=1)
    """Fill in the middle between prefix and suffix, and left to right after the prefix; an equal share each."""
    prefix: str = "This is an algorithm function.\n\ndef "
    """Before the name."""
    suffix: str = "():\n"
    """After the name; for `fim` only."""
    temperature: float = Field(default=1.0, gt=0)
    top_p: float = Field(default=1.0, gt=0, le=1)
    max_new_tokens: int = Field(default=24, ge=1)
    """Of a name."""
    draws_at_once: int = Field(default=128, ge=1)
    """Names drawn between two looks at how many are good."""
    max_draws: int = Field(default=20_000, ge=1)
    """Of each mode; a model that repeats itself comes to an end here."""
    pattern: str = r"[a-z][a-z0-9]*(_[a-z0-9]+)*"
    """Regular expression of the whole name."""
    min_length: int = Field(default=3, ge=1)
    max_length: int = Field(default=50, ge=1)
    """Characters."""
    max_words: int = Field(default=8, ge=1)
    """Parts between underscores."""
    weak: tuple[str, ...] = WEAK_NAMES
    """Names that are refused."""
    not_builtin: bool = True
    """Refuses names of Python's own functions."""
    no_repeated_word: bool = False
    """Refuses names in which a word comes twice."""

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"expected a regular expression, found {pattern!r} ({error})") from None
        return pattern


class DatagenOptions(Options):
    """The stages after names."""
