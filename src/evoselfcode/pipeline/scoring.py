"""What is known of each candidate: perplexity under the base model, syntax, ruff's findings, what it does.

    score(load_config(Path("configs/generation.yaml")))

Programs are run in the sandbox: on generated inputs, which shows what they do, and on tests, where a pair came with
some. Nobody knows what the generated inputs should give; candidates that agree vouch for one another, no more.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from eg_cfg.benchmarks.base import AssertionTest, Problem
from eg_cfg.errors import DataNotFoundError
from eg_cfg.grading.grader import Grader, GradeRequest
from eg_cfg.grading.quality import measure
from eg_cfg.grading.syntax import parse
from eg_cfg.models.base import ScoringModel, TextModel, require_scores
from eg_cfg.sandbox import Sandbox
from evoselfcode.pairs import code_of, source_of
from evoselfcode.pipeline.back_again import write_again
from evoselfcode.pipeline.behaviour import Behaviour, behaviour_sandbox, observe
from evoselfcode.pipeline.options import DrawOptions
from evoselfcode.pipeline.perplexity import score_code
from evoselfcode.records import Candidate, PairFields, Score, content_id
from evoselfcode.stage import Progress, silent, stage
from evoselfcode.store import Store, read_rows
from evoselfcode.summary import Summary
from evoselfcode.writers import infills, named, writer_id

if TYPE_CHECKING:
    from evoselfcode.config import Config


def score(config: Config, progress: Progress = silent) -> Summary:
    """Scores the candidates that have no score yet.

    Raises:
        DataNotFoundError: There are no candidates.
        ConfigError: The scoring model gives no log-probabilities.
        SandboxError: The sandbox could not do its work; scores so far are kept.
        RunError: Another process writes, or a file cannot be written.
    """
    paths = config.paths
    with stage(config, "score") as run, Store(paths.scores, Score) as scores:
        candidates, bad = read_rows(paths.candidates, Candidate,
                                    made_by="evoselfcode pipeline generate --config configs/generation.yaml")
        run.damaged += [*bad, *scores.damaged]
        if not candidates:
            raise DataNotFoundError(f"{paths.candidates}: expected candidates, found none: run `evoselfcode pipeline "
                                    f"generate` first")
        book = ScoreBook(config, scores)
        book.add(candidates, progress)
        known = [found for row in candidates if (found := book.of(row)) is not None]
        perplexities = [found.perplexity for found in known if found.perplexity is not None]
        return run.done(added=scores.added, total=len(scores), outputs=[paths.scores], counts={
            "candidates": len(candidates), "different programs": len({found.id for found in known}),
            "new scores": scores.added, "parse": sum(found.parses for found in known),
            "without findings": sum(found.findings == 0 for found in known),
            "run to their end": sum(found.outcome == "ok" for found in known),
            "without inputs": sum(found.outcome == "unknown" for found in known),
            "with tests": sum(found.tests_total is not None for found in known),
            "found back": sum(bool(found.round_trip) for found in known) if config.score.round_trip else None,
            "median perplexity": None if not perplexities else round(sorted(perplexities)[len(perplexities) // 2], 4)})


class ScoreBook:
    """Scores by program, and what makes the ones that are missing.

    Args:
        config: Says what is scored, and how.
        scores: Where they are; new ones can be added to a `Store` only.
    """

    def __init__(self, config: Config, scores: Store[Score] | Mapping[str, Score]) -> None:
        self._config = config
        self._options = config.score
        self._loaded: tuple[TextModel, ...] = ()
        self._scores = scores
        self._model = named(config, config.score.model)
        self._partners = (named(config, config.score.c2d), named(config, config.score.d2c))
        self._settings = self._hashed()

    def _hashed(self) -> str:
        """Hash of what decides a score."""
        options = self._options
        parts: dict[str, Any] = {
            "model": writer_id(self._model) if options.perplexity else None, "lint": options.lint,
            "inputs": options.inputs if options.execution else None,
            "timeout": self._config.sandbox.timeout if options.execution else None}
        if options.round_trip:
            parts["round_trip"] = [writer_id(partner) for partner in self._partners]
        return content_id(**parts)

    def key(self, candidate: Candidate) -> str:
        """By what a candidate's score is known."""
        return content_id(source=source_of(candidate.pair), tests=list(candidate.tests), settings=self._settings)

    def of(self, candidate: Candidate) -> Score | None:
        """A candidate's score; None where it holds no program, or has none yet."""
        key = self.key(candidate)
        return self._scores[key] if candidate.problem is None and key in self._scores else None

    def add(self, candidates: Iterable[Candidate], progress: Progress = silent) -> None:
        """Scores what is missing, batch by batch, each on disk before the next begins."""
        waiting: dict[str, Candidate] = {}
        for row in candidates:
            if row.problem is None and (key := self.key(row)) not in self._scores:
                waiting.setdefault(key, row)
        if not waiting:
            return
        scores = self._scores
        assert isinstance(scores, Store)
        items = list(waiting.items())
        with ExitStack() as stack:
            model: ScoringModel | None = None
            sandbox: Sandbox | None = None
            if self._options.perplexity:
                model = require_scores(stack.enter_context(self._model.load_model()), "score.perplexity")
            if self._options.execution:
                sandbox = stack.enter_context(behaviour_sandbox(self._config.sandbox))
            if self._options.round_trip:
                self._loaded = tuple(stack.enter_context(partner.load_model()) for partner in self._partners)
            for start in range(0, len(items), self._options.batch):
                for found in self._batch(items[start:start + self._options.batch], model, sandbox):
                    scores.add(found)
                progress("scoring", min(start + self._options.batch, len(items)), len(items))

    def _batch(self, items: Sequence[tuple[str, Candidate]], model: ScoringModel | None,
               sandbox: Sandbox | None) -> list[Score]:
        pairs = [candidate.pair for _, candidate in items]
        likely = score_code(model, pairs) if model is not None else [None] * len(pairs)
        programs = [code_of(pair) for pair in pairs]
        if self._options.lint:
            findings = [quality.findings for quality in measure(programs)]
        else:
            findings = [None] * len(pairs)
        if sandbox is not None:
            seen = observe(sandbox, pairs, inputs=self._options.inputs, timeout=self._config.sandbox.timeout)
            tested = _tested(sandbox, [candidate for _, candidate in items], self._config.sandbox.timeout)
        else:
            seen, tested = [Behaviour("unknown")] * len(pairs), [(None, None)] * len(pairs)
        trips: list[bool | None] = [None] * len(pairs)
        if sandbox is not None and self._options.round_trip:
            trips = self._round_trips(pairs, seen, sandbox)
        rows = []
        for place, (key, _) in enumerate(items):
            found, did = likely[place], seen[place]
            known = found is not None and found.log_probs and math.isfinite(found.perplexity)
            rows.append(Score(
                id=key, perplexity=found.perplexity if found is not None and known else None,
                tokens=len(found.token_ids) if found is not None else None, parses=parse(programs[place]) is not None,
                findings=findings[place], tests_passed=tested[place][0], tests_total=tested[place][1],
                outcome=did.outcome if sandbox is not None else None, behaviour=did.behaviour, calls=did.calls,
                raised=did.raised, distinct=did.distinct, round_trip=trips[place], examples=did.examples))
        return rows

    def _round_trips(self, pairs: Sequence[PairFields], seen: Sequence[Behaviour],
                     sandbox: Sandbox) -> list[bool | None]:
        """Whether each program, described and written again, behaves as before; None where that is not known."""
        c2d, d2c = self._loaded
        draw = DrawOptions(temperature=0.0)
        written = write_again(pairs, c2d, d2c, infill=infills(self._partners[0]), description=draw, code=draw)
        places = [place for place, pair in enumerate(written) if pair is not None]
        again = observe(sandbox, [pair for pair in written if pair is not None], inputs=self._options.inputs,
                        timeout=self._config.sandbox.timeout)
        found: list[bool | None] = [None if did.behaviour is None else False for did in seen]
        for place, did in zip(places, again, strict=True):
            if seen[place].behaviour is not None:
                found[place] = did.behaviour == seen[place].behaviour
        return found


def _tested(sandbox: Sandbox, candidates: Sequence[Candidate],
            timeout: float) -> list[tuple[int | None, int | None]]:
    """Tests passed and tests there are; None and None where a candidate came with none."""
    found: list[tuple[int | None, int | None]] = [(None, None)] * len(candidates)
    places = [place for place, row in enumerate(candidates) if row.tests]
    requests = (GradeRequest(_problem(candidates[place]), code_of(candidates[place].pair)) for place in places)
    for position, verdict in Grader(sandbox, timeout=timeout).grade_many(requests):
        found[places[position]] = (sum(test.passed for test in verdict.tests), verdict.tests_total)
    return found


def _problem(candidate: Candidate) -> Problem:
    return Problem(task_id=candidate.task, benchmark="raw", prompt="", entry_point=candidate.pair.name,
                   hidden_tests=tuple(AssertionTest(source) for source in candidate.tests))

