"""Images into PDF without loss, as PDF/A-1b where the image allows it (no transparency, 8 bits, no CMYK).

Refuses what img2pdf or Pillow would have to change: 16-bit pixels cut to 8, CMYK that must be redrawn, animation.
Transparency that hides nothing is left out; any other is kept as a mask. Clause: ISO 19005-1 6.2, 6.4.
"""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from converter.model import ScanFile
from converter.sources.scans.icc import srgb_profile
from converter.sources.scans.kinds import label
from converter.sources.scans.limits import MAX_PIXELS
from converter.sources.scans.problems import ScanError
from converter.sources.scans.writing import write_whole

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["image_to_pdf"]

#: TIFF and Exif tags, and values of Orientation: mirrored, and the first that swaps the sides.
_SUBFILE, _BITS, _ORIENTATION = 254, 258, 274
_MIRRORED, _SIDEWAYS = (2, 4, 5, 7), 5
#: NewSubfileType: a reduced image or a transparency mask is no page.
_NO_PAGE = 0b101
#: Resolutions taken as meant, and the one of an image that has none (img2pdf's own).
_LOWEST_DPI, _HIGHEST_DPI, _SCREEN_DPI = 10, 20_000, 96
#: What img2pdf writes as identifier of every PDF/A: the MD5 of nothing.
_NO_ID = b"d41d8cd98f00b204e9800998ecf8427e"
#: The newest versions that PDF/A-1 knows.
_PDF_VERSION, _ICC_VERSION = "1.4", 2


def image_to_pdf(data: bytes, scan: ScanFile, work: Path) -> bytes:
    """The PDF's bytes. ScanError when the image is damaged, too large, or would be changed."""
    kind = label(scan.media_type)
    prepared = _prepared(data, scan, kind)
    profile = work / "srgb.icc"
    if not profile.exists():
        write_whole(profile, srgb_profile())
    archival = _pdf(prepared, kind, profile)
    if _is_archival(archival):
        return archival.replace(_NO_ID, scan.sha256[: len(_NO_ID)].encode("ascii"))
    return _pdf(prepared, kind, None)


def _pdf(images: list[bytes], kind: str, profile: Path | None) -> bytes:
    import img2pdf

    # It warns of every transparent image and of odd sizes, on a stream that is the user's.
    logging.getLogger("img2pdf").setLevel(logging.CRITICAL)
    try:
        with _quiet():
            made = img2pdf.convert(
                [io.BytesIO(image) for image in images],
                engine=img2pdf.Engine.internal,
                nodate=True,
                rotation=img2pdf.Rotation.ifvalid,
                layout_fun=_layout,
                pdfa=None if profile is None else str(profile),
            )
    except Exception:  # img2pdf raises bare exceptions for what it will not convert
        raise ScanError("SCAN-52", {"type": kind}) from None
    return bytes(made)


def _layout(width: int, height: int, dpi: tuple[float, float]) -> tuple[float, float, float, float]:
    """Page and image in points. A resolution that no scanner has is one that nobody set."""
    across, down = dpi if all(_LOWEST_DPI <= value <= _HIGHEST_DPI for value in dpi) else (_SCREEN_DPI, _SCREEN_DPI)
    page = 72.0 * width / across, 72.0 * height / down
    return *page, *page


