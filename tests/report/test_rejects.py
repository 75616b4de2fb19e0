"""rejects.csv opens in a French spreadsheet, shows the place and the remedy, and runs nothing."""

import csv
import io

import pytest

from converter.diagnostics import Diagnostic, SourceLocation
from converter.diagnostics.catalogue import entries
from converter.model import Verdict
from converter.report.record import line_ranges
from converter.report.rejects import rejects_csv, unindexed_csv

CODE = sorted(entries())[0]


def read(data: bytes) -> list[list[str]]:
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig")), delimiter=";"))


def rejected(cells, *, source="ged", line=4711, column="Date"):
    return source, Diagnostic(CODE, SourceLocation("ged.csv", line, column)), cells


def test_place_code_and_cells_stand_under_their_headers():
    lines = read(b"".join(rejects_csv([rejected(["12", "31/02/2020"])], {"ged": ["N°", "Date"]})))
    assert lines[0][-2:] == ["N°", "Date"]
    assert lines[1][:6] == ["ged", "ged.csv", "", "4711", "Date", CODE]
    assert lines[1][-2:] == ["12", "31/02/2020"]


def test_sources_share_columns_of_one_name_and_repeated_headers_stay_apart():
    headers = {"usagers": ["N°", "Nom"], "ged": ["N°", "Date", "Date", ""]}
    head = read(b"".join(rejects_csv([], headers)))[0]
    assert head[8:] == ["N°", "Nom", "Date", "Date#2", "#4"]


@pytest.mark.parametrize("cell", ["=1+1", "+33 6", "-1", "@SUM(A1)", "\t=1"])
def test_no_cell_is_a_formula(cell):
    (_, line) = read(b"".join(rejects_csv([rejected([cell])], {"ged": ["N°"]})))
    assert line[-1] == "'" + cell


def test_hostile_text_is_still_one_line():
    hostile = 'a;b"c\r\nd\x00\ud800'
    (_, line) = read(b"".join(rejects_csv([rejected([hostile])], {"ged": ["N°"]})))
    assert line[-1] == 'a;b"c\r\nd\\ud800'


def test_english_on_request():
    assert read(b"".join(rejects_csv([], {}, "en")))[0][1] == "File"
    assert read(b"".join(unindexed_csv([("ged", "a/b.pdf")])))[1] == ["ged", "a/b.pdf"]


def test_lines_are_given_as_ranges_per_verdict():
    lines = [("a.csv", None, n, Verdict.CONVERTED) for n in (2, 3, 4, 6)] + [("a.csv", None, 5, Verdict.REJECTED)]
    assert line_ranges(lines) == [{"file": "a.csv", "converted": "2-4,6", "rejected": "5", "skipped": ""}]
