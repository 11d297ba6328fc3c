"""The rows of the stages after names; each holds what it was made from, so that a file can be read alone.

| file in `data/generated/datagen` | rows |
|---|---|
| `problem_replies.jsonl`, `skeleton_replies.jsonl`, `code_replies.jsonl`, `rating_replies.jsonl` | `Reply` |
| `problems.jsonl` | `Problem` |
| `skeletons.jsonl` | `Skeleton` |
| `solutions.jsonl` | `Solution` |
| `ratings.jsonl` | `Rating` |

Replies are only added to; the other files are what the reading makes of the replies. `data/processed/chat.jsonl` holds
`ChatRow` or `TextRow`.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from evoselfcode.layout import Paths
from evoselfcode.pairs import code_of
from evoselfcode.records import PairFields, Row, content_id

Criterion = Literal["problem", "definition", "correctness", "efficiency", "readability"]


class Files:
    """Where these rows are in a workspace."""

    def __init__(self, paths: Paths) -> None:
        folder = paths.generated / "datagen"
        self.problem_replies = folder / "problem_replies.jsonl"
        self.problems = folder / "problems.jsonl"
        self.skeleton_replies = folder / "skeleton_replies.jsonl"
        self.skeletons = folder / "skeletons.jsonl"
        self.code_replies = folder / "code_replies.jsonl"
        self.solutions = folder / "solutions.jsonl"
        self.rating_replies = folder / "rating_replies.jsonl"
        self.ratings = folder / "ratings.jsonl"
        self.chat = paths.processed / "chat.jsonl"


class Reply(Row):
    """What a model wrote, before anything is made of it."""

    about: str
    """Id of the row that it was asked about."""
    index: int
    """Place among the samples for it."""
    text: str
    finish_reason: str
    writer: str
    """Fingerprint of the model."""
    tokens: int | None = None
    log_prob: float | None = None


class Problem(Row):
    """A problem in words; `id` is a hash of them."""

    name: str
    title: str
    description: str
    example: str | None = None
    """A call and its result; none where a base model wrote only a docstring."""
    hint: str | None = None
    header: str | None = None
    """The signature that the description came with, where a base model wrote it as the head of a function."""
    preamble: str = ""
    reply: str
    """`Reply.id`."""

    @classmethod
    def of(cls, *, reply: str, **words: str | None) -> Problem:
        """A problem with the hash of its words."""
        return cls.model_validate({"id": content_id(problem=words), "reply": reply, **words})


class Skeleton(Row):
    """Signature and docstring for a problem; `id` is a hash of both and the problem."""

    problem: Problem
    header: str
    docstring: str
    preamble: str = ""
    reply: str
    """`Reply.id`; of the problem's reply where that held the signature already."""

    @classmethod
    def of(cls, problem: Problem, *, reply: str, header: str, docstring: str, preamble: str) -> Skeleton:
        """A skeleton with its hash."""
        identity = content_id(problem=problem.id, header=header, docstring=docstring, preamble=preamble)
        return cls(id=identity, problem=problem, header=header, docstring=docstring, preamble=preamble, reply=reply)

    def pair(self, body: str = "", preamble: str | None = None) -> PairFields:
        """The function with a body, or without one."""
        return PairFields(name=self.problem.name, header=self.header, description=self.docstring, body=body,
                          preamble=self.preamble if preamble is None else preamble)


class Solution(Row):
    """A function for a problem; `id` is a hash of its code and the skeleton."""

    problem: Problem
    skeleton: str
    """`Skeleton.id`."""
    pair: PairFields
    reply: str
    """`Reply.id`."""

    @classmethod
    def of(cls, skeleton: Skeleton, pair: PairFields, *, reply: str) -> Solution:
        """A solution with its hash."""
        return cls(id=content_id(skeleton=skeleton.id, code=code_of(pair)), problem=skeleton.problem,
                   skeleton=skeleton.id, pair=pair, reply=reply)


class Scores(BaseModel):
    """Five scores from 1 to 5."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    problem: int = Field(ge=1, le=5)
    definition: int = Field(ge=1, le=5)
    correctness: int = Field(ge=1, le=5)
    efficiency: int = Field(ge=1, le=5)
    readability: int = Field(ge=1, le=5)


class Rating(Row):
    """What a model thinks of a solution; `id` is that of its reply."""

    solution: str
    """`Solution.id`."""
    scores: Scores
    reason: str | None = None
    rater: str
    """Fingerprint of the model."""


class Turn(BaseModel):
    """One turn of a chat."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Literal["system", "user", "assistant"]
    content: str


class ChatRow(Row):
    """A chat to train on; `id` is the solution's."""

    messages: tuple[Turn, ...]
    scores: dict[str, float] | None = None
    """Mean of each score; none where nobody rated it."""


class TextRow(Row):
    """The same with ChatML's markers."""

    text: str
    scores: dict[str, float] | None = None
