"""ZIP and OLE containers: office files, mail, archives; password-protected ones told apart.

Only what tells the type is read: names of parts, a few bytes of one. Clauses: ISO/IEC 29500-2, ODF 1.2 part 3
(mimetype, encryption-data), [MS-CFB], [MS-OFFCRYPTO] (EncryptedPackage), [MS-DOC] FibBase, [MS-XLS] FilePass.
"""

from __future__ import annotations

import os
import re
import struct
import zipfile
import zlib

from converter.sources.compound import CompoundError, CompoundFile
from converter.sources.scans.check import Check, Opened
from converter.sources.scans.kinds import KINDS
from converter.sources.scans.limits import MAX_DIRECTORY, MAX_OLE, MAX_PART
from converter.sources.scans.problems import ScanError

__all__ = ["OleCheck", "ZipCheck"]

_OOXML = "application/vnd.openxmlformats-officedocument."
_PARTS = (
    (re.compile(r"/?xl/workbook\.bin"), "application/vnd.ms-excel.sheet.binary.macroenabled.12"),
    (re.compile(r"/?word/document\d*\.xml"), _OOXML + "wordprocessingml.document"),
    (re.compile(r"/?xl/workbook\d*\.xml"), _OOXML + "spreadsheetml.sheet"),
    (re.compile(r"/?ppt/presentation\d*\.xml"), _OOXML + "presentationml.presentation"),
    (re.compile(r"/?visio/document\d*\.xml"), "application/vnd.visio"),
    (re.compile(r"/?FixedDocSeq\.fdseq", re.IGNORECASE), "application/oxps"),
)
#: The record that ends a zip, and the longest comment behind it.
_ZIP_END, _ZIP_COMMENT = 22, 0xFFFF
_BROKEN = (zipfile.BadZipFile, ValueError, KeyError, EOFError, NotImplementedError, RuntimeError, zlib.error)


class ZipCheck(Check):
    """DOCX, XLSX, PPTX, ODF, EPUB, XPS, or just an archive."""

    def __init__(self) -> None:
        super().__init__("application/zip")

    def finish(self, file: Opened) -> None:
        if self._directory(file) > MAX_DIRECTORY:
            return
        file.stream.seek(0)
        try:
            with zipfile.ZipFile(file.stream) as archive:
                self._look(archive)
        except _BROKEN:
            # The directory of a zip is at its end: without it, the end is missing.
            raise self.truncated() from None

    def _directory(self, file: Opened) -> int:
        """Bytes of the directory of parts: so large a one that only a bomb has it is not read."""
        start = max(file.size - _ZIP_END - _ZIP_COMMENT, 0)
        end = file.read(start, _ZIP_END + _ZIP_COMMENT)
        at = end.rfind(b"PK\x05\x06")
        if at < 0 or len(end) < at + _ZIP_END:
            raise self.truncated()
        return int.from_bytes(end[at + 12 : at + 16], "little")

    def _look(self, archive: zipfile.ZipFile) -> None:
        parts = archive.infolist()
        names = {part.filename for part in parts}
        self.media_type = _declared(archive, names) or next(
            (kind for pattern, kind in _PARTS if any(map(pattern.fullmatch, names))), self.media_type
        )
        if any(part.flag_bits & 1 for part in parts) or b"encryption-data" in _part(
            archive, names, "META-INF/manifest.xml"
        ):
            raise self.locked()


def _declared(archive: zipfile.ZipFile, names: set[str]) -> str | None:
    """What an OpenDocument or EPUB file says of itself."""
    told = _part(archive, names, "mimetype").strip().decode("ascii", "replace")
    told = told.removesuffix("-template")
    return told if told in KINDS else None


def _part(archive: zipfile.ZipFile, names: set[str], name: str) -> bytes:
    if name not in names or archive.getinfo(name).flag_bits & 1:
        return b""
    with archive.open(name) as stream:
        return stream.read(MAX_PART)


_STREAMS = (
    ("worddocument", "application/msword"),
    ("workbook", "application/vnd.ms-excel"),
    ("book", "application/vnd.ms-excel"),
    ("powerpoint document", "application/vnd.ms-powerpoint"),
    ("visiodocument", "application/vnd.visio"),
    ("__properties_version1.0", "application/vnd.ms-outlook"),
    ("matost", "application/vnd.ms-works"),
)
_FIB_ENCRYPTED = 0x0100
_FILE_PASS = 0x2F
#: Records of a workbook among which the one that says "encrypted" comes: it follows the first.
_FIRST_RECORDS = 8


class OleCheck(Check):
    """DOC, XLS, PPT, MSG, or an office file locked by a password."""

    def __init__(self) -> None:
        super().__init__("application/x-ole-storage")

    def finish(self, file: Opened) -> None:
        try:
            # It closes what it is given: a descriptor of its own.
            with CompoundFile(open(os.dup(file.stream.fileno()), "rb")) as compound:  # noqa: PTH123
                names = set(compound.streams)
                if "encryptedpackage" in names:
                    raise ScanError("SCAN-23", {"type": "Office"})
                self.media_type = next((kind for name, kind in _STREAMS if name in names), self.media_type)
                if compound.extent > file.size:
                    raise self.truncated()
                if file.size <= MAX_OLE and _locked(compound):
                    raise self.locked()
        except CompoundError:
            raise self.damaged() from None


def _locked(compound: CompoundFile) -> bool:
    names = compound.streams
    if "worddocument" in names:
        return bool(int.from_bytes(compound.read("worddocument")[10:12], "little") & _FIB_ENCRYPTED)
    workbook = "workbook" if "workbook" in names else "book"
    if workbook in names:
        return _has_file_pass(compound.read(workbook))
    return "encryptedsummary" in names


def _has_file_pass(stream: bytes) -> bool:
    at = 0
    for _ in range(_FIRST_RECORDS):
        if at + 4 > len(stream):
            return False
        record, size = struct.unpack_from("<HH", stream, at)
        if record == _FILE_PASS:
            return True
        at += 4 + size
    return False
