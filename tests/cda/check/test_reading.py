"""How a document is read: blocks of any size, hostile and damaged XML, what it says of itself, many findings."""

from __future__ import annotations

import base64
import tomllib
import tracemalloc
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converter.cda import CdaChecker
from converter.cda.check.findings import MOST
from converter.diagnostics import ProductLocation, Severity
from converter.payload import DocumentFindings, DocumentSummary
from tests.cda.check.documents import B64, DOSSIER, SCAN, check, codes, errors, seed

_FAULTY = DOSSIER.replace("fr-FR", "fr-fr").replace('ID="sortie"', 'ID="9"').replace("moodCode", "mood")


# ------------------------------------------------------------------------------------------------------------- blocks


@pytest.mark.parametrize("size", [1, 2, 7, 64, 1000, 65536])
@pytest.mark.parametrize("document", [SCAN, SCAN.replace(B64, "*" + B64), _FAULTY, DOSSIER[:-300]])
def test_the_size_of_blocks_makes_no_difference(document: str, size: int) -> None:
    assert check(document, size=size) == check(document)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, len(SCAN)), max_size=12))
def test_cuts_anywhere_make_no_difference(cuts: list[int]) -> None:
    data = SCAN.replace("Titre", "Été").encode()
    checker = CdaChecker()
    places = [0, *sorted(cuts), len(data)]
    for start, end in pairwise(places):
        checker.feed(data[start:end])
    assert checker.close() == check(data)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_nothing_that_is_fed_raises(data: st.DataObject) -> None:
    document = bytearray(DOSSIER.encode() if data.draw(st.booleans()) else seed().encode())
    for _ in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(0, len(document) - 1))
        document[start : start + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=12))
    assert isinstance(check(bytes(document)), DocumentFindings)


@given(st.binary(max_size=200))
def test_nothing_at_all_of_xml(data: bytes) -> None:
    found = check(data)
    assert found.summary is None
    assert errors(found)


# ------------------------------------------------------------------------------------------------------ hostile bytes

_BOMB = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + "]>"
)


@pytest.mark.parametrize(
    "prolog",
    [
        "<!DOCTYPE ClinicalDocument>",
        '<!DOCTYPE ClinicalDocument SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
        _BOMB,
    ],
)
def test_a_document_type_ends_the_reading(prolog: str) -> None:
    document = SCAN.replace("<ClinicalDocument", prolog + "<ClinicalDocument", 1).replace("Titre", "&e;&j;")
    found = check(document)
    assert codes(found) == ["CDAX-02"]
    assert found.summary is None


def test_nesting_without_end() -> None:
    start = SCAN[: SCAN.index("<component>")]
    deep = "<component><structuredBody>" + "<component><section>" * 20_000
    found = check(start + deep)
    assert [(d.code, d.params["limit"]) for d in errors(found) if d.code == "CDAX-03"] == [("CDAX-03", "depth")]


def test_nesting_where_nothing_is_looked_at() -> None:
    found = check(SCAN.replace("<title>", "<autre>" * 200_000 + "<title>"))
    assert "CDAX-03" in codes(found)


@pytest.mark.parametrize("token", ["<!-- {} -->", '<title a="{}">', "<{}>", "<?x {}?>"])
def test_a_tag_or_comment_without_end(token: str) -> None:
    found = check(SCAN.replace("<title>", token.format("x" * 3_000_000) + "<title>"))
    assert "CDAX-03" in codes(found)


def test_memory_does_not_depend_on_the_size_of_the_file() -> None:
    block = base64.b64encode(b"%PDF-1.4" + b"x" * 999_991)
    start, end = SCAN.encode().split(B64.encode())
    tracemalloc.start()
    checker = CdaChecker()
    checker.feed(start)
    for _ in range(40):
        checker.feed(block)
    checker.feed(end)
    found = checker.close()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.diagnostics == ()
    assert peak < 8_000_000


@pytest.mark.parametrize("where", ["<title>", "<setId "])
def test_endless_text_is_not_kept(where: str) -> None:
    words = "mot " * 2_000_000
    tracemalloc.start()
    found = check(
        (SCAN.replace(where, words + where) if where == "<setId " else SCAN.replace(where, where + words)).encode()
    )
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.summary is not None
    assert peak < 40_000_000  # the document itself, encoded, is 8 MB


# ------------------------------------------------------------------------------------------------- damaged and foreign


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("", "CDAX-01"),
        ("du texte", "CDAX-01"),
        ("{}", "CDAX-01"),
        (SCAN[:-30], "CDAX-01"),
        (SCAN + "<x/>", "CDAX-01"),
        (SCAN.replace("Titre", "&inconnu;"), "CDAX-01"),
        (SCAN.replace("Titre", "Tom & Jerry"), "CDAX-01"),
        (SCAN.replace('encoding="UTF-8"', 'encoding="inconnu"'), "CDAX-01"),
        ("<a/>", "CDAX-04"),
        ("<ClinicalDocument/>", "CDAX-04"),
        ('<html xmlns="http://www.w3.org/1999/xhtml"/>', "CDAX-04"),
        ('<Patient xmlns="urn:hl7-org:v3"/>', "CDAX-04"),
    ],
)
def test_what_is_no_cda_is_one_error(document: str, code: str) -> None:
    assert [d.code for d in errors(check(document)) if d.code in {"CDAX-01", "CDAX-04"}] == [code]
    if code == "CDAX-04":
        assert codes(check(document)) == [code]


