"""What fr-core-patient 2.1.0 asks beyond R4. Slices are told by ``use``, by type code or by extension URL.

Left out: rules that R4's tables already hold, and slices that need terminology.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["PATIENT_RULES"]

_FR_CORE = "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-patient-"
_SINGLE = (
    "http://hl7.org/fhir/StructureDefinition/patient-birthPlace",
    f"{_FR_CORE}nationality",
    f"{_FR_CORE}death-place",
    f"{_FR_CORE}birthdate-update-indicator",
)


def _objects(value: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """The objects of one of the Patient's lists."""
    held = value.get(name) if value.get("resourceType") == "Patient" else None
    return [one for one in held if isinstance(one, dict)] if isinstance(held, list) else []


def _official_name(value: dict[str, Any], kind: str) -> bool:
    """An official name has a family and a given name."""
    official = [name for name in _objects(value, "name") if name.get("use") == "official"]
    return any("family" not in name or "given" not in name for name in official)


def _prefix(value: dict[str, Any], kind: str) -> bool:
    """One title per name (fr-core-human-name)."""
    prefixes = [name.get("prefix") for name in _objects(value, "name")]
    return any(isinstance(held, list) and len(held) > 1 for held in prefixes)


def _telecom(value: dict[str, Any], kind: str) -> bool:
    """fr-core-contact-point."""
    return any(not {"system", "value"} <= set(one) for one in _objects(value, "telecom"))


def _single_extensions(value: dict[str, Any], kind: str) -> bool:
    urls = [str(one.get("url")) for one in _objects(value, "extension")]
    return any(urls.count(url) > 1 for url in _SINGLE)


def _local_identifier(value: dict[str, Any], kind: str) -> bool:
    """An identifier of type PI has system and value, and no other use than ``usual``."""
    typed = [one for one in _objects(value, "identifier") if "PI" in _type_codes(one)]
    return any(not {"system", "value"} <= set(one) or one.get("use", "usual") != "usual" for one in typed)


def _type_codes(identifier: dict[str, Any]) -> set[str]:
    held = identifier.get("type")
    codings = held.get("coding") if isinstance(held, dict) else None
    return {str(one.get("code")) for one in codings if isinstance(one, dict)} if isinstance(codings, list) else set()


#: Name of a rule, and whether a value (given with its element's name) breaks it.
PATIENT_RULES: tuple[tuple[str, Callable[[dict[str, Any], str], bool]], ...] = (
    ("fr-core-patient: name:official", _official_name),
    ("fr-core-patient: name.prefix", _prefix),
    ("fr-core-patient: telecom", _telecom),
    ("fr-core-patient: extension", _single_extensions),
    ("fr-core-patient: identifier:PI", _local_identifier),
)
