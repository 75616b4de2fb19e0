"""The official examples: nothing is found in them but the faults that they are known to have."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from tests.cda.check.documents import check

_SPEC = os.environ.get("DUI_OFFICIAL_SPEC")
pytestmark = pytest.mark.skipif(not _SPEC, reason="DUI_OFFICIAL_SPEC does not point at the official examples")

#: Warnings that the later TDDUI examples share: xsi:schemaLocation; no name of the author's structure and five simple
#: observations without effectiveTime; a wrong INS key; a structure number without its prefix digit.
_SHARED = {"CDAX-07": 1, "CDAX-11": 6, "CDAX-50": 1, "CDAX-59": 1}
#: What is known of each example, by the beginning of its name: errors, warnings.
_KNOWN: dict[str, tuple[dict[str, int], dict[str, int]]] = {
    # Four entry identifiers twice.
    "tddui_cda-1.0.1": ({}, {**_SHARED, "CDAX-82": 4}),
    "tddui_1.1.0-b0b295ab": ({}, {**_SHARED, "CDAX-82": 4}),
    # The ballot has neither the FINESS category nor the template of a document's type yet.
    "tddui_1.1.0-ballot": ({"CDAX-53": 1, "CDAX-11": 1}, _SHARED),
    # Author's code without value, no practice setting, INS without first given name, gender of another code system,
    # internal reference to something that is no entry (and whose root is no OID).
    "tddui_seed": (
        {"CDAX-24": 1, "CDAX-11": 1, "CDAX-48": 1, "CDAX-43": 1, "CDAX-80": 1, "CDAX-23": 1},
        {"CDAX-07": 1, "CDAX-11": 1},
    ),
    "testcontenucda3_BIO": ({}, {"CDAX-07": 1}),
    "testcontenucda3_IMG": ({}, {"CDAX-07": 1}),
    # A start of the stay with hours and no offset.
    "testcontenucda3_DOC": ({}, {"CDAX-07": 1, "CDAX-22": 1}),
    # Its reference without target is in a body of another model: not judged.
    "testcontenucda3_DLU": ({}, {"CDAX-07": 1}),
}


def _examples() -> list[Path]:
    return sorted((Path(_SPEC) / "cda").glob("*.xml")) if _SPEC else []


@pytest.mark.parametrize("path", _examples(), ids=lambda path: path.stem)
def test_official_example(path: Path) -> None:
    known = next((v for k, v in sorted(_KNOWN.items(), reverse=True) if path.stem.startswith(k)), None)
    found = check(path.read_bytes())
    assert found.summary is not None
    assert found.summary.identifier is not None
    if (
        known is None
    ):  # the first example with the new template keeps older sections: many faults, see the guide's history
        assert path.stem.startswith("tddui_2024-06")
        assert any(d.code == "CDAX-70" for d in found.diagnostics)
        return
    for level, expected in zip(("error", "warning"), known, strict=True):
        assert Counter(d.code for d in found.diagnostics if d.severity == level) == expected


@pytest.mark.parametrize(("stem", "state"), [("tddui_1.1.0-b0b295ab", "1.1.0"), ("tddui_cda-1.0.1", "cda-1.0.1")])
def test_each_release_has_its_own_codes(stem: str, state: str) -> None:
    path = next(p for p in _examples() if p.stem.startswith(stem))
    assert [d for d in check(path.read_bytes(), state).diagnostics if d.is_error] == []
    other = {"1.1.0": "cda-1.0.1", "cda-1.0.1": "1.1.0"}[state]
    assert [d for d in check(path.read_bytes(), other).diagnostics if d.is_error] != []
