"""A file that has its name only once it is whole: several processes may make the same one at the same time."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["write_whole"]


def write_whole(target: Path, content: bytes) -> None:
    """Writes a file readable by its owner only."""
    partial = target.with_name(f"{target.name}.{os.getpid()}.part")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600)
    try:
        with open(descriptor, "wb") as stream:  # noqa: PTH123  # of a descriptor
            stream.write(content)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
