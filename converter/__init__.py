"""Batch converter from legacy DUI exports to DUIDocumentReference bundles (guide "Transfert de données DUI")."""

__version__ = "0.1.0"
