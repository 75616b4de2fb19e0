"""Whether an establishment and a resident may have a structured dossier at all.

The header of 1.1.0 and cda-1.0.1 takes three sectors, 24 FINESS categories, and a birth order where there is no INS.
What it refuses is said once, with what can be done instead; it is written otherwise only where the mapping asks.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from converter.cda.dossier.states import State
from converter.diagnostics import Diagnostic
from converter.mapping.schema import DossierOptions
from converter.model import Establishment, Resident
from converter.terminology import codes

__all__ = ["Permission", "birth_order", "sector"]

_CATEGORIES = "JDV_J254"


@dataclass(frozen=True, slots=True)
class Permission:
    """``refused``: no dossier. ``deviating``: one with another sector than the establishment's."""

    refused: bool = False
    deviating: bool = False
    diagnostics: list[Diagnostic] = field(default_factory=list)


def sector(establishment: Establishment, state: State, options: DossierOptions) -> Permission:
    """Sector and category. The seed writes its one sector for everybody: who chooses it knows, and is told again."""
    code = establishment.facility_type.code
    params: dict[str, str | int] = {"state": state.name, "sector": code, "allowed": ", ".join(state.sectors)}
    if not state.needs_category:
        if code in state.sectors:
            return Permission()
        return Permission(deviating=True, diagnostics=[Diagnostic("DOS-32", None, params)])
    fits = establishment.category is not None and establishment.category.code in codes(_CATEGORIES)
    if code in state.sectors and fits:
        return Permission()
    if "sector" in options.deviation and fits:
        return Permission(deviating=True, diagnostics=[Diagnostic("DOS-06", None, params)])
    if code not in state.sectors and "sector" not in options.deviation:
        return Permission(refused=True, diagnostics=[Diagnostic("DOS-01", None, params)])
    given = establishment.category.code if establishment.category else "—"
    return Permission(refused=True, diagnostics=[Diagnostic("DOS-02", None, {"state": state.name, "category": given})])


def birth_order(resident: Resident, state: State, options: DossierOptions) -> Permission:
    """The order of birth, which stands for the INS where there is none."""
    if not state.needs_birth_order or resident.ins is not None or resident.birth_order is not None:
        return Permission()
    params = {"state": state.name}
    if "birth_order" in options.deviation:
        return Permission(deviating=True, diagnostics=[Diagnostic("DOS-07", resident.location, params)])
    return Permission(refused=True, diagnostics=[Diagnostic("DOS-03", resident.location, params)])
