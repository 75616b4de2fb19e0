"""A folder that is its own index."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest

from tests.sources.reading import Open, broken, cells, codes, refusal, skipped

PATTERN = r"(?P<dossier>\d+)/(?P<date>\d{8})_(?P<titre>.+)\.(?i:pdf)"


def put(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")


def test_named_groups_are_columns(source: Open, tmp_path: Path) -> None:
    put(tmp_path / "ged", "00123/20210305_Compte rendu.pdf", "00123/20210401_Bilan.PDF", "9/20200101_x_y.pdf")
    table = source(["dossier"], folder="ged", pattern=PATTERN)
    assert table.header.labels == ("dossier", "date", "titre", "path")
    assert cells(table) == [
        ("00123", "20210305", "Compte rendu", "00123/20210305_Compte rendu.pdf"),
        ("00123", "20210401", "Bilan", "00123/20210401_Bilan.PDF"),
        ("9", "20200101", "x_y", "9/20200101_x_y.pdf"),
    ]
    assert [row.line for row in table.rows()] == [1, 2, 3]
    assert not table.header.typed
    assert {row.file for row in table.rows()} == {"ged"}, "names of scans may hold names of persons"


def test_nothing_disappears(source: Open, tmp_path: Path) -> None:
    put(tmp_path / "ged", "1/20210305_a.pdf", "1/sans date.pdf", "Thumbs.db", "1/.DS_Store", "1/~$20210305_a.pdf")
    put(tmp_path / "ged", "__MACOSX/1/20210305_a.pdf")
    (tmp_path / "ged/1/20210306_lien.pdf").symlink_to("/etc/hostname")
    (tmp_path / "ged/lien").symlink_to("/etc")
    (tmp_path / "ged/vide").mkdir()
    table = source(["dossier"], folder="ged", pattern=PATTERN)
    reasons = {row.cells[-1]: row.skip.code if row.skip else None for row in table.rows()}
    assert reasons == {
        "1/20210305_a.pdf": None,
        "1/sans date.pdf": "SRC-45",
        "Thumbs.db": "SRC-46",
        "1/.DS_Store": "SRC-46",
        "1/~$20210305_a.pdf": "SRC-46",
        "__MACOSX/1/20210305_a.pdf": "SRC-46",
        "1/20210306_lien.pdf": "SRC-46",
        "lien": "SRC-46",
    }


def test_a_group_may_take_the_name_of_the_path(source: Open, tmp_path: Path) -> None:
    put(tmp_path / "ged", "1/a.pdf")
    table = source(["path"], folder="ged", pattern=r"\d+/(?P<path>.+)")
    assert (table.header.labels, cells(table)) == (("path",), [("a.pdf",)])


def test_a_group_that_takes_no_part_is_empty(source: Open, tmp_path: Path) -> None:
    put(tmp_path / "ged", "1.pdf", "1-2.pdf")
    table = source(["n"], folder="ged", pattern=r"(?P<n>\d+)(?:-(?P<m>\d+))?\.pdf")
    assert cells(table) == [("1", "2", "1-2.pdf"), ("1", "", "1.pdf")]


def test_accents_are_matched_however_the_disk_writes_them(source: Open, tmp_path: Path) -> None:
    name = unicodedata.normalize("NFD", "Évaluation.pdf")
    put(tmp_path / "ged", name)
    table = source(["t"], folder="ged", pattern=r"(?P<t>É.+)\.pdf")
    assert cells(table) == [("Évaluation", name)]


def test_a_name_that_is_no_text(source: Open, tmp_path: Path) -> None:
    (tmp_path / "ged").mkdir()
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/ged/\xe9t\xe9.pdf")).write_bytes(b"x")
    except OSError:
        pytest.skip("this disk has no such names")
    assert broken(source(["t"], folder="ged", pattern=r"(?P<t>.+)\.pdf")) == {1: ["SRC-34"]}


@pytest.mark.parametrize("pattern", ["(?P<a>", r"\d+", r"(\d+)"])
def test_a_pattern_must_name_its_columns(source: Open, tmp_path: Path, pattern: str) -> None:
    (tmp_path / "ged").mkdir()
    assert refusal(lambda: source(["a"], folder="ged", pattern=pattern)) == ["SRC-29"]


def test_a_missing_folder(source: Open, tmp_path: Path) -> None:
    assert refusal(lambda: source(["a"], folder="ged", pattern="(?P<a>.+)")) == ["SRC-28"]
    put(tmp_path, "ged")
    assert refusal(lambda: source(["a"], folder="ged", pattern="(?P<a>.+)")) == ["SRC-28"]
    table = source(["a"], folder="ged", pattern="(?P<a>.+)", optional="true")
    assert codes(table.decisions) == ["SRC-61", "SRC-28"]
    assert skipped(table) == {}


def test_an_empty_folder(source: Open, tmp_path: Path) -> None:
    (tmp_path / "ged").mkdir()
    assert cells(source(["a"], folder="ged", pattern="(?P<a>.+)")) == []
