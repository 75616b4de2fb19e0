"""Small invented exports for tests: a mapping, its sources and its scans in a folder."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FINESS = "019900018"

ESTABLISHMENT = f"""\
establishment:
  name: EHPAD inventé
  finess: {FINESS}
  oid: 1.2.250.1.999.1
  facility_type: SA17
  software: {{name: Ancien logiciel, manufacturer: Éditeur inventé}}
"""

SOURCES = """\
sources:
  usagers: {file: usagers.csv}
  ged: {file: ged.csv, scans: ged}
"""

RESIDENTS = """\
residents:
  from: usagers
  key: id
  birth_name: nom
  given_names: prenom
  sex: sexe
  birth_date: {column: naissance, date: "%d/%m/%Y"}
"""

DOCUMENTS = """\
documents:
  - from: ged
    resident: id
    scan: chemin
    key: doc
    title: titre
    type: {column: type, table: legacy-document-kinds}
    created: {column: date, date: "%d/%m/%Y"}
"""

USAGERS_HEAD = ("id", "nom", "prenom", "sexe", "naissance")
GED_HEAD = ("doc", "id", "type", "titre", "date", "chemin")


def pdf(text: str = "document inventé") -> bytes:
    """A sound PDF of one page; the text makes its bytes its own."""
    import pikepdf

    document = pikepdf.new()
    document.add_blank_page(page_size=(200, 200))
    document.pages[0].Contents = document.make_stream(f"% {text}\n".encode())
    buffer = io.BytesIO()
    document.save(buffer, deterministic_id=True)
    return buffer.getvalue()


def usager(n: int, **changes: str) -> dict[str, str]:
    """A resident's row."""
    row = {"id": f"{n:04d}", "nom": f"INVENTE{n}", "prenom": "Odette", "sexe": "F", "naissance": "04/05/1931"}
    return row | changes


def piece(n: int, resident: int, **changes: str) -> dict[str, str]:
    """A row of the index."""
    row = {
        "doc": str(n),
        "id": f"{resident:04d}",
        "type": "Courrier",
        "titre": f"Pièce {n}",
        "date": "03/04/2021",
        "chemin": f"{n}.pdf",
    }
    return row | changes


@dataclass
class Export:
    """An export in a folder. Rows are dicts by header; scans are bytes by path below ``ged``."""

    folder: Path
    usagers: list[Mapping[str, str]] = field(default_factory=list)
    ged: list[Mapping[str, str]] = field(default_factory=list)
    scans: dict[str, bytes] = field(default_factory=dict)
    mapping: str = ""
    establishment: str = ESTABLISHMENT
    sources: str = SOURCES
    residents: str = RESIDENTS
    documents: str = DOCUMENTS
    head: str = "mapping: 1\ndate: 2026-03-12T18:00:00+01:00\n"
    more: str = ""

    def write(self) -> Path:
        """Put everything on disk; gives the mapping's path."""
        self.folder.mkdir(parents=True, exist_ok=True)
        table(self.folder / "usagers.csv", USAGERS_HEAD, self.usagers)
        table(self.folder / "ged.csv", GED_HEAD, self.ged)
        for name, content in self.scans.items():
            path = self.folder / "ged" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        (self.folder / "ged").mkdir(exist_ok=True)
        text = self.mapping or "".join(
            (self.head, self.establishment, self.sources, self.residents, self.documents, self.more)
        )
        path = self.folder / "mapping.yaml"
        path.write_text(text, encoding="utf-8")
        return path


def table(path: Path, head: Sequence[str], rows: Iterable[Mapping[str, str]]) -> None:
    """A UTF-8 CSV with semicolons; columns beyond ``head`` are added at its end."""
    rows = list(rows)
    head = list(dict.fromkeys([*head, *(key for row in rows for key in row)]))
    lines = [";".join(head), *(";".join(row.get(column, "") for column in head) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def export(folder: Path, residents: int = 3, documents: int = 2) -> Export:
    """A sound export of so many residents with so many scans each."""
    made = Export(folder)
    number = 0
    for n in range(1, residents + 1):
        made.usagers.append(usager(n))
        for _ in range(documents):
            number += 1
            made.ged.append(piece(number, n))
            made.scans[f"{number}.pdf"] = pdf(str(number))
    return made


@dataclass(frozen=True)
class Ran:
    """A finished command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def dui(*arguments: str | Path, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Ran:
    """Run the command line in a process of its own, as a user does."""
    environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")} | dict(env or {})
    environment.setdefault("PYTHONIOENCODING", "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "converter", *map(str, arguments)],
        capture_output=True,
        env=environment,
        cwd=cwd or Path(__file__).parent.parent,
        timeout=300,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))


def run_record(output: Path) -> Any:
    return json.loads((output / "run.json").read_text(encoding="utf-8"))


def rejects(output: Path) -> list[dict[str, str]]:
    """The lines of ``rejects.csv`` by header."""
    import csv

    text = (output / "rejects.csv").read_text(encoding="utf-8-sig")
    return list(csv.DictReader(text.splitlines(), delimiter=";"))


def bundles(output: Path) -> list[Any]:
    """Every bundle of a delivery, by file name."""
    return [json.loads(p.read_text(encoding="utf-8")) for p in sorted((output / "bundles").glob("*.json"))]


def documents(output: Path) -> list[Any]:
    """Every DocumentReference of a delivery."""
    return [entry["resource"] for bundle in bundles(output) for entry in bundle["entry"]]


def inside(resource: Any) -> bytes:
    """The document that a DocumentReference carries."""
    return base64.b64decode(resource["content"][0]["attachment"]["data"])


def holds(record: Any) -> bool:
    """Whether the accounting of a run adds up, per source and in total."""
    every = [*record["rows"]["sources"].values(), record["rows"]["total"]]
    return all(r["read"] == r["converted"] + r["rejected"] + r["skipped"] for r in every)


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by relative path."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
