"""How long reading 100,000 × 20 cells takes, against the csv module: `python tests/benchmarks/csv_speed.py`.

The aim is at most twice the csv module's time, opening (encoding, delimiter, header) included.
"""

from __future__ import annotations

import csv
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from converter.mapping.schema import SourceSpec
from converter.sources import open_table

ROWS, COLUMNS = 100_000, 20
KINDS: dict[str, tuple[str, int, str]] = {
    "utf-8, no quotes": ("utf-8", csv.QUOTE_MINIMAL, "valeur é{}"),
    "cp1252, no quotes": ("cp1252", csv.QUOTE_MINIMAL, "valeur é{}"),
    "utf-8, all quoted": ("utf-8", csv.QUOTE_ALL, "valeur é{}"),
    "utf-8, one quoted": ("utf-8", csv.QUOTE_MINIMAL, "valeur {}"),
    "utf-8, typographic": ("utf-8", csv.QUOTE_MINIMAL, "l’œuvre {}"),
}


def write(path: Path, encoding: str, quoting: int, value: str, one: bool) -> None:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=";", quoting=quoting)  # type: ignore[arg-type]
        writer.writerow([f"Colonne {at}" for at in range(COLUMNS)])
        for row in range(ROWS):
            cells = [value.format(row * 7 + at) for at in range(COLUMNS)]
            if one:
                cells[5] += "; suite"
            writer.writerow(cells)


def best(task: Callable[[], int]) -> float:
    times = []
    for _ in range(5):
        start = time.process_time()
        assert task() == ROWS
        times.append(time.process_time() - start)
    return min(times)


def main() -> int:
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index.csv"
        for name, (encoding, quoting, value) in KINDS.items():
            write(path, encoding, quoting, value, "one" in name)

            def plain(encoding: str = encoding) -> int:
                with path.open(encoding=encoding, newline="") as file:
                    return sum(1 for _ in csv.reader(file, delimiter=";")) - 1

            def ours() -> int:
                table = open_table("x", SourceSpec(file=["index.csv"]), path.parent, ["Colonne 1", "Colonne 19"])
                return sum(1 for _ in table.rows())

            floor, own = best(plain), best(ours)
            worst = max(worst, own / floor)
            print(f"{name:20} csv {floor:.3f} s, reader {own:.3f} s, ratio {own / floor:.2f}")
    return 0 if worst <= 2 else 1


if __name__ == "__main__":
    sys.exit(main())
