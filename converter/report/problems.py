"""What went wrong, gathered for reading: one problem per code, with its count and the first places.

A million findings make a page: each kind keeps a count, three places and a few values of each parameter. No cell is
ever looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from converter.diagnostics import Diagnostic, Location, Severity, SourceLocation
from converter.model import Met, Verdict

__all__ = ["Problem", "gathered"]

#: Places shown for one problem.
PLACES = 3


#: Values of one parameter shown; more are an ellipsis.
VALUES = 3


@dataclass(slots=True)
class Problem:
    """One kind of problem. ``verdict`` is that of its rows; None when it concerns the run as a whole."""

    code: str
    severity: Severity
    verdict: Verdict | None
    count: int = 0
    places: list[Location] = field(default_factory=list)
    #: Per parameter the values met, one more than are shown at most.
    _values: dict[str, list[str]] = field(default_factory=dict)
    _last: str = "{}"
    _full: bool = False

    @property
    def diagnostic(self) -> Diagnostic:
        """Its words, with the values that the parameters have."""
        shown = {
            name: ", ".join((*v[:VALUES], *(["…"] if len(v) > VALUES else ()))) for name, v in self._values.items()
        }
        return Diagnostic(self.code, None, shown, self.severity)

    def meet(self, params: str) -> None:
        """Once more, with these parameters (JSON)."""
        self.count += 1
        if params != self._last and not self._full:
            self._last = params
            self._note(json.loads(params))

    def add(self, found: Diagnostic) -> None:
        """Once more, told of the run."""
        self.count += 1
        self._note(found.params)
        if found.location is not None and len(self.places) < PLACES:
            self.places.append(found.location)

    def _note(self, params: Mapping[str, str | int]) -> None:
        for name, value in params.items():
            values = self._values.setdefault(name, [])
            if len(values) <= VALUES and str(value) not in values:
                values.append(str(value))
        self._full = all(len(values) > VALUES for values in self._values.values())


def gathered(met: Iterable[Met], told: Iterable[Diagnostic] = ()) -> list[Problem]:
    """Problems of rows and of the run: gravest first, then by count. Rows skipped stand apart from the others."""
    rows: dict[tuple[str, str, bool], Problem] = {}
    for verdict, level, code, params, file, sheet, line, column in met:
        key = (level, code, verdict is Verdict.SKIPPED)
        problem = rows.get(key)
        if problem is None:
            problem = rows[key] = Problem(code, Severity(level), verdict)
        if len(problem.places) < PLACES:
            problem.places.append(SourceLocation(file, line, column, sheet))
        problem.meet(params)
    run: dict[tuple[Severity, str], Problem] = {}
    for found in told:
        run.setdefault((found.severity, found.code), Problem(found.code, found.severity, None)).add(found)
    return sorted([*run.values(), *rows.values()], key=_order)


_GRAVITY = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTICE: 2}


def _order(problem: Problem) -> tuple[int, bool, int, str]:
    return _GRAVITY[problem.severity], problem.verdict is not None, -problem.count, problem.code
