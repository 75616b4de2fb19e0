"""``dui verify`` on the terminal: every kind of problem once, with a few of its places; then the verdict."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from converter.diagnostics import Diagnostic, ExitCode, Severity, entry
from converter.verify.checking import verify
from converter.verify.result import VerifyResult

if TYPE_CHECKING:
    from collections.abc import Callable

    from converter.console import Console

__all__ = ["run_verify"]

#: Places shown of one code; ``-v`` and ``--json`` give all.
_PLACES = 3


def run_verify(
    target: Path, console: Console, *, as_json: bool = False, release: str | None = None, jobs: int | None = None
) -> ExitCode:
    """Exit 0 without errors (warnings allowed), 5 with errors. SourceError (3) and MappingError (2) pass through."""
    with _progress(console) as step:
        result = verify(target, release, jobs, step)
    _show(result, console)
    if as_json:
        console.json(result.record(console.lang))
    return result.exit_code


@contextmanager
def _progress(console: Console) -> Iterator[Callable[[int], None]]:
    """A bar that opens once the number of files is known: reading the manifest's sums comes first."""
    with ExitStack() as open_bars:
        advance: list[Callable[[], None]] = []

        def step(count: int) -> None:
            if not advance:
                advance.append(open_bars.enter_context(console.progress("Checking", count)))
            else:
                advance[0]()

        console.say("Checking…")
        yield step


def _show(result: VerifyResult, console: Console) -> None:
    for code, count in result.codes.items():
        found = [d for d in result.diagnostics if d.code == code]
        _show_code(found if console.verbose else found[:_PLACES], count, console)
    console.say()
    console.table(
        ("Checked against", "files", "documents", "errors", "warnings"),
        [
            (
                f"{result.release} ({result.release_from})",
                result.files,
                result.documents,
                result.count(Severity.ERROR),
                result.count(Severity.WARNING),
            )
        ],
    )
    if result.is_sound:
        console.say("Sound: no error found.")
        return
    first = next(iter(result.codes))
    console.warn("Faulty: this must not be handed over as it is.")
    console.say(f"Next: dui explain {first}")


def _show_code(found: list[Diagnostic], count: int, console: Console) -> None:
    console.diagnostics(found)
    if count > len(found):
        console.say(f"  … {count - len(found)} more of {found[0].code} ({entry(found[0].code).slug}); -v shows all")
