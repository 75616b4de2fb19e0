"""Which file an index means: spelling of paths, prefixes, case and composition, links, what is no file."""

from __future__ import annotations

import os
import pickle
import socket
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import pytest

from converter.sources.scans import ScanError, ScanRoot, stamp
from converter.sources.scans import root as root_module
from tests.sources.making_scans import codes, refused


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    scans = tmp_path / "ged"
    (scans / "2019").mkdir(parents=True)
    (scans / "2019" / "1.pdf").write_bytes(b"x")
    return scans


def found(folder: Path, written: str, prefixes: Sequence[str] = ()) -> str:
    located = ScanRoot(folder, prefixes).locate(written)
    assert located.notices == ()
    return located.relative


@pytest.mark.parametrize(
    "written",
    [
        "2019/1.pdf",
        r"2019\1.pdf",
        "./2019//1.pdf",
        r".\2019\\1.pdf",
        " 2019/1.pdf ",
        '"2019/1.pdf"',
        "2019/./1.pdf",
    ],
)
def test_relative_spellings(folder: Path, written: str) -> None:
    assert found(folder, written) == "2019/1.pdf"


@pytest.mark.parametrize(
    ("prefix", "written"),
    [
        (r"G:\DOCS", r"G:\DOCS\2019\1.pdf"),
        (r"G:\DOCS", "g:/docs/2019/1.pdf"),
        ("G:/DOCS/", r"g:\Docs\\2019\1.pdf"),
        ("g:", r"G:\2019\1.pdf"),
        (r"\\srv\ged", r"\\SRV\Ged\2019\1.pdf"),
        (r"\\srv\ged", "//srv/ged/2019/1.pdf"),
        (r"\\srv\ged", r"\\\\srv\\ged\\2019\\1.pdf"),
        (r"\\srv\ged", "file://srv/ged/2019/1.pdf"),
        (r"\\srv\ged", "file:////srv/ged/2019/1.pdf"),
        (r"G:\Mes documents", "file:///G:/Mes%20documents/2019/1.pdf"),
        ("file:///G:/Mes%20documents/", r"G:\Mes documents\2019\1.pdf"),
        ("http://ged/docs/", "HTTP://GED/docs/2019%2F1.pdf"),
        ("http://ged/get?file=", "http://ged/get?file=2019/1.pdf"),
        ("/mnt/ged", "/mnt/ged/2019/1.pdf"),
        ("/mnt/ged", "file:///mnt/ged/2019/1.pdf"),
        ("archive/ged", "Archive/GED/2019/1.pdf"),
        (r"G:\ÉTÉ", "g:/été/2019/1.pdf"),
        (r"..\ged", r"..\ged\2019\1.pdf"),
    ],
)
def test_prefixes_are_taken_off(folder: Path, prefix: str, written: str) -> None:
    assert found(folder, written, [prefix]) == "2019/1.pdf"


