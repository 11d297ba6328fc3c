"""The filters of a configuration, one after the other, and what they leave to train on.

    keep(load_config(Path("configs/generation.yaml")))      # `pipeline filter`

What is kept depends on all scores together, so the files in `data/processed` are written whole; equal input gives equal
files. Behaviours, not rows, are held out for validation: no program that is trained on does what a held-out one does.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eg_cfg.errors import DataNotFoundError
from eg_cfg.records import write_atomically
from evoselfcode.pipeline.diversity import measure_diversity
from evoselfcode.pipeline.filters import Agreement, Dropped, Filter, Item, made, with_agreement
from evoselfcode.pipeline.lessons import in_share
from evoselfcode.pipeline.scoring import ScoreBook
from evoselfcode.records import Candidate, Decision, KeptPair, Score, content_id
from evoselfcode.stage import Progress, silent, stage
from evoselfcode.store import read_rows, replace_rows
from evoselfcode.summary import FunnelStep, Summary

if TYPE_CHECKING:
    from evoselfcode.config import Config


@dataclass(frozen=True, slots=True)
class Kept:
    """What a chain of filters left."""

    items: tuple[Item, ...]
    dropped: tuple[tuple[str, Item, str], ...]
    """Filter, item, reason."""
    funnel: tuple[FunnelStep, ...]


def keep(config: Config, progress: Progress = silent) -> Summary:
    """Filters the scored candidates.

    Raises:
        DataNotFoundError: There are no candidates, or no scores of this configuration.
        ConfigError: A filter or one of its options is wrong.
        RunError: Another process writes, or a file cannot be written.
    """
    paths = config.paths
    with stage(config, "filter") as run:
        candidates, bad = read_rows(paths.candidates, Candidate,
                                    made_by="evoselfcode pipeline generate --config configs/generation.yaml")
        run.damaged += bad
        scores, bad = read_rows(paths.scores, Score)
        run.damaged += bad
        book = ScoreBook(config, {row.id: row for row in scores})
        items = [Item(row, found) for row in candidates if (found := book.of(row)) is not None]
        if not items:
            raise DataNotFoundError(f"{paths.scores}: expected scores of the candidates under this configuration, "
                                    f"found none: run `evoselfcode pipeline score` with it first")
        progress("filtering", 0, len(items))
        result = run_filters(items, [made(item) for item in config.filter.filters])
        pairs = [kept_pair(item) for item in result.items]
        held = [row for row in pairs if is_held_out(row, config.filter.held_out)]
        train = [row for row in pairs if not is_held_out(row, config.filter.held_out)]
        there, bad = read_rows(paths.pairs, KeptPair)
        run.damaged += bad
        earlier = {row.id for row in there}
        replace_rows(paths.pairs, train)
        replace_rows(paths.held_out, held)
        replace_rows(paths.decisions, decisions(result))
        without = sum(row.problem is not None for row in candidates)
        before = measure_diversity([item.candidate.pair for item in items])
        after = measure_diversity([row.pair for row in train])
        counts: dict[str, Any] = {
            "candidates": len(candidates), "without a program": without,
            "not scored": len(candidates) - without - len(items), "kept to train on": len(train), "held out": len(held),
            "kept as likely": sum(row.why == "likely" for row in train),
            "kept as diverse": sum(row.why == "diverse" for row in train),
            "distinct programs": after.distinct_programs, "distinct descriptions": after.distinct_descriptions,
            "description entropy (bits a word)": round(after.description_entropy, 3)}
        report = {"counts": counts, "diversity": {"before": before.to_json(), "after": after.to_json()},
                  "funnel": [{"name": step.name, "seen": step.seen, "dropped": step.dropped, "kept": step.kept,
                              "reasons": dict(step.reasons)} for step in result.funnel]}
        write_atomically(paths.processed / "filter_report.json", [json.dumps(report, indent=2).encode() + b"\n"])
        progress("filtering", len(items), len(items))
        return run.done(added=sum(row.id not in earlier for row in train), total=len(train),
                        outputs=[paths.pairs, paths.held_out, paths.decisions], counts=counts, funnel=result.funnel)


def run_filters(items: Sequence[Item], filters: Sequence[Filter]) -> Kept:
    """Runs items through filters, in order."""
    least = next((step.min_candidates for step in filters if isinstance(step, Agreement)), 1)
    left = with_agreement(items, least)
    dropped: list[tuple[str, Item, str]] = []
    funnel: list[FunnelStep] = []
    for step in filters:
        seen = len(left)
        left, out = step(left)
        dropped += [(step.name, item, reason) for item, reason in out]
        funnel.append(FunnelStep(step.name, seen, len(out), _counted(out)))
    return Kept(tuple(left), tuple(dropped), tuple(funnel))


def chosen(filters: Sequence[Mapping[str, Mapping[str, Any]]], leave_out: Sequence[str] = ()) -> list[Filter]:
    """The filters of a configuration but some."""
    return [made(item) for item in filters if next(iter(item)) not in leave_out]


def _counted(out: Sequence[Dropped]) -> dict[str, int]:
    return dict(Counter(reason for _, reason in out).most_common())


def kept_pair(item: Item) -> KeptPair:
    """The row of an item that passed."""
    candidate, score = item.candidate, item.score
    return KeptPair(id=content_id(candidate=candidate.id, score=score.id), pair=candidate.pair, candidate=candidate.id,
                    task=candidate.task, behaviour=score.behaviour, perplexity=score.perplexity,
                    agreement=item.agreement, why=item.why, examples=score.examples)


def decisions(result: Kept) -> list[Decision]:
    """What became of every item, in the order of content, so that equal input gives equal files."""
    rows = [Decision(id=item.candidate.id) for item in result.items]
    rows += [Decision(id=item.candidate.id, filter=name, reason=reason) for name, item, reason in result.dropped]
    return sorted(rows, key=lambda row: row.id)


def is_held_out(row: KeptPair, share: float) -> bool:
    """Whether a pair is kept away from training: its behaviour decides, or its task where that is not known."""
    return in_share(content_id(held_out=row.behaviour or row.task), share)
