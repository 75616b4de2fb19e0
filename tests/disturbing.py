"""Runs of the command line that something happens to: killed, refused by the disk, or reading a file that changes.

The product has no hook for this. A ``sitecustomize`` in a folder of its own is put before the path of the run: every
Python process of the run, workers included, then does what it is told at the n-th call of a function of :mod:`os`.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.making import Ran

ROOT = Path(__file__).parent.parent
#: What is the same after every run that comes to its end, whatever happened before.
PRODUCTS = ("bundles/", "documents/", "manifest.json", "SHA256SUMS")
#: What a delivery folder may hold at any instant.
NAMES = {"bundles", "manifest.json", "SHA256SUMS", "journal.jsonl"}
#: What the sender gets beside it.
NAMES |= {"run.json", "report.html", "rejects.csv", "rejects.xlsx", "unindexed.csv"}

_INJECTED = """
import errno, json, os, shutil, signal
from pathlib import Path

points = json.loads(os.environ["DISTURB"])
os.environ.setdefault("DISTURB_MAIN", str(os.getpid()))

def name_of(call, args):
    if call == "fsync":
        return os.readlink(f"/proc/self/fd/{args[0]}")
    return os.fspath(args[1] if call == "replace" else args[0])

def is_ours(point):
    if point["where"] == "worker" and os.environ["DISTURB_MAIN"] == str(os.getpid()):
        return False
    if point["once"]:
        try:
            os.close(os.open(point["once"], os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return False
    return True

def strike(point):
    if point["do"] == "kill":
        os.killpg(0, signal.SIGKILL)
    elif point["do"] == "kill-one":
        os.kill(os.getpid(), signal.SIGKILL)
    elif point["do"] == "interrupt":
        os.kill(int(os.environ["DISTURB_MAIN"]), signal.SIGINT)
    elif point["do"] == "touch":
        Path(point["file"]).write_bytes(b"%PDF-1.4 other")
    elif point["do"] == "remove":
        Path(point["file"]).unlink()
    else:
        raise OSError(getattr(errno, point["do"]), "injected")

def watched(call, real, mine):
    seen = {}
    def wrapper(*args, **kwargs):
        name = name_of(call, args)
        hit = []
        for number, point in enumerate(mine):
            if point["name"] in name:
                seen[number] = seen.get(number, 0) + 1
                if seen[number] == point["n"] and is_ours(point):
                    hit.append(point)
        for point in hit:
            if point["when"] == "before":
                strike(point)
        result = real(*args, **kwargs)
        for point in hit:
            if point["when"] == "after":
                strike(point)
        return result
    return wrapper

for call in ("replace", "unlink", "rmdir", "mkdir", "fsync", "open"):
    if mine := [p for p in points if p["call"] == call]:
        setattr(os, call, watched(call, getattr(os, call), mine))

if torn := [p for p in points if p["call"] == "torn"]:
    import io
    class Torn(io.FileIO):
        lines = 0
        def write(self, data):
            self.lines += 1
            if self.lines == torn[0]["n"]:
                super().write(bytes(data[: len(data) // 2]))
                strike(torn[0])
            return super().write(data)
    real_open = Path.open
    def opened(self, mode="r", *args, **kwargs):
        if self.name == "journal.jsonl" and mode == "r+b":
            return Torn(self, "r+b")
        return real_open(self, mode, *args, **kwargs)
    Path.open = opened

if read := [p for p in points if p["call"] == "read"]:
    real_opened = Path.open
    count = {}
    def watching(self, mode="r", *args, **kwargs):
        for number, point in enumerate(read):
            if mode == "rb" and str(self).endswith(point["name"]):
                count[number] = count.get(number, 0) + 1
                if count[number] == point["n"] and is_ours(point):
                    strike(point)
        return real_opened(self, mode, *args, **kwargs)
    Path.open = watching
"""

#: Modules compiled once for all runs, also where the checkout is to stay clean: a third of the time of a small run.
_COMPILED = tempfile.TemporaryDirectory(prefix="dui-compiled-")


@dataclass(frozen=True)
class Point:
    """At the ``n``-th ``call`` that concerns a path with ``name`` in it: ``do`` something, before or after.

    ``call`` is a function of :mod:`os`, "torn" (a line of the journal, half of which is written), or "read"
    (:meth:`Path.open` for reading). ``do`` is kill (all processes), kill-one, interrupt, touch or remove (``file``),
    or the name of an error that is raised. ``where`` "worker" leaves out the main process; ``once`` is a file that
    keeps it from happening again in other processes.
    """

    call: str
    name: str = ""
    n: int = 1
    when: str = "before"
    do: str = "kill"
    where: str = ""
    once: str = ""
    file: str = ""

    def __str__(self) -> str:
        return f"{self.when} {self.call} {self.n} of {self.name or 'any'}"


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "converter", "convert", *map(str, arguments), "-q"]


def environment(injected: Path, *points: Point) -> dict[str, str]:
    """What a run to disturb finds in its environment; ``injected`` is a folder for what is injected."""
    injected.mkdir(exist_ok=True)
    (injected / "sitecustomize.py").write_text(_INJECTED)
    path = os.pathsep.join([str(injected), str(ROOT)])
    return {"PYTHONPATH": path, "DISTURB": json.dumps([asdict(p) for p in points])}


def _surroundings(more: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": _COMPILED.name} | dict(more)


def disturbed(injected: Path, points: Point | list[Point], *arguments: str | Path) -> Ran:
    """A run with something happening to it, ended when this returns."""
    every = points if isinstance(points, list) else [points]
    return run(*arguments, env=environment(injected, *every))


def run(*arguments: str | Path, env: Mapping[str, str] | None = None) -> Ran:
    """A run in a process group of its own. Code -9 for a killed one."""
    with subprocess.Popen(
        command(*arguments),
        cwd=ROOT,
        env=_surroundings(env or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        out, err = process.communicate(timeout=120)
    return Ran(process.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"))


def killed_at_random(chance: random.Random, longest: float, *arguments: str | Path) -> int:
    """A run whose processes are all killed after a random time; its exit code."""
    with subprocess.Popen(
        command(*arguments),
        cwd=ROOT,
        env=_surroundings({}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        time.sleep(chance.uniform(0.3 * longest, longest))
        with suppress(ProcessLookupError):  # it has ended already
            os.killpg(process.pid, signal.SIGKILL)
        return process.wait()


# ----------------------------------------------------------------------------------------------------- what must hold


def products(folder: Path) -> dict[str, bytes]:
    """What the receiver gets, by relative path."""
    files = (p for p in sorted(folder.rglob("*")) if p.is_file())
    found = {p.relative_to(folder).as_posix(): p for p in files}
    return {name: path.read_bytes() for name, path in found.items() if name.startswith(PRODUCTS)}


def assert_sums_hold(folder: Path) -> None:
    """``sha256sum -c``, in Python."""
    for line in (folder / "SHA256SUMS").read_text().splitlines():
        expected, _, name = line.partition("  ")
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == expected, name


def assert_nothing_is_half_written(folder: Path) -> None:
    """What holds at every instant, for as far as a run has come at all."""
    if not folder.exists():
        return
    names = {p.name for p in folder.iterdir()}
    assert names <= NAMES | {".lock", ".work"}, names
    there = {}
    for path in (folder / "bundles").glob("*"):
        content = path.read_bytes()
        assert json.loads(content)["resourceType"] == "Bundle", path.name
        there[f"bundles/{path.name}"] = hashlib.sha256(content).hexdigest()
    for name in names & {"run.json"}:
        json.loads((folder / name).read_text("utf-8"))
    if "manifest.json" in names:
        listed = json.loads((folder / "manifest.json").read_text("utf-8"))["bundles"]
        assert [b["file"] for b in listed if there.get(b["file"]) != b["sha256"]] == []
    if "SHA256SUMS" in names:
        assert "manifest.json" in names
        assert_sums_hold(folder)


def assert_ended_as(folder: Path, undisturbed: Mapping[str, bytes]) -> None:
    """The delivery is that of an undisturbed run, and nothing else is left."""
    found = products(folder)
    assert found.keys() == undisturbed.keys()
    assert [name for name in found if found[name] != undisturbed[name]] == []
    assert {p.name for p in folder.iterdir()} <= NAMES
    assert_sums_hold(folder)
