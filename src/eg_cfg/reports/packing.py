"""Records within a page: compressed, in pieces that the page opens when they are asked for.

    packed = pack([{"id": "HumanEval/0"}, ...])
    packed.pieces[0]            # base64 of gzipped JSON: letters that no markup is made of
    packed.places               # [(piece, place in it), ...], an entry a record; None where it did not fit
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

PIECE = 400_000
"""Characters of JSON in a piece, about: small enough to open in a moment, large enough to compress well."""
LARGEST = 2_000_000
"""Characters of JSON of one record; a larger one is left out."""
BUDGET = 8_000_000
"""Letters of all pieces together, about."""


@dataclass(frozen=True, slots=True)
class Packed:
    """Records in pieces."""

    pieces: tuple[str, ...]
    places: tuple[tuple[int, int] | None, ...]

    @property
    def left_out(self) -> int:
        """Records that did not fit."""
        return self.places.count(None)


def pack(records: Sequence[Any], *, budget: int = BUDGET) -> Packed:
    """Packs plain data: the first records, as many as there is room for.

    Args:
        records: They hold no number that JSON has not.
        budget: Letters of the pieces.
    """
    pieces: list[str] = []
    places: list[tuple[int, int] | None] = []
    waiting: list[str] = []
    size = packed = 0
    for record in records:
        text = "" if packed >= budget else json.dumps(record, ensure_ascii=True, separators=(",", ":"))
        if not text or len(text) > LARGEST:
            places.append(None)
            continue
        places.append((len(pieces), len(waiting)))
        waiting.append(text)
        size += len(text)
        if size >= PIECE:
            pieces.append(_piece(waiting))
            packed += len(pieces[-1])
            waiting, size = [], 0
    if waiting:
        pieces.append(_piece(waiting))
    return Packed(tuple(pieces), tuple(places))


def _piece(texts: Sequence[str]) -> str:
    data = gzip.compress(f"[{','.join(texts)}]".encode("ascii"), compresslevel=6, mtime=0)
    return base64.b64encode(data).decode("ascii")


def embedded(values: Any) -> str:
    """JSON that may stand in a script element: nothing in it ends the element or begins a comment."""
    text = json.dumps(values, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
