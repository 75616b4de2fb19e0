"""`dui check`: what a conversion would reject, by code and column, with three places each; nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from converter import __version__
from converter.console import Console
from converter.diagnostics import ConverterError, ExitCode, Severity, entry
from converter.firststeps.words import arguments

if TYPE_CHECKING:
    from converter.firststeps.trial import Checked, Problem

__all__ = ["run_check"]


def run_check(
    mapping: Path, console: Console, *, as_json: bool, release: str | None, date: str | None, strict: bool
) -> ExitCode:
    """`dui check`."""
    console.say(f"dui {__version__}")
    console.say(f"Mapping: {mapping.name}   Nothing is written, no scan is opened.")
    from converter.firststeps.trial import check

    try:
        found = check(mapping, release=release, date=date, strict=strict)
    except ConverterError as stop:
        return _stopped(stop, mapping, console, as_json=as_json)
    if as_json:
        console.json(found.record())
    console.diagnostics(found.told)
    _show_errors([p for p in found.problems if p.is_error or console.verbose], console)
    _show_others([p for p in found.problems if not p.is_error], console)
    _show_sums(found, console)
    if found.rejected:
        console.say("Correct the mapping, or the exports, and check again: what is rejected does not leave.")
    console.say(f"Next: dui convert {arguments(mapping)} -o delivery/")
    return found.exit_code


def _stopped(stop: ConverterError, mapping: Path, console: Console, *, as_json: bool) -> ExitCode:
    """A mapping or source that is wrong as a whole: no row was tried."""
    from converter.firststeps.trial import CHECK_SCHEMA
    from converter.report.record import diagnostic_record

    if as_json:
        said = [diagnostic_record(d) for d in stop.diagnostics]
        console.json({"schema": CHECK_SCHEMA, "exit_code": int(stop.exit_code), "said": said})
    console.diagnostics(stop.diagnostics)
    console.say(f"No row was tried. Next, once this is corrected: dui check {arguments(mapping)}")
    return stop.exit_code


def _show_errors(problems: Sequence[Problem], console: Console) -> None:
    for p in problems:
        where = f"{p.source}, column {p.column}" if p.column else p.source
        more = f" and {p.count - len(p.places)} more" if p.count > len(p.places) else ""
        console.say()
        console.warn(f"{p.count} x {p.first.code} {entry(p.first.code).slug} ({where})")
        console.warn(f"    {p.first.message(console.lang)} {p.first.remedy(console.lang)}".rstrip())
        console.warn("    " + ", ".join(map(str, p.places)) + more)


def _show_others(problems: Sequence[Problem], console: Console) -> None:
    """Rows that are kept with a remark or left out with a reason, in a line each."""
    if not problems or console.verbose:
        return
    console.say()
    kinds = {Severity.WARNING: "warning"}
    rows = [
        (
            f"{p.first.code} {entry(p.first.code).slug}",
            kinds.get(p.first.severity, "left out"),
            p.count,
            p.column or "-",
            str(p.places[0]) if p.places else "-",
        )
        for p in problems
    ]
    console.table(("Also", "rows", "count", "column", "first"), rows)


def _show_sums(found: Checked, console: Console) -> None:
    console.say()
    rows = [(s.source, s.read, s.converted, s.rejected, s.skipped) for s in found.sums]
    total = tuple(sum(int(row[i]) for row in rows) for i in range(1, 5))
    console.table(("Source", "read =", "would convert +", "be rejected +", "be skipped"), [*rows, ("Total", *total)])
    console.say(f"{found.residents} residents, {found.documents} documents. Scans were looked for, not into.")
