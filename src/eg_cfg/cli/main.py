"""`eg-cfg`: its commands, and what becomes of errors.

An error that the toolkit raises on purpose is one line on standard error and the exception's exit code: 2
where the input is wrong, 1 otherwise; `--debug` adds the traceback. Ctrl-C is exit code 130, a reader of the output
that goes away (`| head`) is 141.

Start-up stays fast because a command file imports nothing but typer at its top, and what does the work inside
its function. This file imports next to nothing, so that a Ctrl-C of the first moment is told like every other.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` itself takes a while to import
    from collections.abc import Sequence
    from typing import NoReturn

    import typer

_PIPE = 141
"""The shell's code for a command whose reader went away."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command line and returns its exit code."""
    from eg_cfg.cli.app import CONTINUES, app, commands
    from eg_cfg.errors import UnknownNameError

    given = list(sys.argv[1:] if arguments is None else arguments)
    first = next((argument for argument in given if argument != "--debug"), "-")
    if not first.startswith("-") and first not in commands():
        return _fail(str(UnknownNameError("command", first, commands())), 2, False)
    return run_app(app, given, "eg-cfg", goes_on=first in CONTINUES)


def run_app(app: typer.Typer, arguments: Sequence[str], name: str, *, goes_on: bool) -> int:
    """Runs a command line of an app and returns its exit code; errors are told in one line.

    Args:
        app: The app.
        arguments: Without the program's name.
        name: Of the program.
        goes_on: Whether the command, started again, continues where it stopped.
    """
    from typer.exceptions import TyperException

    from eg_cfg.errors import EgCfgError

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
    import errno

    if error.filename is None and error.errno == errno.ENOSPC:
        return "cannot write the output: no space is left on its device: free some, or send the output elsewhere"
    return str(error)


def _fail(message: str, code: int, debug: bool) -> int:
    if debug:
        import traceback

        traceback.print_exc()
    print("error: " + " ".join(message.split()), file=sys.stderr)
    return code


def run() -> NoReturn:
    """The console script."""
    import _signal as signal  # type: ignore[import-not-found]  # importing `signal` takes longer than all until here

    heeded = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # not so in the background of a shell script
    if heeded:
        signal.signal(signal.SIGINT, _stop)
    import io
    import os

    import eg_cfg.cli.app  # noqa: F401  # what takes the time

    if heeded:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that knows only ASCII is no reason to stop
    code = main()
    if heeded:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # all is wound up: one more Ctrl-C ends the process without a word
    try:
        sys.stdout.flush()
    except OSError:  # said already; what is left unwritten must not be tried again when Python ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


def _stop(*_: object) -> NoReturn:
    """Ends at once, while modules are imported: an exception there would be told by whoever imports."""
    import os

    os.write(2, b"interrupted\n")
    os._exit(130)
