"""The stages after names with a model that follows instructions, behind an endpoint on loopback."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from evo_make import Make
from evo_teacher import GOOD, NAMES, Teacher, put_names, taught, write

from eg_cfg.errors import ConfigError, EndpointError
from evoselfcode.config import Config
from evoselfcode.datagen.code import generate_code
from evoselfcode.datagen.convert import convert
from evoselfcode.datagen.problems import generate_problems
from evoselfcode.datagen.ratings import generate_ratings
from evoselfcode.datagen.rows import ChatRow, Files, Problem, Rating, Skeleton, Solution
from evoselfcode.datagen.skeletons import generate_skeletons
from evoselfcode.store import read_rows
from evoselfcode.summary import Summary

STAGES: tuple[Callable[[Config], Summary], ...] = (generate_problems, generate_skeletons, generate_code,
                                                  generate_ratings, convert)


@pytest.fixture
def server() -> Iterator[Teacher]:
    with Teacher() as found:
        yield found


def test_from_names_to_chats_and_a_second_run_adds_nothing(workspace: Make, server: Teacher) -> None:
    config = taught(workspace, server)
    put_names(config)
    assert [stage(config).added for stage in STAGES] == [6] * 5
    files = Files(config.paths)
    problems, _ = read_rows(files.problems, Problem)
    assert [row.name for row in problems] == list(NAMES)
    assert (problems[0].example, problems[0].hint) == ("square_of(3) -> 9", "Think of square_of.")
    skeletons, _ = read_rows(files.skeletons, Skeleton)
    assert [row.problem for row in skeletons] == problems
    solutions, _ = read_rows(files.solutions, Solution)
    assert [row.pair.body for row in solutions] == [f"    return n * {len(name)}\n" for name in NAMES]
    ratings, _ = read_rows(files.ratings, Rating)
    assert [(row.solution, row.scores.model_dump(), row.reason) for row in ratings] \
        == [(row.id, GOOD, "It works.") for row in solutions]
    chats, _ = read_rows(files.chat, ChatRow)
    assert [turn.role for turn in chats[0].messages] == ["user", "assistant"]
    assert "Example: `square_of(3) -> 9`" in chats[0].messages[0].content
    assert "return n * 9" in chats[0].messages[1].content
    assert "return n * 9" not in chats[0].messages[0].content

    before = {path: path.read_bytes() for path in Path("data").rglob("*.jsonl")}
    requests = len(server.requests)
    assert [stage(config).added for stage in STAGES] == [0] * 5
    assert {path: path.read_bytes() for path in Path("data").rglob("*.jsonl")} == before
    assert len(server.requests) == requests == 4 * 6

    put_names(config, (*NAMES, "ten_times"))
    assert [stage(config).added for stage in STAGES] == [1] * 5
    assert len(server.requests) == requests + 4
    assert all(path.read_bytes().startswith(text) for path, text in before.items())


def test_requests_go_out_side_by_side_and_not_more_than_allowed(workspace: Make, server: Teacher) -> None:
    server.delay = 0.05
    config = taught(workspace, server)
    put_names(config)
    generate_problems(config)
    assert server.busiest == 3


def test_malformed_replies_are_counted_by_reason_and_asked_once_more(workspace: Make, server: Teacher) -> None:
    seen: set[str] = set()

    def sloppy(prompt: str) -> str:
        if "cube_of" in prompt:
            return "I cannot think of one."
        if "half_of" in prompt and "half_of" not in seen:
            seen.add("half_of")
            return write(prompt).replace("Hint:", "Tip:")
        return write(prompt)

    server.write = sloppy
    config = taught(workspace, server)
    put_names(config)
    summary = generate_problems(config)
    assert (summary.added, summary.counts["replies"], summary.counts["inputs short of a good reply"]) == (5, 8, 1)
    assert dict(summary.funnel[0].reasons) == {"no title": 2, "no hint": 1}
    assert summary.funnel[0].kept == 5
    requests = len(server.requests)
    again = generate_problems(config)
    assert (again.added, again.counts["new replies"], len(server.requests)) == (0, 0, requests)
    more = generate_problems(taught(workspace, server, datagen__problems__retries=2))
    assert (more.added, more.counts["new replies"]) == (0, 1)  # of the one that is still without
    several = generate_problems(taught(workspace, server, datagen__problems__samples=2))
    assert several.counts["replies"] == 5 + 3 + 5 + 1  # two good ones each, one more where one was malformed
    assert several.funnel[1].reasons == {"description seen before": 5}


def test_ratings_that_are_malformed_do_not_count(workspace: Make, server: Teacher) -> None:
    def rate(prompt: str) -> str:
        if prompt.startswith("Judge") and "cube_of" in prompt:
            return json.dumps({**GOOD, "correctness": 7})
        if prompt.startswith("Judge") and "half_of" in prompt:
            return json.dumps({**GOOD, "correctness": 3})
        return write(prompt)

    server.write = rate
    config = taught(workspace, server)
    put_names(config)
    for stage in STAGES[:3]:
        stage(config)
    summary = generate_ratings(config)
    assert (summary.total, dict(summary.funnel[0].reasons)) == (5, {"correctness is not from 1 to 5": 2})
    assert summary.counts["mean correctness"] == "3.80"
    done = convert(config)
    assert {step.name: dict(step.reasons) for step in done.funnel if step.dropped} \
        == {"rated": {"not rated": 1}, "correctness": {"below 4": 1}}
    assert done.total == 4


def test_a_refused_prompt_is_counted_and_the_others_go_on(workspace: Make, server: Teacher) -> None:
    take = server.take

    def picky(path: str, headers: dict[str, str], body: dict[str, Any]) -> Any:
        from endpoint import status

        step = take(path, headers, body)
        return status(400, said="no", code="content_filter") if "Function: cube_of" in str(body) else step

    server.take = picky  # type: ignore[method-assign]
    config = taught(workspace, server)
    put_names(config)
    summary = generate_problems(config)
    assert (summary.added, summary.counts["refused (content_filter)"]) == (5, 1)
    server.take = take  # type: ignore[method-assign]
    again = generate_problems(config)
    assert (again.added, again.counts["new replies"]) == (1, 1)


def test_an_endpoint_that_gives_up_loses_nothing(workspace: Make, server: Teacher) -> None:
    from endpoint import status

    config = taught(workspace, server)
    put_names(config)
    server.script(server._answer, server._answer, *(status(500) for _ in range(20)))
    with pytest.raises(EndpointError, match="start the same command again"):
        generate_problems(config)
    server._steps.clear()
    assert generate_problems(config).total == 6
    assert len(server.paid) == len(set(server.paid)) == 6


def test_damaged_lines_are_named_and_what_they_held_is_made_again(workspace: Make, server: Teacher) -> None:
    config = taught(workspace, server)
    put_names(config)
    for stage in STAGES[:2]:
        stage(config)
    files = Files(config.paths)
    whole = files.skeletons.read_bytes()
    lines = files.problem_replies.read_bytes().splitlines(keepends=True)
    files.problem_replies.write_bytes(b"".join([*lines[:2], b'{"half', b"\n", *lines[3:]]))
    problems = files.problems.read_bytes()
    again = generate_problems(config)
    assert "problem_replies.jsonl, line 3" in again.damaged[0]
    assert len(server.paid) == 12  # the endpoint's replies are kept apart: none is bought twice
    assert files.problems.read_bytes() == problems
    files.problems.write_bytes(problems.replace(b'"name":"cube_of"', b'"name":3', 1))
    fewer = generate_skeletons(config)
    assert (fewer.total, len(fewer.damaged)) == (5, 1)
    assert "problems.jsonl, line 2" in fewer.damaged[0]
    generate_problems(config)
    assert generate_skeletons(config).damaged == ()
    assert files.skeletons.read_bytes() == whole


def test_templates_of_ones_own_win(workspace: Make, server: Teacher, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "problem.j2").write_text("You write exercises in rhyme.\nFunction: {{ name }}\n")
    config = taught(workspace, server, datagen__templates=own)
    put_names(config, NAMES[:1])
    generate_problems(config)
    assert server.paid[0][0] == "You write exercises in rhyme.\nFunction: square_of"
    (own / "problem.j2").write_text("{{ nam }}")
    with pytest.raises(ConfigError, match=r"problem\.j2 .*'nam' is undefined"):
        generate_problems(config)
    (own / "problem.j2").write_text("{{ name")
    with pytest.raises(ConfigError, match=r"problem\.j2 .*unexpected") as error:
        generate_problems(config)
    assert "\n" not in str(error.value)
    with pytest.raises(ConfigError, match="expected a folder of templates"):
        generate_problems(taught(workspace, server, datagen__templates=tmp_path / "none"))


def test_a_completions_endpoint_is_given_a_file_to_continue(workspace: Make, server: Teacher) -> None:
    config = taught(workspace, server, datagen__model__model_option__api="completions")
    put_names(config, NAMES[:1])
    summary = generate_problems(config)
    assert server.requests[0]["prompt"] == "def square_of("
    assert "follows no instructions" in summary.counts["written as"]
    (problem,), _ = read_rows(Files(config.paths).problems, Problem)
    assert (problem.title, problem.header, problem.description) == (
        "Square of", "def square_of(n: int) -> int:", "Return it.")
