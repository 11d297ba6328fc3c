"""What a decoder has done: counted once for the decoder, and once for each gamma that it was done for.

    with tally.part("candidates"):
        tally.count(node, "candidate_tokens", 1)
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence

from eg_cfg.decoding.base import Counters
from eg_cfg.decoding.tasks import Node


class Tally:
    """Counts for one decoder.

    Args:
        counters: Of the decoder.
    """

    def __init__(self, counters: Counters) -> None:
        self.counters = counters

    def count(self, node: Node, name: str, amount: int) -> None:
        """Counts what is done for a signal: for each gamma that it is made for."""
        _add(self.counters, name, amount)
        node.count(lambda counters: _add(counters, name, amount))

    def count_plain(self, node: Node) -> None:
        """Counts a token of the plain branch, which gamma 0 has too."""
        self.counters.plain_tokens += 1
        for path in node.paths:
            path.counters.plain_tokens += 1

    def count_guess(self, node: Node, tokens: int, written: Mapping[int, int]) -> None:
        """Counts a guess that went through both branches.

        Args:
            node: Where it was made.
            tokens: Of the guess.
            written: How many of them each gamma wrote, by the identity of its path.
        """
        for counters, count, guided in [(self.counters, max(written.values()), True),
                                        *((path.counters, written[id(path)], path.gamma > 0) for path in node.paths)]:
            counters.plain_tokens += count
            if guided:
                counters.conditional_tokens += count
                counters.rejected_tokens += 2 * (tokens - count)

    def count_pass(self, name: str, nodes: Sequence[Node]) -> None:
        """Counts a forward pass with rows of these nodes, which may come again.

        Args:
            name: What the tokens that went through are counted as.
            nodes: Without any, there was no pass.
        """
        if not nodes:
            return
        self.counters.forward_passes += 1
        for node in {id(node): node for node in nodes}.values():
            for path in node.paths:
                if path.gamma > 0 or name == "plain_tokens":
                    path.counters.forward_passes += 1

    @contextlib.contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Takes the time of a part of the work."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self._add_seconds(name, time.perf_counter() - started)

    @contextlib.contextmanager
    def rest(self, name: str) -> Iterator[None]:
        """Takes the time of what none of the parts inside has."""
        started = time.perf_counter()
        before = sum(self.counters.seconds.values())
        try:
            yield
        finally:
            known = sum(self.counters.seconds.values()) - before
            self._add_seconds(name, max(0.0, time.perf_counter() - started - known))

    def _add_seconds(self, part: str, seconds: float) -> None:
        self.counters.seconds[part] = self.counters.seconds.get(part, 0.0) + seconds


def _add(counters: Counters, name: str, amount: int) -> None:
    setattr(counters, name, getattr(counters, name) + amount)
