"""Filters by name: each sees all that is left, and says of what it drops why.

    kept, dropped = made({"agreement": {"min_share": 0.6}})(items)

| name | keeps | options |
|---|---|---|
| `syntax` | what parses | |
| `lint` | what ruff finds no likely mistakes in | `max_findings` 0 |
| `runs` | what runs to its end and raises nothing | `max_raised` 0.0 of the calls, `unknown` keep |
| `tests` | what passes all of its tests, or has none | `min_share` 1.0, `required` false |
| `varied` | what does not give one result for everything | `min_distinct` 2 |
| `description` | descriptions of a sensible length | `min_words` 3, `max_words` 80 |
| `literals` | what has most of the description's literals, of its task | `min_share` 0.0 of them |
| `agreement` | what most of its task agree with | `min_share` 0.5, `min_candidates` 3, `best_only` |
| `round_trip` | what finds back from its description (`score.round_trip`) | `required` false |
| `duplicates` | the first of equal pairs | `program` false: equal programs too |
| `perplexity` | likely programs, and some rare ones | `keep_share` 0.7, `diverse_share` 0.15, `max` none |
| `per_task` | the likeliest few of each task | `max` 2 |
| `at_most` | the likeliest of all | `max` required |

Unknown scores drop nothing, but where a filter says so. To add one: a class here with a `name`, and its place in
`FILTERS`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

from pydantic import Field

from eg_cfg.config import Options, build
from eg_cfg.errors import UnknownNameError
from evoselfcode.pairs import code_of
from evoselfcode.pipeline.diversity import nameless_hash, rarity
from evoselfcode.pipeline.literals import found_share
from evoselfcode.records import Candidate, Score


@dataclass(frozen=True, slots=True)
class Item:
    """A candidate with its score, on its way through the filters."""

    candidate: Candidate
    score: Score
    agreement: float | None = None
    """Share of the task's candidates that behave alike; None where behaviours are not known."""
    why: Literal["likely", "diverse", "all"] = "all"


Dropped = tuple[Item, str]
"""What was dropped, and why, in words that tables count."""


class Filter(Options):
    """Lets some items pass."""

    name: ClassVar[str]

    @abstractmethod
    def reasons(self, items: Sequence[Item]) -> Iterator[Item | Dropped]:
        """Each item, or what replaces it, or the item with why it is dropped; in their order."""

    def __call__(self, items: Sequence[Item]) -> tuple[list[Item], list[Dropped]]:
        """What passes and what does not."""
        kept: list[Item] = []
        dropped: list[Dropped] = []
        for found in self.reasons(items):
            if isinstance(found, Item):
                kept.append(found)
            else:
                dropped.append(found)
        return kept, dropped


class Syntax(Filter):
    """Keeps what parses."""

    name = "syntax"

    def reasons(self, items: Sequence[Item]) -> Iterator[Item | Dropped]:
        """See the class."""
        for item in items:
            yield item if item.score.parses else (item, "does not parse")


class Lint(Filter):
    """Keeps what ruff finds few likely mistakes in."""

    name = "lint"
    max_findings: int = Field(0, ge=0)

    def reasons(self, items: Sequence[Item]) -> Iterator[Item | Dropped]:
        """See the class."""
        for item in items:
            findings = item.score.findings
            yield (item, "findings") if findings is not None and findings > self.max_findings else item


class Runs(Filter):
    """Keeps what runs to its end on the generated inputs."""

    name = "runs"
    max_raised: float = Field(0.0, ge=0, le=1)
    """Share of the calls that may raise."""
    unknown: Literal["keep", "drop"] = "keep"
    """What to do where no inputs could be made."""

    def reasons(self, items: Sequence[Item]) -> Iterator[Item | Dropped]:
        """See the class."""
        for item in items:
            score = item.score
            if score.outcome in (None, "unknown"):
                yield (item, "no inputs") if self.unknown == "drop" else item
            elif score.outcome != "ok":
                yield item, str(score.outcome)
            elif score.raised > self.max_raised * score.calls:
                yield item, "raises"
            else:
                yield item


class Tests(Filter):
    """Keeps what passes the tests that its pair came with."""

    name = "tests"
    min_share: float = Field(1.0, ge=0, le=1)
    required: bool = False
    """Drops what has no tests."""

    def reasons(self, items: Sequence[Item]) -> Iterator[Item | Dropped]:
        """See the class."""
        for item in items:
            passed, total = item.score.tests_passed, item.score.tests_total
            if passed is None or not total:
                yield (item, "no tests") if self.required else item
            else:
                yield item if passed >= self.min_share * total else (item, "fails tests")


