"""Containers that are protected, damaged or hostile are refused, in bounded time and memory."""

from __future__ import annotations

import struct
import tracemalloc
import zipfile
from pathlib import Path

import openpyxl
import pytest
from msoffcrypto.format.ooxml import OOXMLFile

from converter.sources import containers, limits
from converter.sources.compound import CompoundError, CompoundFile
from converter.sources.containers import Container
from tests.sources.making import rows, xlsb, xlsx_parts, zipped
from tests.sources.reading import Open, cells, refusal


def workbook(path: Path) -> bytes:
    zipped(path, xlsx_parts(rows('<c r="A¤"><v>1</v></c>')))
    return path.read_bytes()


def test_a_workbook_with_a_password_says_so(source: Open, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.save(tmp_path / "clear.xlsx")
    with (tmp_path / "clear.xlsx").open("rb") as clear, (tmp_path / "a.xlsx").open("wb") as out:
        OOXMLFile(clear).encrypt("mot de passe", out)
    assert refusal(lambda: source(["Id"], file="a.xlsx")) == ["SRC-09"]
    (tmp_path / "a.xlsx").rename(tmp_path / "a.csv")
    assert refusal(lambda: source(["Id"], file="a.csv")) == ["SRC-09"]


def test_an_encrypted_zip_says_so(source: Open, tmp_path: Path) -> None:
    content = bytearray(workbook(tmp_path / "a.xlsx"))
    at = content.find(b"PK\x01\x02")
    while at >= 0:
        content[at + 8] |= 1
        at = content.find(b"PK\x01\x02", at + 4)
    (tmp_path / "a.xlsx").write_bytes(content)
    assert refusal(lambda: source(["Id"], file="a.xlsx")) in (["SRC-09"], ["SRC-11"])


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_workbook_cut_short_is_refused(source: Open, tmp_path: Path, share: float) -> None:
    whole = workbook(tmp_path / "whole.xlsx")
    (tmp_path / "a.xlsx").write_bytes(whole[: int(len(whole) * share)])
    assert refusal(lambda: source(["Id"], file="a.xlsx")) == ["SRC-11"]


def test_a_damaged_part_is_refused(source: Open, tmp_path: Path) -> None:
    zipped(tmp_path / "a.xlsx", xlsx_parts(rows(*[f'<c r="A¤"><v>{at}</v></c>' for at in range(500)])))
    content = bytearray((tmp_path / "a.xlsx").read_bytes())
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        entry = archive.getinfo("xl/worksheets/sheet1.xml")
    at = entry.header_offset + 30 + len(entry.filename) + entry.compress_size // 2
    content[at : at + 20] = b"\x00" * 20
    (tmp_path / "a.xlsx").write_bytes(content)
    assert refusal(lambda: source(["Id"], file="a.xlsx")) == ["SRC-11"]


def test_markup_cut_short_inside_a_workbook_is_refused(source: Open, tmp_path: Path) -> None:
    parts = xlsx_parts(rows('<c r="A¤"><v>1</v></c>'))
    parts["xl/worksheets/sheet1.xml"] = parts["xl/worksheets/sheet1.xml"][:-40]
    zipped(tmp_path / "a.xlsx", parts)
    assert refusal(lambda: source(["Id"], file="a.xlsx")) == ["SRC-11"]


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml"])
def test_no_part_declares_a_document_type(source: Open, tmp_path: Path, part: str) -> None:
    parts = xlsx_parts(rows('<c r="A¤"><v>1</v></c>'))
    body = parts[part].partition("?>")[2] or parts[part]
    bomb = '<!DOCTYPE a [<!ENTITY a "xxxx"><!ENTITY b "&a;&a;&a;&a;">]>'
    parts[part] = f'<?xml version="1.0"?>{bomb}{body}'
    zipped(tmp_path / "a.xlsx", parts)
    assert refusal(lambda: source(["Id"], file="a.xlsx")) == ["SRC-23"]


def bomb(path: Path, megabytes: int, lie: bool = False) -> None:
    """A sheet that packs zeros a thousand to one; ``lie``: its directory entry says that it is small."""
    parts = xlsx_parts("")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            if name != "xl/worksheets/sheet1.xml":
                archive.writestr(name, content)
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=False) as stream:
            stream.write(b'<?xml version="1.0"?><worksheet>')
            for _ in range(megabytes):
                stream.write(b" " * 2**20)
    if lie:
        content = bytearray(path.read_bytes())
        at = content.find(b"PK\x01\x02")
        while at >= 0:
            size = struct.unpack_from("<I", content, at + 24)[0]
            if size > 2**20:
                struct.pack_into("<I", content, at + 24, 1000)
            at = content.find(b"PK\x01\x02", at + 4)
        path.write_bytes(content)


