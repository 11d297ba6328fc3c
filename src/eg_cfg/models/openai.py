"""Models behind OpenAI-compatible endpoints: OpenAI, DeepSeek, Fireworks, a vLLM or llama.cpp server.

    with OpenAIModel("gpt-4o") as model:                                        # key from OPENAI_API_KEY
        for index, completions in model.stream(prompts, Sampling(n=10, temperature=0.8)):
            ...
        model.usage, model.replayed

Requests run concurrently, fail one by one, and are sent again where that may help. Every reply is in the ledger before
its text is used, and what is in the ledger is never bought again: a run that was killed goes on with what it had paid
for. Failures of one prompt (too long, filtered) are raised after the others are done; all else ends the batch at once,
but requests under way are waited for, since they are paid.

Limits: no beam search. An endpoint's log-probabilities are taken to be its model's own (vLLM and llama.cpp say so), and
are those of the tokens that it lists: most leave the end-of-text token out. How reproducible samples are is up to the
endpoint. Reasoning tokens are counted and paid, and are not in the text. A reply that breaks off on its way may have
been billed; nobody but the provider knows.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Future, wait
from dataclasses import asdict
from typing import Any, TypeVar

from eg_cfg.errors import EndpointError, ModelError
from eg_cfg.models import failures, replies
from eg_cfg.models.background import BackgroundLoop
from eg_cfg.models.base import Completion, Prompt, Sampling, TextModel, Usage
from eg_cfg.models.client import EndpointClient
from eg_cfg.models.endpoint import EndpointOptions, default_ledger, resolve
from eg_cfg.models.ledger import Ledger, Place
from eg_cfg.models.prices import price_of
from eg_cfg.models.requests import Request, build

_OF_ONE_PROMPT = frozenset({"context_length", "content_filter"})
"""Failures that say nothing about other prompts."""
_FATAL = 0
_CLAIM_POLL = 0.02
_DRAIN = 60.0
"""Seconds that requests under way are waited for when a batch ends early."""

Answer = tuple[int, list[Completion]]
Held = tuple[replies.Choice, dict[str, Any]]
"""A sample, and the row of the ledger that it is in."""
T = TypeVar("T")


class OpenAIModel(TextModel):
    """A model at an OpenAI-compatible endpoint.

    A plain string is a user's turn in the chat API, and text to continue in the completions API.

    Args:
        model: The name that the endpoint knows.
        options: How it is asked.
        name: What the user called it; `model` unless given.
        environment: Where keys and addresses are looked for; `os.environ` unless given.

    Raises:
        ConfigError: The address or the key is malformed.
        MissingExtraError: The package `openai` is not installed.
        ModelNotFoundError: A key is needed, and there is none.
        RunError: The ledger's folder cannot be written.
    """

    def __init__(self, model: str, options: EndpointOptions | None = None, *, name: str | None = None,
                 environment: Mapping[str, str] | None = None) -> None:
        self.options = options or EndpointOptions()
        self.endpoint = resolve(model, self.options, environment)
        self.name = name or model
        self.supports_chat = self.options.api == "chat"
        self.supports_infill = self.options.api == "completions" and self.options.infill != "refuse"
        self._price = price_of(model, self.options.prices, public=self.endpoint.provider == "openai")
        nothing = None if self._price is None else 0.0
        self.usage = Usage(cost=nothing)
        """What was bought since this object was made."""
        self.replayed = Usage(cost=nothing)
        """What had been bought before and this object used: with `usage`, what its completions cost."""
        self._client = EndpointClient(self.endpoint, self.options)
        self.ledger = Ledger.open(self.options.ledger or default_ledger(environment))
        self._loop = BackgroundLoop(f"endpoint {model}")
        self._counted: set[Place] = set()
        """Rows that are in `usage` or `replayed`."""
        self._closed = False

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.endpoint})"

    def stream(self, prompts: Sequence[Prompt], sampling: Sampling) -> Iterator[Answer]:
        """See `TextModel.stream`; raises `EndpointError` where the endpoint gives up or refuses."""
        if self._closed:
            raise ModelError(f"{self.endpoint} is closed: open it again")
        return self._stream([build(self.endpoint, self.options, prompt, sampling) for prompt in prompts], sampling)

    def close(self) -> None:
        """Ends the connections; replies in the ledger stay."""
        if not self._closed:
            self._closed = True
            with contextlib.suppress(Exception):  # a connection that does not close well is gone all the same
                self._loop.submit(self._client.close()).result(timeout=5)
            self._loop.close()
            self.ledger.close()

    def _stream(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[Answer]:
        inbox: queue.SimpleQueue[Answer | None] = queue.SimpleQueue()
        batch = _Batch(self, requests, sampling, inbox)
        future = self._loop.submit(batch.run())
        future.add_done_callback(lambda _: inbox.put(None))
        try:
            while (answer := inbox.get()) is not None:
                yield answer
        finally:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nothing is under way
                self.call_soon(batch.halt.set)
            _settle(future)
            self.usage.requests = self._client.sent
        try:
            future.result()
        except CancelledError:
            raise ModelError(f"{self.endpoint} was closed while it was answering: open it again") from None

    async def answer(self, request: Request, sampling: Sampling, halt: asyncio.Event) -> list[Completion]:
        """All samples of one prompt: from the ledger, and for the rest from the endpoint."""
        wanted = range(sampling.first_sample, sampling.first_sample + sampling.n)
        return [replies.completion(choice, sampling, row["completion_tokens"] if len(row["choices"]) == 1 else None)
                for choice, row in await self.secure(request, wanted, halt)]

    async def secure(self, request: Request, wanted: range, halt: asyncio.Event) -> list[Held]:
        """These samples of one prompt, each with its row of the ledger: what is not there is bought.

        Runs in the model's own loop, see `submit`.

        Raises:
            EndpointError: The endpoint refused, or gave up; once `halt` is set, nothing more is sent.
        """
        held = self._held(request, wanted)
        if len(held) < len(wanted):
            while not self.ledger.try_claim(request.key):
                await asyncio.sleep(_CLAIM_POLL)
                if halt.is_set():
                    raise failures.called_off()
            try:
                while len(held := self._held(request, wanted)) < len(wanted):
                    missing = [index for index in wanted if index not in held]
                    purchases = [self._buy(request, first, count, halt)
                                 for first, count in _runs(missing, self._client.samples_per_reply)]
                    done = await asyncio.gather(*purchases, return_exceptions=True)  # the others are paid as well
                    failed = [outcome for outcome in done if outcome is not None]
                    if failed:
                        raise min(failed, key=_rank)
            finally:
                self.ledger.release(request.key)
        return [held[index] for index in wanted]

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Starts work in the loop that the model's requests are sent from.

        Raises:
            ModelError: The model is closed.
        """
        if self._closed:
            work.close()
            raise ModelError(f"{self.endpoint} is closed: open it again")
        return self._loop.submit(work)

    def call_soon(self, call: Callable[[], object]) -> None:
        """Has something called in that loop, from another thread; raises `RuntimeError` where it is closed."""
        self._loop.loop.call_soon_threadsafe(call)

    async def tokenize(self, text: str) -> list[int] | None:
        """Token ids of a prompt; None where the endpoint does not tell. Runs in the model's own loop."""
        return await self._client.tokenize(text)

    def _held(self, request: Request, wanted: range) -> dict[int, Held]:
        """Samples that are in the ledger, each with its row."""
        found: dict[int, Held] = {}
        for place, row in self.ledger.rows(request.key):
            used = False
            for index, choice in enumerate(row["choices"], start=row["first_sample"]):
                if index in wanted and index not in found:
                    found[index] = (replies.Choice(**choice), row)
                    used = True
            if used and place not in self._counted:
                self.replayed.requests += 1
                self._count(self.replayed, place, row)
        return found

    async def _buy(self, request: Request, first: int, count: int, halt: asyncio.Event) -> None:
        """Puts at least one sample of a prompt into the ledger, or raises."""
        started = time.monotonic()
        try:
            reply = await self._client.ask(request, first, count, halt)
            self._record(request, first, reply, time.monotonic() - started)
        except Exception as error:
            if _rank(error) == _FATAL:
                halt.set()
            raise

    def _record(self, request: Request, first: int, reply: replies.Reply, seconds: float) -> None:
        row = {
            "key": request.key,
            "first_sample": first,
            "choices": [_kept(choice, request) for choice in reply.choices],
            "request": request.identity,
            "prompt_tokens": reply.prompt_tokens,
            "completion_tokens": reply.completion_tokens,
            "cost": self._cost(reply),
            "seconds": round(seconds, 3),
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "about": reply.about,
        }
        self.usage.requests = self._client.sent
        self._count(self.usage, self.ledger.append(row), row)

    def _cost(self, reply: replies.Reply) -> float | None:
        if self._price is None or reply.prompt_tokens is None or reply.completion_tokens is None:
            return None
        return self._price.cost(prompt_tokens=reply.prompt_tokens, completion_tokens=reply.completion_tokens,
                                cached_tokens=reply.cached_tokens)

    def _count(self, usage: Usage, place: Place, row: Mapping[str, Any]) -> None:
        self._counted.add(place)
        usage.prompt_tokens += row["prompt_tokens"] or 0
        usage.completion_tokens += row["completion_tokens"] or 0
        usage.cost = None if usage.cost is None or row["cost"] is None else usage.cost + row["cost"]


