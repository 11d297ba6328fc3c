"""Options that several commands share, each with one meaning and one help text.

Values come as text: the options of the command's study read them, so that a wrong value has the same message here and
in a configuration file.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

Benchmark = Annotated[
    str,
    typer.Option(
        "--benchmark",
        "-b",
        metavar="NAME",
        show_default=False,
        help="What was to be solved; `eg-cfg benchmarks` lists the names.",
    ),
]
Data = Annotated[
    str | None,
    typer.Option(
        "--data",
        metavar="FILE",
        show_default=False,
        help="The benchmark's data file, where it should not be looked for.",
    ),
]
Split = Annotated[
    str | None,
    typer.Option(
        "--split",
        metavar="NAME",
        show_default=False,
        help="Which part of the benchmark; its usual one where none.",
    ),
]
BenchmarkOptions = Annotated[
    list[str] | None,
    typer.Option(
        "--option",
        metavar="KEY=VALUE",
        show_default=False,
        help="An option of the benchmark's own, such as mode=cleaned; may be repeated.",
    ),
]
Workers = Annotated[
    str | None,
    typer.Option(
        "--workers",
        metavar="N",
        show_default=False,
        help="Programs at a time; the machine's cores where none.",
    ),
]
Timeout = Annotated[
    str | None,
    typer.Option(
        "--timeout",
        metavar="S",
        show_default=False,
        help="Seconds for a program; the benchmark's own where none.",
    ),
]
Comparison = Annotated[
    str | None,
    typer.Option(
        "--comparison",
        metavar="RULE",
        show_default=False,
        help="Rule of equality, such as official or strict for APPS; the benchmark's own where none.",
    ),
]
K = Annotated[
    str | None,
    typer.Option("--k", metavar="1,5,10", show_default=False, help="Of pass@k; as the samples allow where none."),
]
Isolation = Annotated[
    str | None,
    typer.Option(
        "--isolation",
        metavar="split|shared",
        show_default=False,
        help="Where expected values live: apart from the program, or beside it. "
        "split where none, except for tests that only shared can express.",
    ),
]
Weak = Annotated[bool, typer.Option("--allow-weak-isolation", help="Go on where this machine cannot isolate programs.")]
Seed = Annotated[str, typer.Option("--seed", metavar="N", help="Seed of the bootstrap.")]


def with_parameters_of(shared: Callable[..., None]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Gives a command the parameters of another function before its own; they arrive in its `**given`.

        @with_parameters_of(what_samples)
        def baseline(k: K = None, **given: Any) -> None: ...

    Args:
        shared: A function that is a list of parameters and nothing else.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def run(**given: Any) -> Any:
            return command(**given)

        first = inspect.signature(shared, eval_str=True).parameters
        own = inspect.signature(command, eval_str=True).parameters
        kept = {name: each for name, each in {**first, **own}.items() if each.kind is not each.VAR_KEYWORD}
        vars(run)["__signature__"] = inspect.Signature(list(kept.values()))
        run.__annotations__ = {name: each.annotation for name, each in kept.items()}
        return run

    return decorate


def numbers(text: str | None) -> list[str] | None:
    """`1,5,10` in parts; what is no number is refused with the options."""
    return None if text is None else [part.strip() for part in text.split(",")]
