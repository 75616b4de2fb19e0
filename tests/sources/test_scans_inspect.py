"""What a file is, from its bytes, and whether it is sound."""

from __future__ import annotations

import hashlib
import io
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest
import xlwt

from converter.sources.scans import ACCEPTED, ScanRoot, inspect, label, refusal
from converter.sources.scans import images as images_module
from converter.sources.scans import inspection as inspection_module
from converter.sources.scans import jpeg as jpeg_module
from converter.sources.scans import office as office_module
from converter.sources.scans import tiff as tiff_module
from converter.sources.scans.kinds import KINDS
from tests.sources.making_scans import (
    RTF,
    claim,
    codes,
    docx,
    image,
    look,
    ole,
    open_document,
    pages,
    pdf,
    refused,
    spoken,
    zipped,
)

MESSAGE = b"From: a@example.org\r\nTo: b@example.org\r\nSubject: x\r\nMIME-Version: 1.0\r\n\r\nBonjour\r\n"
OOXML = "application/vnd.openxmlformats-officedocument."
ODF = "application/vnd.oasis.opendocument."


def xls() -> bytes:
    book, target = xlwt.Workbook(), io.BytesIO()
    book.add_sheet("a").write(0, 0, "x")
    book.save(target)
    return target.getvalue()


def riff(kind: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", 12) + kind + b"\0" * 8


def heif(brand: bytes) -> bytes:
    return struct.pack(">I", 24) + b"ftyp" + brand + b"\0\0\0\0mif1" + brand + b"\0" * 40


@pytest.mark.parametrize(
    ("name", "make", "media_type", "count"),
    [
        ("a.pdf", lambda: pdf(3, xmp=claim("1", "B")), "application/pdf", 3),
        ("a.tif", lambda: image("TIFF"), "image/tiff", 1),
        ("a.tiff", lambda: pages("TIFF", 4), "image/tiff", 4),
        ("a.tif", lambda: image("TIFF", "1", compression="group4"), "image/tiff", 1),
        ("a.tif", lambda: image("TIFF", compression="tiff_lzw"), "image/tiff", 1),
        ("a.tif", lambda: image("TIFF", compression="jpeg"), "image/tiff", 1),
        ("a.jpg", lambda: image("JPEG"), "image/jpeg", 1),
        ("a.jpg", lambda: image("JPEG", "L", progressive=True), "image/jpeg", 1),
        ("a.jpeg", lambda: image("JPEG", "CMYK"), "image/jpeg", 1),
        ("a.rtf", lambda: RTF, "text/rtf", None),
        ("a.rtf", lambda: RTF + b"\r\n\0", "text/rtf", None),
        ("a.txt", lambda: "Né le 1er, élève : œuvre\r\n\f".encode(), "text/plain", None),
        ("a.txt", lambda: b"plain", "text/plain", None),
    ],
)
def test_what_ci_sis_accepts(
    tmp_path: Path, name: str, make: Callable[[], bytes], media_type: str, count: int | None
) -> None:
    content = make()
    scan, notices = look(tmp_path, content, name)
    assert (scan.media_type, scan.pages, notices) == (media_type, count, ())
    assert scan.media_type in ACCEPTED
    assert (scan.size, scan.relative, scan.path) == (len(content), name, (tmp_path / name).resolve())
    assert scan.sha256 == hashlib.sha256(content).hexdigest()
    assert scan.sha1 == hashlib.sha1(content).hexdigest()


@pytest.mark.parametrize(
    ("name", "make", "media_type", "code"),
    [
        ("a.png", lambda: image("PNG"), "image/png", "SCAN-40"),
        ("a.bmp", lambda: image("BMP"), "image/bmp", "SCAN-40"),
        ("a.gif", lambda: pages("GIF", 3), "image/gif", "SCAN-40"),
        ("a.tif", lambda: image("TIFF", big_tiff=True), "image/x-bigtiff", "SCAN-40"),
        ("a.webp", lambda: image("WEBP"), "image/webp", "SCAN-41"),
        ("a.jp2", lambda: image("JPEG2000"), "image/jp2", "SCAN-41"),
        ("a.heic", lambda: heif(b"heic"), "image/heic", "SCAN-41"),
        ("a.avif", lambda: heif(b"avif"), "image/avif", "SCAN-41"),
        ("a.svg", lambda: b'<?xml version="1.0"?><svg xmlns="x"/>', "image/svg+xml", "SCAN-41"),
        ("a.dcm", lambda: b"\0" * 128 + b"DICM" + b"\0" * 9, "application/dicom", "SCAN-41"),
        ("a.doc", lambda: ole({"WordDocument": b"\xec\xa5" + b"\0" * 30}), "application/msword", "SCAN-42"),
        ("a.docx", docx, OOXML + "wordprocessingml.document", "SCAN-42"),
        ("a.odt", lambda: open_document("text"), ODF + "text", "SCAN-42"),
        ("a.xls", xls, "application/vnd.ms-excel", "SCAN-43"),
        ("a.xlsx", lambda: zipped({"xl/workbook.xml": b"<x/>"}), OOXML + "spreadsheetml.sheet", "SCAN-43"),
        ("a.ods", lambda: open_document("spreadsheet"), ODF + "spreadsheet", "SCAN-43"),
        ("a.pptx", lambda: zipped({"ppt/presentation.xml": b"<x/>"}), OOXML + "presentationml.presentation", "SCAN-43"),
        ("a.eml", lambda: MESSAGE, "message/rfc822", "SCAN-44"),
        ("a.msg", lambda: ole({"__properties_version1.0": b"x"}), "application/vnd.ms-outlook", "SCAN-44"),
        ("a.html", lambda: b"\xef\xbb\xbf\r\n<!DOCTYPE html><html></html>", "text/html", "SCAN-45"),
        ("a.htm", lambda: "<html>é</html>".encode("utf-16"), "text/html", "SCAN-45"),
        ("a.xml", lambda: b'<?xml version="1.0"?><ClinicalDocument/>', "application/xml", "SCAN-45"),
        ("a.zip", lambda: zipped({"a.pdf": b"%PDF-1.4 x"}), "application/zip", "SCAN-46"),
        ("a.7z", lambda: b"7z\xbc\xaf\x27\x1c\0\4" + b"\0" * 30, "application/x-7z-compressed", "SCAN-46"),
        ("a.txt", lambda: "Né à Évry".encode("cp1252"), "text/plain; charset=windows-1252", "SCAN-47"),
        ("a.txt", lambda: "Né à Évry".encode("utf-16"), "text/plain; charset=utf-16le", "SCAN-47"),
        ("a.txt", lambda: "Né à Évry, élève".encode("cp850"), "text/plain; charset=ibm850", "SCAN-47"),
        (
            "a.txt",
            lambda: "é\n".encode() + "Né, élève\n".encode("cp1252"),
            "text/plain; charset=unknown-8bit",
            "SCAN-47",
        ),
        ("a.ps", lambda: b"%!PS-Adobe-3.0\n", "application/postscript", "SCAN-48"),
        ("a.avi", lambda: riff(b"AVI "), "video/x-msvideo", "SCAN-48"),
        ("a.mp4", lambda: heif(b"isom").replace(b"mif1", b"mp42"), "video/mp4", "SCAN-48"),
        ("a.lnk", lambda: b"\x4c\0\0\0\x01\x14\x02\0" + b"\0" * 40, "application/x-ms-shortcut", "SCAN-49"),
        ("a.url", lambda: b"[InternetShortcut]\r\nURL=file:///x\r\n", "application/x-ms-shortcut", "SCAN-49"),
    ],
)
def test_what_ci_sis_does_not_accept_is_named_with_a_remedy(
    tmp_path: Path, name: str, make: Callable[[], bytes], media_type: str, code: str
) -> None:
    scan, notices = look(tmp_path, make(), name)
    assert (scan.media_type, notices) == (media_type, ())
    assert scan.media_type not in ACCEPTED
    error = refusal(scan)
    spoken(error.diagnostic())
    assert error.code == code
    assert label(media_type)


def test_every_type_that_is_not_accepted_has_a_refusal() -> None:
    assert set(ACCEPTED) == {"application/pdf", "image/tiff", "image/jpeg", "text/rtf", "text/plain"}
    assert {kind.refused for kind in KINDS.values()} - {None} <= {f"SCAN-{n}" for n in range(40, 50)}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "SCAN-20"),
        (bytes(5000), "SCAN-25"),
        (bytes(range(256)) * 20, "SCAN-25"),
        (b"\x01\x02\x03\x04 some\x05\x06", "SCAN-25"),
        (b"\xff\xfe" + os.urandom(3) + b"\x01\xd8" * 2000, "SCAN-25"),
    ],
)
def test_empty_and_unknown_are_told_apart(tmp_path: Path, content: bytes, code: str) -> None:
    assert refused(lambda: look(tmp_path, content)) == code


