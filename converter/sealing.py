"""`dui pack` and `dui unpack`: sizes and passphrases as people give them, and what is said when it is done.

A passphrase comes from a file or from a prompt, never from the command line: process lists and shell histories keep
what stands there.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from getpass import getpass
from pathlib import Path

from converter.console import Console
from converter.delivery import PART_BYTES, pack, unpack
from converter.diagnostics import Diagnostic, ExitCode, MappingError

__all__ = ["part_bytes", "run_pack", "run_unpack"]

_SIZE = re.compile(r"(\d+(?:[.,]\d+)?)\s*([KMGT]?)(i?)[Bo]?", re.ASCII | re.IGNORECASE)
_POWER = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}


def part_bytes(text: str) -> int:
    """``usb``, ``dvd``, ``mail``, or a size: 700MB, 4GiB, 7340032. ValueError for anything else."""
    if (preset := text.strip().lower()) in PART_BYTES:
        return PART_BYTES[preset]
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise ValueError(text)
    base = 1024 if found[3] else 1000
    size = int(float(found[1].replace(",", ".")) * base ** _POWER[found[2].upper()])
    if size < 1:
        raise ValueError(text)
    return size


def run_pack(
    delivery: Path,
    target: Path,
    console: Console,
    *,
    as_json: bool,
    size: int | None,
    encrypt: str | None,
    passphrase_file: Path | None,
    recipients: Sequence[str],
) -> ExitCode:
    """Write the parts and name them."""
    method = encrypt or "zip"
    secret = _passphrase(passphrase_file, confirm=True) if method == "zip" and (encrypt or passphrase_file) else None
    console.say(f"Packing {delivery} …")
    written = pack(delivery, target, part_bytes=size, passphrase=secret, method=method, recipients=tuple(recipients))
    for path in written:
        console.say(f"{path}  {path.stat().st_size} bytes")
    sealed = bool(secret) or method == "age"
    if not sealed:
        console.warn("Not encrypted. Health data that leaves the house needs --encrypt.")
    console.say(f"Next, at the receiver's: {_opening(written, method, bool(secret))}")
    if as_json:
        files = [{"file": p.name, "bytes": p.stat().st_size} for p in written]
        console.json({"schema": "dui-converter/pack/1", "encrypted": sealed, "parts": files})
    return ExitCode.OK


def _opening(written: Sequence[Path], method: str, asked: bool) -> str:
    """The command that opens the parts, with every option that it will not do without."""
    parts = " ".join(p.name for p in written[:3]) + (" …" if written[3:] else "")
    key = " --identity KEYFILE" if method == "age" else " --encrypted" if asked else ""
    return f"dui unpack {parts} -o received/{key}"


def run_unpack(
    parts: Sequence[Path],
    target: Path,
    console: Console,
    *,
    as_json: bool,
    passphrase_file: Path | None,
    encrypted: bool,
    identity: Path | None,
) -> ExitCode:
    """Put the parts together and prove them whole."""
    secret = _passphrase(passphrase_file, confirm=False) if encrypted or passphrase_file else None
    check = unpack(parts, target, secret, identity=identity)
    count = sum(1 for _ in check.files())
    console.say(f"{target}: {count} files, every sum right.")
    console.say(f"Next: dui verify {target}")
    if as_json:
        console.json({"schema": "dui-converter/unpack/1", "files": count, "sound": check.is_sound})
    return ExitCode.OK


def _passphrase(file: Path | None, *, confirm: bool) -> str:
    """From the first line of a file, or typed (twice when it seals). MappingError when there is nobody to ask."""
    if file is not None:
        with file.open(encoding="utf-8-sig") as stream:
            return stream.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise MappingError(Diagnostic("RUN-37"))
    secret = getpass("Passphrase: ")
    if confirm and secret != getpass("Once more: "):
        raise MappingError(Diagnostic("RUN-38"))
    return secret
