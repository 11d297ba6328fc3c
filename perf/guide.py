"""Guided decoding against plain greedy decoding, and against the reference decoder, of the same problems in one run.

    python perf/guide.py --model tiny --batch 1 8 --reference 2
    python perf/guide.py --shape deepseek-1.3b --device cuda --dtype bfloat16 --batch 1 8 32

With `--shape` the weights are random, so that nothing has to be downloaded. A random network writes no lines, so its
distributions are steered towards code by counts of what follows what in reference solutions; plain decoding is steered
just so. Every token still goes through the network.

Plain greedy decoding is `model.generate` on the same prompts at the same batch. The reference decoder recomputes both
prompts in full for every token, without a cache, one sequence at a time; it is given the first `--reference` problems.
Each round runs all, in turn; medians over rounds are compared.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

from eg_cfg.benchmarks import registry as benchmarks
from eg_cfg.benchmarks.base import Problem
from eg_cfg.decoding.base import GuideOptions
from eg_cfg.decoding.egcfg import Guide
from eg_cfg.decoding.prompting import frame_for
from eg_cfg.grading.grader import grading_sandbox
from eg_cfg.grading.tracing import Tracer
from eg_cfg.models import Sampling, registry
from eg_cfg.models.base import LogitModel, Prefixes, require_logits
from eg_cfg.models.huggingface import HuggingFaceModel

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests" / "decoding"))

SHAPES = {
    "tiny": {"hidden_size": 128, "intermediate_size": 344, "num_hidden_layers": 6, "num_attention_heads": 4},
    "deepseek-1.3b": {"hidden_size": 2048, "intermediate_size": 5504, "num_hidden_layers": 24,
                      "num_attention_heads": 16, "vocab_size": 32256},
}
CONTEXTS = (8, 4, 2, 1)
PARTS = ("prompts", "decoding", "candidates", "signals", "executions", "other")


class Steering:
    """Log-probabilities that favour what follows the same tokens in some texts, by the longest context known."""

    def __init__(self, texts: Sequence[Sequence[int]]) -> None:
        self._following: dict[tuple[int, ...], Counter[int]] = {}
        for text in texts:
            for place in range(1, len(text)):
                for length in CONTEXTS:
                    if length <= place:
                        self._following.setdefault(tuple(text[place - length: place]), Counter())[text[place]] += 1

    def add(self, log_probs: torch.Tensor, rows: Sequence[Sequence[int]]) -> torch.Tensor:
        """The network's distributions, flattened and steered."""
        places, tokens, gains = [], [], []
        for place, row in enumerate(rows):
            gain = 12.0
            for length in CONTEXTS:
                found = self._following.get(tuple(row[-length:]))
                for token, count in (found or Counter()).most_common(4):
                    places.append(place)
                    tokens.append(token)
                    gains.append(gain + min(count, 8) / 8)
                gain -= 3 if found else 0
        steered = 0.1 * log_probs
        steered.index_put_((torch.tensor(places, dtype=torch.long, device=log_probs.device),
                            torch.tensor(tokens, dtype=torch.long, device=log_probs.device)),
                           torch.tensor(gains, device=log_probs.device), accumulate=True)
        return steered.log_softmax(-1)


class SteeredPrefixes(Prefixes):
    def __init__(self, inner: Prefixes, steering: Steering) -> None:
        self._inner, self._steering = inner, steering
        self._known: tuple[list[list[int]], torch.Tensor] | None = None

    @property
    def tokens(self) -> list[list[int]]:  # type: ignore[override]
        return self._inner.tokens

    @property
    def log_probs(self) -> torch.Tensor:
        if self._known is None or self._known[0] != self.tokens:
            rows = [list(row) for row in self.tokens]
            self._known = rows, self._steering.add(self._inner.log_probs, rows)
        return self._known[1]

    def extend(self, tokens: Sequence[Sequence[int]]) -> None:
        self._inner.extend(tokens)

    def read(self, tokens: Sequence[Sequence[int]]) -> list[torch.Tensor]:
        before = [list(row) for row in self.tokens]
        return [self._steering.add(told, [[*row, *new[:place]] for place in range(len(new) + 1)])
                for row, new, told in zip(before, tokens, self._inner.read(tokens), strict=True)]

    def truncate(self, lengths: Sequence[int]) -> None:
        self._inner.truncate(lengths)

    def select(self, rows: Sequence[int]) -> SteeredPrefixes:
        return SteeredPrefixes(self._inner.select(rows), self._steering)

    def join(self, others: Sequence[Prefixes]) -> SteeredPrefixes:
        inner = [other._inner for other in others if isinstance(other, SteeredPrefixes)]
        return SteeredPrefixes(self._inner.join(inner), self._steering)


