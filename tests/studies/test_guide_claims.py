"""Claims: exclusive between processes, and free again when a process dies."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from eg_cfg.errors import RunError
from eg_cfg.studies.claims import Claims

OTHER = """
import sys, time
from pathlib import Path
from eg_cfg.studies.claims import Claims
claims = Claims(Path(sys.argv[1]))
claims.join("runs")
print(claims.take("mine"), claims.take("yours"), flush=True)
time.sleep(60)
"""


def test_a_claim_is_taken_once(tmp_path: Path) -> None:
    with Claims(tmp_path / "claims") as claims:
        assert claims.take("a")
        assert not claims.take("a")
        assert claims.take("b")
        claims.release("a")
        claims.release("never taken")
        assert claims.take("a")
        with claims.hold("c"):
            pass


def test_a_file_is_open_once_in_a_process(tmp_path: Path) -> None:
    with Claims(tmp_path / "claims"), pytest.raises(RunError, match="in use by this process"):
        Claims(tmp_path / "claims")
    Claims(tmp_path / "claims").close()


def test_processes_exclude_each_other_until_they_die(tmp_path: Path) -> None:
    path = tmp_path / "claims"
    with Claims(path) as claims:
        assert claims.take("yours")
        with subprocess.Popen([sys.executable, "-c", OTHER, str(path)], stdout=subprocess.PIPE, text=True) as other:
            assert other.stdout is not None
            assert other.stdout.readline() == "True False\n"
            assert not claims.take("mine")
            assert not claims.alone("runs")
            other.kill()
            other.wait()
            assert claims.take("mine")
            assert claims.alone("runs")
