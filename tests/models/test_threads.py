from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from eg_cfg.models.huggingface.loading import load, settle_threads
from eg_cfg.models.options import LocalOptions


@pytest.fixture(autouse=True)
def two_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = torch.get_num_threads()
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_a_small_model_takes_one_thread() -> None:
    settle_threads(torch.nn.Linear(8, 8), None)
    assert torch.get_num_threads() == 1


def test_a_large_model_takes_those_that_there_are() -> None:
    settle_threads(torch.nn.Linear(5000, 4001, device="cpu"), None)
    assert torch.get_num_threads() == 2


def test_the_environment_and_the_option_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    settle_threads(torch.nn.Linear(8, 8), None)
    assert torch.get_num_threads() == 2
    settle_threads(torch.nn.Linear(8, 8), 1)
    assert torch.get_num_threads() == 1


def test_loading_settles_them() -> None:
    folder = Path(__file__).parents[2] / "src/eg_cfg/models/tiny/tiny"
    load(str(folder), LocalOptions(device="cpu")).close()
    assert torch.get_num_threads() == 1
