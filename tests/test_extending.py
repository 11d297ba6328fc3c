"""The files of docs/extending.md do what the page says, by the command lines that follow them."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parent.parent / "docs" / "extending.md"
BLOCK = re.compile(r"^```(py|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"^# (\w+\.py)$", re.MULTILINE)


def parts() -> dict[str, tuple[str, list[str]]]:
    """By file: its code, and the command lines that follow it."""
    found: dict[str, tuple[str, list[str]]] = {}
    name = ""
    for kind, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if kind == "py":
            match = FILE.match(text)
            assert match is not None, "a file's first line names it"
            name = match.group(1)
            found[name] = text, []
        else:
            found[name][1].extend(line for line in text.splitlines() if line.strip())
    return found


def test_the_page_adds_each_of_what_can_be_added() -> None:
    assert list(parts()) == ["my_benchmark.py", "my_backend.py", "my_prompt.py", "my_replay.py", "my_experiment.py"]
    assert all(commands for _, commands in parts().values())
    assert all(len(text.splitlines()) <= 35 for text, _ in parts().values())


@pytest.mark.usefixtures("isolated")
@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.slow if name == "my_replay.py" else ())
                                  for name in parts()])
def test_each_file_does_what_its_commands_say(tmp_path: Path, name: str) -> None:
    code, commands = parts()[name]
    (tmp_path / name).write_text(code)
    said = ""
    for line in commands:
        program, *arguments = shlex.split(line, comments=True)
        assert (program, arguments[0]) == ("python", name)
        done = subprocess.run([sys.executable, *arguments], cwd=tmp_path, capture_output=True, text=True,
                              env={**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"})
        assert done.returncode == 0, done.stdout + done.stderr
        said += done.stdout
    expected = {"my_benchmark.py": "powers", "my_backend.py": "pass@1", "my_prompt.py": "prompt       careful",
                "my_replay.py": "before", "my_experiment.py": "'value'"}
    assert expected[name] in said
    if name == "my_prompt.py":
        [samples] = tmp_path.glob("runs/*/samples.jsonl")
        assert "# Mind the edge cases." in samples.read_text()


def test_a_name_that_there_is_cannot_be_added_again(tmp_path: Path) -> None:
    from eg_cfg.benchmarks.registry import describe, register
    from eg_cfg.errors import ConfigError, UnknownNameError, UsageError
    from eg_cfg.models.prompts import add_kind, add_settings
    from eg_cfg.models.registry import register_backend
    from eg_cfg.replay.sampler import add_method

    with pytest.raises(UsageError, match="expected a new name for a benchmark, found 'mbpp'"):
        register(describe("mbpp"))
    with pytest.raises(ConfigError, match="found 'openai'"):
        register_backend("openai", "m:O", "m:f")
    with pytest.raises(ConfigError, match="found 'instruct'"):
        add_kind("instruct", tmp_path)
    with pytest.raises(ConfigError, match="found 'rank'"):
        add_method("rank", lambda experiences, values: values)
    with pytest.raises(UnknownNameError, match="unknown benchmark"):
        add_settings("mine", like="no such")
