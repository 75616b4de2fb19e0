"""The same command again: what is complete and unchanged stays untouched, the rest is made as if from nothing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.disturbing import assert_ended_as, products, run
from tests.making import Export, dui, export, pdf, piece, rejects, run_record, usager

OWN_TYPE = """\
tables:
  maison:
    use: legacy-document-kinds
    add: {Feuille: {type: "%s", class: "%s"}}
"""


def times(out: Path) -> dict[str, int]:
    """When each product was written."""
    return {p.name: p.stat().st_mtime_ns for p in sorted((out / "bundles").iterdir())}


def again(made: Export, out: Path, *options: str) -> tuple[set[str], int]:
    """Run once more: the bundles written anew (or gone), and how many residents were kept. Products as from nothing."""
    mapping = made.write()
    before = times(out)
    ran = run(mapping, "-o", out, "--workers", "1", *options)
    assert ran.code in (0, 1), ran.err
    after = times(out)
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    return changed, run_record(out)["residents"]["kept"]


def assert_as_from_nothing(made: Export, out: Path) -> None:
    fresh = out.with_name("fresh")
    shutil.rmtree(fresh, ignore_errors=True)
    assert run(made.write(), "-o", fresh, "--workers", "1").code in (0, 1)
    assert_ended_as(out, products(fresh))


@pytest.fixture
def made(tmp_path: Path) -> Export:
    return export(tmp_path / "in", residents=4, documents=2)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    assert run(export(folder / "in", residents=4, documents=2).write(), "-o", folder / "out").code == 0
    return folder / "out"


@pytest.fixture
def out(tmp_path: Path, finished: Path) -> Path:
    """A finished delivery of ``made``."""
    return Path(shutil.copytree(finished, tmp_path / "out"))


def test_nothing_changed_nothing_written(made: Export, out: Path) -> None:
    before = products(out)
    own = {name: (out / name).stat().st_mtime_ns for name in ("manifest.json", "SHA256SUMS")}
    assert again(made, out) == (set(), 4)
    assert products(out) == before
    assert {name: (out / name).stat().st_mtime_ns for name in own} == own


def test_force_makes_everything_anew_with_the_same_bytes(made: Export, out: Path) -> None:
    before = products(out)
    changed, kept = again(made, out, "--force")
    assert (len(changed), kept) == (4, 0)
    assert products(out) == before


def test_one_changed_row_is_one_resident(made: Export, out: Path) -> None:
    made.ged[2] = dict(made.ged[2]) | {"titre": "Autre titre"}
    changed, kept = again(made, out)
    assert (len(changed), kept) == (1, 3)
    assert_as_from_nothing(made, out)


def test_one_changed_scan_is_one_resident(made: Export, out: Path) -> None:
    made.scans["5.pdf"] = pdf("autre scan")
    changed, kept = again(made, out)
    assert (len(changed), kept) == (1, 3)
    assert_as_from_nothing(made, out)


def test_a_row_that_moves_changes_the_manifest_only(made: Export, out: Path) -> None:
    made.ged.insert(0, piece(99, 4, chemin="absent.pdf"))
    changed, kept = again(made, out)
    assert (changed, kept) == (set(), 4)
    assert_as_from_nothing(made, out)


def test_a_changed_table_entry_is_the_residents_it_concerns(tmp_path: Path, made: Export) -> None:
    made.documents = made.documents.replace("legacy-document-kinds", "maison")
    made.ged[0] = dict(made.ged[0]) | {"type": "Feuille"}
    made.more = OWN_TYPE % ("11488-4", "11")
    out = tmp_path / "out"
    assert run(made.write(), "-o", out, "--workers", "1").code == 0
    made.more = OWN_TYPE % ("11490-0", "11")
    changed, kept = again(made, out)
    assert (len(changed), kept) == (1, 3)
    assert_as_from_nothing(made, out)


def test_a_changed_establishment_is_everybody(made: Export, out: Path) -> None:
    made.establishment = made.establishment.replace("EHPAD inventé", "EHPAD rebaptisé")
    changed, kept = again(made, out)
    assert (len(changed), kept) == (4, 0)
    assert_as_from_nothing(made, out)


def test_a_damaged_or_missing_bundle_is_made_again(made: Export, out: Path) -> None:
    before = products(out)
    first, second, *_ = sorted((out / "bundles").iterdir())
    first.unlink()
    second.write_bytes(second.read_bytes()[:-1] + b" ")
    changed, kept = again(made, out)
    assert (changed, kept) == ({first.name, second.name}, 2)
    assert products(out) == before


def test_without_its_journal_everything_is_made_again(made: Export, out: Path) -> None:
    before = products(out)
    (out / "journal.jsonl").unlink()
    assert again(made, out)[1] == 0
    assert products(out) == before


def test_a_resident_who_has_left_stays_until_pruned(made: Export, out: Path) -> None:
    made.usagers.pop()
    made.ged = made.ged[:-2]
    changed, kept = again(made, out)
    assert (changed, kept) == (set(), 3)
    assert "RUN-26" in {said["code"] for said in run_record(out)["said"]}
    assert len(times(out)) == 4
    changed, kept = again(made, out, "--prune")
    assert (len(changed), kept) == (1, 3)
    assert_as_from_nothing(made, out)


def test_a_rejected_row_that_is_corrected(tmp_path: Path, made: Export) -> None:
    out = tmp_path / "out"
    sound = made.ged[3]
    made.ged[3] = dict(sound) | {"date": "31/02/2020"}
    assert run(made.write(), "-o", out, "--workers", "1").code == 1
    assert again(made, out) == (set(), 4)
    assert [row["Code"] for row in rejects(out)] == ["DATE-02"]
    made.ged[3] = sound
    changed, kept = again(made, out)
    assert (len(changed), kept) == (1, 3)
    assert rejects(out) == []
    assert_as_from_nothing(made, out)


def test_a_scan_that_turns_up_later(tmp_path: Path, made: Export) -> None:
    out = tmp_path / "out"
    late = made.scans.pop("4.pdf")
    assert run(made.write(), "-o", out, "--workers", "1").code == 1
    made.scans["4.pdf"] = late
    changed, kept = again(made, out)
    assert (len(changed), kept) == (1, 3)
    assert_as_from_nothing(made, out)


def test_a_refusal_is_kept_with_what_it_is_about(tmp_path: Path, made: Export) -> None:
    """A document too large is refused while its bundle is made: the next run says so without making it."""
    made.scans["2.pdf"] += b"\n%" + b"x" * 60_000 + b"\n%%EOF\n"
    made.more = "output: {max_bundle_bytes: 60000}\n"
    out = tmp_path / "out"
    assert run(made.write(), "-o", out, "--workers", "1").code == 1
    first = rejects(out)
    assert [row["Code"] for row in first] == ["RUN-25"]
    assert again(made, out) == (set(), 4)
    assert rejects(out) == first


def test_fewer_parts_than_before(tmp_path: Path, made: Export) -> None:
    made.more = "output: {max_entries: 1}\n"
    out = tmp_path / "out"
    assert run(made.write(), "-o", out, "--workers", "1").code == 0
    assert len(times(out)) == 8
    made.more = ""
    again(made, out)
    assert len(times(out)) == 4
    assert_as_from_nothing(made, out)


def test_a_run_over_some_residents_is_gone_on_with(tmp_path: Path, made: Export) -> None:
    out = tmp_path / "out"
    assert run(made.write(), "-o", out, "--workers", "1", "--limit", "2").code == 0
    assert len(times(out)) == 2
    changed, kept = again(made, out)
    assert (len(changed), kept) == (2, 2)
    assert_as_from_nothing(made, out)


# ----------------------------------------------------------------------------------------------------------- the clock


def set_age(made: Export, seconds: int) -> None:
    for path in made.folder.glob("*.csv"):
        os.utime(path, (seconds, seconds))


def test_a_newer_source_alone_makes_nobody_anew(tmp_path: Path, made: Export) -> None:
    """Nobody declared a clock: it is the newest source's, and stays that of the run that made a resident."""
    made.head = "mapping: 1\n"
    out = tmp_path / "out"
    mapping = made.write()
    set_age(made, 1_700_000_000)
    assert run(mapping, "-o", out, "--workers", "1").code == 0
    before = times(out)
    set_age(made, 1_700_086_400)
    assert run(mapping, "-o", out, "--workers", "1").code == 0
    assert times(out) == before
    assert run_record(out)["residents"]["kept"] == 4


