"""Bodies for skeletons.

    generate_code(load_config(Path("configs/datagen.yaml")))

A model that follows instructions is shown problem and skeleton, and answers with the whole function; a base model goes
on after signature and docstring. Nothing is run here: `pipeline score` and `filter` do that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from evoselfcode.datagen.asking import gather, question_of, writer_of
from evoselfcode.datagen.prompts import Prompts
from evoselfcode.datagen.reading import read_code
from evoselfcode.datagen.rows import Files, Reply, Skeleton, Solution
from evoselfcode.datagen.told import finish, told
from evoselfcode.pairs import TASK_STOPS, parse_function, task_prompt
from evoselfcode.stage import Progress, silent, stage
from evoselfcode.store import Store, read_rows
from evoselfcode.summary import FunnelStep, Summary

if TYPE_CHECKING:
    from evoselfcode.config import Config


def generate_code(config: Config, progress: Progress = silent) -> Summary:
    """Writes the bodies that are missing; raises what `generate_problems` raises."""
    options, files = config.datagen, Files(config.paths)
    with stage(config, "generate-code") as run, Store(files.code_replies, Reply) as replies:
        run.damaged += replies.damaged
        skeletons, bad = read_rows(files.skeletons, Skeleton,
                                   made_by="evoselfcode datagen generate-skeletons --config configs/datagen.yaml")
        run.damaged += bad
        writer = writer_of(config)
        stop = () if writer.chat else TASK_STOPS
        ask = Prompts(options.templates)
        prompts = [ask.chat("code.j2", problem=row.problem, skeleton=task_prompt(row.pair()).rstrip())
                   if writer.chat else task_prompt(row.pair()) for row in skeletons]
        questions = [question_of(row, prompt, writer, options.code, config.seed, stop)
                     for row, prompt in zip(skeletons, prompts, strict=True)]
        found = gather(writer, questions, replies, options.code, _told if writer.chat else _written, seed=config.seed,
                       progress=lambda done, total: progress("writing code", done, total), stop=stop,
                       option="datagen.code")
        made = [solution for _, _, solution in found.rows]
        rows = {row.id: row for row in made}
        repeated = len(made) - len(rows)
        return finish(run, files.solutions, Solution, list(rows.values()), found, replies,
                      {"skeletons": len(skeletons), "solutions": len(rows), **told(writer, found, replies)},
                      FunnelStep("new code", len(made), repeated, {"seen before": repeated} if repeated else {}))


def _told(skeleton: Skeleton, reply: Reply) -> Solution:
    return Solution.of(skeleton, read_code(skeleton.pair(), reply.text), reply=reply.id)


def _written(skeleton: Skeleton, reply: Reply) -> Solution:
    pair = skeleton.pair()
    found = parse_function(task_prompt(pair) + reply.text, pair.name)
    return Solution.of(skeleton, pair.model_copy(update={"body": found.body}), reply=reply.id)
