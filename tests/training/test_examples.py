"""Tokens of examples are those of sampling; nothing is cut; what is no example is refused."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from small_models import small, tokenizer

from eg_cfg.errors import ConfigError, DataFormatError, DataNotFoundError
from eg_cfg.models import Sampling
from eg_cfg.models.base import Infill, Message
from eg_cfg.models.huggingface.model import HuggingFaceModel
from eg_cfg.training import TrainingExample, read_examples
from eg_cfg.training.examples import encode, fingerprint, to_plain

CHAT = (Message("system", "Be brief."), Message("user", "Add."))
GAP = Infill("def add(", "    return a + b\n")


def test_training_sees_the_tokens_that_sampling_makes() -> None:
    model = small()
    prompt = "def add(a, b):\n    ret"
    [[sampled]] = model.generate([prompt], Sampling(max_new_tokens=12, temperature=1.0, seed=3))
    [kept], skipped = encode(model, [TrainingExample(prompt, "urn a + b\n")], 128)
    assert skipped == 0
    assert kept.ids[:kept.prompt] == tuple(model.encode(prompt))
    assert kept.ids[kept.prompt:-1] == tuple(model.encode_text("urn a + b\n"))  # apart, though they would merge
    assert kept.ids[-1] == tokenizer().eos_token_id
    [score] = model.score([(prompt, "urn a + b\n")], end=True)
    assert score.token_ids == kept.ids[kept.prompt:]
    assert kept.supervised == len(score.token_ids)
    assert sampled.token_ids is not None


def test_chats_and_gaps_go_through_template_and_fim_tokens() -> None:
    core = tokenizer().__class__(tokenizer_object=tokenizer().backend_tokenizer, bos_token="<s>", eos_token="</s>")
    core.chat_template = "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}[assistant]"
    module = small().module
    assert module is not None
    model = HuggingFaceModel(module, core, name="chatty")
    (chat, gap), _ = encode(model, [TrainingExample(CHAT, "a + b"), TrainingExample(GAP, "a, b):\n")], 128)
    assert chat.ids[:chat.prompt] == tuple(model.encode(CHAT))
    assert "[assistant]" in model.decode(chat.ids[:chat.prompt])
    assert gap.ids[:gap.prompt] == tuple(model.encode(GAP))


def test_too_long_examples_are_left_out_and_counted() -> None:
    model = small()
    long = TrainingExample("def f():\n", "    pass\n" * 40)
    short = TrainingExample("def f():\n", "    pass\n")
    kept, skipped = encode(model, [long, short, long], 64)
    assert (len(kept), skipped) == (1, 2)
    length = len(kept[0].ids)
    assert encode(model, [short], length)[1] == 0
    assert encode(model, [short], length - 1) == ([], 1)  # its end would not fit


def test_weights_have_a_mean_of_one_over_what_is_kept() -> None:
    model = small()
    long = TrainingExample("def f():\n", "    pass\n" * 40, weight=100.0)
    kept, _ = encode(model, [TrainingExample("a", "b", 1.0), long, TrainingExample("c", "d", 3.0)], 64)
    assert [example.weight for example in kept] == [0.5, 1.5]
    kept, _ = encode(model, [TrainingExample("a", "b", 0.3)] * 3, 64)
    assert {example.weight for example in kept} == {1.0}


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf")])
def test_a_weight_that_is_none_is_refused(weight: float) -> None:
    with pytest.raises(ConfigError, match="example 1: expected a finite weight of 0 or more"):
        encode(small(), [TrainingExample("a", "b"), TrainingExample("a", "b", weight)], 64)


def test_weights_that_are_all_zero_are_refused() -> None:
    with pytest.raises(ConfigError, match="every example has the weight 0"):
        encode(small(), [TrainingExample("a", "b", 0.0)], 64)


def test_examples_are_read_as_they_were_written(tmp_path: Path) -> None:
    examples = [TrainingExample("p\ud800", "c"), TrainingExample(CHAT, "x", 0.25), TrainingExample(GAP, "")]
    path = tmp_path / "examples.jsonl.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write("\n".join(json.dumps(to_plain(example)) for example in examples) + "\n\n")
    assert read_examples(path) == examples
    assert fingerprint(read_examples(path)) == fingerprint(examples)
    assert fingerprint(examples[::-1]) != fingerprint(examples)
    plain = tmp_path / "code.jsonl"
    plain.write_text('{"prompt": "p", "code": "c", "weight": 2}\n')
    assert read_examples(plain) == [TrainingExample("p", "c", 2.0)]


@pytest.mark.parametrize("row", [
    "[]", "{", '{"prompt": "p"}', '{"completion": "c"}', '{"prompt": 1, "completion": "c"}',
    '{"prompt": "p", "completion": 3}', '{"prompt": "p", "completion": "c", "wieght": 1}',
    '{"prompt": "p", "completion": "c", "weight": "1"}', '{"prompt": "p", "completion": "c", "weight": true}',
    '{"prompt": [], "completion": "c"}', '{"prompt": [{"role": "tool", "content": ""}], "completion": "c"}',
    '{"prompt": "p", "completion": "c", "code": "c"}',
])
def test_a_row_that_is_no_example_is_named(tmp_path: Path, row: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(f'{{"prompt": "p", "completion": "c"}}\n{row}\n')
    with pytest.raises(DataFormatError, match="line 2: expected an object with 'prompt' and 'completion'"):
        read_examples(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataNotFoundError, match="cannot read the examples"):
        read_examples(tmp_path / "none.jsonl")
