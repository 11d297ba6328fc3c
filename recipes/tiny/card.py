"""Puts a finished model into the package, with a card made of what the log and the evaluations say.

    python -m recipes.tiny.card --stage tiny --out runs/tiny --to src/eg_cfg/models/tiny

Evaluations are the JSON files in `OUT/<model>/evaluations/`: those of `recipes.tiny.evaluate`, and any `results.json`
of `eg-cfg baseline` or `eg-cfg grade`, under whatever name. What was not measured is not in the card.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eg_cfg.benchmarks.minipy import MINIPY_VERSION
from eg_cfg.errors import EgCfgError, UsageError
from eg_cfg.records import write_atomically
from recipes.tiny.options import RECIPE, Recipe, Stage, read

PACKAGE_BYTES = 24 * 10**6
"""What all embedded models may take in the package together."""
FILES = ("config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")

_PURPOSE = {
    "base": "Saw documented Python files only, and gaps to fill in them (a name, a docstring, lines of a body). It can "
            "invent a name, describe it and write it. It was never asked to solve a task.",
    "tiny": "Writes a short Python function for a description, with or without shown tests. It goes on from "
            "`tiny-base`.",
    "steps2": "As `tiny`, and like it from `tiny-base`, but asked for problems of one and two steps only: a base with "
              "a gap to close. Documented files of three steps, without tests, stay in its mixture as they were in "
              "`tiny-base`'s.",
    "exec": "Reads what candidates did: prompts of the type `signal_tokens`, in which guided decoding (`eg-cfg guide`) "
            "shows programs, their verdicts and their values. Without a signal it is asked as `tiny` is.",
    "small": "A smaller sibling of `tiny`, from random weights: a target for what a larger model found.",
    "untrained": "The architecture of `tiny` with random weights.",
}
_KINDS = {
    "file": "documented functions", "longer": "documented functions of three steps",
    "module": "files of several documented functions",
    "fim": "documented functions with a gap to fill in", "name": "function names to fill in",
    "repeats": "words in no order to copy",
    "exports": "lists of invented names to copy", "described": "descriptions with their code",
    "shown": "descriptions and shown tests with their code", "vague": "the same with a step that only tests tell",
    "session": "several tasks in a row, each with its code",
    "strange": "signals of programs with unexpected names",
    "picked": "signals in which some candidates pass", "avoided": "signals in which none passes",
    "agreed": "signals in which all pass", "begun": "signals of unfinished candidates",
    "blind": "signals without a description", "sampled": "signals of what a model wrote",
}


def card(recipe: Recipe, name: str, rows: Sequence[Mapping[str, Any]],
         evaluations: Sequence[Mapping[str, Any]]) -> str:
    """The model card as Markdown.

    Args:
        recipe: Of all stages.
        name: The stage.
        rows: The stage's log.
        evaluations: What was measured.

    Raises:
        UsageError: The log does not say that the stage was finished.
    """
    stage = recipe.stage(name)
    finished = [row for row in rows if row["event"] == "finished"]
    if not finished:
        raise UsageError(f"expected the log of a finished stage {name}, found none: train it to its end first")
    lines = ["---", "license: apache-2.0", "language: [en]", "library_name: transformers",
             "pipeline_tag: text-generation", "tags: [code, python]", "---", "", f"# {stage.model}", "",
             _PURPOSE.get(name, ""), "",
             "It is a laboratory animal: small enough to train and run on a laptop, so that methods can be tried for "
             "real and in full. It is of no use as a programming assistant.", ""]
    lines += _architecture(recipe, stage, finished[-1])
    lines += _training(recipe, name, rows)
    lines += _scores(evaluations)
    lines += _limits(stage)
    return "\n".join(lines).rstrip() + "\n"


def _architecture(recipe: Recipe, stage: Stage, finished: Mapping[str, Any]) -> list[str]:
    shape = recipe.shapes[stage.shape]
    return ["## Architecture", "",
            f"Llama, {finished['parameters']:,} parameters: {shape.layers} layers, width {shape.hidden}, {shape.heads} "
            f"heads, feed-forward width {shape.intermediate}, tied embeddings of {recipe.tokenizer.vocabulary} tokens, "
            "context of 2,048 tokens. Byte-level BPE; digits, newlines and indentations are tokens of their own. "
            "Weights are stored in half precision and computed with in single precision.", ""]


def _training(recipe: Recipe, name: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    stage = recipe.stage(name)
    progress = [row for row in rows if row["event"] == "progress"]
    if not progress:
        return ["## Training", "", f"None; weights are drawn with seed {stage.seed}.", ""]
    last = progress[-1]
    started = [row for row in rows if row["event"] == "started"]
    devices = sorted({f"{row['device']} ({row['precision']}, {row['threads']} thread"
                      f"{'s' if row['threads'] > 1 else ''})" for row in started})
    origin = f"goes on from `{recipe.stage(stage.start).model}`" if stage.start else "starts from random weights"
    lines = ["## Training", "",
             f"Data is generated by MiniPy {MINIPY_VERSION} (train split, seed {stage.seed}); no text was collected "
             f"from anywhere. Training {origin}.", "",
             "| phase | tokens | steps | documents |", "|---|---|---|---|"]
    for number, phase in enumerate(stage.phases, start=1):
        total = sum(phase.mix.values())
        mix = ", ".join(f"{weight / total:.0%} {_KINDS.get(kind, kind)}" for kind, weight in phase.mix.items())
        lines.append(f"| {number} | {phase.tokens / 1e6:.1f}M | {', '.join(map(str, phase.steps))} | {mix} |")
    flops = 6 * [row for row in rows if row["event"] == "finished"][-1]["parameters"] * last["tokens"]
    return [*lines, "",
            f"{last['tokens']:,} tokens in {last['updates']:,} updates, {last['problems']:,} problems, "
            f"{last['seconds'] / 60:.0f} minutes on {', '.join(devices)}; about {flops:.1e} floating-point operations "
            f"(6 x parameters x tokens). {'Muon and AdamW' if stage.optimiser == 'muon' else 'AdamW'}, peak learning "
            f"rate {stage.learning_rate:g}, last training loss {last['loss']:.3f} nats a token.", "",
            "Each problem's composition and behaviour were compared with test, validation and pool before it was used; "
            "one match would have ended the training.", ""]


def _scores(evaluations: Sequence[Mapping[str, Any]]) -> list[str]:
    if not evaluations:
        return []
    lines = ["## Scores", "", "| benchmark | what | pass@1 | problems |", "|---|---|---|---|"]
    for found in evaluations:
        where = f"{found['benchmark']} {found.get('split') or ''}".strip()
        if "scores" in found:
            how = "greedy" if found.get("greedy") else str(found.get("baseline", ""))
            how += "" if found.get("tests_in_prompt", True) else ", no tests in the prompt"
            for group, score in found["scores"].items():
                lines.append(f"| {where} | {how}, {group} | {score['pass@1']:.1%} | {score['problems']} |")
        elif "pass@1" in found:
            value = found["pass@1"]
            lines.append(f"| {where} | {found['samples']} samples | {value['value']:.1%} ({value['low']:.1%} to "
                         f"{value['high']:.1%}) | {found['problems']} |")
    return [*lines, ""]


def _limits(stage: Stage) -> list[str]:
    solves = bool(stage.phases) and any("described" in phase.mix for phase in stage.phases)
    lines = ["## Limits", "",
             "- It knows MiniPy's operations and wordings and nothing else; other English and other Python are foreign "
             "to it.",
             "- Descriptions that only the shown tests make clear are the hardest part."
             if solves else "- Prompts with tests, chats and instructions are foreign to it.",
             "- What it writes must be run in a sandbox, as any model's output."]
    return [*lines, ""]


def publish(recipe: Recipe, name: str, out: Path, target: Path) -> Path:
    """Copies a finished model to `target/<model>` and writes its card there.

    Raises:
        UsageError: The stage is not finished, or all models together would be too large.
    """
    folder = out / recipe.stage(name).model
    final = folder / "final"
    missing = [file for file in FILES if not (final / file).is_file()]
    if missing:
        raise UsageError(f"expected the finished stage {name} in {final}, found no {missing[0]}: train it to its end")
    rows = _rows(folder / "log.jsonl")
    evaluations = [json.loads(file.read_text(encoding="utf-8"))
                   for file in sorted((folder / "evaluations").glob("*.json"))]
    text = card(recipe, name, rows, evaluations)
    goal = target / recipe.stage(name).model
    others = sum(file.stat().st_size for file in target.rglob("*") if file.is_file() and goal not in file.parents)
    size = others + sum((final / file).stat().st_size for file in FILES)
    if size > PACKAGE_BYTES:
        raise UsageError(f"expected at most {PACKAGE_BYTES:,} bytes for all models in {target}, found {size:,} with "
                         f"{goal.name}: make the shapes smaller")
    goal.mkdir(parents=True, exist_ok=True)
    for file in FILES:
        shutil.copyfile(final / file, goal / file)
    write_atomically(goal / "README.md", [text.encode()])
    return goal


def _rows(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m recipes.tiny.card", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--stage", required=True, help="base, tiny, steps2, small, exec or untrained")
    parser.add_argument("--out", type=Path, required=True, help="folder of all stages")
    parser.add_argument("--to", type=Path, required=True, help="folder of the package's models")
    parser.add_argument("--recipe", type=Path, default=RECIPE)
    given = parser.parse_args(arguments)
    try:
        goal = publish(read(given.recipe), given.stage, given.out, given.to)
    except EgCfgError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    print(goal)
    return 0


if __name__ == "__main__":
    sys.exit(main())
