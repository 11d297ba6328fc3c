"""Test scripts that call the candidate by name: HumanEval's `check(candidate)`, the published MBPP+ scripts.

The script runs with the judge, in a namespace where the candidate's names are stand-ins; the prompt's helpers come from
the benchmark itself, not from the candidate, who might have redefined them.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import CodeType
from typing import Any

from .assertions import changed_in_place
from .remote import InexpressibleError, RemoteFunction, Session


@dataclass(frozen=True, slots=True)
class Script:
    """A compiled test script."""

    code: CodeType
    remote_names: tuple[str, ...]
    entry_point: str
    call_check: bool
    needs_live: str | None
    """Why only shared isolation can express it, where that is so."""

    def run(self, session: Session, trusted: Mapping[str, Any]) -> None:
        """Runs the script; raises what it raises."""
        if self.needs_live is not None:
            raise InexpressibleError(self.needs_live)
        space: dict[str, Any] = {"__name__": "test", **trusted}
        for name in self.remote_names:
            space[name] = RemoteFunction(session, name)
        exec(self.code, space)
        if self.call_check:
            space["check"](RemoteFunction(session, self.entry_point))


def compile_script(
    source: str, *, entry_point: str, call_check: bool, candidate_names: Collection[str], trusted_names: Collection[str]
) -> Script:
    """Compiles a test script and finds the candidate's names in it.

    Args:
        source: The script.
        entry_point: The function under test.
        call_check: Whether the script defines `check`, which is then called.
        candidate_names: Names that the candidate is expected to define.
        trusted_names: Names that the benchmark itself gives the script.

    Raises:
        SyntaxError: The script is not Python.
    """
    tree = ast.parse(source)
    used: set[str] = set()
    stored: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else stored).add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            stored.add(node.name)
        elif isinstance(node, ast.arg):
            stored.add(node.arg)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            stored |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    free = used - stored
    remote = {
        name for name in free
        if name == entry_point or (name in candidate_names and name not in trusted_names)
        or not (name in trusted_names or hasattr(builtins, name))
    }
    check = next((n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "check"), None)
    candidates = remote | ({check.args.args[0].arg} if call_check and check is not None and check.args.args else set())
    call = changed_in_place(tree, candidates.__contains__, stored - candidates)
    needs_live = f"the test looks at what {call} did to its argument" if call is not None else None
    return Script(compile(tree, "<test>", "exec"), tuple(sorted(remote)), entry_point, call_check, needs_live)
