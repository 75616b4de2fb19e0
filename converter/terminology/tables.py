"""Code tables by their official short name (``JDV_J07``, ``TRE_R66``…), associations, and the value sets of the CDA.

Sources: ans.fr.terminologies 1.14.0 and the CDA guide's value-set pages of releases 1.1.0 and 1.0.1.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from converter.diagnostics import closest
from converter.model import Coding

__all__ = ["class_of", "closest_code", "codes", "format_of", "is_active", "lookup", "table_name", "tables", "value_set"]

#: CDA states: the seed has no value sets of its own and takes those of 1.1.0.
_STATE_COLUMN = {"seed": "in_1.1.0", "1.1.0": "in_1.1.0", "cda-1.0.1": "in_cda_1.0.1"}
#: Value sets of the functional model that are named by their number only.
_NUMBERED = "1.2.250.1.213.1.1.5."
#: JDV short names of value sets that the guide's pages give.
_JDV = {
    "JDV_J11": "1.2.250.1.213.3.3.16",
    "JDV_J47": "1.2.250.1.213.1.1.5.124",
    "JDV_J245": "1.2.250.1.213.1.1.5.718",
    "JDV_J246": "1.2.250.1.213.1.1.5.719",
    "JDV_J254": "1.2.250.1.213.3.4.218",
    "JDV_J281": "1.2.250.1.213.3.4.219",
    "JDV_J282": "1.2.250.1.213.3.3.251",
    "JDV_J283": "1.2.250.1.213.3.3.252",
    "JDV_J284": "1.2.250.1.213.3.3.253",
    "JDV_J285": "1.2.250.1.213.3.3.254",
}
#: Names of code systems that stand in the value sets, as CDA's codeSystemName.
_SYSTEM_NAME = {"2.16.840.1.113883.6.1": "LOINC", "1.2.250.1.213.1.1.4.322": "TerminologieCISIS"}


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = (files(__package__) / "data" / f"{name}.csv").read_text(encoding="utf-8")
    yield from csv.DictReader(text.splitlines())


@cache
def tables() -> Mapping[str, Mapping[str, str]]:
    """Every shipped table: official name, version and OID by short name."""
    return tomllib.loads((files(__package__) / "data" / "tables.toml").read_text(encoding="utf-8"))


def table_name(table: str) -> str:
    """The official name of a short one: ``JDV_J07`` → ``JDV_J07-XdsTypeCode-CISIS``."""
    return tables()[table]["name"]


@cache
def _entries(table: str) -> Mapping[str, tuple[Coding, dict[str, str]]]:
    if table not in tables():
        raise KeyError(table)
    return {
        row["code"]: (
            Coding(row["code"], row["display"], row["system_uri"], row["system_oid"], row["system_name"]),
            row,
        )
        for row in _rows(table)
    }


@cache
def codes(table: str) -> Mapping[str, Coding]:
    """All codes of a table, ended ones included. KeyError for a table that is not shipped."""
    return MappingProxyType({code: coding for code, (coding, _) in _entries(table).items()})


def lookup(table: str, code: str, on: date | None = None) -> Coding | None:
    """A code of a table, or None. With ``on``, None also when the code had ended by that day."""
    found = _entries(table).get(code)
    if found is None or (on is not None and not _valid(found[1], on)):
        return None
    return found[0]


def is_active(table: str, code: str, on: date | None = None) -> bool:
    """Whether a code may still be used (on that day)."""
    found = _entries(table).get(code)
    if found is None:
        return False
    return found[1]["status"] == "active" if on is None else _valid(found[1], on)


def _valid(row: Mapping[str, str], on: date) -> bool:
    return not row["date_end"] or on.isoformat() < row["date_end"]


def closest_code(table: str, text: str) -> str | None:
    """The code that was most likely meant, to show in an error."""
    return closest(text, codes(table))


@cache
def class_of(type_code: str) -> Coding | None:
    """The document class (JDV_J06) associated with a type (ASS_X04), or None."""
    classes = {row["type_code"]: row["class_code"] for row in _rows("ASS_X04")}
    return lookup("JDV_J06", classes[type_code]) if type_code in classes else None


@cache
def _formats() -> Mapping[str, Coding]:
    name = "TRE_A11-IheFormatCode"
    return {
        row["code"]: Coding(
            row["format_code"], row["format_display"], row["format_system_uri"], row["format_system_oid"], name
        )
        for row in _rows("media-types")
    }


def format_of(media_type: str) -> Coding | None:
    """The format code of an unstructured CDA body (ASS_A12), None when CI-SIS does not accept the media type."""
    return _formats().get(media_type)


@cache
def _value_sets(state: str) -> Mapping[str, Mapping[str, Coding]]:
    column = _STATE_COLUMN[state]
    found: dict[str, dict[str, Coding]] = {}
    for row in _rows("value-sets"):
        if row[column] == "yes":
            oid = row["system_oid"]
            coding = Coding(row["code"], row["display"], f"urn:oid:{oid}", oid, _SYSTEM_NAME.get(oid, ""))
            found.setdefault(row["value_set_oid"], {})[row["code"]] = coding
    return found


def value_set(name: str, state: str) -> Mapping[str, Coding]:
    """A value set of the CDA in one of its states (seed, 1.1.0, cda-1.0.1).

    ``name`` is its OID, its number (``802``) or its JDV short name. Empty when the state does not have it; KeyError
    for an unknown state.
    """
    oid = _JDV.get(name, name if "." in name else _NUMBERED + name)
    return MappingProxyType(dict(_value_sets(state).get(oid, {})))
