"""Names: the rules, the counts, and that draws are added and never repeated."""

from __future__ import annotations

from pathlib import Path

import pytest
from evo_make import Make

from eg_cfg.errors import ConfigError
from evoselfcode.datagen.names import generate_names
from evoselfcode.datagen.options import NamesOptions
from evoselfcode.datagen.rules import RULES, NameRules
from evoselfcode.records import Name, NameDraw
from evoselfcode.store import read_rows


@pytest.mark.parametrize(("text", "reason"), [
    ("max_digits", None), ("max_digits(values", None), ("", "empty"), ("a b", "not a name"), ("1st", "not a name"),
    ("class", "keyword"), ("match", "keyword"), ("MaxDigits", "pattern"), ("_hidden", "pattern"), ("ab", "length"),
    ("a" * 60, "length"), ("a_b_c_d_e_f_g_h_i", "too many words"), ("foo", "weak name"), ("test", "weak name"),
    ("func", "weak name"), ("sorted", "built-in"),
])
def test_each_rule_refuses_what_it_says(text: str, reason: str | None) -> None:
    assert NameRules(NamesOptions())(text)[1] == reason
    assert reason is None or reason in RULES


def test_names_come_once_and_must_be_finished() -> None:
    rules = NameRules(NamesOptions(no_repeated_word=True))
    assert rules("max_digits", finished=False)[1] == "unfinished"
    assert rules("max_digits")[1] is None
    assert rules("maxdigits")[1] == "duplicate"
    assert rules("sum_sum")[1] == "repeated word"


def test_names_are_invented_both_ways_and_a_second_run_adds_nothing(workspace: Make) -> None:
    first = generate_names(workspace())
    names, _ = read_rows(Path("data/generated/names.jsonl"), Name)
    draws, _ = read_rows(Path("data/generated/name_draws.jsonl"), NameDraw)
    assert first.total == len(names) == 8
    assert len({row.name for row in names}) == 8
    assert {row.mode for row in names} == {"fim", "l2r"}
    assert {row.mode for row in draws} == {"fim", "l2r"}
    assert sum(step.dropped for step in first.funnel) + first.funnel[-1].kept == first.funnel[0].seen == len(draws)
    before = Path("data/generated/name_draws.jsonl").read_bytes()
    again = generate_names(workspace())
    assert (again.added, again.total) == (0, 8)
    assert Path("data/generated/name_draws.jsonl").read_bytes() == before
    more = generate_names(workspace(names__count=30))
    assert more.total == 30
    assert Path("data/generated/name_draws.jsonl").read_bytes().startswith(before)
    assert [row.name for row in read_rows(Path("data/generated/names.jsonl"), Name)[0]][:8] == [r.name for r in names]


def test_a_damaged_draw_is_named_and_made_again(workspace: Make) -> None:
    generate_names(workspace())
    path = Path("data/generated/name_draws.jsonl")
    lines = path.read_text().splitlines(keepends=True)
    names = Path("data/generated/names.jsonl").read_bytes()
    path.write_text("".join([*lines[:2], "{broken\n", *lines[3:]]))
    again = generate_names(workspace(names__count=8))
    assert len(again.damaged) == 1
    assert "name_draws.jsonl, line 3" in again.damaged[0]
    more = generate_names(workspace(names__count=30))
    assert more.damaged == ()
    assert Path("data/generated/names.jsonl").read_bytes().startswith(names)  # drawn anew, it is the same draw


def test_a_model_without_fim_tokens_is_told_what_to_do(workspace: Make, tmp_path: Path) -> None:
    import shutil

    from eg_cfg.models.registry import resolve

    folder = tmp_path / "plain"
    shutil.copytree(resolve("tiny-untrained").model, folder)
    tokenizer = folder / "tokenizer.json"
    tokenizer.write_text(tokenizer.read_text().replace("<|fim_prefix|>", "<|other|>"))
    config = folder / "tokenizer_config.json"
    config.write_text(config.read_text().replace("<|fim_prefix|>", "<|other|>"))
    with pytest.raises(ConfigError, match=r"leave fim out of names\.modes"):
        generate_names(workspace(model__model_name=f"{folder}"))
    found = generate_names(workspace(model__model_name=f"{folder}", names__modes="[l2r]", names__max_draws=8))
    assert found.counts["draws"] == 8
