"""What a valid header needs and is not there: said before anything is written, so that the caller rejects or warns.

The header rules refuse an unknown value in many places (no nullFlavor for birth date, names, identifiers). Nothing is
made up to get past them: an error here means that the CDA cannot be written validly, a warning that something the
sources know has no valid place in it and stays out, a notice that something is written otherwise than one may expect.
Clauses: CI-SIS header; guide, header page of each state.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from converter.cda.dossier.states import STATES, State
from converter.cda.parts import document_id
from converter.cda.resident import INFORMANTS, can_be_written, has_ins, missing_traits
from converter.diagnostics import Diagnostic, Severity
from converter.model import DocumentRecord, Establishment, Organization, Person, Resident
from converter.terminology import codes, format_of

__all__ = ["document_problems", "header_gaps", "header_problems"]

_NO_DEVIATION: Collection[str] = ()


def header_gaps(
    establishment: Establishment,
    state: str | None,
    custodian: Organization | None = None,
    deviation: Collection[str] = _NO_DEVIATION,
) -> list[Diagnostic]:
    """What the mapping should add or change, once per run. ``state`` None: level 1 documents only.

    ``deviation`` holds the dossier's options of that name: with ``sector`` a refused sector is a warning; the category
    is always the mapping's own choice, because a near one is never picked for it.
    """
    found = list(_sender_gaps(establishment, custodian))
    if state is not None:
        found += _dossier_gaps(establishment, STATES[state], deviation)
    return found


def _sender_gaps(establishment: Establishment, custodian: Organization | None) -> Iterator[Diagnostic]:
    if custodian is not None and custodian.identifier is None:
        yield Diagnostic("CDA-11")
    if not establishment.software.manufacturer:
        yield Diagnostic("CDA-14")
    signer = establishment.legal_authenticator
    if signer is not None and signer.identifier is None:
        yield Diagnostic("CDA-15")


def _dossier_gaps(establishment: Establishment, state: State, deviation: Collection[str]) -> Iterator[Diagnostic]:
    # The first state writes its one sector for everybody: who chooses that state has chosen this too.
    level = Severity.WARNING if "sector" in deviation or not state.needs_category else Severity.ERROR
    sector = establishment.facility_type.code
    if sector not in state.sectors:
        yield Diagnostic("CDA-07", None, {"sector": sector, "known": ", ".join(state.sectors)}, level)
    if state.needs_category and establishment.category is None:
        yield Diagnostic("CDA-08")
    elif state.needs_category and establishment.category.code not in codes("JDV_J254"):  # type: ignore[union-attr]
        assert establishment.category is not None
        yield Diagnostic("CDA-09", None, {"category": establishment.category.code})
    if establishment.practice_setting.code != "ESSMS":
        yield Diagnostic("CDA-10", None, {"setting": establishment.practice_setting.code})


def header_problems(
    resident: Resident, establishment: Establishment, state: str | None, deviation: Collection[str] = _NO_DEVIATION
) -> list[Diagnostic]:
    """What keeps this resident's documents from being valid (errors), or stays out of them (warnings).

    ``state`` None asks for level 1 only. ``establishment`` is there for rules to come that compare the two.
    ``deviation`` holds the dossier's options: with ``birth_order`` a missing one is a warning.
    """
    found = list(_identity_problems(resident))
    if state is not None and STATES[state].needs_birth_order and not has_ins(resident) and resident.birth_order is None:
        level = Severity.WARNING if "birth_order" in deviation else Severity.ERROR
        found.append(Diagnostic("CDA-05", resident.location, {}, level))
    for contact in resident.contacts:
        if can_be_written(contact):
            continue
        known = contact.kind in INFORMANTS or contact.kind == "GUARD"
        found.append(Diagnostic("CDA-06" if known else "CDA-18", contact.location or resident.location))
    return found


def _identity_problems(resident: Resident) -> Iterator[Diagnostic]:
    if not (resident.birth_name.strip() or (resident.used_name or "").strip()):
        yield Diagnostic("CDA-01", resident.location)
    if not (resident.given_names or resident.first_given_name or resident.used_given_name):
        yield Diagnostic("CDA-02", resident.location)
    if resident.birth_date is None:
        yield Diagnostic("CDA-03", resident.location)
    if resident.ins is not None and (missing := missing_traits(resident)):
        yield Diagnostic("CDA-04", resident.location, {"traits": ", ".join(missing)})


def document_problems(document: DocumentRecord) -> list[Diagnostic]:
    """What of one document record has no valid place in its CDA, and what its body is not accepted for."""
    return list(_document_problems(document))


def _document_problems(document: DocumentRecord) -> Iterator[Diagnostic]:
    who = document.author
    if isinstance(who, Person | Organization) and who.identifier is None:
        yield Diagnostic("CDA-12", document.location)
    if document.authenticator is not None and document.authenticator.identifier is None:
        yield Diagnostic("CDA-19", document.location)
    if document.replaces and not document_id("id", document.replaces):
        yield Diagnostic("CDA-13", document.location)
    if document.wrap and document.scan is not None:
        media_type = document.scan.media_type
        if format_of(media_type) is None:
            yield Diagnostic("CDA-16", document.location, {"media_type": media_type})
        elif media_type not in ("application/pdf", "text/plain"):
            yield Diagnostic("CDA-17", document.location, {"media_type": media_type})
