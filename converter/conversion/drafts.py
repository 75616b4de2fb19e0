"""Rows to drafts: documents with their file or text, everything decided but nothing rendered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from converter.conversion.ledger import Ledger
from converter.conversion.scans import Scans
from converter.diagnostics import Diagnostic
from converter.dossier import Dossier
from converter.mapper import DocumentMapper
from converter.mapper.compiled import CompiledMapping, RuleEntrance
from converter.mapping.schema import ScanRule, TemplateRule
from converter.model import DocumentRecord, Establishment, Resident, SpooledRow

__all__ = ["Draft", "drafts_of"]


@dataclass(frozen=True, slots=True)
class Draft:
    """A document to build: its record (with its scan), the ``text`` made from rows, or a ``dossier``; its ``rows``.

    ``convert`` says that the scan has yet to become a PDF, ``office`` also word-processor files; ``notices`` that it
    has. ``place`` is beside, dossier or auto. ``sender`` is the establishment as the dossier's header says it.
    """

    record: DocumentRecord
    rows: tuple[int, ...]
    text: str | None = None
    convert: bool = False
    office: bool = False
    place: str = "beside"
    dossier: Dossier | None = None
    sender: Establishment | None = None
    notices: tuple[Diagnostic, ...] = ()


def drafts_of(
    rows: Mapping[int, Sequence[SpooledRow]],
    resident: Resident,
    compiled: CompiledMapping,
    scans: Scans,
    ledger: Ledger,
) -> list[Draft]:
    """Every document of a resident that its rows allow, in the order of rules and rows. Problems go to the ledger."""
    drafts: list[Draft] = []
    # Scans first: what they reject is then left out of documents made from rows.
    documents = [e for e in compiled.entrances if e.document is not None]
    for entrance in sorted(documents, key=lambda e: isinstance(e.rule.spec, TemplateRule)):
        own = [r for r in rows.get(entrance.rule.index, ()) if not ledger.is_rejected(r.id)]
        if isinstance(entrance.rule.spec, ScanRule):
            drafts.extend(_of_scans(entrance, entrance.rule.spec, own, resident, scans, ledger))
        elif isinstance(entrance.rule.spec, TemplateRule):
            drafts.extend(_of_rows(entrance, entrance.rule.spec, own, resident, compiled, ledger))
    return ledger.whole(drafts)


def _of_scans(
    entrance: RuleEntrance,
    spec: ScanRule,
    rows: Sequence[SpooledRow],
    resident: Resident,
    scans: Scans,
    ledger: Ledger,
) -> Iterator[Draft]:
    mapper = entrance.document
    assert mapper is not None
    for spooled in rows:
        documents, found = mapper.map(spooled.row, resident)
        ledger.note(spooled.id, found)
        if not documents and not ledger.is_rejected(spooled.id):
            ledger.skip(spooled.id, Diagnostic("RUN-30", spooled.row.location()))
        for document in documents:
            assert document.wish is not None
            granted = scans.grant(document.wish, spec, spooled.row)
            ledger.note(spooled.id, granted.diagnostics)
            if granted.scan is not None:
                record = replace(document.record, scan=granted.scan)
                # What a file that is still to become a PDF was before is no problem of its document.
                ledger.note(spooled.id, _problems(document.record if granted.convert else record))
                yield Draft(record, (spooled.id,), None, granted.convert, spec.convert_office, spec.place)


def _of_rows(
    entrance: RuleEntrance,
    spec: TemplateRule,
    rows: Sequence[SpooledRow],
    resident: Resident,
    compiled: CompiledMapping,
    ledger: Ledger,
) -> Iterator[Draft]:
    mapper = entrance.document
    assert mapper is not None
    lines: dict[int, tuple[str, ...]] = {}
    for spooled in rows:
        cells, found = mapper.cells(spooled.row)
        ledger.note(spooled.id, found)
        lines[spooled.id] = cells
    sound = sorted((r for r in rows if not ledger.is_rejected(r.id)), key=lambda r: mapper.group_of(r.row))
    for _, members in groupby(sound, key=lambda r: mapper.group_of(r.row)):
        group = sorted(members, key=lambda r: (mapper.sort_key(r.row), r.id))
        record = _headed(group, mapper, resident, ledger)
        if record is None:
            continue
        text = _text(spec, mapper.labels, [lines[r.id] for r in group], record, resident, compiled)
        if isinstance(text, str):
            yield Draft(record, tuple(r.id for r in group), text)
            continue
        for r in group:
            ledger.note(r.id, [replace(text, location=r.row.location())])


def _headed(
    group: list[SpooledRow], mapper: DocumentMapper, resident: Resident, ledger: Ledger
) -> DocumentRecord | None:
    """The record of a group's document, by the first row read that can say it; rows before it that cannot are
    rejected and leave the group, which may leave nothing."""
    while group:
        first = min(group, key=lambda r: r.id)
        documents, found = mapper.map(first.row, resident)
        ledger.note(first.id, found)
        for document in documents:
            ledger.note(first.id, _problems(document.record))
        if documents and not ledger.is_rejected(first.id):
            return documents[0].record
        group.remove(first)
    return None


def _problems(record: DocumentRecord) -> list[Diagnostic]:
    """What of a record has no place in its CDA, where it gets one."""
    from converter.cda import document_problems

    return document_problems(record) if record.wrap else []


def _text(
    spec: TemplateRule,
    labels: Sequence[str],
    lines: Sequence[tuple[str, ...]],
    record: DocumentRecord,
    resident: Resident,
    compiled: CompiledMapping,
) -> str | Diagnostic:
    """The readable text of a document made from rows, or why its template fails on them."""
    from converter.cda import RowsText, TemplateFailedError, render_rows

    folder: Path = compiled.loaded.base / "templates"
    name = " ".join(filter(None, (resident.used_name or resident.birth_name, resident.given_names)))
    rows = RowsText(record.title, name, compiled.establishment.name, tuple(labels), tuple(lines))
    try:
        return render_rows(spec.template, folder if folder.is_dir() else None, rows)
    except TemplateFailedError as wrong:
        return wrong.diagnostic
