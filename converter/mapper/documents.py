"""A row of a document rule as document records, still without their files.

A record says everything that a document reference and a CDA header need; the files it is made of are a *wish*, which
the conversion grants or refuses. Several files in one cell make several documents of one row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from converter import terminology
from converter.diagnostics import Diagnostic, Severity
from converter.identifiers import check_adeli, check_finess, check_rpps, check_siret
from converter.mapper import fields
from converter.mapper.gate import Gate, KeyRule
from converter.mapper.identity import document_identity, number_mark
from converter.mapper.residents import Collected
from converter.mapping.nodes import ColumnValue, OrganizationSpec, PersonSpec
from converter.mapping.rules import RowRule
from converter.mapping.schema import AuthorSpec, ScanRule, TemplateRule
from converter.mapping.values import Noted, Rule, ValueContext, WrongValueError, compile_value
from converter.model import (
    Author,
    Coding,
    DocumentRecord,
    Establishment,
    Header,
    Identifier,
    Moment,
    Organization,
    PartialDate,
    Period,
    Person,
    Resident,
    SourceRow,
)

__all__ = ["DocumentMapper", "MappedDocument", "ScanWish"]

_PROFESSIONALS = "1.2.250.1.71.4.2.1"
_STRUCTURES = "1.2.250.1.71.4.2.2"


@dataclass(frozen=True, slots=True)
class ScanWish:
    """A file that a row asks for, as written there, and what the index says of it."""

    written: str
    sha256: str | None = None
    md5: str | None = None
    size: str | None = None


@dataclass(frozen=True, slots=True)
class MappedDocument:
    """A record without its file, and the file it wants (None for a document made from rows)."""

    record: DocumentRecord
    wish: ScanWish | None = None


#: Files of one row that an update looks for when the row is rejected.
_FILES = 50


class DocumentMapper:
    """One rule, compiled once per run."""

    def __init__(
        self,
        rule: RowRule,
        header: Header,
        context: ValueContext,
        establishment: Establishment,
        author: AuthorSpec,
        checks: Mapping[str, Severity | None],
        normalize_key: Sequence[str] = (),
    ) -> None:
        assert isinstance(rule.spec, ScanRule | TemplateRule)
        self.rule = rule
        spec = self.spec = rule.spec
        self._establishment = establishment
        path = f"documents[{rule.path[1]}]"
        self.resident_key = KeyRule(spec.resident, spec.site, normalize_key, header, context, path)
        self.gate = Gate(spec.when, spec.guard, header, context, path)
        compiler = _Compiler(header, context, path)
        self.key = fields.mandatory(compiler("key", spec.key, fields.one_line, required=True), spec.key)
        self._rules = {
            name: compiler(name, getattr(spec, name), to, required=name in _REQUIRED) for name, to in _FIELDS.items()
        }
        for name in _REQUIRED:
            self._rules[name] = fields.mandatory(self._rules[name], getattr(spec, name))
        period = spec.period
        self._start = compiler("period.start", period.start if period else None, fields.moment)
        self._end = compiler("period.end", period.end if period else None, fields.moment)
        self._author = _AuthorRule(spec.author or author, compiler, establishment, checks)
        self._fallback = _AuthorRule(author, compiler, establishment, checks) if spec.author else None
        self._authenticator = (
            _PersonRule(spec.authenticator, compiler, "authenticator", checks) if spec.authenticator else None
        )
        self._scan = _ScanRule(spec, compiler) if isinstance(spec, ScanRule) else None
        self._rows = _RowsRule(spec, header, compiler) if isinstance(spec, TemplateRule) else None

    @property
    def wrapped(self) -> bool:
        """Whether the document is a CDA around what it holds."""
        return not (isinstance(self.spec, ScanRule) and self.spec.wrap == "none")

    @property
    def namespace(self) -> str:
        """What document numbers are unique in: the source, and the template for documents made from rows."""
        return self.rule.source if self._scan else f"{self.rule.source}/{getattr(self.spec, 'template', '')}"

    def map(self, row: SourceRow, resident: Resident) -> tuple[list[MappedDocument], list[Diagnostic]]:
        """The documents of a row; none when something is wrong with it (the diagnostics then hold an error)."""
        got = Collected(row)
        record = self._record(got, resident)
        wishes = self._scan.of(got) if self._scan else [None]
        if record is None or any(d.is_error for d in got.diagnostics):
            return [], got.diagnostics
        if len(wishes) == 1:
            return [MappedDocument(record, wishes[0])], got.diagnostics
        return [self._numbered(record, resident, n, len(wishes), w) for n, w in enumerate(wishes, 1)], got.diagnostics

    def _numbered(
        self, record: DocumentRecord, resident: Resident, n: int, count: int, wish: ScanWish | None
    ) -> MappedDocument:
        """The n-th of several files of one row: its own number, and a title that tells it from the others."""
        title = f"{record.title} ({n}/{count})"
        if n == 1:
            return MappedDocument(replace(record, title=title), wish)
        key = f"{record.key}/{n}"
        identity = document_identity(self._establishment, resident.key, self.namespace, key)
        numbered = replace(
            record,
            uuid=identity.uuid,
            set_uuid=identity.set_uuid,
            identifier=identity.identifier,
            set_identifier=identity.set_identifier,
            key=key,
            title=title,
        )
        return MappedDocument(numbered, wish)

    def number_marks(self, row: SourceRow) -> tuple[str, ...]:
        """Of the documents that a row stands for, whatever else is wrong with it; none where the number is missing."""
        key = Collected(row).take(self.key)
        if key is None:
            return ()
        return tuple(number_mark(self.namespace, name) for name in (key, *(f"{key}/{n}" for n in range(2, _FILES))))

    def scans_named(self, row: SourceRow) -> list[str]:
        """Paths that a row names, whatever else is wrong with it."""
        return [wish.written for wish in self._scan.of(Collected(row)) if wish] if self._scan else []

    def cells(self, row: SourceRow) -> tuple[tuple[str, ...], list[Diagnostic]]:
        """What a template shows of a row (rules with `template:` only)."""
        assert self._rows is not None
        got = Collected(row)
        return self._rows.of(got), got.diagnostics

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of :meth:`cells`."""
        assert self._rows is not None
        return self._rows.labels

    def group_of(self, row: SourceRow) -> tuple[str, ...]:
        """Rows with one value here make one document (rules with `template:` only)."""
        assert self._rows is not None
        return self._rows.group(row)

    def sort_key(self, row: SourceRow) -> tuple[str, ...]:
        """Order of rows inside a document: the columns of `sort:`, dates by time."""
        assert self._rows is not None
        return self._rows.order(row)

    def _record(self, got: Collected, resident: Resident) -> DocumentRecord | None:
        key = got.take(self.key)
        values = {name: got.take(rule) for name, rule in self._rules.items()}
        start, end = got.take(self._start), got.take(self._end)
        author = self._author.of(got) or (self._fallback.of(got) if self._fallback else None)
        authenticator = self._authenticator.of(got) if self._authenticator else None
        kind = values["type"]
        if start and end and _is_before(end, start):
            got.diagnostics.append(Diagnostic("FLD-15", got.row.location()))
        if key is None or kind is None or values["title"] is None:
            return None
        category = values["category"] or kind[1] or terminology.class_of(kind[0].code)
        if category is None:
            got.diagnostics.append(Diagnostic("FLD-16", got.row.location()))
            return None
        created, start = self._moments(values["created"], start)
        identity = document_identity(self._establishment, resident.key, self.namespace, key)
        return DocumentRecord(
            uuid=identity.uuid,
            set_uuid=identity.set_uuid,
            identifier=identity.identifier,
            set_identifier=identity.set_identifier,
            source=self.rule.source,
            key=key,
            title=values["title"],
            type=kind[0],
            category=category,
            confidentiality=values["confidentiality"] or _normal(),
            location=got.row.location(),
            template=self.spec.template if isinstance(self.spec, TemplateRule) else None,
            wrap=self.wrapped,
            created=created,
            period=Period(start, end) if start or end else None,
            event=values["event"],
            description=values["description"],
            language=values["language"] or "fr-FR",
            author=author,
            authenticator=authenticator,
            replaces=values["replaces"],
        )

    def _moments(self, created: Moment | None, start: Moment | None) -> tuple[Moment | None, Moment | None]:
        """A CDA is made at an instant: a month or a year cannot be one, and goes to the act documented instead."""
        if self.wrapped and isinstance(created, PartialDate) and created.day is None:
            return None, start or created
        return created, start


