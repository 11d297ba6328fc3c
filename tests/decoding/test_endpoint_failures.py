"""Endpoints that refuse, misbehave or cannot do what guidance needs, and processes that die half-way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from endpoint import Handler, Server, changed, drop, status
from endpoint_case import BODY, HEADER, PROBLEM, Runs, ask, options, solve
from serving import ModelServer

from eg_cfg.decoding.endpoint import EndpointGuide
from eg_cfg.errors import ConfigError, EndpointError
from eg_cfg.models.base import Prompt
from eg_cfg.models.fake import FakeModel, text_of
from eg_cfg.models.fake_logits import FakeLogitModel


def written(prompt: Prompt, _: int) -> str:
    """The rest of the program, whatever stands above it."""
    text = text_of(prompt)
    code = text.rpartition(HEADER)[2]
    return BODY[len(code):] if HEADER in text and BODY.startswith(code) else "b\n"


def scripted() -> FakeLogitModel:
    return FakeLogitModel(written, confidence=0.99)


def test_characters_that_tokens_cut_in_two_are_written_whole(tmp_path: Path) -> None:
    with ModelServer(scripted()) as server:
        for solution in solve(server, tmp_path):
            assert solution.completion == BODY
            assert solution.finish_reason == "stop"


@pytest.mark.parametrize("steps", [
    (status(429, {"Retry-After": "0.2"}),), (status(500), status(503)), (drop, drop),
    (changed(lambda reply: reply.pop("choices")),),
], ids=["429", "500", "dropped", "no choices"])
def test_failures_that_pass_are_sat_out_and_nothing_is_bought_twice(steps: Any, tmp_path: Path) -> None:
    with ModelServer(scripted()) as server:
        started = time.monotonic()
        found = solve(server, tmp_path, before=lambda: server.script(*steps))
        if steps[0] is not drop and len(steps) == 1:
            assert server.requests
        assert all(each.completion == BODY for each in found)
        assert set(server.bill.values()) == {1}
        assert time.monotonic() - started > 0.02


def without(handler: Handler, body: dict[str, Any]) -> None:
    """A reply that keeps the log-probabilities back from its third token on, or all of them."""
    server = handler.server.owner
    assert isinstance(server, ModelServer)
    reply = server.reply(body)
    for choice in reply["choices"]:
        if choice["logprobs"]:
            kept = 2 if len(choice["logprobs"]["tokens"]) > 2 else 0
            choice["logprobs"]["top_logprobs"][kept:] = [None] * (len(choice["logprobs"]["tokens"]) - kept)
    handler.send(200, json.dumps(reply).encode())


def test_log_probabilities_that_are_missing_in_the_middle_are_asked_for_anew(tmp_path: Path) -> None:
    with ModelServer(scripted()) as server:
        found = solve(server, tmp_path, before=lambda: server.script(*[without] * 12))
    assert all(each.completion == BODY for each in found)
    for each in found:
        assert all(token.guided <= 0 for refresh in each.refreshes for token in refresh.tokens)


def test_an_endpoint_that_tells_no_more_log_probabilities_ends_the_run_with_the_reason(tmp_path: Path) -> None:
    def silent(handler: Handler, body: dict[str, Any]) -> None:
        server = handler.server.owner
        assert isinstance(server, ModelServer)
        server.serve(handler, {key: value for key, value in body.items() if key != "logprobs"})

    with ModelServer(scripted()) as server, pytest.raises(EndpointError, match=r"found none in 3 replies.*ledger"):
        solve(server, tmp_path / "ledger", options(gammas=[0.0]), before=lambda: server.script(*[silent] * 50))


def test_a_failure_that_does_not_pass_ends_the_run_and_what_was_paid_is_kept(tmp_path: Path) -> None:
    with ModelServer(scripted()) as server:
        with pytest.raises(EndpointError, match="insufficient") as caught:
            solve(server, tmp_path, before=lambda: server.script(*[status(402, said="insufficient balance")] * 50))
        assert caught.value.exit_code == 2
        server._steps.clear()
        assert all(each.completion == BODY for each in solve(server, tmp_path))
        assert set(server.bill.values()) == {1}


def test_a_signal_that_is_longer_than_the_context_is_made_shorter(tmp_path: Path) -> None:
    class Short(ModelServer):
        def serve(self, handler: Handler, body: dict[str, Any]) -> None:
            if len(body["prompt"]) > 330:
                return status(400, said="maximum context length is 330")(handler, body)
            return super().serve(handler, body)

    with Short(scripted()) as server:
        [solution] = solve(server, tmp_path, options(gammas=[1.0]))
    assert solution.completion == BODY
    assert all(len(each.signal) < 330 for each in solution.refreshes)


class Full(ModelServer):
    """Refuses what might not fit into a context."""

    def serve(self, handler: Handler, body: dict[str, Any]) -> None:
        if len(body["prompt"]) + body["max_tokens"] > len(HEADER) + 30:
            return status(400, said="this model's maximum context length is exceeded")(handler, body)
        return super().serve(handler, body)


def test_a_program_that_fills_the_context_ends_there(tmp_path: Path) -> None:
    with Full(scripted()) as server:
        [solution] = solve(server, tmp_path, options(gammas=[0.0]))
    assert solution.finish_reason == "length"
    assert solution.completion.encode() == BODY.encode()[:len(solution.completion.encode())]
    assert len(solution.completion) > 20


def test_a_problem_that_is_longer_than_the_context_is_told_after_the_others(tmp_path: Path) -> None:
    class Tight(ModelServer):
        def serve(self, handler: Handler, body: dict[str, Any]) -> None:
            if len(body["prompt"]) > 2000:
                return status(400, said="maximum context length")(handler, body)
            return super().serve(handler, body)

    long = replace(PROBLEM, task_id="minipy/1", prompt="#" * 3000 + "\n" + HEADER, completion_prefix="#" * 3000 + "\n"
                   + HEADER)
    with Tight(scripted()) as server, ask(server, tmp_path) as model:
        solutions = EndpointGuide(model, Runs(), options(gammas=[0.0]), top=5).solve([long, PROBLEM])
        assert next(solutions).completion == BODY
        with pytest.raises(EndpointError, match="1 programs are finished") as caught:
            next(solutions)
    assert caught.value.reason == "context_length"


@pytest.mark.parametrize(("step", "said"), [
    (status(404, said="Not Found"), "HTTP 404"),
    (status(400, said="this model supports only chat completions"), "only chat"),
    (changed(lambda reply: None), "tells none"),
], ids=["no such path", "chat only", "ignores logprobs"])
def test_what_cannot_continue_with_log_probabilities_is_refused_at_construction(step: Any, said: str,
                                                                                tmp_path: Path) -> None:
    with Server(log_probs=False) as server, ask(server, tmp_path) as model:
        server.script(*[step] * 3)
        with pytest.raises(ConfigError, match=f"EG-CFG guidance needs an API that continues.*{said}.*model-name tiny"):
            EndpointGuide(model, Runs(), options(), top=5)
        assert len(server.requests) == 1


def test_a_chat_api_and_a_model_that_is_here_are_refused_without_a_request(tmp_path: Path) -> None:
    with Server() as server, ask(server, tmp_path, api="chat") as model:
        with pytest.raises(ConfigError, match="chat API, which answers anew"):
            EndpointGuide(model, Runs())
        assert not server.requests
    with pytest.raises(ConfigError, match="needs a model behind an endpoint"):
        EndpointGuide(FakeModel("x"), Runs())


def test_fewer_likeliest_tokens_are_taken_only_where_nobody_asked_for_more(tmp_path: Path) -> None:
    with ModelServer(scripted(), most=5) as server, ask(server, tmp_path) as model:
        assert EndpointGuide(model, Runs()).asker.top == 5
        with pytest.raises(ConfigError, match="expected at most 5"):
            EndpointGuide(model, Runs(), top=12)
        with pytest.raises(ConfigError, match="top-probs: expected at least 1"):
            EndpointGuide(model, Runs(), top=0)


SCRIPT = """
import sys
sys.path[:0] = sys.argv[3:]
from pathlib import Path
from types import SimpleNamespace
from endpoint_case import options, solve
server = SimpleNamespace(url=sys.argv[1], key="sk-loopback-0123456789abcdefXYZ")
for solution in solve(server, Path(sys.argv[2]), options(), concurrency=1):
    print(repr(solution.completion), solution.gamma, flush=True)
