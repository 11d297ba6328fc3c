"""Guidance over the likeliest tokens of two branches: numbers by hand, and against the whole vocabulary."""

from __future__ import annotations

import math
from collections import Counter

import pytest
import torch

from eg_cfg.decoding.guidance import guide
from eg_cfg.decoding.union import draw, mix
from eg_cfg.models.top_logprobs import TopToken


def listed(**probabilities: float) -> list[TopToken]:
    tokens = [TopToken(text.encode(), math.log(value)) for text, value in probabilities.items()]
    return sorted(tokens, key=lambda token: -token.log_prob)


def test_numbers_by_hand() -> None:
    plain = listed(a=0.5, b=0.3)
    conditional = listed(a=0.2, c=0.6)
    found = {each.token.text: each for each in mix(plain, conditional, 2.0)}
    # P_c ** 2 / P, where the P_c of b is taken as 0.2, and the P of c as 0.3
    weights = {"a": 0.2**2 / 0.5, "b": 0.2**2 / 0.3, "c": 0.6**2 / 0.3}
    for text, weight in weights.items():
        assert math.exp(found[text].guided) == pytest.approx(weight / sum(weights.values()))
    assert [each.token.text for each in mix(plain, conditional, 2.0)] == ["c", "b", "a"]
    # what was not told is not made up
    assert found["b"].plain == pytest.approx(math.log(0.3))
    assert math.isnan(found["b"].conditional or 0)
    assert math.isnan(found["c"].plain)


def test_below_1_both_bounds_count() -> None:
    mixed = mix(listed(a=0.64, b=0.16), listed(c=0.81, a=0.09), 0.5)
    found = {each.token.text: math.exp(each.guided) for each in mixed}
    weights = {"a": 0.8 * 0.3, "b": 0.4 * 0.3, "c": 0.4 * 0.9}
    assert found == pytest.approx({text: weight / sum(weights.values()) for text, weight in weights.items()})


def test_gamma_0_and_1_are_the_branches_own_lists() -> None:
    plain, conditional = listed(a=0.5, b=0.3), listed(c=0.6, a=0.2)
    assert [(each.token.text, each.guided) for each in mix(plain, None, 0)] == [
        ("a", math.log(0.5)), ("b", math.log(0.3))]
    assert [(each.token.text, each.guided) for each in mix(None, conditional, 1)] == [
        ("c", math.log(0.6)), ("a", math.log(0.2))]


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 3.0])
@pytest.mark.parametrize("top_k", [0, 3])
def test_with_the_whole_vocabulary_it_is_the_equation(gamma: float, top_k: int) -> None:
    torch.manual_seed(5)
    plain, conditional = (3 * torch.randn(2, 1, 12, dtype=torch.float64)).log_softmax(-1).float()
    lists = [[TopToken(str(place).encode(), float(row[0, place]), place) for place in row[0].argsort(descending=True)]
             for row in (plain, conditional)]
    lists = [[TopToken(token.data, token.log_prob, int(token.id or 0)) for token in each] for each in lists]
    found = mix(lists[0], lists[1], gamma, top_k)
    if top_k and gamma in (0, 1):
        assert len(found) == len({token.id for token in lists[int(gamma)][:3]})
        return
    expected = guide(plain, conditional, gamma, top_k)[0]
    assert {each.token.id: each.guided for each in found} == pytest.approx(
        {place: float(value) for place, value in enumerate(expected) if value > -math.inf}, abs=1e-5)
    assert found[0].token.id == int(expected.argmax())


def test_of_equals_the_smaller_id_or_the_first_of_the_plain_list_is_taken() -> None:
    assert mix([TopToken(b"b", -1.0, 7), TopToken(b"a", -1.0, 3)], None, 0)[0].token.id == 3
    assert mix([TopToken(b"b", -1.0), TopToken(b"a", -1.0)], None, 0)[0].token.data == b"b"


def test_a_list_that_has_a_say_must_be_there() -> None:
    with pytest.raises(ValueError, match="mixes 2 of the two lists"):
        mix(listed(a=0.5), [], 0.5)


def test_drawing_follows_the_probabilities_and_the_truncation() -> None:
    weighed = mix(listed(a=0.5, b=0.3, c=0.2), None, 0)
    numbers = [(place + 0.5) / 1000 for place in range(1000)]
    assert Counter(draw(weighed, 1.0, 1.0, number).token.text for number in numbers) == {"a": 500, "b": 300, "c": 200}
    assert Counter(draw(weighed, 1.0, 0.6, number).token.text for number in numbers) == {"a": 625, "b": 375}
    assert {draw(weighed, 0.0, 1.0, number).token.text for number in numbers} == {"a"}
    sharp = Counter(draw(weighed, 0.5, 1.0, number).token.text for number in numbers)
    assert sharp["a"] == pytest.approx(1000 * 0.25 / 0.38, abs=1)
