"""Random tables, written in random dialects, encodings and workbook formats, with one row damaged: all other rows come
out exactly, the damaged one is named."""

from __future__ import annotations

import csv
import html
import io
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import openpyxl
import pytest
import xlsxwriter
import xlwt
from hypothesis import given, settings
from hypothesis import strategies as st

from converter.mapping.schema import SourceSpec
from converter.sources import open_table, xlsx
from tests.sources.making import Cell, xlsb
from tests.sources.test_markup import SS
from tests.sources.test_ods import content
from tests.sources.test_pollution import pollutions, still_valid, written

LABELS = ["N° dossier", "Nom", "Né(e) le", "Observations", "Chemin"]
#: French enough for a single-byte encoding to be told, awkward enough for a parser.
WORDS = [
    "Hélène", "François", "Dupré-Lagarde", "L'Hôte", "de la Tour", "NA", "NULL", "null", "None", "NaN", "0", "00",
    "à côté", "étage", "écran 15 pouces", "a;b", "a,b", "a|b", "a\tb", 'dit "oui"', "été", "dû", "maïs", "-", "#",
    "1,5", "12/03/1934", "G:\\docs\\é.pdf", "", "=A1", "+33 6 12", "Noël", "*", "%", "<b>", "&amp;", "'x'",
]  # fmt: skip
SOUND = st.sampled_from(WORDS)
NOTES = st.one_of(SOUND, st.lists(SOUND, min_size=2, max_size=3).map(lambda words: "\n".join(words).strip()))

tables = st.lists(
    st.tuples(SOUND, SOUND, NOTES, SOUND).map(lambda row: tuple(cell.strip() for cell in row)), min_size=3, max_size=25
).map(lambda rows: [(f"{at:05d}", *row) for at, row in enumerate(rows, 1)])

#: Enough accents for the single-byte ladder, beyond doubt; they stand in the last row.
ACCENTED = ("99999", "Zoé", "12/03/1934", "réévaluée après l'été, à côté de la fenêtre ; ça, où, être, dû", "é.pdf")


@settings(max_examples=120, deadline=None)
@given(
    rows=tables,
    delimiter=st.sampled_from(";,\t|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    encoding=st.sampled_from(
        ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "iso8859-15", "cp850", "mac-roman"]
    ),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    titles=st.sampled_from([[], ["Export des usagers"], ["Export", "", "Édité le 12/03/2026"]]),
    seed=st.integers(0, 10**6),
    damaged=st.booleans(),
)
def test_any_text_file(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, ...]],
    delimiter: str,
    quoting: int,
    encoding: str,
    end: str,
    titles: list[str],
    seed: int,
    damaged: bool,
) -> None:
    rows = [*rows, ACCENTED]
    pick = random.Random(seed)
    lines = [*titles, *(written(list(row), delimiter, quoting) for row in (LABELS, *rows))]
    hit = len(titles) + 1 + pick.choice([at for at, row in enumerate(rows) if "\n" not in row[3]])
    clean = lines[hit]
    if damaged:
        _, lines[hit] = pick.choice(list(pollutions(clean, delimiter, pick)))
    path = tmp_path_factory.mktemp("text") / "a.csv"
    path.write_bytes((end.join(line.replace("\n", end) for line in lines) + end).encode(encoding))
    starts = [1]
    for line in lines:
        starts.append(starts[-1] + 1 + line.count("\n"))
    expected = {starts[len(titles) + 1 + at]: row for at, row in enumerate(rows)}
    span = range(starts[hit], starts[hit + 1])
    found = list(open_table("s", SourceSpec.model_validate({"file": path.name}), path.parent, LABELS).rows())
    others = {row.line: row.cells for row in found if row.line not in span}
    assert others == {line: cells for line, cells in expected.items() if line not in span}
    assert not any(row.broken or row.skip for row in found if row.line not in span)
    here = [row for row in found if row.line in span]
    assert here
    exact = len(here) == 1 and not here[0].broken and here[0].cells == expected[starts[hit]]
    valid = len(here) == 1 and still_valid(lines[hit], delimiter.join(LABELS), list(here[0].cells))
    assert exact or valid or all(row.broken for row in here), lines[hit]


