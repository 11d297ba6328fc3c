"""What writes programs: models, split by what they can do.

    TextModel                 prompts -> completions                      every backend
    └── ScoringModel          + log-probability of a given continuation   vLLM
        └── LogitModel        + next-token distributions over a cache     Hugging Face

    with registry.load("tiny") as model:
        [[completion]] = model.generate(["def add(a, b):\\n"], Sampling(max_new_tokens=64, stop=("\\ndef ",)))
        completion.text, completion.log_probs, completion.finish_reason

A method that needs logits calls `require_logits` when it is built, not when it first fails.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator

from eg_cfg.config import Options
from eg_cfg.errors import ConfigError

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Infill:
    """What stands before and after the gap that a model is to fill; the model's own FIM tokens are put around it."""

    prefix: str
    suffix: str


Chat = tuple[Message, ...]
Prompt = str | Chat | Infill
"""Text to continue, a chat to answer (a last turn of the assistant is continued), or a gap to fill."""

FinishReason = Literal["stop", "stop_sequence", "length", "content_filter", "unknown"]
"""`stop`: the model ended its text; `stop_sequence`: one of `Sampling.stop` was written; `length`: no token was left.

Endpoints that do not tell `stop` from `stop_sequence` say `stop`.
"""


class Sampling(Options):
    """How completions are drawn. The defaults are greedy decoding of one completion."""

    n: int = Field(default=1, ge=1)
    """Completions a prompt; with beams, how many of the best sequences are returned."""
    first_sample: int = Field(default=0, ge=0)
    """Index of the first completion: the samples 5 to 9 are `n=5, first_sample=5`, the same as 5 to 9 of `n=10`."""
    temperature: float = Field(default=0.0, ge=0.0)
    """0 is greedy."""
    top_p: float = Field(default=1.0, gt=0.0, le=1.0)
    """Sample from the smallest set of tokens that holds this much probability."""
    top_k: int = Field(default=0, ge=0)
    """Sample from the k likeliest tokens; 0 is all of them."""
    max_new_tokens: int = Field(default=512, ge=1)
    """Tokens generated at most, for each completion."""
    stop: tuple[str, ...] = ()
    """Strings that end a completion; `Completion.text` ends before the first of them."""
    seed: int = Field(default=42, ge=0)
    """Each prompt and sample index has a random stream of its own under this seed."""
    num_beams: int = Field(default=1, ge=1)
    """Beam width; more than 1 is beam search, which draws nothing at random."""
    length_penalty: float = 1.0
    """A beam's score is its log-probability divided by its number of tokens to this power."""
    early_stopping: bool = False
    """Beam search ends as soon as `num_beams` sequences are finished, though a better one might follow."""
    log_probs: bool = True
    """Report the log-probability of every generated token, where the backend has it."""
    sampling_log_probs: bool = False
    """Report it under the sampling distribution too (after temperature, top-k and top-p)."""

    @model_validator(mode="after")
    def _together(self) -> Self:
        if any(not stop for stop in self.stop):
            raise ValueError("--stop: expected strings of at least one character, found an empty one")
        if self.num_beams > 1 and self.temperature > 0:
            raise ValueError(f"--num-beams {self.num_beams} draws nothing at random: leave --temperature at 0, "
                             f"found {self.temperature:g}")
        if self.num_beams > 1 and self.n > self.num_beams:
            raise ValueError(f"--num-beams {self.num_beams} finds no more than {self.num_beams} sequences, "
                             f"found n={self.n}: raise --num-beams or lower n")
        if self.num_beams > 1 and self.first_sample:
            raise ValueError("beam search finds its sequences together: first_sample must be 0")
        if self.num_beams == 1 and self.temperature == 0 and self.n > 1:
            raise ValueError(f"greedy decoding gives one completion, found n={self.n}: raise --temperature above 0, "
                             f"or use --num-beams")
        return self


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model wrote for one prompt."""

    text: str
    """Decoded without special tokens, cut before the stop sequence."""
    finish_reason: FinishReason
    token_ids: tuple[int, ...] | None = None
    """Every generated token, the end-of-text token and those of a stop sequence included; None where unknown."""
    log_probs: tuple[float, ...] | None = None
    """Natural logarithm of each token's probability under the model itself: temperature 1, no truncation.

    None where the backend does not tell; never a made-up number.
    """
    sampling_log_probs: tuple[float, ...] | None = None
    """The same under the distribution that was sampled from; only where `Sampling.sampling_log_probs` asks for it."""
    sequence_score: float | None = None
    """Beam search: log-probability divided by length to the length penalty."""
    tokens: int | None = None
    """How many tokens were generated, where the backend counts without naming them."""

    @property
    def log_prob(self) -> float | None:
        """Log-probability of the whole completion, or None where it is unknown."""
        return None if self.log_probs is None else math.fsum(self.log_probs)

    @property
    def num_tokens(self) -> int | None:
        """How many tokens were generated, or None where it is unknown."""
        return self.tokens if self.token_ids is None else len(self.token_ids)


@dataclass(slots=True)
class Usage:
    """What a model has been asked to do since it was loaded."""

    prompt_tokens: int = 0
    """Tokens of prompts; a prompt's n samples count it once."""
    completion_tokens: int = 0
    """Generated tokens."""
    requests: int = 0
    """Prompts answered (local models) or requests sent, repeated ones included (endpoints)."""
    forward_passes: int = 0
    """Calls of the network; 0 for endpoints."""
    computed_tokens: int = 0
    """Tokens that went through the network: prefills and single steps, padding left out; 0 for endpoints."""
    cost: float | None = None
    """US dollars, where prices are known."""


