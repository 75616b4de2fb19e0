"""`dui update`: once it is sent, the receiver's server says what a new delivery would make it say."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonpatch
import pytest

from tests.making import Export, Ran, bundles, dui, export, holds, inside, pdf, piece, run_record, table, tree, usager

LATER = ("--date", "2026-05-01T10:00:00+02:00")
ALTERNATIVE = "cda-tddui-1.0.1"


class Server:
    """A receiver: creates what bundles hold, patches what it is asked to, and answers as FHIR says."""

    def __init__(self) -> None:
        self.documents: dict[str, Any] = {}

    def take(self, delivery: Path, answers: Path | None = None) -> None:
        for path in sorted((delivery / "bundles").glob("*.json")):
            entries = []
            for entry in json.loads(path.read_text("utf-8"))["entry"]:
                number = f"srv-{len(self.documents)}"
                self.documents[number] = entry["resource"] | {"id": number}
                location = f"https://serveur.test/fhir/DocumentReference/{number}/_history/1"
                entries.append({"response": {"status": "201 Created", "location": location}})
            answer = {"resourceType": "Bundle", "type": "transaction-response", "entry": entries}
            if answers is not None:
                answers.mkdir(exist_ok=True)
                (answers / f"{path.stem}.response.json").write_text(json.dumps(answer), "utf-8")

    def patch(self, update: Path) -> None:
        for change in index(update)["changed"]:
            assert (change["method"], change["contentType"]) == ("PATCH", "application/json-patch+json")
            number = change["url"].removeprefix("DocumentReference/")
            if number == "{id}":
                number = self.number_of(change["masterIdentifier"])
            before = self.documents[number]
            assert before["content"][0]["attachment"]["hash"] == change["oldHash"]
            operations = json.loads((update / change["file"]).read_text("utf-8"))
            assert all(operation["path"].startswith("/content") for operation in operations)
            after = jsonpatch.apply_patch(before, operations)
            assert after["content"][0]["attachment"]["hash"] == change["newHash"]
            assert {k: v for k, v in after.items() if k != "content"} == {
                k: v for k, v in before.items() if k != "content"
            }
            self.documents[number] = after

    def number_of(self, identifier: str) -> str:
        (number,) = (n for n, d in self.documents.items() if d["masterIdentifier"]["value"] == identifier)
        return number

    def current(self) -> dict[str, Any]:
        """Documents by masterIdentifier, without id and date of transmission; those replaced are left out."""
        replaced = {r["target"]["identifier"]["value"] for d in self.documents.values() for r in d.get("relatesTo", ())}
        return {
            d["masterIdentifier"]["value"]: {k: v for k, v in d.items() if k not in ("id", "date")}
            for d in self.documents.values()
            if d["masterIdentifier"]["value"] not in replaced
        }


def index(update: Path) -> Any:
    return json.loads((update / "update.json").read_text("utf-8"))


def counts(update: Path) -> dict[str, int]:
    """What is not zero."""
    return {name: count for name, count in index(update)["counts"].items() if count}


def update(mapping: Path, out: Path, *previous: Path, options: tuple[str | Path, ...] = LATER) -> Ran:
    named = [argument for folder in previous for argument in ("--previous", folder)]
    return dui("update", mapping, *named, "-o", out, *options)


def changed(made: Export) -> Path:
    """One scan other, one title other, one row new, one row gone."""
    made.scans["2.pdf"] = pdf("corrigé")
    made.ged[3] = dict(made.ged[3]) | {"titre": "Titre corrigé"}
    del made.ged[4]
    made.ged.append(piece(7, 1))
    made.scans["7.pdf"] = pdf("7")
    return made.write()


def test_the_round_trip_is_a_new_delivery(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=3, documents=2)
    assert dui("convert", made.write(), "-o", tmp_path / "first").code == 0
    server = Server()
    server.take(tmp_path / "first", tmp_path / "answers")
    gone = json.loads((tmp_path / "first" / "manifest.json").read_text("utf-8"))["bundles"][2]["documents"][0]
    mapping = changed(made)
    ran = update(mapping, tmp_path / "up", tmp_path / "first", options=(*LATER, "--answers", tmp_path / "answers"))
    assert ran.code == 0, ran.err
    assert counts(tmp_path / "up") == {"unchanged": 3, "new": 1, "changed": 2, "vanished": 1}
    urls = [change["url"] for change in index(tmp_path / "up")["changed"]]
    assert urls == ["DocumentReference/srv-1", "DocumentReference/srv-3"]
    server.take(tmp_path / "up")
    server.patch(tmp_path / "up")
    (vanished,) = index(tmp_path / "up")["vanished"]
    assert vanished["masterIdentifier"] == gone["masterIdentifier"]
    assert vanished["source"] == {"name": "ged", "file": "ged.csv", "line": 6}
    found = server.current()
    del found[gone["masterIdentifier"]]
    dui("convert", mapping, "-o", tmp_path / "whole", *LATER)
    fresh = Server()
    fresh.take(tmp_path / "whole")
    assert found == fresh.current()
    record = run_record(tmp_path / "up")
    assert holds(record)
    assert {"verdict": "skipped", "severity": "notice", "code": "UPD-01", "count": 3} in record["codes"]
    assert record["update"]["changed"] == 2


def test_the_update_verifies_and_its_sums_hold(tmp_path: Path) -> None:
    made = export(tmp_path / "in")
    dui("convert", made.write(), "-o", tmp_path / "first")
    update(changed(made), tmp_path / "up", tmp_path / "first")
    assert dui("verify", tmp_path / "up").code == 0
    done = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=tmp_path / "up", capture_output=True, check=False)
    assert done.returncode == 0, done.stdout
    names = {line.split("  ")[1] for line in (tmp_path / "up" / "SHA256SUMS").read_text().splitlines()}
    products = {n for n in tree(tmp_path / "up") if n.partition("/")[0] in ("bundles", "patches")}
    assert names == products | {"update.json", "manifest.json"}
    (tmp_path / "up" / "update.json").write_text("{}")
    assert dui("verify", tmp_path / "up").code != 0


def test_nothing_changed_is_an_empty_update(tmp_path: Path) -> None:
    mapping = export(tmp_path / "in").write()
    dui("convert", mapping, "-o", tmp_path / "first")
    ran = update(mapping, tmp_path / "up", tmp_path / "first")
    assert ran.code == 0, ran.err
    assert counts(tmp_path / "up") == {"unchanged": 6}
    codes = {(c["code"], c["count"]) for c in run_record(tmp_path / "up")["codes"] if c["code"].startswith("UPD")}
    assert codes == {("UPD-01", 6), ("UPD-02", 3)}
    assert not list((tmp_path / "up").glob("*/*.json"))
    assert run_record(tmp_path / "up")["rows"]["total"] == {"read": 9, "converted": 0, "rejected": 0, "skipped": 9}


def test_nothing_changed_with_another_clock_and_undated_documents(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=1, documents=1)
    made.documents = made.documents.replace('    created: {column: date, date: "%d/%m/%Y"}\n', "")
    mapping = made.write()
    dui("convert", mapping, "-o", tmp_path / "first")
    update(mapping, tmp_path / "up", tmp_path / "first")
    assert counts(tmp_path / "up") == {"unchanged": 1}


def test_a_patch_is_not_applied_to_another_document(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=1, documents=2)
    dui("convert", made.write(), "-o", tmp_path / "first")
    made.scans["1.pdf"] = pdf("corrigé")
    update(made.write(), tmp_path / "up", tmp_path / "first")
    (change,) = index(tmp_path / "up")["changed"]
    other = bundles(tmp_path / "first")[0]["entry"][1]["resource"]
    operations = json.loads((tmp_path / "up" / change["file"]).read_text("utf-8"))
    with pytest.raises(jsonpatch.JsonPatchTestFailed):
        jsonpatch.apply_patch(other, operations)


def test_without_answers_the_url_has_a_placeholder_and_says_how_to_fill_it(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=1, documents=2)
    dui("convert", made.write(), "-o", tmp_path / "first")
    made.scans["2.pdf"] = pdf("corrigé")
    ran = update(made.write(), tmp_path / "up", tmp_path / "first")
    assert "UPD-05" in ran.err
    found = index(tmp_path / "up")
    (change,) = found["changed"]
    assert change["url"] == "DocumentReference/{id}"
    assert change["delivered"]["entry"] == 1
    assert (tmp_path / "first" / change["delivered"]["in"]).is_file()
    assert "{id}" in found["how"]["fr"]


def test_answers_given_later_only_fill_the_urls(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=1, documents=2)
    dui("convert", made.write(), "-o", tmp_path / "first")
    Server().take(tmp_path / "first", tmp_path / "answers")
    made.scans["2.pdf"] = pdf("corrigé")
    mapping = made.write()
    update(mapping, tmp_path / "up", tmp_path / "first")
    before = tree(tmp_path / "up")
    update(mapping, tmp_path / "up", tmp_path / "first", options=(*LATER, "--answers", tmp_path / "answers"))
    assert index(tmp_path / "up")["changed"][0]["url"] == "DocumentReference/srv-1"
    after = tree(tmp_path / "up")
    assert [n for n in before if n.startswith("patches/") and before[n] != after[n]] == []
    assert run_record(tmp_path / "up")["residents"]["kept"] == 1


@pytest.mark.parametrize("change", ["scan", "type", "name"])
def test_a_release_without_flow_3_gets_a_document_that_replaces(tmp_path: Path, change: str) -> None:
    made = export(tmp_path / "in", residents=2, documents=1)
    made.head += f"release: {ALTERNATIVE}\n"
    dui("convert", made.write(), "-o", tmp_path / "first")
    server = Server()
    server.take(tmp_path / "first")
    (old,) = (d["masterIdentifier"]["value"] for d in server.documents.values() if _title(d) == "Pièce 1")
    _change(made, change)
    ran = update(made.write(), tmp_path / "up", tmp_path / "first")
    assert ran.code == 0, ran.err
    assert counts(tmp_path / "up") == {"unchanged": 1, "replaced": 1}
    (new,) = (e["resource"] for b in bundles(tmp_path / "up") for e in b["entry"])
    assert new["relatesTo"][0]["code"] == "replaces"
    assert new["relatesTo"][0]["target"]["identifier"]["value"] == old
    assert new["masterIdentifier"]["value"] != old
    document = inside(new)
    assert b'<versionNumber value="2"/>' in document
    assert old.removeprefix("urn:oid:").encode() in document
    (replaced,) = index(tmp_path / "up")["replaced"]
    assert (replaced["masterIdentifier"], replaced["replaces"]) == (new["masterIdentifier"]["value"], old)
    assert not (tmp_path / "up" / "patches").exists()
    assert dui("verify", tmp_path / "up").code == 0


def _title(document: Any) -> str:
    return str(document["content"][0]["attachment"]["title"])


def _change(made: Export, what: str) -> None:
    if what == "scan":
        made.scans["1.pdf"] = pdf("corrigé")
    elif what == "type":
        made.ged[0] = dict(made.ged[0]) | {"type": "Ordonnance"}
    else:
        made.usagers[0] = usager(1, nom="CORRIGE")


@pytest.mark.parametrize("change", ["type", "name"])
def test_what_no_patch_may_change_is_replaced(tmp_path: Path, change: str) -> None:
    made = export(tmp_path / "in", residents=2, documents=1)
    dui("convert", made.write(), "-o", tmp_path / "first")
    _change(made, change)
    ran = update(made.write(), tmp_path / "up", tmp_path / "first")
    assert ran.code == 0, ran.err
    assert counts(tmp_path / "up") == {"unchanged": 1, "replaced": 1}
    assert index(tmp_path / "up")["replaced"][0]["metadata"] is True
    assert "UPD-09" in ran.err


def test_a_raw_scan_with_another_title_is_patched(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=1, documents=1)
    made.documents += "    wrap: none\n"
    dui("convert", made.write(), "-o", tmp_path / "first")
    made.ged[0] = piece(1, 1, titre="Titre corrigé")
    update(made.write(), tmp_path / "up", tmp_path / "first")
    (change,) = index(tmp_path / "up")["changed"]
    assert change["oldHash"] == change["newHash"]
    operations = json.loads((tmp_path / "up" / change["file"]).read_text("utf-8"))
    assert operations[-1]["value"]["attachment"]["title"] == "Titre corrigé"


def test_a_chain_of_updates(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=1, documents=1)
    made.head += f"release: {ALTERNATIVE}\n"
    dui("convert", made.write(), "-o", tmp_path / "first")
    server, previous = Server(), [tmp_path / "first"]
    server.take(tmp_path / "first")
    for number in (2, 3, 4):
        made.scans["1.pdf"] = pdf(f"version {number}")
        out = tmp_path / f"up{number}"
        assert update(made.write(), out, *previous).code == 0
        assert counts(out) == {"replaced": 1}
        server.take(out)
        previous.append(out)
    (document,) = server.current().values()
    assert b'<versionNumber value="4"/>' in inside(document)
    again = update(made.write(), tmp_path / "last", *previous)
    assert again.code == 0
    assert counts(tmp_path / "last") == {"unchanged": 1}
    alone = update(made.write(), tmp_path / "alone", previous[-1])
    assert alone.code == 2
    assert "UPD-14" in alone.err
    some = update(made.write(), tmp_path / "some", previous[0], previous[-1])
    assert "UPD-17" in some.err


def test_a_chain_of_patches(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=1, documents=1)
    dui("convert", made.write(), "-o", tmp_path / "first")
    server, previous = Server(), [tmp_path / "first"]
    server.take(tmp_path / "first")
    for number in (2, 3):
        made.scans["1.pdf"] = pdf(f"version {number}")
        update(made.write(), tmp_path / f"up{number}", *previous)
        server.patch(tmp_path / f"up{number}")
        previous.append(tmp_path / f"up{number}")
    update(made.write(), tmp_path / "last", *previous)
    assert counts(tmp_path / "last") == {"unchanged": 1}
    dui("convert", made.write(), "-o", tmp_path / "whole", *LATER)
    fresh = Server()
    fresh.take(tmp_path / "whole")
    assert server.current() == fresh.current()


def _reject_date(made: Export) -> None:
    made.ged[0] = dict(made.ged[0]) | {"date": "31/02/2020"}


def _lose_resident(made: Export) -> None:
    made.ged[0] = dict(made.ged[0]) | {"id": "9999"}


def _reject_resident(made: Export) -> None:
    made.usagers[0] = usager(1, naissance="31/02/1931")


def _lose_scan(made: Export) -> None:
    made.ged[0] = dict(made.ged[0]) | {"chemin": "absent.pdf"}


def _lose_number(made: Export) -> None:
    made.ged[0] = dict(made.ged[0]) | {"doc": ""}


@pytest.mark.parametrize(
    ("spoil", "unsure"),
    [(_reject_date, 1), (_lose_resident, 1), (_reject_resident, 2), (_lose_scan, 1), (_lose_number, 1)],
)
def test_a_rejected_document_has_not_vanished(tmp_path: Path, spoil: Callable[[Export], None], unsure: int) -> None:
    made = export(tmp_path / "in", residents=2, documents=2)
    dui("convert", made.write(), "-o", tmp_path / "first")
    spoil(made)
    ran = update(made.write(), tmp_path / "up", tmp_path / "first")
    assert ran.code == 1
    assert counts(tmp_path / "up") == {"unchanged": 4 - unsure, "notComparable": unsure}
    assert {d["reason"] for d in index(tmp_path / "up")["notComparable"]} <= {
        "rejected-row",
        "rejected-row-without-number",
    }
    assert "UPD-04" in ran.err


def test_one_rejected_beside_one_gone(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=1, documents=3)
    dui("convert", made.write(), "-o", tmp_path / "first")
    _lose_resident(made)
    del made.ged[1]
    ran = update(made.write(), tmp_path / "up", tmp_path / "first")
    assert counts(tmp_path / "up") == {"unchanged": 1, "vanished": 1, "notComparable": 1}
    assert index(tmp_path / "up")["vanished"][0]["source"]["line"] == 3
    assert "UPD-03" in ran.err


def test_residents_left_out_are_not_compared(tmp_path: Path) -> None:
    mapping = export(tmp_path / "in", residents=3, documents=1).write()
    dui("convert", mapping, "-o", tmp_path / "first")
    update(mapping, tmp_path / "up", tmp_path / "first", options=(*LATER, "--resident", "0002"))
    assert counts(tmp_path / "up") == {"unchanged": 1, "notComparable": 2}
    assert {d["reason"] for d in index(tmp_path / "up")["notComparable"]} == {"left-out"}


def test_what_the_receiver_refused_is_handed_over_again(tmp_path: Path) -> None:
    mapping = export(tmp_path / "in", residents=2, documents=1).write()
    dui("convert", mapping, "-o", tmp_path / "first")
    answers = tmp_path / "answers"
    Server().take(tmp_path / "first", answers)
    refused = sorted(answers.iterdir())[0]
    refused.write_text(
        json.dumps({"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "invalid"}]})
    )
    ran = update(mapping, tmp_path / "up", tmp_path / "first", options=(*LATER, "--answers", answers))
    assert counts(tmp_path / "up") == {"unchanged": 1, "new": 1}
    assert "UPD-06" in ran.err
    assert [p.name for p in (tmp_path / "up" / "bundles").iterdir()] == [refused.name.replace(".response", "")]
    refused.unlink()
    ran = update(mapping, tmp_path / "more", tmp_path / "first", options=(*LATER, "--answers", answers))
    assert "UPD-07" in ran.err
    assert counts(tmp_path / "more") == {"unchanged": 2}


def test_workers_and_a_second_run_change_no_byte(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=12, documents=3)
    dui("convert", made.write(), "-o", tmp_path / "first")
    for number in range(1, 37, 4):
        made.scans[f"{number}.pdf"] = pdf(f"corrigé {number}")
    del made.ged[1]
    mapping = made.write()
    update(mapping, tmp_path / "a", tmp_path / "first", options=(*LATER, "--workers", "1"))
    update(mapping, tmp_path / "b", tmp_path / "first", options=(*LATER, "--workers", "2"))

    def kept(out: Path) -> dict[str, bytes]:
        own = ("run.json", "journal.jsonl", "report.html")
        return {name: content for name, content in tree(out).items() if name not in own}

    assert kept(tmp_path / "a") == kept(tmp_path / "b")
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "a").rglob("*.json") if p.name != "run.json"}
    update(mapping, tmp_path / "a", tmp_path / "first", options=LATER)
    assert kept(tmp_path / "a") == kept(tmp_path / "b")
    assert {p: p.stat().st_mtime_ns for p in before} == before


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    made = export(tmp_path / "in")
    dui("convert", made.write(), "-o", tmp_path / "first")
    mapping = changed(made)
    before = tree(tmp_path)
    ran = update(mapping, tmp_path / "up", tmp_path / "first", options=(*LATER, "--dry-run", "--json"))
    assert ran.json["update"]["changed"] == 2
    assert tree(tmp_path) == before


def test_a_dossier_is_compared_too(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=2, documents=1)
    made.establishment = made.establishment.replace("facility_type: SA17", "facility_type: SA16\n  category: 183")
    made.sources += "  sejours: {file: sejours.csv}\n"
    made.documents += "  - dossier: {}\n"
    made.usagers = [dict(u) | {"ordre": "1"} for u in made.usagers]
    made.residents += "  birth_order: ordre\n"
    made.more = (
        'stays:\n  from: sejours\n  resident: id\n  key: numero\n  admission: {column: admission, date: "%d/%m/%Y"}\n'
    )
    mapping = made.write()
    head = ("id", "numero", "admission")
    rows = [{"id": f"{n:04d}", "numero": str(n), "admission": "02/03/2024"} for n in (1, 2)]
    table(made.folder / "sejours.csv", head, rows)
    first = dui("convert", mapping, "-o", tmp_path / "first")
    assert first.code == 0, first.err
    update(mapping, tmp_path / "same", tmp_path / "first")
    assert counts(tmp_path / "same") == {"unchanged": 4}
    assert run_record(tmp_path / "same")["rows"]["sources"]["sejours"]["skipped"] == 2
    rows[0]["admission"] = "03/03/2024"
    table(made.folder / "sejours.csv", head, rows)
    ran = update(mapping, tmp_path / "up", tmp_path / "first")
    assert ran.code == 0, ran.err
    assert counts(tmp_path / "up") == {"unchanged": 3, "changed": 1, "withoutId": 1}
    found = run_record(tmp_path / "up")["rows"]["sources"]["sejours"]
    assert found == {"read": 2, "converted": 1, "rejected": 0, "skipped": 1}
    rows[0]["admission"] = "31/02/2024"
    table(made.folder / "sejours.csv", head, rows)
    update(mapping, tmp_path / "spoilt", tmp_path / "first")
    assert counts(tmp_path / "spoilt") == {"unchanged": 3, "notComparable": 1}


def test_a_large_attachment_is_streamed(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=1, documents=1)
    made.documents += "    wrap: none\n"
    made.more = "output: {max_bundle_bytes: 1000000000}\n"
    mapping = made.write()
    scan = made.folder / "ged" / "1.pdf"
    head, tail = made.scans["1.pdf"].split(b"%%EOF", 1)
    filler = b"%" + b"x" * 99 + b"\n"

    def fill(mark: bytes) -> None:
        with scan.open("wb") as stream:
            stream.write(head)
            stream.write(b"% " + mark + b"\n")
            for _ in range(1600):
                stream.write(filler * 1000)
            stream.write(b"%%EOF" + tail)

    fill(b"a")
    size = scan.stat().st_size
    code = (
        "import re, sys; from pathlib import Path; from converter.cli import _run\n"
        "assert _run(sys.argv[1:]) == 0\n"
        # ru_maxrss would tell the peak of whoever forked this process, too.
        "print(int(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1]) * 1024)\n"
    )

    def run(*arguments: str | Path) -> int:
        done = subprocess.run(
            [sys.executable, "-c", code, *map(str, arguments), "--workers", "1", "-q"],
            capture_output=True,
            check=False,
            cwd=Path(__file__).parent.parent,
        )
        assert done.returncode == 0, done.stderr
        return int(done.stdout)

    run("convert", mapping, "-o", tmp_path / "first")
    fill(b"b")
    used = run("update", mapping, "--previous", tmp_path / "first", "-o", tmp_path / "up")
    (change,) = index(tmp_path / "up")["changed"]
    assert (tmp_path / "up" / change["file"]).stat().st_size > size * 4 / 3
    assert used < size + 150_000_000
    digest = base64.b64encode(hashlib.sha1(scan.read_bytes()).digest()).decode()
    assert change["newHash"] == digest


def _spoil(path: Path, change: Callable[[Any], Any]) -> None:
    found = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(change(found)), "utf-8")


def _cut(folder: Path) -> None:
    path = folder / "manifest.json"
    path.write_bytes(path.read_bytes()[:-200])


SPOILT: list[tuple[Callable[[Path], Any], int, str]] = [
    (lambda f: (f / "manifest.json").unlink(), 3, "UPD-10"),
    (lambda f: (f / "manifest.json").write_text("[1]"), 3, "UPD-11"),
    (lambda f: (f / "manifest.json").write_bytes(b"\xff" * 100), 3, "UPD-11"),
    (lambda f: (f / "manifest.json").write_text("[" * 100_000), 3, "UPD-11"),
    (_cut, 3, "UPD-11"),
    (lambda f: _spoil(f / "manifest.json", lambda m: m | {"date": "hier"}), 3, "UPD-11"),
    (lambda f: _spoil(f / "manifest.json", lambda m: m | {"date": "2026-01-01"}), 3, "UPD-11"),
    (lambda f: _spoil(f / "manifest.json", lambda m: m | {"schema": "dui-converter/manifest/2"}), 3, "UPD-11"),
    (lambda f: _spoil(f / "manifest.json", lambda m: m | {"bundles": [{"file": "../x"}]}), 3, "UPD-11"),
    (lambda f: _spoil(f / "manifest.json", lambda m: m | {"release": "tddui-1.0.1"}), 2, "UPD-13"),
    (lambda f: _spoil(f / "manifest.json", lambda m: m | {"complete": False}), 0, "UPD-12"),
]


@pytest.mark.parametrize(("spoil", "code", "said"), SPOILT, ids=[f"{i}-{s[2]}" for i, s in enumerate(SPOILT)])
def test_an_earlier_delivery_that_cannot_be_used(
    tmp_path: Path, spoil: Callable[[Path], Any], code: int, said: str
) -> None:
    mapping = export(tmp_path / "in", residents=1, documents=1).write()
    dui("convert", mapping, "-o", tmp_path / "first")
    spoil(tmp_path / "first")
    ran = update(mapping, tmp_path / "up", tmp_path / "first")
    assert ran.code == code, ran.err
    assert said in ran.err


def test_the_manifest_alone_is_enough(tmp_path: Path) -> None:
    mapping = export(tmp_path / "in", residents=1, documents=1).write()
    dui("convert", mapping, "-o", tmp_path / "first")
    (tmp_path / "first" / "manifest.json").rename(tmp_path / "kept.json")
    update(mapping, tmp_path / "up", tmp_path / "kept.json")
    assert counts(tmp_path / "up") == {"unchanged": 1}


def test_a_delivery_of_somebody_else_is_noticed(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=1, documents=1)
    dui("convert", made.write(), "-o", tmp_path / "first")
    made.usagers, made.ged = [usager(8)], [piece(1, 8)]
    ran = update(made.write(), tmp_path / "up", tmp_path / "first")
    assert "UPD-08" in ran.err
    assert counts(tmp_path / "up") == {"new": 1, "vanished": 1}


def test_the_earlier_delivery_is_never_written_to(tmp_path: Path) -> None:
    mapping = export(tmp_path / "in", residents=1, documents=1).write()
    dui("convert", mapping, "-o", tmp_path / "first")
    before = tree(tmp_path / "first")
    ran = update(mapping, tmp_path / "first", tmp_path / "first")
    assert ran.code == 4
    assert "UPD-15" in ran.err
    assert tree(tmp_path / "first") == before


def test_each_delivery_has_its_own_answers(tmp_path: Path) -> None:
    mapping = export(tmp_path / "in", residents=1, documents=1).write()
    dui("convert", mapping, "-o", tmp_path / "first")
    (tmp_path / "answers").mkdir()
    options = ("--answers", tmp_path / "answers", "--answers", tmp_path / "answers")
    ran = update(mapping, tmp_path / "up", tmp_path / "first", options=options)
    assert ran.code == 2
    assert "UPD-16" in ran.err


def test_nothing_personal_in_what_leaves(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=1, documents=2)
    made.usagers[0] = usager(1, nom="ZEBULON", prenom="QUERTZUI")
    dui("convert", made.write(), "-o", tmp_path / "first")
    made.ged[0] = piece(1, 1, titre="Pièce-secrète")
    del made.ged[1]
    ran = update(made.write(), tmp_path / "up", tmp_path / "first")
    shown = (
        ran.err + ran.out + (tmp_path / "up" / "update.json").read_text() + (tmp_path / "up" / "run.json").read_text()
    )
    assert not [mark for mark in ("ZEBULON", "QUERTZUI", "secr", "0001;") if mark in shown]


def test_an_update_and_a_delivery_do_not_mix(tmp_path: Path) -> None:
    mapping = export(tmp_path / "in", residents=1, documents=1).write()
    for name in ("first", "second"):
        dui("convert", mapping, "-o", tmp_path / name)
    before = tree(tmp_path / "second")
    into = update(mapping, tmp_path / "second", tmp_path / "first")
    assert into.code == 4
    assert "UPD-18" in into.err
    assert tree(tmp_path / "second") == before
    update(mapping, tmp_path / "up", tmp_path / "first")
    ran = dui("convert", mapping, "-o", tmp_path / "up")
    assert ran.code == 4
    assert "UPD-19" in ran.err


def test_an_update_is_packed_whole(tmp_path: Path) -> None:
    made = export(tmp_path / "in")
    dui("convert", made.write(), "-o", tmp_path / "first")
    update(changed(made), tmp_path / "up", tmp_path / "first")
    ran = dui("pack", tmp_path / "up", "-o", tmp_path / "up.zip")
    assert ran.code == 0, ran.err
    ran = dui("unpack", tmp_path / "up.zip", "-o", tmp_path / "received")
    assert ran.code == 0, ran.err
    received = tree(tmp_path / "received")
    sent = tree(tmp_path / "up")
    assert {n: c for n, c in received.items() if n in sent} == {n: sent[n] for n in received if n in sent}
    assert {"update.json", "manifest.json", "SHA256SUMS"} <= received.keys()
    assert {n for n in sent if n.startswith(("bundles/", "patches/"))} <= received.keys()
    assert dui("verify", tmp_path / "received").code == 0


def test_a_run_for_one_resident_keeps_the_others_in_the_index(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=2, documents=1)
    dui("convert", made.write(), "-o", tmp_path / "first")
    made.scans = {name: pdf(f"corrigé {name}") for name in made.scans}
    mapping = made.write()
    update(mapping, tmp_path / "up", tmp_path / "first")
    whole = {c["file"] for c in index(tmp_path / "up")["changed"]}
    update(mapping, tmp_path / "up", tmp_path / "first", options=(*LATER, "--resident", "0002"))
    assert {c["file"] for c in index(tmp_path / "up")["changed"]} == whole
    assert dui("verify", tmp_path / "up").code == 0


def test_new_documents_one_by_one(tmp_path: Path) -> None:
    made = export(tmp_path / "in")
    dui("convert", made.write(), "-o", tmp_path / "first", "--flow", "1")
    server = Server()
    update(changed(made), tmp_path / "up", tmp_path / "first", options=(*LATER, "--flow", "1"))
    assert len(list((tmp_path / "up" / "documents").iterdir())) == 1
    for number, path in enumerate(sorted((tmp_path / "first" / "documents").iterdir())):
        server.documents[str(number)] = json.loads(path.read_text("utf-8"))
    server.patch(tmp_path / "up")
