"""What a report says of runs that are whole, unfinished, damaged, or missing."""

from __future__ import annotations

import csv
import io
import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cases
import pytest

from eg_cfg.errors import DataNotFoundError, RunError
from eg_cfg.reports import write_report
from eg_cfg.reports.assembly import read_report
from eg_cfg.reports.content import Browser, Figure, Section, Steps, Table
from eg_cfg.reports.guide_section import guide_section, names_of
from eg_cfg.reports.html import to_html
from eg_cfg.reports.reading import Notes
from eg_cfg.reports.runs import Run
from eg_cfg.reports.text import to_text

pytestmark = pytest.mark.xdist_group("reports")  # one worker makes the runs


def table(section: Section, name: str) -> Table:
    return next(part for part in section.parts if isinstance(part, Table) and part.name == name)


@pytest.fixture
def experiment(tmp_path: Path) -> Path:
    """All steps that can be written by hand."""
    root = tmp_path / "experiment_20260101_000000"
    cases.evaluation(root / "step1_baseline", {"a": ["passed", "timeout"], "b": ["exception", "wrong_answer"]},
                     detail="NameError: name 'x' is not defined")
    cases.ablation(root / "step3_ablation")
    cases.hyperparameters(root / "step4_hyperparameter")
    cases.transfer(root / "step5_big_to_small")
    cases.write_json(root / "suite.json", {"steps": [
        {"name": "baseline", "folder": "step1_baseline", "status": "done"},
        {"name": "btp", "folder": "step2_btp", "status": "failed", "error": "no weights\nof that name"}]})
    return root


def test_every_step_is_a_section_and_what_is_missing_is_said(experiment) -> None:
    report = read_report(experiment)
    assert [section.title for section in report.sections] == [
        "Baseline: m", "Ablation: tiny", "Hyperparameters: tiny", "Big to small"]
    assert report.notes == ("step2_btp: failed (no weights of that name)",)  # others were not asked for
    text = write_report(experiment).text.read_text()
    assert "step2_btp: failed (no weights of that name)" in text


def test_an_arm_that_failed_is_in_the_table_and_told(experiment) -> None:
    section = read_report(experiment).sections[1]
    rows = table(section, "ablation_btp_arms").rows
    assert [row[0] for row in rows] == ["none", "full", "uniform", "broken"]
    assert rows[3][1] is None
    assert rows[2][6] == "1 of 3"
    assert "BTP, arm broken failed: nothing to draw" in section.remarks


def test_a_pruned_trial_has_no_score_of_its_own(experiment) -> None:
    section = read_report(experiment).sections[2]
    trials = table(section, "hyperparameters_trials")
    names = [column.key for column in trials.columns]
    by_number = {row[0]: dict(zip(names, row, strict=True)) for row in trials.rows}
    assert by_number[3]["pass@1"] is None
    assert by_number[3]["value"] == 0.1
    assert by_number[2]["value"] is None
    assert by_number[2]["sampler"] == "beam"


def test_a_pair_that_failed_is_an_empty_cell(experiment) -> None:
    section = read_report(experiment).sections[3]
    assert "large to small: no weights" in section.remarks
    assert [row[5] is None for row in table(section, "transfer_pairs").rows] == [False, True]
    assert [one.method for one in section.headline] == ["taught by big"]


def test_errors_are_counted_by_kind_with_examples(experiment) -> None:
    section = read_report(experiment).sections[0]
    assert table(section, "baseline_errors").rows == (
        ("exception", "NameError", 1, 0.25, 1), ("timeout", "", 1, 0.25, 1), ("wrong_answer", "", 1, 0.25, 1))


def test_a_run_without_results_shows_what_its_verdicts_come_to(tmp_path) -> None:
    cases.evaluation(tmp_path, {"a": ["passed", "timeout"], "b": ["passed", "passed"]})
    [section] = read_report(tmp_path).sections
    assert section.headline[0].pass_at[1]["value"] == 0.75
    assert section.remarks == ["The run is not finished: numbers are of the verdicts that are there."]
    assert dict(section.facts)["problems"] == "2, 2 samples each"
    assert [cost.completion_tokens for cost in section.costs] == [16]
    assert [cost.prompt_tokens for cost in section.costs] == [14]


def test_a_study_names_the_split_that_it_scored_on(experiment) -> None:
    sections = read_report(experiment).sections
    assert {one.benchmark for section in sections[1:] for one in section.headline} == {"minipy test"}
    assert dict(sections[1].facts)["benchmark"] == "minipy test"


