"""The structured dossier as a document: the header of its state around the sections."""

from __future__ import annotations

from datetime import datetime

from converter.cda.dossier.build import body_parts
from converter.cda.dossier.states import STATES, State
from converter.cda.header import END, Frame, header
from converter.cda.level1 import CDA_MEDIA_TYPE
from converter.cda.moments import ts
from converter.cda.parts import coded
from converter.dossier import Dossier, Stay
from converter.model import Coding, Establishment, Organization, Period
from converter.payload import FilePart, Payload
from converter.terminology import lookup

__all__ = ["dossier_document", "dossier_type"]


def dossier_type(state: str) -> Coding:
    """The type (JDV_J07) that the dossier has in a CDA state: also that of its DocumentReference."""
    found = lookup("JDV_J07", STATES[state].code)
    assert found is not None
    return found


def dossier_document(
    dossier: Dossier, establishment: Establishment, clock: datetime, custodian: Organization | None = None
) -> Payload:
    """The dossier of one resident; files inside are streamed. ValueError for a dossier without a section."""
    state = STATES[dossier.state]
    frame = Frame(
        template=state.template,
        code=dossier_type(dossier.state),
        facility=_facility(state, establishment, dossier.sector_deviation),
        by_software=True,
        with_nss=dossier.state != "seed",
        stay=_stay_shown(dossier.stays),
    )
    head = header(dossier.document, dossier.resident, establishment, clock, frame, custodian)
    body = list(body_parts(dossier))
    if not body:
        raise ValueError("a structured body has at least one section")
    start, close = "<component><structuredBody>\n", f"\n</structuredBody></component>\n{END}"
    return Payload(_joined([(head + start).encode(), *body, close.encode()]), CDA_MEDIA_TYPE)


def _joined(parts: list[bytes | FilePart]) -> tuple[bytes | FilePart, ...]:
    """Neighbouring bytes in one piece."""
    found: list[bytes | FilePart] = []
    for part in parts:
        if found and isinstance(part, bytes) and isinstance(found[-1], bytes):
            found[-1] += part
        else:
            found.append(part)
    return tuple(found)


def _facility(state: State, establishment: Establishment, deviation: bool) -> str:
    """The sector, and from 1.1.0 the FINESS category as its translation.

    A sector that the state refuses is written as SA41 only where the mapping asked for it; the category is always the
    one that the mapping gives.
    """
    sector, category = establishment.facility_type, establishment.category
    if deviation and sector.code not in state.sectors:
        other = lookup("JDV_J02", "SA41")
        assert other is not None
        sector = other
    if not state.needs_category or category is None:
        return coded("code", sector)
    return coded("code", sector, coded("translation", category))


def _stay_shown(stays: tuple[Stay, ...]) -> Period | None:
    """The stay of the header: the running one, else the latest; planned stays have not begun."""
    begun = [(stay, start) for stay in stays if (start := stay.entry or stay.admission) is not None]
    if not begun:
        return None
    stay, start = max(begun, key=lambda pair: (pair[0].exit is None, ts(pair[1])))
    return Period(start, stay.exit)
