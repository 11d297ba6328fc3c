"""What the suite is told, what it plans, and what it skips."""

from __future__ import annotations

import pytest

from eg_cfg.config import build
from eg_cfg.errors import ConfigError
from eg_cfg.studies.suite_options import STEPS, SuiteOptions
from eg_cfg.studies.suite_plan import make_plan
from eg_cfg.studies.suite_steps import btp_options, targets_of, unable


def options(**values: object) -> SuiteOptions:
    return build(SuiteOptions, {"model_name": "tiny", "calibrate": False, **values})


def test_the_tree_is_the_published_one() -> None:
    places = {name: f"{folder}/{results}" for name, (folder, results) in STEPS.items()}
    assert places["baseline"] == "step1_baseline/baseline_experiment_results.json"
    assert places["btp"] == "step2_btp/btp_results.json"
    assert places["ablation"] == "step3_ablation/ablation_results.json"
    assert places["hyperparameter"] == "step4_hyperparameter/hyperparameter_study_results.json"


def test_steps_are_chosen_and_keep_their_order() -> None:
    assert options().steps == tuple(STEPS)
    assert options(experiment="btp,baseline").steps == ("baseline", "btp")
    assert options(experiment="btp_finetune").steps == ("btp",)
    assert options(mode="single", single_step="btp").steps == ("btp",)
    with pytest.raises(ConfigError, match="Did you mean 'ablation'"):
        options(experiment="ablatoin")
    with pytest.raises(ConfigError, match="go together"):
        options(mode="single")
    with pytest.raises(ConfigError, match="go together"):
        options(single_step="btp")


def test_embedded_models_have_the_embedded_data_set() -> None:
    assert options().chosen_dataset == "minipy"
    assert options(model_name="tiny-small").chosen_dataset == "minipy"
    assert options(model_name="gpt-4o").chosen_dataset == "mbpp"
    assert options(dataset="humaneval").chosen_dataset == "humaneval"


def test_modes_have_the_recommended_sizes_and_options_win() -> None:
    quick, standard, full = (options(mode=mode).sizes for mode in ("quick", "standard", "full"))
    assert [(one.collect_problems, one.num_beams, one.n_iterations) for one in (quick, standard, full)] == [
        (10, 3, 1), (50, 5, 2), (100, 8, 3)]
    assert options(mode="quick", max_configs=7).sizes.max_configs == 7
    assert options(mode="quick", max_problems=9).sizes.collect_problems == 10
    assert options(mode="quick", max_problems=9, experiment="btp").sizes.collect_problems == 9


def test_a_model_skips_what_it_cannot_do_and_says_why() -> None:
    skipped = {name: unable(name, options(model_name="gpt-4o")) for name in STEPS}
    assert skipped["baseline"] is None
    assert skipped["btp"] is None
    assert "distributions over the next token" in str(skipped["guide"])
    assert "--target-model" in str(skipped["ablation"])
    assert "--target-model" in str(skipped["big_to_small"])
    taught = {name: unable(name, options(model_name="gpt-4o", target_model="tiny")) for name in STEPS}
    assert [name for name, reason in taught.items() if reason] == ["guide"]
    assert all(unable(name, options()) is None for name in STEPS)


def test_step_2_suits_the_model() -> None:
    assert btp_options(options()).mode == "finetune"
    assert btp_options(options(model_name="gpt-4o")).mode == "openai"
    assert btp_options(options(model_name="gpt-4o", target_model="tiny")).mode == "hybrid"
    assert btp_options(options(btp={"learning-rate": "0.01"})).learning_rate == 0.01


def test_pairings_are_known() -> None:
    assert targets_of(options()) == ("tiny-small", "tiny-untrained")
    assert targets_of(options(model_name="StarCoder2-15B")) == ("StarCoder2-3B",)
    assert targets_of(options(model_name="deepseek-v2-lite")) == ("DeepSeek-Coder-1.3B",)
    assert targets_of(options(target_model="tiny-base")) == ("tiny-base",)
    assert targets_of(options(model_name="tiny-small")) == ()


def test_a_plan_without_a_measurement_knows_no_times() -> None:
    plan = make_plan(options(mode="quick"))
    assert [step.name for step in plan] == list(STEPS)
    assert all(step.estimate is not None and step.estimate.seconds is None for step in plan)
    assert all(step.estimate is not None and step.estimate.cost == 0.0 for step in plan)
    baseline = plan[0].estimate
    assert baseline is not None
    assert (baseline.programs, baseline.trainings) == (100, 1)


def test_an_apis_price_is_estimated_where_it_is_known() -> None:
    known = make_plan(options(model_name="gpt-4o", dataset="minipy", mode="quick"))
    estimates = {step.name: step.estimate for step in known if step.estimate is not None}
    assert list(estimates) == ["baseline", "btp"]
    one = estimates["baseline"]
    assert one.cost is not None
    assert one.cost_at_most is not None
    assert 0 < one.cost < one.cost_at_most
    assert (one.api_programs, one.seconds) == (100, None)
    unknown = make_plan(options(model_name="deepseek-chat", dataset="minipy", mode="quick", experiment="baseline"))
    assert unknown[0].estimate is not None
    assert unknown[0].estimate.cost is None
