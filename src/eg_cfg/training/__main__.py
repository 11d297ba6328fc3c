"""Fine-tunes a model on a file of examples; what `accelerate launch` starts on several GPUs.

    python -m eg_cfg.training --model tiny --examples examples.jsonl --output-dir runs/tuned
    accelerate launch --config_file configs/accelerate/ddp.yaml -m eg_cfg.training --model ... --options train.yaml

Started again after it was stopped, it goes on from its last checkpoint.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from pathlib import Path
from typing import Any

from eg_cfg.config import assignments, build, read
from eg_cfg.errors import EgCfgError
from eg_cfg.training import TrainingOptions, TrainingResult, merge_adapter, read_examples, train

_EVERY_SECONDS = 1.0
"""Between two lines of progress."""


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    given = _parser().parse_args(arguments)
    logging.basicConfig(format="%(message)s", stream=sys.stderr)
    try:
        values: dict[str, Any] = {} if given.options is None else read(given.options)
        values = {key.replace("-", "_"): value for key, value in values.items()} | assignments(given.option)
        layers = values.get("target_modules")
        if isinstance(layers, str):
            values["target_modules"] = [name.strip() for name in layers.split(",")]
        reports = values.get("report_to")
        if isinstance(reports, str):
            values["report_to"] = [name.strip() for name in reports.split(",")]
        options = build(TrainingOptions, values, origin="" if given.options is None else str(given.options))
        examples = read_examples(given.examples)
        validation = None if given.validation is None else read_examples(given.validation)
        result = train(given.model, examples, given.output_dir, options, validation=validation,
                       init_adapter=given.init_adapter, progress=_Lines(), force=given.force)
        if given.merge_to is not None and _first_process():
            merge_adapter(result.folder, given.merge_to)
    except EgCfgError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("stopped: start the same command again to go on from the last checkpoint", file=sys.stderr)
        return 130
    if _first_process():
        _print(result)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m eg_cfg.training", description=(__doc__ or "").split("\n")[0])
    for name, kind, text in (
        ("model", str, "name, folder or hub id of the model"),
        ("examples", Path, "JSONL of prompt, completion and optionally weight; gzip too"),
        ("output-dir", Path, "folder that the model goes to"),
    ):
        parser.add_argument(*_spellings(name), type=kind, required=True, help=text)
    for name, text in (
        ("options", "YAML or JSON with the options of TrainingOptions"),
        ("validation", "examples to measure on"),
        ("init-adapter", "LoRA adapter to train further"),
        ("merge-to", "folder for the whole model with the adapter in it"),
    ):
        parser.add_argument(*_spellings(name), type=Path, help=text)
    parser.add_argument("--option", action="append", default=[], metavar="KEY=VALUE",
                        help="one option; wins over the file; may be repeated")
    parser.add_argument("--force", action="store_true", help="start over")
    return parser


def _spellings(name: str) -> list[str]:
    return list(dict.fromkeys((f"--{name}", f"--{name.replace('-', '_')}")))


def _first_process() -> bool:
    import os

    return os.environ.get("RANK", "0") == "0"


def _print(result: TrainingResult) -> None:
    if result.reused:
        print("this training was finished before; nothing was done")
    elif result.resumed_from is not None:
        print(f"went on from step {result.resumed_from}")
    chosen = result.options
    print(f"{result.steps} steps, {result.examples} examples ({result.skipped} too long), {result.tokens:,} tokens "
          f"({result.supervised_tokens:,} learned) in {result.seconds:.1f} s")
    print(f"learning rate {chosen['learning_rate']:g}, {chosen['per_device_batch_size']} x "
          f"{chosen['gradient_accumulation_steps']} examples a step and process, {chosen['precision']} on "
          f"{chosen['device']}, {result.trainable_parameters:,} of {result.parameters:,} parameters trained")
    print(f"loss {result.losses[0][1]:.4f} to {result.losses[-1][1]:.4f} nats a token, at most "
          f"{result.peak_memory_mb:,.0f} MiB")
    if result.best_step is not None:
        best = dict(result.validation_losses)[result.best_step]
        early = ", stopped early" if result.stopped_early else ""
        print(f"validation loss {best:.4f} at step {result.best_step}{early}")
    print(result.folder)


class _Lines:
    """Progress as lines, about one a second."""

    def __init__(self) -> None:
        self._shown = 0.0

    def __call__(self, step: int, total: int, loss: float) -> None:
        now = time.monotonic()
        if step in (1, total) or now - self._shown >= _EVERY_SECONDS:
            self._shown = now
            print(f"step {step}/{total}  loss {loss:.4f}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
