"""The folder handed over: products complete or absent, a journal to resume from, a manifest and sums for the receiver.

Knows nothing of FHIR or CDA: bytes go in by way of a :class:`Writer`, and what the manifest says of them as entries.
"""

from __future__ import annotations

from converter.delivery.check import ListedFile, ManifestCheck, check_manifest
from converter.delivery.entries import BundleEntry, DocumentEntry, ResidentEntry
from converter.delivery.failures import WriteError, explained, explained_store
from converter.delivery.files import FileWriter, NullWriter, Writer
from converter.delivery.folder import WORK, Delivery, open_delivery
from converter.delivery.limits import limits_of, presets, split
from converter.delivery.pack import pack
from converter.delivery.parts import PART_BYTES
from converter.delivery.schema import manifest_schema
from converter.delivery.unpack import unpack

__all__ = [
    "PART_BYTES",
    "WORK",
    "BundleEntry",
    "Delivery",
    "DocumentEntry",
    "FileWriter",
    "ListedFile",
    "ManifestCheck",
    "NullWriter",
    "ResidentEntry",
    "WriteError",
    "Writer",
    "check_manifest",
    "explained",
    "explained_store",
    "limits_of",
    "manifest_schema",
    "open_delivery",
    "pack",
    "presets",
    "split",
    "unpack",
]