class SteeredModel(HuggingFaceModel):
    steering: Steering

    def start(self, prefixes: Sequence[Sequence[int]]) -> Any:
        return SteeredPrefixes(super().start(prefixes), self.steering)


def load(arguments: argparse.Namespace, problems: Sequence[Problem]) -> LogitModel:
    if arguments.shape is None:
        values = {"device": arguments.device, "dtype": arguments.dtype}
        return require_logits(registry.load(arguments.model, values), "this comparison")
    tokenizer: Any = AutoTokenizer.from_pretrained(arguments.tokenizer or registry.resolve("tiny").model)
    shape = {"vocab_size": len(tokenizer), **SHAPES[arguments.shape]}
    torch.manual_seed(0)
    make: Any = LlamaForCausalLM
    module = make(LlamaConfig(**shape, max_position_embeddings=4096, bos_token_id=tokenizer.bos_token_id,
                              eos_token_id=tokenizer.eos_token_id)).to(arguments.device,
                                                                       getattr(torch, arguments.dtype))
    model = SteeredModel(module, tokenizer, name=arguments.shape, batch_size=max(arguments.batch))
    ends = [tokenizer.eos_token_id]
    model.steering = Steering([
        [*model.encode(problem.completion_prefix), *model.encode_text(_body(problem)), *ends] for problem in problems])
    return model


def _body(problem: Problem) -> str:
    reference = problem.reference or ""
    header = problem.completion_prefix.split("\n", 1)[0] + "\n"
    return reference.removeprefix(header)


def timed(run: Callable[[], Any], arguments: argparse.Namespace) -> tuple[float, Any]:
    now = time.process_time if arguments.clock == "cpu" else time.perf_counter
    if arguments.device == "cuda":
        torch.cuda.synchronize()
    started = now()
    found = run()
    if arguments.device == "cuda":
        torch.cuda.synchronize()
    return now() - started, found


def compare(model: LogitModel, tracer: Tracer, problems: Sequence[Problem], batch: int,
            arguments: argparse.Namespace) -> None:
    """Guided against plain, at one batch size."""
    chosen = options(arguments, batch)
    if isinstance(model, HuggingFaceModel):
        model.batch_size.sequences = batch
    frames = [frame_for(problem, chosen.prompt_type, model.supports_chat) for problem in problems]
    sampling = Sampling(max_new_tokens=chosen.max_new_tokens or frames[0].max_new_tokens, stop=frames[0].stop)
    plain_times, guided_times = [], []
    guide = Guide(model, tracer, chosen)
    for _ in range(arguments.rounds):
        seconds, completions = timed(lambda: model.generate([frame.plain for frame in frames], sampling),
                                     arguments)
        plain_times.append(seconds)
        guide = Guide(model, tracer, chosen)
        before = (model.usage.computed_tokens, model.usage.forward_passes)
        seconds, solutions = timed(lambda guide=guide: list(guide.solve(problems)), arguments)
        guided_times.append(seconds)
        assert model.usage.computed_tokens - before[0] == guide.counters.tokens
    plain, guided = statistics.median(plain_times), statistics.median(guided_times)
    counters = guide.counters
    lengths = sum(len(each[0].token_ids or ()) for each in completions), sum(len(s.token_ids) for s in solutions)
    print(f"batch {batch}: {len(problems)} problems x gamma {', '.join(f'{gamma:g}' for gamma in chosen.gammas)}")
    print(f"  plain greedy     {plain:8.2f} s   {lengths[0]:6d} tokens written")
    print(f"  guided           {guided:8.2f} s   {lengths[1]:6d} tokens written, {counters.refreshes} signals, "
          f"{counters.executions_run} runs ({counters.executions_shared} shared)")
    programs = len(chosen.gammas)
    print(f"  guided / plain   {guided / plain:8.1f}" + (
        f"   for {programs} programs a problem: {guided / plain / programs:.1f} a program" if programs > 1 else ""))
    spent = {part: counters.seconds.get(part, 0.0) for part in PARTS}
    print("  seconds by part  " + ", ".join(f"{part} {seconds:.2f}" for part, seconds in spent.items())
          + "  (executions: waiting with nothing else to do)")
    print(f"  tokens           prompts {counters.prompt_tokens:,}, plain {counters.plain_tokens:,}, conditional "
          f"{counters.conditional_tokens:,}, candidates {counters.candidate_tokens:,}, signals "
          f"{counters.signal_tokens:,}, guesses not written {counters.rejected_tokens:,}; in all {counters.tokens:,}, "
          f"as the network counted; {counters.forward_passes:,} forward passes")
    check_signals(model, problems, chosen, solutions, counters.signal_tokens)


