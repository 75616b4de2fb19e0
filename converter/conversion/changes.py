"""What an update finds of each document: compared with what earlier deliveries handed over.

A document is unchanged when what it is now, made with the clock of the run that handed it over, has the same hash,
the same content beside and the same metadata. A changed one is patched where the release has flow 3, which lets a
patch change ``content`` alone; where it has not, or when something outside ``content`` changed, a new version is
handed over that replaces the old one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from itertools import count
from typing import Any

import pybase64

from converter.conversion.drafts import Draft
from converter.conversion.plan import Change, Kind, Plan
from converter.conversion.products import Builder, Product
from converter.conversion.write import ScanLostError
from converter.delivery import BundleEntry
from converter.delivery.earlier import EarlierDocument, EarlierFile
from converter.fhir.marks import content_mark, rest_mark
from converter.mapper.identity import later_identity
from converter.model import DocumentRecord, Establishment, Resident
from converter.payload import ChangedFileError, Payload

__all__ = ["Comparer", "Standing", "changes_memo", "changes_of", "recalled"]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a document stands: its last version handed over (0: none yet), and all identifiers of its versions."""

    version: int = 0
    document: EarlierDocument | None = None
    known: tuple[str, ...] = ()


class Comparer:
    """One per process, in an update."""

    def __init__(self, plan: Plan, builder: Builder, establishment: Establishment) -> None:
        assert plan.earlier is not None
        self._earlier, self._patches = EarlierFile(plan.earlier), plan.patches
        self._builder, self._establishment = builder, establishment

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

    def names(self, draft: Draft, standing: Standing) -> tuple[str, ...]:
        """Identifiers of all versions handed over, and of the one that may follow."""
        return *standing.known, self._identifier(draft.record, standing.version + 1)

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


def changes_of(
    made: Sequence[Draft],
    standings: Mapping[str, Standing],
    unchanged: Collection[str],
    products: Sequence[Product],
    bundles: Sequence[BundleEntry],
) -> Iterator[Change]:
    """What became of each draft, in their order; nothing for a run that compares nothing (no standings)."""
    built = {product.record.set_identifier: product for product in products}
    written = {d.identifier: (b.file, d.hash) for b in bundles for d in b.documents}
    for draft in made if standings else ():
        name = draft.record.set_identifier
        standing, product = standings[name], built.get(name)
        if name in unchanged:
            assert standing.document is not None
            yield Change(Kind.UNCHANGED, standing.document.identifier, standing.known)
        elif product is not None and product.record.identifier in written:
            yield _handed_over(product, standing, *written[product.record.identifier])
        else:
            yield Change(Kind.REJECTED, draft.record.identifier, standing.known)


def _handed_over(product: Product, standing: Standing, file: str, new_hash: str) -> Change:
    identifier, old = product.record.identifier, product.old
    if old is None:
        return Change(Kind.NEW, identifier, (), file, None, new_hash)
    kind = Kind.CHANGED if product.is_patch else Kind.REPLACED
    return Change(kind, identifier, standing.known, file, old.hash, new_hash, product.metadata)


def recalled(memo: Mapping[str, Any]) -> Iterator[Change]:
    """The changes that :func:`changes_memo` put down."""
    for kind, identifier, known, *rest in memo.get("changes", ()):
        yield Change(Kind(kind), identifier, tuple(known), *rest)


def changes_memo(changes: Sequence[Change]) -> list[Any]:
    """As JSON, for the journal."""
    return [list(astuple(change)) for change in changes]
