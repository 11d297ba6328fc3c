"""Asks a model about each input until it has enough good answers: what all stages after names share.

    found = gather(writer, questions, replies, options, read, seed=42, progress=bar)
    found.rows                       # [(input, reply, what was read of it)]
    found.malformed                  # Counter({"no title": 3})

Every reply is on disk before it is read; what is there is not asked again. A reply that cannot be read is counted by
the reason, and its input is asked once more. Behind an endpoint, questions go out side by side; a local model batches
them. An endpoint's refusal of one prompt does not stop the others: it is counted, and tried again by the next start.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from eg_cfg.errors import EndpointError
from eg_cfg.models.base import Completion, Prompt, TextModel
from eg_cfg.studies.model_options import ModelOptions
from evoselfcode.datagen.options import StepOptions
from evoselfcode.datagen.rows import Reply
from evoselfcode.pairs import MalformedError
from evoselfcode.pipeline.drawing import Question, draw_missing, require_samples
from evoselfcode.pipeline.options import DrawOptions
from evoselfcode.records import Row, content_id
from evoselfcode.store import Store
from evoselfcode.writers import takes_chats, writer_id

if TYPE_CHECKING:
    from evoselfcode.config import Config

A = TypeVar("A", bound=Row)
"""What is asked about."""
T = TypeVar("T")
"""What is read of a reply."""
_AT_ONCE = 512
_OF_ONE_PROMPT = frozenset({"context_length", "content_filter"})
"""Refusals that say nothing about other prompts."""
_CUT = {"length": "cut at the token limit", "content_filter": "cut by the endpoint's filter"}


@dataclass(frozen=True, slots=True)
class Writer:
    """A model that is asked."""

    options: ModelOptions
    id: str
    """Fingerprint of its weights."""
    chat: bool
    """Whether it is asked in a chat; else it is given the beginning of a file."""

    @property
    def name(self) -> str:
        """What the user called it."""
        return self.options.model_name


def writer_of(config: Config, *, rates: bool = False) -> Writer:
    """The model that writes, or the one that rates.

    Raises:
        UsageError: It cannot be had.
    """
    options = config.datagen
    model = (options.rater if rates else None) or options.model or config.model
    chat = takes_chats(model) if options.asked == "auto" else options.asked == "chat"
    return Writer(model, writer_id(model), chat)


def question_of(about: A, prompt: Prompt, writer: Writer, step: StepOptions, seed: int,
                stop: Sequence[str] = ()) -> Question[A]:
    """A question about a row, whose key is a hash of all that decides its answers."""
    if isinstance(prompt, tuple):
        draw = step.draw.model_dump(mode="json")
        key = content_id(writer=writer.id, chat=[[turn.role, turn.content] for turn in prompt], draw=draw,
                         stop=list(stop), seed=seed)
        return Question(about, prompt, key)
    return Question.of(about, prompt, writer=writer.id, draw=step.draw, stop=stop, seed=seed)


@dataclass(slots=True)
class Gathered(Generic[A, T]):
    """What became of the questions."""

    rows: list[tuple[A, Reply, T]] = field(default_factory=list)
    """Good answers, in the order of the inputs."""
    replies: int = 0
    """That were read."""
    malformed: Counter[str] = field(default_factory=Counter)
    """Reason to number of replies."""
    refused: Counter[str] = field(default_factory=Counter)
    """An endpoint's reason to number of questions that it refused."""
    too_long: int = 0
    """Questions that do not fit into the model's context."""
    short: int = 0
    """Inputs with fewer good answers than wanted."""


def gather(writer: Writer, questions: Sequence[Question[A]], replies: Store[Reply], step: StepOptions,
           read: Callable[[A, Reply], T], *, seed: int, progress: Callable[[int, int], None],
           stop: Sequence[str] = (), option: str = "datagen") -> Gathered[A, T]:
    """Asks what is missing, and reads all that was answered.

    Args:
        writer: Who is asked; it is loaded only where something is missing.
        questions: What is asked.
        replies: Where replies are and go.
        step: How many answers are wanted, and how they are drawn.
        read: What a reply says about its input; raises `MalformedError` where it says nothing that can be used.
        seed: Of the samples.
        progress: Told how many replies there are, and how many are wanted.
        stop: Strings that end a reply.
        option: What errors call `step`.

    Raises:
        ConfigError: Several greedy samples are asked for.
        EndpointError: An endpoint gives up; what was answered is on disk.
        ModelError: The model could not go on.
    """
    require_samples(step.samples, step.draw, f"{option}.samples")
    asking = _Asking(questions, replies, step, read)
    refused: dict[str, str] = {}
    with ExitStack() as stack:
        model: TextModel | None = None
        while lacking := asking.lacking(refused):
            if model is None:
                model = stack.enter_context(writer.options.load_model())
            before = replies.added
            there, missing = asking.counts()
            for count, asked in lacking.items():
                for start in range(0, len(asked), _AT_ONCE):
                    for question, index, completion in _drawn(
                            model, asked[start:start + _AT_ONCE], replies, step.draw, refused, n=count, stop=stop,
                            seed=seed):
                        replies.add(_reply(writer, question, index, completion))
                        progress(there + replies.added - before, there + missing)
            if replies.added == before:
                break
    return asking.gathered(refused)


