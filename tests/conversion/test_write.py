"""Products into files: cut by size and count, the hindering one named, nothing half-written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from converter.conversion.plan import Limits
from converter.conversion.products import Product
from converter.conversion.write import ScanLostError, TooLargeError, write_documents, write_products
from converter.delivery import FileWriter
from converter.fhir import RELEASES, Options
from tests.conversion.products import products_of
from tests.making import export

RELEASE, OPTIONS = RELEASES["tddui-1.1.0"], Options()


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Product]:
    return products_of(export(tmp_path / "in", residents=1, documents=5), tmp_path, monkeypatch)


@pytest.fixture
def writer(tmp_path: Path) -> FileWriter:
    (tmp_path / "out").mkdir()
    (tmp_path / "work").mkdir()
    return FileWriter(tmp_path / "out", tmp_path / "work")


@pytest.mark.parametrize(
    ("limits", "counts"),
    [
        (Limits(), [5]),
        (Limits(max_entries=1), [1, 1, 1, 1, 1]),
        (Limits(max_entries=2), [2, 2, 1]),
        (Limits(max_bytes=20_000), [2, 2, 1]),
        (Limits(max_bytes=20_000, max_entries=1), [1, 1, 1, 1, 1]),
    ],
)
def test_parts_hold_what_the_limits_allow(
    made: list[Product], writer: FileWriter, limits: Limits, counts: list[int]
) -> None:
    entries = write_products(made, "d" * 20, RELEASE, OPTIONS, limits, writer)
    assert [len(e.documents) for e in entries] == counts
    for entry in entries:
        data = (writer.root / entry.file).read_bytes()
        assert len(data) == entry.size
        assert limits.max_bytes is None or entry.size <= limits.max_bytes
        assert len(json.loads(data)["entry"]) == len(entry.documents)
    written = [d.identifier for e in entries for d in e.documents]
    assert written == [p.record.identifier for p in made]
    names = [e.file for e in entries]
    assert names == sorted(names)
    assert len(set(names)) == len(names)


def test_a_release_may_allow_one_document_only(made: list[Product], writer: FileWriter) -> None:
    entries = write_products(made, "d" * 20, RELEASES["tddui-1.0.0-ballot"], OPTIONS, Limits(), writer)
    assert [len(e.documents) for e in entries] == [1] * 5


def test_all_that_are_too_large_are_named_and_nothing_is_written(made: list[Product], writer: FileWriter) -> None:
    with pytest.raises(TooLargeError) as stopped:
        write_products(made, "d" * 20, RELEASE, OPTIONS, Limits(max_bytes=100, declared=True), writer)
    assert list(stopped.value.products) == made
    assert list(writer.root.iterdir()) == []


def test_beyond_the_cautious_size_each_leaves_alone(made: list[Product], writer: FileWriter) -> None:
    entries = write_products(made, "d" * 20, RELEASE, OPTIONS, Limits(max_bytes=100), writer)
    assert [len(e.documents) for e in entries] == [1] * 5


@pytest.mark.parametrize("change", ["gone", "other", "shorter", "folder"])
@pytest.mark.parametrize("flow", [1, 2])
def test_a_scan_that_is_no_longer_the_one_inspected(
    made: list[Product], writer: FileWriter, change: str, flow: int
) -> None:
    scan = made[2].record.scan
    assert scan is not None
    content = scan.path.read_bytes()
    scan.path.unlink()
    if change == "folder":
        scan.path.mkdir()
    elif change != "gone":
        scan.path.write_bytes(content[:-1] if change == "shorter" else content[:-1] + b"x")
    with pytest.raises(ScanLostError) as stopped:
        if flow == 2:
            write_products(made, "d" * 20, RELEASE, OPTIONS, Limits(), writer)
        else:
            write_documents(made, "d" * 20, writer)
    assert stopped.value.product is made[2]
    assert list((writer.root / "bundles").glob("*")) == []
    assert list(writer.work.iterdir()) == []


def test_single_documents(made: list[Product], writer: FileWriter) -> None:
    entries = write_documents(made[:2], "d" * 20, writer)
    assert [e.file for e in entries] == [f"documents/{'d' * 20}-01.json", f"documents/{'d' * 20}-02.json"]
    for product, entry in zip(made, entries, strict=False):
        resource = json.loads((writer.root / entry.file).read_bytes())
        assert resource["masterIdentifier"]["value"] == product.record.identifier
        (document,) = entry.documents
        assert document.scan_size == product.record.scan.size if product.record.scan else None
        assert (document.source, document.file, document.line) == ("ged", "ged.csv", product.record.location.line)
