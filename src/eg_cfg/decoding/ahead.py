"""One branch of guided decoding behind an endpoint: read ahead, and used as long as it holds.

    branch = Branch(asker, prefix, halt, counted)
    place = await branch.next(code, want=16)        # the next token's likeliest; None: the text is at its end
    branch.advance(chosen)

A request costs its whole prompt, so each asks for the branch's own likeliest continuation some tokens far. While
guidance chooses the branch's own tokens, what was read holds and nothing is asked; the first other token ends that.
Nothing is lost in exactness: a place's distribution is the one after the tokens that were in fact written.
"""

from __future__ import annotations

import asyncio
import codecs
from collections.abc import Callable, Sequence

from eg_cfg.errors import EndpointError
from eg_cfg.models.continuation import Asker, Bought, Continuation, Prefix
from eg_cfg.models.top_logprobs import Place, TopToken

_CHARACTER = 8
"""Tokens that are read further where a reply ends within its first character."""


class Branch:
    """The continuation of one prompt and the code so far.

    Args:
        asker: Asks.
        prompt: What the code follows.
        halt: Once set, nothing is asked.
        counted: Is told what was bought.
        lookahead: Tokens that are asked for where it is unlikely that more would hold.
    """

    def __init__(self, asker: Asker, prompt: Prefix, halt: asyncio.Event, counted: Callable[[Sequence[Bought]], None],
                 lookahead: int) -> None:
        self.prompt = prompt
        self._asker = asker
        self._halt = halt
        self._counted = counted
        self._lookahead = lookahead
        self._places: list[Place] = []
        """What was read and has not been written yet."""
        self._over = False
        """Whether the text is at its end after them, by a token that was not told."""
        self._careful = False
        """Whether the endpoint stopped at a stop string after them, without telling its tokens."""

    async def next(self, code: Sequence[TopToken], want: int, stop: Sequence[str] = ()) -> Place | None:
        """The likeliest tokens after the code.

        Args:
            code: Tokens written so far.
            want: Tokens to read where nothing is read yet.
            stop: Strings at which reading may stop; the token that completes one is read all the same.

        Returns:
            The place, or none where the endpoint ended the text there without telling by which token.
        """
        while not self._places and not self._over:
            await self._read(code, want, stop)
        return self._places[0] if self._places else None

    async def finished(self, code: Sequence[TopToken], room: int,
                       stop: Sequence[str]) -> tuple[list[TopToken], bool]:
        """The branch's own continuation, read up to the program's end; what was read is kept.

        Returns:
            Its tokens, and whether the program ended within the room.
        """
        checked = 0
        while True:
            for checked in range(checked, len(self._places)):  # noqa: B020  goes on where it was
                tokens = [place.chosen for place in self._places[: checked + 1]]
                written = text_of([*code, *tokens])
                if self._asker.is_end(tokens[-1]) or any(string in written for string in stop):
                    return tokens, True
                if len(tokens) >= room:
                    return tokens, False
            if self._over:
                return [place.chosen for place in self._places], True
            checked = len(self._places)
            await self._read(code, room - checked, stop)

    def advance(self, token: TopToken) -> None:
        """A token was written: what was read after another one is void."""
        if self._places and self._places[0].chosen.name == token.name:
            del self._places[0]
        else:
            self._places = []
            self._over = self._careful = False

    def completes(self, code: Sequence[TopToken], token: TopToken) -> bool:
        """Whether a token is the branch's own, and the character that it begins is read to its end."""
        if not self._places or self._places[0].chosen.name != token.name:
            return False
        data = b"".join(each.data for each in code)
        for place in self._places:
            data += place.chosen.data
            if is_whole(data):
                return True
        return False

    async def _read(self, code: Sequence[TopToken], want: int, stop: Sequence[str]) -> None:
        prefix = self.prompt.then([*code, *(place.chosen for place in self._places)])
        if prefix is None:
            raise EndpointError("a program has to be continued within a character, and text cannot be sent so",
                                hint="take a server that takes token ids, or another model", reason="bad_reply")
        careful, self._careful = self._careful, False
        if careful:  # the token at which it stopped was not told: it is asked for without a stop string
            want, stop = min(want, 1 if tuple(stop) == ("\n",) else self._lookahead), ()
        reply = await self._ask(prefix, want, stop)
        whole = self._whole(reply.places)
        if reply.places and not whole:  # it begins with a character that it does not end
            reply = await self._ask(prefix, want + _CHARACTER, stop)
            whole = self._whole(reply.places) or reply.places
        self._places += whole
        if reply.ended and len(whole) == len(reply.places):
            self._stopped(reply, stop)

    async def _ask(self, prefix: Prefix, want: int, stop: Sequence[str]) -> Continuation:
        while True:
            try:
                reply = await self._asker.greedy(prefix, want, self._halt, stop)
            except EndpointError as error:
                if error.reason != "context_length" or want == 1:
                    raise
                want //= 2  # endpoints refuse what might not fit; what is refused costs nothing
                continue
            self._counted(reply.bought)
            return reply

    def _whole(self, places: list[Place]) -> list[Place]:
        """The places up to the end of the last whole character: what follows them can be sent."""
        if self._asker.ids:
            return places
        data, kept = b"", 0
        for count, place in enumerate(places, start=1):
            data += b"" if self._asker.is_end(place.chosen) else place.chosen.data
            if is_whole(data):
                data, kept = b"", count
        return places[:kept]

    def _stopped(self, reply: Continuation, stop: Sequence[str]) -> None:
        if not stop:
            self._over = not (reply.places and self._asker.is_end(reply.places[-1].chosen))
            return
        text = text_of([place.chosen for place in reply.places])
        told = any(string in text for string in stop) or (
            bool(reply.places) and self._asker.is_end(reply.places[-1].chosen))
        self._careful = not told


def text_of(code: Sequence[TopToken]) -> str:
    """The text of tokens; a part of a character at its end is left out."""
    return b"".join(token.data for token in code).decode("utf-8", "ignore")


def is_whole(data: bytes) -> bool:
    """Whether bytes are whole characters."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def could_be_whole(data: bytes) -> bool:
    """Whether bytes are characters, the last of which may be unfinished."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return False
    return True