class Varied(Filter):
    """Drops programs that give one result whatever they are given."""

    name = "varied"
    min_distinct: int = Field(2, ge=1)

    def reasons(self, items: Sequence[Item]) -> Iterator[Item | Dropped]:
        """See the class."""
        for item in items:
            known = item.score.behaviour is not None
            yield (item, "one result") if known and item.score.distinct < self.min_distinct else item


class DescriptionLength(Filter):
    """Keeps descriptions of a sensible length."""

    name = "description"
    min_words: int = Field(3, ge=1)
    max_words: int = Field(80, ge=1)

    def reasons(self, items: Sequence[Item]) -> Iterator[Item | Dropped]:
        """See the class."""
        for item in items:
            words = len(item.candidate.pair.description.split())
            if words < self.min_words:
                yield item, "few words"
            else:
                yield (item, "many words") if words > self.max_words else item


_FEW = 3


class Literals(Filter):
    """Keeps the programs that have as many of their description's literals as any other program of the task has.

    What is left agrees or not among itself: a task most of whose programs took another letter than asked for has
    its majority among the others. Fewer than three are counted as three, so that one alone is no majority.
    """

    name = "literals"
    min_share: float = Field(0.0, ge=0, le=1)
    """Share of the description's literals that a program must have, whatever the others have."""

    def reasons(self, items: Sequence[Item]) -> Iterator[Item | Dropped]:
        """See the class."""
        found = [found_share(item.candidate.pair) for item in items]
        best: defaultdict[str, float] = defaultdict(float)
        for item, share in zip(items, found, strict=True):
            best[item.candidate.task] = max(best[item.candidate.task], share)
        behaviours: defaultdict[str, Counter[str | None]] = defaultdict(Counter)
        for item, share in zip(items, found, strict=True):
            if share == best[item.candidate.task]:
                behaviours[item.candidate.task][item.score.behaviour] += 1
        for item, share in zip(items, found, strict=True):
            task = item.candidate.task
            if share < self.min_share:
                yield item, "few of its literals"
            elif share < best[task]:
                yield item, "others have more of them"
            elif item.agreement is None:
                yield item
            else:
                alike = behaviours[task][item.score.behaviour] if item.score.behaviour is not None else 0
                yield replace(item, agreement=alike / max(behaviours[task].total(), _FEW))


class Agreement(Filter):
    """Keeps what behaves as most candidates of its task do (of those that hold a program, whatever became of them)."""

    name = "agreement"
    min_share: float = Field(0.5, gt=0, le=1)
    min_candidates: int = Field(3, ge=1)
    """Of a task; with fewer nothing is known."""
    best_only: bool = True
    """Drops behaviours that another one of the task beats, however large their share."""

    def reasons(self, items: Sequence[Item]) -> Iterator[Item | Dropped]:
        """See the class."""
        best: defaultdict[str, float] = defaultdict(float)
        for item in items:
            best[item.candidate.task] = max(best[item.candidate.task], item.agreement or 0.0)
        for item in items:
            if item.agreement is None:
                yield item
            elif item.agreement < self.min_share:
                yield item, "few agree"
            else:
                beaten = self.best_only and item.agreement < best[item.candidate.task]
                yield (item, "more agree on another") if beaten else item


class RoundTrip(Filter):
    """Keeps what behaves alike when it is described and written again."""

    name = "round_trip"
    required: bool = False
    """Drops what was not asked."""

    def reasons(self, items: Sequence[Item]) -> Iterator[Item | Dropped]:
        """See the class."""
        for item in items:
            found = item.score.round_trip
            if found is None:
                yield (item, "not asked") if self.required else item
            else:
                yield item if found else (item, "does not find back")


class Duplicates(Filter):
    """Keeps the first of equal pairs."""

    name = "duplicates"
    program: bool = False
    """Programs count as equal whatever their names and descriptions."""

    def reasons(self, items: Sequence[Item]) -> Iterator[Item | Dropped]:
        """See the class."""
        seen: set[tuple[str, str]] = set()
        for item in items:
            pair = item.candidate.pair
            words = "" if self.program else " ".join(pair.description.lower().split())
            key = (nameless_hash(pair), words)
            yield (item, "seen before") if key in seen else item
            seen.add(key)


