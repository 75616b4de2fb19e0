"""What the file system refuses, said so that a user can act: disk full, no permission, read-only…"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from converter.diagnostics import Diagnostic, OutputError, ProductLocation

__all__ = ["WriteError", "explained", "explained_store", "failure"]

#: Each of these has its own remedy; anything else is DLV-04 with the system's name for it.
_CODES = {
    errno.ENOSPC: "DLV-01",
    errno.EDQUOT: "DLV-01",
    errno.EACCES: "DLV-02",
    errno.EPERM: "DLV-02",
    errno.EROFS: "DLV-03",
    errno.EFBIG: "DLV-10",
    errno.ENOTDIR: "DLV-08",
    errno.EEXIST: "DLV-08",
}
#: The same for SQLite's primary result codes.
_STORE = {
    sqlite3.SQLITE_FULL: "DLV-01",
    sqlite3.SQLITE_PERM: "DLV-02",
    sqlite3.SQLITE_READONLY: "DLV-03",
    sqlite3.SQLITE_IOERR: "DLV-04",
    sqlite3.SQLITE_CANTOPEN: "DLV-04",
}


class WriteError(OutputError):
    """The file system refused a write; the file concerned is then absent or as it was. Crosses processes."""


def failure(error: OSError, name: str) -> WriteError:
    """The error as one that stops the run; ``name`` is the file below the delivery, never an outside path."""
    reason = errno.errorcode.get(error.errno or 0, type(error).__name__)
    code = _CODES.get(error.errno or 0, "DLV-04")
    return WriteError(Diagnostic(code, ProductLocation(name), {"file": name, "reason": reason}))


@contextmanager
def explained(name: str) -> Iterator[None]:
    """Turns an OSError of the block into a :class:`WriteError` about ``name``."""
    try:
        yield
    except OSError as error:
        raise failure(error, name) from error


@contextmanager
def explained_store(name: str) -> Iterator[None]:
    """Turns what SQLite could not store in the run's temporary files, in the folder ``name``, into a WriteError."""
    try:
        yield
    except sqlite3.OperationalError as error:
        # Its text may quote; its name does not. Another SQLite error is a bug.
        primary = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if primary not in _STORE:
            raise
        params = {"file": name, "reason": error.sqlite_errorname}
        raise WriteError(Diagnostic(_STORE[primary], ProductLocation(name), params)) from error
