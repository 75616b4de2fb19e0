"""Delimited text: quotes, lines, delimiters, padding; what is odd stays in its row."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from converter.sources import limits, text
from converter.sources.text import State, parse
from tests.sources.reading import Open, broken, cells, codes, faults, refusal, skipped, sound


def write(tmp_path: Path, content: str, name: str = "index.csv", encoding: str = "utf-8") -> None:
    (tmp_path / name).write_bytes(content.encode(encoding))


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ("a;b;c", ["a", "b", "c"]),
        ('"a";"b;c";d', ["a", "b;c", "d"]),
        ('"a ""x"" b";c', ['a "x" b', "c"]),
        ('"";"";""', ["", "", ""]),
        ('a;"";', ["a", "", ""]),
        ('";";"x"', [";", "x"]),
        ('"a\nb";c', ["a\nb", "c"]),
        (' "a" ; "b"', ["a", "b"]),
        ('="00123";x', ['="00123"', "x"]),
        ('="a;b";x', ['="a;b"', "x"]),
        ("", [""]),
    ],
)
def test_fields_of_a_line(line: str, fields: list[str]) -> None:
    assert parse(line, ";", '"') == (fields, State.CLOSED)


@pytest.mark.parametrize(
    ("line", "state"),
    [
        ('a;"b;c', State.OPEN),
        ('a;b"c;d', State.STRAY),
        ('"a"b;c', State.STRAY),
        ('a;b "c" d;e', State.LITERAL),
        ('"a ""b;c', State.OPEN),
    ],
)
def test_quotes_out_of_place(line: str, state: State) -> None:
    assert parse(line, ";", '"')[1] is state


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|", "||", "~"])
def test_declared_delimiters(source: Open, tmp_path: Path, delimiter: str) -> None:
    rows = [["Id", "Nom", "Note"], ["1", "Dupré", f'"a{delimiter}b"'], ["2", "x", "y"]]
    write(tmp_path, "".join(delimiter.join(row) + "\n" for row in rows))
    table = source(["Id", "Note"], file="index.csv", delimiter=delimiter)
    assert cells(table) == [("1", "Dupré", f"a{delimiter}b"), ("2", "x", "y")]
    assert "SRC-73" not in codes(table.decisions)


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_the_delimiter_is_the_one_that_shows_the_labels(source: Open, tmp_path: Path, delimiter: str) -> None:
    rows = [["N° dossier", "Nom, prénom", "Montant"], ["1", "Dupré, Anne", "12,5"], ["2", "a|b", "1,0"]]
    quoted = [f'"{cell}"' if delimiter in cell else cell for row in rows for cell in row]
    write(tmp_path, "".join(delimiter.join(quoted[at : at + 3]) + "\n" for at in (0, 3, 6)))
    table = source(["N° dossier", "Nom, prénom"], file="index.csv")
    assert cells(table) == [tuple(rows[1]), tuple(rows[2])]
    (decision,) = [d for d in table.decisions if d.code == "SRC-73"]
    assert decision.params["delimiter"] == {"\t": "tab"}.get(delimiter, delimiter)


@pytest.mark.parametrize("word", ["tab", "TAB", r"\t", "\t"])
def test_a_tab_may_be_spelt(source: Open, tmp_path: Path, word: str) -> None:
    write(tmp_path, "Id\tNom\n1\tx;y\n")
    assert cells(source(["Id"], file="index.csv", delimiter=word)) == [("1", "x;y")]


def test_sep_line_names_the_delimiter_and_is_no_row(source: Open, tmp_path: Path) -> None:
    write(tmp_path, "\ufeffsep=|\r\nId|Nom\r\n1|a;b;c\r\n")
    table = source(["Id"], file="index.csv")
    assert [(row.line, row.cells) for row in table.rows()] == [(3, ("1", "a;b;c"))]


def test_sep_line_without_a_header(source: Open, tmp_path: Path) -> None:
    write(tmp_path, "sep=;\n1;Dupré\n2;Durand\n")
    assert cells(source(["Id"], file="index.csv", columns=["Id", "Nom"])) == [("1", "Dupré"), ("2", "Durand")]


def test_a_single_column_needs_no_delimiter(source: Open, tmp_path: Path) -> None:
    write(tmp_path, "Nom\nDupré\nDurand\n")
    assert cells(source(["Nom"], file="index.csv")) == [("Dupré",), ("Durand",)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_physical_whatever_ends_them(source: Open, tmp_path: Path, end: str) -> None:
    content = 'Id;Note\n1;"a\nb\nc"\n\n2;x\n3;"y\nz"'
    write(tmp_path, content.replace("\n", end))
    table = source(["Id"], file="index.csv")
    assert [(row.line, row.cells) for row in table.rows()] == [
        (2, ("1", "a\nb\nc")),
        (6, ("2", "x")),
        (7, ("3", "y\nz")),
    ]


def test_mixed_line_ends(source: Open, tmp_path: Path) -> None:
    write(tmp_path, "Id;Nom\r\n1;a\n2;b\r3;c\r\n")
    assert [(row.line, row.cells[0]) for row in source(["Id"], file="index.csv").rows()] == [
        (2, "1"),
        (3, "2"),
        (4, "3"),
    ]


def test_the_last_line_needs_no_end_and_dos_may_add_its_own(source: Open, tmp_path: Path) -> None:
    write(tmp_path, "Id;Nom\r\n1;a\r\n2;b\x1a")
    assert cells(source(["Id"], file="index.csv")) == [("1", "a"), ("2", "b")]
    write(tmp_path, "Id;Nom\r\n1;a\r\n\x1a")
    assert cells(source(["Id"], file="index.csv")) == [("1", "a")]


def test_a_wrong_field_count_breaks_its_row_only(source: Open, tmp_path: Path) -> None:
    write(tmp_path, "Id;Nom;Note\n1;a;b\n2;a\n3;a;b;c\n4;a;b\n")
    table = source(["Id"], file="index.csv")
    assert broken(table) == {3: ["SRC-30"], 4: ["SRC-30"]}
    assert sound(table) == {2: ("1", "a", "b"), 5: ("4", "a", "b")}
    by_line = {row.line: row for row in table.rows()}
    assert by_line[4].cells == ("3", "a", "b | c")
    assert by_line[4].broken[0].params == {"expected": 3, "found": 4}


def test_a_stray_quote_breaks_its_row_only(source: Open, tmp_path: Path) -> None:
    write(tmp_path, 'Id;Nom;Note\n1;a;b\n2;a"x;b\n3;"a"x;b\n4;a;b\n')
    table = source(["Id"], file="index.csv")
    assert broken(table) == {3: ["SRC-31"], 4: ["SRC-31"]}
    assert set(sound(table)) == {2, 5}


def test_quotes_in_pairs_inside_a_field_are_text_with_a_notice(source: Open, tmp_path: Path) -> None:
    write(tmp_path, 'Id;Nom\n1;Foyer "Les Tilleuls"\n')
    (row,) = source(["Id"], file="index.csv").rows()
    assert row.cells == ("1", 'Foyer "Les Tilleuls"')
    assert codes(row.notices) == ["SRC-57"]


def test_a_file_without_quoting(source: Open, tmp_path: Path) -> None:
    write(tmp_path, 'Id;Nom\n1;écran 15"\n2;"x\n')
    assert cells(source(["Id"], file="index.csv", quote="")) == [("1", 'écran 15"'), ("2", '"x')]


def test_another_quote(source: Open, tmp_path: Path) -> None:
    write(tmp_path, "Id;Nom\n1;'a;b'\n2;'l''été'\n")
    assert cells(source(["Id"], file="index.csv", quote="'")) == [("1", "a;b"), ("2", "l'été")]


@pytest.mark.parametrize("rows_after", [0, 1, 5, 30, 5000])
def test_a_quote_left_open_swallows_nothing(source: Open, tmp_path: Path, rows_after: int) -> None:
    write(tmp_path, 'Id;Nom;Note\n1;a;b\n2;"a;b\n' + "".join(f"{at};a;b\n" for at in range(3, 3 + rows_after)))
    table = source(["Id"], file="index.csv")
    assert broken(table) == {3: ["SRC-32"]}
    assert len(sound(table)) == 1 + rows_after


def test_a_quote_left_open_and_a_good_field_of_several_lines_later(source: Open, tmp_path: Path) -> None:
    write(tmp_path, 'Id;Nom;Note\n1;a;"b\n2;a;b\n3;a;"x\ny"\n4;a;b\n')
    table = source(["Id"], file="index.csv")
    assert broken(table) == {2: ["SRC-32"]}
    assert sound(table) == {3: ("2", "a", "b"), 4: ("3", "a", "x\ny"), 6: ("4", "a", "b")}


def test_a_field_of_several_lines_may_hold_the_delimiter(source: Open, tmp_path: Path) -> None:
    note = "vu le 12; revu\nà suivre; voir lettre\nfin"
    write(tmp_path, f'Id;Nom;Date;Note;Chemin\n1;a;b;"{note}";c\n2;a;b;x;c\n')
    table = source(["Id"], file="index.csv")
    assert cells(table)[0] == ("1", "a", "b", note, "c")
    assert [row.line for row in table.rows()] == [2, 5]


def test_two_open_quotes_that_would_close_each_other(source: Open, tmp_path: Path) -> None:
    write(tmp_path, 'Id;Nom;Note;Chemin\n1;a;"b;c\n2;a;b;c\n3;a;b";c\n4;a;b;c\n')
    table = source(["Id"], file="index.csv")
    assert broken(table) == {2: ["SRC-32"], 4: ["SRC-31"]}
    assert set(sound(table)) == {3, 5}


def test_a_record_over_a_block_boundary(source: Open, tmp_path: Path) -> None:
    filler = "".join(f"{at};nom;{'x' * 50}\n" for at in range(20_000))
    write(tmp_path, "Id;Nom;Note\n" + filler + '"a";"b";"' + "ligne\n" * 60_000 + '"\n' + filler)
    table = source(["Id"], file="index.csv")
    rows = list(table.rows())
    assert len(rows) == 40_001
    assert rows[20_000].cells[2].count("\n") == 59_999
    assert rows[20_001].line == 2 + 20_000 + 60_001
    assert not any(row.broken for row in rows)


def test_a_quoted_field_beyond_the_limit_is_an_open_quote(
    source: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text, "MAX_FIELD_LINES", 5)
    write(tmp_path, 'Id;Nom\n1;"' + "x\n" * 9 + '"\n2;b\n')
    table = source(["Id"], file="index.csv")
    assert broken(table)[2] == ["SRC-32"]
    assert sound(table) == {12: ("2", "b")}


def test_one_cell_of_five_megabytes(source: Open, tmp_path: Path) -> None:
    large = "é" * 5_000_000
    write(tmp_path, f'Id;Note\n1;{large}\n2;"{large}"\n3;x\n')
    assert [len(row[1]) for row in cells(source(["Id"], file="index.csv"))] == [5_000_000, 5_000_000, 1]


def test_a_cell_beyond_the_limit_is_a_fault(source: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("converter.sources.cleaning.MAX_CELL_CHARS", 10)
    write(tmp_path, "Id;Note\n1;ééééééééééééééœ\u200b\n2;x\n")
    (row, _) = source(["Id"], file="index.csv").rows()
    assert row.faults[1].code == "CELL-10"


def test_a_line_beyond_the_limit_stops(source: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("converter.sources.encoding.MAX_LINE_CHARS", 300_000)
    write(tmp_path, "Id;Note\n1;" + "x" * 2_000_000 + "\n")
    assert refusal(lambda: source(["Id"], file="index.csv")) == ["SRC-13"]


def test_ten_thousand_columns(source: Open, tmp_path: Path) -> None:
    labels = [f"C{at}" for at in range(10_000)]
    write(tmp_path, ";".join(labels) + "\n" + ";".join(["x"] * 10_000) + "\n")
    table = source(["C9999"], file="index.csv")
    assert len(table.header.labels) == 10_000
    assert len(cells(table)[0]) == 10_000


def test_columns_beyond_the_limit(source: Open, tmp_path: Path) -> None:
    labels = [f"C{at}" for at in range(limits.MAX_COLUMNS + 1)]
    write(tmp_path, ";".join(labels) + "\n" + ";".join(labels) + "\n")
    assert refusal(lambda: source(["C9999"], file="index.csv")) == ["SRC-81"]


def test_nul_padding_is_removed_and_counted(source: Open, tmp_path: Path) -> None:
    write(tmp_path, "Id;Nom\n1;Dupré\x00\x00\x00\x00\n2;x\n")
    table = source(["Id"], file="index.csv")
    assert cells(table) == [("1", "Dupré"), ("2", "x")]
    assert {d.code: d.params for d in table.decisions}["SRC-65"] == {"count": 1}


@pytest.mark.parametrize("cell", ['="00123"', '"=""00123"""'])
def test_excel_guards_are_unwrapped_and_counted(source: Open, tmp_path: Path, cell: str) -> None:
    write(tmp_path, f"Id;Nom\n{cell};x\n2;y\n")
    table = source(["Id"], file="index.csv")
    assert cells(table)[0] == ("00123", "x")
    assert {d.code: d.params for d in table.decisions}["SRC-64"] == {"count": 1}


