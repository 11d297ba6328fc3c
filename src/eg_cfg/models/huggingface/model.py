"""A causal language model of transformers behind the toolkit's contract.

    model = HuggingFaceModel(network, tokenizer, name="my-model")

Log-probabilities of generated tokens are those of the model itself, at temperature 1 and over the whole vocabulary,
whatever the sampling was; in float32 they equal a plain forward pass over prompt and completion to 1e-4.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from eg_cfg.errors import ConfigError
from eg_cfg.models.base import Completion, LogitModel, Prompt, Sampling, Score, Usage
from eg_cfg.models.huggingface.batching import BatchSize, run_batches
from eg_cfg.models.huggingface.beams import search_batch
from eg_cfg.models.huggingface.generation import Row, decode_batch, finish
from eg_cfg.models.huggingface.prefixes import CachedPrefixes, Network
from eg_cfg.models.huggingface.prompting import PromptEncoder
from eg_cfg.models.huggingface.scoring import score_batch
from eg_cfg.models.stops import StopStrings

PROMPT_TYPE_KEY = "eg_cfg_prompt_type"
"""Key of `config.json` under which a model says which prompt of guided decoding it was trained to read."""


class HuggingFaceModel(LogitModel):
    """Any causal model of transformers with attention and a key-value cache.

    Args:
        module: The network, on its device; it is put into evaluation mode.
        tokenizer: Its tokenizer.
        name: What the user called it.
        batch_size: Sequences decoded at once; None is 32 on a GPU and 16 on a CPU.
    """

    def __init__(self, module: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, *, name: str,
                 batch_size: int | None = None) -> None:
        self.name = name
        self.usage = Usage()
        self.module: PreTrainedModel | None = module
        module.train(False)
        self.tokenizer = tokenizer
        self._network = Network(module, self.usage)
        self.end_tokens = _end_tokens(module, tokenizer)
        self.vocabulary_size = int(module.config.get_text_config().vocab_size)
        self._prompts = PromptEncoder(tokenizer, name, self.end_tokens)
        self.supports_chat = self._prompts.has_chat
        self.supports_infill = self._prompts.fim is not None
        reads = getattr(module.config, PROMPT_TYPE_KEY, None)
        self.prompt_type = None if reads is None else str(reads)
        self.batch_size = BatchSize(batch_size or (16 if self._network.device.type == "cpu" else 32))
        """Sequences decoded at once, from now on."""

    @property
    def context(self) -> int | None:
        """Longest sequence that the model was made for, in tokens; None where its configuration does not say."""
        return self._network.context

    @property
    def device(self) -> torch.device:
        """Where token ids go in."""
        return self._network.device

    def encode(self, prompt: Prompt) -> list[int]:
        """Token ids of a prompt, with what the model expects around it."""
        return self._prompts.encode(prompt)

    def encode_text(self, text: str) -> list[int]:
        """Token ids of text that continues something."""
        return self._prompts.text(text)

    def decode(self, tokens: Sequence[int]) -> str:
        """Text of token ids, without special tokens."""
        return self._prompts.decode(tokens)

    def start(self, prefixes: Sequence[Sequence[int]]) -> CachedPrefixes:
        """A batch of prefixes with its cache."""
        return CachedPrefixes(self._network, prefixes)

    def stream(self, prompts: Sequence[Prompt], sampling: Sampling) -> Iterator[tuple[int, list[Completion]]]:
        """Completions of each prompt as soon as all of its samples are there; longest prompts first."""
        rows = [row for index, prompt in enumerate(prompts) for row in self._rows(index, prompt, sampling)]
        rows.sort(key=lambda row: -len(row.ids))  # stable: a prompt's samples stay together and share its prefill
        self.usage.requests += len(prompts)
        self.usage.prompt_tokens += sum(len(row.ids) for row in rows if row.sample == sampling.first_sample)
        stops = StopStrings(sampling.stop, self.decode)
        if sampling.num_beams > 1:
            for row, best in run_batches(rows, lambda batch: self._search(batch, sampling, stops), self.batch_size,
                                         weight=sampling.num_beams):
                self._count(best)
                yield row.prompt_index, best
            return
        done: defaultdict[int, dict[int, Completion]] = defaultdict(dict)
        for row, completion in run_batches(rows, lambda batch: self._sample(batch, sampling, stops), self.batch_size):
            samples = done[row.prompt_index]
            samples[row.sample] = completion
            self._count([completion])
            if len(samples) == sampling.n:
                yield row.prompt_index, [samples[index] for index in sorted(samples)]
                del done[row.prompt_index]

    def score(self, pairs: Sequence[tuple[Prompt, str]], *, end: bool = False) -> list[Score]:
        """Exact log-probabilities of continuations."""
        closing = [min(self.end_tokens)] if end and self.end_tokens else []
        if end and not closing:
            raise ConfigError(f"{self.name}: the end of a text has no probability, the model has no end-of-text "
                              f"token: pass end=False")
        if end and self.tokenizer.eos_token_id in self.end_tokens:
            closing = [int(self.tokenizer.eos_token_id)]
        return self.score_tokens([(self.encode(prompt), [*self.encode_text(text), *closing]) for prompt, text in pairs])

    def score_tokens(self, pairs: Sequence[tuple[Sequence[int], Sequence[int]]]) -> list[Score]:
        """The same for token ids."""
        items = []
        scores: dict[int, Score] = {}
        for index, (prompt, continuation) in enumerate(pairs):
            if not prompt:
                raise ConfigError(f"pair {index}: expected a prompt of at least one token, found none: begin it with "
                                  f"the begin-of-text token")
            if continuation:
                self._fits(len(prompt) + len(continuation) - 1)
                items.append(index)
            else:
                scores[index] = Score((), ())
        items.sort(key=lambda index: -len(pairs[index][0]) - len(pairs[index][1]))

        def run(batch: list[int]) -> Iterator[tuple[int, Score]]:
            yield from zip(batch, score_batch(self._network, [pairs[index] for index in batch]), strict=True)

        scores.update(run_batches(items, run, self.batch_size))
        return [scores[index] for index in range(len(pairs))]

    def close(self) -> None:
        """Gives the weights' memory back, as far as nobody else holds them."""
        self.module = None
        self.__dict__.pop("_network", None)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _rows(self, index: int, prompt: Prompt, sampling: Sampling) -> list[Row]:
        ids = tuple(self.encode(prompt))
        self._fits(len(ids) + 1)
        room = sampling.max_new_tokens
        if self.context is not None:
            room = min(room, self.context - len(ids))
        count = 1 if sampling.num_beams > 1 else sampling.n
        return [Row(index, sampling.first_sample + sample, prompt, ids, room) for sample in range(count)]

    def _fits(self, length: int) -> None:
        if self.context is not None and length > self.context:
            raise ConfigError(f"{self.name}: expected prompt and continuation of at most {self.context} tokens, the "
                              f"model's context, found {length}: shorten the prompt")

    def _started(self, rows: Sequence[Row]) -> CachedPrefixes:
        """Each different prompt prefilled once, then a row for each completion."""
        unique = {ids: place for place, ids in enumerate(dict.fromkeys(row.ids for row in rows))}
        prefixes = self.start(list(unique))
        return prefixes if len(unique) == len(rows) else prefixes.select([unique[row.ids] for row in rows])

    def _sample(self, rows: list[Row], sampling: Sampling, stops: StopStrings) -> Iterator[tuple[Row, Completion]]:
        for place, draft, reason in decode_batch(self._started(rows), rows, sampling, self.end_tokens, stops):
            yield rows[place], finish(draft.tokens, reason, self.decode(draft.tokens), stops, sampling,
                                      draft.log_probs, draft.sampling_log_probs)

    def _search(self, rows: list[Row], sampling: Sampling,
                stops: StopStrings) -> Iterator[tuple[Row, list[Completion]]]:
        prefixes = self.start([row.ids for row in rows])
        rooms = [row.room for row in rows]
        for place, beams in search_batch(prefixes, rooms, sampling, self.end_tokens, stops):
            yield rows[place], [finish(beam.tokens, beam.reason, self.decode(beam.tokens), stops, sampling,
                                       beam.log_probs, score=beam.score) for beam in beams]

    def _count(self, completions: Sequence[Completion]) -> None:
        self.usage.completion_tokens += sum(len(completion.token_ids or ()) for completion in completions)


def _end_tokens(module: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    """Ids that end a text: those of the generation configuration, and the tokenizer's."""
    found: set[int] = set()
    generation = getattr(module, "generation_config", None)
    for token in (getattr(generation, "eos_token_id", None), module.config.get_text_config().eos_token_id,
                  tokenizer.eos_token_id):
        if token is not None:
            found.update([token] if isinstance(token, int) else token)
    return frozenset(int(token) for token in found)
