"""`eg-cfg report` as a person uses it."""

from __future__ import annotations

import cases
import pytest

from eg_cfg.cli.main import main


def test_it_says_what_it_wrote_and_left_out(tmp_path, capsys) -> None:
    cases.evaluation(tmp_path / "step1_baseline", {"a": ["passed", "timeout"]})
    assert main(["report", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "note: step2_btp: not in this experiment" in out
    assert f"written: {tmp_path / 'report.html'}" in out
    assert (tmp_path / "experiment_report.txt").read_text().startswith(tmp_path.name)


def test_names_of_files_do_not_steer_a_terminal(tmp_path, capsys) -> None:
    cases.evaluation(tmp_path / "a", {"a": ["passed", "timeout"]})
    bad = tmp_path / "\x1b[31m\u202egnp"
    bad.mkdir()
    (bad / "results.json").write_text("{")
    (bad / "verdicts.jsonl").write_text("{")
    assert main(["report", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "note: " in out
    assert not {"\x1b", "\u202e"} & set(out)


@pytest.mark.parametrize("name", ["absent", "."])
def test_a_folder_without_runs_is_an_error_of_the_input(tmp_path, capsys, name) -> None:
    assert main(["report", str(tmp_path / name)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: expected ")
    assert error.count("\n") == 1


@pytest.mark.parametrize(("files", "hint"), [
    (["after/verdicts.jsonl", "before/verdicts.jsonl"], "it holds after, before: name one of them"),
    (["minipy/tiny/guide_results.json"], "eg-cfg report shows them"),
])
def test_a_comparison_of_folders_that_hold_more_says_what_to_name(tmp_path, capsys, files, hint) -> None:
    for file in files:
        cases.write_json(tmp_path / file, {})
    assert main(["compare", str(tmp_path), str(tmp_path)]) == 2
    assert hint in capsys.readouterr().err


def test_a_comparison_fits_into_eighty_columns(tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    outcomes = {f"t{n}": ["passed"] * (n % 3) + ["timeout"] * (3 - n % 3) for n in range(9)}
    one = cases.evaluation(tmp_path / "a", outcomes)
    two = cases.evaluation(tmp_path / "b", {f"t{n}": ["passed"] + ["timeout"] * 2 for n in range(9)})
    assert main(["compare", str(one), str(two), "--k", "1,2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines[2:])) <= 80
    rows = [line for line in lines if line.startswith("pass@")]
    assert len(rows) == 2
    assert all(row.count("(") == 3 for row in rows)
