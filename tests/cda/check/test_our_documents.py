"""What the program itself writes has no finding: wrapped files and dossiers of every state."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from converter.cda import CdaChecker, dossier_document, wrap_scan, wrap_text
from converter.payload import Payload
from tests.cda.dossiers import STATES, full
from tests.cda.making import CLOCK, FULL, PDF, establishment, record, resident, scan, ssiad


def _faults(payload: Payload, state: str | None = None) -> list[str]:
    checker = CdaChecker(state)
    for block in payload.chunks():
        checker.feed(block)
    return [d.text() for d in checker.close().diagnostics if d.is_error]


@pytest.mark.parametrize("state", STATES)
def test_a_full_dossier(state: str, tmp_path: Path) -> None:
    assert _faults(dossier_document(full(state, tmp_path), ssiad(), CLOCK), state) == []


def test_a_wrapped_text() -> None:
    assert _faults(wrap_text(record(), resident(), establishment(), CLOCK, "Été")) == []


@pytest.mark.parametrize("who", [{}, FULL])
def test_a_wrapped_scan(who: dict[str, Any], tmp_path: Path) -> None:
    document = record(scan=scan(tmp_path / "a.pdf", PDF))
    assert _faults(wrap_scan(document, resident(**who), establishment(), CLOCK)) == []
