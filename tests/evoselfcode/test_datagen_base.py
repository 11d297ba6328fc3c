"""The stages after names with the embedded base model, which writes functions and follows no instructions."""

from __future__ import annotations

from pathlib import Path

import pytest
from evo_make import Make
from evo_teacher import put_names

from eg_cfg.errors import ConfigError, DataNotFoundError
from evoselfcode.cli.main import main
from evoselfcode.datagen.code import generate_code
from evoselfcode.datagen.convert import convert
from evoselfcode.datagen.problems import generate_problems
from evoselfcode.datagen.ratings import generate_ratings
from evoselfcode.datagen.rows import ChatRow, Files, Problem, Skeleton
from evoselfcode.datagen.skeletons import generate_skeletons
from evoselfcode.pairs import parse_function
from evoselfcode.store import read_rows, replace_rows

NAMES = ("max_digits", "count_words", "sort_words", "double_each", "sum_even")


def test_docstrings_become_problems_and_their_functions_chats(workspace: Make) -> None:
    config = workspace(datagen__convert__unrated="keep")
    put_names(config, NAMES)
    first = generate_problems(config)
    assert first.total >= 3
    assert "tiny-base follows no instructions" in first.counts["written as"]
    problems, _ = read_rows(Files(config.paths).problems, Problem)
    assert {row.example for row in problems} == {row.hint for row in problems} == {None}
    assert problems[0].title == problems[0].name.replace("_", " ").capitalize()
    skeletons = generate_skeletons(config)
    assert (skeletons.total, skeletons.counts["written with their problem"]) == (first.total, first.total)
    assert generate_code(config).total >= 3
    done = convert(config)
    chats, _ = read_rows(Files(config.paths).chat, ChatRow)
    assert len(chats) == done.total >= 3
    code = chats[0].messages[1].content.removeprefix("```python\n").removesuffix("```")
    assert parse_function(code).description == next(
        row.description for row in problems if row.name == parse_function(code).name)
    before = {path: path.read_bytes() for path in Path("data").rglob("*.jsonl")}
    stages = (generate_problems, generate_skeletons, generate_code, convert)
    assert [stage(config).added for stage in stages] == [0] * 4
    assert {path: path.read_bytes() for path in Path("data").rglob("*.jsonl")} == before


def test_a_base_model_writes_signatures_for_problems_of_others(workspace: Make) -> None:
    config = workspace()
    rows = [Problem.of(reply="0", name=name, title=name, description=f"Return {name} of the list.") for name in NAMES]
    rows.append(Problem.of(reply="0", name="bad", title="bad", description="A back\\slash."))
    replace_rows(Files(config.paths).problems, rows)
    summary = generate_skeletons(config)
    skeletons, _ = read_rows(Files(config.paths).skeletons, Skeleton)
    assert summary.counts["written with their problem"] is None
    assert {row.docstring for row in skeletons} <= {row.description for row in rows}
    assert summary.funnel[0].reasons["docstring with quotes or backslashes"] == 2
    assert all(row.header.startswith(f"def {row.problem.name}(") for row in skeletons)


def test_ratings_are_refused_at_the_start(workspace: Make) -> None:
    config = workspace()
    with pytest.raises(ConfigError, match=r"needs a model that follows instructions, and 'tiny-base'"):
        generate_ratings(config)
    assert not Path("data").exists()


@pytest.mark.parametrize(("stage", "said"), [
    ("generate-problems", "run `evoselfcode datagen generate-names"),
    ("generate-skeletons", "run `evoselfcode datagen generate-problems"),
    ("generate-code", "run `evoselfcode datagen generate-skeletons"),
    ("generate-ratings", "datagen.rater.model_name"), ("convert", "run `evoselfcode datagen generate-code"),
])
def test_what_is_missing_is_told_in_one_line(stage: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                             capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["datagen", stage]) == 2
    error = capsys.readouterr().err.strip()
    assert error.startswith("error: ")
    assert said in error
    assert "\n" not in error


def test_convert_needs_ratings_unless_told_otherwise(workspace: Make) -> None:
    config = workspace()
    put_names(config, NAMES[:2])
    for stage in (generate_problems, generate_skeletons, generate_code):
        stage(config)
    with pytest.raises(DataNotFoundError, match="generate-ratings"):
        convert(config)


def test_greedy_samples_are_one(workspace: Make) -> None:
    config = workspace(datagen__problems__samples=2, datagen__problems__draw__temperature=0)
    put_names(config, NAMES[:2])
    with pytest.raises(ConfigError, match=r"datagen\.problems\.samples: greedy decoding gives one sample"):
        generate_problems(config)
