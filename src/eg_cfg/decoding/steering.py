"""From runs to a conditional branch: the signal is written, and what is new of its prompt goes through the network."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from eg_cfg.decoding.base import GuideOptions, Observer, Refresh
from eg_cfg.decoding.candidates import lines_of
from eg_cfg.decoding.foresight import Foreseen, agreed_line
from eg_cfg.decoding.sampling import Reader
from eg_cfg.decoding.signals import fitting_signal
from eg_cfg.decoding.tally import Tally
from eg_cfg.decoding.tasks import Node
from eg_cfg.models.base import LogitModel

_log = logging.getLogger("eg_cfg.decoding")


class Steering:
    """Makes signals for one run of a decoder.

    Args:
        model: Of the decoder.
        reader: Of the model.
        options: Limits and form of signals.
        tally: Counts.
        observer: Watches.
    """

    def __init__(self, model: LogitModel, reader: Reader, options: GuideOptions, tally: Tally,
                 observer: Observer | None) -> None:
        self._model = model
        self._reader = reader
        self._options = options
        self._tally = tally
        self._observer = observer
        self._warned = False

    def steer(self, nodes: Sequence[Node]) -> None:
        """Writes each node's signal, and prefills its conditional branch with it and a guess at the next line."""
        for node in nodes:
            signal, prompt = self._signal(node)
            written = self._reader.decode(node.code)
            line = lines_of(written)
            node.next_refresh = line + self._options.refresh
            node.guided = bool(signal)
            self._tally.count(node, "refreshes", 1)
            grown = len(prompt) - len(node.task.prompt_ids) if signal else 0
            gammas = [path.gamma for path in node.paths if path.gamma > 0]
            for path in node.paths:
                if path.gamma > 0:
                    path.refreshes.append(Refresh(line, written, node.candidates, signal, grown))
            if self._observer is not None:
                self._observer.refreshed(node.task.problem.task_id, gammas,
                                         Refresh(line, written, node.candidates, signal, grown))
            if signal:
                # one after the other: a long row next to short ones would be mostly padding
                self._prefill(node, [*prompt, *node.code])

    def _signal(self, node: Node) -> tuple[str, list[int]]:
        """The longest signal that fits, and the tokens of the prompt with it; empty where none does."""
        task, limit = node.task, self._options.signal_tokens
        context: int | None = getattr(self._model, "context", None)
        if context is not None:
            limit = min(limit, context - len(task.prompt_ids) - task.room)
        encoded: dict[str, list[int]] = {}

        def fits(signal: str) -> bool:
            encoded[signal] = self._model.encode(task.frame.conditional(signal))
            return len(encoded[signal]) - len(task.prompt_ids) <= limit

        signal = fitting_signal(task.problem, node.candidates, task.frame.signal_template,
                                self._options.minimal_trace, fits, self._options.signal)
        if encoded and not signal and not self._warned:
            self._warned = True
            _log.warning("%s: no signal fits into %d tokens, so that nothing is guided: raise --signal-tokens, or "
                         "lower --max-new-tokens where the context is short", task.problem.task_id, limit)
        return signal, encoded[signal] if signal else []

    def _prefill(self, node: Node, target: list[int]) -> None:
        """Brings the conditional row to a new prompt: what it shares with a row that there is stays."""
        sources = [source for source in (node.plain, node.conditional) if source is not None]
        kept, source = max(((_common(source.tokens[0], target), source) for source in sources),
                           key=lambda pair: pair[0])
        if kept:
            row = source.select([0])
            row.truncate([kept])
            row.extend([target[kept:]])
        else:
            row = self._model.start([target])
        self._tally.count(node, "signal_tokens", len(target) - kept)
        guess = self._guess(node)
        [conditional] = row.read([guess])
        self._tally.count_pass("signal_tokens", [node])
        node.conditional = row
        if guess:
            assert node.plain is not None
            [plain] = node.plain.read([guess])
            self._tally.count_pass("plain_tokens", [node])
            node.foreseen = Foreseen(guess, plain, conditional)

    def _guess(self, node: Node) -> tuple[int, ...]:
        """The next line as candidates agree on it; none where guessing is of no use.

        With a signal for each token no more than one would be checked, and the early stop reads on from the code.
        """
        if self._options.strategy == "token" or self._options.early_stop:
            return ()
        return agreed_line(node.code, [each.tokens for each in node.sampled if each is not None],
                           node.next_refresh, node.room, self._model.end_tokens, self._reader)


def _common(row: Sequence[int], target: Sequence[int]) -> int:
    """Tokens at the beginning that are the same; at least one of the target's is left, for the network to see."""
    most = min(len(row), len(target) - 1)
    return next((place for place in range(most) if row[place] != target[place]), most)
