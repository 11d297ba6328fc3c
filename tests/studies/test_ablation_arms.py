"""What each arm changes, and that all of them train on as much."""

from __future__ import annotations

import pytest

from eg_cfg.config import build
from eg_cfg.errors import ConfigError
from eg_cfg.studies.ablation_arms import ARMS, FULL, NONE, Sizes, draws_for, room_for, settings_of
from eg_cfg.studies.ablation_guide import _groups
from eg_cfg.studies.ablation_guide_arms import GUIDE_ARMS, WHOLE_TRIAL, guide_arms
from eg_cfg.studies.ablation_options import AblationOptions
from eg_cfg.studies.btp_options import BTPOptions
from eg_cfg.studies.trial_strings import Trial

BASE = Trial.parse(WHOLE_TRIAL)
SIZES = Sizes(programs=40, tokens=2000)


def base(**values: object) -> BTPOptions:
    return build(BTPOptions, {"source_model": "tiny", **values})


def test_the_arms_that_a_paper_wants_are_there() -> None:
    wanted = {"none", "full", "everything", "uniform", "power", "rank", "pass_rate_only", "possibility_only",
              "passing_only", "failed_only", "sampling", "buffer_half", "buffer_quarter"}
    assert set(ARMS) == wanted


@pytest.mark.parametrize(("name", "changed"), [
    ("full", {}), ("uniform", {"sampling_method": "uniform"}), ("rank", {"sampling_method": "rank"}),
    ("pass_rate_only", {"p2value_alpha": 0.0}), ("possibility_only", {"p2value_alpha": 1.0}),
    ("passing_only", {"min_pass_rate": 1.0}), ("failed_only", {"failed_only": True}),
    ("sampling", {"sampler": "sample"}), ("buffer_quarter", {"buffer_size": 10}),
])
def test_an_arm_changes_what_it_is_named_for_and_nothing_else(name: str, changed: dict[str, object]) -> None:
    assert settings_of(name, base(), SIZES) == changed
    build(BTPOptions, {"source_model": "tiny", **settings_of(name, base(), SIZES)})


@pytest.mark.parametrize(("values", "left_out"), [
    ({}, "power"), ({"sampling_method": "rank"}, "rank"), ({"sampler": "sample"}, "sampling"),
])
def test_an_arm_that_would_be_the_whole_method_over_again_is_left_out(values: dict[str, object], left_out: str) -> None:
    chosen = build(AblationOptions, {"source_model": "tiny", **values}).chosen
    assert left_out not in chosen
    assert set(chosen) == set(ARMS) - {left_out} - ({"power"} if left_out == "sampling" else set())


def test_the_budget_is_what_the_whole_methods_draws_come_to() -> None:
    assert SIZES.budget(base(batch_size=10, n_iterations=2, num_epochs=3)) == 2 * 3 * 10 * 50
    assert SIZES.budget(base(train_tokens=123)) == 123


def test_everything_is_gone_through_as_often_as_the_budget_needs() -> None:
    found = settings_of("everything", base(batch_size=50, n_iterations=2, num_epochs=3), SIZES)
    assert (found["num_epochs"], found["n_iterations"], found["batch_size"]) == (8, 1, 40)  # 15,000 tokens of 2,000
    assert found["replacement"] is False
    assert settings_of("everything", base(train_tokens=500), SIZES)["num_epochs"] == 1
    assert room_for(base(batch_size=50), SIZES, found)["batch_size"] == 40


def test_there_are_draws_enough_for_the_shortest_programs() -> None:
    short = Sizes(programs=40, tokens=2000, shortest=10)
    assert room_for(base(batch_size=50, n_iterations=2, num_epochs=3), short, {})["batch_size"] == 250
    assert draws_for(base(batch_size=50), 60, 10) == 50


def test_the_whole_method_and_the_untrained_model_are_always_among_them() -> None:
    options = build(AblationOptions, {"source_model": "tiny", "arms": "uniform"})
    assert options.chosen == (NONE, FULL, "uniform")
    assert list(guide_arms(("one_trace", "gamma_3"), 3.0, BASE)) == ["none", "full", "one_trace"]


def test_arms_are_asked_for_by_name() -> None:
    with pytest.raises(ConfigError, match=r"--arms: unknown 'unifrom'. Did you mean 'uniform'"):
        build(AblationOptions, {"source_model": "tiny", "arms": "unifrom"})
    with pytest.raises(ConfigError, match="--guide-arms: unknown 'uniform'"):
        build(AblationOptions, {"source_model": "tiny", "guide_arms": "uniform"})
    with pytest.raises(ConfigError, match="trains nothing"):
        build(AblationOptions, {"source_model": "tiny", "mode": "btp_only"})


