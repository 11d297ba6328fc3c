"""The whole sequence on the embedded model, in small: each stage twice, damage, and what each one leaves."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from evo_make import Make
from evo_pairs import DOUBLE
from recipes.evidence.control import controls

from eg_cfg.errors import DataNotFoundError
from eg_cfg.training import read_examples
from evoselfcode.config import Config, load_config
from evoselfcode.datagen.names import generate_names
from evoselfcode.evaluation import evaluate_checkpoints
from evoselfcode.pairs import task_prompt
from evoselfcode.pipeline import generate, iterate, keep, score, train_c2d, train_d2c
from evoselfcode.pipeline.beside import beside
from evoselfcode.pipeline.reporting import report
from evoselfcode.records import Candidate, HeldOutRow, KeptPair, RawPair, RoundRow, Score
from evoselfcode.store import Store, read_rows
from evoselfcode.summary import Summary

Stage = Callable[[Config], Summary]
SEQUENCE: tuple[Stage, ...] = (generate_names, generate, score, keep, train_d2c, train_c2d, iterate)
SETTINGS = {
    "names.count": "16", "names.draws_at_once": "16", "generate.drafts": "1", "generate.candidates": "4",
    "sandbox.workers": "1", "score.inputs": "8", "filter.held_out": "0.3", "d2c.training.num_epochs": "1",
    "d2c.variants": "1", "c2d.training.num_epochs": "1", "iterate.rounds": "1", "iterate.tasks": "5",
    "iterate.codes": "4", "iterate.candidates": "3", "iterate.held_out.max_problems": "3",
    "iterate.validation.pairs": "4", "generate.tasks": "12", "iterate.literals": "2",
}


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, isolated: None) -> Iterator[tuple[Path, Config, list[Summary]]]:
    """A workspace in which the sequence has been run once."""
    folder = tmp_path_factory.mktemp("evoselfcode")
    before = Path.cwd()
    os.chdir(folder)
    try:
        config = load_config(None, SETTINGS)
        (folder / "data" / "raw").mkdir(parents=True)
        mine = {"prompt": "Double each number.", "code": DOUBLE, "tests": ["assert double([1]) == [2]"]}
        (folder / "data" / "raw" / "mine.jsonl").write_text(json.dumps(mine) + "\n{broken\n")
        yield folder, config, [stage(config) for stage in SEQUENCE]
    finally:
        os.chdir(before)


Done = tuple[Path, Config, list[Summary]]
pytestmark = pytest.mark.slow


def test_every_stage_adds_something_and_nothing_the_second_time(done: Done) -> None:
    folder, config, first = done
    assert [summary.added > 0 for summary in first] == [True] * len(SEQUENCE)
    files = {path: path.read_bytes() for path in (folder / "data").rglob("*.jsonl")}
    latest = os.readlink(folder / "checkpoints" / "latest")
    again = [stage(config) for stage in SEQUENCE]
    assert [summary.added for summary in again] == [0] * len(SEQUENCE)
    assert [summary.total for summary in again] == [summary.total for summary in first]
    assert {path: path.read_bytes() for path in (folder / "data").rglob("*.jsonl")} == files
    assert os.readlink(folder / "checkpoints" / "latest") == latest


def test_round_trips_can_be_a_score_and_a_filter(done: Done) -> None:
    folder, _, _ = done
    filters = '[{"round_trip": {"required": true}}, {"at_most": {"max": 3}}]'
    with_trips = load_config(None, {**SETTINGS, "score.round_trip": "true", "filter.filters": filters,
                                    "paths.data": "data"})
    summary = score(with_trips)
    assert 0 < summary.counts["found back"] < summary.counts["candidates"]
    decisions = (folder / "data/processed/decisions.jsonl").read_bytes()
    kept = keep(with_trips)
    assert "does not find back" in kept.funnel[0].reasons
    keep(load_config(None, SETTINGS))
    assert (folder / "data/processed/decisions.jsonl").read_bytes() == decisions


def test_what_is_damaged_in_raw_is_named(done: Done) -> None:
    _, _, summaries = done
    assert any("mine.jsonl, line 2" in said for said in summaries[1].damaged)


def test_pairs_of_ones_own_are_candidates_and_their_tests_are_run(done: Done) -> None:
    folder, _, _ = done
    candidates, _ = read_rows(folder / "data/generated/candidates.jsonl", Candidate)
    mine = [row for row in candidates if row.pair.name == "double"]
    assert len(mine) == 5  # the code that it came with, and four more
    scores, _ = read_rows(folder / "data/generated/scores.jsonl", Score)
    assert any((row.tests_passed, row.tests_total) == (1, 1) for row in scores)
    assert all(row.perplexity is None or row.perplexity >= 1 for row in scores)


def test_some_descriptions_are_left_to_the_loop_which_takes_them_first(done: Done) -> None:
    folder, _, _ = done
    first, _ = read_rows(folder / "data/generated/candidates.jsonl", Candidate)
    assert len({row.task for row in first}) == 12
    assert "double" in {row.pair.name for row in first}  # one's own come before invented ones
    written, _ = read_rows(folder / "data/generated/iterate/latest/candidates.jsonl", Candidate)
    forward = {row.task for row in written if row.index == 2}  # round trips write one program a task
    assert len(forward) == 5
    invented, _ = read_rows(folder / "data/raw/invented.jsonl", RawPair)
    fresh = len({row.prompt for row in invented}) - 11
    assert len(forward - {row.task for row in first}) >= min(5, fresh) - 1  # one may be a held-out pair's task


def test_rounds_learn_pairs_with_other_literals(done: Done) -> None:
    folder, _, summaries = done
    counts = summaries[-1].counts
    assert counts["last round: with other literals"] > 0
    names = [step.name for step in summaries[-1].funnel]
    assert "other literals: runs" in names
    assert "other literals: perplexity" not in names
    scores, _ = read_rows(folder / "data/generated/iterate/latest/scores.jsonl", Score)
    assert all(row.perplexity is None or row.perplexity >= 1 for row in scores)


def test_runs_of_a_workspace_are_compared(done: Done) -> None:
    folder, config, _ = done
    results = json.loads((folder / "data/generated/iterate/latest/iterate_results.json").read_text())
    assert beside(config, results) is None
    other = {**results, "run": "other", "options": {**results["options"], "use_perplexity": False}}
    place = folder / "data/generated/iterate/other"
    place.mkdir()
    (place / "iterate_results.json").write_text(json.dumps(other))
    try:
        table = beside(config, results)
        assert table is not None
        rows = [dict(zip((column.key for column in table.columns), row, strict=True)) for row in table.rows]
    finally:
        shutil.rmtree(place)
    assert [(row["run"], row["differs"]) for row in rows] == \
        [(results["run"], "")] * 2 + [("other", "use_perplexity=false")] * 2
    assert [row["first_p"] for row in rows] == [None, None, 1.0, 1.0]


def test_training_and_held_out_pairs_do_not_share_a_behaviour(done: Done) -> None:
    folder, _, _ = done
    pairs, _ = read_rows(folder / "data/processed/pairs.jsonl", KeptPair)
    held, _ = read_rows(folder / "data/processed/held_out.jsonl", KeptPair)
    assert pairs
    assert held
    assert not {row.behaviour for row in pairs} & {row.behaviour for row in held}


def test_lessons_are_readable_and_ask_what_was_kept(done: Done) -> None:
    folder, _, _ = done
    pairs, _ = read_rows(folder / "data/processed/pairs.jsonl", KeptPair)
    lessons = read_examples(folder / "data/processed/d2c.jsonl")
    assert {lesson.completion for lesson in lessons} <= {row.pair.body for row in pairs}
    prompts = {task_prompt(row.pair).rstrip('"\n') for row in pairs}
    assert all(any(str(lesson.prompt).startswith(prompt) for prompt in prompts) for lesson in lessons)
    assert len(read_examples(folder / "data/processed/c2d.jsonl")) > 0


def test_checkpoints_are_models_and_latest_is_the_best_round(done: Done) -> None:
    folder, _, _ = done
    assert (folder / "checkpoints/latest/config.json").is_file()
    assert (folder / "checkpoints/c2d/model0/config.json").is_file()
    results = json.loads((folder / "data/generated/iterate/latest/iterate_results.json").read_text())
    assert (folder / results["best_d2c"]).resolve() == (folder / "checkpoints/latest").resolve()
    assert [row["name"] for row in results["rounds"]] == ["base", "model0", "round1"]
    assert results["rounds"][2]["d2c"].endswith("-0.5")  # halfway to what was trained
    for row in results["rounds"]:
        assert row["round_trip"]["low"] <= row["round_trip"]["value"] <= row["round_trip"]["high"]
    for name in ("base", "model0", "round1"):
        assert set(results["held_out"][name]) == {"with tests", "without tests"}
    assert 0 < results["held_out"]["model0"]["with tests"]["against_base"]["p_value"] <= 1


def test_a_damaged_candidate_is_made_again(done: Done) -> None:
    folder, config, _ = done
    path = folder / "data/generated/candidates.jsonl"
    before = path.read_text()
    lines = before.splitlines(keepends=True)
    path.write_text("".join([*lines[:3], lines[3][:50] + "\n", *lines[4:]]))
    summary = generate(config)
    assert summary.added == 1
    assert any("candidates.jsonl, line 4" in said for said in summary.damaged)
    assert sorted(path.read_text().splitlines()) == sorted(before.splitlines())
    path.write_text(before)


def test_another_metric_chooses_without_another_run(done: Done) -> None:
    folder, config, _ = done
    results = json.loads((folder / "data/generated/iterate/latest/iterate_results.json").read_text())
    assert results["rounds"][-1]["validation_metric"] == "tasks"
    assert [row["validation"] for row in results["rounds"]] == \
        [row["from_examples"]["value"] for row in results["rounds"]]
    by_trips = iterate(load_config(None, {**SETTINGS, "iterate.validation.metric": "round_trip"}))
    assert (by_trips.added, by_trips.counts["run"]) == (0, results["run"])
    again = json.loads((folder / "data/generated/iterate/latest/iterate_results.json").read_text())
    assert [row["validation"] for row in again["rounds"]] == [row["round_trip"]["value"] for row in again["rounds"]]
    iterate(config)


def test_an_ablation_copies_what_another_run_wrote(done: Done) -> None:
    folder, config, _ = done
    latest = folder / "data/generated/iterate/latest"
    first = {row.id for row in read_rows(latest / "candidates.jsonl", Candidate)[0]}
    iterate(load_config(None, {**SETTINGS, "iterate.literals": "0", "iterate.held_out.benchmark": "null"}))
    second, _ = read_rows(latest / "candidates.jsonl", Candidate)
    writers = {row["d2c_writer"] for row in json.loads((latest / "iterate_results.json").read_text())["rounds"][:2]}
    assert {row.id for row in second if row.writer in writers} <= first
    iterate(config)


def test_another_round_goes_on_from_the_last(done: Done) -> None:
    folder, config, _ = done
    more = load_config(None, {**SETTINGS, "iterate.rounds": "2", "iterate.validation.patience": "1"})
    rounds = folder / "data/generated/iterate/latest/rounds.jsonl"
    before = rounds.read_bytes()
    iterate(more)
    assert rounds.read_bytes().startswith(before)
    rows, _ = read_rows(rounds, RoundRow)
    assert [row.round for row in rows][:3] == [-1, 0, 1]
    assert iterate(config).added == 0


@pytest.mark.parametrize("ablation", ["use_c2d", "use_tests", *(pytest.param(name, marks=pytest.mark.long) for name in
                                                               ("use_perplexity", "backward", "forward"))])
def test_ablations_are_runs_of_their_own(done: Done, ablation: str) -> None:
    folder, _, _ = done
    full = json.loads((folder / "data/generated/iterate/latest/iterate_results.json").read_text())["run"]
    without = {**SETTINGS, f"iterate.{ablation}": "false", "iterate.held_out.benchmark": "null"}
    summary = iterate(load_config(None, without))
    assert summary.counts["run"] != full
    names = [step.name for step in summary.funnel]
    if ablation == "use_perplexity":
        assert not any(name.endswith("perplexity") for name in names)
    if ablation == "use_tests":
        assert not any(name.endswith(("agreement", "runs")) for name in names)
    assert any(name.startswith("forward") for name in names) == (ablation != "forward")
    assert any(name.startswith("backward") for name in names) == (ablation not in ("backward", "use_c2d"))
    iterate(load_config(None, SETTINGS))


def test_evaluation_is_a_row_for_each_checkpoint(done: Done) -> None:
    folder, _, _ = done
    rows = evaluate_checkpoints("minipy", ["tiny-base", "checkpoints/latest"],
                                {"greedy": True, "max_problems": 3, "workers": 1}, folder / "data" / "eval")
    assert [row.checkpoint for row in rows] == ["tiny-base", "checkpoints/latest"]
    assert all(row.pass_at["pass@1"]["low"] >= 0 for row in rows)


def test_what_the_loop_measured_is_not_measured_again(done: Done) -> None:
    folder, _, _ = done
    results = json.loads((folder / "data/generated/iterate/latest/iterate_results.json").read_text())
    best = next(row["name"] for row in results["rounds"] if row["round"] == results["best_round"])
    (row,) = evaluate_checkpoints("minipy", ["checkpoints/latest"], {"greedy": True, "max_problems": 3, "workers": 1},
                                  Path("data/eval"))
    assert row.folder is not None
    assert row.folder.resolve() == Path(results["held_out"][best]["with tests"]["folder"]).resolve()


def test_a_control_is_trained_as_long_as_its_round_and_changes_nothing(done: Done) -> None:
    folder, config, _ = done
    results = json.loads((folder / "data/generated/iterate/latest/iterate_results.json").read_text())
    files = {path: path.read_bytes() for path in (folder / "data/processed").iterdir()}
    with Store(config.paths.eval / "held_out.jsonl", HeldOutRow) as store:
        rows = controls(config, config, results, store, draws=2)
        added = store.added
        assert controls(config, config, results, store, draws=2) == rows
        assert store.added == added
    assert [row["round"] for row in rows] == [1, 1]
    trained = Path(results["rounds"][-1]["d2c"].removesuffix("-0.5")) / "training.json"
    assert rows[0]["steps"] == json.loads(trained.read_text())["steps"]
    assert len(set(rows[0]["models"])) == 2
    mine = rows[0]
    assert mine["prompts"] == "with tests"
    assert mine["round_against_control"]["problems"] == 3
    round1 = results["held_out"]["round1"]["with tests"]["pass_at_1"]["value"]
    assert mine["round_against_control"]["difference"]["value"] == pytest.approx(round1 - mine["pass_at_1"]["value"])
    assert {path: path.read_bytes() for path in (folder / "data/processed").iterdir()} == files


def test_the_report_has_the_curves_the_funnel_and_examples(done: Done) -> None:
    folder, config, _ = done
    summary = report(config)
    page = (folder / "data/eval/report.html").read_text()
    for said in ("round trip", "agreement", "model0", "before", "after"):
        assert said in page.lower()
    assert folder / summary.outputs[0]


def test_a_stage_without_its_input_names_the_one_before(workspace: Make) -> None:
    for stage, named in ((generate, "generate-names"), (score, "generate"), (keep, "generate"),
                         (train_d2c, "filter"), (iterate, "train-d2c")):
        with pytest.raises(DataNotFoundError, match=named):
            stage(workspace())
