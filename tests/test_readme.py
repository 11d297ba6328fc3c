"""The commands and code of the README and of docs/ do what they say; README.zh-CN has the README's blocks.

`bash` blocks are run, one command a line and a document's in their order; in `sh` blocks, which install or need data
of one's own, every command has to be one that exists; `python` blocks are run and print what their comments say.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(document: Path, language: str) -> list[str]:
    return [block for name, block in BLOCK.findall(document.read_text(encoding="utf-8")) if name == language]


def commands(document: Path, language: str) -> list[str]:
    return [line for block in blocks(document, language) for line in block.splitlines() if line.strip()]


def having(language: str) -> pytest.MarkDecorator:
    """Runs a test for each document that has blocks in the language."""
    found = [document for document in DOCUMENTS if blocks(document, language)]
    return pytest.mark.parametrize("document", found, ids=lambda d: d.relative_to(ROOT).as_posix())


def run(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    program, *arguments = shlex.split(line, comments=True)
    assert program == "eg-cfg", line
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    return subprocess.run(
        [sys.executable, "-m", "eg_cfg", *arguments], cwd=folder, capture_output=True, text=True, env=environment
    )


@having("bash")
@pytest.mark.usefixtures("isolated")
def test_what_is_to_be_typed_works(document: Path, tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    for line in commands(document, "bash"):
        done = run(line, tmp_path)
        assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"


@having("sh")
def test_what_needs_more_exists(document: Path, tmp_path: Path) -> None:
    for line in commands(document, "sh"):
        program, *arguments = shlex.split(line, comments=True)
        if program == "make":
            dry = subprocess.run(["make", "-C", str(ROOT), "-n", *arguments], capture_output=True)
            assert dry.returncode == 0, dry.stderr
            continue
        if program == "python":
            shown = subprocess.run([sys.executable, ROOT / arguments[0], "--help"], capture_output=True, text=True)
            assert shown.returncode == 0, shown.stderr
            continue
        done = run(line, tmp_path)  # there is no such data, model or file of samples here; nothing else may be wrong
        assert done.returncode == 2
        assert re.search(r"no such file of samples|no data for benchmark|cannot be had", done.stderr), done.stderr


@having("python")
@pytest.mark.usefixtures("isolated")
def test_the_code_prints_what_its_comments_say(document: Path) -> None:
    for block in blocks(document, "python"):
        done = subprocess.run([sys.executable, "-c", block], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        wanted = re.findall(r"print\(.*\)  # (.+)", block)
        assert [line for line in wanted if line not in done.stdout.splitlines()] == []


def test_the_demo_of_the_readme_writes_the_files_it_names() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "--output-dir runs/demo" in text
    assert re.findall(r"`runs/demo/(\S+?)`", text) == ["verdicts.jsonl", "results.json", "run.json"]


def test_the_sample_row_is_a_sample() -> None:
    rows = [json.loads(block) for block in blocks(ROOT / "README.md", "json")]
    assert rows
    assert all({"task_id", "completion"} == set(row) for row in rows)


def test_every_command_and_benchmark_is_in_the_readme() -> None:
    from eg_cfg.benchmarks.registry import names

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in names() if f"`{name}`" not in text] == []
    done = run("eg-cfg --help", ROOT)
    listed = re.findall(r"^│ (\w+) ", done.stdout.partition("Commands")[2], re.MULTILINE)
    assert len(listed) >= 5
    assert [name for name in listed if f"`eg-cfg {name}" not in text] == []


def headline(document: str) -> list[list[str]]:
    """Cells of the table of results, without the header and the names."""
    text = (ROOT / document).read_text(encoding="utf-8").partition("<!-- headline -->")[2].partition("<!-- end -->")[0]
    return [row.strip("|").split("|")[2:] for row in text.strip().splitlines()[2:]]


@pytest.mark.parametrize("document", ["README.md", "README.zh-CN.md"])
def test_the_front_page_tells_what_the_evidence_has(document: str) -> None:
    assert headline(document) == headline("docs/evidence.md") != []
