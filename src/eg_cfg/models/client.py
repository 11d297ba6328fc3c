"""Asks an endpoint for samples until it answers: retries, and fields that it turns out not to take.

    client = EndpointClient(endpoint, options)
    reply = await client.ask(request, first=0, count=10, halt=halt)

The library's exceptions hold the request with its key, so none of them leaves this file, not even as a cause.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eg_cfg.errors import EndpointError, MissingExtraError
from eg_cfg.models import failures, replies
from eg_cfg.models.endpoint import Endpoint, EndpointOptions
from eg_cfg.models.requests import Quirk, Request
from eg_cfg.models.retries import Pause, with_retries

if TYPE_CHECKING:
    import openai

log = logging.getLogger(__name__)

_CONNECT_SECONDS = 20.0
_UNSUPPORTED = re.compile(r"unsupported|not support|unknown|unrecogni[sz]ed|unexpected|not permitted|not allowed|"
                          r"only one|currently only", re.IGNORECASE)
_QUIRKS: tuple[tuple[Quirk, str, str], ...] = (
    ("logprobs", r"\blogprobs\b", "log-probabilities are unknown"),
    ("seed", r"\bseed\b", "its samples cannot be repeated"),
    ("max_tokens", r"\bmax_tokens\b", "max_completion_tokens is sent instead"),
    ("n", r"\bn\b|completion choice", "samples are asked for one by one"),
)
"""Fields that an endpoint may refuse, how its words name them, and what is done without them."""


@dataclass(slots=True)
class _Outcome:
    reply: replies.Reply | None = None
    failure: EndpointError | None = None
    said: str = ""
    """The endpoint's words."""


