"""Who is asked, and how: chats or files to continue, the rater, retries with a scripted model."""

from __future__ import annotations

import copy
import json
import sys
from pathlib import Path

import pytest
from evo_make import Make
from evo_solutions import put, solution_of
from evo_teacher import GOOD

from evoselfcode.datagen.asking import writer_of
from evoselfcode.datagen.options import WriterOptions
from evoselfcode.datagen.ratings import generate_ratings
from evoselfcode.datagen.rows import Files, Rating
from evoselfcode.store import read_rows
from evoselfcode.writers import takes_chats

sys.path.append(str(Path(__file__).resolve().parent.parent / "models"))


@pytest.mark.parametrize(("name", "values", "chats"), [
    ("gpt-4o", {}, True), ("m", {"api_base": "http://127.0.0.1:1/v1"}, True),
    ("m", {"api_base": "http://127.0.0.1:1/v1", "model_option": {"api": "completions"}}, False),
    ("tiny", {}, False), ("tiny-base", {}, False), ("fake:replies.json", {}, True),
])
def test_what_a_name_tells_about_chats(name: str, values: dict[str, object], chats: bool) -> None:
    assert takes_chats(WriterOptions.model_validate({"model_name": name, **values})) is chats


@pytest.mark.parametrize("template", [None, "{{ messages[0]['content'] }}"])
def test_a_local_models_tokenizer_tells(tmp_path: Path, template: str | None) -> None:
    from small_models import configuration, tokenizer

    made = copy.deepcopy(tokenizer())  # others share it
    made.chat_template = template  # type: ignore[assignment]
    made.save_pretrained(tmp_path / "m")
    configuration("llama").save_pretrained(tmp_path / "m")
    assert takes_chats(WriterOptions(model_name=str(tmp_path / "m"))) is (template is not None)


def test_numbers_are_taken_for_backend_options() -> None:
    options = WriterOptions.model_validate({"model_name": "m", "model_option": {"concurrency": 4, "logits": True}})
    assert options.model_option == {"concurrency": "4", "logits": "true"}


def test_writer_and_rater_may_be_two_models(workspace: Make) -> None:
    plain = workspace()
    assert writer_of(plain).name == writer_of(plain, rates=True).name == "tiny-base"
    one = workspace(datagen__model__model_name="gpt-4o")
    assert writer_of(one).name == writer_of(one, rates=True).name == "gpt-4o"
    two = workspace(datagen__model__model_name="tiny", datagen__rater__model_name="gpt-4o")
    assert (writer_of(two).name, writer_of(two).chat) == ("tiny", False)
    assert (writer_of(two, rates=True).name, writer_of(two, rates=True).chat) == ("gpt-4o", True)
    assert writer_of(workspace(datagen__model__model_name="gpt-4o", datagen__asked="continuation")).chat is False


def test_a_scripted_rater_is_asked_again_until_it_makes_sense(workspace: Make, tmp_path: Path) -> None:
    (tmp_path / "replies.json").write_text(json.dumps(["4 out of 5!", json.dumps({**GOOD, "problem": 9}),
                                                       json.dumps(GOOD)]))
    settings = {"datagen.rater.model_name": f"fake:{tmp_path / 'replies.json'}"}
    config = workspace(**settings)
    put(config, [solution_of("one"), solution_of("two")], [])
    summary = generate_ratings(config)
    assert (summary.total, dict(summary.funnel[0].reasons)) \
        == (0, {"no JSON object": 2, "problem is not from 1 to 5": 2})
    more = workspace(**settings, datagen__ratings__retries=5)
    summary = generate_ratings(more)
    assert (summary.added, summary.counts["new replies"], summary.counts["mean problem"]) == (2, 2, "4.00")
    assert {row.scores.problem for row in read_rows(Files(more.paths).ratings, Rating)[0]} == {4}
    assert generate_ratings(more).counts["new replies"] == 0


def test_greedy_replies_are_not_asked_for_again(workspace: Make, tmp_path: Path) -> None:
    (tmp_path / "replies.json").write_text(json.dumps(["no", json.dumps(GOOD)]))
    config = workspace(datagen__rater__model_name=f"fake:{tmp_path / 'replies.json'}",
                       datagen__ratings__draw__temperature=0)
    put(config, [solution_of("one")], [])
    summary = generate_ratings(config)
    assert (summary.total, summary.counts["new replies"]) == (0, 1)


def test_a_reply_cut_at_the_limit_does_not_count(workspace: Make, tmp_path: Path) -> None:
    (tmp_path / "replies.json").write_text(json.dumps(json.dumps(GOOD)))
    config = workspace(datagen__rater__model_name=f"fake:{tmp_path / 'replies.json'}",
                       datagen__ratings__draw__max_new_tokens=len(json.dumps(GOOD)))
    put(config, [solution_of("one")], [])
    assert dict(generate_ratings(config).funnel[0].reasons) == {"cut at the token limit": 2}
