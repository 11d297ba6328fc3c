"""Perplexity of code under a model: exp(mean negative log-probability) of the code's tokens alone.

    score_code(model, [pair])[0].perplexity

The prompt, header and docstring, is given and not counted; neither is the end of the text. Prompt and code are
tokenised apart and joined, as in generation. Log-probabilities are those of a plain full forward pass; every backend
that scores gives them (`eg_cfg.models.base.ScoringModel`).
"""

from __future__ import annotations

from collections.abc import Sequence

from eg_cfg.models.base import Prompt, Score, ScoringModel
from evoselfcode.pairs import task_prompt
from evoselfcode.records import PairFields


def score_code(model: ScoringModel, pairs: Sequence[PairFields]) -> list[Score | None]:
    """Scores of the pairs' bodies, given their headers and docstrings; None for a pair that is too long for the model.

    Raises:
        ModelError: The model could not do its work.
    """
    return score_texts(model, [(task_prompt(pair), pair.body) for pair in pairs])


def score_texts(model: ScoringModel, asked: Sequence[tuple[Prompt, str]]) -> list[Score | None]:
    """Scores of texts, given prompts; None where both together do not fit into the model's context."""
    context = getattr(model, "context", None)
    encode, encode_text = getattr(model, "encode", None), getattr(model, "encode_text", None)
    fits = list(range(len(asked)))
    if context is not None and encode is not None and encode_text is not None:
        fits = [place for place, (prompt, text) in enumerate(asked)
                if len(encode(prompt)) + len(encode_text(text)) - 1 <= context]
    found: list[Score | None] = [None] * len(asked)
    for place, score in zip(fits, model.score([asked[place] for place in fits]), strict=True):
        found[place] = score
    return found
