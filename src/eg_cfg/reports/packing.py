"""Records within a page: compressed, in pieces that the page opens when they are asked for.

    packed = pack([{"id": "HumanEval/0"}, ...])
    packed.pieces[0]            # base64 of gzipped JSON: letters that no markup is made of
    packed.places               # [[piece, place in it], ...], an entry a record
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


@dataclass(frozen=True, slots=True)
class Packed:
    """Records in pieces."""

    pieces: tuple[str, ...]
    places: tuple[tuple[int, int], ...]


def pack(records: Sequence[Any]) -> Packed:
    """Packs plain data."""
    pieces: list[str] = []
    places: list[tuple[int, int]] = []
    waiting: list[str] = []
    size = 0
    for record in records:
        text = json.dumps(record, ensure_ascii=True, separators=(",", ":"))
        places.append((len(pieces), len(waiting)))
        waiting.append(text)
        size += len(text)
        if size >= PIECE:
            pieces.append(_piece(waiting))
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
