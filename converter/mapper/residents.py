"""A row of the residents' source as a Resident: identity traits, identifiers, address.

An INS leaves as such only where the mapping's `qualified` says so and every trait that goes with it is there
(CI-SIS header, recordTarget; identity rules of the INS); otherwise the number is a social security number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from converter.diagnostics import Diagnostic, Severity
from converter.identifiers import INS_OIDS, birth_order, check_nir, nir_sex
from converter.mapper import fields
from converter.mapper.gate import Gate, KeyRule
from converter.mapper.identity import local_root, resident_digest
from converter.mapping.nodes import ColumnValue, ResidentAddressSpec
from converter.mapping.schema import INS_KINDS, InsSpec, ResidentsSpec
from converter.mapping.values import Rule, ValueContext, WrongValueError, compile_value
from converter.model import (
    Address,
    Establishment,
    Header,
    Identifier,
    Ins,
    PartialDate,
    Resident,
    Sex,
    SourceRow,
    Telecom,
)
from converter.terminology import fold_label

__all__ = ["Collected", "MappedResident", "ResidentMapper", "same_person"]


@dataclass(frozen=True, slots=True)
class MappedResident:
    """A resident, or None with the reasons; warnings stand beside a resident."""

    resident: Resident | None
    diagnostics: tuple[Diagnostic, ...]


def same_person(a: Resident, b: Resident) -> bool:
    """Whether two rows with one key describe one person: names, sex and birth date agree."""
    return _traits(a) == _traits(b)


def _traits(r: Resident) -> tuple[object, ...]:
    return fold_label(r.birth_name), fold_label(r.given_names or ""), r.sex, r.birth_date


class Collected:
    """The values of one row, and everything that is wrong with them."""

    __slots__ = ("diagnostics", "row")

    def __init__(self, row: SourceRow) -> None:
        self.row = row
        self.diagnostics: list[Diagnostic] = []

    def take(self, rule: Rule) -> Any:
        result = rule(self.row)
        if result.diagnostics:
            self.diagnostics.extend(result.diagnostics)
        return result.value


class ResidentMapper:
    """Compiled once per run; one call per row."""

    def __init__(
        self,
        spec: ResidentsSpec,
        header: Header,
        context: ValueContext,
        establishment: Establishment,
        checks: Mapping[str, Severity | None],
    ) -> None:
        self._establishment = establishment
        self.key = KeyRule(spec.key, spec.site, spec.normalize_key, header, context, "residents", "key")
        self.gate = Gate(spec.when, None, header, context, "residents")
        self._rules = {
            name: compile_value(
                getattr(spec, name), header, context, required=name in _REQUIRED, path=f"residents.{name}", to=to
            )
            for name, to in _FIELDS.items()
        }
        self._rules["birth_name"] = fields.mandatory(self._rules["birth_name"], spec.birth_name)
        self._address = _AddressRule(spec.address, header, context) if spec.address else None
        self._telecoms = [
            compile_value(getattr(spec, name), header, context, path=f"residents.{name}", to=to)
            for name, to in _TELECOMS.items()
            if getattr(spec, name) is not None
        ]
        nss_to = fields.identifier_of(check_nir, checks["nss"])
        self._nss = compile_value(spec.nss, header, context, path="residents.nss", to=nss_to)
        self._identifiers = [
            (i.root, compile_value(i.value, header, context, path="residents.identifiers", to=fields.one_line))
            for i in spec.identifiers
        ]
        self._ins = _InsRule(spec.ins, header, context, checks["ins"]) if spec.ins else None

    def map(self, row: SourceRow, key: str, clock: datetime) -> MappedResident:
        """The resident of a row. ``key`` is what :attr:`key` gave; ``clock`` tells what lies in the future."""
        got = Collected(row)
        found, written = self.key.read(row)
        got.diagnostics.extend(found.diagnostics)
        values = {name: got.take(rule) for name, rule in self._rules.items()}
        nss = got.take(self._nss)
        identifiers = [Identifier(root, v) for root, rule in self._identifiers if (v := got.take(rule)) is not None]
        telecoms = [v for rule in self._telecoms if (v := got.take(rule)) is not None]
        address = self._address.of(got) if self._address else None
        number = self._ins.of(got) if self._ins else None
        got.diagnostics.extend(_contradictions(row, values, clock))
        if any(d.is_error for d in got.diagnostics):
            return MappedResident(None, tuple(got.diagnostics))
        resident = self._resident(row, key, written, values, nss, identifiers, telecoms, address)
        resident = _with_number(resident, number, got)
        return MappedResident(resident, tuple(got.diagnostics))

    def _resident(
        self,
        row: SourceRow,
        key: str,
        written: str,
        values: Mapping[str, Any],
        nss: str | None,
        identifiers: Sequence[Identifier],
        telecoms: Sequence[Telecom],
        address: Address | None,
    ) -> Resident:
        finess = self._establishment.finess
        local = Identifier(local_root(self._establishment), f"3{finess}/{written}")
        first = values["first_given_name"]
        given = values["given_names"]
        if first is None and given and " " not in given and "," not in given:
            first = given  # one name is its own first
        used = values["used_name"]
        return Resident(
            key=key,
            digest=resident_digest(finess, key),
            local_identifier=local,
            birth_name=values["birth_name"],
            sex=values["sex"] or Sex.UNKNOWN,
            location=row.location(),
            used_name=None if used == values["birth_name"] else used,
            given_names=given,
            first_given_name=first,
            used_given_name=values["used_given_name"],
            title=values["title"],
            birth_date=values["birth_date"],
            birth_order=values["birth_order"] or (birth_order(nss) if nss else None),
            birth_place_code=values["birth_place_code"],
            birth_place_name=values["birth_place_name"],
            death_date=values["death_date"],
            deceased=values["deceased"],
            nss=nss,
            other_identifiers=tuple(identifiers),
            address=address,
            telecoms=tuple(telecoms),
        )


_REQUIRED = frozenset(("birth_name",))
_FIELDS = {
    "birth_name": fields.one_line,
    "used_name": fields.one_line,
    "given_names": fields.one_line,
    "first_given_name": fields.one_line,
    "used_given_name": fields.one_line,
    "title": fields.title,
    "sex": fields.sex,
    "birth_date": fields.calendar_day,
    "birth_order": fields.number(1, 999),
    "birth_place_code": fields.place_code,
    "birth_place_name": fields.one_line,
    "death_date": fields.moment,
    "deceased": fields.boolean,
}
_TELECOMS = {"phone": fields.phone("H"), "mobile": fields.phone("MC"), "email": fields.email}


def _contradictions(row: SourceRow, values: Mapping[str, Any], clock: datetime) -> Iterator[Diagnostic]:
    """Dates that cannot be: of the future, or death before birth."""
    today = str(PartialDate.of(clock.date()))
    born, died = values["birth_date"], values["death_date"]
    if born is not None and str(born) > today[: len(str(born))]:
        yield Diagnostic("RES-01", row.location())
    if died is not None:
        day = str(died)[:10]
        if day > today[: len(day)]:
            yield Diagnostic("RES-02", row.location())
        elif born is not None and day[: (short := min(len(day), len(str(born))))] < str(born)[:short]:
            yield Diagnostic("RES-03", row.location())


# ------------------------------------------------------------------------------------------------------ the number


@dataclass(frozen=True, slots=True)
class _Number:
    """What the INS column holds, of which kind, and whether the mapping calls the identity qualified."""

    value: str
    oid: str
    qualified: bool
    column: str


class _InsRule:
    def __init__(self, spec: InsSpec, header: Header, context: ValueContext, level: Severity | None) -> None:
        self._column = spec.column
        self._level = level
        value = ColumnValue.model_validate({"column": spec.column, "on_error": spec.on_error})
        # The key is judged in `of`: how grave a wrong one is depends on the kind of matricule.
        shape = fields.identifier_of(check_nir, None)
        self._value = compile_value(value, header, context, required=spec.required, path="residents.ins", to=shape)
        self._fixed = INS_OIDS[spec.kind] if isinstance(spec.kind, str) and spec.kind in INS_KINDS else None
        self._kind = (
            compile_value(spec.kind, header, context, path="residents.ins.kind", to=_ins_kind)
            if self._fixed is None
            else None
        )
        self._qualified = compile_value(
            spec.qualified, header, context, path="residents.ins.qualified", to=fields.boolean
        )

    def of(self, got: Collected) -> _Number | None:
        value, qualified = got.take(self._value), got.take(self._qualified)
        oid = self._fixed or (got.take(self._kind) if self._kind else None) or INS_OIDS["nir"]
        if value is None:
            return None
        level = self._level
        if level is Severity.ERROR and oid in (INS_OIDS["nir-test"], INS_OIDS["nir-demo"]):
            level = Severity.WARNING  # published test identities have wrong keys
        if level is not None and check_nir(value):
            got.diagnostics.append(Diagnostic("ID-11", got.row.location(self._column), {}, level))
        return _Number(value, oid, bool(qualified), self._column)


def _ins_kind(datum: Any) -> str:
    kind = fields.text_of(datum).strip().lower()
    if kind in INS_OIDS:
        return INS_OIDS[kind]
    raise WrongValueError("FLD-14")


def _with_number(resident: Resident, number: _Number | None, got: Collected) -> Resident:
    """The resident with an INS where that may be said, else with a social security number."""
    if number is None:
        return resident
    place = got.row.location(number.column)
    said = nir_sex(number.value)
    if said and resident.sex is not Sex.UNKNOWN and said != resident.sex.value:
        got.diagnostics.append(Diagnostic("RES-04", place))
    order = resident.birth_order or birth_order(number.value)
    if number.qualified:
        missing = _missing_traits(resident)
        if not missing:
            return replace(resident, ins=Ins(number.value, number.oid), birth_order=order)
        got.diagnostics.append(Diagnostic("RES-05", place, {"missing": ", ".join(missing)}))
    return replace(resident, nss=resident.nss or number.value, birth_order=order)


def _missing_traits(resident: Resident) -> list[str]:
    """Traits that an INS needs beside it and the row lacks, by their names in the mapping."""
    traits = ("birth_name", "given_names", "first_given_name", "birth_date", "birth_place_code")
    return [name for name in traits if not getattr(resident, name)]


# --------------------------------------------------------------------------------------------------------- address


class _AddressRule:
    def __init__(self, spec: ResidentAddressSpec, header: Header, context: ValueContext) -> None:
        def compiled(value: object, name: str) -> Rule:
            return compile_value(value, header, context, path=f"residents.address.{name}", to=fields.one_line)

        self._lines = [compiled(line, "lines") for line in spec.lines]
        self._parts = [compiled(getattr(spec, name), name) for name in ("postal_code", "city", "country")]

    def of(self, got: Collected) -> Address | None:
        lines = tuple(text for rule in self._lines if (text := got.take(rule)))
        postal_code, city, country = (got.take(rule) for rule in self._parts)
        return Address(lines, postal_code, city, country, "H") if lines or postal_code or city or country else None
