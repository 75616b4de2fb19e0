"""Level 1: the body, hostile texts, sameness of two runs, streaming."""

from __future__ import annotations

import hashlib
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import converter.cda
from converter.cda import wrap_scan, wrap_text
from converter.cda.text import one_line, printable
from converter.model import Address, Contact, Identifier, Person, ScanFile, SourceLocation
from converter.payload import ChangedFileError, FilePart
from converter.terminology import format_of
from tests.cda.making import (
    CLOCK,
    FULL,
    body,
    content,
    empty_elements,
    establishment,
    find,
    one,
    parsed,
    record,
    resident,
    scan,
)

BODIES = {
    "application/pdf": b"%PDF-1.4\n%%EOF\n",
    "text/plain": "Été\r\n".encode(),
    "text/rtf": b"{\\rtf1}",
    "image/jpeg": b"\xff\xd8\xff\xe0\x00",
    "image/tiff": b"II*\x00",
}


@pytest.mark.parametrize("media_type", BODIES)
def test_the_bytes_of_a_scan_pass_untouched(tmp_path: Path, media_type: str) -> None:
    assert format_of(media_type) is not None
    file = scan(tmp_path / "s", BODIES[media_type], media_type)
    document = parsed(wrap_scan(record(scan=file), resident(), establishment(), CLOCK))
    text = one(document, "c:component/c:nonXMLBody/c:text")
    assert dict(text.attrib) == {"mediaType": media_type, "representation": "B64"}
    assert body(document) == BODIES[media_type]


def test_text_becomes_a_body(tmp_path: Path) -> None:
    document = parsed(wrap_text(record(template="t"), resident(), establishment(), CLOCK, "Été <&>\r\n\x00]]>\n"))
    assert one(document, "//c:nonXMLBody/c:text/@mediaType") == "text/plain"
    assert body(document).decode() == "Été <&>\n�]]>\n"


@pytest.mark.parametrize(("language", "said"), [("fr-FR", []), ("en-GB", ["en-GB"])])
def test_only_another_language_is_said_of_the_body(language: str, said: list[str]) -> None:
    document = parsed(wrap_text(record(language=language), resident(), establishment(), CLOCK, "x"))
    assert find(document, "//c:nonXMLBody/c:languageCode/@code") == said
    assert one(document, "c:languageCode/@code") == "fr-FR"


def test_a_record_without_a_scan_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="nothing to wrap"):
        wrap_scan(record(), resident(), establishment(), CLOCK)


# ------------------------------------------------------------------------------------------------------ hostile text

HOSTILE = {
    "controls": "A\x00B\x1bC\x07\x9f",
    "surrogate": "A\ud800B\udfff",
    "markup": "<script>&amp;&x;]]><!--\"'>",
    "long": "é" * 100_000,
    "direction": "\u202egnp.exe\u2066x\u200f",
    "emoji": "👩‍🦳🏥 𝔸",
    "not characters": "\ufffe\uffff",
    "lines": "a\r\nb\rc\u2028d\x85e\tf",
    "one letter": "X",
    "right to left": "שלום مرحبا",
    "replacement": "%s {x} {{ y }} \\1 \x02 3 \x03",
}


def everywhere(text: str) -> dict[str, Any]:
    """The keyword arguments of a resident who is called so in every place."""
    person = Person(text, text, None, None)
    contact = Contact("ECON", person, address=Address((text,), text, text, text))
    return {
        "birth_name": text,
        "given_names": text,
        "used_given_name": text,
        "birth_place_name": text,
        "address": Address((text, text)),
        "contacts": (contact, Contact("GUARD", organization=text)),
    }


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_stay_texts(tmp_path: Path, name: str) -> None:
    text = HOSTILE[name]
    file = scan(tmp_path / "s")
    document = parsed(
        wrap_scan(record(scan=file, title=text), resident(**everywhere(text)), establishment(name=text), CLOCK)
    )
    title = one(document, "c:title").text
    assert title == one(document, "//c:family[@qualifier='BR']").text
    assert title == one(document, "//c:representedCustodianOrganization/c:name").text
    assert "\n" not in title
    assert not set(title) & set("\u202e\u2066\u200f\x00")
    plain = {"markup", "emoji", "one letter", "right to left", "long", "lines"}
    assert (title == " ".join(text.split())) == (name in plain)
    assert body(document) == file.path.read_bytes()


