"""The decoder for endpoints against the local one, over a server on loopback that serves the same network."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from endpoint_case import ask
from random_coders import PIECES, ScriptedExecutor, coder, problems
from serving import EVERYTHING, ModelServer

from eg_cfg.benchmarks.base import Problem
from eg_cfg.config import build
from eg_cfg.decoding.base import GuideOptions, Refresh, Solution, Token
from eg_cfg.decoding.egcfg import Guide
from eg_cfg.decoding.endpoint import EndpointGuide
from eg_cfg.decoding.prompting import frame_for
from eg_cfg.models.base import LogitModel

LINES = ("    x += 1\n", "    y = x\n", "    x = 2 * x\n", "    y = x + 3\n", "    return x\n", "    return y\n",
         "    if x > 2:\n", "        x -= 1\n", "    for y in [1, 2]:\n", "        x += y\n", "    z = (x\n")
"""Whole lines: text that they spell is tokenised as it was written."""
AMBIGUOUS = (*PIECES, "    w = x\n")
"""Among them pieces that make another piece together: their text is tokenised otherwise than it was written."""
Found = dict[tuple[str, float], Solution]


def options(**changes: Any) -> GuideOptions:
    return build(GuideOptions, {"prompt_type": "completion", "max_new_tokens": 6, "candidates": 2,
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
        assert [(each.line, each.code) for each in one.refreshes] == [
            (each.line, each.code) for each in other.refreshes]
        signals += sum(bool(each.signal) for each in one.refreshes)
        for before, after in zip(one.refreshes, other.refreshes, strict=True):
            for mine, theirs in zip(before.candidates, after.candidates, strict=True):
                assert (mine.text, mine.program, mine.duplicate_of, mine.outcome, mine.trace) == (
                    theirs.text, theirs.program, theirs.duplicate_of, theirs.outcome, theirs.trace)
            assert [token.guided for token in after.tokens] == pytest.approx(
                [token.guided for token in before.tokens], abs=2e-3)
    return signals


def solve(given: Sequence[Problem], chosen: GuideOptions, folder: Path, server: ModelServer,
          **settings: Any) -> tuple[Found, EndpointGuide]:
    with ask(server, folder) as model:
        guide = EndpointGuide(model, ScriptedExecutor(), chosen, **{"top": EVERYTHING, **settings})
        return by_key(list(guide.solve(given))), guide


def locally(model: LogitModel, given: Sequence[Problem], chosen: GuideOptions,
            executor: ScriptedExecutor | None = None) -> Found:
    return by_key(list(Guide(model, executor or ScriptedExecutor(), chosen).solve(given)))


def test_as_text_it_writes_what_the_local_decoder_writes(tmp_path: Path) -> None:
    model, given = coder(pieces=LINES), problems(2)
    local = locally(model, given, options())
    for each in local.values():  # no token hangs on how text is tokenised anew
        assert model.encode_text(each.completion) == [id for id in each.token_ids if id not in model.end_tokens]
    with ModelServer(model) as server:
        remote, guide = solve(given, options(), tmp_path, server)
        assert all(isinstance(body["prompt"], str) for body in server.asked)
    assert not guide.asker.ids
    assert compare(local, remote) > 0
    assert all(set(each.token_ids) == {-1} for each in remote.values())
    assert all(row is None for each in remote.values() for row in each.to_json()["token_ids"])
    assert all(each.signal_tokens for one in remote.values() for each in one.refreshes if each.signal)


def test_as_ids_it_writes_what_the_local_decoder_writes_however_text_would_be_tokenised(tmp_path: Path) -> None:
    model, given = coder(pieces=AMBIGUOUS), problems(2)
    head: Any = model.module.get_output_embeddings()
    with torch.no_grad():
        head.weight[0] = 0  # a begin-of-text within a text would end it here, and not there
    local = locally(model, given, options(signal_tokens=600))
    assert any(model.encode_text(each.completion) != [id for id in each.token_ids if id not in model.end_tokens]
               for each in local.values()), "text would do as well"
    with ModelServer(model, ids=True) as server:
        remote, guide = solve(given, options(signal_tokens=600), tmp_path, server)
    assert guide.asker.ids
    assert compare(local, remote) > 0
    for key, one in local.items():
        assert one.token_ids == remote[key].token_ids
        assert [each.signal_tokens for each in one.refreshes] == [each.signal_tokens for each in remote[key].refreshes]


@pytest.mark.parametrize("changes", [
    {"strategy": "token", "max_new_tokens": 3},
    {"strategy": "persistent"},
    {"refresh": 2, "horizon": 1},
    {"horizon": None, "top_k": 3, "minimal_trace": True, "gammas": [0.5, 3.0]},
    {"stop": ["return"], "early_stop": 1},
    {"signal": "shuffled", "candidates": 4},
    {"signal": "verdicts", "gammas": [1.0]},
    {"accept_passing": True, "passing": "y = x"},
], ids=str)
def test_options_mean_what_they_mean_to_the_local_decoder(changes: dict[str, Any], tmp_path: Path) -> None:
    model, given = coder(pieces=LINES), problems(1)
    chosen = options(**{"gammas": [0.5, 1.0], "max_new_tokens": 5,
                        **{key: value for key, value in changes.items() if key != "passing"}})
    executor = ScriptedExecutor(changes.get("passing"))
    local = locally(model, given, chosen, executor)
    with ModelServer(model) as server, ask(server, tmp_path) as asked:
        guide = EndpointGuide(asked, ScriptedExecutor(changes.get("passing")), chosen, top=EVERYTHING)
        remote = by_key(list(guide.solve(given)))
    if changes.get("passing"):
        assert {each.finish_reason for each in local.values()} == {"accepted"}
        assert {key: each.program for key, each in local.items()} == {key: each.program for key, each in remote.items()}
        assert all(each.accepted is not None for each in remote.values())
    else:
        compare(local, remote)


@pytest.mark.parametrize("settings", [{"tells_stop": False}, {"tells_stop": False, "tells_end": False}], ids=str)
def test_tokens_that_a_server_keeps_back_where_it_stops_are_asked_for(settings: dict[str, bool],
                                                                      tmp_path: Path) -> None:
    model, given, chosen = coder(pieces=LINES), problems(2), options(gammas=[0.0, 1.0], stop=["return"])
    local = locally(model, given, chosen)
    with ModelServer(model, **settings) as server:
        remote, _ = solve(given, chosen, tmp_path, server)
    for key, one in local.items():
        assert steps(one) == steps(remote[key])
        assert one.finish_reason == remote[key].finish_reason


def test_with_gamma_1_a_line_is_one_request_and_the_plain_prompt_is_only_sampled_from(tmp_path: Path) -> None:
    [problem] = problems(1)
    with ModelServer(coder(pieces=LINES)) as server:
        found, guide = solve([problem], options(gammas=[1.0]), tmp_path, server)
        [solution] = found.values()
        sampled = [body for body in server.asked if body.get("n")]
        guided = [body for body in server.asked if body.get("logprobs")][1:]  # the first is the probe
    assert len(sampled) == len(solution.refreshes) == guide.counters.refreshes
    signals = [each for each in solution.refreshes if each.signal]
    assert len(signals) > 1
    frame = frame_for(problem, "completion", chat=False)
    by_signal = [[body for body in guided if body["prompt"] == f"{frame.conditional(each.signal)}{each.code}"]
                 for each in signals]
    assert [len(each) for each in by_signal] == [1] * len(signals)
    assert all(body["stop"] == ["\n"] for bodies in by_signal for body in bodies)
    assert len(guided) - len(signals) <= len(solution.refreshes) - len(signals)  # lines without a signal, if any
    assert all(token.to_json()["plain"] is None for each in signals for token in each.tokens)
    counters = solution.counters
    assert counters.requests == len(sampled) + len(guided)
    assert counters.plain_tokens == 0 or len(signals) < len(solution.refreshes)
    assert counters.prompt_tokens > 0
    assert counters.signal_tokens > 0
    assert counters.cost is None


def test_gammas_share_what_was_bought_and_a_second_decoder_buys_nothing(tmp_path: Path) -> None:
    given = problems(2)
    with ModelServer(coder(pieces=LINES), delay=0.02) as server:
        first, guide = solve(given, options(), tmp_path, server)
        assert set(server.bill.values()) == {1}
        assert server.busiest > 1
        bought = sum(server.bill.values())
        assert guide.counters.requests == bought - 1  # the probe
        assert guide.counters.requests < sum(each.counters.requests for each in first.values())
        again, _ = solve(given, options(), tmp_path, server)
        assert sum(server.bill.values()) == bought
    assert {key: steps(each) for key, each in first.items()} == {key: steps(each) for key, each in again.items()}


def test_few_likeliest_tokens_are_enough_to_write_and_their_number_is_bounded(tmp_path: Path) -> None:
    given = problems(1)
    with ModelServer(coder(pieces=LINES), most=5) as server:
        found, guide = solve(given, options(), tmp_path, server, top=None)
    assert guide.asker.top == 5
    for solution in found.values():
        for refresh in solution.refreshes:
            for token in refresh.tokens:
                assert len(token.top) <= 3
                assert token.guided <= 1e-6
    assert len(found) == 4


def test_an_observer_is_called_in_the_thread_that_drives_it(tmp_path: Path) -> None:
    import threading

    class Watch:
        def __init__(self) -> None:
            self.seen: list[tuple[str, float, Any]] = []
            self.threads: set[str] = set()

        def refreshed(self, task_id: str, gammas: Sequence[float], refresh: Refresh) -> None:
            self.threads.add(threading.current_thread().name)
            self.seen += [(task_id, gamma, refresh) for gamma in gammas]

        def wrote(self, task_id: str, gamma: float, token: Token) -> None:
            self.threads.add(threading.current_thread().name)
            self.seen.append((task_id, gamma, token))

    watch = Watch()
    with ModelServer(coder(pieces=LINES)) as server:
        found, _ = solve(problems(1), options(gammas=[0.0, 1.0]), tmp_path, server, observer=watch)
    assert watch.threads == {threading.current_thread().name}
    for (task_id, gamma), solution in found.items():
        seen = [what for task, strength, what in watch.seen if (task, strength) == (task_id, gamma)]
        tokens = [token for refresh in solution.refreshes for token in refresh.tokens]
        assert [each for each in seen if isinstance(each, Token)] == tokens
        signals = [each.signal for each in seen if isinstance(each, Refresh)]
        assert signals == ([each.signal for each in solution.refreshes] if gamma else [])


def test_a_program_can_be_left_half_way(tmp_path: Path) -> None:
    with ModelServer(coder(pieces=LINES)) as server, ask(server, tmp_path) as model:
        guide = EndpointGuide(model, ScriptedExecutor(), options(), top=5)
        solutions = guide.solve(problems(3))
        next(solutions)
        solutions.close()  # type: ignore[attr-defined]
        assert len(list(guide.solve(problems(1)))) == 4


def test_it_needs_no_torch() -> None:
    code = "import sys, eg_cfg.decoding.endpoint; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
