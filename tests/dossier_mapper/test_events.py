from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from converter.dossier import AddedDocument, Event, Place, Professional, Quantity
from converter.model import Address, Identifier, Organization, PartialDate, Telecom
from tests.dossier_mapper.building import RPPS, ZONE, Outcome, build, entries, well_formed

WHEN = 'date: ["%d/%m/%Y %H:%M", "%d/%m/%Y"]'
CORE = f"""
  from: agenda
  resident: N°
  key: Num
  start: {{column: Début, {WHEN}}}
  end: {{column: Fin, {WHEN}}}
"""


def events(fields: str, columns: str, *rows: str, state: str = "cda-1.0.1", **more: Any) -> Outcome:
    """Events with these further fields; each row is ``12|n|01/02/2024|01/02/2024|`` and its text."""
    lines = [f"12|{n}|01/02/2024|01/02/2024|{row}" for n, row in enumerate(rows, start=1)]
    table = "\n".join([f"N°|Num|Début|Fin|{columns}", *lines])
    return build(f"events:{CORE}{fields}", state, agenda=table, **more)


def only(outcome: Outcome) -> Event:
    (event,) = outcome.dossier.events
    return event


def test_an_agenda_row_with_number_start_and_end_is_enough() -> None:
    outcome = build(f"events:{CORE}", agenda="N°|Num|Début|Fin\n12|7|01/02/2024 10:00|01/02/2024 11:00")
    event = only(outcome)
    assert outcome.codes == []
    assert event.coded
    assert event.period.start == datetime(2024, 2, 1, 10, tzinfo=ZONE)
    assert not event.planned
    assert entries(well_formed(outcome.dossier)) == 1


def test_an_event_says_everything_its_row_says() -> None:
    fields = """
  ssiad: SSIAD
  serafin: {column: SERAFIN, split: ";"}
  kind: Type
  label: Libellé
  reason: Motif
  report: CR
  comment: {column: Note, split: "/"}
  place: {name: Lieu, lines: [Rue], city: Ville, phone: Tél}
  structure: establishment
  professionals: {name: Nom, given: Prénom, title: Civ, rpps: RPPS, role: Rôle, organization: establishment}
  off_plan: Hors
  present: Présent
  meal: Repas
  resource: {column: Res, split: ";"}
  resource_detail: {column: Dét, split: ";"}
  changed: {column: Maj, date: "%d/%m/%Y"}
  status: Statut
  status_date: {column: Maj, date: "%d/%m/%Y"}
"""
    columns = (
        "SSIAD|SERAFIN|Type|Libellé|Motif|CR|Note|Lieu|Rue|Ville|Tél|Nom|Prénom|Civ|RPPS|Rôle|"
        "Hors|Présent|Repas|Res|Dét|Maj|Statut"
    )
    row = (
        "MED-1296|2.1.1.4;3.1.4|Sortie|Piscine|Bilan|RAS|a/b|Bassin|1 rue X|Bourg|0102030405|Actrice|Zoé|Mme|"
        f"{RPPS}|AMP|non|Oui|x|ORG-206;Ressource immobilière|ORG-208;Salle|03/02/2024|Réalisé"
    )
    outcome = events(fields, columns, row)
    event = only(outcome)
    assert outcome.codes == []
    assert event.coded
    assert [c.code for c in event.ssiad + event.serafin] == ["MED-1296", "2.1.1.4", "3.1.4"]
    assert (event.kind, event.label, event.reason, event.report) == ("Sortie", "Piscine", "Bilan", "RAS")
    assert event.comments == ("a", "b")
    assert event.place == Place("Bassin", Address(("1 rue X",), city="Bourg"), (Telecom("tel", "0102030405"),))
    home = Organization("IME Les Tilleuls", Identifier("1.2.250.1.71.4.2.2", "1010000024"))
    assert event.structure == home
    assert event.professionals == (
        Professional(
            Identifier("1.2.250.1.71.4.2.1", f"8{RPPS}"), "Actrice", "Zoé", "MME", role="AMP", organization=home
        ),
    )
    assert (event.off_plan, event.present, event.meal) == (False, True, True)
    assert [(r.kind.code, r.detail and r.detail.code) for r in event.resources] == [
        ("ORG-206", "ORG-208"),
        ("ORG-207", "ORG-210"),
    ]
    assert event.changed == PartialDate(2024, 2, 3)
    assert event.status is not None
    assert (event.status.code.code, event.status.date) == ("REALISE", PartialDate(2024, 2, 3))
    assert entries(well_formed(outcome.dossier)) == 1


@pytest.mark.parametrize(("status", "planned"), [("PLANIFIE", True), ("REALISE", False)])
def test_planned_follows_the_status_unless_said(status: str, planned: bool) -> None:
    assert only(events("  status: S\n", "S", status)).planned is planned
    assert only(events("  status: S\n  planned: P\n", "S|P", f"{status}|non")).planned is False


