"""Killed, out of space, not permitted: what is there is whole, and the next run ends as an undisturbed one would."""

import io
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from converter.delivery import ResidentEntry, WriteError, check_manifest, open_delivery
from converter.diagnostics import OutputError
from tests.delivery.making import HEAD, bundle, complete, deliver, tree, write

#: A run over ten residents that kills itself at the n-th rename, removal or sync (counted from 1).
RUN = """
import os, signal, sys
from pathlib import Path
from tests.delivery.making import HEAD, complete
from converter.delivery import open_delivery

left = int(sys.argv[2])
def counted(call):
    def wrapper(*args, **kwargs):
        global left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*args, **kwargs)
    return wrapper
os.fsync = counted(os.fsync)
Path.replace = counted(Path.replace)
Path.unlink = counted(Path.unlink)

version = sys.argv[3]
with open_delivery(Path(sys.argv[1])) as delivery:
    for n in range(4):
        entry = delivery.previous(f"r{n}")
        if entry is None or entry.fingerprint != version:
            complete(delivery, f"r{n}", *([version.encode()] * (1 + n % 2 + (version == "old"))), fingerprint=version)
    delivery.finish(HEAD, [f"r{n}" for n in range(4)])
"""


def run(folder: Path, kill_at: int, version: str) -> int:
    root = Path(__file__).parents[2]
    return subprocess.run([sys.executable, "-c", RUN, str(folder), str(kill_at), version], cwd=root).returncode


def listed_is_there(folder: Path) -> bool:
    """The promise of every instant: a manifest, if there is one, lists nothing that is not there as it says."""
    if not (folder / "manifest.json").exists():
        return True
    found = {d.code for d in check_manifest(folder).diagnostics}
    return found <= {"DLV-30"}  # the sums are still to come


@pytest.mark.parametrize("kill_at", [1, 2, 3, 4, 5, 7, 9, 11, 14, 17, 20, 23, 26, 29, 32, 35, 38, 41])
def test_killed_anywhere_and_run_again_gives_the_bytes_of_an_undisturbed_run(tmp_path, kill_at):
    with open_delivery(tmp_path / "reference") as delivery:
        for n in range(4):
            complete(delivery, f"r{n}", *([b"new"] * (1 + n % 2)))
        delivery.finish(HEAD, [f"r{n}" for n in range(4)])
    folder = tmp_path / "d"
    assert run(folder, 10_000, "old") == 0
    assert run(folder, kill_at, "new") in (-signal.SIGKILL, 0)
    assert listed_is_there(folder)
    assert run(folder, 10_000, "new") == 0
    assert tree(folder) == tree(tmp_path / "reference")


def test_a_bundle_renamed_but_not_noted_is_done_again(tmp_path):
    with open_delivery(tmp_path / "d") as delivery:
        complete(delivery, "aa")
        write(delivery, "bundles/bb.json", b"complete, but the run died here")
    with open_delivery(tmp_path / "d") as delivery:
        assert delivery.previous("bb") is None
        complete(delivery, "bb")
        delivery.finish(HEAD, ["aa", "bb"])
    assert check_manifest(tmp_path / "d").diagnostics == []


# ----------------------------------------------------------------------------------------------- what the disk refuses


@pytest.mark.parametrize(
    ("number", "code"),
    [("ENOSPC", "DLV-01"), ("EDQUOT", "DLV-01"), ("EACCES", "DLV-02"), ("EROFS", "DLV-03"), ("EIO", "DLV-04")],
)
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_each_refusal_has_its_code_and_leaves_nothing(tmp_path, monkeypatch, number, code, step):
    import errno

    def refuse(*_):
        raise OSError(getattr(errno, number), "refused")

    with open_delivery(tmp_path / "d") as delivery:
        complete(delivery, "aa", b"old")
        with monkeypatch.context() as patched:
            patched.setattr(*((os, step) if step == "fsync" else (Path, step)), refuse)
            with pytest.raises(WriteError) as error:
                write(delivery, "bundles/aa.json", b"new")
        assert [d.code for d in error.value.diagnostics] == [code]
        assert (tmp_path / "d/bundles/aa.json").read_bytes() == b"old"
        assert list(delivery.work.iterdir()) == []


