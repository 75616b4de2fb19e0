"""What a whole conversion costs: `python tests/benchmarks/whole_run.py [residents] [documents of each] [KiB of each]`.

Makes an export in a temporary folder (by default 1,000 residents with 5 scans of 4 KiB), converts it in one process of
its own, then once more with nothing changed. Prints processor time per document, start-up included, and peak memory.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pikepdf

_MAPPING = """\
mapping: 1
release: tddui-1.1.0
establishment:
  {name: E, finess: 019900018, oid: 1.2.250.1.999.1, facility_type: SA17, software: {name: X, manufacturer: Y}}
sources:
  usagers: {file: usagers.csv}
  ged: {file: ged.csv, scans: ged}
residents:
  {from: usagers, key: id, birth_name: nom, given_names: prenom, sex: sexe,
   birth_date: {column: naissance, date: "%d/%m/%Y"}}
documents:
  - {from: ged, resident: id, scan: chemin, key: doc, title: titre,
     type: {column: type, table: legacy-document-kinds}, created: {column: date, date: "%d/%m/%Y"}}
"""


def make(folder: Path, residents: int, documents: int, size: int) -> Path:
    """An export: two indexes, and one PDF of ``size`` bytes or little more per document, no two the same."""
    (folder / "ged").mkdir(parents=True)
    people, index = ["id;nom;prenom;sexe;naissance"], ["doc;id;type;titre;date;chemin"]
    for resident in range(residents):
        people.append(f"{resident:06};NOM{resident};Prénom;F;01/02/1930")
        for _ in range(documents):
            number = len(index)
            index.append(f"{number};{resident:06};Courrier;Titre {number};03/04/2021;{number}.pdf")
            (folder / "ged" / f"{number}.pdf").write_bytes(pdf(number, size))
    (folder / "usagers.csv").write_text("\n".join(people) + "\n", encoding="utf-8")
    (folder / "ged.csv").write_text("\n".join(index) + "\n", encoding="utf-8")
    mapping = folder / "mapping.yaml"
    mapping.write_text(_MAPPING, encoding="utf-8")
    return mapping


def pdf(number: int, size: int) -> bytes:
    made = io.BytesIO()
    with pikepdf.new() as document:
        page = document.add_blank_page(page_size=(200, 200))
        content = b"% " + f"{number:08}".encode() + b"x" * max(0, size - 900)
        page.Contents = document.make_stream(content)
        document.save(made, compress_streams=False, static_id=True)
    return made.getvalue()


def run(mapping: Path, out: Path) -> tuple[float, float]:
    """Seconds of processor time, and the largest MiB of memory."""
    command = [sys.executable, "-m", "converter", "convert", str(mapping), "-o", str(out), "--workers", "1", "-q"]
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"the conversion ended with exit code {process.returncode}")
    # Kilobytes on Linux, bytes on macOS.
    peak = usage.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    return usage.ru_utime + usage.ru_stime, peak


def main() -> None:
    residents, documents, size = (*map(int, sys.argv[1:]), *(1000, 5, 4)[len(sys.argv) - 1 :])
    with tempfile.TemporaryDirectory() as folder:
        # In a process of its own: what is started takes over the peak of who starts it.
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            mapping = pool.submit(make, Path(folder) / "export", residents, documents, size << 10).result()
        print(f"{residents} residents, {documents} documents of {size} KiB each")
        for name in ("first run", "nothing changed"):
            seconds, peak = run(mapping, Path(folder) / "out")
            print(f"{name:15}  {1000 * seconds / (residents * documents):8.2f} ms per document  {peak:6.0f} MiB")


if __name__ == "__main__":
    main()
