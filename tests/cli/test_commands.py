from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from eg_cfg.benchmarks.registry import names


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "eg_cfg", *arguments], capture_output=True, text=True)


def test_help_names_the_commands() -> None:
    done = run("--help")
    assert done.returncode == 0
    assert {"grade", "check", "compare", "benchmarks", "doctor"} <= set(re.findall(r"\w+", done.stdout))


@pytest.mark.parametrize(
    "name", ["", "baseline", "generate", "demo", "grade", "check", "compare", "benchmarks", "doctor"]
)
def test_every_command_explains_itself_without_loading_what_does_the_work(name: str) -> None:
    script = (
        "import sys\nfrom eg_cfg.cli.main import main\n"
        f"assert main([*{name!r}.split(), '--help']) == 0\n"
        "heavy = {'numpy', 'rich.progress', 'datasets', 'torch', 'pyarrow', 'yaml'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Usage" in done.stdout


def test_version() -> None:
    from importlib.metadata import version

    assert run("--version").stdout == f"eg-cfg {version('eg-cfg')}\n"


def test_benchmarks_lists_all_of_them_and_where_their_data_is(command) -> None:
    answer = command("benchmarks")
    assert answer.code == 0
    first = [line.split()[0] for line in answer.out.splitlines() if line and not line.startswith((" ", "*"))]
    assert [name for name in names() if name not in first] == []
    assert re.search(r"^demo .*ships with eg-cfg", answer.out, re.MULTILINE)


def test_a_bad_data_folder_is_said_once(command, monkeypatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("EG_CFG_DATA_DIR", str(tmp_path / "file"))
    answer = command("benchmarks")
    assert answer.code == 0
    assert answer.out.count("which is none") == 1


def test_an_unreadable_hub_cache_is_no_end(monkeypatch) -> None:
    monkeypatch.delenv("EG_CFG_DATA_DIR", raising=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HUB_CACHE", "/" + "x" * 5000)  # refused by the system for root too
    done = run("benchmarks")
    assert done.returncode == 0
    assert re.search(r"^mbpp +not here .*cache is unreadable", done.stdout, re.MULTILINE)
    check = run("check", "--benchmark", "mbpp")
    assert check.returncode == 2
    assert "no data for benchmark 'mbpp'" in check.stderr
    assert "cache is unreadable" in check.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["benchmarks"]])
def test_output_that_nobody_reads_and_a_full_disk(arguments: list[str]) -> None:
    command = [sys.executable, "-m", "eg_cfg", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as gone:
        assert gone.stdout is not None
        gone.stdout.close()
        assert gone.stderr is not None
        assert gone.stderr.read() == ""
    assert gone.returncode == 141
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "no space is left" in done.stderr


def test_help_on_a_terminal_that_knows_only_ascii() -> None:
    command = [sys.executable, "-m", "eg_cfg", "grade", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, "")
    assert "--samples" in done.stdout


@pytest.mark.usefixtures("isolated")
class TestCheck:
    def test_the_demo_set_is_right(self, command) -> None:
        answer = command("check", "--benchmark", "demo")
        assert (answer.code, answer.out) == (0, "demo: 24 of 24 references pass\n")

    def test_wrong_references_are_named_in_order(self, command, tmp_path: Path) -> None:
        problems = [
            {
                "task_id": name,
                "prompt": "p",
                "entry_point": "f",
                "reference": f"def f():\n    return {value}\n",
                "hidden_tests": [{"kind": "assertion", "source": "assert f() == 1"}],
            }
            for name, value in (("b", 2), ("a", 1), ("c", "1 / 0"))
        ]
        data = tmp_path / "problems.jsonl"
        data.write_text("".join(json.dumps(problem) + "\n" for problem in problems))
        answer = command("check", "--benchmark", "demo", "--data", data)
        lines = answer.out.splitlines()
        assert answer.code == 1
        assert [line.split(":")[0] for line in lines] == ["b", "c", "demo"]
        assert "wrong_answer" in lines[0]
        assert "exception" in lines[1]
        assert lines[2] == "demo: 1 of 3 references pass"

    def test_a_set_without_references_cannot_succeed(self, command, tmp_path: Path) -> None:
        row = {
            "problem_id": 1,
            "question": "q",
            "solutions": "[]",
            "difficulty": "interview",
            "url": "",
            "starter_code": "",
            "input_output": json.dumps({"inputs": ["1\n"], "outputs": ["1\n"]}),
        }
        data = tmp_path / "apps.jsonl"
        data.write_text(json.dumps(row) + "\n")
        answer = command("check", "--benchmark", "apps", "--data", data)
        assert answer.code == 2
        assert "no reference answers" in answer.err


@pytest.mark.usefixtures("isolated")
class TestDoctor:
    def test_it_grades_and_shows_no_secrets(self, command, monkeypatch) -> None:
        monkeypatch.setenv("OPENAI_API_KEY", "a-secret-value")
        monkeypatch.delenv("DEEPSEEK_API_KEY", raising=False)
        answer = command("doctor")
        assert answer.code == 0, answer.out
        assert "a-secret-value" not in answer.out + answer.err
        assert re.search(r"^keys .*OPENAI_API_KEY", answer.out, re.MULTILINE)
        assert "DEEPSEEK_API_KEY" not in answer.out
        assert re.search(r"^grading +yes", answer.out, re.MULTILINE)
        assert answer.out.rstrip().endswith("This machine can grade.")

    def test_a_data_folder_that_is_not_there_is_said(self, command, monkeypatch) -> None:
        monkeypatch.setenv("EG_CFG_DATA_DIR", "/nonexistent")
        answer = command("doctor")
        assert answer.code == 0
        assert re.search(r"^data: mbpp +no", answer.out, re.MULTILINE)
        assert re.search(r"^data folder +no +.*EG_CFG_DATA_DIR, found '/nonexistent'", answer.out, re.MULTILINE)
        assert answer.out.count("/nonexistent") == 1

    def test_columns_are_aligned(self, command) -> None:
        mark = r" (?:yes|no |-  )  "
        places = [found.start() for line in command("doctor").out.splitlines() if (found := re.search(mark, line))]
        assert len(places) > 10
        assert len(set(places)) == 1


def test_doctor_imports_no_torch() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys\nfrom eg_cfg.cli.main import main\nmain(['doctor'])\nassert 'torch' not in sys.modules",
        ],
        capture_output=True,
        text=True,
        env={**os.environ},
    )
    assert done.returncode == 0, done.stderr


