"""The rows of every stage's JSONL, each known by a hash of what decides it.

    row = Name(id=content_id(name="max_digits"), name="max_digits", mode="fim", draw=draw.id)
    Name.model_validate(row.to_json()) == row

A stage asks for rows by their `id`; what is there already is not made again. So a second run adds nothing, and a
changed option adds the rows that it asks for and leaves the others as they are.

| file | rows |
|---|---|
| `data/generated/name_draws.jsonl` | `NameDraw` |
| `data/generated/names.jsonl` | `Name` |
| `data/generated/drafts.jsonl` | `Draft` |
| `data/raw/*.jsonl` | `RawPair` |
| `data/generated/candidates.jsonl` | `Candidate` |
| `data/generated/scores.jsonl` | `Score` |
| `data/processed/pairs.jsonl`, `held_out.jsonl` | `KeptPair` |
| `data/processed/decisions.jsonl` | `Decision` |
| `data/generated/iterate/<run>/descriptions.jsonl` | `Description` |
| `data/generated/iterate/<run>/rounds.jsonl` | `RoundRow` |
| `data/eval/held_out.jsonl` | `HeldOutRow` |
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from eg_cfg.runs import fingerprint

NameMode = Literal["fim", "l2r"]


def content_id(**parts: Any) -> str:
    """A hash of plain data, by which a row is known: 16 hexadecimal digits of SHA-256."""
    return fingerprint(parts)


class Row(BaseModel):
    """A line of a stage's file."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    id: str
    """Content hash of what decides the row."""

    def to_json(self) -> dict[str, Any]:
        """As it is written."""
        return self.model_dump(mode="json")


class NameDraw(Row):
    """What the base model wrote when it was asked for a function's name."""

    mode: NameMode
    """Fill in the middle, or left to right."""
    index: int
    """Place in the stream of its mode; decides the sample."""
    text: str
    finish_reason: str
    log_prob: float | None = None


class Name(Row):
    """A function's name that passed every rule."""

    name: str
    mode: NameMode
    draw: str
    """`NameDraw.id`."""


class Draft(Row):
    """What the base model wrote after `def <name>(`: the rest of a documented function, if all went well."""

    name: str
    index: int
    """Place among the drafts of the name."""
    text: str
    finish_reason: str
    tokens: int | None = None
    log_prob: float | None = None


class RawPair(BaseModel):
    """A line of `data/raw`: yours, or made by `pipeline generate`. Keys beyond these are let be."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)

    prompt: str
    """A header with docstring, or words that say what the function does."""
    code: str
    """The function, or the body that continues the prompt."""
    tests: tuple[str, ...] = ()
    """`assert` statements, where there are any."""
    id: str | None = None
    source: str | None = None


class PairFields(BaseModel):
    """A documented function in its parts; see `evoselfcode.pairs.Pair` for what is made of them."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    name: str
    header: str
    """`def f(x: int) -> int:`, without a newline at its end."""
    description: str
    """The docstring without quotes and indentation."""
    body: str
    """Indented, without the docstring; ends with a newline."""
    preamble: str = ""
    """Imports before the function; ends with a newline where there are any."""


class Candidate(Row):
    """A program for a description, and who wrote it."""

    task: str
    """Hash of preamble, header and description: candidates of one task compete."""
    pair: PairFields
    index: int
    """Place among the samples of its writer for the task; -1 for the code that the task came with."""
    writer: str
    """Fingerprint of the model's weights, or `raw`."""
    finish_reason: str = "unknown"
    log_prob: float | None = None
    """Under its writer, of the text as it was sampled."""
    tests: tuple[str, ...] = ()
    problem: str | None = None
    """Why the text holds no program, where it does not: such a row only says that it was sampled."""


class Example(BaseModel):
    """A call and what it gave when the program ran: what the program does, not what it should do."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    call: str
    result: str


class Score(Row):
    """What is known of a program for a task; candidates that wrote the same one share it. `None` is unknown."""

    perplexity: float | None = None
    """exp(mean negative log-probability) of the code's tokens under the scoring model, given header and docstring."""
    tokens: int | None = None
    """Code tokens that the mean is over."""
    parses: bool
    findings: int | None = None
    """Of ruff's rules for likely mistakes."""
    tests_passed: int | None = None
    tests_total: int | None = None
    outcome: str | None = None
    """How it ran on the generated inputs: `ok`, or the first thing that ended the process."""
    behaviour: str | None = None
    """Hash of what it gave for every generated input; equal for programs that behave alike on them."""
    calls: int = 0
    """Generated inputs that it was called with."""
    raised: int = 0
    """Calls that raised or gave no plain data."""
    distinct: int = 0
    """Different results."""
    round_trip: bool | None = None
    """Whether what D2C writes from C2D's description of the program behaves as the program does, where it was asked."""
    examples: tuple[Example, ...] = ()
    """Short calls, for prompts that show some."""


class KeptPair(Row):
    """A pair that every filter let pass."""

    pair: PairFields
    candidate: str
    """`Candidate.id`."""
    task: str
    behaviour: str | None = None
    perplexity: float | None = None
    agreement: float | None = None
    """Share of the task's candidates that behave as this one does."""
    why: Literal["likely", "diverse", "all"] = "all"
    """Kept for low perplexity, or for diversity, or no filter asked."""
    examples: tuple[Example, ...] = ()
    weight: float = Field(default=1.0, ge=0)


class Decision(Row):
    """What became of a candidate in the filters; `id` is the candidate's."""

    filter: str | None = None
    """The filter that dropped it; none where it was kept."""
    reason: str | None = None


class Description(Row):
    """What a model wrote about a program."""

    name: str
    text: str
    finish_reason: str
    writer: str


class RoundTripScore(BaseModel):
    """How many programs come back from a description of them: code, described by C2D, written again by D2C."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pairs: int
    agree: int
    """Programs written again that behave as the ones described; text that is no description or program does not."""
    value: float
    low: float
    high: float
    """95 %, bootstrap over pairs."""


class RoundRow(Row):
    """One round of the dual loop; round 0 is the models that it starts from, round -1 the base model as both."""

    round: int
    d2c: str
    """Folder or name of the model, after this round."""
    c2d: str
    d2c_writer: str
    c2d_writer: str
    round_trip: RoundTripScore
    from_description: RoundTripScore
    """D2C alone, given the descriptions that the held-out programs were written for."""
    from_examples: RoundTripScore | None = None
    """The same with calls and what they gave in the prompts, as benchmarks ask."""
    validation: float | None = None
    """The score that chooses rounds; not in the file, since the configuration of a start decides."""
    validation_metric: str = ""
    counts: dict[str, int | float | None] = Field(default_factory=dict)
    """How much was written, kept and learnt, by name."""
    funnel: list[dict[str, Any]] = Field(default_factory=list)
    diversity: dict[str, Any] = Field(default_factory=dict)
    """Of the pairs that D2C learnt from in this round."""
    seconds: float = 0.0


class HeldOutRow(Row):
    """A model on a benchmark that decides nothing."""

    model: str
    writer: str
    benchmark: str
    split: str | None
    variant: str
    """`with tests` or `without tests` in the prompt; empty where the benchmark has no such choice."""
    problems: int
    pass_at_1: dict[str, float]
    """`value`, `low`, `high`."""
    folder: str
