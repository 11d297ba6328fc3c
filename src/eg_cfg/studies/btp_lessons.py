"""What was drawn, as what a model is trained on.

    lessons = make_lessons(drawn.experiences, weights, problems, prompts=PromptOptions(family="embedded"))
    lessons.examples, lessons.left_out

A program that the target wrote for its own prompt is trained on as it was written. One that another model wrote, or for
another prompt, is put behind the target's own prompt for that problem, the one that will be asked when it is scored.

A budget of tokens cuts the draws where they exceed it: the first so many are trained on, in the order in which they
came.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from eg_cfg.benchmarks.base import Problem
from eg_cfg.errors import ConfigError
from eg_cfg.models.prompts import render
from eg_cfg.replay.experience import Experience
from eg_cfg.studies.btp_answers import answer
from eg_cfg.studies.sampling import PromptOptions
from eg_cfg.training.examples import TrainingExample


@dataclass(frozen=True)
class Lessons:
    """What is trained on in one round."""

    examples: list[TrainingExample]
    """In the order in which they were drawn; what was drawn twice is here twice."""
    places: list[int] = field(default_factory=list)
    """Of each example, its place among the draws."""
    left_out: int = 0
    """Draws that cannot follow the target's prompt: they have another signature, say."""
    over_budget: int = 0
    """Draws that the budget of tokens had no room for."""
    rewritten: int = 0
    """Examples that were put behind another prompt than they were written for."""


def make_lessons(drawn: Sequence[Experience], weights: Sequence[float], problems: Mapping[str, Problem], *,
                 prompts: PromptOptions, budget: int | None = None,
                 tokens: Callable[[str], int] | None = None) -> Lessons:
    """Turns draws into examples.

    Args:
        drawn: Experiences, in the order of the draw.
        weights: Of the loss, one each.
        problems: By task id: what is replayed.
        prompts: How problems are put to the model that learns.
        budget: Tokens that the loss may be taken over, in one epoch.
        tokens: Counts those of a completion, its end included; needed with a budget.

    Raises:
        ConfigError: Nothing is left to train on.
    """
    examples: list[TrainingExample] = []
    places: list[int] = []
    left_out = over = rewritten = spent = 0
    for place, (experience, weight) in enumerate(zip(drawn, weights, strict=True)):
        problem = prompts.asked(problems[experience.task_id])
        prompt = render(problem, family=prompts.family, kind=prompts.kind)
        own = experience.prompt == prompt
        completion = experience.target if own else answer(experience.program, problem, prompts.kind)
        if not completion:
            left_out += 1
            continue
        if budget is not None and tokens is not None:
            cost = tokens(completion)
            if spent + cost > budget:
                over = len(drawn) - place
                break
            spent += cost
        rewritten += not own
        examples.append(TrainingExample(prompt, completion, weight))
        places.append(place)
    if not examples and over:
        raise ConfigError(f"--train-tokens leaves {budget} tokens for an epoch of one round, and the first program "
                          f"drawn has more: raise it, or lower --n-iterations or --num-epochs")
    if not examples:
        raise ConfigError(f"nothing to train on: none of {len(drawn)} programs that were drawn can follow the prompt "
                          f"of the model that learns: check --prompt-kind")
    return Lessons(examples, places, left_out, over, rewritten)
