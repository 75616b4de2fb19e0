"""Products into files: split by size and count, streamed, each file complete or absent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from converter.conversion.plan import Limits
from converter.conversion.products import Product
from converter.delivery import BundleEntry, DocumentEntry, Writer, split
from converter.delivery.folder import product_name
from converter.fhir import Options, Release, bundle
from converter.fhir.marks import content_mark, rest_mark
from converter.fhir.references import Json
from converter.mapper.identity import number_mark
from converter.payload import ChangedFileError, Payload

__all__ = ["ScanLostError", "TooLargeError", "document_entry", "write_documents", "write_patches", "write_products"]


class ScanLostError(Exception):
    """The scan of this product changed or could not be read while it was streamed."""

    def __init__(self, product: Product) -> None:
        super().__init__()
        self.product = product


class TooLargeError(Exception):
    """Each of these products alone exceeds what a bundle may hold; ``limit`` in bytes."""

    def __init__(self, products: Sequence[Product], limit: int) -> None:
        super().__init__()
        self.products, self.limit = tuple(products), limit


@dataclass(slots=True)
class _Current:
    product: Product | None = None


def write_products(
    products: Sequence[Product], digest: str, release: Release, options: Options, limits: Limits, writer: Writer
) -> tuple[BundleEntry, ...]:
    """The resident's bundles. ScanLostError or TooLargeError names the product that hinders; OutputError the disk."""
    parts = _parts(products, release, options, limits)
    written = []
    for number, part in enumerate(parts, 1):
        name = _name("bundles", digest, number, len(parts))
        current = _Current()
        try:
            with writer.create(name) as stream:
                found = bundle.write(stream, _entries(part, current), release, options)
        except (ChangedFileError, _ScanReadError):
            assert current.product is not None
            raise ScanLostError(current.product) from None
        documents = tuple(document_entry(p, e) for p, e in zip(part, found.entries, strict=True))
        written.append(BundleEntry(name, found.size, found.sha256, documents))
    return tuple(written)


def write_documents(products: Sequence[Product], digest: str, writer: Writer) -> tuple[BundleEntry, ...]:
    """Flow 1: each DocumentReference as its own file."""
    written = []
    for number, product in enumerate(products, 1):
        name = _name("documents", digest, number, max(len(products), 2))
        try:
            with writer.create(name) as stream:
                found = bundle.write_document(stream, product.resource, _guarded(product.payload))
        except (ChangedFileError, _ScanReadError):
            raise ScanLostError(product) from None
        entry = document_entry(product, found.entries[0])
        written.append(BundleEntry(name, found.size, found.sha256, (entry,)))
    return tuple(written)


def write_patches(
    products: Sequence[Product], digest: str, release: Release, options: Options, limits: Limits, writer: Writer
) -> tuple[BundleEntry, ...]:
    """Flow 3: the new content of documents that the receiver has, one JSON Patch each."""
    _parts(products, release, options, limits)  # what no bundle can hold is too much for a patch, which is as large
    written = []
    for number, product in enumerate(products, 1):
        assert product.old is not None
        name = _name("patches", digest, number, max(len(products), 2))
        try:
            with writer.create(name) as stream:
                found = bundle.write_patch(stream, product.resource, _guarded(product.payload), product.old.hash)
        except (ChangedFileError, _ScanReadError):
            raise ScanLostError(product) from None
        entry = document_entry(product, found.entries[0])
        written.append(BundleEntry(name, found.size, found.sha256, (entry,)))
    return tuple(written)


def _parts(products: Sequence[Product], release: Release, options: Options, limits: Limits) -> list[list[Product]]:
    sizes = [bundle.entry_size(p.resource, p.payload) for p in products]
    overhead = bundle.envelope_size(release, options)
    if limits.max_bytes is not None and limits.declared:
        limit = limits.max_bytes
        if large := [p for p, size in zip(products, sizes, strict=True) if size + overhead > limit]:
            raise TooLargeError(large, limit)
    counts = [n for n in (limits.max_entries, release.documents_per_bundle) if n]
    groups = split(sizes, overhead, limits.max_bytes, min(counts) if counts else None)
    return [[products[i] for i in group] for group in groups]


def _name(folder: str, digest: str, number: int, count: int) -> str:
    return product_name(folder, digest, None if count == 1 else number, max(2, len(str(count))))


def _entries(products: Sequence[Product], current: _Current) -> Iterator[tuple[Json, Payload]]:
    for product in products:
        current.product = product
        yield product.resource, _guarded(product.payload)


class _ScanReadError(Exception):
    """Reading a scan failed: told apart from writing the bundle, which is another error with another cure."""


@dataclass(frozen=True, slots=True)
class _Guarded(Payload):
    def chunks(self) -> Iterator[bytes]:
        source = Payload.chunks(self)
        while True:
            try:
                chunk = next(source, None)
            except OSError:
                raise _ScanReadError from None
            if chunk is None:
                return
            yield chunk


def _guarded(payload: Payload) -> Payload:
    return _Guarded(payload.parts, payload.media_type)


def document_entry(product: Product, written: bundle.WrittenEntry) -> DocumentEntry:
    """The line of the manifest for one document."""
    record, place = product.record, product.record.location
    assert written.size is not None
    assert written.hash is not None
    return DocumentEntry(
        identifier=record.identifier,
        source=record.source,
        file=place.file,
        sheet=place.sheet,
        line=place.line,
        media_type=str(product.resource["content"][0]["attachment"]["contentType"]),
        size=written.size,
        hash=written.hash,
        scan_sha256=record.scan.sha256 if record.scan else None,
        scan_size=record.scan.size if record.scan else None,
        content_mark=content_mark(product.resource),
        rest_mark=rest_mark(product.resource),
        number_mark=number_mark(f"{record.source}/{record.template}" if record.template else record.source, record.key),
    )
