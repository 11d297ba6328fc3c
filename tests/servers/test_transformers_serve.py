"""`transformers serve` with the embedded model: it tells no log-probabilities, and what follows from that.

    pip install 'transformers[serving]'; pytest -m slow tests/servers
"""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from started import SECONDS, TINY, Started, free_port, started

from eg_cfg.cli.main import main
from eg_cfg.config import build
from eg_cfg.studies.btp import btp
from eg_cfg.studies.btp_options import BTPOptions

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("servers"), pytest.mark.usefixtures("isolated")]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    missing = [name for name in ("fastapi", "uvicorn") if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"transformers serve needs {' and '.join(missing)}: pip install 'transformers[serving]'")
    port = free_port()
    command = [sys.executable, "-c", "from transformers.cli.transformers import main; main()", "serve", "--host",
               "127.0.0.1", "--port", str(port), "--device", "cpu"]
    with started(command, port, "/health", tmp_path_factory.mktemp("serve") / "log") as found:
        yield found


def test_p2value_is_the_pass_rate_alone(server: Started, tmp_path: Path) -> None:
    said: list[str] = []
    outcome = btp(build(BTPOptions, {
        "mode": "openai", "source_model": str(TINY), "api_base": server.url, "api_key": server.key,
        "api_option": {"api": "completions", "ledger": str(tmp_path / "ledger"), "request_timeout": str(SECONDS)},
        "dataset": "minipy", "replay_split": "pool", "max_problems": 4, "num_beams": 3, "workers": 1,
        "prompt_kind": "completion", "output_dir": tmp_path / "run"}), say=said.append)
    found = outcome.results["collected"]
    assert found["programs"] == 12 == found["without_log_prob"]
    assert found["best_of_k"]["value"] > 0
    rows = [json.loads(line) for line in (outcome.folder / "rounds/1/experiences.jsonl").read_text().splitlines()]
    assert {row["log_prob"] for row in rows} == {None}
    assert {best["possibility"] for best in outcome.results["best"]} == {None}


def test_guidance_is_refused(server: Started, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["guide", "--model-name", str(TINY), "--api-base", server.url, "--benchmark", "minipy", "--limit", "1",
                "--model-option", f"ledger={tmp_path / 'ledger'}", "--model-option", f"request_timeout={SECONDS:g}",
                "--output-dir", str(tmp_path / "run")])
    said = capsys.readouterr().err
    assert code == 2
    assert "asked for one token with 20 log-probabilities, it tells none" in said
    assert "Traceback" not in said