def test_blank_lines_are_no_rows_and_are_counted_inside_data(source: Open, tmp_path: Path) -> None:
    write(tmp_path, "Id;Nom\n\n1;a\n;\n  ;\t\n2;b\n\n\n")
    table = source(["Id"], file="index.csv")
    assert [row.line for row in table.rows()] == [3, 6]
    assert {d.code: d.params for d in table.decisions}["SRC-71"] == {"count": 3}


def test_rows_can_be_read_again(source: Open, tmp_path: Path) -> None:
    write(tmp_path, 'Id;Nom\n\n1;"a\nb"\n2;"x\n')
    table = source(["Id"], file="index.csv")
    first = list(table.rows())
    assert list(table.rows()) == first
    assert codes(table.decisions) == codes(table.decisions)


def test_header_and_rows_of_only_a_header(source: Open, tmp_path: Path) -> None:
    write(tmp_path, "Id;Nom\n")
    table = source(["Id"], file="index.csv")
    assert cells(table) == []
    assert table.header.labels == ("Id", "Nom")
    assert not table.header.typed
    assert skipped(table) == {}


# ------------------------------------------------------------------------------------------- as exporters write it


def test_quotes_escaped_by_a_backslash_are_text_with_a_notice(source: Open, tmp_path: Path) -> None:
    write(tmp_path, 'Id;Nom;Note\n1;"a \\"b; c\\" d";x\n2;"d";y\n')
    table = source(["Id"], file="index.csv")
    assert cells(table) == [("1", 'a "b; c" d', "x"), ("2", "d", "y")]
    assert [codes(row.notices) for row in table.rows()] == [["SRC-83"], []]


