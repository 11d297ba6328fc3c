"""Attention over a cache that holds a prefix already, without a mask where none is needed.

    share_prefixes(module)                  # a module that computes with `sdpa` computes so from now on

PyTorch's attention knows causal masks of squares only. Where many tokens come behind a prefix that is cached,
transformers writes the mask out, and every layer adds it to all scores, those of tokens to come included. Here queries
of zeros stand for the prefix, so that the mask is a square's again: nothing is written out, what is to come is left
out, and the zeros' results are dropped. Where a mask is needed, for padding or a window, it is turned into numbers
once, and not in every layer.

The results are those of `sdpa`, up to rounding.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.nn.functional import pad
from transformers import AttentionInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

NAME = "eg_cfg_sdpa"
_SHARE = 2
"""Zeros are worth it while the cached prefix is no longer than the tokens behind it."""


def share_prefixes(module: PreTrainedModel) -> None:
    """Lets a module compute so; one that computes with anything but `sdpa`, or cannot be told to, stays as it is."""
    if getattr(module.config, "_attn_implementation", None) == "sdpa" and module._can_set_attn_implementation():
        module.set_attn_implementation(NAME)


def attend(module: torch.nn.Module, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor,
           attention_mask: torch.Tensor | None, **options: Any) -> tuple[torch.Tensor, None]:
    """The attention of one layer; without a mask, the queries are those of the last keys."""
    before = key.shape[2] - query.shape[2]
    if attention_mask is not None or query.shape[2] == 1 or not before:
        return sdpa_attention_forward(module, query, key, value, attention_mask, **options)
    found, _ = sdpa_attention_forward(module, pad(query, (0, 0, before, 0)), key, value, None, **options)
    return found[:, before:], None


def mask(*, q_length: int, kv_length: int, q_offset: int = 0, kv_offset: int = 0,
         attention_mask: torch.Tensor | None = None, local_size: int | None = None, allow_is_causal_skip: bool = True,
         dtype: torch.dtype = torch.float32, **options: Any) -> torch.Tensor | None:
    """The mask of all layers, as numbers to be added to scores; none where `attend` needs none."""
    behind = (allow_is_causal_skip and 1 < q_length < kv_length <= _SHARE * q_length and kv_offset == 0
              and q_offset + q_length == kv_length and (local_size is None or kv_length < local_size))
    if behind and (attention_mask is None or bool(attention_mask.all())):
        return None
    found: torch.Tensor | None = sdpa_mask(
        q_length=q_length, kv_length=kv_length, q_offset=q_offset, kv_offset=kv_offset, attention_mask=attention_mask,
        local_size=local_size, allow_is_causal_skip=allow_is_causal_skip, **options)
    if found is None or found.dtype != torch.bool:
        return found
    return torch.zeros(found.shape, dtype=dtype, device=found.device).masked_fill_(~found, -torch.inf)


AttentionInterface.register(NAME, attend)
AttentionMaskInterface.register(NAME, mask)
