"""Small mappings for the tests, and what is found wrong with them. All names and numbers are invented."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from converter.diagnostics import Diagnostic, MappingError
from converter.mapping.loader import LoadedMapping, load

#: A mapping as small as one can be, with a folder of scans and a dossier.
SMALL: dict[str, Any] = {
    "mapping": "1",
    "establishment": {
        "name": "EHPAD d'essai",
        "finess": "010990000",
        "facility_type": "SA17",
        "software": {"name": "Ancien logiciel"},
    },
    "sources": {"usagers": {"file": "usagers.csv"}, "ged": {"file": "ged.csv", "scans": "ged/"}},
    "residents": {"from": "usagers", "key": "Numéro", "birth_name": "Nom"},
    "documents": [
        {
            "from": "ged",
            "resident": "Numéro",
            "key": "Id",
            "title": "Libellé",
            "type": {"column": "Type", "table": "types"},
            "scan": "Chemin",
        },
        {"dossier": {}},
    ],
    "tables": {"types": {"CR": "11490-0"}},
}


def merged(base: Any, top: Any) -> Any:
    """``top`` over ``base``, key by key; a list index as a key changes that item; None takes a key out."""
    if not isinstance(top, dict):
        return top
    if isinstance(base, list):
        return [merged(item, top[i]) if i in top else item for i, item in enumerate(base)]
    found = dict(base) if isinstance(base, dict) else {}
    for key, value in top.items():
        if value is None:
            found.pop(key, None)
        else:
            found[key] = merged(found.get(key), value)
    return found


def write(folder: Path, changes: dict[str, Any] | None = None, name: str = "mapping.yaml") -> Path:
    """The small mapping with changes, as a file."""
    path = folder / name
    path.write_text(yaml.safe_dump(merged(SMALL, changes or {}), allow_unicode=True, sort_keys=False), "utf-8")
    return path


def loaded(folder: Path, changes: dict[str, Any] | None = None) -> LoadedMapping:
    return load(write(folder, changes))


def faults(path: Path, **options: str) -> tuple[Diagnostic, ...]:
    """What `load` refuses a mapping for."""
    with pytest.raises(MappingError) as refused:
        load(path, **options)
    return refused.value.diagnostics


def codes(found: Iterable[Diagnostic]) -> list[tuple[str, str]]:
    """Code and path of each."""
    return [(d.code, getattr(d.location, "path", "")) for d in found]
