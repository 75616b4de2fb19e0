"""What the file system refuses, said so that a user can act: disk full, no permission, read-only…"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from converter.diagnostics import Diagnostic, OutputError, ProductLocation

__all__ = ["WriteError", "explained", "failure"]

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
