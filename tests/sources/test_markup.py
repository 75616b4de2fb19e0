"""HTML pages and XML 2003 workbooks, by whatever name."""

from __future__ import annotations

from pathlib import Path

import pytest

from converter.sources import limits, markup
from tests.sources.reading import Open, cells, codes, faults, refusal, skipped


def page(path: Path, body: str, encoding: str = "utf-8", head: str = "") -> None:
    path.write_bytes(f"<html><head>{head}</head><body>{body}</body></html>".encode(encoding))


def table_of(*rows: str) -> str:
    return "<table><tr><th>Id<th>V</tr>" + "".join(f"<tr>{row}</tr>" for row in rows) + "</table>"


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("<td>00123</td>", "00123"),
        ("<td>  a \n  b </td>", "a b"),
        ("<td>H&eacute;l&egrave;ne &lt;x&gt; &amp; &#233;</td>", "Hélène <x> & é"),
        ("<td>a&nbsp;b&nbsp;</td>", "a\u00a0b"),
        ("<td>a<br>b<br/>c</td>", "a\nb\nc"),
        ("<td><p>a</p><p>b</p></td>", "a\nb"),
        ("<td><b>gras</b> et <i>penché</i></td>", "gras et penché"),
        ("<td><span style='display:none'>20211205</span>05/12/2021</td>", "05/12/2021"),
        ("<td><span style='mso-hide: all'>x</span>y</td>", "y"),
        ("<td><script>var x</script>v<!-- c --><style>s</style></td>", "v"),
        ("<td><select><option>a<option selected>b</select></td>", "b"),
        ("<td><select><option>a<option>b</select></td>", "a"),
        ("<td><table><tr><td>n1<td>n2</table></td>", "n1 n2"),
        ("<td x:num='1234.5'>1 234,50</td>", "1 234,50"),
        ("<td></td>", ""),
        ("<td><a href='x'>lien</a> suite</td>", "lien suite"),
    ],
)
def test_cells_are_the_text_shown(source: Open, tmp_path: Path, cell: str, text: str) -> None:
    page(tmp_path / "a.xls", table_of(f"<td>1</td>{cell}"))
    table = source(["Id", "V"], file="a.xls", sheet="table 1" if "<table>" in cell else None)
    assert cells(table) == [("1", text)]
    assert not table.header.typed
    assert "SRC-50" in codes(table.decisions)


def test_spans(source: Open, tmp_path: Path) -> None:
    rows = ["<td rowspan=2>1<td>a", "<td>b", "<td colspan=2>2", "<td colspan=0>3<td rowspan=x>c"]
    page(tmp_path / "a.html", table_of(*rows))
    table = source(["Id"], file="a.html")
    assert cells(table) == [("1", "a"), ("", "b"), ("2", ""), ("3", "c")]
    assert {d.code: d.params for d in table.decisions}["SRC-76"] == {"count": 2}


def test_titles_groups_and_sections(source: Open, tmp_path: Path) -> None:
    body = (
        "<table><caption>Liste</caption><thead><tr><th colspan=3>Usagers</th></tr>"
        "<tr><th>Id<th colspan=2>Identité</tr><tr><th><th>Nom<th>Prénom</tr></thead>"
        "<tbody><tr><td>1<td>a<td>b</tr></tbody><tfoot><tr><td>Total<td>1<td></tr></tfoot></table>"
    )
    page(tmp_path / "a.html", body)
    table = source(["Identité / Nom"], file="a.html", header_rows=2, totals="total")
    assert table.header.labels == ("Id", "Identité / Nom", "Identité / Prénom")
    assert skipped(table) == {5: "SRC-41"}
    assert cells(table)[0] == ("1", "a", "b")


def test_hidden_rows_of_a_page(source: Open, tmp_path: Path) -> None:
    body = table_of("<td>1<td>a", "<td>2<td>b").replace("<tr><td>2", "<tr style='display: none'><td>2")
    page(tmp_path / "a.html", body)
    table = source(["Id"], file="a.html")
    assert len(cells(table)) == 2
    assert "SRC-75" in codes(table.decisions)
    assert skipped(source(["Id"], file="a.html", hidden="skip")) == {3: "SRC-43"}


def test_several_tables(source: Open, tmp_path: Path) -> None:
    page(tmp_path / "a.html", "<table><tr><td>menu</table>" + table_of("<td>1<td>a") + table_of("<td>2<td>b"))
    table = source(["Id", "V"], file="a.html")
    assert cells(table) == [("1", "a")]
    assert codes(table.decisions).count("SRC-67") == 1
    assert cells(source(["Id", "V"], file="a.html", sheets="table *")) == [("1", "a"), ("2", "b")]


