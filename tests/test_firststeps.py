"""inspect, init, check: from an export nobody knows to a mapping that converts, without showing a cell of it."""

from __future__ import annotations

import contextlib
import io
import json
import re
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from converter.cli import _run
from converter.firststeps.labels import bare, is_usual
from converter.firststeps.shapes import Columns
from converter.firststeps.yaml_lines import flow, scalar
from converter.mapping.loader import load
from tests.making import FINESS, Export, Ran, dui, export, pdf, piece, tree, usager
from tests.test_cli import MARKS, secret

ROOT = Path(__file__).parent.parent
EHPAD, IME = ROOT / "samples" / "ehpad", ROOT / "samples" / "ime"

#: What a person fills in, by key.
_FILLING = {
    "title": "Essai",
    "name": "EHPAD inventé",
    "finess": FINESS,
    "facility_type": "SA17",
    "manufacturer": "Éditeur inventé",
    "type": "{value: 28653-4}",
}
#: What a person fills in for words of the export, by what the gap asks for.
_MEANINGS = {"type JDV_J07": "28653-4", "M ou MME": "MME", "male, female ou unknown": "unknown"}


def here(*arguments: str | Path) -> Ran:
    """The command line in this process: a second sooner than :func:`dui`, for what does not look at the process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = _run([str(a) for a in arguments])
    return Ran(int(code), out.getvalue(), err.getvalue())


def csv(path: Path, lines: Iterable[Sequence[str]], encoding: str = "utf-8", delimiter: str = ";") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(delimiter.join(line) + "\r\n" for line in lines).encode(encoding))
    return path


def workbook(path: Path, sheets: dict[str, list[list[Any]]], hidden: Iterable[str] = ()) -> Path:
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        if name in hidden:
            sheet.sheet_state = "hidden"
    book.save(path)
    return path


def inspected(*paths: Path, options: Sequence[str] = ()) -> Any:
    return here("inspect", *paths, "--json", *options).json


def columns_of(path: Path) -> dict[str | None, Any]:
    return {c["label"]: c for c in inspected(path)["files"][0]["tables"][0]["columns"]}


def filled(mapping: Path, **changes: str) -> Path:
    """The draft as a person would complete it."""
    values = _FILLING | changes

    def fill(match: re.Match[str]) -> str:
        return f"{match[1]}{match[2]}: {_MEANINGS.get(match[3]) or values[match[2]]}"

    text = re.sub(r"^(\s*(?:- )?)(\S.*):  # à compléter : (.*)$", fill, mapping.read_text("utf-8"), flags=re.MULTILINE)
    assert ":  # à compléter" not in text
    mapping.write_text(text, "utf-8")
    return mapping


def nothing_personal(ran: Ran) -> bool:
    return not any(mark in ran.out or mark in ran.err for mark in MARKS)


# ------------------------------------------------------------------------------------------------------- inspect


def test_inspect_says_what_a_text_file_is(tmp_path: Path) -> None:
    lines = [
        ("N° dossier", "Nom", "Né(e) le", "Entré à"),
        ("000101", "Exemplé", "31/12/1930", "12h"),
        ("000102", "Èssai", "01/02/1931", ""),
    ]
    found = inspected(csv(tmp_path / "usagers.txt", lines, "cp1252", "\t"))["files"][0]
    assert (found["type"], found["encoding"], found["delimiter"]) == ("CSV", "cp1252", "tab")
    assert found["encoding_guessed"]
    (table,) = found["tables"]
    assert (table["rows"], table["header_line_proposed"]) == (2, 1)
    number, name, born, entry = table["columns"]
    assert number["shapes"] == {"whole-number": 2, "leading-zeros": 2}
    assert number["identifies"]
    assert (name["label"], name["longest"], name["distinct"]) == ("Nom", 7, 2)
    assert born["date_forms"] == ["%d/%m/%Y"]
    assert not born["day_month_ambiguous"]
    assert (entry["position"], entry["filled"], entry["filled_share"]) == (4, 1, 0.5)


def test_inspect_proposes_the_header_below_titles(tmp_path: Path) -> None:
    lines = [("Liste des usagers", "", ""), ("", "", ""), ("IPP", "Nom", "Prénom"), ("1", "A", "B"), ("2", "C", "D")]
    table = inspected(csv(tmp_path / "a.csv", lines))["files"][0]["tables"][0]
    assert (table["header_line_proposed"], table["rows"]) == (3, 2)
    assert "as a proposal only: line 3" in here("inspect", tmp_path / "a.csv").out


@pytest.mark.parametrize(
    "first", [("000101", "ZEBULON", "04/05/1931"), ("ZEBULON", "QUERTZUI", "Paris"), ("ZEBULON", "", "QUERTZUI")]
)
def test_a_file_without_a_header_shows_no_line_of_it(tmp_path: Path, first: tuple[str, ...]) -> None:
    path = csv(tmp_path / "a.csv", [first, ("000102", "Exemple", "05/06/1932"), ("000103", "Essai", "06/07/1933")])
    for options in ((), ("--json",), ("-v",)):
        ran = here("inspect", path, *options)
        assert ran.code == 0
        assert nothing_personal(ran)
    table = inspected(path)["files"][0]["tables"][0]
    assert table["header_line_proposed"] is None
    assert table["rows"] == 3
    assert [c["label"] for c in table["columns"]] == [None] * 3
    assert "--header-row" in here("inspect", path).out


def test_a_stated_header_is_taken(tmp_path: Path) -> None:
    path = csv(tmp_path / "a.csv", [("Alpha", "Beta"), ("x", "y"), ("z", "t")])
    assert inspected(path)["files"][0]["tables"][0]["header_line_proposed"] is None
    table = inspected(path, options=("--header-row", "1"))["files"][0]["tables"][0]
    assert ([c["label"] for c in table["columns"]], table["rows"]) == (["Alpha", "Beta"], 2)


def test_data_in_the_header_line_is_not_shown(tmp_path: Path) -> None:
    """An exporter that puts the first record beside its labels."""
    path = csv(tmp_path / "a.csv", [("N° dossier", "Nom", "Prénom", "2790351991001"), ("1", "A", "B", "x")])
    ran = here("inspect", path)
    assert "2790351991001" not in ran.out + ran.err
    assert "(not shown)" in ran.out


def test_a_form_with_labels_and_values_in_one_line_shows_no_value(tmp_path: Path) -> None:
    path = csv(
        tmp_path / "a.csv", [("Nom", "ZEBULON", "Prénom", "QUERTZUI"), ("Né le", "04/05/1931", "Ville", "Paris")]
    )
    for options in ((), ("--json",)):
        assert nothing_personal(here("inspect", path, *options))
    here("init", path, "-o", tmp_path / "m.yaml")
    assert not any(mark in (tmp_path / "m.yaml").read_text("utf-8") for mark in MARKS)


@pytest.mark.parametrize("name", ["a[1].csv", " a .csv", "é*.csv", b"\xff.csv".decode("utf-8", "surrogateescape")])
def test_any_file_name_is_taken_as_it_is(tmp_path: Path, name: str) -> None:
    path = csv(tmp_path / name, [("IPP", "Nom"), ("1", "A")])
    assert dui("inspect", path).code == 0
    assert dui("init", path, "-o", tmp_path / "m.yaml").code == 0


@pytest.mark.parametrize(
    ("cells", "forms", "ambiguous"),
    [
        (["03/04/2021", "05/06/2021"], ["%d/%m/%Y"], True),
        (["03/04/2021", "25/06/2021"], ["%d/%m/%Y"], False),
        (["03/14/2021", "05/06/2021"], ["%m/%d/%Y"], False),
        (["2021-04-03", "2021-12-31"], ["%Y-%m-%d"], False),
        (["20210403", "19991231"], ["%Y%m%d"], False),
        (["03/04/21", "31/12/99"], ["%d/%m/%y"], False),
        (["03/04/2021 08:30", "31/12/2021 23:59"], ["%d/%m/%Y %H:%M"], False),
        (["3 avril 2021", "31 décembre 2021"], ["%d %B %Y"], False),
        (["31/12/2021", "31/12/21", "30/12/2021"], ["%d/%m/%Y", "%d/%m/%y"], False),
        (["31/02/2021", "x", "y"], [], False),
        (["12345678", "99999999"], [], False),
    ],
)
def test_the_form_that_all_dates_have(cells: list[str], forms: list[str], ambiguous: bool) -> None:
    counter = Columns(["d"], lambda _: True)
    for cell in [*cells, ""]:
        counter.add([cell])
    counter.flush()
    (column,) = counter.columns
    assert column.date_forms() == forms
    assert column.is_ambiguous == ambiguous


def test_dates_with_exceptions_are_counted(tmp_path: Path) -> None:
    dates = [("Nom", "Date de naissance"), *[("A", "31/12/1930")] * 9, ("B", "inconnue")]
    born = columns_of(csv(tmp_path / "a.csv", dates))["Date de naissance"]
    assert (born["date_forms"], born["cells_without_date_form"]) == (["%d/%m/%Y"], 1)


def test_identifiers_are_counted_by_shape(tmp_path: Path) -> None:
    lines = [
        ("Nom", "NIR", "FINESS", "Tél", "Courriel", "Chemin"),
        ("A", "1 85 05 78 006 084 91", FINESS, "01 23 45 67 89", "a@b.fr", r"G:\GED\1.pdf"),
        ("B", "185057800608491", "123456789", "+33 1 23 45 67 89", "", "ged/2.tif"),
    ]
    found = columns_of(csv(tmp_path / "a.csv", lines))
    assert found["NIR"]["shapes"]["nir"] == 2
    assert found["NIR"]["shapes"]["nir-key-valid"] == 2
    assert found["FINESS"]["shapes"]["finess"] == 1
    assert found["Tél"]["shapes"]["phone"] == 2
    assert found["Courriel"]["shapes"] == {"email": 1}
    assert (found["Chemin"]["shapes"]["path"], found["Chemin"]["server_paths"]) == (2, 1)


def test_distinct_values_are_counted_up_to_a_cap(tmp_path: Path) -> None:
    lines = [("Code", "Type"), *((str(n), str(n % 7)) for n in range(5000))]
    found = columns_of(csv(tmp_path / "a.csv", lines))
    assert (found["Code"]["distinct"], found["Code"]["distinct_more_than"]) == (None, 1000)
    assert found["Code"]["identifies"]
    assert found["Type"]["distinct"] == 7
    assert ">1000" in here("inspect", tmp_path / "a.csv").out


def test_every_sheet_is_told_hidden_ones_too(tmp_path: Path) -> None:
    sheets = {"Usagers": [["IPP", "Nom"], ["1", "A"]], "Archives": [["IPP", "Nom"], ["2", "B"]], "Vide": []}
    path = workbook(tmp_path / "a.xlsx", sheets, ["Archives"])
    tables = inspected(path)["files"][0]["tables"]
    assert [(t["sheet"], t["hidden"], t["rows"]) for t in tables] == [
        ("Usagers", False, 1),
        ("Archives", True, 1),
        ("Vide", False, 0),
    ]
    out = here("inspect", path).out
    assert "Sheet Archives (hidden)" in out
    assert "Sheet Vide: empty" in out


def test_damaged_rows_are_counted(tmp_path: Path) -> None:
    lines = [("IPP", "Nom", "Prénom"), *[("1", "A", "B")] * 20, ("2", "C")]
    table = inspected(csv(tmp_path / "a.csv", lines))["files"][0]["tables"][0]
    assert (table["rows"], table["damaged_rows"]) == (21, 1)


def test_lines_of_several_widths_without_a_header(tmp_path: Path) -> None:
    lines = [("x" * n for n in range(1, 8)), *[("1", "A", "B")] * 300]
    table = inspected(csv(tmp_path / "a.csv", [tuple(line) for line in lines]))["files"][0]["tables"][0]
    assert len(table["columns"]) == 3
    assert table["rows"] == 301


def test_what_cannot_be_read_is_3_and_the_others_are_told(tmp_path: Path) -> None:
    sound = csv(tmp_path / "a.csv", [("IPP", "Nom"), ("1", "A")])
    (tmp_path / "b.csv").write_bytes(b"")
    (tmp_path / "c.csv").write_bytes(b"%PDF-1.4\n")
    (tmp_path / "d.xml").write_text("<index><doc><nom>A</nom></doc></index>", "utf-8")
    ran = here("inspect", sound, tmp_path / "b.csv", tmp_path / "c.csv", tmp_path / "d.xml", tmp_path / "e.csv")
    assert ran.code == 3
    assert "IPP" in ran.out
    for code in ("SRC-05", "SRC-07", "INI-05", "SRC-01"):
        assert code in ran.err
    assert ran.err.strip().splitlines()[-1].startswith("Next: dui init ")


def test_a_folder_is_counted_by_type_and_no_name_shows(tmp_path: Path) -> None:
    folder = tmp_path / "ged"
    for name, content in {
        "cheminsecret/ZEBULON.pdf": pdf("a"),
        "cheminsecret/b 100%.PDF": pdf("b"),
        "c.pdf": b"",
        "d.pdf": pdf("d")[:200],
        "e.txt": "été".encode(),
        "Thumbs.db": b"x",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    ran = here("inspect", folder)
    assert ran.code == 0
    assert nothing_personal(ran)
    (found,) = inspected(folder)["folders"]
    assert found["files"] == 5
    assert {kind["type"]: kind["files"] for kind in found["types"]} == {"PDF": 2, "TXT": 1}
    assert (found["empty"], found["encrypted"], found["unreadable"]) == (1, 0, 1)
    assert found["pages"] == 2
    assert "Next: dui init" in ran.err


def test_a_hostile_workbook_is_refused(tmp_path: Path) -> None:
    import zipfile

    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (80 * 1024 * 1024))
    ran = dui("inspect", path)
    assert ran.code == 3
    assert "SRC-" in ran.err


@pytest.mark.parametrize("options", [(), ("-v",), ("--json",), ("--lang", "fr")])
def test_inspect_shows_nothing_personal(tmp_path: Path, options: tuple[str, ...]) -> None:
    secret(tmp_path / "in").write()
    folder = tmp_path / "in"
    ran = dui("inspect", folder / "usagers.csv", folder / "ged.csv", folder / "ged", *options)
    assert ran.code == 0
    assert nothing_personal(ran)


# ------------------------------------------------------------------------------------------------------- labels


@pytest.mark.parametrize(
    "label", ["N° de dossier", "NUM_DOSSIER", "numDossier", "Numéro dossier", "n°  Dossier", "No. dossier"]
)
def test_spellings_of_one_label_are_the_same(label: str) -> None:
    assert bare(label) == bare("N° dossier")


@pytest.mark.parametrize(
    "label", ["Nom de naissance", "DATE_NAISSANCE", "DateNaissance", "Né(e) le", "Prénom(s)", "IPP", "N° SS", "Chemin"]
)
def test_usual_labels_are_known(label: str) -> None:
    assert is_usual(label)


@pytest.mark.parametrize("label", ["", "ZEBULON", "Jean", "04/05/1931", "2790351991001"])
def test_data_is_no_usual_label(label: str) -> None:
    assert not is_usual(label)


@given(st.text(min_size=1, max_size=60).filter(lambda t: t.strip() == t and "\x00" not in t))
def test_any_label_comes_back_from_the_yaml(text: str) -> None:
    if not all(c.isprintable() for c in text):
        return  # readers give labels of one line, without control characters
    assert yaml.load(f"key: {scalar(text)}", yaml.BaseLoader) == {"key": text}
    assert yaml.load(f"key: {flow({text: [text]})}  # note", yaml.BaseLoader) == {"key": {text: [text]}}


# --------------------------------------------------------------------------------------------------------- init


def sample_draft(folder: Path) -> Path:
    mapping = folder / "mapping.yaml"
    sources = EHPAD / "sources"
    ran = here("init", sources / "usagers.xlsx", sources / "index_ged.csv", "--scans", sources / "ged", "-o", mapping)
    assert ran.code == 0, ran.err
    return mapping


def test_a_draft_names_its_schema_and_does_not_pass_before_it_is_filled_in(tmp_path: Path) -> None:
    mapping = sample_draft(tmp_path)
    text = mapping.read_text("utf-8")
    assert text.startswith("# yaml-language-server: $schema=mapping.schema.json\n")
    json.loads((tmp_path / "mapping.schema.json").read_text("utf-8"))
    ran = here("check", mapping)
    assert ran.code == 2
    assert len(re.findall(r": MAP-08 ", ran.err)) == text.count(":  # à compléter") == 7
    assert "dui check" in ran.err.strip().splitlines()[-1]


def test_a_filled_draft_of_the_sample_converts_like_its_mapping(tmp_path: Path) -> None:
    mapping = filled(sample_draft(tmp_path))
    spec = load(mapping).spec
    assert spec.residents.birth_name == "Nom de naissance"
    assert spec.residents.used_name == "Nom d'usage"
    assert spec.sources["index_ged"].encoding == "cp1252"
    assert spec.sources["index_ged"].strip_prefix == ["G:\\GED\\"]
    ran = here("check", mapping, "--json")
    assert ran.code == 1
    read = {name: rows["read"] for name, rows in ran.json["rows"].items()}
    assert read == {"usagers": 9, "index_ged": 43}
    assert {p["code"] for p in ran.json["problems"] if p["code"].startswith("MAP")} == set()
    converted = ran.json["rows"]["index_ged"]["converted"]
    assert converted > 30


def test_a_draft_is_the_same_each_time(tmp_path: Path) -> None:
    made = export(tmp_path / "in")
    made.write()
    (tmp_path / "in" / "mapping.yaml").unlink()
    texts: list[bytes] = []
    for name in ("a.yaml", "b.yaml"):
        arguments = (tmp_path / "in" / "usagers.csv", tmp_path / "in" / "ged.csv", "-o", tmp_path / "in" / name)
        assert dui("init", *arguments, env={"PYTHONHASHSEED": str(len(texts))}).code == 0
        texts.append((tmp_path / "in" / name).read_bytes())
    assert texts[0] == texts[1]


def test_from_nothing_to_a_delivery(tmp_path: Path) -> None:
    """The four commands in the order in which each names the next."""
    made = export(tmp_path / "in", residents=4, documents=3)
    made.usagers[0] = usager(1, naissance="31/12/1930")
    made.ged[0] = piece(1, 1, date="31/03/2021")
    made.write().unlink()
    folder = tmp_path / "in"
    sources = (folder / "usagers.csv", folder / "ged.csv")
    ran = dui("inspect", *sources, folder / "ged")
    assert "Next: dui init" in ran.err
    ran = dui("init", *sources, "--scans", folder / "ged", "-o", folder / "mapping.yaml")
    assert "Next: dui check" in ran.err
    mapping = filled(folder / "mapping.yaml")
    ran = dui("check", mapping)
    assert ran.code == 0, ran.err
    assert ran.err.strip().splitlines()[-1].startswith("Next: dui convert ")
    ran = dui("convert", mapping, "-o", tmp_path / "out")
    assert ran.code == 0, ran.err


@pytest.mark.parametrize("name", ["mapping.yaml", "mapping.schema.json"])
def test_nothing_is_overwritten(tmp_path: Path, name: str) -> None:
    source = csv(tmp_path / "a.csv", [("IPP", "Nom"), ("1", "A")])
    (tmp_path / name).write_text("precious", "utf-8")
    ran = here("init", source, "-o", tmp_path / "mapping.yaml")
    assert ran.code == (4 if name == "mapping.yaml" else 0)
    assert (tmp_path / name).read_text("utf-8") == "precious"
    assert ("INI-01" in ran.err) == (name == "mapping.yaml")


def test_a_mapping_that_cannot_be_written_is_4(tmp_path: Path) -> None:
    source = csv(tmp_path / "a.csv", [("IPP", "Nom"), ("1", "A")])
    ran = here("init", source, "-o", tmp_path / "absent" / "mapping.yaml")
    assert ran.code == 4
    assert "INI-02" in ran.err


def test_init_writes_nothing_when_a_source_cannot_be_read(tmp_path: Path) -> None:
    sound = csv(tmp_path / "a.csv", [("IPP", "Nom"), ("1", "A")])
    before = tree(tmp_path)
    for wrong in (tmp_path / "b.csv", tmp_path / "c.csv"):
        assert here("init", sound, wrong, "-o", tmp_path / "mapping.yaml").code == 3
    assert here("init", sound, "--scans", tmp_path / "a.csv", "-o", tmp_path / "mapping.yaml").code == 2
    workbook(tmp_path / "vide.xlsx", {"Vide": []})
    ran = here("init", tmp_path / "vide.xlsx", "-o", tmp_path / "mapping.yaml")
    assert (ran.code, "INI-03" in ran.err) == (3, True)
    (tmp_path / "vide.xlsx").unlink()
    assert tree(tmp_path) == before


def test_strange_labels_are_named_for_certain(tmp_path: Path) -> None:
    head = ["Nom", "Nom", "", 'Code: "x" #1', "Né(e) le", "yes", "IPP", "[Prénom]", "a, b", "Tel#2", "%"]
    rows = [[f"A{n}", f"B{n}", "", "x", "31/12/1930", "y", str(n), "C", "d", "", "e"] for n in range(5)]
    ged = [["N° doc", "IPP", "Chemin: complet", "Titre?"], *[[str(n), str(n), f"{n}.pdf", "x"] for n in range(5)]]
    csv(tmp_path / "usagers.csv", [head, *rows])
    csv(tmp_path / "ged.csv", ged)
    for n in range(5):
        (tmp_path / "ged").mkdir(exist_ok=True)
        (tmp_path / "ged" / f"{n}.pdf").write_bytes(pdf(str(n)))
    ran = here(
        "init", tmp_path / "usagers.csv", tmp_path / "ged.csv", "--scans", tmp_path / "ged", "-o", tmp_path / "m.yaml"
    )
    assert ran.code == 0, ran.err
    spec = load(filled(tmp_path / "m.yaml")).spec
    assert spec.residents.birth_name == "Nom#1"
    assert spec.documents[0].scan == "Chemin: complet"  # type: ignore[union-attr]
    ran = here("check", tmp_path / "m.yaml", "--json")
    assert ran.code in (0, 1), ran.err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["M", "F"], "sex: Sexe  #"),
        (["H", "F"], "sex: {column: Sexe, table: {F: female, H: male}}"),
        (["Homme", "Femme"], "sex: {column: Sexe, table: {Femme: female, Homme: male}}"),
        (["ZEBULON", "F"], "sex: Sexe  # à vérifier : ses mots demandent une table"),
    ],
)
def test_words_of_few_rows_come_from_closed_lists_only(tmp_path: Path, words: list[str], expected: str) -> None:
    lines = [("IPP", "Nom", "Sexe"), *((str(n), "A", word) for n, word in enumerate(words))]
    ran = here("init", csv(tmp_path / "a.csv", lines), "-o", tmp_path / "m.yaml")
    assert ran.code == 0
    text = (tmp_path / "m.yaml").read_text("utf-8")
    assert expected in text
    assert "ZEBULON" not in text + ran.out + ran.err


def test_a_folder_without_an_index_is_its_own(tmp_path: Path) -> None:
    source = csv(tmp_path / "a.csv", [("IPP", "Nom", "Prénom", "Né le"), ("1", "A", "B", "31/12/1930")])
    (tmp_path / "ged" / "1").mkdir(parents=True)
    (tmp_path / "ged" / "1" / "Projet.pdf").write_bytes(pdf("x"))
    assert here("init", source, "--scans", tmp_path / "ged", "-o", tmp_path / "m.yaml").code == 0
    ran = here("check", filled(tmp_path / "m.yaml"), "--json")
    assert ran.code == 0, ran.err
    assert ran.json["documents"] == 1


def test_tables_of_no_known_use_are_named(tmp_path: Path) -> None:
    ran = here(
        "init", IME / "sources" / "export.xlsx", "--scans", IME / "sources" / "documents", "-o", tmp_path / "m.yaml"
    )
    assert ran.code == 0
    spec = load(filled(tmp_path / "m.yaml")).spec
    assert spec.residents.from_ == "usagers"
    assert [rule.from_ for rule in spec.documents] == ["documents"]  # type: ignore[union-attr]
    assert "contacts:  # sans règle encore" in (tmp_path / "m.yaml").read_text("utf-8")
    assert here("check", tmp_path / "m.yaml").code == 0


@pytest.mark.parametrize("options", [(), ("-v",), ("--json",)])
def test_init_shows_and_writes_nothing_personal(tmp_path: Path, options: tuple[str, ...]) -> None:
    folder = tmp_path / "in"
    secret(folder).write()
    arguments = (folder / "usagers.csv", folder / "ged.csv", "--scans", folder / "ged", "-o", tmp_path / "m.yaml")
    ran = dui("init", *arguments, *options)
    assert ran.code == 0
    assert nothing_personal(ran)
    assert not any(mark in (tmp_path / "m.yaml").read_text("utf-8") for mark in MARKS)


# --------------------------------------------------------------------------------------------- words of coded columns


def coded(folder: Path, kinds: Sequence[str], title: Sequence[str] = ("Mme", "M."), sex: Sequence[str] = ("F",)) -> str:
    """The draft for twelve residents and thirty-six documents whose coded columns go round these words."""
    folder.mkdir(parents=True, exist_ok=True)
    people = [
        (str(n), f"ZEBULON{n}", "Odette", title[n % len(title)], sex[n % len(sex)], f"31/12/19{30 + n}")
        for n in range(12)
    ]
    papers = [(str(n), str(n % 12), kinds[n % len(kinds)], f"Pièce {n}", f"{n}.pdf") for n in range(36)]
    csv(folder / "usagers.csv", [("IPP", "Nom", "Prénom", "Civilité", "Sexe", "Né le"), *people])
    csv(folder / "ged.csv", [("Id", "IPP", "Rubrique", "Libellé", "Chemin"), *papers])
    for n in range(36):
        (folder / "ged").mkdir(exist_ok=True)
        (folder / "ged" / f"{n}.pdf").write_bytes(b"%PDF-1.4\n")
    sources = (folder / "usagers.csv", folder / "ged.csv", "--scans", folder / "ged")
    for options in ((), ("--json",)):
        output = folder / f"m{len(options)}.yaml"
        ran = here("init", *sources, "-o", output, *options)
        assert ran.code == 0, ran.err
        said = ran.out + ran.err
        assert not any(word in said for word in (*kinds, *title) if len(word) > 3), "words stay in the file"
    return (folder / "m0.yaml").read_text("utf-8")


def test_kinds_that_nobody_knows_are_gaps_of_a_table(tmp_path: Path) -> None:
    text = coded(tmp_path, ["Courrier", "Papiers: divers", "PAPIERS - DIVERS", 'Truc "maison" #2'])
    assert "type: {column: Rubrique, table: rubriques}" in text
    drafted = yaml.load(text, yaml.BaseLoader)["tables"]
    assert drafted == {
        "rubriques": {"use": "legacy-document-kinds", "add": {"PAPIERS - DIVERS": "", 'Truc "maison" #2': ""}}
    }
    assert text.count(":  # à compléter : type JDV_J07") == 2
    refused = here("check", tmp_path / "m0.yaml")
    assert refused.code == 2
    assert "tables.rubriques.add" in refused.err
    ran = here("check", filled(tmp_path / "m0.yaml"), "--json")
    assert (ran.code, ran.json["documents"], ran.json["problems"]) == (0, 36, [])


@pytest.mark.parametrize(
    "kinds",
    [
        pytest.param(["Courrier", "Ordonnance"], id="all known"),
        pytest.param([f"Papier {n}" for n in range(13)], id="not repeated: no coded column"),
        pytest.param(["Courrier", "Dossier de Zebulon3", "ZEBULON4"], id="somebody's name"),
    ],
)
def test_no_table_of_kinds_without_a_word_to_explain(tmp_path: Path, kinds: list[str]) -> None:
    text = coded(tmp_path, kinds)
    assert "type: {column: Rubrique, table: legacy-document-kinds}" in text
    assert "tables:" not in text
    assert "zebulon" not in text.lower()


def test_words_of_sex_and_title_outside_the_closed_lists_are_gaps(tmp_path: Path) -> None:
    text = coded(tmp_path, ["Courrier"], title=("Mme", "M.", "Docteur"), sex=("F", "H", "F", "N.C."))
    assert yaml.load(text, yaml.BaseLoader)["tables"] == {
        "civilites": {"Docteur": "", "M.": "M", "Mme": "MME"},
        "sexes": {"F": "female", "H": "male", "N.C.": ""},
    }
    assert here("check", tmp_path / "m0.yaml").code == 2
    spec = load(filled(tmp_path / "m0.yaml")).spec
    assert spec.tables["sexes"]["N.C."] == "unknown"  # type: ignore[index]
    assert here("check", tmp_path / "m0.yaml").code == 0


def test_words_of_an_identity_status_outside_the_closed_list_are_gaps(tmp_path: Path) -> None:
    words = ("Qualifiée", "Statut maison", "non")
    rows = [(str(n), f"A{n}", "B", "279035199100122", words[n % 3]) for n in range(12)]
    source = csv(tmp_path / "a.csv", [("IPP", "Nom", "Prénom", "INS", "Statut identité"), *rows])
    assert here("init", source, "-o", tmp_path / "m.yaml").code == 0
    drafted = yaml.load((tmp_path / "m.yaml").read_text("utf-8"), yaml.BaseLoader)
    assert drafted["residents"]["ins"]["qualified"] == {"column": "Statut identité", "table": "statuts_identite"}
    assert drafted["tables"]["statuts_identite"] == {"Qualifiée": "oui", "Statut maison": "", "non": "non"}


def test_a_draft_is_for_its_owner_only(tmp_path: Path) -> None:
    coded(tmp_path, ["Courrier"])
    modes = {name: stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("m0.yaml", "mapping.schema.json")}
    assert modes == {"m0.yaml": 0o600, "mapping.schema.json": 0o600}


# -------------------------------------------------------------------------------------------------------- check


def test_a_sound_export_is_0_and_nothing_is_written(tmp_path: Path) -> None:
    mapping = export(tmp_path / "in").write()
    before = tree(tmp_path)
    ran = here("check", mapping)
    assert (ran.code, ran.out) == (0, "")
    assert tree(tmp_path) == before


def test_check_and_convert_agree(tmp_path: Path) -> None:
    """The verdicts are those of a conversion, but for what only opening a scan shows."""
    checked = here("check", EHPAD / "mapping.yaml", "--json").json
    record = dui("convert", EHPAD / "mapping.yaml", "-o", tmp_path / "out", "--dry-run", "--json").json
    damaged = sum(c["count"] for c in record["codes"] if c["code"] in ("SCAN-21", "SCAN-22", "SCAN-23"))
    ged, whole = checked["rows"]["ged"], record["rows"]["sources"]["ged"]
    assert checked["rows"]["usagers"] == record["rows"]["sources"]["usagers"]
    assert (ged["read"], ged["skipped"]) == (whole["read"], whole["skipped"])
    assert ged["rejected"] == whole["rejected"] - damaged


def test_problems_are_told_by_code_and_column_with_three_places(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=2, documents=4)
    for n in range(1, 6):
        made.ged[n] = piece(n + 1, 1 + n // 4, date="31/02/2020")
    made.ged[0] = piece(1, 1, type="Inconnu au bataillon")
    mapping = made.write()
    ran = here("check", mapping, "--json")
    assert ran.code == 1
    (dates,) = [p for p in ran.json["problems"] if p["code"] == "DATE-02"]
    assert (dates["count"], dates["column"], dates["source"]) == (5, "date", "ged")
    assert [p["line"] for p in dates["places"]] == [3, 4, 5]
    text = here("check", mapping).err
    assert "5 x DATE-02 impossible-date (ged, column date)" in text
    assert "ged.csv:3, ged.csv:4, ged.csv:5 and 2 more" in text
    assert "1 x CODE-01" in text


def test_what_differs_from_row_to_row_is_not_told_of_all(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=2, documents=1)
    made.usagers = [usager(1, naissance="x"), usager(2, naissance="x")]
    (problem,) = [p for p in here("check", made.write(), "--json").json["problems"] if p["code"] == "RUN-03"]
    assert problem["count"] == 2
    assert "line … of usagers.csv" in problem["message"]


def test_scans_are_looked_for_and_not_opened(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=1, documents=3)
    made.scans["1.pdf"] = b"not a PDF at all \x00"
    made.scans["2.pdf"] = b""
    del made.scans["3.pdf"]
    made.scans["unnamed.pdf"] = pdf("x")
    ran = here("check", made.write(), "--json")
    assert {p["code"]: p["count"] for p in ran.json["problems"] if p["severity"] == "error"} == {
        "SCAN-20": 1,
        "SCAN-09": 1,
    }
    assert ran.json["unindexed"] == 1


@pytest.mark.parametrize("as_json", [False, True])
def test_a_wrong_mapping_is_2_and_an_unreadable_source_3(tmp_path: Path, as_json: bool) -> None:
    options = ("--json",) if as_json else ()
    made = export(tmp_path / "a")
    made.documents = made.documents.replace("titre\n", "titre\n    tilte: x\n")
    ran = here("check", made.write(), *options)
    assert ran.code == 2
    assert "documents[0].tilte" in ran.err
    assert (ran.json["exit_code"] if as_json else 2) == 2
    made = export(tmp_path / "b")
    mapping = made.write()
    (tmp_path / "b" / "ged.csv").unlink()
    ran = here("check", mapping, *options)
    assert ran.code == 3
    assert "ged.csv" in ran.err
    assert (ran.json["exit_code"] if as_json else 3) == 3


def test_options_of_check(tmp_path: Path) -> None:
    made = export(tmp_path / "in")
    made.usagers[0] = usager(1, tel="appeler la fille")
    made.residents += "  phone: tel\n"
    mapping = made.write()
    assert here("check", mapping).code == 0
    assert here("check", mapping, "--strict").code == 1
    assert here("check", mapping, "--release", "nowhere").code == 2
    assert here("check", mapping, "--date", "1900-01-01").code == 1  # nobody is born yet


def test_check_covers_dossiers_and_documents_of_rows() -> None:
    checked = here("check", IME / "mapping.yaml", "--json")
    assert checked.code == 0
    assert {name: rows["converted"] for name, rows in checked.json["rows"].items()} == {
        name: rows["read"] for name, rows in checked.json["rows"].items()
    }


@pytest.mark.parametrize("options", [(), ("-v",), ("--json",), ("--lang", "fr", "-v")])
def test_check_shows_nothing_personal(tmp_path: Path, options: tuple[str, ...]) -> None:
    made: Export = secret(tmp_path / "in")
    ran = dui("check", made.write(), *options)
    assert ran.code == 1
    assert nothing_personal(ran)
