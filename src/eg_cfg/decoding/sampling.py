"""Continues rows until each has come to its end: candidates to their horizon, both branches to the program's end.

Rows of many problems are decoded in one batch; each draws from a random stream of its own, so what a row becomes hangs
on nothing else in the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

import torch

from eg_cfg.decoding.candidates import lines_of, upto_line
from eg_cfg.decoding.rows import Rows
from eg_cfg.models.base import LogitModel, Prefixes, Sampling
from eg_cfg.models.choosing import choose
from eg_cfg.models.stops import StopStrings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Owner = TypeVar("Owner")


class Reader:
    """Decodes what was written, and tells why writing ends."""

    def __init__(self, model: LogitModel) -> None:
        self.decode: Callable[[Sequence[int]], str] = model.decode
        self._end_tokens = model.end_tokens
        self._texts: dict[int, str] = {}

    def text_of(self, token: int) -> str:
        """The text of one token by itself."""
        found = self._texts.get(token)
        if found is None:
            found = self._texts[token] = self.decode([token])
        return found

    def ended(self, tokens: Sequence[int], stops: StopStrings) -> bool:
        """Whether the last token ends the program: it is an end-of-text token, or completes a stop string."""
        return self.stopped(tokens) or stops.reached(tokens)

    def stopped(self, tokens: Sequence[int]) -> bool:
        """Whether the last token is an end-of-text token."""
        return tokens[-1] in self._end_tokens

    def written(self, tokens: Sequence[int], stops: StopStrings) -> str:
        """The text of a program, cut before its stop string."""
        text = self.decode(tokens)
        cut = stops.cut(text)
        return text if cut is None else cut


@dataclass(slots=True)
class Draft(Generic[Owner]):
    """A continuation as it grows."""

    owner: Owner
    code: list[int]
    """Tokens of the code so far, and from then on of the continuation too."""
    room: int
    """Tokens that may follow, at least one."""
    stops: StopStrings
    horizon: int | None = None
    """Lines that it goes on for."""
    noise: NDArray[np.float64] | None = None
    """Decides each token; none takes the likeliest."""
    start: int = field(init=False)
    last_line: int | None = field(init=False, default=None)
    """Number of lines of the whole at which it ends."""
    ended: bool = field(init=False, default=False)
    """Whether the model ended the program."""

    def __post_init__(self) -> None:
        self.start = len(self.code)

    @property
    def tokens(self) -> list[int]:
        """What was sampled."""
        return self.code[self.start:]

    def text(self, reader: Reader) -> str:
        """What was sampled, cut at the horizon or before a stop string."""
        before = reader.decode(self.code[: self.start])
        whole = reader.written(self.code, self.stops)
        if self.last_line is not None:
            whole = upto_line(whole, self.last_line)
        return whole[len(before):] if whole.startswith(before) else ""


class Sampler(Generic[Owner]):
    """A batch of drafts.

    Args:
        reader: Of the model.
        sampling: Temperature and truncation; 0 takes the likeliest token.
    """

    def __init__(self, reader: Reader, sampling: Sampling) -> None:
        self._reader = reader
        self._sampling = sampling
        self._rows = Rows()
        self.drafts: list[Draft[Owner]] = []
        """Those that go on."""

    def add(self, prefixes: Prefixes, drafts: Sequence[Draft[Owner]]) -> None:
        """Takes drafts in, one for each row; the rows' next tokens are known already."""
        for draft in drafts:
            if draft.horizon is not None:
                draft.last_line = lines_of(self._reader.decode(draft.code)) + draft.horizon
        self._rows.add([prefixes])
        self.drafts += drafts

    def step(self) -> tuple[list[Draft[Owner]], list[Draft[Owner]]]:
        """Takes one token for each draft.

        Returns:
            The drafts that have ended, and those whose token went through the network.
        """
        drawn = None
        if self._sampling.temperature > 0:
            drawn = torch.tensor([self._uniform(draft) for draft in self.drafts], dtype=torch.float64)
        tokens: list[int] = choose(self._rows.log_probs, self._sampling, drawn).tokens.tolist()
        over: list[Draft[Owner]] = []
        going: list[int] = []
        for place, (draft, token) in enumerate(zip(self.drafts, tokens, strict=True)):
            draft.code.append(token)
            if self._is_over(draft, token):
                over.append(draft)
            else:
                going.append(place)
        self.drafts = [self.drafts[place] for place in going]
        self._rows.advance(going, [tokens[place] for place in going])
        return over, self.drafts

    def _uniform(self, draft: Draft[Owner]) -> float:
        assert draft.noise is not None
        return float(draft.noise[len(draft.code) - draft.start])

    def _is_over(self, draft: Draft[Owner], token: int) -> bool:
        draft.ended = self._reader.ended(draft.code, draft.stops)
        if draft.ended or len(draft.code) - draft.start >= draft.room:
            return True
        if draft.last_line is None or "\n" not in self._reader.text_of(token):
            return False
        return lines_of(self._reader.decode(draft.code)) >= draft.last_line
