"""Growing prefixes over transformers' key-value cache, with rows of different lengths.

Between calls every row lies right-aligned in the cache: padding first, then its tokens. A first prefill is padded on
the left, so it is right-aligned at once. Later tokens are appended; where rows get different numbers of them, the
chunk is padded on the right, so that each row's new tokens stand directly behind its old ones (sliding windows and
local attention count columns, not positions), and the columns are then moved back into place. Position ids are always
the tokens' own.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Sequence
from typing import Any, cast

import torch
from transformers import DynamicCache, PreTrainedModel
from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

from eg_cfg.errors import ConfigError, ModelError
from eg_cfg.models.base import Prefixes, Usage
from eg_cfg.models.huggingface.attention import behind_prefixes, suits
from eg_cfg.models.huggingface.growing import GrowingLayer


class Network:
    """A transformers model called in the few ways that decoding needs.

    Raises:
        ConfigError: The model has no key-value cache of the kind that transformers' attention layers share.
    """

    def __init__(self, module: PreTrainedModel, usage: Usage) -> None:
        self.module = module
        self.usage = usage
        accepted = inspect.signature(module.forward).parameters
        if "past_key_values" not in accepted:
            raise ConfigError(f"{type(module).__name__} has no key-value cache that transformers' models share: pass "
                              f"a causal language model with attention layers")
        self._behind_prefixes = suits(module)
        self._takes_positions = "position_ids" in accepted
        self._takes_selection = "logits_to_keep" in accepted
        configuration = module.config.get_text_config()
        self.context: int | None = getattr(configuration, "max_position_embeddings", None)
        """Longest sequence that the model was made for, in tokens; None where it does not say."""

    @property
    def device(self) -> torch.device:
        """Where token ids go in."""
        weight = self.module.get_input_embeddings().weight
        assert isinstance(weight, torch.Tensor)
        return weight.device

    def new_cache(self) -> DynamicCache:
        """An empty cache that keeps every token, sliding windows included, where the architecture lets it."""
        cache = DynamicCache(config=self.module.config)
        if all(type(layer) in (DynamicLayer, DynamicSlidingWindowLayer) for layer in cache.layers):
            cache = DynamicCache()  # windows are masked, not dropped: only so can rows be cut and moved
            cache.layer_class_to_replicate = GrowingLayer
        return cache

    @torch.inference_mode()
    def __call__(self, tokens: torch.Tensor, mask: torch.Tensor, positions: torch.Tensor, keep: int | torch.Tensor,
                 cache: DynamicCache | None) -> torch.Tensor:
        """Log-probabilities after the tokens at some columns; the cache grows by all of them.

        Args:
            tokens: (rows, columns).
            mask: (rows, cached + columns), 1 for tokens and 0 for padding.
            positions: (rows, columns).
            keep: The last so many columns, or (rows, kept) column indices.
            cache: None computes without one.

        Returns:
            float32, (rows, kept, vocabulary).
        """
        arguments: dict[str, Any] = {"input_ids": tokens, "attention_mask": mask, "use_cache": cache is not None}
        if cache is not None:
            arguments["past_key_values"] = cache
        if self._takes_positions:
            arguments["position_ids"] = positions
        if self._takes_selection:
            arguments["logits_to_keep"] = keep
        with behind_prefixes(self._behind_prefixes):
            logits: torch.Tensor = self.module(**arguments).logits
        self.usage.forward_passes += 1
        if isinstance(keep, int):
            logits = logits[:, -keep:]
        elif logits.shape[1] != keep.shape[1] or not self._takes_selection:
            logits = logits.take_along_dim(keep.to(logits.device)[..., None], dim=1)
        return torch.log_softmax(logits.float(), dim=-1)


class CachedPrefixes(Prefixes):
    """Prefixes of one network; made by `HuggingFaceModel.start`."""

    def __init__(self, network: Network, prefixes: Sequence[Sequence[int]]) -> None:
        if any(not prefix for prefix in prefixes):
            raise ConfigError("a prefix needs at least one token, found an empty one: begin it with the "
                              "begin-of-text token")
        self.tokens = [list(prefix) for prefix in prefixes]
        self._network = network
        self._cache = network.new_cache()
        self._mask = torch.zeros((len(self.tokens), 0), dtype=torch.long, device=network.device)
        self._cached = [0] * len(self.tokens)
        self._stale = [False] * len(self.tokens)
        """Rows that were cut, so that `_next` is not theirs until a token of theirs goes through the network again."""
        self._next: torch.Tensor | None = None

    @property
    def log_probs(self) -> torch.Tensor:
        """Log-probabilities of each row's next token, float32, (rows, vocabulary)."""
        again = [stale and len(row) == cached for row, cached, stale in zip(self.tokens, self._cached, self._stale,
                                                                            strict=True)]
        if any(again):
            self._forget([cached - once for cached, once in zip(self._cached, again, strict=True)])
        while self._pending:
            self._advance()
        if self._next is None:
            raise ModelError("a batch without rows has no next token: start it with at least one prefix")
        return self._next

    def extend(self, tokens: Sequence[Sequence[int]]) -> None:
        """Appends tokens to each row; they go through the network when `log_probs` is next read."""
        for row, new in zip(self.tokens, tokens, strict=True):
            row.extend(new)

    def read(self, tokens: Sequence[Sequence[int]]) -> list[torch.Tensor]:
        """Appends tokens, and tells what was likely before each of them and behind the last: one pass for one row."""
        if len(self.tokens) != 1:
            return super().read(tokens)
        if self._stale[0] and not self._pending:
            self._forget([self._cached[0] - 1])
        known = [] if self._pending or self._next is None else [self._next]
        self.extend(tokens)
        count = len(tokens[0]) + (not known)
        return [torch.cat([*known, *([self._advance(count)] if count else [])])]

    @property
    def _pending(self) -> bool:
        """Whether there are tokens that have not gone through the network."""
        return any(len(row) > cached for row, cached in zip(self.tokens, self._cached, strict=True))

    def truncate(self, lengths: Sequence[int]) -> None:
        """Cuts each row to its first tokens."""
        kept = list(self._cached)
        for index, (row, length) in enumerate(zip(self.tokens, lengths, strict=True)):
            if not 1 <= length <= len(row):
                raise ConfigError(f"row {index}: expected a length from 1 to {len(row)}, found {length}")
            if length < len(row):
                del row[length:]
            if length < kept[index]:
                kept[index] = length
                self._stale[index] = True
        self._forget(kept)

    def _forget(self, kept: list[int]) -> None:
        """Drops the cache of each row behind its first tokens."""
        if kept == self._cached:
            return
        dropped = [old - new for old, new in zip(self._cached, kept, strict=True)]
        if self._movable and len(set(dropped)) == 1:  # the same columns of every row: nothing has to be moved
            width, end = max(kept), self._mask.shape[1] - dropped[0]
            self._mask = self._mask[:, end - width: end]
            for layer in self._layers:
                layer.narrowed(end - width, width)
            self._cached = kept
            return
        gone = torch.tensor(dropped, device=self._mask.device)
        columns = torch.arange(self._mask.shape[1], device=self._mask.device)
        self._mask = self._mask * (columns < self._mask.shape[1] - gone[:, None])
        self._cached = kept
        self._align()

    def select(self, rows: Sequence[int]) -> CachedPrefixes:
        """A new batch of these rows; what is pending is computed first, so that copies share it."""
        if self._pending:
            _ = self.log_probs
        other = copy.copy(self)
        other.tokens = [list(self.tokens[row]) for row in rows]
        other._cached = [self._cached[row] for row in rows]
        other._stale = [self._stale[row] for row in rows]
        other._cache = copy.copy(self._cache)
        if self._movable and list(rows) == list(range(len(self.tokens))):  # all as they are
            other._cache.layers = [layer.shared() for layer in self._layers]
            return other
        index = torch.tensor(list(rows), dtype=torch.long, device=self._mask.device)
        other._mask = self._mask.index_select(0, index)
        if self._next is not None:
            other._next = self._next.index_select(0, index.to(self._next.device))
        with torch.inference_mode():
            if self._movable:
                width = max(other._cached, default=0)
                other._cache.layers = [layer.picked(index, width) for layer in self._layers]
                other._mask = other._mask[:, other._mask.shape[1] - width:]
            else:
                other._cache.layers = [_copied(layer) for layer in self._cache.layers]
                for layer in other._cache.layers:
                    layer.reorder_cache(index)  # type: ignore[arg-type]
        return other

    def keep(self, rows: Sequence[int]) -> CachedPrefixes:
        """These rows, without a copy where they are the first ones."""
        count = len(rows)
        if not self._movable or self._next is None or self._pending or not count or list(rows) != list(range(count)):
            return self.select(rows)
        width = max(self._cached[:count])
        begin = self._mask.shape[1] - width
        self.tokens, self._cached, self._stale = self.tokens[:count], self._cached[:count], self._stale[:count]
        self._mask, self._next = self._mask[:count, begin:], self._next[:count]
        for layer in self._layers:
            layer.narrowed(begin, width, count)
        return self

    def join(self, others: Sequence[Prefixes]) -> CachedPrefixes:
        """A new batch of these rows and others'; what is pending in any of them is computed first.

        Rows that were cut stay so: nothing is computed for them before their next tokens are looked at.
        """
        parts = [self]
        for other in others:
            assert isinstance(other, CachedPrefixes)
            parts.append(other)
        following = [part.log_probs if part._pending or part._next is None else part._next for part in parts]
        if not all(part._movable for part in parts):
            raise ModelError(f"{type(self._network.module).__name__} keeps a recurrent state, which cannot be joined "
                             f"with rows of another length: decode one sequence at a time")
        joined = copy.copy(self)
        joined.tokens = [list(row) for part in parts for row in part.tokens]
        joined._cached = [cached for part in parts for cached in part._cached]
        joined._stale = [stale for part in parts for stale in part._stale]
        joined._next = torch.cat(following)
        width = max(joined._cached)
        joined._mask = torch.cat([_widened(part._mask, width) for part in parts])
        joined._cache = copy.copy(self._cache)
        with torch.inference_mode():
            joined._cache.layers = [GrowingLayer.joined(layers, width)
                                    for layers in zip(*(part._layers for part in parts), strict=True)]
        return joined

    @property
    def _movable(self) -> bool:
        """Whether columns of the cache may be moved and dropped: all layers are plain attention."""
        return all(type(layer) is GrowingLayer for layer in self._cache.layers)

    @property
    def _layers(self) -> list[GrowingLayer]:
        """The cache's layers, where columns may be moved."""
        return cast(list[GrowingLayer], self._cache.layers)

    def _advance(self, told: int = 1) -> torch.Tensor:
        """Sends pending tokens through the network: all of them, or as many as its context has columns for.

        Args:
            told: For one row, of how many of its last tokens it is told what follows them.

        Returns:
            (told, vocabulary), of the first row.
        """
        pending = [row[cached:] for row, cached in zip(self.tokens, self._cached, strict=True)]
        room, columns = self._network.context, self._mask.shape[1]
        if columns and room is not None and len({len(new) for new in pending}) > 1:
            # padding takes columns too, and models with absolute masks have no more than their context
            longest = max(len(row) for row in self.tokens)
            most = max(1, max(room, longest) - columns)
            pending = [new[:most] for new in pending]
        counts = [len(new) for new in pending]
        width = max(counts)
        ragged = columns > 0 and min(counts) < width
        if ragged and not self._movable:
            raise ModelError(f"{type(self._network.module).__name__} keeps a recurrent state, which cannot take "
                             f"different numbers of tokens for different rows: extend rows equally, or one at a time")
        padding = [[0] * (width - count) for count in counts]
        ones = [[1] * count for count in counts]
        places = [list(range(cached, cached + count)) for cached, count in zip(self._cached, counts, strict=True)]
        rows: list[list[list[int]]]
        if ragged:
            rows = [[part[i] + padding[i] for i in range(len(counts))] for part in (pending, ones, places)]
        else:
            rows = [[padding[i] + part[i] for i in range(len(counts))] for part in (pending, ones, places)]
        tokens, mask, positions = torch.tensor(rows, device=self._mask.device).unbind(0)
        self._mask = torch.cat([self._mask, mask], dim=1)
        keep: int | torch.Tensor = told
        if ragged:
            keep = torch.tensor([[max(count - 1, 0)] for count in counts], device=self._mask.device)
        found = self._network(tokens, self._mask, positions, keep, self._cache)
        following = found[:, -1] if found.shape[1] == 1 else found[:, -1].clone()  # the others are not kept
        self._network.usage.computed_tokens += sum(counts)
        if self._next is not None and min(counts) == 0:
            unchanged = torch.tensor([count == 0 for count in counts], device=following.device)
            following = torch.where(unchanged[:, None], self._next, following)
        self._next = following
        self._stale = [stale and count == 0 for stale, count in zip(self._stale, counts, strict=True)]
        self._cached = [cached + count for cached, count in zip(self._cached, counts, strict=True)]
        if ragged:
            self._align()
        return found[0]

    def _align(self) -> None:
        """Moves every row's tokens to the right end of the cache and drops columns that hold padding alone."""
        if not self._movable:
            raise ModelError(f"{type(self._network.module).__name__} keeps a recurrent state, which cannot be cut "
                             f"back: start the shorter prefix anew")
        width = max(self._cached)
        order = torch.argsort(self._mask, dim=1, stable=True)[:, self._mask.shape[1] - width:]
        self._mask = self._mask.take_along_dim(order, dim=1)
        with torch.inference_mode():
            for layer in cast(list[Any], self._cache.layers):
                columns = order.to(layer.keys.device)[:, None, :, None]
                layer.keys = layer.keys.take_along_dim(columns, dim=2)
                layer.values = layer.values.take_along_dim(columns, dim=2)


def _widened(mask: torch.Tensor, width: int) -> torch.Tensor:
    """A mask with this many columns: padding comes first, and what is more than that is padding too."""
    own = mask.shape[1]
    if own >= width:
        return mask[:, own - width:]
    return torch.cat([mask.new_zeros((mask.shape[0], width - own)), mask], dim=1)


def _copied(layer: Any) -> Any:
    """A cache layer of its own over the same tensors; layers of recurrent models keep theirs in dictionaries."""
    other = copy.copy(layer)
    for name, value in vars(layer).items():
        if isinstance(value, dict):
            setattr(other, name, dict(value))
    return other