def test_compare_two_files_of_verdicts(command, tmp_path: Path) -> None:
    def verdicts(name: str, passed: list[bool]) -> Path:
        path = tmp_path / name
        path.write_text("".join(json.dumps({"task_id": str(n), "passed": p}) + "\n" for n, p in enumerate(passed)))
        return path

    better, worse = verdicts("a.jsonl", [True] * 9 + [False]), verdicts("b.jsonl", [False] * 10)
    answer = command("compare", better, worse)
    assert answer.code == 0
    assert "A better in 9, B better in 0" in answer.out
    assert "p = 0.003906 (mcnemar exact, two-sided)" in answer.out  # 2 * 0.5 ** 9
    found = json.loads(command("compare", better, worse, "--json").out)
    assert found["difference"]["value"] == pytest.approx(0.9)
    assert found["problems"] == 10


def test_compare_refuses_runs_on_different_benchmarks(command, tmp_path: Path) -> None:
    for name in ("mbpp", "humaneval"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_text(json.dumps({"identity": {"benchmark": name}}))
        (tmp_path / name / "verdicts.jsonl").write_text('{"task_id": "1", "passed": true}\n')
    answer = command("compare", "mbpp", "humaneval")
    assert answer.code == 2
    assert "one benchmark" in answer.err


def test_compare_takes_several_k(command, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps({"task_id": str(n % 4), "passed": n < 3}) + "\n" for n in range(12)))
    answer = command("compare", path, path, "--k", "3,1")
    assert answer.code == 0, answer.err
    assert [line.split()[0] for line in answer.out.splitlines() if line.startswith("pass@")] == ["pass@1", "pass@3"]
    found = json.loads(command("compare", path, path, "--k", "1,3", "--json").out)
    assert [one["k"] for one in found] == [1, 3]
    assert [one["a"]["value"] for one in found] == pytest.approx([3 / 12, 3 / 4])
    assert "--k: expected whole numbers" in command("compare", path, path, "--k", "abc").err


def test_a_ctrl_c_while_modules_are_imported_is_told_in_a_word(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # whatever the tests were started from
        "class Stop:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'typer':\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Stop())\n"
        "assert 'typer' not in sys.modules\n"
        "from eg_cfg.cli.main import run\n"
        "assert 'typer' not in sys.modules, 'nothing that takes time comes before run()'\n"
        "run()\n"
    )
    done = subprocess.run([sys.executable, "-c", script, "benchmarks"], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")


def test_a_background_job_of_a_shell_does_not_heed_ctrl_c() -> None:
    script = (
        "import signal, sys\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "from eg_cfg.cli.main import run\n"
        "try:\n"
        "    run()\n"
        "finally:\n"
        "    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN\n"
    )
    done = subprocess.run([sys.executable, "-c", script, "--version"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
