"""What a study of evidence is: commands that are run where they have not been, and tables made of what they left.

    study = STUDIES["guide"]
    study.measure(lab)              # runs commands; started again, it goes on
    study.tables(lab)               # {"guide": "| ... |"}

A study reads nothing but the files that its own commands wrote, so tables can be made anew without measuring.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from eg_cfg.errors import EgCfgError, RunError

T = TypeVar("T")
SIZES = ("full", "small")
_ROOT = Path(__file__).resolve().parents[2]
"""What `recipes` lies in, which is no installed package."""


@dataclass(frozen=True)
class Lab:
    """Where a study works, and how large it is."""

    out: Path
    """Folder of all studies."""
    size: str = "full"

    def pick(self, full: T, small: T) -> T:
        """What this size takes."""
        return full if self.size == "full" else small

    def folder(self, *names: str) -> Path:
        """A folder of this size."""
        return self.out.joinpath(self.size, *names)

    def run(self, *arguments: object, module: str = "eg_cfg", where: Path | None = None) -> None:
        """Runs a command of the toolkit, told before it starts; one that is complete does nothing.

        Args:
            arguments: Its words.
            module: What Python runs.
            where: The folder in which it is run; this one where none.

        Raises:
            RunError: It failed; what it finished is kept.
        """
        words = [str(argument) for argument in arguments]
        name = {"eg_cfg": "eg-cfg"}.get(module, f"python -m {module}")
        print(f"$ {name} {shlex.join(words)}", flush=True)
        paths = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
        done = subprocess.run([sys.executable, "-m", module, *words], cwd=where, check=False,
                              env={**os.environ, "PYTHONPATH": paths})
        if done.returncode:
            raise RunError(f"expected {name} {words[0]} to end well, found exit code {done.returncode}; what is above "
                           f"says why, and the same command goes on")


def ended(work: Callable[[], int]) -> int:
    """The exit code of a command's work: a line on stderr instead of a traceback where it fails or is interrupted."""
    try:
        return work()
    except EgCfgError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted; the same command goes on", file=sys.stderr)
        return 130


@dataclass(frozen=True)
class Study:
    """One question."""

    name: str
    what: str
    """The question, in a line."""
    measure: Callable[[Lab], None]
    tables: Callable[[Lab], Mapping[str, str]]
    """Tables in Markdown, by the name that a page knows them by."""
    figures: Callable[[Lab], Mapping[str, str]] = lambda lab: {}
    """Drawings as SVG, by the name of their file."""


def read(path: Path) -> Any:
    """A results file.

    Raises:
        RunError: It is not there.
    """
    if not path.is_file():
        raise RunError(f"expected results in {path}, found none: measure first")
    return json.loads(path.read_text(encoding="utf-8"))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell for cell in line) + " |" for line in lines)


def share(estimate: Mapping[str, float] | None) -> str:
    """An estimate in percent with its interval: `69.2 (65.0 to 73.2)`."""
    if estimate is None:
        return "-"
    return f"{100 * estimate['value']:.1f} ({100 * estimate['low']:.1f} to {100 * estimate['high']:.1f})"


def points(contrast: Mapping[str, Any] | None) -> tuple[str, str]:
    """A paired difference in points with its interval, and its p-value."""
    if contrast is None:
        return "", ""
    found = contrast["difference"]
    value = f"{100 * found['value']:+.1f} ({100 * found['low']:+.1f} to {100 * found['high']:+.1f})"
    return value, probability(contrast["p_value"])


def probability(value: float | None) -> str:
    """A p-value with two digits."""
    return "-" if value is None else f"{value:.2g}"