"""


def test_a_process_that_is_killed_and_started_again_buys_nothing_twice(tmp_path: Path) -> None:
    folders = [str(Path(__file__).parent), str(Path(__file__).parent.parent / "models")]

    def start(server: ModelServer) -> subprocess.Popen[str]:
        return subprocess.Popen([sys.executable, "-c", SCRIPT, server.url, str(tmp_path), *folders],
                                stdout=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})

    class Holding(ModelServer):
        """Keeps the reply to one request back, until its process is dead."""

        held = threading.Event()
        go_on = threading.Event()

        def serve(self, handler: Handler, body: dict[str, Any]) -> None:
            if len(self.asked) == 9:
                self.held.set()
                self.go_on.wait(60)
                handler.close_connection = True
                return None
            return super().serve(handler, body)

    with Holding(scripted()) as server:
        with start(server) as first:
            assert server.held.wait(120)
            first.send_signal(signal.SIGKILL)
            assert first.wait() == -signal.SIGKILL
        server.go_on.set()
        bought = sum(server.bill.values())
        assert bought == 8
        with start(server) as again:
            said, _ = again.communicate(timeout=240)
        assert again.returncode == 0
        assert said.count(repr(BODY)) == 3
        assert set(server.bill.values()) == {1}
        assert sum(server.bill.values()) > bought
