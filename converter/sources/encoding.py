"""Which characters the bytes of a text file are, and the text as blocks of whole lines.

The ladder: declared (and it must hold); byte order mark; more than a fifth of NUL bytes on one side means UTF-16; UTF-8
if the **whole** file is; else cp1252, cp850 or Mac Roman, whichever turns the bytes into French. ISO-8859-15 is told
from cp1252 by its œ and €. Never latin-1: it never fails and turns ’ € œ into control characters. A file that mixes
UTF-8 lines with others is read line by line, and each line of the minority says so.
"""

from __future__ import annotations

import codecs
import difflib
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from converter.diagnostics import Diagnostic, SourceError, SourceLocation
from converter.sources.limits import MAX_LINE_CHARS
from converter.sources.table import Note

__all__ = ["Decoding", "blocks", "detect"]

_BYTES = 1 << 20
_CHARS = 1 << 18
#: The first block is small: the header is looked for several times.
_FIRST = 1 << 15
_NO_NOTES: Mapping[int, Note] = {}

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: Names that exporters and people use, beyond Python's own aliases.
_ALIASES = {
    "ansi": "cp1252",
    "windows": "cp1252",
    "dos": "cp850",
    "oem": "cp850",
    "mac": "mac-roman",
    "unicode": "utf-16",
}
_ACCEPTED = re.compile(r"utf-8(-sig)?|utf-(16|32)(-[lb]e)?|ascii|cp\d+|iso8859-\d+|mac-\w+|koi8-\w+")
_CHARSETS = ("utf-8", "utf-16", "cp1252", "iso-8859-15", "iso-8859-1", "cp850", "mac-roman", "cp1250", "cp437", "ascii")

_ASCII = bytes(range(128))
_NOT_CONTROLS = bytes(b for b in range(256) if b >= 32 and b != 127) + b"\t\n\r"
_C1 = re.compile(b"[\x80-\x9f]")
_SAMPLE = 1 << 16
#: Below this mean weight the bytes are not French in any of the candidates.
_UNREADABLE = 0.1
#: UTF-8 sequences of characters that French text holds; as single-byte French they are nonsense (Ã©, â€™).
_UTF8_FRENCH = re.compile(rb"\xc3[\x80-\xbf]|\xc2[\xa0-\xbf]|\xc5[\x92\x93\xb8]|\xe2\x80[\x90-\xbf]|\xe2\x82\xac")
_UTF8_SIGNS = (b"\xc3", b"\xc2", b"\xc5", b"\x80", b"\x82")
#: Bytes that are œ, Œ and € in ISO-8859-15 where cp1252 has ½, ¼ and ¤, which no word holds and no French text uses.
_LATIN_9 = re.compile(rb"(?<=[a-zA-Z])\xbd(?=[a-z])|\xbd(?=uv|il|uf|d)|\xbc(?=[a-zA-Z])|\xa4")

#: How much a character speaks for French: frequent letters, letters, marks that French exports hold, other letters.
_WEIGHTS = (
    dict.fromkeys("éèàêç", 1.0)
    | dict.fromkeys("âîôûùëïœŒÉÈÀÇÊ’«»°€", 0.7)
    | dict.fromkeys("ÂÎÔÛÙËÏüöäÿæ–—…²½‘“”\xa0•™®©³", 0.4)
)
_LATIN = "ñóíáúãõåøßÑÓÍÁÚÃÕÅØÜÖÄŸìòÌÒýÝšžŠŽÆ"
#: Signs of a wrong choice: a capital accent after a small letter, a small one beside a capital; and half as much a
#: lone accented letter other than à.
_IMPLAUSIBLE = re.compile("[a-zéèêç][ÀÂÄÇÉÈÊËÎÏÔÖÙÛÜŸŒÆÅÁÍÓÚ]|[éèêâîïôûùç][A-Z]|[A-Z][èêâîïûùç]|Œ[lrtmcpgq]")
_LONE = re.compile("(?<![\\w'’])[éèêëîïûùçœÉÈÊËÎÏÛÙÇŒÚÓÍÁ](?![\\w'’])")
#: French never has three accented letters in a row; other scripts read as French have little else.
_FOREIGN = re.compile("[À-ÖØ-öø-ÿ]{3}")
_CANDIDATES = ("cp1252", "cp850", "mac-roman")


