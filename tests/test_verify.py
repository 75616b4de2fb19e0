"""``verify``: files, deliveries and folders; releases; results that do not depend on the number of processes."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from converter.cda import wrap_scan
from converter.console import Console
from converter.delivery import BundleEntry, DocumentEntry, ResidentEntry, open_delivery
from converter.diagnostics import Diagnostic, ExitCode, MappingError, ProductLocation, SourceError
from converter.diagnostics.catalogue import entries
from converter.fhir import RELEASES, bundle, document_reference
from converter.fhir.check import CheckedFile
from converter.verify import VerifyResult, checking, run_verify, verify
from tests.fhir.building import CLOCK, PDF, document, establishment, resident, scan

ROWS = {"read": 2, "converted": 2, "rejected": 0, "skipped": 0}


def head(release: str) -> dict[str, Any]:
    return {
        "release": release,
        "tool": {"name": "dui-converter", "version": "0.1.0"},
        "mapping": {"title": None, "fingerprint": "f" * 64},
        "date": CLOCK.isoformat(),
        "complete": True,
        "rows": {"sources": {"ged": ROWS}, "total": ROWS},
    }


def write_bundle(stream: Any, numbers: list[int], release: str, work: Path) -> list[DocumentEntry]:
    """Wrapped scans, as a run would make them."""
    paper = work / "a.pdf"
    paper.write_bytes(PDF)
    held = replace(scan(), path=paper, sha256=hashlib.sha256(PDF).hexdigest())
    entries_of_bundle, told = [], []
    for number in numbers:
        record = document(number, scan=held)
        made = document_reference(record, resident(), establishment(), RELEASES[release], CLOCK)
        entries_of_bundle.append((made, wrap_scan(record, resident(), establishment(), CLOCK)))
    written = bundle.write(stream, entries_of_bundle, RELEASES[release])
    for entry in written.entries:
        assert entry.identifier and entry.hash and entry.size
        told.append(
            DocumentEntry(
                entry.identifier, "ged", "ged.csv", None, 2, "text/xml", entry.size, entry.hash, held.sha256, held.size
            )
        )
    return told


def deliver(folder: Path, work: Path, release: str = "tddui-1.1.0", *bundles: list[int]) -> Path:
    """A delivery of one resident a bundle, with documents of these numbers."""
    residents = [f"{n:016x}" for n in range(1, len(bundles) + 1)]
    with open_delivery(folder) as delivery:
        for digest, numbers in zip(residents, bundles, strict=True):
            name = f"bundles/{digest}.json"
            with delivery.writer.create(name) as stream:
                told = write_bundle(stream, numbers, release, work)
            content = (folder / name).read_bytes()
            entry = BundleEntry(name, len(content), hashlib.sha256(content).hexdigest(), tuple(told))
            delivery.completed(ResidentEntry(digest, "fp", (entry,), {}))
        delivery.finish(head(release), residents)
    return folder


@pytest.fixture
def delivery(tmp_path: Path) -> Path:
    return deliver(tmp_path / "out", tmp_path, "tddui-1.1.0", [1, 2], [3])


def bundles(folder: Path) -> list[Path]:
    return sorted((folder / "bundles").iterdir())


def found(result: VerifyResult) -> list[str]:
    return [d.code for d in result.diagnostics]


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


# ----------------------------------------------------------------------------------------------------------- sound


@pytest.mark.parametrize("release", [r for r in sorted(RELEASES) if RELEASES[r].documents_per_bundle is None])
def test_a_delivery_as_made_is_sound(release: str, tmp_path: Path) -> None:
    result = verify(deliver(tmp_path / "out", tmp_path, release, [1, 2], [3]))
    assert (found(result), result.is_sound, result.exit_code) == ([], True, ExitCode.OK)
    assert (result.release, result.release_from) == (release, "manifest")
    assert (result.files, result.documents) == (2, 3)
    assert result.bytes == sum(p.stat().st_size for p in bundles(tmp_path / "out"))


def test_a_delivery_of_single_documents_a_bundle(tmp_path: Path) -> None:
    name = "tddui-1.0.0-ballot"
    assert found(verify(deliver(tmp_path / "out", tmp_path, name, [1], [2]))) == []
    assert "BDL-22" in found(verify(deliver(tmp_path / "more", tmp_path, name, [1, 2])))


def test_one_file_of_a_delivery(delivery: Path) -> None:
    result = verify(bundles(delivery)[0])
    assert (found(result), result.release_from, result.files) == (["VER-04"], "profile", 1)
    assert result.is_sound
    assert result.target == bundles(delivery)[0].name


# ---------------------------------------------------------------------------------------------------------- broken


def test_a_file_that_is_missing_is_told_once(delivery: Path) -> None:
    bundles(delivery)[0].unlink()
    result = verify(delivery)
    assert found(result) == ["DLV-24"]
    assert (result.files, result.exit_code) == (1, ExitCode.PRODUCT)


def test_a_file_that_was_edited_is_told_by_sums_and_by_content(delivery: Path) -> None:
    change(bundles(delivery)[0], '"status":"current"', '"status":"currenx"')
    codes = found(verify(delivery))
    assert {"DLV-26", "DR-12", "DR-13"} <= set(codes)


def test_the_document_inside_is_checked(delivery: Path) -> None:
    """The CDA of another document: well formed, sound, and not what the resource announces."""
    first, second = bundles(delivery)
    tree, other = json.loads(first.read_text()), json.loads(second.read_text())
    for name in ("data", "size", "hash"):
        attachment = tree["entry"][0]["resource"]["content"][0]["attachment"]
        attachment[name] = other["entry"][0]["resource"]["content"][0]["attachment"][name]
    first.write_text(json.dumps(tree))
    assert "DR-51" in found(verify(first))


def test_a_delivery_without_manifest_is_a_broken_delivery(delivery: Path) -> None:
    (delivery / "manifest.json").unlink()
    result = verify(delivery)
    assert "DLV-20" in found(result)
    assert (result.files, result.documents, result.release_from) == (2, 3, "profile")


def test_documents_that_the_manifest_does_not_announce(delivery: Path) -> None:
    change(delivery / "manifest.json", document(1).identifier, document(7).identifier)
    (wrong,) = [d for d in verify(delivery).diagnostics if d.code == "VER-06"]
    assert dict(wrong.params) == {"said": 2, "found": 2, "missing": 1}
    assert wrong.location == ProductLocation(f"bundles/{bundles(delivery)[0].name}")


def test_a_document_in_two_files(tmp_path: Path) -> None:
    result = verify(deliver(tmp_path / "out", tmp_path, "tddui-1.1.0", [1, 2], [2]))
    (wrong,) = result.diagnostics
    first, second = (f"bundles/{p.name}" for p in bundles(tmp_path / "out"))
    assert (wrong.code, dict(wrong.params)) == ("BDL-21", {"file": first})
    assert wrong.location == ProductLocation(second, "Bundle.entry[0].resource.masterIdentifier")


def test_a_manifest_cannot_lead_out_of_the_delivery(delivery: Path, tmp_path: Path) -> None:
    shutil.copy(bundles(delivery)[0], tmp_path / "other.json")
    change(delivery / "manifest.json", f"bundles/{bundles(delivery)[0].name}", "bundles/../../other.json")
    result = verify(delivery)
    assert not result.is_sound
    assert all("other.json" not in str(d.location) for d in result.diagnostics)


def test_links_are_not_followed(delivery: Path, tmp_path: Path) -> None:
    first = bundles(delivery)[0]
    shutil.move(first, tmp_path / "away.json")
    first.symlink_to(tmp_path / "away.json")
    assert "DLV-29" in found(verify(delivery))


# --------------------------------------------------------------------------------------------------------- folders


def test_a_folder_of_files(delivery: Path, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    for path in bundles(delivery):
        shutil.copy(path, folder)
    (folder / "notes.txt").write_text("x")
    result = verify(folder)
    assert (found(result), result.files) == (["VER-04", "VER-05"], 2)
    (folder / "broken.JSON").write_text("{")
    assert "BDL-01" in found(verify(folder))


def test_nothing_to_verify(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as stopped:
        verify(tmp_path)
    assert [d.code for d in stopped.value.diagnostics] == ["VER-02"]
    assert stopped.value.exit_code == ExitCode.SOURCES


def test_a_target_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as stopped:
        verify(tmp_path / "none.json")
    assert [d.code for d in stopped.value.diagnostics] == ["VER-01"]


def test_a_file_that_is_no_json_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(PDF)
    result = verify(tmp_path / "a.json")
    assert "BDL-01" in found(result) and result.exit_code == ExitCode.PRODUCT
    assert (result.release, result.release_from) == ("tddui-1.1.0", "default")


# -------------------------------------------------------------------------------------------------------- releases


def test_the_release_asked_for_wins_over_the_manifest(delivery: Path) -> None:
    same = verify(delivery, "tddui-1.1.0")
    assert (found(same), same.release_from) == ([], "option")
    result = verify(delivery, "cda-tddui-1.0.1")
    assert (result.release, result.release_from) == ("cda-tddui-1.0.1", "option")
    assert found(result)[0] == "VER-07" and "DR-61" in found(result)


def test_a_release_that_does_not_exist(delivery: Path) -> None:
    with pytest.raises(MappingError) as stopped:
        verify(delivery, "tddui-1.1")
    (wrong,) = stopped.value.diagnostics
    assert (wrong.code, wrong.params["guess"]) == ("VER-03", "tddui-1.1.0")


def test_a_manifest_of_a_release_to_come(delivery: Path) -> None:
    change(delivery / "manifest.json", '"tddui-1.1.0"', '"tddui-3.0.0"')
    result = verify(delivery)
    assert "VER-08" in found(result)
    assert (result.release, result.release_from) == ("tddui-1.1.0", "profile")


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        (RELEASES["tddui-1.0.1"].bundle_profile, "tddui-1.1.0"),
        (RELEASES["tddui-1.0.1"].bundle_profile + "|1.0.1", "tddui-1.0.1"),
        (RELEASES["tddui-1.0.1"].bundle_profile + "|1.0.0-ballot", "tddui-1.0.0-ballot"),
        (RELEASES["cda-tddui-1.0.0"].document_profile, "cda-tddui-1.0.1"),
        (RELEASES["cda-tddui-1.0.0"].document_profile + "|1.0.0", "cda-tddui-1.0.0"),
        (RELEASES["tddui-1.0.1"].bundle_profile.replace("/", "\\/"), "tddui-1.1.0"),
        ("https://interop.esante.gouv.fr/ig/fhir/tddui/StructureDefinition/tddui-document-reference", None),
        ("https://example.org/x", None),
    ],
)
def test_the_release_of_a_lone_file_is_the_one_it_claims(claim: str, expected: str | None, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(f'{{"resourceType":"Bundle","meta":{{"profile":["{claim}"]}}}}')
    result = verify(tmp_path / "a.json")
    assert (result.release, result.release_from) == ((expected, "profile") if expected else ("tddui-1.1.0", "default"))
    assert "VER-04" in found(result)


# ------------------------------------------------------------------------------------------------------- processes


def test_the_number_of_processes_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = deliver(tmp_path / "out", tmp_path, "tddui-1.1.0", [1, 2], [2], [3], [4, 5])
    change(bundles(target)[2], '"POST"', '"PUT"')
    alone = verify(target, jobs=1)
    monkeypatch.setattr(checking, "_HANDFUL", 0)
    assert verify(target, jobs=2) == alone
    assert {"BDL-15", "BDL-21"} <= set(found(alone))


def test_a_process_that_is_killed_loses_nothing(delivery: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def __init__(self, *_: Any) -> None: ...
        def __enter__(self) -> Broken:
            return self

        def __exit__(self, *_: Any) -> None: ...
        def map(self, check: Any, units: Any) -> Iterator[CheckedFile]:
            yield check(units[0])
            raise checking.BrokenProcessPool

    monkeypatch.setattr(checking, "_HANDFUL", 0)
    monkeypatch.setattr(checking, "ProcessPoolExecutor", Broken)
    result = verify(delivery, jobs=2)
    assert (found(result), result.files, result.documents) == ([], 2, 3)


def test_progress_is_told_once_for_each_file(delivery: Path) -> None:
    steps: list[int] = []
    verify(delivery, step=steps.append)
    assert steps == [2, 0, 0]


# ------------------------------------------------------------------------------------------------------ what is said


def test_the_record(delivery: Path) -> None:
    change(bundles(delivery)[1], '"POST"', '"PUT"')
    record = verify(delivery).record()
    json.dumps(record)
    assert (record["record_version"], record["verdict"], record["errors"]) == (1, "faulty", 2)
    assert record["codes"] == {"BDL-15": 1, "DLV-25": 1}
    wrong = next(f for f in record["findings"] if f["code"] == "BDL-15")
    assert (wrong["slug"], wrong["severity"]) == ("method-not-post", "error")
    assert wrong["file"] == f"bundles/{bundles(delivery)[1].name}"
    assert wrong["path"] == "Bundle.entry[0].request.method"
    assert wrong["message"] and wrong["remedy"]
    assert verify(delivery).record("fr")["findings"][0]["message"] != record["findings"][0]["message"]


def test_on_the_terminal(delivery: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_verify(delivery, Console()) == ExitCode.OK
    out, err = capsys.readouterr()
    assert out == "" and "Sound" in err and "tddui-1.1.0" in err
    for path in bundles(delivery):
        change(path, '"POST"', '"PUT"')
    assert run_verify(delivery, Console(), as_json=True) == ExitCode.PRODUCT
    out, err = capsys.readouterr()
    assert json.loads(out)["verdict"] == "faulty"
    assert "dui explain" in err and "BDL-15" in err


def test_few_places_are_shown_of_many(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = deliver(tmp_path / "out", tmp_path, "tddui-1.1.0", [1, 2, 3, 4, 5, 6])
    path = bundles(target)[0]
    path.write_text(path.read_text().replace('"POST"', '"PUT"'))
    run_verify(target, Console())
    err = capsys.readouterr().err
    assert err.count("BDL-15 The method") == 3 and "3 more of BDL-15" in err
    run_verify(target, Console(verbose=True))
    assert capsys.readouterr().err.count("BDL-15 The method") == 6


def test_nothing_personal_is_said(delivery: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in bundles(delivery):
        path.write_text(path.read_text().replace('"POST"', '"PUT"').replace('"female"', '"féminin"'))
    run_verify(delivery, Console(verbose=True), as_json=True)
    said = "".join(capsys.readouterr())
    assert not any(
        name in said for name in ("MARTIN-ESSAI", "DURAND-ESSAI", "238066399201724", "PETIT-ESSAI", "Jeanne")
    )


def test_every_code_of_verify_is_triggered_here() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    codes = [code for code, entry in entries().items() if entry.area == "verify"]
    assert codes and [code for code in codes if f'"{code}"' not in text] == []


def test_counts_of_a_result_by_hand() -> None:
    result = VerifyResult("x", "tddui-1.1.0", "option", 1, 1, 9, (Diagnostic("BDL-17"), Diagnostic("BDL-15")))
    assert list(result.codes) == ["BDL-15", "BDL-17"]
    assert not result.is_sound
