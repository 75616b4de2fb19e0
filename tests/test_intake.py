"""Rows filed under their residents, and what is settled before anything is converted."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from converter.diagnostics import SourceError
from converter.intake import Intake, lookup_entries, open_sources, source_files
from converter.mapper.compiled import CompiledMapping
from converter.mapping.loader import load
from converter.spool import Spool
from tests.making import Export, export, piece, usager

TWO_RULES = "  - {from: ged, resident: id, scan: chemin, key: doc, title: titre, type: {value: '11488-4'}}\n"


def read(made: Export, spool: Spool) -> None:
    loaded = load(made.write())
    tables = open_sources(loaded)
    compiled = CompiledMapping(loaded, {name: table.header for name, table in tables.items()})
    Intake(compiled, spool).read(tables)


def settled(made: Export, folder: Path) -> tuple[list[tuple[str, int | None, str, str]], dict[str, list[int]]]:
    """Findings as (source, line, verdict, code), and the lines filed under each resident."""
    with Spool(folder / "spool.sqlite") as spool:
        read(made, spool)
        groups = {key: sorted({s.row.line for _, s in spool.group(key)}) for key in spool.resident_keys()}
        spool.settle_rest("RUN-32")
        found = [
            (f.source, getattr(f.diagnostic.location, "line", None), f.verdict.value, f.diagnostic.code)
            for f in spool.findings()
            if f.diagnostic.code != "RUN-32"
        ]
        assert all(s.holds for s in spool.sums())
    return found, groups


CASES = [
    ({}, {}, "", "", []),
    ({"id": ""}, {}, "", "", [("usagers", 2, "rejected", "VAL-01"), ("ged", 2, "rejected", "RUN-02")]),
    ({}, {"id": ""}, "", "", [("ged", 2, "rejected", "VAL-01")]),
    ({}, {"id": "0099"}, "", "", [("ged", 2, "rejected", "RUN-02")]),
    ({}, {"doc": ""}, "", "", [("ged", 2, "rejected", "VAL-01")]),
    ({}, {"doc": "2"}, "", "", [("ged", 3, "rejected", "RUN-01")]),
    ({}, {}, "", TWO_RULES, [("ged", 2, "rejected", "RUN-51"), ("ged", 3, "rejected", "RUN-51")]),
    ({}, {"titre": "x"}, "", "    when: {column: titre, not_equals: X}\n", [("ged", 2, "skipped", "RUN-22")]),
    (
        {"nom": "TEST"},
        {},
        "  when: {column: nom, not_equals: test}\n",
        "",
        [("usagers", 2, "skipped", "RUN-21"), ("ged", 2, "skipped", "RUN-23")],
    ),
]


@pytest.mark.parametrize(("resident", "row", "residents", "documents", "expected"), CASES)
def test_what_is_settled_at_once(
    tmp_path: Path,
    resident: dict[str, str],
    row: dict[str, str],
    residents: str,
    documents: str,
    expected: list[tuple[str, int, str, str]],
) -> None:
    made = export(tmp_path / "in", residents=2, documents=1)
    made.usagers[0], made.ged[0] = usager(1, **resident), piece(1, 1, **row)
    made.residents += residents
    made.documents += documents
    found, groups = settled(made, tmp_path)
    assert found == expected
    rejected = {(source, line) for source, line, _, _ in expected}
    assert ("ged", 3) in rejected or 3 in groups["0002"]


def test_a_document_s_row_may_come_before_its_resident(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=2, documents=1)
    made.sources = "sources:\n  ged: {file: ged.csv, scans: ged}\n  usagers: {file: usagers.csv}\n"
    assert settled(made, tmp_path) == ([], {"0001": [2], "0002": [3]})


def test_a_repeated_key_of_a_source(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=1, documents=2)
    made.sources = made.sources.replace("scans: ged", "scans: ged, key: chemin")
    made.ged[1] = piece(2, 1, chemin="1.pdf")
    assert settled(made, tmp_path)[0] == [("ged", 3, "rejected", "RUN-20")]


def test_a_row_for_look_ups_alone_is_counted_as_such(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=1, documents=1)
    made.sources += "  rub: {file: rub.csv}\n"
    made.documents = made.documents.replace("title: titre", "title: {lookup: {source: rub, key: type, column: lib}}")
    made.folder.mkdir()
    (made.folder / "rub.csv").write_text("type;lib\nCourrier;Lettre\nBilan;Bilan\n", "utf-8")
    assert settled(made, tmp_path)[0] == [("rub", 2, "skipped", "RUN-07"), ("rub", 3, "skipped", "RUN-07")]
    loaded = load(made.write())
    assert list(lookup_entries(loaded, open_sources(loaded))) == [
        ("rub", "type", "Courrier", ("Courrier", "Lettre")),
        ("rub", "type", "Bilan", ("Bilan", "Bilan")),
    ]


def test_every_unreadable_source_is_told_at_once(tmp_path: Path) -> None:
    made = export(tmp_path / "in")
    made.sources = made.sources.replace("scans: ged", "scans: absent")
    loaded = load(made.write())
    (tmp_path / "in" / "usagers.csv").unlink()
    with pytest.raises(SourceError) as stopped:
        open_sources(loaded)
    assert [d.code for d in stopped.value.diagnostics] == ["SRC-01", "SCAN-15"]
    assert "sources.ged.scans" in str(stopped.value)


def test_files_are_summed_and_named_as_any_text_takes(tmp_path: Path) -> None:
    made = export(tmp_path / "in")
    made.sources = made.sources.replace("usagers.csv", '"usag*.csv"')
    loaded = load(made.write())
    try:
        (tmp_path / "in" / "usagers.csv").rename(os.fsdecode(os.fsencode(tmp_path / "in") + b"/usag\xe9rs.csv"))
    except OSError:
        pytest.skip("this file system takes no name that is not UTF-8")
    first = source_files(open_sources(loaded), loaded.base)[0]
    assert first.file == r"usag\xe9rs.csv"
    content = next((tmp_path / "in").glob("usag*")).read_bytes()
    assert (first.size, first.sha256) == (len(content), hashlib.sha256(content).hexdigest())


def test_a_row_that_one_rule_rejects_is_used_by_no_other(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=1, documents=1)
    made.ged[0] = piece(1, 1, conjoint="0099")
    made.documents += TWO_RULES.replace("resident: id", "resident: conjoint").replace("doc,", "chemin,")
    assert settled(made, tmp_path) == ([("ged", 2, "rejected", "RUN-02")], {"0001": [2]})
    with Spool(tmp_path / "again.sqlite") as spool:
        read(made, spool)
        assert [use for use, _ in spool.group("0001")] == [-1]
