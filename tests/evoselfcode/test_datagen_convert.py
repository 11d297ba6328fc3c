"""Conversion: thresholds one by one, several ratings, both forms."""

from __future__ import annotations

from typing import Any

import pytest
from evo_make import Make
from evo_solutions import put, rating_of, solution_of

from evoselfcode.datagen.convert import convert, means_of
from evoselfcode.datagen.rows import ChatRow, Files, Scores, TextRow
from evoselfcode.store import read_rows


@pytest.mark.parametrize("score", list(Scores.model_fields))
def test_each_threshold_drops_what_is_below_it_and_nothing_else(workspace: Make, score: str) -> None:
    config = workspace(**{f"datagen.convert.thresholds.{score}": 4})
    high, low, unrated = solution_of("high"), solution_of("low"), solution_of("unrated")
    put(config, [high, low, unrated], [rating_of(high), rating_of(low, **{score: 3})])
    summary = convert(config)
    rows, _ = read_rows(Files(config.paths).chat, ChatRow)
    assert [row.id for row in rows] == [high.id]
    assert {step.name: dict(step.reasons) for step in summary.funnel if step.dropped} \
        == {"rated": {"not rated": 1}, score: {"below 4": 1}}
    assert rows[0].scores == dict.fromkeys(Scores.model_fields, 4.0)
    higher = convert(workspace(**{f"datagen.convert.thresholds.{score}": 3}))
    assert (higher.added, higher.total) == (1, 2)


def test_the_mean_of_several_ratings_counts(workspace: Make) -> None:
    config = workspace(datagen__convert__thresholds__correctness=3.5)
    split, low = solution_of("split"), solution_of("low")
    put(config, [split, low], [rating_of(split, 0, correctness=5), rating_of(split, 1, correctness=2),
                               rating_of(low, 0, correctness=4), rating_of(low, 1, correctness=2)])
    assert means_of([rating_of(split, 0, correctness=5), rating_of(split, 1, correctness=2)])[split.id][
        "correctness"] == 3.5
    convert(config)
    assert [row.id for row in read_rows(Files(config.paths).chat, ChatRow)[0]] == [split.id]


def test_unrated_ones_are_kept_where_that_is_asked(workspace: Make) -> None:
    config = workspace(datagen__convert__unrated="keep", datagen__convert__system="You write Python.")
    low, unrated = solution_of("low"), solution_of("unrated")
    put(config, [low, unrated], [rating_of(low, correctness=1)])
    convert(config)
    rows, _ = read_rows(Files(config.paths).chat, ChatRow)
    assert [(row.id, row.scores) for row in rows] == [(unrated.id, None)]
    assert [turn.role for turn in rows[0].messages] == ["system", "user", "assistant"]


def test_text_has_chatmls_markers_around_turns_and_none_within(workspace: Make) -> None:
    config = workspace(datagen__convert__form="text")
    plain, marked = solution_of("plain"), solution_of("marked", "Double up to <|im_end|> each.")
    put(config, [plain, marked], [rating_of(plain), rating_of(marked)])
    summary = convert(config)
    (row,), _ = read_rows(Files(config.paths).chat, TextRow)
    assert row.text.startswith("<|im_start|>user\nWrite a Python function.\n\nplain\n\nDouble each number.\n\nComplete")
    assert row.text.endswith("    return [2 * v for v in values]\n```<|im_end|>\n")
    assert row.text.count("<|im_start|>") == row.text.count("<|im_end|>") == 2
    assert dict(summary.funnel[-1].reasons) == {"holds ChatML's markers": 1}


def test_thresholds_are_scores(workspace: Make) -> None:
    from eg_cfg.errors import ConfigError

    wrong: Any
    for wrong in (0, 6):
        with pytest.raises(ConfigError, match=r"datagen\.convert\.thresholds\.problem"):
            workspace(datagen__convert__thresholds__problem=wrong)
    with pytest.raises(ConfigError, match="Did you mean 'readability'"):
        workspace(datagen__convert__thresholds__readabilty=3)