@contextmanager
def _quiet() -> Iterator[None]:
    """Pillow warns of large images, which have a limit of their own here, and of odd tags."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _prepared(data: bytes, scan: ScanFile, kind: str) -> list[bytes]:
    """The image as img2pdf can take it in whole, every pixel of it decoded once to know that it is sound.

    That is its own bytes, or its frames drawn one by one as PNG: turned upright, without thumbnails, without a
    transparency that hides nothing.
    """
    from PIL import Image, UnidentifiedImageError

    if scan.media_type == "image/png" and scan.pages is None:
        raise ScanError("SCAN-51", {"type": kind})
    if scan.media_type == "image/png" and data[24] > 8 and data[28]:
        # Pillow would decode an interlaced image, to 8 bits.
        raise ScanError("SCAN-52", {"type": kind})
    try:
        with _quiet(), Image.open(io.BytesIO(data)) as image:
            frames = [_frame(image, number, kind) for number in range(getattr(image, "n_frames", 1))]
            if not _must_redraw(image, scan, frames):
                return [data]
            if image.format == "JPEG" or (image.format == "PNG" and data[24] > 8) or any(f.deep for f in frames):
                raise ScanError("SCAN-52", {"type": kind})
            return [_redrawn(image, frame, kind) for frame in frames if frame.is_page]
    except Image.DecompressionBombError:
        raise ScanError("SCAN-50", {"type": kind, "limit": MAX_PIXELS}) from None
    except UnidentifiedImageError:
        raise ScanError("SCAN-52", {"type": kind}) from None
    except (OSError, SyntaxError, ValueError, EOFError, KeyError, IndexError, TypeError, RuntimeError):
        # What Pillow's decoders raise on broken data.
        raise ScanError("SCAN-22", {"type": kind}) from None


@dataclass(frozen=True, slots=True)
class _Frame:
    """One image of a file; ``turn`` is its Exif orientation, 1 when upright or nonsense."""

    number: int
    turn: int
    is_page: bool
    deep: bool


def _frame(image: Image, number: int, kind: str) -> _Frame:
    image.seek(number)
    if image.width * image.height > MAX_PIXELS:
        raise ScanError("SCAN-50", {"type": kind, "limit": MAX_PIXELS})
    # Before the pixels: Pillow turns a TIFF as it decodes it, and forgets the orientation.
    turn = image.getexif().get(_ORIENTATION, 1)
    tags = getattr(image, "tag_v2", {})
    image.load()
    return _Frame(
        number,
        turn if turn in range(2, 9) else 1,
        not int(tags.get(_SUBFILE, 0)) & _NO_PAGE,
        max(tags.get(_BITS, (1,))) > 8,
    )


def _must_redraw(image: Image, scan: ScanFile, frames: list[_Frame]) -> bool:
    """What img2pdf would get wrong, or not take: see each line."""
    if scan.media_type == "image/gif" and len(frames) > 1:
        return True  # frames are drawn each over the one before
    if image.format == "TIFF":
        # It mixes up the sides of an image that Pillow has turned, and shows thumbnails as pages.
        return any(frame.turn != 1 or not frame.is_page for frame in frames) or _has_idle_alpha(image, frames)
    if any(frame.turn in _MIRRORED for frame in frames):
        return True  # a PDF page can be turned, not mirrored
    return _has_idle_alpha(image, frames) or (image.format == "BMP" and image.mode == "RGBA")


def _has_idle_alpha(image: Image, frames: list[_Frame]) -> bool:
    return len(frames) == 1 and _has_alpha(image) and not _hides(image)


def _has_alpha(image: Image) -> bool:
    return image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info


def _hides(image: Image) -> bool:
    """Whether some pixel is not opaque."""
    return image.convert("RGBA").getchannel("A").getextrema() != (255, 255)


def _redrawn(image: Image, frame: _Frame, kind: str) -> bytes:
    """A frame as PNG, upright, with its resolution and colour profile."""
    from PIL import ImageOps

    image.seek(frame.number)
    image.load()
    drawn = ImageOps.exif_transpose(image)
    if _has_alpha(drawn):
        drawn = drawn.convert("RGBA") if _hides(drawn) else _opaque(drawn)
    if drawn.mode not in ("1", "L", "P", "RGB", "RGBA"):
        raise ScanError("SCAN-52", {"type": kind})
    kept: dict[str, Any] = {name: image.info[name] for name in ("dpi", "icc_profile") if image.info.get(name)}
    if frame.turn >= _SIDEWAYS and "dpi" in kept:
        kept["dpi"] = kept["dpi"][::-1]
    target = io.BytesIO()
    drawn.save(target, format="PNG", **kept)
    return target.getvalue()


def _opaque(image: Image) -> Image:
    """The colours alone, of an image that hides nothing."""
    drawn = image.convert({"RGBA": "RGB", "LA": "L"}.get(image.mode, "RGB"))
    drawn.info.pop("transparency", None)
    return drawn


def _is_archival(data: bytes) -> bool:
    """Whether the PDF keeps what it claims: PDF/A-1b."""
    import pikepdf

    with pikepdf.open(io.BytesIO(data)) as pdf:
        return pdf.pdf_version <= _PDF_VERSION and all(
            "/UserUnit" not in page.obj and all(map(_is_archival_image, page.obj.Resources.XObject.as_dict().values()))
            for page in pdf.pages
        )


def _is_archival_image(image: Any) -> bool:
    space = image.get("/ColorSpace")
    return "/SMask" not in image and int(image.get("/BitsPerComponent", 1)) <= 8 and _is_archival_space(space)


def _is_archival_space(space: Any) -> bool:
    """Grey, RGB, a palette of these, or an old ICC profile: the output intent is sRGB, so no bare CMYK."""
    from pikepdf import Array

    if space in ("/DeviceGray", "/DeviceRGB"):
        return True
    name = space[0] if isinstance(space, Array) else None
    if name == "/Indexed":
        return _is_archival_space(space[1])
    if name == "/ICCBased":
        profile = space[1].read_bytes()
        return len(profile) > 128 and profile[8] <= _ICC_VERSION
    return False