class Perplexity(Filter):
    """Keeps the likeliest programs, and of the rest those that are least like the others, against mode collapse."""

    name = "perplexity"
    keep_share: float = Field(0.7, gt=0, le=1)
    """Of all, by low perplexity."""
    diverse_share: float = Field(0.15, ge=0, le=1)
    """Of all, from the rest, by rarity of their syntax; 0 keeps none of them."""
    max: float | None = Field(None, gt=1)
    """Perplexity above which nothing is kept, for diversity neither."""

    def reasons(self, items: Sequence[Item]) -> Iterator[Item | Dropped]:
        """See the class."""
        known = [item for item in items if item.score.perplexity is not None]
        order = sorted(range(len(known)), key=lambda place: (known[place].score.perplexity or 0.0, place))
        likely = {id(known[place]) for place in order[:round(self.keep_share * len(known))]}
        rest = [item for item in known if id(item) not in likely and not self._above(item)]
        rare = rarity([code_of(item.candidate.pair) for item in known])
        rarest = {id(item): value for item, value in zip(known, rare, strict=True)}
        rest.sort(key=lambda item: -rarest[id(item)])
        diverse = {id(item) for item in rest[:round(self.diverse_share * len(known))]}
        for item in items:
            if item.score.perplexity is None:
                yield item
            elif self._above(item):
                yield item, "above the limit"
            elif id(item) in likely:
                yield replace(item, why="likely")
            elif id(item) in diverse:
                yield replace(item, why="diverse")
            else:
                yield item, "unlikely and not rare"

    def _above(self, item: Item) -> bool:
        return self.max is not None and (item.score.perplexity or 0.0) > self.max


class PerTask(Filter):
    """Keeps the likeliest few of each task, those kept for diversity first."""

    name = "per_task"
    max: int = Field(2, ge=1)

    def reasons(self, items: Sequence[Item]) -> Iterator[Item | Dropped]:
        """See the class."""
        groups: defaultdict[str, list[Item]] = defaultdict(list)
        for item in items:
            groups[item.candidate.task].append(item)
        kept = {id(item) for group in groups.values()
                for item in sorted(group, key=lambda item: (item.why != "diverse", *_likelihood(item)))[:self.max]}
        for item in items:
            yield item if id(item) in kept else (item, "enough of its task")


class AtMost(Filter):
    """Keeps the likeliest of all."""

    name = "at_most"
    max: int = Field(ge=1)

    def reasons(self, items: Sequence[Item]) -> Iterator[Item | Dropped]:
        """See the class."""
        kept = {id(item) for item in sorted(items, key=_likelihood)[:self.max]}
        for item in items:
            yield item if id(item) in kept else (item, "enough")


def _likelihood(item: Item) -> tuple[float, str]:
    """Low perplexity first, unknown ones last; ties by content, so that order does not decide."""
    found = item.score.perplexity
    return (float("inf") if found is None else found, item.score.id)


FILTERS: Mapping[str, type[Filter]] = {kind.name: kind for kind in (
    Syntax, Lint, Runs, Tests, Varied, DescriptionLength, Literals, Agreement, RoundTrip, Duplicates, Perplexity,
    PerTask, AtMost)}


def made(item: Mapping[str, Mapping[str, Any]]) -> Filter:
    """A filter from its name and options.

    Raises:
        UnknownNameError: No such filter.
        ConfigError: An option is not one of the filter's.
    """
    ((name, options),) = item.items()
    if name not in FILTERS:
        raise UnknownNameError("filter", name, FILTERS)
    return build(FILTERS[name], options, origin=f"filter {name}")


def with_agreement(items: Sequence[Item], min_candidates: int) -> list[Item]:
    """Each item with the share of its task's programs that behave as it does.

    Programs that did not run to their end count as behaving like none. Where none of a task's did, or there are fewer
    than `min_candidates`, it is not known.
    """
    behaviours: defaultdict[str, Counter[str]] = defaultdict(Counter)
    sizes: Counter[str] = Counter()
    for item in items:
        sizes[item.candidate.task] += item.score.outcome not in (None, "unknown")
        if item.score.behaviour is not None:
            behaviours[item.candidate.task][item.score.behaviour] += 1
    found = []
    for item in items:
        task, behaviour = item.candidate.task, item.score.behaviour
        if sizes[task] < min_candidates or not behaviours[task]:
            found.append(item)
        else:
            share = behaviours[task][behaviour] / sizes[task] if behaviour is not None else 0.0
            found.append(replace(item, agreement=share))
    return found
