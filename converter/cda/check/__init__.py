"""The product's own check of one CDA document while it streams past: before it is written, and in what others deliver.

It never blames a valid document: the whole schema of CDA R2 is known (`grammar.txt`), CI-SIS rules apply to every
French header, the guide's templates only to the documents that declare them. It never raises on bad content. Findings
carry a path inside the document, never a value.

Not checked: labels of codes beyond those that the guide wants to the letter, LOINC and SNOMED codes beyond the guide's
value sets, PDF/A conformance of what is inside.
"""

from converter.cda.check.checker import CdaChecker
from converter.cda.check.repeated import RepeatedCheck

__all__ = ["CdaChecker", "RepeatedCheck"]
