"""What a model is trained on: prompts and the programs that should follow them, as the tokens that sampling sees.

    example = TrainingExample("def add(a, b):\\n", "    return a + b\\n", weight=0.75)

Prompt and program are tokenised apart and joined, as in generation, where the prompt's tokens are fixed before the
first new one. The end-of-text token follows the program and is learned too, so that the model stops. Nothing is cut:
an example that is too long is left out and counted, for a program without its end teaches not to end.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eg_cfg.errors import ConfigError, DataFormatError, DataNotFoundError
from eg_cfg.models.base import Infill, Message, Prompt
from eg_cfg.records import snippet

if TYPE_CHECKING:
    from eg_cfg.models.huggingface import HuggingFaceModel

_KEYS = ("prompt", "completion", "code", "weight")
_ROLES = ("system", "user", "assistant")


@dataclass(frozen=True)
class TrainingExample:
    """A prompt and what should follow it."""

    prompt: Prompt
    """Text, a chat, or a gap to fill: what generation would be given."""
    completion: str
    """The program; the loss is taken over its tokens and the end-of-text token, never over the prompt's."""
    weight: float = 1.0
    """Counts this many times as much as an example of weight 1; 0 is not learned from."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """An example as token ids."""

    ids: tuple[int, ...]
    """Prompt, program and end."""
    prompt: int
    """How many of them are the prompt's."""
    weight: float
    """Divided by the mean over all examples."""

    @property
    def supervised(self) -> int:
        """Tokens that the loss is taken over."""
        return len(self.ids) - self.prompt


def encode(model: HuggingFaceModel, examples: Sequence[TrainingExample],
           longest: int) -> tuple[list[Encoded], int]:
    """Token ids of examples, by the very functions that generation and scoring use.

    Args:
        model: The model that is trained; its tokenizer, chat template and end-of-text token count.
        examples: What to encode, in this order.
        longest: Tokens of prompt, program and end at most.

    Returns:
        The examples that fit, weights scaled to a mean of 1 over them, and how many did not fit.

    Raises:
        ConfigError: A weight is negative or not finite, all weights are 0, a prompt is one that the model does not
            take, or the model has no end-of-text token.
    """
    end = model.tokenizer.eos_token_id
    if end is None or int(end) not in model.end_tokens:
        if not model.end_tokens:
            raise ConfigError(f"{model.name}: a program's end cannot be learned, the model has no end-of-text token: "
                              f"pass a model whose tokenizer has one")
        end = min(model.end_tokens)
    kept: list[tuple[tuple[int, ...], int, float]] = []
    prompts: dict[Prompt, list[int]] = {}
    for number, example in enumerate(examples):
        if not (math.isfinite(example.weight) and example.weight >= 0):
            raise ConfigError(f"example {number}: expected a finite weight of 0 or more, found {example.weight}")
        if example.prompt not in prompts:
            prompts[example.prompt] = model.encode(example.prompt)
        prompt = prompts[example.prompt]
        ids = (*prompt, *model.encode_text(example.completion), int(end))
        if len(ids) <= longest:
            kept.append((ids, len(prompt), example.weight))
    mean = math.fsum(weight for _, _, weight in kept) / len(kept) if kept else 1.0
    if mean == 0:
        raise ConfigError("every example has the weight 0, so there is nothing to learn from: give some a weight above "
                          "0")
    return [Encoded(ids, prompt, weight / mean) for ids, prompt, weight in kept], len(examples) - len(kept)


def fingerprint(examples: Sequence[TrainingExample]) -> str:
    """SHA-256 (first 16 hex digits) of examples in their order."""
    digest = hashlib.sha256()
    for example in examples:
        digest.update(json.dumps(to_plain(example), ensure_ascii=True, sort_keys=True).encode("ascii") + b"\n")
    return digest.hexdigest()[:16]


def to_plain(example: TrainingExample) -> dict[str, Any]:
    """The example as a row of JSONL; `read_examples` makes the same one of it again."""
    prompt: Any = example.prompt
    if isinstance(prompt, Infill):
        prompt = {"prefix": prompt.prefix, "suffix": prompt.suffix}
    elif not isinstance(prompt, str):
        prompt = [{"role": message.role, "content": message.content} for message in prompt]
    return {"prompt": prompt, "completion": example.completion, "weight": example.weight}


def read_examples(path: Path) -> list[TrainingExample]:
    """Reads examples from JSONL, gzip too: `prompt`, `completion` (or `code`) and optionally `weight` a line.

    A prompt is a text, a chat (a list of `{"role", "content"}`), or a gap (`{"prefix", "suffix"}`).

    Raises:
        DataFormatError: A line is not such an object; the message names the line.
        DataNotFoundError: The file cannot be read.
    """
    examples = []
    for number, line in _lines(path):
        try:
            examples.append(_example(json.loads(line)))
        except (ValueError, KeyError, TypeError) as error:
            raise DataFormatError(f"{path}, line {number}: expected an object with 'prompt' and 'completion' and "
                                  f"optionally 'weight', found {snippet(line)} ({error})") from None
    return examples


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else open(path, "rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, line
    except (OSError, EOFError) as error:
        raise DataNotFoundError(f"cannot read the examples {path}: {getattr(error, 'strerror', None) or error}; pass "
                                f"a JSONL file of prompts and completions") from None


def _example(row: Any) -> TrainingExample:
    if not isinstance(row, Mapping):
        raise ValueError(f"a {type(row).__name__}")
    unknown = [key for key in row if key not in _KEYS]
    if unknown:
        raise ValueError(f"unknown key {unknown[0]!r}")
    if "completion" in row and "code" in row:
        raise ValueError("'completion' and 'code' are both there")
    completion = row["completion"] if "completion" in row or "code" not in row else row["code"]
    weight = row.get("weight", 1.0)
    if not isinstance(completion, str):
        raise ValueError(f"the completion is a {type(completion).__name__}")
    if isinstance(weight, bool) or not isinstance(weight, int | float):
        raise ValueError(f"the weight is a {type(weight).__name__}")
    return TrainingExample(_prompt(row["prompt"]), completion, float(weight))


def _prompt(value: Any) -> Prompt:
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return Infill(str(value["prefix"]), str(value["suffix"]))
    if not isinstance(value, list) or not value:
        raise ValueError("the prompt is neither a text nor a chat")
    for message in value:
        if message["role"] not in _ROLES or not isinstance(message["content"], str):
            raise ValueError(f"a message is not a role of {', '.join(_ROLES)} with a text")
    return tuple(Message(message["role"], message["content"]) for message in value)
