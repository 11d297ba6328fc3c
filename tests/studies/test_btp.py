"""Whole experiments, small: what they leave, and that they go on after an interruption."""

from __future__ import annotations

import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from btp_cases import lasting, quick, save_small, script, state, weights

from eg_cfg.errors import ConfigError, ModelError, RunError
from eg_cfg.models import Sampling, registry
from eg_cfg.studies.btp import btp
from eg_cfg.studies.options import Progress

pytestmark = [
    pytest.mark.usefixtures("isolated"),
    pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning"),
]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_small(tmp_path_factory.mktemp("models") / "small")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> str:
    return script(tmp_path_factory.mktemp("source") / "replies.json")


class Stop(Exception):
    """What ends a start in these tests."""


def stopping(at: str, after: int) -> Any:
    """Watches an experiment, and ends it in a phase after so many reports."""

    @contextmanager
    def watch(what: str) -> Iterator[Progress]:
        reports = 0

        def report(done: int, total: int) -> None:
            nonlocal reports
            reports += 1
            if what.startswith(at) and reports > after:
                raise Stop
        yield report

    return watch


def test_a_model_learns_from_a_scripted_source(tmp_path: Path, small: Path, source: str) -> None:
    said: list[str] = []
    options = quick(tmp_path / "run", source_model=source, target_model=str(small), batch_size=30, num_epochs=4,
                    learning_rate=0.01, n_iterations=1)
    outcome = btp(options, say=said.append)
    results = outcome.results
    assert results["note"].startswith("held out: 4 problems of minipy (pool) are replayed, 3 of minipy (test) score")
    [one] = results["rounds"]
    # three different programs for each of four problems; one of them passes, and is drawn by far the most
    assert one["buffer"]["experiences"] == 12
    assert one["buffer"]["passed"] == 4
    drawn = one["drawn"]
    assert drawn["draws"] == 30 == sum(int(times) * count for times, count in drawn["times_drawn"].items())
    assert drawn["passed"] > 12
    assert drawn["pass_rates"]["0"] == 30 - drawn["passed"]
    assert sum(drawn["p2value"]["counts"]) == 30
    training = one["training"]
    assert training["loss"]["last"] < training["loss"]["first"]
    assert results["totals"]["supervised_tokens"] == training["supervised_tokens"] > 0
    assert training["peak_memory_mb"] > 0
    assert results["compared"].keys() == {"pass@1", "average_pass_rate"}
    for name in ("btp_results.json", "report.txt", "btp.log", "buffer.jsonl", "figures/p2value.png",
                 "figures/pass_at_k.png"):
        assert (outcome.folder / name).stat().st_size > 0, name
    assert (outcome.folder / "report.txt").read_text().startswith("held out: ")
    assert any("LoRA r 16" in line and "learning rate 0.01" in line for line in said)
    assert outcome.model is not None
    with registry.load(str(outcome.model), {"device": "cpu"}) as model:
        [[completion]] = model.generate(["def f(x):\n"], Sampling(max_new_tokens=4))
        assert completion.num_tokens


def test_the_replay_buffer_of_another_source_is_reused(tmp_path: Path, small: Path, source: str) -> None:
    outcome = btp(quick(tmp_path / "run", source_model=source, target_model=str(small)))
    assert [one["collected_in_round"] for one in outcome.results["rounds"]] == [1, 1]
    assert not (outcome.folder / "rounds/2/experiences.jsonl").exists()
    first, second = [(outcome.folder / f"rounds/{number}/drawn.jsonl").read_text() for number in (1, 2)]
    assert first != second  # other draws from the same buffer


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, small: Path) -> Path:
    """A finished experiment of a model that learns from itself."""
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    btp(quick(folder, source_model=str(small)))
    return folder


def test_the_improved_model_writes_anew(undisturbed: Path) -> None:
    results = json.loads((undisturbed / "btp_results.json").read_text())
    assert results["models"]["same"] is True
    assert [one["collected_in_round"] for one in results["rounds"]] == [1, 2]
    second = [json.loads(line) for line in (undisturbed / "rounds/2/experiences.jsonl").read_text().splitlines()]
    assert {row["round"] for row in second} == {1}
    assert {row["source_model"].rpartition(" after ")[2] for row in second} == {"round 1"}
    assert results["rounds"][1]["buffer"]["experiences"] >= results["rounds"][0]["buffer"]["experiences"]


