"""Rows to residents and document records: what a mapping says of a row, judged and typed.

Nothing here opens a file or knows FHIR or CDA. Every problem of a row is reported at once; a value is dropped or
replaced only where its rule says so, and each time with a diagnostic.
"""

from converter.mapper.documents import DocumentMapper, MappedDocument, ScanWish
from converter.mapper.gate import Gate, KeyRule
from converter.mapper.residents import ResidentMapper, same_person

__all__ = ["DocumentMapper", "Gate", "KeyRule", "MappedDocument", "ResidentMapper", "ScanWish", "same_person"]
