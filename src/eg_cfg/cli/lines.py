"""Lines of text for a terminal of any width, or for a log, which counts as 80 columns wide.

    print(labelled("published", "temperature 0.8, top-p 1, 256 new tokens (this package); all of it applies"))
    print(wrapped("a remark of any length"))

Paths and other long words are never cut.
"""

from __future__ import annotations

import shutil
import textwrap

LABEL = 13
"""Columns of a label and the space behind it."""


def width() -> int:
    """Columns that there are: `$COLUMNS`, else the terminal's, else 80."""
    return max(shutil.get_terminal_size().columns, 40)


def labelled(label: str, text: str) -> str:
    """A line that begins with a label; what does not fit stands below its text."""
    return wrapped(text, first=f"{label:<{LABEL}}", later=" " * LABEL)


def wrapped(text: str, *, first: str = "", later: str = "  ") -> str:
    """A text in lines that fit; `first` is before its first line, `later` before the others."""
    return textwrap.fill(text, width(), initial_indent=first, subsequent_indent=later, break_long_words=False,
                         break_on_hyphens=False)
