"""Every code that the scan checks use has its words, and every entry is used."""

from __future__ import annotations

import re
from pathlib import Path

import converter.sources.scans
from converter.diagnostics.catalogue import entries


def test_codes_and_entries_agree() -> None:
    folder = Path(converter.sources.scans.__file__).parent
    source = "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py")))
    used = set(re.findall(r"\"(SCAN-\d\d)\"", source)) | {f"SCAN-{number}" for number in range(40, 50)}
    assert used == {code for code, entry in entries().items() if entry.area == "scans"}


def test_every_code_is_met_by_a_test() -> None:
    tests = "\n".join(
        path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parent.glob("test_scans_*.py"))
    )
    assert {code for code, entry in entries().items() if entry.area == "scans" and code not in tests} == set()