def test_the_content_counts_and_not_the_extension(tmp_path: Path) -> None:
    scan, notices = look(tmp_path, image("JPEG"), "a.pdf")
    assert (scan.media_type, codes(notices)) == ("image/jpeg", ["SCAN-72"])
    assert codes(look(tmp_path, b"404 not found", "b.pdf")[1]) == ["SCAN-82"]
    assert codes(look(tmp_path, image("JPEG"), "c.2019")[1]) == []
    assert codes(look(tmp_path, image("JPEG"), "c")[1]) == []


def test_what_was_stated_when_found_is_not_repeated(tmp_path: Path) -> None:
    (tmp_path / "a.TIF").write_bytes(image("JPEG"))
    located = ScanRoot(tmp_path).locate("A.tif")
    assert codes(located.notices) == ["SCAN-70"]
    assert codes(inspect(located)[1]) == ["SCAN-72"]


# ------------------------------------------------------------------------------------------------- what the index says


@pytest.mark.parametrize(
    "expected",
    [
        {"sha256": "{sha256}"},
        {"sha256": " SHA-256:{sha256} "},
        {"sha256": "0x{sha256}"},
        {"md5": "{md5}", "size": "{size}"},
        {"size": "5 octets"},
        {"size": "5,00"},
        {"sha256": "", "md5": " ", "size": ""},
    ],
)
def test_what_the_index_says_holds(tmp_path: Path, expected: dict[str, str]) -> None:
    content = b"hello"
    known = {"sha256": hashlib.sha256(content).hexdigest().upper(), "md5": hashlib.md5(content).hexdigest(), "size": 5}
    told = {name: text.format(**known) for name, text in expected.items()}
    scan, _ = look(tmp_path, content, **told)
    assert scan.size == 5


