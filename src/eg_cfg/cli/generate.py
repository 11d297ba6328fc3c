"""`eg-cfg generate`: have a model write programs, into a file that `eg-cfg grade` reads."""

from __future__ import annotations

from eg_cfg.cli import model_arguments as model
from eg_cfg.cli.arguments import BenchmarkOptions, Data, Split


def generate(
    model_name: model.ModelName = None,
    benchmark: model.Benchmark = None,
    split: Split = None,
    data: Data = None,
    option: BenchmarkOptions = None,
    max_problems: model.MaxProblems = None,
    num_samples: model.NumSamples = None,
    temperature: model.Temperature = None,
    top_p: model.TopP = None,
    top_k: model.TopK = None,
    max_new_tokens: model.MaxNewTokens = None,
    stop: model.Stop = None,
    greedy: model.Greedy = False,
    prompt: model.PromptKind = None,
    extract: model.Extract = None,
    device: model.Device = None,
    dtype: model.Dtype = None,
    batch_size: model.BatchSize = None,
    model_option: model.ModelOption = None,
    backend: model.Backend = None,
    use_openai: model.UseOpenAI = False,
    api_key: model.ApiKey = None,
    api_base: model.ApiBase = None,
    config: model.Config = None,
    output_dir: model.OutputDir = None,
    output_root: model.OutputRoot = None,
    force: model.Force = False,
    seed: model.Seed = None,
) -> None:
    """Have a model write programs; started again, it writes only what is missing."""
    given = {key: value for key, value in locals().items() if key != "config"}
    from eg_cfg.cli.progress import progress
    from eg_cfg.studies.generate import GenerateOptions
    from eg_cfg.studies.generate import generate as study

    options = model.options_of(GenerateOptions, given, config)
    with progress("generating") as update:
        outcome = study(options, update, model.print_settings)
    reused = outcome.total - outcome.generated
    print(f"samples      {outcome.total} for {outcome.problems} problems"
          f"{f', {reused} of them written earlier' if reused else ''}")
    if outcome.torn:
        print("one half-written row of an interrupted start was dropped and written again")
    print(f"written to {outcome.samples}")
