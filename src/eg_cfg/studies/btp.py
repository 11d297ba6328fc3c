"""BTP: a model learns from programs that were written, tested, and drawn by priority (arXiv 2410.12236).

    outcome = btp(build(BTPOptions, {"source_model": "tiny", "dataset": "minipy"}))
    outcome.results["compared"]["pass@1"]["p_value"]

    score before -> [ write and test -> buffer -> draw by P2Value -> fine-tune ] x rounds -> score after

What is replayed and what scores are disjoint (`studies.btp_problems`); before and after are scored on the same
problems with the same seeds. The rounds repeat with the improved model: where one model writes and learns, each round
writes anew with the weights of the round before, and the buffer keeps what earlier rounds wrote. Modes that train
nothing report what k tested programs a problem solve.

The run folder:

    run.json                       configuration, versions, data sets
    before/, after/                samples.jsonl, verdicts.jsonl, scores.json
    rounds/1/                      completions.jsonl, experiences.jsonl, drawn.jsonl, round.json
    checkpoints/round_1/           loads by path in every other command
    buffer.jsonl, btp_results.json, report.txt, btp.log, figures/

Killed at any moment and started again with the same command, it goes on; a phase that was finished is not repeated, and
the results are those of an undisturbed run but for measured times and memory.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eg_cfg.config import to_plain
from eg_cfg.errors import RunError
from eg_cfg.models.base import Sampling
from eg_cfg.models.prompts import settings_for
from eg_cfg.records import write_atomically
from eg_cfg.replay.collect import COLLECT_FILES
from eg_cfg.runs import RunFolder, library_versions
from eg_cfg.studies.btp_collecting import collect_round, read_experiences
from eg_cfg.studies.btp_models import Roles, assign
from eg_cfg.studies.btp_options import BTPOptions
from eg_cfg.studies.btp_problems import Problems, choose_problems
from eg_cfg.studies.btp_report import best_of_k, compare_phases, summary_lines
from eg_cfg.studies.btp_rounds import BUFFER, run_round
from eg_cfg.studies.btp_work import LOG, Say, Watch, Work
from eg_cfg.studies.evaluation import choose_ks, evaluate
from eg_cfg.studies.folders import choose_folder
from eg_cfg.studies.options import Progress
from eg_cfg.studies.sampling import PromptOptions

RESULTS = "btp_results.json"
REPORT = "report.txt"
SCORES = "scores.json"
FIGURES = "figures"
_FOLDERS = ("before", "after", "rounds", "checkpoints", FIGURES)
_FILES = (RESULTS, REPORT, BUFFER, LOG)
_ELSEWHERE = ("output_dir", "output_root", "checkpoint_dir", "cache_dir", "workers", "force", "force_resample",
              "use_cached_sampling", "device", "api_option", "report_to", "allow_weak_isolation")
"""Options that say where and how fast, not what comes of it."""


@dataclass(frozen=True)
class BTPOutcome:
    """What an experiment left behind."""

    folder: Path
    results: dict[str, Any]
    """What is in `btp_results.json`."""
    model: Path | None
    """Folder of the fine-tuned model; None where nothing was trained."""


def btp(options: BTPOptions, *, watch: Watch | None = None, say: Say | None = None) -> BTPOutcome:
    """Runs an experiment, or what is left of it.

    Args:
        options: What to do.
        watch: Shows how far a phase has come.
        say: Told one line at a time what was chosen and what is worth knowing.

    Raises:
        UsageError: The options, a model or the data are wrong.
        ModelError: A model could not go on; what was finished is kept.
        SandboxError: The sandbox could not do its work; what was finished is kept.
        RunError: The run folder cannot be used.
    """
    roles = assign(options)
    problems = choose_problems(options)
    identity = _identity(options, roles, problems)
    folder = options.output_dir or choose_folder(
        options.output_root, "btp", identity, stem=_stem(options), force=options.force,
        use_root=options.output_root != Path("runs"))
    configuration = {**to_plain(options), "models": roles.to_json()}
    with RunFolder.open(folder, kind="btp", configuration=configuration, identity=identity,
                        files=(*_FILES, *(_owned(folder) if options.force else ())), seed=options.seed,
                        dataset={"score": problems.score_source, "replay": problems.replay_sources},
                        force=options.force) as run:
        if options.force_resample:
            _forget_samples(run.path)
        with _full_disk(run.path), Work(options, roles, problems, run, watch or _unwatched, say or _unsaid) as work:
            work.say(problems.note)
            return _train_and_compare(work) if options.trains else _collect_only(work)


def _train_and_compare(work: Work) -> BTPOutcome:
    options = work.options
    before = _evaluation(work, "before", 0, None)
    prompts = PromptOptions.model_validate(before["prompts"])
    rounds = [run_round(work, number, prompts, before["parameters"]) for number in range(1, options.n_iterations + 1)]
    after = _evaluation(work, "after", options.n_iterations, prompts)
    compared = compare_phases(work.run.path / "before", work.run.path / "after",
                              ks=choose_ks(None, options.eval_samples), seed=options.seed)
    results = {
        **_head(work),
        "before": before["scores"],
        "after": after["scores"],
        "compared": compared,
        "rounds": [{key: value for key, value in one.items() if key != "notes"} for one in rounds],
        "totals": {
            "supervised_tokens": sum(one["training"]["supervised_tokens"] for one in rounds),
            "training_tokens": sum(one["training"]["tokens"] for one in rounds),
            "training_seconds": round(sum(one["training"]["seconds"] for one in rounds), 3),
            "peak_memory_mb": max(one["training"]["peak_memory_mb"] for one in rounds),
        },
        "model": str(work.checkpoint(options.n_iterations)),
    }
    return _finish(work, results, work.checkpoint(options.n_iterations))


def _collect_only(work: Work) -> BTPOutcome:
    collected = collect_round(work, 1)
    experiences = read_experiences(work, 1)
    if not experiences:
        raise RunError(f"nothing was written: none of {len(work.problems.replay)} problems could be asked "
                       f"({', '.join(sorted(set(collected['unanswered'].values()))) or 'the file has none'})")
    results = {
        **_head(work),
        "collected": {**best_of_k(experiences, beams=collected["sampler"] == "beam", seed=work.options.seed),
                      **{key: value for key, value in collected.items() if key not in ("notes", "programs")}},
        "best": _best(work),
    }
    return _finish(work, results, None)


def _best(work: Work) -> list[dict[str, Any]]:
    """The best program of each problem: by pass rate, then possibility."""
    found: dict[str, Any] = {}
    for experience in read_experiences(work, 1):
        rank = (experience.pass_rate, experience.possibility(work.options.possibility) or 0.0)
        if experience.task_id not in found or rank > found[experience.task_id][0]:
            found[experience.task_id] = rank, experience
    return [{"task_id": task, "index": one.index, "pass_rate": one.pass_rate, "passed": one.passed,
             "possibility": one.possibility(work.options.possibility), "program": one.program}
            for task, (_, one) in found.items()]


def _evaluation(work: Work, name: str, rounds: int, prompts: PromptOptions | None) -> dict[str, Any]:
    """Scores the model that learns after so many rounds; what came of it is in `<name>/scores.json`."""
    found = work.finished(f"{name}/{SCORES}")
    if found is not None:
        return found
    options = work.options
    model = work.learner(rounds)
    prompts = prompts or work.prompts(model, learner=True)
    published = settings_for(work.problems.score[0].benchmark, prompts.kind)
    sampling = Sampling(n=options.eval_samples, temperature=options.eval_temperature, top_p=published.top_p,
                        max_new_tokens=options.max_new_tokens or published.max_new_tokens, seed=options.seed)
    with work.watch(f"{name}: writing and testing programs") as progress:
        evaluation = evaluate(model, work.problems.score, folder=work.folder(name), prompts=prompts, sampling=sampling,
                              grader=work.grader(), seed=options.seed, filtered=False, progress=progress)
    scores = evaluation.scores.to_json()
    work.say(f"{name}: " + ", ".join(f"{key} {100 * value['value']:.1f} %" for key, value in scores.items()
                                     if key.startswith("pass@")))
    return work.finish(f"{name}/{SCORES}", {
        "model": model.name, "prompts": to_plain(prompts), "sampling": to_plain(sampling),
        "parameters": _parameters(model), "scores": {"problems": evaluation.scores.problems, **scores},
        "notes": work.notes,
    })


def _parameters(model: Any) -> int:
    return int(model.module.num_parameters())


def _head(work: Work) -> dict[str, Any]:
    problems, options = work.problems, work.options
    return {
        "experiment": "btp",
        "note": problems.note,
        "notes": list(work.notes),
        "mode": options.mode,
        "models": work.roles.to_json(),
        "settings": to_plain(options),
        "problems": {"replay": len(problems.replay), "score": len(problems.score), "overlap": list(problems.overlap),
                     "left_out": list(problems.left_out), "replay_sources": problems.replay_sources,
                     "score_source": problems.score_source},
        "versions": library_versions(),
    }


def _finish(work: Work, results: dict[str, Any], model: Path | None) -> BTPOutcome:
    from eg_cfg.studies.btp_figures import draw_figures

    draw_figures(results, work.folder(FIGURES))
    text = "".join(line + "\n" for line in summary_lines(results))
    write_atomically(work.run.path / REPORT, [text.encode("utf-8")])
    work.run.write_json(RESULTS, results)
    return BTPOutcome(work.run.path, results, model)


def _identity(options: BTPOptions, roles: Roles, problems: Problems) -> dict[str, Any]:
    """What decides the results; a run folder is continued only where all of it is the same."""
    values = {key: value for key, value in to_plain(options).items() if key not in _ELSEWHERE}
    if options.fixed_sample_path is not None:
        from eg_cfg.studies.model_options import weights_fingerprint

        if options.fixed_sample_path.is_file():
            values["fixed_sample_path"] = weights_fingerprint(options.fixed_sample_path)
    return {
        **values,
        "source": roles.source.model_identity(),
        "target": None if roles.target is None else roles.target.model_identity(),
        "replayed": [source["fingerprint"] for source in problems.replay_sources],
        "scored": problems.score_source.get("fingerprint"),
    }


def _stem(options: BTPOptions) -> str:
    if options.output_root != Path("runs"):
        return "experiment"
    name = (options.target_model or options.source_model).rstrip("/").split("/")[-1].replace(":", "-")
    return f"btp-{options.dataset}-{name}"


def _owned(folder: Path) -> Iterator[str]:
    """Files that an experiment writes into its folders."""
    for name in _FOLDERS:
        for path in sorted((folder / name).rglob("*")):
            if path.is_file() or path.is_symlink():
                yield str(path.relative_to(folder))


def _forget_samples(folder: Path) -> None:
    """Takes back what follows from the programs of the rounds; the programs are kept under another name."""
    for name in (RESULTS, REPORT, BUFFER, f"after/{SCORES}"):
        (folder / name).unlink(missing_ok=True)
    for part in ("after", "checkpoints"):
        shutil.rmtree(folder / part, ignore_errors=True)
    for number in sorted((folder / "rounds").glob("*")):
        for name in ("round.json", "collected.json"):
            (number / name).unlink(missing_ok=True)
        for name in COLLECT_FILES:
            path = number / name
            if path.exists():
                serial = 1
                while (other := number / f"{name}.{serial}").exists():
                    serial += 1
                path.rename(other)


@contextlib.contextmanager
def _full_disk(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RunError(f"cannot write in {folder}: {error.strerror or error}; what was finished is kept: put that "
                       f"right and start the same command again") from error


@contextlib.contextmanager
def _silent(_: str) -> Iterator[Progress]:
    yield lambda done, total: None


def _unwatched(what: str) -> AbstractContextManager[Progress]:
    return _silent(what)


def _unsaid(line: str) -> None:
    """Nobody listens."""
