"""One damaged row of a table in every way, place and dialect: all other rows stay exact, the damaged one is named.

After the idea of the Pollock polluted-CSV benchmark (a separator missing or added, a stray quote, another delimiter in
one row). A row may also come out exact; what may never happen is a row lost, changed or invented without a word.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converter.mapping.schema import SourceSpec
from converter.sources import open_table

LABELS = ["Id", "Nom", "Prénom", "Date", "Note", "Chemin"]
NAMES = ["Dupré", "L'Hôte", "de la Tour", "Œuvrard", "NA", "NULL", "Martin"]
NOTES = ["", "RAS", "vu ; revu", 'dit "bonjour"', "ligne 1\nligne 2", "a,b|c", "12,5"]


def table(rows: int, seed: int, multiline: bool) -> list[list[str]]:
    pick = random.Random(seed)
    notes = NOTES if multiline else [note for note in NOTES if "\n" not in note]
    return [
        [f"{at:05d}", pick.choice(NAMES), pick.choice(NAMES), f"{at % 28 + 1:02d}/03/1934", pick.choice(notes),
         f"G:\\docs\\{at}.pdf"]
        for at in range(rows)
    ]  # fmt: skip


def written(row: list[str], delimiter: str, quoting: int) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator="\n").writerow(row)  # type: ignore[arg-type]
    return text.getvalue().removesuffix("\n")


def pollutions(line: str, delimiter: str, pick: random.Random) -> Iterator[tuple[str, str]]:
    """The line damaged once, in each way."""
    places = [at for at, char in enumerate(line) if char == delimiter]
    for at in places:
        yield "separator missing", line[:at] + line[at + 1 :]
        yield "separator doubled", line[:at] + delimiter + line[at:]
        yield "other separator", line[:at] + ("," if delimiter != "," else ";") + line[at + 1 :]
    for at in sorted(pick.sample(range(len(line) + 1), min(12, len(line)))):
        yield "stray quote", line[:at] + '"' + line[at:]
        yield "separator added", line[:at] + delimiter + line[at:]
    for at in [at for at, char in enumerate(line) if char == '"']:
        yield "quote missing", line[:at] + line[at + 1 :]
    yield "all separators other", line.replace(delimiter, "|" if delimiter != "|" else ";")
    yield "separator at the end", line + delimiter
    yield "quote at the start", '"' + line
    yield "cut short", line[: len(line) // 2]


def check(path: Path, lines: list[str], rows: list[list[str]], damaged: int, what: str) -> None:
    """``lines`` are records (perhaps of several physical lines); ``damaged`` is the index of the damaged one."""
    path.write_text("\r\n".join(lines) + "\r\n", encoding="utf-8", newline="")
    found = open_table("s", SourceSpec.model_validate({"file": path.name}), path.parent, LABELS[:3])
    starts = [1]
    for line in lines:
        starts.append(starts[-1] + 1 + line.count("\n"))
    expected = {starts[at + 1]: tuple(row) for at, row in enumerate(rows)}
    place = range(starts[damaged + 1], starts[damaged + 2])
    seen: set[int] = set()
    for row in found.rows():
        assert row.line not in seen
        seen.add(row.line)
        if row.line in place:
            continue
        assert not row.broken, (what, row.line, lines[damaged + 1])
        assert row.cells == expected[row.line], (what, row.line, lines[damaged + 1])
    assert seen >= set(expected) - set(place), (what, sorted(set(expected) - seen), lines[damaged + 1])
    hit = [row for row in found.rows() if row.line in place]
    exact = [row for row in hit if not row.broken and row.line == place.start and list(row.cells) == rows[damaged]]
    assert hit, (what, lines[damaged + 1])
    if not exact and not (len(hit) == 1 and still_valid(lines[damaged + 1], lines[0], list(hit[0].cells))):
        assert all(row.broken for row in hit), (what, [row.cells for row in hit], lines[damaged + 1])


def still_valid(line: str, header: str, cells: list[str]) -> bool:
    """Whether the damage made another valid record (a separator inside quotes, say), and that is what was read."""
    delimiter = next(char for char in header if char in ";,\t|")
    if line.count('"') % 2:
        return False
    try:
        records = list(csv.reader([line], delimiter=delimiter, strict=True))
    except csv.Error:
        return False
    return len(records) == 1 and len(records[0]) == header.count(delimiter) + 1 and records[0] == cells


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
@pytest.mark.parametrize("rows", [5, 40])
def test_one_damaged_row_costs_no_other(tmp_path: Path, delimiter: str, quoting: int, rows: int) -> None:
    data = table(rows, seed=rows, multiline=False)
    pick = random.Random(rows)
    for damaged in sorted({0, rows // 2, rows - 1}):
        clean = [written(LABELS, delimiter, quoting), *(written(row, delimiter, quoting) for row in data)]
        for what, line in pollutions(clean[damaged + 1], delimiter, pick):
            lines = [*clean]
            lines[damaged + 1] = line
            check(tmp_path / "polluted.csv", lines, data, damaged, what)


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    delimiter=st.sampled_from(";,\t|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    rows=st.integers(4, 30),
)
def test_with_fields_of_several_lines_around(
    tmp_path_factory: pytest.TempPathFactory, seed: int, delimiter: str, quoting: int, rows: int
) -> None:
    data = table(rows, seed, multiline=True)
    pick = random.Random(seed)
    damaged = pick.choice([at for at, row in enumerate(data) if "\n" not in row[4]] or [0])
    lines = [written(LABELS, delimiter, quoting), *(written(row, delimiter, quoting) for row in data)]
    what, lines[damaged + 1] = pick.choice(list(pollutions(lines[damaged + 1], delimiter, pick)))
    check(tmp_path_factory.mktemp("polluted") / "polluted.csv", lines, data, damaged, what)


@pytest.mark.parametrize("columns", [2, 3, 4])
@pytest.mark.parametrize("delimiter", [";", "\t"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_narrow_tables(tmp_path: Path, columns: int, delimiter: str, quoting: int) -> None:
    data = [[row[0], *row[4 : 4 + columns - 1]] if columns < 4 else [row[0], *row[2:5]] for row in table(12, 3, True)]
    labels = LABELS[:columns]
    pick = random.Random(columns)
    clean = [written(labels, delimiter, quoting), *(written(row, delimiter, quoting) for row in data)]
    for damaged, row in enumerate(data):
        if any("\n" in cell for cell in row):
            continue
        for what, line in pollutions(clean[damaged + 1], delimiter, pick):
            lines = [*clean]
            lines[damaged + 1] = line
            check(tmp_path / "polluted.csv", lines, data, damaged, what)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    delimiter=st.sampled_from(";,"),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
def test_a_row_cut_by_a_line_break(
    tmp_path_factory: pytest.TempPathFactory, seed: int, delimiter: str, quoting: int
) -> None:
    """An exporter that does not quote its line breaks makes two pieces of a row: both are broken, or were quoted."""
    pick = random.Random(seed)
    data = table(15, seed, False)
    damaged = pick.randrange(len(data))
    lines = [written(LABELS, delimiter, quoting), *(written(row, delimiter, quoting) for row in data)]
    line = lines[damaged + 1]
    at = pick.randrange(1, len(line))
    lines[damaged + 1] = line[:at] + "\n" + line[at:]
    path = tmp_path_factory.mktemp("cut") / "a.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = list(open_table("s", SourceSpec.model_validate({"file": "a.csv"}), path.parent, LABELS[:3]).rows())
    place = (damaged + 2, damaged + 3)
    others = [row for row in found if row.line not in place]
    assert [list(row.cells) for row in others] == [row for at, row in enumerate(data) if at != damaged]
    assert not any(row.broken for row in others)
    here = [row for row in found if row.line in place]
    if len(here) == 1 and not here[0].broken:
        # The break fell inside quotes, or at an end of a field.
        assert "".join(here[0].cells).replace("\n", "").replace(" ", "") == "".join(data[damaged]).replace(" ", "")
    else:
        # A break inside the first or the last field leaves a row of the usual length, which says so.
        assert here
        assert all(row.broken or "SRC-84" in [d.code for d in row.notices] for row in here), lines[damaged + 1]
        assert any(row.broken for row in here)
