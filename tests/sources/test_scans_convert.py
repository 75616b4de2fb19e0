"""What CI-SIS does not accept, put into what it does: nothing lost, same bytes every time."""

from __future__ import annotations

import io
import os
import stat
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from PIL import Image, ImageChops, ImageCms, ImageOps

from converter.model import ScanFile
from converter.sources.scans import ACCEPTED, conversion_notice, convert_to_pdf, convertible
from converter.sources.scans import convert as convert_module
from converter.sources.scans import raster as raster_module
from converter.sources.scans import word as word_module
from converter.sources.scans.icc import srgb_profile
from tests.sources.making_scans import RTF, codes, docx, image, look, pages, pdf, picture, refused, zipped


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def converted(folder: Path, content: bytes, work: Path, name: str = "x", *, office: bool = False) -> ScanFile:
    return convert_to_pdf(look(folder, content, name)[0], work, office)


def images(scan: ScanFile) -> Iterator[Image.Image]:
    with pikepdf.open(scan.path) as document:
        for page in document.pages:
            yield pikepdf.PdfImage(embedded(page)).as_pil_image()


def embedded(page: pikepdf.Page) -> Any:
    """The one image of a page."""
    (raw,) = page.obj.Resources.XObject.as_dict().values()
    return raw


def original(content: bytes, frame: int = 0) -> Image.Image:
    with Image.open(io.BytesIO(content)) as found:
        found.seek(frame)
        return found.copy()


def same(one: Image.Image, other: Image.Image, mode: str = "RGB") -> bool:
    return one.size == other.size and ImageChops.difference(one.convert(mode), other.convert(mode)).getbbox() is None


@pytest.mark.parametrize(
    "make",
    [
        lambda: image("PNG"),
        lambda: image("PNG", "L"),
        lambda: image("PNG", "1"),
        lambda: image("PNG", "P"),
        lambda: image("PNG", "RGBA"),
        lambda: image("PNG", "LA"),
        lambda: image("BMP"),
        lambda: image("BMP", "P"),
        lambda: image("BMP", "RGBA"),
        lambda: image("BMP", "1"),
        lambda: image("GIF", "P"),
        lambda: image("GIF", "L"),
        lambda: pages("GIF", 3),
        lambda: image("TIFF"),
        lambda: image("TIFF", compression="tiff_lzw"),
        lambda: image("TIFF", "1", compression="group4"),
        lambda: image("TIFF", big_tiff=True),
        lambda: pages("TIFF", 4, "L"),
        lambda: pages("TIFF", 2, "1"),
    ],
)
def test_images_keep_every_pixel(tmp_path: Path, work: Path, make: Callable[[], bytes]) -> None:
    content = make()
    scan, _ = look(tmp_path, content, "Dupont.img")
    made = convert_to_pdf(scan, work)
    assert (made.media_type, made.pages, made.pdfa) == ("application/pdf", scan.pages, "1b")
    assert (made.original_media_type, made.relative) == (scan.media_type, "Dupont.img")
    assert made.path.parent == work.resolve()
    assert "Dupont" not in made.path.name
    notice = conversion_notice(made)
    assert notice is not None
    assert codes((notice,)) == ["SCAN-79"]
    for frame, found in enumerate(images(made)):
        assert same(found, original(content, frame))


def test_an_independent_validator_agrees_on_pdfa(tmp_path: Path, work: Path) -> None:
    pdfa = pytest.importorskip("pikepdf.pdfa", reason="needs pikepdf 10.18 with fontTools", exc_type=ImportError)
    for content in (image("PNG"), image("PNG", "1"), image("BMP", "P"), pages("TIFF", 2, "L"), image("JPEG")):
        assert pdfa.validate_written(converted(tmp_path, content, work).path, "1b").findings == []


def test_jpeg_goes_in_byte_by_byte(tmp_path: Path, work: Path) -> None:
    content = image("JPEG")
    made = converted(tmp_path, content, work)
    with pikepdf.open(made.path) as document:
        raw = embedded(document.pages[0])
        assert raw.read_raw_bytes() == content
    assert (made.pdfa, made.original_media_type) == ("1b", "image/jpeg")


@pytest.mark.parametrize(
    "make",
    [
        lambda: image("JPEG", "CMYK"),
        lambda: image("TIFF", "CMYK"),
        lambda: sixteen_bits(),
        lambda: transparent("PNG"),
        lambda: image("JPEG", icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()),
    ],
)
def test_what_pdfa_does_not_allow_is_kept_without_claiming_it(
    tmp_path: Path, work: Path, make: Callable[[], bytes]
) -> None:
    made = converted(tmp_path, make(), work)
    assert (made.pages, made.pdfa) == (1, None)


