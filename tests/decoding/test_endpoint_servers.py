"""Servers that others wrote, started on loopback with the embedded model: what guidance says of them.

    pip install 'transformers[serving]'; pytest -m slow tests/decoding/test_endpoint_servers.py
"""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from endpoint_case import Runs, ask

from eg_cfg.decoding.endpoint import EndpointGuide
from eg_cfg.errors import ConfigError
from eg_cfg.models import registry

MODEL = Path(registry.resolve("tiny").model)
SECONDS = 240.0


class Started:
    key = "none"

    def __init__(self, url: str) -> None:
        self.url = url


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="module")
def transformers_serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    missing = [name for name in ("fastapi", "uvicorn") if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"transformers serve needs {' and '.join(missing)}: pip install 'transformers[serving]'")
    port = free_port()
    start = "from transformers.cli.transformers import main; main()"
    command = [sys.executable, "-c", start, "serve", "--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    log = tmp_path_factory.mktemp("serve") / "log"
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    with open(log, "wb") as output, subprocess.Popen(command, stdout=output, stderr=output,
                                                     env=environment) as process:
        try:
            wait_for(f"http://127.0.0.1:{port}/health", process, log)
            yield Started(f"http://127.0.0.1:{port}/v1")
        finally:
            process.kill()


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        assert process.poll() is None, f"the server ended: {log.read_text()[-2000:]}"
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    raise AssertionError(f"no answer in {SECONDS:g} s: {log.read_text()[-2000:]}")


@pytest.mark.slow
def test_transformers_serve_tells_no_log_probabilities_and_is_refused(transformers_serve: Started,
                                                                      tmp_path: Path) -> None:
    with ask(transformers_serve, tmp_path, model=str(MODEL), request_timeout=SECONDS) as model:
        with pytest.raises(ConfigError, match="asked for one token with 20 log-probabilities, it tells none"):
            EndpointGuide(model, Runs())
        assert model.usage.requests == 1
