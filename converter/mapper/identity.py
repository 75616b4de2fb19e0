"""Identifiers that this program makes: the same for the same legacy numbers, at every run, on every machine.

A document's UUID is version 5 over (FINESS, resident, source, legacy document number): not the path, not the date of
the run. Under an arc that the sender owns it becomes an OID; without one it stays a UUID (CDA and FHIR both take
either form).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from uuid import NAMESPACE_URL, UUID, uuid5

from converter.model import Establishment

__all__ = ["DocumentIdentity", "document_identity", "later_identity", "local_root", "number_mark", "resident_digest"]

#: Never changed: every identifier ever handed over stands on it.
NAMESPACE = uuid5(NAMESPACE_URL, "https://interop.esante.gouv.fr/ig/fhir/tddui#dui-converter")
#: Longest OID that XDS takes.
_OID_CHARS = 64
#: Digits of the largest 128-bit number.
_WIDE = 39


@dataclass(frozen=True, slots=True)
class DocumentIdentity:
    """Of this version, and of the set of all versions: UUIDs, and the URNs written into CDA and FHIR."""

    uuid: UUID
    set_uuid: UUID
    identifier: str
    set_identifier: str


def document_identity(establishment: Establishment, resident: str, source: str, key: str) -> DocumentIdentity:
    """Of a document's first version.

    ``resident`` is the resident's key, ``source`` the name of what was read, ``key`` the legacy document number.
    """
    # A bar within a part is doubled by its escape: no two documents ever have one stem.
    parts = (part.replace("\\", "\\\\").replace("|", "\\|") for part in (resident, source, key))
    stem = "|".join((establishment.finess, *parts))
    own, whole = _uuid(f"{stem}|v1"), _uuid(f"{stem}|set")
    return DocumentIdentity(own, whole, _urn(establishment, own), _urn(establishment, whole))


def later_identity(establishment: Establishment, set_uuid: UUID, version: int) -> DocumentIdentity:
    """Of version 2, 3… of the document whose versions ``set_uuid`` holds together."""
    own = uuid5(set_uuid, f"v{version}")
    return DocumentIdentity(own, set_uuid, _urn(establishment, own), _urn(establishment, set_uuid))


def number_mark(namespace: str, key: str) -> str:
    """A legacy document number by itself, whoever's document it is: 20 hexadecimal digits.

    Lets an update tell a row that is rejected from one that is gone, also when it no longer says whose it is.
    """
    return hashlib.sha256(f"number|{namespace}|{key}".encode("utf-8", "surrogatepass")).hexdigest()[:20]


def resident_digest(finess: str, key: str) -> str:
    """What file names, the manifest and the journal call a resident by: 20 hexadecimal digits."""
    return hashlib.sha256(f"resident|{finess}|{key}".encode("utf-8", "surrogatepass")).hexdigest()[:20]


def local_root(establishment: Establishment) -> str:
    """Root of local resident identifiers: the mapping's own, the sender's arc, or a UUID made from its FINESS."""
    return establishment.local_id_root or establishment.oid or str(_uuid(f"{establishment.finess}|residents")).upper()


def _uuid(name: str) -> UUID:
    # Lone surrogates may stand in a cell and cannot be hashed as they are.
    return uuid5(NAMESPACE, name.encode("utf-8", "backslashreplace").decode())


def _urn(establishment: Establishment, number: UUID) -> str:
    if establishment.oid is None:
        return f"urn:uuid:{number}"
    room = _OID_CHARS - len(establishment.oid) - 1
    # A long arc leaves no room for 128 bits; half of them still never meet in practice, and a clash is refused.
    value = number.int if room >= _WIDE else number.int >> 64
    return f"urn:oid:{establishment.oid}.{value}"