def sixteen_bits() -> bytes:
    target = io.BytesIO()
    Image.new("I;16", (8, 8), 40_001).save(target, format="PNG")
    return target.getvalue()


def transparent(kind: str) -> bytes:
    target, drawn = io.BytesIO(), picture("RGBA")
    drawn.putalpha(picture("L"))
    if kind == "BMP":
        # Pillow reads alpha where the header has a mask for it, and writes no such header.
        pixels = drawn.transpose(Image.Transpose.FLIP_TOP_BOTTOM).tobytes("raw", "BGRA")
        masks = struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
        header = struct.pack("<IiiHHIIiiII", 56, *drawn.size, 1, 32, 3, len(pixels), 2835, 2835, 0, 0) + masks
        return b"BM" + struct.pack("<IHHI", 70 + len(pixels), 0, 0, 70) + header + pixels
    drawn.save(target, format=kind)
    return target.getvalue()


def test_sixteen_bits_stay_sixteen(tmp_path: Path, work: Path) -> None:
    made = converted(tmp_path, sixteen_bits(), work)
    with pikepdf.open(made.path) as document:
        raw = embedded(document.pages[0])
        assert raw.BitsPerComponent == 16
        assert raw.read_bytes() == (40_001).to_bytes(2, "big") * 64


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
def test_transparency_is_kept_as_a_mask(tmp_path: Path, work: Path, kind: str) -> None:
    made = converted(tmp_path, transparent(kind), work)
    with pikepdf.open(made.path) as document:
        raw = embedded(document.pages[0])
        mask = pikepdf.PdfImage(raw.SMask).as_pil_image()
    assert same(mask, picture("L"), "L")
    assert same(next(images(made)), picture("RGB"))


def test_an_old_colour_profile_is_kept_and_allowed(tmp_path: Path, work: Path) -> None:
    made = converted(tmp_path, image("PNG", icc_profile=srgb_profile()), work)
    assert made.pdfa == "1b"
    with pikepdf.open(made.path) as document:
        raw = embedded(document.pages[0])
        assert raw.ColorSpace[0] == "/ICCBased"


@pytest.mark.parametrize("turn", [1, 3, 6, 8, 0, 99])
def test_orientation_is_kept(tmp_path: Path, work: Path, turn: int) -> None:
    exif = Image.Exif()
    exif[274] = turn
    made = converted(tmp_path, image("JPEG", exif=exif), work)
    with pikepdf.open(made.path) as document:
        assert int(document.pages[0].get("/Rotate", 0)) == {6: 90, 3: 180, 8: 270}.get(turn, 0)


@pytest.mark.parametrize("turn", [2, 4, 5, 7])
def test_mirrored_images_are_redrawn(tmp_path: Path, work: Path, turn: int) -> None:
    exif = Image.Exif()
    exif[274] = turn
    content = image("PNG", exif=exif, dpi=(100, 200))
    made = converted(tmp_path, content, work)
    (shown,) = images(made)
    assert same(shown, ImageOps.exif_transpose(original(content)))
    with pikepdf.open(made.path) as document:
        width, height = (float(side) for side in document.pages[0].mediabox[2:])
    assert (round(width, 1), round(height, 1)) == ((28.8, 10.8) if turn < 5 else (10.8, 28.8))
    assert refused(lambda: converted(tmp_path, image("JPEG", exif=exif), work)) == "SCAN-52"


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize(("mode", "packing"), [("1", "group4"), ("L", "raw"), ("RGB", "tiff_lzw")])
def test_every_orientation_of_tiff(tmp_path: Path, work: Path, turn: int, mode: str, packing: str) -> None:
    content = image("TIFF", mode, compression=packing, tiffinfo={274: turn})
    made = converted(tmp_path, content, work)
    (shown,) = images(made)
    assert same(shown, ImageOps.exif_transpose(original(content)))
    with pikepdf.open(made.path) as document:
        assert "/Rotate" not in document.pages[0].obj


def test_a_thumbnail_is_no_page(tmp_path: Path, work: Path) -> None:
    target = io.BytesIO()
    small = picture(size=(8, 6))
    small.encoderinfo = {"tiffinfo": {254: 1}}
    picture().save(target, format="TIFF", save_all=True, append_images=[small])
    scan, _ = look(tmp_path, target.getvalue())
    made = convert_to_pdf(scan, work)
    assert (scan.pages, made.pages) == (1, 1)
    assert same(next(images(made)), picture())