@dataclass(frozen=True, slots=True)
class Decoding:
    """How to read one file. ``single``: the codec of lines that are not UTF-8, in a file that mixes both."""

    codec: str
    how: str
    skip: int = 0
    errors: str = "strict"
    single: str | None = None
    mostly_utf8: bool = True
    #: No control characters: the fast path needs no look at each cell.
    plain: bool = True
    #: Lines end with a line feed, perhaps after a carriage return; False for the old Macintosh kind.
    line_feeds: bool = True


@dataclass(slots=True)
class _Survey:
    """One pass over the bytes."""

    utf8: bool = True
    ascii: bool = True
    french_utf8: bool = False
    line_feeds: bool = False
    plain: bool = True
    controls: int = 0
    size: int = 0


def detect(path: Path, file: str, declared: str | None) -> Decoding:
    """The decoding of a text file. SourceError when what is declared does not hold, or nothing does."""
    with path.open("rb") as stream:
        head = stream.read(4096)
    bom, codec = _marks(head)
    if declared is not None:
        return _declared(path, file, declared, codec, bom)
    if codec:
        return _held(path, file, Decoding(codec, "bom", bom))
    if wide := _wide(head):
        return _held(path, file, Decoding(wide, "nul"))
    survey = _survey(path)
    if survey.controls > max(survey.size // 20, 8):
        raise SourceError(Diagnostic("SRC-07", SourceLocation(file), {"type": "application/octet-stream"}))
    plain, feeds = survey.plain, survey.line_feeds
    if survey.utf8:
        return Decoding("utf-8", "ascii" if survey.ascii else "utf-8", plain=plain, line_feeds=feeds)
    single = _score(path, file)
    if survey.french_utf8:
        return Decoding("utf-8", "mixed", single=single, mostly_utf8=_mostly_utf8(path), plain=False)
    return Decoding(single, "scored", errors="replace", plain=plain, line_feeds=feeds)


def _marks(head: bytes) -> tuple[int, str]:
    """Bytes that byte order marks take (programs put one before another), and the encoding they promise."""
    for mark, codec in _BOMS:
        if head.startswith(mark):
            size = len(mark)
            while head.startswith(mark, size):
                size += len(mark)
            return size, codec
    return 0, ""


def _declared(path: Path, file: str, declared: str, bom_codec: str, bom: int) -> Decoding:
    codec = _codec(declared, file)
    if codec == "utf-8-sig":
        codec = "utf-8"
    if bom_codec and bom_codec != codec and not (codec in ("utf-16", "utf-32") and bom_codec.startswith(codec)):
        raise SourceError(Diagnostic("SRC-15", SourceLocation(file), {"declared": declared, "found": bom_codec}))
    if bom_codec:
        codec = bom_codec
    elif codec in ("utf-16", "utf-32"):
        codec += "-le"
    decoding = _held(path, file, Decoding(codec, "declared", bom), declared)
    if not codec.startswith("utf") and codec != "ascii":
        _refuse_hidden_utf8(path, file, declared)
    return decoding


def _codec(declared: str, file: str) -> str:
    name = _ALIASES.get(declared.strip().lower(), declared.strip())
    try:
        codec = codecs.lookup(name).name
    except (LookupError, ValueError):
        codec = ""
    if not _ACCEPTED.fullmatch(codec):
        near = difflib.get_close_matches(declared.lower(), _CHARSETS, 1, 0.5)
        params = {"declared": declared, "hint": near[0] if near else "utf-8, cp1252"}
        raise SourceError(Diagnostic("SRC-16", SourceLocation(file), params))
    return codec


def _refuse_hidden_utf8(path: Path, file: str, declared: str) -> None:
    # A single-byte codec reads UTF-8 without complaint and every accent wrong: "it must hold" includes this.
    survey = _survey(path)
    if survey.utf8 and survey.french_utf8:
        raise SourceError(Diagnostic("SRC-15", SourceLocation(file), {"declared": declared, "found": "utf-8"}))


def _wide(head: bytes) -> str | None:
    nuls = head.count(0)
    if nuls * 5 <= len(head):
        return None
    odd = head[1::2].count(0)
    # NUL padding falls on both sides; UTF-16 of a Latin script on one.
    if odd >= 0.9 * nuls:
        return "utf-16-le"
    return "utf-16-be" if odd <= 0.1 * nuls else None


def _held(path: Path, file: str, decoding: Decoding, declared: str | None = None) -> Decoding:
    """The decoding, once the whole file was decoded with it. SourceError with line and byte otherwise."""
    decoder = codecs.getincrementaldecoder(decoding.codec)("strict")
    latin = codecs.lookup(decoding.codec).name == "iso8859-1"
    plain, feeds = not decoding.codec.startswith(("utf-16", "utf-32")), False
    at = decoding.skip
    with path.open("rb") as stream:
        stream.seek(decoding.skip)
        while True:
            block = stream.read(_BYTES)
            try:
                decoder.decode(block, not block)
            except UnicodeDecodeError as error:
                offset = at + len(block) - len(error.object) + error.start
                raise _wrong_byte(path, file, decoding, declared, offset) from None
            if latin and (control := _C1.search(block)):
                # Legal in theory, never in a text: these are cp1252's quotes, dashes and œ.
                raise _wrong_byte(path, file, decoding, declared, at + control.start())
            plain = plain and not block.translate(None, _NOT_CONTROLS)
            feeds = feeds or b"\n" in block
            at += len(block)
            if not block:
                return Decoding(decoding.codec, decoding.how, decoding.skip, plain=plain, line_feeds=feeds)


def _wrong_byte(path: Path, file: str, decoding: Decoding, declared: str | None, offset: int) -> SourceError:
    with path.open("rb") as stream:
        stream.seek(offset)
        byte = stream.read(1)
    params: dict[str, str | int] = {"declared": declared or decoding.codec, "offset": offset}
    params["byte"] = f"{byte[0]:02X}" if byte else "—"
    code = "SRC-14" if declared is not None else "SRC-17"
    return SourceError(Diagnostic(code, SourceLocation(file, _line_at(path, decoding, offset)), params))


def _line_at(path: Path, decoding: Decoding, offset: int) -> int:
    """The physical line, from 1, that holds a byte."""
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(decoding.codec)("ignore"), True)
    line, left = 1, offset - decoding.skip
    with path.open("rb") as stream:
        stream.seek(decoding.skip)
        while left > 0 and (block := stream.read(min(_BYTES, left))):
            line += decoder.decode(block).count("\n")
            left -= len(block)
    return line


