"""Which folder a run without one goes to."""

from __future__ import annotations

import json
from pathlib import Path

from eg_cfg.runs import RunFolder
from eg_cfg.studies.folders import choose_folder


def made(path: Path, identity: dict[str, object], started: str, extent: dict[str, int] | None = None) -> Path:
    with RunFolder.open(path, kind="k", configuration={}, identity=identity, files=(), extent=extent):
        pass
    described = json.loads((path / "run.json").read_text())
    (path / "run.json").write_text(json.dumps({**described, "started": started}))
    return path


def test_the_newest_of_the_same_configuration_else_a_new_one(tmp_path: Path) -> None:
    made(tmp_path / "b", {"a": (1, 2)}, "2024-01-02T00:00:00Z")
    newest = made(tmp_path / "a", {"a": (1, 2)}, "2024-01-03T00:00:00Z")
    made(tmp_path / "c", {"a": (1, 3)}, "2024-01-04T00:00:00Z")
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "run.json").write_text("{")
    assert choose_folder(tmp_path, "k", {"a": [1, 2]}, stem="s") == newest
    assert choose_folder(tmp_path, "other", {"a": [1, 2]}, stem="s").name.startswith("s_")
    assert choose_folder(tmp_path, "k", {"a": 5}, stem="s").name.startswith("s_")
    assert choose_folder(tmp_path, "k", {"a": [1, 2]}, stem="s", force=True).name.startswith("s_")


def test_the_first_run_may_use_the_root(tmp_path: Path) -> None:
    root = tmp_path / "results"
    assert choose_folder(root, "k", {"a": 1}, stem="s", use_root=True) == root
    made(root, {"a": 1}, "2024-01-02T00:00:00Z")
    assert choose_folder(root, "k", {"a": 1}, stem="s", use_root=True) == root
    assert choose_folder(root, "k", {"a": 2}, stem="s", use_root=True).parent == root
    assert choose_folder(root, "k", {"a": 1}, stem="s", use_root=True, force=True).parent == root


def test_two_new_folders_of_one_second_differ(tmp_path: Path) -> None:
    first = choose_folder(tmp_path, "k", {}, stem="s", force=True)
    first.mkdir()
    second = choose_folder(tmp_path, "k", {}, stem="s", force=True)
    assert second != first
    assert not second.exists()


def test_a_run_goes_on_where_one_went_less_far_and_never_where_one_went_further(tmp_path: Path) -> None:
    few = made(tmp_path / "few", {"a": 1}, "2024-01-04T00:00:00Z", {"problems": 10})
    some = made(tmp_path / "some", {"a": 1}, "2024-01-03T00:00:00Z", {"problems": 40})
    made(tmp_path / "other", {"a": 2}, "2024-01-05T00:00:00Z", {"problems": 40})

    def chosen(problems: int) -> Path:
        return choose_folder(tmp_path, "k", {"a": 1}, stem="s", extent={"problems": problems})

    assert chosen(40) == some  # just as far goes before newer
    assert chosen(10) == few
    assert chosen(100) == some  # the most that is there already
    assert chosen(30) == few
    assert chosen(5).name.startswith("s_")
    assert choose_folder(tmp_path, "k", {"a": 1}, stem="s").name.startswith("s_")
