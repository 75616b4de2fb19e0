"""What one run was asked to do, after the command line and before anything is read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["Settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """See ``dui convert --help`` and ``dui update --help`` for each field. ``workers`` None: one per processor.

    ``previous`` are deliveries to bring up to date (none: a whole delivery is made), ``answers`` the receiver's, in
    the same order.
    """

    mapping: Path
    output: Path
    dry_run: bool = False
    release: str | None = None
    date: str | None = None
    workers: int | None = None
    limit: int | None = None
    residents: tuple[str, ...] = ()
    force: bool = False
    prune: bool = False
    fail_fast: bool = False
    strict: bool = False
    flow: int = 2
    report_lang: str = "fr"
    previous: tuple[Path, ...] = ()
    answers: tuple[Path, ...] = ()
    #: A corrected rejects.xlsx to read the sources with.
    only: Path | None = None

    @property
    def is_partial(self) -> bool:
        """Only some residents were asked for."""
        return self.limit is not None or bool(self.residents)

    def arguments(self) -> dict[str, object]:
        """For the record: options as given; residents only counted, their keys are personal."""
        return {
            "mapping": self.mapping.name,
            "dry_run": self.dry_run,
            "release": self.release,
            "date": self.date,
            "limit": self.limit,
            "residents": len(self.residents),
            "force": self.force,
            "prune": self.prune,
            "fail_fast": self.fail_fast,
            "strict": self.strict,
            "flow": self.flow,
            "previous": len(self.previous),
            "answers": len(self.answers),
            **({"only": self.only.name} if self.only else {}),
        }
