"""Dossiers within a run: an EHPAD's refusal is said, not faked, and its deviation is the mapping's own words."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.making import documents, dui, export, holds, inside, run_record, table

STAYS = """\
stays:
  from: sejours
  resident: id
  key: numero
  admission: {column: admission, date: "%d/%m/%Y"}
"""


def _with_stays(folder: Path, dossier: str) -> Path:
    made = export(folder, residents=2, documents=1)
    made.sources += "  sejours: {file: sejours.csv}\n"
    made.documents += f"  - dossier: {dossier}\n"
    made.more = STAYS
    made.usagers = [dict(u) | {"ordre": "12"} for u in made.usagers]
    made.residents += "  birth_order: ordre\n"
    path = made.write()
    rows = [{"id": f"{n:04d}", "numero": f"S{n}", "admission": "01/02/2020"} for n in (1, 2)]
    table(folder / "sejours.csv", ("id", "numero", "admission"), rows)
    return path


def test_an_ehpad_without_a_deviation_keeps_its_scans_and_says_why_there_is_no_dossier(tmp_path: Path) -> None:
    ran = dui("convert", _with_stays(tmp_path / "in", "{}"), "-o", tmp_path / "out")
    assert ran.code == 1, ran.err
    assert ran.err.count("DOS-01") == 1
    assert len(documents(tmp_path / "out")) == 2
    record = run_record(tmp_path / "out")
    assert record["rows"]["sources"]["sejours"] == {"read": 2, "converted": 0, "rejected": 0, "skipped": 2}
    assert holds(record)


@pytest.mark.parametrize("release", ["tddui-1.1.0", "cda-tddui-1.0.1"])
def test_an_ehpad_with_a_declared_deviation(tmp_path: Path, release: str) -> None:
    mapping = _with_stays(tmp_path / "in", "{deviation: sector, category: 448}")
    ran = dui("convert", mapping, "-o", tmp_path / "out", "--release", release)
    assert ran.code == 0, ran.err
    assert ran.err.count("DOS-06") == 1
    assert any(d["code"] == "DOS-06" for d in run_record(tmp_path / "out")["said"])
    dossiers = [inside(r) for r in documents(tmp_path / "out") if b"EXPORT_DUI" in inside(r)]
    assert len(dossiers) == 2
    assert all(b'code="SA41"' in d and b'code="448"' in d for d in dossiers)


def test_a_category_that_the_dossier_does_not_take_is_a_fault_of_the_mapping(tmp_path: Path) -> None:
    mapping = _with_stays(tmp_path / "in", "{deviation: sector, category: 500}")
    ran = dui("convert", mapping, "-o", tmp_path / "out")
    assert ran.code == 2
    assert "MAP-44" in ran.err


def test_the_seed_takes_an_ehpad(tmp_path: Path) -> None:
    mapping = _with_stays(tmp_path / "in", "{no_place: attach}")
    ran = dui("convert", mapping, "-o", tmp_path / "out", "--release", "tddui-1.0.1")
    assert ran.code == 0, ran.err
    assert len(documents(tmp_path / "out")) == 4
