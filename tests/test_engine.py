"""Results in the order of the tasks, whatever dies on the way; a defect costs its resident only."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from converter.diagnostics import OutputError
from converter.pipeline import Run, convert
from converter.settings import Settings
from tests.conversion.watching import Silent
from tests.making import Export, Ran, documents, dui, export, holds, rejects, run_record, tree


def run(mapping: Path, out: Path, workers: int = 2) -> Run:
    found = convert(Settings(mapping, out, workers=workers), Silent())
    assert holds(found.record())
    return found


def products(out: Path) -> dict[str, bytes]:
    return {n: c for n, c in tree(out).items() if n.startswith("bundles/") or n in ("manifest.json", "SHA256SUMS")}


def twelve(folder: Path) -> Export:
    """Enough residents for a pool."""
    return export(folder, residents=12, documents=1)


def sabotage(folder: Path, body: str) -> None:
    """A folder for PYTHONPATH by which every process runs ``body`` before it converts ``task``: workers are processes
    of their own, that no monkeypatch reaches."""
    (folder / "sitecustomize.py").write_text(
        "import sys, os, signal\n"
        "class Hook:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name != 'converter.conversion.resident': return None\n"
        "        sys.meta_path.remove(self)\n"
        "        import importlib.util\n"
        "        spec = importlib.util.find_spec(name)\n"
        "        run = spec.loader.exec_module\n"
        "        def exec_module(module):\n"
        "            run(module)\n"
        "            real = module.ResidentConverter.convert\n"
        "            def convert(self, task):\n"
        f"                {body}\n"
        "                return real(self, task)\n"
        "            module.ResidentConverter.convert = convert\n"
        "        spec.loader.exec_module = exec_module\n"
        "        return spec\n"
        "sys.meta_path.insert(0, Hook())\n",
        "utf-8",
    )


def sabotaged(tmp_path: Path, mapping: Path, body: str) -> Ran:
    folder = tmp_path / "site"
    folder.mkdir()
    sabotage(folder, body)
    return dui("convert", mapping, "-o", tmp_path / "out", "--workers", "2", env={"PYTHONPATH": str(folder)})


def test_a_worker_killed_once_loses_nothing(tmp_path: Path) -> None:
    mapping = twelve(tmp_path / "in").write()
    mark = tmp_path / "killed"
    kill = f"(open({str(mark)!r}, 'w').close(), os.kill(os.getpid(), signal.SIGKILL))"
    once = f"not os.path.exists({str(mark)!r}) and {kill}"
    body = f"(task.key == '0009' and {once})"
    ran = sabotaged(tmp_path, mapping, body)
    assert mark.exists()
    assert ran.code == 0, ran.err
    run(mapping, tmp_path / "fresh", workers=1)
    assert products(tmp_path / "out") == products(tmp_path / "fresh")


def test_a_resident_that_kills_its_worker_twice_is_named_and_left_out(tmp_path: Path) -> None:
    mapping = twelve(tmp_path / "in").write()
    ran = sabotaged(tmp_path, mapping, "task.key == '0009' and os.kill(os.getpid(), signal.SIGKILL)")
    assert ran.code == 5, ran.err
    assert {(r["Source"], r["Ligne"], r["Code"]) for r in rejects(tmp_path / "out")} == {
        ("usagers", "10", "RUN-24"),
        ("ged", "10", "RUN-24"),
    }
    assert len(documents(tmp_path / "out")) == 11


@pytest.mark.parametrize("residents", [3, 12])
def test_a_defect_costs_its_resident_only_and_says_nothing_personal(tmp_path: Path, residents: int) -> None:
    mapping = export(tmp_path / "in", residents=residents, documents=1).write()
    ran = sabotaged(tmp_path, mapping, "task.key == '0002' and {}['INVENTE2']")
    assert ran.code == 5, ran.err
    assert {r["Code"] for r in rejects(tmp_path / "out")} == {"RUN-50"}
    assert "KeyError, " in rejects(tmp_path / "out")[0]["Problème"]
    assert len(documents(tmp_path / "out")) == residents - 1
    assert "INVENTE2" not in ran.err
    assert holds(run_record(tmp_path / "out"))


@pytest.mark.parametrize("workers", [1, 2])
def test_what_concerns_the_run_ends_it_with_its_code_and_a_record(tmp_path: Path, workers: int) -> None:
    made = twelve(tmp_path / "in")
    made.documents = made.documents.replace("title: titre", "title: {column: titre, pattern: 'P.*', on_error: stop}")
    made.ged[4] = dict(made.ged[4]) | {"titre": "x"}
    ran = dui("convert", made.write(), "-o", tmp_path / "out", "--workers", str(workers))
    assert ran.code == 3, ran.err
    assert "VAL-02" in ran.err
    record = run_record(tmp_path / "out")
    assert (record["status"], record["exit_code"]) == ("failed", 3)
    assert "VAL-02" in [d["code"] for d in record["said"]]
    assert holds(record)
    assert not (tmp_path / "out" / ".work").exists()


def test_a_full_disk_ends_the_run_with_4_and_leaves_no_temporary_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno

    from converter.delivery import files

    mapping = twelve(tmp_path / "in").write()
    real = files._ExplainedFile.write

    def write(self, data):  # type: ignore[no-untyped-def]
        if self._name.startswith("bundles/") and len(list((tmp_path / "out" / "bundles").glob("*"))) > 3:
            raise files.failure(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), self._name)
        return real(self, data)

    monkeypatch.setattr(files._ExplainedFile, "write", write)
    with pytest.raises(OutputError) as stopped:
        convert(Settings(mapping, tmp_path / "out", workers=1), Silent())
    assert stopped.value.exit_code == 4
    record = run_record(tmp_path / "out")
    assert (record["status"], record["exit_code"]) == ("failed", 4)
    assert holds(record)
    assert not (tmp_path / "out" / ".work").exists()
    monkeypatch.undo()
    assert run(mapping, tmp_path / "out", workers=1).exit_code == 0


def test_any_number_of_workers_gives_the_same(tmp_path: Path) -> None:
    mapping = export(tmp_path / "in", residents=30, documents=2).write()
    for workers in (1, 2, 5):
        run(mapping, tmp_path / str(workers), workers=workers)
    one = products(tmp_path / "1")
    assert one == products(tmp_path / "2") == products(tmp_path / "5")
