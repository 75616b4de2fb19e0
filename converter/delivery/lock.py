"""One run at a time in a delivery: a lock on a file, which the system drops when the process ends, however it ends."""

from __future__ import annotations

import os
import sys
import weakref
from pathlib import Path
from typing import BinaryIO

from converter.delivery.failures import explained
from converter.diagnostics import Diagnostic, OutputError

__all__ = ["LOCK", "Lock"]

LOCK = ".lock"
_held: weakref.WeakSet[Lock] = weakref.WeakSet()


class Lock:
    """Held from construction to :meth:`release`. OutputError when another run holds it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        with explained(LOCK):
            while self._file is None:
                self._file = self._acquire()
        _held.add(self)

    def release(self) -> None:
        """Remove the file, then let go: whoever opened it meanwhile sees that it is no longer there."""
        if self._file is not None:
            self._path.unlink(missing_ok=True)
            self.drop()

    def drop(self) -> None:
        """Close this process's hold without a word to the others that share it."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _acquire(self) -> BinaryIO | None:
        file = os.fdopen(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0)
        if not _lock(file):
            file.close()
            raise OutputError(Diagnostic("DLV-06", params={"folder": self._path.parent.name}))
        try:
            current = self._path.stat().st_ino == os.fstat(file.fileno()).st_ino
        except FileNotFoundError:
            current = False
        if current:
            return file
        file.close()  # the run before let go of it between our opening and our lock
        return None


if sys.platform == "win32":
    import msvcrt

    def _lock(file: BinaryIO) -> bool:
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

else:
    import fcntl

    def _lock(file: BinaryIO) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _forget_in_child() -> None:
        # A worker that outlives a killed main process must not keep the next run out.
        for lock in list(_held):
            lock.drop()

    os.register_at_fork(after_in_child=_forget_in_child)
