"""The command line: help, both ways to start it, errors in one line, the published command lines."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from eg_cfg.benchmarks import registry
from evoselfcode.cli.main import DATAGEN, PIPELINE, main

COMMANDS = [("datagen", name) for name in DATAGEN] + [("pipeline", name) for name in PIPELINE]


@pytest.mark.parametrize("command", [(), ("datagen",), ("pipeline",), ("eval",), *COMMANDS],
                         ids=lambda command: " ".join(command) or "evoselfcode")
def test_every_command_answers_help(command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command, "--help"]) == 0
    assert "Usage: evoselfcode" in capsys.readouterr().out


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_commands_usual_configuration_ships(command: tuple[str, str], repository: Path) -> None:
    _, usual, _ = {**DATAGEN, **PIPELINE}[command[1]]
    assert (repository / usual).is_file()


def test_names_are_generated_from_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                   capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    settings = ["--set", "names.count=5", "--set", "names.draws_at_once=5"]
    assert main(["datagen", "generate-names", *settings]) == 0
    out = capsys.readouterr().out
    assert re.search(r"generate-names: \d+ added, 5 in all", out)
    assert "weak name" in out
    assert main(["datagen", "generate-names", *settings]) == 0
    assert "generate-names: 0 added, 5 in all" in capsys.readouterr().out


@pytest.mark.parametrize(("arguments", "said"), [
    (["pipeline", "generate"], "run `evoselfcode datagen generate-names"),
    (["pipeline", "filter"], "run `evoselfcode pipeline generate"),
    (["pipeline", "iterate"], "run `evoselfcode pipeline train-d2c` first"),
    (["pipeline", "report"], "run `evoselfcode pipeline iterate` first"),
    (["pipeline", "generate", "--config", "none.yaml"], "found no file none.yaml"),
    (["pipeline", "generate", "--set", "generate.draft=1"], "--generate.draft"),
    (["pipeline", "generate", "--set", "generat.drafts=1"], "Did you mean 'generate'?"),
    (["pipeline", "generate", "--set", "generate"], "expected key=value"),
    (["pipeline", "generat"], "No such command"),
    (["datagen", "generate-names", "--set", "model.model_name=no-such"], "unknown model 'no-such'"),
    (["eval", "minipi", "--ckpt", "tiny"], "Did you mean 'minipy'?"),
    (["eval", "minipy", "--ckpt", "no/folder/here"], "no/folder/here"),
    (["eval", "minipy"], "checkpoints/latest"),
])
def test_errors_are_one_line_and_exit_code_2(arguments: list[str], said: str, tmp_path: Path,
                                             monkeypatch: pytest.MonkeyPatch,
                                             capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    error = capsys.readouterr().err.strip()
    assert error.startswith("error: ")
    assert "\n" not in error
    assert said in error


def test_eval_measures_and_prints_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, isolated: None,
                                        capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["eval", "minipy", "--ckpt", "tiny-untrained", "--greedy", "--max-problems", "2", "--workers", "1",
                 "--max_new_tokens", "8"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"tiny-untrained +minipy +2 +2 +0\.0 % \(0\.0 to 0\.0\)", out)
    assert Path("data/eval/minipy/tiny-tiny-untrained").exists() or Path("data/eval/minipy/tiny-untrained").exists()


@pytest.mark.slow
def test_eval_all_measures_what_can_be_had_and_names_the_rest(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, isolated: None, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "sets").mkdir()
    task = {"task_id": "HumanEval/0", "prompt": "def f(x):\n    \"\"\"Add one.\"\"\"\n", "entry_point": "f",
            "canonical_solution": "    return x + 1\n", "test": "def check(f):\n    assert f(1) == 2\n"}
    (tmp_path / "sets" / "HumanEval.jsonl").write_text(json.dumps(task) + "\n")
    monkeypatch.setenv("EG_CFG_DATA_DIR", str(tmp_path / "sets"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    command = ["eval", "all", "--ckpt", "tiny-untrained", "--greedy", "--max-problems", "2", "--workers", "1",
               "--max_new_tokens", "8"]
    assert main(command) == 0
    out = capsys.readouterr().out
    assert re.search(r"tiny-untrained +humaneval +1 +1 +0\.0 %", out)
    assert re.search(r"tiny-untrained +minipy +2 +2 +0\.0 %", out)
    left_out = re.findall(r"^([\w-]+): not measured, .+$", out, re.MULTILINE)
    known = [name for name in registry.names() if name != "demo"]
    assert sorted([*left_out, "humaneval", "minipy"]) == sorted(known)
    assert main(command) == 0  # it is there already
    assert capsys.readouterr().out == out


def test_the_module_and_the_scripts_start(repository: Path) -> None:
    for command in ([sys.executable, "-m", "evoselfcode.cli", "--help"],
                    [sys.executable, str(repository / "scripts/generate_funcnames.py"), "--help"],
                    ["bash", str(repository / "scripts/generate_funcnames.sh"), "--help"]):
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        assert "Usage: evoselfcode" in done.stdout
