"""The commands of `eg-cfg`, each with its file.

Limits: importing this imports typer and every command's file, about a tenth of a second; `cli.main` does so only once
it can tell a Ctrl-C.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from eg_cfg.cli import (
    ablation,
    baseline,
    benchmarks,
    btp,
    check,
    compare,
    demo,
    doctor,
    generate,
    grade,
    guide,
    hyperparameters,
    report,
    run,
    trace,
    transfer,
)


def _dashes(name: str) -> str:
    """Makes `--output_dir` the same option as `--output-dir`."""
    return name.replace("_", "-")


CONTEXT: dict[str, Any] = {"help_option_names": ["-h", "--help"], "token_normalize_func": _dashes}
"""How every command line is read, those of the scripts too."""
CONTINUES = frozenset(
    {"grade", "generate", "baseline", "btp", "guide", "ablation", "hyperparameters", "transfer", "run"}
)
"""Commands that go on where they stopped when they are started again."""
app = typer.Typer(
    name="eg-cfg",
    help="Code models that learn from running what they write.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings=CONTEXT,
)
app.command("baseline")(baseline.baseline)
app.command("btp")(btp.btp)
app.command("generate")(generate.generate)
app.command("grade")(grade.grade)
app.command("guide")(guide.guide)
app.command("ablation")(ablation.ablation)
app.command("hyperparameters")(hyperparameters.hyperparameters)
app.command("transfer")(transfer.transfer)
app.command("run")(run.run)
app.command("check")(check.check)
app.command("compare")(compare.compare)
app.command("report")(report.report)
app.command("trace")(trace.trace)
app.command("benchmarks")(benchmarks.benchmarks)
app.command("doctor")(doctor.doctor)
app.command("demo")(demo.demo)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"eg-cfg {version('eg-cfg')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks; any command takes it.")] = False,
) -> None:
    pass


def commands() -> tuple[str, ...]:
    """The names of the commands."""
    return tuple(str(command.name) for command in app.registered_commands)
