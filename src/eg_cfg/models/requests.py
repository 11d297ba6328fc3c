"""From a prompt and `Sampling` to what is sent to an OpenAI-compatible endpoint, and to the key of its replies."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from eg_cfg.errors import ConfigError
from eg_cfg.models.base import Infill, Prompt, Sampling
from eg_cfg.models.endpoint import Endpoint, EndpointOptions, Provider
from eg_cfg.models.ledger import key_of

_MAX_STOP: dict[Provider, int] = {"openai": 4, "deepseek": 16}

_SEEDS = 2**31 - 2**20
"""Some servers keep a seed in 32 bits; there is room for a million samples above each."""

_TOLD = 60
"""Characters, or tokens, of a prefix that its record holds."""

Quirk = str
"""A field that the endpoint turned out not to take: `n`, `seed`, `logprobs` or `max_tokens`."""


@dataclass(frozen=True, slots=True)
class Request:
    """One prompt with its options, apart from which of its samples are asked for."""

    identity: dict[str, Any]
    """Everything that decides the replies; goes into the record."""
    key: str
    """Hash of `identity`."""
    fields: dict[str, Any]
    """Of the request's body."""
    extra: dict[str, Any]
    """Fields that the client library does not know."""
    log_probs: bool
    """Whether the log-probability of each token is asked for."""
    first_seed: int | None
    """Seed of sample 0; None where nothing is drawn."""
    top: int = 0
    """How many of the likeliest tokens are asked for at each place; the request is worth nothing without them."""

    def body(self, first: int, count: int, quirks: Collection[Quirk]) -> tuple[dict[str, Any], dict[str, Any]]:
        """What is sent for the samples from `first` on: the library's fields, and the extra ones."""
        fields = dict(self.fields)
        if count > 1:
            fields["n"] = count
        if self.first_seed is not None and "seed" not in quirks:
            fields["seed"] = self.first_seed + first
        if "max_tokens" in quirks:
            fields["max_completion_tokens"] = fields.pop("max_tokens")
        if self.top:
            fields["logprobs"] = self.top
        elif self.log_probs and "logprobs" not in quirks:
            # plain completions take how many alternatives to tell; with 0 llama.cpp's server tells nothing
            fields["logprobs"] = True if "messages" in fields else 1
        return fields, dict(self.extra)


def build(endpoint: Endpoint, options: EndpointOptions, prompt: Prompt, sampling: Sampling,
          tokens: Sequence[int] | None = None) -> Request:
    """The request that a prompt makes.

    Args:
        endpoint: Who is asked.
        options: How.
        prompt: What is to be completed.
        sampling: How completions are drawn.
        tokens: Token ids to be sent in the prompt's place, for endpoints that take them.

    Raises:
        ConfigError: The endpoint does not take this prompt or this option.
    """
    if sampling.num_beams > 1:
        raise ConfigError(f"--num-beams {sampling.num_beams}: {endpoint} draws samples and has no beam search: "
                          f"leave it at 1 and raise --temperature, or pass a local Hugging Face model")
    if sampling.top_k and endpoint.provider != "other":
        raise ConfigError(f"--top-k {sampling.top_k}: {endpoint} takes no such option: leave it at 0 and use --top-p")
    fields, extra = _prompt_fields(endpoint, options, prompt)
    if tokens is not None:
        fields["prompt"] = list(tokens)
    fields |= {"max_tokens": sampling.max_new_tokens, "temperature": sampling.temperature}
    if sampling.top_p < 1.0:
        fields["top_p"] = sampling.top_p
    if sampling.top_k:
        extra["top_k"] = sampling.top_k
    extra |= options.extra_body
    drawn = sampling.temperature > 0
    identity = {
        "endpoint": endpoint.base_url,
        "api": options.api,
        "model": endpoint.model,
        "fields": fields | {"stop": list(sampling.stop)},
        "extra": extra,
        "log_probs": sampling.log_probs or sampling.sampling_log_probs,
        "seed": sampling.seed if drawn else None,
    }
    key = key_of(identity)
    if stop := _sent_stop(endpoint, options, sampling.stop):
        fields["stop"] = stop
    fields["model"] = endpoint.model
    return Request(
        identity=identity,
        key=key,
        fields=fields,
        extra=extra,
        log_probs=bool(identity["log_probs"]),
        # servers count up from a request's seed for its further samples; the key holds prompt and seed, so that the
        # seeds 42 and 43 do not share all samples but one
        first_seed=int(key[-16:], 16) % _SEEDS if drawn else None,
    )


