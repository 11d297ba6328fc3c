"""`eg-cfg btp`: a model learns from tested programs, drawn by priority."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eg_cfg.cli import btp_arguments as btp_
from eg_cfg.cli import model_arguments as model
from eg_cfg.cli.arguments import BenchmarkOptions, Data, Isolation, Split, Timeout, Weak, Workers

if TYPE_CHECKING:
    from rich.table import Table

    from eg_cfg.studies.btp import BTPOutcome


def btp(
    source_model: btp_.SourceModel = None,
    target_model: btp_.TargetModel = None,
    mode: btp_.Mode = None,
    benchmark: btp_.Dataset = None,
    split: Split = None,
    data: Data = None,
    option: BenchmarkOptions = None,
    replay_dataset: btp_.ReplayDataset = None,
    replay_split: btp_.ReplaySplit = None,
    replay_data: btp_.ReplayData = None,
    replay_option: btp_.ReplayOption = None,
    max_problems: btp_.MaxProblems = None,
    problem_offset: btp_.ProblemOffset = None,
    eval_problems: btp_.EvalProblems = None,
    eval_samples: btp_.EvalSamples = None,
    eval_temperature: btp_.EvalTemperature = None,
    sampler: btp_.Sampler = None,
    num_beams: btp_.NumBeams = None,
    temperature: btp_.Temperature = None,
    gammas: btp_.Gammas = None,
    max_new_tokens: btp_.MaxNewTokens = None,
    prompt_kind: btp_.PromptKind = None,
    replay_tests: btp_.ReplayTests = None,
    use_cached_sampling: btp_.UseCached = None,
    cache_dir: btp_.CacheDir = None,
    force_resample: btp_.ForceResample = False,
    fixed_sample_path: btp_.FixedSamples = None,
    n_iterations: btp_.Iterations = None,
    batch_size: btp_.BatchSize = None,
    sampling_method: btp_.SamplingMethod = None,
    sampling_alpha: btp_.SamplingAlpha = None,
    p2value_alpha: btp_.P2ValueAlpha = None,
    possibility: btp_.Possibility = None,
    min_pass_rate: btp_.MinPassRate = None,
    failed_only: btp_.FailedOnly = False,
    replacement: btp_.Replacement = None,
    importance_beta: btp_.ImportanceBeta = None,
    weight_by_priority: btp_.WeightByPriority = False,
    buffer_size: btp_.BufferSize = None,
    evict: btp_.Evict = None,
    use_lora: btp_.UseLora = None,
    lora_r: btp_.LoraR = None,
    lora_alpha: btp_.LoraAlpha = None,
    lora_dropout: btp_.LoraDropout = None,
    learning_rate: btp_.LearningRate = None,
    num_epochs: btp_.NumEpochs = None,
    warmup_steps: btp_.WarmupSteps = None,
    per_device_batch_size: btp_.PerDevice = None,
    gradient_accumulation_steps: btp_.Accumulation = None,
    max_length: btp_.MaxLength = None,
    train_tokens: btp_.TrainTokens = None,
    load_in_4bit: btp_.In4Bit = False,
    load_in_8bit: btp_.In8Bit = False,
    report_to: btp_.ReportTo = None,
    device: model.Device = None,
    model_option: btp_.ModelOption = None,
    api_key: model.ApiKey = None,
    api_base: model.ApiBase = None,
    api_option: btp_.ApiOption = None,
    workers: Workers = None,
    timeout: Timeout = None,
    isolation: Isolation = None,
    allow_weak_isolation: Weak = False,
    config: model.Config = None,
    output_dir: model.OutputDir = None,
    output_root: model.OutputRoot = None,
    checkpoint_dir: btp_.CheckpointDir = None,
    force: model.Force = False,
    seed: model.Seed = None,
) -> None:
    """Write programs, test them, draw them by P2Value, fine-tune, and compare; started again, it goes on."""
    given = {key: value for key, value in locals().items() if key != "config"}
    from eg_cfg.cli.progress import progress
    from eg_cfg.studies.btp import btp as study
    from eg_cfg.studies.btp_options import BTPOptions

    options = _options(BTPOptions, given, config)
    outcome = study(options, watch=progress, say=lambda line: print(line, flush=True))
    print_report(outcome)


def _options(kind: Any, given: dict[str, Any], config: str | None) -> Any:
    from pathlib import Path

    from eg_cfg.config import assignments, build, load

    # no and false are values here: --no-use-lora says something that a file may contradict
    switches = {"failed_only", "force_resample", "weight_by_priority", "load_in_4bit", "load_in_8bit", "force",
                "allow_weak_isolation"}
    values = {key: value for key, value in given.items()
              if value is not None and not (key in switches and value is False)}
    for name in ("option", "replay_option", "model_option", "api_option"):
        if name in values:
            values[name] = assignments(values[name], "--" + name.replace("_", "-"))
    if "gammas" in values:
        values["gammas"] = [part.strip() for part in values["gammas"].split(",")]
    if "benchmark" in values:
        values["dataset"] = values.pop("benchmark")
    return build(kind, values) if config is None else load(kind, Path(config), values)


def print_report(outcome: BTPOutcome) -> None:
    """The report's first line, what each round did, the table of before and after, and where all of it is."""
    from rich.console import Console

    from eg_cfg.studies.btp_report import summary_lines

    results = outcome.results
    console = Console(highlight=False, soft_wrap=True)
    print()
    for line in summary_lines({key: value for key, value in results.items() if key != "compared"}):
        print(line)
    if "compared" in results:
        print()
        console.print(_compared(results["compared"]))
        print("95 % intervals in parentheses; p is paired over problems and two-sided")
    print(f"written to {outcome.folder}")
    if outcome.model is not None:
        print(f"the fine-tuned model is in {outcome.model}")


def _compared(compared: dict[str, Any]) -> Table:
    from rich.table import Table

    from eg_cfg.studies.btp_report import percent

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("", "before", "after", "difference", "RSR", "p"):
        table.add_column(column, justify="right" if column else "left", no_wrap=True)
    for name, row in compared.items():
        cells = (percent(row[key]).replace(" (", "\n(") for key in ("before", "after", "difference"))
        table.add_row(name.removeprefix("average_").replace("_", " "), *cells,
                      "-" if row["rsr"] is None else f"{row['rsr']:.1f} %", f"{row['p_value']:.4g}")
    return table
