"""Servers that others wrote, started on loopback, and the models that they serve.

    with started([sys.executable, "-m", "llama_cpp.server", ...], port, "/v1/models", log) as server:
        server.url
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from eg_cfg.models import registry

TINY = Path(registry.resolve("tiny").model)
SECONDS = 240.0
"""That a server may take to start, or to answer."""


@dataclass(frozen=True)
class Started:
    """A server that answers."""

    url: str
    key: str = "none"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextlib.contextmanager
def started(command: Sequence[str], port: int, health: str, log: Path) -> Iterator[Started]:
    """Starts a server, waits until it answers, and ends it."""
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    with open(log, "wb") as output, subprocess.Popen(command, stdout=output, stderr=output,
                                                     env=environment) as process:
        try:
            _wait_for(f"http://127.0.0.1:{port}{health}", process, log)
            yield Started(f"http://127.0.0.1:{port}/v1")
        finally:
            process.kill()


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        assert process.poll() is None, f"the server ended: {log.read_text()[-2000:]}"
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    raise AssertionError(f"no answer in {SECONDS:g} s: {log.read_text()[-2000:]}")
