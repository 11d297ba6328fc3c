"""Options of the `pipeline` stages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from eg_cfg.config import Options, build
from eg_cfg.training.options import TrainingOptions

Metric = Literal["tasks", "round_trip", "pass@1"]


class SandboxOptions(Options):
    """How programs are run."""

    workers: int | None = Field(None, ge=1)
    """Programs at a time; the machine's cores where none."""
    timeout: float = Field(default=3.0, gt=0, allow_inf_nan=False)
    """Seconds of wall time for one program with all of its calls."""
    allow_weak_isolation: bool = False
    """Go on where this machine cannot isolate programs."""


class DrawOptions(Options):
    """How a model is sampled."""

    temperature: float = Field(default=0.8, ge=0)
    """0 is greedy."""
    top_p: float = Field(default=1.0, gt=0, le=1)
    max_new_tokens: int = Field(default=256, ge=1)


class GenerateOptions(Options):
    """Raw pairs from names, and candidates for their descriptions."""

    drafts: int = Field(default=2, ge=0)
    """Documented functions that the base model writes for each name."""
    prefix: str = ""
    """Stands before `def <name>(`."""
    draft: DrawOptions = DrawOptions(temperature=0.9)
    """How drafts are sampled."""
    candidates: int = Field(default=6, ge=0)
    """Further programs that are sampled for each description."""
    tasks: int | None = Field(default=None, ge=1)
    """Descriptions that get programs here, at most, your own pairs' first; the others are left to the loop."""
    candidate: DrawOptions = DrawOptions()
    """How they are sampled."""
    d2c: str | None = None
    """The model that writes candidates: a folder or a name; the base model where none."""


class ScoreOptions(Options):
    """What is found out about candidates."""

    perplexity: bool = True
    """Under the scoring model, on the code's tokens only."""
    model: str | None = None
    """The scoring model; the base model where none, so that a tuned model does not vouch for itself."""
    lint: bool = True
    """Ruff, as a subprocess."""
    execution: bool = True
    """Runs programs on generated inputs and, where there are any, on tests."""
    inputs: int = Field(default=24, ge=1)
    """Generated inputs for each kind of parameters."""
    round_trip: bool = False
    """Describes each program, writes it again from the description, and compares what the two do."""
    c2d: str | None = None
    """Who describes for that: a folder or a name; the base model where none, which fills the docstring's gap."""
    d2c: str | None = None
    """Who writes it again; the base model where none."""
    batch: int = Field(default=256, ge=1)
    """Candidates between two records."""

    @model_validator(mode="after")
    def _together(self) -> Self:
        if self.round_trip and not self.execution:
            raise ValueError("round_trip compares what programs do: leave execution on")
        return self


class FilterOptions(Options):
    """Which filters, in this order; each is a name, or a name with options."""

    filters: tuple[Mapping[str, Mapping[str, Any]], ...] = (
        {"syntax": {}}, {"lint": {}}, {"runs": {}}, {"tests": {}}, {"varied": {}}, {"description": {}},
        {"literals": {}}, {"agreement": {}}, {"duplicates": {}}, {"perplexity": {}}, {"per_task": {}},
    )
    """`[syntax, {agreement: {min_share: 0.6}}]`."""
    held_out: float = Field(default=0.08, ge=0, lt=1)
    """Share of behaviours that nothing is trained on, for validation."""

    @field_validator("filters", mode="before")
    @classmethod
    def _named(cls, values: Any) -> Any:
        if not isinstance(values, list | tuple):
            return values
        named = []
        for item in values:
            if isinstance(item, Mapping) and len(item) == 1:
                ((name, options),) = item.items()
                named.append({str(name).replace("-", "_"): dict(options or {})})
            elif isinstance(item, str):
                named.append({item.replace("-", "_"): {}})
            else:
                raise ValueError(f"expected a filter's name, or one name with options, found {item!r}")
        return named

    @model_validator(mode="after")
    def _known(self) -> Self:
        from eg_cfg.errors import UsageError
        from evoselfcode.pipeline.filters import made

        try:
            for item in self.filters:
                made(item)
        except UsageError as error:
            raise ValueError(str(error)) from None
        return self


