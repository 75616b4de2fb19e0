"""Files on disk against rows of the index."""

from __future__ import annotations

from pathlib import Path

import pytest

from converter.pipeline import Run, convert
from converter.settings import Settings
from tests.conversion.watching import Silent
from tests.making import Export, export, pdf, piece


def listed(made: Export, out: Path) -> tuple[list[str], Run]:
    run = convert(Settings(made.write(), out, workers=1), Silent())
    lines = (out / "unindexed.csv").read_text(encoding="utf-8-sig").splitlines()[1:]
    assert run.unindexed == len(lines)
    return [line.partition(";")[2] for line in lines], run


def test_a_rejected_or_skipped_row_names_its_file_too(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=1, documents=3)
    made.ged[0], made.ged[1] = piece(1, 1, date="x"), piece(2, 1, titre="Supprimé")
    made.documents += "    when: {column: titre, not_equals: supprime}\n"
    made.scans["vu/nulle part.pdf"] = pdf("4")
    assert listed(made, tmp_path / "out")[0] == ["vu/nulle part.pdf"]


@pytest.mark.parametrize("out", ["in/out", "in/ged/out", "out"])
def test_delivery_sources_and_mapping_are_no_scans_wherever_they_lie(tmp_path: Path, out: str) -> None:
    made = export(tmp_path / "in", residents=1, documents=1)
    made.sources = made.sources.replace("scans: ged", "scans: .")
    made.ged = [piece(1, 1, chemin="ged/1.pdf")]
    assert listed(made, tmp_path / out)[0] == []
    assert listed(made, tmp_path / out)[0] == []


def test_a_file_whose_name_only_starts_like_the_delivery_is_listed(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=1, documents=1)
    made.scans["out.pdf"] = pdf("x")
    assert listed(made, tmp_path / "in" / "ged" / "out")[0] == ["out.pdf"]


def test_a_document_beyond_a_declared_limit_is_told_before_writing(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=1, documents=2)
    made.scans["2.pdf"] = made.scans["2.pdf"].replace(b"%%EOF", b"%" + b"x" * 90_000 + b"\n%%EOF")
    made.more = "output: {max_bundle_bytes: 60000}\n"
    _, run = listed(made, tmp_path / "out")
    assert [(d.code, d.severity.value, str(d.location)) for d in run.told if d.code == "RUN-25"] == [
        ("RUN-25", "warning", "ged.csv:3")
    ]
    assert run.rejected == 1


def test_a_delivery_inside_a_folder_read_as_a_source_is_refused(tmp_path: Path) -> None:
    from converter.diagnostics import OutputError

    made = export(tmp_path / "in", residents=1, documents=1)
    made.sources = "sources:\n  usagers: {file: usagers.csv}\n"
    made.sources += "  ged: {folder: ged, pattern: '(?P<id>\\d+)/(?P<doc>\\d+)\\.pdf'}\n"
    made.scans = {"0001/7.pdf": pdf("7")}
    made.documents = (
        "documents:\n  - {from: ged, resident: id, scan: {template: \"{{ row['id'] }}/{{ row['doc'] }}.pdf\"}, "
        "key: doc, title: doc, type: {value: '11488-4'}}\n"
    )
    mapping = made.write()
    with pytest.raises(OutputError, match="RUN-53"):
        convert(Settings(mapping, tmp_path / "in" / "ged" / "out", workers=1), Silent())
    assert not (tmp_path / "in" / "ged" / "out").exists()
    assert convert(Settings(mapping, tmp_path / "out", workers=1), Silent()).documents == 1