def test_a_journal_line_that_does_not_fit_is_as_never_written(tmp_path, monkeypatch):
    class Torn(io.FileIO):
        """Has room for twenty bytes more."""

        room = 20

        def write(self, data):
            if not self.room:
                raise OSError(28, "no space")
            taken, self.room = bytes(data[: self.room]), 0
            return super().write(taken)

    folder = tmp_path / "d"
    with open_delivery(folder) as delivery:
        complete(delivery, "aa")
        before = (folder / "journal.jsonl").read_bytes()
        write(delivery, "bundles/bb.json", b"bb" * 10)
        with monkeypatch.context() as patched:
            patched.setattr(delivery._journal, "_out", Torn(folder / "journal.jsonl", "r+b"))
            with pytest.raises(OutputError):
                delivery.completed(ResidentEntry("bb", "fp", (bundle("bundles/bb.json", b"bb" * 10),), {}))
        assert (folder / "journal.jsonl").read_bytes() == before
        assert delivery.previous("bb") is None
        complete(delivery, "bb")
        assert delivery.previous("bb") is not None


FULL = """
import sys
from pathlib import Path
from tests.delivery.making import HEAD, complete
from converter.delivery import open_delivery

with open_delivery(Path(sys.argv[1])) as delivery:
    for n in range(int(sys.argv[2])):
        if delivery.previous(f"r{n}") is None:
            complete(delivery, f"r{n}", b"x" * 100_000)
    delivery.finish(HEAD, [f"r{n}" for n in range(int(sys.argv[2]))])
"""


@pytest.fixture
def small_disk(tmp_path):
    """A file system of one megabyte, where this account may mount one."""
    point = tmp_path / "disk"
    point.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(point)], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting a small file system is not permitted here")
    yield point
    subprocess.run(["umount", str(point)], check=True)


@pytest.mark.skipif(not shutil.which("mount"), reason="there is no mount command here")
def test_a_full_disk_stops_clearly_and_the_run_goes_on_once_there_is_room(tmp_path, small_disk):
    root = Path(__file__).parents[2]
    (small_disk / "ballast").write_bytes(b"x" * 600_000)
    full = subprocess.run(
        [sys.executable, "-c", FULL, str(small_disk / "d"), "5"], cwd=root, capture_output=True, text=True
    )
    assert "DLV-01" in full.stderr
    assert {p.stat().st_size for p in (small_disk / "d/bundles").iterdir()} == {100_000}
    assert sorted(p.name for p in (small_disk / "d").iterdir()) == ["bundles", "journal.jsonl"]
    (small_disk / "ballast").unlink()
    assert subprocess.run([sys.executable, "-c", FULL, str(small_disk / "d"), "5"], cwd=root).returncode == 0
    assert check_manifest(small_disk / "d").diagnostics == []


def test_a_file_size_limit_has_its_own_code(tmp_path):
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n" + FULL
    done = subprocess.run(
        [sys.executable, "-c", limited, str(tmp_path / "d"), "1"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert "DLV-10" in done.stderr
    assert list((tmp_path / "d/bundles").iterdir()) == []


def test_a_failure_while_finishing_leaves_the_old_manifest(tmp_path, monkeypatch):
    folder = deliver(tmp_path / "d", "aa")
    before = tree(folder)

    def refuse(*_):
        raise OSError(28, "no space")

    with open_delivery(folder) as delivery:
        assert delivery.previous("aa")
        monkeypatch.setattr(os, "fsync", refuse)
        with pytest.raises(WriteError):
            delivery.finish(HEAD | {"release": "tddui-1.0.1"}, ["aa"])
    assert tree(folder) == before
