"""Documents made from rows: shipped templates, templates beside a mapping, and what they may not do."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from converter.cda import RowsText, TemplateFailedError, render_rows, template_problem
from converter.cda.rows import MAX_TEXT, render
from converter.cda.rows.layout import PAGE

NOTES = RowsText(
    "Transmissions",
    "Anne DUPRÉ",
    "EHPAD Les Tilleuls",
    ("Date", "Auteur", "Note"),
    (
        ("02/03/2021", "IDE", "Chute dans la chambre.\nPas de douleur."),
        ("05/03/2021", "", "Visite de la famille."),
    ),
)
SHIPPED = ("history", "record", "table")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "templates"
    made.mkdir()
    return made


def failure(template: str, folder: Path | None, rows: RowsText = NOTES) -> str:
    with pytest.raises(TemplateFailedError) as caught:
        render_rows(template, folder, rows)
    return caught.value.diagnostic.code


# --------------------------------------------------------------------------------------------------------- shipped


@pytest.mark.parametrize("template", SHIPPED)
def test_every_cell_and_label_is_there(template: str) -> None:
    text = render_rows(template, None, NOTES)
    assert text.startswith("Transmissions\nUsager : Anne DUPRÉ\nÉtablissement : EHPAD Les Tilleuls\n\n")
    for word in (
        *NOTES.labels,
        "02/03/2021",
        "IDE",
        "Chute dans la chambre.",
        "Pas de douleur.",
        "Visite de la famille.",
    ):
        assert word in text
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert not any(line != line.rstrip() for line in text.split("\n"))


def test_history_reads_as_a_list() -> None:
    assert render_rows("history", None, NOTES).split("\n\n", 1)[1] == (
        "Date : 02/03/2021\nAuteur : IDE\nNote :\n    Chute dans la chambre.\n    Pas de douleur.\n\n"
        "Date : 05/03/2021\nNote : Visite de la famille.\n"
    )


def test_record_shows_empty_cells() -> None:
    assert "Date : 05/03/2021\nAuteur : —\nNote : Visite de la famille.\n" in render_rows("record", None, NOTES)


def test_table_has_columns_under_their_labels() -> None:
    assert render_rows("table", None, NOTES).split("\n\n", 1)[1] == (
        "Date        Auteur  Note\n"
        "----------  ------  ----------------------\n"
        "02/03/2021  IDE     Chute dans la chambre.\n"
        "                    Pas de douleur.\n"
        "\n"
        "05/03/2021  —       Visite de la famille.\n"
    )


@pytest.mark.parametrize("columns", [1, 2, 5, 8, 9, 30])
def test_a_table_stays_on_the_page_and_loses_no_word(columns: int) -> None:
    words = [f"mot{n}" for n in range(40)]
    cells = tuple(" ".join(words) if n == columns - 1 else f"c{n}" for n in range(columns))
    rows = RowsText("T", "R", "E", tuple(f"Colonne {n}" for n in range(columns)), (cells, cells))
    text = render_rows("table", None, rows)
    found = text.split()
    assert all(found.count(word) == 2 for word in words)
    if columns <= 9:
        assert max(map(len, text.split("\n"))) <= PAGE


def test_no_rows_still_make_a_document() -> None:
    empty = RowsText("T", "R", "E", ("A",), ())
    for template in SHIPPED:
        assert render_rows(template, None, empty).startswith("T\n")


def test_text_is_cleaned() -> None:
    dirty = RowsText("T\x00", "R\u202e", "E", ("A\nB",), (("x\ud800\x07\r\ny",),))
    text = render_rows("history", None, dirty)
    assert text == "T�\nUsager : R\nÉtablissement : E\n\nA B :\n    x��\n    y\n"
    text.encode()


# ---------------------------------------------------------------------------------------------- beside the mapping


def test_a_template_of_ones_own(folder: Path) -> None:
    (folder / "fiche.txt.j2").write_text(
        "{{ title | upper }}\n{% for e in entries %}{{ e['Date'] }} {{ e.Note.split('\\n')[0] }}\n{% endfor %}", "utf-8"
    )
    wanted = "TRANSMISSIONS\n02/03/2021 Chute dans la chambre.\n05/03/2021 Visite de la famille.\n"
    assert render_rows("fiche", folder, NOTES) == wanted
    assert render_rows("fiche.txt.j2", folder, NOTES) == wanted


def test_ones_own_template_replaces_a_shipped_one_and_may_include_others(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "part").write_text("partie", "utf-8")
    (folder / "table").write_text("{% include 'sub/part' %}", "utf-8")
    assert render_rows("table", folder, NOTES) == "partie\n"
    assert render_rows("record", folder, NOTES).startswith("Transmissions")


def test_a_changed_template_is_read_again(folder: Path) -> None:
    import os

    file = folder / "t"
    for n, word in enumerate(("un", "deux")):
        file.write_text(word, "utf-8")
        os.utime(file, ns=(n, n))
        assert render_rows("t", folder, NOTES) == f"{word}\n"


@pytest.mark.parametrize("name", ["absent", "../secret", "/etc/passwd", "link", "", ".", "a\0b", "tabel", "binary"])
def test_only_files_really_inside_the_folder(folder: Path, name: str) -> None:
    (folder.parent / "secret").write_text("secret", "utf-8")
    (folder / "link").symlink_to(folder.parent / "secret")
    (folder / "binary").write_bytes(b"\xff\xfe\x00")
    assert failure(name, folder) == "CDA-30"


def test_an_include_cannot_leave_the_folder(folder: Path) -> None:
    (folder.parent / "secret").write_text("secret", "utf-8")
    (folder / "t").write_text("{% include '../secret' %}", "utf-8")
    assert failure("t", folder) == "CDA-32"


@pytest.mark.parametrize(
    ("source", "number"),
    [
        ("{% for %}", "CDA-31"),
        ("{{ x | nofilter }}", "CDA-31"),
        ("{{ unknown }}", "CDA-32"),
        ("{{ entries[0]['Absente'] }}", "CDA-32"),
        ("{{ rows[99][0] }}", "CDA-32"),
        ("{{ title.missing }}", "CDA-32"),
        ("{{ ''.__class__.__mro__ }}", "CDA-32"),
        ("{{ rows.__class__ }}", "CDA-32"),
        ("{{ rows.append(1) }}", "CDA-32"),
        ("{{ range(9) }}", "CDA-32"),
        ("{{ cycler }}", "CDA-32"),
        ("{{ 'a' * 1000000000 }}", "CDA-32"),
        ("{{ 9 ** 999999999 }}", "CDA-32"),
        ("{{ '%0999999999d' % 1 }}", "CDA-32"),
        ("{{ 'a'.ljust(999999999) }}", "CDA-32"),
        ("{{ '{:>999999999}'.format('a') }}", "CDA-32"),
        ("{{ title | random }}", "CDA-31"),
        ("{{ title | center(999999999) }}", "CDA-31"),
        ("{{ 1 / 0 }}", "CDA-32"),
        ("{{ title + 1 }}", "CDA-32"),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "CDA-32"),
        ("", "CDA-34"),
        ("  \n\u202e\n", "CDA-34"),
    ],
)
def test_what_a_template_may_not_do(folder: Path, source: str, number: str) -> None:
    (folder / "t").write_text(source, "utf-8")
    assert failure("t", folder) == number


def test_numbers_may_be_reckoned_with(folder: Path) -> None:
    (folder / "t").write_text("{{ rows | length * 3 }} {{ 7 % 4 }}", "utf-8")
    assert render_rows("t", folder, NOTES) == "6 3\n"


def test_an_error_names_its_line_and_quotes_no_data(folder: Path) -> None:
    (folder / "t").write_text("{{ title }}\n\n{{ entries[0][rows[0][2]] }}", "utf-8")
    with pytest.raises(TemplateFailedError) as caught:
        render_rows("t", folder, NOTES)
    assert caught.value.diagnostic.params["line"] == 3
    assert "Chute" not in str(caught.value)
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_output_is_bounded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "MAX_TEXT", 1000)
    (folder / "t").write_text("{% for r in rows %}{% for q in rows %}{{ title }}{% endfor %}{% endfor %}", "utf-8")
    many = RowsText("titre", "R", "E", ("A",), (("x",),) * 50)
    assert failure("t", folder, many) == "CDA-33"
    assert MAX_TEXT == 10_000_000


def test_a_template_file_is_of_a_sane_size(folder: Path) -> None:
    (folder / "t").write_text("x" * 1_000_001, "utf-8")
    assert failure("t", folder) == "CDA-30"


def test_a_template_can_be_judged_before_the_run(folder: Path) -> None:
    (folder / "wrong").write_text("{{ title", "utf-8")
    assert template_problem("table", None) is None
    assert template_problem("table", folder) is None
    assert (found := template_problem("wrong", folder)) is not None
    assert found.code == "CDA-31"
    assert (found := template_problem("absent", None)) is not None
    assert found.code == "CDA-30"
    assert found.params == {"known": "history, record, table"}
