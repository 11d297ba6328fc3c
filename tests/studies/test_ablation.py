"""Ablations, small: equal training, paired scores, and no work done twice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from btp_cases import lasting, save_small, script
from study_cases import Stop, small, stop_after, times

from eg_cfg.config import build
from eg_cfg.errors import RunError
from eg_cfg.records import Records
from eg_cfg.studies.ablation import AblationOutcome, ablation
from eg_cfg.studies.ablation_options import AblationOptions

pytestmark = [
    pytest.mark.usefixtures("isolated"),
    pytest.mark.slow,
    pytest.mark.xdist_group("ablation"),
    pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning"),
]
ARMS = "everything,uniform,passing_only,failed_only,buffer_half"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("models")
    return {"source_model": script(folder / "replies.json"), "target_model": str(save_small(folder / "small"))}


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, models: dict[str, str]) -> AblationOutcome:
    folder = tmp_path_factory.mktemp("ablation") / "run"
    return ablation(build(AblationOptions, small(folder, **models, arms=ARMS, train_tokens=1200)))


def test_every_arm_is_scored_on_the_same_problems(done: AblationOutcome) -> None:
    study = done.results["studies"]["btp"]
    names = [arm["name"] for arm in study["arms"]]
    assert names == ["none", "full", "everything", "uniform", "passing_only", "failed_only", "buffer_half"]
    assert [arm["status"] for arm in study["arms"]] == ["done"] * 7
    tasks = {tuple(json.loads((done.folder / arm["seeds"][0]["folder"] / "scored/scores.json").read_text())["passed"])
             for arm in study["arms"]}
    assert len(tasks) == 1
    assert (study["problems"], study["samples"], study["seeds"]) == (3, 2, [42])
    assert study["note"].startswith("held out: 4 problems")


def test_every_arm_trains_on_as_many_tokens(done: AblationOutcome) -> None:
    study = done.results["studies"]["btp"]
    spent = {arm["name"]: arm["seeds"][0]["supervised_tokens"] for arm in study["arms"] if arm["name"] != "none"}
    with Records(done.folder / "collections/beam/rounds/1/experiences.jsonl") as rows:
        longest = max(len(row["program"]) for row in rows)
    assert study["train_tokens"] == 1200
    assert all(1200 - 2 * longest <= tokens <= 1200 for tokens in spent.values()), spent  # two epochs at most
    assert study["arms"][0]["seeds"][0]["supervised_tokens"] is None


def test_all_learn_from_one_pool_and_draw_what_they_say(done: AblationOutcome) -> None:
    def drawn(arm: str) -> list[dict[str, object]]:
        with Records(done.folder / f"arms/{arm}/seed_42/rounds/1/drawn.jsonl") as rows:
            return list(rows)

    assert all(row["passed"] for row in drawn("passing_only"))
    assert not any(row["passed"] for row in drawn("failed_only"))
    assert len({row["place_in_buffer"] for row in drawn("everything")}) == len(drawn("everything"))
    assert len({row["probability"] for row in drawn("uniform")}) == 1
    assert len({row["probability"] for row in drawn("full")}) > 1
    pool = done.results["studies"]["btp"]["collections"]["beam"]
    assert (pool["tasks"], pool["passed"]) == (4, 4)
    assert list(done.folder.glob("arms/*/seed_42/rounds/1/completions.jsonl")) == []


def test_arms_are_compared_with_the_whole_method_and_with_none(done: AblationOutcome) -> None:
    none, full, uniform, *_ = done.results["studies"]["btp"]["arms"]
    assert none["against_none"] is None
    assert full["against_full"] is None
    assert set(uniform["against_full"]) == {"difference", "p_value", "method", "better", "worse", "seeds_ahead",
                                            "seeds"}
    assert none["against_full"]["difference"]["value"] == pytest.approx(-full["against_none"]["difference"]["value"])
    assert (done.folder / "figures/btp.png").stat().st_size > 5000


def test_the_same_again_repeats_nothing(done: AblationOutcome, models: dict[str, str]) -> None:
    before = times(done.folder, "*.jsonl") | times(done.folder, "scores.json")
    again = ablation(build(AblationOptions, small(done.folder, **models, arms=ARMS, train_tokens=1200)))
    assert times(done.folder, "*.jsonl") | times(done.folder, "scores.json") == before
    assert again.results == done.results


def test_other_options_are_refused_by_its_folder(done: AblationOutcome, models: dict[str, str]) -> None:
    with pytest.raises(RunError, match="num_beams 3 there, 2 here"):
        ablation(build(AblationOptions, small(done.folder, **models, arms=ARMS, train_tokens=1200, num_beams=2)))


def test_an_interrupted_one_ends_as_one_that_was_not(tmp_path: Path, models: dict[str, str],
                                                     done: AblationOutcome) -> None:
    options = build(AblationOptions, small(tmp_path / "run", **models, arms=ARMS, train_tokens=1200))
    with pytest.raises(Stop):
        ablation(options, say=stop_after(5))
    kept = times(tmp_path / "run", "scores.json")
    assert 2 <= len(kept) < 7
    results = ablation(options).results
    assert kept.items() <= times(tmp_path / "run", "scores.json").items()
    assert lasting(results["studies"]) == lasting(done.results["studies"])


def test_more_seeds_and_arms_go_on(done: AblationOutcome, models: dict[str, str]) -> None:
    before = times(done.folder, "scores.json")
    more = ablation(build(AblationOptions, small(done.folder, **models, arms="uniform", train_tokens=1200,
                                                 seeds=(42, 43))))
    study = more.results["studies"]["btp"]
    assert study["seeds"] == [42, 43]
    assert [arm["name"] for arm in study["arms"]] == ["none", "full", "uniform"]
    assert before.items() <= times(done.folder, "scores.json").items()
    assert study["arms"][1]["seeds"][0] == done.results["studies"]["btp"]["arms"][1]["seeds"][0]


def test_an_arm_that_cannot_be_is_told_and_the_others_go_on(tmp_path: Path, models: dict[str, str]) -> None:
    folder = save_small(tmp_path / "only-wrong")
    options = build(AblationOptions, small(tmp_path / "run", source_model=str(folder), max_new_tokens=12,
                                           arms="passing_only,uniform"))
    arms = {arm["name"]: arm for arm in ablation(options).results["studies"]["btp"]["arms"]}
    assert arms["passing_only"]["status"] == "failed"
    assert "none of" in arms["passing_only"]["error"]
    assert arms["passing_only"]["pass@1"] is None
    assert arms["uniform"]["status"] == "done"