class _Batch:
    """The prompts of one `stream`, answered by as many workers as requests may be under way."""

    def __init__(self, model: OpenAIModel, requests: Sequence[Request], sampling: Sampling,
                 inbox: queue.SimpleQueue[Answer | None]) -> None:
        self.halt = asyncio.Event()
        """Set: nothing more is sent."""
        self._model = model
        self._total = len(requests)
        self._sampling = sampling
        self._inbox = inbox
        self._waiting = iter(enumerate(requests))
        self._answered = 0
        self._failures: list[Exception] = []

    async def run(self) -> None:
        """Answers all prompts, then raises the first failure there was."""
        await asyncio.gather(*(self._work() for _ in range(min(self._model.options.concurrency, self._total))))
        if not self._failures:
            return
        first = min(self._failures, key=_rank)
        if isinstance(first, EndpointError) and self._answered:
            done = f"{self._answered} of {self._total} prompts are answered, and on disk in {self._model.ledger.folder}"
            raise first.with_note(done)
        raise first

    async def _work(self) -> None:
        for index, request in self._waiting:
            if self.halt.is_set():
                return
            try:
                completions = await self._model.answer(request, self._sampling, self.halt)
            except Exception as error:
                self._failures.append(error)
                if _rank(error) == _FATAL:
                    self.halt.set()
            else:
                self._answered += 1
                self._inbox.put((index, completions))


def _kept(choice: replies.Choice, request: Request) -> dict[str, Any]:
    """A choice as the ledger holds it: the likeliest tokens only where they were asked for."""
    values = asdict(choice)
    if not request.top:
        del values["top"]
    return values


def _rank(error: BaseException) -> int:
    """0 for a failure that ends the batch, 1 for one of its prompt alone, 2 for a request that was never sent."""
    if isinstance(error, EndpointError):
        return 1 if error.reason in _OF_ONE_PROMPT else 2 if error.reason == "called_off" else _FATAL
    return _FATAL


def _runs(indices: Sequence[int], longest: int) -> Iterator[tuple[int, int]]:
    """Consecutive indices as (first, count), none longer than `longest`."""
    start = 0
    for end in range(1, len(indices) + 1):
        if end == len(indices) or indices[end] != indices[end - 1] + 1 or end - start == longest:
            yield indices[start], end - start
            start = end


def _settle(future: Future[None]) -> None:
    """Waits for requests under way, which are paid, and gives up on them after a while."""
    wait([future], timeout=_DRAIN)
    if future.cancel() or not future.done():
        wait([future], timeout=5)
