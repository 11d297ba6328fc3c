"""A folder from somebody else: nothing outside it is read or written, and nothing in it is too large."""

from __future__ import annotations

import csv
import gzip
import json
import os
import re
from pathlib import Path
from typing import Any

import cases
import pytest

from eg_cfg.errors import DataNotFoundError, RunError
from eg_cfg.reports import reading, write_report
from eg_cfg.reports.assembly import read_report
from eg_cfg.reports.packing import BUDGET, LARGEST, pack
from eg_cfg.reports.reading import Notes, number, read_lines, read_object, whole

TWO = {"a": ["passed", "timeout"], "b": ["exception", "passed"]}
SECRET = {"task_id": "a", "index": 0, "completion": "TOP SECRET", "prompt": "TOP SECRET", "model": "TOP SECRET"}


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """What no report may touch."""
    folder = tmp_path / "outside"
    cases.write_lines(folder / "secret.jsonl", [SECRET])
    cases.write_json(folder / "secret.json", SECRET)
    return folder


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return cases.evaluation(tmp_path / "run", TWO)


def everything(folder: Path) -> str:
    return "".join(path.read_text() for path in folder.rglob("*")
                   if path.suffix in (".html", ".txt", ".csv", ".tex", ".svg"))


@pytest.mark.parametrize(("name", "target"), [("samples.jsonl", "secret.jsonl"), ("results.json", "secret.json")])
def test_a_link_out_of_the_folder_is_not_followed(run, outside, name, target) -> None:
    (run / name).unlink(missing_ok=True)
    (run / name).symlink_to(outside / target)
    written = write_report(run)
    assert written.notes == (f"{name}: left out, it cannot be read (a link to a place outside the report's folder)",)
    assert "SECRET" not in everything(run)


def test_a_link_within_the_folder_is_followed(run) -> None:
    (run / "verdicts.jsonl").rename(run / "kept.jsonl")
    (run / "verdicts.jsonl").symlink_to("kept.jsonl")
    assert write_report(run).notes == ()


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: os.symlink("/dev/zero", path)])
def test_what_is_no_file_is_not_waited_for(run, make) -> None:
    make(run / "results.json")
    assert write_report(run).notes == ("results.json: left out, it cannot be read (it is no file)",)


def test_linked_folders_are_named_and_left_out(tmp_path, run) -> None:
    (tmp_path / "run" / "loop").symlink_to(tmp_path)
    root = tmp_path / "root"
    root.mkdir()
    (root / "linked").symlink_to(run)
    with pytest.raises(DataNotFoundError, match="linked: left out, a link: make a report of the folder"):
        write_report(root)


def test_steps_behind_a_link_are_not_read(tmp_path, outside) -> None:
    folder = guided(tmp_path / "run", "steps/a.json")
    cases.write_json(outside / "a.json", {"refreshes": [{"signal": "TOP SECRET", "tokens": []}], "prompt": "x"})
    (folder / "t" / "steps").symlink_to(outside)
    assert "-steps-index" not in write_report(folder).html.read_text()


@pytest.mark.parametrize("name", ["../../outside/a.json", "/etc/passwd", "\0", "x" * 5000, 7, ["a"]])
def test_a_name_of_a_steps_file_leads_nowhere(tmp_path, name) -> None:
    folder = guided(tmp_path / "run", name)
    cases.write_json(tmp_path / "outside" / "a.json", {"refreshes": [{"signal": "s", "tokens": []}]})
    written = write_report(folder)
    assert "-steps-index" not in written.html.read_text()
    assert (written.folder / "tables" / "guide_scores.csv").exists()


def guided(folder: Path, steps: Any) -> Path:
    """A guided run of one solution."""
    cases.write_json(folder / "guide_results.json", {"model": "m", "benchmark": "demo", "rows": [
        {"method": "guided", "trial": "t", "gamma": 1.0, "share": {"value": 1.0}, "problems": 1, "solved": 1}]})
    cases.write_json(folder / "t" / "task_id=a_gamma=1.0.json", {"task_id": "a", "gamma": 1.0, "passed": True,
                                                                 "code": "x = 1", "steps": steps})
    return folder


