"""Measures what the methods do for a model, and writes the tables of a page.

    python -m recipes.evidence --out runs/evidence                       # everything
    python -m recipes.evidence guide btp --size small --out runs/evidence
    python -m recipes.evidence --tables --page docs/evidence.md --out runs/evidence

Each study runs commands of the toolkit in folders of its own. Killed and started again, it goes on; what is complete is
not repeated. Tables go between `<!-- NAME -->` and `<!-- end -->` of the page, and are printed where there is none.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from eg_cfg.errors import EgCfgError, UnknownNameError
from recipes.evidence.btp import BTP_STUDY
from recipes.evidence.dual import DUAL_STUDY
from recipes.evidence.gates import GATES_STUDY
from recipes.evidence.guide import GUIDE_STUDY
from recipes.evidence.headline import HEADLINE
from recipes.evidence.page import drawn, filled, printed
from recipes.evidence.regrade import REGRADE_STUDY
from recipes.evidence.studies import SIZES, Lab, Study, ended

STUDIES: dict[str, Study] = {study.name: study for study in
                             (GATES_STUDY, GUIDE_STUDY, BTP_STUDY, DUAL_STUDY, REGRADE_STUDY, HEADLINE)}


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m recipes.evidence", description=(__doc__ or "").split("\n")[0],
                                     epilog="; ".join(f"{study.name}: {study.what}" for study in STUDIES.values()))
    parser.add_argument("studies", nargs="*", metavar="STUDY", help=f"{', '.join(STUDIES)}; all where none")
    parser.add_argument("--size", choices=SIZES, default="full", help="small: fewer problems, wider intervals")
    parser.add_argument("--out", type=Path, required=True, help="folder of all runs")
    parser.add_argument("--page", type=Path, help="the page whose tables are replaced; printed where none")
    parser.add_argument("--tables", action="store_true", help="measure nothing; tables of what is there")
    given = parser.parse_args(arguments)
    lab = Lab(given.out.resolve(), given.size)
    return ended(lambda: _run(lab, _asked(given.studies), given.page, measure=not given.tables))


def _asked(names: list[str]) -> list[Study]:
    """The studies of some names, each once; all where none is named."""
    for name in names:
        if name not in STUDIES:
            raise UnknownNameError("study", name, STUDIES)
    return [STUDIES[name] for name in dict.fromkeys(names)] or list(STUDIES.values())


def _run(lab: Lab, studies: list[Study], page: Path | None, *, measure: bool) -> int:
    """Every study, also where one fails; 1 where one did."""
    failed = []
    for number, study in enumerate(studies, start=1):
        began = time.monotonic()
        try:
            if measure:
                print(f"\n[{number} of {len(studies)}] {study.name}: {study.what}", flush=True)
                study.measure(lab)
            tables, figures = study.tables(lab), study.figures(lab)
        except EgCfgError as error:  # a model that is not here must not keep the other studies from being done
            print(f"error: {study.name}: {error}", file=sys.stderr)
            failed.append(study.name)
            continue
        if page is None:
            print(printed(tables))
        else:
            filled(page, tables)
            drawn(page, figures)
        if measure:
            print(f"{study.name}: {(time.monotonic() - began) / 60:.1f} minutes", flush=True)
    if failed:
        print(f"failed: {', '.join(failed)}; the same command goes on", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