def check_signals(model: LogitModel, problems: Sequence[Problem], chosen: GuideOptions, solutions: Sequence[Any],
                  prefilled: int) -> None:
    """What signals sent through the network, against signal + what follows it in the prompt + code so far."""
    by_id = {problem.task_id: problem for problem in problems}
    most: dict[tuple[str, str], int] = {}
    for solution in solutions:
        frame = frame_for(by_id[solution.task_id], chosen.prompt_type, model.supports_chat)
        prompt, written = model.encode(frame.plain), 0
        for refresh in solution.refreshes:
            if refresh.signal:
                conditional = model.encode(frame.conditional(refresh.signal))
                shared = next(place for place, pair in enumerate(zip(prompt, conditional, strict=False))
                              if pair[0] != pair[1])
                most[solution.task_id, refresh.code] = len(conditional) - shared + written
            written += len(refresh.tokens)
    promised = sum(most.values())
    assert prefilled <= promised, (prefilled, promised)
    print(f"  prefilled for signals: {prefilled:,} tokens; signal + marker + code so far, at {len(most)} signals: "
          f"{promised:,}")


def reference(model: LogitModel, tracer: Tracer, problems: Sequence[Problem], arguments: argparse.Namespace) -> None:
    from reference import Reference  # of tests/decoding

    given = problems[: arguments.reference]
    gammas = options(arguments, 1).gammas
    fast: dict[int, float] = {}
    found: dict[tuple[str, float], list[int]] = {}
    for batch in arguments.batch:
        chosen = options(arguments, batch)
        fast[batch], solutions = timed(
            lambda chosen=chosen: list(Guide(model, tracer, chosen).solve(given)), arguments)
        tokens = {(each.task_id, each.gamma): list(each.token_ids) for each in solutions}
        print(f"batch {batch} writes {'the same tokens' if found in ({}, tokens) else 'OTHER TOKENS'}")
        found = tokens
    slow, same, margin = 0.0, 0, float("inf")
    for problem in given:
        for gamma in gammas:
            took, written = timed(lambda problem=problem, gamma=gamma: Reference(model, tracer, chosen).solve(
                problem, gamma), arguments)
            slow += took
            same += found[problem.task_id, gamma] == written.tokens
            margin = min(margin, *written.margins)
    strengths = ", ".join(f"{gamma:g}" for gamma in gammas)
    print(f"reference decoder: {len(given)} problems x gamma {strengths}: {slow:.2f} s")
    for batch, seconds in fast.items():
        print(f"  the decoder at batch {batch}: {seconds:.2f} s, {slow / seconds:.1f} times faster")
    print(f"  {same} of {len(given) * len(gammas)} solutions equal token for token; least margin of a token "
          f"{margin:.2g} nats")


def options(arguments: argparse.Namespace, batch: int) -> GuideOptions:
    return GuideOptions(gammas=tuple(arguments.gamma), candidates=arguments.candidates, horizon=arguments.horizon,
                        refresh=1, batch_size=batch, max_new_tokens=arguments.new_tokens,
                        signal_tokens=arguments.signal_tokens, prompt_type="completion")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--shape", choices=tuple(SHAPES), help="random weights of this shape instead of --model")
    parser.add_argument("--tokenizer", help="folder of the random network's tokenizer; that of tiny unless given")
    parser.add_argument("--problems", type=int, default=16)
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--gamma", type=float, nargs="+", default=[0.0, 0.5, 1.0, 3.0],
                        help="those of the publication; what they have in common is computed once")
    parser.add_argument("--candidates", type=int, default=3)
    parser.add_argument("--horizon", type=int, default=2)
    parser.add_argument("--new-tokens", type=int, default=128)
    parser.add_argument("--signal-tokens", type=int, default=1024)
    parser.add_argument("--reference", type=int, default=2, help="problems for the reference decoder; 0 leaves it out")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2, help="processes that run candidates")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--clock", default="wall", choices=("wall", "cpu"),
                        help="cpu: processor time of this process, for a busy machine; leaves out waiting")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="float32", choices=("float32", "bfloat16", "float16"))
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    problems = list(islice(benchmarks.load("minipy").problems(), arguments.problems))
    model = load(arguments, problems)
    print(f"{model.name}, {arguments.dtype} on {arguments.device}, {torch.get_num_threads()} threads; s = "
          f"{arguments.candidates}, d = {arguments.horizon}, k = 1")
    with grading_sandbox(arguments.workers) as sandbox:
        tracer = Tracer(sandbox)
        tracer.trace(problems[0], problems[0].reference or "pass")
        model.generate([problems[0].prompt], Sampling(max_new_tokens=4))
        for batch in arguments.batch:
            compare(model, tracer, problems, batch, arguments)
        if arguments.reference:
            reference(model, tracer, problems, arguments)


if __name__ == "__main__":
    main()
