"""The likeliest tokens of a reply, in the forms that servers write them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from eg_cfg.models.top_logprobs import Place, places, read


def found(told: Any) -> list[Place]:
    """Through the ledger and back."""
    return places(json.loads(json.dumps(read(told))))


def test_the_older_lists() -> None:
    [first, second] = found({"tokens": [" a", "\n"], "token_logprobs": [-0.1, -0.2],
                             "top_logprobs": [{" b": -3.0, " a": -0.1}, {"\n": -0.2}], "text_offset": [0, 2]})
    assert (first.chosen.data, first.chosen.log_prob, first.chosen.id) == (b" a", -0.1, None)
    assert [(each.data, each.log_prob) for each in first.top] == [(b" a", -0.1), (b" b", -3.0)]
    assert second.chosen.name == b"\n"


def test_objects_with_bytes_and_ids() -> None:
    half = {"id": 9, "token": "\ufffd", "bytes": [0xE2, 0x82], "logprob": -0.5}
    [place] = found({"content": [{**half, "top_logprobs": [half, {"id": 4, "token": "x", "logprob": -1.5}]}]})
    assert place.chosen.data == b"\xe2\x82"
    assert place.chosen.name == 9
    assert [each.name for each in place.top] == [9, 4]
    assert place.top[1].data == b"x"


@pytest.mark.parametrize(("text", "data"), [
    ("bytes:\\xe2\\x82", b"\xe2\x82"), ("bytes:\\x41", b"A"), ("bytes:", b"bytes:"), ("é", "é".encode()),
    ("\ufffd", b"\xff"), ("", b""),
])
def test_parts_of_characters_in_text(text: str, data: bytes) -> None:
    [place] = found({"tokens": [text], "token_logprobs": [-1.0], "top_logprobs": [{text: -1.0}]})
    assert place.chosen.data == data


@pytest.mark.parametrize("told", [
    None, [], {}, {"tokens": ["a"]}, {"tokens": ["a"], "token_logprobs": [-1.0], "top_logprobs": None},
    {"tokens": ["a"], "token_logprobs": [None], "top_logprobs": [{"a": -1.0}]},
    {"tokens": ["a"], "token_logprobs": [-1.0], "top_logprobs": [{}]},
    {"tokens": ["a"], "token_logprobs": [-1.0], "top_logprobs": [{"a": -9999.0}]},
    {"tokens": ["a"], "token_logprobs": [float("nan")], "top_logprobs": [{"a": -1.0}]},
    {"content": [{"token": "a", "logprob": -1.0}]}, {"content": [3]},
    {"content": [{"token": "a", "logprob": "-1", "top_logprobs": [{"token": "a", "logprob": -1.0}]}]},
    {"content": [{"token": 3, "logprob": -1.0, "top_logprobs": [{"token": "a", "logprob": -1.0}]}]},
], ids=str)
def test_what_is_not_told_is_not_there(told: Any) -> None:
    assert found(told) == []


def test_places_end_where_something_is_missing() -> None:
    told = {"tokens": ["a", "b", "c"], "token_logprobs": [-0.1] * 3, "top_logprobs": [{"a": -0.1}, None, {"c": -0.1}]}
    assert [place.chosen.data for place in found(told)] == [b"a"]


def test_a_number_a_little_above_0_is_rounding_and_minus_infinity_is_left_out() -> None:
    told = {"tokens": ["a"], "token_logprobs": [1e-7], "top_logprobs": [{"a": 1e-7, "b": float("-inf")}]}
    [place] = found(told)
    assert place.chosen.log_prob == 0.0
    assert [each.data for each in place.top] == [b"a"]
