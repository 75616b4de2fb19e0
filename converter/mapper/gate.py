"""Whose row it is, whether it counts, and whether it agrees with whom it says it is about."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from converter.diagnostics import Diagnostic
from converter.mapper import fields
from converter.mapping.conditions import compile_condition
from converter.mapping.nodes import ConditionSpec, GuardSpec
from converter.mapping.values import Result, Rule, ValueContext, compile_value
from converter.model import Header, PartialDate, Resident, Sex, SourceRow
from converter.terminology import fold, fold_label

__all__ = ["SITE_MARK", "Gate", "KeyRule"]

#: Between the site and the number in a key: a character that no cell may hold in a key (see `one_line`).
SITE_MARK = "\x1f"


class KeyRule:
    """The resident's key of a row, site included, normalised as the mapping says for comparing sources."""

    def __init__(
        self,
        key: object,
        site: object,
        normalize: Sequence[str],
        header: Header,
        context: ValueContext,
        path: str,
        name: str = "resident",
    ) -> None:
        """``path`` is the rule's in the mapping, ``name`` the key's within the rule."""

        def compiled(value: object, part: str) -> Rule:
            rule = compile_value(value, header, context, required=True, path=f"{path}.{part}", to=fields.one_line)
            return fields.mandatory(rule, value)

        self._key = compiled(key, name)
        self._site = compiled(site, "site") if site is not None else None
        self._normalize = tuple(normalize)

    def __call__(self, row: SourceRow) -> Result:
        """The key for comparing; None with what is wrong."""
        return self.read(row)[0]

    def read(self, row: SourceRow) -> tuple[Result, str]:
        """The key for comparing, and as the row has it, the site in front: what identifiers are made from."""
        number = self._key(row)
        if number.value is None:
            return number, ""
        text = self.normalized(number.value)
        if self._site is None:
            return Result(text, number.diagnostics), str(number.value)
        site = self._site(row)
        remarks = (*number.diagnostics, *site.diagnostics)
        if site.value is None:
            return Result(None, remarks), ""
        key = f"{self.normalized(site.value)}{SITE_MARK}{text}"
        return Result(key, remarks), f"{site.value}/{number.value}"

    def normalized(self, text: str) -> str:
        """A number without the differences that the mapping says do not matter."""
        if "case" in self._normalize:
            text = text.casefold()
        if "spaces" in self._normalize:
            text = "".join(text.split())
        if "leading_zeros" in self._normalize:
            text = text.lstrip("0") or "0"
        return text


class Gate:
    """`when` and `guard` of one rule."""

    def __init__(
        self,
        when: Sequence[ConditionSpec] | None,
        guard: GuardSpec | None,
        header: Header,
        context: ValueContext,
        path: str,
    ) -> None:
        #: None when the rule counts for the row, else the column of the condition that does not hold.
        self.failing: Callable[[SourceRow], str | None] = compile_condition(when, header)
        self._guards = _guards(guard, header, context, path) if guard else []

    def check_resident(self, row: SourceRow, resident: Resident) -> list[Diagnostic]:
        """GUARD-01 for each datum of the row that contradicts the resident; GUARD-02 for one that either side lacks."""
        found: list[Diagnostic] = []
        for column, value, agrees in self._guards:
            result = value(row)
            found.extend(result.diagnostics)
            if result.diagnostics:
                continue
            same = None if result.value is None else agrees(result.value, resident)
            if not same:
                found.append(Diagnostic("GUARD-02" if same is None else "GUARD-01", row.location(column)))
        return found


#: Whether a datum is the resident's; None when nothing is known of the resident to compare it with.
_Agrees = Callable[[object, Resident], bool | None]


def _guards(
    guard: GuardSpec, header: Header, context: ValueContext, path: str
) -> list[tuple[str | None, Rule, _Agrees]]:
    tests: dict[str, tuple[Callable[[object], object], _Agrees]] = {
        "birth_name": (fields.one_line, lambda v, r: _same_name(v, r.birth_name)),
        "used_name": (fields.one_line, lambda v, r: _same_name(v, r.used_name or r.birth_name)),
        "name": (fields.one_line, lambda v, r: _same_name(v, r.birth_name) or _same_name(v, r.used_name)),
        "given_names": (fields.one_line, _same_given),
        "birth_date": (fields.calendar_day, lambda v, r: None if r.birth_date is None else _same_day(v, r.birth_date)),
        "sex": (fields.sex, lambda v, r: None if Sex.UNKNOWN in (v, r.sex) else v == r.sex),
        "ins": (fields.one_line, _same_number),
    }
    found = []
    for name, (to, agrees) in tests.items():
        value = getattr(guard, name)
        if value is not None:
            rule = compile_value(value, header, context, path=f"{path}.guard.{name}", to=to)
            found.append((fields.column_of(value), rule, agrees))
    return found


def _same_name(value: object, name: str | None) -> bool:
    return name is not None and fold_label(str(value)) == fold_label(name)


def _same_given(value: object, resident: Resident) -> bool | None:
    """The same list, its beginning, or the name in use: exports often repeat the first given name only."""
    here = fold_label(str(value)).split()
    known = [
        fold_label(n).split() for n in (resident.given_names, resident.first_given_name, resident.used_given_name) if n
    ]
    return any(here == words[: len(here)] for words in known) if known else None


def _same_day(value: object, born: PartialDate) -> bool:
    """Equal as far as both are known."""
    here, there = str(value), str(born)
    short = min(len(here), len(there))
    return here[:short] == there[:short]


def _same_number(value: object, resident: Resident) -> bool | None:
    here = fold(str(value)).replace(" ", "")
    known = [n for n in (resident.ins.value if resident.ins else None, resident.nss) if n]
    return any(fold(n) == here or fold(n[:13]) == here for n in known) if known else None
