"""The ablation of EG-CFG: arms are trials and gammas, compared task by task."""

from __future__ import annotations

from pathlib import Path

import guide_case
import pytest

from eg_cfg.config import build
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
