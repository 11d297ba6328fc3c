"""A layer of transformers' key-value cache that has room for what comes next.

    cache = DynamicCache()
    cache.layer_class_to_replicate = GrowingLayer       # layers are made as the network asks for them

`DynamicLayer` copies a layer's whole cache for every token. Here new columns are written behind those that are there,
into memory taken in advance; what the network gets is a view. Rows are copied where rows are chosen or brought
together, straight into memory with room of its own.

Limits: whoever assigns `keys` and `values` anew, or cuts them, gives the room up or keeps it as it happens; nothing is
ever written to memory that another layer may see.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
from transformers.cache_utils import DynamicLayer

_LEAST = 32
_SHARE = 8
"""A layer of n columns gets room for n / 8 more, and for 32 at least."""


class GrowingLayer(DynamicLayer):  # type: ignore[no-untyped-call]
    """Keys and values of one layer, (rows, heads, columns, width of a head)."""

    keys: torch.Tensor
    values: torch.Tensor
    _rooms: tuple[torch.Tensor, torch.Tensor] | None = None
    """What `keys` and `values` are views of, where nobody else sees that memory."""

    def update(self, key_states: torch.Tensor, value_states: torch.Tensor, *_: Any,
               **__: Any) -> tuple[torch.Tensor, torch.Tensor]:
        """Appends columns; gives all keys and values."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        rooms = self._rooms or (None, None)
        keys, key_room = _appended(self.keys, key_states, rooms[0])
        values, value_room = _appended(self.values, value_states, rooms[1])
        self.keys, self.values, self._rooms = keys, values, (key_room, value_room)
        return keys, values

    def shared(self) -> GrowingLayer:
        """Another layer over the same columns; whichever grows first takes memory of its own."""
        self._rooms = None
        return copy.copy(self)

    def narrowed(self, begin: int, length: int, rows: int | None = None) -> None:
        """Drops columns at both ends, and all rows but the first ones; nothing is copied."""
        if self.is_initialized:
            self.keys, self.values = (held.narrow(2, begin, length).narrow(0, 0, rows or held.shape[0])
                                      for held in (self.keys, self.values))

    def picked(self, index: torch.Tensor, width: int) -> GrowingLayer:
        """A layer of these rows' last columns, in memory of its own."""
        other = copy.copy(self)
        if self.is_initialized:
            made = []
            for held in (self.keys, self.values):
                room = _room(held, len(index), width)
                torch.index_select(held.narrow(2, held.shape[2] - width, width), 0, index.to(held.device),
                                   out=room.narrow(2, 0, width))
                made.append(room)
            other._take(made, width)
        return other

    @staticmethod
    def joined(layers: Sequence[GrowingLayer], width: int) -> GrowingLayer:
        """A layer of all of these layers' rows, right-aligned; the least wide get columns of zeros on the left."""
        other = copy.copy(layers[0])
        made = []
        for helds in ([layer.keys for layer in layers], [layer.values for layer in layers]):
            room = _room(helds[0], sum(held.shape[0] for held in helds), width)
            at = 0
            for held in helds:
                own = min(held.shape[2], width)
                place = room.narrow(0, at, held.shape[0])
                place.narrow(2, 0, width - own).zero_()
                place.narrow(2, width - own, own).copy_(held.narrow(2, held.shape[2] - own, own))
                at += held.shape[0]
            made.append(room)
        other._take(made, width)
        return other

    def _take(self, rooms: Sequence[torch.Tensor], width: int) -> None:
        keys, values = rooms
        self.keys, self.values, self._rooms = keys.narrow(2, 0, width), values.narrow(2, 0, width), (keys, values)


def _room(like: torch.Tensor, rows: int, width: int) -> torch.Tensor:
    return like.new_empty((rows, like.shape[1], width + max(_LEAST, width // _SHARE), like.shape[3]))


def _appended(held: torch.Tensor, new: torch.Tensor, room: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
    """All columns, and the room that they are in."""
    length = held.shape[2] if held.numel() else 0
    count = new.shape[2]
    begin = 0
    if (room is not None and length and held.stride() == room.stride()
            and held.untyped_storage().data_ptr() == room.untyped_storage().data_ptr()):
        room = room.narrow(0, 0, held.shape[0])  # rows may have gone
        begin = (held.storage_offset() - room.storage_offset()) // room.stride(2)
        if begin + length + count > room.shape[2]:
            room = None
    else:
        room = None
    if room is None:
        begin = 0
        room = _room(new, new.shape[0], length + count)
        if length:
            room.narrow(2, 0, length).copy_(held)
    room.narrow(2, begin + length, count).copy_(new)
    return room.narrow(2, begin, length + count), room
