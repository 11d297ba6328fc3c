"""What a BTP experiment may be told; `eg-cfg btp --config FILE` takes a file with these names.

    options = build(BTPOptions, {"source-model": "tiny", "dataset": "minipy", "max-problems": 50})
    options.score.load()            # the benchmark that scores
    options.training.use_lora       # what fine-tuning is told

Defaults are those of the published command lines. What is null is chosen by the size of the model or the data set, and
said in the log and in `btp_results.json`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from eg_cfg.config import Options, build
from eg_cfg.models.prompts import Kind
from eg_cfg.replay.experience import Possibility
from eg_cfg.replay.sampler import Method
from eg_cfg.studies.options import GradingOptions, Seconds
from eg_cfg.training.options import TrainingOptions

Mode = Literal["btp_only", "finetune", "openai", "deepseek", "hybrid"]
TRAINING_MODES: frozenset[Mode] = frozenset({"finetune", "hybrid"})

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]


class BTPOptions(Options):
    """Who writes, who learns, from which problems, and how."""

    source_model: str
    """Writes programs: a folder, hub id, short name, or API model."""
    target_model: str | None = None
    """Is fine-tuned; where none, the source."""
    mode: Mode = "finetune"
    """`btp_only` writes and tests, `openai` and `deepseek` do so through an API, `finetune` trains on what a local
    model wrote, and `hybrid` on what an API wrote."""
    api_key: SecretStr | None = Field(default=None, exclude=True, repr=False)
    """Of the source's API; where none, from the environment. It is in no record."""
    api_base: str | None = None
    """Address of an OpenAI-compatible endpoint, which the source is then asked of."""
    api_option: dict[str, str] = Field(default_factory=dict)
    """Further options of the endpoint, such as concurrency or ledger."""
    model_option: dict[str, str] = Field(default_factory=dict)
    """Further options of local models, such as dtype or batch_size."""
    device: str = "auto"
    """Where local models run: `auto`, `cpu`, `cuda`, `mps`."""
    prompt_kind: Kind | None = None
    """How problems are put to models; where none, a chat to those that take one, and text to continue to the others."""

    dataset: str = "mbpp"
    """The benchmark that scores."""
    split: str | None = None
    """Its part that scores; the usual one where none."""
    data: Path | None = None
    """Its data file, where it should not be looked for."""
    option: dict[str, str] = Field(default_factory=dict)
    """The benchmark's own options."""
    replay_dataset: str | None = None
    """The benchmark whose problems are replayed; where none, the training splits of the data set."""
    replay_split: tuple[str, ...] | None = None
    """Its parts; with commas."""
    replay_data: Path | None = None
    """Its data file, where it should not be looked for."""
    replay_option: dict[str, str] | None = None
    """Its own options; those of the data set where none."""
    max_problems: Count | None = 50
    """Problems to collect on; null (or `all`) for all."""
    problem_offset: int = Field(default=0, ge=0)
    """Problems to leave out before the first to collect on."""
    eval_problems: Count | None = None
    """Problems that score, from the first on; null (or `all`) for all."""

    sampler: Literal["beam", "sample", "eg-cfg"] = "beam"
    """How programs are written: by beam search, by sampling, or guided by execution. APIs have no beams and sample."""
    num_beams: Count = 5
    """Programs a problem: the beam width, or how many are sampled."""
    temperature: float = Field(default=0.8, gt=0)
    """Of the sampler `sample`."""
    gammas: tuple[float, ...] = (0.0, 0.5, 1.0, 3.0)
    """Strengths of guidance of the sampler `eg-cfg`, a program for each."""
    max_new_tokens: Count | None = None
    """Tokens of a program; the benchmark's usual number where none."""
    replay_tests: Literal["public", "hidden", "all"] = "hidden"
    """Tests that give the pass rate of what is replayed; none of its problems scores, so all may be used."""
    use_cached_sampling: bool = True
    """Goes on with programs that are in `cache_dir`."""
    cache_dir: Path | None = None
    """Folder in which runs share what they wrote."""
    force_resample: bool = False
    """Writes programs anew, and does again what follows from them; what was there is kept under another name."""
    fixed_sample_path: Path | None = None
    """A file of programs that stands for the source's."""

    n_iterations: int = Field(default=2, ge=1)
    """Rounds of drawing and fine-tuning."""
    batch_size: Count = 50
    """Experiences drawn for one round."""
    sampling_method: Method = "power"
    """`power`: P(i) = p_i^a / sum_k p_k^a with p_i = P2Value; `rank`: p_i = 1 / rank(i); `uniform`: the control."""
    sampling_alpha: float = Field(default=1.0, ge=0, allow_inf_nan=False)
    """a."""
    p2value_alpha: Share = 0.5
    """alpha in P2Value = alpha * possibility + (1 - alpha) * pass_rate."""
    possibility: Possibility = "normalised"
    """`normalised` by length, or the paper's `sequence`."""
    min_pass_rate: Share = 0.0
    """Draws only programs that pass at least this share of the tests; the paper's 0 replays failed ones too."""
    failed_only: bool = False
    """Draws only programs that failed."""
    replacement: bool = True
    """Whether one program may be drawn several times, as the formulas have it."""
    importance_beta: Share | None = None
    """Weighs the loss by (N P(i))^-beta, which takes back what drawing by priority favours; null weighs nothing."""
    weight_by_priority: bool = False
    """Weighs the loss by P2Value."""
    buffer_size: Count = 10_000
    """Experiences that the buffer holds."""
    evict: Literal["priority", "oldest"] = "priority"
    """What leaves a full buffer: the lowest P2Value, or the oldest."""

    use_lora: bool = True
    """Trains an adapter; otherwise all weights."""
    lora_r: Count = 16
    """Rank of the adapter's matrices."""
    lora_alpha: float = Field(default=32.0, gt=0, allow_inf_nan=False)
    """The adapter's output is multiplied by this over the rank."""
    lora_dropout: float = Field(default=0.1, ge=0, lt=1)
    """Share of the adapter's inputs that is dropped."""
    learning_rate: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Peak of the schedule; chosen by the model's size where none."""
    num_epochs: Count | None = None
    """Passes over what was drawn, each round; 3 where none."""
    warmup_steps: int | None = Field(default=None, ge=0)
    """Steps in which the learning rate rises; 5 % where none."""
    per_device_batch_size: Count | None = None
    """Examples of one forward pass; chosen by the model's size and the number drawn where none."""
    gradient_accumulation_steps: Count | None = None
    """Forward passes of one optimizer step; chosen likewise."""
    max_length: int | None = Field(default=None, ge=2)
    """Tokens of prompt and program; longer ones are left out and counted."""
    train_tokens: Count | None = None
    """Tokens that the loss is taken over, all rounds and epochs together, at most: what makes two arms comparable."""
    load_in_4bit: bool = False
    """Loads the frozen weights in 4 bits for training (the extra `quant`)."""
    load_in_8bit: bool = False
    """Loads the frozen weights in 8 bits for training (the extra `quant`)."""
    report_to: tuple[str, ...] = ()
    """Trackers that transformers knows (`tensorboard`, `wandb`, ...)."""

    eval_samples: Count = 10
    """Programs a problem that scores, before and after."""
    eval_temperature: float = Field(default=0.8, ge=0)
    """Of these."""
    workers: int | None = Field(default=None, ge=1)
    """Programs tested at a time; the machine's cores where none."""
    timeout: Seconds | None = None
    """Seconds for a program; the benchmark's own limit where none."""
    isolation: Literal["split", "shared"] | None = None
    """Where expected values live; split where the test allows it, where none."""
    allow_weak_isolation: bool = False
    """Go on where this machine cannot isolate programs."""
    output_dir: Path | None = None
    """The run folder; the newest of the same configuration in `output_root`, else a new one there, where none."""
    output_root: Path = Path("runs")
    """Where runs without a folder of their own are."""
    checkpoint_dir: Path | None = None
    """Where models go; `checkpoints/` in the run folder where none."""
    seed: int = Field(default=42, ge=0, lt=2**32)
    """Of samples, draws, fine-tuning and the bootstrap."""
    force: bool = False
    """Start over."""

    @model_validator(mode="before")
    @classmethod
    def _other_names(cls, values: Any) -> Any:
        """Names that other commands have for the same things."""
        if not isinstance(values, Mapping):
            return values
        found = dict(values)
        for name, usual in (("benchmark", "dataset"), ("model_name", "source_model"), ("model", "source_model")):
            given = found.pop(name, found.pop(name.replace("_", "-"), None))
            if given is not None:
                other = found.get(usual, found.get(usual.replace("_", "-"), given))
                if other != given:
                    raise ValueError(f"{name!r} and {usual!r} are one option, found {given!r} and {other!r}: keep one")
                found.pop(usual.replace("_", "-"), None)
                found[usual] = given
        return found

    @field_validator("max_problems", "eval_problems", mode="before")
    @classmethod
    def _all(cls, value: Any) -> Any:
        return None if value == "all" else value

    @field_validator("replay_split", "report_to", mode="before")
    @classmethod
    def _several(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("option", "replay_option", "model_option", "api_option", mode="before")
    @classmethod
    def _texts(cls, value: Any) -> Any:
        """A file may hold `steps: 1` where the command line says `steps=1`."""
        if not isinstance(value, Mapping):
            return value
        return {str(key): str(item).lower() if isinstance(item, bool) else str(item) if isinstance(item, int | float)
                else item for key, item in value.items()}

    @field_validator("api_key", mode="before")
    @classmethod
    def _secret(cls, value: Any) -> Any:
        # whatever it is, it must not come to the check of types, whose message quotes what it found
        return value if value is None or isinstance(value, SecretStr) else SecretStr(str(value))

    @model_validator(mode="after")
    def _together(self) -> Self:
        if self.eval_samples > 1 and self.eval_temperature == 0:
            raise ValueError(f"--eval-temperature 0 gives one program: raise it, or pass --eval-samples 1, found "
                             f"{self.eval_samples}")
        if self.replay_dataset is None and self.replay_data is not None:
            raise ValueError("--replay-data is a file of --replay-dataset: name that too")
        if self.replay_split is not None and not self.replay_split:
            raise ValueError("--replay-split: expected names of splits with commas, found none")
        if self.mode not in TRAINING_MODES and self.target_model is not None:
            raise ValueError(f"--mode {self.mode} trains nothing: leave --target-model out, or pass --mode finetune")
        if self.force_resample and self.fixed_sample_path is not None:
            raise ValueError("--fixed-sample-path stands for sampling: leave --force-resample out")
        return self

    @property
    def trains(self) -> bool:
        """Whether the mode fine-tunes."""
        return self.mode in TRAINING_MODES

    @property
    def score(self) -> GradingOptions:
        """Where the problems that score come from, and how programs are tested."""
        return self._grading(self.dataset, self.split, self.data, self.option)

    def replayed(self, dataset: str, split: str | None) -> GradingOptions:
        """The same for problems to be replayed."""
        same = self.replay_dataset is None and dataset == self.dataset
        chosen = self.option if self.replay_option is None and same else self.replay_option or {}
        return self._grading(dataset, split, self.data if same else self.replay_data, chosen)

    def _grading(self, benchmark: str, split: str | None, data: Path | None, option: dict[str, str]) -> GradingOptions:
        return GradingOptions(benchmark=benchmark, split=split, data=data, option=option, workers=self.workers,
                              timeout=self.timeout, isolation=self.isolation,
                              allow_weak_isolation=self.allow_weak_isolation)

    @property
    def training(self) -> TrainingOptions:
        """What fine-tuning is told, before anything is chosen for a number of examples."""
        names = ("use_lora", "lora_r", "lora_alpha", "lora_dropout", "learning_rate", "warmup_steps",
                 "per_device_batch_size", "gradient_accumulation_steps", "max_length", "load_in_4bit", "load_in_8bit",
                 "report_to", "seed", "device")
        given = {name: getattr(self, name) for name in names}
        if self.num_epochs is not None:
            given["num_epochs"] = self.num_epochs
        given["trust_remote_code"] = self.model_option.get("trust_remote_code", False)
        return build(TrainingOptions, given)
