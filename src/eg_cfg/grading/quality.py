"""Code quality of programs: findings of ruff, cyclomatic complexity, length.

    measure(["def f(x):\\n    return x\\n"])[0]      # Quality(lines=2, tokens=8, complexity=1, findings=0)

Findings are those of ruff's rules E4, E7, E9 and F (likely mistakes, not layout) with no configuration, in one run of
ruff over all programs; None where ruff is not installed. Limits: none of this says whether a program is right.
"""

from __future__ import annotations

import ast
import io
import json
import shutil
import subprocess
import sys
import tempfile
import tokenize
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from eg_cfg.errors import EgCfgError
from eg_cfg.grading.syntax import parse

_LAYOUT = frozenset({tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
                     tokenize.ENCODING, tokenize.ENDMARKER})
_SECONDS = 300.0
RULES = "E4,E7,E9,F"
"""Of ruff; named, because its defaults differ from version to version."""


@dataclass(frozen=True, slots=True)
class Quality:
    """How a program is written; None where it cannot be known."""

    lines: int
    """Lines with something on them, comments apart."""
    tokens: int | None
    """Python tokens, layout and comments apart; None where the text is no Python."""
    complexity: int | None
    """Cyclomatic complexity of the most complex function, or of the module level; None where it does not parse."""
    findings: int | None
    """Of ruff; None where the program does not parse, or ruff is not installed."""


def measure(programs: Sequence[str]) -> list[Quality]:
    """The quality of each program, in order."""
    distinct = list(dict.fromkeys(programs))
    trees = [parse(program) for program in distinct]
    findings = ruff_findings([program for program, tree in zip(distinct, trees, strict=True) if tree is not None])
    counts = iter(findings or ())
    known = {}
    for program, tree in zip(distinct, trees, strict=True):
        found = next(counts) if tree is not None and findings is not None else None
        lines = sum(1 for line in program.splitlines() if line.strip() and not line.lstrip().startswith("#"))
        known[program] = Quality(lines, None if tree is None else _tokens(program),
                                 None if tree is None else complexity(tree), found)
    return [known[program] for program in programs]


def complexity(tree: ast.Module) -> int:
    """Cyclomatic complexity (McCabe, 1976) of the most complex function, or of the module level.

    One, and one more for each `if`, `elif`, conditional expression, loop, `except`, `case` but a bare `_`, loop and
    condition of a comprehension, and each further operand of `and` and `or`. Functions within functions count apart.
    """
    highest = _decisions(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            highest = max(highest, _decisions(node))
    return 1 + highest


def _decisions(root: ast.AST) -> int:
    found, waiting = 0, list(ast.iter_child_nodes(root))
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        match node:
            case ast.If() | ast.IfExp() | ast.For() | ast.AsyncFor() | ast.While() | ast.ExceptHandler():
                found += 1
            case ast.comprehension():
                found += 1 + len(node.ifs)
            case ast.BoolOp():
                found += len(node.values) - 1
            case ast.match_case(pattern=ast.MatchAs(pattern=None, name=None), guard=None):
                pass
            case ast.match_case():
                found += 1
        waiting.extend(ast.iter_child_nodes(node))
    return found


def ruff_version() -> str | None:
    """What `ruff --version` says; None where it is not installed."""
    ruff = _ruff()
    if ruff is None:
        return None
    done = subprocess.run([ruff, "--version"], capture_output=True, text=True, timeout=_SECONDS)
    return done.stdout.strip() or None


def ruff_findings(programs: Sequence[str]) -> list[int] | None:
    """Findings of ruff in each program; None where ruff is not installed.

    Raises:
        EgCfgError: Ruff did not do its work.
    """
    ruff = _ruff()
    if ruff is None:
        return None
    if not programs:
        return []
    with tempfile.TemporaryDirectory(prefix="eg-cfg-ruff-") as folder:
        for place, program in enumerate(programs):
            (Path(folder) / f"program_{place}.py").write_bytes(program.encode("utf-8", "replace"))
        done = subprocess.run(
            [ruff, "check", "--isolated", "--select", RULES, "--no-cache", "--exit-zero", "--ignore-noqa",
             "--output-format", "json", "."],
            cwd=folder, capture_output=True, text=True, timeout=_SECONDS,
        )
        try:
            rows = json.loads(done.stdout)
        except ValueError:
            message = " ".join(done.stderr.split())[:200] or "no message"
            raise EgCfgError(f"expected findings in JSON from {ruff}, found something else ({message}): is it ruff, "
                             "0.9 or newer?") from None
    counts = Counter(Path(row["filename"]).name for row in rows)
    return [counts[f"program_{place}.py"] for place in range(len(programs))]


def _ruff() -> str | None:
    beside = Path(sys.executable).with_name("ruff")
    return str(beside) if beside.is_file() else shutil.which("ruff")


def _tokens(program: str) -> int | None:
    try:
        return sum(token.type not in _LAYOUT for token in tokenize.generate_tokens(io.StringIO(program).readline))
    except (tokenize.TokenError, SyntaxError):
        return None
