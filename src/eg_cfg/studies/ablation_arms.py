"""The arms of the ablation of BTP: what each leaves out or changes, and nothing else.

    ARMS["uniform"].what                                    # "drawn uniformly, whatever passed"
    settings_of("everything", options, Sizes(...))          # options that differ from the whole method's

An arm is a name and a function from the study's options and sizes to changed options. To add one, add a row.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from eg_cfg.studies.btp_options import BTPOptions

FULL, NONE = "full", "none"
_EPOCHS = 3
"""Of a training that is told no number."""


@dataclass(frozen=True)
class Sizes:
    """What was collected, in tokens that the loss is taken over."""

    programs: int
    tokens: int
    shortest: int = 1
    """Tokens of the shortest program."""

    def budget(self, options: BTPOptions) -> int:
        """Tokens that every arm trains on: as asked for, or what the whole method's draws come to on average."""
        if options.train_tokens is not None:
            return options.train_tokens
        draws = options.n_iterations * (options.num_epochs or _EPOCHS) * options.batch_size
        return max(1, round(draws * self.tokens / max(1, self.programs)))


@dataclass(frozen=True)
class Arm:
    """One arm."""

    what: str
    """What it does, in a line."""
    changed: Callable[[BTPOptions, Sizes], dict[str, Any]]
    """Options that differ from the whole method's."""
    sampler: str | None = None
    """How its programs are written, where that differs: it then has a pool of its own."""
    trains: bool = True


def _same(_: BTPOptions, __: Sizes) -> dict[str, Any]:
    return {}


def _set(**values: Any) -> Callable[[BTPOptions, Sizes], dict[str, Any]]:
    return lambda options, sizes: dict(values)


def _everything(options: BTPOptions, sizes: Sizes) -> dict[str, Any]:
    """All of the pool in random order, no program twice an epoch; several epochs where the budget needs them."""
    return {"sampling_method": "uniform", "replacement": False, "n_iterations": 1, "batch_size": sizes.programs,
            "num_epochs": max(1, math.ceil(sizes.budget(options) / max(1, sizes.tokens)))}


def _buffer(share: float) -> Callable[[BTPOptions, Sizes], dict[str, Any]]:
    return lambda options, sizes: {"buffer_size": max(1, round(share * sizes.programs))}


ARMS: dict[str, Arm] = {
    NONE: Arm("the model as it is, not trained", _same, trains=False),
    FULL: Arm("the whole method: drawn by P2Value", _same),
    "everything": Arm("fine-tuned on everything that was collected", _everything),
    "uniform": Arm("drawn uniformly, whatever passed", _set(sampling_method="uniform")),
    "power": Arm("drawn by P2Value to a power", _set(sampling_method="power")),
    "rank": Arm("drawn by the rank of P2Value", _set(sampling_method="rank")),
    "pass_rate_only": Arm("P2Value is the pass rate (alpha 0)", _set(p2value_alpha=0.0)),
    "possibility_only": Arm("P2Value is the possibility (alpha 1)", _set(p2value_alpha=1.0)),
    "passing_only": Arm("drawn from the programs that passed all tests", _set(min_pass_rate=1.0)),
    "failed_only": Arm("drawn from the programs that failed", _set(failed_only=True)),
    "sampling": Arm("programs sampled instead of searched by beams", _set(sampler="sample"), sampler="sample"),
    "buffer_half": Arm("a buffer of half of what was collected", _buffer(0.5)),
    "buffer_quarter": Arm("a buffer of a quarter of what was collected", _buffer(0.25)),
}


def settings_of(name: str, options: BTPOptions, sizes: Sizes) -> dict[str, Any]:
    """Options of an arm that differ from the whole method's, the budget of tokens left out."""
    return ARMS[name].changed(options, sizes)


def room_for(options: BTPOptions, sizes: Sizes, changed: dict[str, Any]) -> dict[str, Any]:
    """Enough draws to fill the budget, whatever is drawn, where an arm draws as the whole method does."""
    return {"batch_size": draws_for(options, sizes.budget(options), sizes.shortest), **changed}


def draws_for(options: BTPOptions, budget: int, shortest: int) -> int:
    """Draws of a round that fill its share of a budget of tokens, were all of them the shortest program."""
    rounds = options.n_iterations * (options.num_epochs or _EPOCHS)
    return max(options.batch_size, math.ceil(budget / rounds / max(1, shortest)))
