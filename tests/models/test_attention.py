"""Attention behind a cached prefix: no mask where none is needed, and the same numbers."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from small_models import network, small
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from eg_cfg.models.huggingface import attention


def masks(**changes: Any) -> torch.Tensor | None:
    return attention.mask(**{"batch_size": 1, "q_length": 6, "kv_length": 10, "q_offset": 4, "kv_offset": 0,
                             "attention_mask": torch.ones((1, 10), dtype=torch.bool), "dtype": torch.float32,
                             **changes})


def test_none_is_written_out_where_all_that_came_before_is_seen() -> None:
    assert masks() is None
    assert masks(attention_mask=None) is None
    assert masks(local_size=11) is None
    assert masks(q_length=1, q_offset=9) is None
    assert masks(q_length=10, q_offset=0) is None


@pytest.mark.parametrize("changes", [
    {"attention_mask": torch.tensor([[False] + [True] * 9])}, {"local_size": 8}, {"local_size": 10},
    {"q_length": 4, "q_offset": 6}, {"allow_is_causal_skip": False},
    {"batch_size": 2, "attention_mask": torch.tensor([[True] * 10, [False] * 3 + [True] * 7])},
], ids=str)
def test_where_one_is_needed_it_is_that_of_transformers_in_numbers(changes: dict[str, Any]) -> None:
    given = {"batch_size": 1, "q_length": 6, "kv_length": 10, "q_offset": 4, "kv_offset": 0,
             "attention_mask": torch.ones((1, 10), dtype=torch.bool), **changes}
    expected = sdpa_mask(**given)
    found = attention.mask(**given, dtype=torch.float64)
    assert expected is not None
    assert found is not None
    assert found.dtype == torch.float64
    assert torch.equal(found == 0, expected)
    assert torch.equal(found == -torch.inf, ~expected)


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize(("cached", "new"), [(3, 5), (5, 5), (0, 6), (7, 1)])
def test_results_are_those_with_the_mask_written_out(groups: int, cached: int, new: int) -> None:
    torch.manual_seed(cached)
    layer: Any = torch.nn.Identity()
    layer.is_causal, layer.num_key_value_groups = True, groups
    query = torch.randn(1, 4, new, 8)
    key, value = (torch.randn(1, 4 // groups, cached + new, 8) for _ in range(2))
    seen = torch.arange(cached + new)[None] <= torch.arange(cached, cached + new)[:, None]
    expected, _ = sdpa_attention_forward(layer, query, key, value, seen[None, None], scaling=0.3)
    found, _ = attention.attend(layer, query, key, value, None, scaling=0.3)
    assert found.shape == expected.shape == (1, new, 4, 8)
    assert torch.allclose(found, expected, atol=1e-6)


def test_only_what_computes_with_sdpa_is_changed() -> None:
    assert small("llama").module.config._attn_implementation == attention.NAME
    module = copy.deepcopy(network("gpt_neo"))
    module.set_attn_implementation("eager")
    attention.share_prefixes(module)
    assert module.config._attn_implementation == "eager"
