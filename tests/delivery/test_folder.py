"""A delivery keeps what is complete, refuses what is not its own, and leaves nothing behind."""

import os
import pickle
import shutil
import stat
import subprocess
import sys

import pytest

from converter.delivery import NullWriter, ResidentEntry, open_delivery
from converter.diagnostics import ExitCode, OutputError
from tests.delivery.making import HEAD, bundle, complete, deliver, tree, write


def codes(error):
    return [d.code for d in error.value.diagnostics]


# ------------------------------------------------------------------------------------------------------- what is made


def test_files_and_folders_are_the_owners_only(tmp_path):
    folder = deliver(tmp_path / "d", "aa")
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in [folder, *folder.rglob("*")]}
    assert modes == {
        "d": 0o700,
        "bundles": 0o700,
        "aa.json": 0o600,
        "manifest.json": 0o600,
        "SHA256SUMS": 0o600,
        "journal.jsonl": 0o600,
    }


def test_sums_are_what_sha256sum_accepts(tmp_path):
    folder = deliver(tmp_path / "d", "aa", "bb")
    done = subprocess.run(["sha256sum", "--strict", "-c", "SHA256SUMS"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["bundles/aa.json: OK", "bundles/bb.json: OK", "manifest.json: OK"]


def test_the_same_run_gives_the_same_bytes_in_any_order_of_completion(tmp_path):
    with open_delivery(tmp_path / "one") as one, open_delivery(tmp_path / "two") as two:
        for delivery, order in ((one, "ab"), (two, "ba")):
            for resident in order:
                complete(delivery, resident)
            delivery.finish(HEAD, ["a", "b"])
    assert tree(tmp_path / "one") == tree(tmp_path / "two")


def test_a_head_out_of_shape_is_a_bug_told_at_once(tmp_path):
    with open_delivery(tmp_path / "d") as delivery, pytest.raises(ValueError, match=r"rows\.total\.read"):
        delivery.finish(HEAD | {"rows": {"sources": {}, "total": {"converted": 0, "rejected": 0, "skipped": 0}}}, [])
    assert not (tmp_path / "d/manifest.json").exists()


# ------------------------------------------------------------------------------------------------------------- resume


def test_what_is_complete_is_kept_and_a_repeated_run_touches_nothing(tmp_path):
    folder = deliver(tmp_path / "d", "aa")
    before = {p: p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file()}
    with open_delivery(folder) as delivery:
        entry = delivery.previous("aa")
        assert entry is not None
        assert entry.fingerprint == "fp"
        assert entry.memo == {"rows": [[1, "converted"]]}
        delivery.completed(entry)
        delivery.finish(HEAD, ["aa"])
    assert {p: p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file()} == before


@pytest.mark.parametrize(
    "damage",
    [
        lambda p: p.unlink(),
        lambda p: p.write_bytes(b"other size"),
        lambda p: p.write_bytes(b"b" * p.stat().st_size),
        lambda p: (p.unlink(), p.symlink_to(__file__)),
        lambda p: (p.unlink(), p.mkdir()),
    ],
    ids=["gone", "size", "content", "link", "folder"],
)
def test_what_was_touched_is_done_again(tmp_path, damage):
    folder = deliver(tmp_path / "d", "aa", "bb")
    damage(folder / "bundles/aa.json")
    with open_delivery(folder) as delivery:
        assert delivery.previous("aa") is None
        assert delivery.previous("bb") is not None


def test_a_copied_delivery_is_still_known_by_its_content(tmp_path):
    shutil.copytree(deliver(tmp_path / "d", "aa"), tmp_path / "copy")
    with open_delivery(tmp_path / "copy") as delivery:
        assert delivery.previous("aa") is not None


def test_force_redoes(tmp_path):
    folder = deliver(tmp_path / "d", "aa")
    with open_delivery(folder, force=True) as delivery:
        assert delivery.previous("aa") is None


def test_a_resident_in_fewer_parts_loses_the_others(tmp_path):
    with open_delivery(tmp_path / "d") as delivery:
        complete(delivery, "aa", b"1", b"2", b"3")
        complete(delivery, "aa", b"123")
    assert [p.name for p in (tmp_path / "d/bundles").iterdir()] == ["aa.json"]


def test_parts_that_a_killed_run_left_unnoted_go_too(tmp_path):
    with open_delivery(tmp_path / "d") as delivery:
        write(delivery, "bundles/aa-01.json", b"1")
        write(delivery, "bundles/aa-02.json", b"2")
        write(delivery, "bundles/aab.json", b"another resident's")
        complete(delivery, "aa", b"12")
    assert sorted(p.name for p in (tmp_path / "d/bundles").iterdir()) == ["aa.json", "aab.json"]


def test_the_manifest_goes_before_anything_it_lists_changes(tmp_path):
    folder = deliver(tmp_path / "d", "aa")
    with open_delivery(folder) as delivery:
        with delivery.writer.create("bundles/aa.json") as stream:
            stream.write(b"new")
            assert (folder / "manifest.json").exists()
        assert not (folder / "manifest.json").exists()
        assert not (folder / "SHA256SUMS").exists()


def test_files_of_the_sender_leave_the_manifest_alone(tmp_path):
    folder = deliver(tmp_path / "d", "aa")
    with open_delivery(folder) as delivery:
        write(delivery, "run.json", b"{}")
    assert (folder / "manifest.json").exists()


def test_a_file_that_vanishes_during_the_run_stops_it(tmp_path):
    with open_delivery(tmp_path / "d") as delivery:
        complete(delivery, "aa")
        (tmp_path / "d/bundles/aa.json").unlink()
        with pytest.raises(OutputError) as error:
            delivery.finish(HEAD, ["aa"])
        assert codes(error) == ["DLV-09"]
        with pytest.raises(OutputError) as error:
            delivery.completed(ResidentEntry("bb", "", (bundle("bundles/bb.json", b"never written"),), {}))
        assert codes(error) == ["DLV-09"]
    assert not (tmp_path / "d/manifest.json").exists()


def test_residents_that_this_run_has_not_looked_at_are_listed_while_whole(tmp_path):
    folder = deliver(tmp_path / "d", "aa", "bb", "cc")
    (folder / "bundles/aa.json").unlink()
    with open_delivery(folder) as delivery:
        complete(delivery, "cc", b"new")
        delivery.finish(HEAD, ["aa", "bb", "cc", "never completed"])
    text = (folder / "manifest.json").read_text()
    assert "bundles/aa.json" not in text
    assert "bundles/bb.json" in text


# ---------------------------------------------------------------------------------------------------------- leftovers


def test_leftovers_are_kept_and_told_apart(tmp_path):
    folder = deliver(tmp_path / "d", "aa", "bb")
    with open_delivery(folder) as delivery:
        assert delivery.previous("aa")
        assert delivery.leftovers(["aa"]) == ["bundles/bb.json"]
        delivery.finish(HEAD, ["aa"])
    assert '"leftovers": ["bundles/bb.json"]' in (folder / "manifest.json").read_text()
    assert (folder / "bundles/bb.json").exists()


def test_pruning_removes_what_it_is_told_and_nothing_else(tmp_path):
    folder = deliver(tmp_path / "d", "aa", "bb")
    (folder / "bundles/notes.txt").write_text("somebody's own")
    with open_delivery(folder) as delivery:
        delivery.prune(delivery.leftovers(["aa"]))
        assert not (folder / "manifest.json").exists()
        assert delivery.previous("bb") is None
    assert sorted(p.name for p in (folder / "bundles").iterdir()) == ["aa.json", "notes.txt"]


# ------------------------------------------------------------------------------------------------------ what is refused


@pytest.mark.parametrize("name", ["notes.txt", "journal.jsonl", "manifest.json", ".work", ".hidden"])
def test_a_folder_of_something_else_is_left_untouched(tmp_path, name):
    folder = tmp_path / "d"
    folder.mkdir()
    (folder / name).write_text('{"schema": "of/another/1"}\n')
    with pytest.raises(OutputError) as error:
        open_delivery(folder)
    assert codes(error) == ["DLV-05"]
    assert error.value.exit_code is ExitCode.OUTPUT
    assert [p.name for p in folder.iterdir()] == [name]


def test_a_delivery_of_a_later_version_is_refused(tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d/manifest.json").write_text('{\n"schema": "dui-converter/manifest/9"}')
    with pytest.raises(OutputError) as error:
        open_delivery(tmp_path / "d")
    assert codes(error) == ["DLV-07"]


def test_an_empty_folder_and_one_that_a_killed_run_has_just_opened_are_taken(tmp_path):
    (tmp_path / "d").mkdir()
    with open_delivery(tmp_path / "d"):
        pass
    (tmp_path / "killed/.work/old").mkdir(parents=True)
    (tmp_path / "killed/.lock").touch()
    with open_delivery(tmp_path / "killed") as delivery:
        assert [p.name for p in (tmp_path / "killed/.work").iterdir()] == [delivery.work.name]


def test_a_received_delivery_without_journal_is_continued(tmp_path):
    folder = deliver(tmp_path / "d", "aa")
    (folder / "journal.jsonl").unlink()
    with open_delivery(folder) as delivery:
        assert delivery.previous("aa") is None
        complete(delivery, "aa")


def test_a_path_through_a_file_is_said_to_be_one(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file/below"):
        with pytest.raises(OutputError) as error:
            open_delivery(path)
        assert codes(error) == ["DLV-08"]


@pytest.mark.parametrize("name", ["../x.json", "bundles/../x.json", "bundles/x", "manifest.json", "/x", "a/b.json", ""])
def test_only_names_of_a_delivery_are_written(tmp_path, name):
    with open_delivery(tmp_path / "d") as delivery:
        for writer in (delivery.writer, NullWriter()):
            with pytest.raises(ValueError, match="product"), writer.create(name):
                pass


# ------------------------------------------------------------------------------------------------------ the writer


def test_a_block_that_fails_leaves_the_old_file(tmp_path):
    with open_delivery(tmp_path / "d") as delivery:
        write(delivery, "bundles/aa.json", b"old")
        with pytest.raises(RuntimeError), delivery.writer.create("bundles/aa.json") as stream:
            stream.write(b"half")
            raise RuntimeError
        assert (tmp_path / "d/bundles/aa.json").read_bytes() == b"old"
        assert list(delivery.work.iterdir()) == []


def test_a_source_that_cannot_be_read_is_not_taken_for_the_disk(tmp_path):
    with open_delivery(tmp_path / "d") as delivery:
        with pytest.raises(FileNotFoundError), delivery.writer.create("bundles/aa.json"):
            (tmp_path / "no scan").read_bytes()
        assert not (tmp_path / "d/bundles/aa.json").exists()


def test_the_writer_crosses_processes(tmp_path):
    with open_delivery(tmp_path / "d") as delivery:
        with pickle.loads(pickle.dumps(delivery.writer)).create("documents/aa-01.json") as stream:
            stream.write(b"x")
        assert (tmp_path / "d/documents/aa-01.json").read_bytes() == b"x"


def test_a_worker_that_outlives_its_run_changes_nothing(tmp_path):
    first = open_delivery(tmp_path / "d")
    orphan = first.writer
    with pytest.raises(OutputError), orphan.create("bundles/aa.json") as stream:
        stream.write(b"late")
        first.close()
        deliver(tmp_path / "d", "aa")
    assert (tmp_path / "d/manifest.json").exists()
    assert (tmp_path / "d/bundles/aa.json").read_bytes() == b"aa" * 10
    with pytest.raises(OutputError), orphan.create("bundles/bb.json"):
        pass


def test_the_dry_writer_counts():
    writer = NullWriter()
    with writer.create("bundles/aa.json") as stream:
        stream.write(b"1234")
        stream.write(memoryview(b"56"))
    assert (writer.files, writer.bytes) == (1, 6)


# ------------------------------------------------------------------------------------------------------ the lock

OPEN = """
import sys
from pathlib import Path
from converter.delivery import open_delivery
open_delivery(Path(sys.argv[1]))
"""


def test_a_second_run_is_stopped_with_a_clear_message(tmp_path):
    with open_delivery(tmp_path / "d") as delivery:
        with pytest.raises(OutputError) as error:
            open_delivery(tmp_path / "d")
        assert codes(error) == ["DLV-06"]
        other = subprocess.run([sys.executable, "-c", OPEN, str(tmp_path / "d")], capture_output=True, text=True)
        assert "DLV-06" in other.stderr
        complete(delivery, "aa")
    with open_delivery(tmp_path / "d") as delivery:
        assert delivery.previous("aa")


def test_a_lock_file_of_a_dead_run_does_not_block(tmp_path):
    folder = deliver(tmp_path / "d", "aa")
    (folder / ".lock").write_text("")
    (folder / ".work/old").mkdir(parents=True)
    (folder / ".work/old/half.part").write_text("")
    with open_delivery(folder) as delivery:
        assert list(delivery.work.iterdir()) == []
    assert not (folder / ".lock").exists()
    assert not (folder / ".work").exists()


def test_a_forked_worker_does_not_hold_the_lock(tmp_path):
    first = open_delivery(tmp_path / "d")
    (waiting, going), (ready, started) = os.pipe(), os.pipe()
    child = os.fork()
    if not child:
        os.close(going)
        os.write(started, b".")
        os.read(waiting, 1)  # until the parent is done
        os._exit(0)
    try:
        os.read(ready, 1)
        first._lock.drop()  # what the death of the parent does
        with open_delivery(tmp_path / "d") as delivery:
            complete(delivery, "aa")
    finally:
        os.close(going)
        os.waitpid(child, 0)
        for descriptor in (waiting, ready, started):
            os.close(descriptor)
    assert (tmp_path / "d/bundles/aa.json").exists()
