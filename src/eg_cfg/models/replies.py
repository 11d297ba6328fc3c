"""What an endpoint wrote: from the bytes of a reply to `Completion`s.

Chat and plain completions, and the two forms of log-probabilities (`content` with one object a token, or the older
lists `tokens` and `token_logprobs`), are read alike, since servers mix them. What a reply does not tell is None.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from eg_cfg.models import top_logprobs
from eg_cfg.models.base import Completion, FinishReason, Sampling

_FINISH: dict[str, FinishReason] = {"stop": "stop", "eos": "stop", "eos_token": "stop", "length": "length",
                                    "stop_sequence": "stop_sequence", "content_filter": "content_filter"}


class MalformedReply(ValueError):
    """The bytes are no reply; the message says what they are."""


class RefusedInReply(ValueError):
    """A reply with the status of success that holds an error; `status` is the code that it names."""

    def __init__(self, status: int) -> None:
        super().__init__(f"an error with code {status}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Choice:
    """One sample, as the endpoint gave it and as the ledger holds it."""

    text: str
    finish_reason: str | None
    stop_reason: str | None = None
    """The stop sequence that ended it, where the endpoint says so (vLLM)."""
    tokens: list[str] | None = None
    """Texts of the generated tokens."""
    log_probs: list[float] | None = None
    """As long as `tokens`; None if a single one is unknown."""
    reasoning: str | None = None
    """What a reasoning model thought before its answer; kept in the ledger only."""
    top: list[top_logprobs.Row] | None = None
    """The likeliest tokens of each place, up to the first place at which something is missing."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The choices of one reply and what it cost."""

    choices: list[Choice]
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int = 0
    """Those of the prompt that the endpoint had cached."""
    about: dict[str, Any] = field(default_factory=dict)
    """The endpoint's own id, model and fingerprint."""


def parse(body: bytes | str) -> Reply:
    """Reads a reply.

    Raises:
        MalformedReply: It is no JSON object with at least one choice that has a text.
        RefusedInReply: It is an error in the clothes of a reply.
    """
    try:
        value = json.loads(body)
    except ValueError:
        raise MalformedReply(f"{len(body)} bytes that are not JSON" if body else "an empty body") from None
    if not isinstance(value, dict):
        raise MalformedReply(f"a JSON {type(value).__name__}")
    if value.get("error") and not value.get("choices"):
        code = value["error"].get("code") if isinstance(value["error"], dict) else None
        raise RefusedInReply(code if isinstance(code, int) and 400 <= code < 600 else 500)
    choices = value.get("choices")
    if not isinstance(choices, list) or not choices:
        raise MalformedReply("no choices")
    if not all(isinstance(choice, dict) for choice in choices):
        raise MalformedReply("choices that are no objects")
    choices = sorted(choices, key=lambda choice: index if isinstance(index := choice.get("index"), int) else 0)
    told = value.get("usage")
    usage: dict[str, Any] = told if isinstance(told, dict) else {}
    details = usage.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else usage.get("prompt_cache_hit_tokens")
    return Reply(
        choices=[_choice(choice) for choice in choices],
        prompt_tokens=_count(usage.get("prompt_tokens")),
        completion_tokens=_count(usage.get("completion_tokens")),
        cached_tokens=_count(cached) or 0,
        about={key: value[key] for key in ("id", "model", "system_fingerprint") if isinstance(value.get(key), str)},
    )


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _choice(choice: dict[str, Any]) -> Choice:
    message = choice.get("message")
    finish = choice.get("finish_reason")
    stop = choice.get("stop_reason")
    reasoning = None
    if isinstance(message, dict):
        text = message.get("content")
        reasoning = message.get("reasoning_content") or message.get("reasoning")
        text = "" if text is None else text  # a filtered answer, or one whose tokens all went into reasoning
    else:
        text = choice.get("text")
    if not isinstance(text, str):
        raise MalformedReply("a choice without text")
    tokens, log_probs = _log_probs(choice.get("logprobs"))
    if not tokens and text:  # an empty list beside a text tells nothing
        tokens = log_probs = None
    return Choice(text=text, finish_reason=finish if isinstance(finish, str) else None,
                  stop_reason=stop if isinstance(stop, str) else None, tokens=tokens, log_probs=log_probs,
                  reasoning=reasoning if isinstance(reasoning, str) else None,
                  top=top_logprobs.read(choice.get("logprobs")))


def _log_probs(value: Any) -> tuple[list[str] | None, list[float] | None]:
    if not isinstance(value, dict):
        return None, None
    content = value.get("content")
    tokens: Any
    numbers: Any
    if isinstance(content, list):
        entries = [entry if isinstance(entry, dict) else {} for entry in content]
        tokens, numbers = [entry.get("token") for entry in entries], [entry.get("logprob") for entry in entries]
    else:
        tokens, numbers = value.get("tokens"), value.get("token_logprobs")
    if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
        return None, None
    known = isinstance(numbers, list) and len(numbers) == len(tokens) and all(
        map(top_logprobs.is_log_prob, numbers))
    return tokens, [float(number) for number in numbers] if known else None


def completion(choice: Choice, sampling: Sampling, tokens: int | None) -> Completion:
    """The completion that a choice is, cut at the first stop sequence if the endpoint did not do so.

    Args:
        choice: One sample.
        sampling: What was asked for.
        tokens: How many tokens the endpoint says it generated, where it says so for this sample alone.
    """
    finish: FinishReason = _FINISH.get(choice.finish_reason or "", "unknown")
    if finish == "stop" and choice.stop_reason in sampling.stop:
        finish = "stop_sequence"
    text, log_probs = choice.text, choice.log_probs
    if tokens is None and choice.tokens is not None:
        tokens = len(choice.tokens)
    cut = first_stop(text, sampling.stop)
    if cut is not None:
        start, end = cut
        kept = _tokens_until(choice.tokens, text, end)
        log_probs = log_probs[:kept] if log_probs is not None and kept is not None else None
        tokens = kept
        text, finish = text[:start], "stop_sequence"
    return Completion(
        text=text,
        finish_reason=finish,
        log_probs=tuple(log_probs) if log_probs is not None and sampling.log_probs else None,
        sampling_log_probs=_under_sampling(log_probs, sampling),
        tokens=tokens,
    )


def first_stop(text: str, stops: Sequence[str]) -> tuple[int, int] | None:
    """Start and end of the stop sequence that starts first, or None where there is none."""
    found = [(start, start + len(stop)) for stop in stops if (start := text.find(stop)) >= 0]
    return min(found, default=None)


def _tokens_until(tokens: list[str] | None, text: str, end: int) -> int | None:
    """How many tokens it took to write the first `end` characters; None where the tokens do not spell the text."""
    if tokens is None or not "".join(tokens).startswith(text[:end]):
        return None
    length = 0
    for count, token in enumerate(tokens, start=1):
        length += len(token)
        if length >= end:
            return count
    return None


def _under_sampling(log_probs: list[float] | None, sampling: Sampling) -> tuple[float, ...] | None:
    """Known only where the sampling distribution is the model's own: endpoints do not tell the other."""
    if not sampling.sampling_log_probs or log_probs is None:
        return None
    same = sampling.temperature == 1.0 and sampling.top_p == 1.0 and sampling.top_k == 0
    return tuple(log_probs) if same else None
