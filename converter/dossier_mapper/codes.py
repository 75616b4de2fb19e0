"""Coded fields: a code of the release's value set, its official label, or nothing.

Labels are compared without regard to case, accents and blanks. A word that is none of them is a wrong value, answered
with the label that was most likely meant; a code of the guide's other release is told apart, because a table made for
one release is easily used with the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any

from converter.diagnostics import closest
from converter.mapper.fields import text_of
from converter.mapping.values import Convert, WrongValueError
from converter.model import Coding
from converter.terminology import codes, fold, fold_label, tables, value_set

__all__ = ["CodeList", "code_list", "coded", "gir"]

#: States with value sets of their own (the seed uses those of 1.1.0).
_OTHERS = {"seed": "cda-1.0.1", "1.1.0": "cda-1.0.1", "cda-1.0.1": "1.1.0"}


class CodeList:
    """The codes of one or several sets in a state, found by code, label, or one of the field's own words.

    A set is a value set of the CDA (``802``, ``JDV_J281``) or a shipped table (``JDV_J01``).
    """

    def __init__(self, names: tuple[str, ...], state: str, words: Mapping[str, str] = MappingProxyType({})) -> None:
        self.name = ", ".join(names)
        self.state = state
        self.codes = {code: coding for name in names for code, coding in _set(name, state).items()}
        self._other = {fold(code) for name in names for code in _set(name, _OTHERS[state]) if code not in self.codes}
        self._by_code = {fold(code): coding for code, coding in self.codes.items()}
        self._by_label: dict[str, list[Coding]] = {}
        for coding in self.codes.values():
            self._by_label.setdefault(fold(coding.display), []).append(coding)
        self._words = {fold_label(word): self.codes[code] for word, code in words.items() if code in self.codes}
        self._fault = lru_cache(maxsize=512)(self._find_fault)

    def get(self, text: str) -> Coding | None:
        """The coding that a text names for sure, or None."""
        word = fold(text)
        if word in self._by_code:
            return self._by_code[word]
        labelled = self._by_label.get(word, ())
        return labelled[0] if len(labelled) == 1 else self._words.get(fold_label(text))

    def of(self, datum: Any) -> Coding:
        """As ``get``, as the last step of a value. WrongValueError: DOS-10, DOS-11 or DOS-12."""
        text = text_of(datum)
        found = self.get(text)
        if found is None:
            code, params = self._fault(text)
            raise WrongValueError(code, **params)
        return found

    def _find_fault(self, text: str) -> tuple[str, Mapping[str, str | int]]:
        word = fold(text)
        if len(same := self._by_label.get(word, ())) > 1:
            return "DOS-12", {"table": self.name, "codes": ", ".join(c.code for c in same)}
        if word in self._other:
            return "DOS-11", {"table": self.name, "state": self.state, "other": _OTHERS[self.state]}
        labels = {fold(c.display): c for c in self.codes.values()}
        near = closest(word, labels) or closest(word, self._by_code)
        hint = labels.get(near) or self._by_code.get(near) if near else None
        said = f" ; vouliez-vous dire « {hint.display} » ({hint.code}) ?" if hint else "."
        asked = f"; did you mean '{hint.display}' ({hint.code})?" if hint else "."
        return "DOS-10", {"table": self.name, "hint": said, "hint_en": asked}


def _set(name: str, state: str) -> Mapping[str, Coding]:
    return codes(name) if name in tables() else value_set(name, state)


@cache
def code_list(names: tuple[str, ...], state: str) -> CodeList:
    """The list of value sets, made once."""
    return CodeList(names, state)


def coded(state: str, *names: str) -> Convert:
    """The last step of a field that is coded by these value sets."""
    return code_list(names, state).of


def gir(state: str) -> Convert:
    """A GIR: 1 to 6, ``GIR 3``, ``GIR-3``, or a code of value set 53."""
    codes = code_list(("53",), state)

    def convert(datum: Any) -> Coding:
        text = text_of(datum)
        bare = fold_label(text).removeprefix("gir").strip()
        found = codes.get(f"GIR-{bare}") or codes.get(text)
        if found is None:
            raise WrongValueError("DOS-13")
        return found

    return convert