@pytest.mark.parametrize("line", ['3;"G:\\docs\\"";z', '3;"a \\" b";z', '3;"a \\"b\\" c";z;t'])
def test_a_backslash_excuses_no_damage(source: Open, tmp_path: Path, line: str) -> None:
    write(tmp_path, f'Id;Nom;Note\n1;"G:\\docs\\";x\n2;b;y\n{line}\n')
    table = source(["Id"], file="index.csv")
    assert sound(table)[2] == ("1", "G:\\docs\\", "x")
    assert list(broken(table)) == [4]


@pytest.mark.parametrize("mark", ["^", "~", "¦", "§", "\x1f"])
def test_rare_delimiters_are_found_by_the_labels(source: Open, tmp_path: Path, mark: str) -> None:
    write(tmp_path, mark.join(["Id", "Nom"]) + "\n" + mark.join(["1", "a;b,c"]) + "\n")
    table = source(["Id", "Nom"], file="index.csv")
    assert cells(table) == [("1", "a;b,c")]
    assert "SRC-73" in codes(table.decisions)


@pytest.mark.parametrize("content", ["\ufeff\ufeffId;Nom\n1;a\n", '\ufeff\ufeff"Id";"Nom"\n"1";"a"\n'])
def test_two_byte_order_marks(source: Open, tmp_path: Path, content: str) -> None:
    write(tmp_path, content)
    table = source(["Id"], file="index.csv")
    assert (table.header.labels, cells(table)) == (("Id", "Nom"), [("1", "a")])


