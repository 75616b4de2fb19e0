"""Where a check notes what it finds: a file, paths in it, each code once per path."""

from __future__ import annotations

import re

from converter.diagnostics import Diagnostic, ProductLocation

__all__ = ["MAX_FINDINGS", "Findings", "child"]

#: A name that may be quoted in a path or a message. A key of another shape could hold anything, personal data too.
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_\[\]]{0,63}", re.ASCII)


def child(path: str, name: str) -> str:
    """The FHIRPath of an element; keys that are no FHIR names show as ``?``."""
    return f"{path}.{name if _NAME.fullmatch(name) else '?'}"


#: Findings told of one file: a file with more is broken throughout, and memory is not for naming every place.
MAX_FINDINGS = 10_000


class Findings:
    """Diagnostics about one file, in the order in which they were found; beyond the limit only that there are more."""

    __slots__ = ("_seen", "diagnostics", "file")

    def __init__(self, file: str) -> None:
        self.file = file
        self.diagnostics: list[Diagnostic] = []
        self._seen: set[tuple[str, str]] = set()

    def add(self, code: str, path: str, **params: str | int) -> None:
        """Note a finding, unless this path already has this code."""
        if len(self._seen) > MAX_FINDINGS:
            return
        if len(self._seen) == MAX_FINDINGS:
            code, path, params = "BDL-08", "", {"limit": MAX_FINDINGS}
        if (code, path) not in self._seen:
            self._seen.add((code, path))
            self.diagnostics.append(Diagnostic(code, ProductLocation(self.file, path), params))