def test_an_event_without_an_end_is_text_beside_coded_ones() -> None:
    table = "N°|Num|Début|Fin\n12|1|01/02/2024|\n12|2|01/02/2024|01/02/2024"
    outcome = build(f"events:{CORE}", agenda=table)
    assert outcome.codes == [(1, "DOS-40", "warning")]
    assert [e.coded for e in outcome.dossier.events] == [False, True]
    assert entries(well_formed(outcome.dossier)) == 1
    strict = build(f"events:{CORE}", options={"nonconforming": "reject"}, agenda=table)
    assert strict.codes == [(1, "DOS-40", "error")]
    assert [e.key for e in strict.dossier.events] == ["2"]


def test_an_event_without_a_start_is_an_error_unless_the_mapping_allows_it() -> None:
    table = "N°|Num|Début|Fin\n12|1||01/02/2024\n12|2|01/02/2024|01/02/2024"
    assert build(f"events:{CORE}", agenda=table).codes == [(1, "VAL-01", "error")]
    relaxed = CORE.replace("{column: Début,", "{column: Début, required: no,")
    assert build(f"events:{relaxed}", agenda=table).codes == [(1, "DOS-40", "warning")]


def test_an_event_that_ends_before_it_starts_is_an_error() -> None:
    outcome = build(f"events:{CORE}", agenda="N°|Num|Début|Fin\n12|1|02/02/2024|01/02/2024")
    assert outcome.codes == [(1, "DOS-17", "error")]


@pytest.mark.parametrize(
    ("state", "status", "codes"),
    [
        ("cda-1.0.1", "TERMINE", ["DOS-41"]),
        ("1.1.0", "TERMINE", []),
        ("1.1.0", "ACTIF", ["DOS-11"]),
        ("cda-1.0.1", "ANNULE", ["DOS-42"]),
        ("cda-1.0.1", "Annulé", ["DOS-42"]),
        ("cda-1.0.1", "fini", ["DOS-10"]),
    ],
)
def test_statuses(state: str, status: str, codes: list[str]) -> None:
    outcome = events("  status: S\n", "S", "REALISE", status, state=state)
    assert [code for _, code, _ in outcome.codes] == codes


def test_a_cancelled_event_has_its_reason() -> None:
    outcome = events("  status: S\n  cancel_reason: M\n", "S|M", "ANNULE|ORG-077")
    status = only(outcome).status
    assert outcome.codes == []
    assert status is not None
    assert status.reason is not None
    assert status.reason.code == "ORG-077"
    well_formed(outcome.dossier)


def test_a_reason_without_a_status_is_said() -> None:
    outcome = events("  status: S\n  cancel_reason: M\n", "S|M", "|ORG-077")
    assert outcome.codes == [(1, "DOS-20", "warning")]
    assert only(outcome).status is None


def test_details_go_with_their_resource() -> None:
    outcome = events("  resource: R\n  resource_detail: D\n", "R|D", "ORG-206|ORG-208", "|ORG-208", "ORG-206|")
    assert outcome.codes == [(2, "DOS-21", "error")]
    assert [len(e.resources) for e in outcome.dossier.events] == [1, 1]


def test_documents_inside_the_dossier_are_linked() -> None:
    outcome = events(
        '  documents: {column: D, split: ","}\n', "D", "d1,d2", added=(AddedDocument("d1", "Bilan", text="x"),)
    )
    assert outcome.codes == [(1, "DOS-18", "warning")]
    assert only(outcome).documents == ("d1",)
    assert entries(well_formed(outcome.dossier)) == 2


@pytest.mark.parametrize("word", ["peut-être", "2", "oui non"])
def test_yes_and_no_are_a_closed_list(word: str) -> None:
    assert events("  present: P\n", "P", word).codes == [(1, "FLD-04", "error")]


# ------------------------------------------------------------------------------------------------- professionals

PERSON = "  professionals: {name: N, title: T, rpps: R, adeli: A, identifier: I}\n"


