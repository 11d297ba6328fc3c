"""One gamma's way through one problem, behind an endpoint. The method is that of `eg_cfg.decoding.egcfg`.

    solution = await Walk(setting, task, path).run()

Everything runs in the model's own loop: while one walk waits for a reply or a run, the others go on.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from eg_cfg.decoding.account import Account
from eg_cfg.decoding.ahead import Branch, could_be_whole, is_whole, text_of
from eg_cfg.decoding.base import (
    Alternative,
    Candidate,
    FinishReason,
    Refresh,
    Solution,
    Token,
)
from eg_cfg.decoding.candidates import TOKENS_PER_LINE, lines_of, upto_line
from eg_cfg.decoding.drafts import agreeing, drafted, first_passing, to_run, with_traces
from eg_cfg.decoding.outcome import finish
from eg_cfg.decoding.setting import Setting
from eg_cfg.decoding.signals import fitting_signal
from eg_cfg.decoding.tasks import Path, Task
from eg_cfg.decoding.union import Weighed, draw, mix
from eg_cfg.errors import EndpointError
from eg_cfg.models.base import Prompt, Sampling
from eg_cfg.models.continuation import Bought, Prefix
from eg_cfg.models.top_logprobs import Place, TopToken

A = TypeVar("A")
B = TypeVar("B")
_CHARACTERS_PER_TOKEN = 3.0
"""Of code and traces; used only where the endpoint counts no tokens."""
_LEAST_SIGNAL = 16
_END = TopToken(b"", math.nan)
"""The end of a text, where the endpoint does not tell by which token."""


class Walk:
    """Writes one program.

    Args:
        setting: Of the decoder.
        task: The problem.
        path: The gamma.
    """

    def __init__(self, setting: Setting, task: Task, path: Path) -> None:
        self._setting = setting
        self._options = setting.options
        self._task = task
        self._path = path
        self._code: list[TopToken] = []
        self._written = ""
        self._plain: Branch
        self._conditional: Branch | None = None
        self._due = 0
        """Lines of code at which a new signal is due."""
        self._streak = ("", 0)
        self._account = Account(path.counters, setting.counters, setting.seen)

    async def run(self) -> Solution:
        """Writes it; a program that fills the model's context ends there.

        Raises:
            EndpointError: The endpoint refused, or gave up.
        """
        try:
            return await self._write()
        except EndpointError as error:
            if error.reason != "context_length" or not self._code:
                raise
            return self._finish("length", self._code)

    async def _write(self) -> Solution:
        task, path = self._task, self._path
        self._plain = self._branch(await self._prefix(task.frame.plain), "prompt_tokens", "plain_tokens")
        steered = path.gamma > 0 and bool(task.problem.public_tests)
        if not steered:
            path.refreshes.append(Refresh(0, "", (), ""))
        fresh = steered
        while True:
            if fresh and (solution := await self._refresh()) is not None:
                return solution
            token = await self._token()
            reason = self._ended(token)
            if reason is not None:
                return self._finish(reason, self._code)
            fresh = steered and self._is_due(token)

    # --- tokens

    async def _token(self) -> TopToken:
        """Chooses the next token and writes it."""
        gamma = self._path.gamma if self._conditional is not None else 0.0
        plain, conditional = await self._places(gamma)
        if (chosen := self._by_untold_end(gamma, plain, conditional)) is None:
            if gamma not in (0, 1) and (plain is None or conditional is None):
                gamma = 0.0 if conditional is None else 1.0  # the other ends its text, but has less to say
            weighed = mix(plain.top if plain else None, conditional.top if conditional else None, gamma,
                          self._options.top_k)
            can_follow = [each for each in weighed if self._can_follow(each.token)]
            if not can_follow:
                raise EndpointError("none of the likeliest tokens is a whole character, and text cannot be sent "
                                    "otherwise", hint="raise --top-probs, or take a server that takes token ids",
                                    reason="bad_reply")
            uniform = 0.0 if self._path.noise is None else float(self._path.noise[len(self._code)])
            taken = draw(can_follow, self._options.guided_temperature, self._options.guided_top_p, uniform)
            others = [_alternative(each) for each in weighed if each.token.name != taken.token.name]
            self._record(Token(*_values(taken), top=tuple(others[: self._options.alternatives])))
            chosen = taken.token
        else:
            self._record(Token(-1, "", math.nan, math.nan if gamma else None, math.nan))
        for branch in (self._plain, self._conditional):
            if branch is not None:
                branch.advance(chosen)
        self._code.append(chosen)
        if not self._setting.asker.is_end(chosen):
            self._written = text_of(self._code)
        return chosen

    async def _places(self, gamma: float) -> tuple[Place | None, Place | None]:
        """What the branches that have a say tell of the next token."""
        room = self._task.room - len(self._code)
        ahead = min(room, self._setting.lookahead)
        if gamma == 0 and self._path.refreshes[-1].signal == "" and self._unsteered:
            return await self._plain.next(self._code, room, self._task.stops.strings), None
        if gamma == 0:
            return await self._plain.next(self._code, ahead), None
        assert self._conditional is not None
        if gamma == 1:
            return None, await self._conditional.next(self._code, *self._alone())
        if self._options.strategy == "token":
            ahead = 1  # a new signal follows
        plain, conditional = await _both(self._plain.next(self._code, min(room, self._setting.lookahead)),
                                         self._conditional.next(self._code, ahead))
        return plain, conditional

    @property
    def _unsteered(self) -> bool:
        """Whether no signal can come any more."""
        return (self._path.gamma == 0 or not self._task.problem.public_tests
                or self._options.strategy == "persistent")

    def _alone(self) -> tuple[int, tuple[str, ...]]:
        """How far the conditional branch is read where it alone decides: a line, as long as its signal holds."""
        room = self._task.room - len(self._code)
        if self._options.strategy == "token":
            return 1, ()
        return (room, self._task.stops.strings) if self._options.strategy == "persistent" else (room, ("\n",))

    def _by_untold_end(self, gamma: float, plain: Place | None, conditional: Place | None) -> TopToken | None:
        """The end of the text, where an endpoint that does not tell its token decides for it; else none.

        Its log-probability is not known, so nothing can be mixed: the branch with more weight decides.
        """
        decides = conditional if gamma > 0.5 else plain
        return _END if decides is None else None

    def _can_follow(self, token: TopToken) -> bool:
        """Whether the program can be sent with this token at its end, or need not be."""
        asker = self._setting.asker
        if asker.ids or asker.is_end(token):
            return True
        data = b"".join(each.data for each in self._code) + token.data
        if is_whole(data):
            return True
        branches = [self._plain if self._conditional is None or self._path.gamma != 1 else None, self._conditional]
        return could_be_whole(data) and all(branch.completes(self._code, token) for branch in branches if branch)

    def _record(self, token: Token) -> None:
        self._path.refreshes[-1].tokens.append(token)
        observer = self._setting.observer
        if observer is not None:
            task_id, gamma = self._task.problem.task_id, self._path.gamma
            self._setting.tell(lambda: observer.wrote(task_id, gamma, token))

    def _ended(self, token: TopToken) -> FinishReason | None:
        if self._setting.asker.is_end(token):
            return "stop"
        if self._task.stops.cut(self._written) is not None:
            return "stop_sequence"
        return "length" if len(self._code) >= self._task.room else None

    def _is_due(self, token: TopToken) -> bool:
        """Whether the next token wants a new signal."""
        if self._options.strategy == "persistent":
            return False
        if self._options.strategy == "token":
            return True
        return b"\n" in token.data and lines_of(self._written) >= self._due

    # --- signals

    async def _refresh(self) -> Solution | None:
        """Samples, runs, and writes the signal; a solution where that ends the problem."""
        sampled, prompt_tokens = await self._sample()
        drafts = drafted(self._task.given, self._written, sampled)
        runs = []
        for index, program in to_run(drafts).items():
            run, shared = self._setting.shared.run(self._setting.executor, self._task.problem, program)
            self._account.run(shared)
            runs.append((index, asyncio.wrap_future(run)))
        traces = await asyncio.gather(*(asyncio.shield(run) for _, run in runs))
        drafts = with_traces(drafts, {index: trace for (index, _), trace in zip(runs, traces, strict=True)})
        passing = first_passing(drafts)
        if passing is not None and self._options.accept_passing:
            self._path.refreshes.append(Refresh(lines_of(self._written), self._written, drafts, ""))
            return self._finish("accepted", self._code, self._written + passing.text, passing)
        refresh = await self._steer(drafts, prompt_tokens)
        observer = self._setting.observer
        if observer is not None:
            task_id, gamma = self._task.problem.task_id, self._path.gamma
            shown = Refresh(refresh.line, refresh.code, refresh.candidates, refresh.signal, refresh.signal_tokens)
            self._setting.tell(lambda: observer.refreshed(task_id, (gamma,), shown))
        return await self._look() if self._options.early_stop else None

    async def _sample(self) -> tuple[list[tuple[str, bool]], int | None]:
        """Each candidate's text, cut at the horizon, and whether it ended; and the tokens of the prompt."""
        options, task = self._options, self._task
        room = task.room - len(self._code)
        limit = options.candidate_tokens or (
            room if options.horizon is None else TOKENS_PER_LINE * options.horizon)
        sampling = Sampling(n=options.candidates, temperature=options.temperature, top_p=options.top_p,
                            max_new_tokens=min(limit, room), stop=task.stops.strings, seed=options.seed,
                            log_probs=False)
        prefix = self._plain.prompt.then(self._code)
        assert prefix is not None, "a line ends with a whole character"
        found, bought = await self._setting.asker.sample(prefix, sampling, self._setting.halt)
        self._account.arrive(bought[0])
        self._account.count("candidates_sampled", options.candidates)
        self._account.reply("prompt_tokens", "candidate_tokens", bought)
        return [self._cut(text, reason in ("stop", "stop_sequence")) for text, reason in found], bought[0].prompt_tokens

    def _cut(self, text: str, ended: bool) -> tuple[str, bool]:
        whole = self._written + text
        cut = self._task.stops.cut(whole)
        if cut is not None:
            whole, ended = cut, True
        if self._options.horizon is not None:
            last = lines_of(self._written) + self._options.horizon
            whole = upto_line(whole, last)
            ended = ended and lines_of(whole) < last
        return whole[len(self._written):] if whole.startswith(self._written) else "", ended

    async def _steer(self, drafts: tuple[Candidate, ...], prompt_tokens: int | None) -> Refresh:
        """Writes the signal and begins to read both branches."""
        line = lines_of(self._written)
        self._due = line + self._options.refresh
        self._conditional = None
        refresh = Refresh(line, self._written, drafts, "")
        self._path.refreshes.append(refresh)
        self._account.count("refreshes", 1)
        begun = self._begin(refresh, prompt_tokens)
        if self._path.gamma == 1:
            self._conditional = await begun
            return refresh
        room = self._task.room - len(self._code)
        self._conditional, _ = await _both(begun, self._plain.next(self._code, min(room, self._setting.lookahead)))
        return refresh

    async def _begin(self, refresh: Refresh, prompt_tokens: int | None) -> Branch | None:
        """The conditional branch under the longest signal that the limits and the endpoint's context allow."""
        limit = self._options.signal_tokens
        plain = self._plain.prompt
        while limit >= _LEAST_SIGNAL:
            signal = await self._fitting(refresh.candidates, limit, prompt_tokens)
            if not signal:
                break
            prefix = await self._prefix(self._task.frame.conditional(signal))
            first: list[Bought] = []
            branch = self._branch(prefix, "signal_tokens", "conditional_tokens", first)
            want, stop = self._alone()
            if self._path.gamma != 1:
                want, stop = (1 if self._options.strategy == "token" else min(want, self._setting.lookahead)), ()
            try:
                await branch.next(self._code, want, stop)
            except EndpointError as error:
                if error.reason != "context_length":
                    raise
                limit = min(limit, self._size(signal, plain, prompt_tokens)) // 2
                continue
            refresh.signal = signal
            refresh.signal_tokens = None
            if prefix.ids is not None and plain.ids is not None:
                refresh.signal_tokens = len(prefix.ids) - len(plain.ids)
            elif prompt_tokens is not None and first[0].prompt_tokens is not None:
                refresh.signal_tokens = first[0].prompt_tokens - prompt_tokens
            return branch
        return None

    async def _fitting(self, candidates: Sequence[Candidate], limit: int, prompt_tokens: int | None) -> str:
        """The longest signal within a number of tokens, which are counted where they can be, and else estimated."""
        frame, plain = self._task.frame, self._plain.prompt
        if plain.ids is None:
            return fitting_signal(self._task.problem, candidates, frame.signal_template, self._options.minimal_trace,
                                  lambda signal: self._size(signal, plain, prompt_tokens) <= limit,
                                  self._options.signal)
        loop, before = asyncio.get_running_loop(), len(plain.ids)

        def fits(signal: str) -> bool:
            prefix = asyncio.run_coroutine_threadsafe(self._prefix(frame.conditional(signal)), loop).result()
            return len(prefix.ids or ()) - before <= limit

        return await asyncio.to_thread(fitting_signal, self._task.problem, candidates, frame.signal_template,
                                       self._options.minimal_trace, fits, self._options.signal)

    def _size(self, signal: str, plain: Prefix, prompt_tokens: int | None) -> int:
        """About how many tokens a signal is: by the endpoint's own count of the plain prompt and the code so far."""
        characters = len(plain.text) + len(self._written)
        each = characters / prompt_tokens if prompt_tokens else _CHARACTERS_PER_TOKEN
        return math.ceil(len(signal) / each)

    async def _look(self) -> Solution | None:
        """Both branches go on to the end of the program, to see whether signals still change it."""
        room, stop = self._task.room - len(self._code), self._task.stops.strings
        if self._conditional is None or room < 1:
            self._streak = ("", 0)
            return None
        plain, conditional = await _both(self._plain.finished(self._code, room, stop),
                                         self._conditional.finished(self._code, room, stop))
        texts = [self._completion([*self._code, *tokens]) if ended else "" for tokens, ended in (plain, conditional)]
        self._streak = agreeing(self._streak, self._task.problem.completion_prefix, *texts)
        if self._streak[1] < self._options.early_stop:
            return None
        return self._finish("early_stop", [*self._code, *conditional[0]])

    # --- ends

    def _completion(self, code: Sequence[TopToken]) -> str:
        text = text_of([token for token in code if not self._setting.asker.is_end(token)])
        cut = self._task.stops.cut(text)
        return text if cut is None else cut

    def _finish(self, reason: FinishReason, code: Sequence[TopToken], completion: str | None = None,
                accepted: Candidate | None = None) -> Solution:
        ids = [-1 if token.id is None else token.id for token in code]
        text = self._completion(code) if completion is None else completion
        return finish(self._task, self._path, reason, ids, text, accepted)

    async def _prefix(self, prompt: Prompt) -> Prefix:
        assert isinstance(prompt, str), "a completions API has no chats"
        return await self._setting.asker.prefix(prompt)

    def _branch(self, prefix: Prefix, prompt: str, written: str, log: list[Bought] | None = None) -> Branch:
        def counted(bought: Sequence[Bought]) -> None:
            if log is not None:
                log.extend(bought)
            self._account.reply(prompt, written, bought)

        return Branch(self._setting.asker, prefix, self._setting.halt, counted, self._setting.lookahead)


async def _both(first: Coroutine[Any, Any, A], second: Coroutine[Any, Any, B]) -> tuple[A, B]:
    """Both at once; what the first to fail raises is raised when both are over, for both are paid."""
    one, other = await asyncio.gather(first, second, return_exceptions=True)
    if isinstance(one, BaseException):
        raise one
    if isinstance(other, BaseException):
        raise other
    return one, other


def _values(weighed: Weighed) -> tuple[int, str, float, float | None, float]:
    token = weighed.token
    return (-1 if token.id is None else token.id, token.text, weighed.plain, weighed.conditional, weighed.guided)


def _alternative(weighed: Weighed) -> Alternative:
    return Alternative(*_values(weighed))
