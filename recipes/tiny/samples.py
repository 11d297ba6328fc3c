"""What a model writes for training problems, and what that does: candidates as guided decoding meets them.

    python -m recipes.tiny.samples runs/tiny/tiny/final --out runs/tiny/samples.jsonl --problems 4000

A batch step before training: programs are sampled as candidates are, run in a sandbox, and written with what their
traces say in a signal. Started again, it goes on. Most problems have a vague step, for there a model errs.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import count, islice
from pathlib import Path
from typing import Any

from eg_cfg.benchmarks.minipy import MiniPyProblem, train_problem
from eg_cfg.decoding.base import Candidate
from eg_cfg.decoding.candidates import undocumented
from eg_cfg.decoding.drafts import drafted, to_run, with_traces
from eg_cfg.errors import EgCfgError, UsageError
from eg_cfg.grading.grader import grading_sandbox
from eg_cfg.grading.tracing import Tracer
from eg_cfg.models.prompts.signal_tokens import first_failure, variables
from eg_cfg.records import Records
from eg_cfg.sandbox.tracing import Event, Trace
from recipes.tiny.checks import checked

SEED = 107
"""Of the problems: no stage has it."""
FILE = "samples.jsonl"
"""Beside the stages' folders."""
_PRECISE = 5
"""Of the problems without a vague step, every so-manieth is taken."""


@dataclass(frozen=True, slots=True)
class Samples:
    """What was written for one problem."""

    problem: MiniPyProblem
    candidates: tuple[Candidate, ...]
    """Each program once; those of which nothing can be run are left out."""
    counts: tuple[int, ...]
    """How often each was written."""


def problems() -> Iterator[tuple[int, MiniPyProblem]]:
    """The problems to write for, with their numbers, without end."""
    for index in count():
        problem = train_problem(SEED, index)
        if problem.vague is not None or index % _PRECISE == 0:
            yield index, checked(problem)


@lru_cache(maxsize=1)
def read_samples(path: Path) -> tuple[Samples, ...]:
    """What the step wrote.

    Raises:
        UsageError: It has not been run.
    """
    if not path.exists():
        raise UsageError(f"expected what a model wrote in {path}, found none: make it by "
                         f"python -m recipes.tiny.samples MODEL --out {path}")
    with path.open(encoding="utf-8") as file:
        return tuple(_from_json(json.loads(line)) for line in file if line.endswith("\n"))


def _from_json(row: dict[str, Any]) -> Samples:
    candidates = []
    for place, one in enumerate(row["tried"]):
        trace = Trace.from_json(one["trace"])
        candidates.append(Candidate(place, one["text"], trace.program, None, trace.outcome, trace, ended=True))
    return Samples(train_problem(row["seed"], row["index"]), tuple(candidates),
                   tuple(one["count"] for one in row["tried"]))


def _to_json(index: int, candidates: Sequence[Candidate], counts: Counter[int]) -> dict[str, Any]:
    tried = [{"text": each.text, "count": counts[each.index], "trace": _in_short(each.trace).to_json()}
             for each in candidates if each.trace is not None]
    return {"seed": SEED, "index": index, "tried": tried}


def _in_short(trace: Trace) -> Trace:
    """What a signal says of a trace: the variables of the first test that fails."""
    told = first_failure(trace.tests)
    tests = tuple(replace(test, events=(Event("line", 1, changes=tuple(variables(test).items())),)
                          if test is told else ()) for test in trace.tests)
    return replace(trace, tests=tests, seconds=0.0)


def write(folder: Path, out: Path, number: int, samples: int, temperature: float, device: str = "cpu",
          together: int = 16) -> None:
    """Samples for so many problems, and goes on where it was stopped.

    Args:
        folder: Of the model.
        out: The file.
        number: Of problems.
        samples: Programs for each.
        temperature: At which they are drawn.
        device: Of the model.
        together: Problems that are written for at a time.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    model.to(device).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    with Records(out) as records, grading_sandbox(1) as sandbox:
        tracer = Tracer(sandbox)
        done = [row["index"] for row in records]
        left = islice(problems(), len(done), number)
        while group := list(islice(left, together)):
            began = time.monotonic()
            torch.manual_seed(group[0][0])
            inputs = tokenizer([problem.prompt() for _, problem in group], return_tensors="pt", padding=True,
                               return_token_type_ids=False).to(device)
            with torch.inference_mode():
                output = model.generate(**inputs, do_sample=True, temperature=temperature, top_k=0,
                                        num_return_sequences=samples, max_new_tokens=192,
                                        eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id)
            texts = tokenizer.batch_decode(output[:, inputs["input_ids"].shape[1]:], skip_special_tokens=True)
            runs = []
            for place, (index, generated) in enumerate(group):
                asked = generated.to_problem()
                drafts = drafted(undocumented(asked.completion_prefix), "",
                                 [(text, True) for text in texts[place * samples:(place + 1) * samples]])
                runs.append((index, drafts, {at: tracer.submit(asked, program)
                                             for at, program in to_run(drafts).items()}))
            for index, drafts, futures in runs:
                traced = with_traces(drafts, {at: future.result() for at, future in futures.items()})
                counts = Counter(each.index if each.duplicate_of is None else each.duplicate_of for each in traced)
                records.append(_to_json(index, traced, counts))
            done += [index for index, _ in group]
            print(f"{len(done)} of {number} problems, {(time.monotonic() - began) / len(group):.2f} s each", flush=True)


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m recipes.tiny.samples", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path, help="a model's folder")
    parser.add_argument("--out", type=Path, required=True, help=f"file to write, OUT/{FILE} for training")
    parser.add_argument("--problems", type=int, default=4000)
    parser.add_argument("--samples", type=int, default=6, help="programs for each problem")
    parser.add_argument("--temperature", type=float, default=0.75)
    parser.add_argument("--device", default="cpu")
    given = parser.parse_args(arguments)
    import torch

    torch.set_num_threads(1)
    try:
        write(given.folder, given.out, given.problems, given.samples, given.temperature, given.device)
    except EgCfgError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
