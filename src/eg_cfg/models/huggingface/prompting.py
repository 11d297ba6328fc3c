"""Prompts to token ids: plain text, chats through the tokenizer's template, gaps through the family's FIM tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from transformers import PreTrainedTokenizerBase

from eg_cfg.errors import ConfigError
from eg_cfg.models.base import Infill, Prompt
from eg_cfg.models.families import FimTokens, find_fim


class PromptEncoder:
    """Encodes prompts for one tokenizer.

    Args:
        tokenizer: Any transformers tokenizer.
        name: The model's name, for errors.
        end_tokens: Ids that end a text.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, name: str, end_tokens: frozenset[int]) -> None:
        self._tokenizer = tokenizer
        self._name = name
        self._end = end_tokens
        vocabulary: Mapping[str, int] = tokenizer.get_vocab()
        self.fim: FimTokens | None = find_fim(vocabulary)
        """The FIM tokens that the vocabulary holds, or None."""
        self._vocabulary = vocabulary
        self.has_chat = bool(tokenizer.chat_template)

    def encode(self, prompt: Prompt) -> list[int]:
        """Token ids of a prompt; an empty text becomes the begin-of-text token, or the end-of-text token."""
        if isinstance(prompt, str):
            ids = self._with_special(prompt)
        elif isinstance(prompt, Infill):
            ids = self._gap(prompt)
        else:
            ids = self._chat(prompt)
        return ids or [self._first()]

    def text(self, text: str) -> list[int]:
        """Token ids of text that continues something."""
        ids: list[int] = self._tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        return ids

    def decode(self, tokens: Sequence[int]) -> str:
        """Text of token ids, without special tokens and without cleaning anything up."""
        text: Any = self._tokenizer.decode(list(tokens), skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return str(text)

    def _with_special(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer(text, add_special_tokens=True, verbose=False)["input_ids"]
        # some tokenizers close every text with the end-of-text token, after which nothing could follow
        if ids and ids[-1] in self._end:
            bare = self.text(text)
            if len(ids) > len(bare) and (not bare or bare[-1] != ids[-1]):
                return ids[:-1]
        return ids

    def _first(self) -> int:
        for token in (self._tokenizer.bos_token_id, self._tokenizer.eos_token_id):
            if token is not None:
                return int(token)
        raise ConfigError(f"{self._name}: an empty prompt needs a begin-of-text or end-of-text token, and the "
                          f"tokenizer has neither: pass a prompt of at least one token")

    def _chat(self, chat: Prompt) -> list[int]:
        assert isinstance(chat, tuple)
        if not self.has_chat:
            raise ConfigError(f"{self._name}: a chat needs a chat template, and the tokenizer has none: pass the "
                              f"prompt as text (a completion prompt), or a model that was tuned to chat")
        if not chat:
            raise ConfigError(f"{self._name}: expected a chat of at least one message, found none")
        continued = chat[-1].role == "assistant"
        try:
            ids: Any = self._tokenizer.apply_chat_template(
                [{"role": message.role, "content": message.content} for message in chat],
                add_generation_prompt=not continued,
                continue_final_message=continued,
                tokenize=True,
                return_dict=False,
                tokenizer_kwargs={"verbose": False},  # what is too long for the model is said by who calls it
            )
        except Exception as error:  # templates are programs of the checkpoint's authors: they raise what they like
            raise ConfigError(f"{self._name}: the tokenizer's chat template refuses these messages "
                              f"({' '.join(str(error).split())}): send other roles, or the prompt as text") from error
        return list(ids)

    def _gap(self, gap: Infill) -> list[int]:
        if self.fim is None:
            raise ConfigError(f"{self._name}: filling a gap needs FIM tokens, and the vocabulary holds none that are "
                              f"known: pass a model trained to fill in (StarCoder2, CodeLlama, Qwen2.5-Coder, "
                              f"DeepSeek-Coder, tiny-base)")
        prefix, suffix, middle = (self._vocabulary[token] for token in self.fim.tokens)
        begin = self._tokenizer.bos_token_id if self.fim.begin else None
        start = [] if begin is None else [int(begin)]
        return [*start, prefix, *self.text(gap.prefix), suffix, *self.text(gap.suffix), middle]
