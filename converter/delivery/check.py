"""A delivery held against its own manifest and sums, by sender or receiver: every file there, whole, and no other.

What the files say is not looked at here: that is the business of :mod:`converter.fhir.check`.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from converter.delivery.files import FOLDERS, MANIFEST, PRODUCT, SUMS, sha256_of
from converter.delivery.reading import BadManifestError, Item, members
from converter.delivery.schema import MANIFEST_SCHEMA, manifest_schema
from converter.delivery.shape import faults
from converter.diagnostics import Diagnostic, ProductLocation

__all__ = ["ListedFile", "ManifestCheck", "check_manifest"]

#: Faults of the manifest's shape that are told; a manifest of another program would have thousands.
_MAX_FAULTS = 20
_SUM_LINE = re.compile(r"([0-9a-f]{64})  ([^\\\r\n]+)\n")
_MAX_LINE = 1024
_COUNTS = ("converted", "rejected", "skipped")


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file as the manifest lists it: name below the delivery, and the masterIdentifiers expected in it, in order."""

    file: str
    size: int
    sha256: str
    resident: str
    identifiers: tuple[str, ...]


@dataclass(slots=True)
class ManifestCheck:
    """What was found. ``release`` and ``tool`` (its version) are None when the manifest does not say them."""

    folder: Path
    diagnostics: list[Diagnostic] = field(default_factory=list)
    release: str | None = None
    tool: str | None = None
    bundles: int = 0
    documents: int = 0

    @property
    def is_sound(self) -> bool:
        return not any(d.is_error for d in self.diagnostics)

    def files(self) -> Iterator[ListedFile]:
        """The files listed, in order, read anew from the manifest; what is out of shape is passed over.

        An update's index comes last.
        """
        shapes = manifest_schema()["properties"]
        update: list[ListedFile] = []
        try:
            for name, item in members(self.folder / MANIFEST, "bundles"):
                if isinstance(item, Item) and not any(faults(item.value, shapes["bundles"]["items"])):
                    yield _listed(item.value)
                elif name == "update" and not any(faults(item, shapes["update"])):
                    update.append(_index(item))
        except (OSError, BadManifestError):
            return
        yield from update


def check_manifest(folder: Path, *, contents: bool = True) -> ManifestCheck:
    """Manifest, files, sums, totals and accounting; every finding, none raised. ``contents`` False: nothing is hashed.

    Memory: one name and one sum per file.
    """
    check = ManifestCheck(folder)
    _Checker(check, contents).run()
    return check