@pytest.mark.parametrize(
    ("expected", "code"),
    [
        ({"sha256": "0" * 64}, "SCAN-27"),
        ({"md5": "0" * 32}, "SCAN-27"),
        ({"size": "6"}, "SCAN-28"),
        ({"size": "1 000"}, "SCAN-28"),
        ({"sha256": "0" * 63}, "SCAN-29"),
        ({"md5": "inconnu"}, "SCAN-29"),
        ({"md5": "-"}, "SCAN-29"),
        ({"size": "5 Ko"}, "SCAN-30"),
        ({"size": "-5"}, "SCAN-30"),
        ({"size": "٥"}, "SCAN-30"),
    ],
)
def test_what_the_index_says_does_not_hold(tmp_path: Path, expected: dict[str, str], code: str) -> None:
    assert refused(lambda: look(tmp_path, b"hello", **expected)) == code


def test_a_cut_file_is_reported_by_what_the_index_says(tmp_path: Path) -> None:
    whole = pdf()
    assert refused(lambda: look(tmp_path, whole[:-100], size=str(len(whole)))) == "SCAN-28"


# -------------------------------------------------------------------------------------------------------- opening


def test_a_file_that_became_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf())
    located = ScanRoot(tmp_path).locate("a.pdf")
    path.unlink()
    os.mkfifo(path)
    assert refused(lambda: inspect(located)) == "SCAN-13"


