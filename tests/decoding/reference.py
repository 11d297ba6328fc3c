"""A decoder that is short, slow and obviously right: both prompts in full for every token, no cache, one sequence.

It shares with the decoder what is defined elsewhere and tested there (prompts, executable forms, signals, random
streams), and nothing of how things are computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from eg_cfg.benchmarks.base import Problem
from eg_cfg.decoding.base import Candidate, Executor, GuideOptions
from eg_cfg.decoding.candidates import executable, first_of_each, lines_of, undocumented, upto_line
from eg_cfg.decoding.prompting import frame_for, resolve
from eg_cfg.decoding.signals import fitting_signal
from eg_cfg.models.base import LogitModel, Sampling
from eg_cfg.models.choosing import choose
from eg_cfg.models.randomness import uniforms


@dataclass
class Written:
    tokens: list[int]
    signals: list[str]
    margins: list[float]
    """By how much, in log-probability, each token beat the next best one."""
    forward_tokens: int
    """Tokens that went through the network."""


class Reference:
    def __init__(self, model: LogitModel, executor: Executor, options: GuideOptions) -> None:
        self.model, self.executor, self.options = model, executor, options
        self.forward_tokens = 0

    def next(self, tokens: Sequence[int]) -> torch.Tensor:
        """log P of the token after these, by one forward pass over all of them."""
        self.forward_tokens += len(tokens)
        return self.model.start([list(tokens)]).log_probs[0]

    def solve(self, problem: Problem, gamma: float) -> Written:
        options, model = self.options, self.model
        prompt_type = resolve(options.prompt_type, model.supports_chat, model.prompt_type)
        frame = frame_for(problem, prompt_type, model.supports_chat)
        stop = frame.stop if options.stop is None else options.stop
        plain_prompt = model.encode(frame.plain)
        conditional_prompt: list[int] | None = None
        room = options.max_new_tokens or frame.max_new_tokens
        code: list[int] = []
        signals: list[str] = []
        margins: list[float] = []
        due = 0
        while True:
            line = lines_of(model.decode(code))
            fresh = options.strategy == "token" or (not code) or (
                options.strategy == "line" and line >= due and "\n" in model.decode(code[-1:]))
            if gamma > 0 and fresh:
                candidates = self.candidates(problem, plain_prompt, code, stop, room)
                signal = fitting_signal(
                    problem, candidates, frame.signal_template, options.minimal_trace,
                    lambda text: len(model.encode(frame.conditional(text))) - len(plain_prompt)
                    <= options.signal_tokens, options.signal)
                conditional_prompt = model.encode(frame.conditional(signal)) if signal else None
                signals.append(signal)
                due = line + options.refresh
            log_p = self.next([*plain_prompt, *code])
            guided = log_p
            if conditional_prompt is not None:
                log_c = self.next([*conditional_prompt, *code])
                guided = (log_p + gamma * (log_c - log_p)).log_softmax(-1)  # P * (P_c / P) ** gamma, normalised
            best = guided.topk(2)
            margins.append(float(best.values[0] - best.values[1]))
            code.append(int(best.indices[0]))
            text = model.decode(code)
            if code[-1] in model.end_tokens or any(word in text for word in stop) or len(code) >= room:
                return Written(code, signals, margins, self.forward_tokens)

    def candidates(self, problem: Problem, prompt: list[int], code: list[int], stop: Sequence[str],
                   room: int) -> list[Candidate]:
        """Samples, makes executable, drops duplicates, runs."""
        written = self.model.decode(code)
        texts = [self.sample(prompt, code, index, stop, room) for index in range(self.options.candidates)]
        given = undocumented(problem.completion_prefix)
        programs = [executable(given, written + text) for text in texts]
        found = []
        for index, first in enumerate(first_of_each(programs)):
            program = programs[index]
            trace = None
            if program is not None and first == index:
                trace = self.executor.submit(problem, program).result()
            found.append(Candidate(index, texts[index], program, first if first != index else None,
                                   trace.outcome if trace else None, trace))
        return found

    def sample(self, prompt: list[int], code: list[int], index: int, stop: Sequence[str], room: int) -> str:
        options, model = self.options, self.model
        limit = options.candidate_tokens or (64 * options.horizon if options.horizon else room)
        limit = min(limit, room - len(code))
        stream = "candidate " + " ".join(map(str, [*prompt, *code]))
        noise = uniforms(options.seed, stream, index, limit)
        sampling = Sampling(temperature=options.temperature, top_p=options.top_p)
        written = model.decode(code)
        tokens = list(code)
        for drawn in noise:
            log_p = self.next([*prompt, *tokens])
            tokens.append(int(choose(log_p[None], sampling, torch.tensor([drawn])).tokens[0]))
            text = model.decode(tokens)
            cuts = [text.find(word) for word in stop if word in text]
            if cuts:
                text = text[: min(cuts)]
            lines = lines_of(written) + (options.horizon or 10**9)
            if cuts or tokens[-1] in model.end_tokens or lines_of(text) >= lines:
                break
        text = upto_line(text, lines)
        return text[len(written):] if text.startswith(written) else ""
