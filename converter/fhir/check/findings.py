"""Where a check notes what it finds: a file, paths in it, each code once per path."""

from __future__ import annotations

import re

from converter.diagnostics import Diagnostic, ProductLocation

__all__ = ["Findings", "child"]

#: A name that may be quoted in a path or a message. A key of another shape could hold anything, personal data too.
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_\[\]]{0,63}", re.ASCII)


def child(path: str, name: str) -> str:
    """The FHIRPath of an element; keys that are no FHIR names show as ``?``."""
    return f"{path}.{name if _NAME.fullmatch(name) else '?'}"


class Findings:
    """Diagnostics about one file, in the order in which they were found."""

    __slots__ = ("_seen", "diagnostics", "file")

    def __init__(self, file: str) -> None:
        self.file = file
        self.diagnostics: list[Diagnostic] = []
        self._seen: set[tuple[str, str]] = set()

    def add(self, code: str, path: str, **params: str | int) -> None:
        """Note a finding, unless this path already has this code."""
        if (code, path) not in self._seen:
            self._seen.add((code, path))
            self.diagnostics.append(Diagnostic(code, ProductLocation(self.file, path), params))
