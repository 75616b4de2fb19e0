"""Which column is perhaps which field: by usual labels, then by what the cells look like. Guesses, and marked as such.

Nothing is guessed from what a cell says. Words are compared with closed lists only (sex, title, yes and no, the kinds
of documents that ship with the program).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from converter.firststeps.labels import DOCUMENTS, RESIDENTS, bare, spellings
from converter.firststeps.shapes import Column
from converter.firststeps.tables import File, TableFound
from converter.terminology import fold

__all__ = ["Guesses", "Source", "guess", "reference"]

#: Fields that speak for a list of people.
_TRAITS = ("birth_name", "used_name", "given_names", "sex", "birth_date", "birth_place_name", "nss", "ins", "title")
#: What a field's cells must look like, for the label alone to be believed.
_DATES = ("birth_date", "death_date", "created", "guard.birth_date")


@dataclass(slots=True)
class Source:
    """A table under the name that the mapping gives it, and the field of each column recognised."""

    name: str
    file: File
    table: TableFound
    fields: dict[str, Column] = field(default_factory=dict)

    @property
    def has_header(self) -> bool:
        return self.table.header is not None

    def unused(self) -> list[Column]:
        used = {c.position for c in self.fields.values()}
        return [c for c in self.table.columns if c.position not in used and (c.filled or c.label)]

    def reference(self, column: Column) -> str:
        return reference(self.table, column)


@dataclass(slots=True)
class Guesses:
    """The residents' source, those of documents, and the tables for which nobody knows a use."""

    residents: Source | None
    documents: list[Source]
    others: list[Source]

    def sources(self) -> list[Source]:
        return [*([self.residents] if self.residents else []), *self.documents, *self.others]


def reference(table: TableFound, column: Column) -> str:
    """How the mapping names a column for certain: its label, `Label#2` for the second of that name, or `#7`."""
    if table.header is None or not column.shown or not column.label:
        return f"#{column.position}"
    same = [c.position for c in table.columns if fold(c.label) == fold(column.label)]
    if len(same) == 1:
        # A label of the form `Nom#2` or `#7` would be read as a position.
        return f"#{column.position}" if "#" in column.label else column.label
    return f"#{column.position}" if "#" in column.label else f"{column.label}#{same.index(column.position) + 1}"


def guess(files: Iterable[File]) -> Guesses:
    """What the tables of an export are for."""
    sources = _named(files)
    people = {id(s): _people(s) for s in sources}
    papers = {id(s): _papers(s) for s in sources}
    residents = _residents(sources, people, papers)
    if residents is not None:
        residents.fields = people[id(residents)]
    key = residents.fields.get("key") if residents else None
    documents = [s for s in sources if s is not residents and "scan" in papers[id(s)]]
    for source in documents:
        source.fields = _document_fields(source, key)
    others = [s for s in sources if s is not residents and all(s is not d for d in documents)]
    return Guesses(residents, documents, others)


def _named(files: Iterable[File]) -> list[Source]:
    """Every table that holds something, under a name of its own."""
    found: list[Source] = []
    for file in files:
        tables = [t for t in file.tables if not t.is_empty and t.rows]
        # A sheet without any usual label beside others that have some is a note, not a table.
        known = [t for t in tables if t.header is not None] or tables
        for table in known:
            title = table.sheet if table.sheet is not None and len(known) > 1 else file.path.stem
            found.append(Source(_slug(title, {s.name for s in found}), file, table))
    return found


def _slug(title: str, taken: set[str]) -> str:
    plain = fold(title).encode("ascii", "ignore").decode()
    name = "_".join("".join(c if c.isalnum() else " " for c in plain).split())[:40] or "source"
    name = name if name[0].isalpha() else f"s_{name}"
    number, unique = 1, name
    while unique in taken:
        number += 1
        unique = f"{name}_{number}"
    return unique


def _residents(
    sources: Sequence[Source], people: Mapping[int, dict[str, Column]], papers: Mapping[int, dict[str, Column]]
) -> Source | None:
    """The table with most of a person's traits; one that names files only where there is no other."""

    def weight(source: Source) -> tuple[bool, int, bool]:
        fields = people[id(source)]
        key = fields.get("key")
        return "scan" not in papers[id(source)], sum(t in fields for t in _TRAITS), bool(key and key.identifies)

    best = max(sources, key=weight, default=None)
    if best is None or not weight(best)[0] or "birth_name" not in people[id(best)] or weight(best)[1] < 2:
        return None
    return best


# -------------------------------------------------------------------------------------------------------- columns


def _matched(columns: Iterable[Column], table: Mapping[str, str], taken: Iterable[int] = ()) -> dict[str, Column]:
    """Fields by their labels, the surest label first; each column serves once."""
    by_label: dict[str, Column] = {}
    for column in columns:
        if column.shown and column.label:
            by_label.setdefault(bare(column.label), column)
    used = set(taken)
    found: dict[str, Column] = {}
    for name, labels in table.items():
        for spelling in spellings(labels):
            fit = by_label.get(spelling)
            if fit is not None and fit.position not in used and _fits(name, fit):
                found[name] = fit
                used.add(fit.position)
                break
    return found


def _fits(name: str, column: Column) -> bool:
    """Whether the cells do not belie the label."""
    if name in _DATES and column.filled:
        return bool(column.mostly()[0])
    if name == "scan" and column.filled:
        return column.share("path") > 0.5
    return not (name == "created" and not column.filled)


def _people(source: Source) -> dict[str, Column]:
    return _matched(source.table.columns, RESIDENTS)


def _papers(source: Source) -> dict[str, Column]:
    """The fields of a table of documents; a column of paths serves whatever its label."""
    found = _matched(source.table.columns, DOCUMENTS)
    if "scan" not in found:
        paths = [c for c in source.table.columns if c.share("path") > 0.8 and c.filled * 2 > c.rows]
        if paths:
            found["scan"] = max(paths, key=lambda c: (c.filled, -c.position))
    return found


def _document_fields(source: Source, residents_key: Column | None) -> dict[str, Column]:
    """Whose it is comes first: the column named as the residents' key, else one of a person's number."""
    columns = source.table.columns
    resident = _resident_of(columns, residents_key)
    taken = [resident.position] if resident else []
    scan = _papers(source)["scan"]
    rest = {name: labels for name, labels in DOCUMENTS.items() if name != "scan"}
    found = _matched(columns, rest, [*taken, scan.position])
    if (key := found.get("key")) is not None and key.repeats and (better := _unique(columns, found, taken)):
        found["key"] = better
    return {**({"resident": resident} if resident else {}), "scan": scan, **found}


def _resident_of(columns: Sequence[Column], key: Column | None) -> Column | None:
    if key is not None and key.label:
        same = [c for c in columns if c.shown and bare(c.label) == bare(key.label)]
        if same:
            return same[0]
    # A number that differs on every row is the document's, not a person's.
    found = _matched([c for c in columns if not c.identifies or c.rows < 3], {"key": RESIDENTS["key"]})
    return found.get("key")


def _unique(columns: Sequence[Column], found: Mapping[str, Column], taken: Sequence[int]) -> Column | None:
    """Another column labelled as a number, with a value of its own on every row."""
    used = {c.position for name, c in found.items() if name != "key"} | set(taken)
    fit = [c for c in columns if c.identifies and c.position not in used]
    return _matched(fit, {"key": DOCUMENTS["key"]}).get("key")
