"""Skeletons from problems: imports, signature and docstring.

    generate_skeletons(load_config(Path("configs/datagen.yaml")))

A model that follows instructions is asked in a chat. A problem that a base model wrote has its signature already, and
nothing is asked. For any other problem a base model goes on after the description and `def <name>(`; the description
is the docstring then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from evoselfcode.datagen.asking import gather, question_of, writer_of
from evoselfcode.datagen.prompts import Prompts
from evoselfcode.datagen.reading import read_head, read_header
from evoselfcode.datagen.rows import Files, Problem, Reply, Skeleton
from evoselfcode.datagen.told import HEAD_STOPS, finish, told
from evoselfcode.pairs import MalformedError
from evoselfcode.stage import Progress, silent, stage
from evoselfcode.store import Store, read_rows
from evoselfcode.summary import FunnelStep, Summary

if TYPE_CHECKING:
    from evoselfcode.config import Config

_STOPS = (*HEAD_STOPS, '"""')


def generate_skeletons(config: Config, progress: Progress = silent) -> Summary:
    """Writes the skeletons that are missing; raises what `generate_problems` raises."""
    options, files = config.datagen, Files(config.paths)
    with stage(config, "generate-skeletons") as run, Store(files.skeleton_replies, Reply) as replies:
        run.damaged += replies.damaged
        problems, bad = read_rows(files.problems, Problem,
                                  made_by="evoselfcode datagen generate-problems --config configs/datagen.yaml")
        run.damaged += bad
        writer = writer_of(config)
        ready = [] if writer.chat else [_ready(problem) for problem in problems if problem.header is not None]
        rest = problems if writer.chat else [problem for problem in problems if problem.header is None]
        stop = () if writer.chat else _STOPS
        ask = Prompts(options.templates)
        prompts = [ask.chat("skeleton.j2", problem=problem) if writer.chat else _beginning(problem)
                   for problem in rest]
        questions = [question_of(problem, prompt, writer, options.skeletons, config.seed, stop)
                     for problem, prompt in zip(rest, prompts, strict=True)]
        found = gather(writer, questions, replies, options.skeletons, _told if writer.chat else _written,
                       seed=config.seed, progress=lambda done, total: progress("writing skeletons", done, total),
                       stop=stop, option="datagen.skeletons")
        made = [*ready, *(skeleton for _, _, skeleton in found.rows)]
        place = {problem.id: number for number, problem in enumerate(problems)}
        rows = sorted({row.id: row for row in made}.values(), key=lambda row: place[row.problem.id])
        repeated = len(made) - len(rows)
        return finish(
            run, files.skeletons, Skeleton, rows, found, replies,
            {"problems": len(problems), "skeletons": len(rows), "written with their problem": len(ready) or None,
             **told(writer, found, replies)},
            FunnelStep("new skeleton", len(made), repeated, {"seen before": repeated} if repeated else {}))


def _ready(problem: Problem) -> Skeleton:
    assert problem.header is not None
    return Skeleton.of(problem, reply=problem.reply, header=problem.header, docstring=problem.description,
                       preamble=problem.preamble)


def _beginning(problem: Problem) -> str:
    words = "\n".join(f"# {line}".rstrip() for line in problem.description.splitlines())
    return f"{words}\ndef {problem.name}("


def _told(problem: Problem, reply: Reply) -> Skeleton:
    head = read_head(problem.name, reply.text)
    return Skeleton.of(problem, reply=reply.id, header=head.header, docstring=head.description, preamble=head.preamble)


def _written(problem: Problem, reply: Reply) -> Skeleton:
    if '"""' in problem.description or "\\" in problem.description:
        raise MalformedError("docstring with quotes or backslashes")
    return Skeleton.of(problem, reply=reply.id, header=read_header(problem.name, reply.text),
                       docstring=problem.description, preamble="")
