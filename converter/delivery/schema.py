"""The JSON Schema of ``manifest.json``, version 1: the words of the delivery for its receiver."""

from __future__ import annotations

from typing import Any

from converter.delivery.files import PRODUCT, UPDATE

__all__ = ["MANIFEST_SCHEMA", "head_schema", "manifest_schema"]

#: The value of ``schema`` in every manifest; the number grows when a member is removed or changes its meaning.
MANIFEST_SCHEMA = "dui-converter/manifest/1"

#: Members given by whoever finishes a delivery, and those that stand after them.
_HEAD = ("tool", "release", "mapping", "date", "complete", "rows")
_LATER = ("bundles", "leftovers", "totals")

_COUNT = {"type": "integer", "minimum": 0}
_TEXT = {"type": "string", "minLength": 1}
_SHA256 = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_FILE = {"type": "string", "pattern": f"^{PRODUCT.pattern}$"}


def manifest_schema() -> dict[str, Any]:
    """The schema, JSON Schema 2020-12, every member described. Unknown members are allowed at the top only."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Manifest of a delivery of DUI documents",
        "type": "object",
        "required": ["schema", *_HEAD, *_LATER],
        "properties": {
            "schema": {"const": MANIFEST_SCHEMA, "description": "version of this shape"},
            "tool": _closed("what made the delivery", name=_TEXT, version=_TEXT),
            "release": _TEXT | {"description": "release of the guide, as tddui-1.1.0"},
            "mapping": _closed(
                "the mapping used; fingerprint is the SHA-256 of its canonical form",
                "title",
                title={"type": ["string", "null"]},
                fingerprint=_TEXT,
            ),
            "date": _TEXT | {"description": "clock of the run, ISO 8601; creation dates in the products come from it"},
            "complete": {
                "type": "boolean",
                "description": "false: the run ended early, or was for some residents only",
            },
            "update": _closed(
                "this delivery only brings an earlier one up to date: how, says the file named here",
                file={"const": UPDATE},
                size=_COUNT,
                sha256=_SHA256,
                previous={"type": "array", "items": _SHA256, "description": "sums of the manifests it stands on"},
            ),
            "rows": _closed(
                "rows of the sources: read = converted + rejected + skipped, per source and in total",
                sources={"type": "object", "additionalProperties": _closed("one source, by its name", **_counts())},
                total=_closed("all sources", **_counts()),
            ),
            "bundles": {"type": "array", "description": "files, in order of transfer", "items": _bundle()},
            "leftovers": {
                "type": "array",
                "description": "files of an earlier run that are still in the folder: not part of this delivery",
                "items": _FILE,
            },
            "totals": _closed(
                "sums over `bundles`; bytes are those of the files",
                **dict.fromkeys(("residents", "bundles", "documents", "bytes"), _COUNT),
            ),
        },
    }


def head_schema() -> dict[str, Any]:
    """The part of the schema that is known before the first bundle."""
    whole = manifest_schema()
    properties = {name: shape for name, shape in whole["properties"].items() if name not in _LATER}
    return whole | {"required": ["schema", *_HEAD], "properties": properties}


def _closed(description: str, *optional: str, **members: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "description": description,
        "required": [name for name in members if name not in optional],
        "properties": members,
        "additionalProperties": False,
    }


def _counts() -> dict[str, Any]:
    return dict.fromkeys(("read", "converted", "rejected", "skipped"), _COUNT)


def _bundle() -> dict[str, Any]:
    return _closed(
        "one file",
        file=_FILE | {"description": "name below the delivery"},
        size=_COUNT | {"description": "bytes"},
        sha256=_SHA256,
        resident=_TEXT | {"description": "digest that stands for the person; parts of one person share it"},
        documents={"type": "array", "items": _document(), "description": "in order of the file's entries"},
    )


def _document() -> dict[str, Any]:
    return _closed(
        "one document",
        "scan",
        "marks",
        masterIdentifier=_TEXT | {"description": "DocumentReference.masterIdentifier.value"},
        source=_closed(
            "the row it comes from: source of the mapping, file, sheet, physical line (from 1)",
            "sheet",
            "line",
            name=_TEXT,
            file=_TEXT,
            sheet=_TEXT,
            line={"type": "integer", "minimum": 1},
        ),
        contentType=_TEXT | {"description": "of the attachment"},
        size=_COUNT | {"description": "of the attachment, bytes before base64"},
        hash=_TEXT | {"description": "of the attachment: base64 of SHA-1, as in DocumentReference"},
        scan=_closed("the scanned file inside, when there is one", "size", sha256=_SHA256, size=_COUNT),
        marks=_closed(
            "digests for an update to compare: other members of content, what is outside it, the legacy number",
            "content",
            "rest",
            "number",
            content=_TEXT,
            rest=_TEXT,
            number=_TEXT,
        ),
    )
