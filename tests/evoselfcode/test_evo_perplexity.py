"""Perplexity is that of a plain full forward pass over the code's tokens."""

from __future__ import annotations

import math

import pytest
import torch
from evo_pairs import pair_of

from eg_cfg.models import registry
from eg_cfg.models.base import ScoringModel, require_scores
from evoselfcode.pairs import task_prompt
from evoselfcode.pipeline.perplexity import score_code, score_texts

PAIRS = [pair_of("return [2 * v for v in values]"), pair_of("return values"),
         pair_of("result = []\nfor v in values:\n    if v > 3:\n        result.append(v)\nreturn result"),
         pair_of("return values[::-1]", description="Turn the list around, then do nothing more at all with it.")]


@pytest.mark.parametrize("batch_size", [1, 3])
def test_it_is_exp_of_the_mean_nll_of_a_full_forward_pass(batch_size: int) -> None:
    model = registry.load("tiny-base", {"batch_size": batch_size, "dtype": "float32"})
    assert isinstance(model, ScoringModel)
    scores = score_code(model, PAIRS)
    network, tokenizer = model.module, model.tokenizer  # type: ignore[attr-defined]
    for pair, score in zip(PAIRS, scores, strict=True):
        prompt = tokenizer(task_prompt(pair))["input_ids"]
        body = tokenizer(pair.body, add_special_tokens=False)["input_ids"]
        with torch.no_grad():
            logits = network(torch.tensor([[*prompt, *body]])).logits[0].double()
        log_probs = logits.log_softmax(-1)[len(prompt) - 1:-1]
        nll = -log_probs[torch.arange(len(body)), torch.tensor(body)].mean().item()
        assert score is not None
        assert len(score.token_ids) == len(body)
        assert score.perplexity == pytest.approx(math.exp(nll), abs=1e-4, rel=2e-6)  # single precision


def test_backends_that_score_say_what_their_tokens_come_to() -> None:
    fake = registry.load("fake:x", {"replies": "", "logits": True, "confidence": 0.5})
    (score,) = score_code(require_scores(fake, "test"), PAIRS[:1])
    assert score is not None
    assert score.perplexity == pytest.approx(math.exp(-sum(score.log_probs) / len(score.log_probs)))


def test_what_is_too_long_for_the_model_has_no_perplexity() -> None:
    model = registry.load("tiny-base")
    assert isinstance(model, ScoringModel)
    found = score_texts(model, [("def f(x):\n", "    return x\n"), ("def f(x):\n", "    x += 1\n" * 800)])
    assert found[0] is not None
    assert found[1] is None
