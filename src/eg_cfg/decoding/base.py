"""Guided decoding: its options, what it gives back, and what runs candidates for it.

    guide = Guide(model, executor, GuideOptions(gammas=(0, 1, 3), candidates=3, horizon=2))
    for solution in guide.solve(problems):          # as completed; one for each problem and gamma
        solution.program, solution.refreshes[0].candidates, solution.counters.executions_run

The method is EG-CFG (Lavon, Katz, Wolf, arXiv 2506.10948, section 3). Everything here is data; the decoder is in
`eg_cfg.decoding.egcfg`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol, Self, get_args

from pydantic import Field, field_validator, model_validator

from eg_cfg.benchmarks.base import Problem, Test
from eg_cfg.config import Options
from eg_cfg.sandbox.tracing import Trace

Strategy = Literal["line", "token", "persistent"]
"""When a new signal is made: every `refresh` lines, before every token, or once, at the beginning."""
PromptType = Literal["auto", "deepseek_instruct", "long_code", "completion", "signal_tokens"]
"""`auto` is what the model's own configuration says that it reads; else `deepseek_instruct` where the tokenizer has a
chat template, and `completion` elsewhere."""
PROMPT_TYPES: tuple[PromptType, ...] = get_args(PromptType)
SignalPart = Literal["whole", "no_traces", "verdicts", "traces", "shuffled", "failing"]
"""What a signal shows of candidates (`eg_cfg.decoding.parts`); all but `whole` are for studies of what does the
work."""
SIGNAL_PARTS: tuple[SignalPart, ...] = get_args(SignalPart)
FinishReason = Literal["stop", "stop_sequence", "length", "early_stop", "accepted"]
"""`stop`: the model ended its text; `stop_sequence`: a stop string was written; `length`: no token was left;
`early_stop`: the same finished program from several signals in a row; `accepted`: a sampled candidate passed the
shown tests."""


class GuideOptions(Options):
    """How programs are decoded. The defaults are those of the published method, at a size that a laptop bears."""

    gammas: tuple[float, ...] = (0.0, 0.5, 1.0, 3.0)
    """Strengths of guidance, each decoded for itself: 0 is plain decoding, 1 is conditional decoding."""
    candidates: int = Field(default=3, ge=1)
    """s: continuations sampled for each signal."""
    temperature: float = Field(default=0.75, gt=0.0)
    """t: of the candidates."""
    horizon: int | None = Field(default=2, ge=1)
    """d: lines that a candidate goes on for; null is to the end of the program."""
    refresh: int = Field(default=1, ge=1)
    """k: lines between new signals."""
    prompt_type: PromptType = "auto"
    """What the prompt looks like, and the signal in it."""
    strategy: Strategy = "line"
    """When a new signal is made."""
    top_p: float = Field(default=1.0, gt=0.0, le=1.0)
    """Candidates are sampled from the smallest set of tokens that holds this much probability."""
    top_k: int = Field(default=0, ge=0)
    """Guidance chooses among the k likeliest tokens of either branch; 0 is the whole vocabulary."""
    guided_temperature: float = Field(default=0.0, ge=0.0)
    """Of guided tokens; 0 takes the likeliest."""
    guided_top_p: float = Field(default=1.0, gt=0.0, le=1.0)
    """The same as `top_p`, for guided tokens that are sampled."""
    max_new_tokens: int | None = Field(default=None, ge=1)
    """Tokens of a program at most; null is the benchmark's usual number."""
    candidate_tokens: int | None = Field(default=None, ge=1)
    """Tokens of a candidate at most; null is 64 a line of the horizon, or what the program has left."""
    signal_tokens: int = Field(default=1024, ge=16)
    """Tokens of a signal at most; a longer one loses the middles of its traces, then traces, then candidates."""
    stop: tuple[str, ...] | None = None
    """Strings that end a program; null is what suits the prompt."""
    early_stop: int = Field(default=0, ge=0)
    """Stop when this many signals in a row led to the same finished program on both branches (published: 4).

    0 is off: it needs both branches decoded to the end at every signal.
    """
    accept_passing: bool = False
    """Stop as soon as a sampled candidate passes the shown tests; not part of the published method."""
    minimal_trace: bool = False
    """Signals show the final state of a run instead of each line."""
    signal: SignalPart = "whole"
    """What signals show of candidates. Candidates, runs and records are the same whatever is shown."""
    alternatives: int = Field(default=3, ge=0)
    """Likeliest other tokens recorded for each token."""
    seed: int = Field(default=42, ge=0)
    """Each problem, prefix and candidate has a random stream of its own under this seed."""
    batch_size: int = Field(default=8, ge=1)
    """Problems decoded at once."""

    @field_validator("gammas", mode="before")
    @classmethod
    def _several(cls, value: Any) -> Any:
        return (value,) if isinstance(value, int | float) and not isinstance(value, bool) else value

    @model_validator(mode="after")
    def _together(self) -> Self:
        if not self.gammas:
            raise ValueError("--gammas: expected at least one number, found none")
        if any(not 0 <= gamma < float("inf") for gamma in self.gammas):
            raise ValueError(f"--gammas: expected finite numbers of 0 or more, found {list(self.gammas)}")
        if len(set(self.gammas)) < len(self.gammas):
            raise ValueError(f"--gammas: expected each number once, found {list(self.gammas)}")
        if any(not stop for stop in self.stop or ()):
            raise ValueError("--stop: expected strings of at least one character, found an empty one")
        if self.strategy != "line" and self.refresh != 1:
            raise ValueError(f"--refresh counts lines between signals, and the strategy {self.strategy!r} has none: "
                             f"leave it at 1, found {self.refresh}")
        return self


