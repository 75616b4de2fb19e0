"""Whether a code belongs to a value set of the CDA in the document's state, or in any when the state is not known."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from converter import terminology
from converter.model import Coding

__all__ = ["STATES", "ValueSets"]

#: Newest first: a document of an unknown state is most likely of the current one.
STATES = ("cda-1.0.1", "1.1.0")


@cache
def _set(name: str, state: str) -> Mapping[str, Coding]:
    return terminology.value_set(name, state)


class ValueSets:
    """The value sets that one document is judged by."""

    def __init__(self, state: str | None) -> None:
        self.states = STATES if state is None else (state,)

    def holds(self, name: str, code: str, system: str) -> bool:
        """Whether the set ``name`` (or one of ``a+b+c``) has the code, of this code system if one is given."""
        for state in self.states:
            for one in name.split("+"):
                known = _set(one, state).get(code)
                if known is not None and system in {"", known.oid}:
                    return True
        return False

    def choices(self, name: str) -> list[Mapping[str, Coding]]:
        """The set as each possible state has it."""
        return [_set(name, state) for state in self.states]