@pytest.mark.parametrize(
    ("row", "number", "codes"),
    [
        (f"Dupuis||{RPPS}|750000000|", f"8{RPPS}", []),
        ("Dupuis|||750000000|", "0750000000", []),
        (f"Dupuis||||8{RPPS}", f"8{RPPS}", []),
        (f"Dupuis||{RPPS}||3010000024/45", "3010000024/45", []),
        ("Dupuis||||", None, []),
        ("Dupuis||123||", None, ["ID-30"]),
        ("Dupuis||10002422978||", "810002422978", ["ID-31"]),
        ("Dupuis|||75|", None, ["ID-32"]),
        ("Dupuis||||10002422979", "10002422979", []),
        ("Dupuis||||X12", None, ["DOS-27"]),
        ("Dupuis||||810002422978", "810002422978", ["ID-31"]),
        ("Dupuis||||8123", None, ["ID-30"]),
        ("Dupuis|Dr|||", None, ["DOS-28"]),
    ],
)
def test_professionals_have_the_number_the_row_gives(row: str, number: str | None, codes: list[str]) -> None:
    outcome = events(PERSON, "N|T|R|A|I", row)
    (person,) = only(outcome).professionals
    assert (person.identifier and person.identifier.extension) == number
    assert [(code, level) for _, code, level in outcome.codes] == [(code, "warning") for code in codes]
    assert person.family == "Dupuis"
    well_formed(outcome.dossier)


def test_checks_may_make_a_wrong_number_an_error() -> None:
    outcome = events(PERSON + "checks: {rpps: error}\n", "N|T|R|A|I", "Dupuis||10002422978||", "Dupuis||12||")
    assert [(code, level) for _, code, level in outcome.codes] == [("DOS-31", "error"), ("ID-30", "error")]


def test_checks_may_ignore_a_wrong_key() -> None:
    outcome = events(PERSON + "checks: {rpps: off}\n", "N|T|R|A|I", "Dupuis||10002422978||")
    assert outcome.codes == []


def test_a_title_alone_is_nobody() -> None:
    assert only(events(PERSON, "N|T|R|A|I", "|Mme|||")).professionals == ()


# ---------------------------------------------------------------------------------------------------- transports

JOURNEY = f"""
  professionals: {{name: Qui, rpps: RPPS}}
  transports:
    of: WHO
    key: T
    mode: Mode
    motor: Moteur
    nature: Nature
    start: {{column: Départ, {WHEN}}}
    end: {{column: Arrivée, {WHEN}}}
    carrier: {{name: Société, siret: Siret}}
    origin: {{city: De}}
    destination: {{name: Vers}}
    actual_cost: Coût
    distance: Km
    duration: Durée
    accompanied: Acc
    asepsis: Asepsie
"""
COLUMNS = "Qui|RPPS|T|Mode|Moteur|Nature|Départ|Arrivée|Société|Siret|De|Vers|Coût|Km|Durée|Acc|Asepsie"
TIMES = "01/02/2024 09:00|01/02/2024 09:30"


def test_a_journey_of_the_resident() -> None:
    row = f"||T1|Véhicule individuel|GEN-355|3.2.4.1|{TIMES}|Taxis|73282932000074|Bourg|Piscine|12,50 €|7.5 km|30 min"
    outcome = events(JOURNEY.replace("WHO", "resident"), COLUMNS, f"{row}|oui|non")
    (journey,) = only(outcome).transports
    assert outcome.codes == []
    assert journey.coded
    assert journey.professional is None
    assert (journey.key, journey.mode.code) == ("T1", "ORG-202")
    assert journey.motor is not None
    assert journey.nature is not None
    assert journey.carrier == Organization("Taxis", Identifier("1.2.250.1.71.4.2.2", "373282932000074"))
    assert (journey.origin, journey.destination) == (Place(address=Address(city="Bourg")), Place("Piscine"))
    assert journey.actual_cost == Quantity("12.50", "EUR")
    assert (journey.distance, journey.duration) == (Quantity("7.5", "km"), Quantity("30", "min"))
    assert (journey.accompanied, journey.asepsis) == (True, False)
    well_formed(outcome.dossier)


def test_a_journey_of_the_rows_only_professional() -> None:
    outcome = events(JOURNEY.replace("WHO", "professional"), COLUMNS, f"Actrice|{RPPS}|T1|ORG-204|||{TIMES}")
    (journey,) = only(outcome).transports
    assert outcome.codes == []
    assert journey.professional is not None
    assert journey.professional.family == "Actrice"
    well_formed(outcome.dossier)


@pytest.mark.parametrize(
    ("of", "row", "codes"),
    [
        ("resident", f"||T1|Taxi|||{TIMES}", ["DOS-50"]),
        ("resident", f"||T1|ORG-205|GEN-354||{TIMES}", ["DOS-51"]),
        ("resident", "||T1|ORG-202|||01/02/2024 09:00|", ["DOS-52"]),
        ("professional", f"Actrice||T1|ORG-202|||{TIMES}", ["DOS-53"]),
        ("professional", f"||T1|ORG-202|||{TIMES}", ["DOS-53"]),
        ("professional", f"Actrice|{RPPS}|T1|ORG-202||3.2.4|{TIMES}|||||||||oui", ["DOS-54"]),
    ],
)
def test_journeys_that_cannot_be_coded_stay_readable(of: str, row: str, codes: list[str]) -> None:
    outcome = events(JOURNEY.replace("WHO", of), COLUMNS, row)
    assert [(code, level) for _, code, level in outcome.codes] == [(code, "warning") for code in codes]
    event = only(outcome)
    assert event.coded
    assert [t.coded for t in event.transports] == [False]
    assert (event.transports[0].professional is not None) is (of == "professional")
    well_formed(outcome.dossier)
    strict = events(JOURNEY.replace("WHO", of), COLUMNS, row, options={"nonconforming": "reject"})
    assert [(code, level) for _, code, level in strict.codes] == [(code, "error") for code in codes]
    assert strict.built.dossier is None


