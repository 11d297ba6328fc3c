"""EG-CFG over an API: guided decoding with a model behind an OpenAI-compatible completions endpoint.

    model = OpenAIModel("my-model", EndpointOptions(api_base="http://127.0.0.1:8000/v1", api="completions"))
    guide = EndpointGuide(model, Tracer(sandbox), GuideOptions(gammas=(0, 1, 3)), top=20)
    for solution in guide.solve(problems): ...

Options, candidates, runs, signals, prompts and records are those of the local decoder (`eg_cfg.decoding.egcfg`). What
differs is where distributions come from: an endpoint tells the likeliest tokens at each place, so guidance is over the
union of both branches' lists (`eg_cfg.decoding.union`). gamma = 0 asks for the whole program at once; gamma = 1 for a
line at a time, from the conditional prompt alone; other gammas read both branches ahead, at the same time, and ask
again where guidance leaves what was read (`eg_cfg.decoding.ahead`). Candidates are the endpoint's own samples (`n`,
`seed`, stop strings), cut at the horizon here.

Many problems, all gammas and both branches are under way at once, as many requests as `EndpointOptions.concurrency`.
Failed requests are sent again (`eg_cfg.models.retries`). Every reply is in the ledger before it is used, and requests
hang on nothing but what was written before: what was killed and is started again buys nothing twice.

Limits: prompts are text without a chat template, since a completions API has none. See `eg_cfg.models.continuation` for
text against token ids; as text, a token that ends within a character can be chosen only where the endpoint itself goes
on to the character's end. An endpoint that does not say how its computation is batched may answer the same request
with other numbers. `signal_tokens` is an estimate where the endpoint does not tokenise: by its own count of tokens in
the plain prompt.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, wait
from weakref import WeakKeyDictionary

from eg_cfg.benchmarks.base import Problem
from eg_cfg.decoding.base import Counters, Executor, GuideOptions, Observer, Solution
from eg_cfg.decoding.candidates import undocumented
from eg_cfg.decoding.prompting import frame_for
from eg_cfg.decoding.setting import LOOKAHEAD, Setting
from eg_cfg.decoding.sharing import Shared
from eg_cfg.decoding.tasks import Path, Task
from eg_cfg.decoding.walk import Walk
from eg_cfg.errors import ConfigError, EndpointError
from eg_cfg.models.base import TextModel
from eg_cfg.models.continuation import Asker
from eg_cfg.models.openai import OpenAIModel
from eg_cfg.models.randomness import uniforms
from eg_cfg.models.stops import StopStrings

_DRAIN = 60.0
"""Seconds that requests under way are waited for when decoding ends early."""
_OF_ONE_PROBLEM = frozenset({"context_length", "content_filter"})
"""Failures that say nothing about other problems."""
_askers: WeakKeyDictionary[OpenAIModel, dict[int | None, Asker]] = WeakKeyDictionary()

Event = Solution | Callable[[], None] | BaseException | None
"""What comes from the walks: a solution, a call to an observer, or the end of a problem, with what ended it."""


class EndpointGuide:
    """Decodes programs under guidance, for one model behind an endpoint.

    Args:
        model: Asked through the completions API.
        executor: Runs candidates.
        options: How.
        top: Likeliest tokens asked for at each place; none is 20, or 5 where the endpoint refuses that.
        shared: Runs of earlier decoders, to be used and added to.
        observer: Watches; called in the thread that `solve` is driven from.
        lookahead: Tokens of a branch that are read at once where guidance may leave it at any token.

    Raises:
        ConfigError: The model is not behind an endpoint, or the endpoint cannot continue a prefix with
            log-probabilities; it was asked for one token, and the message says what it answered.
        EndpointError: The endpoint could not be asked.
    """

    def __init__(self, model: TextModel, executor: Executor, options: GuideOptions | None = None, *,
                 top: int | None = None, shared: Shared | None = None, observer: Observer | None = None,
                 lookahead: int = LOOKAHEAD) -> None:
        self.model = _askable(model)
        self.executor = executor
        self.options = options or GuideOptions()
        self.shared = shared or Shared()
        self.observer = observer
        self.lookahead = lookahead
        self.counters = Counters()
        """All that was done so far; replies that gammas share are counted once."""
        if top is not None and top < 1:
            raise ConfigError(f"--top-probs: expected at least 1 for an endpoint, found {top}")
        askers = _askers.setdefault(self.model, {})
        if top not in askers:
            askers[top] = self.model.submit(Asker.open(self.model, top)).result()
        self.asker = askers[top]
        self._seen: set[str] = set()

    def solve(self, problems: Iterable[Problem]) -> Iterator[Solution]:
        """Decodes each problem with each gamma.

        Yields:
            Solutions as they are completed, in no particular order.

        Raises:
            ConfigError: A prompt does not suit a problem.
            EndpointError: The endpoint refused, or gave up; finished replies are in the ledger. A problem that is too
                long for the model, or that the endpoint's filter refuses, is raised after the others are done.
            SandboxError: A candidate could not be run.
        """
        inbox: queue.SimpleQueue[Event] = queue.SimpleQueue()
        setting = Setting(self.asker, self.executor, self.options, self.shared, self.counters, self.observer,
                          asyncio.Event(), inbox.put, self.lookahead, self._seen)
        under_way: set[Future[None]] = set()
        failures: list[BaseException] = []
        waiting = iter(problems)
        solved = open_problems = 0
        started = time.perf_counter()
        try:
            while True:
                while open_problems < self.options.batch_size and not any(map(_is_fatal, failures)):
                    problem = next(waiting, None)
                    if problem is None:
                        break
                    future = self.model.submit(self._solve(setting, self._task(problem), inbox))
                    under_way.add(future)
                    future.add_done_callback(under_way.discard)
                    open_problems += 1
                if not open_problems:
                    break
                event = inbox.get()
                if isinstance(event, Solution):
                    solved += 1
                    yield event
                elif callable(event):
                    event()
                else:
                    open_problems -= 1
                    if event is not None:
                        failures.append(event)
            if failures:
                raise _first(failures, solved, self.model)
        finally:
            if under_way:
                with contextlib.suppress(RuntimeError):  # the loop is closed: nothing is under way
                    self.model.call_soon(setting.halt.set)
                wait(list(under_way), timeout=_DRAIN)  # they are paid
                for future in list(under_way):
                    future.cancel()
            seconds = self.counters.seconds
            seconds["total"] = seconds.get("total", 0.0) + time.perf_counter() - started

    async def _solve(self, setting: Setting, task: Task, inbox: queue.SimpleQueue[Event]) -> None:
        """All gammas of a problem at once; what the first to fail raises ends the problem, once all are over."""

        async def one(gamma: float) -> None:
            path = Path(gamma, None)
            if self.options.guided_temperature > 0:
                path.noise = uniforms(self.options.seed, f"guided {gamma!r} {task.frame.plain}", 0, task.room)
            inbox.put(await Walk(setting, task, path).run())

        found: list[BaseException | None] = []
        try:
            found = await asyncio.gather(*map(one, self.options.gammas), return_exceptions=True)
        except BaseException as error:
            found = [error]
            raise
        finally:
            failures = [error for error in found if error is not None]
            worst = min(failures, key=_rank, default=None)
            if worst is not None and _is_fatal(worst):
                setting.halt.set()
            inbox.put(worst)

    def _task(self, problem: Problem) -> Task:
        options = self.options
        frame = frame_for(problem, options.prompt_type, chat=False)
        stops = StopStrings(frame.stop if options.stop is None else options.stop, lambda _: "")
        return Task(problem, frame, (), options.max_new_tokens or frame.max_new_tokens, stops,
                    undocumented(problem.completion_prefix), len(options.gammas))


def _askable(model: TextModel) -> OpenAIModel:
    if not isinstance(model, OpenAIModel):
        raise ConfigError(f"guided decoding over an API needs a model behind an endpoint, and {model.name!r} is "
                          f"a {type(model).__name__}: pass --api-base, or decode it with Guide")
    if model.options.api != "completions":
        raise ConfigError(f"EG-CFG guidance continues a program from any of its tokens, and {model.endpoint} is asked "
                          f"through its chat API, which answers anew: pass --model-option api=completions if it has "
                          f"that API with log-probabilities, or a local model, for instance --model-name tiny")
    return model


def _rank(error: BaseException) -> int:
    """0 for a failure that ends everything, 1 for one of its problem alone, 2 for a request that was never sent."""
    if isinstance(error, EndpointError):
        return 1 if error.reason in _OF_ONE_PROBLEM else 2 if error.reason == "called_off" else 0
    return 0


def _is_fatal(error: BaseException) -> bool:
    return _rank(error) == 0


def _first(failures: list[BaseException], solved: int, model: OpenAIModel) -> BaseException:
    first = min(failures, key=_rank)
    if isinstance(first, EndpointError):
        return first.with_note(f"{solved} programs are finished; every paid reply is in {model.ledger.folder}")
    return first