class Executor(Protocol):
    """Runs programs beside the decoder; `eg_cfg.grading.tracing.Tracer` is one."""

    def submit(self, problem: Problem, program: str, tests: Sequence[Test] | None = None) -> Future[Trace]:
        """Starts a program on the problem's shown tests (or these), and gives a future of its trace.

        The program's failures are in the trace; the future raises only for faults of the toolkit.
        """


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sampled continuation."""

    index: int
    """Its place among the candidates of its signal."""
    text: str
    """What was sampled, cut at the horizon."""
    program: str | None
    """Executable form: the prompt's code without its docstring, code so far and as much of the text as parses; none
    where nothing does."""
    duplicate_of: int | None
    """Index of the earlier candidate with the same program, up to layout."""
    outcome: str | None
    """Of the run on the shown tests: `passed`, or that of the first test that failed; none where it was not run."""
    trace: Trace | None = None
    """Of the run; none where it was not run."""
    ended: bool = False
    """Whether the model ended the program within the horizon."""

    def to_json(self) -> dict[str, Any]:
        """Plain data for the records."""
        return {"index": self.index, "text": self.text, "program": self.program, "duplicate_of": self.duplicate_of,
                "outcome": self.outcome, "ended": self.ended, "trace": plain(self.trace)}


@dataclass(frozen=True, slots=True)
class Alternative:
    """A token that was likely at some place."""

    id: int
    """-1 where an endpoint does not tell it; written as null."""
    text: str
    plain: float
    """Log-probability given the plain prompt; not-a-number where an endpoint was not asked or does not tell."""
    conditional: float | None
    """Log-probability given the prompt with the signal; none where there was no signal."""
    guided: float
    """Log-probability under guidance, after normalisation and masking; what is not finite is written as null."""

    def to_json(self) -> dict[str, Any]:
        """Plain data for the records."""
        return {"id": known_id(self.id), "text": self.text, "plain": finite(self.plain),
                "conditional": finite(self.conditional), "guided": finite(self.guided)}


@dataclass(frozen=True, slots=True)
class Token(Alternative):
    """A token that was chosen, and the likeliest under guidance at its place."""

    top: tuple[Alternative, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain data for the records."""
        return {**Alternative.to_json(self), "top": [other.to_json() for other in self.top]}


