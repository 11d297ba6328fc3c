"""Heads that copy from the first step on, and the documents that nothing but copying tells."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from recipes.tiny.copying import give_copying, look_back
from recipes.tiny.data import _vocabulary, documents, encoded
from recipes.tiny.documents import repeats
from recipes.tiny.options import Phase, Stage
from recipes.tiny.parts import Draw
from recipes.tiny.train import PACKAGED
from tokenizers import Tokenizer
from transformers import LlamaConfig, LlamaForCausalLM

from eg_cfg.benchmarks.minipy import train_problem
from eg_cfg.errors import UsageError

TOKENIZER = PACKAGED / "tiny"


def model(seed: int = 3) -> LlamaForCausalLM:
    torch.manual_seed(seed)
    return LlamaForCausalLM(LlamaConfig(
        vocab_size=1536, hidden_size=128, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=4,
        intermediate_size=64, tie_word_embeddings=True, attention_bias=True, attn_implementation="eager"))


def attended(network: LlamaForCausalLM, ids: list[int]) -> Any:
    """[layers][1, heads, to, from]."""
    with torch.inference_mode():
        return network(input_ids=torch.tensor([ids]), output_attentions=True).attentions


@pytest.mark.parametrize("back", [1, 2, 5])
def test_a_head_reads_the_token_so_many_places_before_wherever_it_stands(back: int) -> None:
    network = model()
    with torch.no_grad():
        look_back(network.model.layers[0].self_attn, 1, back, 10_000.0)
    ids = Random(1).sample(range(20, 1536), 300)
    weights = attended(network, ids)[0][0, 1]
    assert weights.diagonal(-back)[5:].min() > 0.95


def test_what_followed_the_last_time_is_found_before_anything_was_learnt() -> None:
    network = model()
    first = Random(2).sample(range(20, 1536), 60)
    place = torch.arange(60, 119)
    before = attended(network, first * 2)[1][0, :, place, place - 59].mean()
    give_copying(network, seed=4)
    found = attended(network, first * 2)[1][0, :, place, place - 59].mean()
    assert before < 0.02
    assert found > 8 * before


def test_the_same_seed_gives_the_same_heads() -> None:
    one, other, third = model(), model(), model()
    give_copying(one, seed=4)
    give_copying(other, seed=4)
    give_copying(third, seed=5)
    weights = [network.model.layers[1].self_attn.q_proj.weight for network in (one, other, third)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_repeats_say_the_same_tokens_again_and_train_on_the_copies_alone() -> None:
    tokenizer = Tokenizer.from_file(str(TOKENIZER / "tokenizer.json"))
    vocabulary = _vocabulary(TOKENIZER)
    assert len(vocabulary) > 1300
    problem = train_problem(1, 1)
    [document] = encoded([repeats(Draw(problem, (), Random(7), vocabulary=vocabulary))], tokenizer)
    ids, targets = document.ids.tolist(), document.targets.tolist()
    length = targets.index(True)
    assert 8 <= length <= 40
    assert ids == ids[:length] * (len(ids) // length)
    assert targets == [False] * length + [True] * (len(ids) - length)


def test_repeats_without_a_vocabulary_are_told(tmp_path: Path) -> None:
    stage = Stage(model="m", shape="s", seed=1, shard_problems=2, phases=(Phase(tokens=10, mix={"repeats": 1}),))
    with pytest.raises(UsageError, match="expected a vocabulary"):
        documents(stage, 0, 0)
