"""What the schema cannot say: names that must exist elsewhere in the mapping, codes, dates, expressions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from converter.diagnostics import Diagnostic, MappingLocation
from converter.mapping.schema import MappingSpec
from converter.mapping.yaml_text import KeyPath

__all__ = ["check", "clock_problem"]

Locate = Callable[[KeyPath], MappingLocation]


def clock_problem(text: str) -> bool:
    """Whether a text is no ISO date or date and time."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return True
    return False


def check(spec: MappingSpec, locate: Locate) -> Iterator[Diagnostic]:
    """Everything wrong or doubtful, in no order."""
    if spec.date is not None and clock_problem(spec.date):
        yield Diagnostic("RUN-10", locate(("date",)))
