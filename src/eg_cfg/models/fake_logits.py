"""A scripted model whose next-token distributions are open: for tests of decoding methods, without a network.

    model = FakeLogitModel({"x = ": "1"}, confidence=0.9)
    model.start([model.encode("x = ")]).log_probs.argmax()      # the byte of "1"

It follows its first reply wherever a prefix is on script, and is uniform elsewhere. It knows the prompts of a mapping,
and those that it was asked to encode. `usage` counts calls and computed tokens as a model with a cache would.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from eg_cfg.errors import ConfigError, ModelError
from eg_cfg.models.base import LogitModel, Prefixes, Prompt, Score
from eg_cfg.models.fake import BEGIN, END, VOCABULARY, FakeModel, Replies, decode, text_of, to_bytes

if TYPE_CHECKING:
    import torch


class FakeLogitModel(FakeModel, LogitModel):
    """Text by script, with the distributions that it is drawn from."""

    vocabulary_size = VOCABULARY
    end_tokens = frozenset({END})

    def __init__(self, replies: Replies, *, confidence: float = 0.9, name: str = "fake") -> None:
        super().__init__(replies, confidence=confidence, name=name)
        self._scripts: dict[tuple[int, ...], tuple[int, ...]] = {}
        """Tokens of a reply by those of its prompt."""
        if isinstance(replies, Mapping):
            for prompt in replies:
                self.encode(prompt)

    def encode(self, prompt: Prompt) -> list[int]:
        """The begin token and the text's bytes; from now on the model is on script after them."""
        tokens = [BEGIN, *to_bytes(text_of(prompt))]
        try:
            self._scripts[tuple(tokens)] = (*to_bytes(self.reply(prompt, 0)), END)
        except ConfigError:
            self._scripts.pop(tuple(tokens), None)  # no reply: uniform
        return tokens

    def encode_text(self, text: str) -> list[int]:
        """The text's bytes."""
        return to_bytes(text)

    def decode(self, tokens: Sequence[int]) -> str:
        """Text of bytes; a part of a character at the end is left out."""
        return decode(tokens)

    def start(self, prefixes: Sequence[Sequence[int]]) -> FakePrefixes:
        """A batch of prefixes."""
        if not all(prefixes):
            raise ConfigError("a prefix needs at least one token, found an empty one: begin it with the begin token")
        return FakePrefixes(self, prefixes)

    def score(self, pairs: Sequence[tuple[Prompt, str]], *, end: bool = False) -> list[Score]:
        """Log-probabilities of continuations."""
        closing = [END] if end else []
        return self.score_tokens([(self.encode(prompt), [*to_bytes(text), *closing]) for prompt, text in pairs])

    def score_tokens(self, pairs: Sequence[tuple[Sequence[int], Sequence[int]]]) -> list[Score]:
        """The same for token ids."""
        if not all(prompt for prompt, _ in pairs):
            raise ConfigError("a prompt needs at least one token, found none: begin it with the begin token")
        self.usage.forward_passes += 1
        return [self._score(prompt, tokens) for prompt, tokens in pairs]

    def _score(self, prompt: Sequence[int], tokens: Sequence[int]) -> Score:
        steps = [self.next([*prompt, *tokens[:place]]) for place in range(len(tokens))]
        return Score(tuple(tokens), tuple(step[token] for step, token in zip(steps, tokens, strict=True)))

    def next(self, prefix: Sequence[int]) -> list[float]:
        """Log-probabilities of the token after a prefix: the longest prompt that it begins with decides."""
        for length in sorted({len(prompt) for prompt in self._scripts}, reverse=True):
            script = self._scripts.get(tuple(prefix[:length]))
            if script is not None and length <= len(prefix):
                written = tuple(prefix[length:])
                on_script = len(written) < len(script) and script[: len(written)] == written
                return self.log_probs_with(script[len(written)] if on_script else None)
        return self.log_probs_with(None)

    def distribution(self, prompt: Prompt, tokens: Sequence[int], place: int) -> list[float]:
        """Log-probabilities of the token at a place of a completion of a prompt."""
        return self.next([*self.encode(prompt), *tokens[:place]])


class FakePrefixes(Prefixes):
    """Rows of a `FakeLogitModel`. Made by its `start`."""

    def __init__(self, model: FakeLogitModel, rows: Sequence[Sequence[int]]) -> None:
        self.tokens = [list(row) for row in rows]
        self._model = model
        self._cut = [False] * len(self.tokens)
        self._count(sum(map(len, self.tokens)))

    @property
    def log_probs(self) -> torch.Tensor:
        """Log-probabilities of each row's next token: float32, (rows, vocabulary), on the CPU."""
        import torch

        if any(self._cut):
            raise ModelError(f"row {self._cut.index(True)} was cut: extend it before its next token is looked at")
        return torch.tensor([self._model.next(row) for row in self.tokens], dtype=torch.float32).reshape(-1, VOCABULARY)

    def extend(self, tokens: Sequence[Sequence[int]]) -> None:
        """Appends tokens to each row."""
        for index, (row, more) in enumerate(zip(self.tokens, tokens, strict=True)):
            row.extend(more)
            self._cut[index] &= not more
        self._count(sum(map(len, tokens)))

    def read(self, tokens: Sequence[Sequence[int]]) -> list[torch.Tensor]:
        """Appends tokens to each row, and tells what was likely before each of them and behind the last."""
        import torch

        _ = self.log_probs
        told = [torch.tensor([self._model.next([*row, *new[:place]]) for place in range(len(new) + 1)])
                for row, new in zip(self.tokens, tokens, strict=True)]
        self.extend(tokens)
        return told

    def truncate(self, lengths: Sequence[int]) -> None:
        """Cuts each row to its first tokens."""
        for index, (row, length) in enumerate(zip(self.tokens, lengths, strict=True)):
            if not 1 <= length <= len(row):
                raise ConfigError(f"row {index}: expected a length from 1 to {len(row)}, found {length}")
            self._cut[index] |= length < len(row)
            del row[length:]

    def select(self, rows: Sequence[int]) -> FakePrefixes:
        """A new batch of these rows; nothing is computed for it."""
        chosen = FakePrefixes(self._model, [])
        chosen.tokens = [list(self.tokens[row]) for row in rows]
        chosen._cut = [self._cut[row] for row in rows]
        return chosen

    def join(self, others: Sequence[Prefixes]) -> FakePrefixes:
        """A new batch of these rows and others'; nothing is computed for it."""
        joined = self.select(range(len(self.tokens)))
        for other in others:
            assert isinstance(other, FakePrefixes)
            joined.tokens += [list(row) for row in other.tokens]
            joined._cut += other._cut
        return joined

    def _count(self, tokens: int) -> None:
        if tokens:
            self._model.usage.forward_passes += 1
            self._model.usage.computed_tokens += tokens
