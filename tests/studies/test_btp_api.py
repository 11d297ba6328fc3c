"""Sources behind an API, against a real server on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from btp_cases import pool, quick, save_small
from endpoint import KEY, Server, changed, prompt_of, status

from eg_cfg.errors import EndpointError, ModelNotFoundError
from eg_cfg.studies.btp import btp

pytestmark = [
    pytest.mark.usefixtures("isolated"),
    pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning"),
]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(save_small(tmp_path_factory.mktemp("models") / "small"))


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as found:
        yield found


def api(tmp_path: Path, server: Server, **values: Any) -> Any:
    return quick(tmp_path / "run", **{
        "source_model": "gpt-4", "mode": "openai", "api_key": KEY, "api_base": server.url, "replay_split": "pool",
        "api_option": {"ledger": str(tmp_path / "ledger"), "first_wait": "0.02", "attempts": "2"}, "num_beams": 2,
        "n_iterations": 1, **values})


def write_programs(server: Server, log_probs: bool = True) -> None:
    """Has the server answer the next requests with right programs."""
    by_header = {problem.prompt.partition("(")[0]: problem.reference for problem in pool(4)}

    def program(reply: dict[str, Any], body: dict[str, Any]) -> None:
        header = next(name for name in by_header if name in prompt_of(body))
        for choice in reply["choices"]:
            choice["message"]["content"] = f"```python\n{by_header[header]}```"
            if not log_probs:
                choice["logprobs"] = None

    def step(handler: Any, body: dict[str, Any]) -> None:
        changed(lambda reply: program(reply, body))(handler, body)

    server.script(*[step] * 40)


def test_an_api_is_sampled_tested_and_reported(tmp_path: Path, server: Server) -> None:
    write_programs(server)
    said: list[str] = []
    outcome = btp(api(tmp_path, server), say=said.append)
    found = outcome.results["collected"]
    assert found["pass@1"]["value"] == 1.0
    assert found["without_log_prob"] == 0
    assert any("an API has no beam search: 2 programs a problem are sampled" in line for line in said)
    usage = found["usage"]
    assert usage["bought"]["completion_tokens"] > 0
    assert usage["bought"]["requests"] >= 4
    text = "".join(path.read_text() for path in outcome.folder.rglob("*.json*"))
    assert KEY not in text


def test_an_api_teaches_a_local_model_without_log_probabilities(tmp_path: Path, server: Server, small: str) -> None:
    write_programs(server, log_probs=False)
    outcome = btp(api(tmp_path, server, mode="hybrid", target_model=small, max_new_tokens=64, replay_split=None))
    [one] = outcome.results["rounds"]
    assert one["collected"]["without_log_prob"] == 8
    assert one["buffer"]["without_log_prob"] == one["buffer"]["experiences"] == 4  # the same program twice is one
    assert one["buffer"]["p2value"]["mean"] == 1.0  # the pass rate alone
    assert one["lessons"]["rewritten"] == 6
    assert any("P2Value is the pass rate alone for 4 of 4 experiences" in note for note in outcome.results["notes"])
    assert "P2Value is the pass rate alone" in (outcome.folder / "report.txt").read_text()


def test_an_endpoint_that_refuses_log_probabilities_is_asked_without(tmp_path: Path, server: Server) -> None:
    server.script(*[status(400, said="Unrecognized request argument supplied: logprobs")] * 1)
    write_programs(server, log_probs=False)
    outcome = btp(api(tmp_path, server, api_option={"ledger": str(tmp_path / "ledger"), "concurrency": "1"}))
    assert outcome.results["collected"]["without_log_prob"] == 8
    assert "logprobs" not in server.requests[-1]


def test_what_was_paid_is_kept_where_the_endpoint_fails(tmp_path: Path, server: Server) -> None:
    write_programs(server)
    server._steps[3:] = [status(401, said="no such key")] * 10  # the key runs out half way
    options = api(tmp_path, server, api_option={"ledger": str(tmp_path / "ledger"), "concurrency": "1",
                                                "samples_per_request": "1", "attempts": "1"})
    with pytest.raises(EndpointError):
        btp(options)
    before = len(server.requests)
    server._steps.clear()
    write_programs(server)
    outcome = btp(options)
    assert outcome.results["collected"]["pass@1"]["value"] == 1.0
    paid = [prompt_of(body) for body in server.requests]
    assert len(paid) - before == 8 - 3  # three samples had been paid for


def test_no_key_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEEPSEEK_API_KEY", raising=False)
    with pytest.raises(ModelNotFoundError, match="--api-key, DEEPSEEK_API_KEY are empty"):
        btp(quick(tmp_path / "run", source_model="deepseek-chat", mode="deepseek"))


def test_the_ledger_serves_a_second_run(tmp_path: Path, server: Server) -> None:
    write_programs(server)
    btp(api(tmp_path, server))
    asked = len(server.requests)
    again = btp(api(tmp_path, server, output_dir=tmp_path / "second"))
    assert len(server.requests) == asked
    assert again.results["collected"]["usage"]["bought_before"]["completion_tokens"] > 0
    assert json.loads((tmp_path / "second/btp_results.json").read_text())["mode"] == "openai"
