"""The next line, guessed and checked in one pass: speculative decoding with candidates as guesses.

    guess = agreed_line(node.code, sampled, node.next_refresh, node.room, model.end_tokens, reader)
    node.foreseen = Foreseen(guess, plain, conditional)

Guidance often writes the line on which candidates agree. So while a signal is prefilled, that line goes through
the network behind it, and through the plain branch, at once; both branches' distributions along it are then known, and
tokens are chosen from them for as long as they are those of the guess (Leviathan, Kalman, Matias, arXiv 2211.17192,
with a sample as the draft). What is written is the same with and without guesses, up to rounding: a token is always
chosen from the distributions after the tokens that were in fact written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eg_cfg.decoding.candidates import lines_of

if TYPE_CHECKING:
    import torch

    from eg_cfg.decoding.sampling import Reader

_MOST = 32
"""Tokens of a guess: distributions of all of them are held at once."""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """Both branches along a guess."""

    tokens: tuple[int, ...]
    """The guess, which the rows of both branches hold behind the code so far."""
    plain: torch.Tensor
    """Log-probabilities before each of its tokens and behind the last, (tokens + 1, vocabulary)."""
    conditional: torch.Tensor


def agreed_line(code: Sequence[int], sampled: Sequence[Sequence[int]], due: int, room: int, ends: Collection[int],
                   reader: Reader) -> tuple[int, ...]:
    """What most candidates go on with, if several do, up to where the next signal is due.

    Args:
        code: Tokens written so far.
        sampled: Those of the candidates.
        due: Lines of code at which the next signal is due.
        room: Tokens that may follow.
        ends: Tokens that end a text, which are not guessed.
        reader: Of the model.

    Returns:
        Tokens, one less than there is room for at most; of equals, those of the first candidate. None where several
        candidates all differ: such a guess seldom holds, and costs the plain branch a pass.
    """
    lines = [_upto(code, tokens, due, ends, reader)[: min(room - 1, _MOST)] for tokens in sampled]
    [(line, count)] = Counter(lines).most_common(1) or [((), 0)]
    return line if count > 1 or len(lines) == 1 else ()


def _upto(code: Sequence[int], tokens: Sequence[int], due: int, ends: Collection[int],
          reader: Reader) -> tuple[int, ...]:
    for place, token in enumerate(tokens):
        if token in ends:
            return tuple(tokens[:place])
        if "\n" in reader.text_of(token) and lines_of(reader.decode([*code, *tokens[: place + 1]])) >= due:
            return tuple(tokens[: place + 1])
    return tuple(tokens)
