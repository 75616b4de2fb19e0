"""Takes the parts of a delivery apart again; the folder appears once everything in it is proved, or not at all.

Parts are hostile input. Of a part's members only those that a delivery has are ever written, under their own names; a
member that is a link, leads elsewhere, overlaps another or is larger than it may be refuses the whole set.
"""

from __future__ import annotations

import hashlib
import shutil
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED

from converter.delivery.check import ManifestCheck, check_manifest
from converter.delivery.failures import explained
from converter.delivery.files import MANIFEST, PRODUCT, SUMS, sha256_of, sync_folder
from converter.delivery.parts import PARTS, PartList
from converter.delivery.sealing import run_age
from converter.diagnostics import Diagnostic, OutputError, ProductError, ProductLocation

__all__ = ["unpack"]

_BLOCK = 1 << 20
_COMMON = (MANIFEST, SUMS, PARTS)
#: Members that are read before anything is known of the set: manifest and sums of a million files fit in.
_MAX_COMMON = 2 << 30
_MAX_PARTS_LIST = 16 << 20
_AGE = (b"age-encryption.org/", b"-----BEGIN AGE ENC")


def unpack(
    parts: Sequence[Path], target: Path, passphrase: str | None = None, *, identity: Path | None = None
) -> ManifestCheck:
    """Put the parts together in ``target``, which must be absent or empty; gives the check of what is there then.

    ProductError when parts are missing, damaged, of different sets, hostile, or do not hold what their manifest says;
    OutputError for the passphrase, for age, and for the target. Nothing is left behind in any of these cases.
    """
    target = target.absolute()
    with explained("."):
        if target.exists() and any(target.iterdir()):
            raise OutputError(Diagnostic("DLV-67", params={"folder": target.name}))
    with _work(target) as work, ExitStack() as stack:
        opened = [stack.enter_context(_opened(path, n, work, passphrase, identity)) for n, path in enumerate(parts)]
        folder = work / "delivery"
        folder.mkdir(mode=0o700)
        _check_set(opened, folder)
        _extract_products(opened, folder)
        check = check_manifest(folder)
        if not check.is_sound:
            raise ProductError([d for d in check.diagnostics if d.is_error])
        with explained("."):
            if target.exists():
                target.rmdir()
            folder.replace(target)
            sync_folder(target.parent)
    check.folder = target
    return check


@contextmanager
def _work(target: Path) -> Iterator[Path]:
    """A folder of ours beside the target; that of a killed run goes."""
    work = target.parent / f".{target.name}.unpacking"
    with explained("."):
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if work.exists():
            shutil.rmtree(work)
        work.mkdir(mode=0o700)
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


# ------------------------------------------------------------------------------------------------------------ one part


@dataclass(frozen=True, slots=True)
class _Opened:
    """A part whose members are known to be harmless."""

    name: str
    archive: Any
    products: tuple[str, ...]

    def fault(self, code: str, **params: str | int) -> ProductError:
        return ProductError(Diagnostic(code, ProductLocation(self.name), {"part": self.name} | params))

    def extract(self, member: str, folder: Path) -> None:
        """Write one member below the folder. Never more than the archive declares."""
        path = folder / member
        with explained(member):
            path.parent.mkdir(mode=0o700, exist_ok=True)
            path.touch(mode=0o600, exist_ok=False)
        with self._member(member) as source, path.open("wb") as sink:
            while block := source.read(_BLOCK):
                with explained(member):
                    sink.write(block)

    def sha256(self, member: str) -> str:
        with self._member(member) as source:
            return _digest(iter(lambda: source.read(_BLOCK), b""))

    def read(self, member: str) -> bytes:
        with self._member(member) as source:
            return bytes(source.read())

    @contextmanager
    def _member(self, member: str) -> Iterator[Any]:
        import zlib

        import pyzipper

        try:
            with self.archive.open(member) as source:
                yield source
        except (pyzipper.BadZipFile, zlib.error, EOFError, NotImplementedError):
            raise self.fault("DLV-60") from None
        except RuntimeError as refused:
            # pyzipper has no type of its own for these two.
            wrong = "Bad password" in str(refused)
            raise OutputError(Diagnostic("DLV-66" if wrong else "DLV-65", params={"part": self.name})) from None