class EndpointClient:
    """Connections to one endpoint, and what is known about it.

    Raises:
        MissingExtraError: The package `openai` is not installed.
    """

    def __init__(self, endpoint: Endpoint, options: EndpointOptions) -> None:
        self.sent = 0
        """Requests sent, repeated ones included."""
        self.samples_per_reply = options.samples_per_request
        """As many as the endpoint gives, as far as is known."""
        self._endpoint = endpoint
        self._options = options
        self._library = _library(endpoint, options)
        self._slots = asyncio.Semaphore(options.concurrency)
        self._pause = Pause()
        self._quirks: set[Quirk] = set()

    async def ask(self, request: Request, first: int, count: int, halt: asyncio.Event) -> replies.Reply:
        """At least one and at most `count` samples, from number `first` on.

        Args:
            request: The prompt and its options.
            first: Number of the first sample.
            count: How many are wanted.
            halt: Once set, nothing is sent any more.

        Raises:
            EndpointError: The endpoint refused, or did not answer however often it was asked.
        """

        async def sleep(seconds: float) -> bool:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(halt.wait(), seconds)
            return not halt.is_set()

        async with self._slots:
            if halt.is_set():
                raise failures.called_off()
            return await with_retries(lambda: self._attempt(request, first, count), self._options.policy, self._pause,
                                      sleep)

    async def tokenize(self, text: str) -> list[int] | None:
        """Token ids of a prompt, begin-of-text included, where the server has a way to ask for them.

        llama.cpp's server and vLLM answer `/tokenize` beside the version path; each has its own names for the same
        fields, and passes over the other's. None where there is no such answer.
        """
        import openai

        root = self._endpoint.base_url.removesuffix("/v1")
        fields = {"model": self._endpoint.model, "prompt": text, "content": text, "add_special": True,
                  "add_special_tokens": True}
        try:
            async with self._slots, asyncio.timeout(self._options.request_timeout):
                reply: Any = await self._library.post(f"{root}/tokenize", cast_to=object, body=fields)
        except (openai.APIError, TimeoutError, ValueError):
            return None
        ids = reply.get("tokens") if isinstance(reply, dict) else None
        return ids if isinstance(ids, list) and ids and all(isinstance(each, int) for each in ids) else None

    async def close(self) -> None:
        """Ends the connections."""
        await self._library.close()

    async def _attempt(self, request: Request, first: int, count: int) -> replies.Reply:
        while True:
            count = min(count, self.samples_per_reply)
            fields, extra = request.body(first, count, self._quirks)
            outcome = await self._send(fields, extra)
            if outcome.reply is not None:
                break
            assert outcome.failure is not None
            if not self._adapt(outcome, request, fields):
                raise outcome.failure
        given = len(outcome.reply.choices)
        if given < count:
            self.samples_per_reply = given
            log.warning("%s gave %d of %d samples in one reply: the others are asked for separately", self._endpoint,
                        given, count)
        del outcome.reply.choices[count:]
        return outcome.reply

    async def _send(self, fields: Mapping[str, Any], extra: Mapping[str, Any]) -> _Outcome:
        import openai

        resource: Any = self._library.chat.completions if "messages" in fields else self._library.completions
        self.sent += 1
        seconds = self._options.request_timeout
        try:
            async with asyncio.timeout(seconds):  # the library's own is between bytes, which may drip for ever
                raw = await resource.with_raw_response.create(**fields, extra_body=dict(extra))
            body = raw.http_response.content
            return _Outcome(reply=replies.parse(self._endpoint.without_key(body.decode("utf-8"))))
        except UnicodeDecodeError:
            return _Outcome(failure=failures.bad_reply(self._endpoint, "bytes that are not UTF-8"))
        except replies.MalformedReply as error:
            return _Outcome(failure=failures.bad_reply(self._endpoint, str(error)))
        except replies.RefusedInReply as error:
            return self._refused(error.status, raw.headers, body)
        except openai.APIStatusError as error:
            return self._refused(error.status_code, error.response.headers, error.response.content)
        except (TimeoutError, openai.APITimeoutError) as error:
            if "Connect" in type(error.__cause__).__name__:
                return _Outcome(failure=failures.disconnected(self._endpoint, f"no answer in {_CONNECT_SECONDS:g} s"))
            return _Outcome(failure=failures.timed_out(self._endpoint, seconds))
        except openai.APIConnectionError as error:
            return _Outcome(failure=failures.disconnected(self._endpoint, _cause(error)))
        except openai.APIError as error:
            return _Outcome(failure=failures.bad_reply(self._endpoint, f"a {type(error).__name__} of the library"))

    def _refused(self, status: int, headers: Mapping[str, str], body: bytes) -> _Outcome:
        return _Outcome(failure=failures.from_status(self._endpoint, status, headers, body),
                        said=failures.words(body)[0])

    def _adapt(self, outcome: _Outcome, request: Request, fields: Mapping[str, Any]) -> bool:
        """Whether a field was refused that can be done without; it is from now on."""
        failure = outcome.failure
        if failure is None or failure.status not in (400, 403, 422) or not _UNSUPPORTED.search(outcome.said):
            return False
        if failure.reason not in ("refused", "authentication"):
            return False
        for name, pattern, instead in _QUIRKS:
            if name == "logprobs" and request.top:
                continue
            if name in fields and re.search(pattern, outcome.said):
                if name == "n":
                    self.samples_per_reply = 1
                if name not in self._quirks:
                    self._quirks.add(name)
                    log.warning("%s does not take the field %s: %s", self._endpoint, name, instead)
                return True
        return False


def _library(endpoint: Endpoint, options: EndpointOptions) -> openai.AsyncOpenAI:
    try:
        import openai
    except ImportError:
        raise MissingExtraError("openai", "api", "a model behind an endpoint") from None
    seconds = options.request_timeout
    timeout = openai.Timeout(seconds, connect=min(seconds, _CONNECT_SECONDS))
    # its own retries are off: they neither count, nor make the other requests wait
    return openai.AsyncOpenAI(api_key=endpoint.key.get_secret_value(), base_url=endpoint.base_url, max_retries=0,
                              timeout=timeout)


def _cause(error: BaseException) -> str:
    """What broke a connection: the innermost error's words, which the library's own hide."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return " ".join(f"{type(error).__name__}: {error}".split()).rstrip(": ")[:200]