def _is_before(a: Moment, b: Moment) -> bool:
    """Whether a moment comes before another, as far as both are known."""
    if isinstance(a, datetime) and isinstance(b, datetime):
        return a < b
    here, there = str(a)[:10], str(b)[:10]
    short = min(len(here), len(there))
    return here[:short] < there[:short]


def _normal() -> Coding:
    found = terminology.lookup("JDV_J08", "N")
    assert found is not None
    return found


_REQUIRED = ("title", "type")
_FIELDS = {
    "title": fields.one_line,
    "type": fields.document_kind,
    "category": fields.code_in("JDV_J06"),
    "created": fields.moment,
    "event": fields.event_code,
    "description": fields.one_line,
    "confidentiality": fields.confidentiality,
    "language": fields.language,
    "replaces": fields.urn,
}


class _Compiler:
    """compile_value with what all values of one rule share."""

    def __init__(self, header: Header, context: ValueContext, path: str) -> None:
        self._header, self._context, self._path = header, context, path

    def __call__(self, name: str, value: object, to: Any, *, required: bool = False) -> Rule:
        path = f"{self._path}.{name}"
        return compile_value(value, self._header, self._context, required=required, path=path, to=to)


# ---------------------------------------------------------------------------------------------------------- people


class _PersonRule:
    """A person named by the row; None where their name is empty."""

    def __init__(self, spec: PersonSpec, compiler: _Compiler, path: str, checks: Mapping[str, Severity | None]) -> None:
        self._name = compiler(f"{path}.name", spec.name, fields.one_line)
        self._given = compiler(f"{path}.given", spec.given, fields.one_line)
        self._role = compiler(f"{path}.role", spec.role, fields.one_line)
        self._rpps = compiler(f"{path}.rpps", spec.rpps, _kept_out(check_rpps, checks["rpps"]))
        self._adeli = compiler(f"{path}.adeli", spec.adeli, _kept_out(check_adeli, checks["rpps"]))
        self._specialty = compiler(f"{path}.specialty", spec.specialty, fields.code_in("JDV_J01"))

    def of(self, got: Collected) -> Person | None:
        name, given, role, rpps, adeli, specialty = (
            got.take(rule) for rule in (self._name, self._given, self._role, self._rpps, self._adeli, self._specialty)
        )
        if name is None:
            return None
        number = f"8{rpps}" if rpps else f"0{adeli}" if adeli else None
        identifier = Identifier(_PROFESSIONALS, number) if number else None
        return Person(name, given, identifier=identifier, role=role, specialty=specialty)


