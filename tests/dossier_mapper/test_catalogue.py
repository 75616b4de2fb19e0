"""Every code of the area has its words, and the tests here trigger it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from converter.diagnostics.catalogue import entries

_HERE = Path(__file__).parent
AREA = {code: entry for code, entry in entries().items() if entry.area == "dossier"}
_CODE = re.compile(r'"(DOS-\d\d)"')


def used() -> set[str]:
    package = _HERE.parents[1] / "converter" / "dossier_mapper"
    return {code for file in package.glob("*.py") for code in _CODE.findall(file.read_text(encoding="utf-8"))}


def test_codes_and_words_agree() -> None:
    assert used() == set(AREA)


@pytest.mark.parametrize("code", sorted(AREA))
def test_every_code_is_triggered(code: str) -> None:
    tests = (file for file in _HERE.glob("test_*.py") if file.name != "test_catalogue.py")
    assert any(code in file.read_text(encoding="utf-8") for file in tests)


@pytest.mark.parametrize("code", sorted(AREA))
def test_every_entry_says_what_and_what_to_do(code: str) -> None:
    entry = AREA[code]
    assert entry.fr
    assert entry.en
    assert entry.remedy_fr
    assert entry.remedy_en
    assert entry.why
