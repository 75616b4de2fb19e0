"""Identifiers: the same for the same numbers, apart for different ones, and never too long."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from converter.identifiers import check_oid
from converter.mapper.identity import document_identity, later_identity, local_root, resident_digest
from converter.mapping.loader import establishment, load
from converter.model import Establishment
from tests.making import export


def sender(folder: Path, oid: str | None = "1.2.250.1.999.1") -> Establishment:
    made = export(folder, 1, 1)
    made.establishment = made.establishment.replace("  oid: 1.2.250.1.999.1\n", f"  oid: {oid}\n" if oid else "")
    return establishment(load(made.write()).spec)


def test_an_identifier_never_changes(tmp_path: Path) -> None:
    found = document_identity(sender(tmp_path), "0001", "ged", "12")
    assert found.uuid == UUID("e413b038-c5f2-5767-b16b-05958c0c86f3")
    assert found.identifier == f"urn:oid:1.2.250.1.999.1.{found.uuid.int}"


@pytest.mark.parametrize(
    "other",
    [
        ("0002", "ged", "12"),
        ("0001", "autre", "12"),
        ("0001", "ged", "13"),
        ("0001", "ged|12", ""),
        ("0001|ged", "12", ""),
    ],
)
def test_anything_else_is_another_document(tmp_path: Path, other: tuple[str, str, str]) -> None:
    one = document_identity(sender(tmp_path), "0001", "ged", "12")
    assert document_identity(sender(tmp_path), *other).identifier != one.identifier


def test_a_bar_in_a_number_makes_no_two_documents_one(tmp_path: Path) -> None:
    one = document_identity(sender(tmp_path), "1|ged", "ged", "2")
    assert document_identity(sender(tmp_path), "1", "ged", "ged|2").identifier != one.identifier


def test_versions_share_their_set(tmp_path: Path) -> None:
    one = document_identity(sender(tmp_path), "0001", "ged", "12")
    two, three = (later_identity(sender(tmp_path), one.set_uuid, version) for version in (2, 3))
    assert one.set_identifier == two.set_identifier == three.set_identifier
    assert len({one.identifier, two.identifier, three.identifier, one.set_identifier}) == 4


@pytest.mark.parametrize("oid", ["1.2.250.1.999.1", "1.2.250.1.213.1.4.999999999999", "1.2.250.1." + "9" * 33])
def test_an_oid_is_one_that_xds_takes(tmp_path: Path, oid: str) -> None:
    found = document_identity(sender(tmp_path, oid), "0001", "ged", "12")
    for urn in (found.identifier, found.set_identifier):
        number = urn.removeprefix("urn:oid:")
        assert len(number) <= 64
        assert check_oid(number) == []


def test_without_an_arc(tmp_path: Path) -> None:
    found = document_identity(sender(tmp_path, None), "0001", "ged", "12")
    assert found.identifier == f"urn:uuid:{found.uuid}"
    assert UUID(local_root(sender(tmp_path, None))).version == 5


def test_lone_surrogates_and_controls_have_identifiers_too(tmp_path: Path) -> None:
    assert document_identity(sender(tmp_path), "\ud800", "ged", "\udc00").uuid.version == 5
    assert len(resident_digest("019900018", "\ud800")) == 20


def test_a_digest_tells_residents_apart_and_says_nothing() -> None:
    digests = {resident_digest("019900018", key) for key in ("1", "01", "1 ", "A", "a")}
    assert len(digests) == 5
    assert all(len(d) == 20 and set(d) <= set("0123456789abcdef") for d in digests)
