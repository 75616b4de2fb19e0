"""Scanned files: the one that an index names, whether it is sound, and what to do with what is no CDA body."""

from converter.sources.scans.convert import conversion_notice, convert_to_pdf, convertible
from converter.sources.scans.inspection import Expected, inspect
from converter.sources.scans.kinds import ACCEPTED, IMAGES, WORD, label, refusal
from converter.sources.scans.problems import Notice, ScanError
from converter.sources.scans.root import Located, ScanRoot, Stamp, stamp

__all__ = [
    "ACCEPTED",
    "IMAGES",
    "WORD",
    "Expected",
    "Located",
    "Notice",
    "ScanError",
    "ScanRoot",
    "Stamp",
    "conversion_notice",
    "convert_to_pdf",
    "convertible",
    "inspect",
    "label",
    "refusal",
    "stamp",
]
