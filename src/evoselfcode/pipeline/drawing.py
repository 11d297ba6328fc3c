"""Samples that are missing, drawn from a model: the piece that drafts, candidates and descriptions share.

    for question, index, completion in draw_missing(model, questions, store, n=6, draw=options, seed=42):
        store.add(...)

A sample is known by the key of its question and its index, which also decide what it is; so it does not matter which
others are drawn with it, or in which of several starts.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from eg_cfg.config import to_plain
from eg_cfg.errors import ConfigError
from eg_cfg.models.base import Completion, Infill, Prompt, Sampling, TextModel
from evoselfcode.pipeline.options import DrawOptions
from evoselfcode.records import content_id

T = TypeVar("T")
_AT_ONCE = 512
"""Questions handed to the model together; it batches them itself."""


@dataclass(frozen=True, slots=True)
class Question(Generic[T]):
    """What is asked, and what for."""

    about: T
    prompt: Prompt
    key: str

    @classmethod
    def of(cls, about: T, prompt: Prompt, *, writer: str, draw: DrawOptions, stop: Sequence[str],
           seed: int) -> Question[T]:
        """A question whose key is a hash of all that decides its answers."""
        text = [prompt.prefix, prompt.suffix] if isinstance(prompt, Infill) else prompt
        return cls(about, prompt, content_id(writer=writer, prompt=text, draw=to_plain(draw), stop=list(stop),
                                             seed=seed))

    def sample_id(self, index: int) -> str:
        """Key of one of its samples."""
        return content_id(question=self.key, index=index)


def missing(questions: Sequence[Question[T]], known: Container[str], n: int) -> int:
    """How many of the questions' n samples are not known."""
    return sum(question.sample_id(index) not in known for question in questions for index in range(n))


def draw_missing(model: TextModel, questions: Sequence[Question[T]], known: Container[str], *, n: int,
                 draw: DrawOptions, stop: Sequence[str], seed: int,
                 progress: Callable[[int, int], None] | None = None) -> Iterator[tuple[Question[T], int, Completion]]:
    """Draws what is missing of n samples for each question.

    Args:
        model: Any text model.
        questions: Of different keys.
        known: Holds the ids of samples that are there already.
        n: Samples a question; greedy decoding gives one.
        draw: How.
        stop: Strings that end a sample.
        seed: Of the samples.
        progress: Called with how many of the missing samples are drawn and how many there are.

    Yields:
        The question, the sample's index, and the completion.

    Raises:
        ModelError: The model could not go on; what was yielded is good.
    """
    groups: dict[tuple[int, int], list[Question[T]]] = {}
    total = 0
    for question in questions:
        lacking = [index for index in range(n) if question.sample_id(index) not in known]
        total += len(lacking)
        for first, count in runs(lacking):
            groups.setdefault((first, count), []).append(question)
    done = 0
    for (first, count), asked in groups.items():
        sampling = Sampling(n=count, first_sample=first, temperature=draw.temperature, top_p=draw.top_p,
                            max_new_tokens=draw.max_new_tokens, stop=tuple(stop), seed=seed)
        for start in range(0, len(asked), _AT_ONCE):
            part = fitting(model, asked[start:start + _AT_ONCE])
            for place, completions in model.stream([question.prompt for question in part], sampling):
                for index, completion in enumerate(completions, start=first):
                    yield part[place], index, completion
                    done += 1
                if progress is not None:
                    progress(done, total)


def fitting(model: TextModel, questions: Sequence[Question[T]]) -> list[Question[T]]:
    """The questions that leave room for an answer in the model's context, where both are known."""
    context = getattr(model, "context", None)
    encode = getattr(model, "encode", None)
    if context is None or encode is None:
        return list(questions)
    return [question for question in questions if len(encode(question.prompt)) + 1 < context]


def runs(indices: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Consecutive ones of increasing indices, as (first, count)."""
    place = 0
    while place < len(indices):
        first, count = indices[place], 1
        while place + count < len(indices) and indices[place + count] == first + count:
            count += 1
        yield first, count
        place += count


def require_samples(n: int, draw: DrawOptions, what: str) -> None:
    """Raises `ConfigError` where several greedy samples are asked for."""
    if n > 1 and draw.temperature == 0:
        raise ConfigError(f"{what}: greedy decoding gives one sample, found {n}: raise the temperature above 0")
