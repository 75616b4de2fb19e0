"""Where a table begins and ends, and its records as rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sources.reading import Open, broken, cells, codes, refusal, skipped, sound


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    return tmp_path / "index.csv"


# -------------------------------------------------------------------------------------------------------- header


@pytest.mark.parametrize(
    "label",
    [
        "N° dossier",
        "n° DOSSIER",
        "N°\u00a0dossier",
        "N°\u202fdossier ",
        "Né(e) le",
        "nee)",
        "Nom d’usage",
        "NOM D'USAGE",
    ],
)
def test_labels_are_compared_folded(source: Open, csv: Path, label: str) -> None:
    csv.write_text("N° dossier;Né(e) le;Nom d'usage;NEE)\n1;a;b;c\n", encoding="utf-8")
    assert cells(source([label], file="index.csv")) == [("1", "a", "b", "c")]


def test_a_label_with_a_line_break(source: Open, csv: Path) -> None:
    csv.write_text('"N°\ndossier";"Date de\nnaissance"\n1;a\n', encoding="utf-8")
    table = source(["Date de naissance"], file="index.csv")
    assert table.header.labels == ("N° dossier", "Date de naissance")
    assert [row.line for row in table.rows()] == [4]


def test_titles_above_the_header(source: Open, csv: Path) -> None:
    csv.write_text("EHPAD Les Tilleuls\n\nExport du;12/03/2026\n\nId;Nom;Prénom\n1;a;b\n", encoding="utf-8")
    table = source(["Id", "Nom"], file="index.csv")
    assert [(row.line, row.cells) for row in table.rows()] == [(6, ("1", "a", "b"))]
    (decision,) = [d for d in table.decisions if d.code == "SRC-53"]
    assert decision.location is not None
    assert str(decision.location) == "index.csv:5"


def test_the_line_with_most_labels_is_the_header(source: Open, csv: Path) -> None:
    csv.write_text("Nom;Les Tilleuls;\nId;Nom;Prénom\n1;Nom;b\n", encoding="utf-8")
    assert cells(source(["Id", "Nom", "Prénom"], file="index.csv")) == [("1", "Nom", "b")]


def test_declared_header_row(source: Open, csv: Path) -> None:
    csv.write_text("Nom;Id\n\nA;B\n1;2\n", encoding="utf-8")
    table = source(["Nom"], file="index.csv", header_row=3)
    assert table.header.labels == ("A", "B")
    assert [(row.line, row.cells) for row in table.rows()] == [(4, ("1", "2"))]
    assert refusal(lambda: source(["Nom"], file="index.csv", header_row=9)) == ["SRC-20"]


def test_no_header_is_refused_with_close_labels(source: Open, csv: Path) -> None:
    csv.write_text("N° dossiers;Prenom usuel\n1;a\n", encoding="utf-8")
    with pytest.raises(Exception, match="SRC-10") as caught:
        source(["N° dossier", "Naissance"], file="index.csv")
    (diagnostic,) = caught.value.diagnostics  # type: ignore[attr-defined]
    assert diagnostic.params["missing"] == "N° dossier, Naissance"
    assert diagnostic.params["hint"] == "N° dossier → N° dossiers ?"


def test_a_file_without_a_header_shows_nobodys_data(source: Open, csv: Path) -> None:
    csv.write_text("00123;DUPRE;Marie;02/05/1934\n00124;MARTIN;Paul;03/06/1931\n", encoding="utf-8")
    with pytest.raises(Exception, match="SRC-10") as caught:
        source(["N° dossier", "Nom", "Naissance"], file="index.csv")
    for word in ("DUPRE", "Marie", "1934", "MARTIN"):
        assert word not in str(caught.value)


def test_a_name_that_is_like_a_label_is_nobodys_hint(source: Open, csv: Path) -> None:
    csv.write_text("00123;NOMME;02/05/1934\n00124;PRENOMS;03/06/1931\n", encoding="utf-8")
    with pytest.raises(Exception, match="SRC-10") as caught:
        source(["Nom", "Prénom"], file="index.csv")
    assert "NOMME" not in str(caught.value)
    assert "PRENOMS" not in str(caught.value)


def test_columns_named_by_the_mapping(source: Open, csv: Path) -> None:
    csv.write_text("00123;DUPRE\n00124;MARTIN\n", encoding="utf-8")
    table = source(["Id"], file="index.csv", columns=["Id", "Nom"])
    assert table.header.labels == ("Id", "Nom")
    assert [(row.line, row.cells) for row in table.rows()] == [(1, ("00123", "DUPRE")), (2, ("00124", "MARTIN"))]


def test_columns_after_a_header_that_is_left_aside(source: Open, csv: Path) -> None:
    csv.write_text("c1;c2\n1;a\n", encoding="utf-8")
    assert cells(source(["Id"], file="index.csv", columns=["Id", "Nom"], header_row=1)) == [("1", "a")]


@pytest.mark.parametrize("columns", [["Id"], ["Id", "Nom"], ["Id", "Nom", "Prénom", "Date"]])
def test_columns_that_do_not_fit(source: Open, csv: Path, columns: list[str]) -> None:
    csv.write_text("1;a;b\n2;c;d\n3;e;f\n", encoding="utf-8")
    assert refusal(lambda: source(["Id"], file="index.csv", columns=columns, delimiter=";")) == ["SRC-22"]


def test_columns_with_a_trailing_delimiter(source: Open, csv: Path) -> None:
    csv.write_text("1;a;\n2;c;\n3;e;\n", encoding="utf-8")
    table = source(["Id"], file="index.csv", columns=["Id", "Nom"])
    assert cells(table) == [("1", "a", ""), ("2", "c", ""), ("3", "e", "")]


def test_positions_need_no_label(source: Open, csv: Path) -> None:
    csv.write_text("Liste\n;Nom;\n1;a;b\n2;c;d\n", encoding="utf-8")
    table = source(["#1", "#3"], file="index.csv")
    assert table.header.labels == ("", "Nom", "")
    assert cells(table) == [("1", "a", "b"), ("2", "c", "d")]


def test_repeated_and_empty_headers_are_stated(source: Open, csv: Path) -> None:
    csv.write_text("Id;Nom;;Nom\n1;a;b;c\n", encoding="utf-8")
    table = source(["Id", "Nom#2", "#3"], file="index.csv")
    assert table.header.labels == ("Id", "Nom", "", "Nom")
    stated = {d.code: d.params for d in table.decisions}
    assert stated["SRC-68"] == {"labels": "Nom"}
    assert stated["SRC-69"] == {"positions": "3", "count": 1}


def test_two_row_header(source: Open, csv: Path) -> None:
    csv.write_text("Titre\nId;Identité;;Adresse;;Note\n;Nom;Prénom;Rue;Ville;\n1;a;b;c;d;e\n", encoding="utf-8")
    table = source(["Id", "Identité / Nom", "Adresse / Ville"], file="index.csv", header_rows=2)
    assert table.header.labels == (
        "Id",
        "Identité / Nom",
        "Identité / Prénom",
        "Adresse / Rue",
        "Adresse / Ville",
        "Note",
    )
    assert [(row.line, row.cells) for row in table.rows()] == [(4, ("1", "a", "b", "c", "d", "e"))]


# --------------------------------------------------------------------------------------------------------- width


def test_header_shorter_than_its_rows(source: Open, csv: Path) -> None:
    csv.write_text("Id;Nom\n" + "".join(f"{at};a;b\n" for at in range(5)), encoding="utf-8")
    table = source(["Id"], file="index.csv")
    assert table.header.labels == ("Id", "Nom", "")
    assert len(sound(table)) == 5
    assert "SRC-58" in codes(table.decisions)


def test_trailing_delimiters_of_rows(source: Open, csv: Path) -> None:
    csv.write_text("Id;Nom\n1;a;\n2;b;\n3;c\n", encoding="utf-8")
    table = source(["Id"], file="index.csv")
    assert broken(table) == {2: ["SRC-30"], 3: ["SRC-30"]}
    csv.write_text("Id;Nom\n1;a;\n2;b;\n", encoding="utf-8")
    table = source(["Id"], file="index.csv")
    assert sound(table) == {2: ("1", "a", ""), 3: ("2", "b", "")}
    assert "SRC-59" in codes(table.decisions)


def test_trailing_delimiters_of_the_header_only(source: Open, csv: Path) -> None:
    csv.write_text("Id;Nom;;\n1;a\n2;b\n", encoding="utf-8")
    assert sound(source(["Id"], file="index.csv")) == {2: ("1", "a", "", ""), 3: ("2", "b", "", "")}


def test_one_row_with_a_field_too_many_is_damage_not_habit(source: Open, csv: Path) -> None:
    csv.write_text("Id;Nom;Note\n1;a;b;\n", encoding="utf-8")
    assert broken(source(["Id"], file="index.csv")) == {2: ["SRC-30"]}


def test_rows_that_end_early_in_groups_are_a_habit(source: Open, csv: Path) -> None:
    lines = [f"{at};a;b;c" if at // 16 % 2 else f"{at};a" for at in range(96)]
    csv.write_text("Id;Nom;Note;Fin\n" + "\n".join(lines), encoding="utf-8")
    table = source(["Id"], file="index.csv")
    assert len(sound(table)) == 96
    assert cells(table)[0] == ("0", "a", "", "")
    assert "SRC-60" in codes(table.decisions)


def test_pieces_of_rows_cut_by_line_breaks_are_damage(source: Open, csv: Path) -> None:
    lines = [f"{at};a;première ligne\nsuite;c" if at % 3 == 0 else f"{at};a;b;c" for at in range(90)]
    csv.write_text("Id;Nom;Note;Fin\n" + "\n".join(lines), encoding="utf-8")
    table = source(["Id"], file="index.csv")
    assert len(sound(table)) == 60
    assert len(broken(table)) == 60


# ------------------------------------------------------------------------------------------- totals, footer, groups


def test_totals_and_footer_are_counted(source: Open, csv: Path) -> None:
    csv.write_text(
        "Id;Nom;Montant\n1;a;2\nSous-total;;2\n2;b;3\nTOTAL GÉNÉRAL;;5\n\nÉdité le 12/03/2026\npage 1\n",
        encoding="utf-8",
    )
    table = source(["Id"], file="index.csv", totals=["(sous-)?total"], stop_at="edite le")
    assert skipped(table) == {3: "SRC-41", 5: "SRC-41", 7: "SRC-42", 8: "SRC-42"}
    assert broken(table) == {}
    assert len(list(table.rows())) == 6


def test_a_footer_that_nobody_named_is_broken_not_lost(source: Open, csv: Path) -> None:
    csv.write_text("Id;Nom;Montant\n1;a;2\n2;b;3\n2 lignes\n", encoding="utf-8")
    assert broken(source(["Id"], file="index.csv")) == {4: ["SRC-30"]}


def test_grouped_keys_are_filled_down(source: Open, csv: Path) -> None:
    csv.write_text("Service;Id;Nom;Doc\nA;1;Dupré;x\n;;;y\n;2;Martin;z\nB;3;;u\n;;;v\n", encoding="utf-8")
    table = source(["Doc"], file="index.csv", fill_down=["Nom", "Id", "Service"])
    assert cells(table) == [
        ("A", "1", "Dupré", "x"),
        ("A", "1", "Dupré", "y"),
        ("A", "2", "Martin", "z"),
        ("B", "3", "", "u"),
        ("B", "3", "", "v"),
    ]
    second = list(table.rows())[1]
    assert [(d.code, str(d.location)) for d in second.notices] == [
        ("CELL-09", "index.csv:3 (Service)"),
        ("CELL-09", "index.csv:3 (Id)"),
        ("CELL-09", "index.csv:3 (Nom)"),
    ]


def test_nothing_is_filled_from_beyond_a_damaged_row(source: Open, csv: Path) -> None:
    csv.write_text("Id;Doc;Note\n1;x;a\n2;y;a;b\n;z;a\n;u;a\n3;v;a\n;w;a\n", encoding="utf-8")
    table = source(["Doc"], file="index.csv", fill_down=["Id"])
    assert broken(table) == {3: ["SRC-30"], 4: ["SRC-33"], 5: ["SRC-33"]}
    assert sound(table) == {2: ("1", "x", "a"), 6: ("3", "v", "a"), 7: ("3", "w", "a")}


def test_a_total_between_groups_is_not_filled_from(source: Open, csv: Path) -> None:
    csv.write_text("Id;Doc\n1;x\nTotal;1\n;y\n", encoding="utf-8")
    table = source(["Doc"], file="index.csv", fill_down=["Id"], totals=["Total"])
    assert sound(table) == {2: ("1", "x"), 4: ("1", "y")}


def test_a_faulty_key_faults_the_rows_it_is_filled_into(source: Open, csv: Path) -> None:
    csv.write_text("Id;Doc\n1,85E+14;x\n;y\n2;z\n", encoding="utf-8")
    table = source(["Doc"], file="index.csv", fill_down=["Id"])
    assert [list(row.faults) for row in table.rows()] == [[0], [0], []]


def test_fill_down_of_an_unknown_column(source: Open, csv: Path) -> None:
    csv.write_text("Id;Doc\n1;x\n", encoding="utf-8")
    assert refusal(lambda: source(["Doc"], file="index.csv", fill_down=["Idd"])) == ["SRC-21"]


# -------------------------------------------------------------------------------------------------- several files


def test_files_of_one_layout_are_one_table(source: Open, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Id;Nom;Note\n1;a;x\n", encoding="utf-8")
    (tmp_path / "b.csv").write_bytes("NOM\tId\tNote\nb\t2\té\n".encode("cp1252"))
    table = source(["Id", "Nom"], file=["b.csv", "a.csv"])
    assert table.header.labels == ("NOM", "Id", "Note")
    assert [(row.file, row.line, row.cells) for row in table.rows()] == [
        ("b.csv", 2, ("b", "2", "é")),
        ("a.csv", 2, ("a", "1", "x")),
    ]
    assert table.files == (tmp_path / "b.csv", tmp_path / "a.csv")


def test_columns_that_only_some_files_have(source: Open, tmp_path: Path) -> None:
    (tmp_path / "2024.csv").write_text("Id;Nom;Nom\n1;a;b\n", encoding="utf-8")
    (tmp_path / "2025.csv").write_text("Nom;Id;Chambre\nc;2;12\n", encoding="utf-8")
    table = source(["Id", "Nom"], file="20*.csv")
    assert table.header.labels == ("Id", "Nom", "Nom", "Chambre")
    assert cells(table) == [("1", "a", "b", ""), ("2", "c", "", "12")]
    lacking = [(str(d.location), d.params["labels"]) for d in table.decisions if d.code == "SRC-70"]
    assert lacking == [("2024.csv", "Chambre"), ("2025.csv", "Nom")]


def test_faults_follow_their_column(source: Open, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Id;Nom\n1;a\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("Nom;Id\nb;1,2E+12\n", encoding="utf-8")
    *_, row = source(["Id", "Nom"], file=["a.csv", "b.csv"]).rows()
    assert {at: str(d.location) for at, d in row.faults.items()} == {0: "b.csv:2 (Id)"}


# -------------------------------------------------------------------------------------------------- page breaks


def test_headings_repeated_by_page_breaks_are_counted(source: Open, csv: Path) -> None:
    csv.write_text("EHPAD;;\nId;Nom;Note\n1;a;x\n;;\nEHPAD;;\nId;Nom;Note\n2;b;y\nId;Nom;Autre\n", encoding="utf-8")
    table = source(["Id", "Nom"], file="index.csv")
    assert skipped(table) == {5: "SRC-47", 6: "SRC-47"}
    assert sound(table) == {3: ("1", "a", "x"), 7: ("2", "b", "y"), 8: ("Id", "Nom", "Autre")}


def test_both_lines_of_a_header_may_be_repeated(source: Open, csv: Path) -> None:
    head = "Id;Identité;\n;Nom;Prénom\n"
    csv.write_text(f"{head}1;a;b\n{head}2;c;d\n", encoding="utf-8")
    table = source(["Identité / Nom"], file="index.csv", header_rows=2)
    assert skipped(table) == {4: "SRC-47", 5: "SRC-47"}
    assert list(sound(table)) == [3, 6]


def test_a_group_that_is_called_like_the_title_is_no_heading(source: Open, csv: Path) -> None:
    csv.write_text("A;;\nService;Id;Nom\nB;1;a\nA;;\n;2;b\n", encoding="utf-8")
    table = source(["Id", "Nom"], file="index.csv", fill_down="Service")
    assert skipped(table) == {}
    assert cells(table)[-1] == ("A", "2", "b")


def test_named_columns_under_a_repeated_line(source: Open, csv: Path) -> None:
    csv.write_text("c1;c2\n1;a\nc1;c2\n2;b\n", encoding="utf-8")
    table = source(["Id"], file="index.csv", columns=["Id", "Nom"], header_row=1)
    assert skipped(table) == {3: "SRC-47"}


def test_the_place_of_a_gap_is_told(source: Open, csv: Path) -> None:
    csv.write_text("Id;Nom\n1;a\n\n\nCode;Libellé\nX;y\n", encoding="utf-8")
    table = source(["Id"], file="index.csv")
    assert len(list(table.rows())) == 3
    (gap,) = [d for d in table.decisions if d.code == "SRC-71"]
    assert str(gap.location) == "index.csv:3"
    stopped = source(["Id"], file="index.csv", stop_at="Code")
    assert skipped(stopped) == {5: "SRC-42", 6: "SRC-42"}


def test_reading_stops_being_sure_of_nothing(source: Open, csv: Path) -> None:
    csv.write_text("Export du 12/03/2026;;\nId;Nom;Note\n1;a;x\n", encoding="utf-8")
    table = source([], file="index.csv")
    assert table.header.labels == ("Id", "Nom", "Note")


@pytest.mark.parametrize("words", [["Sous total"], ["^total"], ["sous", "total"]])
def test_totals_are_matched_at_their_beginning(source: Open, csv: Path, words: list[str]) -> None:
    csv.write_text("Id;Nom\n1;a\n;Total\nTotal;1\nSous total;1\nle total;1\n", encoding="utf-8")
    expected = {
        "Sous total": {5},
        "^total": {3, 4},
        "sous": {3, 4, 5},
    }[words[0]]
    assert set(skipped(source(["Id"], file="index.csv", totals=words))) == expected
