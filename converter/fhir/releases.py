"""The releases of the guide, one table each in ``data/releases``: canonicals, cardinalities, fixed values, targets.

A release is data. Writer and checks read it and never ask for its name. Sources: the StructureDefinitions of
ans.fhir.fr.tddui 1.0.0-ballot to 1.1.0 and ans.cda.fr.tddui 1.0.0 and 1.0.1.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

__all__ = ["DEFAULT", "RELEASES", "Preferred", "Release"]

DEFAULT = "tddui-1.1.0"


@dataclass(frozen=True, slots=True)
class Preferred:
    """A preferred binding: a shipped table by short name, and code systems (URIs, ``urn:``, names below NOS).

    ``also``: shipped tables with more codes of the guide (the format code of its own export is not in JDV_J10).
    """

    table: str
    systems: tuple[str, ...]
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Release:
    """One release. ``documents_per_bundle`` None means no limit; ``elements`` gives (min, max) by path.

    ``patient_profile`` is what subject and context.sourcePatientInfo point to; ``cda_state`` names the CDA that goes
    with the release; ``flows`` are the guide's exchanges that it has.
    """

    name: str
    title: str
    package: str
    version: str
    published: date
    document_profile: str
    bundle_profile: str
    patient_profile: str
    cda_state: str
    flows: tuple[int, ...]
    documents_per_bundle: int | None
    elements: Mapping[str, tuple[int, int]]
    fixed: Mapping[str, str]
    targets: Mapping[str, tuple[str, ...]]
    preferred: Mapping[str, Preferred]

    def document_canonical(self, versioned: bool) -> str:
        """The profile to claim on a DocumentReference, with ``|version`` when asked for."""
        return f"{self.document_profile}|{self.version}" if versioned else self.document_profile

    def bundle_canonical(self, versioned: bool) -> str:
        return f"{self.bundle_profile}|{self.version}" if versioned else self.bundle_profile


def _bounds(text: str) -> tuple[int, int]:
    low, high = text.split("..")
    return int(low), int(high)


def _release(table: dict[str, Any]) -> Release:
    parsed = {
        "flows": tuple(table.pop("flows")),
        "documents_per_bundle": table.pop("documents_per_bundle", None),
        "elements": MappingProxyType({path: _bounds(text) for path, text in table.pop("elements").items()}),
        "fixed": MappingProxyType(table.pop("fixed")),
        "targets": MappingProxyType({path: tuple(types) for path, types in table.pop("targets").items()}),
        "preferred": MappingProxyType(
            {
                path: Preferred(row["table"], tuple(row["systems"]), tuple(row.get("also", ())))
                for path, row in table.pop("preferred").items()
            }
        ),
    }
    return Release(**table, **parsed)


@cache
def _load() -> Mapping[str, Release]:
    folder = files(__package__) / "data" / "releases"
    loaded = [
        _release(tomllib.loads(file.read_text(encoding="utf-8")))
        for file in folder.iterdir()
        if file.name.endswith(".toml")
    ]
    return MappingProxyType({r.name: r for r in sorted(loaded, key=lambda r: r.published)})


#: Every release by name, oldest first.
RELEASES: Mapping[str, Release] = _load()