@pytest.mark.parametrize("name", ["tables", "figures"])
def test_nothing_is_written_through_a_linked_folder(run, outside, name) -> None:
    (run / name).symlink_to(outside)
    with pytest.raises(RunError, match="found a link"):
        write_report(run)
    assert sorted(path.name for path in outside.iterdir()) == ["secret.json", "secret.jsonl"]


def test_nothing_is_written_through_a_linked_file(run, outside) -> None:
    (run / "report.html").symlink_to(outside / "secret.json")
    write_report(run)
    (run / ".report.html.tmp").symlink_to(outside / "secret.json")
    with pytest.raises(RunError, match=r"cannot write .*report\.html"):
        write_report(run)
    assert json.loads((outside / "secret.json").read_text()) == SECRET


def test_names_in_results_lead_to_no_other_place(tmp_path) -> None:
    folder = tmp_path / "a" / "b" / "run"
    cases.hyperparameters(folder)
    file = folder / "hyperparameter_study_results.json"
    values = json.loads(file.read_text())
    points = values["slices"]["alpha"]
    values["slices"] = dict.fromkeys(("../../../evil", "/tmp/evil", "a\0b", "x" * 3000, "A", "a"), points)
    cases.write_json(file, values)
    cases.ablation(folder.parent / "run2")
    file = folder.parent / "run2" / "ablation_results.json"
    values = json.loads(file.read_text())
    values["studies"] = dict.fromkeys(("../../../evil", "BTP", "btp"), values["studies"]["btp"])
    cases.write_json(file, values)
    written = write_report(folder.parent)
    for path in (*written.tables, *written.figures):
        assert re.fullmatch(r"[A-Za-z0-9_@+-]{1,110}\.(csv|tex|svg)", path.name)
        assert path.parent in (folder.parent / "tables", folder.parent / "figures")
    assert len({path.name.lower() for path in written.tables}) == len(written.tables)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a"]


def test_no_cell_of_a_csv_file_is_a_formula(tmp_path) -> None:
    attacks = ["=cmd|' /C calc'!A0", "+1", "-2", "@SUM(A1)", " =1", "\t=1", "\r=1", "\N{FULLWIDTH EQUALS SIGN}1"]
    cases.hyperparameters(tmp_path)
    file = tmp_path / "hyperparameter_study_results.json"
    values = json.loads(file.read_text())
    for trial, attack in zip(values["trials"], attacks, strict=False):
        trial["parameters"] = dict.fromkeys(attacks, attack)
    values["best"]["parameters"] = {one: one for one in attacks}
    cases.write_json(file, values)
    cells = [cell for path in write_report(tmp_path).tables if path.suffix == ".csv"
             for row in csv.reader(path.read_text().splitlines()) for cell in row]
    assert sum(cell.startswith("'") for cell in cells) >= 24
    for cell in cells:
        assert cell.lstrip()[:1] not in ("=", "+", "@", "|", "%", "\N{FULLWIDTH EQUALS SIGN}")
        assert not cell.lstrip().startswith("-") or re.fullmatch(r"-[\d.e-]+", cell)


def test_a_line_that_is_too_long_is_left_out_and_the_next_is_read(run, monkeypatch) -> None:
    monkeypatch.setattr(reading, "LONGEST", 1000)
    with (run / "verdicts.jsonl").open("a") as file:
        file.write(json.dumps({"task_id": "x" * 5000, "index": 0, "passed": True}) + "\n")
        file.write(json.dumps({"task_id": "c", "index": 0, "passed": True}) + "\n")
    notes = Notes(run)
    assert [row["task_id"] for row in read_lines(run / "verdicts.jsonl", notes)] == ["a", "a", "b", "b", "c"]
    assert list(notes) == ["verdicts.jsonl: 1 of its 6 lines left out, no JSON object (the first is line 5)"]


