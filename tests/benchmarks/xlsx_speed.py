"""How long reading 100,000 × 20 cells of a workbook takes, against python-calamine alone on the same file:
`python tests/benchmarks/xlsx_speed.py`.

The aim is at most 1.3 times calamine's time, opening and the scan for what calamine does not see included.
"""

from __future__ import annotations

import datetime
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import xlsxwriter
from python_calamine import CalamineWorkbook

from converter.mapping.schema import SourceSpec
from converter.sources import open_table

ROWS, COLUMNS = 100_000, 20
KINDS: dict[str, Callable[[int, int], object]] = {
    "texts": lambda row, column: f"valeur é{row * 7 + column}",
    "shared texts": lambda row, column: f"valeur {column}",
    "numbers": lambda row, column: row * 7 + column,
    "dates": lambda row, column: datetime.date(1930, 1, 1) + datetime.timedelta(days=row % 30_000),
    "mixed": lambda row, column: (f"v{row}", row, 0.5 * row, datetime.date(2020, 1, 1 + row % 28))[column % 4],
}


def write(path: Path, value: Callable[[int, int], object]) -> None:
    book = xlsxwriter.Workbook(path, {"constant_memory": False, "default_date_format": "dd/mm/yyyy"})
    sheet = book.add_worksheet("A")
    sheet.write_row(0, 0, [f"Colonne {at}" for at in range(COLUMNS)])
    for row in range(ROWS):
        for column in range(COLUMNS):
            sheet.write(row + 1, column, value(row, column))
    book.close()


def best(task: Callable[[], int]) -> float:
    times = []
    for _ in range(3):
        start = time.perf_counter()
        assert task() == ROWS
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> int:
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index.xlsx"
        for name, value in KINDS.items():
            write(path, value)

            def plain() -> int:
                with path.open("rb") as file:
                    sheet = CalamineWorkbook.from_filelike(file).get_sheet_by_index(0)
                    return sum(1 for _ in sheet.iter_rows()) - 1

            def ours() -> int:
                table = open_table("x", SourceSpec(file=["index.xlsx"]), path.parent, ["Colonne 1", "Colonne 19"])
                return sum(1 for _ in table.rows())

            floor, own = best(plain), best(ours)
            worst = max(worst, own / floor)
            print(f"{name:14} calamine {floor:.2f} s, reader {own:.2f} s, ratio {own / floor:.2f}")
    return 0 if worst <= 1.3 else 1


if __name__ == "__main__":
    sys.exit(main())