def test_the_longest_prefix_counts(folder: Path) -> None:
    (folder / "2019" / "2019").mkdir()
    (folder / "2019" / "2019" / "1.pdf").write_bytes(b"y")
    prefixes = ["G:", r"G:\DOCS\2019", r"G:\DOCS"]
    assert found(folder, r"G:\DOCS\2019\2019\1.pdf", prefixes) == "2019/1.pdf"


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("", "SCAN-01"),
        (" . ", "SCAN-01"),
        (r"G:\DOCS", "SCAN-01"),
        (r"G:\DOCS\..\x.pdf", "SCAN-02"),
        ("../x.pdf", "SCAN-02"),
        ("2019/../../x.pdf", "SCAN-02"),
        ("http://ged/%2e%2e/x.pdf", "SCAN-02"),
        (r"http://ged/..%5cx.pdf", "SCAN-02"),
        (r"H:\DOCS\1.pdf", "SCAN-03"),
        (r"G:\DOCS2\1.pdf", "SCAN-03"),
        (r"G:\DOCS\C:\1.pdf", "SCAN-03"),
        ("C:1.pdf", "SCAN-03"),
        ("file:///C:/1.pdf", "SCAN-03"),
        ("/c:/1.pdf", "SCAN-03"),
        (r"\\srv\ged\1.pdf", "SCAN-04"),
        (r"\\?\C:\1.pdf", "SCAN-04"),
        ("file://srv/1.pdf", "SCAN-04"),
        ("/etc/passwd", "SCAN-05"),
        (r"\1.pdf", "SCAN-05"),
        ("file:///etc/passwd", "SCAN-05"),
        ("https://ged/1.pdf", "SCAN-06"),
        ("file:1.pdf", "SCAN-06"),
        ("ftp://ged/1.pdf", "SCAN-06"),
        ("2019/1.pdf\0", "SCAN-07"),
        ("2019/1\n.pdf", "SCAN-07"),
        ("http://ged/1%00.pdf", "SCAN-07"),
        ("2019/\ud800.pdf", "SCAN-07"),
        ("2019/\x85.pdf", "SCAN-07"),
        ("é" * 200 + ".pdf", "SCAN-08"),
        ("a/" * 3000 + "x.pdf", "SCAN-08"),
        ("2019/2.pdf", "SCAN-09"),
        ("2020/1.pdf", "SCAN-09"),
        ("2019/1.pdf/x", "SCAN-09"),
        ("2019/1%2Epdf", "SCAN-09"),
        ("2019", "SCAN-12"),
    ],
)
def test_what_leads_elsewhere_is_refused(folder: Path, written: str, code: str) -> None:
    root = ScanRoot(folder, [r"G:\DOCS", "http://ged/"])
    assert refused(lambda: root.locate(written)) == code


def test_percent_signs_of_a_file_name_stand_for_themselves(folder: Path) -> None:
    (folder / "100%20.pdf").write_bytes(b"x")
    assert found(folder, "100%20.pdf") == "100%20.pdf"


def test_old_servers_wrote_windows_bytes(folder: Path) -> None:
    (folder / "été.pdf").write_bytes(b"x")
    assert found(folder, "http://ged/%E9t%E9.pdf", ["http://ged"]) == "été.pdf"
    assert found(folder, "http://ged/%C3%A9t%C3%A9.pdf", ["http://ged"]) == "été.pdf"


def test_case_of_folder_and_file_is_stated(folder: Path) -> None:
    located = ScanRoot(folder).locate("2019/1.PDF")
    assert (located.relative, codes(located.notices)) == ("2019/1.pdf", ["SCAN-70"])
    (folder / "Été").mkdir()
    (folder / "Été" / "A.pdf").write_bytes(b"x")
    located = ScanRoot(folder).locate(r"ÉTÉ\a.PDF")
    assert (located.relative, codes(located.notices)) == ("Été/A.pdf", ["SCAN-70"])


@pytest.mark.parametrize(("on_disk", "written"), [("NFD", "NFC"), ("NFC", "NFD")])
def test_composition_is_stated(folder: Path, on_disk: str, written: str) -> None:
    name = unicodedata.normalize(on_disk, "Prénom.pdf")  # type: ignore[arg-type]
    (folder / name).write_bytes(b"x")
    located = ScanRoot(folder).locate(unicodedata.normalize(written, "Prénom.pdf"))  # type: ignore[arg-type]
    assert (located.relative, codes(located.notices)) == (name, ["SCAN-71"])


def test_composition_and_case_together(folder: Path) -> None:
    (folder / unicodedata.normalize("NFD", "PRÉNOM.pdf")).write_bytes(b"x")
    assert codes(ScanRoot(folder).locate("prénom.PDF").notices) == ["SCAN-70"]


