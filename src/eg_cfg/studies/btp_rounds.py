"""One round of BTP: collect, put into the buffer, draw by priority, fine-tune. Every step is done once, however often
the experiment is killed and started again.

The draw depends on the experiences, the seed and the round alone. A round trains on from the weights of the one before.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from eg_cfg.errors import ConfigError
from eg_cfg.records import write_atomically
from eg_cfg.replay.buffer import ExperienceBuffer
from eg_cfg.replay.priority import P2ValueCalculator
from eg_cfg.replay.sampler import Draw, PrioritizedSampler
from eg_cfg.studies.btp_collecting import collect_round, collects_again, read_experiences
from eg_cfg.studies.btp_lessons import Lessons, make_lessons
from eg_cfg.studies.btp_report import describe_buffer, describe_draw, describe_training
from eg_cfg.studies.btp_training import announced, sized, token_counter
from eg_cfg.studies.btp_work import Work
from eg_cfg.studies.sampling import PromptOptions
from eg_cfg.training.results import TrainingResult
from eg_cfg.training.sft import train

BUFFER = "buffer.jsonl"
DRAWN = "drawn.jsonl"
ROUND = "round.json"


def run_round(work: Work, number: int, prompts: PromptOptions, parameters: int) -> dict[str, Any]:
    """Does a round, or what is left of it.

    Args:
        work: The experiment.
        number: Of the round, from 1.
        prompts: How problems are put to the model that learns.
        parameters: Of that model.

    Raises:
        ConfigError: There is nothing to draw from, or to train on.
        ModelError: Sampling or training could not go on; what was finished is kept.
    """
    name = f"rounds/{number}/{ROUND}"
    found = work.finished(name)
    if found is not None:
        return found
    again = collects_again(work)
    collected = collect_round(work, number if again else 1)
    work.release()  # training loads the weights that it changes
    buffer = _buffer(work, number if again else 1)
    buffer.save(work.run.path / BUFFER)
    experiences = buffer.get_all()
    note = buffer.calculator.note(experiences)
    if note is not None:
        work.note(note)
    draw = _draw(work, number, experiences, buffer.calculator)
    lessons = _lessons(work, draw, prompts, buffer.calculator)
    _write_drawn(work, number, draw, lessons, buffer.calculator)
    result = _train(work, number, lessons, parameters)
    return work.finish(name, {
        "round": number,
        "collected": collected,
        "collected_in_round": number if again else 1,
        "buffer": {**describe_buffer(experiences, buffer.calculator), "stats": buffer.get_stats()},
        "drawn": describe_draw(draw, buffer.calculator),
        "lessons": {"examples": len(lessons.examples), "left_out": lessons.left_out,
                    "over_budget": lessons.over_budget, "rewritten": lessons.rewritten},
        "training": describe_training(result),
        "model": str(result.folder),
        "notes": work.notes,
    })


def _buffer(work: Work, rounds: int) -> ExperienceBuffer:
    """All that was collected so far, in the order of the rounds."""
    options = work.options
    calculator = P2ValueCalculator(options.p2value_alpha, options.possibility)
    buffer = ExperienceBuffer(options.buffer_size, evict=options.evict, calculator=calculator)
    for number in range(1, rounds + 1):
        buffer.extend(read_experiences(work, number))
    if not len(buffer):
        raise ConfigError(f"nothing to replay: none of the texts written for {len(work.problems.replay)} problems "
                          f"holds a program: check --prompt-kind and --max-new-tokens, or take another --source-model")
    return buffer


def _draw(work: Work, number: int, experiences: Sequence[Any], calculator: P2ValueCalculator) -> Draw:
    options = work.options
    sampler = PrioritizedSampler(
        options.sampling_method, options.sampling_alpha, calculator=calculator, replacement=options.replacement,
        failed_only=options.failed_only, min_pass_rate=options.min_pass_rate, beta=options.importance_beta,
        seed=(options.seed, number))
    return sampler.draw(experiences, options.batch_size)


def _lessons(work: Work, draw: Draw, prompts: PromptOptions, calculator: P2ValueCalculator) -> Lessons:
    options = work.options
    weights = np.asarray(draw.weights, dtype=np.float64)
    if options.weight_by_priority:
        weights = weights * calculator.values(draw.experiences)
    budget, count = None, None
    if options.train_tokens is not None:
        assert work.roles.target is not None
        budget = options.train_tokens // (options.n_iterations * options.training.num_epochs)
        count = token_counter(work.roles.target)
    problems = {problem.task_id: problem for problem in work.problems.replay}
    return make_lessons(draw.experiences, weights.tolist(), problems, prompts=prompts, budget=budget, tokens=count)


def _write_drawn(work: Work, number: int, draw: Draw, lessons: Lessons, calculator: P2ValueCalculator) -> None:
    """A line a draw: which experience, by what probability, and whether it was trained on."""
    trained = set(lessons.places)
    values = calculator.values(draw.experiences)
    rows = [{"task_id": experience.task_id, "round": experience.round + 1, "index": experience.index,
             "place_in_buffer": int(place), "p2value": float(value), "probability": float(probability),
             "weight": float(weight), "pass_rate": experience.pass_rate, "passed": experience.passed,
             "trained_on": order in trained}
            for order, (experience, place, value, probability, weight) in enumerate(
                zip(draw.experiences, draw.indices, values, draw.probabilities, draw.weights, strict=True))]
    write_atomically(work.folder("rounds", str(number)) / DRAWN,
                     (json.dumps(row).encode() + b"\n" for row in rows))


def _train(work: Work, number: int, lessons: Lessons, parameters: int) -> TrainingResult:
    """Trains on from the round before."""
    assert work.roles.target is not None
    examples = len(lessons.examples)
    options = sized(work.options.training, examples=examples, parameters=parameters)
    base, adapter = work.roles.target.model_name, None
    if number > 1:
        earlier = work.checkpoint(number - 1)
        base, adapter = (base, earlier) if options.use_lora else (str(earlier), None)
    work.say(f"round {number}: {announced(options, examples=examples, parameters=parameters)}")
    with work.watch(f"round {number}: fine-tuning") as progress:
        return train(base, lessons.examples, work.checkpoint(number), options, init_adapter=adapter,
                     force=work.options.force, progress=lambda step, steps, loss: progress(step, steps))
