"""Links to checkpoints: `checkpoints/latest` and its like, moved whole.

    point(Path("checkpoints/latest"), Path("checkpoints/d2c/3f2a91c0"))
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from eg_cfg.errors import RunError


def point(link: Path, target: Path) -> bool:
    """Makes a link point to a folder, in one step, and says whether it did not before.

    Where the file system knows no links, the folder is copied.

    Raises:
        RunError: Something that is no link is in the way, or it could not be written.
    """
    relative = os.path.relpath(target, link.parent)
    if link.is_symlink() and os.readlink(link) == relative:
        return False
    if link.exists() and not link.is_symlink() and not (link / _COPIED).is_file():
        raise RunError(f"expected {link} to be a link that a stage made, found something else: move it away")
    temporary = link.with_name(f".{link.name}.tmp")
    try:
        link.parent.mkdir(parents=True, exist_ok=True)
        if temporary.is_symlink() or temporary.is_file():
            temporary.unlink()
        else:
            shutil.rmtree(temporary, ignore_errors=True)
        try:
            os.symlink(relative, temporary, target_is_directory=True)
        except OSError:
            if (link / _COPIED).is_file() and (link / _COPIED).read_text() == str(target):
                return False
            shutil.copytree(target, temporary)
            (temporary / _COPIED).write_text(str(target))
            shutil.rmtree(link, ignore_errors=True)
        os.replace(temporary, link)
    except OSError as error:
        raise RunError(f"cannot write {link}: {error.strerror or error}; the checkpoint {target} is kept: put that "
                       f"right and start the same command again") from error
    return True


_COPIED = "copied_from.txt"
