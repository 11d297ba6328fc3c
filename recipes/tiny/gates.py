"""Whether a model reads signals: what it solves, greedily, with candidates of known worth in the prompt.

    python -m recipes.tiny.gates runs/tiny/tiny-exec/final --split validation --limit 100

`plain`       no signal
`reference`   the reference and two wrong programs, at places drawn at random: what is there to copy?
`wrong`       three wrong programs: is something else written?
`shuffled`    as `reference`, each candidate under another one's verdict and values: is it the verdict that is read?

Wrong programs are ours, and so are their runs; what the model writes is graded in a sandbox.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from eg_cfg.benchmarks.minipy import MiniPyProblem, load
from eg_cfg.decoding.base import Candidate
from eg_cfg.errors import EgCfgError, UnknownNameError
from eg_cfg.grading.normalise import program_hash
from eg_cfg.records import write_atomically
from recipes.tiny.evaluate import MAX_NEW_TOKENS, completions, graded
from recipes.tiny.signals import failing
from recipes.tiny.tried import Trial

CANDIDATES = 3


@dataclass(frozen=True, slots=True)
class Question:
    """A problem with candidates."""

    trial: Trial
    candidates: tuple[Candidate, ...]

    @property
    def prompt(self) -> str:
        """The prompt with the signal."""
        return self.trial.prompt + (self.trial.signal(self.candidates) if self.candidates else "")


def plain(problem: MiniPyProblem) -> Question:
    """No candidates."""
    return Question(Trial(problem), ())


def reference(problem: MiniPyProblem) -> Question:
    """The reference among wrong programs."""
    rng = Random(f"gate {problem.task_id}")
    trial = Trial(problem)
    found = [*failing(trial, CANDIDATES - 1, None, rng), trial.candidate(problem.body())]
    rng.shuffle(found)
    return Question(trial, tuple(found))


def wrong(problem: MiniPyProblem) -> Question:
    """Wrong programs only."""
    trial = Trial(problem)
    return Question(trial, tuple(failing(trial, CANDIDATES, None, Random(f"gate {problem.task_id}"))))


def shuffled(problem: MiniPyProblem) -> Question:
    """What `reference` has, each candidate with the next one's verdict and values."""
    question = reference(problem)
    others = question.candidates[1:] + question.candidates[:1]
    return Question(question.trial, tuple(replace(each, outcome=other.outcome, trace=other.trace)
                                          for each, other in zip(question.candidates, others, strict=True)))


GATES: Mapping[str, Callable[[MiniPyProblem], Question]] = MappingProxyType(
    {gate.__name__: gate for gate in (plain, reference, wrong, shuffled)})


def measure(folder: Path, gate: str, split: str, limit: int | None, device: str = "cpu") -> dict[str, Any]:
    """One gate's scores: solved by the hidden tests, and how many programs are a candidate under each verdict.

    Raises:
        UnknownNameError: There is no such gate.
    """
    if gate not in GATES:
        raise UnknownNameError("gate", gate, GATES)
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    model.to(device).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    held_out = load(split, limit=limit)
    questions = [GATES[gate](problem) for problem in held_out.generated()]
    problems = list(held_out.problems())
    texts = completions(model, tokenizer, [question.prompt for question in questions], batch_size=24)
    programs = [problem.completion_prefix + text for problem, text in zip(problems, texts, strict=True)]
    copied = {"ok": 0, "bad": 0, "neither": 0}
    for question, text in zip(questions, texts, strict=True):
        copied[_copied(question, text)] += 1
    return {"model": str(folder), "gate": gate, "benchmark": "minipy", "split": split, "greedy": True,
            "max_new_tokens": MAX_NEW_TOKENS, "copied": copied, **graded(problems, programs)}


def _copied(question: Question, text: str) -> str:
    """Verdict of the candidate that a text is, up to layout."""
    written = program_hash(f"{question.trial.problem.header}\n{text}")
    for each in question.candidates:
        if program_hash(each.program or "") == written:
            return "ok" if each.outcome == "passed" else "bad"
    return "neither"


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m recipes.tiny.gates", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path, help="a model's folder")
    parser.add_argument("--gates", nargs="+", default=list(GATES), metavar="GATE", help=", ".join(GATES))
    parser.add_argument("--split", default="validation")
    parser.add_argument("--limit", type=int, help="problems; all unless given")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, help="folder for one JSON file a gate")
    given = parser.parse_args(arguments)
    torch.set_num_threads(given.threads)
    try:
        for gate in given.gates:
            result = measure(given.folder, gate, given.split, given.limit, given.device)
            text = json.dumps(result, indent=2) + "\n"
            if given.out is not None:
                given.out.mkdir(parents=True, exist_ok=True)
                write_atomically(given.out / f"{given.split}_{gate}.json", [text.encode()])
            shares = ", ".join(f"{name} {score['passed']}/{score['problems']}" for name, score in
                               result["scores"].items())
            print(f"{gate}: {shares}; copied {result['copied']}", flush=True)
    except EgCfgError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
