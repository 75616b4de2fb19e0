"""`dui init`: a first mapping beside the sources, and the schema that lets an editor check it. Overwrites nothing."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from converter import __version__
from converter.console import Console
from converter.diagnostics import Diagnostic, ExitCode, MappingError, OutputError, SourceError
from converter.firststeps.words import arguments

__all__ = ["run_init"]

_SCHEMA = "mapping.schema.json"


def run_init(files: Sequence[Path], console: Console, *, as_json: bool, scans: Path | None, output: Path) -> ExitCode:
    """`dui init`."""
    console.say(f"dui {__version__}")
    if output.exists() or output.is_symlink():
        raise OutputError(Diagnostic("INI-01", None, {"file": output.name}))
    if scans is not None and not scans.is_dir():
        raise MappingError(Diagnostic("INI-04", None, {"file": str(scans)}))
    from converter.firststeps.draft import draft
    from converter.firststeps.guess import guess
    from converter.firststeps.tables import look_at

    looked = [look_at(path) for path in files]
    if problems := [d for file in looked for d in file.problems]:
        raise SourceError(problems)
    found = guess(looked)
    if not found.sources():
        raise SourceError(Diagnostic("INI-03"))
    lines = draft(found, output, scans, _SCHEMA)
    _write(output, lines.text())
    schema = _write_schema(output.parent / _SCHEMA)
    sources = {
        **({found.residents.name: "residents"} if found.residents else {}),
        **{s.name: "documents" for s in found.documents},
        **{s.name: "unused" for s in found.others},
    }
    if as_json:
        console.json(_record(output, schema, sources, lines.guesses, lines.blanks))
    console.table(("Source", "used for"), list(sources.items()))
    console.say(f"Wrote {output}: {lines.guesses} guesses to verify, {lines.blanks} gaps to fill in.")
    if schema is not None:
        console.say(f"Wrote {schema}: an editor that knows YAML completes and checks with it.")
    console.say('Fill in what is marked "à compléter" and look at what is marked "à vérifier".')
    console.say(f"Next: dui check {arguments(output)}")
    return ExitCode.OK


def _write(path: Path, text: str) -> None:
    """A new file, never one that is there; for its owner only, as it may hold words of the sources. OutputError."""
    try:
        with open(path, "x", encoding="utf-8", newline="\n", opener=_private) as stream:
            stream.write(text)
    except FileExistsError:
        raise OutputError(Diagnostic("INI-01", None, {"file": path.name})) from None
    except OSError as error:
        reason = errno.errorcode.get(error.errno or 0, type(error).__name__)
        raise OutputError(Diagnostic("INI-02", None, {"file": path.name, "error": reason})) from None


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _write_schema(path: Path) -> Path | None:
    """The schema, unless there is one; None then."""
    from converter.mapping.loader import json_schema

    if path.exists():
        return None
    _write(path, json.dumps(json_schema(), ensure_ascii=False, indent=2) + "\n")
    return path


def _record(output: Path, schema: Path | None, sources: dict[str, str], guesses: int, blanks: int) -> dict[str, Any]:
    return {
        "schema": "dui-converter/init/1",
        "mapping": str(output),
        "editor_schema": str(schema) if schema else None,
        "sources": sources,
        "to_verify": guesses,
        "to_fill_in": blanks,
    }
