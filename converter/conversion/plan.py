"""What every worker is told once, what it is given per resident, and what it gives back. All picklable."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from converter.delivery import ResidentEntry, Writer
from converter.mapping.loader import LoadedMapping
from converter.model import Header, Outcome, SpooledRow

__all__ = ["OWN_ROW", "Change", "Converted", "Failed", "Kind", "Limits", "Plan", "Task"]

#: The use under which the spool files the residents' own rows.
OWN_ROW = -1


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a bundle may be: bytes of the file, and entries; None for no limit.

    ``declared``: the mapping names the bytes or a preset, so that a document which alone exceeds them cannot leave. The
    default is a figure of prudence: such a document then leaves alone in its bundle.
    """

    max_bytes: int | None = None
    max_entries: int | None = None
    declared: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """One run. ``clock`` is aware; ``pinned`` when somebody declared it (it then belongs to what a resident is).

    ``work`` is a folder for temporary files of this run; ``flow`` 1 writes single documents, 2 bundles. ``earlier`` is
    what earlier deliveries handed over, when this run only brings them up to date; ``patches``: with JSON Patches.
    """

    loaded: LoadedMapping
    headers: Mapping[str, Header]
    clock: datetime
    pinned: bool
    work: Path
    writer: Writer
    limits: Limits
    tool: str
    lookups: Path | None = None
    flow: int = 2
    strict: bool = False
    earlier: Path | None = None
    patches: bool = False


@dataclass(frozen=True, slots=True)
class Task:
    """One resident: every row that concerns them with the rule that uses it, and what an earlier run completed."""

    key: str
    rows: tuple[tuple[int, SpooledRow], ...]
    previous: ResidentEntry | None = None


class Kind(StrEnum):
    """What an update makes of a document. ``rejected``: it cannot be made now, so that nothing can be said of it."""

    NEW = "new"
    UNCHANGED = "unchanged"
    CHANGED = "changed"
    REPLACED = "replaced"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Change:
    """One document of an update. ``known`` are its identifiers in earlier deliveries, of the version compared last.

    ``file`` is where it is handed over now; ``metadata`` tells that something outside ``content`` changed.
    """

    kind: Kind
    identifier: str
    known: tuple[str, ...] = ()
    file: str | None = None
    old_hash: str | None = None
    new_hash: str | None = None
    metadata: bool = False


@dataclass(frozen=True, slots=True)
class Converted:
    """The outcome, the entry for journal and manifest (None when nothing is handed over), and whether it was kept.

    ``uses`` counts defaults used and values omitted, by path in the mapping. ``changes`` are those of an update.
    """

    outcome: Outcome
    entry: ResidentEntry | None = None
    kept: bool = False
    uses: Counter[tuple[str, str]] = field(default_factory=Counter)
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """The program failed on a resident: the kind of exception and its place, or "" when its process died."""

    place: str
