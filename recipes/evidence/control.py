"""What further training does without a loop: for each round, the model before it trained on for as many steps.

    python -m recipes.evidence.control --train train_d2c.yaml --iterate iterate.yaml --out control.json

It is run in the workspace of a finished loop. The control of round 1 starts from Model0 and learns the first pairs
again, with other calls shown, for as many steps as round 1 took; it is mixed with its start as rounds are. The control
of round 2 goes on from that of round 1. Nothing that a round made is learnt. Trainings differ by a point or two, so
there are several. What is there is not made again.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eg_cfg.config import assignments, to_plain
from eg_cfg.grading.compare import compare_runs
from eg_cfg.records import write_atomically
from eg_cfg.studies.compare import read_passed
from eg_cfg.training.examples import fingerprint
from evoselfcode.cli.stages import watched
from evoselfcode.config import Config, load_config
from evoselfcode.pipeline.heldout import measured, told, variants
from evoselfcode.pipeline.lessons import split_off
from evoselfcode.pipeline.mixing import mix
from evoselfcode.pipeline.roundtrip import Partner
from evoselfcode.pipeline.training import MODEL0, fine_tune, lessons_of, sized
from evoselfcode.records import HeldOutRow, KeptPair, content_id
from evoselfcode.store import Store, read_rows
from evoselfcode.writers import named, writer_id
from recipes.evidence.studies import ended, read

DRAWS = 3


def controls(train: Config, loop: Config, results: Mapping[str, Any], store: Store[HeldOutRow],
             draws: int = DRAWS) -> list[dict[str, Any]]:
    """A row for each round of a loop and kind of prompt.

    Args:
        train: Configuration of Model0's training.
        loop: That of the loop.
        results: Of the loop.
        store: Of measurements; those of Model0 and the rounds are there.
        draws: Trainings, of a seed each; a problem counts by the share of them that solve it.

    Raises:
        EgCfgError: Something of the loop is not there, or a training could not go on.
    """
    kinds = variants(loop.iterate.held_out)
    model0 = str((loop.paths.checkpoints / "d2c" / MODEL0).resolve())
    starts = [model0] * draws
    share = results["options"]["mix"]
    found = []
    for row in results["rounds"]:
        if row["round"] < 1:
            continue
        steps = _steps(Path(row["d2c"]), share)
        starts = [str(mix(start, _trained(train, loop, start, steps, row["round"], draw), share))
                  for draw, start in enumerate(starts)]
        for variant in kinds:
            mine: dict[str, list[bool]] = {}
            for start in starts:
                for task, passed in _passed(loop, start, variant, store).items():
                    mine.setdefault(task, []).extend(passed)
            before = compare_runs(mine, _passed(loop, model0, variant, store))
            beside = compare_runs(_passed(loop, row["d2c"], variant, store), mine)
            found.append({"round": row["round"], "prompts": variant or "as it is", "steps": steps, "draws": draws,
                          "models": starts, "pass_at_1": before.a.to_json(), "against_model0": told(before),
                          "round_against_control": told(beside)})
    return found


def _passed(config: Config, model: str, variant: str, store: Store[HeldOutRow]) -> dict[str, list[bool]]:
    """Verdicts of a model, measured now where they are not there."""
    with watched() as progress:
        row = measured(config, Partner.of(named(config, model)), variant, store, progress)
    return read_passed(Path(row.folder))


def _trained(train: Config, loop: Config, start: str, steps: int, number: int, draw: int) -> Path:
    """Trains on the pairs that Model0 was trained on; the seed decides which calls are shown, and the order."""
    pairs, _ = read_rows(loop.paths.pairs, KeptPair)
    mine, others = split_off(pairs, train.d2c.validation_share)
    seed = loop.seed + number + 100 * draw
    lessons, validation = (lessons_of("d2c", rows, train.d2c, seed, infill=False) for rows in (mine, others))
    training = train.d2c.training.model_copy(update={"max_steps": steps, "seed": seed,
                                                     "learning_rate": loop.iterate.d2c.learning_rate})
    options = sized(training, start, train.d2c.lora)
    folder = loop.paths.checkpoints / "control" / content_id(
        start=writer_id(named(loop, start)), lessons=fingerprint(lessons), options=to_plain(options))[:8]
    with watched() as progress:
        fine_tune(start, lessons, folder, options, validation, progress, f"as long as round {number}, {draw + 1}")
    return folder


def _steps(model: Path, share: float) -> int:
    """Steps of the training that a round's model came from."""
    trained = model.with_name(model.name.removesuffix(f"-{share:g}"))
    return int(read(trained / "training.json")["steps"])


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m recipes.evidence.control",
                                     description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--train", type=Path, required=True, help="configuration of `pipeline train-d2c`")
    parser.add_argument("--iterate", type=Path, required=True, help="configuration of `pipeline iterate`")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="as the pipeline has it")
    parser.add_argument("--draws", type=int, default=DRAWS, help="trainings, of a seed each")
    parser.add_argument("--out", type=Path, required=True, help="file of results")
    given = parser.parse_args(arguments)
    return ended(lambda: _measure(given))


def _measure(given: argparse.Namespace) -> int:
    values = assignments(given.set, "--set")
    train, config = load_config(given.train, values), load_config(given.iterate, values)
    results = read(config.paths.generated / "iterate" / "latest" / "iterate_results.json")
    with Store(config.paths.eval / "held_out.jsonl", HeldOutRow) as store:
        rows = controls(train, config, results, store, given.draws)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(given.out, [json.dumps({"loop": results["run"], "rounds": rows}, indent=2).encode() + b"\n"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
