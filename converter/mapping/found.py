"""What the checks of a mapping find, before the place of the key is known; and did-you-mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from converter.diagnostics import Severity, closest
from converter.mapping.yaml_text import KeyPath

__all__ = ["Found", "did_you_mean", "regex_problem"]


@dataclass(frozen=True, slots=True)
class Found:
    """A diagnostic's code, the path of the key it is about, its parameters; ``level`` when not the catalogue's."""

    code: str
    path: KeyPath
    params: Mapping[str, str | int] = field(default_factory=dict)
    level: Severity | None = None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`` (did you mean 'x'?)``, or nothing when no known word is near."""
    near = closest(word, known)
    return f" (did you mean '{near}'?)" if near else ""


def regex_problem(pattern: str) -> str | None:
    """Why a text is no regular expression, or None."""
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as wrong:
        return str(wrong) or "too complex"
    return None
