"""What the repository ships beside the code: two languages that say the same, live links, clean words."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
TEXT = {".py", ".md", ".toml", ".txt", ".yml", ".yaml", ".json", ".jsonl", ".cfg", ".sh", ""}
SKIPPED = {
    ".git",
    ".venv",
    "__pycache__",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    ".hypothesis",
    "runs",
    "results",
    ".demo",
    "build",
    "dist",
}
FORBIDDEN = tuple(
    re.compile(word)
    for word in (
        # hosts of package registries: how a machine gets its packages is its own matter
        r"pypi\." r"org",
        r"python" r"hosted\.org",
        r"npm" r"js\.org",
        r"proxy\.golang" r"\.org",
        r"crates" r"\.io",
        r"--index" r"-url",
        r"--find" r"-links",
        # the writer's machine, and keys
        r"/home/\w+/",
        r"/Users/\w+/",
        r"\bsk-[A-Za-z0-9]{20}",
        r"\bhf_[A-Za-z0-9]{20}",
        r"-----BEGIN [A-Z ]*PRIVATE",
        # work that was put off in the source
        r"\bTO" r"DO\b",
        r"\bFIX" r"ME\b",
    )
)


def files() -> list[Path]:
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in SKIPPED and not name.endswith(".egg-info")]
        found += [Path(folder) / name for name in names]
    return [file for file in found if file.suffix in TEXT and file.name not in (".lock", "run.json")]


def documents() -> list[Path]:
    return [file for file in files() if file.suffix == ".md"]


def test_both_readmes_have_the_same_commands_and_code() -> None:
    english, chinese = (
        (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md")
    )
    assert BLOCK.findall(english) == BLOCK.findall(chinese)
    assert len(BLOCK.findall(english)) >= 5


def test_both_readmes_have_the_same_sections_tables_and_links() -> None:
    english, chinese = (
        (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md")
    )
    for pattern in (r"^#+ ", r"^\|", r"^- "):
        assert len(re.findall(pattern, english, re.MULTILINE)) == len(
            re.findall(pattern, chinese, re.MULTILINE)
        )
    assert sorted(LINK.findall(english.replace("README.zh-CN.md", "X"))) == sorted(
        LINK.findall(chinese.replace("(README.md)", "(X)"))
    )
    names = r"`[a-z0-9_]+(?:-[a-z0-9]+)*`"  # outcomes, benchmarks, commands
    assert set(re.findall(names, english)) == set(re.findall(names, chinese))


@pytest.mark.parametrize("document", documents(), ids=lambda d: d.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(document: Path) -> None:
    targets = [link for link in LINK.findall(document.read_text(encoding="utf-8")) if "://" not in link]
    assert [link for link in targets if not (document.parent / link).exists()] == []


def test_no_file_holds_words_that_do_not_belong_here() -> None:
    found = []
    for file in files():
        text = file.read_text(encoding="utf-8", errors="replace")
        found += [
            f"{file.relative_to(ROOT)}: {match.group()}"
            for word in FORBIDDEN
            for match in [word.search(text)]
            if match
        ]
    assert found == []


def test_every_requirement_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pins = dict(
        line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if line.strip()
    )
    pinned = {re.sub(r"[-_.]+", "-", name).lower() for name in pins}
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["dev"], *extras["api"]]
    names = {re.sub(r"[-_.]+", "-", re.match(r"[A-Za-z0-9._-]+", want).group()).lower() for want in wanted}  # type: ignore[union-attr]
    assert names - pinned == set()
    assert pins["torch"] == "2.13.0"


def test_installed_versions_are_the_pinned_ones() -> None:
    from importlib.metadata import PackageNotFoundError, version

    wrong = {}
    for line in (ROOT / "constraints.txt").read_text().split():
        name, _, pin = line.partition("==")
        try:
            installed = version(name)
        except PackageNotFoundError:
            continue
        if installed != pin and not installed.startswith(f"{pin}+"):
            wrong[name] = installed
    assert wrong == {}


def test_ci_is_executable_and_calls_make_test() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "make --no-print-directory test" in script.read_text()
    assert subprocess.run(["sh", "-n", str(script)]).returncode == 0


def test_only_ci_knows_where_shared_data_may_be() -> None:
    name = "/".join(["..", "shared"])
    assert [
        str(f.relative_to(ROOT)) for f in files() if name in f.read_text(encoding="utf-8", errors="replace")
    ] == [".ci/run"]


def test_make_refuses_a_python_that_is_too_old(tmp_path: Path) -> None:
    old = tmp_path / "python"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = subprocess.run(
        ["make", "-C", str(ROOT), "_install", "WHAT=.", f"PYTHON={old}", f"VENV={tmp_path / 'v'}"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "expected Python 3.11 or newer" in done.stderr
    assert not (tmp_path / "v").exists()
