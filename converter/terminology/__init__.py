"""The official code tables, and the project's own table of legacy document labels.

Tables are data files beside this package (`data/tables.toml` gives version and OID of each); they are read once, on
first use. A code is found or it is not: nothing here guesses.
"""

from converter.terminology.labels import LegacyKind, fold, fold_label, legacy_kind, legacy_kinds
from converter.terminology.tables import (
    class_of,
    closest_code,
    codes,
    format_of,
    is_active,
    lookup,
    table_name,
    tables,
    value_set,
)

__all__ = [
    "LegacyKind",
    "class_of",
    "closest_code",
    "codes",
    "fold",
    "fold_label",
    "format_of",
    "is_active",
    "legacy_kind",
    "legacy_kinds",
    "lookup",
    "table_name",
    "tables",
    "value_set",
]
