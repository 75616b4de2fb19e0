"""What a run came to, for the record and the exit code; and who is told of it on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from converter import __version__
from converter.clock import Clock
from converter.conversion import Limits
from converter.diagnostics import Diagnostic, ExitCode
from converter.fhir import RELEASES
from converter.intake import SourceFile
from converter.mapping.loader import LoadedMapping
from converter.model import Verdict
from converter.report.record import RUN_SCHEMA, diagnostic_record
from converter.settings import Settings
from converter.spool import Sums

__all__ = ["Observer", "Run", "accounting", "tell"]


class Observer(Protocol):
    """Who watches a run. Every text it gets is safe to show."""

    def started(self, loaded: LoadedMapping, files: list[SourceFile], clock: Clock) -> None:
        """The mapping and the sources are sound; nothing is written yet."""

    def told(self, found: Iterable[Diagnostic]) -> None:
        """Decisions and warnings that concern the run."""

    def progress(self, what: str, total: int) -> AbstractContextManager[Callable[[], None]]:
        """A step of known length."""


@dataclass(slots=True)
class Run:
    """What a run came to. ``status`` is complete, stopped, interrupted or failed."""

    settings: Settings
    loaded: LoadedMapping | None = None
    clock: Clock | None = None
    limits: Limits = Limits()  # noqa: RUF009 - frozen
    files: list[SourceFile] = field(default_factory=list)
    told: list[Diagnostic] = field(default_factory=list)
    sums: list[Sums] = field(default_factory=list)
    codes: Counter[tuple[Verdict, str, str]] = field(default_factory=Counter)
    lines: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    uses: Counter[tuple[str, str]] = field(default_factory=Counter)
    residents: int = 0
    handed_over: int = 0
    kept: int = 0
    documents: int = 0
    bundles: int = 0
    bytes: int = 0
    faulty: int = 0
    unindexed: int = 0
    #: Of an update: what became of the documents.
    changes: dict[str, int] | None = None
    status: str = "failed"
    #: What ended a failed run.
    failure: ExitCode | None = None

    @property
    def rejected(self) -> int:
        return sum(s.rejected for s in self.sums)

    @property
    def exit_code(self) -> ExitCode:
        """0, 1, 5 or 130 of a run that came to an end, else that of what ended it."""
        if self.failure is not None:
            return self.failure
        if self.status == "interrupted":
            return ExitCode.INTERRUPTED
        if self.faulty:
            return ExitCode.PRODUCT
        # What the run as a whole could not do (a dossier that the rules refuse) is no success either.
        refused = self.rejected or any(d.is_error for d in self.told)
        return ExitCode.SOME_REJECTED if refused else ExitCode.OK

    def record(self) -> dict[str, Any]:
        """``run.json``."""
        assert self.loaded is not None
        spec = self.loaded.spec
        release = RELEASES[spec.release]
        return {
            "schema": RUN_SCHEMA,
            "tool": {"name": "dui-converter", "version": __version__},
            "status": self.status,
            "exit_code": int(self.exit_code),
            "arguments": self.settings.arguments(),
            "mapping": {"title": spec.title, "fingerprint": self.loaded.fingerprint},
            "release": release.name,
            "cda": spec.cda or release.cda_state,
            "clock": {"moment": self.clock.moment.isoformat(), "origin": self.clock.origin} if self.clock else None,
            "sources": [{"source": f.source, "file": f.file, "size": f.size, "sha256": f.sha256} for f in self.files],
            "rows": accounting(self.sums),
            "residents": {"read": self.residents, "handed_over": self.handed_over, "kept": self.kept},
            "documents": self.documents,
            "bundles": {"count": self.bundles, "bytes": self.bytes},
            "unindexed": self.unindexed,
            **({} if self.changes is None else {"update": self.changes}),
            "codes": [
                {"verdict": v.value, "severity": level, "code": code, "count": n}
                for (v, level, code), n in sorted(self.codes.items())
            ],
            "lines": self.lines,
            "said": [diagnostic_record(d) for d in self.told],
        }


def accounting(sums: Iterable[Sums]) -> dict[str, Any]:
    """Read, converted, rejected and skipped, per source and in total."""
    rows = {s.source: {k: getattr(s, k) for k in _COUNTS} for s in sums}
    return {"sources": rows, "total": {k: sum(r[k] for r in rows.values()) for k in _COUNTS}}


_COUNTS = ("read", "converted", "rejected", "skipped")


def tell(run: Run, observer: Observer, found: Iterable[Diagnostic]) -> None:
    """Say what concerns the run, each thing once; the record keeps it."""
    fresh = [d for d in found if d not in run.told]
    run.told.extend(fresh)
    observer.told(fresh)
