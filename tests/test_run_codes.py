"""What a run as a whole has to say: each code is brought out by the situation that it is for."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from converter.console import Console
from converter.diagnostics import OutputError
from converter.diagnostics.catalogue import entries
from converter.pipeline import Run, convert
from converter.settings import Settings
from tests.conversion.watching import Silent
from tests.making import Export, export, holds, pdf, piece, rejects, usager

DOSSIER = "  - dossier: {}\n"
EVENTS = 'events: {from: ged, resident: id, key: doc, label: titre, start: {column: date, date: "%d/%m/%Y"}}\n'
UNPLACED = "unplaced: {from: ged, resident: id, name: Ressources%s}\n"


def ime(made: Export) -> Export:
    """An establishment that the structured dossier is for."""
    made.establishment = made.establishment.replace("SA17", "SA16").replace("  software", "  category: 183\n  software")
    return made


def ran(made: Export, out: Path, **options: object) -> Run:
    run = convert(Settings(made.write(), out, workers=1, **options), Silent())  # type: ignore[arg-type]
    assert holds(run.record())
    return run


def said(run: Run) -> set[str]:
    """Codes of rows and of the run."""
    return {code for _, _, code in run.codes} | {d.code for d in run.told}


def test_a_resident_without_documents(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=1, documents=1)
    made.usagers.append(usager(2))
    assert "RUN-06" in said(ran(made, tmp_path / "out"))


def test_files_without_a_row_and_files_of_several_rows(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=2, documents=1)
    made.scans["autre.pdf"] = pdf("autre")
    made.ged[1] = piece(2, 2, chemin="1.pdf")
    assert {"RUN-12", "RUN-13"} <= said(ran(made, tmp_path / "out"))


def test_stopping_and_leaving_out(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=3, documents=1)
    made.ged[0] = piece(1, 1, date="x")
    run = ran(made, tmp_path / "a", fail_fast=True)
    assert {"RUN-15", "RUN-32"} <= said(run)
    assert run.status == "stopped"
    assert "RUN-26" not in said(run)  # what this run made is no leftover of another
    assert "RUN-17" in said(ran(made, tmp_path / "b", limit=1))


@pytest.mark.parametrize("workers", [1, 2])
def test_what_was_under_way_when_a_run_stops_is_told(tmp_path: Path, workers: int) -> None:
    made = export(tmp_path / "in", residents=40, documents=1)
    made.ged[0] = piece(1, 1, date="x")
    run = convert(Settings(made.write(), tmp_path / "out", workers=workers, fail_fast=True), Silent())
    assert holds(run.record())
    assert len(list((tmp_path / "out" / "bundles").glob("*"))) == run.bundles
    assert "RUN-26" not in said(run)


def test_a_product_that_fails_its_own_check(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=2, documents=1)
    made.ged[0] = piece(1, 1, titre="x" * 1_100_000)  # a FHIR string ends at a million characters
    run = ran(made, tmp_path / "out")
    assert "RUN-18" in said(run)
    assert (run.faulty, int(run.exit_code), run.documents) == (1, 5, 1)
    again = ran(made, tmp_path / "out")
    assert (again.faulty, again.kept, int(again.exit_code)) == (1, 1, 5)


def test_what_an_earlier_run_made_and_this_one_does_not(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=2, documents=1)
    ran(made, tmp_path / "out")
    made.usagers.pop()
    made.ged.pop()
    assert "RUN-26" in said(ran(made, tmp_path / "out"))
    assert len(list((tmp_path / "out" / "bundles").iterdir())) == 2
    assert "RUN-26" not in said(ran(made, tmp_path / "out", prune=True))
    assert len(list((tmp_path / "out" / "bundles").iterdir())) == 1


def test_a_template_that_fails(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=1, documents=1)
    made.documents = (
        "documents:\n  - {from: ged, resident: id, template: casse.txt.j2, key: doc, title: titre, "
        "type: {value: '11488-4'}, group: resident}\n"
    )
    (tmp_path / "in" / "templates").mkdir(parents=True)
    (tmp_path / "in" / "templates" / "casse.txt.j2").write_text("{{ title }}\n{{ rows[0].absent.absent }}", "utf-8")
    done = ran(made, tmp_path / "out")
    assert "CDA-32" in said(done)
    assert "(ligne 2 du modèle)" in (tmp_path / "out" / "rejects.csv").read_text("utf-8")


def test_defaults_and_omissions_are_counted(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=1, documents=3)
    made.documents += "    description: {column: note, default: rien}\n"
    made.documents += "    language: {column: langue, on_error: omit}\n"
    made.ged = [dict(row) | {"note": "", "langue": "français"} for row in made.ged]
    run = ran(made, tmp_path / "out")
    counts = {d.code: dict(d.params) for d in run.told if d.code in ("RUN-28", "RUN-29")}
    assert counts == {
        "RUN-28": {"path": "documents[0].description", "count": 3},
        "RUN-29": {"path": "documents[0].language", "count": 3},
    }


def test_sections_need_a_dossier(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=1, documents=1)
    made.sources += "  agenda: {file: ged.csv}\n"
    made.more = EVENTS.replace("from: ged", "from: agenda")
    run = ran(made, tmp_path / "out")
    assert {"MAP-54", "RUN-33"} <= said(run)
    assert run.record()["rows"]["sources"]["agenda"]["skipped"] == 1


def test_a_scan_whose_dossier_cannot_be(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=1, documents=1)
    made.documents = made.documents.replace("created:", "place: dossier\n    created:") + DOSSIER
    assert "RUN-34" in said(ran(made, tmp_path / "out"))
    assert [r["Code"] for r in rejects(tmp_path / "out")] == ["RUN-34"]


@pytest.mark.parametrize("place", ["beside", "dossier"])
def test_a_deviation_asked_for_is_no_fault(tmp_path: Path, place: str) -> None:
    """A dossier without a birth order fails the guide's rule, as the mapping asked: it leaves, and that is told."""
    made = ime(export(tmp_path / "in", residents=1, documents=2))
    made.documents = made.documents.replace("created:", f"place: {place}\n    created:")
    made.documents += DOSSIER.replace("{}", "{deviation: birth_order}")
    made.more = UNPLACED % ", attach: yes"
    run = ran(made, tmp_path / "out")
    assert "DOS-07" in said(run)
    assert (run.faulty, run.rejected, int(run.exit_code)) == (0, 0, 0)
    assert run.documents == (3 if place == "beside" else 1)


