"""Reports of run folders: one HTML page, a text report, and every table as CSV and LaTeX.

    files = write_report(Path("experiments/results/experiment_20260101_120000"))
    files.html, files.text, files.tables

Only files are read; nothing is run and no model is loaded.
"""

from eg_cfg.reports.report import ReportFiles, write_report

__all__ = ["ReportFiles", "write_report"]