@pytest.mark.parametrize(("at", "after"), [
    ("before", 3), ("round 1: writing", 1), ("round 1: fine", 0), ("round 2: writing", 2), ("round 2: fine", 0),
    ("after", 2),
])
def test_an_interrupted_experiment_goes_on(tmp_path: Path, small: Path, undisturbed: Path, at: str,
                                           after: int) -> None:
    options = quick(tmp_path / "run", source_model=str(small))
    with pytest.raises(Stop):
        btp(options, watch=stopping(at, after))
    assert not (tmp_path / "run/btp_results.json").exists()
    outcome = btp(options)
    assert state(outcome.folder) == state(undisturbed)
    torch.testing.assert_close(weights(outcome.folder), weights(undisturbed))


def test_finished_phases_are_not_repeated(undisturbed: Path, small: Path) -> None:
    begun: list[str] = []

    @contextmanager
    def watch(what: str) -> Iterator[Progress]:
        begun.append(what)
        yield lambda done, total: None

    before = state(undisturbed)
    outcome = btp(quick(undisturbed, source_model=str(small)), watch=watch)
    assert begun == []
    assert lasting(outcome.results) == before["results"]
    assert state(undisturbed) == before


def test_another_configuration_is_refused_and_force_starts_over(tmp_path: Path, small: Path, source: str) -> None:
    folder = tmp_path / "run"
    options = quick(folder, source_model=source, target_model=str(small), n_iterations=1)
    btp(options)
    with pytest.raises(RunError, match="batch_size 6 there, 4 here"):
        btp(options.model_copy(update={"batch_size": 4}))
    outcome = btp(options.model_copy(update={"batch_size": 4, "force": True}))
    assert outcome.results["rounds"][0]["drawn"]["draws"] == 4
    assert len((folder / "rounds/1/drawn.jsonl").read_text().splitlines()) == 4


def test_all_weights_can_be_trained(tmp_path: Path, small: Path, source: str) -> None:
    outcome = btp(quick(tmp_path / "run", source_model=source, target_model=str(small), use_lora=False))
    training = outcome.results["rounds"][1]["training"]
    assert training["trainable_parameters"] == training["parameters"]
    assert outcome.model is not None
    assert (outcome.model / "config.json").exists()


def test_a_budget_of_tokens_is_kept(tmp_path: Path, small: Path, source: str) -> None:
    budget = 300
    outcome = btp(quick(tmp_path / "run", source_model=source, target_model=str(small), batch_size=40,
                        train_tokens=budget))
    assert 0 < outcome.results["totals"]["supervised_tokens"] <= budget
    for one in outcome.results["rounds"]:
        assert one["lessons"]["over_budget"] > 0
        assert one["training"]["supervised_tokens"] <= budget // 2
    trained = [json.loads(line)["trained_on"]
               for line in (outcome.folder / "rounds/1/drawn.jsonl").read_text().splitlines()]
    assert trained.count(True) == outcome.results["rounds"][0]["lessons"]["examples"]
    assert trained == sorted(trained, reverse=True)  # the first draws, in their order


def test_a_budget_below_one_program_is_an_error(tmp_path: Path, small: Path, source: str) -> None:
    with pytest.raises(ConfigError, match="--train-tokens leaves 1 tokens"):
        btp(quick(tmp_path / "run", source_model=source, target_model=str(small), train_tokens=3))


def test_only_what_passes_is_drawn_where_asked(tmp_path: Path, small: Path, source: str) -> None:
    outcome = btp(quick(tmp_path / "run", source_model=source, target_model=str(small), min_pass_rate=1.0,
                        n_iterations=1))
    drawn = outcome.results["rounds"][0]["drawn"]
    assert drawn["passed"] == drawn["draws"]


def test_nothing_to_draw_is_one_clear_line(tmp_path: Path, small: Path) -> None:
    with pytest.raises(ConfigError, match=r"pass rate of at least 1"):
        btp(quick(tmp_path / "run", source_model=str(small), min_pass_rate=1.0))
    assert (tmp_path / "run/rounds/1/experiences.jsonl").stat().st_size > 0  # nothing that was collected is lost


