"""Scores a model on MiniPy: greedy pass@1 by number of steps, and what the nearest training problem's code scores.

    python -m recipes.tiny.evaluate runs/tiny/tiny/final --split validation --limit 100
    python -m recipes.tiny.evaluate --nearest 20000 --split validation

Prints one JSON object, and writes it where `--out` says.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from eg_cfg.benchmarks.base import Problem
from eg_cfg.benchmarks.minipy import MiniPyProblem, load, train_problem
from eg_cfg.errors import ConfigError, EgCfgError
from eg_cfg.grading.grader import Grader, GradeRequest, grading_sandbox
from eg_cfg.records import write_atomically
from recipes.tiny.checks import checked

MAX_NEW_TOKENS = 256
_WORD = re.compile(r"[a-z]+|\d+|'[^']*'")


@dataclass(frozen=True, slots=True)
class Score:
    """How many of how many."""

    passed: int
    problems: int

    def to_json(self) -> dict[str, Any]:
        """As it is written; `pass@1` is none where there was no problem."""
        return {"passed": self.passed, "problems": self.problems,
                "pass@1": self.passed / self.problems if self.problems else None}


def completions(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompts: Sequence[str],
                batch_size: int = 50) -> list[str]:
    """Greedy completions, up to `<|end|>` or `MAX_NEW_TOKENS`, in the order of the prompts."""
    order = sorted(range(len(prompts)), key=lambda place: len(prompts[place]))
    found = [""] * len(prompts)
    for start in range(0, len(order), batch_size):
        places = order[start:start + batch_size]
        inputs = tokenizer([prompts[place] for place in places], return_tensors="pt", padding=True,
                           return_token_type_ids=False).to(model.device)
        with torch.inference_mode():
            output = model.generate(  # type: ignore[operator]
                **inputs, do_sample=False, max_new_tokens=MAX_NEW_TOKENS, eos_token_id=tokenizer.eos_token_id,
                pad_token_id=tokenizer.pad_token_id)
        texts = tokenizer.batch_decode(output[:, inputs["input_ids"].shape[1]:], skip_special_tokens=True)
        for place, text in zip(places, texts, strict=True):
            found[place] = text
    return found


def graded(problems: Sequence[Problem], programs: Iterable[str]) -> dict[str, Any]:
    """Scores of whole programs: all, by number of steps, and with a vague step or without."""
    requests = [GradeRequest(problem, program) for problem, program in zip(problems, programs, strict=True)]
    passed = [False] * len(requests)
    outcomes: Counter[str] = Counter()
    with grading_sandbox(1) as sandbox:
        for place, verdict in Grader(sandbox).grade_many(requests):
            passed[place] = verdict.passed
            outcomes[verdict.outcome] += 1
    groups: dict[str, list[bool]] = {"all": passed}
    for problem, good in zip(problems, passed, strict=True):
        groups.setdefault(f"steps={problem.metadata['steps']}", []).append(good)
        groups.setdefault("vague" if problem.metadata["vague"] else "precise", []).append(good)
    return {"scores": {name: Score(sum(group), len(group)).to_json() for name, group in sorted(groups.items())},
            "outcomes": dict(sorted(outcomes.items()))}


def evaluate(folder: Path, split: str, limit: int | None, device: str = "cpu",
             tests_in_prompt: bool = True) -> dict[str, Any]:
    """Greedy pass@1 of a model's folder on a split of MiniPy, graded by the hidden tests."""
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    model.to(device).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    problems = list(load(split, limit=limit, tests_in_prompt=tests_in_prompt).problems())
    began = time.monotonic()
    texts = completions(model, tokenizer, [problem.prompt for problem in problems])
    seconds = time.monotonic() - began
    programs = [problem.completion_prefix + text for problem, text in zip(problems, texts, strict=True)]
    return {"model": str(folder), "benchmark": "minipy", "split": split, "tests_in_prompt": tests_in_prompt,
            "greedy": True, "max_new_tokens": MAX_NEW_TOKENS, "generation_seconds": round(seconds, 1),
            **graded(problems, programs)}


def nearest(split: str, limit: int | None, train: int, seed: int) -> dict[str, Any]:
    """What one scores by answering with the code of the training problem with the most similar description.

    Similarity is the cosine of tf-idf vectors over words, numbers, quoted text and pairs of them, among the training
    problems with as many parameters. The code is renamed to the function that is asked for.
    """
    index = _Index([checked(train_problem(seed, number)) for number in range(train)])
    held_out = load(split, limit=limit)
    problems = list(held_out.problems())
    programs = []
    for wanted in held_out.generated():
        answer = index.nearest(wanted)
        programs.append(answer.reference().replace(f"def {answer.name}(", f"def {wanted.name}(", 1))
    return {"baseline": "nearest training problem", "training_problems": train, "seed": seed, "benchmark": "minipy",
            "split": split, **graded(problems, programs)}


class _Index:
    """Training problems by the terms of their descriptions."""

    def __init__(self, problems: Sequence[MiniPyProblem]) -> None:
        self._problems = problems
        counts = [_terms(problem.description.text) for problem in problems]
        self._postings: dict[str, list[tuple[int, float]]] = {}
        documents = Counter(term for count in counts for term in count)
        self._weight = {term: math.log(1 + len(problems) / number) for term, number in documents.items()}
        for place, count in enumerate(counts):
            length = math.sqrt(sum((number * self._weight[term]) ** 2 for term, number in count.items()))
            for term, number in count.items():
                self._postings.setdefault(term, []).append((place, number * self._weight[term] / length))

    def nearest(self, wanted: MiniPyProblem) -> MiniPyProblem:
        """The most similar one; the earliest of several."""
        scores: Counter[int] = Counter()
        for term, number in _terms(wanted.description.text).items():
            for place, value in self._postings.get(term, ()):
                scores[place] += number * self._weight[term] * value  # type: ignore[assignment]
        fitting = [(score, -place) for place, score in scores.items()
                   if len(self._problems[place].parameters) == len(wanted.parameters)]
        return self._problems[-max(fitting)[1]] if fitting else self._problems[0]


def _terms(text: str) -> Counter[str]:
    words = _WORD.findall(text.lower())
    return Counter([*words, *(f"{a} {b}" for a, b in pairwise(words))])


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m recipes.tiny.evaluate",
                                     description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", help="a model's folder")
    parser.add_argument("--nearest", type=int, metavar="N", help="in place of a model: the nearest of N train problems")
    parser.add_argument("--split", default="validation")
    parser.add_argument("--limit", type=int, help="problems; all unless given")
    parser.add_argument("--seed", type=int, default=102, help="of the train problems of --nearest")
    parser.add_argument("--without-tests", action="store_true", help="leave the shown tests out of the prompt")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, help="JSON file to write")
    given = parser.parse_args(arguments)
    torch.set_num_threads(given.threads)
    try:
        if (given.folder is None) == (given.nearest is None):
            raise ConfigError("expected either a model's folder or --nearest N, found both or neither: give one")
        if given.nearest is not None:
            result = nearest(given.split, given.limit, given.nearest, given.seed)
        else:
            result = evaluate(given.folder, given.split, given.limit, given.device, not given.without_tests)
        text = json.dumps(result, indent=2) + "\n"
        if given.out is not None:
            write_atomically(given.out, [text.encode()])
    except EgCfgError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    print(text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