def build_continuation(endpoint: Endpoint, options: EndpointOptions, prompt: str | Sequence[int], *, max_tokens: int,
                       top: int, stop: Sequence[str] = ()) -> Request:
    """The request for the likeliest continuation of a prefix, and the likeliest tokens at each of its places.

    Prefixes of one program differ by a few tokens, so its record holds their fingerprint and end, not all of them.

    Args:
        endpoint: Who is asked.
        options: How.
        prompt: The prefix: text, or token ids for endpoints that take them.
        max_tokens: Tokens of the continuation at most.
        top: How many of the likeliest tokens are told at each place.
        stop: Strings at which the endpoint is to stop, as many as it takes.

    Raises:
        ConfigError: The text cannot be sent.
    """
    sent: str | list[int] = _utf8(prompt) if isinstance(prompt, str) else list(prompt)
    fields: dict[str, Any] = {"max_tokens": max_tokens, "temperature": 0.0}
    identity = {"endpoint": endpoint.base_url, "api": "completions", "model": endpoint.model, "top": top,
                "fields": fields | {"stop": list(stop)}, "extra": options.extra_body}
    key = key_of({**identity, "prompt": sent})
    kind = "characters" if isinstance(sent, str) else "tokens"
    about = {kind: len(sent), "end": sent[-_TOLD:], "sha256": hashlib.sha256(repr(sent).encode()).hexdigest()}
    body = fields | {"prompt": sent, "model": endpoint.model}
    if accepted := _sent_stop(endpoint, options, stop):
        body["stop"] = accepted
    return Request(identity={**identity, "prompt": about}, key=key, fields=body, extra=dict(options.extra_body),
                   log_probs=True, first_seed=None, top=top)


def _sent_stop(endpoint: Endpoint, options: EndpointOptions, stop: Sequence[str]) -> list[str]:
    """The first of the stop strings, as many as the endpoint takes."""
    most = options.max_stop if options.max_stop is not None else _MAX_STOP.get(endpoint.provider)
    return list(stop[:most])


def _prompt_fields(endpoint: Endpoint, options: EndpointOptions,
                   prompt: Prompt) -> tuple[dict[str, Any], dict[str, Any]]:
    extra: dict[str, Any] = {}
    if isinstance(prompt, Infill):
        if options.api != "completions" or options.infill == "refuse":
            raise ConfigError(f"{endpoint}: a gap to fill needs --api completions and an endpoint that takes a suffix: "
                              f"pass --infill suffix if it does, or pass a local Hugging Face model")
        fields: dict[str, Any] = {"prompt": _utf8(prompt.prefix), "suffix": _utf8(prompt.suffix)}
    elif options.api == "completions":
        if not isinstance(prompt, str):
            raise ConfigError(f"{endpoint}: --api completions continues text, found a chat: pass --api chat")
        fields = {"prompt": _utf8(prompt)}
    elif isinstance(prompt, str):
        fields = {"messages": [{"role": "user", "content": _utf8(prompt)}]}
    else:
        if not prompt:
            raise ConfigError(f"{endpoint}: expected a chat of at least one message, found none")
        messages: list[dict[str, Any]] = [{"role": turn.role, "content": _utf8(turn.content)} for turn in prompt]
        fields = {"messages": messages}
        if prompt[-1].role == "assistant":
            if options.continuation == "refuse":
                raise ConfigError(f"{endpoint}: this chat ends with the assistant's turn, and continuing that is no "
                                  f"part of the chat API: pass --continuation vllm or prefix if the endpoint can")
            if options.continuation == "vllm":
                extra = {"add_generation_prompt": False, "continue_final_message": True}
            else:
                messages[-1]["prefix"] = True
    return fields, extra


def _utf8(text: str) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ConfigError(f"a prompt holds a lone surrogate at character {error.start}, which cannot be sent: "
                          f"take it out") from None
    return text
