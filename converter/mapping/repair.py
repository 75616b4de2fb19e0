"""A mapping with faults, mended enough to look for more of them: everything wrong is said in one go.

What the schema refused is taken out, what it missed is filled with a placeholder. The result is never used for
anything but checks, and nothing is said of the places that were mended.
"""

from __future__ import annotations

import copy
from typing import Any

from pydantic import ValidationError

from converter.mapping.problems import errors_at
from converter.mapping.schema import MappingSpec
from converter.mapping.yaml_text import KeyPath

__all__ = ["mend"]

MAX_ROUNDS = 12

_PLACEHOLDERS: dict[str, Any] = {
    "mapping": "1",
    "establishment": {"name": "?", "finess": "?", "facility_type": "?", "software": {"name": "?"}},
    "software": {"name": "?"},
    "sources": {},
    "residents": {"from": "?", "key": "?", "birth_name": "?"},
    "documents": [{"dossier": {}}],
    "dossier": {},
}


def mend(data: dict[str, Any], wrong: ValidationError) -> tuple[MappingSpec | None, set[KeyPath]]:
    """The mapping without its faults, and the paths that were touched; None where it cannot be mended."""
    data = copy.deepcopy(data)
    mended: set[KeyPath] = set()
    for _ in range(MAX_ROUNDS):
        for kind, path in errors_at(wrong, data):
            if not _mend_one(data, kind, path):
                return None, mended
            mended.add(path)
        try:
            return MappingSpec.model_validate(data), mended
        except ValidationError as still:
            wrong = still
    return None, mended


def _mend_one(data: dict[str, Any], kind: str, path: KeyPath) -> bool:
    """Change one place; False where that would move other places (an item of a list) or there is none."""
    parent: Any = data
    for step in path[:-1]:
        try:
            parent = parent[step]
        except (KeyError, IndexError, TypeError):
            return kind != "missing"  # gone with something around it
    if not path or not isinstance(parent, dict):
        return False
    if kind == "missing":
        parent[path[-1]] = copy.deepcopy(_PLACEHOLDERS.get(str(path[-1]), "?"))
    else:
        parent.pop(path[-1], None)
    return True
