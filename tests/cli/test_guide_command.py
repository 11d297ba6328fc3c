"""`eg-cfg guide`: flags, files, messages, and what is printed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conftest import Command
from eg_cfg.benchmarks.registry import load
from eg_cfg.cli.guide import SIGNALS, read_options
from eg_cfg.cli.guide_view import LiveView, LogView, moved, printable, view
from eg_cfg.decoding.base import SIGNAL_PARTS, Alternative, Candidate, Refresh, Token
from eg_cfg.decoding.prompting import frame_for
from eg_cfg.models.fake import text_of


def given(**values: Any) -> dict[str, Any]:
    return {"best_of": True, "accept_passing": False, "minimal_trace": False, "use_global_cache": False,
            "force": False, "allow_weak_isolation": False, **values}


def session(folder: Path, **more: Any) -> str:
    path = folder / "session.json"
    path.write_text(json.dumps({"model_name": "fake:x", "dataset": "demo", "gammas": [0, 1], **more}))
    return str(path)


def test_flags_alone_run_one_trial() -> None:
    options, debug = read_options(given(model_name="fake:x", benchmark="demo", gammas="0,0.5,1", horizon="inf",
                                        candidates="4", temperature="0.9", refresh="2", prompt_type="long_code"))
    assert options.trials == ("ns4t0.9dinfk2_lci_ln",)
    assert (options.gammas, options.early_stop, debug) == ((0.0, 0.5, 1.0), 0, False)
    assert read_options(given(model_name="fake:x", benchmark="demo"))[0].trials == ("ns3t0.75d2k1_auto_ln",)
    accepting = read_options(given(model_name="fake:x", benchmark="demo", accept_passing=True))[0]
    assert accepting.trials == ("ns3t0.75d2k1_auto_ln_acc",)


def test_the_part_of_a_signal_and_equal_wall_time_are_flags(tmp_path: Path) -> None:
    assert SIGNALS == SIGNAL_PARTS
    plain = read_options(given(model_name="fake:x", benchmark="demo"))[0]
    assert (plain.signal, plain.best_of_time) == ("whole", False)
    options = read_options(given(session_config=session(tmp_path), signal="shuffled", best_of_time=True))[0]
    assert (options.signal, options.best_of_time) == ("shuffled", True)
    assert options.decoder(options.parsed[0]).signal == "shuffled"


def test_a_session_with_a_grid_or_a_list(tmp_path: Path, repository: Path) -> None:
    configs = repository / "configs"
    file = session(tmp_path, debug_mode=True, results_dir="there", random_seed=7)
    options, debug = read_options(given(session_config=file,
                                        dynamic_signals_params=str(configs / "dynamic_signals_params.json")))
    assert (len(options.trials), options.early_stop, options.seed, debug) == (48, 4, 7, True)
    assert str(options.output_dir) == "there"
    options, _ = read_options(given(session_config=file, trials_json=str(configs / "trials.json"), early_stop="0",
                                    accept_passing=True, seed="8", benchmark="minipy", gammas="3", output_dir="here"))
    assert options.trials[1] == "ns3t0.75d5k1_lci_ln_acc"
    assert (options.early_stop, options.seed, options.benchmark, options.gammas) == (0, 8, "minipy", (3.0,))
    assert str(options.output_dir) == "here"
    assert read_options(given(session_config=file, horizon="7"))[0].trials == ("ns3t0.75d7k1_auto_ln",)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--benchmark is required; --model-name is required"),
        (["-m", "fake:x", "-b", "dem"], "unknown benchmark 'dem'. Did you mean 'demo'?"),
        (["-m", "fake:x", "-b", "demo", "--gamma", "0,x"], "--gammas: expected a number, found 'x'"),
        (["-m", "fake:x", "-b", "demo", "--gamma", "1,1"], "expected each number once"),
        (["-m", "fake:x", "-b", "demo", "--horizon", "two"], "--horizon: expected a whole number, found 'two'"),
        (["-m", "fake:x", "-b", "demo", "--temperature", "0"], "--temperature: expected more than 0, found 0"),
        (["-m", "fake:x", "-b", "demo", "--prompt-type", "long"], "Did you mean 'long_code'"),
        (["-m", "fake:x", "-b", "demo", "--trials-json", "none.json"], "cannot read the trials none.json"),
        (["-m", "fake:x", "-b", "demo", "--trials-json", "a", "--dynamic-signals-params", "b"], "leave one out"),
        (["-m", "fake:x", "-b", "demo", "--trials-json", "a", "--refresh", "2"], "--refresh makes one trial"),
        (["--session-config", "none.json"], "cannot read the configuration none.json"),
        (["-m", "fake:none.json", "-b", "demo"], "expected a JSON file of replies"),
    ],
)
def test_wrong_input_is_one_line(command: Command, arguments: list[str], message: str) -> None:
    answer = command("guide", *arguments)
    assert answer.code == 2
    assert message in answer.err
    assert answer.err.startswith("error: ")
    assert answer.err.count("\n") == 1


def test_a_model_without_logits_is_refused(command: Command, tmp_path: Path, isolated: None) -> None:
    (tmp_path / "replies.json").write_text('"x = 1"')
    answer = command("guide", "-m", "fake:replies.json", "-b", "demo", "--limit", "1")
    assert (answer.code, "needs next-token distributions" in answer.err) == (2, True)


def test_keys_without_effect_are_told_once(command: Command, tmp_path: Path) -> None:
    file = session(tmp_path, exec_eval=True, exec_eval_host_port=5000)
    answer = command("guide", "--session_config", file)
    assert answer.err.count("accepted without effect") == 1
    assert "exec_eval, exec_eval_host_port" in answer.err


@pytest.fixture
def model(tmp_path: Path) -> str:
    problem = next(iter(load("demo").problems()))
    prompt = text_of(frame_for(problem, "deepseek_instruct", True).plain)
    (tmp_path / "replies.json").write_text(json.dumps({prompt: f"{problem.reference}\n```"}))
    return "fake:replies.json"


def test_the_tables(command: Command, tmp_path: Path, model: str, isolated: None) -> None:
    arguments = ["guide", "--model-name", model, "--dataset", "demo", "--max_problems", "1", "--model-option",
                 "logits=true", "--model-option", "confidence=0.9999", "--gamma", "0,0.5", "--candidates", "2",
                 "--workers", "1", "--output-dir", "out"]
    answer = command(*arguments)
    assert answer.code == 0, answer.err
    lines = {line[:21].strip(): line[21:].split() for line in answer.out.splitlines()}
    scores = [line.split() for line in answer.out.splitlines() if " 1/1 " in line]
    assert [line[0] for line in scores] == ["plain", "gamma", "best", "first", "any"]
    assert scores[1][2:5] == ["1/1", "100.0", "100.0-100.0"]
    assert "best of" in answer.out
    assert "sampled" in answer.out
    assert "solutions decoded by this start: 2 of 2" in answer.out
    assert any(name.startswith("gamma 0.5") for name in lines)
    assert max(map(len, answer.out.split("solved:")[0].splitlines())) <= 80
    again = command(*arguments)
    assert "solutions decoded by this start: 0 of 2" in again.out
    assert again.out.split("solutions")[0] == answer.out.split("solutions")[0]


@pytest.mark.parametrize("module", ["grid", "trials"])
def test_modules_take_the_same_options(module: str, tmp_path: Path) -> None:
    found = subprocess.run([sys.executable, "-m", f"eg_cfg.studies.{module}", "--session-config",
                            session(tmp_path, dataset="nope"), "--dynamic-signals-params", "none.json"],
                           capture_output=True, text=True, env={**os.environ}, check=False)
    assert found.returncode == 2
    assert found.stderr.startswith("error: cannot read the configuration none.json")


def token(text: str, plain: float, guided: float, *, conditional: float | None = -1.0) -> Token:
    return Token(1, text, plain, conditional, guided, (Alternative(2, "other", -0.1, None, -3.0),))


def test_the_live_view_follows_one_problem() -> None:
    from rich.console import Console

    screen = LiveView()
    candidates = (Candidate(0, "    return \x1b[1mx\n", "", None, "passed"), Candidate(1, "", None, 0, None))
    screen.refreshed("demo/1", (0.5, 3.0), Refresh(1, "def f(x):\n", candidates, "signal"))
    screen.refreshed("demo/2", (3.0,), Refresh(1, "def other():\n", (), ""))
    screen.wrote("demo/1", 3.0, token("    retrun", -0.5, -0.4))
    screen.wrote("demo/1", 0.5, token("    not this", -0.5, -0.4))
    screen.wrote("demo/2", 3.0, token("    nor this", -0.5, -0.4))
    console = Console(width=100, record=True, file=open(os.devnull, "w"))  # noqa: SIM115
    console.print(screen.render())
    text = console.export_text()
    console.file.close()
    assert "demo/1, gamma 3" in text
    assert "def f(x):" in text
    assert "retrun" in text
    assert "passed" in text
    assert "same as 0" in text
    assert "'other'" in text
    assert "this" not in text
    assert "\x1b" not in text
    screen.graded({"task_id": "demo/1", "gamma": 3.0, "trial": "t", "passed": True}, 1, 2)
    screen.refreshed("demo/2", (3.0,), Refresh(2, "def other():\n", (), ""))
    console = Console(width=100, record=True, file=open(os.devnull, "w"))  # noqa: SIM115
    console.print(screen.render())
    text = console.export_text()
    console.file.close()
    assert "demo/2, gamma 3" in text
    assert "decoding: 1/2, gamma 3 1/1" in text


def test_tokens_that_moved_most() -> None:
    tokens = [token("a", -1.0, -1.001), token("b", -1.0, -0.2), token("c", -9.0, float("-inf")),
              token("d", -5.0, -0.1), token("e", -5.0, -0.1, conditional=None)]
    assert [each.text for each in moved(tokens)] == ["b", "d"]


def test_what_a_model_wrote_obeys_nothing() -> None:
    assert printable("a\tb\n\x1b[31m\r\u202e") == "a    b\n?[31m??"


def test_a_log_has_a_line_for_each_signal_where_asked(capsys: pytest.CaptureFixture[str]) -> None:
    with view(debug=True) as watcher:
        assert isinstance(watcher, LogView)
        watcher.refreshed("demo/1", (0.5, 3.0), Refresh(1, "", (Candidate(0, "", "", None, "passed"),), ""))
        watcher.graded({"task_id": "demo/1", "gamma": 3.0, "trial": "t", "passed": True, "outcome": "passed"}, 1, 2)
    assert capsys.readouterr().err.splitlines() == ["demo/1 line 1, gamma 0.5/3: passed", "demo/1 t gamma 3: passed"]