class _Checker:
    def __init__(self, check: ManifestCheck, contents: bool) -> None:
        self._check, self._folder, self._contents = check, check.folder, contents
        self._schema = manifest_schema()
        self._sums = self._read_sums()
        self._listed: set[str] = set()
        self._leftovers: set[str] = set()
        self._residents: set[str] = set()
        self._bytes = 0
        self._faults = 0

    def run(self) -> None:
        head = self._read_manifest()
        if head is None:
            return
        self._check_totals(head)
        self._check_rows(head)
        self._check_update(head)
        self._check_unlisted()
        self._check_sums_left()

    def _add(self, code: str, file: str, at: str = "", **params: str | int) -> None:
        self._check.diagnostics.append(Diagnostic(code, ProductLocation(file, at), {"file": file} | params))

    # ------------------------------------------------------------------------------------------------- the manifest

    def _read_manifest(self) -> dict[str, Any] | None:
        """Everything but the bundles, which are checked on the way; None when it cannot be relied on at all."""
        head: dict[str, Any] = {}
        try:
            for name, value in members(self._folder / MANIFEST, "bundles"):
                if isinstance(value, Item):
                    self._check_bundle(value.value)
                    continue
                head[name] = value
                if name == "schema" and value != MANIFEST_SCHEMA:
                    self._add("DLV-22", MANIFEST)
                    return None
        except FileNotFoundError:
            self._add("DLV-20", MANIFEST)
            return None
        except OSError as error:
            self._add("DLV-37", MANIFEST, reason=_name_of(error))
            return None
        except BadManifestError as wrong:
            self._add("DLV-21", MANIFEST, reason=wrong.reason)
            return None
        return head if self._has_shape(head) else None

    def _has_shape(self, head: Mapping[str, Any]) -> bool:
        self._tell_faults(faults(head, self._schema), "")
        if self._faults:
            return False
        self._check.release, self._check.tool = head["release"], head["tool"]["version"]
        self._leftovers = {file for file in head["leftovers"] if file not in self._listed}
        if not head["complete"]:
            self._add("DLV-38", MANIFEST)
        return True

    def _tell_faults(self, found: Iterable[str], below: str) -> int:
        before = self._faults
        for path in found:
            self._faults += 1
            if self._faults <= _MAX_FAULTS:
                place = f"{below}.{path}".strip(".")
                self._add("DLV-23", MANIFEST, place, path=place)
        return self._faults - before

    def _check_totals(self, head: Mapping[str, Any]) -> None:
        check = self._check
        found = {
            "residents": len(self._residents),
            "bundles": check.bundles,
            "documents": check.documents,
            "bytes": self._bytes,
        }
        for name, number in found.items():
            if head["totals"][name] != number:
                self._add("DLV-34", MANIFEST, f"totals.{name}", name=name, said=head["totals"][name], found=number)

    def _check_rows(self, head: Mapping[str, Any]) -> None:
        rows = head["rows"]
        for source, counts in rows["sources"].items():
            self._check_sum(source, counts)
        self._check_sum("total", rows["total"])
        if any(rows["total"][n] != sum(s[n] for s in rows["sources"].values()) for n in ("read", *_COUNTS)):
            self._add("DLV-36", MANIFEST, "rows.total")

    def _check_sum(self, source: str, counts: Mapping[str, int]) -> None:
        found = sum(counts[name] for name in _COUNTS)
        if counts["read"] != found:
            self._add("DLV-35", MANIFEST, "rows", source=source, read=counts["read"], found=found)

    def _check_update(self, head: Mapping[str, Any]) -> None:
        if (update := head.get("update")) is not None:
            self._check_sum_of(update["file"], update["sha256"])
            self._check_file(_index(update))

    # ------------------------------------------------------------------------------------------------- its files

    def _check_bundle(self, record: Any) -> None:
        number = self._check.bundles
        self._check.bundles += 1
        if self._tell_faults(faults(record, self._schema["properties"]["bundles"]["items"]), f"bundles[{number}]"):
            return
        file = _listed(record)
        self._check.documents += len(file.identifiers)
        self._bytes += file.size
        self._residents.add(file.resident)
        if file.file in self._listed:
            self._add("DLV-27", file.file)
            return
        self._listed.add(file.file)
        self._check_sum_of(file.file, file.sha256)
        self._check_file(file)

    def _check_file(self, file: ListedFile) -> None:
        path = self._folder / file.file
        try:
            found = path.lstat()
            if not stat.S_ISREG(found.st_mode) or path.parent.is_symlink():
                self._add("DLV-29", file.file)
            elif found.st_size != file.size:
                self._add("DLV-25", file.file, said=file.size, found=found.st_size)
            elif self._contents and sha256_of(path) != file.sha256:
                self._add("DLV-26", file.file)
        except (FileNotFoundError, NotADirectoryError):
            self._add("DLV-24", file.file)
        except OSError as error:
            self._add("DLV-37", file.file, reason=_name_of(error))

    def _check_unlisted(self) -> None:
        left = 0
        for file in _found(self._folder):
            if file in self._leftovers:
                left += 1
            elif file not in self._listed:
                self._add("DLV-28", file)
        if left:
            self._check.diagnostics.append(Diagnostic("DLV-39", ProductLocation(MANIFEST), {"count": left}))

    # ------------------------------------------------------------------------------------------------- the sums

    def _read_sums(self) -> dict[str, str] | None:
        """SHA-256 by name; None, told, when there is no such file."""
        try:
            with (self._folder / SUMS).open(encoding="utf-8", errors="replace", newline="") as stream:
                return dict(self._sum_lines(stream))
        except FileNotFoundError:
            self._add("DLV-30", SUMS)
        except OSError as error:
            self._add("DLV-37", SUMS, reason=_name_of(error))
        return None

    def _sum_lines(self, stream: TextIO) -> Iterator[tuple[str, str]]:
        number = 0
        while line := stream.readline(_MAX_LINE):
            number += 1
            found = _SUM_LINE.fullmatch(line)
            if found is None:
                self._add("DLV-31", SUMS, line=number)
                return  # what follows is no better known, and `sha256sum -c` stops too
            yield found[2], found[1]

    def _check_sum_of(self, name: str, sha256: str) -> None:
        if self._sums is None:
            return
        said = self._sums.pop(name, None)
        if said is None:
            self._add("DLV-32", name)
        elif said != sha256:
            self._add("DLV-33", name)

    def _check_sums_left(self) -> None:
        """The manifest's own line, and lines of files that the manifest does not list."""
        if self._sums is None:
            return
        try:
            self._check_sum_of(MANIFEST, sha256_of(self._folder / MANIFEST))
        except OSError as error:
            self._add("DLV-37", MANIFEST, reason=_name_of(error))
        if self._sums:
            self._check.diagnostics.append(Diagnostic("DLV-40", ProductLocation(SUMS), {"count": len(self._sums)}))


def _listed(record: Mapping[str, Any]) -> ListedFile:
    identifiers = tuple(d["masterIdentifier"] for d in record["documents"])
    return ListedFile(record["file"], record["size"], record["sha256"], record["resident"], identifiers)


def _index(record: Mapping[str, Any]) -> ListedFile:
    """What an update's manifest says of its index, which holds no document."""
    return ListedFile(record["file"], record["size"], record["sha256"], "", ())


def _found(folder: Path) -> Iterator[str]:
    """Everything in the product folders, sorted; what has no product's name only as ``bundles/…``, once."""
    names: set[str] = set()
    for top in FOLDERS:
        for at, folders, files in os.walk(folder / top):
            names |= {f"{top}/{file}" for file in files} if at == str(folder / top) else {f"{top}/…"}
            names |= {f"{top}/…"} if folders else set()
    return iter(sorted({name if PRODUCT.fullmatch(name) else f"{name.partition('/')[0]}/…" for name in names}))


def _name_of(error: OSError) -> str:
    return errno.errorcode.get(error.errno or 0, type(error).__name__)
