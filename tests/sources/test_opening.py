"""Which files a source is made of, what each is, and why one is refused."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import openpyxl
import pytest

from converter.diagnostics import Severity
from converter.sources.sniff import Kind, sniff
from tests.sources.reading import Open, cells, codes, refusal

CSV = "Id;Nom\n1;a\n"


def workbook(path: Path, **sheets: list[list[object]]) -> None:
    book = openpyxl.Workbook()
    book.remove(book.active)  # type: ignore[arg-type]
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)


def test_a_missing_file_names_the_closest(source: Open, tmp_path: Path) -> None:
    (tmp_path / "index_ged.csv").write_text(CSV, encoding="utf-8")
    with pytest.raises(Exception, match=r"SRC-01.*index_ged\.csv"):
        source(["Id"], file="index-ged.csv")


def test_every_missing_file_is_told_at_once(source: Open, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_bytes(b"")
    files = ["a.csv", "b*.csv", "empty.csv"]
    assert refusal(lambda: source(["Id"], file=files)) == ["SRC-01", "SRC-02", "SRC-05"]


def test_patterns_are_sorted_and_leave_lock_files(source: Open, tmp_path: Path) -> None:
    for name in ("2024-10.csv", "2024-09.csv", "~$2024-09.csv", ".2024.csv"):
        (tmp_path / name).write_text(CSV, encoding="utf-8")
    table = source(["Id"], file="*.csv")
    assert [row.file for row in table.rows()] == ["2024-09.csv", "2024-10.csv"]
    assert {d.code: d.params for d in table.decisions}["SRC-51"] == {"count": 2, "left": 2}


def test_a_pattern_over_folders(source: Open, tmp_path: Path) -> None:
    for site in ("nord", "sud"):
        (tmp_path / site).mkdir()
        (tmp_path / site / "index.csv").write_text(CSV, encoding="utf-8")
    assert [row.file for row in source(["Id"], file="*/index.csv").rows()] == ["nord/index.csv", "sud/index.csv"]


def test_brackets_may_be_part_of_a_name(source: Open, tmp_path: Path) -> None:
    (tmp_path / "index[1].csv").write_text(CSV, encoding="utf-8")
    assert cells(source(["Id"], file="index[1].csv")) == [("1", "a")]


def test_too_many_files(source: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("converter.sources.opening.MAX_FILES", 2)
    for at in range(3):
        (tmp_path / f"{at}.csv").write_text(CSV, encoding="utf-8")
    assert refusal(lambda: source(["Id"], file="*.csv")) == ["SRC-80"]


@pytest.mark.parametrize("files", [["a.csv", "a.csv"], ["a.csv", "./a.csv"], ["a.csv", "*.csv"]])
def test_the_same_file_twice(source: Open, tmp_path: Path, files: list[str]) -> None:
    (tmp_path / "a.csv").write_text(CSV, encoding="utf-8")
    assert refusal(lambda: source(["Id"], file=files)) == ["SRC-03"]


def test_what_is_no_regular_file_is_never_opened(source: Open, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "folder.csv").mkdir()
    assert refusal(lambda: source(["Id"], file=["pipe.csv", "folder.csv", "/dev/zero"])) == ["SRC-04"] * 3


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission(source: Open, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(CSV, encoding="utf-8")
    (tmp_path / "a.csv").chmod(0)
    assert refusal(lambda: source(["Id"], file="a.csv")) == ["SRC-06"]


def test_a_reading_error_names_no_path(source: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.csv").write_text(CSV, encoding="utf-8")

    def fail(path: Path) -> None:
        raise PermissionError(13, "denied", str(path))

    monkeypatch.setattr("converter.sources.opening.sniff", fail)
    assert refusal(lambda: source(["Id"], file="a.csv")) == ["SRC-06"]


def test_an_empty_file(source: Open, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"")
    assert refusal(lambda: source(["Id"], file="a.csv")) == ["SRC-05"]


def test_an_optional_source_is_stated_and_empty(source: Open, tmp_path: Path) -> None:
    table = source(["Id", "Nom#2", "#5"], file="a.csv", optional="true")
    assert cells(table) == []
    assert table.header.labels == ("Id", "Nom", "Nom", "", "")
    assert [(d.code, d.severity) for d in table.decisions] == [
        ("SRC-61", Severity.WARNING),
        ("SRC-01", Severity.WARNING),
    ]


def test_an_optional_source_goes_on_with_the_files_it_has(source: Open, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(CSV, encoding="utf-8")
    table = source(["Id"], file=["a.csv", "b.csv"], optional="true")
    assert cells(table) == [("1", "a")]
    assert ("SRC-01", Severity.WARNING) in [(d.code, d.severity) for d in table.decisions]


# -------------------------------------------------------------------------------------------------- type by content


@pytest.mark.parametrize("name", ["index.xls", "index.xlsx", "index.xml", "index.html", "index"])
def test_text_under_any_name(source: Open, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(CSV, encoding="utf-8")
    table = source(["Id"], file=name)
    assert cells(table) == [("1", "a")]
    assert ("SRC-50" in codes(table.decisions)) == (name != "index")


def test_a_workbook_named_csv(source: Open, tmp_path: Path) -> None:
    workbook(tmp_path / "a.xlsx", A=[["Id", "Nom"], ["1", "a"]])
    (tmp_path / "a.xlsx").rename(tmp_path / "a.csv")
    table = source(["Id"], file="a.csv")
    assert cells(table) == [("1", "a")]
    assert "SRC-50" in codes(table.decisions)


@pytest.mark.parametrize("declared", ["xlsx", "xls", "ods", "xlsb", "html"])
def test_a_declared_format_must_hold(source: Open, tmp_path: Path, declared: str) -> None:
    (tmp_path / "a.csv").write_text(CSV, encoding="utf-8")
    assert refusal(lambda: source(["Id"], file="a.csv", format=declared)) == ["SRC-08"]


def test_a_declared_format_that_holds(source: Open, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(CSV, encoding="utf-8")
    assert cells(source(["Id"], file="a.csv", format="csv")) == [("1", "a")]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"%PDF-1.7\n", "PDF"),
        (b"{\\rtf1 }", "RTF"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"SQLite format 3\x00", "SQLite"),
        (b'[{"Id": 1}]', "JSON"),
        (b'\n{ "rows": []}', "JSON"),
    ],
)
def test_what_is_no_table_is_named(source: Open, tmp_path: Path, content: bytes, name: str) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(Exception, match=f"SRC-07.*{name}"):
        source(["Id"], file="a.csv")


@pytest.mark.parametrize("member", ["word/document.xml", "readme.txt"])
def test_other_zips_are_named(source: Open, tmp_path: Path, member: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr(member, "x")
    assert refusal(lambda: source(["Id"], file="a.xlsx")) == ["SRC-07"]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"Id;Nom", Kind.CSV),
        (b"\xef\xbb\xbfId;Nom", Kind.CSV),
        ("Id;Nom".encode("utf-16"), Kind.CSV),
        (b"\n <html><body>", Kind.HTML),
        (b"\xef\xbb\xbf<!DOCTYPE html>", Kind.HTML),
        (b"<table border=1>", Kind.HTML),
        (b'<?xml version="1.0"?><html xmlns="x">', Kind.HTML),
        (b'<?xml version="1.0"?><index>', Kind.XML),
        (b"<index/>", Kind.XML),
        ('<?xml version="1.0"?><index>'.encode("utf-16"), Kind.XML),
        (b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">', Kind.XML_2003),
        (b'<html xmlns:x="urn:schemas-microsoft-com:office:excel">', Kind.HTML),
        (b"<non renseigne>;Nom\n1;2", Kind.CSV),
        (b"<inconnu>;Nom\n1;2", Kind.CSV),
        (b"<inconnu>;<b>\n1;2", Kind.CSV),
        (b"<index>un seul mot</index>", Kind.XML),
        (b"<index" + b' xmlns:a="urn:a"' * 2000, Kind.XML),
        (b"<!-- export --><index>", Kind.XML),
        (b"PK\x03\x04 cut short", Kind.XLSX),
        (b"", Kind.EMPTY),
    ],
)
def test_types_from_the_first_bytes(tmp_path: Path, content: bytes, kind: Kind) -> None:
    (tmp_path / "x").write_bytes(content)
    assert sniff(tmp_path / "x").kind is kind


# ----------------------------------------------------------------------------------------------------------- sheets


HEADER = ["Id", "Nom"]


def test_the_sheet_with_the_labels_is_found(source: Open, tmp_path: Path) -> None:
    workbook(tmp_path / "a.xlsx", Aide=[["Mode d'emploi"]], Liste=[HEADER, ["1", "a"]], Autre=[["x", "y"]])
    table = source(["Id", "Nom"], file="a.xlsx")
    assert [(row.sheet, row.line, row.cells) for row in table.rows()] == [("Liste", 2, ("1", "a"))]
    assert "SRC-66" in codes(table.decisions)


def test_other_sheets_of_the_same_layout_are_not_left_in_silence(source: Open, tmp_path: Path) -> None:
    workbook(tmp_path / "a.xlsx", A=[HEADER, ["1", "a"]], B=[HEADER, ["2", "b"]], C=[["x"]])
    table = source(["Id", "Nom"], file="a.xlsx")
    assert cells(table) == [("1", "a")]
    assert [str(d.location) for d in table.decisions if d.code == "SRC-67"] == ["a.xlsx[B]"]


def test_a_sheet_by_name(source: Open, tmp_path: Path) -> None:
    workbook(tmp_path / "a.xlsx", A=[HEADER, ["1", "a"]], Résidents=[HEADER, ["2", "b"]])
    assert cells(source(["Id"], file="a.xlsx", sheet="Résidents")) == [("2", "b")]
    table = source(["Id"], file="a.xlsx", sheet="RESIDENTS ")
    assert cells(table) == [("2", "b")]
    assert "SRC-52" in codes(table.decisions)
    with pytest.raises(Exception, match=r"SRC-19.*Résidents"):
        source(["Id"], file="a.xlsx", sheet="Résident")


def test_a_named_sheet_must_have_the_header(source: Open, tmp_path: Path) -> None:
    workbook(tmp_path / "a.xlsx", A=[HEADER, ["1", "a"]], B=[["x", "y"]])
    assert refusal(lambda: source(["Id"], file="a.xlsx", sheet="B")) == ["SRC-10"]
    assert refusal(lambda: source(["Id"], file="a.xlsx", sheets=["A", "B"])) == ["SRC-10"]


@pytest.mark.parametrize("sheets", ["*", ["Aile *"], ["Aile A", "Aile B"], ["aile b", "*"]])
def test_sheets_of_one_layout_are_one_table(source: Open, tmp_path: Path, sheets: object) -> None:
    workbook(
        tmp_path / "a.xlsx",
        **{
            "Aile A": [HEADER, ["1", "a"]],
            "Aile B": [["Titre"], ["Nom", "Id"], ["b", "2"]],
            "Aide": [["x"]],
            "Vide": [],
        },
    )
    table = source(["Id", "Nom"], file="a.xlsx", sheets=sheets)
    key = table.header.labels.index("Id")
    found = {(row.sheet, row.line): row.cells[key] for row in table.rows()}
    assert found == {("Aile A", 2): "1", ("Aile B", 3): "2"}
    if "*" in sheets:
        left = [(d.code, str(d.location)) for d in table.decisions if d.code in ("SRC-54", "SRC-55")]
        assert left == [("SRC-55", "a.xlsx[Aide]"), ("SRC-54", "a.xlsx[Vide]")]


def test_no_sheet_of_the_pattern(source: Open, tmp_path: Path) -> None:
    workbook(tmp_path / "a.xlsx", A=[HEADER])
    assert refusal(lambda: source(["Id"], file="a.xlsx", sheets="Aile *")) == ["SRC-19"]
    assert refusal(lambda: source(["Xyz"], file="a.xlsx", sheets="*")) == ["SRC-10"]


def test_several_workbooks(source: Open, tmp_path: Path) -> None:
    for at in (1, 2):
        workbook(tmp_path / f"{at}.xlsx", A=[HEADER, [str(at), "a"]])
    assert [(r.file, r.cells[0]) for r in source(["Id"], file="*.xlsx").rows()] == [("1.xlsx", "1"), ("2.xlsx", "2")]


def test_a_changed_workbook_is_read_anew(source: Open, tmp_path: Path) -> None:
    workbook(tmp_path / "a.xlsx", A=[HEADER, ["1", "a"]])
    assert cells(source(["Id"], file="a.xlsx")) == [("1", "a")]
    workbook(tmp_path / "a.xlsx", A=[HEADER, ["2", "une autre valeur"]])
    assert cells(source(["Id"], file="a.xlsx")) == [("2", "une autre valeur")]
