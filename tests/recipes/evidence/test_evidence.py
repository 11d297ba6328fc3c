"""Tables of evidence: what they are made of, where they go, and what is told when there is nothing."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from recipes.evidence.__main__ import STUDIES, _run, main
from recipes.evidence.control import main as control
from recipes.evidence.guide import arms_table, chosen
from recipes.evidence.headline import HEADLINE
from recipes.evidence.page import drawn, filled
from recipes.evidence.regrade import _agreement
from recipes.evidence.studies import Lab, Study, points, probability, share, table

from eg_cfg.errors import RunError, UsageError
from eg_cfg.reports.charts import forest

ESTIMATE = {"value": 0.5, "low": 0.25, "high": 0.75}


def row(trial: str, gamma: float, solved: int, method: str = "guided") -> dict[str, Any]:
    return {"method": method, "trial": trial, "gamma": gamma, "solved": solved}


def test_the_trial_that_solved_most_is_chosen_and_of_equal_ones_the_least_guided() -> None:
    rows = [row("b", 3.0, 7), row("b", 0.5, 7), row("a", 1.0, 6), row("b", 0.5, 99, "best_of_n")]
    assert chosen({"rows": rows}) == ("b", 0.5)


def test_a_page_keeps_all_but_its_tables(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- one -->\nold\n<!-- end -->\nbetween\n<!-- two -->\n<!-- end -->\nafter\n")
    filled(page, {"two": r"| \1 |", "one": "| new |"})
    expected = ("before\n<!-- one -->\n\n| new |\n\n<!-- end -->\n"
                "between\n<!-- two -->\n\n| \\1 |\n\n<!-- end -->\nafter\n")
    assert page.read_text() == expected
    filled(page, {"two": r"| \1 |", "one": "| new |"})
    assert page.read_text() == expected


def test_figures_lie_beside_the_page_and_can_be_drawn_alone(tmp_path: Path) -> None:
    drawn(tmp_path / "page.md", {"one": forest("what", [("arm", {"value": 0.1, "low": -0.1, "high": 0.2}, 0)],
                                               "points", zero=True)})
    root = ElementTree.parse(tmp_path / "page" / "one.svg").getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "arm" in "".join(root.itertext())


def test_a_headline_has_a_row_for_what_was_measured_and_no_other(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    with pytest.raises(RunError, match="found none"):
        HEADLINE.tables(lab)
    folder = lab.folder("btp", "arms")
    folder.mkdir(parents=True)
    contrast = {"difference": ESTIMATE, "p_value": 0.003}
    arms = [{"name": "none", "pass@1": ESTIMATE}, {"name": "full", "pass@1": ESTIMATE, "against_none": contrast}]
    (folder / "ablation_results.json").write_text(json.dumps({"studies": {"btp": {"arms": arms}}}))
    lines = HEADLINE.tables(lab)["headline"].splitlines()[2:]
    assert len(lines) == 1
    assert lines[0].startswith("| BTP")
    assert lines[0].endswith("| +50.0 (+25.0 to +75.0) | 0.003 |")


def test_a_table_without_a_place_is_told_and_the_page_stays(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- one -->\n<!-- end -->\n")
    with pytest.raises(UsageError, match="<!-- three -->"):
        filled(page, {"one": "x", "three": "y"})
    assert page.read_text() == "<!-- one -->\n<!-- end -->\n"


def test_numbers_have_their_intervals() -> None:
    assert share(ESTIMATE) == "50.0 (25.0 to 75.0)"
    assert share(None) == "-"
    assert points({"difference": {"value": -0.02, "low": -0.05, "high": 0.01}, "p_value": 0.00012}) == \
        ("-2.0 (-5.0 to +1.0)", "0.00012")
    assert points(None) == ("", "")
    assert probability(None) == "-"
    assert table(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


def test_an_arm_that_failed_is_told_in_its_row() -> None:
    done = {"name": "full", "what": "all", "status": "done", "pass@1": ESTIMATE, "against_none": None,
            "against_full": None}
    failed = {"name": "rank", "what": "by rank", "status": "failed", "error": "no programs"}
    assert "failed: no programs" in arms_table({"arms": [done, failed]})


def test_verdicts_are_compared_sample_by_sample_whatever_the_order(tmp_path: Path) -> None:
    samples = tmp_path / "samples.jsonl.gz"
    with gzip.open(samples, "wt") as file:
        for task, passed in (("b", True), ("a", False), ("b", False), ("a", True)):
            file.write(json.dumps({"task_id": task, "upstream_passed": passed}) + "\n")
    verdicts = [{"task_id": task, "index": index, "passed": passed} for task, index, passed in
                (("a", 0, False), ("a", 1, False), ("b", 0, True), ("b", 1, False))]
    assert _agreement(samples, verdicts) == "3 of 4"


def test_commands_that_fail_are_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RunError, match="expected eg-cfg grade to end well, found exit code 2"):
        Lab(tmp_path).run("grade", "--benchmark", "no such")
    assert "$ eg-cfg grade --benchmark 'no such'" in capfd.readouterr().out


def test_a_command_of_the_recipes_runs_in_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                     capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    Lab(tmp_path).run("--help", module="recipes.evidence.control", where=tmp_path)
    assert "usage:" in capfd.readouterr().out


def test_an_unknown_study_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["gides", "--out", str(tmp_path)]) == 2
    assert "gides" in capsys.readouterr().err


def test_a_control_that_is_asked_wrongly_is_told_in_a_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    given = ["--train", "train.yaml", "--iterate", "iterate.yaml", "--out", str(tmp_path / "control.json")]
    assert control([*given, "--set", "seed"]) == 2
    assert capsys.readouterr().err == "error: --set: expected key=value, found 'seed'\n"


def test_tables_of_nothing_are_errors_and_the_other_studies_go_on(capsys: pytest.CaptureFixture[str],
                                                                  tmp_path: Path) -> None:
    assert main(["--tables", "--out", str(tmp_path)]) == 1
    told = capsys.readouterr()
    assert all(f"error: {name}: expected results in" in told.err for name in ("gates", "guide", "btp", "dual"))
    assert "data not here" in told.out


def test_every_study_has_a_question() -> None:
    assert all(study.what.strip() and study.name == name for name, study in STUDIES.items())


def test_a_study_that_cannot_be_made_does_not_keep_the_next_from_being_made(capsys: pytest.CaptureFixture[str],
                                                                           tmp_path: Path) -> None:
    def missing(_: Lab) -> None:
        raise UsageError("expected a model, found none")

    made: list[str] = []
    studies = [Study("one", "?", missing, lambda _: {}),
               Study("two", "?", lambda _: made.append("two"), lambda _: {"two": "| x |"})]
    assert _run(Lab(tmp_path), studies, None, measure=True) == 1
    assert made == ["two"]
    assert "error: one: expected a model" in capsys.readouterr().err