def _survey(path: Path) -> _Survey:
    """One pass over the bytes: is it UTF-8, which high bytes are there, are there control characters."""
    result = _Survey()
    with path.open("rb") as stream:
        while block := stream.read(_BYTES):
            # Whole lines, so that a sequence of bytes is never looked at in two halves.
            block += stream.readline(MAX_LINE_CHARS)
            result.size += len(block)
            controls = block.translate(None, _NOT_CONTROLS)
            result.plain = result.plain and not controls
            # NUL pads fixed-length fields, however many there are.
            result.controls += len(controls) - controls.count(0)
            result.line_feeds = result.line_feeds or b"\n" in block
            if not block.isascii():
                result.ascii = False
                result.french_utf8 = result.french_utf8 or _has_french_utf8(block)
                result.utf8 = result.utf8 and _is_utf8(block)
    return result


def _has_french_utf8(block: bytes) -> bool:
    # Looking for single bytes first is many times faster, and cp1252 text rarely holds any of these.
    return any(byte in block for byte in _UTF8_SIGNS) and _UTF8_FRENCH.search(block) is not None


def _is_utf8(block: bytes) -> bool:
    try:
        block.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _accents(path: Path) -> tuple[Counter[int], bytes]:
    """How often each high byte stands in the file (in its first tens of thousands), and lines that hold some."""
    counts: Counter[int] = Counter()
    sample = b""
    with path.open("rb") as stream:
        while (block := stream.read(_CHARS)) and counts.total() < _SAMPLE:
            counts.update(block.translate(None, _ASCII))
            if len(sample) < _SAMPLE:
                sample += b"\n".join(line for line in block.splitlines() if not line.isascii())[:_SAMPLE]
    return counts, sample


def _score(path: Path, file: str) -> str:
    """The single-byte codec that makes French of the high bytes. SourceError when none does."""
    high, sample = _accents(path)
    scores = {codec: _plausibility(high, sample, codec) for codec in _CANDIDATES}
    best = max(_CANDIDATES, key=lambda codec: scores[codec])
    if scores[best] < _UNREADABLE:
        raise SourceError(Diagnostic("SRC-18", SourceLocation(file)))
    if best == "cp1252" and _LATIN_9.search(sample) and not any(0x80 <= byte < 0xA0 for byte in high):
        return "iso8859-15"
    return best