def test_bytes_that_are_not_utf_8() -> None:
    found = check(SCAN.replace("Titre", "Été").encode("cp1252"))
    assert "CDAX-01" in codes(found)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "iso-8859-1"])
def test_encodings_that_xml_allows(encoding: str) -> None:
    name = {"utf-16": "UTF-16", "utf-8-sig": "UTF-8", "iso-8859-1": "ISO-8859-1"}[encoding]
    document = SCAN.replace('encoding="UTF-8"', f'encoding="{name}"').replace("Titre", "Été")
    found = check(document.encode(encoding))
    assert errors(found) == []
    assert found.summary is not None
    assert found.summary.title == "Été"


def test_a_place_of_damage_and_the_path() -> None:
    found = check(SCAN.replace("</assignedCustodian>", "</custodian>"))
    damage = next(d for d in found.diagnostics if d.code == "CDAX-01")
    assert damage.params["line"] == 1 + SCAN[: SCAN.index("</assignedCustodian>")].count("\n")
    assert str(damage.location).endswith("ClinicalDocument/custodian/assignedCustodian")


def test_a_document_of_another_model_is_judged_by_its_header_alone() -> None:
    other = DOSSIER.replace("1.2.250.1.213.1.1.1.58", "1.2.250.1.213.1.1.1.12")
    found = check(other.replace('code="ANNULE"', 'code="X"').replace('ID="sortie"', 'ID="ailleurs"'))
    assert [(d.code, d.severity) for d in found.diagnostics] == [("CDAX-05", Severity.NOTICE)]
    assert "CDAX-24" in codes(check(other.replace('<birthTime value="19400302"/>', '<birthTime nullFlavor="NA"/>')))
    assert "CDAX-10" in codes(check(other.replace("<entry>", "<entree/><entry>", 1)))


# ------------------------------------------------------------------------------------------------------------ summary


def test_what_the_document_says_of_itself() -> None:
    assert check(SCAN).summary == DocumentSummary(
        identifier="urn:oid:2.25.7001",
        code="28653-4",
        code_system="2.16.840.1.113883.6.1",
        title="Titre",
        language="fr-FR",
        effective_time="20240102030405+0100",
        confidentiality="N",
    )


@pytest.mark.parametrize(
    ("identifier", "urn"),
    [
        ('root="1.2.3" extension="45"', "urn:oid:1.2.3.45"),
        ('root="1.2.3" extension="A45"', "urn:oid:1.2.3"),
        ('root="1.2.3" extension="045"', "urn:oid:1.2.3"),
        ('root="F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6"', "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"),
        ('root="abc"', None),
        ('nullFlavor="UNK"', None),
    ],
)
def test_the_identifier_as_urn(identifier: str, urn: str | None) -> None:
    summary = check(SCAN.replace('<id root="2.25.7001"/>', f"<id {identifier}/>")).summary
    assert summary is not None
    assert summary.identifier == urn


def test_a_summary_of_half_a_document() -> None:
    summary = check(SCAN[: SCAN.index("<effectiveTime")]).summary
    assert summary is not None
    assert (summary.title, summary.effective_time) == ("Titre", None)


# ----------------------------------------------------------------------------------------------------------- findings


def test_the_file_is_named_when_it_is_given() -> None:
    found = check(SCAN.replace("fr-FR", "de-DE"), file="bundles/a.json")
    assert found.diagnostics[0].location == ProductLocation("bundles/a.json", "ClinicalDocument/languageCode")


def test_the_same_fault_everywhere_is_counted() -> None:
    found = check(DOSSIER.replace('value="true"', 'value="vrai"'))
    listed = [d for d in found.diagnostics if d.code == "CDAX-17"]
    more = [d for d in found.diagnostics if d.code == "CDAX-08"]
    assert len(listed) == MOST
    assert [(d.params["code"], d.params["count"]) for d in more] == [("CDAX-17", DOSSIER.count('value="true"') - MOST)]


def test_many_warnings_do_not_hide_an_error_of_the_same_code() -> None:
    start = DOSSIER.index("<entry><encounter")
    entry = DOSSIER[start : DOSSIER.index("</entry>", start) + 8]
    undated = entry.replace('<effectiveTime nullFlavor="NA"/>', "")  # a warning in each simple observation
    found = check(DOSSIER.replace(entry, undated * 30).replace('<value xsi:type="CE" nullFlavor="NA"/>', ""))
    missing = [(d.params["element"], d.is_error) for d in found.diagnostics if d.code == "CDAX-11"]
    assert missing.count(("effectiveTime", False)) == MOST
    assert ("value", True) in missing


def test_no_finding_holds_a_value_of_the_document() -> None:
    marked = DOSSIER.replace('value="true"', 'value="SECRET"').replace("DUPRE", "SECRET").replace("Texte", "SECRET")
    marked = (
        marked.replace('code="VALIDE"', 'code="SECRET"').replace('"19400302"', '"SECRET"').replace("d540", "SECRET")
    )
    marked = (
        marked.replace('ID="sortie"', 'ID="SECRET"').replace("tel:0612345678", "SECRET").replace("MED-1292", "SECRET")
    )
    found = check(marked)
    assert len(found.diagnostics) > 10
    for diagnostic in found.diagnostics:
        assert "SECRET" not in diagnostic.text("fr") + diagnostic.text("en")


def test_every_code_is_in_a_test() -> None:
    text = (files("converter.diagnostics.catalogue") / "cda_check.toml").read_text(encoding="utf-8")
    tests = "".join(path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parent.glob("test_*.py")))
    untested = [code for code in tomllib.loads(text) if code not in tests]
    assert untested == []
