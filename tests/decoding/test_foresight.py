"""Guesses at the next line: they save passes, and change nothing that is written."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest
from random_coders import ScriptedExecutor, coder, problems
from reference import Reference

from eg_cfg.config import build
from eg_cfg.decoding import steering
from eg_cfg.decoding.base import GuideOptions, Solution
from eg_cfg.decoding.branches import Branches, Step
from eg_cfg.decoding.egcfg import Guide
from eg_cfg.decoding.foresight import agreed_line
from eg_cfg.decoding.sampling import Reader
from eg_cfg.decoding.tasks import Node
from eg_cfg.models.base import LogitModel
from eg_cfg.models.fake_logits import FakeLogitModel

PIECES = ("    x", " +=", " -=", " =", " 1", " x", " +", "\n", "    x = 1\n", "    x += 1\n", "    return x\n")
"""Lines of several tokens, so that a guess can hold for a while."""


def options(**changes: Any) -> GuideOptions:
    return build(GuideOptions, {"prompt_type": "completion", "max_new_tokens": 14, "candidates": 3,
                                "gammas": [0.0, 0.5, 3.0], **changes})


def solve(model: LogitModel, chosen: GuideOptions, count: int = 3) -> tuple[dict[tuple[str, float], Solution], Guide]:
    guide = Guide(model, ScriptedExecutor(), chosen)
    before = model.usage.computed_tokens
    found = {(each.task_id, each.gamma): each for each in guide.solve(problems(count))}
    assert model.usage.computed_tokens - before == guide.counters.tokens
    for solution in found.values():
        if solution.finish_reason != "accepted":
            assert solution.counters.plain_tokens == len(solution.token_ids) - 1
    return found, guide


@pytest.mark.parametrize("family", ["gpt2", "deepseek_v3", "qwen2"])
def test_lines_of_several_tokens_are_those_of_the_reference(family: str) -> None:
    model, chosen = coder(family, pieces=PIECES), options(temperature=0.3)
    found, guide = solve(model, chosen)
    assert guide.counters.rejected_tokens > 0
    for problem in problems(3):
        for gamma in chosen.gammas:
            expected = Reference(model, ScriptedExecutor(), chosen).solve(problem, gamma)
            assert list(found[problem.task_id, gamma].token_ids) == expected.tokens


@pytest.mark.parametrize("changes", [
    {"batch_size": 1}, {"batch_size": 3}, {"strategy": "persistent"}, {"refresh": 2}, {"guided_temperature": 1.0},
    {"stop": ["+= 1"]}, {"max_new_tokens": 3}, {"accept_passing": True}, {"horizon": None},
], ids=str)
def test_whatever_is_guessed_the_same_is_written(changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """No guess, the right one for a while, a wrong one, one that ends the text: tokens and records are the same."""
    model, chosen = coder("gpt2", pieces=PIECES), options(**changes)
    monkeypatch.setattr(steering, "agreed_line", lambda *_: ())
    plainly, guide = solve(model, chosen)
    assert guide.counters.rejected_tokens == 0
    whole = {tuple(each.token_ids) for each in plainly.values()}
    dice = random.Random(3)
    held = 0

    def guess(code: Sequence[int], sampled: object, due: int, room: int, *_: object) -> tuple[int, ...]:
        known = [tokens[len(code):] for tokens in whole if list(tokens[: len(code)]) == list(code)]
        right = list(dice.choice(known))[: dice.randint(0, 9)] if known else []
        return (*right, *dice.choices(range(1, model.vocabulary_size), k=dice.randint(0, 4)))[: room - 1]

    for _ in range(3):
        monkeypatch.setattr(steering, "agreed_line", guess)
        guessed, guide = solve(model, chosen)
        assert guide.counters.rejected_tokens > 0
        held += guide.counters.conditional_tokens
        for key, one in plainly.items():
            other = guessed[key]
            assert (one.token_ids, one.finish_reason, one.program) == (
                other.token_ids, other.finish_reason, other.program)
            assert len(one.refreshes) == len(other.refreshes)
            for before, after in zip(one.refreshes, other.refreshes, strict=True):
                assert (before.code, before.signal, before.signal_tokens) == (
                    after.code, after.signal, after.signal_tokens)
                assert [token.id for token in before.tokens] == [token.id for token in after.tokens]
                for was, now in zip(before.tokens, after.tokens, strict=True):
                    assert (was.plain, was.guided) == pytest.approx((now.plain, now.guided), abs=1e-4)
                    assert (was.conditional is None) == (now.conditional is None)
    assert held > 0


def test_a_guess_that_holds_saves_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that is sure of its program: every line is guessed, and each costs a pass for each branch."""
    [problem] = problems(1)
    body = "    y = x\n    y += 1\n    return y\n"
    model = FakeLogitModel(lambda prompt, index: body, confidence=1 - 1e-9)

    def passes() -> tuple[int, list[int]]:
        chosen = options(gammas=[1.0], max_new_tokens=64)
        guide = Guide(model, ScriptedExecutor(), chosen)
        [solution] = guide.solve([problem])
        assert solution.completion == body
        assert guide.counters.rejected_tokens == 0
        return guide.counters.forward_passes, list(solution.token_ids)

    fast, tokens = passes()
    monkeypatch.setattr(steering, "agreed_line", lambda *_: ())
    slow, same = passes()
    assert tokens == same
    assert slow - fast == len(body) - 3  # a byte is a token; the three lines are read by the plain branch, at once


def test_what_is_plain_keeps_no_conditional_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gamma 0 parts from the others within a guess: the other branch's memory goes."""
    kept: list[bool] = []
    share = Branches._share

    def watched(self: Branches, node: Node, count: int, leaving: Sequence[Node], found: Step) -> None:
        share(self, node, count, leaving, found)
        kept.extend(child.conditional is not None for child in leaving if not child.steered)
        assert all(child.conditional is not None for child in leaving if child.steered)

    monkeypatch.setattr(Branches, "_share", watched)
    solve(coder("gpt2", pieces=PIECES), options(temperature=0.3, gammas=[0.0, 3.0]))
    assert kept
    assert not any(kept)


def test_what_candidates_agree_on_is_guessed() -> None:
    model = FakeLogitModel({"": ""})
    reader = Reader(model)
    [end] = model.end_tokens

    def guess(*texts: str, code: str = "", due: int = 1, room: int = 99) -> str:
        sampled = [model.encode_text(text.rstrip("$")) + [end] * text.endswith("$") for text in texts]
        return model.decode(agreed_line(model.encode_text(code), sampled, due, room, model.end_tokens, reader))

    assert guess("a\nb\n", "c\nd\n", "c\ne\n") == "c\n"
    assert guess("a\n", "c\n", "b\n", "c\n", "b\n") == "c\n"  # of equals the first
    assert guess("a\nb\n", "c\nd\n") == ""
    assert guess("a\nb\nc\n", code="x\n", due=3) == "a\nb\n"
    assert guess("a$", "a\n", "a$") == "a"  # the end is not guessed
    assert guess("a\nb\n", room=2) == "a"
    assert guess("a\nb\n", room=1) == ""
    assert guess() == ""
    assert guess("a" * 99) == "a" * 32  # distributions of all of it are held at once
