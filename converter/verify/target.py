"""What ``verify`` was pointed at: one file, a delivery, or a folder of files; and the release to check it against."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from converter.delivery.check import ManifestCheck, check_manifest
from converter.delivery.files import FOLDERS, MANIFEST, PRODUCT, SUMS, UPDATE
from converter.diagnostics import Diagnostic, MappingError, ProductLocation, SourceError, closest
from converter.fhir import DEFAULT, RELEASES, Release

__all__ = ["Target", "Unit", "choose_release", "open_target"]

#: JSON Patches and their index are no resources.
_NO_RESOURCES = ("patches/", UPDATE)
#: Bytes looked through for the profile that a file claims.
_HEAD = 1 << 20
_CANONICAL = re.compile(
    rb"https://interop\.esante\.gouv\.fr/ig/(?:fhir|cda)/tddui/StructureDefinition/([a-z\-]+)(?:\|([0-9A-Za-z.\-]+))?"
)


@dataclass(frozen=True, slots=True)
class Unit:
    """One file to check: where it is, what findings call it, the masterIdentifiers it should hold (None: not known)."""

    path: Path
    name: str
    identifiers: tuple[str, ...] | None = None


@dataclass(slots=True)
class Target:
    """``manifest`` is None for files outside a delivery."""

    path: Path
    manifest: ManifestCheck | None = None
    units: list[Unit] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)


def open_target(path: Path) -> Target:
    """SourceError (exit 3) when there is nothing that can be checked."""
    try:
        if not path.is_dir():
            with path.open("rb"):
                return Target(path, units=[Unit(path, path.name)])
        return _delivery(path) if _is_delivery(path) else _folder(path)
    except OSError:
        raise SourceError(Diagnostic("VER-01", ProductLocation(path.name))) from None


def _is_delivery(folder: Path) -> bool:
    """By its manifest, or by what else a delivery has: one that lost its manifest is a broken one."""
    return any((folder / name).exists() for name in (MANIFEST, SUMS, *FOLDERS))


def _delivery(folder: Path) -> Target:
    target = Target(folder, check_manifest(folder))
    assert target.manifest is not None
    target.diagnostics = target.manifest.diagnostics
    listed = [
        Unit(folder / f.file, f.file, f.identifiers) for f in target.manifest.files() if PRODUCT.fullmatch(f.file)
    ]
    found = listed or [Unit(folder / name, name) for name in _names(folder, FOLDERS)]
    # Missing files, links and what is no resource have been judged with the manifest.
    target.units = [u for u in found if not u.name.startswith(_NO_RESOURCES) and _is_plain(u.path)]
    return target


def _folder(folder: Path) -> Target:
    units = [Unit(folder / name, name) for name in _names(folder, ("",)) if _is_plain(folder / name)]
    if not units:
        raise SourceError(Diagnostic("VER-02", ProductLocation(folder.name)))
    return Target(folder, units=units, diagnostics=[Diagnostic("VER-05", ProductLocation(folder.name))])


def _names(folder: Path, tops: Iterable[str]) -> Iterator[str]:
    """JSON files of these folders, not of folders below, sorted."""
    for top in tops:
        place = folder / top
        if place.is_dir():
            names = sorted(one.name for one in place.iterdir() if one.name.lower().endswith(".json"))
            yield from (f"{top}/{name}" if top else name for name in names)


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


# --------------------------------------------------------------------------------------------------- the release


def choose_release(target: Target, asked: str | None) -> tuple[Release, str, list[Diagnostic]]:
    """The release, where it comes from (option, manifest, profile, default), and what is to be said about that.

    MappingError (exit 2) when the option names none that exists.
    """
    said = target.manifest.release if target.manifest else None
    if asked is not None:
        if asked not in RELEASES:
            raise MappingError(Diagnostic("VER-03", None, _unknown(asked)))
        differs = said not in (None, asked)
        notes = [Diagnostic("VER-07", None, {"release": asked, "said": str(said)})] if differs else []
        return RELEASES[asked], "option", notes
    if said is not None and said in RELEASES:
        return RELEASES[said], "manifest", []
    wrong = [] if said is None else [Diagnostic("VER-08", ProductLocation(MANIFEST), _unknown(said))]
    claimed = _claimed(target.units[0].path) if target.units else None
    release = claimed or RELEASES[DEFAULT]
    origin = "profile" if claimed else "default"
    return release, origin, [*wrong, Diagnostic("VER-04", None, {"release": release.name, "origin": origin})]


def _unknown(name: str) -> dict[str, str]:
    known = ", ".join(RELEASES)
    return {"release": name if re.fullmatch(r"[\w.\-]{1,40}", name) else "?", "guess": closest(name, RELEASES) or "?",
            "known": known}  # fmt: skip


def _claimed(path: Path) -> Release | None:
    """The release whose profile the file claims first; where several have it, the default, else the newest."""
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD).replace(b"\\/", b"/")
    except OSError:
        return None
    for found in _CANONICAL.finditer(head):
        url, version = found[0].decode().partition("|")[0], (found[2] or b"").decode()
        having = [r for r in RELEASES.values() if url in (r.document_profile, r.bundle_profile)]
        fitting = [r for r in having if not version or r.version == version]
        if fitting:
            return next((r for r in fitting if r.name == DEFAULT), fitting[-1])
    return None
