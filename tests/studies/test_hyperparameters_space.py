"""What may be searched, and which configurations come to the same."""

from __future__ import annotations

import pytest

from eg_cfg.config import build
from eg_cfg.errors import ConfigError
from eg_cfg.studies.btp_options import BTPOptions
from eg_cfg.studies.hyperparameters_options import HyperparameterOptions
from eg_cfg.studies.hyperparameters_space import configurations, effect, settings, spaces, without_effect
from eg_cfg.studies.hyperparameters_trial import validation_options

CLASSIC = spaces()["classic"]


def base(**values: object) -> BTPOptions:
    return build(BTPOptions, {"source_model": "tiny", "max_problems": 5000, **values})


def options(**values: object) -> HyperparameterOptions:
    return build(HyperparameterOptions, {"source_model": "tiny", **values})


def test_the_classic_space_is_the_published_one() -> None:
    assert {name: parameter.choices for name, parameter in CLASSIC.items()} == {
        "alpha": (0.3, 0.5, 0.7), "buffer_size": (1000, 5000, 10000), "num_beams": (3, 5, 8),
        "temperature": (0.6, 0.8, 1.0), "batch_size": (10, 20, 50)}


def test_the_full_space_has_every_setting_and_each_sets_an_option() -> None:
    full = spaces(learning_rate=0.002)["full"]
    assert set(full) == {"alpha", "sampling_alpha", "sampling_method", "num_beams", "temperature", "batch_size",
                         "buffer_size", "learning_rate", "lora_r", "epochs"}
    assert {parameter.option for parameter in full.values()} <= set(BTPOptions.model_fields)
    assert (full["learning_rate"].low, full["learning_rate"].high) == (0.0004, 0.01)
    assert full["learning_rate"].grid() == (0.0004, 0.002, 0.01)
    build(BTPOptions, {"source_model": "tiny", **settings(full, {name: one.grid()[0] for name, one in full.items()})})


def test_a_grid_has_every_combination_that_differs_in_effect() -> None:
    everything = configurations("grid", CLASSIC, base(sampler="sample"), focus=(), seed=1, count=1000)
    assert len(everything) == 3**5
    beams = configurations("grid", CLASSIC, base(sampler="beam"), focus=(), seed=1, count=1000)
    assert len(beams) == 3**4  # temperature does nothing to beam search
    few = configurations("grid", CLASSIC, base(max_problems=10), focus=(), seed=1, count=1000)
    assert len(few) == 3**3  # nor does a buffer larger than what there is
    assert len(without_effect(CLASSIC, base(max_problems=10))) == 2
    assert without_effect(CLASSIC, base(sampler="sample")) == []


def test_a_grid_that_is_cut_is_spread_and_the_seed_decides() -> None:
    first = configurations("grid", CLASSIC, base(), focus=(), seed=1, count=15)
    assert len(first) == 15
    assert first == configurations("grid", CLASSIC, base(), focus=(), seed=1, count=15)
    assert first != configurations("grid", CLASSIC, base(), focus=(), seed=2, count=15)
    assert first == configurations("grid", CLASSIC, base(), focus=(), seed=1, count=30)[:15]  # more goes on
    assert all(len({row[name] for row in first}) == 3 for name in ("alpha", "num_beams", "batch_size"))


def test_a_focused_search_varies_what_it_is_told() -> None:
    found = configurations("focused", CLASSIC, base(), focus=("alpha", "num_beams"), seed=1, count=15)
    assert len(found) == 9
    assert all(set(row) == {"alpha", "num_beams"} for row in found)


def test_a_random_search_draws_from_ranges() -> None:
    full = spaces()["full"]
    found = configurations("random", full, base(), focus=(), seed=1, count=20)
    assert len(found) == 20
    assert all(full["learning_rate"].low <= row["learning_rate"] <= full["learning_rate"].high for row in found)
    assert configurations("tpe", full, base(), focus=(), seed=1, count=20) == []


def test_the_effect_is_that_of_the_options() -> None:
    same = [effect(CLASSIC, {"temperature": value}, base()) for value in (0.6, 1.0)]
    assert same[0] == same[1]
    assert effect(CLASSIC, {"alpha": 0.3}, base()) != effect(CLASSIC, {"alpha": 0.5}, base())
    full = spaces()["full"]
    ranks = [effect(full, {"lora_r": rank}, base(use_lora=False)) for rank in (4, 32)]
    assert ranks[0] == ranks[1]


def test_names_are_checked_and_a_password_is_in_no_record() -> None:
    with pytest.raises(ConfigError, match=r"--focus-params: unknown 'alfa'. Did you mean 'alpha'"):
        options(focus_params="alfa num_beams")
    assert options(focus_params="alpha batch_size").focus_params == ("alpha", "batch_size")
    secret = options(storage="postgresql://me:secret@db/optuna")
    assert secret.storage_shown == "postgresql://me:***@db/optuna"
    assert "secret" not in secret.model_dump_json() + repr(secret)
    with pytest.raises(ConfigError, match="trains nothing"):
        options(mode="btp_only")


@pytest.mark.parametrize(("dataset", "expected"), [
    ("minipy", ("minipy", "validation", None, None, 0)),
    ("mbpp", ("mbpp", "validation", None, ("train",), 0)),
    ("humaneval", ("mbpp", "validation", "mbpp", ("train",), 0)),
    ("code_contests", ("code_contests", "valid", None, None, 0)),
    ("apps", ("apps", "train", None, ("train",), 60)),
])
def test_validation_is_neither_replayed_nor_the_test_set(dataset: str, expected: tuple[object, ...]) -> None:
    found = validation_options(options(dataset=dataset))
    assert (found.dataset, found.split, found.replay_dataset, found.replay_split, found.problem_offset) == expected
    assert found.eval_problems == 60


def test_what_has_nothing_to_validate_on_is_told() -> None:
    with pytest.raises(ConfigError, match="no part to validate on"):
        validation_options(options(dataset="livecodebench"))
    named = validation_options(options(dataset="livecodebench", replay_dataset="apps"))
    assert (named.dataset, named.split, named.problem_offset) == ("apps", "train", 60)