def test_a_file_that_became_a_link_is_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "ged"
    folder.mkdir()
    (folder / "a.pdf").write_bytes(pdf())
    (tmp_path / "secret.pdf").write_bytes(pdf())
    located = ScanRoot(folder).locate("a.pdf")
    (folder / "a.pdf").unlink()
    (folder / "a.pdf").symlink_to(tmp_path / "secret.pdf")
    assert refused(lambda: inspect(located)) == "SCAN-16"


def test_a_file_that_changed_since_it_was_found(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"one")
    located = ScanRoot(tmp_path).locate("a.txt")
    (tmp_path / "a.txt").write_bytes(b"other")
    assert refused(lambda: inspect(located)) == "SCAN-17"


def test_a_file_that_changes_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_bytes(b"one")
    located = ScanRoot(tmp_path).locate("a.txt")
    real = inspection_module.check_for

    def grow(head: bytes) -> object:
        with (tmp_path / "a.txt").open("ab") as stream:
            stream.write(b" more")
        return real(head)

    monkeypatch.setattr(inspection_module, "check_for", grow)
    assert refused(lambda: inspect(located)) == "SCAN-17"


def test_a_file_that_went_away(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"one")
    located = ScanRoot(tmp_path).locate("a.txt")
    (tmp_path / "a.txt").unlink()
    assert refused(lambda: inspect(located)) == "SCAN-14"


def test_large_files_are_read_in_blocks(tmp_path: Path) -> None:
    noise = os.urandom(700_000)
    target = io.BytesIO()
    with pikepdf.new() as document:
        for number in range(3):
            document.add_blank_page()
            document.pages[-1].Contents = document.make_stream(noise[number:])
        document.save(target)
    scan, _ = look(tmp_path, target.getvalue(), "a.pdf")
    assert (scan.pages, scan.sha256) == (3, hashlib.sha256(target.getvalue()).hexdigest())
    big = b"{\\rtf1 " + b"\\{ texte \\bin5 }}}}} {" * 100_000 + b"}" * 100_000 + b"}"
    assert look(tmp_path, big, "b.rtf")[0].media_type == "text/rtf"
    assert refused(lambda: look(tmp_path, big[:-1], "c.rtf")) == "SCAN-21"
    text = "é" * 500_000 + "x" + "é" * 500_000
    assert look(tmp_path, text.encode(), "d.txt")[0].media_type == "text/plain"
    assert refused(lambda: look(tmp_path, text.encode()[:-1] + b"\x00", "e.txt")) == "SCAN-25"


# ------------------------------------------------------------------------------------------------------------ PDF


@pytest.mark.parametrize(
    ("xmp", "claimed", "expected"),
    [
        (None, None, ["SCAN-73"]),
        ("<x/>", None, ["SCAN-73"]),
        (claim("1", "B"), "1b", []),
        (claim("1", "A"), "1a", []),
        ("<pdfaid:part>2</pdfaid:part><pdfaid:conformance>U</pdfaid:conformance>", "2u", ["SCAN-74"]),
        ("<x pdfaid:part='4'/>", "4", ["SCAN-74"]),
    ],
)
def test_what_a_pdf_claims(tmp_path: Path, xmp: str | None, claimed: str | None, expected: list[str]) -> None:
    scan, notices = look(tmp_path, pdf(xmp=xmp), "a.pdf")
    assert (scan.pdfa, codes(notices)) == (claimed, expected)


def test_a_claim_in_compressed_metadata(tmp_path: Path) -> None:
    target = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf(xmp=claim("2", "B") + " " * 3000))) as document:
        packed = zlib.compress(document.Root.Metadata.read_bytes())
        document.Root.Metadata.write(packed, filter=pikepdf.Name.FlateDecode)
        document.save(target, fix_metadata_version=False)
    assert look(tmp_path, target.getvalue())[0].pdfa == "2b"