@pytest.mark.parametrize(
    ("row", "code", "level"),
    [
        (f"|||ORG-202|||{TIMES}", "DOS-23", "warning"),
        (f"||T1||||{TIMES}", "VAL-01", "error"),
        ("||T1|ORG-202|||01/02/2024 10:00|01/02/2024 09:00", "DOS-17", "error"),
        (f"||T1|ORG-202|||{TIMES}|||||beaucoup", "DOS-14", "error"),
        (f"||T1|ORG-202|||{TIMES}|||||1.250", "DOS-14", "error"),
        (f"||T1|ORG-202|||{TIMES}|||||-3", "DOS-14", "error"),
    ],
)
def test_wrong_journeys(row: str, code: str, level: str) -> None:
    assert events(JOURNEY.replace("WHO", "resident"), COLUMNS, row).codes == [(1, code, level)]


def test_a_declared_decimal_mark_settles_an_amount() -> None:
    fields = JOURNEY.replace("WHO", "resident").replace("cost: Coût", 'cost: {column: Coût, decimal: ","}')
    outcome = events(fields, COLUMNS, f"||T1|ORG-202|||{TIMES}|||||1,250")
    assert only(outcome).transports[0].actual_cost == Quantity("1.250", "EUR")


def test_no_journey_where_the_row_has_none() -> None:
    outcome = events(JOURNEY.replace("WHO", "resident"), COLUMNS, "")
    assert outcome.codes == []
    assert only(outcome).transports == ()


def test_one_number_is_one_journey() -> None:
    again, other = f"||T1|ORG-202|||{TIMES}", f"||T1|ORG-203|||{TIMES}"
    outcome = events(JOURNEY.replace("WHO", "resident"), COLUMNS, again, again, other)
    assert outcome.codes == [(2, "DOS-33", "notice"), (3, "DOS-22", "error")]
    assert outcome.finding("DOS-22").params == {"line": 2, "file": "agenda.csv"}
    assert [[t.coded for t in e.transports] for e in outcome.dossier.events] == [[True], [False]]


def test_rows_of_one_event_may_repeat_its_journey() -> None:
    table = f"N°|Num|Début|Fin|{COLUMNS}\n" + "\n".join(
        f"12|1|01/02/2024|01/02/2024|||T1|ORG-202|||{TIMES}" for _ in "ab"
    )
    outcome = build(f"events:{CORE}  group: yes{JOURNEY.replace('WHO', 'resident')}", agenda=table)
    assert outcome.codes == []
    assert [t.coded for t in only(outcome).transports] == [True]


# -------------------------------------------------------------------------------------------------------- grouping


def test_rows_of_several_sheets_complete_one_event() -> None:
    section = f"""
events:
  - {CORE.strip().replace(chr(10), chr(10) + "  ")}
    label: L
  - from: presents
    resident: N°
    key: Num
    group: yes
    start: {{column: Début, required: no, {WHEN}}}
    professionals: {{name: Qui}}
    comment: Note
"""
    outcome = build(
        section,
        agenda="N°|Num|Début|Fin|L\n12|1|01/02/2024|01/02/2024|Sortie\n12|2|02/02/2024|02/02/2024|",
        presents="N°|Num|Début|Qui|Note\n12|1||A|x\n12|1||B|x\n12|1|03/02/2024|C|\n12|3||D|",
    )
    first, second, third = outcome.dossier.events
    assert [p.family for p in first.professionals] == ["A", "B"]
    assert first.comments == ("x",)
    assert (second.professionals, second.coded) == ((), True)
    assert (third.key, third.coded) == ("3", False)
    assert outcome.codes == [(5, "DOS-16", "error"), (6, "DOS-40", "warning")]
    assert outcome.finding("DOS-16").params == {"field": "start", "line": 2, "file": "agenda.csv"}
    well_formed(outcome.dossier)


def test_grouped_rows_that_together_end_before_they_start() -> None:
    section = f"events:{CORE}  group: yes\n"
    outcome = build(section, agenda="N°|Num|Début|Fin\n12|1|02/02/2024|\n12|1||01/02/2024\n12|1||03/02/2024")
    assert outcome.codes == [(2, "DOS-17", "error")]
    assert only(outcome).period.end == PartialDate(2024, 2, 3)
