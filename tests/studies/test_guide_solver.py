"""Which decoder a model and its deployment come to."""

from __future__ import annotations

import json
import sys
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from eg_cfg.benchmarks.base import Problem
from eg_cfg.config import build
from eg_cfg.decoding.base import Executor
from eg_cfg.decoding.egcfg import Guide
from eg_cfg.decoding.endpoint import EndpointGuide
from eg_cfg.errors import ConfigError
from eg_cfg.models.fake_logits import FakeLogitModel
from eg_cfg.models.openai import OpenAIModel
from eg_cfg.sandbox.tracing import Trace
from eg_cfg.studies.guide_options import GuideStudyOptions, from_session
from eg_cfg.studies.guide_solver import make_solver
from eg_cfg.studies.session import SessionOptions

sys.path.append(str(Path(__file__).resolve().parent.parent / "models"))

from endpoint import KEY, Server, reply_to


class Nothing:
    """Runs nothing."""

    def submit(self, problem: Problem, program: str, tests: Any = None) -> Future[Trace]:
        raise AssertionError


def likely(server: Server) -> None:
    """The server's next reply tells the likeliest tokens."""

    def step(handler: Any, body: dict[str, Any]) -> None:
        reply = reply_to(body)
        told = reply["choices"][0]["logprobs"]
        told["top_logprobs"] = [{token: number} for token, number in
                                zip(told["tokens"], told["token_logprobs"], strict=True)]
        handler.send(200, json.dumps(reply).encode())

    server.script(step)


def session(server: Server, **values: Any) -> SessionOptions:
    return build(SessionOptions, {
        "model_name": "m", "dataset": "minipy", "deployment_type": "inference_endpoint",
        "inference_endpoint_url": server.url, "inference_endpoint_api_key": KEY, "top_probs": 7, "retries_count": 2,
        **values})


def test_a_session_with_an_endpoint_is_decoded_through_its_completions(tmp_path: Path,
                                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with Server() as server:
        options = from_session(session(server), None, {})
        likely(server)
        with options.load_model() as model:
            solver = make_solver(model, Nothing(), options, options.decoder(options.parsed[0]))
            assert isinstance(solver, EndpointGuide)
            assert isinstance(model, OpenAIModel)
            assert solver.asker.top == 7
            assert model.options.attempts == 3
        assert server.paths == ["/v1/completions"]
        assert server.requests[0]["logprobs"] == 7
        assert server.headers[0]["authorization"] == f"Bearer {KEY}"


def test_an_endpoint_without_log_probabilities_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with Server(log_probs=False) as server:
        options = from_session(session(server), None, {})
        with options.load_model() as model, pytest.raises(ConfigError, match="it tells none"):
            make_solver(model, Nothing(), options, options.decoder(options.parsed[0]))


def test_a_model_that_is_here_is_decoded_here() -> None:
    options = build(GuideStudyOptions, {"model_name": "tiny", "benchmark": "minipy"})
    executor: Executor = Nothing()
    solver = make_solver(FakeLogitModel("x"), executor, options, options.decoder(options.parsed[0]))
    assert isinstance(solver, Guide)