@pytest.mark.parametrize("mode", list(pikepdf.ObjectStreamMode.__members__.values()))
def test_every_layout_of_a_pdf(tmp_path: Path, mode: pikepdf.ObjectStreamMode) -> None:
    for linear in (False, True):
        assert look(tmp_path, pdf(5, object_stream_mode=mode, linearize=linear))[0].pages == 5


@pytest.mark.parametrize("strength", [2, 3, 4, 6])
def test_a_password_that_readers_must_type(tmp_path: Path, strength: int) -> None:
    locked = pdf(
        encryption=pikepdf.Encryption(owner="o", user="u", R=strength, aes=strength > 3, metadata=strength > 3)
    )
    assert refused(lambda: look(tmp_path, locked)) == "SCAN-23"
    free = pdf(encryption=pikepdf.Encryption(owner="o", user="", R=strength, aes=strength > 3, metadata=strength > 3))
    scan, notices = look(tmp_path, free, "a.pdf")
    assert (scan.pages, codes(notices)) == (1, ["SCAN-75", "SCAN-73"])


def test_a_pdf_for_certain_certificates(tmp_path: Path) -> None:
    sealed = pdf(encryption=pikepdf.Encryption(owner="o", user="", R=3, aes=False, metadata=False))
    sealed = sealed.replace(b"/Filter /Standard", b"/Filter /AdobePKx")
    assert b"AdobePKx" in sealed
    assert refused(lambda: look(tmp_path, sealed)) == "SCAN-24"


@pytest.mark.parametrize("padding", [b"\r\n", b"\0" * 500, b"\x1a", b"   \n\n"])
def test_padding_behind_a_pdf_is_nothing(tmp_path: Path, padding: bytes) -> None:
    assert codes(look(tmp_path, pdf() + padding, "a.pdf")[1]) == ["SCAN-73"]


def test_foreign_bytes_around_a_pdf(tmp_path: Path) -> None:
    assert codes(look(tmp_path, b"HTTP/1.1 200 OK\r\n\r\n" + pdf(), "a.pdf")[1])[0] == "SCAN-77"
    assert codes(look(tmp_path, pdf() + b"</html>", "a.pdf")[1])[0] == "SCAN-77"


def test_an_update_that_was_cut(tmp_path: Path) -> None:
    assert refused(lambda: look(tmp_path, pdf() + b"\n12 0 obj\n<< /Type /An")) == "SCAN-21"


def test_a_wrong_table_with_everything_there(tmp_path: Path) -> None:
    whole = pdf(2)
    at = whole.rindex(b"startxref") + 10
    wrong = whole[:at] + b"7" * (whole.index(b"\n", at) - at) + whole[whole.index(b"\n", at) :]
    scan, notices = look(tmp_path, wrong, "a.pdf")
    assert (scan.pages, codes(notices)) == (2, ["SCAN-78", "SCAN-73"])


@pytest.mark.parametrize("number", [2, 4, 7])
def test_a_wrong_table_with_something_gone(tmp_path: Path, number: int) -> None:
    whole = pdf(4)
    gone = whole[: whole.index(b"%d 0 obj" % number)] + whole[whole.index(b"%d 0 obj" % (number + 1)) :]
    assert refused(lambda: look(tmp_path, gone)) == "SCAN-22"


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.4\n%%EOF",
        b"%PDF-1.4\ntrailer << /Root 1 0 R >>\n%%EOF",
        b"%PDF-1.4\n1 0 obj << /Type /Catalog /Pages 1 0 R /Kids [1 0 R] >> endobj\ntrailer << /Root 1 0 R >>\n%%EOF",
        b"%PDF-1.4\n" + b"[" * 100_000 + b"\n%%EOF",
        pdf(0),
    ],
)
def test_a_pdf_with_nothing_in_it(tmp_path: Path, content: bytes) -> None:
    assert refused(lambda: look(tmp_path, content)) == "SCAN-22"


# ---------------------------------------------------------------------------------------------------------- images