def test_line_breaks_of_names_become_blanks() -> None:
    document = parsed(wrap_text(record(title=HOSTILE["lines"]), resident(), establishment(), CLOCK, "x"))
    assert one(document, "c:title/text()") == "a b c d e f"


def test_a_title_of_nothing_visible_is_the_kind_of_document() -> None:
    document = parsed(wrap_text(record(title="\u202e \u2066"), resident(), establishment(), CLOCK, "x"))
    assert one(document, "c:title/text()") == record().type.display


def test_attributes_are_escaped() -> None:
    who = resident(local_identifier=replace(resident().local_identifier, extension="3/\"<&>'\n"))
    document = parsed(wrap_text(record(), who, establishment(), CLOCK, "x"))
    assert one(document, "//c:patientRole/c:id/@extension") == "3/\"<&>' "


def test_blanks_inside_an_identifier_are_kept() -> None:
    who = resident(local_identifier=replace(resident().local_identifier, extension="3019900018/A  1"))
    document = parsed(wrap_text(record(), who, establishment(), CLOCK, "x"))
    assert one(document, "//c:patientRole/c:id/@extension") == "3019900018/A  1"


@settings(max_examples=60, deadline=None)
@given(st.text(), st.text())
def test_any_text_gives_a_document(title: str, name: str) -> None:
    who = resident(birth_name=name, address=Address((name,)), local_identifier=Identifier("1.2", name))
    document = parsed(wrap_text(record(title=title), who, establishment(name=name), CLOCK, title))
    assert one(document, "c:title").text == (one_line(title) or record().type.display)
    assert body(document).decode() == printable(title)


# --------------------------------------------------------------------------------------------------------- sameness


def test_two_runs_give_the_same_bytes(tmp_path: Path) -> None:
    file = scan(tmp_path / "s")
    first = content(wrap_scan(record(scan=file), resident(**FULL), establishment(), CLOCK))
    again = content(wrap_scan(record(scan=file), resident(**FULL), establishment(), CLOCK))
    assert first == again
    assert first.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<ClinicalDocument xmlns="urn:hl7-org:v3"')
    assert b"schemaLocation" not in first
    assert b"<!DOCTYPE" not in first


def test_what_is_kept_of_a_resident_is_of_that_resident() -> None:
    """The same key with another name, and the other way round: nothing of one stands in the other's document."""
    names = ("A", "B", "A", "C")
    for name in names:
        who = resident(birth_name=name, location=SourceLocation("u.csv", 2))
        document = parsed(wrap_text(record(), who, establishment(name=name), CLOCK, "x"))
        assert one(document, "//c:family[@qualifier='BR']/text()") == name
        assert one(document, "//c:representedCustodianOrganization/c:name/text()") == name


def test_a_full_header_says_nothing_empty() -> None:
    document = parsed(wrap_text(record(), resident(**FULL), establishment(), CLOCK, "x"))
    assert not list(empty_elements(document))


# -------------------------------------------------------------------------------------------------------- streaming


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4096, 786_432, 786_433, 1_000_003])
def test_the_size_is_known_before_streaming(tmp_path: Path, size: int) -> None:
    payload = wrap_scan(record(scan=scan(tmp_path / "s", b"x" * size)), resident(), establishment(), CLOCK)
    assert payload.media_type == "text/xml"
    assert payload.size == len(content(payload))
    assert [type(p) for p in payload.parts] == [bytes, FilePart, bytes]


def test_a_large_scan_is_never_held(tmp_path: Path) -> None:
    size = 64 * 1024 * 1024
    path = tmp_path / "large.pdf"
    with path.open("wb") as file:
        file.write(b"%PDF-1.4\n")
        file.truncate(size)
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    large = ScanFile(path, "large.pdf", "application/pdf", size, sha256, "")
    tracemalloc.start()
    payload = wrap_scan(record(scan=large), resident(), establishment(), CLOCK)
    streamed = sum(map(len, payload.chunks()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert streamed == payload.size
    assert peak < 8 * 1024 * 1024


def test_a_scan_that_changed_is_not_sent(tmp_path: Path) -> None:
    file = scan(tmp_path / "s")
    payload = wrap_scan(record(scan=file), resident(), establishment(), CLOCK)
    file.path.write_bytes(b"%PDF-1.4\n%%EOX\n")
    with pytest.raises(ChangedFileError):
        content(payload)


def test_the_package_offers_what_it_says() -> None:
    assert all(hasattr(converter.cda, name) for name in converter.cda.__all__)
    assert not hasattr(converter.cda, "nothing")
