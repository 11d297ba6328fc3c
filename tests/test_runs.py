from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from eg_cfg.errors import ConfigError, RunError
from eg_cfg.runs import RunFolder, fingerprint, library_versions

FILES = ("rows.jsonl", "results.json")


def open_run(path: Path, **changes: Any) -> RunFolder:
    arguments: dict[str, Any] = {
        "kind": "grade",
        "configuration": {"benchmark": "mbpp", "workers": 2},
        "identity": {"benchmark": "mbpp"},
        "files": FILES,
        "seed": 42,
        "dataset": {"name": "mbpp", "fingerprint": "00ff"},
    }
    return RunFolder.open(path, **{**arguments, **changes})


def test_the_folder_says_what_was_run(tmp_path: Path) -> None:
    with open_run(tmp_path / "a" / "b") as run:
        assert not run.resumed
        description = json.loads((run.path / "run.json").read_text())
    assert description["configuration"] == {"benchmark": "mbpp", "workers": 2}
    assert description["seed"] == 42
    assert description["dataset"]["fingerprint"] == "00ff"
    assert description["versions"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert description["fingerprint"] == fingerprint({"kind": "grade", "benchmark": "mbpp"})


def test_the_same_identity_continues_and_keeps_the_records(tmp_path: Path) -> None:
    with open_run(tmp_path) as run, run.records("rows.jsonl") as records:
        records.append({"n": 1})
    with open_run(tmp_path, configuration={"benchmark": "mbpp", "workers": 8}) as run:
        assert run.resumed
        with run.records("rows.jsonl") as records:
            assert list(records) == [{"n": 1}]
    description = json.loads((tmp_path / "run.json").read_text())
    assert description["configuration"]["workers"] == 8
    assert len(description["continued"]) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"identity": {"benchmark": "humaneval"}},
        {"kind": "baseline"},
        {"identity": {"benchmark": "mbpp", "timeout": 3}},
        {"identity": {}},
    ],
)
def test_another_identity_is_refused_and_changes_nothing(tmp_path: Path, changes: dict[str, Any]) -> None:
    with open_run(tmp_path) as run, run.records("rows.jsonl") as records:
        records.append({"n": 1})
    before = (tmp_path / "run.json").read_bytes()
    with pytest.raises(RunError, match="another configuration") as caught:
        open_run(tmp_path, **changes)
    assert "--force" in str(caught.value)
    assert (tmp_path / "run.json").read_bytes() == before
    assert (tmp_path / "rows.jsonl").read_text() == '{"n": 1}\n'


def test_force_removes_what_the_run_owns_and_nothing_else(tmp_path: Path) -> None:
    with open_run(tmp_path) as run, run.records("rows.jsonl") as records:
        records.append({"n": 1})
    (tmp_path / "samples.jsonl").write_text("mine\n")
    with open_run(tmp_path, identity={"benchmark": "other"}, force=True) as run:
        assert not run.resumed
    assert sorted(p.name for p in tmp_path.iterdir()) == [".lock", "run.json", "samples.jsonl"]


def test_files_that_no_run_made_are_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text("mine\n")
    with pytest.raises(RunError, match="not a run folder"):
        open_run(tmp_path)
    assert (tmp_path / "results.json").read_text() == "mine\n"


def test_a_damaged_description_is_an_error(tmp_path: Path) -> None:
    open_run(tmp_path).close()
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(RunError, match="--force"):
        open_run(tmp_path)
    open_run(tmp_path, force=True).close()


HOLDER = """
    import sys, time
    from pathlib import Path
    from eg_cfg.runs import RunFolder
    identity = {"benchmark": "mbpp"}
    run = RunFolder.open(Path(sys.argv[1]), kind="grade", configuration={}, identity=identity, files=())
    print("held", flush=True)
    time.sleep(60)
"""


