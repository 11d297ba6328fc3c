"""Session configurations, grids and lists of trials; those that ship are read here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from eg_cfg.config import build, load
from eg_cfg.errors import ConfigError
from eg_cfg.studies.grid import GridOptions, read_grid, single_trial
from eg_cfg.studies.guide_options import GuideStudyOptions, from_session
from eg_cfg.studies.session import SessionOptions
from eg_cfg.studies.trial_strings import Trial
from eg_cfg.studies.trials import read_trials

KEYS = {
    "model_name", "gammas", "deployment_type", "dataset", "results_dir", "inference_endpoint_url",
    "inference_endpoint_api_key", "use_global_cache", "debug_mode", "is_prod", "minimal_trace", "exec_eval",
    "exec_eval_host_ip", "exec_eval_host_port", "top_probs", "start_idx", "end_idx", "random_seed", "retries_count",
    "max_new_tokens", "temperature", "top_p",
}  # fmt: skip


@pytest.mark.parametrize("name", ["local", "inference_endpoint"])
def test_shipped_sessions(repository: Path, name: str) -> None:
    path = repository / "configs" / f"session_config.{name}.json"
    assert json.loads(path.read_text()).keys() == KEYS == set(SessionOptions.model_fields)
    session = load(SessionOptions, path)
    assert (session.deployment_type, session.gammas, session.inert) == (name, (0.0, 0.5, 1.0, 3.0), ())
    options = from_session(session, None, {})
    assert options.spec().backend == ("huggingface" if name == "local" else "openai")
    assert (options.benchmark, options.use_global_cache, options.early_stop) == ("mbpp", True, 4)


def test_the_shipped_grid_is_the_published_one(repository: Path) -> None:
    trials = read_grid(repository / "configs" / "dynamic_signals_params.json")
    assert len(trials) == len(set(trials)) == 6 * 4 * 2
    assert {trial.temperature for trial in trials} == {0.7, 0.75, 0.85, 0.95, 1.2, 1.5}
    assert {trial.horizon for trial in trials} == {2, 3, 6, 8}
    assert {trial.prompt_type for trial in trials} == {"deepseek_instruct", "long_code"}
    assert {(trial.candidates, trial.refresh, trial.strategy) for trial in trials} == {(3, 1, "line")}


def test_the_shipped_list(repository: Path) -> None:
    path = repository / "configs" / "trials.json"
    assert [str(trial) for trial in read_trials(path)] == json.loads(path.read_text())


def test_a_session_becomes_options() -> None:
    session = build(SessionOptions, {
        "model_name": "m", "dataset": "CodeContests", "deployment_type": "inference_endpoint", "gammas": 1,
        "inference_endpoint_url": "http://127.0.0.1:1/v1", "inference_endpoint_api_key": "sk-secret-of-mine",
        "retries_count": 4, "top_probs": 7, "start_idx": 2, "end_idx": 5, "random_seed": 7, "temperature": 0.3,
        "results_dir": None, "minimal_trace": True})
    options = from_session(session, [Trial.parse("ns1t1d1")], {"workers": "2", "device": None})
    assert (options.benchmark, options.backend, options.model_option) == ("CodeContests", "openai", {"attempts": "5"})
    assert (options.start, options.end, options.seed, options.top_probs, options.workers) == (2, 5, 7, 7, 2)
    assert (options.gammas, options.guided_temperature, options.output_dir) == ((1.0,), 0.3, None)
    assert options.api_key is not None
    assert options.api_key.get_secret_value() == "sk-secret-of-mine"
    assert "secret" not in repr(session) + repr(options) + options.model_dump_json()
    decoder = options.decoder(options.parsed[0])
    assert (decoder.candidates, decoder.temperature, decoder.horizon, decoder.minimal_trace) == (1, 1.0, 1, True)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"dataset": "mbpp"}, "--model-name is required"),
        ({"model_name": "m", "dataset": "mbpp", "gamma": [1]}, "unknown key 'gamma'. Did you mean 'gammas'"),
        ({"model_name": "m", "dataset": "mbpp", "deployment_type": "cloud"}, "local or inference_endpoint"),
        ({"model_name": "m", "dataset": "mbpp", "deployment_type": "inference_endpoint"}, "expected an address"),
        ({"model_name": "m", "dataset": "mbpp", "inference_endpoint_url": "http://x"}, "deployment_type is local"),
        ({"model_name": "m", "dataset": "mbpp", "start_idx": 5, "end_idx": 5}, "expected more than start_idx"),
        ({"model_name": "m", "dataset": "mbpp", "start_idx": -1}, "expected 0 or more, found -1"),
    ],
)
def test_a_wrong_session_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build(SessionOptions, values)


def test_keys_without_effect_are_known() -> None:
    base = {"model_name": "m", "dataset": "mbpp"}
    assert build(SessionOptions, {**base, "exec_eval": False, "exec_eval_host_ip": ""}).inert == ()
    asked = {**base, "exec_eval": True, "exec_eval_host_ip": "10.0.0.1", "exec_eval_host_port": 5000, "is_prod": True}
    assert build(SessionOptions, asked).inert == ("exec_eval", "exec_eval_host_ip", "exec_eval_host_port", "is_prod")


def test_a_grid_takes_single_values_and_inf() -> None:
    grid = build(GridOptions, {"s": 2, "t": 0.5, "d": ["inf", 2], "prompt_type": "long_code"})
    assert [str(trial) for trial in grid.trials()] == ["ns2t0.5dinfk1_lci_ln", "ns2t0.5d2k1_lci_ln"]
    assert build(GridOptions, {"d": "inf"}).trials()[0].horizon is None
    assert build(GridOptions, json.loads('{"d": [Infinity]}')).trials()[0].horizon is None


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"t": []}, "at least one value"),
        ({"s": [3, 3]}, "each value once"),
        ({"d": ["x"]}, "expected whole numbers"),
        ({"d": [0]}, "horizon of 1 line or more"),
        ({"prompt_type": "long"}, "Did you mean 'long_code'"),
        ({"q": 1}, "unknown key 'q'"),
        ({"k": [2], "strategy": "token"}, "k 2 counts lines"),
    ],
)
def test_a_wrong_grid_is_refused(tmp_path: Path, values: dict[str, Any], message: str) -> None:
    path = tmp_path / "grid.json"
    path.write_text(json.dumps(values))
    with pytest.raises(ConfigError, match=message) as caught:
        read_grid(path)
    assert "grid.json" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "found no JSON"),
        ("{}", "expected a JSON list of trial strings"),
        ("[]", "expected a JSON list of trial strings"),
        ('["ns3t1d1", 3]', "expected a JSON list of trial strings"),
        ('["ns3t1d1", "ns3x"]', "item 2: trial string 'ns3x', character 4"),
        ('["ns3t1d1", "ns3t1.0d1k1_ln"]', "item 2: 'ns3t1.0d1k1_ln' is the trial 'ns3t1d1' once more"),
    ],
)
def test_a_wrong_list_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "trials.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        read_trials(path)


def test_flags_make_one_trial() -> None:
    trial = single_trial({"horizon": "inf", "candidates": "5", "strategy": "token"}, accept_passing=True)
    assert str(trial) == "ns5t0.75dinfk1_auto_tok_acc"
    with pytest.raises(ConfigError, match="--horizon"):
        single_trial({"horizon": "0"})


def test_what_decides_results_names_the_default_folder() -> None:
    base: dict[str, Any] = {"model_name": "fake:x", "benchmark": "demo"}

    def folder(**more: Any) -> str:
        options = build(GuideStudyOptions, {**base, **more})
        return str(options.folder(options.settings(options.load())))

    assert folder() == folder(max_problems=3, gammas=(1,), trials=("ns1t1d1",), workers=1, device="cpu")
    assert folder() == folder(signal="whole", best_of_time=True)
    assert len({folder(), folder(seed=1), folder(max_new_tokens=9), folder(minimal_trace=True), folder(dtype="float32"),
                folder(early_stop=4), folder(signal="verdicts"), folder(signal="failing")}) == 8
