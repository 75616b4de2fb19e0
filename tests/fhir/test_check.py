"""The checker: warnings, the documents inside, whole deliveries, limits, and a trigger for every code there is."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter.diagnostics import Diagnostic, ProductLocation
from converter.diagnostics.catalogue import entries
from converter.fhir import RELEASES
from converter.fhir.check import Registry, check_bundle, check_file, check_resource
from converter.fhir.check.findings import MAX_FINDINGS
from converter.fhir.check.reader import MAX_DEPTH, read
from converter.payload import DocumentFindings, DocumentSummary
from tests.fhir import mutants
from tests.fhir.building import cda, check, codes, document, dumped, errors, parsed, payload, resource, sample, write
from tests.fhir.mutants import A, C, R, add, both, drop, put


def changed(*changes: mutants.Change, release: str = "tddui-1.1.0") -> bytes:
    tree = parsed(sample(release))
    both(*changes)(tree)
    return dumped(tree)


# ---------------------------------------------------------------------------------------- what only deserves a remark

#: name → (code, change): found, and no error.
REMARKS: dict[str, tuple[str, mutants.Change]] = {
    "no fullUrl": ("BDL-17", drop("entry.0.fullUrl")),
    "another resource": (
        "BDL-29",
        add("entry", {
            "fullUrl": mutants.OTHER_UUID,
            "resource": {"resourceType": "Basic", "code": {"text": "x"}},
            "request": {"method": "POST", "url": "Basic"},
        }),
    ),
    "condition of an update": ("BDL-30", put("entry.0.request.ifMatch", 'W/"1"')),
    "condition of a reading": ("BDL-30", put("entry.0.request.ifModifiedSince", "2026-03-02T09:30:00Z")),
    "condition with its type": ("BDL-30", put("entry.0.request.ifNoneExist", "DocumentReference?identifier=1")),
    "blank at the end": ("DR-14", put(f"{A}.title", "Titre ")),
    "reference to nothing": ("DR-23", put(f"{R}.custodian", {"display": "x"})),
    "reference outside": ("DR-30", put(f"{R}.custodian", {"reference": "https://example.org/Organization/1"})),
    "conditional reference": ("DR-30", put(f"{R}.custodian", {"reference": "Organization?identifier=1"})),
    "lines of base64": ("DR-41", put(f"{A}.data", lambda d: d[:76] + "\n" + d[76:])),
    "no size": ("DR-45", drop(f"{A}.size")),
    "no hash": ("DR-45", drop(f"{A}.hash")),
    "no CDA": ("DR-47", mutants.both(
        put(f"{A}.contentType", "application/pdf"),
        put(f"{A}.data", base64.b64encode(b"%PDF-1.4").decode()),
        drop(f"{A}.size"),
        drop(f"{A}.hash"),
    )),
    "no claim": ("DR-60", drop(f"{R}.meta")),
    "claim of something else": ("DR-60", put(f"{R}.meta.profile", ["https://example.org/StructureDefinition/x"])),
    "no claim on the bundle": ("DR-60", drop("meta")),
    "no subject": ("DR-62", drop(f"{R}.subject")),
    "no date": ("DR-62", drop(f"{R}.date")),
    "code that is not in the table": ("DR-63", put(f"{R}.type.coding.0.code", "00000-0")),
    "category that is not in the table": ("DR-63", put(f"{R}.category.0.coding.0.code", "999")),
    "system that the guide does not name": ("DR-64", put(f"{C}.practiceSetting.coding.0.system", "http://example.org")),
    "format of no system": ("DR-64", drop(f"{R}.content.0.format.system")),
    "identifier that is no URN": ("DR-65", put(f"{R}.masterIdentifier", {"value": "123456"})),
    "identifier that is a web address": ("DR-65", put(f"{R}.masterIdentifier.value", "https://example.org/1")),
}  # fmt: skip


@pytest.mark.parametrize("name", REMARKS)
def test_a_remark_is_made_and_nothing_refused(name: str) -> None:
    expected, change = REMARKS[name]
    found = check(changed(change)).diagnostics
    assert expected in [d.code for d in found]
    assert not any(d.is_error for d in found)


def test_a_single_document_where_the_release_has_no_such_flow() -> None:
    single = parsed(sample("cda-tddui-1.0.1"))["entry"][0]["resource"]
    assert codes(dumped(single), "cda-tddui-1.0.1") == ["BDL-31"]
    assert codes(dumped(parsed(sample("tddui-1.1.0"))["entry"][0]["resource"])) == []


# ------------------------------------------------------------------------------------------------- files and delivery


def test_a_single_document_is_judged_as_in_a_bundle() -> None:
    tree = parsed(sample("tddui-1.1.0"))["entry"][0]["resource"]
    tree["status"] = "superseded"
    assert errors(dumped(tree)) == [("DR-13", "DocumentReference.status")]


def test_several_documents_where_the_release_allows_one() -> None:
    three = write(*((resource(n, "tddui-1.0.0-ballot"), payload(n)) for n in (1, 2, 3)), release="tddui-1.0.0-ballot")
    (found,) = check(three, "tddui-1.0.0-ballot").diagnostics
    assert found.code == "BDL-22"
    assert dict(found.params) == {"count": 3, "max": 1, "release": "tddui-1.0.0-ballot"}
    assert check(three, "tddui-1.0.1").diagnostics == []


def test_a_document_in_two_files_of_a_delivery() -> None:
    registry, release = Registry(), RELEASES["tddui-1.1.0"]
    first, second = sample("tddui-1.1.0", 1), sample("tddui-1.1.0", 2)
    assert check_bundle(io.BytesIO(first), release, "bundles/a.json", registry) == []
    (found,) = check_bundle(io.BytesIO(second), release, "bundles/b.json", registry)
    assert (found.code, found.params["file"]) == ("BDL-21", "bundles/a.json")
    assert found.location == ProductLocation("bundles/b.json", "Bundle.entry[0].resource.masterIdentifier")
    # The same file again is no second copy: a delivery may be checked twice.
    assert check_bundle(io.BytesIO(first), release, "bundles/a.json", registry) == []


def test_one_release_is_not_the_other() -> None:
    assert {c for c, _ in errors(sample("tddui-1.1.0"), "cda-tddui-1.0.1")} == {"DR-61"}
    assert {c for c, _ in errors(sample("cda-tddui-1.0.1"), "tddui-1.1.0")} == {"DR-61"}
    assert errors(sample("tddui-1.1.0"), "tddui-1.0.1") == []


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    (found,) = check_file(tmp_path / "none.json", RELEASES["tddui-1.1.0"]).diagnostics
    assert (found.code, str(found.location)) == ("BDL-09", "none.json")
    (tmp_path / "folder.json").mkdir()
    assert check_bundle(tmp_path / "folder.json", RELEASES["tddui-1.1.0"])[0].code == "BDL-09"


def test_what_was_found_is_told_document_by_document(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(sample("tddui-1.1.0"))
    found = check_file(tmp_path / "a.json", RELEASES["tddui-1.1.0"])
    assert [d.identifier for d in found.documents] == [document(n).identifier for n in (1, 2, 3)]
    assert [d.size for d in found.documents] == [len(cda(n)) for n in (1, 2, 3)]
    digest = base64.b64encode(hashlib.sha1(cda(1)).digest()).decode()
    assert (found.documents[0].hash, found.documents[0].path) == (digest, "Bundle.entry[0].resource")


def test_every_problem_of_a_file_is_reported_at_once() -> None:
    found = errors(changed(put("type", "batch"), put(f"{R}.status", "x"), put(f"{A}.size", 1), drop("entry.2.request")))
    assert [c for c, _ in found] == ["DR-12", "DR-13", "DR-43", "BDL-14", "BDL-11"]
    assert found[3][1] == "Bundle.entry[2].request"


def test_a_file_broken_throughout_does_not_fill_the_memory() -> None:
    tree = parsed(sample("tddui-1.1.0", 1))
    tree["entry"] += [{}] * 12_000
    found = check(dumped(tree)).diagnostics
    assert len(found) == MAX_FINDINGS + 1
    assert found[-1].code == "BDL-08"


def test_a_key_that_could_be_personal_is_not_quoted() -> None:
    (found,) = check(changed(put(f"{R}.MARTIN-ESSAI Jeanne 1938", "x"))).diagnostics
    assert "MARTIN" not in found.text() and str(found.location).endswith("resource.?")


def test_findings_never_hold_a_value() -> None:
    secret = "MARTIN-ESSAI"
    for name, (_, change) in mutants.TREE.items():
        tree = parsed(sample("tddui-1.1.0"))
        change(tree)
        assert secret not in repr(check(dumped(tree)).diagnostics), name


# ------------------------------------------------------------------------------------------------ the document inside


class Told:
    """A checker of documents that reads nothing and says what it was told to say."""

    def __init__(self, summary: DocumentSummary | None, *found: Diagnostic) -> None:
        self.summary, self.found, self.fed = summary, found, b""

    def feed(self, data: bytes) -> None:
        self.fed += data

    def close(self) -> DocumentFindings:
        return DocumentFindings(self.found, self.summary)


SAID = DocumentSummary(
    identifier=document(1).identifier,
    code="11490-0",
    code_system="2.16.840.1.113883.6.1",
    title="Compte rendu  d'hospitalisation",
    language="fr-FR",
    effective_time="20210615140500+0200",
    confidentiality="N",
)


def inside(summary: DocumentSummary | None, *found: Diagnostic, data: bytes | None = None) -> list[str]:
    text = data or sample("tddui-1.1.0", 1)
    return codes(text, cda_check=lambda: Told(summary, *found))


def said(**changes: Any) -> DocumentSummary:
    return replace(SAID, **changes)


@pytest.mark.parametrize("step", [1, 3, 1 << 20])
def test_a_document_passes_whole_through_its_checker(step: int) -> None:
    checker = Told(SAID)
    slow: BinaryIO = Slow(sample("tddui-1.1.0", 1), step)  # type: ignore[assignment]
    found = check_file(slow, RELEASES["tddui-1.1.0"], cda_check=lambda: checker)
    assert (found.diagnostics, checker.fed) == ([], cda(1))


def test_a_very_short_document_has_its_checker_too() -> None:
    checker = Told(None)
    text = changed(put(f"{A}.data", base64.b64encode(b"<a/>").decode()), drop(f"{A}.size"), drop(f"{A}.hash"))
    tree = parsed(text)
    del tree["entry"][1:]
    assert "DR-50" in codes(dumped(tree), cda_check=lambda: checker)
    assert checker.fed == b"<a/>"


@pytest.mark.parametrize(
    ("summary", "expected"),
    [
        (said(), []),
        (DocumentSummary(identifier=SAID.identifier, code="11490-0"), []),
        (said(identifier=None), ["DR-51"]),
        (said(identifier=mutants.OTHER_UUID), ["DR-51"]),
        (said(identifier=(SAID.identifier or "").upper().replace("URN:UUID:", "urn:uuid:")), []),
        (said(code="11506-3"), ["DR-52"]),
        (said(code=None), ["DR-52"]),
        (said(code_system="1.2.250.1.213.1.1.4.12"), ["DR-52"]),
        (said(title="Autre"), ["DR-53"]),
        (said(language="en-US"), ["DR-53"]),
        (said(effective_time="20210615140501+0200"), ["DR-53"]),
        (said(effective_time="20210615120500+0000"), []),
        (said(effective_time="20210615"), []),
        (said(effective_time="2021"), []),
        (said(effective_time="20210616"), ["DR-53"]),
        (said(confidentiality="R"), ["DR-53"]),
        (None, ["DR-50"]),
    ],
)
def test_resource_and_document_say_the_same(summary: DocumentSummary | None, expected: list[str]) -> None:
    assert inside(summary) == expected


def test_the_documents_own_findings_are_handed_on_with_their_place() -> None:
    finding = Diagnostic("DR-50", ProductLocation("", "/ClinicalDocument/id"))
    found = check(sample("tddui-1.1.0", 1), cda_check=lambda: Told(None, finding)).diagnostics
    assert [d.code for d in found] == ["DR-50"]
    assert found[0].location == ProductLocation(
        "bundles/a.json", "Bundle.entry[0].resource.content[0].attachment.data > /ClinicalDocument/id"
    )


@pytest.mark.parametrize(
    ("media_type", "content", "agrees"),
    [
        ("text/plain", b"<3 bonjour", True),
        ("text/plain", b"\xef\xbb\xbf<?xml version='1.0'?><a/>", False),
        ("text/plain", b"%PDF-1.4", False),
        ("text/plain", b"a\0b", False),
        ("text/html", b"<html></html>", True),
        ("application/octet-stream", b"%PDF-1.4", True),
        ("application/vnd.oasis.opendocument.text", b"PK\x03\x04", True),
        ("application/msword", b"%PDF-1.4", False),
        ("image/tiff", b"MM\0*", True),
        ("image/tiff", b"\xff\xd8\xff", False),
        ("application/pdf", b"PDF", False),
        ("image/svg+xml", b"<svg/>", True),
        ("text/xml", b"", False),
    ],
)
def test_first_bytes_against_the_media_type(media_type: str, content: bytes, agrees: bool) -> None:
    text = changed(
        put(f"{A}.contentType", media_type),
        put(f"{A}.data", base64.b64encode(content).decode() or "TQ=="),
        drop(f"{A}.size"),
        drop(f"{A}.hash"),
    )
    assert ("DR-46" not in codes(text)) == agrees


def test_a_document_under_a_vague_media_type_is_checked_all_the_same() -> None:
    text = changed(put(f"{A}.contentType", "application/octet-stream"))
    found = codes(text, cda_check=lambda: Told(said(code="11506-3")))
    assert found.count("DR-47") == 1 and "DR-52" in found


def test_a_document_that_is_no_xml_has_no_checker() -> None:
    pdf = changed(
        put(f"{A}.contentType", "application/pdf"),
        put(f"{A}.data", base64.b64encode(b"%PDF-1.4").decode()),
        drop(f"{A}.size"),
        drop(f"{A}.hash"),
    )

    def never() -> Told:
        raise AssertionError("opened")

    tree = parsed(pdf)
    del tree["entry"][1:]
    assert "DR-47" in codes(dumped(tree), cda_check=never)


# --------------------------------------------------------------------------------------------- before data are known


def test_a_resource_about_to_be_written_lacks_only_what_streaming_adds() -> None:
    release = RELEASES["tddui-1.1.0"]
    assert check_resource(resource(), release) == []
    broken = resource() | {"status": "superseded", "custodian": {"reference": "#nobody"}}
    assert [d.code for d in check_resource(broken, release)] == ["DR-13", "DR-20"]


# ------------------------------------------------------------------------------------------------------ the reader


PLACES = ["entry", "entry.0", "entry.0.request", R, f"{R}.contained", f"{R}.contained.0.name", f"{R}.subject", C, A]
PLACES += ["meta", f"{R}.content", f"{A}.data", f"{R}.masterIdentifier", f"{R}.type", "resourceType", f"{R}.extension"]
NAMES = ["resourceType", "id", "meta", "profile", "extension", "url", "reference", "type", "coding", "code", "system"]
NAMES += ["value", "contained", "content", "attachment", "data", "size", "hash", "entry", "_status", "name", "period"]


class Slow(io.RawIOBase):
    """Gives a few bytes at a time: every boundary falls everywhere."""

    def __init__(self, data: bytes, step: int) -> None:
        self.data, self.step, self.at = data, step, 0

    def read(self, size: int = -1) -> bytes:
        block = self.data[self.at : self.at + self.step]
        self.at += len(block)
        return block


@pytest.mark.parametrize("step", [1, 2, 3, 7, 64])
def test_where_blocks_end_does_not_matter(step: int) -> None:
    text = changed(put(f"{A}.data", lambda d: d[:76] + "\n" + d[76:]), put(f"{R}.description", 'a"\\é/\U0001f600'))
    slow: BinaryIO = Slow(text, step)  # type: ignore[assignment]
    units = list(read(slow))
    assert [u.index for u in units] == [0, 1, 2, None]
    assert [u.problems for u in units] == [[], [], [], []]
    assert units[0].value["resource"]["description"] == 'a"\\é/\U0001f600'
    data = units[0].value["resource"]["content"][0]["attachment"]["data"]
    assert (data.size, data.blanks, data.fault) == (len(cda(1)), True, "")
    assert (data.kind, data.head) == ("xml", cda(1)[:64])


@pytest.mark.parametrize("step", [3, 1 << 20])
@pytest.mark.parametrize("name", mutants.TEXT)
def test_broken_texts_are_caught_wherever_blocks_end(name: str, step: int) -> None:
    expected, change = mutants.TEXT[name]
    text = change(sample("tddui-1.1.0", 1))
    if step < 100 and len(text) > 100_000:
        step = 1 << 16  # as large as the text must be: byte by byte would take minutes
    slow: BinaryIO = Slow(text, step)  # type: ignore[assignment]
    found = check_bundle(slow, RELEASES["tddui-1.1.0"])
    assert expected in [d.code for d in found if d.is_error]


@given(st.data())
def test_no_bytes_make_the_checker_fail(data: st.DataObject) -> None:
    """Bytes overwritten, cut out or put in anywhere: findings or none, never an exception."""
    text = bytearray(sample("tddui-1.1.0", 1))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text) - 1))
        text[start : start + data.draw(st.integers(0, 6))] = data.draw(
            st.one_of(
                st.binary(max_size=4), st.sampled_from([b'"', b"\\", b"{", b"}", b"[", b"]", b":", b",", b"null"])
            )
        )
    found = check(bytes(text)).diagnostics
    assert all(d.message("fr") and d.message("en") for d in found)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
        max_leaves=20,
    ),
    st.sampled_from(PLACES),
)
def test_no_value_makes_the_checker_fail(value: Any, place: str) -> None:
    tree = parsed(sample("tddui-1.1.0", 1))
    put(place, value)(tree)
    assert isinstance(check(dumped(tree)).diagnostics, list)


def test_what_leaves_the_reader_is_what_the_standard_parser_reads() -> None:
    text = sample("tddui-1.1.0")
    plain = json.loads(text)
    for unit in read(io.BytesIO(text)):
        if unit.index is None:
            assert {k: v for k, v in unit.value.items() if k != "entry"} == {
                k: v for k, v in plain.items() if k != "entry"
            }
            continue
        data = unit.value["resource"]["content"][0]["attachment"].pop("data")
        assert data.size == len(
            base64.b64decode(plain["entry"][unit.index]["resource"]["content"][0]["attachment"].pop("data"))
        )
        assert unit.value == plain["entry"][unit.index]


def test_nesting_up_to_the_stated_limit() -> None:
    def nested(depth: int) -> bytes:
        return b'{"resourceType":"Basic","x":' + b"[" * depth + b"1" + b"]" * depth + b"}"

    assert [p for u in read(io.BytesIO(nested(MAX_DEPTH - 1))) for p in u.problems] == []
    assert [p[0] for u in read(io.BytesIO(nested(MAX_DEPTH))) for p in u.problems] == ["BDL-05"]


def test_a_large_bundle_is_read_in_bounded_memory() -> None:
    block = base64.b64encode(b"<a>" + b"x" * 749_997)
    head, tail = changed(put(f"{A}.data", "@")).split(b"@")

    pieces = [head, *[block] * 60, tail]

    class Large(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            return pieces.pop(0) if pieces else b""

    stream: BinaryIO = Large()  # type: ignore[assignment]
    tracemalloc.start()
    found = check_file(stream, RELEASES["tddui-1.1.0"], "a.json")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.documents[0].size == 60 * 750_000
    assert peak < 16_000_000


# ------------------------------------------------------------------------------------------------------ the catalogue

#: Codes whose triggers are tests of their own, above or in test_resources.
ELSEWHERE = {"BDL-08", "BDL-09", "BDL-21", "BDL-22", "BDL-31", "DR-08", "DR-50", "DR-51", "DR-52", "DR-53"}


def test_every_code_of_the_area_has_a_trigger() -> None:
    tables = (mutants.TREE, mutants.TEXT, mutants.FR_CORE, REMARKS)
    triggered = {code for table in tables for code, _ in table.values()} | ELSEWHERE
    assert triggered == {code for code, entry in entries().items() if entry.area == "fhir"}


@pytest.mark.parametrize("code", [code for code, entry in entries().items() if entry.area == "fhir"])
def test_every_entry_says_what_why_what_to_do_and_where_from(code: str) -> None:
    entry = entries()[code]
    assert all((entry.slug, entry.fr, entry.en, entry.remedy_fr, entry.remedy_en, entry.why, entry.clause))
    assert entry.severity in ("error", "warning", "notice")
