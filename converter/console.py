"""What a person sees while the program runs: the only module that prints.

stdout carries the product of a command or one JSON document; everything else goes to stderr. Whether a person watches
is decided once. Colour only reinforces words; NO_COLOR, TERM=dumb, ``--no-color`` and pipes switch it off. Nothing
personal passes here: diagnostics hold none, and no other text of a source is ever printed.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TextIO

from rich.box import SIMPLE
from rich.console import Console as RichConsole
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from converter.diagnostics import Diagnostic, OutputError, Severity

__all__ = ["Console"]

_STYLE = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTICE: "cyan"}
#: Seconds between two plain progress lines when nobody watches a bar.
_PLAIN_INTERVAL = 60.0


class Console:
    """Two streams and how to write to them."""

    def __init__(
        self, *, quiet: bool = False, verbose: bool = False, color: bool = True, progress: bool = True, lang: str = "en"
    ) -> None:
        self.quiet, self.verbose, self.lang = quiet, verbose, lang
        _tolerate(sys.stdout)
        _tolerate(sys.stderr)
        colourless = not color or bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
        watched = bool(sys.stderr and sys.stderr.isatty()) and os.environ.get("TERM") != "dumb"
        self._rich = RichConsole(
            stderr=True,
            no_color=colourless,
            force_terminal=None if watched else False,
            markup=False,
            highlight=False,
            emoji=False,
            soft_wrap=True,
        )
        self._bar = progress and watched and not quiet

    # ------------------------------------------------------------------------------------------------- stderr

    def say(self, text: str = "") -> None:
        """A line for the person."""
        if not self.quiet:
            self._show(text)

    def detail(self, text: str) -> None:
        """A line that only ``-v`` shows."""
        if self.verbose:
            self.say(text)

    def warn(self, text: str) -> None:
        """A line that is shown even with ``-q``."""
        self._show(text)

    def diagnostics(self, found: Iterable[Diagnostic]) -> None:
        """One line each: severity, place, code, what is wrong, what to do. Shown even with ``-q``, notices excepted."""
        for d in found:
            if self.quiet and d.severity is Severity.NOTICE:
                continue
            self._show(Text.assemble((d.severity.value, _STYLE[d.severity]), ": ", d.text(self.lang)))

    def table(self, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Columns under their heads; the first column to the left, the others to the right."""
        if self.quiet:
            return
        table = Table(box=SIMPLE, pad_edge=False, show_edge=False)
        for i, title in enumerate(head):
            table.add_column(title, justify="left" if i == 0 else "right", overflow="fold")
        for row in rows:
            table.add_row(*(str(cell) for cell in row))
        self._show(table)

    def _show(self, what: Any) -> None:
        """A terminal that is gone or full is no reason to end a run: what it would have shown is in the record."""
        with contextlib.suppress(OSError):
            self._rich.print(what)

    @contextlib.contextmanager
    def progress(self, what: str, total: int) -> Iterator[Callable[[], None]]:
        """Gives a function to call at each step: a bar on a terminal, one plain line a minute otherwise."""
        if self._bar:
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            with Progress(*columns, console=self._rich, transient=True) as bar:
                task = bar.add_task(what, total=total)
                yield lambda: bar.advance(task)
        else:
            yield self._plain_progress(what, total)

    def _plain_progress(self, what: str, total: int) -> Callable[[], None]:
        done, shown = 0, time.monotonic()

        def advance() -> None:
            nonlocal done, shown
            done += 1
            if time.monotonic() - shown >= _PLAIN_INTERVAL:
                shown = time.monotonic()
                self.say(f"{what}: {done} of {total}")

        return advance

    # ------------------------------------------------------------------------------------------------- stdout

    def product(self, text: str) -> None:
        """What the command was asked for. BrokenPipeError when nobody reads on, OutputError when it cannot go out."""
        try:
            if sys.stdout is None:
                raise OSError
            sys.stdout.write(text if text.endswith("\n") else text + "\n")
            sys.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError:
            raise OutputError(Diagnostic("RUN-52")) from None

    def json(self, value: Any) -> None:
        """The one JSON document of a command."""
        self.product(json.dumps(value, ensure_ascii=False, indent=2))


def _tolerate(stream: TextIO | None) -> None:
    """A console that cannot show a character shows another: it must not end the program (Windows cp1252)."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="replace")
