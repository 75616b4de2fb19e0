"""Reads and checks a mapping: what is wrong with it is said at once, sorted by place, before any source is opened.

``load`` reads the file and what it ``extends``, types it (``schema``), then cross-checks it (``checks``). Columns can
only be judged once the sources are open: ``check_columns``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from converter import terminology
from converter.diagnostics import Diagnostic, MappingError, MappingLocation
from converter.mapping.checks import check, clock_problem
from converter.mapping.columns import UnknownColumnError, column_index
from converter.mapping.editor_schema import json_schema
from converter.mapping.fields import field_of
from converter.mapping.merge import Merged, read_chain
from converter.mapping.nodes import ConstantValue, LookupValue, forget_models
from converter.mapping.problems import diagnostics_of
from converter.mapping.repair import mend
from converter.mapping.rules import row_rules
from converter.mapping.schema import RELEASES, EstablishmentSpec, MappingSpec
from converter.mapping.walk import columns, values
from converter.mapping.yaml_text import KeyPath, dotted
from converter.model import (
    Address,
    Coding,
    Establishment,
    Header,
    Identifier,
    LegalAuthenticator,
    LegalEntity,
    Organization,
    Software,
    Telecom,
)

__all__ = ["LoadedMapping", "check_columns", "custodian", "establishment", "json_schema", "load"]


@dataclass(frozen=True)
class LoadedMapping:
    """A mapping without faults, and where it says what. Picklable: it goes to worker processes.

    ``base`` is the folder that file names are relative to; ``fingerprint`` the SHA-256 of what the mapping means
    (comments, order of keys and the split into files do not count); ``files`` the mapping and what it extends.
    """

    path: Path
    base: Path
    spec: MappingSpec
    fingerprint: str
    files: tuple[Path, ...]
    places: dict[KeyPath, MappingLocation]
    warnings: tuple[Diagnostic, ...] = ()

    def columns_used(self, source: str) -> tuple[str, ...]:
        """Labels that the mapping reads from a source, as written, each once."""
        return tuple(dict.fromkeys(use.column for use in columns(self.spec) if use.source == source))

    def sources_used(self) -> tuple[str, ...]:
        """Names of the sources that a rule or a look-up reads, in the order of declaration."""
        used = {self.spec.residents.from_} | {rule.source for rule in row_rules(self.spec)}
        used |= {look.source for use in values(self.spec) if (look := getattr(use.value, "lookup", None))}
        return tuple(name for name in self.spec.sources if name in used)

    def locate(self, path: KeyPath) -> MappingLocation:
        """The place of a key, or of the nearest one around it that stands in a file."""
        return _locate(self.places, self.path.name, path)


def load(path: Path, *, release: str | None = None, date: str | None = None) -> LoadedMapping:
    """The mapping in a file; ``release`` and ``date`` replace what it says. MappingError with all its faults."""
    merged = read_chain(path)
    found = [*merged.problems, *_override(merged.data, release, date)]

    def locate(key: KeyPath) -> MappingLocation:
        return _locate(merged.places, path.name, key)

    try:
        spec = MappingSpec.model_validate(merged.data)
    except ValidationError as wrong:
        found.extend(diagnostics_of(wrong, merged.data, locate))
        found.extend(_beyond(merged.data, wrong, locate))
        raise MappingError(_in_order(found, merged)) from None
    finally:
        forget_models()
    found = _in_order([*found, *check(spec, locate)], merged)
    if errors := [d for d in found if d.is_error]:
        raise MappingError(errors)
    return LoadedMapping(path, path.parent, spec, _fingerprint(spec), tuple(merged.files), merged.places, tuple(found))


def _beyond(
    data: dict[str, Any], wrong: ValidationError, locate: Callable[[KeyPath], MappingLocation]
) -> Iterator[Diagnostic]:
    """What else is wrong with a mapping that the schema refused: the checks, where they do not see what is mended."""
    spec, mended = mend(data, wrong)
    if spec is None:
        return
    roots = tuple(dotted(path) for path in mended)
    for problem in check(spec, locate):
        path = problem.location.path if isinstance(problem.location, MappingLocation) else ""
        hidden = any(path == root or path.startswith((f"{root}.", f"{root}[")) for root in roots)
        if problem.is_error and not hidden and not _is_declared(data, problem):
            yield problem


def _is_declared(data: dict[str, Any], problem: Diagnostic) -> bool:
    """A source or table that looks unknown only because it was taken out, or because all of them are missing."""
    key = {"MAP-40": "sources", "MAP-41": "tables"}.get(problem.code)
    names = data.get(key) if key else ()
    return key is not None and (not isinstance(names, dict) or problem.params["name"] in names)


def _override(data: dict[str, Any], release: str | None, date: str | None) -> Iterator[Diagnostic]:
    """Options of the command line, put in place of what the file says."""
    if release is not None and release not in RELEASES:
        yield Diagnostic("RUN-11", None, {"known": ", ".join(RELEASES)})
    elif release is not None:
        data["release"] = release
    if date is not None and clock_problem(date):
        yield Diagnostic("RUN-10")
    elif date is not None:
        data["date"] = date


def _in_order(found: list[Diagnostic], merged: Merged) -> list[Diagnostic]:
    """By file (the extending one first), line and column; what has no place comes first."""

    def place(problem: Diagnostic) -> tuple[int, int, int]:
        where = problem.location
        if not isinstance(where, MappingLocation):
            return -1, 0, 0
        file = merged.names.index(where.file) if where.file in merged.names else len(merged.names)
        return file, where.line, where.column

    nothing = {str(d.location) for d in found if d.code == "MAP-08"}  # an empty key is not missing, too
    return sorted((d for d in found if d.code != "MAP-10" or str(d.location) not in nothing), key=place)


def _locate(places: Mapping[KeyPath, MappingLocation], file: str, path: KeyPath) -> MappingLocation:
    """The place of a key, or of the nearest one around it; with its path as the file has it."""
    near: KeyPath = ()
    rest: KeyPath = path
    while rest:
        if (*near, rest[0]) in places:
            near = (*near, rest[0])
        elif not _is_implied(near, rest[0]):
            break
        rest = rest[1:]
    place = places.get(near) or MappingLocation(file, 1, 1)
    return MappingLocation(place.file, place.line, place.column, dotted((*near, *rest)))


def _is_implied(near: KeyPath, step: str | int) -> bool:
    """A step of the model that a file may leave out: one rule or text instead of a list, a text instead of a block."""
    return step == 0 or (near[-1:], step) == (("ins",), "column") or (near[-2:-1], step) == (("items",), "result")


def _fingerprint(spec: MappingSpec) -> str:
    # Fields in the order of the schema; blocks with names of the user's keep theirs, since order of columns matters.
    data = spec.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"extends"})
    return hashlib.sha256(json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


# ------------------------------------------------------------------------------------------------------- columns


def check_columns(loaded: LoadedMapping, headers: Mapping[str, Header]) -> list[Diagnostic]:
    """Every column the mapping names against the headers of the sources that could be opened.

    MAP-31 unknown and MAP-32 ambiguous are errors; a column found only without regard to case, accents and spacing is
    a notice (MAP-33). MAP-61: text that shall give a date, of which nobody said how it is written.
    """
    found: dict[tuple[KeyPath, str], Diagnostic] = {}
    for use in columns(loaded.spec):
        header = headers.get(use.source) if use.source is not None else None
        if header is None or use.source is None or (use.path, use.column) in found:
            continue
        problem = _column_problem(header, use.column, use.source)
        if problem is not None:
            code, params = problem
            found[use.path, use.column] = Diagnostic(code, loaded.locate(use.path), params)
    return [*found.values(), *_undeclared_dates(loaded, headers)]


def _undeclared_dates(loaded: LoadedMapping, headers: Mapping[str, Header]) -> Iterator[Diagnostic]:
    for use in values(loaded.spec):
        value, source = use.value, use.source
        if isinstance(value, ConstantValue) or not field_of(use.path).is_date or getattr(value, "date", None):
            continue
        column = value if isinstance(value, str) else getattr(value, "column", "{{ … }}")
        if isinstance(value, LookupValue):
            source, column = value.lookup.source, value.lookup.column
        header = headers.get(source or "")
        if header is not None and not header.typed:
            yield Diagnostic("MAP-61", loaded.locate(use.path), {"column": column, "source": source or ""})


def _column_problem(header: Header, column: str, source: str) -> tuple[str, Mapping[str, str | int]] | None:
    try:
        index, folded = column_index(header, column)
    except UnknownColumnError as wrong:
        return wrong.code, {**wrong.params, "source": source}
    return ("MAP-33", {"column": column, "found": header.labels[index], "source": source}) if folded else None


# ------------------------------------------------------------------------------------------------- establishment

#: OIDs and prefixes of the national identifiers of structures and professionals (CI-SIS, idNat_Struct and idNat_PS).
_STRUCTURES, _PROFESSIONALS = "1.2.250.1.71.4.2.2", "1.2.250.1.71.4.2.1"


def establishment(spec: MappingSpec) -> Establishment:
    """The sender as the stages want it: codes looked up, telecoms and identifiers made from a checked mapping."""
    given = spec.establishment
    return Establishment(
        name=given.name,
        finess=given.finess,
        timezone=given.timezone,
        facility_type=_code("JDV_J02", given.facility_type),
        practice_setting=_code("JDV_J04", given.practice_setting),
        software=Software(**given.software.model_dump()),
        category=_code("TRE_R66", given.category) if given.category else None,
        legal_entity=LegalEntity(**given.legal_entity.model_dump()) if given.legal_entity else None,
        oid=given.oid,
        local_id_root=given.local_id_root,
        legal_authenticator=_legal_authenticator(given),
        address=_address(given),
        telecoms=tuple(_telecoms(given)),
    )


def _code(table: str, code: str) -> Coding:
    coding = terminology.lookup(table, code)
    assert coding is not None, "the loader has looked it up"
    return coding


def _legal_authenticator(given: EstablishmentSpec) -> LegalAuthenticator | None:
    person = given.legal_authenticator
    if person is None:
        return None
    identifier = Identifier(_PROFESSIONALS, f"8{person.rpps}") if person.rpps else None
    return LegalAuthenticator(person.name, person.given, person.role, identifier)


def _address(given: EstablishmentSpec) -> Address | None:
    where = given.address
    if where is None:
        return None
    return Address(tuple(where.lines), where.postal_code, where.city, where.country, "WP")


def _telecoms(given: EstablishmentSpec) -> Iterator[Telecom]:
    if given.phone:
        yield Telecom("tel", "".join(given.phone.split()), "WP")
    if given.email:
        yield Telecom("mailto", given.email, "WP")


def custodian(spec: MappingSpec) -> Organization | None:
    """The organization that keeps the documents; None when it is the establishment itself."""
    keeper = spec.custodian.organization
    if isinstance(keeper, str):
        return None
    number = f"1{keeper.finess}" if keeper.finess else f"3{keeper.siret}" if keeper.siret else None
    return Organization(keeper.name, Identifier(_STRUCTURES, number) if number else None)
