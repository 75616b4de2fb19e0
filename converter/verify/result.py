"""The outcome of ``verify``, and its JSON record."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from converter.diagnostics import Diagnostic, ExitCode, ProductLocation, Severity, entry

__all__ = ["RECORD_VERSION", "VerifyResult"]

RECORD_VERSION = 1


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """``release_from`` is option, manifest, profile or default; ``bytes`` is what the checked files have together."""

    target: str
    release: str
    release_from: str
    files: int
    documents: int
    bytes: int
    diagnostics: tuple[Diagnostic, ...]

    def count(self, severity: Severity) -> int:
        return sum(d.severity is severity for d in self.diagnostics)

    @property
    def is_sound(self) -> bool:
        """No error; warnings do not count."""
        return not any(d.is_error for d in self.diagnostics)

    @property
    def exit_code(self) -> ExitCode:
        return ExitCode.OK if self.is_sound else ExitCode.PRODUCT

    @property
    def codes(self) -> dict[str, int]:
        """How often each code was found, errors first, then by number of places."""
        order = list(Severity)
        counted = Counter(d.code for d in self.diagnostics)
        severity = {d.code: d.severity for d in self.diagnostics}
        ranked = sorted(counted, key=lambda code: (order.index(severity[code]), -counted[code], code))
        return {code: counted[code] for code in ranked}

    def record(self, lang: str = "en") -> dict[str, Any]:
        """The JSON document of ``verify --json``. Keys and codes have no language; ``message`` and ``remedy`` do.

        ``record_version``, ``target`` (its name), ``verdict`` (``sound`` | ``faulty``), ``release``, ``release_from``,
        ``files``, ``documents``, ``bytes``, ``errors``, ``warnings``, ``notices``, ``codes`` ({code: count}) and
        ``findings``: ``code``, ``slug``, ``severity``, ``file``, ``path`` (FHIRPath; behind `` > `` a path inside the
        document), ``message``, ``remedy``, ``params``.
        """
        return {
            "record_version": RECORD_VERSION,
            "target": self.target,
            "verdict": "sound" if self.is_sound else "faulty",
            "release": self.release,
            "release_from": self.release_from,
            "files": self.files,
            "documents": self.documents,
            "bytes": self.bytes,
            "errors": self.count(Severity.ERROR),
            "warnings": self.count(Severity.WARNING),
            "notices": self.count(Severity.NOTICE),
            "codes": self.codes,
            "findings": [_finding(d, lang) for d in self.diagnostics],
        }


def _finding(found: Diagnostic, lang: str) -> dict[str, Any]:
    place = found.location if isinstance(found.location, ProductLocation) else ProductLocation("")
    return {
        "code": found.code,
        "slug": entry(found.code).slug,
        "severity": found.severity.value,
        "file": place.file or None,
        "path": place.path or None,
        "message": found.message(lang),
        "remedy": found.remedy(lang),
        "params": dict(found.params),
    }
