"""From names to raw pairs, and from descriptions to candidates.

    generate(load_config(Path("configs/generation.yaml")))

1. For each name the base model goes on after `def <name>(`: parameters, docstring, body
   (`data/generated/drafts.jsonl`). Those that are documented functions become raw pairs
   (`data/raw/invented.jsonl`, `{"prompt", "code"}` a line).
2. For descriptions in `data/raw`, yours first, a model writes further programs (`data/generated/candidates.jsonl`):
   programs that agree are more likely right than one alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from eg_cfg.models.base import Completion, TextModel
from eg_cfg.records import write_atomically
from evoselfcode.pairs import TASK_STOPS, MalformedError, code_of, parse_function, task_id, task_prompt
from evoselfcode.pipeline.drawing import Question, draw_missing, missing, require_samples
from evoselfcode.pipeline.options import DrawOptions
from evoselfcode.pipeline.raw import Raw, RawPairs, read_raw
from evoselfcode.records import Candidate, Draft, Name, PairFields, RawPair, content_id
from evoselfcode.stage import Progress, silent, stage
from evoselfcode.store import Store, read_rows
from evoselfcode.summary import FunnelStep, Summary
from evoselfcode.writers import named, writer_id

if TYPE_CHECKING:
    from evoselfcode.config import Config

Loader = Callable[[], TextModel]
"""Loads a model, where it turns out to be needed."""
_DRAFT_STOPS = ("\n\n\n", "\ndef ", "\nclass ", "\nif ", "\nprint")


def generate(config: Config, progress: Progress = silent) -> Summary:
    """Writes the drafts and candidates that are missing.

    Raises:
        DataNotFoundError: There are neither names nor raw pairs.
        UsageError: A model cannot be had.
        RunError: Another process writes, or a file cannot be written.
    """
    options, paths = config.generate, config.paths
    require_samples(options.drafts, options.draft, "generate.drafts")
    require_samples(options.candidates, options.candidate, "generate.candidates")
    with stage(config, "generate") as run, Store(paths.drafts, Draft) as drafts, \
            Store(paths.candidates, Candidate) as candidates:
        run.damaged += drafts.damaged + candidates.damaged
        others = [file for file in paths.raw.glob("*.jsonl") if file != paths.invented]
        names, bad = read_rows(paths.names, Name,
                               made_by=None if others else "evoselfcode datagen generate-names --config "
                                                            "configs/datagen.yaml")
        run.damaged += bad
        funnel = _drafted(config, names, drafts, progress)
        raw = read_raw(paths.raw)
        run.damaged += raw.damaged
        _sampled(config, raw, candidates, progress)
        tasks = {task_id(item.pair) for item in raw.pairs}
        return run.done(
            added=drafts.added + candidates.added, total=len(candidates),
            outputs=[paths.drafts, paths.invented, paths.candidates],
            counts={"names": len(names), "drafts": len(drafts), "new drafts": drafts.added, "raw pairs": len(raw.pairs),
                    "repeated pairs": raw.repeated, "tasks": len(tasks), "candidates": len(candidates),
                    "new candidates": candidates.added,
                    "candidates without a program": sum(row.problem is not None for row in candidates)},
            funnel=[funnel, FunnelStep("data/raw: documented function", raw.read, raw.malformed.total(),
                                       dict(raw.malformed))])


def _drafted(config: Config, names: Sequence[Name], drafts: Store[Draft], progress: Progress) -> FunnelStep:
    """Draws drafts and puts those that are documented functions into `data/raw`; what became of them."""
    options = config.generate
    if not options.drafts or not names:
        return FunnelStep("drafts", 0, 0)
    writer = writer_id(config.model)
    questions = [Question.of(name.name, f"{options.prefix}def {name.name}(", writer=writer, draw=options.draft,
                             stop=_DRAFT_STOPS, seed=config.seed) for name in names]
    if missing(questions, drafts, options.drafts):
        with config.model.load_model() as model:
            for question, index, completion in draw_missing(
                    model, questions, drafts, n=options.drafts, draw=options.draft, stop=_DRAFT_STOPS,
                    seed=config.seed, progress=lambda done, total: progress("writing drafts", done, total)):
                drafts.add(Draft(id=question.sample_id(index), name=question.about, index=index, text=completion.text,
                                 finish_reason=completion.finish_reason, tokens=completion.num_tokens,
                                 log_prob=completion.log_prob))
    rows: list[RawPair] = []
    dropped: Counter[str] = Counter()
    for question in questions:
        for index in range(options.drafts):
            identity = question.sample_id(index)
            if identity not in drafts:
                continue
            draft = drafts[identity]
            try:
                pair = parse_function(f"def {draft.name}({draft.text}", draft.name)
                if draft.finish_reason == "length":
                    raise MalformedError("cut at the token limit")
            except MalformedError as error:
                dropped[str(error)] += 1
                continue
            rows.append(RawPair(prompt=task_prompt(pair), code=code_of(pair), id=draft.id, source="invented"))
    _write_raw(config.paths.invented, rows)
    return FunnelStep("drafts: documented function", len(rows) + dropped.total(), dropped.total(), dict(dropped))


def _write_raw(path: Path, rows: Sequence[RawPair]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [row.model_dump_json(exclude_defaults=True).encode("utf-8", "surrogatepass") + b"\n" for row in rows]
    if not path.exists() or path.read_bytes() != b"".join(lines):
        write_atomically(path, lines)


def _sampled(config: Config, raw: RawPairs, candidates: Store[Candidate], progress: Progress) -> None:
    options = config.generate
    tasks = tasks_of(raw.pairs)[:options.tasks]
    asked = {task_id(item.pair) for item in tasks}
    for item in raw.pairs:
        if task_id(item.pair) in asked:
            candidates.add(Candidate(id=content_id(raw=item.id), task=task_id(item.pair), pair=item.pair, index=-1,
                                     writer="raw", tests=item.tests))
    if options.candidates:
        model = named(config, options.d2c)
        add_candidates(model.load_model, writer_id(model), tasks, candidates, n=options.candidates,
                       draw=options.candidate, seed=config.seed, progress=progress)


def tasks_of(pairs: Sequence[Raw]) -> list[Raw]:
    """One pair for each task, with the tests of all."""
    found: dict[str, Raw] = {}
    for item in pairs:
        task = task_id(item.pair)
        known = found.get(task)
        if known is None:
            found[task] = item
        elif item.tests:
            found[task] = Raw(known.id, known.pair, tuple(dict.fromkeys([*known.tests, *item.tests])))
    return list(found.values())


def add_candidates(load: Loader, writer: str, tasks: Sequence[Raw], candidates: Store[Candidate], *, n: int,
                   draw: DrawOptions, seed: int, prompts: Sequence[str] | None = None,
                   progress: Progress = silent) -> list[Candidate]:
    """Samples programs for tasks until each has n of this writer, and gives those that it has.

    Args:
        load: Loads the model; not called where nothing is missing.
        writer: Its fingerprint.
        tasks: One pair for each task; its body is not shown.
        candidates: Where they go.
        n: Programs a task.
        draw: How they are sampled.
        seed: Of the samples.
        prompts: What is asked for each task; header and description where none.
        progress: Told how far it is.
    """
    asked = prompts if prompts is not None else [task_prompt(item.pair) for item in tasks]
    questions = [Question.of(item, prompt, writer=writer, draw=draw, stop=TASK_STOPS, seed=seed)
                 for item, prompt in zip(tasks, asked, strict=True)]
    if missing(questions, candidates, n):
        with load() as model:
            for question, index, completion in draw_missing(
                    model, questions, candidates, n=n, draw=draw, stop=TASK_STOPS, seed=seed,
                    progress=lambda done, total: progress("writing candidates", done, total)):
                candidates.add(_candidate(question, index, completion, writer))
    keys = [question.sample_id(index) for question in questions for index in range(n)]
    return [candidates[key] for key in keys if key in candidates]


def _candidate(question: Question[Raw], index: int, completion: Completion, writer: str) -> Candidate:
    task = question.about.pair
    problem = None
    try:
        pair = program_pair(task, completion)
    except MalformedError as error:
        pair, problem = task.model_copy(update={"body": completion.text}), str(error)
    return Candidate(id=question.sample_id(index), task=task_id(task), pair=pair, index=index, writer=writer,
                     finish_reason=completion.finish_reason, log_prob=completion.log_prob,
                     tests=question.about.tests, problem=problem)


def program_pair(task: PairFields, completion: Completion) -> PairFields:
    """The task's pair with the body that a model wrote.

    Raises:
        MalformedError: The completion is no body, or was cut at the token limit.
    """
    if completion.finish_reason == "length":
        raise MalformedError("cut at the token limit")
    body = parse_function(task_prompt(task) + completion.text, task.name).body
    return task.model_copy(update={"body": body})

