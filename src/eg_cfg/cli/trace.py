"""`eg-cfg trace`: what a program does, line by line, beside its text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from eg_cfg.cli.arguments import BenchmarkOptions, Data, Split, Timeout, Weak

if TYPE_CHECKING:
    from rich.table import Table

    from eg_cfg.sandbox.tracing import Event, TestTrace


def trace(
    program: Annotated[
        str | None,
        typer.Argument(metavar="[PROGRAM]", show_default=False,
                       help="Python file, - for standard input; the problem's reference where none."),
    ] = None,
    benchmark: Annotated[
        str | None,
        typer.Option("--benchmark", "-b", metavar="NAME", show_default=False, help="Run a problem's tests."),
    ] = None,
    task: Annotated[
        str | None, typer.Option("--task", metavar="ID", show_default=False, help="The problem."),
    ] = None,
    call: Annotated[
        list[str] | None,
        typer.Option("--call", metavar="CALL", show_default=False,
                     help="Run a call, 'f(1, 2)' or 'f(1, 2) == 3'; may be repeated."),
    ] = None,
    stdin: Annotated[
        str | None,
        typer.Option("--stdin", metavar="FILE", show_default=False, help="Run the whole program with this input."),
    ] = None,
    tests: Annotated[
        str, typer.Option("--tests", metavar="public|hidden|all", help="Which of the problem's tests."),
    ] = "public",
    style: Annotated[
        str, typer.Option("--style", metavar="full|minimal", help="Every line, or the final state only."),
    ] = "full",
    as_json: Annotated[bool, typer.Option("--json", help="Print the trace as JSON.")] = False,
    timeout: Timeout = None,
    events: Annotated[str, typer.Option("--events", metavar="N", help="Events kept of one test.")] = "256",
    split: Split = None,
    data: Data = None,
    option: BenchmarkOptions = None,
    allow_weak_isolation: Weak = False,
) -> None:
    """Show what a program does: lines, variables, calls, returns, exceptions."""
    from eg_cfg.config import assignments, build
    from eg_cfg.errors import UsageError
    from eg_cfg.studies.trace import TraceOptions
    from eg_cfg.studies.trace import trace as study

    if style not in ("full", "minimal"):
        raise UsageError(f"--style: expected full or minimal, found {style!r}")
    found = study(build(TraceOptions, {
        "program": program, "benchmark": benchmark, "task": task, "call": call or [], "stdin": stdin, "tests": tests,
        "timeout": timeout, "events": events, "split": split, "data": data, "option": assignments(option or ()),
        "allow_weak_isolation": allow_weak_isolation,
    }))
    if as_json:
        import json

        print(json.dumps(found.to_json(), indent=2))
        return
    if style == "minimal":
        from eg_cfg.decoding.traces import render

        print(render(found, style="minimal", max_characters=1 << 20))
        return

    from rich.console import Console
    from rich.text import Text

    console = Console()
    for number, test in enumerate(found.tests, start=1):
        if number > 1:
            print()
        console.print(Text(f"test {number}: {test.outcome}", style="green" if test.passed else "bold"))
        for name, text in (("", test.test.rstrip("\n")), ("got ", test.got), ("want ", test.want), ("", test.error)):
            if text and not (name == "" and text == test.error and test.outcome == "wrong_answer"):
                console.print(Text(f"{name}{text.rstrip()}"))
        if test.events:
            console.print(_table(test, found.program.split("\n")))
    if not found.tests:
        print(f"{found.outcome}: {found.detail}")


def _table(test: TestTrace, lines: list[str]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("line", justify="right")
    table.add_column("program", overflow="fold", ratio=1)
    table.add_column("values", overflow="fold", ratio=1)
    for event in test.events:
        number, source, values, look = _row(event, lines)
        table.add_row(number, Text(source, style=look), Text(values, style=look))
    return table


def _row(event: Event, lines: list[str]) -> tuple[str, str, str, str]:
    changes = ", ".join(f"{name} = {text}" if text else f"{name} deleted" for name, text in event.changes)
    source = lines[event.line - 1].rstrip() if 0 < event.line <= len(lines) else ""
    match event.kind:
        case "elided":
            what = f"... {event.count or ''} {event.value}".replace("  ", " ")
            return "", what + (f" of line {event.line}" if event.line else ""), "", "dim"
        case "call":
            return str(event.line), source, f"{event.function} called: {changes}".rstrip(": "), "cyan"
        case "return" | "yield":
            what = f"{event.function} {event.kind}s {event.value}"
            return str(event.line), source, what + (f"; {changes}" if changes else ""), "cyan"
        case "exception":
            return str(event.line), source, f"raises {event.value}" + (f"; {changes}" if changes else ""), "red"
    return str(event.line), source, changes, ""
