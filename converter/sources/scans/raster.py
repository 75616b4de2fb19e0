"""Images into PDF without loss, as PDF/A-1b where the image allows it (no transparency, 8 bits, no CMYK).

Refuses what img2pdf or Pillow would have to change: 16-bit pixels that it would cut to 8, mirrored orientation,
animation. Transparency that hides nothing is left out; any other is kept as a mask. Clause: ISO 19005-1 6.2, 6.4.
"""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
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

_ORIENTATION = 274
_MIRRORED = (2, 4, 5, 7)
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
                pdfa=None if profile is None else str(profile),
            )
    except Exception:  # img2pdf raises bare exceptions for what it will not convert
        raise ScanError("SCAN-52", {"type": kind}) from None
    return bytes(made)


def _prepared(data: bytes, scan: ScanFile, kind: str) -> list[bytes]:
    """The image, every pixel of it decoded once to know that it is sound; without a transparency that hides nothing.

    The images of a GIF, each drawn over the one before, come one by one.
    """
    from PIL import Image, UnidentifiedImageError

    if scan.media_type == "image/png" and (scan.pages or 1) > 1:
        raise ScanError("SCAN-51", {"type": kind})
    deep = scan.media_type == "image/png" and data[24] == 16
    if deep and data[28]:
        # Pillow would decode an interlaced image, to 8 bits.
        raise ScanError("SCAN-52", {"type": kind})
    try:
        with _quiet(), Image.open(io.BytesIO(data)) as image:
            _check_frames(image, kind)
            if scan.media_type == "image/gif" and (scan.pages or 1) > 1:
                return [_redrawn(image, frame) for frame in range(scan.pages or 1)]
            return [(None if deep else _without_idle_alpha(image)) or data]
    except Image.DecompressionBombError:
        raise ScanError("SCAN-50", {"type": kind, "limit": MAX_PIXELS}) from None
    except UnidentifiedImageError:
        raise ScanError("SCAN-52", {"type": kind}) from None
    except (OSError, SyntaxError, ValueError, EOFError, KeyError, IndexError, TypeError, RuntimeError):
        # What Pillow's decoders raise on broken data.
        raise ScanError("SCAN-22", {"type": kind}) from None


@contextmanager
def _quiet() -> Iterator[None]:
    """Pillow warns of large images, which have a limit of their own here, and of odd tags."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _check_frames(image: Image, kind: str) -> None:
    for frame in range(getattr(image, "n_frames", 1)):
        image.seek(frame)
        if image.width * image.height > MAX_PIXELS:
            raise ScanError("SCAN-50", {"type": kind, "limit": MAX_PIXELS})
        image.load()
        if image.getexif().get(_ORIENTATION) in _MIRRORED:
            raise ScanError("SCAN-52", {"type": kind})


def _redrawn(image: Image, frame: int) -> bytes:
    image.seek(frame)
    drawn = image.convert("RGBA")
    return _png(drawn if _hides(drawn) else drawn.convert("RGB"))


def _hides(image: Image) -> bool:
    """Whether some pixel is not opaque."""
    return image.convert("RGBA").getchannel("A").getextrema() != (255, 255)


def _png(image: Image, **kept: Any) -> bytes:
    target = io.BytesIO()
    image.save(target, format="PNG", **kept)
    return target.getvalue()


def _without_idle_alpha(image: Image) -> bytes | None:
    """A PNG of the colours alone when every pixel is opaque; None when there is nothing to leave out, or something to
    keep."""
    if getattr(image, "n_frames", 1) > 1 or not (image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info):
        return None
    if _hides(image):
        return None
    image.info.pop("transparency", None)
    colours = image.convert({"RGBA": "RGB", "LA": "L", "PA": "P"}[image.mode]) if image.mode[-1] == "A" else image
    kept: dict[str, Any] = {name: image.info[name] for name in ("dpi", "icc_profile") if name in image.info}
    return _png(colours, exif=image.getexif(), **kept)


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
