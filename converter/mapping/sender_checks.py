"""The establishment block and other identifiers that the mapping itself gives: shapes, check keys, codes.

A wrong shape is always an error. A wrong check key is as grave as `checks:` says: official examples have wrong ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from converter import terminology
from converter.diagnostics import Severity
from converter.identifiers import check_finess, check_oid, check_rpps, check_siret
from converter.mapping.found import Found, did_you_mean
from converter.mapping.schema import EstablishmentSpec, KeeperSpec, MappingSpec
from converter.mapping.yaml_text import KeyPath

__all__ = ["sender_problems"]

#: Kind of identifier: its check, the code of a wrong shape, the code of a wrong key.
_KINDS: dict[str, tuple[Callable[[str], list[str]], str, str]] = {
    "finess": (check_finess, "ID-20", "ID-21"),
    "rpps": (check_rpps, "ID-30", "ID-31"),
    "siret": (check_siret, "ID-42", "ID-43"),
}


def sender_problems(spec: MappingSpec) -> Iterator[Found]:
    """What is wrong with the sender, the custodian and the OIDs under which others number things."""
    given, at = spec.establishment, ("establishment",)
    yield from _numbers(spec)
    yield from _codes(given, at)
    yield from _zone(given.timezone, (*at, "timezone"))
    for path, oid in _oids(spec):
        if check_oid(oid):
            yield Found("ID-50", path)


def _numbers(spec: MappingSpec) -> Iterator[Found]:
    for kind, path, number in _identifiers(spec):
        if number is None:
            continue
        check, shape, key = _KINDS[kind]
        level = getattr(spec.checks, kind)
        # What a spreadsheet does to a number is no explanation here: it is the mapping that has the wrong shape.
        codes = {code if code == key else shape for code in check(number)}
        if shape in codes:
            yield Found(shape, path, {}, Severity.ERROR)
        elif key in codes and level != "off":
            yield Found(key, path, {}, Severity(level))


def _identifiers(spec: MappingSpec) -> Iterator[tuple[str, KeyPath, str | None]]:
    given = spec.establishment
    yield "finess", ("establishment", "finess"), given.finess
    if given.legal_entity is not None:
        yield "finess", ("establishment", "legal_entity", "finess"), given.legal_entity.finess
    if given.legal_authenticator is not None:
        yield "rpps", ("establishment", "legal_authenticator", "rpps"), given.legal_authenticator.rpps
    if isinstance(keeper := spec.custodian.organization, KeeperSpec):
        yield "finess", ("custodian", "organization", "finess"), keeper.finess
        yield "siret", ("custodian", "organization", "siret"), keeper.siret


def _codes(given: EstablishmentSpec, at: KeyPath) -> Iterator[Found]:
    tables = (("facility_type", "JDV_J02"), ("category", "TRE_R66"), ("practice_setting", "JDV_J04"))
    for key, table in tables:
        code = getattr(given, key)
        if code is None:
            continue
        name = terminology.table_name(table)
        if terminology.lookup(table, code) is None:
            hint = did_you_mean(code, terminology.codes(table))
            yield Found("MAP-44", (*at, key), {"word": code, "table": name, "hint": hint})
        elif not terminology.is_active(table, code):
            yield Found("MAP-51", (*at, key), {"word": code, "table": name})


def _zone(name: str, path: KeyPath) -> Iterator[Found]:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield Found("MAP-52", path, {"name": name, "hint": did_you_mean(name, sorted(available_timezones()))})


def _oids(spec: MappingSpec) -> Iterator[tuple[KeyPath, str]]:
    for key in ("oid", "local_id_root"):
        if (oid := getattr(spec.establishment, key)) is not None:
            yield ("establishment", key), oid
    for i, identifier in enumerate(spec.residents.identifiers):
        yield ("residents", "identifiers", i, "root"), identifier.root
    for i, coverage in enumerate(spec.coverage):
        if coverage.payer is not None and coverage.payer.root is not None:
            yield ("coverage", i, "payer", "root"), coverage.payer.root
