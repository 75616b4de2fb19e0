"""A second opinion on the skeleton of what we write: the R4B models of fhir.resources.

For the resources used here R4B has the elements, lists, required flags and reference targets of R4. The models know
no codes, base64, bundle rules or references: :mod:`converter.fhir.check` does that. They are only asked, never used
to serialise. Importing them takes half a second, so it happens on the first question.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from converter.diagnostics import Diagnostic, ProductLocation
from converter.fhir.references import Json

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

__all__ = ["check_skeleton"]


def check_skeleton(resource: Json, location: ProductLocation | None = None) -> list[Diagnostic]:
    """What the R4B models refuse about a resource: DR-08 per element. Values are never quoted."""
    from pydantic import ValidationError

    try:
        _model(resource["resourceType"]).model_validate(resource)
    except ValidationError as error:
        return [_finding(details, location) for details in error.errors(include_url=False, include_input=False)]
    return []


@cache
def _model(resource_type: str) -> Any:
    from fhir.resources.R4B import get_fhir_model_class

    return get_fhir_model_class(resource_type)


def _finding(details: ErrorDetails, location: ProductLocation | None) -> Diagnostic:
    path = ".".join(str(part) for part in details["loc"])
    file = location.file if location else ""
    return Diagnostic("DR-08", ProductLocation(file, path), {"kind": details["type"]})