@contextmanager
def _opened(path: Path, number: int, work: Path, passphrase: str | None, identity: Path | None) -> Iterator[_Opened]:
    import pyzipper

    name = path.name
    path = _decrypted(path, work / f"{number}.zip", identity)
    try:
        archive = pyzipper.AESZipFile(path)
    except (pyzipper.BadZipFile, NotImplementedError, ValueError):
        raise ProductError(Diagnostic("DLV-60", ProductLocation(name), {"part": name})) from None
    except OSError as error:
        raise _unreadable(name, error) from error
    with archive:
        if passphrase is not None:
            archive.setpassword(passphrase.encode())
        members = archive.infolist()
        opened = _Opened(name, archive, tuple(m.filename for m in members if PRODUCT.fullmatch(m.filename)))
        _check_members(opened, members, path.stat().st_size)
        yield opened


def _decrypted(path: Path, plain: Path, identity: Path | None) -> Path:
    try:
        with path.open("rb") as stream:
            opening = stream.read(32)
    except OSError as error:
        raise _unreadable(path.name, error) from error
    if not opening.startswith(_AGE):
        return path
    run_age(path, plain, identity)
    return plain


def _unreadable(name: str, error: OSError) -> ProductError:
    return ProductError(Diagnostic("DLV-37", ProductLocation(name), {"file": name, "reason": type(error).__name__}))


def _check_members(opened: _Opened, members: Sequence[Any], size: int) -> None:
    """Only files that a delivery has, each once, each with bytes of its own."""
    names = [m.filename for m in members]
    strange = sum(not (name in _COMMON or PRODUCT.fullmatch(name)) for name in names)
    strange += sum(not _is_plain(m) for m in members) + len(names) - len(set(names))
    if strange or not set(_COMMON) <= set(names):
        raise opened.fault("DLV-61", count=strange)
    # Bombs live on members that share their bytes: without sharing, DEFLATE gives a thousand times at most.
    end = 0
    for m in sorted(members, key=lambda m: m.header_offset):
        if m.header_offset < end:
            raise opened.fault("DLV-62")
        end = m.header_offset + m.compress_size
    if end > size or any(m.file_size > _MAX_COMMON for m in members if m.filename in _COMMON):
        raise opened.fault("DLV-62")


def _is_plain(member: Any) -> bool:
    """An ordinary file, compressed in a way whose gain has a bound."""
    mode = member.external_attr >> 16
    kind = stat.S_IFMT(mode)
    return kind in (0, stat.S_IFREG) and not member.is_dir() and member.compress_type in (ZIP_DEFLATED, ZIP_STORED)


# ------------------------------------------------------------------------------------------------------------ the set


def _check_set(opened: Sequence[_Opened], folder: Path) -> None:
    """Every part there once, all of one set; manifest and sums are written then."""
    if not opened:
        raise ProductError(Diagnostic("DLV-63", params={"missing": "1", "count": 1}))
    listing = _listing(opened[0])
    for name in (MANIFEST, SUMS):
        opened[0].extract(name, folder)
    sums = sha256_of(folder / SUMS)
    numbers: set[int] = set()
    for part in opened:
        same = _listing(part) == listing and (part.sha256(MANIFEST), part.sha256(SUMS)) == (listing.manifest, sums)
        number = listing.number_of(part.products) if same else None
        if number is None or number in numbers:
            raise part.fault("DLV-64")
        numbers.add(number)
    if missing := [str(p.number) for p in listing.parts if p.number not in numbers]:
        params: dict[str, str | int] = {"missing": ", ".join(missing), "count": len(listing.parts)}
        raise ProductError(Diagnostic("DLV-63", params=params))


def _digest(blocks: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for block in blocks:
        digest.update(block)
    return digest.hexdigest()


def _listing(part: _Opened) -> PartList:
    if part.archive.getinfo(PARTS).file_size > _MAX_PARTS_LIST:
        raise part.fault("DLV-62")
    try:
        return PartList.read(part.read(PARTS))
    except ValueError:
        raise part.fault("DLV-61", count=1) from None


def _extract_products(opened: Sequence[_Opened], folder: Path) -> None:
    """Products, each as large as the manifest says: that bounds what a set can write, and is known before it does."""
    sizes = {file.file: file.size for file in check_manifest(folder, contents=False).files()}
    free = shutil.disk_usage(folder).free
    if sum(sizes.values()) > free:
        raise OutputError(Diagnostic("DLV-68", params={"need": sum(sizes.values()), "free": free}))
    for part in opened:
        for name in part.products:
            if part.archive.getinfo(name).file_size != sizes.pop(name, -1):
                raise part.fault("DLV-69", file=name)
            part.extract(name, folder)