def test_seeds_and_problems_have_names_of_their_own() -> None:
    options = build(AblationOptions, {"source_model": "tiny", "num-problems": "7", "seeds": "1,2", "seed": 5})
    assert (options.max_problems, options.chosen_seeds) == (7, (1, 2))
    assert build(AblationOptions, {"source_model": "tiny", "seed": 5}).chosen_seeds == (5, 6, 7)
    assert build(AblationOptions, {"source_model": "tiny"}).max_problems == 20
    with pytest.raises(ConfigError, match="given twice"):
        build(AblationOptions, {"source_model": "tiny", "num_problems": 1, "max_problems": 2})
    with pytest.raises(ConfigError, match="each once"):
        build(AblationOptions, {"source_model": "tiny", "seeds": "1,1"})


def test_each_guided_arm_is_one_trial_and_gamma() -> None:
    settings = {name: arm.settings() for name, arm in GUIDE_ARMS.items()}
    assert settings["full"] == {}
    assert settings["none"] == {"gamma": 0.0}
    assert settings["one_trace"] == {"candidates": 1}
    assert settings["horizon_inf"] == {"horizon": "inf"}
    assert settings["final_state"] == {"minimal_trace": True}
    assert settings["accept_passing"] == {"accept_passing": True}
    assert {name: value["signal"] for name, value in settings.items() if "signal" in value} == {
        "no_traces": "no_traces", "verdicts_only": "verdicts", "traces_only": "traces",
        "shuffled_verdicts": "shuffled", "failing_only": "failing"}
    assert len({str(value) for value in settings.values()}) == len(settings)


def test_trials_are_decoded_with_the_gammas_that_arms_have_and_no_others() -> None:
    names = ("signal_only", "one_trace", "horizon_4", "final_state", "failing_only", "traces_only")
    arms = guide_arms(names, 3.0, BASE)
    groups = _groups(arms, 3.0, BASE)
    decoded = {(group.folder(7), trial, gamma) for group in groups for trial in group.trials for gamma in group.gammas}
    assert decoded == {("seed_7", "ns3t0.75d2k1_auto_ln", 0.0), ("seed_7", "ns3t0.75d2k1_auto_ln", 1.0),
                       ("seed_7", "ns3t0.75d2k1_auto_ln", 3.0), ("seed_7", "ns1t0.75d2k1_auto_ln", 3.0),
                       ("seed_7", "ns3t0.75d4k1_auto_ln", 3.0), ("seed_7_minimal", "ns3t0.75d2k1_auto_ln", 3.0),
                       ("seed_7_failing", "ns3t0.75d2k1_auto_ln", 3.0), ("seed_7_traces", "ns3t0.75d2k1_auto_ln", 3.0)}
    assert sorted(name for group in groups for name in group.names) == sorted(arms)


@pytest.mark.parametrize(("trial", "left_out"), [
    ("ns3t0.75d2k1_auto_ln", set()),
    ("ns3t0.75dinfk1_sig_ln", {"horizon_inf", "final_state"}),
    ("ns1t0.75d1k3_ln", {"one_trace", "horizon_1", "every_3_lines", "shuffled_verdicts"}),
    ("ns5t0.75d4_cmp_tok_acc", {"candidates_5", "horizon_4", "every_3_lines", "accept_passing"}),
])
def test_an_arm_that_would_be_the_whole_of_a_chosen_trial_is_left_out(trial: str, left_out: set[str]) -> None:
    base = Trial.parse(trial)
    arms = guide_arms(None, 0.75, base)
    assert set(GUIDE_ARMS) - set(arms) == left_out
    for name, arm in arms.items():
        if name not in ("full", "none"):
            changed = sum(getattr(arm.trial(base), field) != getattr(base, field) for field in Trial.__slots__)
            assert changed + (arm.gamma is not None) + arm.minimal_trace + (arm.signal != "whole") == 1, name
    assert list(guide_arms(("gamma_3", "signal_only"), 1.0, base)) == ["none", "full", "gamma_3"]


def test_the_whole_methods_trial_is_a_trial_string() -> None:
    assert build(AblationOptions, {"source_model": "tiny"}).guide_trial == "ns3t0.75d2k1_auto_ln"
    chosen = build(AblationOptions, {"source_model": "tiny", "guide-trial": "ns2t1dinf_sig"})
    assert chosen.guide_trial == "ns2t1.0dinfk1_sig_ln"
    with pytest.raises(ConfigError, match="trial string 'ns3', character 4"):
        build(AblationOptions, {"source_model": "tiny", "guide_trial": "ns3"})
