"""Killed, out of space, refused, disturbed: nothing is half-written, and the same command then ends as if undisturbed.

Each run is the real command in processes of its own. ``DUI_KILLS`` sets how many runs are killed at random.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.disturbing import (
    NAMES,
    ROOT,
    Point,
    assert_ended_as,
    assert_nothing_is_half_written,
    command,
    disturbed,
    killed_at_random,
    products,
    run,
)
from tests.making import Export, export, holds, pdf, rejects, run_record

KILLS = int(os.environ.get("DUI_KILLS", "6"))
#: As many kills in a row, then a run that ends.
IN_A_ROW = 3


@dataclass(frozen=True)
class Job:
    """A mapping, a delivery of an earlier state of its sources, and what an undisturbed run gives from nothing."""

    mapping: Path
    earlier: Path
    undisturbed: dict[str, bytes]
    seconds: float

    def begun(self, folder: Path) -> Path:
        """A copy of the earlier delivery, to run again."""
        shutil.copytree(self.earlier, folder)
        return folder


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """Twelve residents. The earlier delivery has two files of each where the later one has a single, other one."""
    folder = tmp_path_factory.mktemp("job")
    made = export(folder / "in", residents=12, documents=2)
    made.more = "output: {max_entries: 1}\n"
    assert run(made.write(), "-o", folder / "earlier", "--workers", "1").code == 0
    made.more = ""
    made.ged = [dict(row) | {"titre": f"{row['titre']} revue"} for row in made.ged]
    start = time.monotonic()
    assert run(made.write(), "-o", folder / "undisturbed", "--workers", "1").code == 0
    seconds = time.monotonic() - start
    found = products(folder / "undisturbed")
    assert len(found) == 14
    return Job(folder / "in" / "mapping.yaml", folder / "earlier", found, seconds)


# ----------------------------------------------------------------------------------------------------------- kill -9

#: In the order in which a run comes past them: each kill leaves the next run something to do.
FRAGILE = [
    Point("mkdir", ".work"),
    Point("mkdir", ".work", when="after"),
    Point("unlink", "SHA256SUMS"),
    Point("unlink", "SHA256SUMS", when="after"),
    Point("unlink", "manifest.json"),
    Point("unlink", "manifest.json", when="after"),
    Point("replace", "/bundles/"),
    Point("replace", "/bundles/", when="after"),
    Point("fsync", ".part", n=2),
    Point("fsync", ".part", n=2, when="after"),
    Point("unlink", "-01.json"),
    Point("unlink", "-02.json"),
    Point("unlink", "-02.json", when="after"),
    Point("torn"),
    Point("torn", n=2),
    Point("fsync", "/out/bundles"),
    Point("replace", "rejects.csv", when="after"),
    Point("replace", "manifest.json"),
    Point("replace", "manifest.json", when="after"),
    Point("replace", "SHA256SUMS"),
    Point("replace", "SHA256SUMS", when="after"),
    Point("replace", "run.json"),
    Point("replace", "run.json", when="after"),
    Point("rmdir", ".work"),
    Point("unlink", ".lock"),
    Point("unlink", ".lock", when="after"),
]


def test_killed_at_every_fragile_point_in_turn(tmp_path: Path, job: Job) -> None:
    out = job.begun(tmp_path / "out")
    for point in FRAGILE:
        killed = disturbed(tmp_path / "injected", point, job.mapping, "-o", out, "--workers", "1")
        assert killed.code == -9, f"{point}: not come past ({killed.code}) {killed.err}"
        assert_nothing_is_half_written(out)
    assert run(job.mapping, "-o", out, "--workers", "1").code == 0
    assert_ended_as(out, job.undisturbed)


#: With workers, which come past them in whatever order they like.
OF_WORKERS = [
    Point("replace", "/bundles/", when="after", where="worker"),
    Point("fsync", ".part", n=3, where="worker"),
    Point("torn", n=2),
    Point("fsync", "journal.jsonl", when="after"),
    Point("replace", "manifest.json", when="after"),
]


def test_killed_with_workers_at_work(tmp_path: Path, job: Job) -> None:
    out = job.begun(tmp_path / "out")
    for point in OF_WORKERS:
        killed = disturbed(tmp_path / "injected", point, job.mapping, "-o", out, "--workers", "2")
        assert killed.code == -9, f"{point}: not come past ({killed.code}) {killed.err}"
        assert_nothing_is_half_written(out)
    assert run(job.mapping, "-o", out, "--workers", "2").code == 0
    assert_ended_as(out, job.undisturbed)


@pytest.mark.parametrize("seed", range(-(-KILLS // IN_A_ROW)))
def test_killed_at_random(tmp_path: Path, job: Job, seed: int) -> None:
    """Some folders hold an earlier delivery, the others nothing."""
    chance = random.Random(seed)
    workers = str(1 + seed % 2)
    out = tmp_path / "out"
    if seed % 4 < 2:
        job.begun(out)
    for _ in range(IN_A_ROW):
        killed_at_random(chance, job.seconds, job.mapping, "-o", out, "--workers", workers)
        assert_nothing_is_half_written(out)
    assert run(job.mapping, "-o", out, "--workers", workers).code == 0
    assert_ended_as(out, job.undisturbed)


def test_a_killed_worker_costs_nothing(tmp_path: Path, job: Job) -> None:
    point = Point("replace", "/bundles/", n=2, do="kill-one", where="worker", once=str(tmp_path / "done"))
    ran = disturbed(tmp_path / "injected", point, job.mapping, "-o", tmp_path / "out", "--workers", "2")
    assert (tmp_path / "done").exists()
    assert ran.code == 0, ran.err
    assert_ended_as(tmp_path / "out", job.undisturbed)


def test_a_resident_that_kills_each_worker_is_named_and_the_others_leave(tmp_path: Path, job: Job) -> None:
    file = next(name for name in job.undisturbed if name.startswith("bundles/"))
    point = Point("replace", file, do="kill-one", where="worker")
    out = tmp_path / "out"
    ran = disturbed(tmp_path / "injected", point, job.mapping, "-o", out, "--workers", "2")
    assert ran.code == 5, ran.err
    assert {row["Code"] for row in rejects(out)} == {"RUN-24"}
    assert holds(run_record(out))
    assert products(out).keys() == job.undisturbed.keys() - {file}
    assert run(job.mapping, "-o", out, "--workers", "2").code == 0
    assert_ended_as(out, job.undisturbed)


def test_workers_do_not_outlive_a_killed_main_process(tmp_path: Path, job: Job) -> None:
    out = tmp_path / "out"
    point = Point("fsync", "journal.jsonl", do="kill-one")
    killed = disturbed(tmp_path / "injected", point, job.mapping, "-o", out, "--workers", "2")
    assert killed.code == -9
    # Its pipes have come to their end, so no process that held them is left.
    assert run(job.mapping, "-o", out, "--workers", "2").code == 0
    assert_ended_as(out, job.undisturbed)


def test_ctrl_c_in_the_middle(tmp_path: Path, job: Job) -> None:
    out = job.begun(tmp_path / "out")
    point = Point("replace", "/bundles/", n=3, when="after", do="interrupt")
    ran = disturbed(tmp_path / "injected", point, job.mapping, "-o", out, "--workers", "1")
    assert ran.code == 130, ran.err
    assert_nothing_is_half_written(out)
    record = run_record(out)
    assert (record["status"], record["exit_code"]) == ("interrupted", 130)
    assert holds(record)
    assert run(job.mapping, "-o", out, "--workers", "1").code == 0
    assert_ended_as(out, job.undisturbed)


# --------------------------------------------------------------------------------------------------- what is refused

#: Step by step, in the order of a run: where the system says no, its word for it, and ours.
REFUSALS = [
    (Point("open", ".lock", do="EACCES"), "DLV-02"),
    (Point("mkdir", ".work", do="EROFS"), "DLV-03"),
    (Point("unlink", "manifest.json", do="EACCES"), "DLV-02"),
    (Point("fsync", ".part", n=2, do="ENOSPC"), "DLV-01"),
    (Point("replace", "/bundles/", n=2, do="EDQUOT"), "DLV-01"),
    (Point("torn", n=2, do="ENOSPC"), "DLV-01"),
    (Point("unlink", "-02.json", do="EIO"), "DLV-04"),
    (Point("fsync", "/out/bundles", do="EIO"), "DLV-04"),
    (Point("replace", "rejects.csv", do="ENOSPC"), "DLV-01"),
    (Point("replace", "manifest.json", do="ENOSPC"), "DLV-01"),
    (Point("replace", "SHA256SUMS", do="ENOSPC"), "DLV-01"),
    (Point("replace", "run.json", do="ENOSPC"), "DLV-01"),
]


def test_each_refusal_is_told_and_mended_by_the_same_command(tmp_path: Path, job: Job) -> None:
    out = job.begun(tmp_path / "out")
    for point, code in REFUSALS:
        ran = disturbed(tmp_path / "injected", point, job.mapping, "-o", out, "--workers", "1")
        assert ran.code == 4, f"{point}: {ran.err}"
        assert code in ran.err, f"{point}: {ran.err}"
        assert not (out / ".work").exists()
        assert_nothing_is_half_written(out)
    assert run(job.mapping, "-o", out, "--workers", "1").code == 0
    assert_ended_as(out, job.undisturbed)


def test_a_worker_that_is_refused_ends_the_run(tmp_path: Path, job: Job) -> None:
    out = tmp_path / "out"
    point = Point("fsync", ".part", n=2, do="ENOSPC", where="worker")
    ran = disturbed(tmp_path / "injected", point, job.mapping, "-o", out, "--workers", "2")
    assert ran.code == 4
    assert "DLV-01" in ran.err
    assert_nothing_is_half_written(out)
    record = run_record(out)
    assert (record["status"], record["exit_code"]) == ("failed", 4)
    assert holds(record)
    assert run(job.mapping, "-o", out, "--workers", "2").code == 0
    assert_ended_as(out, job.undisturbed)


class Disk:
    """A small file system of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def mount(self, options: str) -> None:
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.path)], capture_output=True, check=False
        )
        if done.returncode:
            pytest.skip("mounting a small file system is not permitted here")

    def change(self, options: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{options}", str(self.path)], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    if not shutil.which("mount"):
        pytest.skip("there is no mount command here")
    point = tmp_path / "disk"
    point.mkdir()
    yield Disk(point)
    subprocess.run(["umount", str(point)], check=False, capture_output=True)


def heavy(folder: Path) -> Export:
    """Ten residents, each with a scan of 40 KB that no system makes smaller."""
    made = export(folder, residents=10, documents=1)
    for n, name in enumerate(made.scans):
        made.scans[name] = pdf(random.Random(n).randbytes(20_000).hex())
    return made


def test_a_full_disk(tmp_path: Path, disk: Disk) -> None:
    mapping = heavy(tmp_path / "in").write()
    assert run(mapping, "-o", tmp_path / "undisturbed").code == 0
    disk.mount("size=600k")
    out = disk.path / "out"
    full = run(mapping, "-o", out)
    assert full.code == 4, full.err
    assert "DLV-01" in full.err
    assert "Free some space" in full.err
    assert list((out / "bundles").iterdir())
    assert not (out / ".work").exists()
    assert_nothing_is_half_written(out)
    assert run_record(out)["status"] == "failed"
    disk.change("size=8m")
    assert run(mapping, "-o", out).code == 0
    assert_ended_as(out, products(tmp_path / "undisturbed"))


def test_no_room_for_the_rows(tmp_path: Path, disk: Disk) -> None:
    made = export(tmp_path / "in", residents=1, documents=1)
    # More than what is kept in memory before it is stored; and of nobody, which makes the run short.
    made.ged += [dict(made.ged[0]) | {"doc": f"x{n}", "id": "9999", "titre": "x" * 2000} for n in range(2000)]
    disk.mount("size=512k")
    assert_no_room(made, disk)


def test_no_room_for_the_rows_to_look_up(tmp_path: Path, disk: Disk) -> None:
    made = export(tmp_path / "in", residents=1, documents=1)
    made.sources += "  noms: {file: noms.csv}\n"
    made.residents = made.residents.replace(
        "birth_name: nom", "birth_name: {lookup: {source: noms, key: cle, column: nom, value: id}}"
    )
    made.write()
    lines = [f"{n:04d};{'INVENTE' * (90 if n > 1 else 1)}" for n in range(2000)]
    (tmp_path / "in" / "noms.csv").write_text("\n".join(["cle;nom", *lines]) + "\n")
    disk.mount("size=256k")
    assert_no_room(made, disk)


def assert_no_room(made: Export, disk: Disk) -> None:
    """Nothing is written but the record; with room there are products."""
    mapping = made.write()
    ran = run(mapping, "-o", disk.path / "out")
    assert ran.code == 4, ran.err
    assert "DLV-01" in ran.err
    assert "Bug" not in ran.err
    assert {p.name for p in (disk.path / "out").iterdir()} <= NAMES - {"bundles", "manifest.json", "SHA256SUMS"}
    disk.change("size=32m")
    assert run(mapping, "-o", disk.path / "out").code in (0, 1)
    assert len(list((disk.path / "out" / "bundles").iterdir())) == 1


def test_no_room_for_a_converted_scan_is_no_fault_of_the_scan(tmp_path: Path, disk: Disk) -> None:
    from PIL import Image

    made = export(tmp_path / "in", residents=2, documents=1)
    folder = tmp_path / "in" / "ged"
    made.ged = [dict(row) | {"chemin": f"{row['doc']}.png"} for row in made.ged]
    made.scans = {}
    made.documents += "    convert: pdf\n"
    mapping = made.write()
    for n in (1, 2):
        noise = Image.frombytes("RGB", (200, 200), random.Random(n).randbytes(120_000))
        noise.save(folder / f"{n}.png", dpi=(100, 100))
    disk.mount("size=160k")
    ran = run(mapping, "-o", disk.path / "out", "--workers", "1")
    assert ran.code == 4, ran.err
    assert "DLV-01" in ran.err
    disk.change("size=8m")
    assert run(mapping, "-o", disk.path / "out", "--workers", "1").code == 0
    assert len(list((disk.path / "out" / "bundles").iterdir())) == 2


def test_a_read_only_disk(tmp_path: Path, disk: Disk, job: Job) -> None:
    disk.mount("size=8m")
    out = job.begun(disk.path / "out")
    disk.change("ro")
    for target in (out, disk.path / "new"):
        ran = run(job.mapping, "-o", target)
        assert ran.code == 4
        assert "DLV-03" in ran.err
    disk.change("rw")
    assert run(job.mapping, "-o", out).code == 0
    assert_ended_as(out, job.undisturbed)


def test_an_output_that_is_a_file(tmp_path: Path, job: Job) -> None:
    (tmp_path / "out").write_text("precious")
    ran = run(job.mapping, "-o", tmp_path / "out")
    assert ran.code == 4
    assert "DLV-08" in ran.err
    assert (tmp_path / "out").read_text() == "precious"


def test_folders_above_the_output_are_made(tmp_path: Path, job: Job) -> None:
    assert run(job.mapping, "-o", tmp_path / "not" / "there" / "out").code == 0
    assert_ended_as(tmp_path / "not" / "there" / "out", job.undisturbed)


# ------------------------------------------------------------------------------------------------- scans and sources


#: Which scan, at which reading of it: the look at its beginning before writing, and the reading into its bundle.
TROUBLE = [
    Point("read", "ged/2.pdf", n=1, do="touch"),
    Point("read", "ged/3.pdf", n=2, do="touch"),
    Point("read", "ged/4.pdf", n=1, do="remove"),
    Point("read", "ged/5.pdf", n=2, do="remove"),
    Point("read", "ged/6.pdf", n=1, do="EIO"),
    Point("read", "ged/7.pdf", n=2, do="EIO"),
]


def test_scans_that_change_vanish_or_cannot_be_read_cost_their_rows_only(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=8, documents=1)
    mapping = made.write()
    assert run(mapping, "-o", tmp_path / "undisturbed", "--workers", "1").code == 0
    out = tmp_path / "out"
    points = [replace(point, file=str(tmp_path / "in" / point.name)) for point in TROUBLE]
    ran = disturbed(tmp_path / "injected", points, mapping, "-o", out, "--workers", "1")
    assert ran.code == 1, ran.err
    assert [(row["Ligne"], row["Code"]) for row in rejects(out)] == [(str(n), "RUN-08") for n in range(3, 9)]
    assert len(list((out / "bundles").iterdir())) == 2
    assert_nothing_is_half_written(out)
    made.write()
    assert run(mapping, "-o", out, "--workers", "1").code == 0
    assert_ended_as(out, products(tmp_path / "undisturbed"))


# ------------------------------------------------------------------------------------------------------------ the lock


def test_a_second_run_in_the_same_folder_stops_and_harms_nothing(tmp_path: Path, job: Job) -> None:
    out = tmp_path / "out"
    with subprocess.Popen(command(job.mapping, "-o", out, "--workers", "1"), cwd=ROOT) as first:
        deadline = time.monotonic() + 60
        while not list((out / "bundles").glob("*.json")):
            assert first.poll() is None, "it ended too soon"
            assert time.monotonic() < deadline, "no bundle came"
            time.sleep(0.005)
        first.send_signal(signal.SIGSTOP)
        second = run(job.mapping, "-o", out)
        first.send_signal(signal.SIGCONT)
    assert second.code == 4
    assert "DLV-06" in second.err
    assert first.returncode == 0
    assert_ended_as(out, job.undisturbed)


def test_what_a_dead_run_left_keeps_nobody_out(tmp_path: Path, job: Job) -> None:
    out = job.begun(tmp_path / "out")
    (out / ".lock").write_text("of a run that is dead")
    (out / ".work" / "tmpabc").mkdir(parents=True)
    (out / ".work" / "tmpabc" / "x.part").write_text('{"resourceType": "Bund')
    assert run(job.mapping, "-o", out).code == 0
    assert_ended_as(out, job.undisturbed)
