"""The words offered to whoever corrects a source are words that its table takes."""

from __future__ import annotations

import pytest

from converter.mapping.loader import load
from converter.mapping.offered import offered_words
from converter.mapping.tables import KINDS, compile_table, shipped
from converter.model import Header
from tests.making import GED_HEAD, USAGERS_HEAD, export

HEADERS = {"usagers": Header(USAGERS_HEAD), "ged": Header(GED_HEAD)}


def offered(tmp_path, headers=HEADERS, **changes):
    made = export(tmp_path / "in", residents=1)
    for name, (old, new) in changes.items():
        setattr(made, name, getattr(made, name).replace(old, new))
    return offered_words(load(made.write()).spec, headers)


def test_words_stand_by_source_and_column_as_the_mapping_writes_them(tmp_path):
    found = offered(
        tmp_path,
        residents=("sex: sexe", "sex: {column: Sexe, table: {Féminin: female, M: male}}"),
        documents=("type: {column: type, table: legacy-document-kinds}", "type: type"),
    )
    assert found == {"usagers": {3: ("Féminin", "M")}}


def test_tables_may_have_a_name_additions_and_removals(tmp_path):
    found = offered(
        tmp_path,
        documents=("table: legacy-document-kinds", "table: kinds"),
        more=("", "tables:\n  kinds: {use: legacy-document-kinds, add: {Papier: '80788-3'}, remove: [Courrier]}\n"),
    )
    words = found["ged"][2]
    assert words[0] == "Papier"
    assert "Courrier" not in words
    assert "Arrêt de travail" in words


@pytest.mark.parametrize("name", shipped())
def test_every_word_offered_is_a_word_of_its_table(tmp_path, name):
    table = compile_table(name, {})
    words = offered(tmp_path, documents=(KINDS, name))["ged"][2] if name == KINDS else _listed(name)
    assert words
    for word in words:
        assert table.get(word) is not None
    assert len(words) == len(set(words)) <= 1_000


def _listed(name: str) -> tuple[str, ...]:
    from converter.mapping import offered as module

    return tuple(module._words(name, {}))


def test_an_unknown_column_has_no_list(tmp_path):
    assert offered(tmp_path, {"usagers": Header(USAGERS_HEAD), "ged": Header(("x",))}) == {}
