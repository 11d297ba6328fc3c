"""Attention behind a cached prefix: no mask where none is needed, the same numbers, and modules left as they are."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from small_models import configuration, network, small, tokenizer
from transformers import AutoModelForCausalLM, DeepseekV32Config, PreTrainedModel, StaticCache
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from eg_cfg.models.huggingface import attention
from eg_cfg.models.huggingface.model import HuggingFaceModel

CAUSAL: dict[str, Any] = {"batch_size": 1, "q_length": 6, "kv_length": 10, "q_offset": 4, "kv_offset": 0,
                          "attention_mask": torch.ones((1, 10), dtype=torch.bool)}


@pytest.fixture
def behind() -> Iterator[None]:
    with attention.behind_prefixes():
        yield


@pytest.mark.usefixtures("behind")
@pytest.mark.parametrize("changes", [
    {}, {"attention_mask": None}, {"local_size": 11}, {"q_length": 1, "q_offset": 9}, {"q_length": 10, "q_offset": 0},
], ids=str)
def test_none_is_written_out_where_all_that_came_before_is_seen(changes: dict[str, Any]) -> None:
    assert attention.mask(**{**CAUSAL, **changes}) is None


@pytest.mark.usefixtures("behind")
@pytest.mark.parametrize("changes", [
    {"attention_mask": torch.tensor([[False] + [True] * 9])}, {"local_size": 8}, {"local_size": 10},
    {"q_length": 4, "q_offset": 6}, {"allow_is_causal_skip": False},
    {"batch_size": 2, "attention_mask": torch.tensor([[True] * 10, [False] * 3 + [True] * 7])},
], ids=str)
def test_where_one_is_needed_it_is_that_of_transformers_in_numbers(changes: dict[str, Any]) -> None:
    given = {**CAUSAL, **changes}
    expected = sdpa_mask(**given)
    found = attention.mask(**given, dtype=torch.float64)
    assert expected is not None
    assert found is not None
    assert found.dtype == torch.float64
    assert torch.equal(found == 0, expected)
    assert torch.equal(found == -torch.inf, ~expected)


@pytest.mark.usefixtures("behind")
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


def test_outside_everything_is_that_of_transformers() -> None:
    """A prefill into an empty static cache has no mask either, and means another thing by it."""
    module = small("llama").module
    assert module.config._attn_implementation == "sdpa"
    tokens = torch.tensor([[6, 7, 8, 9, 10, 11]])
    with torch.no_grad():
        expected = module(input_ids=tokens, use_cache=False).logits
        cache: Any = StaticCache(config=module.config, max_cache_len=10)
        assert torch.allclose(module(input_ids=tokens, past_key_values=cache).logits, expected, atol=1e-5)
    mask = attention.mask(**CAUSAL)
    assert mask is not None
    assert torch.equal(mask, sdpa_mask(**CAUSAL))


def test_another_thread_is_not_concerned() -> None:
    found: list[torch.Tensor | None] = []
    with attention.behind_prefixes():
        thread = threading.Thread(target=lambda: found.append(attention.mask(**CAUSAL)))
        thread.start()
        thread.join()
        assert attention.mask(**CAUSAL) is None
    [mask] = found
    assert mask is not None


def test_a_model_that_asks_for_the_name_of_its_attention_is_exact() -> None:
    """Sparse attention: some tokens are chosen for each, by whoever computes with `sdpa` or `eager`."""
    sizes = {key: getattr(configuration("deepseek_v3"), key) for key in (
        "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
        "num_key_value_heads", "max_position_embeddings", "initializer_range", "q_lora_rank", "kv_lora_rank",
        "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim")}
    torch.manual_seed(5)
    make: Any = AutoModelForCausalLM.from_config
    module: PreTrainedModel = make(DeepseekV32Config(
        **sizes, index_topk=4, index_n_heads=2, index_head_dim=16, moe_intermediate_size=16, n_routed_experts=4,
        num_experts_per_tok=2, n_group=1, topk_group=1, first_k_dense_replace=2, bos_token_id=0, eos_token_id=1),
        dtype=torch.float32)
    module.train(False)
    model = HuggingFaceModel(module, tokenizer(), name="sparse")
    row = list(range(6, 46))
    with torch.no_grad():
        expected = module(input_ids=torch.tensor([row]), use_cache=False).logits[0].log_softmax(-1)
    prefixes = model.start([row[:20]])
    assert (prefixes.log_probs[0] - expected[19]).abs().max() < 1e-4
    prefixes.extend([row[20:]])
    assert (prefixes.log_probs[0] - expected[39]).abs().max() < 1e-4


def test_what_computes_otherwise_is_left_alone() -> None:
    assert attention.suits(network("llama"))
    eager = copy.deepcopy(network("llama"))
    eager.set_attn_implementation("eager")
    assert not attention.suits(eager)

    class Remote(type(network("llama"))):  # type: ignore[misc]
        """Code that came with a model."""

    assert not attention.suits(Remote(configuration("llama")))
