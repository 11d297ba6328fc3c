"""The decoder for endpoints against the local one, over a server on loopback that serves the same network."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from random_coders import ScriptedExecutor, coder, problems
from serving import EVERYTHING, ModelServer, ask

from eg_cfg.benchmarks.base import Problem
from eg_cfg.config import build
from eg_cfg.decoding.base import GuideOptions, Refresh, Solution, Token
from eg_cfg.decoding.egcfg import Guide
from eg_cfg.decoding.endpoint import EndpointGuide
from eg_cfg.decoding.sharing import Shared

LINES = ("    x += 1\n", "    y = x\n", "    x = 2 * x\n", "    y = x + 3\n", "    return x\n", "    return y\n",
         "    if x > 2:\n", "        x -= 1\n", "    for y in [1, 2]:\n", "        x += y\n", "    z = (x\n")
"""Whole lines: text that they spell is tokenised as it was written."""
Found = dict[tuple[str, float], Solution]


def options(**changes: Any) -> GuideOptions:
    return build(GuideOptions, {"prompt_type": "completion", "max_new_tokens": 8, "candidates": 2,
                                "signal_tokens": 100_000, **changes})


def by_key(solutions: Sequence[Solution]) -> Found:
    return {(each.task_id, each.gamma): each for each in solutions}


def steps(solution: Solution) -> list[str]:
    """What was written, token for token; the end of a text has no text of its own."""
    tokens = [token.text for refresh in solution.refreshes for token in refresh.tokens]
    return [*tokens[:-1], "" if tokens[-1] == "</s>" else tokens[-1]]


def compare(local: Found, remote: Found) -> int:
    """Token for token, signal for signal, number for number; returns how many signals there were."""
    assert local.keys() == remote.keys()
    signals = 0
    for key, one in local.items():
        other = remote[key]
        assert steps(one) == steps(other), key
        assert one.completion == other.completion
        assert one.program == other.program
        assert one.finish_reason == other.finish_reason
        assert len(one.token_ids) == len(other.token_ids)
        assert [each.signal for each in one.refreshes] == [each.signal for each in other.refreshes]
        assert [(each.line, each.code) for each in one.refreshes] == [(each.line, each.code) for each in other.refreshes]
        signals += sum(bool(each.signal) for each in one.refreshes)
        for before, after in zip(one.refreshes, other.refreshes, strict=True):
            for mine, theirs in zip(before.candidates, after.candidates, strict=True):
                assert (mine.text, mine.program, mine.duplicate_of, mine.outcome, mine.trace) == (
                    theirs.text, theirs.program, theirs.duplicate_of, theirs.outcome, theirs.trace)
            for mine, theirs in zip(before.tokens, after.tokens, strict=True):
                assert theirs.guided == pytest.approx(mine.guided, abs=2e-3)
    return signals


def solve(given: Sequence[Problem], chosen: GuideOptions, folder: Path, server: ModelServer,
          **settings: Any) -> tuple[Found, EndpointGuide]:
    with ask(server, folder) as model:
        guide = EndpointGuide(model, ScriptedExecutor(), chosen, **{"top": EVERYTHING, **settings})
        return by_key(list(guide.solve(given))), guide


def test_as_text_it_writes_what_the_local_decoder_writes(tmp_path: Path) -> None:
    model, given = coder("llama", pieces=LINES), problems(3)
    local = by_key(list(Guide(model, ScriptedExecutor(), options()).solve(given)))
    for solution in local.values():
        assert model.encode_text(solution.completion) == list(solution.token_ids)[: -1 if solution.finish_reason == "stop"
                                                                                  else None]
    with ModelServer(model) as server:
        remote, guide = solve(given, options(), tmp_path, server)
    assert not guide.asker.ids
    assert compare(local, remote) > 0
    assert all(set(each.token_ids) == {-1} for each in remote.values())
    assert all(row is None for each in remote.values() for row in each.to_json()["token_ids"])