@dataclass(frozen=True, slots=True)
class Score:
    """How probable a given continuation is."""

    token_ids: tuple[int, ...]
    """Tokens of the continuation."""
    log_probs: tuple[float, ...]
    """Natural logarithm of each one's probability, given the prompt and those before it."""

    @property
    def log_prob(self) -> float:
        """Log-probability of the whole continuation."""
        return math.fsum(self.log_probs)

    @property
    def perplexity(self) -> float:
        """exp(mean negative log-probability); not-a-number for an empty continuation."""
        return math.exp(-self.log_prob / len(self.log_probs)) if self.log_probs else math.nan


class TextModel(ABC):
    """Anything that completes prompts. A context manager: leaving it closes it."""

    name: str
    """What the user called the model."""
    supports_chat: bool = False
    """Whether a `Chat` is a prompt that the model takes."""
    supports_infill: bool = False
    """Whether an `Infill` is a prompt that the model takes."""
    prompt_type: str | None = None
    """The prompt of guided decoding that the model was trained to read; None where nobody says."""
    usage: Usage
    """Counters since the model was loaded."""

    @abstractmethod
    def stream(self, prompts: Sequence[Prompt], sampling: Sampling) -> Iterator[tuple[int, list[Completion]]]:
        """Completes prompts and yields each one's completions as soon as all `n` of them are there.

        The same seed, prompt and sample index give the same completion, whatever else is in the batch (local models;
        endpoints do what they can).

        Yields:
            The prompt's index in `prompts` and its `n` completions: in the order of sample indices, or best first with
            beams. Each index comes once, in no particular order.

        Raises:
            ConfigError: A prompt or an option is not one that this model takes.
            ModelError: The model could not go on.
        """

    def generate(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[list[Completion]]:
        """Completions of each prompt, in the order of the prompts; raises what `stream` raises."""
        found = dict(self.stream(prompts, sampling))
        return [found[index] for index in range(len(prompts))]

    def close(self) -> None:
        """Gives memory and connections back; harmless when done twice."""
        return

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()


class ScoringModel(TextModel):
    """A model that tells how probable a given text is."""

    @abstractmethod
    def score(self, pairs: Sequence[tuple[Prompt, str]], *, end: bool = False) -> list[Score]:
        """Exact log-probabilities of continuations.

        Prompt and continuation are tokenised apart and joined, as in generation, where the prompt's tokens are fixed
        before the first new one.

        Args:
            pairs: Prompts, and the text that follows each.
            end: Count the end-of-text token as the continuation's last.
        """

    @abstractmethod
    def score_tokens(self, pairs: Sequence[tuple[Sequence[int], Sequence[int]]]) -> list[Score]:
        """The same for token ids: those of the prompt (at least one), and those that follow."""


class Prefixes(ABC):
    """A batch of growing token prefixes and the cache that makes their next-token distributions cheap.

    Rows have lengths of their own. Nothing that is in the cache is computed again.

        rows = model.start([prompt_ids])
        rows.log_probs                        # (1, vocabulary)
        candidates = rows.select([0, 0, 0])   # three independent copies
        candidates.extend([[5], [9, 2], []])  # ragged; a row may stay as it is
        rows.truncate([10])                   # back to the first ten tokens of the row
    """

    tokens: list[list[int]]
    """Token ids of each row."""

    @property
    @abstractmethod
    def log_probs(self) -> torch.Tensor:
        """Log-probabilities of each row's next token: float32, (rows, vocabulary), on the model's device."""

    @abstractmethod
    def extend(self, tokens: Sequence[Sequence[int]]) -> None:
        """Appends tokens to each row, in place; only these go through the network, when `log_probs` is next read."""

    def read(self, tokens: Sequence[Sequence[int]]) -> list[torch.Tensor]:
        """Appends tokens to each row, in place, and tells what was likely before each of them and behind the last.

        Where the backend can, one forward pass is all that it takes: so guesses are checked.

        Returns:
            For each row: log-probabilities, float32, (its new tokens + 1, vocabulary).
        """
        import torch

        told: list[list[torch.Tensor]] = [[] for _ in tokens]
        for place in range(max(map(len, tokens), default=0) + 1):
            log_probs = self.log_probs
            for row, new in enumerate(tokens):
                if place <= len(new):
                    told[row].append(log_probs[row])
            self.extend([new[place: place + 1] for new in tokens])
        return [torch.stack(each) for each in told]

    @abstractmethod
    def truncate(self, lengths: Sequence[int]) -> None:
        """Cuts each row to its first tokens (at least one), in place.

        Reading `log_probs` of a row that was cut, and not extended since, sends its last token through the network
        once more.
        """

    @abstractmethod
    def select(self, rows: Sequence[int]) -> Prefixes:
        """A new batch of these rows, in this order, repeated or left out; independent of this one."""

    def keep(self, rows: Sequence[int]) -> Prefixes:
        """The same as `select`, for one who is done with this batch: it must not be used any more."""
        return self.select(rows)

    @abstractmethod
    def join(self, others: Sequence[Prefixes]) -> Prefixes:
        """A new batch of these rows and those of other batches of the same model, in this order; nothing is computed
        again. The batches that went in may change or be dropped afterwards.
        """

    def __len__(self) -> int:
        return len(self.tokens)


class LogitModel(ScoringModel):
    """A model whose next-token distributions are open to a decoding method."""

    vocabulary_size: int
    """Width of `Prefixes.log_probs`."""
    end_tokens: frozenset[int]
    """Token ids that end a text."""

    @abstractmethod
    def encode(self, prompt: Prompt) -> list[int]:
        """Token ids of a prompt, with what the model expects around it (begin-of-text, chat or FIM tokens).

        Raises:
            ConfigError: The model has no chat template or no FIM tokens, and the prompt needs them.
        """

    @abstractmethod
    def encode_text(self, text: str) -> list[int]:
        """Token ids of text that continues something: nothing is put around it."""

    @abstractmethod
    def decode(self, tokens: Sequence[int]) -> str:
        """Text of token ids, without special tokens."""

    @abstractmethod
    def start(self, prefixes: Sequence[Sequence[int]]) -> Prefixes:
        """Prefills a batch of prefixes, each of at least one token, and returns it with its cache."""


def require_logits(model: TextModel, purpose: str) -> LogitModel:
    """The model, known to give next-token distributions.

    Args:
        model: Any model.
        purpose: What needs them ("EG-CFG guidance"), for the message.

    Raises:
        ConfigError: The model gives text only, or scores only.
    """
    if isinstance(model, LogitModel):
        return model
    gives = "text and scores" if isinstance(model, ScoringModel) else "text"
    raise ConfigError(f"{purpose} needs next-token distributions, and {model.name!r} ({type(model).__name__}) gives "
                      f"only {gives}: pass a local Hugging Face model, for instance --model-name tiny")


def require_scores(model: TextModel, purpose: str) -> ScoringModel:
    """The model, known to score given text; raises `ConfigError` as `require_logits` does."""
    if isinstance(model, ScoringModel):
        return model
    raise ConfigError(f"{purpose} needs the log-probability of given text, and {model.name!r} "
                      f"({type(model).__name__}) only writes: pass a local Hugging Face model, for instance "
                      f"--model-name tiny")