class TrainOptions(Options):
    """How D2C or C2D is fine-tuned."""

    start: str | None = None
    """What is fine-tuned: a folder or a name; the base model where none."""
    examples_share: float = Field(default=0.75, ge=0, le=1)
    """D2C: share of prompts whose docstring shows calls and what the kept program gave for them."""
    examples: int = Field(default=3, ge=1)
    """D2C: how many calls are shown."""
    variants: int = Field(default=3, ge=1)
    """D2C: lessons of one pair, which show other examples, or none."""
    validation_share: float = Field(default=0.05, ge=0, lt=1)
    """Share of the pairs on which the loss is measured instead."""
    training: TrainingOptions = TrainingOptions(use_lora=False, num_epochs=2)
    """As of `eg_cfg.training`."""
    lora: Literal["auto", "always", "never"] = "auto"
    """`auto` trains all weights of a model below 200 million parameters, else a LoRA adapter."""


class ValidationOptions(Options):
    """What says which round is best, and what is measured beside it."""

    metric: Metric = "tasks"
    """`tasks`: held-out programs that D2C writes again from their descriptions and shown calls, as benchmarks ask;
    `round_trip`: from C2D's descriptions; `pass@1`: the benchmark's validation split, which needs labels."""
    pairs: int = Field(default=150, ge=1)
    """Held-out pairs for the first two, at most."""
    patience: int = Field(default=1, ge=1)
    """Rounds without a new best after which the loop ends."""
    benchmark: str = "minipy"
    split: str = "validation"
    """Of `pass@1` as metric."""
    max_problems: int | None = Field(None, ge=1)


class HeldOutOptions(Options):
    """The curve that is measured each round and decides nothing."""

    benchmark: str | None = "minipy"
    """None measures nothing."""
    split: str | None = "test"
    option: Mapping[str, str] = Field(default_factory=dict)
    """Options of the benchmark."""
    max_problems: int | None = Field(None, ge=1)
    num_samples: int = Field(default=1, ge=1)
    temperature: float = Field(default=0.0, ge=0)
    without_tests: bool = True
    """MiniPy: measure with prompts that show no tests too, the only ones that `tiny-base` can read."""


class IterateOptions(Options):
    """The dual loop."""

    rounds: int = Field(default=2, ge=1)
    tasks: int = Field(default=400, ge=1)
    """Descriptions for which D2C writes code, each round: others each time, those first that taught nothing so far."""
    codes: int = Field(default=300, ge=1)
    """Unlabelled programs that C2D describes, each round."""
    candidates: int = Field(default=6, ge=1)
    """Programs that D2C writes for a description."""
    candidate: DrawOptions = DrawOptions()
    description: DrawOptions = DrawOptions(temperature=0.0, max_new_tokens=128)
    replay: float = Field(default=0.5, ge=0)
    """Pairs of the initial training that are learned again, for each new one."""
    variants: int = Field(default=1, ge=1)
    """Lessons that D2C gets of one pair, as `d2c.variants`."""
    literals: int = Field(default=1, ge=0)
    """Times that each pair of a round is learnt with other literals too; see `evoselfcode.pipeline.literals`."""
    d2c: TrainingOptions = TrainingOptions(use_lora=False, num_epochs=1)
    c2d: TrainingOptions = TrainingOptions(use_lora=False, num_epochs=1)
    """Fine-tuning within a round."""
    mix: float = Field(default=0.5, gt=0, le=1)
    """Share of the trained weights in a round's models; the rest is what they were trained from, so that less is
    forgotten. 1 takes the trained ones; adapters are taken as they are."""
    start: Literal["previous", "base"] = "previous"
    """What a round's models are trained from: the round before, or the base model with all pairs so far."""
    forward: bool = True
    """D2C writes code for descriptions and C2D describes it anew."""
    backward: bool = True
    """C2D describes unlabelled code and D2C learns from these pairs."""
    use_c2d: bool = True
    """False leaves C2D out: no backward half, no new descriptions; the base model describes, for round trips only."""
    use_perplexity: bool = True
    """False leaves the filter `perplexity` out."""
    use_tests: bool = True
    """False leaves everything out that runs programs: `runs`, `tests`, `varied`, `agreement`, round trips as a filter,
    other literals, and examples in prompts."""
    validation: ValidationOptions = Field(default_factory=lambda: build(ValidationOptions, {}))
    held_out: HeldOutOptions = Field(default_factory=lambda: build(HeldOutOptions, {}))

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.forward and not (self.backward and self.use_c2d):
            raise ValueError("neither the forward nor the backward half is on: a round has nothing to learn from")
        return self
