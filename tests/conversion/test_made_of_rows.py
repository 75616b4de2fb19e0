"""Documents made of several rows: one bad row costs no other, and what stands on a rejected row does not leave."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest
from lxml import etree

from converter.pipeline import Run, convert
from converter.settings import Settings
from tests.conversion.watching import Silent
from tests.making import Export, documents, export, holds, inside, pdf, piece, rejects, usager

TABLE = """\
  - from: ged
    resident: id
    template: table
    key: {template: "journal-{{ row['id'] }}"}
    title: titre
    type: {column: type, table: legacy-document-kinds}
    created: {column: date, date: "%d/%m/%Y"}
    columns: {Date: {column: date, date: "%d/%m/%Y"}, Objet: titre}
    group: resident
"""


def journal(folder: Path, rows: int = 3) -> Export:
    made = export(folder, residents=2, documents=rows)
    made.documents = "documents:\n" + TABLE
    return made


def ran(made: Export, out: Path, **options: object) -> Run:
    run = convert(Settings(made.write(), out, workers=1, **options), Silent())  # type: ignore[arg-type]
    assert holds(run.record())
    return run


def codes(out: Path) -> list[tuple[str, str]]:
    return [(line["Ligne"], line["Code"]) for line in rejects(out)]


@pytest.mark.parametrize(
    ("bad", "change", "code"),
    [(0, {"titre": ""}, "VAL-01"), (0, {"date": "31/02/2020"}, "DATE-02"), (2, {"date": "31/02/2020"}, "DATE-02")],
)
def test_a_bad_row_is_left_out_of_its_document(tmp_path: Path, bad: int, change: dict[str, str], code: str) -> None:
    made = journal(tmp_path / "in")
    made.ged[bad] = piece(bad + 1, 1, **change)
    run = ran(made, tmp_path / "out")
    assert codes(tmp_path / "out") == [(str(bad + 2), code)]
    assert run.documents == 2
    assert run.record()["rows"]["sources"]["ged"]["converted"] == 5


def test_when_no_row_can_head_the_document_each_says_why(tmp_path: Path) -> None:
    made = journal(tmp_path / "in", rows=2)
    made.ged[0], made.ged[1] = piece(1, 1, type="Rubrique maison"), piece(2, 1, type="Rubrique maison")
    run = ran(made, tmp_path / "out")
    assert codes(tmp_path / "out") == [("2", "CODE-01"), ("3", "CODE-01")]
    assert run.documents == 1


def too_large(folder: Path) -> Export:
    """A scan that a bundle cannot hold, of a row that a journal is made of too."""
    made = journal(folder)
    made.documents += (
        "  - {from: ged, resident: id, scan: chemin, key: doc, title: titre, type: {value: '11488-4'}, wrap: none}\n"
    )
    made.scans["2.pdf"] = made.scans["2.pdf"].replace(b"%%EOF", b"%" + b"x" * 90_000 + b"\n%%EOF")
    made.more = "output: {max_bundle_bytes: 60000}\n"
    return made


def test_a_journal_does_not_leave_without_one_of_its_rows_and_a_second_run_says_so_too(tmp_path: Path) -> None:
    made = too_large(tmp_path / "in")
    first = ran(made, tmp_path / "out")
    told = codes(tmp_path / "out")
    assert told == [("2", "RUN-31"), ("3", "RUN-25"), ("4", "RUN-31")]
    second = ran(made, tmp_path / "out")
    assert second.kept == 1
    assert codes(tmp_path / "out") == told
    assert first.record()["rows"] == second.record()["rows"]


@pytest.mark.parametrize(
    ("old", "new", "row", "column"),
    [
        ("title: titre", "title: {column: titre, required: no}", piece(1, 1, titre=""), "titre"),
        ("title: titre", 'title: {column: titre, pattern: "P.*", on_error: omit}', piece(1, 1, titre="x"), "titre"),
        ("key: doc", "key: {column: doc, required: no}", piece(1, 1, doc=""), "doc"),
        ("key: doc", 'key: {column: doc, pattern: "[0-9]+", on_error: omit}', piece(1, 1, doc="x"), "doc"),
        ("type: {", "type: {on_error: omit, ", piece(1, 1, type="Rubrique maison"), "type"),
        ("resident: id", "resident: {column: id, required: no}", piece(1, 1, id=""), "id"),
    ],
)
def test_what_a_document_cannot_do_without_is_never_optional(
    tmp_path: Path, old: str, new: str, row: dict[str, str], column: str
) -> None:
    made = export(tmp_path / "in", residents=2, documents=1)
    made.documents = made.documents.replace(old, new)
    made.ged[0] = row
    run = ran(made, tmp_path / "out")
    assert run.rejected == 1
    assert [(r["Ligne"], r["Colonne"], r["Code"]) for r in rejects(tmp_path / "out")] == [("2", column, "VAL-01")]


@pytest.mark.parametrize("option", ["required: no", 'pattern: "[A-Z0-9]+", on_error: omit'])
@pytest.mark.parametrize(("field", "column"), [("key: id", "id"), ("birth_name: nom", "nom")])
def test_what_a_resident_cannot_do_without_is_never_optional(
    tmp_path: Path, option: str, field: str, column: str
) -> None:
    made = export(tmp_path / "in", residents=2, documents=1)
    name = field.partition(":")[0]
    made.residents = made.residents.replace(f"  {field}\n", f"  {name}: {{column: {column}, {option}}}\n")
    made.usagers[0] = usager(1, **{column: "" if option == "required: no" else "é"})
    ran(made, tmp_path / "out")
    assert ("usagers", "2", column, "VAL-01") in [
        (r["Source"], r["Ligne"], r["Colonne"], r["Code"]) for r in rejects(tmp_path / "out")
    ]
    assert len(documents(tmp_path / "out")) == 1


def test_a_default_resident_is_counted(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=2, documents=1)
    made.documents = made.documents.replace("resident: id", "resident: {column: id, default: '0002'}")
    made.ged[0] = piece(1, 1, id="")
    run = ran(made, tmp_path / "out")
    assert {"path": "documents[0].resident", "count": 1} in [dict(d.params) for d in run.told if d.code == "RUN-28"]


def test_a_conversion_is_stated_again_by_a_run_that_keeps_it(tmp_path: Path) -> None:
    import io

    from PIL import Image

    made = export(tmp_path / "in", residents=1, documents=1)
    buffer = io.BytesIO()
    Image.new("RGB", (40, 40), "white").save(buffer, "PNG")
    made.scans = {"1.png": buffer.getvalue()}
    made.ged = [piece(1, 1, chemin="1.png")]
    made.documents += "    convert: pdf\n"
    first = ran(made, tmp_path / "out")
    second = ran(made, tmp_path / "out")
    assert second.kept == 1
    assert first.codes == second.codes
    assert first.codes


def test_a_scan_gone_before_it_is_checked_costs_its_row_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from converter.conversion.scans import Scans

    made = export(tmp_path / "in", residents=1, documents=2)
    mapping = made.write()
    granted = Scans.grant

    def vanishing(self, wish, spec, row):  # type: ignore[no-untyped-def]
        found = granted(self, wish, spec, row)
        if wish.written == "2.pdf":
            found.scan.path.unlink()
        return found

    monkeypatch.setattr(Scans, "grant", vanishing)
    run = convert(Settings(mapping, tmp_path / "out", workers=1), Silent())
    assert codes(tmp_path / "out") == [("3", "RUN-08")]
    assert run.documents == 1
    monkeypatch.undo()
    (tmp_path / "in" / "ged" / "2.pdf").write_bytes(pdf("2"))
    assert convert(Settings(mapping, tmp_path / "out", workers=1), Silent()).rejected == 0


@pytest.mark.parametrize("columns", ["", "    columns: [titre]\n"])
def test_rows_are_sorted_by_time_not_by_the_letters_of_their_dates(tmp_path: Path, columns: str) -> None:
    made = journal(tmp_path / "in")
    if columns:  # the date is not shown: its form is the one of `created:`
        made.documents = re.sub("    columns: .*\n", columns, made.documents)
    made.documents += "    sort: [date]\n"
    for number, day in enumerate(("02/01/2021", "01/12/2020", "15/06/2020")):
        made.ged[number] = piece(number + 1, 1, date=day)
    ran(made, tmp_path / "out")
    body = etree.fromstring(inside(documents(tmp_path / "out")[0])).findtext(".//{*}nonXMLBody/{*}text")
    text = base64.b64decode(body or "").decode()
    assert text.index("Pièce 3") < text.index("Pièce 2") < text.rindex("Pièce 1")
