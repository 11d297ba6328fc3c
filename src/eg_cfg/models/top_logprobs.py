"""What an endpoint tells of the likeliest tokens at each place of a reply.

    rows = read(reply["choices"][0]["logprobs"])     # what the ledger holds: plain lists
    for place in places(rows):
        place.chosen.data, place.top[0].log_prob

Two forms are read alike: `content`, with one object a token (OpenAI's chat, llama.cpp's server), and the older lists
`tokens`, `token_logprobs` and `top_logprobs` of plain completions (OpenAI, vLLM, llama-cpp-python). A token is bytes,
since it may be a part of a character: a list `bytes` is believed first, then text of the form `bytes:\\xe2\\x82`, then
the text itself.

Limits: the older form has one number a text, so tokens of the same text are one. Where a server writes the replacement
character for a part of a character, what the part was is not known, and such a token is no UTF-8 here either.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Entry = list[Any]
"""`[text, log-probability]` or `[text, log-probability, id]`; bytes that are no text are `bytes:\\x..`."""
Row = list[Any]
"""`[entry of the token, [entries of the likeliest, likeliest first]]`."""

UNLIKELY = -9999.0
"""Some servers write this for a number that they do not tell."""
_ROUNDING = 1e-3
"""A log-probability may be this much above 0."""
_ESCAPED = re.compile(r"bytes:((?:\\x[0-9a-fA-F]{2})+)")
_LOST = b"\xff"
"""Stands for a part of a character that a server did not tell: no UTF-8, as the part was none."""


@dataclass(frozen=True, slots=True)
class TopToken:
    """A token and how likely it is."""

    data: bytes
    """Its text; perhaps a part of a character."""
    log_prob: float
    """Natural logarithm of its probability under the model itself."""
    id: int | None = None
    """Its id, where the server tells it."""

    @property
    def text(self) -> str:
        """Its text, for people."""
        return self.data.decode("utf-8", "replace")

    @property
    def name(self) -> int | bytes:
        """What tells it from others: its id, or else its text."""
        return self.data if self.id is None else self.id


@dataclass(frozen=True, slots=True)
class Place:
    """One place of a reply: the token that was written, and the likeliest ones, likeliest first."""

    chosen: TopToken
    top: tuple[TopToken, ...]


def is_log_prob(value: Any) -> bool:
    """Whether a number can be a log-probability that was told."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return math.isfinite(value) and UNLIKELY < value < _ROUNDING


def read(told: Any) -> list[Row]:
    """The places of a choice's `logprobs`, up to the first one at which something is missing."""
    if not isinstance(told, dict):
        return []
    rows: list[Row] = []
    for own, others in _wire(told):
        chosen = _entry(own)
        likeliest = sorted((entry for each in others if (entry := _entry(each)) is not None),
                           key=lambda entry: -entry[1])
        if chosen is None or not likeliest:
            break
        rows.append([chosen, likeliest])
    return rows


def places(rows: Sequence[Row]) -> list[Place]:
    """The places that rows stand for."""
    return [Place(_token(own), tuple(map(_token, others))) for own, others in rows]


def _wire(told: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], list[Mapping[str, Any]]]]:
    """Each place as (token, the likeliest), in the form of `content`."""
    content = told.get("content")
    if isinstance(content, list):
        for entry in content:
            if not isinstance(entry, dict) or not isinstance(entry.get("top_logprobs"), list):
                return
            yield entry, [other for other in entry["top_logprobs"] if isinstance(other, dict)]
        return
    tokens, numbers, tops = told.get("tokens"), told.get("token_logprobs"), told.get("top_logprobs")
    if not (isinstance(tokens, list) and isinstance(numbers, list) and isinstance(tops, list)):
        return
    for token, number, top in zip(tokens, numbers, tops, strict=False):
        if not isinstance(top, dict):
            return
        yield {"token": token, "logprob": number}, [{"token": text, "logprob": value} for text, value in top.items()]


def _entry(told: Mapping[str, Any]) -> Entry | None:
    text, number, raw, number_of = (told.get(name) for name in ("token", "logprob", "bytes", "id"))
    if not isinstance(text, str) or not is_log_prob(number):
        return None
    if isinstance(raw, list) and all(isinstance(byte, int) and 0 <= byte < 256 for byte in raw):
        data = bytes(raw)
    else:
        data = _data(text)
    entry: Entry = [_written(data), min(0.0, float(number))]  # type: ignore[arg-type]
    return [*entry, number_of] if isinstance(number_of, int) and not isinstance(number_of, bool) else entry


def _data(text: str) -> bytes:
    escaped = _ESCAPED.fullmatch(text)
    if escaped:
        return bytes.fromhex(escaped[1].replace("\\x", ""))
    return b"".join(_LOST if char == "\ufffd" or "\ud800" <= char <= "\udfff" else char.encode() for char in text)


def _written(data: bytes) -> str:
    """Text from which `_data` makes the same bytes."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = "\ufffd"
    return text if _data(text) == data else "bytes:" + "".join(f"\\x{byte:02x}" for byte in data)


def _token(entry: Entry) -> TopToken:
    return TopToken(_data(entry[0]), entry[1], entry[2] if len(entry) > 2 else None)
