"""Problems from names: title, description, example and hint.

    generate_problems(load_config(Path("configs/datagen.yaml")))

A model that follows instructions is asked in a chat with worked examples. A base model cannot do that: it goes on after
`def <name>(`, and its docstring is the description; such problems have the signature too, but no example and no hint.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from evoselfcode.datagen.asking import gather, question_of, writer_of
from evoselfcode.datagen.prompts import Prompts
from evoselfcode.datagen.reading import read_problem, read_written_head
from evoselfcode.datagen.rows import Files, Problem, Reply
from evoselfcode.datagen.told import HEAD_STOPS, finish, told
from evoselfcode.records import Name
from evoselfcode.stage import Progress, silent, stage
from evoselfcode.store import Store, read_rows
from evoselfcode.summary import FunnelStep, Summary

if TYPE_CHECKING:
    from evoselfcode.config import Config


def generate_problems(config: Config, progress: Progress = silent) -> Summary:
    """Writes the problems that are missing.

    Raises:
        DataNotFoundError: There are no names.
        UsageError: The model cannot be had, or an option is wrong.
        ModelError: The model, or its endpoint, could not go on; what it wrote is kept.
        RunError: Another process writes, or a file cannot be written.
    """
    options, files = config.datagen, Files(config.paths)
    with stage(config, "generate-problems") as run, Store(files.problem_replies, Reply) as replies:
        run.damaged += replies.damaged
        names, bad = read_rows(config.paths.names, Name,
                               made_by="evoselfcode datagen generate-names --config configs/datagen.yaml")
        run.damaged += bad
        writer = writer_of(config)
        if writer.chat:
            ask = Prompts(options.templates)
            shots = ask.shots(options.problems.shots)
            questions = [question_of(name, ask.chat("problem.j2", name=name.name, shots=shots), writer,
                                     options.problems, config.seed) for name in names]
        else:
            questions = [question_of(name, f"def {name.name}(", writer, options.problems, config.seed, HEAD_STOPS)
                         for name in names]
        read: Callable[[Name, Reply], Problem] = _told if writer.chat else _written
        found = gather(writer, questions, replies, options.problems, read, seed=config.seed,
                       progress=lambda done, total: progress("writing problems", done, total),
                       stop=() if writer.chat else HEAD_STOPS, option="datagen.problems")
        rows: dict[str, Problem] = {}
        repeated: Counter[str] = Counter()
        for _, _, problem in found.rows:
            words = " ".join(problem.description.lower().split())
            repeated["description seen before"] += words in rows
            rows.setdefault(words, problem)
        counts: dict[str, Any] = {"names": len(names), "problems": len(rows), **told(writer, found, replies)}
        if not writer.chat:
            counts["written as"] = (f"docstrings: {writer.name} follows no instructions, so there are no examples and "
                                    f"hints; datagen.model takes a model that does")
        return finish(run, files.problems, Problem, list(rows.values()), found, replies, counts,
                      FunnelStep("new description", len(found.rows), repeated.total(), dict(+repeated)))


def _told(name: Name, reply: Reply) -> Problem:
    return Problem.of(reply=reply.id, name=name.name, **read_problem(name.name, reply.text))


def _written(name: Name, reply: Reply) -> Problem:
    head = read_written_head(name.name, reply.text)
    return Problem.of(reply=reply.id, name=name.name, title=name.name.replace("_", " ").capitalize(),
                      description=head.description, header=head.header, preamble=head.preamble)
