"""Options of the `datagen` stages."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from eg_cfg.config import Options
from eg_cfg.studies.model_options import ModelOptions
from evoselfcode.pipeline.options import DrawOptions

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


class WriterOptions(ModelOptions):
    """A model of `datagen` other than the base model; numbers are taken for backend options too."""

    @field_validator("model_option", mode="before")
    @classmethod
    def _as_text(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        return {key: str(value).lower() if isinstance(value, bool) else str(value) if isinstance(value, int | float)
                else value for key, value in values.items()}


class StepOptions(Options):
    """How one stage asks its model."""

    samples: int = Field(default=1, ge=1)
    """Good answers that are wanted for each input."""
    retries: int = Field(default=1, ge=0)
    """Further samples of an input whose answers are malformed; none at temperature 0, where they would be the same."""
    draw: DrawOptions = DrawOptions()


class ProblemsOptions(StepOptions):
    """Problems from names."""

    shots: int = Field(default=2, ge=0, le=3)
    """Worked examples in the prompt."""
    draw: DrawOptions = DrawOptions(temperature=0.8, max_new_tokens=512)


class SkeletonsOptions(StepOptions):
    """Signature and docstring from problems."""

    draw: DrawOptions = DrawOptions(temperature=0.4, max_new_tokens=384)


class CodeOptions(StepOptions):
    """Bodies for skeletons."""

    draw: DrawOptions = DrawOptions(temperature=0.6, max_new_tokens=512)


class RatingsOptions(StepOptions):
    """Scores of solutions."""

    draw: DrawOptions = DrawOptions(temperature=0.2, max_new_tokens=384)


class ThresholdOptions(Options):
    """The least that a solution needs in each score; the mean counts where it was rated several times."""

    problem: float = Field(default=3, ge=1, le=5)
    """Clear, self-contained, worth solving."""
    definition: float = Field(default=3, ge=1, le=5)
    """Signature and docstring say what the problem asks."""
    correctness: float = Field(default=4, ge=1, le=5)
    """The code does what they say."""
    efficiency: float = Field(default=3, ge=1, le=5)
    readability: float = Field(default=3, ge=1, le=5)


class ConvertOptions(Options):
    """What becomes training data, and in which form."""

    thresholds: ThresholdOptions = ThresholdOptions()
    unrated: Literal["drop", "keep"] = "drop"
    """What becomes of solutions that nobody rated; `keep` needs no ratings at all."""
    form: Literal["messages", "text"] = "messages"
    """`messages`: a list of turns, as trainers take it; `text`: the same with ChatML's markers."""
    system: str | None = None
    """A first turn of the system."""


class DatagenOptions(Options):
    """The stages after names."""

    model: WriterOptions | None = None
    """Writes problems, skeletons and code; the base model where none."""
    rater: WriterOptions | None = None
    """Rates; `model` where none."""
    asked: Literal["auto", "chat", "continuation"] = "auto"
    """Whether models are asked in a chat or given a file to continue; `auto`: a chat where a model has one."""
    templates: Path | None = None
    """Folder of prompts that win over the shipped ones of the same name."""
    problems: ProblemsOptions = ProblemsOptions()
    skeletons: SkeletonsOptions = SkeletonsOptions()
    code: CodeOptions = CodeOptions()
    ratings: RatingsOptions = RatingsOptions()
    convert: ConvertOptions = ConvertOptions()