def test_the_end_of_a_preview_is_not_the_end_of_a_jpeg(tmp_path: Path) -> None:
    preview = image("JPEG")
    whole = image("JPEG")
    segment = b"\xff\xe1" + struct.pack(">H", len(preview) + 2) + preview
    nested = whole[:2] + segment + whole[2:]
    assert look(tmp_path, nested)[0].pages == 1
    assert refused(lambda: look(tmp_path, nested[: 6 + len(preview)])) == "SCAN-21"


def test_a_jpeg_with_fill_bytes_and_bytes_behind(tmp_path: Path) -> None:
    whole = image("JPEG")
    assert look(tmp_path, whole[:2] + b"\xff\xff" + whole[2:] + b"SEFT")[0].pages == 1


@pytest.mark.parametrize("content", [b"\xff\xd8\xff\xd9", b"\xff\xd8\xff\xe0\0\2\xff\xd9"])
def test_a_jpeg_without_image(tmp_path: Path, content: bytes) -> None:
    assert refused(lambda: look(tmp_path, content)) == "SCAN-22"


def test_a_jpeg_without_width(tmp_path: Path) -> None:
    whole = image("JPEG")
    frame = whole.index(b"\xff\xc0")
    assert refused(lambda: look(tmp_path, whole[: frame + 7] + b"\0\0" + whole[frame + 9 :])) == "SCAN-22"


def tiff(order: str, entries: list[tuple[int, int, int, int]], following: int = 0, data: bytes = b"") -> bytes:
    mark = b"II" if order == "<" else b"MM"
    fields = b"".join(
        struct.pack(order + "HHI", tag, kind, count)
        + struct.pack(order + ("HH" if kind == 3 else "I"), *((value, 0) if kind == 3 else (value,)))
        for tag, kind, count, value in entries
    )
    body = mark + struct.pack(order + "HI", 42, 8) + struct.pack(order + "H", len(entries)) + fields
    return body + struct.pack(order + "I", following) + data


GREY = [(256, 3, 1, 4), (257, 3, 1, 2), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 98), (279, 4, 1, 8)]


@pytest.mark.parametrize("order", ["<", ">"])
def test_both_byte_orders_of_tiff(tmp_path: Path, order: str) -> None:
    whole = tiff(order, GREY, data=b"12345678")
    assert (look(tmp_path, whole)[0].pages, len(whole)) == (1, 106)
    assert refused(lambda: look(tmp_path, whole[:-1])) == "SCAN-21"


@pytest.mark.parametrize(
    ("entries", "following", "code"),
    [
        (GREY, 8, "SCAN-22"),
        (GREY, 4000, "SCAN-21"),
        ([(256, 3, 1, 0), *GREY[1:]], 0, "SCAN-22"),
        (GREY[:5], 0, "SCAN-22"),
        ([*GREY[:5], (273, 4, 1, 98), (279, 4, 1, 4000)], 0, "SCAN-21"),
        ([*GREY[:5], (273, 4, 1, 98), (279, 4, 4_000_000_000, 8)], 0, "SCAN-21"),
        ([(254, 4, 1, 1), *GREY], 0, "SCAN-22"),
        ([], 0, "SCAN-22"),
    ],
)
def test_a_tiff_that_leads_nowhere(
    tmp_path: Path, entries: list[tuple[int, int, int, int]], following: int, code: str
) -> None:
    assert refused(lambda: look(tmp_path, tiff("<", entries, following, b"12345678" * 4))) == code


@pytest.mark.parametrize("child", [330, 34665])
def test_a_directory_beside_the_chain_is_inside_too(tmp_path: Path, child: int) -> None:
    entries = [*GREY[:5], (273, 4, 1, 110), (279, 4, 1, 8), (child, 4, 1, 118)]
    beside = struct.pack("<HHHIII", 1, 0x9000, 4, 1, 0, 0)
    whole = tiff("<", entries, data=b"12345678" + beside)
    assert look(tmp_path, whole)[0].pages == 1
    assert refused(lambda: look(tmp_path, whole[:-5])) == "SCAN-21"
    outside = struct.pack("<HHHIII", 1, 0x9000, 4, 9, 4000, 0)
    assert refused(lambda: look(tmp_path, tiff("<", entries, data=b"12345678" + outside))) == "SCAN-21"