def test_without_training_the_best_of_k_is_reported(tmp_path: Path, source: str) -> None:
    outcome = btp(quick(tmp_path / "run", source_model=source, mode="btp_only", replay_split="pool"))
    found = outcome.results["collected"]
    assert outcome.model is None
    assert found["k"] == 3
    assert found["problems"] == 4
    assert found["pass@1"]["value"] == 1.0  # the script's first program is right
    assert found["best_of_k"]["value"] == 1.0
    assert 1 / 3 <= found["average_pass_rate"]["value"] < 1
    assert [row["passed"] for row in outcome.results["best"]] == [True] * 4
    assert outcome.results["note"] == "no training: 4 problems of minipy (pool)"


def test_a_damaged_cache_line_is_skipped_and_counted(tmp_path: Path, small: Path, source: str) -> None:
    options = quick(tmp_path / "run", source_model=source, target_model=str(small), n_iterations=1)
    with pytest.raises(Stop):
        btp(options, watch=stopping("round 1: writing", 8))
    file = tmp_path / "run/rounds/1/completions.jsonl"
    lines = file.read_text().splitlines()
    file.write_text("\n".join(['{"task_id": "minipy/po', *lines[1:]]) + "\n")
    said: list[str] = []
    outcome = btp(options, say=said.append)
    assert outcome.results["rounds"][0]["collected"]["damaged_lines"] == 1
    assert any("1 damaged line" in line for line in said)
    assert outcome.results["rounds"][0]["buffer"]["experiences"] == 12


def test_programs_can_be_written_anew(tmp_path: Path, small: Path, source: str) -> None:
    options = quick(tmp_path / "run", source_model=source, target_model=str(small), n_iterations=1)
    first = btp(options)
    again = btp(options.model_copy(update={"force_resample": True}))
    assert lasting(again.results) == lasting(first.results)
    assert (tmp_path / "run/rounds/1/completions.jsonl.1").exists()
    assert (tmp_path / "run/before/scores.json").exists()


def test_programs_from_a_file_stand_for_a_source(tmp_path: Path, small: Path, source: str) -> None:
    first = btp(quick(tmp_path / "one", source_model=source, mode="btp_only", replay_split="pool"))
    file = first.folder / "rounds/1/experiences.jsonl"
    outcome = btp(quick(tmp_path / "two", source_model=str(small), fixed_sample_path=file, n_iterations=1))
    one = outcome.results["rounds"][0]
    assert one["buffer"]["experiences"] == 12
    assert one["buffer"]["passed"] == 4


def test_a_disk_without_room_is_one_line_and_the_same_command_goes_on(tmp_path: Path, small: Path,
                                                                      source: str) -> None:
    options = quick(tmp_path / "run", source_model=source, target_model=str(small), n_iterations=1)
    with pytest.raises(Stop):
        btp(options, watch=stopping("round 1: writing", 0))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (6000, limits[1]))  # a file has room for some of the experiences
    try:
        with pytest.raises(RunError, match="what was finished is kept") as error:
            btp(options)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "\n" not in str(error.value)
    outcome = btp(options)
    assert outcome.results["rounds"][0]["buffer"]["experiences"] == 12


def test_a_loss_that_is_no_number_keeps_what_was_reached(tmp_path: Path, small: Path, source: str) -> None:
    options = quick(tmp_path / "run", source_model=source, target_model=str(small), learning_rate=1e30, num_epochs=6,
                    use_lora=False)
    with pytest.raises(ModelError, match=r"(?i)loss"):
        btp(options)
    assert (tmp_path / "run/rounds/1/experiences.jsonl").stat().st_size > 0
    assert (tmp_path / "run/before/scores.json").exists()


@pytest.mark.long
@pytest.mark.parametrize("family", ["qwen2", "starcoder2", "gpt2", "gpt_neo", "deepseek_v2"])
def test_every_family_trains_two_rounds(tmp_path: Path, source: str, family: str) -> None:
    folder = save_small(tmp_path / family, family)
    outcome = btp(quick(tmp_path / "run", source_model=source, target_model=str(folder)))
    assert len(outcome.results["rounds"]) == 2
    assert outcome.results["rounds"][1]["training"]["steps"] > 0
