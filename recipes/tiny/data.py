"""The training stream: documents as token ids, in shards that depend on nothing but seed, phase and number.

    for batch in batches(stage, tokenizer_folder, position=Position()):
        batch.ids           # [rows, length] int64, padded at the right
        batch.targets       # bool: which tokens of `ids` the model is to learn to write
        batch.position      # where to go on after this batch

Making a shard costs less than training on it, so nothing is kept on disk: worker processes are a few shards ahead.
Documents of about one length share a batch, so little is padding, and no document sees another one. Every problem's
behaviour and composition are checked against the held-out splits before its text is used.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from eg_cfg.benchmarks.minipy import train_problem
from recipes.tiny.checks import checked
from recipes.tiny.documents import document
from recipes.tiny.options import Phase, Stage
from recipes.tiny.parts import Draw, Part
from recipes.tiny.samples import FILE, read_samples
from recipes.tiny.tokenizer import CONTEXT, PAD

_USES = 4
"""Documents of which each problem is the subject, each worded and styled anew."""
_OTHERS = 15


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the stream: the next batch to read."""

    phase: int = 0
    shard: int = 0
    batch: int = 0
    phase_tokens: int = 0
    """Tokens of the phase that were read before."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A document as token ids."""

    ids: NDArray[np.uint16]
    targets: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Batch:
    """Documents of one forward pass."""

    ids: NDArray[np.int64]
    """[rows, length], padded at the right."""
    targets: NDArray[np.bool_]
    """[rows, length]: tokens that count in the loss."""
    tokens: int
    """Without padding."""
    position: Position
    """Of the batch after this one."""
    stage_tokens: int
    """Tokens of the stage up to here, this batch included; a phase counts for no more than the recipe gives it."""


def encoded(many: list[list[Part]], tokenizer: Tokenizer) -> list[Encoded]:
    """Documents' token ids, cut at the models' context."""
    flat = tokenizer.encode_batch_fast([part.text for parts in many for part in parts], add_special_tokens=False)
    pieces = iter(flat)
    found = []
    for parts in many:
        ids: list[int] = []
        targets: list[bool] = []
        for part in parts:
            new = next(pieces).ids
            ids += new
            targets += [part.trained] * len(new)
        found.append(Encoded(np.array(ids[:CONTEXT], np.uint16), np.array(targets[:CONTEXT], np.bool_)))
    return found


def token_id(tokenizer: Tokenizer, token: str) -> int:
    """Id of a special token.

    Raises:
        ValueError: The tokenizer does not have it.
    """
    found = tokenizer.token_to_id(token)
    if found is None:
        raise ValueError(f"expected a tokenizer with the token {token}, found none: make it by this recipe")
    return int(found)


def documents(stage: Stage, phase: int, shard: int, out: Path | None = None) -> list[list[Part]]:
    """The documents of one shard, as text.

    Args:
        stage: Of which.
        phase: Number of its phase.
        shard: Number of the shard.
        out: Folder of all stages, where a kind reads what a model wrote, or the vocabulary.
    """
    spec = stage.phases[phase]
    first = (phase * 1_000_000 + shard) * stage.shard_problems
    problems = [checked(train_problem(stage.seed, first + place, spec.steps)) for place in range(stage.shard_problems)]
    rng = Random(f"documents {stage.seed} {phase} {shard}")
    kinds, weights = list(spec.mix), list(spec.mix.values())
    samples = read_samples(out / FILE) if out is not None and "sampled" in kinds else ()
    vocabulary = _vocabulary(out / "tokenizer") if out is not None and "repeats" in kinds else ()
    found = []
    for _ in range(_USES):
        for problem in problems:
            kind = rng.choices(kinds, weights)[0]
            others = tuple(rng.sample(problems, min(_OTHERS, len(problems))))
            found.append(document(kind, Draw(problem, others, rng, samples, vocabulary)))
    return found


@lru_cache(maxsize=1)
def _tokenizer(folder: Path) -> Tokenizer:
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


