"""Tables in a page, each between `<!-- NAME -->` and `<!-- end -->`, and figures in a folder of its name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from eg_cfg.errors import UsageError
from eg_cfg.records import write_atomically
from eg_cfg.reports.svg import standalone


def printed(tables: Mapping[str, str]) -> str:
    """Tables under their names."""
    return "\n\n".join(f"{name}\n\n{text}" for name, text in tables.items())


def filled(page: Path, tables: Mapping[str, str]) -> None:
    """Replaces tables in a page.

    Raises:
        UsageError: The page has no place for one of them.
    """
    text = page.read_text(encoding="utf-8")
    for name, table in tables.items():
        place = re.search(rf"(?s)<!-- {re.escape(name)} -->\n(.*?)<!-- end -->", text)
        if place is None:
            raise UsageError(f"expected <!-- {name} --> and <!-- end --> in {page}, found none: add them where the "
                             f"table belongs")
        text = f"{text[:place.start(1)]}\n{table}\n\n{text[place.end(1):]}"
    write_atomically(page, [text.encode()])


def drawn(page: Path, figures: Mapping[str, str]) -> None:
    """Writes the figures of a page, as it links them: `evidence/NAME.svg` beside `evidence.md`."""
    folder = page.with_suffix("")
    folder.mkdir(exist_ok=True)
    for name, text in figures.items():
        write_atomically(folder / f"{name}.svg", [standalone(text).encode()])
