"""Options of `eg-cfg btp`. Values come as text, as in `eg_cfg.cli.arguments`; None is what was not given."""

from __future__ import annotations

from typing import Annotated

import typer


def _text(flag: str, metavar: str, help: str, default: str | bool = False) -> typer.models.OptionInfo:
    found: typer.models.OptionInfo = typer.Option(flag, metavar=metavar, show_default=default, help=help)
    return found


SourceModel = Annotated[
    str | None,
    typer.Option("--source-model", "--model", "--model-name", "-m", metavar="NAME", show_default=False,
                 help="Writes programs: tiny (embedded), a short name, a folder, a hub id, or an API model. Required."),
]
TargetModel = Annotated[str | None, _text("--target-model", "NAME", "Is fine-tuned; where none, the source.")]
Mode = Annotated[
    str | None,
    _text("--mode", "btp_only|finetune|openai|deepseek|hybrid",
          "btp_only: write and test; openai, deepseek: the same through an API; finetune: train on it; hybrid: train "
          "on what an API wrote.", "finetune"),
]
Dataset = Annotated[
    str | None,
    typer.Option("--dataset", "--benchmark", "-b", metavar="NAME", show_default="mbpp",
                 help="What scores; `eg-cfg benchmarks` lists the names."),
]
ReplayDataset = Annotated[
    str | None, _text("--replay-dataset", "NAME", "What is replayed; where none, the training splits of what scores.")]
ReplaySplit = Annotated[str | None, _text("--replay-split", "A,B", "Its parts; with commas.")]
ReplayData = Annotated[str | None, _text("--replay-data", "FILE", "Its data file.")]
ReplayOption = Annotated[
    list[str] | None,
    typer.Option("--replay-option", metavar="KEY=VALUE", show_default=False,
                 help="Its own options; those of what scores where none. May be repeated."),
]
ApiOption = Annotated[
    list[str] | None,
    typer.Option("--api-option", metavar="KEY=VALUE", show_default=False,
                 help="An option of the endpoint, such as concurrency=16 or ledger=DIR; may be repeated."),
]
ModelOption = Annotated[
    list[str] | None,
    typer.Option("--model-option", metavar="KEY=VALUE", show_default=False,
                 help="An option of local models, such as dtype=bfloat16 or batch_size=32; may be repeated."),
]
MaxProblems = Annotated[str | None, _text("--max-problems", "N", "Problems to collect on, or all.", "50")]
ProblemOffset = Annotated[str | None, _text("--problem-offset", "N", "Problems to leave out before the first.", "0")]
EvalProblems = Annotated[str | None, _text("--eval-problems", "N", "Problems that score.", "all")]
EvalSamples = Annotated[str | None, _text("--eval-samples", "N", "Programs for each of them.", "10")]
EvalTemperature = Annotated[str | None, _text("--eval-temperature", "T", "Of these.", "0.8")]
Sampler = Annotated[
    str | None,
    _text("--sampler", "beam|sample|eg-cfg",
          "Beam search, independent samples, or guided by execution. APIs have no beams and sample.", "beam"),
]
NumBeams = Annotated[str | None, _text("--num-beams", "N", "Programs a problem.", "5")]
Temperature = Annotated[str | None, _text("--temperature", "T", "Of the sampler `sample`.", "0.8")]
Gammas = Annotated[str | None, _text("--gammas", "0,0.5,1,3", "Strengths of guidance of `eg-cfg`, a program for each.",
                                     "0,0.5,1,3")]
MaxNewTokens = Annotated[str | None, _text("--max-new-tokens", "N", "Of a program; as published where none.")]
PromptKind = Annotated[
    str | None,
    _text("--prompt-kind", "completion|zero-shot|three-shot|instruct",
          "A chat (instruct) where a model takes one, else completion, where none."),
]
ReplayTests = Annotated[
    str | None, _text("--replay-tests", "public|hidden|all", "Tests that give the pass rate of what is replayed.",
                      "hidden")]
