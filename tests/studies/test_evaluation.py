"""Sampling and grading side by side: right numbers, nothing done twice, the same files however it was interrupted."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from evaluation_cases import PROMPTS, answer, files, problem, rows, run

from eg_cfg.benchmarks.base import AssertionTest, Problem
from eg_cfg.errors import EndpointError, ModelError, NoTestsError, RunError, UnknownNameError, UsageError
from eg_cfg.grading.grader import Grader, grading_sandbox
from eg_cfg.models.base import Completion, Prompt, Sampling
from eg_cfg.models.fake import FakeModel
from eg_cfg.studies.evaluation import evaluate, shows_its_tests
from eg_cfg.studies.filtering import choose
from eg_cfg.studies.sampling import PromptOptions

pytestmark = pytest.mark.usefixtures("isolated")


@pytest.fixture(scope="module")
def grader() -> Iterator[Grader]:
    with grading_sandbox(2) as sandbox:
        yield Grader(sandbox)


class Failing(FakeModel):
    """Answers some prompts, then cannot go on."""

    def __init__(self, after: int, error: Exception) -> None:
        super().__init__(answer, name="scripted")
        self.after = after
        self.error = error

    def stream(self, prompts: list[Prompt], sampling: Sampling) -> Iterator[tuple[int, list[Completion]]]:  # type: ignore[override]
        for place, found in enumerate(super().stream(prompts, sampling)):
            if place == self.after:
                raise self.error
            yield found


def test_scores_are_those_of_the_verdicts(tmp_path: Path, grader: Grader) -> None:
    found = run(tmp_path, grader, problems=6, n=6)  # each problem gets all six answers, in another order
    scores = found.scores
    # right: the reference alone by both hidden tests, and the one that the shown test refuses
    assert scores.pass_at[1].value == pytest.approx(2 / 6)
    assert scores.pass_at[5].value == pytest.approx(1.0)
    assert scores.success_rate.value == 1.0
    assert scores.exact_match is not None
    assert scores.exact_match.value == pytest.approx(1 / 6)
    # two right, one half right, one wrong in both, one raises, one is no Python
    assert scores.average_pass_rate.value == pytest.approx(2.5 / 6)
    assert scores.outcomes["passed"] == 12
    assert scores.outcomes["wrong_answer"] == 12
    assert scores.outcomes["exception"] == 6
    assert scores.outcomes["syntax_error"] == 6
    assert (found.generated, found.torn) == (36, 0)
    assert scores.completion_tokens == sum(len(r["text"]) + 1 for r in rows(tmp_path / "samples.jsonl"))


def test_filtered_pass_at_1_by_hand(tmp_path: Path, grader: Grader) -> None:
    """The filter keeps answers 0 and 5; of these the shorter is the likelier, and it is right."""
    found = run(tmp_path, grader, problems=2, n=6)
    filtered = found.scores.filtered_pass_at_1
    assert filtered is not None
    assert (filtered.estimate.value, filtered.problems, filtered.filtered, filtered.unranked) == (1.0, 2, 2, 0)
    for result in found.problems:
        kept = [place for place, shown in enumerate(result.shown) if shown is not None and shown.passed]
        texts = [result.samples[place].text for place in kept]
        assert len(kept) == 2
        assert result.samples[choose(result)].text == min(texts, key=len)
        assert result.samples[choose(result)].log_prob == max(result.samples[place].log_prob or 0 for place in kept)


def test_without_log_probabilities_the_first_is_chosen_and_that_is_said(tmp_path: Path, grader: Grader) -> None:
    model = FakeModel(answer, confidence=None, name="scripted")
    found = run(tmp_path, grader, model=model, problems=2, n=6)
    filtered = found.scores.filtered_pass_at_1
    assert filtered is not None
    assert (filtered.unranked, filtered.estimate.value) == (2, 0.5)  # of two that are left, one is right
    assert found.scores.without_log_prob == 12
    assert {row["log_prob"] for row in rows(tmp_path / "samples.jsonl")} == {None}
    first = next(place for place, shown in enumerate(found.problems[0].shown) if shown and shown.passed)
    assert choose(found.problems[0]) == first


def test_a_row_says_all_that_was_asked_and_answered(tmp_path: Path, grader: Grader) -> None:
    run(tmp_path, grader, problems=1, n=2)
    first, second = rows(tmp_path / "samples.jsonl")
    assert first["prompt"] == "def add_10(n):\n"
    assert first["solution"] == first["prompt"] + first["text"]
    assert (first["index"], second["index"], first["seed"]) == (0, 1, 42)
    assert first["finish_reason"] == "stop"
    assert first["tokens"] == len(first["text"]) + 1
    assert first["log_prob"] < 0
    assert (first["prompt_tokens"], second["prompt_tokens"]) == (len(first["prompt"]), 0)


def test_a_second_call_does_nothing_twice(tmp_path: Path, grader: Grader) -> None:
    first = run(tmp_path, grader)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    model = FakeModel(answer, name="scripted")
    again = run(tmp_path, grader, model=model)
    assert (again.generated, again.graded, model.calls) == (0, 0, [])
    assert again.scores == first.scores
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_more_samples_are_added_to_those_there_are(tmp_path: Path, grader: Grader) -> None:
    run(tmp_path / "grown", grader, problems=3, n=2)
    grown = run(tmp_path / "grown", grader, problems=4, n=5)
    run(tmp_path / "whole", grader, problems=4, n=5)
    assert grown.generated == 4 * 5 - 3 * 2
    assert files(tmp_path / "grown") == files(tmp_path / "whole")


def test_equal_programs_run_once_and_count_each(tmp_path: Path, grader: Grader) -> None:
    found = run(tmp_path, grader, model=FakeModel("    return n\n", name="same"), problems=2, n=10)
    assert found.graded == 2 * 2  # by hidden and by shown tests
    assert found.scores.outcomes["wrong_answer"] == 20
    assert [row["index"] for row in rows(tmp_path / "verdicts.jsonl")] == [*range(10)] * 2


@pytest.mark.parametrize("name", ["samples.jsonl", "verdicts.jsonl", "shown.jsonl"])
def test_a_torn_last_row_is_made_again(tmp_path: Path, grader: Grader, name: str) -> None:
    run(tmp_path, grader)
    whole = files(tmp_path)
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[:-40])
    again = run(tmp_path, grader)
    assert again.torn == 1
    assert again.generated == (1 if name == "samples.jsonl" else 0)
    assert files(tmp_path) == whole


def test_a_model_that_fails_leaves_what_was_finished(tmp_path: Path, grader: Grader) -> None:
    with pytest.raises(ModelError, match="gone"):
        run(tmp_path / "cut", grader, model=Failing(2, ModelError("gone")))
    assert len(rows(tmp_path / "cut" / "samples.jsonl")) == 2 * 4
    found = run(tmp_path / "cut", grader)
    assert found.generated == 4 * 4
    run(tmp_path / "whole", grader)
    assert files(tmp_path / "cut") == files(tmp_path / "whole")


def test_a_prompt_that_an_endpoint_refuses_is_an_unanswered_problem(tmp_path: Path, grader: Grader) -> None:
    class Picky(FakeModel):
        def stream(self, prompts: list[Prompt], sampling: Sampling) -> Iterator[tuple[int, list[Completion]]]:  # type: ignore[override]
            for place, found in super().stream(prompts, sampling):
                if "add_12" not in str(prompts[place]):
                    yield place, found
            if any("add_12" in str(prompt) for prompt in prompts):
                raise EndpointError("too long", hint="shorten it", reason="context_length")

    found = run(tmp_path, grader, model=Picky(answer, name="scripted"), problems=4, n=3)
    assert found.scores.unanswered == 3
    assert found.scores.outcomes["no_code"] == 3
    assert {s.finish_reason for s in found.problems[2].samples} == {"context_length"}
    assert run(tmp_path, grader, model=Picky(answer, name="scripted"), problems=4, n=3).generated == 0


def test_rows_of_another_sampling_are_refused(tmp_path: Path, grader: Grader) -> None:
    run(tmp_path, grader)
    for model, kinds in ((FakeModel(answer, name="other"), PROMPTS), (None, PromptOptions(kind="instruct"))):
        with pytest.raises(RunError, match="another model, prompt or way of sampling"):
            evaluate(model or FakeModel(answer, name="scripted"), [problem(10)], folder=tmp_path, prompts=kinds,
                     sampling=Sampling(n=4, temperature=0.8), grader=grader)


def test_bad_input_is_told_before_anything_is_drawn(tmp_path: Path, grader: Grader) -> None:
    with pytest.raises(UsageError, match="expected numbers from 1 to the 4 samples"):
        run(tmp_path, grader, ks=(1, 5))
    with pytest.raises(UsageError, match="at least one problem"):
        run(tmp_path, grader, problems=0)
    model = FakeModel(answer)
    with pytest.raises(UsageError, match="'demo/10' more than once"):
        evaluate(model, [problem(10), problem(10)], folder=tmp_path, prompts=PROMPTS, sampling=Sampling(),
                 grader=grader)
    with pytest.raises(UnknownNameError, match="kind of prompt 'riddle'"):
        evaluate(model, [problem(10)], folder=tmp_path, prompts=PROMPTS.model_copy(update={"kind": "riddle"}),
                 sampling=Sampling(), grader=grader)
    assert model.calls == []


def test_a_problem_without_tests_is_an_error_not_a_pass(tmp_path: Path, grader: Grader) -> None:
    untested = Problem("u", "demo", "def f():\n", "f", completion_prefix="def f():\n")
    with pytest.raises(NoTestsError):
        evaluate(FakeModel("    return 1\n"), [untested], folder=tmp_path, prompts=PROMPTS, sampling=Sampling(),
                 grader=grader)


def test_shown_tests_that_score_are_not_run_twice(tmp_path: Path, grader: Grader) -> None:
    tests = (AssertionTest("assert f(1) == 1"),)
    shown = Problem("m", "mbpp", "Write f.", "f", public_tests=tests, hidden_tests=tests)
    assert shows_its_tests(shown)
    assert not shows_its_tests(problem(10))
    found = evaluate(FakeModel("def f(x):\n    return x\n"), [shown], folder=tmp_path, prompts=PROMPTS,
                     sampling=Sampling(), grader=grader)
    assert found.graded == 1
    assert found.problems[0].shown == found.problems[0].verdicts
    assert found.problems[0].verdicts[0].passed


SCRIPT = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from evaluation_cases import answer, run
from eg_cfg.grading.grader import Grader, grading_sandbox
from eg_cfg.models.fake import FakeModel

def slow(prompt, sample):
    time.sleep(0.004)
    return answer(prompt, sample)

with grading_sandbox(1) as sandbox:
    print("ready", flush=True)
    found = run(Path(sys.argv[1]), Grader(sandbox), model=FakeModel(slow, name="scripted"), problems=12, n=6)
    print(found.generated, flush=True)
"""


def test_killed_again_and_again_it_ends_as_if_undisturbed(tmp_path: Path, grader: Grader) -> None:
    def start() -> subprocess.Popen[str]:
        command = [sys.executable, "-c", SCRIPT, str(tmp_path / "killed"), str(Path(__file__).parent)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    waits = random.Random(3)
    held: list[int] = []
    for _ in range(5):
        with start() as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            time.sleep(waits.uniform(0.02, 0.25))
            process.send_signal(signal.SIGKILL)
        samples = tmp_path / "killed" / "samples.jsonl"
        held.append(samples.read_bytes().count(b"\n") if samples.exists() else 0)
    assert held == sorted(held)  # nothing that was finished is lost
    assert any(0 < rows < 72 for rows in held)
    with start() as process:
        said = process.stdout.read().split() if process.stdout else []
    assert said == ["ready", str(72 - held[-1])]
    run(tmp_path / "whole", grader, problems=12, n=6)
    assert files(tmp_path / "killed") == files(tmp_path / "whole")