@pytest.mark.parametrize(
    ("encoding", "head"),
    [
        ("utf-8", "<meta charset=utf-8>"),
        ("utf-8", ""),
        ("cp1252", "<meta http-equiv='Content-Type' content='text/html; charset=windows-1252'>"),
        ("cp1252", '<meta charset="iso-8859-1">'),
        ("cp1252", ""),
        ("cp1252", "<meta charset=utf-8>"),
        ("utf-16", ""),
        ("utf-8-sig", "<meta charset=iso-8859-1>"),
    ],
)
def test_encodings_of_a_page(source: Open, tmp_path: Path, encoding: str, head: str) -> None:
    page(tmp_path / "a.xls", table_of("<td>1<td>Hélène à l’été"), encoding, head)
    table = source(["Id"], file="a.xls")
    assert cells(table) == [("1", "Hélène à l’été")]
    assert "SRC-72" in codes(table.decisions)


def test_a_page_cut_short_is_said(source: Open, tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<table><tr><td>Id<td>V</tr><tr><td>1<td>cou", encoding="utf-8")
    table = source(["Id"], file="a.html")
    assert cells(table) == [("1", "cou")]
    assert "SRC-78" in codes(table.decisions)


def test_a_page_without_a_table(source: Open, tmp_path: Path) -> None:
    page(tmp_path / "a.xls", "<p>Session expirée</p>")
    assert refusal(lambda: source(["Id"], file="a.xls")) == ["SRC-07"]


def test_limits_of_pages(source: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page(tmp_path / "a.html", table_of(f"<td colspan={limits.MAX_COLUMNS}>x<td>y"))
    assert refusal(lambda: source(["Id"], file="a.html")) == ["SRC-81"]
    page(tmp_path / "b.html", table_of("<td>x<td>y"))
    monkeypatch.setattr(markup, "MAX_GRID_CELLS", 3)
    assert refusal(lambda: source(["Id"], file="b.html")) == ["SRC-12"]
    monkeypatch.setattr(markup, "MAX_MARKUP_BYTES", 20)
    assert refusal(lambda: source(["Id"], file="b.html")) == ["SRC-82"]


# ------------------------------------------------------------------------------------------ SpreadsheetML 2003

SS = "urn:schemas-microsoft-com:office:spreadsheet"
STYLES = (
    '<Style ss:ID="z"><NumberFormat ss:Format="00000"/></Style><Style ss:ID="p"><NumberFormat ss:Format="Percent"/>'
    '</Style><Style ss:ID="h"><NumberFormat ss:Format="[h]:mm"/></Style>'
    '<Style ss:ID="d"><NumberFormat ss:Format="Short Date"/></Style>'
)
HEAD = '<Row><Cell><Data ss:Type="String">Id</Data></Cell><Cell><Data ss:Type="String">V</Data></Cell></Row>'


def workbook(path: Path, *sheets: tuple[str, str, str], declared: str = "utf-8") -> None:
    made = "".join(
        f'<Worksheet ss:Name="{name}"><Table>{HEAD}{rows}</Table>{more}</Worksheet>' for name, rows, more in sheets
    )
    path.write_bytes(
        f'<?xml version="1.0" encoding="{declared}"?><?mso-application progid="Excel.Sheet"?><Workbook xmlns="{SS}" '
        f'xmlns:ss="{SS}"><Styles>{STYLES}</Styles>{made}</Workbook>'.encode(declared)
    )


def data(kind: str, value: str, attributes: str = "") -> str:
    return f'<Cell{attributes}><Data ss:Type="{kind}">{value}</Data></Cell>'


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (data("String", "H&#233;l&amp;"), "Hél&"),
        (data("String", "  a&#10;b "), "a\nb"),
        (data("Number", "123"), "123"),
        (data("Number", "123", ' ss:StyleID="z"'), "00123"),
        (data("Number", "0.125", ' ss:StyleID="p"'), "12.50%"),
        (data("DateTime", "2021-12-05T00:00:00.000", ' ss:StyleID="d"'), "2021-12-05"),
        (data("DateTime", "2021-12-05T14:30:00.000"), "2021-12-05T14:30:00"),
        (data("DateTime", "1899-12-31T14:30:00.000"), "14:30:00"),
        (data("DateTime", "1900-01-01T06:15:00.000", ' ss:StyleID="h"'), "30:15:00"),
        (data("DateTime", "1904-01-02T06:15:00.000", ' ss:StyleID="h"'), "30:15:00"),
        (data("Boolean", "1"), "VRAI"),
        (data("Boolean", "0"), "FAUX"),
        ('<Cell ss:Formula="=1+1"><Data ss:Type="Number">2</Data></Cell>', "2"),
        ('<Cell><Comment><Data ss:Type="String">c</Data></Comment><Data ss:Type="String">v</Data></Cell>', "v"),
        (
            '<Cell><ss:Data ss:Type="String" xmlns="http://www.w3.org/TR/REC-html40"><B>gras</B> et</ss:Data></Cell>',
            "gras et",
        ),
    ],
)
def test_cells_of_an_xml_workbook(source: Open, tmp_path: Path, cell: str, text: str) -> None:
    workbook(tmp_path / "a.xls", ("A", f"<Row>{data('String', 'x')}{cell}</Row>", ""))
    table = source(["V"], file="a.xls")
    assert cells(table) == [("x", text)]
    assert table.header.typed
    assert faults(table) == {}


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        (data("Error", "#N/A"), "CELL-01"),
        (data("Number", ""), "CELL-01"),
        ('<Cell ss:Formula="=1+1"/>', "CELL-02"),
        (data("Number", "1234567890123456"), "CELL-03"),
        (data("Number", "1.85E+14"), "CELL-05"),
    ],
)
def test_faults_of_an_xml_workbook(source: Open, tmp_path: Path, cell: str, code: str) -> None:
    workbook(tmp_path / "a.xls", ("A", f"<Row>{data('String', 'x')}{cell}</Row>", ""))
    assert faults(source(["V"], file="a.xls")) == {(2, 1): code}


