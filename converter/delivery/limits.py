"""How large a bundle may be for the receiver's server, and how documents are dealt out over bundles.

The presets are data, each with where its figures come from: ``presets.toml``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from converter.diagnostics import Diagnostic, MappingError, closest

__all__ = ["DEFAULT_PRESET", "Preset", "limits_of", "presets", "split"]

DEFAULT_PRESET = "default"


@dataclass(frozen=True, slots=True)
class Preset:
    """What one kind of server takes in one request; None for no limit that is known."""

    name: str
    title: str
    max_bundle_bytes: int | None
    max_entries: int | None
    source: str


@cache
def presets() -> Mapping[str, Preset]:
    """Every preset by name."""
    text = files(__package__).joinpath("presets.toml").read_text(encoding="utf-8")
    return {
        name: Preset(name, p["title"], p.get("max_bundle_bytes"), p.get("max_entries"), p["source"])
        for name, p in tomllib.loads(text).items()
    }


def limits_of(
    preset: str | None = None, max_bytes: int | None = None, max_entries: int | None = None
) -> tuple[int | None, int | None]:
    """Bytes and entries of a bundle: figures given outright win over the preset's; without any, the default preset.

    MappingError for an unknown preset or a figure below 1.
    """
    found = presets().get(preset or DEFAULT_PRESET)
    if found is None:
        known = ", ".join(presets())
        guess = closest(preset or "", presets()) or DEFAULT_PRESET
        raise MappingError(Diagnostic("DLV-11", params={"known": known, "guess": guess}))
    for key, value in (("max_bundle_bytes", max_bytes), ("max_entries", max_entries)):
        if value is not None and value < 1:
            raise MappingError(Diagnostic("DLV-12", params={"key": key}))
    return (
        found.max_bundle_bytes if max_bytes is None else max_bytes,
        found.max_entries if max_entries is None else max_entries,
    )


def split(sizes: Sequence[int], overhead: int, max_bytes: int | None, max_entries: int | None) -> list[list[int]]:
    """Indexes of ``sizes`` in order, in as few bundles as keeping that order allows.

    A bundle is ``overhead`` plus its sizes, at most ``max_bytes``, of at most ``max_entries``; None for no limit. One
    that exceeds the limit by itself stands alone: the caller has to know what becomes of it.
    """
    groups: list[list[int]] = []
    filled = 0
    for index, size in enumerate(sizes):
        too_many = max_entries is not None and groups and len(groups[-1]) >= max_entries
        too_large = max_bytes is not None and overhead + filled + size > max_bytes
        if not groups or too_many or too_large:
            groups.append([])
            filled = 0
        groups[-1].append(index)
        filled += size
    return groups
