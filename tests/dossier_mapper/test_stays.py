from __future__ import annotations

from datetime import datetime

import pytest

from converter.model import Identifier, Organization, PartialDate
from tests.dossier_mapper.building import FINESS, ZONE, build, entries, well_formed

DAY = 'date: ["%d/%m/%Y", "%d/%m/%Y %H:%M", "%m/%Y"]'
SECTION = f"""
stays:
  from: sejours
  resident: N°
  key: Dossier
  admission: {{column: Admission, {DAY}}}
  planned_entry: {{column: Prévue, {DAY}}}
  entry: {{column: Entrée, {DAY}}}
  entry_mode: Mode
  exit: {{column: Sortie, {DAY}}}
  exit_mode: Départ
  comment: Note
"""
HEAD = "N°|Dossier|Admission|Prévue|Entrée|Mode|Sortie|Départ|Note\n"


def test_a_stay_of_the_establishment() -> None:
    row = "12|S1|01/02/2024|03/2024|02/02/2024 14:30|Domicile|31/12/2025|Autre|a\\nb"
    outcome = build(SECTION, sejours=HEAD + row)
    (stay,) = outcome.dossier.stays
    assert outcome.codes == []
    assert stay.coded
    assert stay.structure == Organization("IME Les Tilleuls", Identifier("1.2.250.1.71.4.2.2", "1010000024"))
    assert stay.admission == PartialDate(2024, 2, 1)
    assert stay.planned_entry == PartialDate(2024, 3)
    assert stay.entry == datetime(2024, 2, 2, 14, 30, tzinfo=ZONE)
    assert (stay.entry_mode, stay.exit_mode, stay.comment) == ("Domicile", "Autre", "a\nb")
    assert entries(well_formed(outcome.dossier)) == 1


@pytest.mark.parametrize("row", ["12|S1|02/02/2024||||01/02/2024", "12|S1|||02/02/2024 10:00||01/02/2024"])
def test_a_stay_that_ends_before_it_starts_is_an_error(row: str) -> None:
    assert build(SECTION, sejours=HEAD + row).codes == [(1, "DOS-17", "error")]


@pytest.mark.parametrize("row", ["12|S1|02/02/2024||||02/02/2024", "12|S1|||02/02/2024 10:00||02/2024"])
def test_dates_are_compared_as_far_as_both_are_known(row: str) -> None:
    assert build(SECTION, sejours=HEAD + row).codes == []


def test_an_impossible_date_is_an_error_and_the_other_row_stands() -> None:
    outcome = build(SECTION, sejours=HEAD + "12|S1|31/02/2024\n12|S2|01/02/2024")
    assert outcome.codes == [(1, "DATE-02", "error")]
    assert [s.key for s in outcome.dossier.stays] == ["S2"]


def test_real_date_cells_need_no_declared_form() -> None:
    section = "stays: {from: s, resident: N°, key: D, admission: A}"
    outcome = build(section, typed=True, s="N°|D|A\n12|1|2024-02-01\n12|2|1 février\n12|3|2024-02-31")
    assert [s.admission for s in outcome.dossier.stays] == [PartialDate(2024, 2, 1)]
    assert [code for _, code, _ in outcome.codes] == ["FLD-06", "FLD-06"]
    plain = build(section, s="N°|D|A\n12|1|2024-02-01")
    assert [code for _, code, _ in plain.codes] == ["FLD-06"]


def test_another_structure_needs_a_number() -> None:
    section = "stays: {from: s, resident: N°, key: D, structure: {name: E, finess: F}}"
    outcome = build(section, s=f"N°|D|E|F\n12|1|Foyer|{FINESS}\n12|2|Foyer|\n12|3||")
    assert [s.structure.name for s in outcome.dossier.stays] == ["Foyer", "Foyer", None]
    assert [s.coded for s in outcome.dossier.stays] == [True, False, False]
    assert outcome.codes == [(2, "DOS-58", "warning"), (3, "DOS-58", "warning")]
    assert entries(well_formed(outcome.dossier)) == 1