def test_files_put_together_keep_their_marks_and_headers_inside(source: Open, tmp_path: Path) -> None:
    write(tmp_path, '\ufeff"Id";"Nom"\n"1";"a"\n\ufeff"Id";"Nom"\n"2";"b"\n\ufeff"3";"c"\n')
    table = source(["Id"], file="index.csv")
    assert skipped(table) == {3: "SRC-47"}
    assert sound(table) == {2: ("1", "a"), 4: ("2", "b"), 5: ("3", "c")}
    assert codes(list(table.rows())[-1].notices) == ["CELL-08"]


@pytest.mark.parametrize("mark", ["\x0b", "\x0c", "\x85", "\u2028", "\u2029"])
def test_line_breaks_of_other_systems_do_not_glue_words(source: Open, tmp_path: Path, mark: str) -> None:
    write(tmp_path, f"Id;Note\n1;ligne 1{mark}ligne 2\n")
    assert cells(source(["Id"], file="index.csv")) == [("1", "ligne 1\nligne 2")]


def test_a_page_feed_before_a_line(source: Open, tmp_path: Path) -> None:
    write(tmp_path, "Id;Note\n1;a\n\x0c2;b\n")
    assert cells(source(["Id"], file="index.csv")) == [("1", "a"), ("2", "b")]


