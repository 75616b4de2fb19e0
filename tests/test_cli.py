"""The command line as a user meets it: exit codes, streams, help, and what never shows on a terminal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.making import Export, dui, export, pdf, piece, run_record, tree, usager

ROOT = Path(__file__).parent.parent


def test_everything_converted_is_0(tmp_path: Path) -> None:
    assert dui("convert", export(tmp_path / "in").write(), "-o", tmp_path / "out").code == 0


def test_a_rejected_row_is_1(tmp_path: Path) -> None:
    made = export(tmp_path / "in")
    made.ged[0] = piece(1, 1, date="31/02/2020")
    ran = dui("convert", made.write(), "-o", tmp_path / "out")
    assert ran.code == 1
    assert "rejects.csv" in ran.err


def test_a_wrong_mapping_is_2_with_every_fault_and_its_place(tmp_path: Path) -> None:
    made = export(tmp_path / "in")
    made.documents = made.documents.replace("titre\n", "titre\n    tilte: x\n")
    made.residents = made.residents.replace("from: usagers", "from: usager")
    ran = dui("convert", made.write(), "-o", tmp_path / "out")
    assert ran.code == 2
    assert "mapping.yaml:" in ran.err
    assert "documents[0].tilte" in ran.err
    assert "did you mean 'title'?" in ran.err
    assert not (tmp_path / "out").exists()


def test_an_unknown_column_is_2_with_its_place_and_a_hint(tmp_path: Path) -> None:
    made = export(tmp_path / "in")
    made.documents = made.documents.replace("title: titre", "title: titer")
    ran = dui("convert", made.write(), "-o", tmp_path / "out")
    assert ran.code in (2, 3), ran.err
    assert "titre" in ran.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("convert",),
        ("convert", "nowhere.yaml", "-o", "x"),
        ("convert", "--drt-run"),
        ("konvert",),
        ("explain", "XYZ-99"),
    ],
)
def test_a_wrong_command_line_is_2(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    ran = dui(*arguments, cwd=ROOT)
    assert ran.code == 2
    assert ran.out == ""


def test_a_misspelt_option_does_nothing(tmp_path: Path) -> None:
    mapping = export(tmp_path / "in").write()
    ran = dui("convert", mapping, "-o", tmp_path / "out", "--dryrun")
    assert ran.code == 2
    assert not (tmp_path / "out").exists()


def test_an_unreadable_source_is_3_and_nothing_is_written(tmp_path: Path) -> None:
    made = export(tmp_path / "in")
    mapping = made.write()
    (tmp_path / "in" / "ged.csv").unlink()
    ran = dui("convert", mapping, "-o", tmp_path / "out")
    assert ran.code == 3
    assert "ged.csv" in ran.err
    assert not (tmp_path / "out").exists()


def test_a_folder_with_something_else_is_4_and_untouched(tmp_path: Path) -> None:
    mapping = export(tmp_path / "in").write()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "theirs.txt").write_text("precious")
    ran = dui("convert", mapping, "-o", tmp_path / "out")
    assert ran.code == 4
    assert tree(tmp_path / "out") == {"theirs.txt": b"precious"}


def test_an_output_that_cannot_be_made_is_4(tmp_path: Path) -> None:
    mapping = export(tmp_path / "in").write()
    (tmp_path / "file").write_text("not a folder")
    ran = dui("convert", mapping, "-o", tmp_path / "file" / "out")
    assert ran.code == 4
    assert "Bug" not in ran.err


def test_ctrl_c_is_130_and_leaves_complete_bundles_only(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=150, documents=4)
    mapping = made.write()
    command = [
        sys.executable,
        "-m",
        "converter",
        "convert",
        str(mapping),
        "-o",
        str(tmp_path / "out"),
        "--workers",
        "2",
    ]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, start_new_session=True) as process:
        deadline = time.monotonic() + 60
        while not list((tmp_path / "out" / "bundles").glob("*.json")):
            assert time.monotonic() < deadline, "no bundle came"
            assert process.poll() is None, "it ended too soon to be interrupted"
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    written = sorted((tmp_path / "out" / "bundles").glob("*"))
    assert written
    for path in written:
        assert json.loads(path.read_text("utf-8"))["resourceType"] == "Bundle"
    assert not (tmp_path / "out" / ".work").exists()
    record = run_record(tmp_path / "out")
    assert record["status"] == "interrupted"
    again = dui("convert", mapping, "-o", tmp_path / "out")
    fresh = dui("convert", mapping, "-o", tmp_path / "fresh")
    assert (again.code, fresh.code) == (0, 0)
    one, two = tree(tmp_path / "out"), tree(tmp_path / "fresh")
    names = [n for n in one if n.startswith("bundles/") or n in ("manifest.json", "SHA256SUMS")]
    assert [one[n] for n in names] == [two[n] for n in names]


def test_json_is_one_document_on_stdout(tmp_path: Path) -> None:
    mapping = export(tmp_path / "in").write()
    ran = dui("convert", mapping, "-o", tmp_path / "out", "--json")
    assert ran.json["status"] == "complete"
    assert ran.json == run_record(tmp_path / "out")


def test_stdout_is_for_products_only(tmp_path: Path) -> None:
    ran = dui("convert", export(tmp_path / "in").write(), "-o", tmp_path / "out")
    assert ran.out == ""
    assert "read =" in ran.err


def test_quiet_says_nothing_when_all_is_well(tmp_path: Path) -> None:
    ran = dui("convert", export(tmp_path / "in").write(), "-o", tmp_path / "out", "-q")
    assert (ran.out, ran.err) == ("", "")


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {}])
def test_no_escape_sequence_reaches_a_pipe(tmp_path: Path, env: dict[str, str]) -> None:
    made = export(tmp_path / "in")
    made.ged[0] = piece(1, 1, date="x")
    ran = dui("convert", made.write(), "-o", tmp_path / "out", env=env)
    assert "\x1b" not in ran.err


def test_a_cp1252_console_does_not_end_the_program(tmp_path: Path) -> None:
    made = export(tmp_path / "in")
    made.establishment = made.establishment.replace("EHPAD inventé", "EHPAD ≠ ✓ inventé")
    made.head += "title: Œuvre ✓ → 北\n"
    ran = dui("convert", made.write(), "-o", tmp_path / "out", env={"PYTHONIOENCODING": "cp1252"})
    assert ran.code == 0, ran.err


def test_the_tail_of_the_output_may_be_cut_off(tmp_path: Path) -> None:
    done = subprocess.run(
        f"{sys.executable} -m converter explain | head -1", shell=True, cwd=ROOT, capture_output=True, check=False
    )
    assert b"Traceback" not in done.stderr
    assert b"Bug" not in done.stderr


#: A name that stands in sources and nowhere else.
MARKS = ("ZEBULON", "QUERTZUI", "Pièce-secrète", "cheminsecret", "2790351")


def secret(folder: Path) -> Export:
    made = Export(folder)
    made.usagers = [
        usager(1, nom="ZEBULON", prenom="QUERTZUI", nss="279035199100122"),
        usager(2, nom="ZEBULON", prenom="QUERTZUI", naissance="QUERTZUI"),
    ]
    made.ged = [
        piece(1, 1, titre="Pièce-secrète", chemin="cheminsecret/1.pdf"),
        piece(2, 1, titre="Pièce-secrète", chemin="cheminsecret/absent.pdf"),
        piece(3, 1, titre="Pièce-secrète", chemin="G:\\cheminsecret\\1.pdf"),
        piece(4, 9, titre="Pièce-secrète", chemin="cheminsecret/1.pdf"),
        piece(5, 1, titre="Pièce-secrète", date="ZEBULON"),
        piece(6, 1, type="ZEBULON"),
    ]
    made.scans = {"cheminsecret/1.pdf": pdf("x")}
    made.residents += "  nss: nss\n"
    return made


@pytest.mark.parametrize("options", [(), ("-v",), ("--json",), ("--dry-run", "--json"), ("--lang", "fr", "-v")])
def test_nothing_personal_reaches_terminal_record_or_names(tmp_path: Path, options: tuple[str, ...]) -> None:
    ran = dui("convert", secret(tmp_path / "in").write(), "-o", tmp_path / "out", *options)
    assert ran.code == 1
    for mark in MARKS:
        assert mark not in ran.err
        assert mark not in ran.out
    if (tmp_path / "out").exists():
        for name, content in tree(tmp_path / "out").items():
            assert not any(mark in name for mark in MARKS)
            if name in ("run.json", "manifest.json", "SHA256SUMS", "journal.jsonl", "report.html"):
                assert not any(mark.encode() in content for mark in MARKS), name


def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    dui("convert", export(tmp_path / "in").write(), "-o", tmp_path / "out")
    for path in (tmp_path / "out").rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path.name
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("option", ["--help", "-h", "--version"])
def test_help_and_version_start_without_heavy_libraries(option: str) -> None:
    code = (
        "import sys; sys.argv=['dui', %r]\n"
        "from converter.cli import main\n"
        "try: main()\n"
        "except SystemExit as e: assert not e.code\n"
        "heavy = {'pandas','openpyxl','fhir','lxml','pikepdf','PIL','jinja2','pydantic','yaml','numpy'}\n"
        "heavy &= set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code % option], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_each_help_starts_with_an_example() -> None:
    from converter.cli import cli

    for name in cli.commands:
        ran = dui(name, "--help")
        assert ran.code == 0
        assert ran.out.strip().startswith(f"Example: dui {name}"), name


def test_explain_knows_every_code() -> None:
    from converter.diagnostics.catalogue import entries

    listed = dui("explain").out
    for code in entries():
        assert code in listed
    assert "DATE-02" in dui("explain", "date-02").out
    assert json.loads(dui("explain", "DATE-02", "--json").out)["code"] == "DATE-02"


def test_schema_is_a_json_schema() -> None:
    import jsonschema

    schema = dui("schema").json
    jsonschema.validators.validator_for(schema).check_schema(schema)


def test_limit_and_resident_leave_the_rest_counted(tmp_path: Path) -> None:
    mapping = export(tmp_path / "in", residents=5, documents=1).write()
    ran = dui("convert", mapping, "-o", tmp_path / "a", "--limit", "2")
    assert ran.code == 0
    total = run_record(tmp_path / "a")["rows"]["total"]
    assert total == {"read": 10, "converted": 4, "rejected": 0, "skipped": 6}
    ran = dui("convert", mapping, "-o", tmp_path / "b", "--resident", "0003", "--resident", "0005")
    assert run_record(tmp_path / "b")["residents"]["handed_over"] == 2
    ran = dui("convert", mapping, "-o", tmp_path / "c", "--resident", "0009")
    assert ran.code == 2
    assert "RUN-16" in ran.err


def test_fail_fast_stops_and_counts(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=6, documents=1)
    made.ged[1] = piece(2, 2, date="31/02/2020")
    ran = dui("convert", made.write(), "-o", tmp_path / "out", "-x", "--workers", "1")
    assert ran.code == 1
    record = run_record(tmp_path / "out")
    assert record["status"] == "stopped"
    assert record["rows"]["total"]["skipped"] > 0


def test_strict_makes_warnings_rejects(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=2, documents=1)
    made.usagers[0] = usager(1, tel="appeler la fille")
    made.residents += "  phone: tel\n"
    mapping = made.write()
    assert dui("convert", mapping, "-o", tmp_path / "a").code == 0
    assert dui("convert", mapping, "-o", tmp_path / "b", "--strict").code == 1
