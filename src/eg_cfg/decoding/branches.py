"""Guided tokens: the plain and the conditional row of every node, decoded in one batch.

A step reads both branches' distributions, which are known already, mixes them for each gamma, chooses, and sends the
chosen tokens through the network: one forward pass a step, whatever the number of problems and gammas.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from eg_cfg.decoding.base import Alternative, FinishReason, GuideOptions, Observer, Token
from eg_cfg.decoding.candidates import lines_of
from eg_cfg.decoding.guidance import guide
from eg_cfg.decoding.rows import Rows
from eg_cfg.decoding.sampling import Reader
from eg_cfg.decoding.tasks import Node, Path
from eg_cfg.models.base import Prefixes, Sampling
from eg_cfg.models.choosing import choose


@dataclass(slots=True)
class Step:
    """What one token for each node led to."""

    finished: list[tuple[Node, Path, FinishReason]] = field(default_factory=list)
    due: list[Node] = field(default_factory=list)
    """Nodes that want a new signal; they are decoded no more."""
    parked: Prefixes | None = None
    """Their plain rows, in the same order."""
    passed: list[Node] = field(default_factory=list)
    """Nodes whose token went through the plain branch."""
    guided: list[Node] = field(default_factory=list)
    """Nodes whose token went through the conditional branch too."""


class Branches:
    """The nodes that are being decoded.

    Args:
        reader: Of the model.
        options: Guided sampling, refresh, records.
        observer: Watches.
    """

    def __init__(self, reader: Reader, options: GuideOptions, observer: Observer | None) -> None:
        self.nodes: list[Node] = []
        self._reader = reader
        self._options = options
        self._observer = observer
        self._sampling = Sampling(temperature=options.guided_temperature, top_p=options.guided_top_p)
        self._rows = Rows()

    def add(self, nodes: Sequence[Node]) -> None:
        """Takes nodes in, with their rows."""
        parts: list[Prefixes] = []
        place = len(self._rows)
        for node in nodes:
            assert node.plain is not None
            parts.append(node.plain)
            node.rows = (place, None)
            place += 1
            if node.guided and node.steered:
                assert node.conditional is not None
                parts.append(node.conditional)
                node.rows = (place - 1, place)
                node.conditional = None
                place += 1
            node.plain = None
        if parts:
            self._rows.add(parts)
            self.nodes += nodes

    def step(self) -> Step:
        """Chooses a token for every gamma of every node, and computes what follows."""
        ways = [(node, path) for node in self.nodes for path in node.paths]
        chosen = self._choose(ways)
        found = Step()
        staying: list[Node] = []
        origin: dict[int, tuple[int, int | None]] = {}
        for node in self.nodes:
            groups: dict[int, list[Path]] = {}
            for path in node.paths:
                groups.setdefault(chosen[id(path)].id, []).append(path)
            for token, paths in groups.items():
                child = node.fork(token, paths)
                reason = self._ended(child)
                if reason is not None:
                    found.finished += [(child, path, reason) for path in paths]
                    continue
                origin[id(child)] = node.rows
                (found.due if self._is_due(child, token) else staying).append(child)
        self._advance(found, staying, origin)
        return found

    def _advance(self, found: Step, staying: list[Node], origin: dict[int, tuple[int, int | None]]) -> None:
        """Rows of nodes that go on get their tokens; nodes that are due take their rows along."""
        places: list[int] = []
        tokens: list[int] = []
        for node in staying:
            plain, conditional = origin[id(node)]
            node.rows = (len(places), None)
            places.append(plain)
            tokens.append(node.code[-1])
            if conditional is not None and node.steered:
                node.rows = (len(places) - 1, len(places))
                places.append(conditional)
                tokens.append(node.code[-1])
                found.guided.append(node)
        first_due = len(places)
        for node in found.due:
            plain, conditional = origin[id(node)]
            if conditional is not None:
                node.conditional = self._rows.take([conditional])  # as it is: a new signal follows
            places.append(plain)
            tokens.append(node.code[-1])
        self._rows.advance(places, tokens)
        if found.due:
            found.parked = self._rows.take(range(first_due, len(places)))
            self._rows.keep(range(first_due))
        found.passed = [*staying, *found.due]
        self.nodes = staying

    def _choose(self, ways: Sequence[tuple[Node, Path]]) -> dict[int, Token]:
        """The token of each path, recorded with its probabilities."""
        log_probs = self._rows.log_probs
        signal = [node.rows[1] is not None and path.gamma > 0 for node, path in ways]
        at = torch.tensor([node.rows[0] for node, _ in ways], device=log_probs.device)
        other = torch.tensor([node.rows[1] if node.rows[1] is not None else node.rows[0] for node, _ in ways],
                             device=log_probs.device)
        # without a signal both branches are one, and gamma 0 says so to the bit
        gammas = torch.tensor([path.gamma if has else 0.0 for (_, path), has in zip(ways, signal, strict=True)],
                              device=log_probs.device)
        plain, conditional = log_probs[at], log_probs[other]
        mixed = guide(plain, conditional, gammas, self._options.top_k)
        drawn = None
        if self._sampling.temperature > 0:
            drawn = torch.tensor([_uniform(node, path) for node, path in ways], dtype=torch.float64)
        tokens = choose(mixed, self._sampling, drawn).tokens
        likeliest = mixed.topk(min(self._options.alternatives + 1, mixed.shape[1])).indices
        ids = torch.cat([tokens[:, None], likeliest], dim=1)
        values = torch.stack([each.gather(1, ids) for each in (plain, conditional, mixed)]).tolist()
        found: dict[int, Token] = {}
        for row, (own, has) in enumerate(zip(ids.tolist(), signal, strict=True)):
            node, path = ways[row]
            record = [(token, self._reader.text_of(token), values[0][row][column],
                       values[1][row][column] if has or node.rows[1] is not None else None, values[2][row][column])
                      for column, token in enumerate(own)]
            top = tuple(Alternative(*each) for each in record[1:]
                        if each[0] != own[0] and each[4] > -math.inf)[: self._options.alternatives]
            token = found[id(path)] = Token(*record[0], top=top)
            path.refreshes[-1].tokens.append(token)
            if self._observer is not None:
                self._observer.wrote(node.task.problem.task_id, path.gamma, token)
        return found

    def _ended(self, node: Node) -> FinishReason | None:
        if self._reader.stopped(node.code):
            return "stop"
        if node.task.stops.reached(node.code):
            return "stop_sequence"
        return "length" if node.room < 1 else None

    def _is_due(self, node: Node, token: int) -> bool:
        """Whether the next token wants a new signal."""
        if not node.steered or self._options.strategy == "persistent":
            return False
        if self._options.strategy == "token":
            return True
        if "\n" not in self._reader.text_of(token):
            return False
        return lines_of(self._reader.decode(node.code)) >= node.next_refresh


def _uniform(node: Node, path: Path) -> float:
    assert path.noise is not None
    return float(path.noise[len(node.code)])
