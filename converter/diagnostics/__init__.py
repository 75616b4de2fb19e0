"""A problem as data: code, place, parameters; its words live in the catalogue.

Two kinds of trouble, never mixed: a :class:`Diagnostic` is a value, collected while the run goes on; a
:class:`ConverterError` stops the run and carries its exit code and the diagnostics that explain it::

    ConverterError
    ├── MappingError        exit 2: the mapping or the command line is wrong
    ├── SourceError         exit 3: a source cannot be read as a whole
    ├── OutputError         exit 4: the output cannot be written, or holds something else
    └── ProductError        exit 5: a product failed its own check

Parameters of a diagnostic never hold a cell value, a name or a scan's path: they go to terminal, log and report.
They hold headers, codes, formats, counts, keys of the mapping.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from converter.diagnostics.catalogue import Entry, entry

__all__ = [
    "ConverterError",
    "Diagnostic",
    "Entry",
    "ExitCode",
    "Location",
    "MappingError",
    "MappingLocation",
    "OutputError",
    "ProductError",
    "ProductLocation",
    "Severity",
    "SourceError",
    "SourceLocation",
    "closest",
    "entry",
]


class ExitCode(IntEnum):
    """What the process tells its caller."""

    OK = 0
    SOME_REJECTED = 1
    MAPPING = 2
    SOURCES = 3
    OUTPUT = 4
    PRODUCT = 5
    BUG = 70
    INTERRUPTED = 130


class Severity(StrEnum):
    """Error rejects what it is attached to, warning keeps it, notice states a decision."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class SourceLocation:
    """A place in a source as the user sees it: lines from 1, header counted, physical lines; ``column`` is a header."""

    file: str
    line: int | None = None
    column: str | None = None
    sheet: str | None = None

    def __str__(self) -> str:
        place = self.file if self.sheet is None else f"{self.file}[{self.sheet}]"
        if self.line is not None:
            place += f":{self.line}"
        return place if self.column is None else f"{place} ({self.column})"


@dataclass(frozen=True, slots=True)
class MappingLocation:
    """A place in a mapping file: line and column from 1, and the dotted path of the key."""

    file: str
    line: int
    column: int
    path: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" + (f": {self.path}" if self.path else "")


@dataclass(frozen=True, slots=True)
class ProductLocation:
    """A place in what was produced: file below the delivery and a FHIRPath or XPath."""

    file: str
    path: str = ""

    def __str__(self) -> str:
        return f"{self.file}: {self.path}" if self.path else self.file


Location = SourceLocation | MappingLocation | ProductLocation


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem. ``severity`` defaults to the catalogue's; a setting may lower or raise it."""

    code: str
    location: Location | None = None
    params: Mapping[str, str | int] = field(default_factory=dict)
    level: Severity | None = None

    @property
    def severity(self) -> Severity:
        return self.level or Severity(entry(self.code).severity)

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR

    def message(self, lang: str = "fr") -> str:
        return entry(self.code).message(lang, self.params)

    def remedy(self, lang: str = "fr") -> str:
        return entry(self.code).remedy(lang, self.params)

    def text(self, lang: str = "en") -> str:
        """One line for the terminal: place, code, message, remedy."""
        place = f"{self.location}: " if self.location else ""
        return f"{place}{self.code} {self.message(lang)} {self.remedy(lang)}".rstrip()


class ConverterError(Exception):
    """Stops the run. Its text is safe to print: it never holds personal data."""

    exit_code = ExitCode.BUG

    def __init__(self, diagnostics: Iterable[Diagnostic] | Diagnostic) -> None:
        self.diagnostics = (diagnostics,) if isinstance(diagnostics, Diagnostic) else tuple(diagnostics)
        super().__init__("\n".join(d.text() for d in self.diagnostics))

    def __reduce__(self) -> tuple[type[ConverterError], tuple[tuple[Diagnostic, ...]]]:
        """An exception is rebuilt from its arguments: it crosses from a worker process to the main one."""
        return type(self), (self.diagnostics,)


class MappingError(ConverterError):
    exit_code = ExitCode.MAPPING


class SourceError(ConverterError):
    exit_code = ExitCode.SOURCES


class OutputError(ConverterError):
    exit_code = ExitCode.OUTPUT


class ProductError(ConverterError):
    exit_code = ExitCode.PRODUCT


def closest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that the user most likely meant, or None."""
    pool = list(candidates)
    folded = {c.casefold(): c for c in pool}
    hit = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    return folded[hit[0]] if hit else None
