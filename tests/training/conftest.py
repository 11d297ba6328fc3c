"""Small random models in folders, and examples for them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from transformers.utils import logging

sys.path.append(str(Path(__file__).resolve().parent.parent / "models"))

from sft_cases import Base
from small_models import network, tokenizer


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    """The folder of a family's small model."""
    root = tmp_path_factory.mktemp("bases")

    def saved(family: str) -> Path:
        path = root / family
        if not path.exists():
            logging.disable_progress_bar()
            network(family).save_pretrained(path)
            tokenizer().save_pretrained(path)
        return path

    return saved