def _kept_out(check: Any, level: Severity | None) -> Any:
    """A number of a wrong shape is no number: it is left out with a remark, the document goes."""
    judged = fields.identifier_of(check, level)

    def convert(datum: Any) -> Any:
        try:
            return judged(datum)
        except WrongValueError as wrong:
            return Noted(None, wrong.code, wrong.params)

    return convert


class _OrganizationRule:
    def __init__(
        self, spec: OrganizationSpec, compiler: _Compiler, path: str, checks: Mapping[str, Severity | None]
    ) -> None:
        self._name = compiler(f"{path}.name", spec.name, fields.one_line)
        self._finess = compiler(f"{path}.finess", spec.finess, _kept_out(check_finess, checks["finess"]))
        self._siret = compiler(f"{path}.siret", spec.siret, _kept_out(check_siret, checks["siret"]))

    def of(self, got: Collected) -> Organization | None:
        name, finess, siret = (got.take(rule) for rule in (self._name, self._finess, self._siret))
        number = f"1{finess}" if finess else f"3{siret}" if siret else None
        if name is None and number is None:
            return None
        return Organization(name, Identifier(_STRUCTURES, number) if number else None)


class _AuthorRule:
    """Who made the document; None is the establishment itself."""

    def __init__(
        self,
        spec: AuthorSpec,
        compiler: _Compiler,
        establishment: Establishment,
        checks: Mapping[str, Severity | None],
    ) -> None:
        self._constant: Author | None = establishment.software if spec.software else None
        self._rule: _PersonRule | _OrganizationRule | None = None
        if spec.person is not None:
            self._rule = _PersonRule(spec.person, compiler, "author.person", checks)
        elif isinstance(spec.organization, OrganizationSpec):
            self._rule = _OrganizationRule(spec.organization, compiler, "author.organization", checks)

    def of(self, got: Collected) -> Author | None:
        return self._rule.of(got) if self._rule else self._constant


