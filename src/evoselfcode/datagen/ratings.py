"""Ratings of solutions: problem, definition, correctness, efficiency and readability, each from 1 to 5.

    generate_ratings(load_config(Path("configs/datagen.yaml"), {"datagen.rater.model_name": "gpt-4o"}))

Only a model that follows instructions can rate. A reply counts if it holds exactly one JSON object with the five scores
as whole numbers; every other is refused, and counted by what is wrong with it.
"""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING

from eg_cfg.errors import ConfigError
from evoselfcode.datagen.asking import Writer, gather, question_of, writer_of
from evoselfcode.datagen.prompts import Prompts
from evoselfcode.datagen.reading import read_scores
from evoselfcode.datagen.rows import Files, Rating, Reply, Scores, Solution
from evoselfcode.datagen.told import finish, told
from evoselfcode.pairs import source_of
from evoselfcode.stage import Progress, silent, stage
from evoselfcode.store import Store, read_rows
from evoselfcode.summary import Summary

if TYPE_CHECKING:
    from evoselfcode.config import Config


def generate_ratings(config: Config, progress: Progress = silent) -> Summary:
    """Rates what is not rated.

    Raises:
        ConfigError: The model follows no instructions, or an option is wrong.
        DataNotFoundError: There are no solutions.
        UsageError: The model cannot be had.
        ModelError: The model, or its endpoint, could not go on; what it wrote is kept.
        RunError: Another process writes, or a file cannot be written.
    """
    options, files = config.datagen, Files(config.paths)
    rater = writer_of(config, rates=True)
    if not rater.chat:
        raise _no_rater(rater)
    with stage(config, "generate-ratings") as run, Store(files.rating_replies, Reply) as replies:
        run.damaged += replies.damaged
        solutions, bad = read_rows(files.solutions, Solution,
                                   made_by="evoselfcode datagen generate-code --config configs/datagen.yaml")
        run.damaged += bad
        ask = Prompts(options.templates)
        questions = [question_of(row, ask.chat("rating.j2", problem=row.problem, code=source_of(row.pair).rstrip()),
                                 rater, options.ratings, config.seed) for row in solutions]
        found = gather(rater, questions, replies, options.ratings, _read, seed=config.seed,
                       progress=lambda done, total: progress("rating", done, total), option="datagen.ratings")
        rows = [rating for _, _, rating in found.rows]
        means = {f"mean {name}": f"{fmean(getattr(row.scores, name) for row in rows):.2f}" if rows else None
                 for name in Scores.model_fields}
        return finish(run, files.ratings, Rating, rows, found, replies,
                      {"solutions": len(solutions), "rated": len({row.solution for row in rows}),
                       **told(rater, found, replies), **means})


def _no_rater(rater: Writer) -> ConfigError:
    return ConfigError(f"generate-ratings needs a model that follows instructions, and {rater.name!r} is a base model "
                       f"without a chat template: set datagen.rater.model_name to an instruct model, with "
                       f"datagen.rater.api_base to one behind an OpenAI-compatible endpoint; to convert without "
                       f"ratings, set datagen.convert.unrated=keep")


def _read(solution: Solution, reply: Reply) -> Rating:
    scores, reason = read_scores(reply.text)
    return Rating(id=reply.id, solution=solution.id, scores=scores, reason=reason, rater=reply.writer)