@lru_cache(maxsize=1)
def _vocabulary(folder: Path) -> tuple[str, ...]:
    """The texts of the tokens that are what a text of their own becomes; bytes that are no text, say, are not."""
    tokenizer = _tokenizer(folder)
    texts = {token: tokenizer.decode([token]) for token in range(tokenizer.get_vocab_size())}
    return tuple(text for token, text in texts.items()
                 if text and tokenizer.encode(text, add_special_tokens=False).ids == [token])


def shard_batches(stage: Stage, tokenizer_folder: Path, phase: int, shard: int) -> list[list[Encoded]]:
    """The batches of one shard, in the order in which they are read."""
    encodings = encoded(documents(stage, phase, shard, tokenizer_folder.parent), _tokenizer(tokenizer_folder))
    rng = Random(f"batches {stage.seed} {phase} {shard}")
    rng.shuffle(encodings)
    encodings.sort(key=lambda encoding: len(encoding.ids))  # stable: equal lengths stay shuffled
    found: list[list[Encoded]] = [[]]
    for encoding in encodings:
        if found[-1] and (len(found[-1]) + 1) * len(encoding.ids) > stage.pass_tokens:
            found.append([])
        found[-1].append(encoding)
    rng.shuffle(found)
    return found


def batches(stage: Stage, tokenizer_folder: Path, position: Position, workers: int = 1) -> Iterator[Batch]:
    """Yields the batches of a stage from a position on, to the end of its last phase.

    Args:
        stage: What to read.
        tokenizer_folder: Where the tokenizer is.
        position: Of the first batch.
        workers: Processes that make shards ahead; 0 makes them here.
    """
    pad = token_id(_tokenizer(tokenizer_folder), PAD)
    before = sum(phase.tokens for phase in stage.phases[:position.phase])
    for number in range(position.phase, len(stage.phases)):
        phase = stage.phases[number]
        start = position if number == position.phase else Position(number)
        read = start.phase_tokens
        with _Shards(stage, tokenizer_folder, number, start.shard, workers, phase) as shards:
            skipped = start.batch
            for shard, content in shards:
                for place in range(skipped, len(content)):
                    if read >= phase.tokens:
                        break
                    ids, targets = padded(content[place], pad)
                    tokens = sum(len(encoding.ids) for encoding in content[place])
                    read += tokens
                    following = Position(number, shard, place + 1, read)
                    yield Batch(ids, targets, tokens, following, before + min(read, phase.tokens))
                skipped = 0
                if read >= phase.tokens:
                    break
        before += phase.tokens


def padded(content: list[Encoded], pad: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Documents side by side, [rows, longest], padded at the right."""
    longest = max(len(encoding.ids) for encoding in content)
    ids = np.full((len(content), longest), pad, np.int64)
    targets = np.zeros((len(content), longest), np.bool_)
    for row, encoding in enumerate(content):
        ids[row, :len(encoding.ids)] = encoding.ids
        targets[row, :len(encoding.ids)] = encoding.targets
    return ids, targets


def _follow() -> None:
    """In a worker: ends with the process that started it, however that ends."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def wait_for_end() -> None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(0)

    threading.Thread(target=wait_for_end, daemon=True).start()


class _Shards:
    """Numbered shards of a phase, made ahead by worker processes."""

    def __init__(self, stage: Stage, folder: Path, phase: int, first: int, workers: int, spec: Phase) -> None:
        self._make = (stage, folder, phase)
        self._next = first
        self._workers = workers
        self._spec = spec
        self._pool: ProcessPoolExecutor | None = None
        self._ahead: deque[Future[list[list[Encoded]]]] = deque()

    def __enter__(self) -> Iterator[tuple[int, list[list[Encoded]]]]:
        if self._workers:
            self._pool = ProcessPoolExecutor(self._workers, multiprocessing.get_context("spawn"), initializer=_follow)
        return self._made()

    def _made(self) -> Iterator[tuple[int, list[list[Encoded]]]]:
        number = self._next
        while True:
            if self._pool is None:
                yield number, shard_batches(*self._make, number)
            else:
                while len(self._ahead) <= self._workers:
                    self._ahead.append(self._pool.submit(shard_batches, *self._make, number + len(self._ahead)))
                yield number, self._ahead.popleft().result()
            number += 1

    def __exit__(self, *_: Any) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
