"""The types of file that are told apart, what a person calls them, and what becomes of those CI-SIS does not accept.

Clause: media types of an unstructured body, CI-SIS "Structuration minimale des documents", value set
1.2.250.1.213.1.1.5.822 (five types). Text in another encoding than UTF-8 carries it as a parameter of its type, and
so is not one of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from converter.model import ScanFile
from converter.sources.scans.problems import Notice, ScanError

__all__ = ["ACCEPTED", "CHARSET", "IMAGES", "KINDS", "WORD", "Kind", "extension_notice", "label", "refusal"]


@dataclass(frozen=True, slots=True)
class Kind:
    """``refused``: the code that says why this is no body and what to do; None for what CI-SIS accepts."""

    label: str
    extensions: tuple[str, ...]
    refused: str | None = None


_IMAGE, _OTHER_IMAGE, _WORD, _SHEET, _MAIL, _MARKUP, _ARCHIVE, _TEXT, _OTHER, _LINK = (
    f"SCAN-{number}" for number in range(40, 50)
)
_OOXML = "application/vnd.openxmlformats-officedocument."
_ODF = "application/vnd.oasis.opendocument."

KINDS: dict[str, Kind] = {
    "application/pdf": Kind("PDF", ("pdf",)),
    "image/tiff": Kind("TIFF", ("tif", "tiff")),
    "image/jpeg": Kind("JPEG", ("jpg", "jpeg", "jpe", "jfif")),
    "text/rtf": Kind("RTF", ("rtf",)),
    "text/plain": Kind("TXT", ("txt", "text", "asc", "log", "csv", "tsv", "md")),
    "image/png": Kind("PNG", ("png", "apng"), _IMAGE),
    "image/bmp": Kind("BMP", ("bmp", "dib"), _IMAGE),
    "image/gif": Kind("GIF", ("gif",), _IMAGE),
    "image/x-bigtiff": Kind("BigTIFF", ("tif", "tiff", "btf", "tf8"), _IMAGE),
    "image/webp": Kind("WebP", ("webp",), _OTHER_IMAGE),
    "image/heic": Kind("HEIC", ("heic", "heif", "hif"), _OTHER_IMAGE),
    "image/avif": Kind("AVIF", ("avif",), _OTHER_IMAGE),
    "image/jp2": Kind("JPEG 2000", ("jp2", "j2k", "jpx", "jpf"), _OTHER_IMAGE),
    "image/jxl": Kind("JPEG XL", ("jxl",), _OTHER_IMAGE),
    "image/vnd.djvu": Kind("DjVu", ("djvu", "djv"), _OTHER_IMAGE),
    "image/svg+xml": Kind("SVG", ("svg",), _OTHER_IMAGE),
    "image/wmf": Kind("WMF/EMF", ("wmf", "emf"), _OTHER_IMAGE),
    "image/vnd.adobe.photoshop": Kind("Photoshop", ("psd", "psb"), _OTHER_IMAGE),
    "application/dicom": Kind("DICOM", ("dcm", "dicom"), _OTHER_IMAGE),
    "application/msword": Kind("Word (DOC)", ("doc", "dot"), _WORD),
    _OOXML + "wordprocessingml.document": Kind("Word (DOCX)", ("docx", "docm", "dotx", "dotm"), _WORD),
    _ODF + "text": Kind("OpenDocument (ODT)", ("odt", "ott"), _WORD),
    "application/vnd.wordperfect": Kind("WordPerfect", ("wpd", "wp", "wp5"), _OTHER),
    "application/vnd.ms-works": Kind("Works", ("wps", "wks"), _OTHER),
    "application/vnd.ms-excel": Kind("Excel (XLS)", ("xls", "xlt"), _SHEET),
    "application/vnd.ms-excel.sheet.binary.macroenabled.12": Kind("Excel (XLSB)", ("xlsb",), _SHEET),
    _OOXML + "spreadsheetml.sheet": Kind("Excel (XLSX)", ("xlsx", "xlsm", "xltx", "xltm"), _SHEET),
    _ODF + "spreadsheet": Kind("OpenDocument (ODS)", ("ods", "ots"), _SHEET),
    "application/vnd.ms-powerpoint": Kind("PowerPoint (PPT)", ("ppt", "pps", "pot"), _SHEET),
    _OOXML + "presentationml.presentation": Kind("PowerPoint (PPTX)", ("pptx", "pptm", "ppsx"), _SHEET),
    _ODF + "presentation": Kind("OpenDocument (ODP)", ("odp", "otp"), _SHEET),
    _ODF + "graphics": Kind("OpenDocument (ODG)", ("odg", "otg"), _SHEET),
    "application/vnd.visio": Kind("Visio", ("vsd", "vsdx"), _SHEET),
    "application/vnd.ms-publisher": Kind("Publisher", ("pub",), _SHEET),
    "application/oxps": Kind("XPS", ("xps", "oxps"), _OTHER),
    "application/postscript": Kind("PostScript", ("ps", "eps"), _OTHER),
    "application/epub+zip": Kind("EPUB", ("epub",), _OTHER),
    "message/rfc822": Kind("EML", ("eml", "mht", "mhtml"), _MAIL),
    "application/vnd.ms-outlook": Kind("Outlook (MSG)", ("msg", "oft"), _MAIL),
    "application/vnd.ms-tnef": Kind("winmail.dat", ("dat", "tnef"), _MAIL),
    "text/html": Kind("HTML", ("html", "htm", "xhtml"), _MARKUP),
    "application/xml": Kind("XML", ("xml",), _MARKUP),
    "application/zip": Kind("ZIP", ("zip",), _ARCHIVE),
    "application/gzip": Kind("gzip", ("gz", "tgz"), _ARCHIVE),
    "application/x-7z-compressed": Kind("7-Zip", ("7z",), _ARCHIVE),
    "application/vnd.rar": Kind("RAR", ("rar",), _ARCHIVE),
    "application/x-bzip2": Kind("bzip2", ("bz2",), _ARCHIVE),
    "application/x-xz": Kind("xz", ("xz",), _ARCHIVE),
    "application/x-ms-shortcut": Kind("LNK/URL", ("lnk", "url"), _LINK),
    "application/x-ole-storage": Kind("OLE", (), _OTHER),
    "application/x-msdownload": Kind("EXE", ("exe", "dll", "com"), _OTHER),
    "application/vnd.sqlite3": Kind("SQLite", ("db", "sqlite"), _OTHER),
    "application/x-msaccess": Kind("Access", ("mdb", "accdb"), _OTHER),
    "audio/mpeg": Kind("MP3", ("mp3",), _OTHER),
    "audio/x-wav": Kind("WAV", ("wav",), _OTHER),
    "audio/ogg": Kind("Ogg", ("ogg", "oga", "opus"), _OTHER),
    "video/mp4": Kind("MP4", ("mp4", "m4v", "m4a", "mov", "3gp"), _OTHER),
    "video/x-msvideo": Kind("AVI", ("avi",), _OTHER),
    "video/x-ms-asf": Kind("WMV/WMA", ("wmv", "wma", "asf"), _OTHER),
}

#: What CI-SIS allows as an unstructured body.
ACCEPTED = frozenset(media_type for media_type, kind in KINDS.items() if kind.refused is None)
#: What `convert: pdf` puts into PDF without loss.
IMAGES = frozenset(("image/png", "image/bmp", "image/gif", "image/tiff", "image/x-bigtiff", "image/jpeg"))
#: What a word processor turns into PDF.
WORD = frozenset(media_type for media_type, kind in KINDS.items() if kind.refused == _WORD)

#: Between a media type and its encoding.
CHARSET = "; charset="


def label(media_type: str) -> str:
    """What a person calls the type."""
    base, _, charset = media_type.partition(CHARSET)
    return f"{KINDS[base].label} ({charset})" if charset else KINDS[base].label


def refusal(scan: ScanFile) -> ScanError:
    """Why a file that is no body is not handed over, and what to do: for a type that is not in :data:`ACCEPTED`."""
    base, _, charset = scan.media_type.partition(CHARSET)
    if charset:
        return ScanError(_TEXT, {"encoding": charset})
    return ScanError(KINDS[base].refused or _OTHER, {"type": KINDS[base].label})


def extension_notice(relative: str, media_type: str) -> tuple[Notice, ...]:
    """A name that announces another type than the bytes are."""
    extension = relative.rpartition("/")[2].rpartition(".")[2].lower() if "." in relative else ""
    kind = KINDS[media_type.partition(CHARSET)[0]]
    if extension in kind.extensions or not any(extension in other.extensions for other in KINDS.values()):
        return ()
    # Text has no signature: under the name of another type it may be a server's message in the document's place.
    return (("SCAN-82" if media_type.startswith("text/plain") else "SCAN-72", {"type": kind.label}),)
