"""One ragged batch whose rows come and go: every row has its next-token distribution whenever it is looked at.

    rows.add(prefixes, ["a", "b"])
    rows.log_probs                                       # (2, vocabulary)
    rows.advance([1], [[5]])                             # "a" goes, "b" gets a token; one forward pass
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from eg_cfg.models.base import Prefixes

if TYPE_CHECKING:
    import torch


class Rows:
    """Rows that are decoded together."""

    def __init__(self) -> None:
        self._prefixes: Prefixes | None = None

    def __len__(self) -> int:
        return 0 if self._prefixes is None else len(self._prefixes)

    @property
    def log_probs(self) -> torch.Tensor:
        """Log-probabilities of each row's next token."""
        return self._held.log_probs

    def add(self, parts: Sequence[Prefixes]) -> int:
        """Takes rows in, behind those that are there; nothing is computed for rows whose next token is known.

        Returns:
            The place of the first new row.
        """
        first = len(self)
        held = [*([self._prefixes] if self._prefixes is not None else []), *parts]
        self._prefixes = held[0].join(held[1:]) if len(held) > 1 else held[0]
        return first

    def take(self, places: Sequence[int]) -> Prefixes:
        """Copies of rows, to be kept apart."""
        return self._held.select(places)

    def advance(self, places: Sequence[int], tokens: Sequence[int]) -> bool:
        """Keeps these rows (a place may come again, the others go), and appends a token to each.

        Returns:
            Whether a forward pass was made: not if no row is left.
        """
        if not places:
            self._prefixes = None
            return False
        self.keep(places)
        self._held.extend([[token] for token in tokens])
        _ = self._held.log_probs
        return True

    def keep(self, places: Sequence[int]) -> None:
        """Keeps these rows alone, in this order."""
        if not places:
            self._prefixes = None
        elif list(places) != list(range(len(self))):
            self._prefixes = self._held.keep(places)

    @property
    def _held(self) -> Prefixes:
        assert self._prefixes is not None, "a batch without rows has no next token"
        return self._prefixes