@pytest.mark.parametrize("dpi", [(0.001, 0.001), (1_000_000, 1)])
def test_a_resolution_that_nobody_set(tmp_path: Path, work: Path, dpi: tuple[float, float]) -> None:
    made = converted(tmp_path, image("BMP", dpi=dpi), work)
    with pikepdf.open(made.path) as document:
        assert [float(side) for side in document.pages[0].mediabox[2:]] == [30.0, 22.5]


def test_deep_images_that_would_be_cut_are_refused(tmp_path: Path, work: Path) -> None:
    target = io.BytesIO()
    Image.new("I;16", (8, 8), 40_001).save(target, format="TIFF")
    assert refused(lambda: converted(tmp_path, target.getvalue(), work)) == "SCAN-52"
    whole = bytearray(sixteen_bits())
    whole[28] = 1  # interlaced
    whole[29:33] = zlib.crc32(whole[12:29]).to_bytes(4, "big")
    assert refused(lambda: converted(tmp_path, bytes(whole), work)) == "SCAN-52"


def test_an_animated_png_is_refused(tmp_path: Path, work: Path) -> None:
    target = io.BytesIO()
    picture().save(target, format="PNG", save_all=True, append_images=[picture().rotate(90)])
    assert refused(lambda: converted(tmp_path, target.getvalue(), work)) == "SCAN-51"


def test_an_image_that_unpacks_to_too_much_is_refused(
    tmp_path: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(target, format="PNG")
    assert refused(lambda: converted(tmp_path, target.getvalue(), work)) == "SCAN-50"
    monkeypatch.setattr(raster_module, "MAX_PIXELS", 1000)
    assert refused(lambda: converted(tmp_path, pages("TIFF", 2), work)) == "SCAN-50"
    monkeypatch.setattr(convert_module, "MAX_CONVERTED", 1000)
    assert refused(lambda: converted(tmp_path, image("BMP"), work)) == "SCAN-56"


def test_pixels_that_do_not_decode_are_damage(tmp_path: Path, work: Path) -> None:
    whole = bytearray(image("TIFF", compression="tiff_lzw"))
    whole[8:60] = b"\xff" * 52
    assert refused(lambda: converted(tmp_path, bytes(whole), work)) in {"SCAN-22", "SCAN-52"}


@pytest.mark.parametrize("make", [lambda: image("PNG"), lambda: pages("GIF", 2), lambda: "Né".encode("cp1252")])
def test_two_conversions_give_the_same_bytes(tmp_path: Path, make: Callable[[], bytes]) -> None:
    scan, _ = look(tmp_path, make())
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        made.append(convert_to_pdf(scan, tmp_path / name))
    assert made[0].sha256 == made[1].sha256
    assert made[0].path.read_bytes() == made[1].path.read_bytes()
    assert stat.S_IMODE(made[0].path.stat().st_mode) == 0o600


def test_every_pdf_has_an_identifier_of_its_own(tmp_path: Path, work: Path) -> None:
    found = []
    for mode in ("RGB", "L"):
        with pikepdf.open(converted(tmp_path, image("PNG", mode), work).path) as document:
            found.append(bytes(document.trailer.ID[0]))
            assert not document.docinfo.keys()
    assert found[0] != found[1]


def test_a_second_row_of_the_same_file_uses_the_first_conversion(tmp_path: Path, work: Path) -> None:
    first = converted(tmp_path, image("PNG"), work)
    inode = first.path.stat().st_ino
    assert converted(tmp_path, image("PNG"), work) == first
    assert first.path.stat().st_ino == inode


def test_a_file_that_changed_since_it_was_looked_into(tmp_path: Path, work: Path) -> None:
    scan, _ = look(tmp_path, image("PNG"))
    scan.path.write_bytes(image("PNG", "L"))
    assert refused(lambda: convert_to_pdf(scan, work)) == "SCAN-17"
    assert list(work.iterdir()) == []


@pytest.mark.parametrize("make", [pdf, lambda: RTF, lambda: b"texte"])
def test_what_is_a_body_comes_back_as_it_is(tmp_path: Path, work: Path, make: Callable[[], bytes]) -> None:
    scan, _ = look(tmp_path, make())
    assert convert_to_pdf(scan, work) is scan
    assert conversion_notice(scan) is None


def test_what_has_a_way() -> None:
    assert convertible("image/png") and convertible("text/plain; charset=windows-1252")
    assert convertible("application/msword", office=True) and not convertible("application/msword")
    assert not convertible("text/html", office=True)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (docx, "SCAN-42"),
        (lambda: image("WEBP"), "SCAN-41"),
        (lambda: zipped({"a": b"x"}), "SCAN-46"),
        (lambda: b"<html></html>", "SCAN-45"),
    ],
)
def test_what_has_no_way_is_refused_with_its_own_remedy(
    tmp_path: Path, work: Path, make: Callable[[], bytes], code: str
) -> None:
    assert refused(lambda: converted(tmp_path, make(), work)) == code