UseCached = Annotated[
    bool | None,
    typer.Option("--use-cached-sampling/--no-use-cached-sampling", show_default="use",
                 help="Go on with programs that other runs left in --cache-dir."),
]
CacheDir = Annotated[str | None, _text("--cache-dir", "DIR", "Where runs share what they wrote.")]
ForceResample = Annotated[
    bool, typer.Option("--force-resample", help="Write programs anew, and do again what follows from them.")]
FixedSamples = Annotated[str | None, _text("--fixed-sample-path", "FILE", "Programs from a file, not a source.")]
Iterations = Annotated[str | None, _text("--n-iterations", "N", "Rounds of drawing and fine-tuning.", "2")]
BatchSize = Annotated[str | None, _text("--batch-size", "N", "Experiences drawn for one round.", "50")]
SamplingMethod = Annotated[
    str | None,
    _text("--sampling-method", "power|rank|uniform",
          "power: P(i) = p_i^a / sum p_k^a, p_i = P2Value; rank: p_i = 1 / rank(i).", "power"),
]
SamplingAlpha = Annotated[str | None, _text("--sampling-alpha", "A", "a.", "1.0")]
P2ValueAlpha = Annotated[
    str | None, _text("--p2value-alpha", "A", "P2Value = A * possibility + (1 - A) * pass rate.", "0.5")]
Possibility = Annotated[
    str | None, _text("--possibility", "normalised|sequence", "By length, or the paper's product.", "normalised")]
MinPassRate = Annotated[str | None, _text("--min-pass-rate", "R", "Draw only programs that pass as much.", "0")]
FailedOnly = Annotated[bool, typer.Option("--failed-only", help="Draw only programs that failed.")]
Replacement = Annotated[
    bool | None,
    typer.Option("--replacement/--no-replacement", show_default="replacement",
                 help="Whether one program may be drawn several times."),
]
ImportanceBeta = Annotated[str | None, _text("--importance-beta", "B", "Weigh the loss by (N P(i))^-B.")]
WeightByPriority = Annotated[bool, typer.Option("--weight-by-priority", help="Weigh the loss by P2Value.")]
BufferSize = Annotated[str | None, _text("--buffer-size", "N", "Experiences that the buffer holds.", "10000")]
Evict = Annotated[str | None, _text("--evict", "priority|oldest", "What leaves a full buffer.", "priority")]
UseLora = Annotated[
    bool | None,
    typer.Option("--use-lora/--no-use-lora", show_default="use", help="Train an adapter, or all weights."),
]
LoraR = Annotated[str | None, _text("--lora-r", "R", "Rank.", "16")]
LoraAlpha = Annotated[str | None, _text("--lora-alpha", "A", "Scale.", "32")]
LoraDropout = Annotated[str | None, _text("--lora-dropout", "P", "Dropout.", "0.1")]
LearningRate = Annotated[str | None, _text("--learning-rate", "LR", "By the model's size where none.")]
NumEpochs = Annotated[str | None, _text("--num-epochs", "N", "Passes over what was drawn.", "3")]
WarmupSteps = Annotated[str | None, _text("--warmup-steps", "N", "5 % of all where none.")]
PerDevice = Annotated[str | None, _text("--per-device-batch-size", "N", "By model and round where none.")]
Accumulation = Annotated[str | None, _text("--gradient-accumulation-steps", "N", "By model and round where none.")]
MaxLength = Annotated[str | None, _text("--max-length", "N", "Tokens of prompt and program.")]
TrainTokens = Annotated[
    str | None, _text("--train-tokens", "N", "Tokens that the loss is taken over, all rounds together, at most.")]
In4Bit = Annotated[bool, typer.Option("--load-in-4bit", help="Train on frozen weights in 4 bits (extra quant).")]
In8Bit = Annotated[bool, typer.Option("--load-in-8bit", help="Train on frozen weights in 8 bits (extra quant).")]
ReportTo = Annotated[str | None, _text("--report-to", "tensorboard,...", "Trackers.")]
CheckpointDir = Annotated[str | None, _text("--checkpoint-dir", "DIR", "checkpoints/ in the run folder where none.")]
