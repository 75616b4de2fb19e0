"""FHIR R4: document records as DocumentReferences, bundles, and the checks on both. Knows no CDA: documents are bytes.

The only stage that imports fhir.resources, and only when a skeleton is checked (:mod:`converter.fhir.r4b`).
"""

from converter.fhir import bundle
from converter.fhir.document_reference import Options, document_reference
from converter.fhir.releases import DEFAULT, RELEASES, Release

__all__ = ["DEFAULT", "RELEASES", "Options", "Release", "bundle", "document_reference"]
