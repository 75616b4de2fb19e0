"""What CI-SIS does not accept as a body, made into what it does, where the mapping asks for it (`convert: pdf`).

Images go into PDF pixel by pixel as they are (img2pdf): nothing is re-encoded with loss, flattened, rotated or reduced.
Text in another encoding becomes UTF-8. Word-processor files are :mod:`converter.sources.scans.word`'s. The same file
gives the same bytes: no dates, no random identifiers.
"""

from __future__ import annotations

import errno
import hashlib
from dataclasses import replace
from pathlib import Path

from converter.model import ScanFile
from converter.sources.scans.inspection import inspect, open_scan
from converter.sources.scans.kinds import ACCEPTED, CHARSET, IMAGES, WORD, label, refusal
from converter.sources.scans.limits import MAX_CONVERTED
from converter.sources.scans.problems import Notice, ScanError
from converter.sources.scans.root import Located, unreadable
from converter.sources.scans.text import UNCLEAR
from converter.sources.scans.writing import write_whole

__all__ = ["conversion_notice", "convert_to_pdf", "convertible"]

#: What befalls writing, never reading: the work folder's trouble, which is no fault of the scan.
_NO_ROOM = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS))


def convertible(media_type: str, office: bool = False) -> bool:
    """Whether :func:`convert_to_pdf` has a way for a type that is no body; accepted images included."""
    base, _, charset = media_type.partition(CHARSET)
    return bool(charset) or base in IMAGES or (office and base in WORD)


def convert_to_pdf(scan: ScanFile, work: Path, office: bool = False) -> ScanFile:
    """The file as a body: images and (with ``office``) word-processor files as PDF, text as UTF-8.

    The new file lies below ``work``, named by its original's digest; ``relative`` stays the original's, and
    ``original_media_type`` tells what it was. A PDF, RTF or UTF-8 text comes back as it is. ScanError when there is no
    way that keeps everything; OSError when ``work`` takes no more.
    """
    base, _, charset = scan.media_type.partition(CHARSET)
    if not charset and base in ACCEPTED - IMAGES:
        return scan
    if not convertible(scan.media_type, office):
        raise refusal(scan)
    target = work / (scan.sha256 + (".txt" if charset else ".pdf"))
    try:
        if not target.exists():
            _write(scan, target, charset)
        return _described(scan, target)
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise
        raise unreadable(error) from None


def conversion_notice(scan: ScanFile) -> Notice | None:
    """What to state of a file that was converted."""
    if scan.original_media_type is None:
        return None
    base, _, charset = scan.original_media_type.partition(CHARSET)
    if charset:
        return "SCAN-81", {"encoding": charset}
    return ("SCAN-80" if base in WORD else "SCAN-79"), {"type": label(base)}


def _write(scan: ScanFile, target: Path, charset: str) -> None:
    if scan.size > MAX_CONVERTED:
        raise ScanError("SCAN-56", {"limit": MAX_CONVERTED // 1024**2})
    data = _content(scan)
    if charset:
        content = _as_utf_8(data, charset)
    elif scan.media_type in IMAGES:
        from converter.sources.scans.raster import image_to_pdf

        content = image_to_pdf(data, scan, target.parent)
    else:
        from converter.sources.scans.word import word_to_pdf

        content = word_to_pdf(data, scan, target.parent)
    write_whole(target, content)


def _content(scan: ScanFile) -> bytes:
    """The bytes that were inspected. ScanError when the file is no longer the same."""
    with open_scan(Located(scan.relative, scan.path)) as (stream, size):
        data = stream.read(size)
    if hashlib.sha256(data).hexdigest() != scan.sha256:
        raise ScanError("SCAN-17")
    return data


def _as_utf_8(data: bytes, charset: str) -> bytes:
    if charset == UNCLEAR:
        raise ScanError("SCAN-55", {"encoding": charset})
    try:
        text = data.decode(charset)
    except UnicodeDecodeError:
        raise ScanError("SCAN-55", {"encoding": charset}) from None
    # A byte order mark says how the old bytes were to be read; it is no character of the text.
    return text.removeprefix("\ufeff").encode("utf-8")


def _described(scan: ScanFile, target: Path) -> ScanFile:
    """The new file, looked into like any other. ScanError when it lost pages on the way."""
    made, _ = inspect(Located(scan.relative, target))
    # More pages than before: some cameras put several pictures into one JPEG.
    if made.media_type not in ACCEPTED or (made.pages or 0) < (scan.pages or 0):
        raise ScanError("SCAN-52", {"type": label(scan.media_type)})
    return replace(made, original_media_type=scan.media_type)