def test_several_that_differ_by_case_are_ambiguous(folder: Path) -> None:
    (folder / "A.pdf").write_bytes(b"x")
    (folder / "a.pdf").write_bytes(b"y")
    root = ScanRoot(folder)
    assert root.locate("A.pdf").relative == "A.pdf"
    assert root.locate("a.pdf").relative == "a.pdf"
    assert refused(lambda: root.locate("a.PDF")) == "SCAN-10"


def test_folders_that_differ_by_case_are_all_looked_into(folder: Path) -> None:
    (folder / "GED").mkdir()
    (folder / "ged").mkdir()
    (folder / "ged" / "x.pdf").write_bytes(b"x")
    located = ScanRoot(folder).locate("GED/x.pdf")
    assert (located.relative, codes(located.notices)) == ("ged/x.pdf", ["SCAN-70"])
    (folder / "GED" / "X.pdf").write_bytes(b"y")
    assert refused(lambda: ScanRoot(folder).locate("GED/x.pdf")) == "SCAN-10"


def test_a_composed_name_goes_before_one_that_differs_by_case(folder: Path) -> None:
    (folder / unicodedata.normalize("NFD", "é.pdf")).write_bytes(b"x")
    (folder / "É.pdf").write_bytes(b"y")
    assert codes(ScanRoot(folder).locate("é.pdf").notices) == ["SCAN-71"]


def test_a_folder_does_not_make_a_file_ambiguous(folder: Path) -> None:
    (folder / "a.PDF").mkdir()
    (folder / "A.pdf").write_bytes(b"x")
    assert ScanRoot(folder).locate("a.pdf").relative == "A.pdf"


def test_endless_spellings_are_ambiguous(folder: Path) -> None:
    for number in range(2**7):
        name = "".join(c.upper() if number >> bit & 1 else c for bit, c in enumerate("abcdefg"))
        (folder / name).write_bytes(b"x")
    assert refused(lambda: ScanRoot(folder).locate("ABCDEFG/x")) == "SCAN-10"


def test_links_inside_are_followed_and_outside_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.pdf").write_bytes(b"x")
    (folder / "inside.pdf").symlink_to(folder / "2019" / "1.pdf")
    (folder / "outside.pdf").symlink_to(tmp_path / "secret.pdf")
    (folder / "up").symlink_to(tmp_path)
    (folder / "gone.pdf").symlink_to(folder / "nothing.pdf")
    (folder / "loop.pdf").symlink_to(folder / "loop.pdf")
    root = ScanRoot(folder)
    located = root.locate("inside.pdf")
    assert located.relative == "inside.pdf"
    assert located.path == (folder / "2019" / "1.pdf").resolve()
    assert refused(lambda: root.locate("outside.pdf")) == "SCAN-11"
    assert refused(lambda: root.locate("OUTSIDE.pdf")) == "SCAN-11"
    assert refused(lambda: root.locate("up/secret.pdf")) == "SCAN-11"
    assert refused(lambda: root.locate("gone.pdf")) == "SCAN-16"
    assert refused(lambda: root.locate("loop.pdf")) == "SCAN-16"


