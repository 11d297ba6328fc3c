"""The ablation of EG-CFG: arms are trials and gammas, compared task by task."""

from __future__ import annotations

from pathlib import Path

import guide_case
import pytest

from eg_cfg.config import build
from eg_cfg.errors import RunError
from eg_cfg.studies.ablation import ablation
from eg_cfg.studies.ablation_options import AblationOptions

pytestmark = pytest.mark.usefixtures("isolated")


def test_arms_without_a_signal_and_with_others(tmp_path: Path) -> None:
    options = build(AblationOptions, {
        "source_model": guide_case.script(tmp_path), "dataset": "demo", "method": "guide", "eval_problems": 2,
        "max_new_tokens": 300, "guide_arms": "signal_only,one_trace,final_state", "gamma": 0.5, "seeds": (1, 2),
        "model_option": {"logits": "true", "confidence": "0.9999"}, "workers": 1, "output_dir": tmp_path / "run"})
    study = ablation(options).results["studies"]["guide"]
    arms = {arm["name"]: arm for arm in study["arms"]}
    assert list(arms) == ["none", "full", "signal_only", "one_trace", "final_state"]
    assert (study["problems"], study["samples"], study["gamma"], study["seeds"]) == (2, 1, 0.5, [1, 2])
    # greedy decoding writes the first reply: wrong for the first problem; a prompt with a signal is not in the script
    assert arms["none"]["pass@1"]["value"] == 0.5
    assert [one["pass@1"] for one in arms["none"]["seeds"]] == [0.5, 0.5]
    assert arms["signal_only"]["pass@1"]["value"] == 0.0
    assert arms["full"]["against_none"]["seeds"] == 2
    assert (tmp_path / "run/guide/seed_1_minimal").is_dir()
    assert (tmp_path / "run/figures/guide.png").exists()
    again = ablation(options).results["studies"]["guide"]
    assert again == study


def test_arms_differ_from_a_chosen_trial_by_one_thing_each(tmp_path: Path) -> None:
    asked = "horizon_inf,accept_passing,failing_only,verdicts_only"
    values = {"source_model": guide_case.script(tmp_path), "dataset": "demo", "method": "guide", "eval_problems": 2,
              "max_new_tokens": 150, "guide_arms": asked,
              "guide_trial": "ns2t0.75dinf", "gamma": 1.0, "seeds": (1,), "workers": 1, "output_dir": tmp_path / "run",
              "model_option": {"logits": "true", "confidence": "0.9999"}}
    said: list[str] = []
    outcome = ablation(build(AblationOptions, values), say=said.append)
    study = outcome.results["studies"]["guide"]
    arms = {arm["name"]: arm for arm in study["arms"]}
    assert study["trial"] == "ns2t0.75dinfk1_ln"
    assert list(arms) == ["none", "full", "verdicts_only", "failing_only", "accept_passing"]
    assert study["notes"] == outcome.results["notes"] == said[:1]
    assert "horizon_inf is left out: with --guide-trial ns2t0.75dinfk1_ln" in said[0]
    assert {name: arm["settings"] for name, arm in arms.items()} == {
        "none": {"gamma": 0.0}, "full": {}, "verdicts_only": {"signal": "verdicts"},
        "failing_only": {"signal": "failing"}, "accept_passing": {"accept_passing": True}}
    # candidates are whole programs of the script, wrong ones for the first problem; under a signal the model knows
    # nothing, and where nothing fails there is none
    assert [arms[name]["pass@1"]["value"] for name in ("full", "verdicts_only", "accept_passing", "failing_only")] == [
        0.0, 0.0, 0.5, 0.5]
    assert arms["failing_only"]["seeds"][0]["folder"] == "guide/seed_1_failing"
    assert (tmp_path / "run/guide/seed_1_verdicts").is_dir()
    with pytest.raises(RunError, match="guide_trial"):
        ablation(build(AblationOptions, {**values, "guide_trial": "ns2t0.75d2"}))
