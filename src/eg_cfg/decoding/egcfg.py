"""EG-CFG: code that is run while it is written steers what is written next (arXiv 2506.10948, section 3).

    guide = Guide(model, Tracer(sandbox), GuideOptions(gammas=(0, 1, 3)))
    for solution in guide.solve(problems): ...

At each new line, candidates are sampled from the plain branch, run on the shown tests, and shown to the model in a
second prompt, the conditional branch; until the next signal each token is taken from the guided mixture of both.

Nothing is computed twice. Gammas that have written the same code share the rows of both branches. A new signal sends
only what is new through the network: signal, what follows it in the prompt, and the code so far. Candidates branch from
the plain row's cache. Runs go on while other problems are decoded.

Limits: a problem without shown tests has no signal, and is decoded plainly whatever gamma is. The cache must be one
that can be cut, copied and joined, which those of recurrent models refuse.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, wait

from eg_cfg.benchmarks.base import Problem
from eg_cfg.decoding.base import (
    Candidate,
    Counters,
    Executor,
    FinishReason,
    GuideOptions,
    Observer,
    Refresh,
    Solution,
)
from eg_cfg.decoding.branches import Branches, Step
from eg_cfg.decoding.candidates import TOKENS_PER_LINE, lines_of, undocumented
from eg_cfg.decoding.clock import SharedClock
from eg_cfg.decoding.drafts import agreeing, drafted, first_passing, to_run, with_traces
from eg_cfg.decoding.outcome import finish
from eg_cfg.decoding.prompting import frame_for, resolve
from eg_cfg.decoding.sampling import Draft, Reader, Sampler
from eg_cfg.decoding.sharing import CandidateKey, Sampled, Shared
from eg_cfg.decoding.steering import Steering
from eg_cfg.decoding.tally import Tally
from eg_cfg.decoding.tasks import Node, Path, Task
from eg_cfg.errors import ConfigError, ModelError
from eg_cfg.models.base import LogitModel, Prefixes, Sampling, TextModel, require_logits
from eg_cfg.models.randomness import uniforms
from eg_cfg.models.stops import StopStrings

_BRANCHES = ("plain", "conditional")
_NOTHING = Sampled((), "", False)


class Guide:
    """Decodes programs under guidance, for one model.

    Args:
        model: One that gives next-token distributions.
        executor: Runs candidates.
        options: How.
        shared: Candidates and runs of earlier decoders, to be used and added to.
        observer: Watches.

    Raises:
        ConfigError: The model gives text only.
    """

    def __init__(self, model: TextModel, executor: Executor, options: GuideOptions | None = None, *,
                 shared: Shared | None = None, observer: Observer | None = None) -> None:
        self.model: LogitModel = require_logits(model, "EG-CFG guidance")
        self.executor = executor
        self.options = options or GuideOptions()
        self.shared = shared or Shared()
        self.observer = observer
        self.counters = Counters()
        """All that was done so far; what gammas share is counted once."""

    def solve(self, problems: Iterable[Problem]) -> Iterator[Solution]:
        """Decodes each problem with each gamma.

        Yields:
            Solutions as they are completed; those of one problem follow each other in no particular order.

        Raises:
            ConfigError: A prompt is longer than the model's context, or does not suit a problem.
            ModelError: The model could not go on.
        """
        run = _Run(self, problems)
        try:
            with Tally(self.counters).rest("other"):
                yield from run.solutions()
        except Exception as error:
            from eg_cfg.models.huggingface.batching import out_of_memory

            if not out_of_memory(error):
                raise
            raise ModelError(f"out of memory while {len(run.tasks)} problems were decoded at once: lower --batch-size, "
                             f"--candidates or --signal-tokens") from error


class _Run:
    """One call of `solve`: where every problem stands, and what is to be done next."""

    def __init__(self, guide: Guide, problems: Iterable[Problem]) -> None:
        self.options = guide.options
        self.tasks: set[Task] = set()
        self._guide = guide
        self._model = guide.model
        self._counters = guide.counters
        self._problems = iter(problems)
        self._reader = Reader(guide.model)
        options = guide.options
        self._branches = Branches(self._reader, options, guide.observer)
        self._sampler: Sampler[tuple[Node, CandidateKey]] = Sampler(
            self._reader, Sampling(temperature=options.temperature, top_p=options.top_p))
        self._looks: Sampler[tuple[Node, str]] = Sampler(self._reader, Sampling())
        self._running: list[Node] = []
        """Nodes whose candidates are being run."""
        self._done: list[Solution] = []
        self._tally = Tally(guide.counters)
        self._clock = SharedClock()
        self._steering = Steering(guide.model, self._reader, options, self._tally, guide.observer)

    def solutions(self) -> Iterator[Solution]:
        """Does what can be done until everything is."""
        while True:
            self._admit()
            for solution in self._done:
                with self._clock.stopped():  # what is done with it is not decoding
                    yield solution
            self._done.clear()
            if not self.tasks:
                break
            self._collect()
            drafting = {id(draft.owner[0]) for draft in self._sampler.drafts}
            looking = {id(draft.owner[0]) for draft in self._looks.drafts}
            # the fullest batch goes first, so that passes are full; of equals, the one that comes to where others wait
            stages = ((len(self._branches), self._decode), (len(drafting), self._sample), (len(looking), self._look))
            most, stage = max(stages, key=lambda pair: pair[0])
            if most:
                stage()

    # --- from problem to first node

    def _admit(self) -> None:
        """Takes in as many problems as may be decoded at once, and prefills their prompts."""
        new: list[Task] = []
        while len(self.tasks) + len(new) < self.options.batch_size:
            problem = next(self._problems, None)
            if problem is None:
                break
            new.append(self._task(problem))
        if not new:
            return
        self.tasks.update(new)
        for task in new:
            task.entered = self._clock.enter(task.open)
        with self._tally.part("prompts"):
            batch = self._model.start([task.prompt_ids for task in new])
            _ = batch.log_probs
            self._counters.forward_passes += 1
        nodes = []
        for task in new:
            paths = [self._path(task, gamma) for gamma in self.options.gammas]
            for path in paths:
                path.counters.prompt_tokens += len(task.prompt_ids)
                path.counters.forward_passes += 1
            self._counters.prompt_tokens += len(task.prompt_ids)
            nodes.append(Node(task, [], paths))
        self._arrive(nodes, batch)

    def _task(self, problem: Problem) -> Task:
        options = self.options
        chat = self._model.supports_chat
        frame = frame_for(problem, resolve(options.prompt_type, chat, self._model.prompt_type), chat)
        ids = tuple(self._model.encode(frame.plain))
        room = options.max_new_tokens or frame.max_new_tokens
        context: int | None = getattr(self._model, "context", None)
        if context is not None:
            if len(ids) >= context:
                raise ConfigError(f"{problem.task_id}: expected a prompt of less than {context} tokens, the context of "
                                  f"{self._model.name}, found {len(ids)}: pass another --prompt-type or a model with a "
                                  f"longer context")
            room = min(room, context - len(ids))
        stops = StopStrings(frame.stop if options.stop is None else options.stop, self._model.decode)
        return Task(problem, frame, ids, room, stops, undocumented(problem.completion_prefix), len(options.gammas))

    def _path(self, task: Task, gamma: float) -> Path:
        noise = None
        if self.options.guided_temperature > 0:
            stream = f"guided {gamma!r} " + " ".join(map(str, task.prompt_ids))
            noise = uniforms(self.options.seed, stream, 0, task.room)
        path = Path(gamma, noise)
        if gamma == 0 or not task.problem.public_tests:
            path.refreshes.append(Refresh(0, "", (), ""))
        return path

    # --- candidates

    def _arrive(self, nodes: Sequence[Node], batch: Prefixes) -> None:
        """Nodes whose plain rows are in a batch of their own: those that want a signal get one, the others go on."""
        rows: list[int] = []
        drafts: list[Draft[tuple[Node, CandidateKey]]] = []
        complete: list[Node] = []
        going: list[Node] = []
        for place, node in enumerate(nodes):
            node.plain = batch if len(nodes) == 1 else batch.select([place])
            if not node.steered:
                going.append(node)
                continue
            keys = [self._key(node, index) for index in range(self.options.candidates)]
            node.sampled = [self._guide.shared.candidates.get(key) for key in keys]
            for key, known in zip(keys, node.sampled, strict=True):
                self._tally.count(node, "candidates_sampled" if known is None else "candidates_shared", 1)
                if known is None:
                    rows.append(place)
                    noise = uniforms(key.seed, key.stream, key.index, key.room)
                    drafts.append(Draft((node, key), list(node.code), key.room, node.task.stops, key.horizon, noise))
            if all(node.sampled):
                complete.append(node)
        if drafts:
            with self._tally.part("candidates"):
                self._sampler.add(batch.select(rows), drafts)
        for node in complete:
            self._execute(node)
        self._branches.add(going)

    def _key(self, node: Node, index: int) -> CandidateKey:
        options = self.options
        room = options.candidate_tokens
        if room is None:
            room = node.room if options.horizon is None else TOKENS_PER_LINE * options.horizon
        return CandidateKey(self._model.name, (*node.task.prompt_ids, *node.code), index, options.temperature,
                            options.top_p, options.horizon, min(room, node.room), node.task.stops.strings,
                            options.seed)

    def _sample(self) -> None:
        """One token for each candidate."""
        with self._tally.part("candidates"):
            over, going = self._sampler.step()
            self._tally.count_pass("candidate_tokens", [draft.owner[0] for draft in going])
            for draft in going:
                self._tally.count(draft.owner[0], "candidate_tokens", 1)
            complete: list[Node] = []
            for draft in over:
                node, key = draft.owner
                sampled = Sampled(tuple(draft.tokens), draft.text(self._reader), draft.ended)
                self._guide.shared.candidates.put(key, sampled)
                node.sampled[key.index] = sampled
                if all(node.sampled):
                    complete.append(node)
        for node in complete:
            self._execute(node)

    # --- runs

    def _execute(self, node: Node) -> None:
        """Starts the unique programs of a node's candidates."""
        task = node.task
        written = self._reader.decode(node.code)
        node.candidates = drafted(task.given, written,
                                  [(each.text, each.ended) for each in node.sampled if each is not None])
        node.runs = {}
        for index, program in to_run(node.candidates).items():
            node.runs[index], shared = self._guide.shared.run(self._guide.executor, task.problem, program)
            self._tally.count(node, "executions_asked", 1)
            self._tally.count(node, "executions_shared" if shared else "executions_run", 1)
        self._running.append(node)

    def _collect(self) -> None:
        """Makes signals of runs that are done; waits for one where nothing else is to be done."""
        if self._running and not (self._sampler.drafts or self._looks.drafts or len(self._branches)):
            pending = [future for node in self._running for future in node.runs.values() if not future.done()]
            if pending and not any(_ran(node) for node in self._running):
                with self._tally.part("executions"):
                    wait(pending, return_when=FIRST_COMPLETED)
        ready = [node for node in self._running if _ran(node)]
        if not ready:
            return
        self._running = [node for node in self._running if not _ran(node)]
        steered = [node for node in ready if not self._accepted(node)]
        with self._tally.part("signals"):
            self._steering.steer(steered)
        if self.options.early_stop:
            self._start_looking(steered)
        else:
            self._go_on(steered)

    def _accepted(self, node: Node) -> bool:
        """Takes the results in; whether no gamma goes on, because a candidate passed."""
        node.candidates = with_traces(node.candidates, {index: run.result() for index, run in node.runs.items()})
        passing = first_passing(node.candidates)
        if passing is None or not self.options.accept_passing:
            return False
        written = self._reader.decode(node.code)
        for path in [path for path in node.paths if path.gamma > 0]:
            path.refreshes.append(Refresh(lines_of(written), written, node.candidates, ""))
            tokens = [*node.code, *(node.sampled[passing.index] or _NOTHING).tokens]
            self._finish(node, path, "accepted", tokens, written + passing.text, passing)
        node.paths = [path for path in node.paths if path.gamma == 0]
        if node.paths:
            self._branches.add([node])
        return True

    # --- the early stop

    def _start_looking(self, nodes: Sequence[Node]) -> None:
        """Both branches go on to the end of the program, to see whether they still change."""
        self._branches.add([node for node in nodes if not node.guided or node.room < 1])
        for node in nodes:
            if not node.guided or node.room < 1:
                node.streak = ("", 0)
                continue
            assert node.plain is not None
            assert node.conditional is not None
            node.looks = {}
            rows = node.plain.join([node.conditional])
            self._looks.add(rows, [Draft((node, branch), list(node.code), node.room, node.task.stops)
                                   for branch in _BRANCHES])

    def _look(self) -> None:
        """One token for each branch that is decoded to its end."""
        with self._tally.part("early stop"):
            over, going = self._looks.step()
            self._tally.count_pass("lookahead_tokens", [draft.owner[0] for draft in going])
            for draft in going:
                self._tally.count(draft.owner[0], "lookahead_tokens", 1)
        for draft in over:
            node, branch = draft.owner
            text = self._reader.written(draft.code, draft.stops)
            node.looks[branch] = (draft.code, text if draft.ended else "")
            if len(node.looks) == len(_BRANCHES):
                self._seen(node)

    def _seen(self, node: Node) -> None:
        """Counts how often the same finished program came, and stops where it came often enough."""
        (_, plain), (tokens, conditional) = (node.looks[branch] for branch in _BRANCHES)
        prefix = node.task.problem.completion_prefix
        node.streak = agreeing(node.streak, prefix, plain, conditional)
        if node.streak[1] >= self.options.early_stop:
            for path in [path for path in node.paths if path.gamma > 0]:
                self._finish(node, path, "early_stop", tokens, conditional)
            node.paths = [path for path in node.paths if path.gamma == 0]
        if node.paths:
            self._branches.add([node])

    # --- guided tokens

    def _go_on(self, nodes: Sequence[Node]) -> None:
        """Takes nodes in that have a new signal, behind what is foreseen of the next line."""
        self._branches.add([node for node in nodes if node.foreseen is None])
        for node in nodes:
            if node.foreseen is not None:
                guessed = len(node.foreseen.tokens)
                with self._tally.part("decoding"):
                    step, written = self._branches.follow(node)
                    self._tally.count_guess(node, guessed, written)
                self._after(step)

    def _decode(self) -> None:
        """One token for each node."""
        with self._tally.part("decoding"):
            step = self._branches.step()
            self._tally.count_pass("plain_tokens", step.passed)
            for node in step.passed:
                self._tally.count_plain(node)
            for node in step.guided:
                self._tally.count(node, "conditional_tokens", 1)
        self._after(step)

    def _after(self, step: Step) -> None:
        """What tokens led to: programs that are finished, and nodes that want a new signal."""
        for node, path, reason in step.finished:
            self._finish(node, path, reason, node.code, self._reader.written(node.code, node.task.stops))
        if step.due:
            assert step.parked is not None
            self._arrive(step.due, step.parked)

    def _finish(self, node: Node, path: Path, reason: FinishReason, tokens: Sequence[int], completion: str,
                accepted: Candidate | None = None) -> None:
        path.counters.seconds["share"] = self._clock.leave(node.task.entered)
        self._done.append(finish(node.task, path, reason, tokens, completion, accepted))
        node.task.open -= 1
        if not node.task.open:
            self.tasks.discard(node.task)


def _ran(node: Node) -> bool:
    return all(future.done() for future in node.runs.values())
