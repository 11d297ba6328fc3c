"""The buffer: bounds, duplicates, files."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from experiences import experience

from eg_cfg.errors import ConfigError, DataNotFoundError, RunError
from eg_cfg.replay import Experience, ExperienceBuffer, P2ValueCalculator
from eg_cfg.replay.experience import to_line


def rates(buffer: ExperienceBuffer) -> list[float]:
    return [one.pass_rate for one in buffer.get_all()]


def test_what_is_added_is_there_in_order() -> None:
    buffer = ExperienceBuffer()
    added = [experience(number) for number in range(5)]
    assert [buffer.add(one) for one in added] == [True] * 5
    assert buffer.get_all() == added == list(buffer)
    assert len(buffer) == 5


def test_a_full_buffer_loses_the_lowest_priority() -> None:
    buffer = ExperienceBuffer(max_size=3)
    for number, rate in enumerate([0.5, 0.1, 0.9]):
        buffer.add(experience(number, pass_rate=rate))
    assert buffer.add(experience(3, pass_rate=0.6))
    assert rates(buffer) == [0.5, 0.9, 0.6]
    assert not buffer.add(experience(4, pass_rate=0.2))
    assert rates(buffer) == [0.5, 0.9, 0.6]
    assert buffer.add(experience(5, pass_rate=0.5))  # of equals the oldest goes
    assert [one.task_id for one in buffer] == ["t/2", "t/3", "t/5"]
    assert buffer.get_stats()["evicted"] == 3


def test_a_full_buffer_loses_the_oldest() -> None:
    buffer = ExperienceBuffer(max_size=2, evict="oldest")
    for number, rate in enumerate([1.0, 0.5, 0.1]):
        assert buffer.add(experience(number, pass_rate=rate))
    assert rates(buffer) == [0.5, 0.1]


@pytest.mark.parametrize("evict", ["priority", "oldest"])
def test_against_a_plain_list(evict: str) -> None:
    """The heap and its stale entries, against what a list and a search do."""
    draw = random.Random(3)
    buffer = ExperienceBuffer(max_size=6, evict=evict)  # type: ignore[arg-type]
    plain: list[Experience] = []
    for _ in range(600):
        number = draw.randrange(25)
        one = experience(number, pass_rate=draw.randrange(10) / 9, program=f"x = {number}\n")
        buffer.add(one)
        same = next((other for other in plain if other.task_id == one.task_id), None)
        if same is not None:
            if one.pass_rate > same.pass_rate:
                plain.remove(same)
                plain.append(one)
        elif len(plain) < 6:
            plain.append(one)
        else:
            least = min(plain, key=lambda other: other.pass_rate) if evict == "priority" else plain[0]
            if evict == "oldest" or one.pass_rate >= least.pass_rate:
                plain.remove(least)
                plain.append(one)
        assert buffer.get_all() == plain


def test_programs_that_differ_in_layout_are_one_for_each_problem() -> None:
    buffer = ExperienceBuffer()
    first = experience(0, program="def f(x):\n    return 'a'\n")
    assert buffer.add(first)
    assert not buffer.add(experience(0, program='def f(x):\n\n    """Says a."""\n    return ("a")  # a\n'))
    assert buffer.add(experience(0, program="def f(x):\n    return 'b'\n"))
    assert buffer.add(experience(1, program=first.program))
    assert buffer.add(experience(0, program=first.program, benchmark="another"))
    assert len(buffer) == 4
    assert buffer.get_stats()["duplicates"] == 1
    kept = ExperienceBuffer(deduplicate=False)
    assert kept.extend([first, first]) == 2


def test_of_duplicates_the_known_then_the_likelier_stays() -> None:
    buffer = ExperienceBuffer()
    unknown = experience(0, pass_rate=1.0)
    unlikely, likely = (experience(0, pass_rate=1.0, log_prob=log, num_tokens=4) for log in (-8.0, -1.0))
    assert buffer.add(unknown)
    assert buffer.add(unlikely)  # its P2Value is lower, and is made of more
    assert buffer.add(likely)
    assert not buffer.add(unlikely)
    assert not buffer.add(unknown)
    assert buffer.get_all() == [likely]


def test_no_program_is_no_experience() -> None:
    buffer = ExperienceBuffer()
    assert not buffer.add(experience(0, program=" \n", completion="I cannot."))
    assert buffer.get_stats()["without_program"] == 1


def test_stats() -> None:
    buffer = ExperienceBuffer(max_size=7, calculator=P2ValueCalculator(alpha=0.5))
    empty = buffer.get_stats()
    assert (empty["size"], empty["pass_rate_mean"], empty["p2value_max"]) == (0, None, None)
    buffer.add(experience(0, pass_rate=1.0, passed=True, log_prob=0.0, num_tokens=3))
    buffer.add(experience(0, pass_rate=0.0, program="x = 1\n"))
    stats = buffer.get_stats()
    assert json.loads(json.dumps(stats)) == stats
    assert stats["size"] == 2
    assert stats["max_size"] == 7
    assert (stats["problems"], stats["passed"], stats["failed"]) == (1, 1, 1)
    assert (stats["possibility_mean"], stats["possibility_unknown"]) == (1.0, 1)
    assert (stats["p2value_min"], stats["p2value_mean"], stats["p2value_max"]) == (0.0, 0.5, 1.0)
    assert stats["p2value_histogram"] == [1, 0, 0, 0, 0, 0, 0, 0, 0, 1]


def test_saved_and_loaded_without_loss(tmp_path: Path) -> None:
    buffer = ExperienceBuffer()
    buffer.extend(experience(n, log_prob=-0.1 * n, num_tokens=n, completion="\ud800\u2028 é") for n in range(20))
    buffer.save(tmp_path / "buffer.jsonl")
    loaded = ExperienceBuffer.load(tmp_path / "buffer.jsonl")
    assert loaded.get_all() == buffer.get_all()
    assert loaded.damaged == []


def test_a_damaged_line_is_skipped_counted_and_named(tmp_path: Path) -> None:
    path = tmp_path / "buffer.jsonl"
    lines = [to_line(experience(number)) for number in range(4)]
    path.write_bytes(lines[0] + b'{"task_id": "half\n' + lines[1] + b"\n\xff\xfe\n" + b'{"a": 1}\n[1]\n' + lines[2]
                     + lines[3][:30])
    before = path.read_bytes()
    buffer = ExperienceBuffer.load(path)
    assert [one.task_id for one in buffer] == ["t/0", "t/1", "t/2"]
    assert buffer.get_stats()["damaged"] == 5
    assert buffer.damaged[0] == "buffer.jsonl, line 2: '{\"task_id\": \"half'"
    assert [line.split(":")[0][-1] for line in buffer.damaged] == ["2", "5", "6", "7", "9"]
    assert path.read_bytes() == before


def test_an_open_buffer_appends_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "buffer.jsonl"
    with ExperienceBuffer.open(path, max_size=2) as buffer:
        buffer.extend(experience(number, pass_rate=rate) for number, rate in enumerate([0.2, 0.9, 0.5, 0.1]))
        held = buffer.get_all()
    assert path.read_bytes().count(b"\n") == 3  # what was not kept is not written
    with ExperienceBuffer.open(path, max_size=2) as buffer:
        assert buffer.get_all() == held
        assert buffer.add(experience(9, pass_rate=1.0))
    assert [one.task_id for one in ExperienceBuffer.load(path, max_size=2)] == ["t/1", "t/9"]


def test_opening_a_damaged_file_keeps_the_damage_aside(tmp_path: Path) -> None:
    path = tmp_path / "buffer.jsonl"
    good, other = to_line(experience(0)), to_line(experience(1))
    path.write_bytes(good + b"rubbish\n" + other.rstrip(b"\n"))  # the last line is whole, but for its end
    with ExperienceBuffer.open(path) as buffer:
        assert len(buffer) == 2
        assert buffer.damaged == ["buffer.jsonl, line 2: 'rubbish'"]
        buffer.add(experience(2))
    assert path.read_bytes() == good + other + to_line(experience(2))
    assert (tmp_path / "buffer.jsonl.damaged").read_bytes() == b"rubbish\n"


def test_what_cannot_be_used() -> None:
    with pytest.raises(ConfigError, match="--buffer-size: expected 1 or more, found 0"):
        ExperienceBuffer(max_size=0)
    with pytest.raises(ConfigError, match="expected priority or oldest, found 'youngest'"):
        ExperienceBuffer(evict="youngest")  # type: ignore[arg-type]
    with pytest.raises(DataNotFoundError, match="no such file"):
        ExperienceBuffer.load("/nowhere/at/all.jsonl")
    with pytest.raises(RunError, match="cannot write"):
        ExperienceBuffer.open("/nowhere/at/all.jsonl")