def _plausibility(high: Counter[int], sample: bytes, codec: str) -> float:
    """Mean weight of the high bytes once decoded, less what no French text holds."""
    points = sum(_weight(byte, codec) * count for byte, count in high.items())
    text = sample.decode(codec, "replace")
    odd = len(_IMPLAUSIBLE.findall(text)) + len(_LONE.findall(text)) / 2 + 3 * len(_FOREIGN.findall(text))
    sampled = len(sample.translate(None, _ASCII)) or 1
    return points / high.total() - odd / sampled + (0.05 if codec == "cp1252" else 0.0)


def _weight(byte: int, codec: str) -> float:
    try:
        char = bytes((byte,)).decode(codec)
    except UnicodeDecodeError:
        return -2.0
    return _WEIGHTS.get(char, 0.2 if char in _LATIN else -0.3)


def _mostly_utf8(path: Path) -> bool:
    """In a file that mixes both: whether more lines with accents are UTF-8 than not."""
    balance = 0
    with path.open("rb") as stream:
        for line in stream:
            if not line.isascii():
                balance += 1 if _is_utf8(line) else -1
    return balance >= 0


def blocks(path: Path, decoding: Decoding, file: str) -> Iterator[tuple[str, Mapping[int, Note]]]:
    r"""The text in blocks of whole lines ending with ``\n``, and remarks on lines of the block (counted from 0).

    Only a file's last line may lack its line break. SourceError when one line is longer than the limit.
    """
    if decoding.codec.startswith(("utf-16", "utf-32")) or not decoding.line_feeds:
        return _wide_blocks(path, decoding, file)
    return _byte_blocks(path, decoding, file)


def _wide_blocks(path: Path, decoding: Decoding, file: str) -> Iterator[tuple[str, Mapping[int, Note]]]:
    with path.open("rb") as raw:
        raw.seek(decoding.skip)
        text = io.TextIOWrapper(raw, encoding=decoding.codec, errors=decoding.errors, newline=None)
        size = _FIRST
        while block := text.read(size):
            size = _CHARS
            if not block.endswith("\n"):
                block += text.readline(MAX_LINE_CHARS)
                if len(block) > MAX_LINE_CHARS:
                    raise _too_long(file)
            yield block, _NO_NOTES


def _byte_blocks(path: Path, decoding: Decoding, file: str) -> Iterator[tuple[str, Mapping[int, Note]]]:
    """Where a line feed is one byte, a block is cut before it is decoded: twice as fast as a text stream."""
    with path.open("rb") as stream:
        stream.seek(decoding.skip)
        size = _FIRST
        while block := stream.read(size):
            size = _CHARS
            if block[-1] != 10:
                block += stream.readline(MAX_LINE_CHARS)
                if len(block) > MAX_LINE_CHARS:
                    raise _too_long(file)
            if decoding.single is not None:
                yield _mixed_block(block, decoding)
                continue
            text = block.decode(decoding.codec, decoding.errors)
            yield (text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text), _NO_NOTES


def _too_long(file: str) -> SourceError:
    return SourceError(Diagnostic("SRC-13", SourceLocation(file), {"limit": MAX_LINE_CHARS}))


def _mixed_block(block: bytes, decoding: Decoding) -> tuple[str, Mapping[int, Note]]:
    notes: dict[int, Note] = {}
    lines = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    return "\n".join([_mixed_line(line, decoding, at, notes) for at, line in enumerate(lines)]), notes


def _mixed_line(line: bytes, decoding: Decoding, number: int, notes: dict[int, Note]) -> str:
    if line.isascii():
        return line.decode("ascii")
    single = decoding.single or "cp1252"
    french = _UTF8_FRENCH.search(line) is not None
    if _is_utf8(line) and (french or decoding.mostly_utf8):
        if not decoding.mostly_utf8:
            notes[number] = Note("SRC-56", {"encoding": "utf-8", "usual": single})
        return line.decode("utf-8")
    if french:
        # Both on one line: nothing can be said of any accent in it.
        notes[number] = Note("SRC-36")
        return line.decode("utf-8", "replace")
    text = line.decode(single, "replace")
    if decoding.mostly_utf8:
        if any(_WEIGHTS.get(c, 0) == 0 for c in text if not c.isascii()):
            # A sequence cut short rather than another encoding: the character is lost, its cell says so.
            return line.decode("utf-8", "replace")
        notes[number] = Note("SRC-56", {"encoding": single, "usual": "utf-8"})
    return text
