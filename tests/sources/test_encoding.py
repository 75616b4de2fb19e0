"""Which characters the bytes of a text file are."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from converter.sources.encoding import blocks, detect
from tests.sources.reading import Open, broken, cells, codes, faults, refusal

HEADER = "N° dossier;Nom;Libellé\n"
ROWS = {
    "one accent": ["1;Dupre;Compte rendu\n"] * 50 + ["2;Dupré;Bilan\n"],
    "usual": ["1;Hélène;Compte rendu d'hospitalisation\n", "2;François;Évaluation à l'entrée\n", "3;Zoé;Fenêtre\n"] * 9,
    "upper case": ["1;HÉLÈNE;ÉVALUATION\n", "2;FRANÇOIS;DÉCÈS\n"] * 5,
    "grave only": ["1;Adele;Frère à côté\n", "2;Leon;près de là\n"] * 3,
    "many": ["1;Loïc Œuvray;Né à Angoulême, fâché, où ça, naïf, être, dû, hôpital\n"] * 4,
}


@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
@pytest.mark.parametrize(
    "codec", ["cp1252", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp850", "mac-roman"]
)
def test_text_comes_back_as_it_was_written(source: Open, tmp_path: Path, codec: str, rows: list[str]) -> None:
    text = HEADER + "".join(rows)
    if codec == "cp850":
        text = text.replace("Œ", "Oe")
    (tmp_path / "index.csv").write_bytes(text.encode(codec))
    table = source(["N° dossier", "Nom"], file="index.csv")
    assert table.header.labels == ("N° dossier", "Nom", "Libellé")
    assert cells(table) == [tuple(line.strip().split(";")) for line in text.splitlines()[1:]]
    assert "SRC-72" in codes(table.decisions)


@pytest.mark.parametrize("note", ["50 €", "œuvre", "RAS"])
def test_latin_9_is_told_by_its_oe(source: Open, tmp_path: Path, note: str) -> None:
    text = HEADER + f"1;Lebœuf;Sœur présente\n2;Hébert;{note}\n"
    (tmp_path / "index.csv").write_bytes(text.encode("iso8859-15"))
    assert cells(source(["Nom"], file="index.csv"))[0] == ("1", "Lebœuf", "Sœur présente")


def test_halves_and_quarters_stay_cp1252(source: Open, tmp_path: Path) -> None:
    text = HEADER + "1;Hébert;½ comprimé, 1¼ l, ¾\n"
    (tmp_path / "index.csv").write_bytes(text.encode("cp1252"))
    assert cells(source(["Nom"], file="index.csv"))[0][2] == "½ comprimé, 1¼ l, ¾"


def test_an_accent_in_the_last_row_of_a_large_file_decides(source: Open, tmp_path: Path) -> None:
    text = HEADER + "1;Dupre;Bilan\n" * 200_000 + "2;Dupré;fin\n"
    (tmp_path / "index.csv").write_bytes(text.encode("cp1252"))
    *_, last = source(["Nom"], file="index.csv").rows()
    assert (last.line, last.cells) == (200_002, ("2", "Dupré", "fin"))


def test_declared_wins(source: Open, tmp_path: Path) -> None:
    (tmp_path / "index.csv").write_bytes("Nom;Ville\nŁukasz;Łódź\n".encode("cp1250"))
    table = source(["Nom"], file="index.csv", encoding="cp1250")
    assert cells(table) == [("Łukasz", "Łódź")]
    assert "SRC-72" not in codes(table.decisions)


@pytest.mark.parametrize(
    ("declared", "written", "code"),
    [
        ("utf-8", "cp1252", "SRC-14"),
        ("ascii", "cp1252", "SRC-14"),
        ("cp1252", "utf-8", "SRC-15"),
        ("cp1252", "utf-8-sig", "SRC-15"),
        ("utf-16", "utf-8-sig", "SRC-15"),
        ("utf8-mb4", "utf-8", "SRC-16"),
        ("rot13", "utf-8", "SRC-16"),
        ("idna", "utf-8", "SRC-16"),
    ],
)
def test_declared_must_hold(source: Open, tmp_path: Path, declared: str, written: str, code: str) -> None:
    (tmp_path / "index.csv").write_bytes((HEADER + "1;Dupont;x\n2;Dupré;y\n").encode(written))
    assert refusal(lambda: source(["Nom"], file="index.csv", encoding=declared)) == [code]


def test_a_wrong_byte_is_named_with_its_line(source: Open, tmp_path: Path) -> None:
    (tmp_path / "index.csv").write_bytes(b"Nom;Ville\r\nDupont;Ars\r\nDupr\xe9;Ars\r\n")
    try:
        source(["Nom"], file="index.csv", encoding="utf-8")
    except Exception as error:
        (diagnostic,) = error.diagnostics  # type: ignore[attr-defined]
    assert diagnostic.location.line == 3
    assert diagnostic.params["byte"] == "E9"
    assert diagnostic.params["offset"] == 27


def test_declared_latin_1_does_not_turn_quotes_into_controls(source: Open, tmp_path: Path) -> None:
    (tmp_path / "index.csv").write_bytes("Nom;Note\nDupré;l’été\n".encode("cp1252"))
    assert refusal(lambda: source(["Nom"], file="index.csv", encoding="iso-8859-1")) == ["SRC-14"]


def test_declared_names_people_use(source: Open, tmp_path: Path) -> None:
    (tmp_path / "index.csv").write_bytes("Nom\nDupré\n".encode("cp850"))
    assert cells(source(["Nom"], file="index.csv", encoding="DOS")) == [("Dupré",)]


def test_a_byte_order_mark_is_a_promise(source: Open, tmp_path: Path) -> None:
    (tmp_path / "index.csv").write_bytes(codecs.BOM_UTF8 + b"Nom\nDupr\xe9\n")
    assert refusal(lambda: source(["Nom"], file="index.csv")) == ["SRC-17"]


def test_another_script_is_not_guessed(source: Open, tmp_path: Path) -> None:
    (tmp_path / "index.csv").write_bytes(("Nom;Ville\n" + "Αθήνα;Θεσσαλονίκη\n" * 20).encode("cp1253"))
    assert refusal(lambda: source(["Nom"], file="index.csv")) == ["SRC-18"]


def test_binary_is_no_text(source: Open, tmp_path: Path) -> None:
    (tmp_path / "index.csv").write_bytes(bytes(range(256)) * 40)
    assert refusal(lambda: source(["Nom"], file="index.csv")) == ["SRC-07"]


def test_lines_of_another_encoding_are_read_and_named(source: Open, tmp_path: Path) -> None:
    good = "1;Hélène;été\n".encode()
    (tmp_path / "index.csv").write_bytes(HEADER.encode() + good * 3 + "2;Dupré;à\n".encode("cp1252") + good)
    table = source(["Nom"], file="index.csv")
    assert cells(table) == [("1", "Hélène", "été")] * 3 + [("2", "Dupré", "à"), ("1", "Hélène", "été")]
    assert "SRC-74" in codes(table.decisions)
    assert {row.line: codes(row.notices) for row in table.rows() if row.notices} == {5: ["SRC-56"]}


def test_utf8_lines_in_a_cp1252_file_are_named(source: Open, tmp_path: Path) -> None:
    good = "1;Hélène;été\n".encode("cp1252")
    (tmp_path / "index.csv").write_bytes(HEADER.encode("cp1252") + good * 3 + "2;Dupré;à\n".encode() + good)
    table = source(["Nom"], file="index.csv")
    assert table.header.labels[0] == "N° dossier"
    assert {row.line: (row.cells[1], codes(row.notices)) for row in table.rows() if row.notices} == {
        5: ("Dupré", ["SRC-56"])
    }


def test_both_encodings_on_one_line_break_it(source: Open, tmp_path: Path) -> None:
    line = b"2;Dupr\xe9;\xc3\xa9t\xc3\xa9\n"
    (tmp_path / "index.csv").write_bytes(HEADER.encode() + "1;Hélène;été\n".encode() * 3 + line)
    assert broken(source(["Nom"], file="index.csv")) == {5: ["SRC-36"]}


def test_a_sequence_cut_short_loses_its_character(source: Open, tmp_path: Path) -> None:
    cut = "2;Dupré".encode()[:-1] + b";x\n"
    (tmp_path / "index.csv").write_bytes(HEADER.encode() + "1;Hélène;été\n".encode() * 3 + cut)
    assert faults(source(["Nom"], file="index.csv")) == {(5, 1): "CELL-06"}


def test_a_byte_that_cp1252_lacks_is_a_fault_of_its_cell(source: Open, tmp_path: Path) -> None:
    text = (HEADER + "1;Hélène;été\n" * 20).encode("cp1252") + b"2;Dupr\x81;x\n"
    (tmp_path / "index.csv").write_bytes(text)
    table = source(["Nom"], file="index.csv")
    assert faults(table) == {(22, 1): "CELL-06"}
    assert cells(table)[0][1] == "Hélène"


@pytest.mark.parametrize("text", ["Hélène", "l’été", "25 °C", "cœur", "à"])
def test_text_encoded_twice_is_noticed(source: Open, tmp_path: Path, text: str) -> None:
    twice = text.encode().decode("cp1252", "replace").replace("\ufffd", "\x9d")
    (tmp_path / "index.csv").write_text(f"Nom;Note\nDupont;{twice} fin\nDurand;x\n", encoding="utf-8")
    table = source(["Nom"], file="index.csv")
    assert {row.line: codes(row.notices) for row in table.rows() if row.notices} == {2: ["CELL-07"]}
    (notice,) = next(table.rows()).notices
    assert notice.location is not None
    assert "Note" in str(notice.location)


@pytest.mark.parametrize("name", ["JOÃO", "GUIMARÃES", "Ângela", "Åse", "Âge 80"])
def test_names_that_only_look_so_are_left_alone(source: Open, tmp_path: Path, name: str) -> None:
    (tmp_path / "index.csv").write_text(f"Nom;Note\n{name};x\n", encoding="utf-8")
    table = source(["Nom"], file="index.csv")
    assert cells(table) == [(name, "x")]
    assert not next(table.rows()).notices


def test_old_macintosh_line_ends(source: Open, tmp_path: Path) -> None:
    (tmp_path / "index.csv").write_bytes("Nom;Ville\rDupré;Ars\rHébert;Ré\r".encode("mac-roman"))
    table = source(["Nom"], file="index.csv")
    assert [(row.line, row.cells) for row in table.rows()] == [(2, ("Dupré", "Ars")), (3, ("Hébert", "Ré"))]


def test_blocks_are_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "index.csv"
    path.write_text("".join(f"{at};é\n" for at in range(100_000)), encoding="utf-8")
    texts = [text for text, _ in blocks(path, detect(path, "index.csv", None), "index.csv")]
    assert len(texts) > 1
    assert all(text.endswith("\n") for text in texts)
    assert "".join(texts) == path.read_text(encoding="utf-8")
