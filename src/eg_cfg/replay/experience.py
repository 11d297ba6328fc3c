"""One program that a model wrote and that was tested: what the replay buffer holds.

    experience = Experience(task_id="mbpp/601", prompt="def f(x):\\n", program="def f(x):\\n    return x\\n",
                            pass_rate=1.0, passed=True, log_prob=-1.5, num_tokens=6)
    experience.possibility()                    # exp(-1.5 / 6): length-normalised
    experience.possibility("sequence")          # exp(-1.5): the paper's
    Experience.from_json(experience.to_json()) == experience

The paper's tuple is (problem, tests, program, possibility, pass rate). Here the log-probability and the number of
tokens are kept, from which either possibility follows; tests stay with the benchmark, and their results are here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Self, get_args

from eg_cfg.errors import DataFormatError
from eg_cfg.grading.verdict import OUTCOMES, TestResult, Verdict
from eg_cfg.models.base import Infill, Message, Prompt

Possibility = Literal["normalised", "sequence"]
POSSIBILITIES: tuple[Possibility, ...] = get_args(Possibility)


@dataclass(frozen=True, slots=True)
class Experience:
    """A tested program. Everything but the first five fields may be unknown.

    Raises:
        DataFormatError: The pass rate is outside [0, 1], or the log-probability is above 0 or not a number.
    """

    task_id: str
    prompt: Prompt
    """Exactly what the model was given: text, a chat, or a gap."""
    program: str
    """The whole program that was tested; empty where no code was found."""
    pass_rate: float
    """Share of the tests that passed, in [0, 1]; 0 for a program that tampered with its judge."""
    passed: bool
    completion: str = ""
    """What the model wrote, to the letter."""
    log_prob: float | None = None
    """Natural logarithm of the completion's probability under the model that wrote it; None where it is unknown."""
    num_tokens: int | None = None
    """Tokens of the completion: those that `log_prob` is the sum over, where that is known."""
    outcome: str | None = None
    """One of `eg_cfg.grading.verdict.OUTCOMES`."""
    tests: tuple[TestResult, ...] = ()
    """Results of the tests that were run, in order."""
    tests_total: int = 0
    benchmark: str = ""
    split: str | None = None
    prefix: str = ""
    """What the completion continues, where the program is more than the completion (a function's header)."""
    extraction: str = ""
    """How the program was taken out: a kind of `eg_cfg.grading.extraction`; empty where it was not."""
    finish_reason: str | None = None
    truncated: bool = False
    """The text stopped before its program ended."""
    source_model: str = ""
    sampler: str = ""
    """`beam`, `sample`, `eg-cfg`, or `fixed` for programs from a file."""
    round: int = 0
    """Of the replay, from 0: which state of the model wrote it."""
    index: int = 0
    """Place among the completions of its problem and round."""
    key: str = ""
    """Hash of what was tested and how; by it a collection knows what it has done already."""

    def __post_init__(self) -> None:
        if not 0 <= self.pass_rate <= 1:
            raise DataFormatError(f"experience of {self.task_id}: expected a pass rate in [0, 1], found "
                                  f"{self.pass_rate!r}: grade it again")
        if self.log_prob is not None and not self.log_prob <= 0:
            raise DataFormatError(f"experience of {self.task_id}: expected a log-probability of at most 0, or null, "
                                  f"found {self.log_prob!r}: leave out what is unknown")

    def possibility(self, kind: Possibility = "normalised") -> float | None:
        """How probable the model found its program, in [0, 1]; None where it is unknown.

        `sequence` is the paper's P(t) = prod_j P(x_j | x_1 ... x_(j-1), prompt) = exp(log_prob). `normalised`, the
        default everywhere, is P(t) ** (1 / num_tokens), the geometric mean of the tokens' probabilities: see
        `eg_cfg.replay.priority` for why.
        """
        if self.log_prob is None:
            return None
        if kind == "sequence":
            return math.exp(self.log_prob)
        return math.exp(self.log_prob / self.num_tokens) if self.num_tokens else None

    @property
    def target(self) -> str:
        """The text after `prompt` that stands for the program alone: what a model is fine-tuned to write.

        Prose, thoughts and what was cut off are left out: a continued header's body for `completion`, the whole
        program for `solution`, one fenced block for `chat`. Otherwise, what the model wrote.
        """
        if self.extraction == "completion" and self.prefix and self.program.startswith(self.prefix):
            return self.program[len(self.prefix):]
        if self.extraction == "solution" and self.program:
            return self.program
        if self.extraction == "chat" and self.program:
            return f"```python\n{self.program.strip(chr(10))}\n```"
        return self.completion or self.program

    def with_verdict(self, verdict: Verdict) -> Self:
        """A copy that holds how the program fared."""
        return replace(self, passed=verdict.passed, outcome=verdict.outcome, tests=verdict.tests,
                       tests_total=verdict.tests_total,
                       pass_rate=0.0 if verdict.outcome == "tampered" else verdict.pass_rate)

    def to_json(self) -> dict[str, Any]:
        """One row of an experience file: plain data, from which `from_json` makes an equal experience."""
        return {**asdict(self), "prompt": prompt_to_json(self.prompt)}

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Self:
        """Reads what `to_json` wrote.

        Raises:
            DataFormatError: The row is no experience of this version.
        """
        try:
            values = dict(row)
            values["prompt"] = prompt_from_json(values["prompt"])
            values["tests"] = tuple(TestResult(**test) for test in values.get("tests", ()))
            _check(values)
            return cls(**values)
        except (KeyError, TypeError, ValueError) as error:
            raise DataFormatError(f"expected an experience with the fields of this version, found other ones "
                                  f"({error}): collect it again") from None


def to_line(experience: Experience) -> bytes:
    """An experience as a line of a file."""
    return json.dumps(experience.to_json(), ensure_ascii=True).encode("ascii") + b"\n"


def prompt_to_json(prompt: Prompt) -> Any:
    """A prompt as plain data."""
    if isinstance(prompt, str):
        return prompt
    if isinstance(prompt, Infill):
        return asdict(prompt)
    return [asdict(message) for message in prompt]


def prompt_from_json(value: Any) -> Prompt:
    """Reads what `prompt_to_json` wrote; raises TypeError where it is something else."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return Infill(**value)
    return tuple(Message(**message) for message in value)


_TYPES: dict[str, tuple[type, ...]] = {
    "task_id": (str,), "program": (str,), "pass_rate": (int, float), "passed": (bool,), "completion": (str,),
    "log_prob": (int, float, type(None)), "num_tokens": (int, type(None)), "round": (int,), "index": (int,),
}


def _check(values: Mapping[str, Any]) -> None:
    for name, kinds in _TYPES.items():
        if name in values and (not isinstance(values[name], kinds) or (isinstance(values[name], bool)
                                                                       and bool not in kinds)):
            raise ValueError(f"{name} is {values[name]!r:.60}")
    if values.get("outcome") not in (None, *OUTCOMES):
        raise ValueError(f"outcome is {values['outcome']!r:.60}")

