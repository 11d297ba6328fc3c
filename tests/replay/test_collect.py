"""Collection: programs are written, tested and kept, once."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from experiences import problem

from eg_cfg.benchmarks.base import Problem
from eg_cfg.errors import (
    ConfigError,
    DataNotFoundError,
    EndpointError,
    ModelError,
    NoTestsError,
    SamplesError,
    UsageError,
)
from eg_cfg.grading.grader import Grader, grading_sandbox
from eg_cfg.models.base import Completion, Prompt, Sampling
from eg_cfg.models.fake import FakeModel
from eg_cfg.models.fake_logits import FakeLogitModel
from eg_cfg.models.prompts import settings_for
from eg_cfg.replay import CollectOptions, Experience, Guided
from eg_cfg.replay.collect import COMPLETIONS, EXPERIENCES, Collection, collect

PROBLEMS = [problem(number) for number in range(3)]
REPLIES = ["    return 2 * x\n", "    return 0\n", "    return x +\n"]
"""Right, right for one test of four, and no Python."""


def options_for(**fields: Any) -> CollectOptions:
    return CollectOptions(**{"num_beams": 3, "prompt_kind": "completion", **fields})


BEAMS = options_for()


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def timeless(experiences: Sequence[Experience]) -> list[Experience]:
    """Without what was measured."""
    return [replace(one, tests=tuple(replace(test, seconds=0.0) for test in one.tests)) for one in experiences]


@pytest.fixture
def model() -> FakeModel:
    return FakeModel(REPLIES)


def test_programs_are_written_tested_and_kept(grader: Grader, model: FakeModel, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    found = collect(PROBLEMS, grader, tmp_path, BEAMS, model=model, split="pool", round=1,
                    progress=lambda done, total: seen.append((done, total)))
    assert [(one.task_id, one.index) for one in found.experiences] == [
        (f"made/{number}", index) for number in range(3) for index in range(3)]
    assert [one.pass_rate for one in found.experiences] == [1.0, 0.25, 0.0] * 3
    assert [one.outcome for one in found.experiences[:3]] == ["passed", "wrong_answer", "syntax_error"]
    assert (found.written, found.reused, found.graded) == (9, 0, 9)
    first = found.experiences[0]
    assert first.program == "def times_0(x):\n    return 2 * x\n"
    assert first.prompt == "def times_0(x):\n"
    assert first.target == "    return 2 * x\n"
    assert (first.source_model, first.sampler, first.round, first.split) == ("fake", "beam", 1, "pool")
    assert first.passed
    assert first.tests_total == 4
    possibility = first.possibility()
    assert possibility == pytest.approx(0.9)
    assert first.num_tokens == len("    return 2 * x\n") + 1
    assert [Experience.from_json(row) for row in rows(tmp_path / EXPERIENCES)] == found.experiences
    assert len(rows(tmp_path / COMPLETIONS)) == 3
    assert seen[-1] == (9, 9)
    assert all(call.num_beams == 3 and call.n == 3 for _, call in model.calls)
    assert found.remarks == []


def test_a_second_call_does_nothing_again(grader: Grader, model: FakeModel, tmp_path: Path) -> None:
    first = collect(PROBLEMS, grader, tmp_path, BEAMS, model=model)
    files = {name: (tmp_path / name).read_bytes() for name in (COMPLETIONS, EXPERIENCES)}
    again = FakeModel(["never"])
    second = collect(PROBLEMS, grader, tmp_path, BEAMS, model=again)
    assert second.experiences == first.experiences
    assert again.calls == []
    assert (second.written, second.reused, second.graded) == (0, 9, 0)
    assert {name: (tmp_path / name).read_bytes() for name in files} == files


def test_more_problems_go_on_from_fewer(grader: Grader, model: FakeModel, tmp_path: Path) -> None:
    collect(PROBLEMS[:2], grader, tmp_path, BEAMS, model=model)
    asked = len(model.calls)
    found = collect(PROBLEMS, grader, tmp_path, BEAMS, model=model)
    assert len(model.calls) == asked + 1
    assert (found.reused, found.written, len(found.experiences)) == (6, 3, 9)
    fewer = collect(PROBLEMS[:1], grader, tmp_path, BEAMS, model=model)
    assert len(fewer.experiences) == 3
    assert len(rows(tmp_path / EXPERIENCES)) == 9  # what was not asked for stays


@pytest.mark.parametrize("change", [{"seed": 7}, {"num_beams": 2}, {"max_new_tokens": 60},
                                    {"sampler": "sample"}, {"prompt_kind": "instruct"}])
def test_other_settings_are_asked_anew(grader: Grader, model: FakeModel, tmp_path: Path,
                                       change: dict[str, Any]) -> None:
    collect(PROBLEMS[:1], grader, tmp_path, BEAMS, model=model, source="a")
    options = options_for(**change)
    assert collect(PROBLEMS[:1], grader, tmp_path, options, model=model, source="a").written == options.num_beams
    assert collect(PROBLEMS[:1], grader, tmp_path, options, model=model, source="a").written == 0


def test_another_state_of_the_model_is_asked_anew(grader: Grader, model: FakeModel, tmp_path: Path) -> None:
    collect(PROBLEMS[:1], grader, tmp_path, BEAMS, model=model, source="round 0")
    after = collect(PROBLEMS[:1], grader, tmp_path, BEAMS, model=FakeModel("    return 0\n"), source="round 1")
    assert after.written == 3
    assert {one.pass_rate for one in after.experiences} == {0.25}


def test_changed_tests_are_run_again_and_programs_are_not_written_again(grader: Grader, model: FakeModel,
                                                                        tmp_path: Path) -> None:
    collect(PROBLEMS[:1], grader, tmp_path, BEAMS, model=model)
    other = replace(problem(0, factor=0), prompt=PROBLEMS[0].prompt)
    found = collect([other], grader, tmp_path, BEAMS, model=model)
    assert (found.written, found.graded) == (0, 3)
    assert [one.pass_rate for one in found.experiences] == [0.25, 1.0, 0.0]


def test_equal_programs_are_run_once(grader: Grader, tmp_path: Path) -> None:
    found = collect(PROBLEMS[:1], grader, tmp_path, options_for(num_beams=4), model=FakeModel(REPLIES[:2]))
    assert found.graded == 2
    assert [one.pass_rate for one in found.experiences] == [1.0, 0.25] * 2


def test_samples_are_drawn_as_published(grader: Grader, model: FakeModel, tmp_path: Path) -> None:
    collect(PROBLEMS[:1], grader, tmp_path, options_for(sampler="sample", num_beams=3, seed=5), model=model)
    sampling = model.calls[0][1]
    assert (sampling.n, sampling.num_beams, sampling.temperature, sampling.seed) == (3, 1, 0.8, 5)
    assert "\ndef" in sampling.stop


def test_without_log_probabilities_the_possibility_is_null(grader: Grader, tmp_path: Path) -> None:
    found = collect(PROBLEMS[:1], grader, tmp_path, BEAMS, model=FakeModel(REPLIES, confidence=None))
    assert [one.log_prob for one in found.experiences] == [None] * 3
    assert [one.possibility() for one in found.experiences] == [None] * 3
    assert rows(tmp_path / EXPERIENCES)[0]["log_prob"] is None


def test_what_is_no_code_is_kept_with_no_pass_rate(grader: Grader, tmp_path: Path) -> None:
    options = options_for(num_beams=1, prompt_kind="instruct")
    found = collect(PROBLEMS[:1], grader, tmp_path, options, model=FakeModel("I cannot do that."))
    assert (found.experiences[0].program, found.experiences[0].outcome) == ("", "no_code")
    assert found.experiences[0].completion == "I cannot do that."


def test_beams_of_a_real_network(grader: Grader, tmp_path: Path) -> None:
    """What beam search finds, best first, with the log-probabilities that it found."""
    from small_models import small

    network = small("llama")
    options = options_for(max_new_tokens=8)
    found = collect(PROBLEMS[:2], grader, tmp_path, options, model=network)
    sampling = Sampling(n=3, num_beams=3, max_new_tokens=8, stop=settings_for("demo", "completion", "function").stop)
    for number in range(2):
        (wanted,) = network.generate([PROBLEMS[number].completion_prefix], sampling)
        mine = found.experiences[3 * number:3 * number + 3]
        assert [one.completion for one in mine] == [completion.text for completion in wanted]
        assert [one.num_tokens for one in mine] == [completion.num_tokens for completion in wanted]
        assert [one.log_prob for one in mine] == pytest.approx([completion.log_prob for completion in wanted])
        likely = [one.possibility() for one in mine]
        assert likely == sorted(likely, key=lambda value: -(value or 0))


# --- what goes wrong


class Failing(FakeModel):
    """Answers some prompts, and then fails as an endpoint does."""

    def __init__(self, answered: int, reason: str) -> None:
        super().__init__(REPLIES, name="failing")
        self.answered = answered
        self.reason = reason

    def stream(self, prompts: Sequence[Prompt], sampling: Sampling) -> Iterator[tuple[int, list[Completion]]]:
        for place, completions in super().stream(prompts, sampling):
            if self.answered == 0:
                raise EndpointError("no", hint="wait", reason=self.reason)
            self.answered -= 1
            yield place, completions


def test_what_was_paid_for_is_tested_when_the_endpoint_gives_up(grader: Grader, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no: wait"):
        collect(PROBLEMS, grader, tmp_path, BEAMS, model=Failing(2, "server"))
    assert len(rows(tmp_path / COMPLETIONS)) == 2
    assert len(rows(tmp_path / EXPERIENCES)) == 6
    found = collect(PROBLEMS, grader, tmp_path, BEAMS, model=Failing(9, "server"))
    assert (found.reused, found.written, found.graded) == (6, 3, 3)


class Refusing(FakeModel):
    """Refuses one prompt, as content filters do; the others of its batch are answered first."""

    def stream(self, prompts: Sequence[Prompt], sampling: Sampling) -> Iterator[tuple[int, list[Completion]]]:
        good = [place for place, prompt in enumerate(prompts) if "times_1" not in str(prompt)]
        for place, completions in super().stream([prompts[place] for place in good], sampling):
            yield good[place], completions
        if len(good) < len(prompts):
            raise EndpointError("refused", hint="ask otherwise", reason="content_filter")


def test_one_refused_prompt_does_not_stop_the_others(grader: Grader, tmp_path: Path) -> None:
    found = collect(PROBLEMS, grader, tmp_path, BEAMS, model=Refusing(REPLIES))
    assert found.unanswered == {"made/1": "content_filter"}
    assert {one.task_id for one in found.experiences} == {"made/0", "made/2"}
    assert found.remarks == ["1 problems could not be asked (1 content_filter), for instance made/1"]
    model = Refusing(REPLIES)
    assert collect(PROBLEMS, grader, tmp_path, BEAMS, model=model).unanswered == found.unanswered
    assert model.calls == []


def test_a_prompt_longer_than_the_context_is_left_out(grader: Grader, tmp_path: Path) -> None:
    model = FakeLogitModel(REPLIES)
    model.context = 40  # type: ignore[attr-defined]
    long = replace(PROBLEMS[1], completion_prefix="# " + "x" * 60 + "\ndef times_1(x):\n")
    found = collect([PROBLEMS[0], long], grader, tmp_path, BEAMS, model=model)
    assert found.unanswered == {"made/1": "context_length"}
    assert len(found.experiences) == 3


def test_damaged_lines_are_set_aside_and_made_again(grader: Grader, model: FakeModel, tmp_path: Path) -> None:
    first = collect(PROBLEMS, grader, tmp_path, BEAMS, model=model)
    for name, line in ((COMPLETIONS, 1), (EXPERIENCES, 7)):
        lines = (tmp_path / name).read_bytes().splitlines(keepends=True)
        lines[line] = lines[line][:40] + b"\n"
        (tmp_path / name).write_bytes(b"".join(lines))
    found = collect(PROBLEMS, grader, tmp_path, BEAMS, model=model)
    assert [text.split(": ")[0] for text in found.damaged] == [f"{EXPERIENCES}, line 8", f"{COMPLETIONS}, line 2"]
    assert (found.written, found.reused, found.graded) == (3, 6, 1)
    assert timeless(found.experiences) == timeless(first.experiences)
    assert found.remarks[0].startswith("2 damaged lines were skipped: experiences.jsonl, line 8: '{")
    assert (tmp_path / f"{COMPLETIONS}.damaged").read_bytes().count(b"\n") == 1
    assert collect(PROBLEMS, grader, tmp_path, BEAMS, model=model).damaged == []


def test_nobody_to_write_or_nothing_to_write_for(grader: Grader, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--sampler beam needs a model"):
        collect(PROBLEMS, grader, tmp_path)
    with pytest.raises(ConfigError, match="--sampler eg-cfg needs a guide"):
        collect(PROBLEMS, grader, tmp_path, options_for(sampler="eg-cfg"), model=FakeModel(REPLIES))
    with pytest.raises(UsageError, match="nothing to collect on"):
        collect([], grader, tmp_path, model=FakeModel(REPLIES))
    with pytest.raises(UsageError, match="'made/0' more than once"):
        collect([PROBLEMS[0], PROBLEMS[0]], grader, tmp_path, model=FakeModel(REPLIES))
    with pytest.raises(NoTestsError):
        collect([replace(PROBLEMS[0], hidden_tests=())], grader, tmp_path, model=FakeModel(REPLIES))


# --- caches and files


def test_resampling_keeps_what_was_there(grader: Grader, model: FakeModel, tmp_path: Path) -> None:
    collect(PROBLEMS, grader, tmp_path, BEAMS, model=model)
    options = options_for(force_resample=True)
    found = collect(PROBLEMS, grader, tmp_path, options, model=FakeModel("    return 0\n"))
    assert found.written == 9
    assert {one.pass_rate for one in found.experiences} == {0.25}
    assert [path.name for path in found.set_aside] == [f"{COMPLETIONS}.1", f"{EXPERIENCES}.1"]
    assert rows(tmp_path / f"{EXPERIENCES}.1")[0]["pass_rate"] == 1.0
    assert found.remarks == [f"what was there is kept in {COMPLETIONS}.1, {EXPERIENCES}.1"]


def test_runs_share_what_they_wrote(grader: Grader, model: FakeModel, tmp_path: Path) -> None:
    options = options_for(cache_dir=tmp_path / "cache")
    first = collect(PROBLEMS[:2], grader, tmp_path / "a", options, model=model, source="s")
    other = FakeModel(REPLIES)
    second = collect(PROBLEMS, grader, tmp_path / "b", options, model=other, source="s")
    assert timeless(second.experiences[:6]) == timeless(first.experiences)
    assert len(other.calls) == 1
    assert (second.reused, second.written) == (6, 3)
    assert len(rows(tmp_path / "b" / COMPLETIONS)) == 3  # the folder does not need the cache any more
    for change in ({"use_cached_sampling": False}, {"force_resample": True}):
        alone = collect(PROBLEMS, grader, tmp_path / "c", options.model_copy(update=change), model=other, source="s")
        assert alone.written == 9
    assert collect(PROBLEMS, grader, tmp_path / "d", options, model=other, source="another").written == 9


def test_a_file_of_experiences_in_place_of_a_model(grader: Grader, model: FakeModel, tmp_path: Path) -> None:
    first = collect(PROBLEMS, grader, tmp_path / "a", BEAMS, model=model)
    options = options_for(fixed_sample_path=tmp_path / "a" / EXPERIENCES)
    found = collect(PROBLEMS[1:], grader, tmp_path / "b", options)
    assert found.experiences == first.experiences[3:]
    assert found.graded == 0  # the same tests and settings: their results are known
    other = [problem(number, factor=0) for number in range(3)]
    assert collect(other, grader, tmp_path / "c", options).experiences[1].pass_rate == 1.0


def test_a_file_of_samples_in_place_of_a_model(grader: Grader, tmp_path: Path) -> None:
    file = tmp_path / "samples.jsonl"
    file.write_text("\n".join([
        json.dumps({"task_id": "made/0", "completion": REPLIES[0]}),
        "not a row",
        json.dumps({"task_id": "made/0", "solution": "def times_0(x):\n    return 0\n", "log_prob": -2.5, "tokens": 5,
                    "prompt": "as it was asked"}),
        json.dumps({"task_id": "elsewhere/0", "completion": "1"}),
        json.dumps({"task_id": "made/1"}),
    ]))
    found = collect(PROBLEMS, grader, tmp_path / "run", options_for(fixed_sample_path=file), source="a file")
    first, second = found.experiences
    assert (first.pass_rate, first.log_prob, first.prompt, first.sampler) == (1.0, None, "def times_0(x):\n", "fixed")
    assert first.target == REPLIES[0]
    assert (second.pass_rate, second.log_prob, second.num_tokens, second.prompt) == (0.25, -2.5, 5, "as it was asked")
    assert second.target == "    return 0\n"
    assert found.missing == ("made/1", "made/2")
    assert [text.split(":")[0] for text in found.damaged] == ["samples.jsonl, line 2", "samples.jsonl, line 5"]
    assert found.remarks[0] == "2 problems have no program, for instance made/1"


def test_a_file_that_cannot_stand_for_a_model(grader: Grader, tmp_path: Path) -> None:
    file = tmp_path / "samples.jsonl"
    with pytest.raises(DataNotFoundError, match=r"samples\.jsonl: no such file"):
        collect(PROBLEMS, grader, tmp_path, options_for(fixed_sample_path=file))
    file.write_text('{"task_id": "mbpp/1", "completion": "x"}\nrubbish\n')
    with pytest.raises(SamplesError, match=r"'made/0', found none \(its task ids: mbpp/1, and 1 damaged lines\)"):
        collect(PROBLEMS, grader, tmp_path, options_for(fixed_sample_path=file))
    with pytest.raises(ValueError, match="leave --force-resample out"):
        options_for(fixed_sample_path=file, force_resample=True)


# --- guided programs


def guided(problems: Sequence[Problem]) -> Iterator[Guided | tuple[Problem, str, float | None]]:
    for one in reversed(problems):
        yield one, one.completion_prefix + REPLIES[1], None
        yield Guided(one, one.completion_prefix + REPLIES[0], log_prob=-3.0, num_tokens=6)


def test_guided_programs_are_experience(grader: Grader, tmp_path: Path) -> None:
    asked: list[int] = []

    def guide(problems: Sequence[Problem]) -> Iterator[Any]:
        asked.append(len(problems))
        yield from guided(problems)

    options = options_for(sampler="eg-cfg", batch_problems=2)
    found = collect(PROBLEMS, grader, tmp_path, options, guide=guide, source="tiny, gamma 1")
    assert asked == [2, 1]
    assert [one.pass_rate for one in found.experiences] == [0.25, 1.0] * 3
    assert [one.log_prob for one in found.experiences[:2]] == [None, -3.0]
    assert (found.experiences[0].sampler, found.experiences[0].source_model) == ("eg-cfg", "tiny, gamma 1")
    assert found.experiences[0].target == REPLIES[1]
    again = collect(PROBLEMS, grader, tmp_path, options, guide=guide, source="tiny, gamma 1")
    assert asked == [2, 1]
    assert again.experiences == found.experiences


def test_a_model_that_scores_tells_what_the_guide_does_not(grader: Grader, tmp_path: Path) -> None:
    model = FakeLogitModel(REPLIES[1])
    found = collect(PROBLEMS[:1], grader, tmp_path, options_for(sampler="eg-cfg"), model=model, guide=guided)
    scored = model.score([(found.experiences[0].prompt, REPLIES[1])], end=True)[0]
    assert found.experiences[0].log_prob == pytest.approx(scored.log_prob)
    assert found.experiences[0].num_tokens == len(REPLIES[1]) + 1
    assert found.experiences[1].log_prob == -3.0


# --- killed


def start(folder: Path, delay: float, *more: str, **pipes: Any) -> subprocess.Popen[bytes]:
    here = Path(__file__).parent
    return subprocess.Popen([sys.executable, str(here / "collect_slowly.py"), str(folder), str(delay), *more],
                            env={**os.environ, "PYTHONPATH": str(here)}, **pipes)


@pytest.mark.usefixtures("isolated")
def test_killed_and_started_again_it_ends_as_if_undisturbed(tmp_path: Path) -> None:
    """Killed in the middle of writing and testing, three times."""
    undisturbed, folder = tmp_path / "a" / "run", tmp_path / "b" / "run"
    for path in (undisturbed, folder):
        path.parent.mkdir()
    assert start(undisturbed, 0.0).wait() == 0
    for rows_at_kill in (2, 5, 9):
        process = start(folder, 0.03)
        wait_for_lines(folder / COMPLETIONS, rows_at_kill, process)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert start(folder, 0.0).wait() == 0
    wanted, found = ([Experience.from_json(row) for row in rows(path / EXPERIENCES)] for path in (undisturbed, folder))
    assert timeless(found) == timeless(wanted)
    assert len(found) == 48
    kept = sorted(rows(folder / COMPLETIONS), key=lambda row: str(row["task_id"]))
    assert [{**row, "seconds": 0} for row in kept] == [
        {**row, "seconds": 0} for row in sorted(rows(undisturbed / COMPLETIONS), key=lambda row: str(row["task_id"]))]
    asked = (tmp_path / "b" / "asked.txt").read_text().splitlines()
    assert len(asked) <= 48 + 3 * 4  # each kill costs at most the problem that was being answered


def wait_for_lines(path: Path, lines: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while not path.exists() or path.read_bytes().count(b"\n") < lines:
        assert time.monotonic() < deadline
        assert process.poll() is None, "it ended by itself"
        time.sleep(0.005)


@pytest.mark.usefixtures("isolated")
def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    """A limit on the size of files stands for it."""
    folder = tmp_path / "run"
    with start(folder, 0.0, "12000", stderr=subprocess.PIPE) as process:
        said = process.communicate()[1].decode()
    assert process.returncode == 1
    assert re.search(r"RunError: cannot write .*what was finished is kept", said.splitlines()[-1])
    kept = rows(folder / EXPERIENCES)
    assert kept
    assert start(folder, 0.0).wait() == 0
    found = rows(folder / EXPERIENCES)
    assert len(found) == 48
    assert [row for row in kept if row not in found] == []


@pytest.mark.usefixtures("isolated")
def test_written_and_not_tested_is_tested_later(tmp_path: Path, model: FakeModel) -> None:
    with grading_sandbox(1) as sandbox:
        first: Collection = collect(PROBLEMS, Grader(sandbox), tmp_path, BEAMS, model=model)
        (tmp_path / EXPERIENCES).unlink()
        found = collect(PROBLEMS, Grader(sandbox), tmp_path, BEAMS, model=FakeModel("never"))
    assert timeless(found.experiences) == timeless(first.experiences)
    assert (found.written, found.graded) == (0, 9)
