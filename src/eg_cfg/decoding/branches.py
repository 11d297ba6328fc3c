"""Guided tokens: the plain and the conditional row of every node, decoded in one batch.

A step reads both branches' distributions, which are known already, mixes them for each gamma, chooses, and sends the
chosen tokens through the network: one forward pass a step, whatever the number of problems and gammas. Where the next
line was guessed (`eg_cfg.decoding.foresight`), tokens are chosen without a pass for as long as the guess holds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
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
    """What tokens for some nodes led to."""

    finished: list[tuple[Node, Path, FinishReason]] = field(default_factory=list)
    due: list[Node] = field(default_factory=list)
    """Nodes that want a new signal; they are decoded no more."""
    parked: Prefixes | None = None
    """Their plain rows, in the same order."""
    passed: list[Node] = field(default_factory=list)
    """Nodes whose token went through the plain branch."""
    guided: list[Node] = field(default_factory=list)
    """Nodes whose token went through the conditional branch too."""


@dataclass(frozen=True, slots=True)
class _Way:
    """A token to be chosen for one gamma."""

    path: Path
    place: int
    """Of the token in the program."""
    plain: int
    """Row of the plain branch's distribution."""
    conditional: int | None
    """Row of the conditional branch's; none without a signal."""


class Branches:
    """The nodes that are being decoded.

    Args:
        reader: Of the model.
        options: Guided sampling, refresh, records.
        observer: Watches.
    """

    def __init__(self, reader: Reader, options: GuideOptions, observer: Observer | None) -> None:
        self._nodes: list[Node] = []
        self._joining: list[Node] = []
        """Nodes whose last token has not gone through the network; their rows are their own still."""
        self._reader = reader
        self._options = options
        self._observer = observer
        self._sampling = Sampling(temperature=options.guided_temperature, top_p=options.guided_top_p)
        self._rows = Rows()

    def __len__(self) -> int:
        """Nodes that are being decoded."""
        return len(self._nodes) + len(self._joining)

    def add(self, nodes: Sequence[Node]) -> None:
        """Takes nodes in, with their rows, whose next tokens' distributions are known."""
        self._take(nodes)
        self._nodes += nodes

    def follow(self, node: Node) -> tuple[Step, dict[int, int]]:
        """Chooses tokens along a guess, for each gamma as long as it holds, and takes in what goes on behind them.

        Returns:
            What it led to; and how many tokens of the guess each gamma wrote, by the identity of its path.
        """
        seen = node.foreseen
        assert seen is not None
        count = len(seen.tokens)
        ways = [_Way(path, len(node.code) + ahead, ahead, count + 1 + ahead)
                for ahead in range(count + 1) for path in node.paths]
        tokens = iter(self._choose(ways, torch.cat([seen.plain, seen.conditional])))
        found = Step()
        leaving: list[Node] = []
        standing: Node | None = node
        for ahead in range(count + 1):
            if standing is None:
                break
            children = self._children(standing, {id(path): next(tokens) for path in node.paths}, found)
            standing = next((child for child in children if ahead < count and child.code[-1] == seen.tokens[ahead]
                             and child.steered), None)
            leaving += [child for child in children if child is not standing]
            if standing is not None and self._is_due(standing, standing.code[-1]):
                # behind the whole guess nothing is left to be computed before the next signal
                (found.due if ahead == count - 1 else leaving).append(standing)
                standing = None
        self._share(node, count, leaving, found)
        self._joining += leaving
        before = len(node.code)
        written = {id(path): len(child.code) - 1 - before for child, path, _ in found.finished}
        written |= {id(path): len(child.code) - 1 - before for child in leaving for path in child.paths}
        written |= {id(path): count for child in found.due for path in child.paths}
        return found, written

    def step(self) -> Step:
        """Chooses a token for every gamma of every node, and computes what follows."""
        found = Step()
        going: list[tuple[Node, tuple[int, int | None]]] = []
        if self._nodes:
            ways = [_Way(path, len(node.code), *node.rows) for node in self._nodes for path in node.paths]
            tokens = self._choose(ways, self._rows.log_probs)
            chosen = {id(way.path): token for way, token in zip(ways, tokens, strict=True)}
            going = [(child, node.rows) for node in self._nodes for child in self._children(node, chosen, found)]
        self._take(self._joining)
        going += [(node, node.rows) for node in self._joining]
        self._nodes, self._joining = [], []
        self._advance(found, going)
        return found

    def _take(self, nodes: Sequence[Node]) -> None:
        """Brings nodes' own rows into the batch."""
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

    def _children(self, node: Node, chosen: Mapping[int, Token], found: Step) -> list[Node]:
        """The places one token further that go on; what ends there is found."""
        groups: dict[int, list[Path]] = {}
        for path in node.paths:
            token = chosen[id(path)]
            groups.setdefault(token.id, []).append(path)
            path.refreshes[-1].tokens.append(token)
            if self._observer is not None:
                self._observer.wrote(node.task.problem.task_id, path.gamma, token)
        going = []
        for token_id, paths in groups.items():
            child = node.fork(token_id, paths)
            reason = self._ended(child)
            if reason is None:
                going.append(child)
            else:
                found.finished += [(child, path, reason) for path in paths]
        return going

    def _share(self, node: Node, count: int, leaving: Sequence[Node], found: Step) -> None:
        """Gives those that come from a guess their rows, without what they did not write."""
        assert node.plain is not None
        assert node.conditional is not None
        prompts = len(node.task.prompt_ids), len(node.conditional.tokens[0]) - len(node.code) - count
        takers = [*leaving, *found.due]
        for child in takers:
            last = child is takers[-1]
            kept = len(child.code) - (child not in found.due)
            child.plain = node.plain if last else node.plain.select([0])
            child.plain.truncate([prompts[0] + kept])
            child.conditional = None
            if child.steered:
                child.conditional = node.conditional if last else node.conditional.select([0])
                child.conditional.truncate([prompts[1] + kept])
        if found.due:
            found.parked = found.due[0].plain
        node.foreseen = None

    def _advance(self, found: Step, going: Sequence[tuple[Node, tuple[int, int | None]]]) -> None:
        """Rows of nodes that go on get their tokens; nodes that are due take their rows along."""
        places: list[int] = []
        tokens: list[int] = []
        due: list[tuple[Node, int]] = []
        for node, (plain, conditional) in going:
            if self._is_due(node, node.code[-1]):
                if conditional is not None:
                    node.conditional = self._rows.take([conditional])  # as it is: a new signal follows
                due.append((node, plain))
                continue
            node.rows = (len(places), None)
            places.append(plain)
            tokens.append(node.code[-1])
            if conditional is not None and node.steered:
                node.rows = (len(places) - 1, len(places))
                places.append(conditional)
                tokens.append(node.code[-1])
                found.guided.append(node)
            self._nodes.append(node)
        first_due = len(places)
        found.due = [node for node, _ in due]
        self._rows.advance([*places, *(plain for _, plain in due)], [*tokens, *(node.code[-1] for node in found.due)])
        if due:
            found.parked = self._rows.take(range(first_due, first_due + len(due)))
            self._rows.keep(range(first_due))
        found.passed = [*self._nodes, *found.due]

    def _choose(self, ways: Sequence[_Way], log_probs: torch.Tensor) -> list[Token]:
        """The token of each way, with its probabilities."""
        signal = [way.conditional is not None and way.path.gamma > 0 for way in ways]
        at = torch.tensor([way.plain for way in ways], device=log_probs.device)
        other = torch.tensor([way.plain if way.conditional is None else way.conditional for way in ways],
                             device=log_probs.device)
        # without a signal both branches are one, and gamma 0 says so to the bit
        gammas = torch.tensor([way.path.gamma if has else 0.0 for way, has in zip(ways, signal, strict=True)],
                              device=log_probs.device)
        plain, conditional = log_probs[at], log_probs[other]
        mixed = guide(plain, conditional, gammas, self._options.top_k)
        drawn = None
        if self._sampling.temperature > 0:
            drawn = torch.tensor([_uniform(way) for way in ways], dtype=torch.float64)
        tokens = choose(mixed, self._sampling, drawn).tokens
        likeliest = mixed.topk(min(self._options.alternatives + 1, mixed.shape[1])).indices
        ids = torch.cat([tokens[:, None], likeliest], dim=1)
        values = torch.stack([each.gather(1, ids) for each in (plain, conditional, mixed)]).tolist()
        found: list[Token] = []
        for row, (own, way) in enumerate(zip(ids.tolist(), ways, strict=True)):
            record = [(token, self._reader.text_of(token), values[0][row][column],
                       None if way.conditional is None else values[1][row][column], values[2][row][column])
                      for column, token in enumerate(own)]
            top = tuple(Alternative(*each) for each in record[1:]
                        if each[0] != own[0] and each[4] > -math.inf)[: self._options.alternatives]
            found.append(Token(*record[0], top=top))
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


def _uniform(way: _Way) -> float:
    assert way.path.noise is not None
    return float(way.path.noise[way.place])
