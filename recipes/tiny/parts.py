"""What training documents are made of, and from.

    Draw(problem, others, Random(1)).source(problem)     # a documented function, worded and styled at random
    [Part("<|begin|>def ...", trained=False), Part("    return x\\n<|end|>")]
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from eg_cfg.benchmarks.minipy import MiniPyProblem, documented_source
from eg_cfg.benchmarks.minipy.render import STYLES
from recipes.tiny.samples import Samples

_SYLLABLES = ("ba", "co", "di", "fe", "gu", "ka", "lo", "mi", "ne", "po", "ra", "su", "te", "vi", "xo", "zu")
VARIANTS = 1000
"""Wordings and variable names are drawn from so many."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a document; tokens do not cross parts."""

    text: str
    trained: bool = True
    """Whether the model is to learn to write it, or only reads it."""


@dataclass(frozen=True, slots=True)
class Draw:
    """What a document is made from."""

    problem: MiniPyProblem
    others: tuple[MiniPyProblem, ...]
    """More problems, for documents of several functions."""
    rng: Random
    samples: tuple[Samples, ...] = ()
    """What a model wrote, for documents of that."""
    vocabulary: tuple[str, ...] = ()
    """Texts of one token each, for documents of those."""

    def varied(self, problem: MiniPyProblem) -> MiniPyProblem:
        """The problem in another wording, now and then in its own."""
        return problem.reworded(self.rng.randrange(VARIANTS)) if self.rng.random() < 0.8 else problem

    def source(self, problem: MiniPyProblem) -> str:
        """A documented function, worded and styled at random."""
        return documented_source(self.varied(problem), self.rng.choice(STYLES), self.rng.randrange(VARIANTS))

    def vague(self) -> MiniPyProblem:
        """A problem with a vague step, where there is one."""
        return next((problem for problem in (self.problem, *self.others) if problem.vague is not None), self.problem)


def invented(rng: Random) -> str:
    """A name that means nothing."""
    words = ("".join(rng.choice(_SYLLABLES) for _ in range(rng.randint(1, 2))) for _ in range(rng.randint(1, 2)))
    return "_".join(words)


Kind = Callable[[Draw], list[Part]]
"""Makes one document."""
