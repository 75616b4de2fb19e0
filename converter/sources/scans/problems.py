"""What is wrong with one scan, as an exception: the row that names it is rejected, the run goes on."""

from __future__ import annotations

from collections.abc import Mapping

from converter.diagnostics import Diagnostic, Location

__all__ = ["Notice", "ScanError"]

#: A decision to state: code of the catalogue, parameters.
Notice = tuple[str, Mapping[str, str | int]]


class ScanError(Exception):
    """One reason why a file cannot be handed over. Its text is safe to print: it never holds a path or a name."""

    def __init__(self, code: str, params: Mapping[str, str | int] | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.params: Mapping[str, str | int] = params or {}

    def __reduce__(self) -> tuple[type[ScanError], tuple[str, Mapping[str, str | int]]]:
        return type(self), (self.code, self.params)

    def __str__(self) -> str:
        return Diagnostic(self.code, None, self.params).text()

    def diagnostic(self, location: Location | None = None) -> Diagnostic:
        return Diagnostic(self.code, location, self.params)
