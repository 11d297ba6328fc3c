"""`eg-cfg report`: a page, a text and tables of what runs have left."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", show_default=False,
                                           help="Run folder, or a folder that holds run folders.")],
    open_page: Annotated[bool, typer.Option("--open", help="Show the page in a browser.")] = False,
) -> None:
    """Write report.html, experiment_report.txt and every table as CSV and LaTeX into a folder of runs."""
    from eg_cfg.reports import write_report
    from eg_cfg.reports.cells import cut, printable

    written = write_report(folder)
    for note in written.notes:
        print(f"note: {printable(cut(note))}")  # names of files are whatever somebody chose
    size = written.html.stat().st_size
    told = f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"
    print(f"written: {written.html} ({told}), {written.text.name}, {len(written.tables)} files in tables/, "
          f"{len(written.figures)} in figures/")
    if open_page:
        import webbrowser

        if not webbrowser.open(written.html.resolve().as_uri()):
            print(f"no browser could be started: open {written.html} in one")
