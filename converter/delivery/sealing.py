"""How the bytes of a part are closed: an ordinary ZIP, a ZIP with AES-256 under a passphrase, or a ZIP inside age.

A ZIP is deterministic as long as nothing is encrypted: fixed dates, fixed order, one compression level. Encryption
draws a new salt each time. Plain bytes of an encrypted part never touch the disk while packing.
"""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from converter.diagnostics import Diagnostic, MappingError, OutputError

__all__ = ["LEVEL", "Sealing", "age_command", "run_age", "sealing_of"]

#: Enough for base64, whose alphabet is what there is to gain; higher levels take longer for the same size.
LEVEL = 1
_EPOCH = (1980, 1, 1, 0, 0, 0)
_FILE_0600 = 0o100600 << 16


class Sealing:
    """A plain ZIP."""

    suffix = ".zip"

    def bound(self, size: int) -> int:
        """Bytes that a ZIP of ``size`` bytes takes at most once closed."""
        return size

    @contextmanager
    def archive(self, stream: BinaryIO) -> Iterator[Any]:
        """A ZIP being written to the stream."""
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as archive:
            yield archive

    @contextmanager
    def member(self, archive: Any, name: str, size: int) -> Iterator[BinaryIO]:
        """A stream for one member of the archive, of ``size`` bytes."""
        # An encrypting archive has a class of its own for its members.
        info: Any = getattr(archive, "zipinfo_cls", zipfile.ZipInfo)(name, _EPOCH)
        info.compress_type, info.external_attr, info.create_system = zipfile.ZIP_DEFLATED, _FILE_0600, 3
        info.file_size = size  # decides on ZIP64
        info._compresslevel = LEVEL  # has a public name from Python 3.13 only
        with archive.open(info, "w") as stream:
            yield cast(BinaryIO, stream)


class _AesSealing(Sealing):
    """WinZip AES-256: 7-Zip and the like ask for the passphrase. Names of members stay readable; they are digests."""

    def __init__(self, passphrase: str) -> None:
        self._passphrase = passphrase.encode()

    @contextmanager
    def archive(self, stream: BinaryIO) -> Iterator[Any]:
        import pyzipper

        with pyzipper.AESZipFile(stream, "w", pyzipper.ZIP_DEFLATED, compresslevel=LEVEL) as archive:
            archive.setpassword(self._passphrase)
            archive.setencryption(pyzipper.WZ_AES, nbits=256)
            yield archive


class _AgeSealing(Sealing):
    """age, by its own program: for the public keys of the receivers, or a passphrase that it asks for itself."""

    suffix = ".zip.age"

    def __init__(self, recipients: Sequence[str]) -> None:
        self._command = [age_command(), *(["-p"] if not recipients else [w for r in recipients for w in ("-r", r)])]

    def bound(self, size: int) -> int:
        # A header line per recipient, and 16 bytes for each 64 KiB.
        return size + size // 4096 + 512 * (len(self._command) + 1)

    @contextmanager
    def archive(self, stream: BinaryIO) -> Iterator[Any]:
        process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=stream)  # noqa: S603 - no shell
        assert process.stdin is not None
        try:
            with process.stdin as pipe, super().archive(cast(BinaryIO, pipe)) as archive:
                yield archive
        except BrokenPipeError:
            pass  # age has ended early: its exit code says so
        except BaseException:
            process.kill()
            raise
        finally:
            code = process.wait()
        if code:
            raise OutputError(Diagnostic("DLV-52", params={"status": code}))


def sealing_of(method: str, passphrase: str | None, recipients: Sequence[str]) -> Sealing:
    """The sealing asked for. MappingError (usage) for what does not go together; OutputError when age is missing."""
    if method == "age":
        if passphrase is not None:
            # age takes a passphrase from the terminal only, so that none stands in a script or a process list.
            raise MappingError(Diagnostic("DLV-53"))
        return _AgeSealing(recipients)
    if recipients:
        raise MappingError(Diagnostic("DLV-54"))
    if passphrase is None:
        return Sealing()
    if not passphrase:
        raise MappingError(Diagnostic("DLV-55"))
    return _AesSealing(passphrase)


def age_command() -> str:
    """The path of the age program. OutputError naming it when it is not installed."""
    if found := shutil.which("age"):
        return found
    raise OutputError(Diagnostic("DLV-51"))


def run_age(source: Path, target: Path, identity: Path | None) -> None:
    """Open one part; age itself asks for a passphrase when there is no identity file. OutputError when it fails."""
    command = [age_command(), "-d", *(["-i", str(identity)] if identity else []), "-o", str(target), str(source)]
    done = subprocess.run(command, check=False)  # noqa: S603 - no shell
    if done.returncode:
        raise OutputError(Diagnostic("DLV-52", params={"status": done.returncode}))
