"""Where the check of one document notes what it finds. A code that comes too often is counted instead."""

from __future__ import annotations

from collections import Counter

from converter.cda.check.nodes import Node, path_of
from converter.diagnostics import Diagnostic, ProductLocation, Severity

__all__ = ["MOST", "Findings"]

#: Findings of one code that are listed; the others are counted.
MOST = 20


class Findings:
    """Diagnostics of one document, in the order in which they were found."""

    def __init__(self, file: str = "") -> None:
        self.file = file
        self._listed: list[Diagnostic] = []
        self._seen: dict[tuple[str, str, tuple[tuple[str, str | int], ...]], int] = {}
        #: By code and level: many warnings of a code must not hide an error of the same code.
        self._counts: Counter[tuple[str, str]] = Counter()
        #: How many were noted so far.
        self.count = 0

    def add(self, code: str, place: Node | str | None, level: Severity | None = None, **params: str | int) -> None:
        """Note a finding at an element or a path, unless the same was noted there before."""
        self.count += 1
        kind = code, level or ""
        if self._counts[kind] >= MOST:  # where it is costs time, and nobody will read it
            self._counts[kind] += 1
            return
        path = place if isinstance(place, str) else path_of(place)
        key = (code, path, tuple(sorted(params.items())))
        found = Diagnostic(code, ProductLocation(self.file, path), params, level)
        if key in self._seen:  # two rules about one thing: the stricter one counts
            if found.is_error:
                self._listed[self._seen[key]] = found
            return
        self._counts[kind] += 1
        self._seen[key] = len(self._listed)
        self._listed.append(found)

    def has(self, code: str) -> bool:
        return any(code == noted for noted, _ in self._counts)

    def all(self) -> tuple[Diagnostic, ...]:
        """Everything found, and how many more there were of codes that came too often."""
        more = [
            Diagnostic("CDAX-08", ProductLocation(self.file, "ClinicalDocument"), {"code": code, "count": n - MOST})
            for (code, _), n in sorted(self._counts.items())
            if n > MOST
        ]
        return (*self._listed, *more)
