from __future__ import annotations

import pytest

from converter.model import Address, Person, Telecom
from tests.dossier_mapper.building import contacts

CONTACTS = """
contacts:
  from: c
  resident: N°
  kind: Nature
  name: Nom
  given: Prénom
  title: Civ
  relation: Lien
  address: {lines: [Rue], postal_code: CP, city: Ville}
  phone: Tél
  mobile: Port
  email: Mél
  order: Ordre
"""
HEAD = "N°|Nature|Nom|Prénom|Civ|Lien|Rue|CP|Ville|Tél|Port|Mél|Ordre\n"


def test_a_contact_has_everything_its_row_says() -> None:
    reached = "04.01.02.03.04|+33 (0)6 01 02 03 04|z@exemple.fr"
    row = f"12|Personne à prévenir|Fictive|Zoé|Mme|Fille|1 rue X|01000|Bourg|{reached}|1"
    (contact,), findings = contacts(CONTACTS, c=HEAD + row)
    assert findings == []
    assert contact.kind == "ECON"
    assert contact.person == Person("Fictive", "Zoé", "MME")
    assert contact.relation is not None
    assert contact.relation.code == "DAUC"
    assert contact.address == Address(("1 rue X",), "01000", "Bourg", None, "H")
    assert contact.telecoms == (
        Telecom("tel", "0401020304", "H"),
        Telecom("tel", "+33601020304", "MC"),
        Telecom("mailto", "z@exemple.fr"),
    )
    assert str(contact.location) == "c.csv:2"


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("ECON", "ECON"),
        ("personne a prevenir en cas d’urgence", "ECON"),
        ("Personne de confiance", "NOK"),
        ("nok", "NOK"),
        ("Aidant", "CAREGIVER"),
        ("Autre contact", "CON"),
    ],
)
def test_kinds_are_a_closed_list_of_words(word: str, kind: str) -> None:
    (contact,), findings = contacts(CONTACTS, c=f"{HEAD}12|{word}|Fictive")
    assert contact.kind == kind
    assert findings == []


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("SON", "SON"),
        ("Frère", "BRO"),
        ("maman", "MTH"),
        ("Concubine", "DOMPART"),
        ("Belle-fille", "FAMMEMB"),
        ("tuteur", "TUTEUR"),
    ],
)
def test_relations_by_code_label_or_word(word: str, code: str) -> None:
    (contact,), _ = contacts(CONTACTS, c=f"{HEAD}12|CON|Fictive|||{word}")
    assert contact.relation is not None
    assert contact.relation.code == code


@pytest.mark.parametrize(
    ("row", "code", "level"),
    [
        ("12|Banquier|Fictive", "DOS-71", "error"),
        ("12||Fictive", "VAL-01", "error"),
        ("12|CON||Zoé", "DOS-70", "error"),
        ("12|CON|Fictive|||Marraine", "DOS-10", "error"),
        ("12|CON|Fictive||Dr", "DOS-28", "warning"),
        ("12|CON|Fictive|||||||appeler le soir", "FLD-08", "warning"),
        ("12|CON|Fictive|||||||||pas de mél", "FLD-09", "warning"),
    ],
)
def test_what_is_wrong_with_a_contact(row: str, code: str, level: str) -> None:
    found, findings = contacts(CONTACTS, c=f"{HEAD}{row}")
    assert findings == [(1, code, level)]
    assert len(found) == (level == "warning")


def test_order_of_call_then_as_read() -> None:
    blank = "|" * 10
    rows = f"12|CON|D\n12|CON|B\n12|CON|C{blank}2\n12|CON|A{blank}1"
    found, _ = contacts(CONTACTS, c=HEAD + rows)
    assert [c.person.family for c in found if c.person] == ["A", "C", "D", "B"]


def test_one_person_of_several_kinds() -> None:
    section = CONTACTS.replace("kind: Nature", 'kind: {column: Nature, split: "/"}')
    found, _ = contacts(section, c=f"{HEAD}12|ECON/NOK/econ|Fictive")
    assert [c.kind for c in found] == ["ECON", "NOK"]


PROTECTIONS = """
protections:
  from: p
  resident: N°
  measure: Mesure
  name: Nom
  organization: Organisme
  phone: Tél
  end: {column: Fin, date: ["%d/%m/%Y", "%m/%Y"]}
"""
GUARDS = "N°|Mesure|Nom|Organisme|Tél|Fin\n"


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("TUTEUR", "TUTEUR"),
        ("Tutelle", "TUTEUR"),
        ("Curatelle renforcée", "CURATEUR"),
        ("Sauvegarde de justice", "MSVG"),
        ("Mandataire de sauvegarde", "MSVG"),
    ],
)
def test_measures(word: str, code: str) -> None:
    (guardian,), findings = contacts(PROTECTIONS, p=f"{GUARDS}12|{word}|Fictif")
    assert findings == []
    assert guardian.kind == "GUARD"
    assert guardian.relation is not None
    assert guardian.relation.code == code


def test_an_organization_protects_too() -> None:
    (guardian,), findings = contacts(PROTECTIONS, p=f"{GUARDS}12|||UDAF 01|0102030405")
    assert findings == []
    assert (guardian.person, guardian.organization, guardian.relation) == (None, "UDAF 01", None)
    assert guardian.telecoms == (Telecom("tel", "0102030405"),)


@pytest.mark.parametrize(
    ("row", "code", "level"),
    [
        ("12|TUTEUR|Fictif|||28/02/2026", "DOS-73", "notice"),
        ("12|TUTEUR|Fictif|||02/2026", "DOS-73", "notice"),
        ("12|TUTEUR", "DOS-74", "error"),
        ("12|Habilitation familiale|Fictif", "DOS-75", "error"),
        ("12|Fils|Fictif", "DOS-75", "error"),
    ],
)
def test_what_is_not_written_of_protections(row: str, code: str, level: str) -> None:
    found, findings = contacts(PROTECTIONS, p=GUARDS + row)
    assert found == ()
    assert findings == [(1, code, level)]


@pytest.mark.parametrize("end", ["01/03/2026", "03/2026", "02/03/2030", ""])
def test_measures_that_run_are_written(end: str) -> None:
    found, findings = contacts(PROTECTIONS, p=f"{GUARDS}12|TUTEUR|Fictif|||{end}")
    assert len(found) == 1
    assert findings == []
