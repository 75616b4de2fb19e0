"""The catalogue as a whole: every code used has words, every entry is used, and every text can be filled in."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from string import Formatter

import pytest

from converter.diagnostics import Diagnostic, Severity
from converter.diagnostics.catalogue import entries

SOURCE = Path(__file__).parents[2] / "converter"
_CODE = re.compile(r"""["']([A-Z]{2,7}-\d{1,3})["']""")
#: Codes put together at run time: one per kind of file that no document's body is.
_BUILT = {f"SCAN-{number}" for number in range(40, 50)}


def _used() -> dict[str, set[str]]:
    """Codes that stand in the source as literals, with the files they stand in."""
    areas = {code.partition("-")[0] for code in entries()}
    found: dict[str, set[str]] = defaultdict(set)
    for path in SOURCE.rglob("*"):
        if path.suffix not in (".py", ".toml", ".json") or path.parent.name == "catalogue":
            continue
        for code in _CODE.findall(path.read_text(encoding="utf-8")):
            if code.partition("-")[0] in areas:
                found[code].add(path.relative_to(SOURCE).as_posix())
    return found


def test_every_code_used_has_words() -> None:
    assert {code: files for code, files in _used().items() if code not in entries()} == {}


def test_every_entry_is_used() -> None:
    assert sorted(set(entries()) - set(_used()) - _BUILT) == []


@pytest.mark.parametrize("code", sorted(entries()))
def test_an_entry_is_complete_and_can_be_filled_in(code: str) -> None:
    entry = entries()[code]
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", entry.slug)
    assert Severity(entry.severity)
    for lang in ("fr", "en"):
        diagnostic = Diagnostic(code, None, {})
        assert diagnostic.message(lang)
        assert isinstance(diagnostic.remedy(lang), str)
    if entry.severity == "error":
        assert entry.remedy_fr
        assert entry.remedy_en


@pytest.mark.parametrize("code", sorted(entries()))
def test_both_languages_name_the_same_parameters(code: str) -> None:
    entry = entries()[code]

    def names(text: str) -> set[str]:
        # A parameter in one language's words has another name in the other.
        return {name.removesuffix("_en") for _, name, _, _ in Formatter().parse(text) if name is not None}

    assert names(entry.fr) == names(entry.en)
    assert names(entry.remedy_fr) == names(entry.remedy_en)
