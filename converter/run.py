"""Commands between the command line and the stages: what is said, in which order, and with which exit code."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from converter import __version__
from converter.clock import Clock
from converter.console import Console
from converter.diagnostics import Diagnostic, ExitCode, closest
from converter.diagnostics.catalogue import Entry, entries
from converter.intake import SourceFile
from converter.mapping.loader import LoadedMapping
from converter.model import Verdict
from converter.settings import Settings

__all__ = ["run_convert", "run_explain"]


class _Watcher:
    """Shows a run to a person."""

    def __init__(self, console: Console, settings: Settings) -> None:
        self._console, self._settings = console, settings

    def started(self, loaded: LoadedMapping, files: list[SourceFile], clock: Clock) -> None:
        say = self._console.say
        spec = loaded.spec
        say(f"Mapping: {self._settings.mapping.name}" + (f" ({spec.title})" if spec.title else ""))
        say(f"Release: {spec.release}   flow: {self._settings.flow}")
        say(f"Clock: {clock.moment.isoformat()} ({clock.origin})")
        for file in files:
            say(f"Source {file.source}: {file.file} ({_bytes(file.size)})")
        say("Dry run: nothing is written." if self._settings.dry_run else f"Output: {self._settings.output}")

    def told(self, found: Iterable[Diagnostic]) -> None:
        self._console.diagnostics(found)

    def progress(self, what: str, total: int) -> AbstractContextManager[Callable[[], None]]:
        return self._console.progress(what, total)


def run_convert(mapping: Path, console: Console, *, as_json: bool, **options: Any) -> ExitCode:
    """`dui convert`, and `dui update`, which has `previous` among its options."""
    console.say(f"dui {__version__}")
    settings = Settings(
        mapping=mapping,
        output=options["output"],
        dry_run=options["dry_run"],
        release=options["release"],
        date=options["date"],
        workers=options["workers"],
        limit=options["limit"],
        residents=tuple(options["residents"]),
        force=options["force"],
        prune=options["prune"],
        fail_fast=options["fail_fast"],
        strict=options["strict"],
        flow=int(options["flow"]),
        report_lang=options["report_lang"],
        only=options["only"],
        previous=tuple(options.get("previous", ())),
        answers=tuple(options.get("answers", ())),
    )
    from converter.pipeline import convert

    run = convert(settings, _Watcher(console, settings))
    _show_codes(run.codes, console)
    _show_sums(run, console)
    _show_changes(run, console)
    _show_next(run, settings, console)
    if as_json:
        console.json(run.record())
    return run.exit_code


def _show_codes(codes: Any, console: Console) -> None:
    """What was wrong with rows, by code: places are in rejects.csv."""
    catalogue = entries()
    rows = [
        (code, verdict.value, count, catalogue[code].slug)
        for (verdict, level, code), count in sorted(codes.items(), key=lambda item: (item[0][0].value, -item[1]))
        if level != "notice" or verdict is Verdict.SKIPPED
    ]
    if rows:
        console.say()
        console.table(("Code", "rows are", "count", "what"), rows)


def _show_sums(run: Any, console: Console) -> None:
    console.say()
    rows = [(s.source, s.read, s.converted, s.rejected, s.skipped) for s in run.sums]
    total = tuple(sum(row[i] for row in rows) for i in range(1, 5))
    console.table(("Source", "read =", "converted +", "rejected +", "skipped"), [*rows, ("Total", *total)])
    kept = f" ({run.kept} kept from an earlier run)" if run.kept else ""
    console.say(
        f"{run.handed_over} of {run.residents} residents handed over{kept}: {run.documents} documents in "
        f"{run.bundles} files, {_bytes(run.bytes)}."
    )


def _show_changes(run: Any, console: Console) -> None:
    """Of an update: what became of the documents."""
    if run.changes is not None:
        found = run.changes
        console.say(
            f"Since the earlier delivery: {found['unchanged']} unchanged, {found['new']} new, "
            f"{found['changed']} changed (patches), {found['replaced']} replaced, {found['vanished']} vanished, "
            f"{found['notComparable']} not comparable."
        )


def _show_next(run: Any, settings: Settings, console: Console) -> None:
    if run.rejected and not settings.dry_run:
        console.say(f"Correct what {settings.output / 'rejects.csv'} lists, then run the same command again.")
    if not settings.dry_run:
        console.say(f"Next: dui verify {settings.output}")
    elif not run.rejected:
        console.say("Next: the same command without --dry-run")


def _bytes(size: int) -> str:
    for unit in ("bytes", "KB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return f"{size} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size = size / 1000  # type: ignore[assignment]
    raise AssertionError


def run_explain(code: str | None, console: Console, *, as_json: bool) -> ExitCode:
    """`dui explain`."""
    catalogue = entries()
    if code is None:
        if as_json:
            console.json([_entry_record(entry) for entry in catalogue.values()])
        else:
            console.product("\n".join(f"{e.code:8}  {e.severity:7}  {e.slug}" for e in catalogue.values()))
        return ExitCode.OK
    found = catalogue.get(code.upper())
    if found is None:
        near = closest(code.upper(), catalogue)
        console.warn(f"No diagnostic has the code {code}." + (f" Did you mean {near}?" if near else ""))
        return ExitCode.MAPPING
    if as_json:
        console.json(_entry_record(found))
    else:
        console.product("\n".join(_explained(found, console.lang)))
    return ExitCode.OK


def _explained(entry: Entry, lang: str) -> list[str]:
    french = lang == "fr"
    lines = [f"{entry.code}  {entry.slug}  ({entry.severity})", ""]
    lines.append(("Problème : " if french else "What: ") + (entry.fr if french else entry.en))
    if remedy := entry.remedy_fr if french else entry.remedy_en:
        lines.append(("À faire : " if french else "What to do: ") + remedy)
    if entry.why:
        lines.append(f"Why: {entry.why}")
    if entry.clause:
        lines.append(f"Source: {entry.clause}")
    # As the catalogue has it, parameters by their names; doubled braces are one.
    return [line.replace("{{", "{").replace("}}", "}") for line in lines]


def _entry_record(entry: Entry) -> dict[str, str]:
    names = ("code", "slug", "severity", "area", "en", "fr", "remedy_en", "remedy_fr", "why", "clause")
    return {name: getattr(entry, name) for name in names if getattr(entry, name)}
