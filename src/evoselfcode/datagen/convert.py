"""Solutions that are rated well enough, as chats to train on: ChatML in JSONL.

    convert(load_config(Path("configs/datagen.yaml"), {"datagen.convert.thresholds.correctness": "5"}))

A line is `{"id", "messages": [{"role", "content"}, ...], "scores"}`, or with `form: text` the chat as one text with
ChatML's markers. Each threshold is a step of the funnel, in the order of the scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import TYPE_CHECKING

from evoselfcode.datagen.options import ConvertOptions
from evoselfcode.datagen.prompts import Prompts
from evoselfcode.datagen.rows import ChatRow, Files, Rating, Scores, Solution, TextRow, Turn
from evoselfcode.pairs import source_of, task_prompt
from evoselfcode.stage import Progress, silent, stage
from evoselfcode.store import read_rows, replace_rows
from evoselfcode.summary import FunnelStep, Summary

if TYPE_CHECKING:
    from evoselfcode.config import Config

_MARKERS = ("<|im_start|>", "<|im_end|>")
Means = dict[str, float]
Rated = tuple[Solution, Means | None]


def convert(config: Config, progress: Progress = silent) -> Summary:
    """Writes `data/processed/chat.jsonl`.

    Raises:
        ConfigError: A template cannot be used.
        DataNotFoundError: There are no solutions, or no ratings where they are needed.
        RunError: Another process writes, or a file cannot be written.
    """
    options, files = config.datagen.convert, Files(config.paths)
    with stage(config, "convert") as run:
        solutions, bad = read_rows(files.solutions, Solution,
                                   made_by="evoselfcode datagen generate-code --config configs/datagen.yaml")
        run.damaged += bad
        ratings, bad = read_rows(files.ratings, Rating, made_by=None if options.unrated == "keep" else
                                 "evoselfcode datagen generate-ratings --config configs/datagen.yaml")
        run.damaged += bad
        means = means_of(ratings)
        rated = [(row, means.get(row.id)) for row in solutions]
        kept, funnel = _chosen(rated, options)
        prompts = Prompts(config.datagen.templates)
        rows: list[ChatRow | TextRow] = []
        marked = 0
        for done, (solution, scores) in enumerate(kept, start=1):
            row = _row(prompts, options, solution, scores)
            if row is None:
                marked += 1
            else:
                rows.append(row)
            progress("converting", done, len(kept))
        if options.form == "text":
            funnel.append(FunnelStep("no markers within", len(kept), marked,
                                     {"holds ChatML's markers": marked} if marked else {}))
        before = [row.id for row in read_rows(files.chat, ChatRow if options.form == "messages" else TextRow)[0]]
        replace_rows(files.chat, rows)
        return run.done(added=len({row.id for row in rows} - set(before)), total=len(rows), outputs=[files.chat],
                        counts={"solutions": len(solutions), "ratings": len(ratings),
                                "rated solutions": sum(scores is not None for _, scores in rated),
                                "converted": len(rows)}, funnel=funnel)


def means_of(ratings: Sequence[Rating]) -> dict[str, Means]:
    """The mean of each score, by solution."""
    found: dict[str, list[Scores]] = {}
    for rating in ratings:
        found.setdefault(rating.solution, []).append(rating.scores)
    return {solution: {name: fmean(getattr(each, name) for each in scores) for name in Scores.model_fields}
            for solution, scores in found.items()}


def _chosen(rows: list[Rated], options: ConvertOptions) -> tuple[list[Rated], list[FunnelStep]]:
    kept = rows if options.unrated == "keep" else [row for row in rows if row[1] is not None]
    dropped = len(rows) - len(kept)
    funnel = [FunnelStep("rated", len(rows), dropped, {"not rated": dropped} if dropped else {})]
    for name in Scores.model_fields:
        least = getattr(options.thresholds, name)
        passed = [row for row in kept if row[1] is None or row[1][name] >= least]
        dropped = len(kept) - len(passed)
        funnel.append(FunnelStep(name, len(kept), dropped, {f"below {least:g}": dropped} if dropped else {}))
        kept = passed
    return kept, funnel


def _row(prompts: Prompts, options: ConvertOptions, solution: Solution,
         scores: Means | None) -> ChatRow | TextRow | None:
    task = prompts.text("task.j2", problem=solution.problem, skeleton=task_prompt(solution.pair).rstrip())
    turns = [Turn(role="user", content=task),
             Turn(role="assistant", content=f"```python\n{source_of(solution.pair)}```")]
    if options.system is not None:
        turns.insert(0, Turn(role="system", content=options.system))
    if options.form == "messages":
        return ChatRow(id=solution.id, messages=tuple(turns), scores=scores)
    if any(marker in turn.content for turn in turns for marker in _MARKERS):
        return None
    text = "".join(f"<|im_start|>{turn.role}\n{turn.content}<|im_end|>\n" for turn in turns)
    return TextRow(id=solution.id, text=text, scores=scores)
