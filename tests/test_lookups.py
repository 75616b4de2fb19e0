"""Rows found by a key: one, none, or several that are never chosen from."""

from __future__ import annotations

from pathlib import Path

import pytest

from converter.lookups import LookupFile, write_lookups
from converter.mapping.values import AMBIGUOUS
from tests.making import documents, dui, export, piece, rejects

ROWS = [
    ("types", "code", " A1 ", ("A1", "Courrier")),
    ("types", "code", "a1", ("a1", "Autre")),
    ("types", "code", "B\udce9", ("B", "octet isolé")),
    ("types", "code", "twice", ("twice", "1")),
    ("types", "code", "twice", ("twice", "2")),
    ("types", "label", "twice", ("x", "twice")),
]


@pytest.mark.parametrize("folder", ["plain", "a%41b", "a#b", "a?b", "é ü"])
def test_a_key_is_found_as_written_ends_trimmed(tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir()
    path = tmp_path / folder / "lookups.sqlite"
    write_lookups(path, ROWS)
    lookups = LookupFile(path)
    assert lookups.get("types", "code", "A1") == ("A1", "Courrier")
    assert lookups.get("types", "code", " a1") == ("a1", "Autre")
    assert lookups.get("types", "code", "B\udce9") == ("B", "octet isolé")
    assert lookups.get("types", "code", "twice") is AMBIGUOUS
    assert lookups.get("types", "label", "twice") == ("x", "twice")
    assert lookups.get("types", "code", "C") is None
    assert lookups.get("others", "code", "A1") is None


def test_without_lookups_nothing_is_found() -> None:
    assert LookupFile(None).get("types", "code", "A1") is None


def test_a_lookup_in_a_run(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=1, documents=4)
    made.sources += "  rubriques: {file: rubriques.csv}\n"
    made.documents = made.documents.replace(
        "title: titre", "title: {lookup: {source: rubriques, key: code, column: libelle, value: type}}"
    ).replace("type: {column: type, table: legacy-document-kinds}", "type: {value: '11488-4'}")
    for number, kind in enumerate(("CR", "absent", "double", "")):
        made.ged[number] = piece(number + 1, 1, type=kind)
    mapping = made.write()
    (tmp_path / "in" / "rubriques.csv").write_text("code;libelle\nCR;Compte rendu\ndouble;1\ndouble;2\n", "utf-8")
    ran = dui("convert", mapping, "-o", tmp_path / "out")
    assert ran.code == 1, ran.err
    assert [(r["Ligne"], r["Code"]) for r in rejects(tmp_path / "out")] == [
        ("3", "VAL-06"),
        ("4", "VAL-07"),
        ("5", "VAL-01"),
    ]
    (resource,) = documents(tmp_path / "out")
    assert resource["content"][0]["attachment"]["title"] == "Compte rendu"
