"""What may be searched: parameters, what they set of BTP, and which combinations come to the same.

    space = spaces()["classic"]
    space["alpha"].option, space["alpha"].choices           # 'p2value_alpha', (0.3, 0.5, 0.7)
    configurations("grid", space, options, seed=42)         # every combination that is different in effect

`classic` is the published grid; `full` has every setting of the method and of its training.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from eg_cfg.runs import fingerprint
from eg_cfg.studies.btp_options import BTPOptions

SearchType = Literal["grid", "focused", "random", "tpe"]
SpaceName = Literal["classic", "full"]
Value = float | int | str
_DIGITS = 4


@dataclass(frozen=True)
class Parameter:
    """One parameter of a space: some values, or a range."""

    option: str
    """Of `BTPOptions`."""
    choices: tuple[Value, ...] = ()
    low: float = 0.0
    high: float = 0.0
    log: bool = False

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        if self.choices:
            return {"choices": list(self.choices)}
        return {"low": self.low, "high": self.high, "log": self.log}

    def grid(self) -> tuple[Value, ...]:
        """The values; of a range its ends and its middle."""
        if self.choices:
            return self.choices
        middle = (self.low * self.high) ** 0.5 if self.log else (self.low + self.high) / 2
        return tuple(_rounded(value) for value in (self.low, middle, self.high))

    def draw(self, generator: random.Random) -> Value:
        """A value at random."""
        if self.choices:
            return generator.choice(self.choices)
        share = generator.random()
        value = self.low * (self.high / self.low) ** share if self.log else self.low + (self.high - self.low) * share
        return _rounded(value)


Space = Mapping[str, Parameter]

_CLASSIC: dict[str, Parameter] = {
    "alpha": Parameter("p2value_alpha", (0.3, 0.5, 0.7)),
    "buffer_size": Parameter("buffer_size", (1000, 5000, 10000)),
    "num_beams": Parameter("num_beams", (3, 5, 8)),
    "temperature": Parameter("temperature", (0.6, 0.8, 1.0)),
    "batch_size": Parameter("batch_size", (10, 20, 50)),
}


def spaces(learning_rate: float = 1e-3) -> dict[SpaceName, Space]:
    """The spaces by name.

    Args:
        learning_rate: The one that would be chosen for the model; it is searched within a factor of 5.
    """
    return {
        "classic": _CLASSIC,
        "full": {
            "alpha": Parameter("p2value_alpha", low=0.0, high=1.0),
            "sampling_alpha": Parameter("sampling_alpha", low=0.0, high=3.0),
            "sampling_method": Parameter("sampling_method", ("power", "rank")),
            "num_beams": Parameter("num_beams", (3, 5, 8)),
            "temperature": Parameter("temperature", low=0.4, high=1.2),
            "batch_size": Parameter("batch_size", (10, 20, 50, 100)),
            "buffer_size": Parameter("buffer_size", (1000, 5000, 10000)),
            "learning_rate": Parameter("learning_rate", low=_rounded(learning_rate / 5),
                                       high=_rounded(learning_rate * 5), log=True),
            "lora_r": Parameter("lora_r", (4, 8, 16, 32)),
            "epochs": Parameter("num_epochs", (1, 2, 3, 5)),
        },
    }


def settings(space: Space, parameters: Mapping[str, Value]) -> dict[str, Any]:
    """Options of BTP that a configuration sets."""
    return {space[name].option: value for name, value in parameters.items()}


def effect(space: Space, parameters: Mapping[str, Value], options: BTPOptions) -> str:
    """A hash that configurations share which come to the same.

    Temperature does nothing to beam search, and a buffer larger than all that can be collected is as good as any other.
    """
    found = settings(space, parameters)
    if options.sampler == "beam":
        found.pop("temperature", None)
    if "buffer_size" in found and options.max_problems is not None:
        beams = found.get("num_beams", options.num_beams)
        found["buffer_size"] = min(found["buffer_size"], options.max_problems * beams * options.n_iterations)
    if not options.use_lora:
        found.pop("lora_r", None)
    return fingerprint(found)[:12]


def without_effect(space: Space, options: BTPOptions) -> list[str]:
    """A line for each parameter that changes nothing under these options."""
    lines = []
    if "temperature" in space and options.sampler == "beam":
        lines.append("temperature has no effect on beam search: configurations that differ in it alone are one; pass "
                     "--btp sampler=sample to search it")
    if "buffer_size" in space and options.max_problems is not None:
        least = min(value for value in space["buffer_size"].grid() if isinstance(value, int))
        most = options.max_problems * max(int(value) for value in space["num_beams"].grid()) * options.n_iterations \
            if "num_beams" in space else options.max_problems * options.num_beams * options.n_iterations
        if most <= least:
            lines.append(f"buffer_size has no effect: at most {most} programs are collected")
    return lines


def configurations(kind: SearchType, space: Space, options: BTPOptions, *, focus: Sequence[str],
                   seed: int, count: int) -> list[dict[str, Value]]:
    """At most so many configurations that differ in effect; none for `tpe`, which proposes its own.

    A grid that is larger than `count` is gone through in random order, so that what is left out is spread evenly.
    """
    if kind == "tpe":
        return []
    generator = random.Random(seed)
    chosen = {name: space[name] for name in focus} if kind == "focused" else dict(space)
    source = _random(chosen, generator) if kind == "random" else _grid(chosen, generator)
    found: dict[str, dict[str, Value]] = {}
    for parameters in source:
        if len(found) >= count:
            break
        found.setdefault(effect(space, parameters, options), parameters)
    return list(found.values())


def _grid(space: Space, generator: random.Random) -> Iterator[dict[str, Value]]:
    combinations = [dict(zip(space, values, strict=True))
                    for values in itertools.product(*(parameter.grid() for parameter in space.values()))]
    generator.shuffle(combinations)
    yield from combinations


def _random(space: Space, generator: random.Random) -> Iterator[dict[str, Value]]:
    for _ in range(10_000):  # a space with few points ends
        yield {name: parameter.draw(generator) for name, parameter in space.items()}


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
