"""Every size limit of the table readers, in one place.

Beyond a limit a file is refused, or a row rejected, with a diagnostic that names the limit: nothing is cut in silence.
The figures leave room for the largest exports met in practice (500,000 rows, a cell of 5 MB, 10,000 columns) and keep
hostile files (zip and XML bombs, endless quoted fields) within bounded time and memory.
"""

from __future__ import annotations

__all__ = [
    "FULL_MODE_BYTES",
    "FULL_MODE_SHEET_BYTES",
    "HEADER_SCAN_ROWS",
    "MAX_CELL_CHARS",
    "MAX_COLUMNS",
    "MAX_EXPANDED_BYTES",
    "MAX_FIELD_LINES",
    "MAX_FILES",
    "MAX_GRID_CELLS",
    "MAX_LINE_CHARS",
    "MAX_MARKUP_BYTES",
    "MAX_PART_BYTES",
    "MAX_PART_RATIO",
    "MAX_ZIP_PARTS",
    "SAMPLE_ROWS",
    "SHEET_ROWS",
    "SHOWN_LABELS",
    "SMALL_PART_BYTES",
    "SNIFF_BYTES",
]

#: Bytes of a file looked at to tell its type.
SNIFF_BYTES = 8192
#: Records in which the header is looked for: titles and logos above a header take a few dozen lines at most.
HEADER_SCAN_ROWS = 200
#: Records below the header from which the usual number of fields is learnt.
SAMPLE_ROWS = 1000
#: Labels quoted in a message; the rest is counted.
SHOWN_LABELS = 30

#: Characters of one cell.
MAX_CELL_CHARS = 16 * 1024 * 1024
#: Characters of one physical line of a text file.
MAX_LINE_CHARS = 64 * 1024 * 1024
#: Physical lines that one quoted field may span.
MAX_FIELD_LINES = 200_000
#: Columns of a table; Excel itself stops at 16,384.
MAX_COLUMNS = 20_000
#: Rows of an Excel sheet: what lies below cannot exist.
SHEET_ROWS = 1_048_576
#: Files that one pattern may name.
MAX_FILES = 10_000

#: Workbooks up to this size (and sheets up to this size once unpacked) are read with openpyxl's full model.
FULL_MODE_BYTES = 3 * 1024 * 1024
FULL_MODE_SHEET_BYTES = 16 * 1024 * 1024
#: Parts of a zip container, their unpacked size one by one and together.
MAX_ZIP_PARTS = 10_000
MAX_PART_BYTES = 1024**3
MAX_EXPANDED_BYTES = 2 * 1024**3
#: A part larger than this once unpacked, and packed more tightly than the ratio, is a bomb: real sheets reach 10 to 40.
SMALL_PART_BYTES = 64 * 1024 * 1024
MAX_PART_RATIO = 250
#: Cells of the rectangle that a sheet's filled cells span: the fast reader holds it whole, at about 32 bytes a cell.
MAX_GRID_CELLS = 100_000_000
#: HTML, SpreadsheetML and XML index files are held as a tree while they are read.
MAX_MARKUP_BYTES = 256 * 1024 * 1024