@dataclass(slots=True)
class Refresh:
    """One signal: where it was made, from what, and the tokens that were decoded under it."""

    line: int
    """Lines of code written before it, blank ones left out."""
    code: str
    """What had been written."""
    candidates: tuple[Candidate, ...]
    signal: str
    """What was put into the prompt; empty where no candidate could be executed, and with gamma 0."""
    signal_tokens: int | None = 0
    """Tokens by which the prompt grew; none where an endpoint does not tell."""
    tokens: list[Token] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Plain data for the records."""
        return {"line": self.line, "code": self.code, "candidates": [each.to_json() for each in self.candidates],
                "signal": self.signal, "signal_tokens": self.signal_tokens,
                "tokens": [token.to_json() for token in self.tokens]}


@dataclass(slots=True)
class Counters:
    """What was done. Tokens are those that went through the network, padding left out.

    Work that several gammas share is counted once in `Guide.counters`, and in each of their solutions.
    """

    prompt_tokens: int = 0
    """Prefill of plain prompts."""
    plain_tokens: int = 0
    """Code written, through the plain branch."""
    conditional_tokens: int = 0
    """Code written, through the conditional branch."""
    candidate_tokens: int = 0
    """Sampled continuations."""
    signal_tokens: int = 0
    """Prefills of the conditional branch: signal, what follows it in the prompt, and the code so far."""
    rejected_tokens: int = 0
    """Guesses at the next line, through both branches, that were not written (`eg_cfg.decoding.foresight`)."""
    lookahead_tokens: int = 0
    """Both branches decoded to the end, for the early stop."""
    forward_passes: int = 0
    refreshes: int = 0
    """Signals made, empty ones included."""
    candidates_sampled: int = 0
    candidates_shared: int = 0
    """Taken from an earlier sampling of the same prefix."""
    executions_asked: int = 0
    """Unique programs of each signal."""
    executions_run: int = 0
    executions_shared: int = 0
    """Of those asked, how many had been run already."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Wall time by part: `prompts`, `decoding`, `candidates`, `signals` (prefill), `executions` (waiting for them with
    nothing else to do), `other`. In a solution: `total`, from the problem's first token to its last, and `share`, that
    time divided at each moment among the solutions under way (`eg_cfg.decoding.clock`; not known of an endpoint)."""
    requests: int = 0
    """Endpoints: replies used, those that had been bought before included."""
    cost: float | None = None
    """Endpoints: US dollars for these replies, where the price is known."""

    @property
    def tokens(self) -> int:
        """All tokens through the network."""
        return (self.prompt_tokens + self.plain_tokens + self.conditional_tokens + self.candidate_tokens
                + self.signal_tokens + self.rejected_tokens + self.lookahead_tokens)

    def to_json(self) -> dict[str, Any]:
        """Plain data for the records."""
        return {**asdict(self), "tokens": self.tokens}


@dataclass(slots=True)
class Solution:
    """A finished program: what one problem and one gamma came to."""

    task_id: str
    gamma: float
    program: str
    """The whole program, what the completion continues included."""
    completion: str
    """What the model wrote, cut at the stop string."""
    finish_reason: FinishReason
    token_ids: tuple[int, ...]
    """Every token of the completion, end of text and stop string included; -1 as in `Token`."""
    refreshes: list[Refresh]
    accepted: Candidate | None
    """The sampled candidate that the program is, with `accept_passing`."""
    counters: Counters
    """Of this problem and gamma as if it were alone, but for what it shared with others."""
    prompt: Any = None
    """The plain prompt."""

    def to_json(self) -> dict[str, Any]:
        """Plain data for the records; a viewer can replay the solution from it."""
        return {"task_id": self.task_id, "gamma": self.gamma, "program": self.program, "completion": self.completion,
                "finish_reason": self.finish_reason, "token_ids": list(map(known_id, self.token_ids)),
                "prompt": plain(self.prompt),
                "accepted": None if self.accepted is None else self.accepted.to_json(),
                "refreshes": [refresh.to_json() for refresh in self.refreshes], "counters": self.counters.to_json()}


class Observer(Protocol):
    """Watches a decoder at work, for a live view. It is called in the decoder's own thread: be quick."""

    def refreshed(self, task_id: str, gammas: Sequence[float], refresh: Refresh) -> None:
        """A signal was made; these gammas go on under it."""

    def wrote(self, task_id: str, gamma: float, token: Token) -> None:
        """A token was chosen."""


class Solver(Protocol):
    """What a study drives: `Guide`, and its counterpart for endpoints."""

    def solve(self, problems: Iterable[Problem]) -> Iterator[Solution]:
        """Solutions as they are completed, one for each problem and gamma."""


def finite(value: float | None) -> float | None:
    """The number, or null where it is infinite or unknown: JSON has no infinity."""
    return None if value is None or not math.isfinite(value) else value


def known_id(token: int) -> int | None:
    """A token's id, or null where it is unknown."""
    return token if token >= 0 else None


def plain(value: Any) -> Any:
    """What JSON can hold of a trace or a prompt."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if hasattr(value, "to_json"):
        return value.to_json()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
    return repr(value)
