"""Samples of a local model: the same alone, in a batch, and after a restart; prompts that do not fit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from evaluation_cases import PROMPTS, problem
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoModelForCausalLM, LlamaConfig, PreTrainedTokenizerFast

from eg_cfg.benchmarks.base import AssertionTest, Problem
from eg_cfg.config import build
from eg_cfg.errors import ConfigError
from eg_cfg.models.base import Infill, Sampling
from eg_cfg.models.fake import FakeModel
from eg_cfg.models.huggingface.loading import load
from eg_cfg.models.options import LocalOptions
from eg_cfg.studies.model_options import ModelOptions, weights_fingerprint
from eg_cfg.studies.sampling import PromptOptions, Sampler, SampleRow, plain

CONTEXT = 96
SAMPLING = Sampling(n=4, temperature=0.9, max_new_tokens=16)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small random model, saved."""
    torch.set_num_threads(1)
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=["<s>", "</s>", "<pad>"], show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    core.train_from_iterator(["def add(a, b):\n    return a + b\n"], trainer)
    make: Any = PreTrainedTokenizerFast
    tokenizer = make(tokenizer_object=core, bos_token="<s>", eos_token="</s>", pad_token="<pad>")
    torch.manual_seed(5)
    network: Any = AutoModelForCausalLM
    module = network.from_config(
        LlamaConfig(vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=2,
                    num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=CONTEXT,
                    bos_token_id=0, eos_token_id=1, pad_token_id=2, initializer_range=0.3), dtype=torch.float32)
    path = tmp_path_factory.mktemp("model")
    module.save_pretrained(path)
    tokenizer.save_pretrained(path)
    return path


def sampler(folder: Path, batch_size: int = 16, **changes: Any) -> Sampler:
    model = load(str(folder), LocalOptions(batch_size=batch_size), name="small")
    return Sampler(model, PROMPTS, SAMPLING.model_copy(update=changes))


def drawn(of: Sampler, numbers: list[int], missing: dict[str, list[int]] | None = None) -> dict[tuple[str, int], Any]:
    questions = [of.question(problem(number)) for number in numbers]
    wanted = missing or {question.problem.task_id: list(of.indices) for question in questions}
    rows = list(of.draw(questions, wanted))
    assert len({(row.task_id, row.index) for row in rows}) == len(rows)
    return {(row.task_id, row.index): replace(row, seconds=0.0, log_prob=round(row.log_prob or 0, 3)) for row in rows}


def test_the_same_seed_gives_the_same_samples_alone_in_a_batch_and_in_parts(folder: Path) -> None:
    numbers = [10, 11, 123456, 12]
    together = drawn(sampler(folder), numbers)
    assert len(together) == 16
    assert len({row.text for row in together.values()}) > 8
    alone: dict[tuple[str, int], Any] = {}
    for number in reversed(numbers):
        alone |= drawn(sampler(folder, batch_size=1), [number])
    assert alone == together
    parts = drawn(sampler(folder), numbers, {"demo/10": [0, 3], "demo/123456": [1, 2], "demo/12": [2]})
    assert {key: row for key, row in together.items() if key in parts} == parts
    assert len(parts) == 5
    other = drawn(sampler(folder, seed=43), numbers)
    assert {key: row.text for key, row in other.items()} != {key: row.text for key, row in together.items()}


def test_rows_hold_what_the_model_said(folder: Path) -> None:
    of = sampler(folder)
    rows = drawn(of, [10])
    row = rows["demo/10", 1]
    assert SampleRow.from_json(row.to_json()) == row
    question = of.question(problem(10))
    [[completion]] = of.model.generate([question.prompt],
                                       SAMPLING.model_copy(update={"n": 1, "first_sample": 1, "stop": question.stop}))
    assert (row.text, row.tokens, row.finish_reason) == (completion.text, completion.num_tokens,
                                                         completion.finish_reason)
    assert row.log_prob == pytest.approx(completion.log_prob, abs=1e-3)
    assert rows["demo/10", 0].prompt_tokens == len(of.model.encode(question.prompt))  # type: ignore[attr-defined]


