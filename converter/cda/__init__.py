"""CDA R2 documents: a header around a scan or a text (level 1), the structured dossier (level 3), and their check.

Nothing here knows FHIR: a document leaves as a :class:`~converter.payload.Payload`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from converter.cda.dossier.document import dossier_document, dossier_type
from converter.cda.gaps import document_problems, header_gaps, header_problems
from converter.cda.level1 import wrap_scan, wrap_text
from converter.cda.rows import RowsText, TemplateFailedError, render_rows, template_problem

if TYPE_CHECKING:
    from converter.cda.check import CdaChecker, RepeatedCheck

__all__ = [
    "CdaChecker",
    "RepeatedCheck",
    "RowsText",
    "TemplateFailedError",
    "document_problems",
    "dossier_document",
    "dossier_type",
    "header_gaps",
    "header_problems",
    "render_rows",
    "template_problem",
    "wrap_scan",
    "wrap_text",
]


def __getattr__(name: str) -> Any:
    """The checkers are imported by those who check: nobody else reads their tables."""
    if name in {"CdaChecker", "RepeatedCheck"}:
        from converter.cda import check

        return getattr(check, name)
    raise AttributeError(name)
