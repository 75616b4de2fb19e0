"""Word-processor files into PDF by LibreOffice, where it is installed and the mapping asks for it (`convert_office`).

The program works on a copy with a neutral name, in a folder and with a profile of its own: it writes nothing beside the
scan, runs no macro, follows no link and leaves nothing behind. What it dates and numbers is taken out afterwards. Its
layout is its own: the caller states that (SCAN-80).
"""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from converter.model import ScanFile
from converter.sources.scans.kinds import KINDS, label
from converter.sources.scans.limits import OFFICE_SECONDS
from converter.sources.scans.problems import ScanError

__all__ = ["word_to_pdf"]

_PROGRAMS = ("soffice", "libreoffice")
#: PDF/A-1b.
_FILTER = 'pdf:writer_pdf_Export:{"SelectPdfVersion":{"type":"long","value":"1"}}'
_SETTINGS = (
    ("org.openoffice.Office.Common/Security/Scripting", "MacroSecurityLevel", "3"),
    ("org.openoffice.Office.Common/Security/Scripting", "DisableMacrosExecution", "true"),
    ("org.openoffice.Office.Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
    ("org.openoffice.Office.Writer/Content/Update", "Link", "0"),
)
#: What the program needs of this process's environment.
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "FONTCONFIG_PATH", "FONTCONFIG_FILE")


def word_to_pdf(data: bytes, scan: ScanFile, work: Path) -> bytes:
    """The PDF's bytes. ScanError when the program is missing, fails, or takes too long."""
    kind = label(scan.media_type)
    program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if program is None:
        raise ScanError("SCAN-53", {"type": kind})
    with tempfile.TemporaryDirectory(dir=work) as folder:
        here = Path(folder)
        source = here / f"document.{KINDS[scan.media_type].extensions[0]}"
        source.write_bytes(data)
        _write_profile(here / "profile")
        _run(program, here, source, kind)
        made = source.with_suffix(".pdf")
        if not made.is_file():
            raise ScanError("SCAN-54", {"type": kind, "reason": "—"})
        return _undated(made.read_bytes(), kind)


def _write_profile(profile: Path) -> None:
    items = "".join(
        f'<item oor:path="/{path}"><prop oor:name="{name}" oor:op="fuse"><value>{value}</value></prop></item>'
        for path, name, value in _SETTINGS
    )
    (profile / "user").mkdir(parents=True)
    (profile / "user" / "registrymodifications.xcu").write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n<oor:items xmlns:oor="http://openoffice.org/2001/registry"'
        ' xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"{items}</oor:items>\n",
        encoding="utf-8",
    )


def _run(program: str, folder: Path, source: Path, kind: str) -> None:
    command = [
        program,
        f"-env:UserInstallation={(folder / 'profile').resolve().as_uri()}",
        *("--headless", "--invisible", "--norestore", "--nologo", "--nodefault", "--nofirststartwizard"),
        *("--convert-to", _FILTER, "--outdir", str(folder), str(source)),
    ]
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    process = subprocess.Popen(  # noqa: S603  # a fixed command, no shell
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment | {"HOME": str(folder), "TMPDIR": str(folder), "SOURCE_DATE_EPOCH": "0"},
        cwd=folder,
        start_new_session=True,
    )
    try:
        status = process.wait(OFFICE_SECONDS)
    except subprocess.TimeoutExpired:
        raise ScanError("SCAN-54", {"type": kind, "reason": f"> {OFFICE_SECONDS} s"}) from None
    finally:
        _end(process)
    if status:
        raise ScanError("SCAN-54", {"type": kind, "reason": str(status)})


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends the program and what it started: its launcher is not the one that works."""
    if process.poll() is not None:
        return
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def _undated(data: bytes, kind: str) -> bytes:
    """The same PDF without dates and random identifiers."""
    import pikepdf

    target = io.BytesIO()
    try:
        with pikepdf.open(io.BytesIO(data)) as pdf:
            with pdf.open_metadata(set_pikepdf_as_editor=False, update_docinfo=False) as xmp:
                for name in ("xmp:CreateDate", "xmp:ModifyDate", "xmp:MetadataDate", "xmpMM:DocumentID", "dc:date"):
                    if name in xmp:
                        del xmp[name]
            for name in ("/CreationDate", "/ModDate"):
                if name in pdf.docinfo:
                    del pdf.docinfo[name]
            if "/DocChecksum" in pdf.trailer:
                del pdf.trailer["/DocChecksum"]
            pdf.save(target, deterministic_id=True)
    except pikepdf.PdfError:
        raise ScanError("SCAN-54", {"type": kind, "reason": "PDF"}) from None
    return target.getvalue()
