"""What grading one program costs: CPU time and page faults of each process that has a part in it.

    python perf/cost.py --samples humaneval_samples.jsonl.gz --limit 800

These change less than throughput with what else the machine does, so changes to the sandbox can be judged by them.
Linux only.
"""

from __future__ import annotations

import argparse
import os
from collections import Counter
from pathlib import Path

from eg_cfg.benchmarks.registry import load
from eg_cfg.grading.grader import Grader, GradeRequest, grading_sandbox
from eg_cfg.grading.samples import read_samples
from eg_cfg.sandbox import Sandbox

LIMIT = 3.0
_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """CPU time of all of a process's threads, to the nanosecond."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9


def statistics_of(pid: int) -> list[int]:
    """The fields of /proc/PID/stat from the eighth on: faults, those of children, ..."""
    return [int(field) for field in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[7:15]]


def only_child(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text())


def spent(sandbox: Sandbox) -> Counter[str]:
    """Seconds and faults so far, by process; all workers together."""
    total = Counter({"main process, ms": cpu_seconds(os.getpid())})
    for worker in sandbox._pool._workers.values():
        monitor = only_child(worker.pid)
        zygote = only_child(monitor)
        faults, child_faults, _, _, _, _, child_user, child_system = statistics_of(zygote)
        total += Counter({
            "monitor, ms": cpu_seconds(monitor), "zygote, ms": cpu_seconds(zygote),
            "child, ms": (child_user + child_system) / _TICKS, "zygote, page faults": faults,
            "child, page faults": child_faults,
        })
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", required=True, help="HumanEval samples, JSONL")
    parser.add_argument("--limit", type=int, default=800, help="the first N samples")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    problems = {problem.task_id: problem for problem in load("humaneval").problems()}
    samples = list(read_samples(options.samples))[: options.limit]
    requests = [GradeRequest(problems[s.task_id], problems[s.task_id].completion_prefix + s.text) for s in samples]
    with grading_sandbox(options.workers) as sandbox:
        grader = Grader(sandbox, isolation="split", timeout=LIMIT)
        verdicts = dict(grader.grade_many(requests))
        kept = [request for position, request in enumerate(requests) if verdicts[position].outcome != "timeout"]
        for number in range(options.rounds):
            before = spent(sandbox)
            list(grader.grade_many(kept))
            after = spent(sandbox)
            cost = {k: (after[k] - before[k]) / len(kept) * (1e3 if k.endswith("ms") else 1) for k in after}
            cost["all, ms"] = sum(value for name, value in cost.items() if name.endswith("ms"))
            shown = "; ".join(f"{name} {value:.2f}" for name, value in cost.items())
            print(f"round {number + 1}, {len(kept)} programs, each: {shown}", flush=True)


if __name__ == "__main__":
    main()
