"""Tables as CSV, LaTeX and text, and values as words."""

from __future__ import annotations

import csv
import io

import pytest

from eg_cfg.reports.cells import duration, number, show
from eg_cfg.reports.content import Column, Table
from eg_cfg.reports.tables import latex, to_csv, to_latex, to_text

TABLE = Table("scores", "Scores of a_b", (
    Column("method", "method"), Column("model", "model", hidden=True), Column("pass@1", "pass@1, %", "estimate"),
    Column("difference", "difference", "points"), Column("p", "p", "p"), Column("trial", "trial", "code")), (
    ("base & line", "tiny", {"value": 0.64, "low": 0.5175, "high": 0.755}, None, None, "ns3_ln"),
    ("=SUM(A1)", "tiny", {"value": 1 / 3, "low": 0.0, "high": 1.0}, {"value": -0.0004, "low": -0.1, "high": 0.1}, 0.03,
     None)), note="100 % sure")


@pytest.mark.parametrize(("value", "kind", "text"), [
    (None, "estimate", "–"), ({"value": 0.64, "low": 0.5175, "high": 0.755}, "estimate", "64.0 (51.7 to 75.5)"),
    ({"value": 0.5}, "estimate", "50.0"), ({"value": -0.0004}, "points", "+0.0"), ({"value": 0.051}, "points", "+5.1"),
    (0.00001, "p", "<0.0001"), (0.0469, "p", "0.047"), (1, "p", "1"), (12345, "integer", "12,345"),
    (0.325, "share", "32.5"), ("a\x1b[31mb\nc", "text", "a\N{REPLACEMENT CHARACTER}[31mb c"), (True, "number", "True"),
])
def test_a_value_reads_as_its_kind(value, kind, text) -> None:
    assert show(value, kind) == text


def test_numbers_have_four_digits_that_matter_and_times_have_units() -> None:
    assert [number(v) for v in (3.61654, 0.05263157, 3736.5, 12.0, 1234567.8, float("nan"))] == [
        "3.617", "0.05263", "3,736", "12", "1,234,568", "–"]
    assert [duration(s) for s in (4.21, 99.96, 200, 5999.6, 7500)] == [
        "4.2 s", "100.0 s", "3 min 20 s", "1 h 40 min", "2 h 5 min"]


def test_csv_has_every_digit_every_column_and_no_formula() -> None:
    rows = list(csv.reader(io.StringIO(to_csv(TABLE))))
    assert rows[0] == ["method", "model", "pass@1", "pass@1_low", "pass@1_high", "difference", "difference_low",
                       "difference_high", "p", "trial"]
    assert rows[1] == ["base & line", "tiny", "0.64", "0.5175", "0.755", "", "", "", "", "ns3_ln"]
    assert rows[2][0] == "'=SUM(A1)"
    assert float(rows[2][2]) == 1 / 3


def test_latex_escapes_and_leaves_out_what_is_the_same_in_every_row() -> None:
    text = to_latex(TABLE)
    assert r"base \& line & 64.0 {\scriptsize (51.7 to 75.5)} & -- & -- & \texttt{ns3\_ln} \\" in text
    assert r"\caption{Scores of a\_b. 100 \% sure}" in text
    assert r"\begin{tabular}{lrrrl}" in text
    assert "tiny" not in text
    assert latex("a{b}\\^~$#<é") == r"a\{b\}\textbackslash{}\textasciicircum{}\textasciitilde{}\$\#\textless{}é"


def test_text_is_aligned() -> None:
    lines = to_text(TABLE)
    assert lines[0].split() == ["method", "pass@1,", "%", "difference", "p", "trial"]
    assert {line.find("ns3_ln") for line in lines if "ns3_ln" in line} == {lines[0].find("trial")}


def test_columns_in_which_nothing_is_known_are_left_out() -> None:
    columns = (Column("a", "a"), Column("b", "b", "integer"))
    assert Table("t", "T", columns, (("x", None), ("y", None))).trimmed().columns == columns[:1]
    assert Table("t", "T", columns, (("x", None), ("y", 0))).trimmed().columns == columns
