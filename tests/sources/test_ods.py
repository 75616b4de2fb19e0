"""OpenDocument spreadsheets."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from odf.office import Annotation
from odf.opendocument import OpenDocumentSpreadsheet
from odf.style import Style, TableProperties
from odf.table import CoveredTableCell, Table, TableCell, TableRow
from odf.text import A, LineBreak, P, S, Span, Tab

from converter.sources import limits, ods
from tests.sources.reading import Open, cells, codes, faults, refusal, skipped


def cell(text: str | None = None, **attributes: object) -> TableCell:
    made = TableCell(**{"valuetype": "string", **attributes} if text is not None or attributes else {})
    for line in (text or "").split("\n") if text is not None else ():
        made.addElement(P(text=line))
    return made


def row(*content: TableCell, **attributes: object) -> TableRow:
    made = TableRow(**attributes)
    for item in content:
        made.addElement(item)
    return made


def saved(path: Path, *rows: TableRow, name: str = "A") -> None:
    document = OpenDocumentSpreadsheet()
    table = Table(name=name)
    document.spreadsheet.addElement(table)
    for made in (row(cell("Id"), cell("V"), cell("W")), *rows):
        table.addElement(made)
    document.save(str(path))


VALUES: list[tuple[TableCell, str]] = [
    (cell("Hélène\nligne 2"), "Hélène\nligne 2"),
    (cell("12,50", valuetype="float", value="12.5"), "12.5"),
    (cell("1 234", valuetype="float", value="1234"), "1234"),
    (cell("00123", valuetype="float", value="123"), "00123"),
    (cell("06 12 34 56 78", valuetype="float", value="612345678"), "06 12 34 56 78"),
    (cell("05/12/21", valuetype="date", datevalue="2021-12-05"), "2021-12-05"),
    (cell("x", valuetype="date", datevalue="2021-12-05T14:30:00"), "2021-12-05T14:30:00"),
    (cell("x", valuetype="date", datevalue="2021-12-05T00:00:00"), "2021-12-05"),
    (cell("x", valuetype="date", datevalue="1600-01-01"), "1600-01-01"),
    (cell("14:30", valuetype="time", timevalue="PT14H30M00S"), "14:30:00"),
    (cell("30:15", valuetype="time", timevalue="PT30H15M00S"), "30:15:00"),
    (cell("x", valuetype="time", timevalue="-PT01H00M00.5S"), "-01:00:00"),
    (cell("VRAI", valuetype="boolean", booleanvalue="true"), "VRAI"),
    (cell("FAUX", valuetype="boolean", booleanvalue="false"), "FAUX"),
    (cell("13 %", valuetype="percentage", value="0.125"), "12.5%"),
    (cell("1 234,50 €", valuetype="currency", currency="EUR", value="1234.5"), "1234.5"),
    (cell("2", formula="of:=1+1", valuetype="float", value="2"), "2"),
    (cell("", formula="of:=X"), ""),
]


def test_cells_come_out_as_they_are_seen(source: Open, tmp_path: Path) -> None:
    saved(tmp_path / "a.ods", *[row(cell("x"), value) for value, _ in VALUES])
    table = source(["V"], file="a.ods")
    assert [found[1] for found in cells(table)] == [text for _, text in VALUES]
    assert faults(table) == {}
    assert table.header.typed


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (cell("#N/A", formula="of:=NA()"), "CELL-01"),
        (cell("Err:502", formula="of:=X", valuetype="float", value="0"), "CELL-01"),
        (cell("#VALEUR !", formula="of:=X"), "CELL-01"),
        (TableCell(formula="of:=1+1"), "CELL-02"),
        (cell("x", valuetype="float", value="1234567890123456"), "CELL-03"),
        (cell("1,85E+14", valuetype="float", value="185050000000000"), "CELL-05"),
        (cell("x", valuetype="float", value="douze"), "CELL-01"),
    ],
)
def test_faults(source: Open, tmp_path: Path, value: TableCell, code: str) -> None:
    saved(tmp_path / "a.ods", row(cell("x"), value))
    assert faults(source(["V"], file="a.ods")) == {(2, 1): code}


def test_texts_with_marks_inside(source: Open, tmp_path: Path) -> None:
    rich = TableCell(valuetype="string")
    paragraph = P()
    paragraph.addElement(Span(text="gras"))
    paragraph.addText(" et ")
    paragraph.addElement(A(href="https://example.org/", text="lien"))
    paragraph.addElement(S(c=3))
    paragraph.addText("fin")
    paragraph.addElement(Tab())
    paragraph.addText("z")
    paragraph.addElement(LineBreak())
    paragraph.addText("y")
    rich.addElement(paragraph)
    noted = TableCell(valuetype="string")
    comment = Annotation()
    comment.addElement(P(text="commentaire"))
    noted.addElement(comment)
    noted.addElement(P(text="valeur"))
    saved(tmp_path / "a.ods", row(cell("x"), rich, noted))
    assert cells(source(["V"], file="a.ods")) == [("x", "gras et lien   fin\tz\ny", "valeur")]


def test_repetitions_and_spans(source: Open, tmp_path: Path) -> None:
    spread = cell("large", numbercolumnsspanned=2, numberrowsspanned=2)
    saved(
        tmp_path / "a.ods",
        row(cell("1"), cell("a", numbercolumnsrepeated=2)),
        row(cell("2"), cell("b"), numberrowsrepeated=3),
        row(TableCell(numbercolumnsrepeated=16384), numberrowsrepeated=5),
        row(spread, CoveredTableCell(), cell("c")),
        row(CoveredTableCell(numbercolumnsrepeated=2), cell("d")),
        row(TableCell(numbercolumnsrepeated=16384), numberrowsrepeated=1_048_000),
    )
    table = source(["V"], file="a.ods")
    assert [(found.line, found.cells) for found in table.rows()] == [
        (2, ("1", "a", "a")),
        (3, ("2", "b", "")),
        (4, ("2", "b", "")),
        (5, ("2", "b", "")),
        (11, ("large", "", "c")),
        (12, ("", "", "d")),
    ]
    stated = {d.code: d.params for d in table.decisions}
    assert (stated["SRC-76"], stated["SRC-71"]) == ({"count": 1}, {"count": 5})


def test_hidden_rows(source: Open, tmp_path: Path) -> None:
    saved(
        tmp_path / "a.ods",
        row(cell("1")),
        row(cell("2"), visibility="collapse"),
        row(cell("3"), visibility="filter"),
    )
    table = source(["Id"], file="a.ods")
    assert len(cells(table)) == 3
    assert {d.code: d.params for d in table.decisions}["SRC-75"] == {"count": 2}
    assert skipped(source(["Id"], file="a.ods", hidden="skip")) == {3: "SRC-43", 4: "SRC-43"}


def test_hidden_sheets(source: Open, tmp_path: Path) -> None:
    document = OpenDocumentSpreadsheet()
    style = Style(name="caché", family="table")
    style.addElement(TableProperties(display="false"))
    document.automaticstyles.addElement(style)
    for name, attributes in (("A", {"stylename": style}), ("B", {})):
        table = Table(name=name, **attributes)
        table.addElement(row(cell("Id")))
        table.addElement(row(cell(name)))
        document.spreadsheet.addElement(table)
    document.save(str(tmp_path / "a.ods"))
    assert cells(source(["Id"], file="a.ods")) == [("B",)]
    table = source(["Id"], file="a.ods", sheet="A")
    assert cells(table) == [("A",)]
    assert "SRC-62" in codes(table.decisions)


def content(path: Path, xml: str, **more: str) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", xml)
        for name, text in more.items():
            archive.writestr("META-INF/" + name + ".xml", text)


TABLE = (
    '<o:document-content xmlns:o="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:t="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:x="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><o:body><o:spreadsheet><t:table t:name="A">'
    '<t:table-row><t:table-cell o:value-type="string"><x:p>Id</x:p></t:table-cell></t:table-row>{}'
    "</t:table></o:spreadsheet></o:body></o:document-content>"
)
ROW = '<t:table-row {}><t:table-cell {} o:value-type="string"><x:p>a</x:p></t:table-cell></t:table-row>'


def test_repetitions_are_no_bomb(source: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content(tmp_path / "a.ods", TABLE.format(ROW.format('t:number-rows-repeated="999999999"', "")))
    assert refusal(lambda: source(["Id"], file="a.ods")) == ["SRC-12"]
    content(tmp_path / "b.ods", TABLE.format(ROW.format("", f't:number-columns-repeated="{limits.MAX_COLUMNS}"')))
    assert len(cells(source(["Id"], file="b.ods"))[0]) == limits.MAX_COLUMNS
    content(tmp_path / "c.ods", TABLE.format(ROW.format("", 't:number-columns-repeated="999999999"')))
    assert refusal(lambda: source(["Id"], file="c.ods")) == ["SRC-81"]


def test_a_cut_or_hostile_ods_is_refused(source: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content(tmp_path / "a.ods", TABLE.format("")[:-40])
    assert refusal(lambda: source(["Id"], file="a.ods")) == ["SRC-11"]
    content(tmp_path / "b.ods", '<!DOCTYPE a [<!ENTITY b "c">]>' + TABLE.format(""))
    assert refusal(lambda: source(["Id"], file="b.ods")) == ["SRC-23"]
    content(tmp_path / "c.ods", TABLE.format(ROW.format("", "")))
    monkeypatch.setattr(ods, "MAX_MARKUP_BYTES", 10)
    assert refusal(lambda: source(["Id"], file="c.ods")) == ["SRC-82"]


def test_a_protected_ods_says_so(source: Open, tmp_path: Path) -> None:
    content(tmp_path / "a.ods", "…", manifest="<m:encryption-data/>")
    assert refusal(lambda: source(["Id"], file="a.ods")) == ["SRC-09"]


def test_other_open_documents_are_named(source: Open, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.ods", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
    with pytest.raises(Exception, match=r"SRC-07.*text"):
        source(["Id"], file="a.ods")
