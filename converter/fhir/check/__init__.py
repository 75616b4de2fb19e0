"""Checks of bundles and DocumentReferences: our own code, the same before writing and when a delivery is verified.

It streams: a bundle of any size is read once in bounded memory, attachments included. It reports every finding, each
with a code, a file and a FHIRPath; never a value. It knows no CDA: the caller hands over a class that checks documents
while they pass (:class:`converter.payload.DocumentChecker`).

Not checked: expressions of the guide's invariants (none can be run, in any release), and membership of codes beyond
the shipped tables, which the guide only prefers (warnings).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from converter.diagnostics import Diagnostic
from converter.fhir.check.bundle import CheckedDocument, CheckedFile, Registry, check_entry_resource, check_stream
from converter.fhir.check.findings import Findings
from converter.fhir.check.references import check_remote
from converter.fhir.releases import Release
from converter.payload import DocumentChecker

__all__ = ["CheckedDocument", "CheckedFile", "Registry", "check_bundle", "check_file", "check_resource"]


def check_file(
    source: Path | BinaryIO,
    release: Release,
    file: str | None = None,
    registry: Registry | None = None,
    cda_check: Callable[[], DocumentChecker] | None = None,
) -> CheckedFile:
    """A bundle, or a DocumentReference alone: its findings, and the documents found in it.

    ``file`` names it in the findings; ``registry`` is shared by the files of one delivery; ``cda_check`` makes the
    checker of one embedded document. A file that cannot be opened or read is a finding too (BDL-09).
    """
    name = file or (source.name if isinstance(source, Path) else "")
    try:
        if not isinstance(source, Path):
            return check_stream(source, name, release, registry, cda_check)
        with source.open("rb") as stream:
            return check_stream(stream, name, release, registry, cda_check)
    except OSError:
        findings = Findings(name)
        findings.add("BDL-09", "")
        return CheckedFile(findings.diagnostics, ())


def check_bundle(
    source: Path | BinaryIO,
    release: Release,
    file: str | None = None,
    registry: Registry | None = None,
    cda_check: Callable[[], DocumentChecker] | None = None,
) -> list[Diagnostic]:
    """The findings of :func:`check_file` alone."""
    return check_file(source, release, file, registry, cda_check).diagnostics


def check_resource(resource: dict[str, Any], release: Release, file: str = "") -> list[Diagnostic]:
    """A resource about to be written, before its attachment's data, size and hash exist."""
    findings = Findings(file)
    kind = resource.get("resourceType")
    for reference in check_entry_resource(
        resource, kind if isinstance(kind, str) else "", release, findings, streamed=False
    ):
        check_remote(reference, {}, findings)
    return findings.diagnostics
