"""Bundles as they are streamed: the same JSON as one made in memory, sizes foretold, digests right, bytes stable."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter.fhir import RELEASES, Options, bundle
from converter.fhir.bundle import entry_size, envelope_size, full_url
from converter.payload import ChangedFileError, FilePart, Payload
from tests.fhir.building import cda, document, parsed, payload, resource, sample, write


def attachment(tree: Any, number: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = tree["entry"][number]["resource"]["content"][0]["attachment"]
    return found


@pytest.mark.parametrize("release", sorted(RELEASES))
def test_a_bundle_is_the_json_that_a_parser_would_make(release: str) -> None:
    made, content = resource(1, release), cda(1)
    tree = parsed(write((made, payload(1)), release=release))
    made["content"][0]["attachment"] |= {
        "data": base64.b64encode(content).decode(),
        "size": len(content),
        "hash": base64.b64encode(hashlib.sha1(content).digest()).decode(),
    }
    assert tree == {
        "resourceType": "Bundle",
        "meta": {"profile": [RELEASES[release].bundle_profile]},
        "type": "transaction",
        "entry": [
            {
                "fullUrl": full_url(made),
                "resource": made,
                "request": {"method": "POST", "url": "DocumentReference"},
            }
        ],
    }


@pytest.mark.parametrize("release", sorted(RELEASES))
def test_the_r4b_models_load_a_whole_bundle(release: str) -> None:
    from fhir.resources.R4B.bundle import Bundle

    loaded = Bundle.model_validate(parsed(sample(release)))
    assert [entry.resource.masterIdentifier.value for entry in loaded.entry] == [
        document(n).identifier for n in range(1, len(loaded.entry) + 1)
    ]


def test_entries_keep_their_order_and_one_without_payload_is_written_as_it_stands() -> None:
    patient = {"resourceType": "Patient", "id": "a", "name": [{"family": "ESSAI"}]}
    tree = parsed(write((patient, None), (resource(1), payload(1)), (resource(2), payload(2))))
    assert [e["resource"]["resourceType"] for e in tree["entry"]] == [
        "Patient",
        "DocumentReference",
        "DocumentReference",
    ]
    assert tree["entry"][0]["resource"] == patient
    assert tree["entry"][0]["request"] == {"method": "POST", "url": "Patient"}
    assert base64.b64decode(attachment(tree, 2)["data"]) == cda(2)


def test_what_is_told_of_a_written_bundle_is_so() -> None:
    stream = io.BytesIO()
    written = bundle.write(stream, [(resource(1), payload(1)), (resource(2), payload(2))], RELEASES["tddui-1.1.0"])
    text = stream.getvalue()
    assert (written.sha256, written.size) == (hashlib.sha256(text).hexdigest(), len(text))
    for number, entry in enumerate(written.entries):
        held = parsed(text)["entry"][number]
        assert entry.full_url == held["fullUrl"]
        assert entry.identifier == held["resource"]["masterIdentifier"]["value"] == document(number + 1).identifier
        assert (entry.hash, entry.size) == (attachment(parsed(text), number)["hash"], len(cda(number + 1)))


def test_a_single_document_is_a_resource_and_nothing_around() -> None:
    stream = io.BytesIO()
    written = bundle.write_document(stream, resource(), payload())
    text = stream.getvalue()
    assert parsed(text)["resourceType"] == "DocumentReference"
    assert base64.b64decode(parsed(text)["content"][0]["attachment"]["data"]) == cda()
    assert (written.sha256, written.size) == (hashlib.sha256(text).hexdigest(), len(text))


@given(st.lists(st.integers(0, 400), max_size=6), st.booleans())
def test_sizes_are_foretold_to_the_byte(fillings: list[int], versioned: bool) -> None:
    release, options = RELEASES["tddui-1.1.0"], Options(profile_version=versioned)
    entries: list[tuple[Any, Payload | None]] = [
        (resource(n, options=options), payload(n, filling)) for n, filling in enumerate(fillings)
    ]
    entries.append(({"resourceType": "Patient", "name": [{"family": "É"}]}, None))
    told = envelope_size(release, options) + sum(entry_size(*entry) for entry in entries) - 1
    assert len(write(*entries, options=options)) == told


@given(st.lists(st.binary(max_size=9), max_size=12))
def test_pieces_of_any_size_make_one_base64(pieces: list[bytes]) -> None:
    whole = b"".join(pieces) or b"x"
    tree = parsed(write((resource(), Payload(tuple(pieces) or (b"x",), "text/xml")))) if b"".join(pieces) else None
    if tree is not None:
        assert base64.b64decode(attachment(tree)["data"], validate=True) == whole
        assert attachment(tree)["size"] == len(whole)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 786_431, 786_432, 786_433, 2_000_000])
def test_a_scan_in_base64_inside_a_document_in_base64(size: int, tmp_path: Path) -> None:
    scan = (b"%PDF-1.4 \xff\0" * (size // 9 + 1))[:size]
    (tmp_path / "a.pdf").write_bytes(scan)
    part = FilePart(tmp_path / "a.pdf", size, hashlib.sha256(scan).hexdigest())
    content = Payload((b"<a>", part, b"</a>"), "text/xml")
    tree = parsed(write((resource(), content)))
    assert base64.b64decode(attachment(tree)["data"]) == b"<a>" + base64.b64encode(scan) + b"</a>"
    assert attachment(tree)["size"] == content.size


def test_a_scan_that_changed_is_not_handed_over(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.5")
    part = FilePart(tmp_path / "a.pdf", 8, hashlib.sha256(b"%PDF-1.4").hexdigest())
    with pytest.raises(ChangedFileError):
        write((resource(), Payload((b"<a>", part, b"</a>"), "text/xml")))


def test_the_same_documents_give_the_same_bytes() -> None:
    assert sample("tddui-1.1.0") == write(*((resource(n), payload(n)) for n in (1, 2, 3)))


def test_the_bytes_are_compact_utf_8_with_one_line_an_entry() -> None:
    text = write((resource(1), payload(1)), (resource(2), payload(2)))
    assert text.endswith(b"\n]}\n") and text.count(b"\n") == 4
    assert "é".encode() in text and b"\\u00e9" not in text
    assert not text.startswith(b"\xef\xbb\xbf") and b'": ' not in text


def test_text_that_json_has_to_escape_comes_back_as_it_was() -> None:
    title = 'Guillemets "x", barre \\, ligne\n, séparateur \u2028, \U0001f600'
    tree = parsed(write((resource(title=title), payload())))
    assert attachment(tree)["title"] == title


def test_full_urls_are_small_uuids_that_depend_on_the_document_alone() -> None:
    first, again, other = resource(1), resource(1, title="Autre titre"), resource(2)
    assert full_url(first) == full_url(again) != full_url(other)
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", full_url(first))
    assert UUID(full_url(first)[9:]).version == 5
    plain = {"resourceType": "Patient", "name": [{"family": "A"}]}
    assert full_url(plain) == full_url(dict(plain)) != full_url(plain | {"id": "1"})


def test_a_document_is_read_once_and_never_held() -> None:
    """Blocks are written as they come: between two of them nothing is kept but their remainder of three."""
    seen: list[int] = []

    class Watching(io.RawIOBase):
        def write(self, data: Any) -> int:
            seen.append(len(data))
            return len(data)

    class Endless(Payload):
        def chunks(self) -> Iterator[bytes]:
            yield from (b"x" * 300_001 for _ in range(40))

    bundle.write(Watching(), [(resource(), Endless((), "text/xml"))], RELEASES["tddui-1.1.0"])  # type: ignore[arg-type]
    assert sum(seen) > 16_000_000
    assert max(seen) < 420_000


@pytest.mark.parametrize(
    ("versioned", "expected"),
    [
        (False, "https://interop.esante.gouv.fr/ig/cda/tddui/StructureDefinition/tddui-bundle"),
        (True, "https://interop.esante.gouv.fr/ig/cda/tddui/StructureDefinition/tddui-bundle|1.0.1"),
    ],
)
def test_the_version_of_the_profile_is_written_where_asked(versioned: bool, expected: str) -> None:
    options = Options(profile_version=versioned)
    name = "cda-tddui-1.0.1"
    tree = json.loads(write((resource(1, name, options), payload()), release=name, options=options))
    assert tree["meta"]["profile"] == [expected]
    claimed = tree["entry"][0]["resource"]["meta"]["profile"]
    assert claimed == [expected.replace("tddui-bundle", "tddui-documentreference")]