@pytest.mark.parametrize("content", ["\n\n", "\ufeff", "   \n\t\n", ";;;\n;;;\n", "\x00\x00\x00"])
def test_nothing_but_blanks_is_an_empty_file(source: Open, tmp_path: Path, content: str) -> None:
    write(tmp_path, content)
    assert refusal(lambda: source(["Id"], file="index.csv")) == ["SRC-05"]


def test_carriage_returns_before_line_ends(source: Open, tmp_path: Path) -> None:
    (tmp_path / "index.csv").write_bytes(b"Id;Nom\r\r\n1;a\r\r\n2;b\r\r\n")
    assert cells(source(["Id"], file="index.csv")) == [("1", "a"), ("2", "b")]


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;", "sep=;;;"])
def test_spellings_of_the_sep_line(source: Open, tmp_path: Path, first: str) -> None:
    write(tmp_path, f"{first}\r\nId;Nom\r\n1;a\r\n", encoding="utf-16")
    assert [(row.line, row.cells) for row in source(["Id"], file="index.csv").rows()] == [(3, ("1", "a"))]


def test_text_that_only_looks_like_a_formula_is_kept(source: Open, tmp_path: Path) -> None:
    write(tmp_path, "Id;Nom\n=00125;=A1+B1\n'00126;@x\n-1;+33 6\n")
    assert cells(source(["Id"], file="index.csv")) == [("=00125", "=A1+B1"), ("'00126", "@x"), ("-1", "+33 6")]


def test_numbers_in_scientific_notation_are_faults(source: Open, tmp_path: Path) -> None:
    write(tmp_path, "Id;Nom\n1,85E+14;a\n1.85E+14;b\n1E5;c\n1,85 E+14;d\n")
    assert faults(source(["Id"], file="index.csv")) == {(2, 0): "CELL-04", (3, 0): "CELL-04"}