def test_one_writer_at_a_time_and_a_kill_frees_the_folder(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(HOLDER), str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(RunError, match=f"process {holder.pid} on"):
            open_run(tmp_path)
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    with open_run(tmp_path) as run:
        assert run.resumed


def test_one_writer_within_a_process(tmp_path: Path) -> None:
    with open_run(tmp_path), pytest.raises(RunError, match="this process"):
        open_run(tmp_path)
    open_run(tmp_path).close()


def test_forked_workers_do_not_hold_the_folder(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    child = subprocess.Popen(["sleep", "60"], pass_fds=(run._lock,))  # a child that even keeps the descriptor
    try:
        run.close()
        open_run(tmp_path).close()
    finally:
        child.kill()
        child.wait()


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="Not a directory; pass another --output-dir"):
        open_run(tmp_path / "file" / "run")
    with pytest.raises(ConfigError, match="expected a folder, or a name that is free, found a file"):
        open_run(tmp_path / "file")
    for path in (tmp_path / "file" / "run", tmp_path / "file", tmp_path / ("x" * 300), tmp_path / "a\0b"):
        with pytest.raises(ConfigError, match="--output-dir"):
            RunFolder.check(path, kind="grade", identity={}, files=FILES)


def test_a_check_says_what_opening_would_and_leaves_nothing_behind(tmp_path: Path) -> None:
    RunFolder.check(tmp_path / "a" / "b", kind="grade", identity={"benchmark": "mbpp"}, files=FILES)
    assert list(tmp_path.iterdir()) == []
    with open_run(tmp_path / "run", identity={"benchmark": "mbpp", "prompts": 1}) as run, run.records(FILES[0]) as rows:
        rows.append({"n": 1})
        with pytest.raises(RunError, match="is being written by this process"):
            RunFolder.check(run.path, kind="grade", identity={"benchmark": "mbpp"}, files=FILES)
    before = (tmp_path / "run" / "run.json").read_bytes()
    RunFolder.check(tmp_path / "run", kind="grade", identity={"benchmark": "mbpp"}, files=FILES)
    RunFolder.check(tmp_path / "run", kind="grade", identity={"benchmark": "other"}, files=FILES, force=True)
    for wrong in ({"identity": {"benchmark": "other"}}, {"kind": "baseline"}):
        with pytest.raises(RunError, match="another configuration"):
            RunFolder.check(tmp_path / "run", **{"kind": "grade", "identity": {"benchmark": "mbpp"}, "files": FILES,
                                                 **wrong})
    assert (tmp_path / "run" / "run.json").read_bytes() == before


def test_a_run_may_go_further_and_not_less_far(tmp_path: Path) -> None:
    with open_run(tmp_path, extent={"problems": 10, "samples": 2}) as run, run.records(FILES[0]) as rows:
        rows.append({"n": 1})
    with pytest.raises(RunError, match=r"goes further \(problems 10 there, 9 here\): ask for at least as many"):
        open_run(tmp_path, extent={"problems": 9, "samples": 5})
    with open_run(tmp_path, extent={"problems": 40, "samples": 2}) as run:
        assert run.resumed
        assert (tmp_path / FILES[0]).read_text() == '{"n": 1}\n'
    assert json.loads((tmp_path / "run.json").read_text())["extent"] == {"problems": 40, "samples": 2}
    with pytest.raises(RunError, match="goes further"):
        open_run(tmp_path, extent={"problems": 10, "samples": 2})
    (tmp_path / FILES[0]).unlink()
    with open_run(tmp_path, extent={"problems": 10, "samples": 2}) as run:
        assert not run.resumed


def test_results_with_no_number_are_refused(tmp_path: Path) -> None:
    with open_run(tmp_path) as run, pytest.raises(ValueError, match="Out of range"):
        run.write_json("results.json", {"pass@1": float("nan")})


def test_fingerprint_ignores_order_and_sees_values() -> None:
    assert fingerprint({"a": 1, "b": [1, 2]}) == fingerprint({"b": [1, 2], "a": 1})
    assert fingerprint({"a": 1}) != fingerprint({"a": "1"})
    assert len(fingerprint({})) == 16


def test_versions_name_what_is_required() -> None:
    versions = library_versions()
    assert {"eg-cfg", "numpy", "pydantic", "pyarrow", "python"} <= set(versions)
    assert "vllm" not in versions


def test_a_refusal_names_what_differs_inside_too(tmp_path: Path) -> None:
    sampling = {"n": 5, "temperature": 0.8}
    with open_run(tmp_path, identity={"sampling": sampling}) as run, run.records("rows.jsonl") as records:
        records.append({"n": 1})
    with pytest.raises(RunError, match=r"\(sampling\.temperature 0\.8 there, 0\.1 here\)"):
        open_run(tmp_path, identity={"sampling": {**sampling, "temperature": 0.1}})
