"""DocumentReference: the profile of the release, read from its table."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from converter import terminology
from converter.fhir.check.attachment import check_attachment
from converter.fhir.check.findings import Findings, child
from converter.fhir.check.paths import codings, parents, values
from converter.fhir.check.primitives import fault_of
from converter.fhir.check.structure import FoundReference
from converter.fhir.releases import RELEASES, Preferred, Release

__all__ = ["check_claim", "check_document", "narrowed"]

_RECOMMENDED = ("subject", "author", "custodian", "date")


def check_document(
    resource: dict[str, Any], path: str, release: Release, findings: Findings, *, streamed: bool = True
) -> None:
    """The rules of a release for one DocumentReference. ``streamed`` False: its attachment has no data yet."""
    _check_cardinalities(resource, path, release, findings, streamed)
    _check_profile(resource, path, release, findings)
    _check_master_identifier(resource, path, findings)
    _check_preferred(resource, path, release, findings)
    for name in _RECOMMENDED:
        if name not in resource:
            findings.add("DR-62", child(path, name), element=name)
    for place, content in values(resource, path, "content"):
        if isinstance(content, dict):
            check_attachment(content, place, resource, findings, streamed)


def narrowed(found: Iterable[FoundReference], path: str, release: Release) -> list[FoundReference]:
    """References of a DocumentReference with the targets that the release leaves to them."""
    return [
        replace(one, targets=release.targets.get(_INDEX.sub("", one.path.removeprefix(f"{path}.")), one.targets))
        for one in found
    ]


_INDEX = re.compile(r"\[\d+\]")

# ------------------------------------------------------------------------------------------------------ the profile


def _check_cardinalities(
    resource: dict[str, Any], path: str, release: Release, findings: Findings, streamed: bool
) -> None:
    for steps, (low, high) in release.elements.items():
        if not streamed and steps == "content.attachment.data":
            continue
        for place, parent, name in parents(resource, path, steps):
            value = parent.get(name)
            count = len(value) if isinstance(value, list) else int(value is not None)
            if name in parent and high == 0:
                findings.add("DR-03", child(place, name), element=name)
            elif count > high:
                findings.add("DR-04", child(place, name), element=name, count=count, max=high)
            elif count < low and name not in parent:
                findings.add("DR-02", child(place, name), element=name)
    for steps, fixed in release.fixed.items():
        for place, value in values(resource, path, steps):
            if value != fixed:
                findings.add("DR-13", place, fixed=fixed)


def _check_profile(resource: dict[str, Any], path: str, release: Release, findings: Findings) -> None:
    check_claim(resource, path, release.document_profile, release.version, findings)


def check_claim(resource: dict[str, Any], path: str, canonical: str, version: str, findings: Findings) -> None:
    """``meta.profile`` names the release's profile; naming only another release's is an error."""
    meta = resource.get("meta")
    claimed = meta.get("profile") if isinstance(meta, dict) else None
    claims = [c for c in claimed if isinstance(c, str)] if isinstance(claimed, list) else []
    place = child(child(path, "meta"), "profile")
    if canonical in claims or f"{canonical}|{version}" in claims:
        return
    known = {url for r in RELEASES.values() for url in (r.document_profile, r.bundle_profile)}
    other = any(c.partition("|")[0] in known or _GUIDE.match(c) for c in claims)
    findings.add("DR-61" if other else "DR-60", place)


_GUIDE = re.compile(r"https?://interop\.esante\.gouv\.fr/ig/(?:fhir|cda)/tddui/")


def _check_master_identifier(resource: dict[str, Any], path: str, findings: Findings) -> None:
    identifier = resource.get("masterIdentifier")
    if not isinstance(identifier, dict):
        return
    place, value = child(path, "masterIdentifier"), identifier.get("value")
    if not isinstance(value, str) or not value:
        findings.add("DR-67", child(place, "value"))
        return
    if identifier.get("system") != "urn:ietf:rfc:3986":
        findings.add("DR-65", place)
    elif not _URI.fullmatch(value) or fault_of("uri", value):
        findings.add("DR-66", child(place, "value"))
    elif not value.startswith(("urn:oid:", "urn:uuid:")):
        findings.add("DR-65", place)


#: An absolute URI; a URN has a name space of two characters at least (RFC 8141), and ours are written small.
_URI = re.compile(r"urn:[a-z0-9][a-z0-9\-]{1,31}:\S+|(?!urn:)[a-z][a-z0-9+.\-]*:\S+", re.ASCII)


def _check_preferred(resource: dict[str, Any], path: str, release: Release, findings: Findings) -> None:
    for steps, preferred in release.preferred.items():
        for place, value in values(resource, path, steps):
            if isinstance(value, dict):
                for where, coding in codings(value, place):
                    _check_coding(coding, where, preferred, findings)


def _check_coding(coding: dict[str, Any], path: str, preferred: Preferred, findings: Findings) -> None:
    system, code = coding.get("system"), coding.get("code")
    if not isinstance(code, str):
        return
    if not isinstance(system, str) or not any(_is_system(system, name) for name in preferred.systems):
        findings.add("DR-64", path, table=terminology.table_name(preferred.table))
    elif all(terminology.lookup(table, code) is None for table in (preferred.table, *preferred.also)):
        findings.add("DR-63", path, table=terminology.table_name(preferred.table))


def _is_system(system: str, name: str) -> bool:
    return (
        system == name
        or system.startswith(f"https://mos.esante.gouv.fr/NOS/{name}/")
        or (name == "urn:" and system.startswith("urn:"))
    )
