"""Options of every command that has a model write programs. Values come as text, as in `eg_cfg.cli.arguments`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from eg_cfg.cli.arguments import BenchmarkOptions, Data, Split

if TYPE_CHECKING:
    from eg_cfg.config import Options

T = TypeVar("T", bound="Options")

ModelName = Annotated[
    str | None,
    typer.Option(
        "--model-name",
        "--model",
        "-m",
        metavar="NAME",
        show_default=False,
        help="tiny (embedded), a short name, a folder, a hub id (org/name), or an endpoint's model. Required.",
    ),
]
Benchmark = Annotated[
    str | None,
    typer.Option(
        "--benchmark",
        "--dataset",
        "-b",
        metavar="NAME",
        show_default=False,
        help="What is to be solved; `eg-cfg benchmarks` lists the names. Required.",
    ),
]
NumSamples = Annotated[
    str | None,
    typer.Option(
        "--num-samples", "-n", metavar="N", show_default=False, help="Samples a problem; 10 where none, 1 if greedy."
    ),
]
Temperature = Annotated[
    str | None,
    typer.Option("--temperature", "-t", metavar="T", show_default=False, help="As published where none; 0 is greedy."),
]
TopP = Annotated[
    str | None, typer.Option("--top-p", metavar="P", show_default=False, help="As published where none.")
]
TopK = Annotated[str | None, typer.Option("--top-k", metavar="K", show_default=False, help="All tokens where none.")]
MaxNewTokens = Annotated[
    str | None,
    typer.Option("--max-new-tokens", metavar="N", show_default=False, help="As published where none."),
]
Stop = Annotated[
    list[str] | None,
    typer.Option(
        "--stop",
        metavar="TEXT",
        show_default=False,
        help="Ends a completion; \\n and \\t are read; may be repeated. As published where none.",
    ),
]
Greedy = Annotated[bool, typer.Option("--greedy", help="Temperature 0, one sample.")]
MaxProblems = Annotated[
    str | None,
    typer.Option(
        "--max-problems", "--limit", metavar="N", show_default=False, help="The first N problems; all where none."
    ),
]
PromptKind = Annotated[
    str | None,
    typer.Option(
        "--prompt",
        metavar="completion|zero-shot|three-shot|instruct",
        show_default=False,
        help="A chat (instruct) where the model takes one, else completion, where none.",
    ),
]
Extract = Annotated[
    str | None,
    typer.Option(
        "--extract",
        metavar="verbatim|completion|solution|chat",
        show_default=False,
        help="How the program is taken out of the text; as the prompt wants it where none.",
    ),
]
BatchSize = Annotated[
    str | None,
    typer.Option(
        "--batch-size", metavar="N", show_default=False, help="Sequences at once; 32 on a GPU, 16 on a CPU where none."
    ),
]
Device = Annotated[
    str | None,
    typer.Option("--device", metavar="auto|cpu|cuda|cuda:1|mps", show_default=False, help="Of a local model."),
]
Dtype = Annotated[
    str | None,
    typer.Option("--dtype", metavar="auto|float32|bfloat16|float16", show_default=False, help="Of a local model."),
]
ModelOption = Annotated[
    list[str] | None,
    typer.Option(
        "--model-option",
        metavar="KEY=VALUE",
        show_default=False,
        help="An option of the model's backend: adapter=DIR, quantization=4bit, concurrency=16; may be repeated.",
    ),
]
ApiKey = Annotated[
    str | None,
    typer.Option(
        "--api-key", metavar="KEY", show_default=False, help="Of an endpoint; else from OPENAI_API_KEY and its like."
    ),
]
ApiBase = Annotated[
    str | None,
    typer.Option("--api-base", metavar="URL", show_default=False, help="Makes any name an endpoint's model."),
]
Backend = Annotated[
    str | None,
    typer.Option(
        "--backend", metavar="huggingface|vllm|openai|fake", show_default=False, help="Decides the backend."
    ),
]
UseOpenAI = Annotated[bool, typer.Option("--use-openai", help="The same as --backend openai.")]
Seed = Annotated[
    str | None,
    typer.Option("--seed", metavar="N", show_default=False, help="Of samples and bootstrap; 42 where none."),
]
OutputDir = Annotated[
    str | None,
    typer.Option(
        "--output-dir",
        "-o",
        metavar="DIR",
        show_default=False,
        help="Run folder; where none, the newest of the same configuration is continued, else a new one is made.",
    ),
]
OutputRoot = Annotated[
    str | None,
    typer.Option(
        "--output-root", metavar="DIR", show_default=False, help="Where such folders are found and made; else runs."
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Start over in --output-dir; without it, start a new run.")]
Config = Annotated[
    str | None,
    typer.Option("--config", metavar="FILE", show_default=False, help="These options in YAML or JSON; flags win."),
]


def what_samples(
    model_name: ModelName = None,
    benchmark: Benchmark = None,
    split: Split = None,
    data: Data = None,
    option: BenchmarkOptions = None,
    max_problems: MaxProblems = None,
    num_samples: NumSamples = None,
    temperature: Temperature = None,
    top_p: TopP = None,
    top_k: TopK = None,
    max_new_tokens: MaxNewTokens = None,
    stop: Stop = None,
    greedy: Greedy = False,
    prompt: PromptKind = None,
    extract: Extract = None,
    device: Device = None,
    dtype: Dtype = None,
    batch_size: BatchSize = None,
    model_option: ModelOption = None,
    backend: Backend = None,
    use_openai: UseOpenAI = False,
    api_key: ApiKey = None,
    api_base: ApiBase = None,
    config: Config = None,
    output_dir: OutputDir = None,
    output_root: OutputRoot = None,
    force: Force = False,
    seed: Seed = None,
) -> None:
    """The parameters of every command that samples a model on a benchmark; see `arguments.with_parameters_of`."""


def options_of(kind: type[T], given: Mapping[str, Any], config: str | None = None) -> T:
    """A study's options from what a command was given, over what a file (`--config`) holds.

    Raises:
        ConfigError: An option is wrong, or one that is required is missing.
    """
    from pathlib import Path

    from eg_cfg.config import build, load

    values = given_values(given)
    return build(kind, values) if config is None else load(kind, Path(config), values)


def given_values(given: Mapping[str, Any]) -> dict[str, Any]:
    """What a command's parameters come to as values of its study's options; what was not given is left out."""
    from eg_cfg.cli.arguments import numbers
    from eg_cfg.config import assignments
    from eg_cfg.errors import ConfigError

    values = {key: value for key, value in given.items() if value is not None and value is not False}
    if values.pop("use_openai", False):
        if values.get("backend", "openai") != "openai":
            raise ConfigError(f"--use-openai is --backend openai, found --backend {values['backend']}: leave one out")
        values["backend"] = "openai"
    for name, flag in (("option", "--option"), ("model_option", "--model-option")):
        if name in values:
            values[name] = assignments(values[name], flag)
    if "stop" in values:
        values["stop"] = tuple(text.replace("\\n", "\n").replace("\\t", "\t") for text in values["stop"])
    if "k" in values:
        values["k"] = numbers(values["k"])
    return values


def print_settings(settings: Mapping[str, Any]) -> None:
    """What a run is about to do, and how that compares with what is published."""
    import sys

    from eg_cfg.cli.lines import labelled

    published = settings["published"]
    meaning = "embedded" if settings["family"] == "embedded" and settings["embedded"] else settings["stands_for"]
    meaning = f" ({meaning})" if meaning not in (settings["model"], "") else ""
    where = f"{settings['benchmark']}{' ' + settings['split'] if settings['split'] else ''}"
    samples = f"{settings['num_samples']} sample{'' if settings['num_samples'] == 1 else 's'} each"
    told = {"temperature": f"temperature {settings['temperature']:g}", "top_p": f"top-p {settings['top_p']:g}",
            "max_new_tokens": f"at most {settings['max_new_tokens']} new tokens"}
    other = [said for name, said in told.items() if settings[name] != published[name]]
    here = f"here {', '.join(other)}" if other else "all of it applies"
    top_k = f", top-k {settings['top_k']}" if settings["top_k"] else ""
    headers = f"; {settings['headers']} problems without a function header get one" if settings["headers"] else ""
    lines = [
        labelled("model", f"{settings['model']}{meaning}, {settings['backend']}"),
        labelled("benchmark", f"{where}: {settings['problems']} problems, {samples}"),
        labelled("sampling", f"{', '.join(told.values())}{top_k}, seed {settings['seed']}"),
        labelled("published", f"temperature {published['temperature']:g}, top-p {published['top_p']:g}, "
                              f"{published['max_new_tokens']} new tokens ({published['source']}); {here}"),
        labelled("prompt", f"{settings['prompt']}, family {settings['family']}{headers}"),
        *(labelled("stop", f"{' '.join(map(repr, stop)) or 'the end of the text'} ({task})")
          for task, stop in settings["stop"].items()),
    ]
    print("\n".join(lines))
    sys.stdout.flush()
