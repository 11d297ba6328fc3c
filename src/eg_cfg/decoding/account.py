"""What a gamma's way behind an endpoint has cost: for this gamma, and once for the decoder.

Gammas that have written the same code ask the same, and what was bought is not bought again: such replies count for
each gamma that uses them, and for the decoder once.
"""

from __future__ import annotations

from collections.abc import Sequence

from eg_cfg.decoding.base import Counters
from eg_cfg.models.continuation import Bought


class Account:
    """Counts for one gamma.

    Args:
        own: Of the gamma.
        whole: Of the decoder.
        seen: Replies that are in `whole`; added to.
    """

    def __init__(self, own: Counters, whole: Counters, seen: set[str]) -> None:
        self._own = own
        self._whole = whole
        self._seen = seen
        self._first = True
        """Whether this gamma is the first to come here, of those that have written the same code."""

    def arrive(self, bought: Bought) -> None:
        """A signal's candidates were bought, by this gamma or by another before it."""
        self._first = bought.key not in self._seen

    def reply(self, prompt: str, written: str, bought: Sequence[Bought]) -> None:
        """Counts replies.

        Args:
            prompt: The counter of their prompts' tokens.
            written: That of the tokens in them.
            bought: The replies.
        """
        for each in bought:
            _add(self._own, each, prompt, written)
            if each.key not in self._seen:
                self._seen.add(each.key)
                _add(self._whole, each, prompt, written)

    def count(self, name: str, amount: int) -> None:
        """Counts what is done for a signal."""
        for counters in (self._own, self._whole)[: 1 + self._first]:
            setattr(counters, name, getattr(counters, name) + amount)

    def run(self, shared: bool) -> None:
        """Counts a program that is to be run, or was."""
        self._own.executions_asked += 1
        self._own.executions_shared += shared
        self._own.executions_run += not shared
        whole = self._whole
        whole.executions_asked += self._first
        whole.executions_run += not shared
        whole.executions_shared = max(0, whole.executions_asked - whole.executions_run)


def _add(counters: Counters, bought: Bought, prompt: str, written: str) -> None:
    setattr(counters, prompt, getattr(counters, prompt) + (bought.prompt_tokens or 0))
    setattr(counters, written, getattr(counters, written) + (bought.completion_tokens or 0))
    known = counters.cost if counters.requests else 0.0
    counters.cost = None if known is None or bought.cost is None else known + bought.cost
    counters.requests += 1
