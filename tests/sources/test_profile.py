"""What the columns of a table hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from converter.sources.profile import ColumnProfile, profile
from tests.sources.reading import Open

ROWS = "".join(
    f"{at:05d};{name};{'M' if at % 2 else 'F'};{at % 28 + 1:02d}/03/1934;;{at}\n"
    for at, name in enumerate(["NA", "NULL", "nan", "None", "Dupré", "L'Hôte", "Martin", "Œuvrard"], 1)
)


def test_columns_as_they_are(source: Open, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Id;Nom;Sexe;Né(e) le;Vide;N°\n" + ROWS, encoding="utf-8")
    found = {column.label: column for column in profile(source(["Id"], file="a.csv"))}
    assert found["Id"] == ColumnProfile("Id", 8, 8, 5)
    assert found["Id"].identifies
    assert found["Nom"].filled == 8, "words that pandas takes for nothing are names"
    assert found["Nom"].words == (), "names are data"
    assert found["Sexe"].words == ("F", "M")
    assert found["Né(e) le"].date == "%d/%m/%Y"
    assert found["Vide"] == ColumnProfile("Vide", 0, 0, 0)
    assert not found["Vide"].identifies


@pytest.mark.parametrize(
    ("cells", "form"),
    [
        (["05/12/2021", "31/01/1934"], "%d/%m/%Y"),
        (["12/31/2021", "01/02/2021"], None),
        (["2021-12-05"], "%Y-%m-%d"),
        (["05/12/21 ", "1/2/34"], "%d/%m/%y"),
        (["05/12/2021 08:30"], "%d/%m/%Y %H:%M"),
        (["20211205"], "%Y%m%d"),
        (["00123"], None),
        (["05/12/2021", "inconnue"], None),
    ],
)
def test_the_date_form_that_all_cells_have(source: Open, tmp_path: Path, cells: list[str], form: str | None) -> None:
    (tmp_path / "a.csv").write_text("Id;Date\n" + "".join(f"1;{cell}\n" for cell in cells), encoding="utf-8")
    assert profile(source(["Id"], file="a.csv"))[1].date == form


def test_only_sound_rows_of_the_sample_count(source: Open, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Id;Nom\n1;a\n2;b;c\nTotal;2\n3;d\n4;e\n", encoding="utf-8")
    table = source(["Id"], file="a.csv", totals="total")
    assert [column.filled for column in profile(table)] == [3, 3]
    assert [column.filled for column in profile(table, rows=1)] == [1, 1]


def test_repeated_and_empty_labels_and_no_rows(source: Open, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Id;;Nom;Nom\n", encoding="utf-8")
    assert [column.label for column in profile(source(["Id"], file="a.csv"))] == ["Id", "", "Nom", "Nom"]
