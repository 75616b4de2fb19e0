"""An invented dossier with everything in it, for each state, and what must hold of any dossier made of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from lxml import etree

from converter.cda import dossier_document, dossier_type
from converter.dossier import (
    AddedDocument,
    Coverage,
    Criterion,
    Dossier,
    Evaluation,
    EvaluationItem,
    Event,
    Insured,
    Place,
    Professional,
    Quantity,
    Resource,
    Status,
    Stay,
    Transport,
)
from converter.model import Address, Coding, Identifier, Organization, PartialDate, Period, Telecom
from converter.terminology import value_set
from tests.cda.making import CLOCK, PARIS, code, empty_elements, find, parsed, record, resident, scan, ssiad

STATES = ("seed", "1.1.0", "cda-1.0.1")
LATER = ("1.1.0", "cda-1.0.1")
RPPS = Identifier("1.2.250.1.71.4.2.1", "810002422979")
STRUCTURE = Identifier("1.2.250.1.71.4.2.2", "1759900038")


def codes(name: str, state: str) -> Mapping[str, Coding]:
    return value_set(name, "1.1.0" if state == "seed" else state)


def some(name: str, state: str, position: int = 0) -> Coding:
    return list(codes(name, state).values())[position]


def at(hour: int) -> datetime:
    return datetime(2021, 1, 1, hour, 30, tzinfo=PARIS)


def nurse(state: str) -> Professional:
    return Professional(
        RPPS,
        "Infir",
        "Claire",
        "MME",
        code("JDV_J01", "G15_60"),
        some("JDV_J47", state),
        "infirmière référente",
        Organization("Cabinet soignant", STRUCTURE),
    )


def place(name: str) -> Place:
    return Place(name, Address((f"rue de {name}",), "01000", "Bourg"), (Telecom("tel", "0199000003"),))


def coverage(state: str) -> Coverage:
    return Coverage(
        "c1",
        False,
        some("125", state),
        Organization("Caisse inventée", STRUCTURE),
        Address(("2 rue de la Caisse",)),
        (Telecom("tel", "0199000004"),),
        codes("126", state)["FAMDEP"],
        Insured("Jean Assuré", Identifier("1.2.250.1.213.1.4.13", "155069999100161")),
        Period(PartialDate(2020, 1, 1), PartialDate(2021, 12, 31)),
        "CONTRAT-9",
        "carte vue",
    )


def stay(state: str) -> Stay:
    return Stay(
        "1012",
        Organization("SSIAD accueillant", STRUCTURE),
        PartialDate(2020, 1, 1),
        PartialDate(2020, 1, 2),
        datetime(2020, 1, 3, 10, 0, tzinfo=PARIS),
        "Retour d'hôpital",
        PartialDate(2021, 1, 4),
        PartialDate(2021, 2, 5),
        "Départ au domicile",
        "séjour long",
        ("e1",),
    )


def transport(state: str, professional: bool = False) -> Transport:
    mode = codes("140", state)["ORG-204" if professional else "ORG-202"]
    return Transport(
        "t2" if professional else "t1",
        mode,
        Period(at(8), at(9)),
        nurse(state) if professional else None,
        None if professional else some("801", state),
        None if professional else some("JDV_J282", state),
        Organization("Ambulances inventées", STRUCTURE),
        place("Départ"),
        place("Arrivée"),
        Quantity("12.5"),
        Quantity("10"),
        Quantity("3.2"),
        Quantity("20"),
        None if professional else True,
        None if professional else False,
    )


def event(state: str) -> Event:
    return Event(
        "e1",
        Period(at(8), at(9)),
        False,
        (some("811", state), some("811", state, 1)),
        (some("JDV_J283", state), some("JDV_J284", state)),
        "Soin libre",
        "Toilette du matin",
        "Motif du soin",
        "Compte rendu du soin",
        ("Premier commentaire", "Second commentaire"),
        place("Chambre"),
        Organization("Structure chargée", STRUCTURE),
        (nurse(state), Professional(family="Sansnuméro", role="aide-soignant")),
        True,
        False,
        True,
        (Resource(some("807", state), some("808", state)), Resource(some("807", state, 1))),
        at(10),
        Status(codes("JDV_J281", state)["ANNULE"], at(11), some("803", state)),
        ("d1",),
        (transport(state), transport(state, professional=True)),
    )


def aggir(state: str) -> Evaluation:
    criteria = tuple(Criterion(c, n % 2 == 0) for n, c in enumerate(codes("817", state).values()))
    results = list(codes("816", state).values())
    items = tuple(EvaluationItem(c, results[n % 3], criteria) for n, c in enumerate(codes("805", state).values()))
    return Evaluation(
        "v1",
        PartialDate(2020, 5, 5),
        codes("802", state)["MED-1292"],
        "Grille du printemps",
        codes("53", state)["MED-341"],
        "texte du résultat",
        items,
        nurse(state),
        nurse(state),
        nurse(state),
        "commentaire d'évaluation",
        Status(codes("JDV_J281", state)["VALIDE"], PartialDate(2020, 5, 6)),
        None,
        ("d1", "d2"),
    )


def gir(state: str) -> Evaluation:
    """The only kind of evaluation that the first state codes."""
    return Evaluation(
        "v1",
        PartialDate(2020, 5, 5),
        None,
        "Grille du printemps",
        codes("53", state)["MED-341"],
        "texte du résultat",
        (),
        nurse(state),
        nurse(state),
        nurse(state),
        "commentaire d'évaluation",
        Status(codes("JDV_J281", state)["VALIDE"], PartialDate(2020, 5, 6)),
        "2008,1",
        ("d1",),
    )


def evaluation(state: str) -> Evaluation:
    return gir(state) if state == "seed" else aggir(state)


def documents(folder: Path) -> tuple[AddedDocument, ...]:
    return (
        AddedDocument(
            "d1",
            "Ordonnance de mars",
            scan(folder / "added.pdf"),
            None,
            PartialDate(2020, 1, 2),
            "Ordonnance maison",
            code("JDV_J07", "57833-6"),
        ),
        AddedDocument("d2", "Notes de nuit", text="Nuit calme\n<&>"),
    )


def full(state: str, folder: Path) -> Dossier:
    """Everything that a state has a section for."""
    later: dict[str, Any] = {
        "coverages": (coverage(state),),
        "stays": (stay(state),),
        "events": (event(state),),
    }
    return Dossier(
        record(type=dossier_type(state), title="Dossier"),
        resident(birth_order=3),
        state,
        evaluations=(evaluation(state),),
        documents=documents(folder),
        **({} if state == "seed" else later),
    )


def made(dossier: Dossier) -> etree._Element:
    return parsed(dossier_document(dossier, ssiad(), CLOCK))


def narrative(document: etree._Element) -> str:
    """What a person reads in the sections, blanks collapsed."""
    return " ".join(" ".join(find(document, "//c:section/c:text//text()")).split())


def sound(document: etree._Element) -> None:
    """What must hold of every dossier: references lead somewhere, ids are unique, nothing is empty or None."""
    ids = find(document, "//c:structuredBody//@ID")
    assert not [i for i, n in Counter(ids).items() if n > 1]
    targets = {r.removeprefix("#") for r in find(document, "//c:reference/@value")}
    assert targets <= set(ids)
    assert set(find(document, "//@referencedObject")) <= set(ids)
    assert not list(empty_elements(document))
    text = etree.tostring(document, encoding="unicode")
    assert "None" not in text
    assert "Undefined" not in text
    links = find(document, "//c:act[c:templateId/@root='1.2.250.1.213.1.1.3.36']/c:id")
    owners = {
        (i.get("root"), i.get("extension"))
        for i in find(document, "//c:entry/*/c:id | //c:organizer/c:component/*/c:id")
    }
    assert {(i.get("root"), i.get("extension")) for i in links} <= owners
    for value in find(document, "//c:structuredBody//c:value"):
        if etree.QName(value.getparent()).localname == "observation":
            assert value.get(f"{{{XSI}}}type")
    for code_ in find(document, "//c:structuredBody//*[@code]"):
        if etree.QName(code_).localname != "statusCode":
            assert code_.get("displayName"), etree.tostring(code_)
            assert code_.get("codeSystem")


XSI = "http://www.w3.org/2001/XMLSchema-instance"
