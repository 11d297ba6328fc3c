"""`eg-cfg`: its commands, and what becomes of errors.

An error that the toolkit raises on purpose is one line on standard error and the exception's exit code: 2
where the input is wrong, 1 otherwise; `--debug` adds the traceback. Ctrl-C is exit code 130, a reader of the output
that goes away (`| head`) is 141.

Start-up stays fast because a command file imports nothing but typer at its top, and what does the work inside
its function.
"""

from __future__ import annotations

import errno
import io
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, Any, NoReturn

import typer
from typer.exceptions import TyperException

from eg_cfg.cli import baseline, benchmarks, btp, check, compare, demo, doctor, generate, grade, guide, trace
from eg_cfg.errors import EgCfgError

_PIPE = 141
"""The shell's code for a command whose reader went away."""
_CONTINUES = {"grade", "generate", "baseline", "btp", "guide"}
"""Commands that go on where they stopped when they are started again."""


def _dashes(name: str) -> str:
    """Makes `--output_dir` the same option as `--output-dir`."""
    return name.replace("_", "-")


CONTEXT: dict[str, Any] = {"help_option_names": ["-h", "--help"], "token_normalize_func": _dashes}
"""How every command line is read, those of the scripts too."""
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
app.command("check")(check.check)
app.command("compare")(compare.compare)
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command line and returns its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    commands = [argument for argument in given if argument != "--debug"]
    return run_app(app, given, "eg-cfg", goes_on=any(argument in _CONTINUES for argument in commands[:1]))


def run_app(app: typer.Typer, arguments: Sequence[str], name: str, *, goes_on: bool) -> int:
    """Runs a command line of an app and returns its exit code; errors are told in one line.

    Args:
        app: The app.
        arguments: Without the program's name.
        name: Of the program.
        goes_on: Whether the command, started again, continues where it stopped.
    """
    debug = "--debug" in arguments
    given = [argument for argument in arguments if argument != "--debug"]
    try:
        code = app(args=given, prog_name=name, standalone_mode=False)
        sys.stdout.flush()  # here, so that a full disk behind it is told like every other error
    except EgCfgError as error:
        return _fail(str(error), error.exit_code, debug)
    except TyperException as error:  # a command line that does not parse
        return _fail(error.format_message() or f"no command given: see {name} --help", error.exit_code, debug)
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:  # the reader of the output, `head` say, has seen enough
        return _PIPE
    except SystemExit as error:  # how the libraries below say the same
        return _PIPE if isinstance(error.__context__, BrokenPipeError) else int(error.code or 0)
    except OSError as error:
        return _fail(_system_error(error), 1, debug)
    except Exception as error:
        message = f"unexpected {type(error).__name__}: {error}; --debug shows where: please report it"
        return _fail(message, 1, debug)
    if code == 130:
        print(
            "interrupted: start the same command again and it continues where it stopped" if goes_on else "interrupted",
            file=sys.stderr,
        )
    return code if isinstance(code, int) else 0


def _system_error(error: OSError) -> str:
    if error.filename is None and error.errno == errno.ENOSPC:
        return "cannot write the output: no space is left on its device: free some, or send the output elsewhere"
    return str(error)


def _fail(message: str, code: int, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    print("error: " + " ".join(message.split()), file=sys.stderr)
    return code


def run() -> NoReturn:
    """The console script."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that knows only ASCII is no reason to stop
    code = main()
    try:
        sys.stdout.flush()
    except OSError:  # said already; what is left unwritten must not be tried again when Python ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)