def _drawn(model: TextModel, questions: Sequence[Question[A]], replies: Store[Reply], draw: DrawOptions,
           refused: dict[str, str], *, n: int, stop: Sequence[str],
           seed: int) -> Iterator[tuple[Question[A], int, Completion]]:
    """Samples of these questions; where an endpoint refuses one of them, of each half of the others by itself."""
    try:
        yield from draw_missing(model, questions, replies, n=n, draw=draw, stop=stop, seed=seed)
        return
    except EndpointError as error:
        if error.reason not in _OF_ONE_PROMPT:
            raise
        if len(questions) == 1:
            refused[questions[0].key] = f"refused ({error.reason})"
            return
    left = [question for question in questions if any(question.sample_id(i) not in replies for i in range(n))]
    half = (len(left) + 1) // 2
    for part in (left[:half], left[half:]):
        if part:
            yield from _drawn(model, part, replies, draw, refused, n=n, stop=stop, seed=seed)


def _reply(writer: Writer, question: Question[A], index: int, completion: Completion) -> Reply:
    return Reply(id=question.sample_id(index), about=question.about.id, index=index, text=completion.text,
                 finish_reason=completion.finish_reason, writer=writer.id, tokens=completion.num_tokens,
                 log_prob=completion.log_prob)


class _Asking(Generic[A, T]):
    """Which samples the questions have and lack."""

    def __init__(self, questions: Sequence[Question[A]], replies: Store[Reply], step: StepOptions,
                 read: Callable[[A, Reply], T]) -> None:
        self._questions = questions
        self._replies = replies
        self._wanted = step.samples
        self._most = step.samples + (step.retries if step.draw.temperature > 0 else 0)
        self._read = read
        self._found: dict[tuple[str, str], T | MalformedError] = {}

    def lacking(self, refused: Mapping[str, str]) -> dict[int, list[Question[A]]]:
        """Questions that lack samples, by how many they should have now."""
        found: dict[int, dict[str, Question[A]]] = {}
        for question in self._questions:
            count = self._count(question)
            if question.key not in refused and len(self._samples(question, count)) < count:
                found.setdefault(count, {}).setdefault(question.key, question)
        return {count: list(asked.values()) for count, asked in found.items()}

    def counts(self) -> tuple[int, int]:
        """Samples that are there, and samples that are missing now."""
        wanted = {question.key: self._count(question) for question in self._questions}
        there = {question.key: len(self._samples(question, wanted[question.key])) for question in self._questions}
        return sum(there.values()), sum(wanted.values()) - sum(there.values())

    def gathered(self, refused: Mapping[str, str]) -> Gathered[A, T]:
        """Everything that was answered, read."""
        result: Gathered[A, T] = Gathered(refused=Counter(refused.values()))
        for question in self._questions:
            count = self._count(question)
            samples = self._samples(question, count)
            result.too_long += len(samples) < count and question.key not in refused
            good = 0
            for reply in samples:
                result.replies += 1
                answer = self._answer(question, reply)
                if isinstance(answer, MalformedError):
                    result.malformed[str(answer)] += 1
                else:
                    result.rows.append((question.about, reply, answer))
                    good += 1
            result.short += good < self._wanted
        return result

    def _samples(self, question: Question[A], count: int) -> list[Reply]:
        ids = [question.sample_id(index) for index in range(count)]
        return [self._replies[identity] for identity in ids if identity in self._replies]

    def _count(self, question: Question[A]) -> int:
        """How many samples a question should have, as far as those that are there tell: another for each that is
        malformed, while there are retries.
        """
        count = self._wanted
        while len(samples := self._samples(question, count)) == count:
            bad = sum(isinstance(self._answer(question, reply), MalformedError) for reply in samples)
            more = min(self._wanted + bad, self._most)
            if more <= count:
                break
            count = more
        return count

    def _answer(self, question: Question[A], reply: Reply) -> T | MalformedError:
        place = (question.about.id, reply.id)
        if place not in self._found:
            try:
                if reply.finish_reason in _CUT:
                    raise MalformedError(_CUT[reply.finish_reason])
                self._found[place] = self._read(question.about, reply)
            except MalformedError as error:
                self._found[place] = error
        return self._found[place]
