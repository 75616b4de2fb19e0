"""Valid bundles broken on purpose, one thing at a time. Each mutant names the code that has to catch it.

``TREE`` works on the parsed bundle, ``TEXT`` on its bytes, :func:`everywhere` on every value of one resource. Paths
are dotted, from the bundle; ``R``, ``A``, ``C`` and ``P`` stand for the first entry's resource, its attachment, its
context and its contained Patient.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

R = "entry.0.resource"
A = f"{R}.content.0.attachment"
C = f"{R}.context"
P = f"{R}.contained.0"

Tree = dict[str, Any]
Change = Callable[[Tree], None]

# ----------------------------------------------------------------------------------------------------- operators


def _key(holder: Any, name: str) -> Any:
    return int(name) if isinstance(holder, list) else name


def get(tree: Any, path: str) -> Any:
    for name in path.split(".") if path else ():
        tree = tree[_key(tree, name)]
    return tree


def put(path: str, value: Any) -> Change:
    """Set a value; a callable makes it from the old one."""
    above, _, name = path.rpartition(".")

    def change(tree: Tree) -> None:
        holder = get(tree, above)
        key = _key(holder, name)
        holder[key] = value(holder[key]) if callable(value) else copy.deepcopy(value)

    return change


def drop(path: str) -> Change:
    above, _, name = path.rpartition(".")

    def change(tree: Tree) -> None:
        holder = get(tree, above)
        del holder[_key(holder, name)]

    return change


def rename(path: str, new: str) -> Change:
    above, _, name = path.rpartition(".")

    def change(tree: Tree) -> None:
        holder = get(tree, above)
        holder[new] = holder.pop(name)

    return change


def add(path: str, value: Any) -> Change:
    def change(tree: Tree) -> None:
        get(tree, path).append(copy.deepcopy(value))

    return change


def twice(path: str) -> Change:
    """Repeat the first item of a list."""

    def change(tree: Tree) -> None:
        items = get(tree, path)
        items.append(copy.deepcopy(items[0]))

    return change


def both(*changes: Change) -> Change:
    def change(tree: Tree) -> None:
        for one in changes:
            one(tree)

    return change


def document_bytes(tree: Tree) -> bytes:
    return base64.b64decode(get(tree, A)["data"])


def from_document(name: str, make: Callable[[bytes], Any]) -> Change:
    def change(tree: Tree) -> None:
        get(tree, A)[name] = make(document_bytes(tree))

    return change


def _second_entry(**changes: Any) -> Change:
    """A copy of the first entry behind it, with other values at some paths below the entry."""

    def change(tree: Tree) -> None:
        entry = copy.deepcopy(tree["entry"][0])
        for path, value in changes.items():
            put(path.replace("__", "."), value)(entry)
        tree["entry"].insert(1, entry)

    return change


CODEABLE = {"text": "x"}
OTHER_UUID = "urn:uuid:6b5f63e6-8a8c-4f4a-9f4e-4a52b5a0c9d1"
OTHER_OID = "urn:oid:1.2.250.1.999.9.9"
PATIENT = {"resourceType": "Patient", "id": "other", "name": [{"family": "ESSAI"}]}
NESTED = {"resourceType": "Organization", "id": "inner", "name": "Dedans"}
DIV = '<div xmlns="http://www.w3.org/1999/xhtml">{}</div>'


def _text(inside: str, status: Any = "generated", whole: str = DIV) -> Tree:
    return {"status": status, "div": whole.format(inside)}


#: name → (code, change)
TREE: dict[str, tuple[str, Change]] = {
    # ------------------------------------------------------------------------------------------------- bundle
    "bundle type batch": ("BDL-11", put("type", "batch")),
    "bundle type collection": ("BDL-11", put("type", "collection")),
    "bundle type document": ("BDL-11", put("type", "document")),
    "bundle type with capital": ("DR-12", put("type", "Transaction")),
    "bundle type response": ("BDL-11", put("type", "transaction-response")),
    "bundle without type": ("BDL-11", drop("type")),
    "bundle without entries": ("BDL-12", drop("entry")),
    "bundle with empty entries": ("BDL-12", put("entry", [])),
    "entry no list": ("DR-05", put("entry", lambda e: e[0])),
    "entry a list in a list": ("DR-05", put("entry", lambda e: [e])),
    "entry null": ("DR-06", add("entry", None)),
    "entry text": ("DR-05", add("entry", "x")),
    "entry empty": ("BDL-13", add("entry", {})),
    "bundle of another type": ("BDL-10", put("resourceType", "List")),
    "bundle without resourceType": ("BDL-10", drop("resourceType")),
    "resourceType in small letters": ("BDL-10", put("resourceType", "bundle")),
    "resourceType a list": ("BDL-10", put("resourceType", ["Bundle"])),
    "total in a transaction": ("BDL-26", put("total", 1)),
    "unknown element of Bundle": ("DR-01", put("contained", [PATIENT])),
    "text on Bundle": ("DR-01", put("text", _text("x"))),
    "extension on Bundle": ("DR-01", put("extension", [{"url": "http://example.org/x", "valueString": "x"}])),
    "timestamp without zone": ("DR-10", put("timestamp", "2026-03-02T09:30:00")),
    "timestamp a day": ("DR-10", put("timestamp", "2026-03-02")),
    "bundle id with blank": ("DR-10", put("id", "a b")),
    "bundle id too long": ("DR-10", put("id", "a" * 65)),
    "bundle identifier a list": ("DR-05", put("identifier", [{"value": "1"}])),
    "link without url": ("DR-02", put("link", [{"relation": "self"}])),
    "bundle of another release": (
        "DR-61",
        put("meta.profile", ["https://interop.esante.gouv.fr/ig/fhir/tddui/StructureDefinition/dui-bundle"]),
    ),
    "bundle claims another version": ("DR-61", put("meta.profile.0", lambda p: p.partition("|")[0] + "|9.9.9")),
    "profile a text": ("DR-05", put("meta.profile", lambda p: p[0])),
    # -------------------------------------------------------------------------------------------------- entry
    "entry without resource": ("BDL-13", drop(R)),
    "entry with null resource": ("DR-06", put(R, None)),
    "entry with resource as list": ("DR-05", put(R, lambda r: [r])),
    "entry with resource as text": ("DR-05", put(R, json.dumps)),
    "entry without request": ("BDL-14", drop("entry.0.request")),
    "request null": ("DR-06", put("entry.0.request", None)),
    "request a list": ("DR-05", put("entry.0.request", lambda r: [r])),
    "request empty": ("DR-06", put("entry.0.request", {})),
    "method PUT": ("BDL-15", put("entry.0.request.method", "PUT")),
    "method PATCH": ("BDL-15", put("entry.0.request.method", "PATCH")),
    "method GET": ("BDL-15", put("entry.0.request.method", "GET")),
    "method DELETE": ("BDL-15", put("entry.0.request.method", "DELETE")),
    "method in small letters": ("DR-12", put("entry.0.request.method", "post")),
    "method missing": ("DR-02", drop("entry.0.request.method")),
    "url of another type": ("BDL-16", put("entry.0.request.url", "Patient")),
    "url with an id": ("BDL-16", put("entry.0.request.url", "DocumentReference/1")),
    "url with a slash": ("BDL-16", put("entry.0.request.url", "/DocumentReference")),
    "url a name": ("BDL-16", put("entry.0.request.url", "TDDUIDocumentReference1")),
    "url absolute": ("BDL-16", put("entry.0.request.url", "http://example.org/fhir/DocumentReference")),
    "url in small letters": ("BDL-16", put("entry.0.request.url", "documentreference")),
    "url empty": ("DR-06", put("entry.0.request.url", "")),
    "url missing": ("DR-02", drop("entry.0.request.url")),
    "ifNoneExist a list": ("DR-05", put("entry.0.request.ifNoneExist", ["identifier=1"])),
    "unknown element of request": ("DR-01", put("entry.0.request.headers", "x")),
    "unknown element of entry": ("DR-01", put("entry.0.id_", "x")),
    "search in a transaction": ("BDL-26", put("entry.0.search", {"mode": "match"})),
    "response in a request": ("BDL-26", put("entry.0.response", {"status": "201"})),
    # ------------------------------------------------------------------------------------------------ fullUrl
    "fullUrl relative": ("BDL-18", put("entry.0.fullUrl", "DocumentReference/1")),
    "fullUrl without scheme": ("BDL-18", put("entry.0.fullUrl", lambda u: u.removeprefix("urn:uuid:"))),
    "fullUrl capitals": ("BDL-18", put("entry.0.fullUrl", lambda u: "urn:uuid:" + u[9:].upper())),
    "fullUrl prefix capitals": ("BDL-18", put("entry.0.fullUrl", lambda u: "URN:UUID:" + u[9:])),
    "fullUrl short": ("BDL-18", put("entry.0.fullUrl", lambda u: u[:-1])),
    "fullUrl long": ("BDL-18", put("entry.0.fullUrl", lambda u: u + "0")),
    "fullUrl without dashes": ("BDL-18", put("entry.0.fullUrl", lambda u: "urn:uuid:" + u[9:].replace("-", ""))),
    "fullUrl with a letter too far": ("BDL-18", put("entry.0.fullUrl", lambda u: u[:-1] + "g")),
    "fullUrl in braces": ("BDL-18", put("entry.0.fullUrl", lambda u: "urn:uuid:{" + u[9:] + "}")),
    "fullUrl bad oid": ("BDL-18", put("entry.0.fullUrl", "urn:oid:1.02.3")),
    "fullUrl oid of a 3 arc": ("BDL-18", put("entry.0.fullUrl", "urn:oid:3.1")),
    "fullUrl an anchor": ("BDL-18", put("entry.0.fullUrl", "#1")),
    "fullUrl with blank": ("BDL-18", put("entry.0.fullUrl", lambda u: u + " ")),
    "fullUrl with version": (
        "BDL-18",
        put("entry.0.fullUrl", "http://example.org/DocumentReference/1/_history/1"),
    ),
    "fullUrl ftp": ("BDL-18", put("entry.0.fullUrl", "ftp://example.org/DocumentReference/1")),
    "fullUrl and no id": ("BDL-27", put("entry.0.fullUrl", "http://example.org/DocumentReference/1")),
    "fullUrl and another id": (
        "BDL-27",
        both(put("entry.0.fullUrl", "http://example.org/DocumentReference/1"), put(f"{R}.id", "2")),
    ),
    "fullUrl a number": ("DR-05", put("entry.0.fullUrl", 1)),
    "fullUrl empty": ("DR-06", put("entry.0.fullUrl", "")),
    "fullUrl twice": (
        "BDL-19",
        _second_entry(resource__masterIdentifier__value=OTHER_UUID),
    ),
    "document twice": ("BDL-20", _second_entry(fullUrl=OTHER_UUID)),
    "id twice": (
        "BDL-28",
        both(
            put(f"{R}.id", "a"),
            _second_entry(fullUrl=OTHER_UUID, resource__masterIdentifier__value=OTHER_UUID),
        ),
    ),
    "entry twice": ("BDL-20", twice("entry")),
    # ------------------------------------------------------------------------------------------- the resource
    "resource of another type": ("BDL-23", lambda t: [put("resourceType", "Basic")(e["resource"]) for e in t["entry"]]),  # type: ignore[func-returns-value,misc,return-value]
    "resource of no type": ("DR-15", drop(f"{R}.resourceType")),
    "resource type misspelt": ("DR-15", put(f"{R}.resourceType", "DocumentReferences")),
    "resource type in small letters": ("DR-15", put(f"{R}.resourceType", "documentReference")),
    "resource type null": ("DR-15", put(f"{R}.resourceType", None)),
    "abstract resource type": ("DR-15", put(f"{R}.resourceType", "DomainResource")),
    "resource id with slash": ("DR-10", put(f"{R}.id", "a/b")),
    "resource id with accent": ("DR-10", put(f"{R}.id", "é")),
    "resource id a number": ("DR-05", put(f"{R}.id", 12)),
    "unknown element": ("DR-01", put(f"{R}.comment", "x")),
    "element of R5": ("DR-01", put(f"{R}.version", "1")),
    "element of STU3": ("DR-01", put(f"{R}.indexed", "2026-03-02T09:30:00Z")),
    "element in capitals": ("DR-01", rename(f"{R}.status", "Status")),
    "status forgotten": ("DR-02", drop(f"{R}.status")),
    "status superseded": ("DR-13", put(f"{R}.status", "superseded")),
    "status in error": ("DR-13", put(f"{R}.status", "entered-in-error")),
    "status unknown": ("DR-12", put(f"{R}.status", "currentt")),
    "status with capital": ("DR-12", put(f"{R}.status", "Current")),
    "status with blank": ("DR-10", put(f"{R}.status", "current ")),
    "status a list": ("DR-05", put(f"{R}.status", ["current"])),
    "status empty": ("DR-06", put(f"{R}.status", "")),
    "identifier present": ("DR-03", put(f"{R}.identifier", [{"value": "1"}])),
    "docStatus present": ("DR-03", put(f"{R}.docStatus", "final")),
    "modifierExtension present": (
        "DR-03",
        put(f"{R}.modifierExtension", [{"url": "http://example.org/x", "valueBoolean": True}]),
    ),
    "claims the profile of 2.x": (
        "DR-61",
        put(
            f"{R}.meta.profile",
            ["https://interop.esante.gouv.fr/ig/fhir/tddui/StructureDefinition/tddui-document-reference"],
        ),
    ),
    "profile with two versions": ("DR-61", put(f"{R}.meta.profile.0", lambda p: f"{p}|1|2")),
    "profile with blank": ("DR-10", put(f"{R}.meta.profile.0", lambda p: f" {p}")),
    "profile relative": ("DR-10", add(f"{R}.meta.profile", "StructureDefinition/x")),
    "versionId with blank": ("DR-10", put(f"{R}.meta.versionId", "1 2")),
    "versionId a number": ("DR-05", put(f"{R}.meta.versionId", 1)),
    "lastUpdated a day": ("DR-10", put(f"{R}.meta.lastUpdated", "2026-03-02")),
    "meta with unknown element": ("DR-01", put(f"{R}.meta.author", "x")),
    "language no code": ("DR-10", put(f"{R}.language", "fr_FR")),
    # ---------------------------------------------------------------------------------------- masterIdentifier
    "no masterIdentifier": ("DR-02", drop(f"{R}.masterIdentifier")),
    "masterIdentifier a list": ("DR-05", put(f"{R}.masterIdentifier", lambda v: [v])),
    "masterIdentifier a text": ("DR-05", put(f"{R}.masterIdentifier", lambda v: v["value"])),
    "masterIdentifier without value": ("DR-67", drop(f"{R}.masterIdentifier.value")),
    "masterIdentifier empty value": ("DR-06", put(f"{R}.masterIdentifier.value", "")),
    "masterIdentifier bare uuid": ("DR-66", put(f"{R}.masterIdentifier.value", lambda v: v.removeprefix("urn:uuid:"))),
    "masterIdentifier capitals": ("DR-66", put(f"{R}.masterIdentifier.value", lambda v: "urn:uuid:" + v[9:].upper())),
    "masterIdentifier bad oid": ("DR-66", put(f"{R}.masterIdentifier.value", "urn:oid:1.2.01")),
    "masterIdentifier oid with trailing dot": ("DR-66", put(f"{R}.masterIdentifier.value", "urn:oid:1.2.3.")),
    "masterIdentifier another urn": ("DR-66", put(f"{R}.masterIdentifier.value", "urn:x")),
    "masterIdentifier system relative": ("DR-18", put(f"{R}.masterIdentifier.system", "ged")),
    "masterIdentifier system with blank": ("DR-10", put(f"{R}.masterIdentifier.system", "urn:ietf:rfc:3986 ")),
    "masterIdentifier use unknown": ("DR-12", put(f"{R}.masterIdentifier.use", "principal")),
    "masterIdentifier unknown element": ("DR-01", put(f"{R}.masterIdentifier.root", "1.2.3")),
    # ------------------------------------------------------------------------------------- type and its like
    "type a list": ("DR-05", put(f"{R}.type", lambda v: [v])),
    "type a Coding": ("DR-01", put(f"{R}.type", lambda v: v["coding"][0])),
    "type coding no list": ("DR-05", put(f"{R}.type.coding", lambda v: v[0])),
    "type code with blanks around": ("DR-10", put(f"{R}.type.coding.0.code", " 11490-0")),
    "type code with two blanks": ("DR-10", put(f"{R}.type.coding.0.code", "11490  0")),
    "type code a number": ("DR-05", put(f"{R}.type.coding.0.code", 11490)),
    "type code blank": ("DR-10", put(f"{R}.type.coding.0.code", " ")),
    "type system relative": ("DR-18", put(f"{R}.type.coding.0.system", "LOINC")),
    "type system with blank": ("DR-10", put(f"{R}.type.coding.0.system", "http://loinc.org ")),
    "type system bad oid": ("DR-10", put(f"{R}.type.coding.0.system", "urn:oid:2.16.840.1.113883.6.01")),
    "type userSelected as text": ("DR-05", put(f"{R}.type.coding.0.userSelected", "true")),
    "type with id only": ("DR-06", put(f"{R}.type", {"id": "a"})),
    "category twice": ("DR-04", twice(f"{R}.category")),
    "category an object": ("DR-05", put(f"{R}.category", lambda v: v[0])),
    "category empty list": ("DR-06", put(f"{R}.category", [])),
    "category null in list": ("DR-06", put(f"{R}.category", [None])),
    "securityLabel an object": ("DR-05", put(f"{R}.securityLabel", lambda v: v[0])),
    "securityLabel of Codings": ("DR-01", put(f"{R}.securityLabel", lambda v: v[0]["coding"])),
    "securityLabel unknown in its system": ("DR-19", put(f"{R}.securityLabel.0.coding.0.code", "Z")),
    "description an object": ("DR-05", put(f"{R}.description", {"text": "x"})),
    "description blank": ("DR-10", put(f"{R}.description", "  ")),
    # ------------------------------------------------------------------------------------------------ moments
    "date a day": ("DR-10", put(f"{R}.date", "2026-03-02")),
    "date without zone": ("DR-10", put(f"{R}.date", "2026-03-02T09:30:00")),
    "date without seconds": ("DR-10", put(f"{R}.date", "2026-03-02T09:30+01:00")),
    "date on 30 February": ("DR-11", put(f"{R}.date", "2023-02-30T09:30:00Z")),
    "date on 29 February of a common year": ("DR-11", put(f"{R}.date", "2023-02-29T09:30:00Z")),
    "date on 31 June": ("DR-11", put(f"{R}.date", "2023-06-31T09:30:00Z")),
    "date in month 13": ("DR-10", put(f"{R}.date", "2023-13-01T09:30:00Z")),
    "date in month 0": ("DR-10", put(f"{R}.date", "2023-00-01T09:30:00Z")),
    "date at 24 h": ("DR-10", put(f"{R}.date", "2023-01-01T24:00:00Z")),
    "date at minute 60": ("DR-10", put(f"{R}.date", "2023-01-01T10:60:00Z")),
    "date in zone 15": ("DR-10", put(f"{R}.date", "2023-01-01T10:00:00+15:00")),
    "date in zone without colon": ("DR-10", put(f"{R}.date", "2023-01-01T10:00:00+0100")),
    "date with small letters": ("DR-10", put(f"{R}.date", "2023-01-01t10:00:00z")),
    "date with blank": ("DR-10", put(f"{R}.date", "2023-01-01 10:00:00Z")),
    "date in French": ("DR-10", put(f"{R}.date", "02/03/2026")),
    "date as HL7": ("DR-10", put(f"{R}.date", "20260302093000+0100")),
    "date a number": ("DR-05", put(f"{R}.date", 1772440200)),
    "date in year 0": ("DR-10", put(f"{R}.date", "0000-01-01T10:00:00Z")),
    "date with line end": ("DR-10", put(f"{R}.date", lambda d: d + "\n")),
    "date in other digits": ("DR-10", put(f"{R}.date", "२०२३-01-01T10:00:00Z")),
    "creation on 31 April": ("DR-11", put(f"{A}.creation", "2021-04-31")),
    "creation with hour and no zone": ("DR-10", put(f"{A}.creation", "2021-04-30T10:00:00")),
    "creation without seconds": ("DR-10", put(f"{A}.creation", "2021-04-30T10:00Z")),
    "creation short year": ("DR-10", put(f"{A}.creation", "21")),
    "creation short month": ("DR-10", put(f"{A}.creation", "2021-4")),
    "creation in French": ("DR-10", put(f"{A}.creation", "30/04/2021")),
    "creation unpunctuated": ("DR-10", put(f"{A}.creation", "20210430")),
    "period reversed": ("DR-71", put(f"{C}.period", {"start": "2021-06-15", "end": "2021-06-01"})),
    "period reversed by an hour": (
        "DR-71",
        put(f"{C}.period", {"start": "2021-06-15T10:00:00+02:00", "end": "2021-06-15T07:00:00Z"}),
    ),
    "period reversed by a year": ("DR-71", put(f"{C}.period", {"start": "2022", "end": "2021-12-31"})),
    "period a text": ("DR-05", put(f"{C}.period", "2021-06")),
    "period with bad day": ("DR-11", put(f"{C}.period.start", "2021-06-31")),
    # --------------------------------------------------------------------------------------------- references
    "subject nowhere": ("DR-20", put(f"{R}.subject.reference", "#nobody")),
    "subject no anchor": ("DR-31", put(f"{R}.subject.reference", "resident")),
    "subject not in the bundle": ("DR-21", put(f"{R}.subject", {"reference": OTHER_UUID})),
    "subject of a server": ("DR-21", put(f"{R}.subject", {"reference": "Patient/1"})),
    "subject a person of care": ("DR-22", put(f"{R}.subject", {"reference": "#author"})),
    "subject an organization": ("DR-22", put(f"{R}.subject", {"type": "Organization", "identifier": {"value": "1"}})),
    "subject an organization on a server": (
        "DR-22",
        put(f"{R}.subject", {"reference": "https://example.org/fhir/Organization/1"}),
    ),
    "subject a version of an organization on a server": (
        "DR-22",
        put(f"{R}.subject", {"reference": "https://example.org/fhir/Organization/1/_history/2"}),
    ),
    "subject of the bundle of another type": (
        "DR-22",
        both(
            add(
                "entry",
                {
                    "fullUrl": OTHER_UUID,
                    "resource": {"resourceType": "Organization", "name": "x"},
                    "request": {"method": "POST", "url": "Organization"},
                },
            ),
            put(f"{R}.subject", {"reference": OTHER_UUID}),
        ),
    ),
    "subject type differs": ("DR-24", put(f"{R}.subject.type", "Group")),
    "subject a list": ("DR-05", put(f"{R}.subject", lambda v: [v])),
    "subject a text": ("DR-05", put(f"{R}.subject", "#resident")),
    "subject unknown element": ("DR-01", put(f"{R}.subject.uri", "x")),
    "subject with a bad urn": ("DR-31", put(f"{R}.subject", {"reference": "urn:uuid:12"})),
    "subject with capital urn": ("DR-31", put(f"{R}.subject", {"reference": OTHER_UUID.upper()})),
    "subject identifier a list": ("DR-05", put(f"{R}.subject.identifier", lambda v: [v])),
    "author an object": ("DR-05", put(f"{R}.author", lambda v: v[0])),
    "author empty": ("DR-06", put(f"{R}.author", [])),
    "author nowhere": ("DR-20", put(f"{R}.author.0.reference", "#nobody")),
    "author a location": (
        "DR-22",
        put(f"{R}.author.0", {"type": "Location", "display": "x", "identifier": {"value": "1"}}),
    ),
    "author type no resource": ("DR-15", put(f"{R}.author.0.type", "Doctor")),
    "authenticator a patient": ("DR-22", put(f"{R}.authenticator", {"reference": "#resident"})),
    "authenticator a list": ("DR-05", put(f"{R}.authenticator", lambda v: [v])),
    "custodian a practitioner": ("DR-22", put(f"{R}.custodian.type", "Practitioner")),
    "custodian a list": ("DR-05", put(f"{R}.custodian", lambda v: [v])),
    "relatesTo without code": ("DR-02", drop(f"{R}.relatesTo.0.code")),
    "relatesTo without target": ("DR-02", drop(f"{R}.relatesTo.0.target")),
    "relatesTo code unknown": ("DR-12", put(f"{R}.relatesTo.0.code", "replace")),
    "relatesTo identifier that is no URI": ("DR-66", put(f"{R}.relatesTo.0.target.identifier.value", "12")),
    "relatesTo a patient": ("DR-22", put(f"{R}.relatesTo.0.target.type", "Patient")),
    "relatesTo an object": ("DR-05", put(f"{R}.relatesTo", lambda v: v[0])),
    "sourcePatientInfo an organization": ("DR-22", put(f"{C}.sourcePatientInfo", {"reference": "#author"})),
    "sourcePatientInfo a list": ("DR-05", put(f"{C}.sourcePatientInfo", lambda v: [v])),
    "encounter a patient": ("DR-22", put(f"{C}.encounter", [{"reference": "#resident"}])),
    "related nowhere": ("DR-20", put(f"{C}.related", [{"reference": "#nobody"}])),
    # ---------------------------------------------------------------------------------------------- contained
    "contained an object": ("DR-05", put(f"{R}.contained", lambda v: v[0])),
    "contained empty": ("DR-06", put(f"{R}.contained", [])),
    "contained gone": ("DR-20", drop(f"{R}.contained")),
    "contained without id": ("DR-27", add(f"{R}.contained", {"resourceType": "Patient", "gender": "male"})),
    "contained unused": ("DR-25", add(f"{R}.contained", PATIENT)),
    "contained with the same id": ("DR-28", add(f"{R}.contained", PATIENT | {"id": "resident"})),
    "contained in contained": ("DR-26", put(f"{P}.contained", [NESTED])),
    "contained with an anchor id": ("DR-10", put(f"{P}.id", "#resident")),
    "contained of no type": ("DR-15", drop(f"{P}.resourceType")),
    "contained of unknown type": ("DR-15", put(f"{P}.resourceType", "Person1")),
    "contained with versionId": ("DR-29", put(f"{P}.meta", {"versionId": "1"})),
    "contained with lastUpdated": ("DR-29", put(f"{P}.meta", {"lastUpdated": "2026-03-02T09:30:00Z"})),
    "contained with security": ("DR-29", put(f"{P}.meta", {"security": [{"code": "N"}]})),
    "contained of another type than said": ("DR-24", put(f"{R}.author.0.type", "Practitioner")),
    "patient gender in French": ("DR-12", put(f"{P}.gender", "féminin")),
    "patient gender one letter": ("DR-12", put(f"{P}.gender", "F")),
    "patient birth in French": ("DR-10", put(f"{P}.birthDate", "15/06/1938")),
    "patient birth impossible": ("DR-11", put(f"{P}.birthDate", "1938-02-29")),
    "patient birth with time": ("DR-10", put(f"{P}.birthDate", "1938-06-15T00:00:00Z")),
    "patient name an object": ("DR-05", put(f"{P}.name", lambda v: v[0])),
    "patient given no list": ("DR-05", put(f"{P}.name.0.given", "Jeanne")),
    "patient name use unknown": ("DR-12", put(f"{P}.name.0.use", "birth")),
    "patient identifier an object": ("DR-05", put(f"{P}.identifier", lambda v: v[0])),
    "patient identifier bad oid": ("DR-10", put(f"{P}.identifier.0.system", "urn:oid:1.2.250.01")),
    "patient identifier system bare oid": ("DR-18", put(f"{P}.identifier.0.system", "1.2.250.1.213.1.4.10")),
    "patient twice deceased": ("DR-07", lambda t: get(t, P).update(deceasedBoolean=True, deceasedDateTime="2020")),
    "patient deceased as text": ("DR-05", put(f"{P}.deceasedBoolean", "true")),
    "patient active a number": ("DR-05", put(f"{P}.active", 1)),
    "patient telephone without kind": ("DR-71", put(f"{P}.telecom", [{"value": "0100000000"}])),
    "patient telephone kind unknown": ("DR-12", put(f"{P}.telecom", [{"system": "tel", "value": "0"}])),
    "patient rank zero": ("DR-10", put(f"{P}.telecom", [{"system": "phone", "value": "0", "rank": 0}])),
    "patient contact empty-handed": ("DR-71", put(f"{P}.contact", [{"relationship": [CODEABLE]}])),
    "patient link without type": ("DR-02", put(f"{P}.link", [{"other": {"display": "x"}}])),
    "patient multipleBirth a decimal": ("DR-05", put(f"{P}.multipleBirthInteger", 1.5)),
    "patient photo without type": ("DR-71", put(f"{P}.photo", [{"data": "AAAA"}])),
    "patient identifier kind unknown in its system": ("DR-19", put(f"{P}.identifier.0.type.coding.0.code", "INS")),
    "patient identifier kind without code": ("DR-19", drop(f"{P}.identifier.0.type.coding.0.code")),
    "patient unknown element": ("DR-01", put(f"{P}.birthName", "x")),
    "device name of no kind": (
        "DR-02",
        both(
            add(f"{R}.contained", {"resourceType": "Device", "id": "d", "deviceName": [{"name": "x"}]}),
            add(f"{R}.author", {"reference": "#d"}),
        ),
    ),
    "organization of nothing": (
        "DR-71",
        both(
            add(f"{R}.contained", {"resourceType": "Organization", "id": "o", "active": True}),
            add(f"{R}.author", {"reference": "#o"}),
        ),
    ),
    # ---------------------------------------------------------------------------------------------- extensions
    "extension an object": ("DR-05", put(f"{R}.extension", {"url": "http://example.org/x", "valueString": "x"})),
    "extension without url": ("DR-02", put(f"{R}.extension", [{"valueString": "x"}])),
    "extension url relative": ("DR-18", put(f"{R}.extension", [{"url": "x", "valueString": "x"}])),
    "extension without value": ("DR-71", put(f"{R}.extension", [{"url": "http://example.org/x"}])),
    "extension with value and inner": (
        "DR-71",
        put(
            f"{R}.extension",
            [{"url": "http://example.org/x", "valueString": "x", "extension": [{"url": "y", "valueString": "z"}]}],
        ),
    ),
    "extension with two values": (
        "DR-07",
        put(f"{R}.extension", [{"url": "http://example.org/x", "valueString": "x", "valueCode": "y"}]),
    ),
    "extension value of no type": (
        "DR-01",
        put(f"{R}.extension", [{"url": "http://example.org/x", "valueText": "x"}]),
    ),
    "extension value small": ("DR-01", put(f"{R}.extension", [{"url": "http://example.org/x", "valuestring": "x"}])),
    "extension value bare": ("DR-01", put(f"{R}.extension", [{"url": "http://example.org/x", "value": "x"}])),
    "extension bad boolean": (
        "DR-05",
        put(f"{R}.extension", [{"url": "http://example.org/x", "valueBoolean": "true"}]),
    ),
    "extension bad integer": ("DR-05", put(f"{R}.extension", [{"url": "http://example.org/x", "valueInteger": 1.5}])),
    "extension too large an integer": (
        "DR-10",
        put(f"{R}.extension", [{"url": "http://example.org/x", "valueInteger": 2**31}]),
    ),
    "extension bad decimal": ("DR-05", put(f"{R}.extension", [{"url": "http://example.org/x", "valueDecimal": "1"}])),
    "extension bad time": ("DR-10", put(f"{R}.extension", [{"url": "http://example.org/x", "valueTime": "9:30"}])),
    "extension quantity without system": (
        "DR-71",
        put(f"{R}.extension", [{"url": "http://example.org/x", "valueQuantity": {"value": 1, "code": "kg"}}]),
    ),
    "extension period reversed": (
        "DR-71",
        put(f"{R}.extension", [{"url": "http://example.org/x", "valuePeriod": {"start": "2022", "end": "2021"}}]),
    ),
    "extension bad url": ("DR-10", put(f"{R}.extension", [{"url": "http://example.org/x", "valueUrl": "a b"}])),
    "extension bad oid": ("DR-10", put(f"{R}.extension", [{"url": "http://example.org/x", "valueOid": "1.2.3"}])),
    "extension bad uuid": ("DR-10", put(f"{R}.extension", [{"url": "http://example.org/x", "valueUuid": "x"}])),
    "primitive extension a text": ("DR-16", put(f"{R}._status", "x")),
    "primitive extension empty": ("DR-16", put(f"{R}._status", {})),
    "primitive extension null": ("DR-16", put(f"{R}._status", None)),
    "primitive extension of an object": ("DR-01", put(f"{R}._type", {"id": "x"})),
    "primitive extension of nothing": ("DR-01", put(f"{R}._unknown", {"id": "x"})),
    "primitive extension list too long": (
        "DR-16",
        put(f"{P}.name.0._given", [None, {"id": "x"}]),
    ),
    "primitive extension no list": ("DR-16", put(f"{P}.name.0._given", {"id": "x"})),
    "primitive extension with unknown element": ("DR-01", put(f"{R}._status", {"value": "x"})),
    "status only an extension": (
        "DR-02",
        both(
            drop(f"{R}.status"), put(f"{R}._status", {"extension": [{"url": "http://example.org/x", "valueCode": "u"}]})
        ),
    ),
    # ----------------------------------------------------------------------------------------------- narrative
    "narrative without status": ("DR-02", put(f"{R}.text", {"div": DIV.format("x")})),
    "narrative without div": ("DR-02", put(f"{R}.text", {"status": "generated"})),
    "narrative status unknown": ("DR-12", put(f"{R}.text", _text("x", "done"))),
    "narrative without name space": ("DR-10", put(f"{R}.text", _text("x", whole="<div>{}</div>"))),
    "narrative not well-formed": ("DR-10", put(f"{R}.text", _text("<p>x"))),
    "narrative a script": ("DR-10", put(f"{R}.text", _text("<script>x</script>"))),
    "narrative with a handler": ("DR-10", put(f"{R}.text", _text('<p onclick="x()">x</p>'))),
    "narrative with a form": ("DR-10", put(f"{R}.text", _text("<form><input/></form>x"))),
    "narrative with a script link": ("DR-10", put(f"{R}.text", _text('<a href="javascript:x()">x</a>'))),
    "narrative empty": ("DR-10", put(f"{R}.text", _text(" "))),
    "narrative a paragraph": (
        "DR-10",
        put(f"{R}.text", _text("x", whole='<p xmlns="http://www.w3.org/1999/xhtml">{}</p>')),
    ),
    "narrative with an entity of HTML": ("DR-10", put(f"{R}.text", _text("x&nbsp;y"))),
    "narrative with entities": ("DR-10", put(f"{R}.text", _text("x", whole='<!DOCTYPE d [<!ENTITY a "b">]>' + DIV))),
    # ------------------------------------------------------------------------------------------------- content
    "no content": ("DR-02", drop(f"{R}.content")),
    "content empty": ("DR-06", put(f"{R}.content", [])),
    "content null": ("DR-06", put(f"{R}.content", [None])),
    "content twice": ("DR-04", twice(f"{R}.content")),
    "content an object": ("DR-05", put(f"{R}.content", lambda v: v[0])),
    "content without attachment": ("DR-02", drop(A)),
    "attachment a list": ("DR-05", put(A, lambda v: [v])),
    "attachment null": ("DR-06", put(A, None)),
    "attachment empty": ("DR-06", put(A, {})),
    "attachment without contentType": ("DR-02", drop(f"{A}.contentType")),
    "attachment without data": ("DR-02", drop(f"{A}.data")),
    "attachment without title": ("DR-02", drop(f"{A}.title")),
    "attachment with url": ("DR-03", put(f"{A}.url", "http://example.org/a.xml")),
    "attachment url instead of data": (
        "DR-02",
        both(drop(f"{A}.data"), put(f"{A}.url", "http://example.org/a.xml")),
    ),
    "attachment unknown element": ("DR-01", put(f"{A}.name", "a.xml")),
    "contentType no media type": ("DR-10", put(f"{A}.contentType", "xml")),
    "contentType with blank": ("DR-10", put(f"{A}.contentType", "text/xml ")),
    "contentType of a PDF": ("DR-46", put(f"{A}.contentType", "application/pdf")),
    "contentType of a text": ("DR-46", put(f"{A}.contentType", "text/plain")),
    "contentType of a picture": ("DR-46", put(f"{A}.contentType", "image/jpeg")),
    "contentType of a page": ("DR-46", put(f"{A}.contentType", "text/html")),
    "contentType of data": ("DR-46", put(f"{A}.contentType", "application/json")),
    "contentType of a sound": ("DR-46", put(f"{A}.contentType", "audio/mpeg")),
    "contentType of an archive": ("DR-46", put(f"{A}.contentType", "application/zip")),
    "contentType a list": ("DR-05", put(f"{A}.contentType", ["text/xml"])),
    "language no language": ("DR-10", put(f"{A}.language", "fr_FR")),
    "language in words": ("DR-10", put(f"{A}.language", "français")),
    "language that does not exist": ("DR-10", put(f"{A}.language", "xx-YY")),
    "title blank": ("DR-10", put(f"{A}.title", " ")),
    "title empty": ("DR-06", put(f"{A}.title", "")),
    "title a number": ("DR-05", put(f"{A}.title", 12)),
    "title with control character": ("DR-17", put(f"{A}.title", "a\x0bb")),
    "title with zero byte": ("DR-17", put(f"{A}.title", "a\0b")),
    "size one more": ("DR-43", put(f"{A}.size", lambda s: s + 1)),
    "size of the base64": ("DR-43", lambda t: get(t, A).update(size=len(get(t, A)["data"]))),
    "size zero": ("DR-43", put(f"{A}.size", 0)),
    "size negative": ("DR-10", put(f"{A}.size", -1)),
    "size as text": ("DR-05", put(f"{A}.size", str)),
    "size with decimals": ("DR-05", put(f"{A}.size", float)),
    "size true": ("DR-05", put(f"{A}.size", True)),
    "size too large": ("DR-10", put(f"{A}.size", 2**31)),
    "size null": ("DR-06", put(f"{A}.size", None)),
    "hash in hexadecimal": ("DR-44", from_document("hash", lambda d: hashlib.sha1(d).hexdigest())),
    "hash of SHA-256": (
        "DR-44",
        from_document("hash", lambda d: base64.b64encode(hashlib.sha256(d).digest()).decode()),
    ),
    "hash of MD5": ("DR-44", from_document("hash", lambda d: base64.b64encode(hashlib.md5(d).digest()).decode())),
    "hash of the hexadecimal": (
        "DR-44",
        from_document("hash", lambda d: base64.b64encode(hashlib.sha1(d).hexdigest().encode()).decode()),
    ),
    "hash of the base64": (
        "DR-44",
        lambda t: get(t, A).update(hash=base64.b64encode(hashlib.sha1(get(t, A)["data"].encode()).digest()).decode()),
    ),
    "hash of another document": ("DR-44", put(f"{A}.hash", "2jmj7l5rSw0yVb/vlWAYkK/YBwk=")),
    "hash without padding": ("DR-10", put(f"{A}.hash", lambda h: h.rstrip("="))),
    "hash with blank": ("DR-10", put(f"{A}.hash", lambda h: h + " ")),
    "hash empty": ("DR-06", put(f"{A}.hash", "")),
    "hash a number": ("DR-05", put(f"{A}.hash", 1)),
    "data empty": ("DR-06", put(f"{A}.data", "")),
    "data null": ("DR-06", put(f"{A}.data", None)),
    "data a list": ("DR-05", put(f"{A}.data", lambda d: [d])),
    "data a number": ("DR-05", put(f"{A}.data", 12)),
    "data without padding": (
        "DR-40",
        from_document("data", lambda d: base64.b64encode(d + b"ab" * (3 - len(d) % 3)).decode().rstrip("=")[:-1]),
    ),
    "data with a stranger": ("DR-40", put(f"{A}.data", lambda d: d[:8] + "!" + d[9:])),
    "data with an accent": ("DR-40", put(f"{A}.data", lambda d: d[:8] + "é" + d[9:])),
    "data of URLs": ("DR-40", put(f"{A}.data", lambda d: d[:8] + "-_" + d[10:])),
    "data with padding inside": ("DR-40", put(f"{A}.data", lambda d: d[:6] + "==" + d[8:])),
    "data with padding twice": ("DR-40", put(f"{A}.data", lambda d: d + "====")),
    "data one character short": ("DR-40", put(f"{A}.data", lambda d: d[:-1])),
    "data one character long": ("DR-40", put(f"{A}.data", lambda d: d + "A")),
    "data as data URL": ("DR-40", put(f"{A}.data", lambda d: "data:text/xml;base64," + d)),
    "data in clear": ("DR-40", put(f"{A}.data", "<ClinicalDocument/>")),
    "data with blank in a group": ("DR-40", put(f"{A}.data", lambda d: d[:6] + " " + d[6:])),
    "data with line end in a group": ("DR-40", put(f"{A}.data", lambda d: d[:6] + "\n" + d[6:])),
    "data shortened": ("DR-43", put(f"{A}.data", lambda d: d[:-8])),
    "data with one bit changed": ("DR-44", put(f"{A}.data", lambda d: d[:9] + ("B" if d[9] != "B" else "C") + d[10:])),
    "data twice encoded": ("DR-43", put(f"{A}.data", lambda d: base64.b64encode(d.encode()).decode())),
    "data in capitals": ("DR-44", put(f"{A}.data", str.upper)),
    "document with a byte more": ("DR-43", from_document("data", lambda d: base64.b64encode(d + b"\n").decode())),
    "format a CodeableConcept": ("DR-01", put(f"{R}.content.0.format", lambda v: {"coding": [v]})),
    "format a list": ("DR-05", put(f"{R}.content.0.format", lambda v: [v])),
    "format a text": ("DR-05", put(f"{R}.content.0.format", lambda v: v["code"])),
    # ------------------------------------------------------------------------------------------------- context
    "context a list": ("DR-05", put(C, lambda v: [v])),
    "context empty": ("DR-06", put(C, {})),
    "context unknown element": ("DR-01", put(f"{C}.place", "x")),
    "event twice": ("DR-04", twice(f"{C}.event")),
    "event an object": ("DR-05", put(f"{C}.event", lambda v: v[0])),
    "facilityType a list": ("DR-05", put(f"{C}.facilityType", lambda v: [v])),
    "practiceSetting a text": ("DR-05", put(f"{C}.practiceSetting", "ESSMS")),
}

#: What only the releases that point to fr-core-patient refuse.
FR_CORE: dict[str, tuple[str, Change]] = {
    "official name without given name": ("DR-71", drop(f"{P}.name.0.given")),
    "official name without family name": ("DR-71", drop(f"{P}.name.0.family")),
    "name with two titles": ("DR-71", put(f"{P}.name.0.prefix", ["MME", "DR"])),
    "telephone without number": ("DR-71", put(f"{P}.telecom", [{"system": "phone", "use": "home"}])),
    "place of birth twice": ("DR-71", lambda t: get(t, f"{P}.extension").append(get(t, f"{P}.extension.1"))),
    "local identifier that is official": ("DR-71", put(f"{P}.identifier.1.use", "official")),
    "local identifier without system": ("DR-71", drop(f"{P}.identifier.1.system")),
    "local identifier without value": ("DR-71", drop(f"{P}.identifier.1.value")),
}


def _replace(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def change(text: bytes) -> bytes:
        assert old in text, old
        return text.replace(old, new, 1)

    return change


def _nested(depth: int) -> bytes:
    return b'"extension":' + b'[{"url":"http://example.org/x","extension":' * depth + b"[]" + b"}]" * depth


#: name → (code, change of the bytes)
TEXT: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "empty file": ("BDL-01", lambda t: b""),
    "blank file": ("BDL-01", lambda t: b" \n"),
    "cut in the middle": ("BDL-01", lambda t: t[: len(t) // 2]),
    "cut before the end": ("BDL-01", lambda t: t.rstrip()[:-1]),
    "one brace too many": ("BDL-07", lambda t: t.rstrip() + b"}"),
    "two bundles": ("BDL-07", lambda t: t + t),
    "trailing text": ("BDL-07", lambda t: t + b"end"),
    "trailing zero bytes": ("BDL-07", lambda t: t + b"\0\0"),
    "text in front": ("BDL-01", lambda t: b"x" + t),
    "byte order mark": ("BDL-03", lambda t: b"\xef\xbb\xbf" + t),
    "UTF-16": ("BDL-01", lambda t: t.decode().encode("utf-16")),
    "Latin-1": ("BDL-02", lambda t: t.decode().encode("cp1252")),
    "one byte that is no UTF-8": ("BDL-02", _replace("é".encode(), b"\xe9")),
    "half a character": ("BDL-02", _replace("é".encode(), b"\xc3")),
    "surrogate as UTF-8": ("BDL-02", _replace("é".encode(), b"\xed\xa0\x80")),
    "overlong character": ("BDL-02", _replace("é".encode(), b"\xc0\xaf")),
    "escaped half character": ("DR-17", _replace("é".encode(), b"\\ud800")),
    "escaped zero": ("DR-17", _replace("é".encode(), b"\\u0000")),
    "raw line end in a text": ("BDL-01", _replace("é".encode(), b"\n")),
    "raw tab in a text": ("BDL-01", _replace("é".encode(), b"\t")),
    "unknown escape": ("BDL-01", _replace("é".encode(), b"\\x41")),
    "short escape": ("BDL-01", _replace("é".encode(), b"\\u12z")),
    "trailing comma in object": ("BDL-01", _replace(b',"status"', b',,"status"')),
    "trailing comma at end": ("BDL-01", lambda t: t.rstrip()[:-1] + b",}"),
    "comment": ("BDL-01", _replace(b'"status"', b'/* x */"status"')),
    "single quotes": ("BDL-01", _replace(b'"current"', b"'current'")),
    "key without quotes": ("BDL-01", _replace(b'"status"', b"status")),
    "colon lost": ("BDL-01", _replace(b'"status":', b'"status"')),
    "NaN": ("BDL-01", _replace(b'"status":"current"', b'"status":NaN')),
    "Infinity": ("BDL-01", _replace(b'"status":"current"', b'"status":-Infinity')),
    "bare word": ("BDL-01", _replace(b'"status":"current"', b'"status":current')),
    "Python null": ("BDL-01", _replace(b'"status":"current"', b'"status":None')),
    "capital true": ("BDL-01", _replace(b'"status":"current"', b'"status":True')),
    "hexadecimal number": ("BDL-01", _replace(b'"status":"current"', b'"status":0x10')),
    "number with leading zero": ("BDL-01", _replace(b'"size":', b'"size":0')),
    "number with plus": ("BDL-01", _replace(b'"size":', b'"size":+')),
    "number with exponent": ("DR-05", _replace(b'"size":', b'"size":1e2,"x":')),
    "number ending in a point": ("BDL-01", _replace(b'"size":', b'"size":1.,"x":')),
    "very long number": ("BDL-01", _replace(b'"size":', b'"size":' + b"9" * 5000)),
    "key twice": ("BDL-04", _replace(b'"status":"current"', b'"status":"current","status":"current"')),
    "key twice, other value": ("BDL-04", _replace(b'"status":"current"', b'"status":"superseded","status":"current"')),
    "key twice in the root": ("BDL-04", _replace(b'"type":"transaction"', b'"type":"batch","type":"transaction"')),
    "entry twice in the root": ("BDL-04", lambda t: t.rstrip()[:-1] + b',"entry":[]}'),
    "resourceType twice": (
        "BDL-04",
        _replace(b'"resourceType":"Bundle"', b'"resourceType":"X","resourceType":"Bundle"'),
    ),
    "data twice": ("BDL-04", _replace(b'"data":"', b'"data":"AAAA","data":"')),
    "key twice by escape": ("BDL-04", _replace(b'"status":"current"', b'"status":"current","\\u0073tatus":"current"')),
    "too deep": ("BDL-05", _replace(b'"status"', _nested(40) + b',"status"')),
    "far too deep": ("BDL-05", _replace(b'"status"', b'"x":' + b"[" * 100_000 + b"]" * 100_000 + b',"status"')),
    "brackets crossed": ("BDL-01", _replace(b'"category":[', b'"category":{')),
    "a list as root": ("BDL-10", lambda t: b"[" + t.strip() + b"]"),
    "a text as root": ("BDL-01", lambda t: json.dumps(t.decode()).encode()),
    "XML": ("BDL-01", lambda t: b'<Bundle xmlns="http://hl7.org/fhir"><type value="transaction"/></Bundle>'),
    "lines of JSON": ("BDL-07", lambda t: t.replace(b"\n", b"") + b"\n" + t.replace(b"\n", b"")),
    "text of more than 1 MB": ("BDL-06", _replace(b'"description":"', b'"description":"' + b"a" * (1 << 20))),
    "data escaped wrongly": ("BDL-01", _replace(b'"data":"', b'"data":"\\x')),
    "data with raw line end": (
        "DR-40",
        lambda t: t[: t.index(b'"data":"') + 12] + b"\n" + t[t.index(b'"data":"') + 12 :],
    ),
    "data never closed": ("BDL-01", lambda t: t[: t.index(b'"data":"') + 40]),
    "data under a key spelt with escapes": ("BDL-04", _replace(b'"data":"', b'"d\\u0061ta":"AAAA","data":"')),
}


# ---------------------------------------------------------------------------------------------------- everywhere


def _nodes(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if path:
        yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        yield from _nodes(item, f"{path}.{name}" if path else str(name))


_ANY: dict[str, Any] = {"null": None, "empty text": "", "empty list": [], "empty object": {}}
_OF_TEXT: dict[str, Any] = {
    "a number": 7,
    "a boolean": True,
    "an object": {"text": "x"},
    "in a list of lists": lambda s: [[s]],
    "control character": lambda s: s + "\x01",
    "blank": " ",
}
_OF_OBJECT: dict[str, Any] = {"a text": "x", "a number": 7, "unknown element": lambda o: {**o, "foo": "bar"}}
_OF_LIST: dict[str, Any] = {
    "first item": lambda v: v[0],
    "null item": lambda v: [*v, None],
    "list item": lambda v: [*v, v],
}


def everywhere(tree: Tree) -> Iterator[tuple[str, Tree]]:
    """Every value of the first entry and of the root, spoilt in every way that no FHIR resource survives."""
    for path, value in list(_nodes(tree, "")):
        if path.startswith("entry.") and not path.startswith("entry.0."):
            continue
        kind = _OF_TEXT if isinstance(value, str) else _OF_OBJECT if isinstance(value, dict) else _OF_LIST
        changes = _ANY | (kind if isinstance(value, (str, dict, list)) else {"a text": "x"})
        for name, change in changes.items():
            broken = copy.deepcopy(tree)
            put(path, change)(broken)
            yield f"{path}: {name}", broken
