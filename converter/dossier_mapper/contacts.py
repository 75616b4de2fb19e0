"""People around the resident and legal protection, for the header of every document.

CDA header (CI-SIS): informant/relatedEntity by class code, guardian. A contact needs a family name there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from converter.diagnostics import Diagnostic
from converter.dossier_mapper import steps
from converter.dossier_mapper.codes import CodeList
from converter.dossier_mapper.entries import Findings
from converter.dossier_mapper.parts import MANY, Compiler, Field, column_of
from converter.mapper import fields
from converter.mapper.residents import Collected
from converter.mapping.sections import ContactRule, ProtectionRule
from converter.mapping.values import WrongValueError
from converter.model import Contact, Person, SpooledRow
from converter.terminology import fold_label

__all__ = ["ContactReader", "contact_reader", "protection_reader"]

#: CDA class codes and what care staff call them. A closed list: anything else needs a table.
_KINDS = {
    **dict.fromkeys(
        (
            "ECON",
            "personne à prévenir",
            "personne à prévenir en cas d'urgence",
            "à prévenir",
            "contact d'urgence",
            "urgence",
        ),
        "ECON",
    ),
    **dict.fromkeys(("NOK", "personne de confiance", "confiance"), "NOK"),
    **dict.fromkeys(
        ("CAREGIVER", "aidant", "aidante", "aidant principal", "aidant familial", "proche aidant"), "CAREGIVER"
    ),
    **dict.fromkeys(("CON", "contact", "autre contact", "autre", "entourage", "proche"), "CON"),
}
_KIND_OF = {fold_label(word): kind for word, kind in _KINDS.items()}

#: Words for the links of JDV_J11 beside its own labels.
_RELATIONS = {
    "maman": "MTH",
    "papa": "FTH",
    "mari": "HUSB",
    "femme": "WIFE",
    "conjointe": "SIGOTHR",
    "conjoint(e)": "SIGOTHR",
    **dict.fromkeys(
        ("concubin", "concubine", "compagnon", "compagne", "partenaire", "partenaire de pacs", "pacs"), "DOMPART"
    ),
    **dict.fromkeys(("cousin", "cousine"), "COUSN"),
    **dict.fromkeys(("voisin", "voisine"), "NBOR"),
    **dict.fromkeys(("ami", "amie", "ami(e)", "proche"), "FRND"),
    **dict.fromkeys(
        ("gendre", "belle-fille", "beau-fils", "beau-frère", "belle-soeur", "autre famille", "famille"), "FAMMEMB"
    ),
}
_MEASURES = {
    **dict.fromkeys(
        ("tutelle", "tutrice", "tutelle aux biens", "tutelle à la personne", "tutelle aux biens et à la personne"),
        "TUTEUR",
    ),
    **dict.fromkeys(
        ("curatelle", "curatrice", "curatelle simple", "curatelle renforcée", "curatelle aménagée"), "CURATEUR"
    ),
    **dict.fromkeys(("sauvegarde", "sauvegarde de justice", "mandataire spécial"), "MSVG"),
}
_PROTECTION = ("TUTEUR", "CURATEUR", "MSVG")
#: Links are the same in every state.
_STATE = "cda-1.0.1"

_Made = list[tuple[int, Contact]]


class ContactReader:
    """One rule's rows as contacts. ``read`` gives them with their order of call."""

    def __init__(self, index: int, read: Callable[[Collected, datetime], _Made]) -> None:
        self._index = index
        self._read = read

    def read(self, rows: Mapping[int, Sequence[SpooledRow]], clock: datetime, findings: Findings) -> _Made:
        """Contacts of the rows that nothing is wrong with."""
        found: _Made = []
        for spooled in rows.get(self._index, ()):
            got = Collected(spooled.row)
            made = self._read(got, clock)
            findings.extend((spooled.id, diagnostic) for diagnostic in got.diagnostics)
            if not any(d.is_error for d in got.diagnostics):
                found.extend(made)
        return found


#: Sorts contacts without an order of call behind those with one.
_LAST = 1000


def contact_reader(index: int, compiler: Compiler, spec: ContactRule) -> ContactReader:
    wanted = _person_fields() | {
        "kind": Field(_kind, MANY, required=True),
        "relation": Field(_relations().of),
        "order": Field(fields.number(1, _LAST - 1)),
        "phone": Field(fields.phone("H"), MANY),
        "mobile": Field(fields.phone("MC"), MANY),
    }
    read = compiler.fields(spec, wanted)
    address = compiler.address(spec.address, "address", "H")

    def made(got: Collected, clock: datetime) -> _Made:
        values, where = read(got), address(got)
        if "name" not in values:
            got.diagnostics.append(Diagnostic("DOS-70", got.row.location(column_of(spec.name))))
            return []
        return [
            (
                values.get("order", _LAST),
                Contact(
                    kind, _person(values), None, values.get("relation"), where, _telecoms(values), got.row.location()
                ),
            )
            for kind in dict.fromkeys(values.get("kind", ()))
        ]

    return ContactReader(index, made)


def protection_reader(index: int, compiler: Compiler, spec: ProtectionRule) -> ContactReader:
    wanted = _person_fields() | {
        "measure": Field(_measures),
        "organization": Field(fields.one_line),
        "phone": Field(fields.phone(None), MANY),  # of a home or of an office: the row does not say
        "end": Field(fields.moment),
    }
    read = compiler.fields(spec, wanted)
    address = compiler.address(spec.address, "address")

    def made(got: Collected, clock: datetime) -> _Made:
        values, where = read(got), address(got)
        if "name" not in values and "organization" not in values:
            got.diagnostics.append(Diagnostic("DOS-74", got.row.location(column_of(spec.name or spec.organization))))
            return []
        end = values.get("end")
        if end is not None and steps.is_after(clock, end):
            got.diagnostics.append(Diagnostic("DOS-73", got.row.location(column_of(spec.end))))
            return []
        person = _person(values) if "name" in values else None
        return [
            (
                _LAST,
                Contact(
                    "GUARD",
                    person,
                    values.get("organization"),
                    values.get("measure"),
                    where,
                    _telecoms(values),
                    got.row.location(),
                ),
            )
        ]

    return ContactReader(index, made)


def _person_fields() -> dict[str, Field]:
    return {
        "name": Field(fields.one_line),
        "given": Field(fields.one_line),
        "title": Field(steps.title),
        "email": Field(fields.email, MANY),
    }


def _person(values: Mapping[str, Any]) -> Person:
    return Person(values["name"], values.get("given"), values.get("title"))


def _telecoms(values: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(telecom for name in ("phone", "mobile", "email") for telecom in values.get(name, ()))


def _kind(datum: Any) -> str:
    kind = _KIND_OF.get(fold_label(fields.text_of(datum)))
    if kind is None:
        raise WrongValueError("DOS-71")
    return kind


@cache
def _relations() -> CodeList:
    return CodeList(("JDV_J11",), _STATE, _RELATIONS)


@cache
def _measure_list() -> CodeList:
    return CodeList(("JDV_J11",), _STATE, _MEASURES)


def _measures(datum: Any) -> Any:
    found = _measure_list().get(fields.text_of(datum))
    if found is None or found.code not in _PROTECTION:
        raise WrongValueError("DOS-75")
    return found