def test_a_png_whose_checksum_is_wrong(tmp_path: Path) -> None:
    whole = bytearray(image("PNG"))
    whole[whole.index(b"IDAT") + 9] ^= 1
    assert refused(lambda: look(tmp_path, bytes(whole))) == "SCAN-22"


@pytest.mark.parametrize("kind", ["GIF", "BMP"])
def test_an_image_with_a_broken_header(tmp_path: Path, kind: str) -> None:
    whole = bytearray(image(kind))
    at = whole.index(b",", 13) if kind == "GIF" else 14
    whole[at] = 7
    assert refused(lambda: look(tmp_path, bytes(whole))) == "SCAN-22"


def test_images_of_endless_tiny_pieces_are_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jpeg, png = image("JPEG"), image("PNG")
    for module, limit in ((jpeg_module, "MAX_SEGMENTS"), (images_module, "MAX_CHUNKS")):
        monkeypatch.setattr(module, limit, 50)
    empty = b"\0\0\0\0tEXt" + zlib.crc32(b"tEXt").to_bytes(4, "big")
    assert look(tmp_path, png[:33] + empty * 20 + png[33:])[0].pages == 1
    assert refused(lambda: look(tmp_path, png[:33] + empty * 60 + png[33:])) == "SCAN-22"
    assert refused(lambda: look(tmp_path, jpeg[:2] + b"\xff\xfe\0\2" * 60 + jpeg[2:])) == "SCAN-22"
    monkeypatch.setattr(images_module, "MAX_SUB_BLOCKS", 1)
    assert refused(lambda: look(tmp_path, pages("GIF", 3))) == "SCAN-22"
    monkeypatch.setattr(tiff_module, "MAX_STRIPS", 3)
    assert refused(lambda: look(tmp_path, image("TIFF"))) == "SCAN-22"


def test_a_zip_with_an_endless_directory_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office_module, "MAX_DIRECTORY", 10)
    assert look(tmp_path, docx())[0].media_type == "application/zip"


# ---------------------------------------------------------------------------------------------------- text and office


def test_a_byte_order_mark_is_stated(tmp_path: Path) -> None:
    scan, notices = look(tmp_path, b"\xef\xbb\xbfbonjour", "a.txt")
    assert (scan.media_type, codes(notices)) == ("text/plain", ["SCAN-76"])


@pytest.mark.parametrize(
    "content",
    [
        ole({"EncryptedPackage": b"x", "EncryptionInfo": b"y"}),
        ole({"WordDocument": b"\xec\xa5" + b"\0" * 8 + b"\0\x01"}),
        ole({"Workbook": b"\x09\x08\x04\0\0\0\0\0\x2f\0\x02\0\0\0"}),
        ole({"PowerPoint Document": b"x", "EncryptedSummary": b"y"}),
        open_document("text", b"<manifest:encryption-data/>"),
    ],
)
def test_office_files_with_a_password(tmp_path: Path, content: bytes) -> None:
    assert refused(lambda: look(tmp_path, content)) == "SCAN-23"


def test_an_archive_with_a_password(tmp_path: Path) -> None:
    import pyzipper

    target = io.BytesIO()
    with pyzipper.AESZipFile(target, "w", encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(b"x")
        archive.writestr("a.pdf", b"x")
    assert refused(lambda: look(tmp_path, target.getvalue())) == "SCAN-23"


def test_an_office_file_that_is_damaged(tmp_path: Path) -> None:
    whole = ole({"WordDocument": b"x" * 9000})
    assert refused(lambda: look(tmp_path, whole[:-700])) == "SCAN-21"
    assert refused(lambda: look(tmp_path, whole[:30] + b"\xff" + whole[31:])) == "SCAN-22"
    assert refused(lambda: look(tmp_path, docx()[:-30])) == "SCAN-21"
