"""What an update finds of each document: compared with what earlier deliveries handed over.

A document is unchanged when what it is now, made with the clock of the run that handed it over, has the same hash,
the same content beside and the same metadata. A changed one is patched where the release has flow 3, which lets a
patch change ``content`` alone; where it has not, or when something outside ``content`` changed, a new version is
handed over that replaces the old one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from itertools import count
from typing import Any

import pybase64

from converter.conversion.drafts import Draft
from converter.conversion.plan import Change, Kind
from converter.conversion.products import Builder, Product
from converter.conversion.write import ScanLostError
from converter.delivery import BundleEntry
from converter.delivery.earlier import EarlierDocument, EarlierFile
from converter.fhir.marks import content_mark, rest_mark
from converter.mapper.identity import later_identity
from converter.model import DocumentRecord, Establishment, Resident
from converter.payload import ChangedFileError, Payload

__all__ = ["Comparer", "Standing", "change_of", "changes_memo", "changes_of"]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a document stands: its last version handed over (0: none yet), and all identifiers of its versions."""

    version: int = 0
    document: EarlierDocument | None = None
    known: tuple[str, ...] = ()


class Comparer:
    """One per process, in an update."""

    def __init__(self, earlier: EarlierFile, builder: Builder, establishment: Establishment, *, patches: bool) -> None:
        self._earlier, self._builder, self._establishment = earlier, builder, establishment
        self._patches = patches

    def standing(self, record: DocumentRecord) -> Standing:
        """What earlier deliveries hold of a document, by its identifiers."""
        found = Standing()
        for version in count(1):
            document = self._earlier.get(self._identifier(record, version))
            if document is None:
                return found
            found = Standing(version, document, (*found.known, document.identifier))
        raise AssertionError

    def product(self, draft: Draft, resident: Resident, standing: Standing) -> Product | None:
        """What is to be handed over; None when nothing has changed. BuildError; ScanLostError for an unsteady file."""
        old = standing.document
        if old is None:
            return self._builder.build(draft, resident)
        draft = self._builder.settled(draft)
        now = self.versioned(draft, standing.version)
        then = self._builder.unchecked(now, resident, old.clock)
        metadata = old.rest_mark not in (None, rest_mark(then.resource))
        if not metadata and _is_same(then, old):
            return None
        version = standing.version if self._patches and not metadata else standing.version + 1
        built = self._builder.build(self.versioned(draft, version), resident)
        return replace(built, old=old, metadata=metadata)

    def versioned(self, draft: Draft, version: int) -> Draft:
        """The draft as a later version of its document: its own identifier, and what it replaces."""
        if version == 1:
            return draft
        identity = later_identity(self._establishment, draft.record.set_uuid, version)
        record = replace(
            draft.record,
            uuid=identity.uuid,
            identifier=identity.identifier,
            replaces=self._identifier(draft.record, version - 1),
            version=version,
        )
        dossier = replace(draft.dossier, document=record) if draft.dossier else None
        return replace(draft, record=record, dossier=dossier)

    def _identifier(self, record: DocumentRecord, version: int) -> str:
        """``record`` is the first version's."""
        if version == 1:
            return record.identifier
        return later_identity(self._establishment, record.set_uuid, version).identifier


def _is_same(then: Product, old: EarlierDocument) -> bool:
    if then.payload.size != old.size or old.content_mark not in (None, content_mark(then.resource)):
        return False
    try:
        return _hash(then.payload) == old.hash
    except (ChangedFileError, OSError):
        raise ScanLostError(then) from None


def _hash(payload: Payload) -> str:
    """As in ``Attachment.hash``."""
    digest = hashlib.sha1(usedforsecurity=False)
    for chunk in payload.chunks():
        digest.update(chunk)
    return pybase64.b64encode(digest.digest()).decode()


def change_of(product: Product, standing: Standing, bundles: Sequence[BundleEntry]) -> Change:
    """What became of a product that was handed over in one of these files."""
    identifier, old = product.record.identifier, product.old
    file, entry = next((b.file, d) for b in bundles for d in b.documents if d.identifier == identifier)
    if old is None:
        return Change(Kind.NEW, identifier, (), file, None, entry.hash)
    kind = Kind.CHANGED if product.is_patch else Kind.REPLACED
    return Change(kind, identifier, standing.known, file, old.hash, entry.hash, product.metadata)


def changes_of(memo: Mapping[str, Any]) -> Iterator[Change]:
    """The changes that :func:`changes_memo` put down."""
    for kind, identifier, known, *rest in memo.get("changes", ()):
        yield Change(Kind(kind), identifier, tuple(known), *rest)


def changes_memo(changes: Sequence[Change]) -> list[Any]:
    """As JSON, for the journal."""
    return [list(astuple(change)) for change in changes]
