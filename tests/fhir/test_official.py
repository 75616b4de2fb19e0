"""The examples that were published with the releases, and the profiles themselves against our tables.

Needs the official material: DUI_OFFICIAL_SPEC is its folder. Faults of the examples are known and named here: each is
one of the guide's own, noted by others too.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from converter.cda import CdaChecker
from converter.fhir import RELEASES, Release
from converter.fhir.check import check_file

_FOLDERS = {
    "tddui-1.0.0-ballot": "tddui-1.0.0-ballot/rebuilt",
    "tddui-1.0.1": "tddui-1.0.1/rebuilt",
    "tddui-1.1.0": "tddui-1.1.0",
    "cda-tddui-1.0.0": "cda.tddui-1.0.0",
    "cda-tddui-1.0.1": "cda.tddui-1.0.1",
}
_EXAMPLES = {
    "tddui-1.1.0": ("tddui-1.1.0", "tddui-1.1.0-ballot"),
    "cda-tddui-1.0.0": ("cda.tddui-1.0.0",),
    "cda-tddui-1.0.1": ("cda.tddui-1.0.1",),
}
#: The bundles put a resource's name where FHIR wants its type (`TDDUIDocumentReference1` for `DocumentReference`).
_KNOWN_FAULTS = {
    "Bundle-TDDUIBundleExample.json": ["BDL-16", "BDL-16"],
    "DocumentReference-TDDUIDocumentReferenceExample.json": [],
}
#: What the examples leave out, or write as no receiver would: "Hello world" as text/plain, bare numbers, no fullUrl.
_KNOWN_REMARKS = {"BDL-17", "BDL-31", "DR-45", "DR-47", "DR-62", "DR-65"}


@pytest.fixture
def official() -> Path:
    folder = os.environ.get("DUI_OFFICIAL_SPEC")
    if not folder:
        pytest.skip("DUI_OFFICIAL_SPEC does not name the official material")
    return Path(folder)


@pytest.mark.parametrize(
    ("release", "folder"), [(release, folder) for release, folders in _EXAMPLES.items() for folder in folders]
)
@pytest.mark.parametrize("name", _KNOWN_FAULTS)
def test_published_examples_pass_but_for_their_known_faults(
    official: Path, release: str, folder: str, name: str
) -> None:
    found = check_file(
        official / folder / "examples" / name,
        RELEASES[release],
        cda_check=lambda: CdaChecker(RELEASES[release].cda_state),
    ).diagnostics
    assert [d.code for d in found if d.is_error] == _KNOWN_FAULTS[name]
    assert {d.code for d in found if not d.is_error} <= _KNOWN_REMARKS


@pytest.mark.parametrize("release", RELEASES.values(), ids=lambda r: r.name)
def test_the_table_of_a_release_is_its_profile(official: Path, release: Release) -> None:
    """Cardinalities that the StructureDefinition narrows, fixed values and targets: all of them and no others."""
    profile = _read(official / _FOLDERS[release.name] / "StructureDefinition-tddui-documentreference.json")
    assert profile["url"] == release.document_profile
    narrowed = {
        _path(e): (e["min"], e["max"])
        for e in profile["differential"]["element"]
        if "." in e["path"] and ("min" in e or "max" in e) and "min" in e and "max" in e
    }
    snapshot = {_path(e): e for e in profile["snapshot"]["element"] if "." in e["path"]}
    for path, (low, high) in release.elements.items():
        assert (snapshot[path]["min"], snapshot[path]["max"]) == (low, str(high)), path
    for path, (low, top) in narrowed.items():
        base = snapshot[path]["base"]
        if (low, top) != (base["min"], base["max"]):
            assert path in release.elements, path
    patterns = {_path(e): e["patternCode"] for e in profile["snapshot"]["element"] if "patternCode" in e}
    assert patterns == dict(release.fixed)
    assert snapshot["subject"]["type"][0]["targetProfile"][0].rpartition("/")[2] in ("Patient", "fr-core-patient")
    holder = snapshot["context.sourcePatientInfo"]["type"][0]["targetProfile"]
    assert holder == [release.patient_profile]


@pytest.mark.parametrize("release", RELEASES.values(), ids=lambda r: r.name)
def test_how_many_documents_a_bundle_holds_is_its_profile(official: Path, release: Release) -> None:
    profile = _read(official / _FOLDERS[release.name] / "StructureDefinition-tddui-bundle.json")
    assert profile["url"] == release.bundle_profile
    (slice_,) = (e for e in profile["snapshot"]["element"] if e["path"] == "Bundle.entry" and e.get("sliceName"))
    assert slice_["min"] == 1
    assert slice_["max"] == ("*" if release.documents_per_bundle is None else str(release.documents_per_bundle))


def _read(path: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return value


def _path(element: dict[str, Any]) -> str:
    path: str = element["path"]
    return path.partition(".")[2]
