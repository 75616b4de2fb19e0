"""Small texts that the three commands share."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

__all__ = ["arguments", "size_of"]


def arguments(*paths: Path | str) -> str:
    """Paths as they are typed at a prompt of this system."""
    if os.name == "nt":
        return " ".join(f'"{p}"' if " " in str(p) else str(p) for p in paths)
    return " ".join(shlex.quote(str(p)) for p in paths)


def size_of(size: int) -> str:
    """Bytes for people."""
    amount = float(size)
    for unit in ("bytes", "KB", "MB"):
        if amount < 1000:
            return f"{size} bytes" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"
