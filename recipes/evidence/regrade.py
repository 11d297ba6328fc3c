"""What the grader says of programs that published models wrote, beside the verdicts and numbers that came with them."""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eg_cfg.benchmarks.registry import load
from eg_cfg.errors import EgCfgError
from recipes.evidence.studies import Lab, Study, read, share, table

DATA = "EG_CFG_DATA_DIR"


@dataclass(frozen=True)
class Recorded:
    """A file of samples."""

    file: str
    model: str
    benchmarks: Sequence[str]
    published: Mapping[str, str]
    """By benchmark; what others found for the same model."""


RECORDED = (
    Recorded("humaneval_codegen16b_n20.jsonl.gz", "CodeGen-16B, 20 samples", ("humaneval", "humaneval-et"), {}),
    Recorded("mbpp_deepseek_coder_1.3b_instruct.jsonl.gz", "DeepSeek-Coder-1.3B-Instruct", ("mbpp", "mbpp-et"),
             {"mbpp": "49.4", "mbpp-et": "42.6"}),
)
PUBLISHED = (
    ("DeepSeek-Coder 1.3B", "baseline", "49.4", "42.6", "", ""),
    ("DeepSeek-Coder 1.3B", "EG-CFG", "83.2", "59.8", "", ""),
    ("DeepSeek-V3-0324", "baseline", "82.8", "64.8", "82.92", "79.20"),
    ("DeepSeek-V3-0324", "EG-CFG", "96.6", "73.0", "99.4", "89.02"),
)
"""Of the EG-CFG paper: MBPP, MBPP-ET, HumanEval, HumanEval-ET."""


def _data() -> Path | None:
    folder = os.environ.get(DATA)
    return Path(folder) if folder else None


def _measure(lab: Lab) -> None:
    for recorded in RECORDED:
        samples = _samples(recorded)
        for benchmark in recorded.benchmarks if samples is not None else ():
            if _here(benchmark):
                lab.run("grade", "--benchmark", benchmark, "--samples", samples, "--output-dir",
                        lab.folder("regrade", benchmark))
            else:
                print(f"{benchmark}: not here, so not graded", flush=True)
        if samples is None:
            print(f"{recorded.file}: not in {DATA}, so not graded", flush=True)


def _samples(recorded: Recorded) -> Path | None:
    data = _data()
    found = None if data is None else data / "samples" / recorded.file
    return found if found is not None and found.is_file() else None


def _here(benchmark: str) -> bool:
    try:
        return bool(load(benchmark).fingerprint)
    except EgCfgError:
        return False


def _tables(lab: Lab) -> Mapping[str, str]:
    rows = []
    for recorded in RECORDED:
        samples = _samples(recorded)
        for benchmark in recorded.benchmarks:
            folder = lab.folder("regrade", benchmark)
            if samples is None or not (folder / "results.json").is_file():
                rows.append([recorded.model, benchmark, "data not here", "", recorded.published.get(benchmark, "")])
                continue
            results = read(folder / "results.json")
            verdicts = [json.loads(line) for line in (folder / "verdicts.jsonl").read_bytes().splitlines()]
            # the extended sets have other tests, so a recorded verdict says nothing about them
            agreed = "" if benchmark.endswith("-et") else _agreement(samples, verdicts)
            rows.append([recorded.model, benchmark, share(results["pass@1"]), agreed,
                         recorded.published.get(benchmark, "")])
    published = table(["model", "method", "MBPP", "MBPP-ET", "HumanEval", "HumanEval-ET"], PUBLISHED)
    graded = table(["programs of", "benchmark", "pass@1 here, %", "as recorded", "published, %"], rows)
    return {"regrade": graded, "published": published}


def _agreement(samples: Path, verdicts: Sequence[Mapping[str, Any]]) -> str:
    """How many verdicts are those that came with the programs."""
    seen: Counter[str] = Counter()
    recorded = {}
    with gzip.open(samples, "rt", encoding="utf-8") as file:
        for row in map(json.loads, file):
            task = str(row["task_id"])
            recorded[task, seen[task]] = bool(row["upstream_passed"])
            seen[task] += 1
    same = sum(recorded[str(row["task_id"]), row["index"]] == row["passed"] for row in verdicts)
    return f"{same:,} of {len(verdicts):,}"


REGRADE_STUDY = Study("regrade", "What the grader says of published programs", _measure, _tables)