def test_names_tell_the_rows_of_a_guided_run_apart() -> None:
    row = {"method": "best_of_n", "programs_sampled_per_problem": [3, 9], "trial": "t", "gamma": 1.0}
    assert names_of([row]) == ["best of 3 to 9"]
    assert names_of([row, {**row, "gamma": 3.0}]) == ["best of 3 to 9, beside gamma 1",
                                                      "best of 3 to 9, beside gamma 3"]
    assert names_of([{"method": "guided", "trial": "t", "gamma": 1}, {"method": "guided", "trial": "u", "gamma": 1}]) \
        == ["EG-CFG, gamma 1 (t)", "EG-CFG, gamma 1 (u)"]


def test_notes_under_tables_explain_what_is_there(tmp_path, experiment) -> None:
    cases.evaluation(tmp_path / "one", {"a": ["passed", "timeout"]})
    alone, all_of_them = (next(part.note for part in read_report(folder).parts if isinstance(part, Table))
                          for folder in (tmp_path / "one", experiment))
    assert "RSR" not in alone
    assert "Differences" not in alone
    assert "RSR" in all_of_them
    assert "Differences" in all_of_them


def test_steps_are_read_as_far_as_there_is_room(guided) -> None:
    [section] = read_report(guided).sections
    [whole] = [part for part in section.parts if isinstance(part, Steps)]
    size = min(path.stat().st_size for path in guided.rglob("steps/*gamma=1.0*.gz"))
    run = Run("guide", next(guided.rglob("guide_results.json")).parent, {})
    fewer = guide_section(run, Notes(guided), "guide", budget=2 * size)
    assert fewer is not None
    [some] = [part for part in fewer.parts if isinstance(part, Steps)]
    assert 0 < len(some.solutions) < len(whole.solutions)
    assert some.note.startswith(f"{len(whole.solutions) - len(some.solutions)} more solutions")


def test_a_damaged_line_is_named_and_the_rest_is_used(tmp_path) -> None:
    cases.evaluation(tmp_path, {"a": ["passed", "timeout"], "b": ["passed", "passed"]})
    with (tmp_path / "verdicts.jsonl").open("a") as file:
        file.write('{"task_id": "a", "index": 0, "passed": true}\n{"task_id": "b", "passed": "yes"}\n[1]\n{"task_id": ')
    report = read_report(tmp_path)
    assert report.sections[0].headline[0].pass_at[1]["value"] == 0.75
    assert report.notes == ("verdicts.jsonl: 2 of its 8 lines left out, no JSON object (the first is line 7)",
                            "verdicts.jsonl: 2 rows left out, no verdict or there twice")


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "\x00\xff", '{"rounds": 3, "compared": [], "notes": "x"}'])
@pytest.mark.parametrize("name", ["btp_results.json", "ablation_results.json", "guide_results.json", "results.json",
                                  "hyperparameter_study_results.json", "transfer_results.json", "run.json"])
def test_no_damaged_file_stops_a_report(experiment, name, content) -> None:
    folder = experiment / "step2_btp"
    folder.mkdir()
    (folder / name).write_bytes(content.encode("latin-1"))
    written = write_report(experiment)
    assert written.html.stat().st_size > 10_000


def test_results_of_any_shape_stop_no_report(experiment) -> None:
    chance = random.Random(3)
    odd = [None, 1, -5, "x", "", [], [1], {}, {"value": "x"}, {"value": 1}, [{}], True, 1e308, {"a": {"b": []}}]
    files = sorted(experiment.rglob("*results.json"))
    for turn in range(80):
        file = files[turn % len(files)]
        whole = file.read_text()
        values = json.loads(whole)
        place, key = chance.choice(list(_places(values)))
        place[key] = chance.choice(odd)
        cases.write_json(file, values)
        report = read_report(experiment)
        assert len(report.sections) >= 3
        to_html(report)
        to_text(report)
        file.write_text(whole)


