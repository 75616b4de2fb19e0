"""Each sample against its expected tree: whole folders compared, JSON and XML parsed first, extra files fail.

``pytest tests/test_samples.py --update-expected`` rewrites the trees; look at the difference before you commit it.
"""

from __future__ import annotations

import base64
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from openpyxl import load_workbook

from converter import __version__
from tests.making import dui

SAMPLES = Path(__file__).parent.parent / "samples"
CASES = {"ehpad": 1, "ime": 0}


@pytest.mark.parametrize(("case", "code"), CASES.items())
def test_a_sample_gives_its_expected_tree(case: str, code: int, tmp_path: Path, update_expected: bool) -> None:
    ran = dui("convert", SAMPLES / case / "mapping.yaml", "-o", tmp_path / "out")
    assert ran.code == code, ran.err
    expected = SAMPLES / case / "expected"
    if update_expected:
        shutil.rmtree(expected, ignore_errors=True)
        _unfold(tmp_path / "out", expected)
    _unfold(tmp_path / "out", tmp_path / "unfolded")
    found, wanted = _tree(tmp_path / "unfolded"), _tree(expected)
    assert found.keys() == wanted.keys()
    # By name first: a whole tree in a failure message tells nobody what differs.
    assert [name for name in found if found[name] != wanted[name]] == []


def test_every_sample_is_tested_and_described() -> None:
    folders = {p.name for p in SAMPLES.iterdir() if (p / "mapping.yaml").is_file()}
    assert folders == set(CASES)
    readme = (SAMPLES / "README.md").read_text("utf-8")
    assert all(case in readme for case in CASES)


def _unfold(output: Path, target: Path) -> None:
    """A delivery as a tree to read: bundles without their base64, and the documents inside beside them.

    The journal is left out: it holds stamps of this machine's files.
    """
    for path in sorted(output.rglob("*")):
        relative = path.relative_to(output)
        if not path.is_file() or path.name == "journal.jsonl" or path.name.startswith("."):
            continue
        if relative.parts[0] == "bundles":
            _unfold_bundle(path, target / "bundles")
        elif path.suffix == ".xlsx":
            target.mkdir(parents=True, exist_ok=True)
            (target / f"{path.name}.txt").write_text(_sheets(path), encoding="utf-8")
        else:
            (target / relative).parent.mkdir(parents=True, exist_ok=True)
            (target / relative).write_bytes(path.read_bytes())


def _sheets(path: Path) -> str:
    """A workbook to read: each sheet by its name, a line of JSON for each row."""
    lines = []
    for sheet in load_workbook(path).worksheets:
        lines.append(f"[{sheet.title}]")
        for row in sheet.iter_rows(values_only=True):
            cells = list(row)
            while cells and cells[-1] is None:
                cells.pop()
            lines.append(json.dumps(cells, ensure_ascii=False))
    return "\n".join(lines) + "\n"


def _unfold_bundle(path: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    bundle = json.loads(path.read_text("utf-8"))
    for number, entry in enumerate(bundle["entry"], 1):
        attachment = entry["resource"]["content"][0]["attachment"]
        name = f"{path.stem}.{number:02d}.xml"
        (folder / name).write_bytes(_without_bodies(base64.b64decode(attachment["data"])))
        attachment["data"] = f"see {name}"
    text = json.dumps(bundle, ensure_ascii=False, indent=1)
    (folder / path.name).write_text(text + "\n", encoding="utf-8")


def _without_bodies(cda: bytes) -> bytes:
    """The document with each embedded file replaced by its size and sum."""
    import hashlib

    root = etree.fromstring(cda)
    for element in root.iter():
        if element.get("representation") == "B64" and element.text:
            body = base64.b64decode(element.text)
            element.text = f"{len(body)} bytes, SHA-256 {hashlib.sha256(body).hexdigest()}"
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def _tree(folder: Path) -> dict[str, Any]:
    return {p.relative_to(folder).as_posix(): _parsed(p) for p in sorted(folder.rglob("*")) if p.is_file()}


def _parsed(path: Path) -> Any:
    if path.suffix == ".json":
        found = json.loads(path.read_text("utf-8"))
        if path.name == "run.json":
            found.pop("tool")
        return found
    if path.suffix == ".html":
        return path.read_text("utf-8").replace(f"dui-converter {__version__}", "dui-converter")
    if path.suffix == ".xml":
        return etree.tostring(etree.parse(path), method="c14n")
    return path.read_bytes()


RELEASES = ("tddui-1.0.0-ballot", "tddui-1.0.1", "tddui-1.1.0", "cda-tddui-1.0.0", "cda-tddui-1.0.1")


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize(("case", "code"), CASES.items())
def test_a_sample_converts_under_every_release(case: str, code: int, release: str, tmp_path: Path) -> None:
    ran = dui("convert", SAMPLES / case / "mapping.yaml", "-o", tmp_path / "out", "--release", release)
    assert ran.code == code, ran.err
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8"))
    assert manifest["release"] == release
    verdict = dui("verify", tmp_path / "out", "--json")
    assert verdict.code == 0, verdict.err


def test_every_release_is_tried() -> None:
    from converter.fhir import RELEASES as KNOWN

    assert set(RELEASES) == set(KNOWN)
