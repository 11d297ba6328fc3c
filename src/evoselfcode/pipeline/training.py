"""Fine-tunes the two models on what the filters kept: D2C on description and code, C2D on the reversed pairs.

    train_d2c(load_config(Path("configs/train_d2c.yaml")))    # checkpoints/d2c/model0, and checkpoints/latest
    train_c2d(load_config(Path("configs/train_c2d.yaml")))    # checkpoints/c2d/model0

Each training has a folder that is named by a hash of the start, the lessons and the options, so one that was finished
is not repeated and none is overwritten; `model0` is a link to the newest. The lessons are in `data/processed`, as
`eg_cfg.training` reads them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from eg_cfg.config import to_plain as plain_options
from eg_cfg.errors import DataNotFoundError
from eg_cfg.models import registry
from eg_cfg.records import write_atomically
from eg_cfg.training import TrainingExample, TrainingOptions, TrainingResult
from eg_cfg.training.examples import fingerprint as lessons_fingerprint
from eg_cfg.training.examples import to_plain
from evoselfcode.pipeline.lessons import c2d_lessons, d2c_lessons, split_off
from evoselfcode.pipeline.links import point
from evoselfcode.pipeline.options import TrainOptions
from evoselfcode.records import KeptPair, content_id
from evoselfcode.stage import Progress, silent, stage
from evoselfcode.store import read_rows
from evoselfcode.summary import Summary
from evoselfcode.writers import infills, named, writer_id

if TYPE_CHECKING:
    from evoselfcode.config import Config

Direction = Literal["d2c", "c2d"]
MODEL0 = "model0"
_SMALL_BYTES = 800_000_000
"""Weights up to which all of them are trained: 200 million parameters in single precision."""


def train_d2c(config: Config, progress: Progress = silent) -> Summary:
    """Trains Model0, description to code.

    Raises:
        DataNotFoundError: The filters have kept nothing yet.
        ModelError: The training could not go on; its checkpoints are kept.
        UsageError: The model cannot be had, or is no model that can be trained here.
        RunError: Another process trains, or a file cannot be written.
    """
    return _train(config, "d2c", config.d2c, progress)


def train_c2d(config: Config, progress: Progress = silent) -> Summary:
    """Trains the reverse model, code to description; raises what `train_d2c` does."""
    return _train(config, "c2d", config.c2d, progress)


def _train(config: Config, direction: Direction, options: TrainOptions, progress: Progress) -> Summary:
    paths = config.paths
    with stage(config, f"train-{direction}") as run:
        rows, bad = read_rows(paths.pairs, KeptPair,
                              made_by="evoselfcode pipeline filter --config configs/generation.yaml")
        run.damaged += bad
        if not rows:
            raise DataNotFoundError(f"{paths.pairs}: expected pairs to train on, found none: see in "
                                    f"{paths.processed / 'filter_report.json'} what the filters dropped, and loosen "
                                    f"them or draw more")
        start = named(config, options.start)
        infill = infills(start) if direction == "c2d" else False
        train_rows, validation_rows = split_off(rows, options.validation_share)
        lessons = lessons_of(direction, train_rows, options, config.seed, infill)
        validation = lessons_of(direction, validation_rows, options, config.seed, infill)
        write_lessons(paths.processed / f"{direction}.jsonl", lessons)
        training = sized(options.training, start.model_name, options.lora)
        folder = paths.checkpoints / direction / content_id(
            start=writer_id(start), lessons=lessons_fingerprint(lessons),
            validation=lessons_fingerprint(validation), options=plain_options(training))[:8]
        result = fine_tune(start.model_name, lessons, folder, training, validation, progress,
                           f"training {direction.upper()}")
        point(folder.parent / MODEL0, folder)
        outputs = [folder.parent / MODEL0, paths.processed / f"{direction}.jsonl"]
        if direction == "d2c" and (not result.reused or not paths.latest.exists()):
            point(paths.latest, folder)
            outputs.insert(0, paths.latest)
        return run.done(added=0 if result.reused else result.steps, total=result.steps, outputs=outputs,
                        counts=training_counts(result, len(rows)))


def lessons_of(direction: Direction, rows: Sequence[KeptPair], options: TrainOptions, seed: int,
               infill: bool) -> list[TrainingExample]:
    """What one of the two models learns from pairs."""
    if direction == "d2c":
        return d2c_lessons(rows, share=options.examples_share, examples=options.examples, seed=seed,
                           variants=options.variants)
    return c2d_lessons(rows, infill=infill)


def write_lessons(path: Path, lessons: Sequence[TrainingExample]) -> None:
    """Puts lessons where people and `eg_cfg.training.read_examples` can read them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, [b"".join(json.dumps(to_plain(lesson)).encode("ascii") + b"\n" for lesson in lessons)])


def sized(options: TrainingOptions, model: str, lora: str) -> TrainingOptions:
    """The options with LoRA on or off, by the model's size where that is left to us."""
    if lora == "auto":
        folder = Path(registry.resolve(model).model)
        size = sum(file.stat().st_size for pattern in ("*.safetensors", "*.bin") for file in folder.glob(pattern))
        use = not (folder.is_dir() and 0 < size < _SMALL_BYTES)
    else:
        use = lora == "always"
    return options.model_copy(update={"use_lora": use})


def fine_tune(start: str, lessons: Sequence[TrainingExample], folder: Path, options: TrainingOptions,
              validation: Sequence[TrainingExample], progress: Progress, what: str) -> TrainingResult:
    """Trains, or finds the training finished; killed at any moment it goes on from its last checkpoint."""
    from eg_cfg.training import train

    folder.mkdir(parents=True, exist_ok=True)
    return train(start, lessons, folder, options, validation=validation,
                 progress=lambda step, steps, _loss: progress(what, step, steps))


def training_counts(result: TrainingResult, pairs: int) -> dict[str, object]:
    """What a training's table says."""
    losses = result.validation_losses
    return {"pairs": pairs, "lessons": result.examples, "too long": result.skipped, "steps": result.steps,
            "tokens": result.tokens, "learning rate": result.options.get("learning_rate"),
            "trained parameters": f"{result.trainable_parameters:,} of {result.parameters:,}",
            "loss, first and last": [round(result.losses[0][1], 3), round(result.losses[-1][1], 3)]
            if result.losses else None,
            "validation loss, best": round(min(loss for _, loss in losses), 4) if losses else None,
            "seconds of training": round(result.seconds, 1), "finished before": result.reused,
            "folder": str(result.folder)}