def test_beams_are_found_again_together(folder: Path) -> None:
    beams = {"num_beams": 4, "temperature": 0.0}
    whole = drawn(sampler(folder, **beams), [10, 11])
    assert [whole["demo/10", index].sequence_score for index in range(4)] == \
        sorted((whole["demo/10", index].sequence_score for index in range(4)), reverse=True)
    part = drawn(sampler(folder, **beams), [10, 11], {"demo/11": [2]})
    assert part == {("demo/11", 2): whole["demo/11", 2]}


def test_a_prompt_longer_than_the_context_is_an_unanswered_problem(folder: Path) -> None:
    of = sampler(folder)
    long = replace(problem(11), completion_prefix="0 + " * CONTEXT)
    questions = [of.question(problem(10)), of.question(long)]
    rows = list(of.draw(questions, {"demo/10": [0], "demo/11": [0, 1]}))
    assert [(r.task_id, r.finish_reason, r.solution) for r in rows if r.task_id == "demo/11"] == \
        [("demo/11", "context_length", "")] * 2
    assert [r.finish_reason != "context_length" for r in rows if r.task_id == "demo/10"] == [True]


def test_stop_strings_are_those_of_the_task_unless_given(folder: Path) -> None:
    assert "\ndef" in sampler(folder).question(problem(10)).stop
    given = sampler(folder, stop=("END",)).question(problem(10))
    assert given.stop == ("END",)
    assert given.key != sampler(folder).question(problem(10)).key


def test_a_gap_is_no_prompt_of_a_study() -> None:
    with pytest.raises(TypeError, match="Infill"):
        plain(Infill("a", "b"))


def test_weights_that_were_trained_again_are_another_model(folder: Path, tmp_path: Path) -> None:
    before = weights_fingerprint(folder)
    assert before == weights_fingerprint(folder)
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in folder.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    assert weights_fingerprint(copy) == before
    changed = bytearray((copy / "model.safetensors").read_bytes())
    changed[-3] ^= 1
    (copy / "model.safetensors").write_bytes(changed)
    assert weights_fingerprint(copy) != before
    options = build(ModelOptions, {"model_name": str(copy)})
    assert options.model_identity()["weights"] == weights_fingerprint(copy)


def test_a_key_is_in_no_record_and_in_no_message() -> None:
    options = build(ModelOptions, {"model_name": "gpt-4o", "api_key": "sk-very-secret"})
    assert "secret" not in repr(options) + str(options.model_dump(mode="json")) + str(options.model_identity())
    with pytest.raises(ConfigError, match="--api-key") as error:
        build(ModelOptions, {"model_name": "gpt-4o", "model_option": {"api_key": "sk-very-secret"}})
    assert "secret" not in str(error.value)


def test_models_of_function_bodies_get_a_header_where_a_task_is_words_alone() -> None:
    shown = AssertionTest("assert double(3) == 6")
    words = Problem("mbpp/1", "mbpp", "Write a function to double a number.", "double", (shown,), (shown,))
    body, whole = "    return 2 * n\n", "def double(n):\n    return 2 * n\n"
    model = FakeModel(lambda prompt, sample: body if str(prompt).startswith("def ") else whole)
    for family, kept in (("embedded", False), ("generic", True)):
        sampler = Sampler(model, build(PromptOptions, {"family": family}), Sampling(n=1, temperature=0.5))
        question = sampler.question(words)
        assert (question.problem is words) is kept
        [row] = sampler.draw([question], {"mbpp/1": [0]})
        assert row.extraction == "ok"
        assert row.prompt == question.prompt  # the records say exactly what was asked
        assert row.solution == (whole if kept else f"{question.prompt}{body}")
        space: dict[str, Any] = {}
        exec(row.solution, space)
        assert space["double"](4) == 8
