"""Reading what legacy software exported: tables as text cells with their place, and the scanned files they name.

Types are told from bytes, never from names. What cannot be read faithfully is refused, or its row or cell says so;
every decision that was not declared is stated (:attr:`Table.decisions`).
"""

from __future__ import annotations

from converter.sources.opening import display_name, open_table
from converter.sources.table import Table

__all__ = ["Table", "display_name", "open_table"]
