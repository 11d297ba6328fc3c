"""Which folder a run goes to where none was named: the newest of the same configuration, else a new one.

    folder = choose_folder(Path("runs"), "baseline", identity, stem="baseline-mbpp-tiny")

The fingerprint in `run.json` tells the configuration. A run that goes less far (fewer problems, fewer samples) than is
asked for is continued too, where none goes just as far.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from eg_cfg.runs import fingerprint


def choose_folder(root: Path, kind: str, identity: Mapping[str, Any], *, stem: str, force: bool = False,
                  use_root: bool = False, extent: Mapping[str, int] | None = None) -> Path:
    """The folder of a run.

    Args:
        root: Where runs are.
        kind: As of `RunFolder`.
        identity: As of `RunFolder`; plain data.
        stem: What a new folder's name begins with; the time follows.
        force: Always a new one.
        use_root: The first run goes to the root itself.
        extent: As of `RunFolder`.
    """
    if not force:
        wanted, far = fingerprint({"kind": kind, **identity}), dict(extent or {})
        same = [(went == far, sorted(went.items()), started, path) for started, path, found, went in _runs(root)
                if found == wanted and went.keys() == far.keys() and all(went[name] <= far[name] for name in far)]
        if same:
            return max(same)[-1]
    if use_root and not (root / "run.json").exists():
        return root
    name = f"{stem}_{time.strftime('%Y%m%d_%H%M%S')}"
    number, folder = 1, root / name
    while folder.exists():
        number += 1
        folder = root / f"{name}_{number}"
    return folder


def _runs(root: Path) -> Iterator[tuple[str, Path, str, dict[str, int]]]:
    """Start, folder, fingerprint and extent of the runs in a folder and right below it."""
    for file in [root / "run.json", *sorted(root.glob("*/run.json"))]:
        try:
            found = json.loads(file.read_bytes())
            extent = {str(name): int(size) for name, size in found.get("extent", {}).items()}
            yield str(found["started"]), file.parent, str(found["fingerprint"]), extent
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue  # no run folder, or one that cannot be read: it cannot be continued
