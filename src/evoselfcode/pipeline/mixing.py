"""Weights between a model and what it was trained into: the mean forgets less than the end of a training.

    mix("checkpoints/d2c/model0", Path("checkpoints/.../3f2a91c0"), 0.5)      # checkpoints/.../3f2a91c0-0.5

Interpolation of weights before and after fine-tuning, after Wortsman et al. (2022, arXiv 2109.01903). Limits: all
weights have to be trained; adapters are not mixed.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from eg_cfg.errors import RunError
from eg_cfg.models import registry

_WEIGHTS = "model.safetensors"
_BESIDE = ("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json",
           "special_tokens_map.json", "vocab.json", "merges.txt", "tokenizer.model", "chat_template.jinja")


def mix(start: str, trained: Path, share: float) -> Path:
    """Makes the mixed model beside the trained one, or finds it there.

    Args:
        start: What was trained: a name, folder or hub id.
        trained: Folder of what came of it.
        share: Of the trained weights in the mean.

    Returns:
        Folder of the mixed model; the trained one where that is an adapter, or its share is 1.

    Raises:
        ModelNotFoundError: The start's weights cannot be had.
        RunError: The folder cannot be written.
    """
    if share == 1 or not (trained / _WEIGHTS).is_file():
        return trained
    folder = trained.with_name(f"{trained.name}-{share:g}")
    if folder.is_dir():
        return folder
    from safetensors.torch import load_file, save_file

    after = load_file(trained / _WEIGHTS)
    model: Any = registry.load(start, {"device": "cpu", "dtype": "float32"})
    before = model.module.state_dict()
    mixed = {key: (share * value.float() + (1 - share) * before[key].float()).to(value.dtype).contiguous()
             for key, value in after.items()}
    model.close()
    temporary = trained.with_name(f".{folder.name}.tmp")
    try:
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        for name in _BESIDE:
            if (trained / name).is_file():
                shutil.copyfile(trained / name, temporary / name)
        save_file(mixed, temporary / _WEIGHTS, metadata={"format": "pt"})
        os.replace(temporary, folder)
    except OSError as error:
        raise RunError(f"cannot write {folder}: {error.strerror or error}; the training in {trained} is kept: put that "
                       f"right and start the same command again") from error
    return folder