@pytest.mark.parametrize(("attach", "code"), [("", "RUN-35"), (", attach: yes", "RUN-36")])
def test_data_without_a_place_in_the_release(tmp_path: Path, attach: str, code: str) -> None:
    made = ime(export(tmp_path / "in", residents=1, documents=1))
    made.documents += DOSSIER.replace("{}", "{deviation: birth_order}")
    made.more = UNPLACED % attach
    assert code in said(ran(made, tmp_path / "out"))


def test_a_document_larger_than_the_cautious_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from converter.pipeline import start

    monkeypatch.setattr(start, "limits_of", lambda *_: (60_000, None))
    made = export(tmp_path / "in", residents=1, documents=2)
    made.scans["2.pdf"] = made.scans["2.pdf"].replace(b"%%EOF", b"%" + b"x" * 90_000 + b"\n%%EOF")
    run = ran(made, tmp_path / "out")
    assert "RUN-39" in said(run)
    assert run.rejected == 0
    assert run.documents == 2


@pytest.mark.parametrize("stream", [None, "full"])
def test_a_result_that_cannot_go_out(stream: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def write(self, _: str) -> None:
            raise OSError(28, "no space")

    console = Console()
    monkeypatch.setattr(sys, "stdout", None if stream is None else Full())
    with pytest.raises(OutputError, match="RUN-52"):
        console.product("x")


def test_a_terminal_that_is_gone_ends_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone:
        encoding = "utf-8"

        def isatty(self) -> bool:
            return False

        def write(self, _: str) -> None:
            raise OSError(5, "gone")

        def flush(self) -> None:
            raise OSError(5, "gone")

    for stream in (None, Gone()):
        monkeypatch.setattr(sys, "stderr", stream)
        console = Console()
        console.say("x")
        console.warn("x")
        console.table(("a",), [("b",)])
        assert not console.quiet


@pytest.mark.parametrize(("terminal", "code"), [(False, "RUN-37"), (True, "RUN-38")])
def test_a_passphrase(monkeypatch: pytest.MonkeyPatch, terminal: bool, code: str) -> None:
    from converter import sealing
    from converter.diagnostics import MappingError

    answers = iter(("un", "deux"))
    monkeypatch.setattr(sys.stdin, "isatty", lambda: terminal, raising=False)
    monkeypatch.setattr(sealing, "getpass", lambda _: next(answers))
    with pytest.raises(MappingError, match=code):
        sealing._passphrase(None, confirm=True)


@pytest.mark.parametrize("area", ["RUN", "FLD", "RES", "GUARD", "VAL", "CODE"])
def test_every_code_of_a_run_is_brought_out_by_some_test(area: str) -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.rglob("test_*.py"))
    assert [code for code in entries() if code.startswith(f"{area}-") and f'"{code}' not in tests] == []