def test_a_sibling_with_the_same_beginning_is_outside(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "ged2"
    other.mkdir()
    (other / "x.pdf").write_bytes(b"x")
    (folder / "x.pdf").symlink_to(other / "x.pdf")
    assert refused(lambda: ScanRoot(folder).locate("x.pdf")) == "SCAN-11"


def test_the_folder_itself_may_be_a_link(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(folder)
    assert found(tmp_path / "alias", "2019/1.pdf") == "2019/1.pdf"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_pipes_sockets_and_devices_are_never_opened(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(folder / "pipe.pdf")
    (folder / "zero.pdf").symlink_to("/dev/zero")
    monkeypatch.chdir(folder)  # a socket's address is short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.pdf")
        root = ScanRoot(folder)
        assert refused(lambda: root.locate("pipe.pdf")) == "SCAN-13"
        assert refused(lambda: root.locate("socket.pdf")) == "SCAN-13"
        assert refused(lambda: root.locate("zero.pdf")) == "SCAN-11"
        assert list(root.files()) == ["2019/1.pdf"]


def test_a_missing_folder_says_so(tmp_path: Path) -> None:
    assert refused(lambda: ScanRoot(tmp_path / "none").locate("x.pdf")) == "SCAN-15"
    (tmp_path / "file").write_bytes(b"x")
    assert refused(lambda: ScanRoot(tmp_path / "file").locate("x.pdf")) == "SCAN-15"
    assert refused(lambda: list(ScanRoot(tmp_path / "none").files())) == "SCAN-15"


def test_no_access_is_told_from_missing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: object, **options: object) -> str:
        raise PermissionError(13, "denied")

    root = ScanRoot(folder)
    root.locate("2019/1.pdf")
    monkeypatch.setattr(root_module.os.path, "realpath", denied)
    with pytest.raises(ScanError) as caught:
        root.locate("2019/1.pdf")
    assert (caught.value.code, caught.value.params) == ("SCAN-14", {"reason": "EACCES"})


def test_where_the_system_ignores_case_the_spelling_is_still_stated(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = root_module._exists

    def insensitive(path: str) -> bool:
        return real(path) or any(p.as_posix().lower() == path.lower() for p in [folder, *folder.rglob("*")])

    monkeypatch.setattr(root_module, "_exists", insensitive)
    root = ScanRoot(folder)
    assert root.locate("2019/1.pdf").notices == ()
    assert codes(root.locate("2019/1.PDF").notices) == ["SCAN-70"]


def test_listings_are_forgotten_when_they_hold_too_many_names(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(root_module, "_CACHED_NAMES", 3)
    for number in range(4):
        (folder / f"d{number}").mkdir()
        for name in "ab":
            (folder / f"d{number}" / f"{name}.pdf").write_bytes(b"x")
    root = ScanRoot(folder)
    for number in (0, 1, 2, 3, 0):
        assert root.locate(f"D{number}/A.pdf").relative == f"d{number}/a.pdf"
    assert root._listings._names <= 5 + 2


def test_files_are_sorted_by_path_and_system_files_left_out(folder: Path, tmp_path: Path) -> None:
    for name in ("2019-b.pdf", "2019.pdf", "2019/é.pdf", "Thumbs.db", ".DS_Store", "2019/~$x.doc", "2019/desktop.ini"):
        (folder / name).write_bytes(b"x")
    (folder / "__MACOSX").mkdir()
    (folder / "__MACOSX" / "x.pdf").write_bytes(b"x")
    (folder / "link.pdf").symlink_to(folder / "2019.pdf")
    (folder / "loop").symlink_to(folder)
    (folder / "empty").mkdir()
    listed = list(ScanRoot(folder).files())
    assert listed == sorted(["2019-b.pdf", "2019.pdf", "2019/1.pdf", "2019/é.pdf"])


def test_names_that_are_no_utf_8_are_listed_and_found(folder: Path) -> None:
    try:
        (Path(os.fsdecode(os.fsencode(folder) + b"/\xe9t\xe9.pdf"))).write_bytes(b"x")
    except OSError:
        pytest.skip("the file system takes UTF-8 names only")
    root = ScanRoot(folder)
    name = next(name for name in root.files() if not name.isascii())
    assert root.locate(name).path.read_bytes() == b"x"


def test_an_error_crosses_processes_and_quotes_no_path(folder: Path) -> None:
    with pytest.raises(ScanError) as caught:
        ScanRoot(folder).locate("Dupont Jeanne.pdf")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (copy.code, str(copy)) == (caught.value.code, str(caught.value))
    assert "Dupont" not in str(copy)
    assert "Dupont" not in repr(copy)


def test_a_stamp_tells_a_touched_file(folder: Path) -> None:
    path = folder / "2019" / "1.pdf"
    before = stamp(path)
    assert stamp(path) == before
    path.write_bytes(b"xy")
    assert stamp(path) != before
