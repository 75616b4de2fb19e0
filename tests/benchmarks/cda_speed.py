"""What a wrapped 4 KiB scan costs in CPU, rendering and checks together: `python tests/benchmarks/cda_speed.py`.

The aim is less than 1 ms per document, over 10,000 documents of 2,000 residents. Two figures: every document read whole
by the checker, as `verify` does, and as a run does, which does not read again what it has read of the same resident.
"""

from __future__ import annotations

import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha1, sha256
from pathlib import Path

from converter import terminology
from converter.cda import CdaChecker, RepeatedCheck, wrap_scan
from converter.diagnostics import SourceLocation
from converter.model import (
    Coding,
    DocumentRecord,
    Establishment,
    Identifier,
    PartialDate,
    Resident,
    ScanFile,
    Sex,
    Software,
)
from converter.payload import Payload

RESIDENTS, DOCUMENTS = 2_000, 5
CLOCK = datetime(2026, 3, 12, 18, tzinfo=UTC)
PLACE = SourceLocation("ged.csv", 2)


def code(table: str, value: str) -> Coding:
    found = terminology.lookup(table, value)
    assert found is not None
    return found


ESTABLISHMENT = Establishment(
    name="EHPAD inventé",
    finess="019900018",
    timezone="Europe/Paris",
    facility_type=code("JDV_J02", "SA17"),
    practice_setting=code("JDV_J04", "ESSMS"),
    software=Software("Ancien logiciel", "2019", "Éditeur inventé"),
    oid="1.2.250.1.999.1",
)


def payloads(scan: ScanFile) -> Iterator[Payload]:
    for n in range(RESIDENTS):
        local = Identifier("1.2.250.1.999.1", f"3019900018/{n}")
        resident = Resident(
            str(n), f"{n:020d}", local, f"INVENTE{n}", Sex.FEMALE, PLACE, given_names="Odette",
            first_given_name="Odette", birth_date=PartialDate(1931, 5, 4),
        )  # fmt: skip
        for k in range(DOCUMENTS):
            yield wrap_scan(replace(record(scan), **identity(n, k)), resident, ESTABLISHMENT, CLOCK)


def identity(n: int, k: int) -> dict[str, object]:
    own, whole = uuid.UUID(int=2 * (n * DOCUMENTS + k) + 2), uuid.UUID(int=2 * (n * DOCUMENTS + k) + 3)
    return {
        "uuid": own,
        "set_uuid": whole,
        "identifier": f"urn:oid:1.2.250.1.999.1.{own.int}",
        "set_identifier": f"urn:oid:1.2.250.1.999.1.{whole.int}",
        "title": f"Pièce {n}-{k}",
    }


def record(scan: ScanFile) -> DocumentRecord:
    nobody = uuid.UUID(int=0)
    return DocumentRecord(
        uuid=nobody, set_uuid=nobody, identifier="", set_identifier="", source="ged", key="1", title="",
        type=code("JDV_J07", "28653-4"), category=code("JDV_J06", "10"), confidentiality=code("JDV_J08", "N"),
        location=PLACE, scan=scan, created=PartialDate(2021, 4, 3),
    )  # fmt: skip


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scan.pdf"
        path.write_bytes(b"%PDF-1.4\n" + b"x" * 4080 + b"\n%%EOF\n")
        data = path.read_bytes()
        scan = ScanFile(
            path, "scan.pdf", "application/pdf", len(data), sha256(data).hexdigest(), sha1(data).hexdigest()
        )
        repeated = RepeatedCheck("1.1.0")
        worst = 0.0
        for name in ("whole", "run"):
            start = time.process_time()
            for payload in payloads(scan):
                pieces = payload.beginning(4096)
                if name == "run":
                    found = list(repeated.problems(list(pieces)))
                else:
                    checker = CdaChecker("1.1.0")
                    for piece in pieces:
                        checker.feed(piece)
                    found = list(checker.close().diagnostics)
                assert not any(d.is_error for d in found), [d.code for d in found]
            cost = (time.process_time() - start) / (RESIDENTS * DOCUMENTS) * 1000
            worst = max(worst, cost)
            print(f"{name:6} {cost:.3f} ms CPU per document")
    return 0 if worst < 1 else 1


if __name__ == "__main__":
    sys.exit(main())