# ----------------------------------------------------------------------------------------------------------- files


class _ScanRule:
    """The files of a row, with the sums and sizes that the index gives."""

    def __init__(self, spec: ScanRule, compiler: _Compiler) -> None:
        self._paths = compiler("scan", spec.scan, None, required=True)
        self._said = {name: compiler(name, getattr(spec, name), None) for name in ("sha256", "md5", "size")}

    def of(self, got: Collected) -> list[ScanWish | None]:
        found = got.take(self._paths)
        paths = found if isinstance(found, tuple) else () if found is None else (found,)
        said = {name: got.take(rule) for name, rule in self._said.items()}
        columns: dict[str, Sequence[str | None]] = {}
        for name, value in said.items():
            values = value if isinstance(value, tuple) else (value,)
            if len(values) != len(paths) and value is not None:
                got.diagnostics.append(Diagnostic("FLD-17", got.row.location(), {"field": name}))
            columns[name] = values if len(values) == len(paths) else (None,) * len(paths)
        return [
            ScanWish(str(path), columns["sha256"][i], columns["md5"][i], columns["size"][i])
            for i, path in enumerate(paths)
        ]


# ------------------------------------------------------------------------------------------------ documents of rows


class _RowsRule:
    """What a template shows of each row, which rows go together, and in which order."""

    def __init__(self, spec: TemplateRule, header: Header, compiler: _Compiler) -> None:
        columns = spec.columns
        if columns is None:
            columns = [f"#{n}" for n in range(1, len(header.labels) + 1)]
            self.labels = tuple(label or f"Colonne {n}" for n, label in enumerate(header.labels, 1))
        else:
            self.labels = tuple(columns)
        values = list(columns.values()) if isinstance(columns, dict) else list(columns)
        self._cells = [compiler("columns", value, _shown) for value in values]
        self._group = spec.group
        grouped = spec.group if isinstance(spec.group, list) else []
        self._groups = [compiler("group", column, fields.one_line) for column in grouped]
        self._order = [compiler("sort", _sortable(spec, column), None) for column in spec.sort or ()]

    def of(self, got: Collected) -> tuple[str, ...]:
        found = (got.take(rule) for rule in self._cells)
        return tuple("" if cell is None else " / ".join(cell) if isinstance(cell, tuple) else cell for cell in found)

    def group(self, row: SourceRow) -> tuple[str, ...]:
        if self._group == "resident":
            return ()
        if self._group == "row":
            return (str(row.file), str(row.sheet), str(row.line))
        return tuple(str(rule(row).value or "") for rule in self._groups)

    def order(self, row: SourceRow) -> tuple[str, ...]:
        return tuple(str(rule(row).value or "") for rule in self._order)


def _sortable(spec: TemplateRule, column: str) -> object:
    """A column to sort by: as a date where the rule reads it as one, else as its text."""
    shown = spec.columns.values() if isinstance(spec.columns, dict) else ()
    period = (spec.period.start, spec.period.end) if spec.period else ()
    for value in (*shown, spec.created, *period):
        if isinstance(value, ColumnValue) and value.column == column and value.date:
            # What it says of empty and wrong cells is told where it is shown.
            return value.model_copy(update={"default": None, "required": False, "on_error": "reject"})
    return column


def _shown(datum: Any) -> str:
    """A cell as people read it: dates in French order."""
    if isinstance(datum, PartialDate):
        return "/".join(reversed(str(datum).split("-")))
    return f"{datum:%d/%m/%Y %H:%M}" if hasattr(datum, "hour") else str(datum)
