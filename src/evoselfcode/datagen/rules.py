"""Which of the names that a model invents are good: one rule after the other, each with a name for the table.

    judge = NameRules(NamesOptions())
    judge("max_digits")      # ("max_digits", None)
    judge("foo")             # ("foo", "weak name")
"""

from __future__ import annotations

import builtins
import keyword
import re

from evoselfcode.datagen.options import NamesOptions

_BUILTINS = frozenset(name for name in dir(builtins) if not name.startswith("_"))
RULES = ("unfinished", "empty", "not a name", "keyword", "pattern", "length", "too many words", "weak name", "built-in",
         "repeated word", "duplicate")
"""In the order in which they are applied."""


class NameRules:
    """Applies the rules; names that passed are remembered, for duplicates.

    Args:
        options: The rules' settings.
    """

    def __init__(self, options: NamesOptions) -> None:
        self._options = options
        self._pattern = re.compile(options.pattern)
        self._weak = frozenset(name.lower() for name in options.weak)
        self._known: set[str] = set()

    def __call__(self, text: str, finished: bool = True) -> tuple[str, str | None]:
        """The name in a text, and the rule that refuses it, if one does.

        Args:
            text: What was written for a name; parentheses and what follows them are cut.
            finished: Whether the model ended the name itself.
        """
        name = text.split("(")[0].strip()
        finished = finished or "(" in text
        reason = self._reason(name, finished)
        if reason is None:
            self._known.add(_folded(name))
        return name, reason

    def _reason(self, name: str, finished: bool) -> str | None:
        options = self._options
        words = [word for word in name.split("_") if word]
        if not finished:
            return "unfinished"
        if not name:
            return "empty"
        if not name.isidentifier():
            return "not a name"
        if keyword.iskeyword(name) or keyword.issoftkeyword(name):
            return "keyword"
        if not self._pattern.fullmatch(name):
            return "pattern"
        if not options.min_length <= len(name) <= options.max_length:
            return "length"
        if len(words) > options.max_words:
            return "too many words"
        if name.lower() in self._weak:
            return "weak name"
        if options.not_builtin and name in _BUILTINS:
            return "built-in"
        if options.no_repeated_word and len(set(words)) < len(words):
            return "repeated word"
        return "duplicate" if _folded(name) in self._known else None


def _folded(name: str) -> str:
    return name.lower().replace("_", "")
