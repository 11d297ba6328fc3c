"""Code quality, against counts made by hand."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from eg_cfg.grading import quality
from eg_cfg.grading.quality import complexity, measure, ruff_findings

WINDING = '''
def f(a, b):
    if a and b or a:            # 1 for the if, 2 for the operators
        for x in a:             # 1
            while x:            # 1
                x -= 1
    elif b:                     # 1
        try:
            pass
        except ValueError:      # 1
            pass
    match a:
        case 1:                 # 1
            pass
        case _ if b:            # 1: a condition makes it a decision
            pass
        case _:
            pass
    return [y if y else 0 for y in b if y]  # 1 for each of if-else, for, if
'''


@pytest.mark.parametrize(("source", "wanted"), [
    ("x = 1\n", 1),
    ("def f():\n    return 1\n", 1),
    ("def f(x):\n    return 1 if x else 2\n", 2),
    ("def f(x):\n    def g(y):\n        if y: pass\n        if y: pass\n    return g\n", 3),
    ("if a:\n    pass\n", 2),
    (WINDING, 13),
])
def test_complexity(source: str, wanted: int) -> None:
    assert complexity(ast.parse(source)) == wanted


def test_lengths_and_findings() -> None:
    unused = "import os\n\n# said\ndef f(x):\n    l = x == None\n    return x\n"
    good, bad, broken = measure(["def f(x):\n    return x\n", unused, "def f(:\n"])
    assert (good.lines, good.tokens, good.complexity, good.findings) == (2, 8, 1, 0)
    assert bad.lines == 4
    assert bad.findings == 4  # F401, E741, E711, F841
    assert (broken.tokens, broken.complexity, broken.findings) == (None, None, None)
    assert broken.lines == 1


def test_a_program_cannot_silence_ruff_or_name_its_settings() -> None:
    assert ruff_findings(["# ruff: noqa\nimport os\n", "import os  # noqa\n", "import os\n"]) == [1, 1, 1]


def test_without_ruff_findings_are_unknown_not_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(quality.sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ruff_findings(["x = 1\n"]) is None
    assert measure(["x = 1\n"])[0].findings is None
    assert quality.ruff_version() is None