def test_a_section_without_a_coded_entry_becomes_text() -> None:
    section = "stays: {from: s, resident: N°, key: D, structure: {name: E}}"
    outcome = build(section, s="N°|D|E\n12|1|Foyer\n12|2|Atelier")
    assert outcome.dossier.stays == ()
    assert [code for _, code, _ in outcome.codes] == ["DOS-58", "DOS-58", "DOS-29", "DOS-29"]
    (document,) = outcome.dossier.documents
    assert document.title == "Séjours"
    assert document.text == (
        "Séjours\n=======\n2 lignes reprises de l'ancien logiciel, sous forme lisible.\n\n"
        "1.\n  N° : 12\n  D  : 1\n  E  : Foyer\n\n2.\n  N° : 12\n  D  : 2\n  E  : Atelier\n"
    )
    assert entries(well_formed(outcome.dossier)) == 1


def test_events_of_a_stay_are_linked_when_they_are_there() -> None:
    section = """
stays: {from: s, resident: N°, key: D, events: {column: E, split: ","}}
events: {from: e, resident: N°, key: K, start: {column: J, date: "%d/%m/%Y"}, end: {column: J, date: "%d/%m/%Y"}}
"""
    outcome = build(section, s="N°|D|E\n12|1|e1, e9", e="N°|K|J\n12|e1|01/02/2024")
    assert outcome.dossier.stays[0].events == ("e1",)
    assert outcome.codes == [(1, "DOS-19", "warning")]
    assert outcome.finding("DOS-19").params == {"count": 1}
    well_formed(outcome.dossier)


def test_a_repeated_number_is_an_error_on_the_later_row() -> None:
    outcome = build(SECTION, sejours=HEAD + "12|S1|01/02/2024\n12|S2\n12|S1|02/02/2024")
    assert outcome.codes == [(3, "DOS-15", "error")]
    assert outcome.finding("DOS-15").params == {"line": 2, "file": "sejours.csv"}
    assert [s.key for s in outcome.dossier.stays] == ["S1", "S2"]


def test_a_rejected_row_does_not_keep_its_number() -> None:
    outcome = build(SECTION, sejours=HEAD + "12|S1|31/02/2024\n12|S1|01/02/2024")
    assert [code for _, code, _ in outcome.codes] == ["DATE-02"]
    assert [s.admission for s in outcome.dossier.stays] == [PartialDate(2024, 2, 1)]


def test_a_missing_number_is_an_error() -> None:
    assert build(SECTION, sejours=HEAD + "12||01/02/2024").codes == [(1, "VAL-01", "error")]


def test_all_problems_of_a_row_are_reported() -> None:
    outcome = build(SECTION, sejours=HEAD + "12||31/02/2024||demain")
    assert [code for _, code, _ in outcome.codes] == ["VAL-01", "DATE-02", "DATE-01"]


def test_several_values_where_one_is_expected() -> None:
    section = """
stays:
  from: s
  resident: N°
  key: D
  admission: {column: A, split: ";", date: "%d/%m/%Y"}
  comment: {column: C, split: ";"}
"""
    outcome = build(section, s="N°|D|A|C\n12|1|01/02/2024;02/02/2024\n12|2|01/02/2024|a;b")
    assert outcome.codes == [(1, "DOS-30", "error")]
    assert [s.comment for s in outcome.dossier.stays] == ["a\nb"]


def test_a_rule_that_completes_stays_does_not_contradict_their_structure() -> None:
    section = """
stays:
  - {from: s, resident: N°, key: D, structure: {name: E, finess: F}}
  - {from: t, resident: N°, key: D, group: yes, comment: C}
"""
    outcome = build(section, s=f"N°|D|E|F\n12|1|Foyer|{FINESS}", t="N°|D|C\n12|1|suite")
    assert outcome.codes == []
    assert outcome.dossier.stays[0].structure.name == "Foyer"
    assert outcome.dossier.stays[0].comment == "suite"