def test_another_declared_clock_makes_everybody_anew(made: Export, out: Path) -> None:
    changed, kept = again(made, out, "--date", "2026-03-13T08:00:00+01:00")
    assert (len(changed), kept) == (4, 0)


# --------------------------------------------------------------------------------------------------- the same bytes

SURROUNDINGS = [
    {"TZ": "Pacific/Auckland", "PYTHONHASHSEED": "1"},
    {"TZ": "America/St_Johns", "PYTHONHASHSEED": "2", "LC_ALL": "C"},
    {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "PYTHONHASHSEED": "3"},
]


@pytest.fixture(scope="module")
def varied(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """Ten residents with accents, missing and unnamed scans; what one run makes of them."""
    folder = tmp_path_factory.mktemp("varied")
    made = export(folder / "in", residents=10, documents=3)
    made.usagers[3] = usager(4, nom="ÉLÉONORE-ÏSA", prenom="Zoé İnci")
    made.ged[7] = dict(made.ged[7]) | {"titre": "Œuvre été"}
    made.ged[8] = dict(made.ged[8]) | {"chemin": "DOSSIER/ÉTÉ.PDF"}
    made.scans["dossier/été.pdf"] = pdf("ete")
    made.scans["oublié.pdf"] = pdf("oublie")
    mapping = made.write()
    assert run(mapping, "-o", folder / "out", "--workers", "1").code in (0, 1)
    return mapping, products(folder / "out")


@pytest.mark.parametrize("env", SURROUNDINGS, ids=lambda env: env.get("TZ") or env["LANG"])
def test_surroundings_change_no_byte(
    tmp_path: Path, varied: tuple[Path, dict[str, bytes]], env: dict[str, str]
) -> None:
    mapping, expected = varied
    ran = dui("convert", mapping, "-o", tmp_path / "out", "--workers", "2", "-q", env=env)
    assert ran.code in (0, 1), ran.err
    assert_ended_as(tmp_path / "out", expected)


def test_another_place_and_order_on_disk_change_no_byte(tmp_path: Path, varied: tuple[Path, dict[str, bytes]]) -> None:
    mapping, expected = varied
    source, target = mapping.parent, tmp_path / "ailleurs" / "copie"
    for path in sorted(source.rglob("*"), reverse=True):
        if path.is_file():
            copy = target / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
    assert run(target / mapping.name, "-o", tmp_path / "out", "--workers", "2").code in (0, 1)
    assert_ended_as(tmp_path / "out", expected)
