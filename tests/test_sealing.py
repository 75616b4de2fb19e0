"""`dui pack` and `dui unpack` from the command line: the command that the one names opens what it made."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.making import dui, export


@pytest.mark.parametrize("encrypted", [False, True])
def test_the_command_named_for_the_receiver_opens_the_parts(encrypted: bool, tmp_path: Path) -> None:
    assert dui("convert", export(tmp_path / "in", 1, 1).write(), "-o", tmp_path / "out").code == 0
    secret = tmp_path / "secret"
    secret.write_text("une phrase de passe\n", "utf-8")
    seal = ("--encrypt", "zip", "--passphrase-file", secret) if encrypted else ()
    packed = dui("pack", tmp_path / "out", "-o", tmp_path / "reprise.zip", *seal)
    assert packed.code == 0, packed.err
    named = next(line for line in packed.err.splitlines() if "dui unpack" in line)
    command = shlex.split(named.split("dui ", 1)[1])
    assert ("--encrypted" in command) == encrypted
    opened = dui(*command, *(("--passphrase-file", secret) if encrypted else ()), cwd=tmp_path)
    assert opened.code == 0, opened.err
    assert (tmp_path / "received" / "manifest.json").is_file()