# ------------------------------------------------------------------------------------------------------ workbooks

#: What stands in a damaged cell, and the code that names it.
Damage = tuple[str, str]
Writer = Callable[[Path, list[tuple[str, ...]], int, Damage], None]


def by_openpyxl(path: Path, rows: list[tuple[str, ...]], hit: int, damage: Damage) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for line, row in enumerate(rows, 1):
        for column, value in enumerate(row, 1):
            cell = sheet.cell(line, column)
            cell.value, cell.data_type = value or None, "s" if value else "n"
    bad = sheet.cell(hit + 1, 4)
    bad.value = {"error": "#N/A", "digits": 1234567890123456, "formula": "=1+1"}[damage[0]]
    bad.data_type = {"error": "e", "digits": "n", "formula": "f"}[damage[0]]
    book.save(path)


def by_xlsxwriter(path: Path, rows: list[tuple[str, ...]], hit: int, damage: Damage) -> None:
    book = xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet("Usagers")
    for line, row in enumerate(rows):
        for column, value in enumerate(row):
            if value:
                sheet.write_string(line, column, value)
    if damage[0] == "digits":
        sheet.write_number(hit, 3, 1234567890123456)
    else:
        sheet.write_formula(hit, 3, "=NA()", None, "#N/A" if damage[0] == "error" else "")
    book.close()


def by_xlwt(path: Path, rows: list[tuple[str, ...]], hit: int, damage: Damage) -> None:
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("Usagers", cell_overwrite_ok=True)
    for line, row in enumerate(rows):
        for column, value in enumerate(row):
            sheet.write(line, column, value)
    if damage[0] == "error":
        sheet.row(hit).set_cell_error(3, 0x2A)
    else:
        sheet.write(hit, 3, 1234567890123456)
    book.save(str(path))


def by_hand_xlsb(path: Path, rows: list[tuple[str, ...]], hit: int, damage: Damage) -> None:
    table: list[list[Cell]] = [[("s", value, 0) if value else ("-", 0, 0) for value in row] for row in rows]
    table[hit][3] = ("e", 0, 0) if damage[0] == "error" else ("n", 1234567890123456, 0)
    xlsb(path, table)


def by_hand_ods(path: Path, rows: list[tuple[str, ...]], hit: int, damage: Damage) -> None:
    def cell(value: str) -> str:
        paragraphs = "".join(f"<x:p>{escape(line).replace(chr(9), '<x:tab/>')}</x:p>" for line in value.split("\n"))
        return f'<t:table-cell o:value-type="string">{paragraphs}</t:table-cell>' if value else "<t:table-cell/>"

    table = [[cell(value) for value in row] for row in rows]
    table[hit][3] = {
        "error": '<t:table-cell t:formula="of:=NA()" o:value-type="string"><x:p>#N/A</x:p></t:table-cell>',
        "digits": '<t:table-cell o:value-type="float" o:value="1234567890123456"/>',
        "formula": '<t:table-cell t:formula="of:=1+1"/>',
    }[damage[0]]
    body = "".join(f"<t:table-row>{''.join(row)}</t:table-row>" for row in table)
    content(
        path,
        '<o:document-content xmlns:o="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:t="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
        'xmlns:x="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><o:body><o:spreadsheet><t:table t:name="A">'
        f"{body}</t:table></o:spreadsheet></o:body></o:document-content>",
    )