def test_a_quote_in_two_fields_does_not_join_lines(source: Open, tmp_path: Path) -> None:
    write(tmp_path, 'Id;Nom;Note\n1;"a\nb";c "d\n2;e" f;g\n3;h;i\n')
    table = source(["Id"], file="index.csv")
    assert sound(table)[5] == ("3", "h", "i")
    assert set(broken(table)) <= {2, 3, 4}


def test_a_note_of_two_columns_may_hold_the_delimiter(source: Open, tmp_path: Path) -> None:
    write(tmp_path, 'Id;Note\n1;"vu le 12;\nrevu; ok\nfin"\n2;b\n')
    assert sound(source(["Id"], file="index.csv")) == {2: ("1", "vu le 12;\nrevu; ok\nfin"), 5: ("2", "b")}


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_cells_of_one_kind_of_blank_or_another(source: Open, tmp_path: Path, delimiter: str) -> None:
    row = ["1 ", "\u00a0a\u202fb\u00a0", "\u3000c"]
    write(tmp_path, delimiter.join(["Id", "Nom", "X"]) + "\n" + delimiter.join(row) + "\n")
    assert cells(source(["Id"], file="index.csv")) == [("1", "a\u202fb", "c")]


def test_a_cell_longer_than_the_limit_is_a_fault(source: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("converter.sources.cleaning.MAX_CELL_CHARS", 100)
    write(tmp_path, "Id;Note\n1;" + "é" * 101 + "\u200b\n2;x\n")
    assert faults(source(["Id"], file="index.csv")) == {(2, 1): "CELL-10"}


def test_rows_beside_a_piece_of_a_row_say_so(source: Open, tmp_path: Path) -> None:
    write(tmp_path, "Id;Nom;Note\n1;a;b\n2;b;vu ce\nmatin\n3;c;d\n4;e;f\n\npage 1\n")
    table = source(["Id"], file="index.csv")
    assert broken(table) == {4: ["SRC-30"], 8: ["SRC-30"]}
    assert {row.line: codes(row.notices) for row in table.rows() if row.notices} == {3: ["SRC-84"], 5: ["SRC-84"]}


def test_memory_does_not_follow_the_number_of_rows(source: Open, tmp_path: Path) -> None:
    with (tmp_path / "index.csv").open("w", encoding="cp1252") as file:
        file.write("Id;Nom;Note\n")
        file.writelines(f'{at:06d};Hélène;"vu; revu"\n' for at in range(120_000))
    assert (tmp_path / "index.csv").stat().st_size >= 3_000_000
    tracemalloc.start()
    try:
        assert sum(1 for _ in source(["Id"], file="index.csv").rows()) == 120_000
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "content",
    [
        '"Id;Nom;Note"\n"1;a;x, y"\n"2;b;""dit; oui"""\n',
        'Id;Nom;Note\n"1;a;x, y"\n"2;b;""dit; oui"""\n',
    ],
)
def test_lines_in_quotes_as_a_whole(source: Open, tmp_path: Path, content: str) -> None:
    write(tmp_path, content)
    table = source(["Id", "Nom"], file="index.csv")
    assert cells(table) == [("1", "a", "x, y"), ("2", "b", "dit; oui")]
    assert {code for row in table.rows() for code in codes(row.notices)} == {"SRC-85"}


def test_a_quoted_field_is_no_record(source: Open, tmp_path: Path) -> None:
    write(tmp_path, 'Id;Nom;Note\n"1;a"\n2;b;c\n"3;a;b;c"\n')
    assert broken(source(["Id"], file="index.csv")) == {2: ["SRC-30"], 4: ["SRC-30"]}
    write(tmp_path, "Note\n" + '"a;b"\n' * 20)
    for spec in ({}, {"delimiter": ";"}):
        assert cells(source(["Note"], file="index.csv", **spec)) == [("a;b",)] * 20