def test_places_that_an_xml_workbook_leaves_out(source: Open, tmp_path: Path) -> None:
    rows = "".join(
        (
            f'<Row ss:Index="4">{data("String", "a")}</Row>',
            "<Row>" + data("String", "b", ' ss:Index="2"') + "</Row>",
            "<Row>" + data("String", "m", ' ss:MergeAcross="1"') + data("String", "c") + "</Row>",
            f'<Row ss:Hidden="1">{data("String", "h")}</Row>',
        )
    )
    workbook(tmp_path / "a.xml", ("A", rows, ""))
    table = source(["Id"], file="a.xml")
    assert [(row.line, row.cells) for row in table.rows()] == [
        (4, ("a", "", "")),
        (5, ("", "b", "")),
        (6, ("m", "", "c")),
        (7, ("h", "", "")),
    ]
    stated = {d.code: d.params for d in table.decisions}
    assert (stated["SRC-71"], stated["SRC-75"], stated["SRC-76"]) == ({"count": 2}, {"count": 1}, {"count": 1})
    assert "SRC-50" not in stated


def test_sheets_and_encodings_of_an_xml_workbook(source: Open, tmp_path: Path) -> None:
    away = '<WorksheetOptions xmlns="urn:schemas-microsoft-com:office:excel"><Visible>SheetHidden</Visible>'
    rows = f"<Row>{data('String', 'é')}</Row>"
    workbook(tmp_path / "a.xls", ("A", rows, f"{away}</WorksheetOptions>"), ("B", rows, ""), declared="iso-8859-1")
    table = source(["Id"], file="a.xls")
    assert [(row.sheet, row.cells[0]) for row in table.rows()] == [("B", "é")]


def test_an_xml_workbook_that_cannot_be_trusted(source: Open, tmp_path: Path) -> None:
    workbook(tmp_path / "a.xls", ("A", "", ""))
    whole = (tmp_path / "a.xls").read_text(encoding="utf-8")
    (tmp_path / "b.xls").write_text(whole[:-30], encoding="utf-8")
    assert refusal(lambda: source(["Id"], file="b.xls")) == ["SRC-24"]
    (tmp_path / "c.xls").write_text(
        whole.replace("<Workbook", '<!DOCTYPE a [<!ENTITY b "c">]><Workbook', 1), encoding="utf-8"
    )
    assert refusal(lambda: source(["Id"], file="c.xls")) == ["SRC-23"]
    place = ' ss:Index="999999"'
    far = f'<Row ss:Index="3">{data("String", "x", place)}</Row>'
    workbook(tmp_path / "d.xls", ("A", far, ""))
    assert refusal(lambda: source(["Id"], file="d.xls")) == ["SRC-81"]


def test_an_xml_workbook_may_be_read_as_an_index(source: Open, tmp_path: Path) -> None:
    workbook(tmp_path / "a.xml", ("A", f"<Row>{data('String', '1')}</Row>", ""))
    table = source(
        ["Id"],
        file="a.xml",
        format="xml",
        record="//s:Row",
        fields={"Id": "s:Cell[1]/s:Data"},
        namespaces={"s": SS},
    )
    assert [row[0] for row in cells(table)] == ["Id", "1"]
