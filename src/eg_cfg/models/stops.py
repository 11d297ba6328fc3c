"""Has a completion written a stop string? Checked after every token, cheaply.

A token is looked at closely only if it could end a stop string: its own text holds one, or begins with the tail of one.
That is decided once for each token id.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence


class StopStrings:
    """Finds stop strings in generated tokens.

    Args:
        stops: The strings.
        decode: Token ids to text, special tokens left out.
    """

    def __init__(self, stops: Sequence[str], decode: Callable[[Sequence[int]], str]) -> None:
        self.strings = tuple(stops)
        self._decode = decode
        self._tails = {stop[start:] for stop in self.strings for start in range(len(stop))}
        self._suspect: dict[int, bool] = {}

    def reached(self, tokens: Sequence[int]) -> bool:
        """Whether a stop string is complete with the last of these tokens, all of one completion."""
        if not self.strings or not self._could_end_one(tokens[-1]):
            return False
        return self.cut(self._decode(tokens)) is not None

    def cut(self, text: str) -> str | None:
        """The text before the first stop string, or None where there is none."""
        places = [place for stop in self.strings if (place := text.find(stop)) >= 0]
        return text[: min(places)] if places else None

    def _could_end_one(self, token: int) -> bool:
        known = self._suspect.get(token)
        if known is None:
            known = self._suspect[token] = self._looks_like_one(self._decode([token]))
        return known

    def _looks_like_one(self, text: str) -> bool:
        if "\ufffd" in text:  # part of a character
            return True
        # SentencePiece drops a leading space when it decodes one token alone
        return any(text.startswith(tail) or (" " + text).startswith(tail) for tail in self._tails) or any(
            stop in text or stop in " " + text for stop in self.strings)
