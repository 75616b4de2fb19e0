"""What is known of each row: rejected for good, skipped only while nothing uses it, never undecided."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from converter.conversion.ledger import Ledger
from converter.diagnostics import Diagnostic, Severity, SourceLocation
from converter.model import SourceRow, SpooledRow, Verdict

PLACE = SourceLocation("ged.csv", 2, "titre")
ERROR, WARNING, NOTICE = (Diagnostic(c, PLACE) for c in ("VAL-01", "VAL-08", "RUN-30"))


def ledger(count: int = 1, *, strict: bool = False) -> Ledger:
    return Ledger((SpooledRow(n, SourceRow("ged", "ged.csv", n + 1, ())) for n in range(1, count + 1)), strict=strict)


def verdict(found: Ledger, number: int = 1) -> tuple[Verdict, list[str]]:
    outcome = next(o for o in found.outcomes() if o.number == number)
    return outcome.verdict, [d.code for d in outcome.diagnostics]


def test_a_used_row_is_converted_with_its_remarks() -> None:
    found = ledger()
    found.note(1, [WARNING, WARNING])
    found.use(1)
    assert verdict(found) == (Verdict.CONVERTED, ["VAL-08"])


def test_a_rejected_row_stays_so() -> None:
    found = ledger()
    found.use(1)
    found.note(1, [ERROR])
    found.skip(1, NOTICE)
    assert verdict(found)[0] is Verdict.REJECTED


def test_a_skip_holds_only_while_nothing_uses_the_row() -> None:
    found = ledger()
    found.skip(1, NOTICE)
    assert verdict(found) == (Verdict.SKIPPED, ["RUN-30"])
    found.use(1)
    assert verdict(found)[0] is Verdict.CONVERTED


def test_an_undecided_row_is_a_bug() -> None:
    with pytest.raises(AssertionError, match="row 1"):
        ledger().outcomes()


def test_strict_rejects_for_a_warning_and_not_for_a_notice() -> None:
    found = ledger(2, strict=True)
    found.note(1, [WARNING])
    found.note(2, [NOTICE, Diagnostic("VAL-08", PLACE, {}, Severity.NOTICE)])
    found.use(2)
    assert verdict(found, 1) == (Verdict.REJECTED, ["VAL-08", "RUN-19"])
    assert verdict(found, 2)[0] is Verdict.CONVERTED


def test_what_the_reader_said_of_a_row_comes_first() -> None:
    row = SourceRow("ged", "ged.csv", 2, (), notices=(Diagnostic("CELL-04", PLACE, {}, Severity.WARNING),))
    found = Ledger([SpooledRow(1, row), SpooledRow(1, row)])
    found.use(1)
    assert verdict(found) == (Verdict.CONVERTED, ["CELL-04"])
    assert verdict(Ledger([SpooledRow(1, row)], strict=True)) == (Verdict.REJECTED, ["CELL-04", "RUN-19"])


def made(*rows: int) -> SimpleNamespace:
    return SimpleNamespace(rows=rows, record=SimpleNamespace(location=PLACE))


def test_what_stands_on_a_rejected_row_takes_its_other_rows_along() -> None:
    """1-2, 2-3 and 3-4 hang together by their rows; 5 stands alone."""
    found = ledger(5)
    found.note(4, [ERROR])
    chain = [made(1, 2), made(2, 3), made(3, 4), made(5)]
    assert found.whole(chain) == [chain[3]]
    found.use(5)
    assert [verdict(found, n) for n in range(1, 6)] == [
        (Verdict.REJECTED, ["RUN-31"]),
        (Verdict.REJECTED, ["RUN-31"]),
        (Verdict.REJECTED, ["RUN-31"]),
        (Verdict.REJECTED, ["VAL-01"]),
        (Verdict.CONVERTED, []),
    ]
