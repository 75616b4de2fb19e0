"""The same content has the same fingerprint, wherever it lies; any other content has another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from converter.conversion.fingerprint import fingerprint
from converter.diagnostics import SourceLocation
from converter.model import Address, Contact, Identifier, PartialDate, Resident, ScanFile, Sex

PLACE = SourceLocation("usagers.csv", 2)
RESIDENT = Resident("1", "d", Identifier("1.2", "3"), "MARTIN", Sex.FEMALE, PLACE, birth_date=PartialDate(1931, 5))
SCAN = ScanFile(Path("/a/1.pdf"), "1.pdf", "application/pdf", 10, "aa", "bb")


def test_places_and_paths_do_not_count() -> None:
    moved = replace(RESIDENT, location=SourceLocation("autre.csv", 99))
    assert fingerprint(RESIDENT) == fingerprint(moved)
    assert fingerprint(SCAN) == fingerprint(replace(SCAN, path=Path("/b/2.pdf"), relative="2.pdf"))


@pytest.mark.parametrize(
    "change",
    [
        {"birth_name": "MARTIN "},
        {"used_name": "MARTIN"},
        {"given_names": ""},
        {"birth_date": PartialDate(1931)},
        {"birth_date": PartialDate(1931, 5, 1)},
        {"deceased": False},
        {"address": Address(("a", "b"))},
        {"contacts": (Contact("ECON"),)},
    ],
)
def test_any_datum_counts(change: dict[str, object]) -> None:
    assert fingerprint(RESIDENT) != fingerprint(replace(RESIDENT, **change))


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (("a", "b"), ("ab",)),
        (("a", ("b",)), ("a", "b")),
        (((), "a"), (("a",),)),
        ((1,), ("1",)),
        ((None,), ("None",)),
        ((True,), (1,)),
        (({"a": "b"},), ({"a": "c"},)),
        (("a\x1fstr:b",), ("a", "b")),
        (("]",), ([],)),
    ],
)
def test_structure_counts(one: tuple[object, ...], two: tuple[object, ...]) -> None:
    assert fingerprint(*one) != fingerprint(*two)


def test_it_is_stable_and_takes_any_text() -> None:
    assert fingerprint("é\ud800", [1, {"a": None}]) == fingerprint("é\ud800", (1, {"a": None}))
    assert len(fingerprint()) == 64