@pytest.mark.parametrize("lie", [False, True])
def test_a_zip_bomb_costs_neither_time_nor_memory(source: Open, tmp_path: Path, lie: bool) -> None:
    bomb(tmp_path / "a.xlsx", 300, lie)
    assert (tmp_path / "a.xlsx").stat().st_size < 2**20
    tracemalloc.start()
    try:
        assert refusal(lambda: source(["Id"], file="a.xlsx")) in (["SRC-12"], ["SRC-11"])
        assert tracemalloc.get_traced_memory()[1] < 100 * 2**20
    finally:
        tracemalloc.stop()


def test_parts_beyond_count(source: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workbook(tmp_path / "a.xlsx")
    monkeypatch.setattr(containers, "MAX_ZIP_PARTS", 3)
    assert refusal(lambda: source(["Id"], file="a.xlsx")) == ["SRC-12"]


def test_parts_beyond_their_sum(source: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workbook(tmp_path / "a.xlsx")
    monkeypatch.setattr(containers, "MAX_EXPANDED_BYTES", 100)
    assert refusal(lambda: source(["Id"], file="a.xlsx")) == ["SRC-12"]


def test_a_large_genuine_part_is_no_bomb(tmp_path: Path) -> None:
    assert limits.SMALL_PART_BYTES > 0
    zipped(tmp_path / "a.xlsx", {"part.xml": "".join(f"<v>{at}</v>" for at in range(300_000))})
    with Container(tmp_path / "a.xlsx", "a.xlsx") as container:
        assert container.size("part.xml") == len(container.read("PART.xml")) > 2**20
        assert container.read("none.xml") == b""


def test_a_damaged_xlsb_is_refused(source: Open, tmp_path: Path) -> None:
    xlsb(tmp_path / "a.xlsb", [[("s", "Id", 0)], [("s", "1", 0)]])
    assert cells(source(["Id"], file="a.xlsb")) == [("1",)]
    with zipfile.ZipFile(tmp_path / "a.xlsb") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["xl/workbook.bin"] = parts["xl/workbook.bin"][:12]
    zipped(tmp_path / "b.xlsb", parts)
    assert refusal(lambda: source(["Id"], file="b.xlsb")) in (["SRC-11"], ["SRC-05"])


# ------------------------------------------------------------------------------------------------- compound files


def compound(sectors: int = 3) -> bytearray:
    head = bytearray(512)
    head[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    struct.pack_into("<HHHHH", head, 24, 0x3E, 3, 0xFFFE, 9, 6)
    struct.pack_into("<III", head, 44, 1, 1, 0)
    struct.pack_into("<IIIII", head, 56, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    struct.pack_into("<I", head, 76, 0)
    for at in range(1, 109):
        struct.pack_into("<I", head, 76 + 4 * at, 0xFFFFFFFF)
    table = bytearray(struct.pack("<128I", 0xFFFFFFFD, 0xFFFFFFFE, *[0xFFFFFFFF] * 126))
    return head + table + bytearray(512 * (sectors - 2))


def test_a_chain_that_loops_is_damage(tmp_path: Path) -> None:
    content = compound()
    struct.pack_into("<I", content, 512 + 4, 1)
    (tmp_path / "a.xls").write_bytes(content)
    with pytest.raises(CompoundError):
        CompoundFile(tmp_path / "a.xls")


def test_an_empty_compound_file_has_no_streams(tmp_path: Path) -> None:
    (tmp_path / "a.xls").write_bytes(compound())
    with CompoundFile(tmp_path / "a.xls") as found:
        assert found.streams == {}
    with pytest.raises(CompoundError):
        CompoundFile(_cut(tmp_path / "a.xls", 100))


def _cut(path: Path, size: int) -> Path:
    path.write_bytes(path.read_bytes()[:size])
    return path


@pytest.mark.parametrize("name", ["WordDocument", "Autre"])
def test_other_compound_files_are_named(source: Open, tmp_path: Path, name: str) -> None:
    content = compound()
    entry = name.encode("utf-16-le") + b"\x00\x00"
    content[1024 : 1024 + len(entry)] = entry
    struct.pack_into("<HB", content, 1024 + 64, len(entry), 2)
    struct.pack_into("<IQ", content, 1024 + 116, 0xFFFFFFFE, 0)
    (tmp_path / "a.xls").write_bytes(content)
    assert refusal(lambda: source(["Id"], file="a.xls")) == ["SRC-07"]
