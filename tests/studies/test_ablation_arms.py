"""What each arm changes, and that all of them train on as much."""

from __future__ import annotations

import pytest

from eg_cfg.config import build
from eg_cfg.errors import ConfigError
from eg_cfg.studies.ablation_arms import ARMS, FULL, NONE, Sizes, draws_for, room_for, settings_of
from eg_cfg.studies.ablation_guide import _groups
from eg_cfg.studies.ablation_guide_arms import GUIDE_ARMS, guide_arms
from eg_cfg.studies.ablation_options import AblationOptions
from eg_cfg.studies.btp_options import BTPOptions

SIZES = Sizes(programs=40, tokens=2000)


def base(**values: object) -> BTPOptions:
    return build(BTPOptions, {"source_model": "tiny", **values})


def test_the_arms_that_a_paper_wants_are_there() -> None:
    wanted = {"none", "full", "everything", "uniform", "rank", "pass_rate_only", "possibility_only", "passing_only",
              "failed_only", "sampling", "buffer_half", "buffer_quarter"}
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
    assert list(guide_arms(("one_trace", "gamma_3"), 3.0)) == ["none", "full", "one_trace"]


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
    assert len({str(value) for value in settings.values()}) == len(settings)


def test_trials_are_decoded_with_the_gammas_that_arms_have_and_no_others() -> None:
    groups = _groups(guide_arms(("signal_only", "one_trace", "horizon_4", "final_state"), 3.0), 3.0)
    decoded = {(minimal, trial, gamma) for minimal, trials, gammas, _ in groups for trial in trials for gamma in gammas}
    assert decoded == {(False, "ns3t0.75d2k1_auto_ln", 0.0), (False, "ns3t0.75d2k1_auto_ln", 1.0),
                       (False, "ns3t0.75d2k1_auto_ln", 3.0), (False, "ns1t0.75d2k1_auto_ln", 3.0),
                       (False, "ns3t0.75d4k1_auto_ln", 3.0), (True, "ns3t0.75d2k1_auto_ln", 3.0)}
