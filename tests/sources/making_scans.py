"""Small files of every kind that scans come in, made on the spot."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pikepdf
import pytest
from PIL import Image

from converter.diagnostics import Diagnostic
from converter.model import ScanFile
from converter.sources.scans import Expected, Notice, ScanError, ScanRoot, inspect


def picture(mode: str = "RGB", size: tuple[int, int] = (40, 30)) -> Image.Image:
    """Pixels that differ from each other, so that a lost one shows."""
    gradient = Image.linear_gradient("L").resize(size)
    return Image.merge(
        "RGB", (gradient, gradient.rotate(180), gradient.transpose(Image.Transpose.ROTATE_90).resize(size))
    ).convert(mode)


def image(kind: str, mode: str = "RGB", **options: object) -> bytes:
    target = io.BytesIO()
    picture(mode).save(target, format=kind, **options)
    return target.getvalue()


def pages(kind: str, count: int, mode: str = "RGB") -> bytes:
    target = io.BytesIO()
    first, *rest = (picture(mode).rotate(90 * n) for n in range(count))
    first.save(target, format=kind, save_all=True, append_images=rest)
    return target.getvalue()


def pdf(count: int = 1, *, xmp: str | None = None, **save: object) -> bytes:
    target = io.BytesIO()
    with pikepdf.new() as document:
        for number in range(count):
            document.add_blank_page()
            document.pages[-1].Contents = document.make_stream(f"q {number} 0 m 9 9 l S Q".encode() * 9)
        if xmp is not None:
            document.Root.Metadata = document.make_stream(xmp.encode(), Type=pikepdf.Name.Metadata)
        document.save(target, fix_metadata_version=False, **save)
    return target.getvalue()


def updated_pdf() -> bytes:
    """A PDF with a revision appended: its page's contents replaced."""
    first = pdf()
    added = b"5 0 obj\n<< /Length 8 >>\nstream\nq Q q Q \nendstream\nendobj\n"
    table = b"xref\n5 1\n%010d 00000 n \ntrailer << /Size 6 /Root 1 0 R /Prev %d >>\nstartxref\n%d\n%%%%EOF\n"
    start = int(first[first.rindex(b"startxref") + 10 :].split()[0])
    return first + added + table % (len(first), start, len(first) + len(added))


def claim(part: str, level: str) -> str:
    return f"<rdf:Description xmlns:pdfaid='x' pdfaid:part='{part}' pdfaid:conformance='{level}'/>"


RTF = rb"{\rtf1\ansi{\fonttbl{\f0 Arial;}}\f0 Accolades \{ et \} ; chemin C:\\bin12\par {\pict\bin6 {{{}}\}}"


def zipped(parts: Mapping[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return target.getvalue()


def docx() -> bytes:
    return zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w:document/>" * 50})


def open_document(kind: str, manifest: bytes = b"<manifest/>") -> bytes:
    return zipped(
        {"mimetype": b"application/vnd.oasis.opendocument." + kind.encode(), "META-INF/manifest.xml": manifest}
    )


def ole(streams: Mapping[str, bytes]) -> bytes:
    """An OLE compound file; every stream is padded to the 4096 bytes from which it has sectors of its own."""
    padded = {name: content.ljust(-(-max(len(content), 4096) // 512) * 512, b"\0") for name, content in streams.items()}
    entries = -(-(len(padded) + 1) // 4)
    body, table, starts = b"", [0xFFFFFFFD], []
    chains = [128 * 4 * entries, *map(len, padded.values())]
    for size in chains:
        starts.append(len(table))
        count = size // 512
        table += [*range(len(table) + 1, len(table) + count), 0xFFFFFFFE]
    directory = _entry("Root Entry", 5, 0xFFFFFFFE, 0, child=1)
    for at, (name, content) in enumerate(padded.items()):
        follows = at + 2 if at + 1 < len(padded) else 0xFFFFFFFF
        directory += _entry(name, 2, starts[at + 1], len(content), right=follows)
    body = directory.ljust(chains[0], b"\0") + b"".join(padded.values())
    assert len(table) <= 128, "one sector of allocation table"
    table += [0xFFFFFFFF] * (128 - len(table))
    header = struct.pack(
        "<8s16xHHHHH6xIIIIIIIIII",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        *(0x3E, 3, 0xFFFE, 9, 6),
        *(0, 1, starts[0], 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0, 0),
    )
    return header.ljust(512, b"\xff") + struct.pack("<128I", *table) + body


def _entry(name: str, kind: int, start: int, size: int, child: int = 0xFFFFFFFF, right: int = 0xFFFFFFFF) -> bytes:
    encoded = (name + "\0").encode("utf-16-le")
    head = encoded.ljust(64, b"\0") + struct.pack("<HBB", len(encoded), kind, 1)
    return head + struct.pack("<III", 0xFFFFFFFF, right, child) + b"\0" * 36 + struct.pack("<IQ", start, size)


Look = Callable[..., tuple[ScanFile, tuple[Notice, ...]]]


def look(folder: Path, content: bytes, name: str = "x", **expected: str) -> tuple[ScanFile, tuple[Notice, ...]]:
    """What inspection says of a file with this content."""
    (folder / name).write_bytes(content)
    return inspect(ScanRoot(folder).locate(name), Expected(**expected))


def codes(notices: tuple[Notice, ...]) -> list[str]:
    for code, params in notices:
        spoken(Diagnostic(code, None, params))
    return [code for code, _ in notices]


def refused(task: Callable[[], object]) -> str:
    """The code of the ScanError that a task ends with; also checks that its messages can be written."""
    with pytest.raises(ScanError) as caught:
        task()
    spoken(caught.value.diagnostic())
    return caught.value.code


def spoken(diagnostic: Diagnostic) -> None:
    for lang in ("fr", "en"):
        words = [diagnostic.message(lang), diagnostic.remedy(lang)]
        assert all(words), diagnostic
        # An ellipsis that the catalogue's own words do not hold is a parameter that is missing.
        assert not any("{" in text for text in words), diagnostic
