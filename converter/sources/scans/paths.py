r"""A scan's path as an index writes it, made a path below the scans folder, without looking at the disk.

Indexes hold paths of the machine that wrote them: ``G:\DOCS\1.pdf``, ``\\srv\ged\1.pdf``, ``file:///G:/DOCS/1.pdf``,
``http://ged/docs/1%20a.pdf``. The mapping declares what to take off (`strip_prefix`). Whatever still leads elsewhere
is refused with the kind of path it is, never quoted: a path may hold a name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from converter.sources.scans.problems import ScanError

__all__ = ["Prefixes", "fold"]

#: Bytes of one name and of a whole path: what file systems and `lstat` take.
_MAX_NAME, _MAX_PATH = 255, 4096

_URL = re.compile(r"(?:https?|file):/", re.IGNORECASE)
_SCHEME = re.compile(r"(?:https?|file|ftps?|sftp|smb|dav|mailto):", re.IGNORECASE)
_DRIVE = re.compile(r"[A-Za-z]:")
#: Control characters, and surrogates other than those that stand for a name's undecodable bytes.
_UNUSABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udc7f\udd00-\udfff]")
_FILE = re.compile(
    r"file:/+(?:localhost/)?(?=[A-Za-z]:)|file:(?=//[^/])|file://(?:localhost)?(?=/)|file:(?=/)", re.IGNORECASE
)


def fold(name: str) -> str:
    """The form in which names are compared without regard to case and Unicode composition."""
    return name.casefold() if name.isascii() else _nfc(_nfc(name).casefold())


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


@dataclass(frozen=True, slots=True)
class _Path:
    """``lead``: ``//`` (UNC), ``/`` (absolute) or nothing; ``parts``: what slashes separate, ``.`` left out."""

    lead: str
    parts: tuple[str, ...]

    @classmethod
    def parse(cls, written: str) -> _Path:
        text = _decoded(_unquoted(written.strip())).replace("\\", "/")
        text = _FILE.sub("", text, count=1) if _FILE.match(text) else text
        lead = "//" if text.startswith("//") else "/" if text.startswith("/") else ""
        # Doubled separators are common: exports escape their backslashes, people end a prefix with one.
        return cls(lead, tuple(part for part in text.split("/") if part not in ("", ".")))


def _unquoted(text: str) -> str:
    """Windows' "copy as path" puts quotes around."""
    return text[1:-1].strip() if len(text) > 1 and text[0] == text[-1] == '"' else text


def _decoded(text: str) -> str:
    """Percent signs mean something in a URL only: in a file's name they stand for themselves."""
    if "%" not in text or not _URL.match(text):
        return text
    raw = unquote_to_bytes(text)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        # Old web servers wrote Windows bytes. What comes out must exist on disk, so a wrong reading is a missing file.
        return raw.decode("cp1252", "replace")


class Prefixes:
    """The prefixes that a mapping takes off, longest first."""

    def __init__(self, prefixes: Sequence[str] = ()) -> None:
        parsed = [_Prefix.parse(prefix) for prefix in prefixes if prefix.strip()]
        self._prefixes = sorted(parsed, key=lambda prefix: len(prefix.parts), reverse=True)

    def relative(self, written: str) -> tuple[str, ...]:
        """Names from the scans folder down. ScanError when the path is empty, unusable or leads elsewhere."""
        path = _Path.parse(written)
        if _UNUSABLE.search("/".join(path.parts)):
            raise ScanError("SCAN-07")
        for prefix in self._prefixes:
            if (parts := prefix.strip(path)) is not None:
                path = _Path("", parts)
                break
        _refuse_elsewhere(path)
        if not path.parts:
            raise ScanError("SCAN-01")
        sizes = [len(part.encode("utf-8", "surrogateescape")) for part in path.parts]
        if max(sizes) > _MAX_NAME or sum(sizes) + len(sizes) > _MAX_PATH:
            raise ScanError("SCAN-08")
        return path.parts


def _refuse_elsewhere(path: _Path) -> None:
    if ".." in path.parts:
        raise ScanError("SCAN-02")
    first = path.parts[0] if path.parts else ""
    if not path.lead and _SCHEME.match(first):
        raise ScanError("SCAN-06")
    if _DRIVE.match(first) and (len(first) == 2 or not path.lead):
        raise ScanError("SCAN-03")
    if path.lead:
        raise ScanError("SCAN-04" if path.lead == "//" else "SCAN-05")


@dataclass(frozen=True, slots=True)
class _Prefix:
    """A prefix ends at a slash; only one that ends like a URL's query (``…?file=``) ends inside a name."""

    lead: str
    parts: tuple[str, ...]
    inside: str = ""

    @classmethod
    def parse(cls, prefix: str) -> _Prefix:
        path = _Path.parse(prefix)
        folded = tuple(fold(part) for part in path.parts)
        if folded and folded[-1].endswith("="):
            return cls(path.lead, folded[:-1], folded[-1])
        return cls(path.lead, folded)

    def strip(self, path: _Path) -> tuple[str, ...] | None:
        """What follows the prefix, or None when the path does not begin with it."""
        count = len(self.parts)
        if path.lead != self.lead or len(path.parts) < count:
            return None
        if any(fold(part) != own for part, own in zip(path.parts, self.parts, strict=False)):
            return None
        rest = path.parts[count:]
        if not self.inside:
            return rest
        if not rest or not fold(rest[0]).startswith(self.inside):
            return None
        first = rest[0].split("=", self.inside.count("="))[-1]
        return (first, *rest[1:]) if first else rest[1:]
