"""What every reader does to a cell's text, whatever it was read from.

The ends are trimmed of blanks of every kind, invisible and control characters are taken out (they are illegal in XML or
make two equal texts differ) and said, text is composed (NFC), Excel's text guard ``="00123"`` is unwrapped. What was
lost before us is never guessed back: a replacement character, a number in scientific notation are faults of the cell;
text encoded twice is a warning.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from converter.sources.limits import MAX_CELL_CHARS
from converter.sources.table import Note, Trouble

__all__ = ["clean_cells", "clean_text", "is_ordinary", "unusual"]

#: Control characters, soft hyphen, zero-width and direction marks, and what is no character at all.
_INVISIBLE = re.compile(
    "[\x01-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ufffe\uffff]"
)
_LOST = re.compile("[\ufffd\ud800-\udfff]")
#: UTF-8 read as cp1252 (or latin-1), then written as UTF-8 once more: Ã© for é, â€™ for ’, Â° for °.
_TWICE = re.compile(
    'Ã[\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|â€[\x80-\xbf™œ"˜“”¦¢]|Â[\xa0-\xbf]|Å[“’¸\x92\x93]|(?<=[a-z ])Ã$'
)
_GUARD = re.compile(r'="((?:[^"]|"")*)"', re.DOTALL)
_SCIENTIFIC = re.compile(r"[+-]?\d(?:[.,]\d+)?E\+\d{1,3}", re.IGNORECASE)

#: Bytes of Latin-1 that need no look: printable, less soft hyphen and what double encoding leaves.
_ORDINARY = bytes(b for b in range(256) if 0x20 <= b < 0x7F or (b >= 0xA0 and b not in (0xAD, 0xC2, 0xC3))) + b"\n\t"
_TYPOGRAPHIC = "’œ€–…«»‘“”•Œ—"
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f]")


def unusual(text: str, plain: bool = False) -> bool:
    """Whether any cell of a large text could need more than trimming: asked of many cells at once, since asking each is
    slow. ``plain``: the text is known to hold no control characters."""
    if not plain and _CONTROL.search(text):
        return True
    if not text.isascii():
        try:
            if text.encode("latin-1").translate(None, _ORDINARY):
                return True
        except UnicodeEncodeError:
            if "â€" in text or "Å" in text:
                return True
            # Beyond Latin-1 stands a quote or an œ, if anything; to look for each is quicker than to look at all.
            for char in _TYPOGRAPHIC:
                if char in text:
                    text = text.replace(char, "-")
            try:
                if text.encode("latin-1").translate(None, _ORDINARY):
                    return True
            except UnicodeEncodeError:
                return True
    return ("=" in text and '="' in text) or ("+" in text and ("E+" in text or "e+" in text))


def is_ordinary(text: str) -> bool:
    """True when cleaning cannot change anything but the ends: the common case, asked first."""
    return text.isascii() and text.isprintable()


def clean_text(text: str) -> str:
    """The text without remarks: for headers and other labels."""
    return clean_cells((text,), Counter())[0][0]


def clean_cells(
    cells: Sequence[str], tally: Counter[str], trouble: Trouble | None = None
) -> tuple[list[str], Trouble | None]:
    """Cells cleaned, and what had to be said of them added to ``trouble`` (made when there is something to say)."""
    result: list[str] = []
    notes: list[Note] = []
    faults: list[Note] = []
    for column, cell in enumerate(cells):
        text = cell.strip()
        if not is_ordinary(text):
            text = _clean(text, column, notes, faults, tally)
        if text:
            if text[0] == "=" and (guard := _GUARD.fullmatch(text)):
                text = guard[1].replace('""', '"').strip()
                tally["SRC-64"] += 1
            if text[0:1].isdigit() and "+" in text and _SCIENTIFIC.fullmatch(text):
                faults.append(Note("CELL-04", column=column))
        result.append(text)
    if notes or faults:
        trouble = trouble or Trouble()
        trouble.notices += notes
        trouble.faults += faults
    return result, trouble


def _clean(text: str, column: int, notes: list[Note], faults: list[Note], tally: Counter[str]) -> str:
    if "\x00" in text:
        text = text.replace("\x00", "").strip()
        tally["SRC-65"] += 1
    if len(lines := text.splitlines()) > 1:
        # Line breaks inside a cell, of every kind: databases write a vertical tab, pages a form feed.
        text = "\n".join(lines)
    text, removed = _INVISIBLE.subn("", text)
    if removed:
        notes.append(Note("CELL-08", {"count": removed}, column))
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
        if _LOST.search(text):
            text = _LOST.sub("\ufffd", text)
            faults.append(Note("CELL-06", column=column))
        if _TWICE.search(text):
            notes.append(Note("CELL-07", column=column))
    if len(text) > MAX_CELL_CHARS:
        faults.append(Note("CELL-10", {"limit": MAX_CELL_CHARS}, column))
        text = text[:MAX_CELL_CHARS]
    return text.strip()
