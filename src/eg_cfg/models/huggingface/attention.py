"""Attention over a cache that holds a prefix already, without a mask where none is needed.

    with behind_prefixes():
        module(input_ids=tokens, attention_mask=mask, past_key_values=cache)

PyTorch's attention knows causal masks of squares only. Where many tokens come behind a prefix that is cached,
transformers writes the mask out, and every layer adds it to all scores, those of tokens to come included. Here queries
of zeros stand for the prefix, so that the mask is a square's again: nothing is written out, what is to come is left
out, and the zeros' results are dropped. Where a mask is needed, for padding or a window, it is turned into numbers
once, and not in every layer. Results are those of `sdpa`, up to rounding.

It is what transformers looks up as `sdpa`, for this thread, while the context lasts: a module's configuration stays as
it is, since some models ask for that name, and outside of it everything is transformers' own.

Limits: the cache must be one that grows, as a `DynamicCache` does.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import torch
from torch.nn.functional import pad
from transformers import PreTrainedModel
from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

_SHARE = 2
"""Zeros are worth it while the cached prefix is no longer than the tokens behind it."""
_here = threading.local()
_attend = ALL_ATTENTION_FUNCTIONS["sdpa"]
_mask = ALL_MASK_ATTENTION_FUNCTIONS["sdpa"]


def suits(module: PreTrainedModel) -> bool:
    """Whether a module takes both its mask and its attention from where transformers looks them up.

    Code that is not transformers' own may look at a mask in its own way, so that it gets the one that it expects.
    """
    return (getattr(module.config, "_attn_implementation", None) == "sdpa" and module._can_set_attn_implementation()
            and type(module).__module__.startswith("transformers."))


@contextlib.contextmanager
def behind_prefixes(active: bool = True) -> Iterator[None]:
    """Within, `sdpa` is computed so by this thread."""
    before = getattr(_here, "active", False)
    _here.active = active
    try:
        yield
    finally:
        _here.active = before


def attend(module: torch.nn.Module, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor,
           attention_mask: torch.Tensor | None, *positional: Any, **options: Any) -> tuple[torch.Tensor, None]:
    """The attention of one layer; without a mask, the queries are those of the last keys."""
    before = key.shape[2] - query.shape[2]
    if not getattr(_here, "active", False) or attention_mask is not None or query.shape[2] == 1 or before <= 0:
        whole: tuple[torch.Tensor, None] = _attend(module, query, key, value, attention_mask, *positional, **options)
        return whole
    found, _ = _attend(module, pad(query, (0, 0, before, 0)), key, value, None, *positional, **options)
    return found[:, before:], None


def mask(*positional: Any, **options: Any) -> torch.Tensor | None:
    """The mask of all layers, as numbers to be added to scores; none where `attend` needs none."""
    active = getattr(_here, "active", False)
    if active and not positional and _sees_all_before(**options):
        return None
    found: torch.Tensor | None = _mask(*positional, **options)
    if not active or found is None or found.dtype != torch.bool:
        return found
    numbers = torch.zeros(found.shape, dtype=options.get("dtype", torch.float32), device=found.device)
    return numbers.masked_fill_(~found, -torch.inf)


def _sees_all_before(*, q_length: int, kv_length: int, q_offset: int = 0, kv_offset: int = 0,
                     attention_mask: torch.Tensor | None = None, local_size: int | None = None,
                     allow_is_causal_skip: bool = True, **_: Any) -> bool:
    """Whether queries behind a prefix see all of it and of what comes before them, and zeros for it are worth it."""
    behind = (allow_is_causal_skip and 1 < q_length < kv_length <= _SHARE * q_length and kv_offset == 0
              and q_offset + q_length == kv_length and (local_size is None or kv_length < local_size))
    return bool(behind and (attention_mask is None or attention_mask.all()))


ALL_ATTENTION_FUNCTIONS["sdpa"] = attend
ALL_MASK_ATTENTION_FUNCTIONS["sdpa"] = mask
