"""What `recipe.yaml` says, checked when it is read: an unknown key or kind of document is an error."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator

from eg_cfg.config import Options, load
from eg_cfg.errors import UnknownNameError
from recipes.tiny.documents import KINDS

RECIPE = Path(__file__).with_name("recipe.yaml")


class TokenizerOptions(Options):
    """How the tokenizer is made."""

    vocabulary: int = Field(1536, ge=300)
    """Tokens, the special ones and 256 bytes among them."""
    problems: int = Field(12_000, ge=1)
    """MiniPy train problems whose sources and tasks it learns from."""
    seed: int = 0


class Shape(Options):
    """Size of a Llama model; head width is hidden / heads."""

    hidden: int
    layers: int
    heads: int
    intermediate: int
    copying: bool = False
    """Begin with heads that copy, in the first two layers; left to chance they may never form."""


class Phase(Options):
    """A part of a stage with one mixture of documents."""

    tokens: int = Field(ge=1)
    """Tokens read, those without loss and without padding included."""
    mix: dict[str, float]
    """Weight of each kind of document, relative to one another, by number of documents."""
    steps: tuple[int, ...] = (1, 2, 3)
    """Steps that problems may have."""

    @field_validator("mix")
    @classmethod
    def _known_kinds(cls, mix: dict[str, float]) -> dict[str, float]:
        for kind in mix:
            if kind not in KINDS:
                raise UnknownNameError("kind of document", kind, KINDS)
        return mix


class Stage(Options):
    """One model's training."""

    model: str
    """Name of the model, and of its folder."""
    shape: str
    prompt_type: str | None = None
    """What guided decoding is to ask it with, where no other is asked for."""
    start: str | None = None
    """Stage whose final weights this one goes on from; none: random weights."""
    seed: int
    """Of the weights, the problems and their order. No two stages that follow one another share one."""
    phases: tuple[Phase, ...] = ()
    learning_rate: float = Field(0.012, gt=0)
    """Peak; for AdamW as it is, for Muon scaled so that its updates have AdamW's size."""
    optimiser: str = Field("muon", pattern="^(muon|adamw)$")
    weight_decay: float = 0.05
    batch_tokens: int = Field(4096, ge=64)
    """Tokens of one update, padding included."""
    pass_tokens: int = Field(2048, ge=64)
    """Tokens of one forward pass, padding included; its documents are of about one length. A longer one is alone."""
    shard_problems: int = Field(512, ge=2)
    """Problems that are made at a time."""
    warmup: float = 0.02
    """Share of all tokens over which the learning rate rises."""
    decay: float = 0.4
    """Share of all tokens, at the end, over which it falls to nothing, linearly."""

    @property
    def tokens(self) -> int:
        """Tokens of all phases."""
        return sum(phase.tokens for phase in self.phases)


class Recipe(Options):
    """Everything that decides what the models become."""

    tokenizer: TokenizerOptions
    shapes: dict[str, Shape]
    stages: dict[str, Stage]

    def stage(self, name: str) -> Stage:
        """The stage of a name.

        Raises:
            UnknownNameError: There is none.
        """
        if name not in self.stages:
            raise UnknownNameError("stage", name, self.stages)
        return self.stages[name]


def read(path: Path = RECIPE) -> Recipe:
    """Reads a recipe.

    Raises:
        ConfigError: It is not one; the message names the key.
    """
    return load(Recipe, path)