def _places(values: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in plain data, as what holds it and its key."""
    for key, value in list(values.items() if isinstance(values, dict) else enumerate(values)):
        yield values, key
        if isinstance(value, dict | list):
            yield from _places(value)


def test_numbers_that_are_not_those_of_the_verdicts_are_told(tmp_path) -> None:
    cases.evaluation(tmp_path, {"a": ["passed", "timeout"]})
    cases.write_json(tmp_path / "results.json", {"pass@1": {"value": 0.9, "low": 0.8, "high": 1.0}})
    [note] = read_report(tmp_path).notes
    assert note == ".: results say pass@1 90.00 %, the verdicts that are there come to 50.00 %"


def test_rows_of_samples_without_a_place_are_counted(tmp_path) -> None:
    cases.evaluation(tmp_path, {"a": ["passed", "timeout"]})
    written = [{"task_id": "a", "completion": "one"}, {"task_id": "a", "code": "two"}]
    cases.write_lines(tmp_path / "samples.jsonl", written)
    [section] = read_report(tmp_path).sections
    [browser] = [part for part in section.parts if isinstance(part, Browser)]
    problem = browser.problems[0]
    assert [problem["texts"][sample["p"]] for sample in problem["samples"]] == ["one", "two"]


def test_a_folder_without_runs_is_refused(tmp_path) -> None:
    with pytest.raises(DataNotFoundError, match="expected a run folder, found none"):
        write_report(tmp_path / "absent")
    with pytest.raises(DataNotFoundError, match="expected finished runs in"):
        write_report(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_report_that_cannot_be_written_says_so(tmp_path) -> None:
    cases.evaluation(tmp_path, {"a": ["passed"]})
    (tmp_path / "tables").write_text("in the way")
    with pytest.raises(RunError, match="cannot make the folder"):
        write_report(tmp_path)


def test_the_same_runs_give_the_same_bytes(experiment, tmp_path) -> None:
    first = {path.name: path.read_bytes() for path in _files(experiment)}
    again = {path.name: path.read_bytes() for path in _files(experiment)}
    assert first == again
    copy = tmp_path / "elsewhere" / experiment.name
    shutil.copytree(experiment, copy)
    assert {path.name: path.read_bytes() for path in _files(copy)} == first


def _files(folder: Path) -> list[Path]:
    written = write_report(folder)
    return [written.html, written.text, *written.tables, *written.figures]


def test_a_report_is_no_run_and_hidden_folders_are_left_alone(experiment) -> None:
    cases.evaluation(experiment / ".old", {"z": ["passed"]})
    before = [section.title for section in read_report(experiment).sections]
    write_report(experiment)
    assert [section.title for section in read_report(experiment).sections] == before


def test_secrets_stay_out(tmp_path) -> None:
    cases.evaluation(tmp_path, {"a": ["passed"]})
    values = json.loads((tmp_path / "run.json").read_text())
    values["configuration"] = {"api_key": "sk-secret1", "model_option": {"api_key": "sk-secret2", "dtype": "float32"},
                               "inference_endpoint_api_key": "sk-secret3", "seed": 4}
    cases.write_json(tmp_path / "run.json", values)
    page = write_report(tmp_path).html.read_text()
    assert "sk-secret" not in page
    assert "float32" in page


def test_a_guided_run_has_methods_problems_and_steps(guided) -> None:
    [section] = read_report(guided).sections
    scores = table(section, "guide_scores")
    assert [row[0] for row in scores.rows][:2] == ["greedy", "EG-CFG, gamma 0.5"]
    [browser] = [part for part in section.parts if isinstance(part, Browser)]
    assert [sample["l"] for sample in browser.problems[0]["samples"]] == ["greedy", "gamma 0.5", "gamma 1"]
    assert browser.problems[0]["texts"][browser.problems[0]["prompt"]]
    [steps] = [part for part in section.parts if isinstance(part, Steps)]
    assert len(steps.solutions) == 6
    first = steps.solutions[0]["steps"][0]
    assert first["candidates"]
    assert {test["outcome"] for one in first["candidates"] for test in one["tests"]} <= {"passed", "wrong_answer",
                                                                                         "exception"}
    [text, plain, conditional, guided_by, top] = first["tokens"][0]
    assert isinstance(text, str)
    assert all(0 <= value <= 1 for value in (plain, conditional, guided_by))
    assert len(top) == 3


def test_a_copy_of_guided_results_does_not_hide_their_records(guided, tmp_path) -> None:
    shutil.copytree(guided, tmp_path / "step1_guide")
    [file] = (tmp_path / "step1_guide").rglob("guide_results.json")
    shutil.copy(file, tmp_path / "step1_guide")
    [section] = read_report(tmp_path).sections
    assert section.place == file.parent.relative_to(tmp_path).as_posix()
    assert any(isinstance(part, Steps) for part in section.parts)


@pytest.mark.slow
def test_an_experiment_of_btp_has_rounds_and_pairs(trained) -> None:
    [section] = read_report(trained).sections
    assert [one.method for one in section.headline] == ["before BTP", "BTP"]
    assert [row[0] for row in table(section, "btp_rounds").rows] == [1, 2]
    names = {part.name for part in section.parts if isinstance(part, Figure)}
    assert {"btp_p2value_1", "btp_drawn_2", "btp_loss", "btp_per_problem", "btp_pass_at_k"} <= names
    results = json.loads((trained / "btp_results.json").read_text())
    drawn = [row[4] for row in table(section, "btp_rounds").rows]
    assert drawn == [one["drawn"]["draws"] for one in results["rounds"]]
    [browser] = [part for part in section.parts if isinstance(part, Browser)]
    assert [sample["l"] for sample in browser.problems[0]["samples"]] == ["before 0", "before 1", "after 0", "after 1"]


def test_csv_of_a_table_is_read_back(experiment) -> None:
    write_report(experiment)
    text = (experiment / "tables" / "ablation_btp_arms.csv").read_text()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["arm"], row["pass@1"]) for row in rows] == [("none", "0.3"), ("full", "0.5"), ("uniform", "0.4"),
                                                             ("broken", "")]
