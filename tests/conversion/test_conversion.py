"""The main job on small exports: one bad row never costs another, and every row is accounted for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lxml import etree

from tests.making import (
    bundles,
    documents,
    dui,
    export,
    holds,
    inside,
    pdf,
    piece,
    rejects,
    run_record,
    tree,
    usager,
)

CDA = {"c": "urn:hl7-org:v3"}


def test_a_sound_export_leaves_whole(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=3, documents=2)
    ran = dui("convert", made.write(), "-o", tmp_path / "out")
    assert ran.code == 0, ran.err
    assert len(bundles(tmp_path / "out")) == 3
    assert len(documents(tmp_path / "out")) == 6
    assert rejects(tmp_path / "out") == []
    record = run_record(tmp_path / "out")
    assert record["rows"]["total"] == {"read": 9, "converted": 9, "rejected": 0, "skipped": 0}
    assert holds(record)


def test_the_scan_inside_is_the_scan_on_disk(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=1, documents=1)
    dui("convert", made.write(), "-o", tmp_path / "out")
    (resource,) = documents(tmp_path / "out")
    cda = etree.fromstring(inside(resource))
    body = cda.find(".//c:nonXMLBody/c:text", CDA)
    assert body.get("mediaType") == "application/pdf"
    import base64

    assert base64.b64decode(body.text) == made.scans["1.pdf"]
    root = cda.find("c:id", CDA).get("root")
    assert resource["masterIdentifier"]["value"] == f"urn:oid:{root}"


#: What is done to row 2 of the index, and the code it must get; everything else leaves.
BAD_ROWS = [
    ({"id": "9999"}, "RUN-02"),
    ({"id": ""}, "VAL-01"),
    ({"doc": ""}, "VAL-01"),
    ({"doc": "1"}, "RUN-01"),
    ({"titre": ""}, "VAL-01"),
    ({"type": "Rubrique maison"}, "CODE-01"),
    ({"date": "31/02/2021"}, "DATE-02"),
    ({"date": "2021-04-03"}, "DATE-01"),
    ({"date": "03/04/21"}, "DATE-01"),
    ({"chemin": ""}, "VAL-01"),
    ({"chemin": "absent.pdf"}, "SCAN-09"),
    ({"chemin": "../mapping.yaml"}, "SCAN-02"),
    ({"chemin": "vide.pdf"}, "SCAN-20"),
    ({"chemin": "tronque.pdf"}, "SCAN-21"),
]


@pytest.mark.parametrize(("change", "code"), BAD_ROWS, ids=[f"{c}-{code}" for c, code in BAD_ROWS])
def test_one_bad_row_costs_no_other(tmp_path: Path, change: dict[str, str], code: str) -> None:
    made = export(tmp_path / "in", residents=3, documents=2)
    made.ged[1] = piece(2, 1, **change)
    made.scans["vide.pdf"] = b""
    made.scans["tronque.pdf"] = pdf("tronque")[:-120]
    ran = dui("convert", made.write(), "-o", tmp_path / "out")
    assert ran.code == 1, ran.err
    record = run_record(tmp_path / "out")
    assert record["rows"]["sources"]["ged"] == {"read": 6, "converted": 5, "rejected": 1, "skipped": 0}
    assert record["rows"]["sources"]["usagers"]["converted"] == 3
    (line,) = rejects(tmp_path / "out")
    assert (line["Fichier"], line["Ligne"], line["Code"]) == ("ged.csv", "3", code)
    assert line["Problème"]
    assert line["À faire"]
    titles = {r["content"][0]["attachment"]["title"] for r in documents(tmp_path / "out")}
    assert titles == {f"Pièce {n}" for n in (1, 3, 4, 5, 6)}


def test_one_impossible_date_in_many_rows(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=40, documents=5)
    made.ged[77] = dict(made.ged[77]) | {"date": "30/02/2020"}
    ran = dui("convert", made.write(), "-o", tmp_path / "out")
    assert ran.code == 1
    assert len(documents(tmp_path / "out")) == 199
    assert [line["Ligne"] for line in rejects(tmp_path / "out")] == ["79"]


def test_the_third_of_april_stays_so(tmp_path: Path) -> None:
    dui("convert", export(tmp_path / "in", 1, 1).write(), "-o", tmp_path / "out")
    (resource,) = documents(tmp_path / "out")
    assert resource["content"][0]["attachment"]["creation"].startswith("2021-04-03")
    assert b'<effectiveTime value="20210403' in inside(resource)


def test_an_empty_cell_shifts_no_other(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=2, documents=1)
    made.usagers[0] = usager(1, prenom="")
    made.ged[0] = piece(1, 1, date="")
    ran = dui("convert", made.write(), "-o", tmp_path / "out")
    found = documents(tmp_path / "out")
    assert ran.code in (0, 1)
    assert "Pièce 2" in {r["content"][0]["attachment"]["title"] for r in found}


def test_a_rejected_resident_takes_its_documents_along(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=2, documents=2)
    made.usagers[0] = usager(1, naissance="31/02/1931")
    ran = dui("convert", made.write(), "-o", tmp_path / "out")
    assert ran.code == 1
    codes = sorted((line["Source"], line["Code"]) for line in rejects(tmp_path / "out"))
    assert codes == [("ged", "RUN-03"), ("ged", "RUN-03"), ("usagers", "DATE-02")]
    assert len(documents(tmp_path / "out")) == 2


def test_a_resident_twice_with_one_identity_counts_once(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=2, documents=1)
    made.usagers.append(usager(1))
    ran = dui("convert", made.write(), "-o", tmp_path / "out")
    assert ran.code == 1
    assert [(r["Ligne"], r["Code"]) for r in rejects(tmp_path / "out")] == [("4", "RUN-04")]
    assert len(documents(tmp_path / "out")) == 2


def test_one_number_for_two_people_stops_both_and_nobody_else(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=2, documents=1)
    made.usagers.append(usager(1, nom="AUTRE"))
    dui("convert", made.write(), "-o", tmp_path / "out")
    codes = sorted((r["Source"], r["Ligne"], r["Code"]) for r in rejects(tmp_path / "out"))
    assert codes == [("ged", "2", "RUN-03"), ("usagers", "2", "RUN-05"), ("usagers", "4", "RUN-05")]
    assert len(documents(tmp_path / "out")) == 1


def test_a_resident_without_documents_is_counted_as_skipped(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=1, documents=1)
    made.usagers.append(usager(2))
    ran = dui("convert", made.write(), "-o", tmp_path / "out")
    assert ran.code == 0
    assert run_record(tmp_path / "out")["rows"]["sources"]["usagers"]["skipped"] == 1


def test_when_skips_and_says_so(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=1, documents=2)
    made.ged[0] = dict(made.ged[0]) | {"statut": "Supprimé"}
    made.ged[1] = dict(made.ged[1]) | {"statut": "Validé"}
    made.documents += "    when: {column: statut, not_in: [SUPPRIME]}\n"
    ran = dui("convert", made.write(), "-o", tmp_path / "out")
    assert ran.code == 0, ran.err
    record = run_record(tmp_path / "out")
    assert record["rows"]["sources"]["ged"] == {"read": 2, "converted": 1, "rejected": 0, "skipped": 1}
    assert {"verdict": "skipped", "severity": "notice", "code": "RUN-22", "count": 1} in record["codes"]


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"usager": "INVENTE1", "ne": "04/05/1931"}, None),
        ({"usager": "invente1", "ne": "04/05/1931"}, None),
        ({"usager": "INVENTE2", "ne": "04/05/1931"}, "GUARD-01"),
        ({"usager": "INVENTE1", "ne": "05/04/1931"}, "GUARD-01"),
        ({"usager": "INVENTE1", "ne": ""}, None),
    ],
)
def test_the_wrong_resident_guard(tmp_path: Path, cells: dict[str, str], code: str | None) -> None:
    made = export(tmp_path / "in", residents=1, documents=1)
    made.ged[0] = dict(made.ged[0]) | cells
    made.documents += '    guard: {birth_name: usager, birth_date: {column: ne, date: "%d/%m/%Y"}}\n'
    ran = dui("convert", made.write(), "-o", tmp_path / "out")
    assert [r["Code"] for r in rejects(tmp_path / "out")] == ([code] if code else []), ran.err


def test_files_that_no_row_names_are_listed(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=1, documents=1)
    made.scans["oublie/scan.pdf"] = pdf("oublie")
    ran = dui("convert", made.write(), "-o", tmp_path / "out")
    assert ran.code == 0
    assert "oublie/scan.pdf" in (tmp_path / "out" / "unindexed.csv").read_text(encoding="utf-8-sig")
    assert run_record(tmp_path / "out")["unindexed"] == 1
    assert "scan.pdf" not in ran.err


def test_a_second_run_gives_the_same_bytes(tmp_path: Path) -> None:
    mapping = export(tmp_path / "in", residents=12, documents=3).write()
    dui("convert", mapping, "-o", tmp_path / "a", "--workers", "1")
    dui("convert", mapping, "-o", tmp_path / "b", "--workers", "2", env={"TZ": "Pacific/Auckland"})
    one, two = tree(tmp_path / "a"), tree(tmp_path / "b")
    for name in one:
        if name.startswith("bundles/") or name in ("manifest.json", "SHA256SUMS"):
            assert one[name] == two[name], name
    assert one.keys() == two.keys()


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    mapping = export(tmp_path / "in").write()
    before = tree(tmp_path)
    ran = dui("convert", mapping, "-o", tmp_path / "out", "--dry-run")
    assert ran.code == 0
    assert tree(tmp_path) == before
    assert not (tmp_path / "out").exists()


def test_identifiers_do_not_depend_on_order_or_place(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=3, documents=2)
    dui("convert", made.write(), "-o", tmp_path / "a")
    made.folder = tmp_path / "elsewhere"
    made.usagers.reverse()
    made.ged.reverse()
    dui("convert", made.write(), "-o", tmp_path / "b")

    def identifiers(out: Path) -> set[str]:
        return {r["masterIdentifier"]["value"] for r in documents(out)}

    assert identifiers(tmp_path / "a") == identifiers(tmp_path / "b")


def test_several_files_in_one_cell_are_several_documents(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=1, documents=2)
    made.ged = [piece(1, 1, chemin="1.pdf|2.pdf")]
    made.documents = made.documents.replace("scan: chemin", 'scan: {column: chemin, split: "|"}')
    ran = dui("convert", made.write(), "-o", tmp_path / "out")
    assert ran.code == 0, ran.err
    found = documents(tmp_path / "out")
    assert [r["content"][0]["attachment"]["title"] for r in found] == ["Pièce 1 (1/2)", "Pièce 1 (2/2)"]
    assert len({r["masterIdentifier"]["value"] for r in found}) == 2


def test_the_scan_alone_when_the_mapping_says_so(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=1, documents=1)
    made.documents += "    wrap: none\n"
    dui("convert", made.write(), "-o", tmp_path / "out")
    (resource,) = documents(tmp_path / "out")
    assert inside(resource) == made.scans["1.pdf"]
    assert resource["content"][0]["attachment"]["contentType"] == "application/pdf"
    assert "format" not in resource["content"][0]


def test_without_an_arc_identifiers_are_uuids(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=1, documents=1)
    made.establishment = made.establishment.replace("  oid: 1.2.250.1.999.1\n", "")
    dui("convert", made.write(), "-o", tmp_path / "out")
    (resource,) = documents(tmp_path / "out")
    value = resource["masterIdentifier"]["value"]
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", value)
    assert f'<id root="{value.removeprefix("urn:uuid:").upper()}"/>'.encode() in inside(resource)


def test_flow_1_writes_single_documents(tmp_path: Path) -> None:
    mapping = export(tmp_path / "in", residents=2, documents=2).write()
    ran = dui("convert", mapping, "-o", tmp_path / "out", "--flow", "1")
    assert ran.code == 0, ran.err
    files = sorted((tmp_path / "out" / "documents").iterdir())
    assert len(files) == 4
    import json

    assert all(json.loads(f.read_text("utf-8"))["resourceType"] == "DocumentReference" for f in files)


def test_bundles_are_split_by_entries(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=1, documents=5)
    made.more = "output: {max_entries: 2}\n"
    ran = dui("convert", made.write(), "-o", tmp_path / "out")
    assert ran.code == 0, ran.err
    assert [len(b["entry"]) for b in bundles(tmp_path / "out")] == [2, 2, 1]


def test_a_document_too_large_is_told_before_and_rejected(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=1, documents=2)
    made.scans["2.pdf"] = pdf("x" * 200_000)
    made.scans["2.pdf"] = made.scans["2.pdf"].replace(b"%%EOF", b"%" + bytes(range(33, 120)) * 800 + b"\n%%EOF")
    made.more = "output: {max_bundle_bytes: 60000}\n"
    ran = dui("convert", made.write(), "-o", tmp_path / "out")
    codes = [r["Code"] for r in rejects(tmp_path / "out")]
    assert codes == ["RUN-25"], (codes, ran.err)
    assert ran.err.index("RUN-25") < ran.err.index("converted")
    assert len(documents(tmp_path / "out")) == 1


def test_a_file_changed_while_read_costs_its_row_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from converter import payload
    from converter.pipeline import convert
    from converter.settings import Settings
    from tests.conversion.watching import Silent

    made = export(tmp_path / "in", residents=1, documents=3)
    mapping = made.write()
    real = payload._file_chunks

    def changing(part: payload.FilePart):  # type: ignore[no-untyped-def]
        if part.path.name == "2.pdf":
            part.path.write_bytes(pdf("autre chose"))
        return real(part)

    monkeypatch.setattr(payload, "_file_chunks", changing)
    run = convert(Settings(mapping, tmp_path / "out", workers=1), Silent())
    assert run.rejected == 1
    assert [r["Code"] for r in rejects(tmp_path / "out")] == ["RUN-08"]
    assert len(documents(tmp_path / "out")) == 2
    monkeypatch.undo()
    again = convert(Settings(mapping, tmp_path / "out", workers=1), Silent())
    assert again.rejected == 0
    assert len(documents(tmp_path / "out")) == 3


def test_a_flow_that_the_release_lacks_is_refused(tmp_path: Path) -> None:
    mapping = export(tmp_path / "in").write()
    ran = dui("convert", mapping, "-o", tmp_path / "out", "--flow", "1", "--release", "cda-tddui-1.0.1")
    assert ran.code == 2
    assert "RUN-54" in ran.err
    assert "tddui-1.1.0" in ran.err
    assert not (tmp_path / "out").exists()


def test_sites_number_their_documents_each_by_itself(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=1, documents=1)
    made.usagers = [dict(made.usagers[0]) | {"site": site} for site in ("A", "B")]
    made.ged = [dict(made.ged[0]) | {"site": site} for site in ("A", "B")]
    made.residents += "  site: site\n"
    made.documents += "    site: site\n"
    ran = dui("convert", made.write(), "-o", tmp_path / "out")
    assert ran.code == 0, ran.err
    assert len({r["masterIdentifier"]["value"] for r in documents(tmp_path / "out")}) == 2


def test_a_file_named_by_one_rejected_row_is_not_called_shared(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=1, documents=2)
    made.scans["2.pdf"] = b""
    ran = dui("convert", made.write(), "-o", tmp_path / "out")
    assert ran.code == 1
    assert "RUN-13" not in ran.err


def test_where_the_senders_disks_are_is_not_told_to_the_receiver(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=1, documents=1)
    made.sources = made.sources.replace("usagers.csv", str(tmp_path / "in" / "usagers.csv"))
    ran = dui("convert", made.write(), "-o", tmp_path / "out")
    assert ran.code == 0, ran.err
    assert str(tmp_path) not in (tmp_path / "out" / "manifest.json").read_text("utf-8")
    assert str(tmp_path) not in (tmp_path / "out" / "run.json").read_text("utf-8")


def test_no_record_of_an_earlier_run_stands_beside_products_that_change(tmp_path: Path) -> None:
    from converter.delivery import open_delivery

    mapping = export(tmp_path / "in", residents=1, documents=1).write()
    dui("convert", mapping, "-o", tmp_path / "out")
    with open_delivery(tmp_path / "out") as delivery:
        with delivery.writer.create("bundles/x.json") as stream:
            stream.write(b"{}")
        assert not (tmp_path / "out" / "run.json").exists()
        assert not (tmp_path / "out" / "manifest.json").exists()