def test_a_packed_file_that_unpacks_to_very_much_is_left_out(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(reading, "LONGEST", 100_000)
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(b'{"a": "' + b"x" * 1_000_000 + b'"}'))
    notes = Notes(tmp_path)
    assert read_object(tmp_path / "a.json.gz", notes) is None
    assert list(notes) == ["a.json.gz: left out, it cannot be read (longer than 100,000 bytes)"]


def test_values_that_json_has_not_say_nothing(tmp_path) -> None:
    (tmp_path / "a.json").write_text('{"a": NaN, "b": -Infinity, "c": 1e999, "d": ' + "9" * 400 + "}")
    values = read_object(tmp_path / "a.json", Notes(tmp_path))
    assert values is not None
    assert [number(value) for value in values.values()] == [None] * 4
    assert whole(values["d"]) is None


def test_nesting_does_not_stop_a_report(run) -> None:
    deep: Any = "x"
    for _ in range(500):
        deep = [deep]
    values = json.loads((run / "run.json").read_text())
    cases.write_json(run / "run.json", {**values, "configuration": {"deep": deep}})
    rows = [json.loads(line) for line in (run / "samples.jsonl").read_text().splitlines()]
    cases.write_lines(run / "samples.jsonl", [{**row, "prompt": deep} for row in rows])
    write_report(run)


def test_a_run_of_another_version_is_shown_as_far_as_it_is_understood(run) -> None:
    values = json.loads((run / "run.json").read_text())
    cases.write_json(run / "run.json", {**values, "format": 99, "kind": "sampling", "identity": [1], "dataset": "x",
                                        "configuration": [1], "versions": {"eg-cfg": "99.0"}})
    cases.write_json(run / "results.json", {"pass@1": 0.5, "pass@x": {"value": 1}, "pass@": {"value": 1},
                                            "problems": "7", "seeds": [1], "tokens": 3})
    rows = [json.loads(line) for line in (run / "verdicts.jsonl").read_text().splitlines()]
    cases.write_lines(run / "verdicts.jsonl", [{**row, "outcome": "__proto__"} for row in rows])
    [section] = read_report(run).sections
    assert section.headline[0].pass_at[1]["value"] == 0.5
    assert "99.0" in write_report(run).html.read_text()


def test_long_names_and_many_kinds_stay_small(tmp_path) -> None:
    long = "x" * 500_000
    outcomes = {f"t{place}": ["exception"] for place in range(300)}
    cases.evaluation(tmp_path, {**outcomes, long: ["passed"]}, model=long, programs={("t0", 0): "p" * 500_000})
    rows = [json.loads(line) for line in (tmp_path / "verdicts.jsonl").read_text().splitlines()]
    for place, row in enumerate(rows):
        row["detail"], row["outcome"] = f"E{place}: {long}", "exception" if place % 2 else f"kind {place}"
    cases.write_lines(tmp_path / "verdicts.jsonl", rows)
    written = write_report(tmp_path)
    assert sum(path.stat().st_size for path in (written.html, written.text, *written.tables, *written.figures)) < 1e6


def test_many_problems_are_all_listed_and_programs_fill_the_room_there_is() -> None:
    records = [{"id": place, "program": os.urandom(60_000).hex()} for place in range(150)]
    packed = pack([*records[:2], {"program": "x" * (LARGEST + 1)}, *records[2:]])
    assert packed.places[0] == (0, 0)
    assert packed.places[2] is None
    assert sum(map(len, packed.pieces)) < 1.1 * BUDGET
    assert packed.left_out > 20


def test_notes_are_few(tmp_path) -> None:
    notes = Notes(tmp_path)
    for place in range(1000):
        notes.about(tmp_path / f"{place}.json", "left\nout")
    first, *rest = notes
    assert first == "0.json: left out"
    assert len(rest) == 60
    assert rest[-1] == "940 more of that kind"