# ------------------------------------------------------------------------------------------------------------- text


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-16-be", "cp850", "mac-roman"])
def test_text_becomes_utf_8(tmp_path: Path, work: Path, encoding: str) -> None:
    text = "Né à Évry, élève discrète ; reçu le 1er août.\r\n" * 9
    made = converted(tmp_path, text.encode(encoding), work)
    assert made.path.read_bytes().decode("utf-8") == text
    assert made.media_type in ACCEPTED
    notice = conversion_notice(made)
    assert notice is not None
    assert codes((notice,)) == ["SCAN-81"]


def test_text_that_mixes_encodings_is_refused(tmp_path: Path, work: Path) -> None:
    mixed = "déjà vu\n".encode() + "déjà vu\n".encode("cp1252")
    assert refused(lambda: converted(tmp_path, mixed, work)) == "SCAN-55"
    assert refused(lambda: converted(tmp_path, "déjà vu, élève ".encode("cp1252") + b"\x81", work)) == "SCAN-55"


# ----------------------------------------------------------------------------------------------------------- office


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """A stand-in for LibreOffice: a script with this body; its last argument is the document."""

    def install(body: str) -> None:
        programs = tmp_path / "bin"
        programs.mkdir(exist_ok=True)
        script = programs / "soffice"
        script.write_text("#!/bin/sh\nfor last; do :; done\n" + body)
        script.chmod(0o755)
        monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")

    return install


def dated_pdf(folder: Path, date: str) -> Path:
    path = folder / f"{date}.pdf"
    with pikepdf.open(io.BytesIO(pdf(2))) as document:
        document.docinfo["/CreationDate"] = f"D:{date}"
        with document.open_metadata() as xmp:
            xmp["xmp:CreateDate"] = f"{date}-01-01T00:00:00Z"
        document.save(path)
    return path


def test_a_word_file_by_libreoffice(tmp_path: Path, work: Path, office: Callable[[str], None]) -> None:
    made = []
    scan, _ = look(tmp_path, docx(), "Dupont.docx")
    for date in ("2019", "2020"):
        office(
            f'cp {dated_pdf(tmp_path, date)} "${{last%.docx}}.pdf"\n'
            f'echo "$last" "$HOME" "$@" > {tmp_path}/seen\nls "$HOME" > {tmp_path}/there\n'
        )
        folder = tmp_path / f"work-{date}"
        folder.mkdir()
        made.append(convert_to_pdf(scan, folder, office=True))
        assert [path.name for path in folder.iterdir()] == [made[-1].path.name]
    assert made[0].sha256 == made[1].sha256
    assert (made[0].pages, made[0].original_media_type) == (2, scan.media_type)
    seen = (tmp_path / "seen").read_text()
    assert "Dupont" not in seen
    assert "document.docx" in seen
    assert "profile" in (tmp_path / "there").read_text()
    notice = conversion_notice(made[0])
    assert notice is not None
    assert codes((notice,)) == ["SCAN-80"]


@pytest.mark.parametrize("body", ["exit 3\n", "exit 0\n", 'echo nothing > "${last%.docx}.pdf"\n', "sleep 60\n"])
def test_libreoffice_fails(
    tmp_path: Path, work: Path, office: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    monkeypatch.setattr(word_module, "OFFICE_SECONDS", 0.5)
    office(body)
    assert refused(lambda: converted(tmp_path, docx(), work, office=True)) == "SCAN-54"
    assert list(work.iterdir()) == []


def test_libreoffice_is_missing(tmp_path: Path, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert refused(lambda: converted(tmp_path, docx(), work, office=True)) == "SCAN-53"


def test_the_colour_profile_is_srgb() -> None:
    own = ImageCms.getOpenProfile(io.BytesIO(srgb_profile()))
    reference = ImageCms.createProfile("sRGB")
    shown: Any = ImageCms.profileToProfile(
        picture(), own, reference, renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC
    )
    assert max(high for _, high in ImageChops.difference(picture(), shown).getextrema()) <= 1
