"""Memory that a traced program's process and the monitor share: events outlive the process that wrote them.

    offset 0    eight 32-bit numbers: bytes of the first part, bytes of the second, the line that is being executed
    offset 32   the first part: events as they came, only ever appended
    then        the second part: the newest events, written again and again

One event is one line of text, its fields separated by tabs: kind, line, function, depth, count, value, and then names
and texts of changed variables in turn. The program can write here too, so what is read is text of bounded length and
nothing more.
"""

from __future__ import annotations

import os
import struct

WORDS = 8
MAIN = 128 << 10
TAIL = 64 << 10
HEADER = 4 * WORDS
SIZE = HEADER + MAIN + TAIL
MAIN_BYTES, TAIL_BYTES, LINE = 0, 1, 2
"""Places of the numbers."""


def parts(characters: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """(offset, length) of what may be written, where so many characters of a test are kept: three quarters of them in
    the first part, one in the second."""
    return (0, HEADER + min(MAIN, characters)), (HEADER + MAIN, min(TAIL, characters))


def read_log(fd: int) -> tuple[str, int]:
    """The events so far, a line each, and the program's line that is being executed, 0 where none is.

    Args:
        fd: Descriptor of the memory.
    """
    try:
        numbers = struct.unpack(f"{WORDS}I", os.pread(fd, HEADER, 0))
        main = os.pread(fd, min(numbers[MAIN_BYTES], MAIN), HEADER)
        tail = os.pread(fd, min(numbers[TAIL_BYTES], TAIL), HEADER + MAIN)
    except (OSError, struct.error):  # the program has cut the file
        return "", 0
    return (main + tail).decode("utf-8", "replace"), numbers[LINE]
