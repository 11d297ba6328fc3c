"""The next line, guessed and checked in one pass: speculative decoding with candidates as guesses.

    guess = likeliest_line(node, reader)         # what most candidates go on with
    node.foreseen = Foreseen(guess, plain, conditional)

Guidance often writes the line that most candidates begin with. So while a signal is prefilled, that line goes through
the network behind it, and through the plain branch, at once; both branches' distributions along it are then known, and
tokens are chosen from them for as long as they are those of the guess (Leviathan, Kalman, Matias, arXiv 2211.17192,
with a sample as the draft). What is written is the same with and without guesses: a token is always chosen from the
distributions after the tokens that were in fact written.
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


@dataclass(frozen=True, slots=True)
class Foreseen:
    """Both branches along a guess."""

    tokens: tuple[int, ...]
    """The guess, which the rows of both branches hold behind the code so far."""
    plain: torch.Tensor
    """Log-probabilities before each of its tokens and behind the last, (tokens + 1, vocabulary)."""
    conditional: torch.Tensor


def likeliest_line(code: Sequence[int], sampled: Sequence[Sequence[int]], due: int, room: int, ends: Collection[int],
                   reader: Reader) -> tuple[int, ...]:
    """What most candidates go on with, up to where the next signal is due.

    Args:
        code: Tokens written so far.
        sampled: Those of the candidates.
        due: Lines of code at which the next signal is due.
        room: Tokens that may follow.
        ends: Tokens that end a text, which are not guessed.
        reader: Of the model.

    Returns:
        Tokens, one less than there is room for at most; of equals, those of the first candidate.
    """
    lines = [_upto(code, tokens, due, ends, reader)[: room - 1] for tokens in sampled]
    found = Counter(lines).most_common(1)
    return found[0][0] if found else ()


def _upto(code: Sequence[int], tokens: Sequence[int], due: int, ends: Collection[int],
          reader: Reader) -> tuple[int, ...]:
    for place, token in enumerate(tokens):
        if token in ends:
            return tuple(tokens[:place])
        if "\n" in reader.text_of(token) and lines_of(reader.decode([*code, *tokens[: place + 1]])) >= due:
            return tuple(tokens[: place + 1])
    return tuple(tokens)
