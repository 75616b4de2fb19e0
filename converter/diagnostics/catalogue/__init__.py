"""The words of every diagnostic, read from the TOML files beside this module, one file per area.

An entry is a table named by its code::

    [DATE-02]
    slug = "impossible-date"
    severity = "error"                      # error | warning | notice
    fr = "La date n'existe pas au calendrier."
    en = "The date does not exist in the calendar."
    remedy_fr = "Corrigez la cellule au format {format}."
    remedy_en = "Correct the cell, as {format}."
    why = "Why this is checked, for `dui explain` (English)."
    clause = "the guide's section, CI-SIS volume or RFC"

``{name}`` is filled from the diagnostic's parameters; a missing parameter shows as ``…``. A code is never reused.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

__all__ = ["Entry", "entries", "entry"]


class _Gaps(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "…"


@dataclass(frozen=True, slots=True)
class Entry:
    """One problem's words."""

    code: str
    slug: str
    severity: str
    fr: str
    en: str
    remedy_fr: str = ""
    remedy_en: str = ""
    why: str = ""
    clause: str = ""
    area: str = ""

    def message(self, lang: str, params: Mapping[str, str | int]) -> str:
        return (self.fr if lang == "fr" else self.en).format_map(_Gaps(params))

    def remedy(self, lang: str, params: Mapping[str, str | int]) -> str:
        return (self.remedy_fr if lang == "fr" else self.remedy_en).format_map(_Gaps(params))


@cache
def entries() -> Mapping[str, Entry]:
    """Every entry by code. ValueError when a code stands in two files."""
    found: dict[str, Entry] = {}
    for file in sorted(files(__name__).iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".toml"):
            continue
        for code, fields in tomllib.loads(file.read_text(encoding="utf-8")).items():
            if code in found:
                raise ValueError(f"diagnostic {code} is defined twice: {found[code].area} and {file.name}")
            found[code] = Entry(code=code, area=file.name.removesuffix(".toml"), **fields)
    return found


def entry(code: str) -> Entry:
    """The entry of a code. KeyError for an unknown one: a bug, caught by the tests."""
    return entries()[code]
