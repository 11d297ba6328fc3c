"""Continues prefixes behind an endpoint, with the likeliest tokens at each place.

    asker = await Asker.open(model, top=20)     # asks for one token, and refuses what cannot do it
    prefix = await asker.prefix("def add(a, b):\\n")
    reply = await asker.greedy(prefix, max_tokens=16, halt=halt)
    reply.places[0].chosen.data, reply.places[0].top, reply.ended

Everything here runs in the model's own loop (`OpenAIModel.submit`). Every reply is in the ledger before it is used, and
is bought once.

Text and ids. Endpoints take text, and tokenise it anew each time: where the tokens of a prefix are not those that the
tokenizer makes of its text (`ret` and `urn` written one after the other, say), the model sees another prefix than it
would in a decoder of its own. Where the endpoint names tokens by id, tokenises prompts for us and takes ids as a prompt
(llama.cpp's server does all three), prefixes are ids, and nothing drifts.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from eg_cfg.errors import ConfigError, EndpointError
from eg_cfg.models.base import Sampling
from eg_cfg.models.openai import Held, OpenAIModel
from eg_cfg.models.requests import Request, build, build_continuation
from eg_cfg.models.top_logprobs import Place, TopToken, places

TOP = (20, 5)
"""How many of the likeliest tokens are asked for where nobody says: as many as vLLM tells, else as many as OpenAI."""
_PROBE = "def add(a, b):\n    return a +"
_TRIES = 3
"""Times that a reply without log-probabilities is bought anew."""
_SPECIAL = re.compile(rb"|</?s>|<eos>|<end_of_turn>|<(?:\||\xef\xbd\x9c).*(?:\||\xef\xbd\x9c)>")
"""Texts by which servers name tokens that end a text; an empty one does too."""


@dataclass(frozen=True, slots=True)
class Prefix:
    """What is to be continued."""

    text: str
    ids: tuple[int, ...] | None = None
    """Its tokens, where the endpoint takes them."""

    def then(self, code: Sequence[TopToken]) -> Prefix | None:
        """The prefix and tokens after it; none where that cannot be sent, because it ends within a character."""
        if self.ids is not None and all(token.id is not None for token in code):
            return Prefix(self.text, (*self.ids, *(token.id for token in code if token.id is not None)))
        try:
            return Prefix(self.text + b"".join(token.data for token in code).decode("utf-8"))
        except UnicodeDecodeError:
            return None


@dataclass(frozen=True, slots=True)
class Bought:
    """What a request came to."""

    key: str
    prompt_tokens: int | None
    completion_tokens: int | None
    cost: float | None
    """US dollars, where the price is known."""


@dataclass(frozen=True, slots=True)
class Continuation:
    """The likeliest continuation of a prefix, as far as its places are told."""

    places: list[Place]
    ended: bool
    """Whether the endpoint stopped by itself: right after them where the text is at its end, or at a stop string, whose
    token may not be among them."""
    bought: list[Bought]


@dataclass(slots=True)
class Asker:
    """An endpoint that is known to continue prefixes with log-probabilities. Made by `open`."""

    model: OpenAIModel
    top: int
    """Likeliest tokens asked for at each place."""
    ids: bool = False
    """Whether prefixes are token ids."""
    _ends: set[bytes] = field(default_factory=set)
    _tokenized: dict[str, tuple[int, ...]] = field(default_factory=dict)

    @classmethod
    async def open(cls, model: OpenAIModel, top: int | None) -> Asker:
        """Asks for one token.

        Args:
            model: Asked through the completions API.
            top: Likeliest tokens to ask for; as many as the endpoint gives, of `TOP`, where none.

        Raises:
            ConfigError: The endpoint does not continue prefixes, or tells no log-probabilities; the message says why.
            EndpointError: It cannot be asked at all.
        """
        choices = (top,) if top is not None else TOP
        for count in choices:
            asker = cls(model, count)
            try:
                held = await asker._ask(_PROBE, None, 0, 1, (), asyncio.Event())  # a refusal sets it
            except EndpointError as error:
                if error.reason == "refused" and count != choices[-1]:
                    continue
                if error.status in (400, 404, 405, 422, 501):
                    raise _refusal(model, f"asked for one token with {count} log-probabilities, it answers "
                                          f"({error.message})") from None
                raise
            found = places(held[0].top or [])
            if not found:
                raise _refusal(model, f"asked for one token with {count} log-probabilities, it tells none")
            if not _spelled(found, held[0].text):
                raise _refusal(model, f"the tokens that it tells do not spell the text that it writes: "
                                      f"{found[0].chosen.text!r}, and {held[0].text[:20]!r}")
            asker.ids = await asker._takes_ids(found[0])
            return asker
        raise AssertionError("one of the numbers is the last")

    async def prefix(self, text: str) -> Prefix:
        """A prompt as this endpoint takes it."""
        if not self.ids:
            return Prefix(text)
        if text not in self._tokenized:
            ids = await self.model.tokenize(text)
            if ids is None:
                raise EndpointError(f"{self.model.endpoint}: expected the token ids of a prompt, found none",
                                    hint="it told them before: start the same command again", reason="bad_reply")
            self._tokenized[text] = tuple(ids)
        return Prefix(text, self._tokenized[text])

    def is_end(self, token: TopToken) -> bool:
        """Whether a token ends the text."""
        return token.data in self._ends or _SPECIAL.fullmatch(token.data) is not None

    async def greedy(self, prefix: Prefix, max_tokens: int, halt: asyncio.Event,
                     stop: Sequence[str] = ()) -> Continuation:
        """The likeliest continuation: at least one place, unless the endpoint ends the text at once.

        The token that completes a stop string is among the places where the endpoint lists it.

        Raises:
            EndpointError: The endpoint refused, gave up, or keeps log-probabilities back, however often it is asked.
        """
        bought: list[Bought] = []
        for number in range(_TRIES):
            choice, row = await self._ask(prefix.text, prefix.ids, number, max_tokens, stop, halt)
            bought.append(_bought(row))
            told = places(choice.top or [])
            found = _spelled(told, choice.text)
            stopped = choice.finish_reason not in (None, "length")
            if stopped and not stop:
                self._learn(told, choice.text)
            if found or (stopped and (stop or not choice.text)):  # what completes a stop string may not be told
                whole = len(found) == len(told) and _text(found).startswith(choice.text.encode("utf-8", "replace"))
                return Continuation(found, stopped and (whole or bool(stop)), bought)
        raise EndpointError(f"{self.model.endpoint}: expected the log-probabilities of the likeliest tokens, found "
                            f"none in {_TRIES} replies", reason="bad_reply",
                            hint="it told them before: start the same command again; finished replies are on disk")

    async def sample(self, prefix: Prefix, sampling: Sampling,
                     halt: asyncio.Event) -> tuple[list[tuple[str, str | None]], list[Bought]]:
        """Sampled continuations: (text, cut before its stop string; finish reason), and what they came to.

        Raises:
            EndpointError: The endpoint refused, or gave up.
        """
        from eg_cfg.models.replies import completion

        request = build(self.model.endpoint, self.model.options, prefix.text, sampling, prefix.ids)
        held = await self.model.secure(request, range(sampling.n), halt)
        rows = {row["first_sample"]: row for _, row in held}
        done = [completion(choice, sampling, None) for choice, _ in held]
        return [(each.text, each.finish_reason) for each in done], [_bought(row) for row in rows.values()]

    async def _ask(self, text: str, ids: Sequence[int] | None, number: int, max_tokens: int, stop: Sequence[str],
                   halt: asyncio.Event) -> Held:
        """One continuation; a further `number` buys another reply to the same question."""
        model = self.model
        request: Request = build_continuation(model.endpoint, model.options, text if ids is None else ids,
                                              max_tokens=max_tokens, top=self.top, stop=stop)
        [held] = await model.secure(request, range(number, number + 1), halt)
        return held

    async def _takes_ids(self, place: Place) -> bool:
        """Whether prefixes can be token ids: they are told, prompts can be tokenised, and both come to the same."""
        if place.chosen.id is None or any(token.id is None for token in place.top):
            return False
        ids = await self.model.tokenize(_PROBE)
        if ids is None:
            return False
        try:
            choice, _ = await self._ask(_PROBE, ids, 0, 1, (), asyncio.Event())
        except EndpointError as error:
            if error.status is None or error.retryable:
                raise
            return False
        found = places(choice.top or [])
        return bool(found) and found[0].chosen.id == place.chosen.id

    def _learn(self, told: Sequence[Place], text: str) -> None:
        """The last token of a text that ended by itself, and is not in it, is one that ends texts."""
        if told and _text(told[:-1]) == text.encode():
            self._ends.add(told[-1].chosen.data)


def _refusal(model: OpenAIModel, reason: str) -> ConfigError:
    return ConfigError(f"EG-CFG guidance needs an API that continues a prefix and tells log-probabilities, and "
                       f"{model.endpoint} is none: {reason}; take a server whose completions API has logprobs "
                       f"(llama.cpp, vLLM), or a local model, for instance --model-name tiny")


def _bought(row: dict[str, Any]) -> Bought:
    return Bought(f"{row['key']} {row['first_sample']}", row["prompt_tokens"], row["completion_tokens"], row["cost"])


def _text(found: Sequence[Place]) -> bytes:
    return b"".join(place.chosen.data for place in found)


def _spelled(found: Sequence[Place], text: str) -> list[Place]:
    """The places whose tokens spell the text; what follows it is the stop string, or the end of the text.

    Servers differ in how they write bytes that are no characters: from there on nothing is compared.
    """
    whole = text.partition("\ufffd")[0].encode("utf-8", "replace")
    spelled = b""
    for count, place in enumerate(found):
        data = place.chosen.data
        if _SPECIAL.fullmatch(data) and not whole.startswith(spelled + data):
            continue  # texts leave it out
        spelled += data
        if not (whole.startswith(spelled) or spelled.startswith(whole)):
            return list(found[:count])
    return list(found)
