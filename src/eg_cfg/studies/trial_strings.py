"""Trial strings: one setting of execution-guided decoding in a word, which also names the folder of its results.

    Trial.parse("ns3t0.75d5k1_lci_ln")     # Trial(candidates=3, temperature=0.75, horizon=5, refresh=1, ...)
    str(Trial(horizon=None))               # 'ns3t0.75dinfk1_ln'

    ns3     3 candidates for each signal
    t0.75   sampled at temperature 0.75
    d5      5 lines on; dinf to the end of the program
    k1      a new signal every line; may be absent, and is 1 then
    _lci    prompt that asks for long code; _cmp plain completion, _sig signal tokens, _auto what suits the model;
            absent: the instruct prompt
    _ln     a signal a line; _tok a token, _prf once (persistent prefix); may be absent, and is _ln then
    _acc    stops where a sampled candidate passes the shown tests (not part of the published method)

Reading and writing are inverse: equal settings have one string, the one that `str` gives.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from eg_cfg.decoding.base import PromptType, Strategy
from eg_cfg.errors import ConfigError

_PROMPTS: dict[str, PromptType] = {"_lci": "long_code", "_cmp": "completion", "_sig": "signal_tokens",
                                  "_auto": "auto"}
_STRATEGIES: dict[str, Strategy] = {"_ln": "line", "_tok": "token", "_prf": "persistent"}
_ACCEPT = "_acc"
_EXAMPLE = "ns3t0.75d5k1_lci_ln"


@dataclass(frozen=True, slots=True)
class Trial:
    """One setting of the method: what a trial string says.

    Raises:
        ConfigError: A number is out of its range, or two parts exclude each other.
    """

    candidates: int = 3
    """s."""
    temperature: float = 0.75
    """t."""
    horizon: int | None = 2
    """d, in lines; none is to the end."""
    refresh: int = 1
    """k, in lines."""
    prompt_type: PromptType = "deepseek_instruct"
    strategy: Strategy = "line"
    accept_passing: bool = False

    def __post_init__(self) -> None:
        if self.candidates < 1:
            raise ConfigError(f"expected 1 candidate or more, found {self.candidates}")
        if not 0 < self.temperature < float("inf"):
            raise ConfigError(f"expected a temperature above 0, found {self.temperature:g}: candidates are sampled")
        if self.horizon is not None and self.horizon < 1:
            raise ConfigError(f"expected a horizon of 1 line or more, or inf, found {self.horizon}")
        if self.refresh < 1:
            raise ConfigError(f"expected a signal every line or every few lines, found k {self.refresh}")
        if self.strategy != "line" and self.refresh != 1:
            raise ConfigError(f"k {self.refresh} counts lines between signals, and the strategy {self.strategy!r} has "
                              f"none: leave k out, or take the strategy line (_ln)")

    def __str__(self) -> str:
        prompt = {value: suffix for suffix, value in _PROMPTS.items()}.get(self.prompt_type, "")
        strategy = {value: suffix for suffix, value in _STRATEGIES.items()}[self.strategy]
        horizon = "inf" if self.horizon is None else self.horizon
        accept = _ACCEPT if self.accept_passing else ""
        return f"ns{self.candidates}t{decimal(self.temperature)}d{horizon}k{self.refresh}{prompt}{strategy}{accept}"

    @classmethod
    def parse(cls, text: str) -> Trial:
        """Reads a trial string.

        Raises:
            ConfigError: It is none; the message says what was expected at which character.
        """
        reader = _Reader(text)
        values: dict[str, Any] = {
            "candidates": int(reader.take(r"ns(\d+)", "ns and a whole number (candidates)")),
            "temperature": float(reader.take(r"t(\d+(?:\.\d+)?)", "t and a number (temperature)")),
        }
        horizon = reader.take(r"d(\d+|inf)", "d and a whole number or inf (lines of the horizon)")
        values["horizon"] = None if horizon == "inf" else int(horizon)
        values["refresh"] = int(reader.maybe(r"k(\d+)") or 1)
        values["prompt_type"] = _PROMPTS.get(reader.maybe("(_lci|_cmp|_sig|_auto)"), "deepseek_instruct")
        values["strategy"] = _STRATEGIES.get(reader.maybe("(_ln|_tok|_prf)"), "line")
        values["accept_passing"] = bool(reader.maybe("(_acc)"))
        reader.end()
        try:
            return cls(**values)
        except ConfigError as error:
            raise ConfigError(f"trial string {text!r}: {error}") from None


class _Reader:
    """Takes a trial string apart from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._taken: list[str] = []

    def maybe(self, pattern: str) -> str:
        match = re.compile(pattern, re.ASCII).match(self._text, self._at)
        if match is None:
            return ""
        self._at = match.end()
        self._taken.append(match.group(1))
        return match.group(1)

    def take(self, pattern: str, expected: str) -> str:
        found = self.maybe(pattern)
        if not found:
            self._fail(expected)
        return found

    def end(self) -> None:
        if self._at < len(self._text):
            self._fail("the end, or the next of k and a number, _lci or _cmp or _sig or _auto, _ln or _tok or _prf, "
                       "_acc")

    def _fail(self, expected: str) -> None:
        rest = self._text[self._at :]
        found = f"found {rest[:20]!r}" if rest else "found its end"
        after = f" after {self._text[: self._at]!r}" if self._at else ""
        raise ConfigError(f"trial string {self._text!r}, character {self._at + 1}: expected {expected}{after}, "
                          f"{found}; {_EXAMPLE} is one")


def decimal(value: float) -> str:
    """The shortest decimals that are this number, never with an exponent: 0.75, 1.0."""
    text = format(Decimal(repr(float(value))), "f")
    return text if "." in text else f"{text}.0"
