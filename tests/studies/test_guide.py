"""Guided runs from options to files: a scripted model, the real decoder, the real sandbox."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import guide_case
import pytest

from eg_cfg.decoding.base import Refresh, Token
from eg_cfg.errors import RunError, UsageError
from eg_cfg.studies.guide import GuideOutcome, guide

TRIAL = "ns2t0.75d1k1_ln"
pytestmark = pytest.mark.usefixtures("isolated")


def rows(outcome: GuideOutcome) -> dict[tuple[str, float | None], dict[str, Any]]:
    return {(row["method"], row["gamma"]): row for row in outcome.results["rows"]}


def files(folder: Path) -> dict[str, int]:
    """Results and steps by name, with the time of their last change."""
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in sorted(folder.rglob("task_id=*"))}


class Seen:
    """Watches a run."""

    def __init__(self) -> None:
        self.refreshes: list[Refresh] = []
        self.tokens: list[Token] = []
        self.progress: list[tuple[int, int]] = []

    def refreshed(self, task_id: str, gammas: Sequence[float], refresh: Refresh) -> None:
        self.refreshes.append(refresh)

    def wrote(self, task_id: str, gamma: float, token: Token) -> None:
        self.tokens.append(token)

    def graded(self, result: Mapping[str, Any], done: int, total: int) -> None:
        self.progress.append((done, total))

    def sampled(self, done: int, total: int) -> None:
        self.progress.append((done, total))

    def waiting(self, tasks: int) -> None:
        raise AssertionError("nobody else is at work")


def test_a_run_and_what_it_leaves(tmp_path: Path) -> None:
    seen = Seen()
    outcome = guide(guide_case.options(tmp_path), seen)
    found = rows(outcome)
    # the script solves all but the first problem; with the signal the model knows nothing, so gamma 1 writes rubbish
    assert found["greedy", 0.0]["solved"] == 2
    assert found["guided", 0.5]["solved"] == 2
    assert found["guided", 1.0]["solved"] == 0
    assert ("guided", 0.0) not in found  # it is plain decoding
    # the second reply solves the first problem too, and the shown tests tell it from the first
    best = found["best_of_n", 0.5]
    assert (best["solved"], best["problems"]) == (3, 3)
    assert best["programs_sampled"] == found["guided", 0.5]["programs_sampled"] > 0
    assert best["programs_sampled_per_problem"] == found["guided", 0.5]["programs_sampled_per_problem"]
    assert found["guided", 1.0]["against_greedy"]["worse"] == 2
    assert found["guided", 1.0]["against_best_of_n"]["difference"]["value"] == -1.0
    assert found["any", None]["solved"] == 2
    assert found["any", None]["programs_sampled"] == sum(found["guided", g]["programs_sampled"] for g in (0.5, 1.0))

    folder = outcome.folder
    assert folder == tmp_path / "out" / "demo" / f"fake:{tmp_path}/replies.json".replace("/", "_")
    task = guide_case.problems()[1].task_id
    name = f"task_id={task.replace('/', '_')}_gamma=0.5.json"
    result = json.loads((folder / TRIAL / name).read_text())
    assert result["passed"] is True
    assert all(test == {"result": True, "time": test["time"], "error": None} for test in result["results"].values())
    assert result["stats"]["input_tokens"] > 0
    assert json.loads((folder / "guide_results.json").read_text())["rows"] == outcome.results["rows"]
    steps = json.loads(gzip.decompress((folder / TRIAL / result["steps"]).read_bytes()))
    assert steps["program"] == result["code"]
    assert steps["refreshes"][0]["candidates"][0]["trace"] is not None
    assert {"plain", "conditional", "guided", "top"} <= steps["refreshes"][0]["tokens"][0].keys()
    plain = json.loads((folder / TRIAL / name.replace("0.5", "0.0")).read_text())
    assert (folder / TRIAL / plain["steps"]).is_file()  # that of plain decoding, which is shared
    assert len(list((folder / "solved_tasks").iterdir())) == 2
    assert seen.refreshes
    assert seen.tokens
    assert (12, 12) in seen.progress  # three problems, for plain decoding and three gammas
    assert seen.progress[-1] == (3, 3)  # samples, which gammas of one temperature share


def test_started_again_it_does_nothing_twice(tmp_path: Path) -> None:
    first = guide(guide_case.options(tmp_path, gammas=(0.0, 0.5)))
    before = files(first.folder)
    again = guide(guide_case.options(tmp_path, gammas=(0.0, 0.5)))
    assert again.decoded == 0
    assert files(again.folder) == before
    assert again.results["rows"] == first.results["rows"]
    more = guide(guide_case.options(tmp_path, gammas=(0.0, 0.5, 2.0), max_problems=2))
    assert more.decoded == 2  # the new gamma
    assert {name: when for name, when in files(more.folder).items() if name in before and "samples" not in name} == {
        name: when for name, when in before.items() if "samples" not in name}


def test_what_was_decoded_and_not_graded_is_graded(tmp_path: Path) -> None:
    first = guide(guide_case.options(tmp_path, gammas=(0.5,), best_of=False))
    lost = [path for path in (first.folder / TRIAL).glob("task_id=*") if path.is_file()]
    for path in lost:
        path.unlink()
    again = guide(guide_case.options(tmp_path, gammas=(0.5,), best_of=False))
    assert again.decoded == 0
    assert all(path.is_file() for path in lost)
    assert again.results["rows"] == first.results["rows"]


def test_a_solved_task_stops_the_other_trials(tmp_path: Path) -> None:
    trials = (TRIAL, "ns1t0.75d1k1_ln")
    outcome = guide(guide_case.options(tmp_path, gammas=(0.5,), trials=trials, use_global_cache=True, best_of=False))
    found = {row["trial"]: row for row in outcome.results["rows"] if row["method"] == "guided"}
    assert (found[trials[0]]["problems"], found[trials[0]]["solved"]) == (3, 2)
    assert (found[trials[1]]["problems"], found[trials[1]]["solved"]) == (1, 0)


def test_accepting_is_a_row_of_its_own(tmp_path: Path) -> None:
    trials = ("ns2t0.75dinfk1_ln", "ns2t0.75dinfk1_ln_acc")
    outcome = guide(guide_case.options(tmp_path, gammas=(0.0, 1.0), trials=trials, best_of=False))
    found = {row["accept_passing"]: row for row in outcome.results["rows"] if row["method"] == "guided"}
    assert found[False]["solved"] == 0
    assert found[True]["solved"] == 2  # candidates are sampled without the signal, and follow the script
    accepted = json.loads(next((outcome.folder / trials[1]).glob("*call_1_gamma=1.0.json")).read_text())
    assert (accepted["accepted"], accepted["finish_reason"], accepted["shown_passed"]) == (True, "accepted", True)


def test_other_settings_are_refused_and_force_starts_over(tmp_path: Path) -> None:
    fast = {"gammas": (0.0,), "best_of": False, "max_problems": 1}
    first = guide(guide_case.options(tmp_path, **fast))
    with pytest.raises(RunError, match=r"seed 42 there, 43 here.*--force"):
        guide(guide_case.options(tmp_path, seed=43, **fast))
    again = guide(guide_case.options(tmp_path, seed=43, force=True, **fast))
    assert (first.decoded, again.decoded) == (1, 1)


def test_another_part_of_the_signal_is_another_result(tmp_path: Path) -> None:
    few = {"gammas": (0.5,), "best_of": False, "max_problems": 1}
    first = guide(guide_case.options(tmp_path, **few))
    with pytest.raises(RunError, match=r"signal None there, 'verdicts' here"):
        guide(guide_case.options(tmp_path, signal="verdicts", **few))
    path = next((first.folder / TRIAL / "steps").glob("*.gz"))
    assert "# test 1" in gzip.decompress(path.read_bytes()).decode()
    other = guide(guide_case.options(tmp_path, signal="verdicts", force=True, **few))
    assert (first.decoded, other.decoded) == (2, 2)
    steps = json.loads(gzip.decompress(path.read_bytes()))
    signals = [refresh["signal"] for refresh in steps["refreshes"] if refresh["signal"]]
    assert signals
    assert not any("# test 1" in signal for signal in signals)
    with pytest.raises(RunError, match=r"signal 'verdicts' there, None here"):
        guide(guide_case.options(tmp_path, **few))


def test_best_of_n_at_equal_wall_time(tmp_path: Path) -> None:
    given = {"gammas": (0.5,), "best_of_time": True, "batch_size": 4, "max_problems": 1, "max_new_tokens": 110}
    first = guide(guide_case.options(tmp_path, **given))
    found = rows(first)
    guided, timed = found["guided", 0.5], found["best_of_time", 0.5]
    # every other reply of this problem is right, the shown tests tell which, and there is time for two
    assert (timed["problems"], timed["programs_sampled_per_problem"][0] > 1) == (1, True)
    assert (timed["solved"], guided["solved"]) == (1, 0)
    assert guided["against_best_of_time"]["difference"]["value"] == -1.0
    assert 0 < timed["shared_seconds"] <= guided["shared_seconds"] <= guided["seconds"]
    store = first.folder / "baselines/timed_t0.75_deepseek_instruct"
    assert json.loads((store / "settings.json").read_text())["rows"] == 8
    path = next(store.glob("task_id=*"))
    samples = json.loads(path.read_text())
    assert [each["count"] for each in samples["purchases"]][:-1] == [8] * (len(samples["purchases"]) - 1)
    assert all(each["shown_seconds"] > 0 for each in samples["purchases"])
    before = files(first.folder)
    again = guide(guide_case.options(tmp_path, **given))
    assert (files(again.folder), again.results["rows"]) == (before, first.results["rows"])
    without = rows(guide(guide_case.options(tmp_path, **{**given, "best_of_time": False})))
    assert ("best_of_time", 0.5) not in without

    # killed after its programs were drawn, and before they were graded: they are graded, and not drawn again
    texts = [each["program"] for each in samples["samples"]]
    for each in samples["samples"]:
        each["passed"] = each["shown_passed"] = None
    path.write_text(json.dumps(samples))
    guide(guide_case.options(tmp_path, **given))
    graded = json.loads(path.read_text())
    assert [each["program"] for each in graded["samples"]][: len(texts)] == texts
    assert graded["purchases"][0]["seconds"] == samples["purchases"][0]["seconds"]
    assert all(each["passed"] is not None for each in graded["samples"])


def test_equal_wall_time_wants_times(tmp_path: Path) -> None:
    first = guide(guide_case.options(tmp_path, gammas=(0.5,), best_of=False, max_problems=1))
    path = next(path for path in (first.folder / TRIAL).glob("task_id=*") if path.is_file())
    result = json.loads(path.read_text())
    del result["counters"]["seconds"]["share"]
    path.write_text(json.dumps(result))
    with pytest.raises(RunError, match=r"does not say which share.*--force"):
        guide(guide_case.options(tmp_path, gammas=(0.5,), best_of_time=True, max_problems=1))
    with pytest.raises(UsageError, match=r"--best-of-time measures .*behind an endpoint"):
        guide(guide_case.options(tmp_path, model_name="some", backend="openai", api_base="http://127.0.0.1:9/v1",
                                 model_option={}, best_of_time=True))


def test_no_problem_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="found none from number 500"):
        guide(guide_case.options(tmp_path, start=500))
    with pytest.raises(UsageError, match="would be run twice"):
        guide(guide_case.options(tmp_path, trials=("ns1t1d1_ln", "ns1t1d1_auto_ln")))


@pytest.mark.slow
def test_killed_and_shared(tmp_path: Path) -> None:
    """A killed run loses nothing; two processes then share what is left, and say the same."""
    count = 12
    name = guide_case.script(tmp_path, count=count)
    command = [sys.executable, "-m", "eg_cfg", "guide", "-m", name, "-b", "demo", "--limit", str(count),
               "--model-option", "logits=true", "--model-option", "confidence=0.9999", "--gamma", "0,0.5",
               "--candidates", "2", "--horizon", "1", "--max-new-tokens", "300", "--batch-size", "1", "--workers", "1",
               "-o", str(tmp_path / "out")]
    environment = {**os.environ, "COLUMNS": "200", "OMP_NUM_THREADS": "1"}
    folder = tmp_path / "out"

    def run() -> subprocess.Popen[str]:
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    killed = run()
    deadline = time.monotonic() + 60
    while len(files(folder)) < 20 and time.monotonic() < deadline and killed.poll() is None:
        time.sleep(0.02)
    killed.kill()
    killed.communicate()
    before = files(folder)
    assert len(before) >= 20
    both = [run(), run()]
    said = [process.communicate(timeout=100) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    after = files(folder)
    assert {name: after[name] for name in before} == before
    decoded = [int(out.split("decoded by this start: ")[1].split(" ")[0]) for out, _ in said]
    written = sum(name.endswith(".gz") for name in after)
    assert sum(decoded) == written - sum(name.endswith(".gz") for name in before)
    tables = [out.split("solutions decoded")[0] for out, _ in said]
    assert tables[0] == tables[1]
