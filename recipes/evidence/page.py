"""Tables in a page: each between `<!-- NAME -->` and `<!-- end -->`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from eg_cfg.errors import UsageError
from eg_cfg.records import write_atomically


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
