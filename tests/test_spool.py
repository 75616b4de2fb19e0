"""The accounting: every row has one verdict, the gravest one, and the sum is measured."""

from dataclasses import replace
from pathlib import Path

import pytest

from converter.diagnostics import Diagnostic, Severity, SourceLocation
from converter.model import SourceRow, Verdict
from converter.spool import Spool


@pytest.fixture
def spool(tmp_path: Path):
    with Spool(tmp_path / "spool.sqlite") as opened:
        yield opened


def row(line: int, *cells: str, source: str = "ged") -> SourceRow:
    return SourceRow(source, "index.csv", line, cells)


def test_rows_come_back_grouped_by_resident_in_the_order_read(spool):
    first, second, third = (spool.add(row(n, f"cell {n}")) for n in (2, 3, 4))
    spool.resident(first, "B")
    spool.use(second, "B", 0)
    spool.use(third, "A", 0)
    spool.index()
    assert list(spool.resident_keys()) == ["B"]
    assert [(use, r.id, r.row.line, r.row.cells) for use, r in spool.group("B")] == [
        (-1, first, 2, ("cell 2",)),
        (0, second, 3, ("cell 3",)),
    ]
    assert [(spool.row(n).line, aside) for n, aside in spool.strangers()] == [(4, False)]


def test_what_the_reader_said_of_a_row_is_kept(spool):
    fault = Diagnostic("RUN-01", params={"n": 1})
    number = spool.add(SourceRow("ged", "f", 7, ("a", "b"), "S", faults={1: fault}, broken=(fault,)))
    back = spool.row(number)
    assert back.faults[1] == fault
    assert back.broken == (fault,)
    assert back.sheet == "S"


def test_a_row_used_twice_keeps_its_gravest_verdict(spool):
    numbers = [spool.add(row(n)) for n in (2, 3, 4)]
    spool.settle(numbers[0], Verdict.CONVERTED)
    spool.settle(numbers[0], Verdict.SKIPPED)
    spool.settle(numbers[1], Verdict.REJECTED)
    spool.settle(numbers[1], Verdict.CONVERTED)
    spool.settle(numbers[2], Verdict.SKIPPED)
    (sums,) = spool.sums()
    assert (sums.read, sums.converted, sums.rejected, sums.skipped) == (3, 1, 1, 1)
    assert sums.holds


def test_a_row_that_nobody_settled_is_never_hidden(spool):
    spool.add(row(2))
    with pytest.raises(AssertionError, match="never settled"):
        spool.sums()


def test_a_source_without_rows_has_its_line_in_the_accounting(spool):
    spool.add_source("vide")
    assert [(s.source, s.read) for s in spool.sums()] == [("vide", 0)]


def test_a_document_key_is_claimed_once_per_rule(spool):
    assert spool.claim_document(1, "ged", "K") is None
    assert spool.claim_document(2, "ged", "K") == 1
    assert spool.claim_document(3, "courriers", "K") is None


@pytest.mark.parametrize("key", ["é\ud800", "", "0012", "a\x00b", "’"])
def test_keys_may_be_anything_a_cell_may_be(spool, key):
    spool.resident(spool.add(row(2)), key)
    spool.index()
    assert list(spool.resident_keys()) == [key]
    assert len(list(spool.group(key))) == 1


def test_the_file_is_gone_afterwards(tmp_path):
    with Spool(tmp_path / "s") as spool:
        spool.add(row(2, "personal"))
        assert (tmp_path / "s").exists()
    assert list(tmp_path.iterdir()) == []


def test_scans_used_by_several_rows_are_counted(spool):
    for relative in ("a.pdf", "b.pdf", "a.pdf"):
        spool.saw_scan("ged", relative)
    assert spool.shared_scans() == 1
    assert spool.is_seen("ged", "b.pdf")
    assert not spool.is_seen("other", "b.pdf")


def test_rejects_come_row_by_row_with_their_errors_and_findings_without_cells(spool):
    one, other, fine = (spool.add(row(n, f"cell {n}")) for n in (2, 3, 4))
    wrong = Diagnostic("RUN-02", SourceLocation("index.csv", 2, "N°"), {"source": "usagers"})
    spool.settle(one, Verdict.REJECTED, [wrong, Diagnostic("CDA-17", None, {"type": "x"})])
    spool.settle(other, Verdict.REJECTED, [Diagnostic("RUN-01", None, {"line": 2}), Diagnostic("RUN-18")])
    spool.settle(fine, Verdict.CONVERTED, [Diagnostic("CDA-17")])
    told = [(found.line, [d.code for d in problems]) for found, problems in spool.rejects()]
    assert told == [(2, ["RUN-02"]), (3, ["RUN-01", "RUN-18"])]
    assert next(spool.rejects())[1] == [replace(wrong, level=Severity.ERROR)]
    met = list(spool.met())
    assert met[0] == (Verdict.REJECTED, "error", "RUN-02", '{"source": "usagers"}', "index.csv", None, 2, "N°")
    assert [m[2] for m in met] == ["RUN-02", "CDA-17", "RUN-01", "RUN-18", "CDA-17"]
