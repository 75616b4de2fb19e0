"""A copy that was cut anywhere never passes for the document."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converter.sources.scans import ScanError
from tests.sources.making_scans import RTF, docx, image, look, ole, pages, pdf, updated_pdf

SOUND = {
    "pdf": pdf(3),
    "pdf, linearized": pdf(3, linearize=True),
    "pdf, updated": updated_pdf(),
    "pdf, random": pdf(1, xmp=os.urandom(200).hex()),
    "jpeg": image("JPEG"),
    "jpeg, progressive": image("JPEG", progressive=True),
    "tiff": image("TIFF"),
    "tiff, packed": image("TIFF", compression="tiff_lzw"),
    "tiff, fax": image("TIFF", "1", compression="group4"),
    "tiff, pages": pages("TIFF", 3),
    "bigtiff": image("TIFF", big_tiff=True),
    "png": image("PNG"),
    "png, palette": image("PNG", "P"),
    "gif": image("GIF", "P"),
    "gif, frames": pages("GIF", 3),
    "bmp": image("BMP"),
    "bmp, palette": image("BMP", "P"),
    "rtf": RTF,
    "docx": docx(),
    "doc": ole({"WordDocument": b"\xec\xa5" + b"x" * 5000}),
}


@pytest.mark.parametrize("kind", SOUND)
@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_a_cut_copy_never_passes(kind: str, data: st.DataObject) -> None:
    whole = SOUND[kind]
    size = data.draw(st.integers(0, len(whole) - 1))
    if not whole[size:].strip(b"\0\r\n "):
        return  # nothing but padding is missing
    if kind == "pdf, updated" and whole[:size].rstrip().endswith(b"%%EOF"):
        return  # the earlier revision, whole
    with tempfile.TemporaryDirectory() as folder, pytest.raises(ScanError) as caught:
        look(Path(folder), whole[:size])
    assert caught.value.code in {"SCAN-20", "SCAN-21", "SCAN-22", "SCAN-25"}


@pytest.mark.parametrize("kind", SOUND)
def test_the_whole_passes(kind: str, tmp_path: Path) -> None:
    assert look(tmp_path, SOUND[kind])[0].size == len(SOUND[kind])


@settings(max_examples=150, deadline=None)
@given(
    head=st.sampled_from([content[:40] for content in SOUND.values()]),
    noise=st.binary(max_size=200),
    tail=st.sampled_from([b"", b"%%EOF", b"\xff\xd9", b"}", b"IEND\xaeB`\x82"]),
)
def test_hostile_bytes_give_an_answer_or_a_scan_error(head: bytes, noise: bytes, tail: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            scan, _ = look(Path(folder), head + noise + tail)
        except ScanError as error:
            assert error.code.startswith("SCAN-")
        else:
            assert scan.media_type


@settings(max_examples=150, deadline=None)
@given(kind=st.sampled_from(sorted(SOUND)), data=st.data())
def test_a_changed_byte_gives_an_answer_or_a_scan_error(kind: str, data: st.DataObject) -> None:
    content = bytearray(SOUND[kind])
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with tempfile.TemporaryDirectory() as folder:
        try:
            scan, _ = look(Path(folder), bytes(content))
        except ScanError as error:
            assert error.code.startswith("SCAN-")
        else:
            assert scan.size == len(content)
