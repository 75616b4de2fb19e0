"""Each section of the dossier: every datum present and absent, coded and told, in every state that has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields, replace
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from converter.dossier import (
    AddedDocument,
    Coverage,
    Dossier,
    Evaluation,
    EvaluationItem,
    Event,
    Place,
    Professional,
    Stay,
    Transport,
)
from converter.model import Organization, PartialDate, Period
from tests.cda.dossiers import (
    LATER,
    RPPS,
    STATES,
    aggir,
    codes,
    coverage,
    documents,
    evaluation,
    event,
    full,
    made,
    narrative,
    nurse,
    sound,
    stay,
    transport,
)
from tests.cda.making import find, one

#: What the rules want of a coded entry: the mapper sees to it (a coded entry without it is no valid input).
NEEDED = {
    "coverages": {"key", "scheme", "payer", "link", "coded"},
    "stays": {"key", "structure", "coded"},
    "events": {"key", "period", "coded"},
    "evaluations": {"key", "date", "type", "evaluator", "author", "responsible", "coded"},
    "documents": {"key", "title", "scan", "text"},
}
MAKERS: dict[str, Callable[[str], Any]] = {
    "coverages": coverage,
    "stays": stay,
    "events": event,
    "evaluations": evaluation,
}


def default(field: Any) -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return None if field.default is MISSING else field.default


def optional(section: str, state: str, folder: Path) -> Iterator[tuple[str, Any, Any]]:
    """Each optional datum: its name, the entry without it, and a bare entry with it alone."""
    whole = documents(folder)[0] if section == "documents" else MAKERS[section](state)
    needed = NEEDED[section] | ({"result"} if state == "seed" and section == "evaluations" else set())
    names = [f for f in fields(whole) if f.name not in needed]
    bare = replace(whole, **{f.name: default(f) for f in names})
    for field in names:
        yield (
            field.name,
            replace(whole, **{field.name: default(field)}),
            replace(bare, **{field.name: getattr(whole, field.name)}),
        )
    yield "nothing", bare, whole


def with_entry(state: str, section: str, entry: Any, folder: Path) -> Dossier:
    changes: dict[str, Any] = {section: (entry,)}
    return replace(full(state, folder), **changes)


#: The first state has two sections.
SWEEP = [(s, section) for s in STATES for section in NEEDED if s in LATER or section in ("evaluations", "documents")]


@pytest.mark.parametrize(("state", "section"), SWEEP)
def test_each_optional_datum_absent_and_alone(state: str, section: str, tmp_path: Path) -> None:
    for _, without, alone in optional(section, state, tmp_path):
        sound(made(with_entry(state, section, without, tmp_path)))
        sound(made(with_entry(state, section, alone, tmp_path)))


@pytest.mark.parametrize(("state", "section"), SWEEP)
def test_each_optional_datum_is_told_or_coded(state: str, section: str, tmp_path: Path) -> None:
    """Taking a datum away changes the document: nothing that the sources know is dropped on the way."""
    whole = documents(tmp_path)[0] if section == "documents" else MAKERS[section](state)
    complete = etree.tostring(made(with_entry(state, section, whole, tmp_path)))
    for name, without, _ in optional(section, state, tmp_path):
        if without != whole:
            assert etree.tostring(made(with_entry(state, section, without, tmp_path))) != complete, name


@pytest.mark.parametrize(("state", "section"), [pair for pair in SWEEP if pair[1] in MAKERS])
def test_an_uncoded_entry_is_told_and_not_coded(state: str, section: str, tmp_path: Path) -> None:
    entry = MAKERS[section](state)
    if section == "events":
        entry = replace(entry, transports=tuple(replace(t, coded=False) for t in entry.transports))
    coded = made(with_entry(state, section, entry, tmp_path))
    told = made(with_entry(state, section, replace(entry, coded=False), tmp_path))
    sound(told)
    assert narrative(told) == narrative(coded)
    assert len(find(told, "//c:entry")) == len(find(coded, "//c:entry")) - 1


# ------------------------------------------------------------------------------------------------- read by a nurse

TOLD = {
    "coverages": "Obligatoire Caisse inventée FINESS 759900038 2 rue de la Caisse Tél. 0199000004 Couverture familiale "
    "Jean Assuré 155069999100161 du 01/01/2020 au 31/12/2021 CONTRAT-9 carte vue",
    "stays": "1012 SSIAD accueillant 01/01/2020 Prévue : 02/01/2020 Réelle : 03/01/2020 à 10h00 Retour d'hôpital "
    "Prévue : 04/01/2021 Réelle : 05/02/2021 Départ au domicile séjour long",
    "events": "01/01/2021 de 08h30 à 09h30 Toilette du matin Motif : Motif du soin Type : Soin libre Chambre "
    "rue de Chambre 01000 Bourg Structure en charge : Structure chargée Mme Claire Infir infirmière référente "
    "RPPS 10002422979 Cabinet soignant Sansnuméro aide-soignant Annulé le 01/01/2021 à 11h30 Hors prestation : Oui "
    "Usager présent : Non Repas inclus : Oui Compte rendu : Compte rendu du soin Commentaire : Premier commentaire "
    "Commentaire : Second commentaire Transport de l'usager Transport du professionnel Ambulances inventées "
    "rue de Départ rue de Arrivée 3,2 km 20 min 12,5 € 10 € Pièce jointe : Ordonnance de mars",
    "evaluations": "05/05/2020 Grille du printemps GIR-3 texte du résultat Evaluateur : Saisie : Responsable : "
    "Mme Claire Infir Validé le 06/05/2020 commentaire d'évaluation Pièce jointe : Ordonnance de mars",
    "documents": "Ordonnance de mars Ordonnance maison 02/01/2020 PDF Notes de nuit Date inconnue Texte",
}


@pytest.mark.parametrize(("state", "section"), SWEEP)
def test_the_narrative_tells_everything(state: str, section: str, tmp_path: Path) -> None:
    text = narrative(made(full(state, tmp_path)))
    missing = [word for word in TOLD[section].split() if word not in text]
    assert not missing


@pytest.mark.parametrize("state", LATER)
def test_a_grid_shows_every_field_with_its_criteria(state: str, tmp_path: Path) -> None:
    document = made(full(state, tmp_path))
    table = one(document, "//c:table[c:caption[contains(., ' du 05/05/2020')]]")
    assert len(find(table, "c:thead/c:tr/c:th")) == 6
    rows = find(table, "c:tbody/c:tr")
    assert len(rows) == len(codes("805", state))
    assert {len(find(r, "c:td")) for r in rows} == {6}
    assert find(rows[0], "c:td[position() > 2]//text()") == ["Oui", "Non", "Oui", "Non"]


def test_fields_without_criteria_fill_their_row(tmp_path: Path) -> None:
    whole = aggir("1.1.0")
    mixed = replace(whole, items=(whole.items[0], replace(whole.items[1], criteria=())), coded=False)
    document = made(with_entry("1.1.0", "evaluations", mixed, tmp_path))
    rows = find(document, "//c:table[2]/c:tbody/c:tr")
    assert [len(find(r, "c:td")) for r in rows] == [6, 6]


def test_hostile_texts_stay_texts(tmp_path: Path) -> None:
    text = "<b>\x00&]]>\u202e\ud800\r\n2"
    state = "1.1.0"
    dossier = Dossier(
        full(state, tmp_path).document,
        full(state, tmp_path).resident,
        state,
        (replace(coverage(state), payer=Organization(text, RPPS), contract=text, comment=text),),
        (replace(stay(state), key=text, comment=text, entry_mode=text),),
        (replace(event(state), key=text, kind=text, label=text, reason=text, report=text, comments=(text,)),),
        (replace(evaluation(state), key=text, title=text, comment=text, result_text=text),),
        (AddedDocument(text, text, text=text, kind=text),),
    )
    document = made(dossier)
    sound(document)
    assert narrative(document).count("<b>�&]]>�") >= 12
    assert not find(document, "//c:b")


# ------------------------------------------------------------------------------------------------- what entries say


@pytest.mark.parametrize("state", LATER)
def test_numbers_of_entries_start_with_the_residents(state: str, tmp_path: Path) -> None:
    document = made(full(state, tmp_path))
    local = "3019900018/12"
    for path, suffix in (
        ("//c:organizer/c:component/c:encounter", "SEJOUR-1012"),
        ("//c:entry/c:encounter", "EVN-e1"),
        ("//c:organizer/c:component/c:observation[c:templateId/@root='1.2.250.1.213.1.1.3.25']", "EVAL-v1"),
        ("//c:act[c:templateId/@root='1.2.250.1.213.1.1.3.24']", "TPPat-t1"),
        ("//c:act[c:templateId/@root='1.2.250.1.213.1.1.3.216']", "TPPro-t2"),
    ):
        number = one(document, f"{path}/c:id")
        assert (number.get("root"), number.get("extension")) == ("1.2.250.1.999.1.2", f"{local}-{suffix}")


@pytest.mark.parametrize("state", LATER)
def test_planned_and_done_events(state: str, tmp_path: Path) -> None:
    for planned, mood, template in ((False, "EVN", "21"), (True, "INT", "25")):
        document = made(with_entry(state, "events", replace(event(state), planned=planned), tmp_path))
        encounter = one(document, "//c:entry/c:encounter")
        assert encounter.get("moodCode") == mood
        assert find(encounter, "c:templateId/@root")[0] == f"2.16.840.1.113883.10.20.1.{template}"
    bare = Event("e9", Period(PartialDate(2021, 1, 1), PartialDate(2021, 1, 2)), planned=True)
    document = made(with_entry(state, "events", bare, tmp_path))
    assert "Prévu" in narrative(document)
    assert find(one(document, "//c:entry/c:encounter"), "c:effectiveTime/*/@value") == ["20210101", "20210102"]


@pytest.mark.parametrize("state", LATER)
def test_a_cancelled_event_says_why(state: str, tmp_path: Path) -> None:
    value = one(made(full(state, tmp_path)), "//c:encounter//c:value[@code='ANNULE']")
    assert one(value, "c:qualifier/c:name/@code") == "GEN-348"
    assert one(value, "c:qualifier/c:value/@code") in codes("803", state)


@pytest.mark.parametrize("state", LATER)
@pytest.mark.parametrize("person", [Professional(RPPS), Professional(RPPS, organization=Organization("Sans numéro"))])
def test_people_known_by_number_only(state: str, person: Professional, tmp_path: Path) -> None:
    whole = replace(aggir(state), evaluator=person, author=person, responsible=person)
    document = made(with_entry(state, "evaluations", whole, tmp_path))
    sound(document)
    assert "RPPS 10002422979" in narrative(document)


@pytest.mark.parametrize("state", LATER)
def test_people_known_by_name_only_are_told(state: str, tmp_path: Path) -> None:
    named = Professional(family="Sansnuméro")
    whole = replace(aggir(state), evaluator=nurse(state), author=named, responsible=named)
    document = made(with_entry(state, "evaluations", whole, tmp_path))
    sound(document)
    assert "Saisie : Sansnuméro" in narrative(document)
    assert "Sansnuméro" not in "".join(find(document, "//c:entry//text()"))


@pytest.mark.parametrize("state", LATER)
@pytest.mark.parametrize("result", [True, False, 0, 4])
def test_results_of_fields(state: str, result: bool | int, tmp_path: Path) -> None:
    name = "804" if isinstance(result, bool) else "JDV_J285"
    item = EvaluationItem(next(iter(codes(name, state).values())), result)
    document = made(with_entry(state, "evaluations", replace(aggir(state), items=(item,), result=None), tmp_path))
    sound(document)
    value = one(document, "//c:observation[c:templateId/@root='1.2.250.1.213.1.1.3.214']/c:value")
    assert value.get("value") == (str(result).lower() if isinstance(result, bool) else str(result))
    shown = {"True": "Oui", "False": "Non"}.get(str(result), str(result))
    assert len(find(document, f"//c:td[. = '{shown}']")) == 1


@pytest.mark.parametrize("state", LATER)
def test_places_may_be_a_name_or_an_address(state: str, tmp_path: Path) -> None:
    journey = transport(state)
    for spot in (Place("Seul"), replace(journey.origin or Place(), name=None)):
        whole = replace(event(state), place=spot, transports=(replace(journey, origin=spot, destination=spot),))
        sound(made(with_entry(state, "events", whole, tmp_path)))


@pytest.mark.parametrize("state", LATER)
def test_each_datum_of_a_transport(state: str, tmp_path: Path) -> None:
    for professional in (False, True):
        whole = transport(state, professional)
        kept = {"key", "mode", "period", "coded", "professional"}
        for field in fields(Transport):
            if field.name in kept or getattr(whole, field.name) is None:
                continue
            lacking = replace(whole, **{field.name: None})
            document = made(with_entry(state, "events", replace(event(state), transports=(lacking,)), tmp_path))
            sound(document)


@pytest.mark.parametrize("state", LATER)
def test_equal_entries_keep_their_own_places_in_the_text(state: str, tmp_path: Path) -> None:
    twice = replace(
        full(state, tmp_path),
        stays=(stay(state),) * 2,
        events=(replace(event(state), transports=(transport(state),) * 2),) * 2,
        evaluations=(evaluation(state),) * 2,
        coverages=(coverage(state),) * 2,
    )
    sound(made(twice))


@pytest.mark.parametrize("state", LATER)
def test_links_lead_only_to_what_is_there(state: str, tmp_path: Path) -> None:
    whole = full(state, tmp_path)
    lost = replace(whole, documents=(), events=(replace(whole.events[0], coded=False),))
    document = made(lost)
    sound(document)
    assert not find(document, "//c:templateId[@root='1.2.250.1.213.1.1.3.36']")


@pytest.mark.parametrize("state", LATER)
def test_a_stay_without_dates(state: str, tmp_path: Path) -> None:
    bare = Stay("7", Organization("X", RPPS))
    document = made(with_entry(state, "stays", bare, tmp_path))
    assert one(document, "//c:entry/c:organizer[c:code/@code='ORG-211']/c:effectiveTime/@nullFlavor") == "NA"
    assert one(document, "//c:component/c:encounter/c:effectiveTime/@nullFlavor") == "UNK"


@pytest.mark.parametrize("state", LATER)
def test_planned_and_real_entries_of_a_stay(state: str, tmp_path: Path) -> None:
    document = made(full(state, tmp_path))
    found = find(document, "//c:organizer[c:code/@code='ORG-211']/c:component/c:observation")
    said = [(o.get("moodCode"), one(o, "c:code/@code"), one(o, "c:effectiveTime/@value")) for o in found]
    assert said == [
        ("INT", "ORG-070", "20200102"),
        ("EVN", "ORG-070", "20200103100000+0100"),
        ("INT", "ORG-074", "20210104"),
        ("EVN", "ORG-074", "20210205"),
    ]


@pytest.mark.parametrize("state", LATER)
def test_a_payer_without_address_is_unknown_there(state: str, tmp_path: Path) -> None:
    bare = replace(coverage(state), payer_address=None, payer_telecoms=())
    document = made(with_entry(state, "coverages", bare, tmp_path))
    payer = one(document, "//c:act/c:performer/c:assignedEntity[c:code/@code='GUAR']")
    assert one(payer, "c:addr/@nullFlavor") == "UNK"
    assert one(payer, "c:telecom/@nullFlavor") == "UNK"


@pytest.mark.parametrize("state", LATER)
def test_uncoded_coverages_alone_have_no_entry(state: str, tmp_path: Path) -> None:
    told = Coverage("c9", True, payer=Organization("Mutuelle"), coded=False)
    document = made(with_entry(state, "coverages", told, tmp_path))
    assert not find(document, "//c:section[c:code/@code='48768-6']/c:entry")
    assert "Complémentaire Mutuelle" in narrative(document)


def test_the_gir_of_the_first_state(tmp_path: Path) -> None:
    document = made(full("seed", tmp_path))
    grid = one(document, "//c:entry/c:observation")
    assert one(grid, "c:code/@code") == "MED-1270"
    assert one(grid, "c:value/@code") == "MED-341"
    version = one(grid, "c:entryRelationship/c:observation[c:code/@code='MED-1271']/c:value")
    assert version.get("value") == "2008.1"


@pytest.mark.parametrize(("version", "coded"), [("2008", 1), ("2008,1", 1), ("v2", 0), (None, 0)])
def test_a_grid_version_is_coded_when_it_is_a_number(version: str | None, coded: int, tmp_path: Path) -> None:
    document = made(with_entry("seed", "evaluations", replace(evaluation("seed"), grid_version=version), tmp_path))
    assert len(find(document, "//c:code[@code='MED-1271']")) == coded
    assert version is None or version in narrative(document)


def test_an_evaluation_without_a_date_is_told(tmp_path: Path) -> None:
    undated = Evaluation("v9", None, title="Braden", result_text="18/23", coded=False)
    for state in STATES:
        text = narrative(made(with_entry(state, "evaluations", undated, tmp_path)))
        assert "Date inconnue Braden" in text
        assert "18/23" in text
