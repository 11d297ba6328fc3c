"""A server on loopback that serves a `LogitModel` through the completions API, with the likeliest tokens at each place.

    with ModelServer(coder(), ids=True) as server:
        server.script(status(429, {"Retry-After": "1"}), drop)      # as of `endpoint.Server`
        server.url, server.asked, server.bill

It samples with the random streams of the local decoder, so that both see the same candidates. `bill` counts the
replies that were sent whole, by request.
"""

from __future__ import annotations

import functools
import json
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import torch
from endpoint import Handler, Server, Step

from eg_cfg.models import Sampling
from eg_cfg.models.base import LogitModel, Prefixes
from eg_cfg.models.choosing import choose
from eg_cfg.models.fake_logits import FakeLogitModel
from eg_cfg.models.huggingface.model import HuggingFaceModel
from eg_cfg.models.randomness import uniforms

EVERYTHING = 100_000
"""Likeliest tokens asked for, to be told all of them."""
END = b"</s>"


class ModelServer(Server):
    """The server.

    Args:
        model: What it serves.
        ids: It names tokens by id and byte, takes ids as prompts, and tokenises; else it writes the older lists.
        tells_stop: Whether the tokens of a stop string are listed.
        tells_end: Whether the end-of-text token is listed.
        most: Likeliest tokens that it tells; it refuses to be asked for more. None is no limit.
        seed: Of the samples.
    """

    def __init__(self, model: LogitModel, *, ids: bool = False, tells_stop: bool = True, tells_end: bool = True,
                 most: int | None = None, seed: int = 42, delay: float = 0.0, counts: bool = True) -> None:
        super().__init__(delay)
        self.model = model
        self.ids = ids
        self.tells_stop = tells_stop
        self.tells_end = tells_end
        self.most = most
        self.seed = seed
        self.counts = counts
        self.bill: Counter[str] = Counter()

    @property
    def asked(self) -> list[dict[str, Any]]:
        """Requests for completions."""
        return [body for path, body in zip(self.paths, self.requests, strict=True) if path.endswith("/completions")]

    def take(self, path: str, headers: dict[str, str], body: dict[str, Any]) -> Step:
        with self._lock:
            self.times.append(time.monotonic())
            self.requests.append(body)
            self.headers.append(headers)
            self.paths.append(path)
            if path == "/tokenize":
                return self._tokenize
            return self._steps.pop(0) if self._steps else self.serve

    def serve(self, handler: Handler, body: dict[str, Any]) -> None:
        """A whole reply, or a refusal."""
        if self.most is not None and body.get("logprobs", 0) > self.most:
            said = {"error": {"message": f"logprobs: expected at most {self.most}", "type": "invalid_request_error"}}
            return handler.send(400, json.dumps(said).encode())
        with self._lock:
            self.busy += 1
            self.busiest = max(self.busiest, self.busy)
        time.sleep(self.delay)
        with self._lock, torch.no_grad():
            reply = self.reply(body)
            self.busy -= 1
            self.bill[json.dumps(body, sort_keys=True)] += 1
        return handler.send(200, json.dumps(reply).encode())

    def reply(self, body: dict[str, Any]) -> dict[str, Any]:
        """What the model goes on with."""
        ids = body["prompt"] if isinstance(body["prompt"], list) else self.model.encode(body["prompt"])
        start = self.model.start([ids])
        written = [self._write(start, ids, body, index) for index in range(body.get("n", 1))]
        choices = [{"index": index, **choice} for index, (choice, _) in enumerate(written)]
        tokens = sum(count for _, count in written)
        usage = {"prompt_tokens": len(ids), "completion_tokens": tokens, "total_tokens": len(ids) + tokens}
        return {"id": "x", "object": "text_completion", "created": 0, "model": body["model"], "choices": choices,
                **({"usage": usage} if self.counts else {})}

    def _write(self, start: Prefixes, ids: Sequence[int], body: dict[str, Any],
               index: int) -> tuple[dict[str, Any], int]:
        sampling = Sampling(temperature=body["temperature"], top_p=body.get("top_p", 1.0))
        noise = uniforms(self.seed, "candidate " + " ".join(map(str, ids)), index, body["max_tokens"])
        rows = start.select([0])
        tokens: list[int] = []
        tops: list[list[tuple[int, float]]] = []  # of each place, its token and the likeliest
        reason, text = "length", ""
        for drawn in noise:
            told = rows.log_probs
            token = int(choose(told, sampling, torch.tensor([drawn]) if sampling.temperature else None).tokens[0])
            count = min(body.get("logprobs") or 0, told.shape[1])
            best = told[0].topk(count)
            likeliest = zip(best.indices.tolist(), best.values.tolist(), strict=True)
            tops.append([(token, float(told[0, token])), *likeliest])
            tokens.append(token)
            if token in self.model.end_tokens:
                reason = "stop"
                break
            text = b"".join(self.piece(each) for each in tokens if not self._special(each)).decode("utf-8", "replace")
            cuts = [place for stop in body.get("stop", ()) if (place := text.find(stop)) >= 0]
            if cuts:
                text, reason = text[: min(cuts)], "stop"
                break
            rows.extend([[token]])
        listed = len(tokens)
        ended = tokens[-1] in self.model.end_tokens
        if ended and not self.tells_end:
            listed -= 1
        while reason == "stop" and not ended and not self.tells_stop and listed and (
                len(b"".join(map(self.piece, tokens[:listed]))) > len(text.encode())):
            listed -= 1
        told_tokens = self._told(tokens[:listed], tops[:listed]) if body.get("logprobs") else None
        return {"text": text, "finish_reason": reason, "logprobs": told_tokens}, len(tokens)

    def _told(self, tokens: Sequence[int], tops: Sequence[list[tuple[int, float]]]) -> dict[str, Any]:
        if self.ids:
            def entry(token: int, number: float) -> dict[str, Any]:
                data = b"" if token in self.model.end_tokens else self.piece(token)
                return {"id": token, "token": data.decode("utf-8", "replace"), "bytes": list(data), "logprob": number}

            return {"content": [{**entry(token, dict(top)[token]), "top_logprobs": [entry(*each) for each in top[1:]]}
                                for token, top in zip(tokens, tops, strict=True)]}
        return {"tokens": [self._text(token) for token in tokens],
                "token_logprobs": [dict(top)[token] for token, top in zip(tokens, tops, strict=True)],
                "top_logprobs": [{self._text(token): number for token, number in reversed(top[1:])} for top in tops],
                "text_offset": [0] * len(tokens)}

    def _text(self, token: int) -> str:
        data = self.piece(token)
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            return "bytes:" + "".join(f"\\x{byte:02x}" for byte in data)

    def piece(self, token: int) -> bytes:
        """The bytes of a token."""
        if token in self.model.end_tokens:
            return END
        if isinstance(self.model, FakeLogitModel):
            return bytes([token]) if token < 256 else b"<|begin|>"
        assert isinstance(self.model, HuggingFaceModel)
        text = str(self.model.tokenizer.convert_ids_to_tokens(token))
        return bytes([_bytes()[text]]) if text in _bytes() else text.encode()

    def _special(self, token: int) -> bool:
        """Whether texts leave a token out."""
        return isinstance(self.model, HuggingFaceModel) and token in self.model.tokenizer.all_special_ids

    def _tokenize(self, handler: Handler, body: dict[str, Any]) -> None:
        if not self.ids:
            return handler.send(404, b'{"detail": "Not Found"}')
        return handler.send(200, json.dumps({"tokens": self.model.encode(body["content"])}).encode())


@functools.cache
def _bytes() -> dict[str, int]:
    """Which byte each letter of a byte-level vocabulary stands for."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return {chr(byte): byte for byte in shown} | {chr(256 + place): byte for place, byte in enumerate(hidden)}