def by_hand_xml_2003(path: Path, rows: list[tuple[str, ...]], hit: int, damage: Damage) -> None:
    def cell(value: str) -> str:
        return f'<Cell><Data ss:Type="String">{escape(value, {chr(10): "&#10;", chr(9): "&#9;"})}</Data></Cell>'

    table = [[cell(value) for value in row] for row in rows]
    table[hit][3] = {
        "error": '<Cell><Data ss:Type="Error">#N/A</Data></Cell>',
        "digits": '<Cell><Data ss:Type="Number">1234567890123456</Data></Cell>',
        "formula": '<Cell ss:Formula="=1+1"/>',
    }[damage[0]]
    body = "".join(f"<Row>{''.join(row)}</Row>" for row in table)
    path.write_text(
        f'<?xml version="1.0"?><Workbook xmlns="{SS}" xmlns:ss="{SS}"><Worksheet ss:Name="A"><Table>{body}</Table>'
        "</Worksheet></Workbook>",
        encoding="utf-8",
    )


def by_hand_html(path: Path, rows: list[tuple[str, ...]], hit: int, damage: Damage) -> None:
    table = [[html.escape(value).replace("\n", "<br>") for value in row] for row in rows]
    table[hit][3] = "perdu \ufffd"
    body = "".join(f"<tr><td>{'</td><td>'.join(row)}</td></tr>" for row in table)
    path.write_text(f"<html><meta charset=utf-8><table>{body}</table></html>", encoding="utf-8")


ERROR, DIGITS, FORMULA = ("error", "CELL-01"), ("digits", "CELL-03"), ("formula", "CELL-02")
WRITERS: dict[str, tuple[Writer, list[Damage]]] = {
    "openpyxl.xlsx": (by_openpyxl, [ERROR, DIGITS, FORMULA]),
    "xlsxwriter.xlsx": (by_xlsxwriter, [ERROR, DIGITS]),
    "xlwt.xls": (by_xlwt, [ERROR, DIGITS]),
    "a.xlsb": (by_hand_xlsb, [ERROR, DIGITS]),
    "a.ods": (by_hand_ods, [ERROR, DIGITS, FORMULA]),
    "a.xml": (by_hand_xml_2003, [ERROR, DIGITS, FORMULA]),
    "a.html": (by_hand_html, [("character", "CELL-06")]),
}


@pytest.mark.parametrize("full", [True, False], ids=["full", "fast"])
@pytest.mark.parametrize("kind", WRITERS)
@settings(max_examples=25, deadline=None)
@given(rows=tables, seed=st.integers(0, 10**6))
def test_any_workbook(
    tmp_path_factory: pytest.TempPathFactory, kind: str, full: bool, rows: list[tuple[str, ...]], seed: int
) -> None:
    pick = random.Random(seed)
    writer, damages = WRITERS[kind]
    damage = pick.choice(damages)
    hit = pick.randrange(1, len(rows) + 1)
    name = "a." + kind.rpartition(".")[2]
    path = tmp_path_factory.mktemp("book") / name
    writer(path, [tuple(LABELS), *rows], hit, damage)
    spec: dict[str, Any] = {"file": name}
    with pytest.MonkeyPatch.context() as patch:
        if not full:
            patch.setattr(xlsx, "FULL_MODE_BYTES", 0)
        found = list(open_table("s", SourceSpec.model_validate(spec), path.parent, LABELS).rows())
    expected = dict(enumerate(rows, 2))
    if kind == "a.html":
        # A browser shows one blank for several, and a tab is one.
        expected = {
            line: tuple(
                "\n".join(" ".join(part.split(" ")) for part in cell.replace("\t", " ").split("\n")) for cell in row
            )
            for line, row in expected.items()
        }
    assert [row.line for row in found] == list(expected)
    for row in found:
        cells = list(row.cells)
        if row.line == hit + 1:
            assert {at: fault.code for at, fault in row.faults.items()} == {3: damage[1]}
            cells[3] = expected[row.line][3]
        else:
            assert not row.faults
        assert not row.broken
        assert tuple(cells) == expected[row.line]


def test_the_property_is_not_vacuous() -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerow(ACCENTED)
    assert text.getvalue().count(";") > 4
