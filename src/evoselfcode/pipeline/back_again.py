"""Programs written again from a model's own description of them, greedily and without records.

    written = write_again([pair], c2d, d2c, infill=True)     # [PairFields or None]

For scores; the loop keeps what its models write (`evoselfcode.pipeline.roundtrip`).
"""

from __future__ import annotations

from collections.abc import Sequence

from eg_cfg.models.base import Sampling, TextModel
from evoselfcode.pairs import TASK_STOPS, MalformedError, described, describing_prompt, task_prompt
from evoselfcode.pipeline.drawing import Question, fitting
from evoselfcode.pipeline.generating import program_pair
from evoselfcode.pipeline.options import DrawOptions
from evoselfcode.records import PairFields


def write_again(pairs: Sequence[PairFields], c2d: TextModel, d2c: TextModel, *, infill: bool, description: DrawOptions,
                code: DrawOptions) -> list[PairFields | None]:
    """Describes programs and writes them again from header and description.

    Args:
        pairs: The programs; their own descriptions are not shown.
        c2d: Describes.
        d2c: Writes.
        infill: Whether C2D fills gaps.
        description: How long descriptions may be.
        code: How long programs may be.

    Returns:
        What D2C wrote for each, or None where a text was no description or no program.
    """
    found: list[PairFields | None] = [None] * len(pairs)
    asked = fitting(c2d, [Question(place, describing_prompt(pair, infill), "") for place, pair in enumerate(pairs)])
    sampling = Sampling(max_new_tokens=description.max_new_tokens, stop=() if infill else ('"""',))
    told: list[Question[tuple[int, PairFields]]] = []
    for question, (completion,) in zip(asked, c2d.generate([q.prompt for q in asked], sampling), strict=True):
        try:
            pair = described(pairs[question.about], completion.text)
        except MalformedError:
            continue
        told.append(Question((question.about, pair), task_prompt(pair), ""))
    told = fitting(d2c, told)
    sampling = Sampling(max_new_tokens=code.max_new_tokens, stop=TASK_STOPS)
    for answered, (completion,) in zip(told, d2c.generate([q.prompt for q in told], sampling), strict=True):
        place, pair = answered.about
        try:
            found[place] = program_pair(pair, completion)
        except MalformedError:
            continue
    return found
