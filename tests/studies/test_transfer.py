"""Big to small, small: every source with every target, and on mixtures of data sets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from btp_cases import save_small, script
from study_cases import Stop, small, stop_after, times

from eg_cfg.benchmarks.base import CallTest, Problem
from eg_cfg.config import build, load
from eg_cfg.errors import ConfigError, RunError
from eg_cfg.studies.btp_problems import Problems
from eg_cfg.studies.transfer import TransferOutcome, transfer
from eg_cfg.studies.transfer_options import TransferOptions
from eg_cfg.studies.transfer_problems import merged

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("transfer"),
    pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning"),
]


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("models")
    return {"source": script(folder / "replies.json"), "one": str(save_small(folder / "one")),
            "two": str(save_small(folder / "two", "gpt2", seed=3))}


def options(folder: Path, names: dict[str, str], **more: Any) -> TransferOptions:
    return build(TransferOptions, small(folder, **{
        "sources": (names["source"], "./no-such-model"), "targets": (names["one"], names["two"]), **more}))


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, names: dict[str, str]) -> TransferOutcome:
    return transfer(options(tmp_path_factory.mktemp("transfer") / "run", names))


@pytest.mark.usefixtures("isolated")
def test_each_source_writes_once_and_teaches_every_target(done: TransferOutcome, names: dict[str, str]) -> None:
    results = done.results
    collected, missing = results["collections"]
    assert (collected["source"], collected["tasks"], collected["passed"]) == (names["source"], 4, 4)
    assert "no-such-model" in missing["error"]
    assert len(list(done.folder.glob("collections/*/*/rounds/1/completions.jsonl"))) == 1
    pairs = {(row["source"], row["target"]): row for row in results["pairs"]}
    assert len(pairs) == 4
    good = [row for row in pairs.values() if row["source"] == names["source"]]
    assert all(row["status"] == "done" and row["seeds"][0]["supervised_tokens"] > 0 for row in good)
    assert all(row["gain"]["value"] == pytest.approx(row["after"]["value"] - row["before"]["value"]) for row in good)


@pytest.mark.usefixtures("isolated")
def test_the_matrix_has_a_gain_a_pair_and_null_where_there_is_none(done: TransferOutcome,
                                                                    names: dict[str, str]) -> None:
    rows = done.results["matrix"]["minipy"]
    assert [len(row) for row in rows] == [2, 2]
    assert rows[1] == [None, None]
    assert all(set(gain) == {"value", "low", "high"} for gain in rows[0])
    failed = [row for row in done.results["pairs"] if row["status"] == "failed"]
    assert all("no-such-model" in row["error"] and row["gain"] is None for row in failed)
    assert (done.folder / "figures/gains_minipy.png").stat().st_size > 3000


@pytest.mark.usefixtures("isolated")
def test_the_same_again_repeats_nothing(done: TransferOutcome, names: dict[str, str]) -> None:
    before = times(done.folder, "scores.json") | times(done.folder, "*.jsonl")
    assert transfer(options(done.folder, names)).results == done.results
    assert times(done.folder, "scores.json") | times(done.folder, "*.jsonl") == before


@pytest.mark.usefixtures("isolated")
def test_an_interrupted_one_goes_on(tmp_path: Path, names: dict[str, str], done: TransferOutcome) -> None:
    wanted = options(tmp_path / "run", names)
    with pytest.raises(Stop):
        transfer(wanted, say=stop_after(4))  # after the first pair
    kept = times(tmp_path / "run", "scores.json")
    assert kept
    results = transfer(wanted).results
    assert kept.items() <= times(tmp_path / "run", "scores.json").items()
    assert results["matrix"] == done.results["matrix"]


def test_no_pair_at_all_is_an_error(tmp_path: Path, names: dict[str, str]) -> None:
    with pytest.raises(RunError, match=r"none of 1 pairs could be: .*no-such-model"):
        transfer(options(tmp_path / "run", names, sources=("./no-such-model",), targets=(names["one"],)))


def test_the_published_pairings_are_in_the_configuration(repository: Path) -> None:
    found = load(TransferOptions, repository / "configs/transfer.yaml")
    wanted = {("StarCoder2-15B", "StarCoder2-3B"), ("Qwen2.5-Coder-32B", "Qwen2.5-Coder-7B"),
              ("CodeLlama-34B", "CodeLlama-7B"), ("DeepSeek-V3-0324", "DeepSeek-Coder-1.3B")}
    assert wanted < set(found.chosen_pairs)
    assert any(source.split("-")[0] != target.split("-")[0] for source, target in found.chosen_pairs)


def test_pairs_and_lists() -> None:
    both = build(TransferOptions, {"sources": "A/a,B/b", "targets": "C/c,D/d"})
    assert both.chosen_pairs == (("A/a", "C/c"), ("A/a", "D/d"), ("B/b", "C/c"), ("B/b", "D/d"))
    assert build(TransferOptions, {"pairs": "A/a:C/c,B/b->D/d"}).chosen_pairs == (("A/a", "C/c"), ("B/b", "D/d"))
    with pytest.raises(ConfigError, match="are required, or --pairs"):
        build(TransferOptions, {"sources": "A/a"})
    with pytest.raises(ConfigError, match="leave --sources"):
        build(TransferOptions, {"sources": "A/a", "targets": "B/b", "pairs": "A/a:B/b"})
    with pytest.raises(ConfigError, match="such as A:B"):
        build(TransferOptions, {"pairs": "A/a"})


def test_an_api_as_a_source_is_hybrid() -> None:
    options_ = build(TransferOptions, {"sources": "gpt-4o", "targets": "tiny", "api_key": "k"})
    assert options_.pair("gpt-4o", "tiny").mode == "hybrid"
    assert options_.pair("tiny", "tiny-small").mode == "finetune"


def problem(task: str) -> Problem:
    return Problem(task, "demo", task, "f", (), (CallTest("f", (), 1),))


def test_data_sets_are_mixed_by_their_problems() -> None:
    one = Problems([problem("a")], [problem("x")], [{"name": "p"}], {"name": "s"}, left_out=("x",))
    two = Problems([problem("b"), problem("c")], [problem("x")], [{"name": "q"}], {"name": "s"})
    both = merged([one, two])
    assert [one.task_id for one in both.replay] == ["a", "b", "c"]
    assert [source["name"] for source in both.replay_sources] == ["p", "q"]
    assert both.left_out == ("x",)
    with pytest.raises(ConfigError, match="'a' is in more than one"):
        merged([one, one])
