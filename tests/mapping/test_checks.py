"""What is wrong with a mapping beyond its shape, one thing at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from converter.diagnostics import Severity
from tests.mapping.making import codes, faults, loaded, write

DOCUMENT = ("documents", 0)


def rule(**changes: Any) -> dict[str, Any]:
    return {"documents": {0: changes}}


def column(**options: Any) -> dict[str, Any]:
    return {"column": "C", **options}


EVENT = {"from": "usagers", "resident": "N", "key": "K", "start": {"column": "D", "date": "%Y"}}
STAY = {"from": "usagers", "resident": "N", "key": "K"}

#: What is changed in the small mapping, and the one thing that is then said.
CASES: list[tuple[dict[str, Any], str, str]] = [
    # keys and shapes
    ({"extra": "x"}, "MAP-11", "extra"),
    ({"release": "tddui-2.0"}, "MAP-12", "release"),
    ({"title": ["a", "b"]}, "MAP-13", "title"),
    ({"documents": "x"}, "MAP-13", "documents"),
    ({"author": {"organization": ["x"]}}, "MAP-13", "author.organization"),
    ({"author": {"organization": "me"}}, "MAP-12", "author.organization"),
    ({"custodian": {"organization": {"nme": "x", "name": "y"}}}, "MAP-11", "custodian.organization.nme"),
    (rule(type=column(table={"A": ["x"]})), "MAP-13", "documents[0].type.table.A"),
    (rule(title=[["A"]]), "MAP-13", "documents[0].title[0]"),
    (rule(title=[]), "MAP-15", "documents[0].title"),
    ({"author": {"software": "establishment", "person": {"name": "N"}}}, "MAP-14", "author"),
    ({"sources": {"ged": {"folder": "x"}}}, "MAP-14", "sources.ged"),
    (rule(when={"column": "C"}), "MAP-14", "documents[0].when"),
    ({"establishment": {"name": ""}}, "MAP-15", "establishment.name"),
    ({"documents": []}, "MAP-15", "documents"),
    ({"sources": {"ged": {"quote": "''"}}}, "MAP-16", "sources.ged.quote"),
    ({"sources": {"ged": {"header_row": "first"}}}, "MAP-17", "sources.ged.header_row"),
    ({"sources": {"ged": {"header_row": "0"}}}, "MAP-17", "sources.ged.header_row"),
    ({"sources": {"ged": {"header_row": "9" * 5000}}}, "MAP-17", "sources.ged.header_row"),
    (rule(created=column(date="%y", pivot="1930")), "MAP-17", "documents[0].created.pivot"),
    ({"sources": {"ged": {"optional": "perhaps"}}}, "MAP-18", "sources.ged.optional"),
    # names
    ({"residents": {"from": "usager"}}, "MAP-40", "residents.from"),
    (rule(**{"from": "gde"}), "MAP-40", "documents[0].from"),
    ({"contacts": {"from": "x", "resident": "N", "kind": "K"}}, "MAP-40", "contacts.from"),
    (rule(title={"lookup": {"source": "x", "key": "K", "column": "C"}}), "MAP-40", "documents[0].title.lookup.source"),
    (rule(title=column(table="titles")), "MAP-41", "documents[0].title.table"),
    (rule(type=column(table={"use": "legacy-kinds"})), "MAP-41", "documents[0].type.table.use"),
    ({"tables": {"t": {"use": "JDV_J99"}}}, "MAP-41", "tables.t.use"),
    # rules that need each other
    ({"sources": {"ged": {"scans": None}}}, "MAP-42", "documents[0].from"),
    ({"documents": [{"dossier": {}}, {"dossier": {}}]}, "MAP-53", "documents[1]"),
    ({"residents": {"site": "Site"}}, "MAP-63", "documents[0]"),
    (rule(site="Site"), "MAP-63", "documents[0].site"),
    # tables
    ({"tables": {"types": {"cr": "11488-4"}}}, "MAP-43", "tables.types.cr"),
    (rule(title=column(table={"é": "a", "E": "b"})), "MAP-43", "documents[0].title.table.E"),
    (
        rule(type=column(table={"use": "legacy-document-kinds", "add": {"x": "11490-0", "X": "11488-4"}})),
        "MAP-43",
        "documents[0].type.table.add.X",
    ),
    (
        {
            "tables": {
                "types": {"CR": None, "use": "legacy-document-kinds", "add": {"C.R.": "11490-0", "C R": "11488-4"}}
            }
        },
        "MAP-43",
        "tables.types.add.C R",
    ),
    ({"tables": {"types": {"CR": "11490-9"}}}, "MAP-44", "tables.types.CR"),
    ({"tables": {"types": {"CR": {"type": "11490-0", "class": "77"}}}}, "MAP-44", "tables.types.CR"),
    (rule(category=column(table={"A": "9"})), "MAP-44", "documents[0].category.table.A"),
    (
        rule(type=column(table={"use": "legacy-document-kinds", "add": {"A": "no-code"}})),
        "MAP-44",
        "documents[0].type.table.add.A",
    ),
    ({"residents": {"sex": column(table={"M": "male", "F": "femme"})}}, "MAP-45", "residents.sex.table.F"),
    ({"residents": {"sex": column(table={"M": "H"})}}, "MAP-45", "residents.sex.table.M"),
    ({"residents": {"deceased": column(table={"D": "décédé"})}}, "MAP-45", "residents.deceased.table.D"),
    ({"residents": {"title": {"value": "Docteur"}}}, "MAP-45", "residents.title.value"),
    (
        {"residents": {"ins": {"column": "INS", "qualified": {"value": "peut-être"}}}},
        "MAP-45",
        "residents.ins.qualified.value",
    ),
    ({"residents": {"ins": {"column": "INS", "kind": {"value": "nss"}}}}, "MAP-45", "residents.ins.kind.value"),
    (rule(confidentiality={"value": "U"}), "MAP-45", "documents[0].confidentiality.value"),
    (rule(event={"value": "vaccin"}), "MAP-45", "documents[0].event.value"),
    (rule(language={"value": "français"}), "MAP-45", "documents[0].language.value"),
    (rule(guard={"sex": column(table={"M": "x"})}), "MAP-45", "documents[0].guard.sex.table.M"),
    (rule(title=column(table="legacy-document-kinds")), "MAP-46", "documents[0].title.table"),
    (rule(title=column(table={"A": {"type": "11490-0"}})), "MAP-46", "documents[0].title.table.A"),
    (rule(category=column(table="JDV_J07")), "MAP-64", "documents[0].category.table"),
    # constants
    (rule(type={"column": None, "table": None, "value": "compte rendu"}), "MAP-44", "documents[0].type.value"),
    (
        rule(author={"person": {"name": "N", "specialty": {"value": "médecin"}}}),
        "MAP-44",
        "documents[0].author.person.specialty.value",
    ),
    (rule(created={"value": "01/02/2003"}), "MAP-47", "documents[0].created.value"),
    (rule(period={"start": {"value": "hier"}}), "MAP-47", "documents[0].period.start.value"),
    ({"events": {**EVENT, "status": {"value": "FAIT"}}}, "MAP-44", "events.status.value"),
    ({"events": {**EVENT, "ssiad": column(table={"T": "toilette"})}}, "MAP-44", "events.ssiad.table.T"),
    (
        {"events": {**EVENT, "professionals": {"profession": {"value": "?"}}}},
        "MAP-44",
        "events.professionals.profession.value",
    ),
    ({"stays": {**STAY, "entry": {"value": "x"}}}, "MAP-47", "stays.entry.value"),
    # options
    (rule(created=column(date="%d/%m/%Z")), "MAP-48", "documents[0].created.date"),
    (rule(created=column(date=["%d/%m/%Y", "%d/%m"])), "MAP-48", "documents[0].created.date[1]"),
    (rule(created=column(date="jj/mm/aaaa")), "MAP-48", "documents[0].created.date"),
    (rule(created=column(date="%d/%Y")), "MAP-48", "documents[0].created.date"),
    (rule(created=column(date="%d/%m/%Y/%d")), "MAP-48", "documents[0].created.date"),
    (rule(title=column(pattern="[a-")), "MAP-49", "documents[0].title.pattern"),
    (rule(when={"column": "C", "matches": "*"}), "MAP-49", "documents[0].when.matches"),
    ({"sources": {"ged": {"totals": ["Total", "("]}}}, "MAP-49", "sources.ged.totals[1]"),
    ({"sources": {"ged": {"file": None, "folder": "x", "pattern": "("}}}, "MAP-49", "sources.ged.pattern"),
    ({"sources": {"ged": {"file": None, "folder": "x", "pattern": "(.*)"}}}, "MAP-49", "sources.ged.pattern"),
    (rule(title=column(on_error="default")), "MAP-56", "documents[0].title.on_error"),
    (rule(title=column(split=";")), "MAP-58", "documents[0].title.split"),
    ({"stays": {**STAY, "entry": column(date="%Y", split=";")}}, "MAP-58", "stays.entry.split"),
    ({"stays": {**STAY, "resident": column(split=";")}}, "MAP-58", "stays.resident.split"),
    ({"residents": {"address": {"lines": [column(split=";")]}}}, "MAP-58", "residents.address.lines[0].split"),
    (rule(title=["A", column(split=";")]), "MAP-58", "documents[0].title[1].split"),
    (rule(title={"template": "{{ row.Nom }}"}), "MAP-50", "documents[0].title.template"),
    (rule(title={"template": "{{ nom }}"}), "MAP-50", "documents[0].title.template"),
    # defaults
    ({"residents": {"sex": column(table={"M": "male"}, default="Y")}}, "MAP-45", "residents.sex.default"),
    (rule(type=column(table={"A": "11490-0"}, default="B")), "MAP-44", "documents[0].type.default"),
    (rule(created=column(date="%d/%m/%Y", default="31/02/2020")), "MAP-57", "documents[0].created.default"),
    (rule(created=column(date="%d/%m/%Y", default="jamais")), "MAP-57", "documents[0].created.default"),
    (rule(title=column(pattern="[A-Z]+", default="abc")), "MAP-57", "documents[0].title.default"),
    (rule(size=column(decimal=",", default="beaucoup")), "MAP-57", "documents[0].size.default"),
    # the sender
    ({"establishment": {"finess": "10990000"}}, "ID-20", "establishment.finess"),
    ({"establishment": {"finess": "01099000O"}}, "ID-20", "establishment.finess"),
    ({"establishment": {"legal_entity": {"name": "A", "finess": "1"}}}, "ID-20", "establishment.legal_entity.finess"),
    (
        {"establishment": {"legal_authenticator": {"name": "A", "rpps": "1"}}},
        "ID-30",
        "establishment.legal_authenticator.rpps",
    ),
    ({"custodian": {"organization": {"name": "A", "siret": "1"}}}, "ID-42", "custodian.organization.siret"),
    ({"establishment": {"oid": "1.2.03"}}, "ID-50", "establishment.oid"),
    ({"establishment": {"local_id_root": "urn:oid:1.2"}}, "ID-50", "establishment.local_id_root"),
    ({"residents": {"identifiers": [{"root": "x", "value": "IPP"}]}}, "ID-50", "residents.identifiers[0].root"),
    ({"coverage": {**STAY, "payer": {"root": "x"}}}, "ID-50", "coverage.payer.root"),
    ({"establishment": {"facility_type": "EHPAD"}}, "MAP-44", "establishment.facility_type"),
    ({"establishment": {"category": "5000"}}, "MAP-44", "establishment.category"),
    ({"establishment": {"practice_setting": "EHPAD"}}, "MAP-44", "establishment.practice_setting"),
    ({"establishment": {"timezone": "Paris"}}, "MAP-52", "establishment.timezone"),
    ({"establishment": {"timezone": "../../etc/passwd"}}, "MAP-52", "establishment.timezone"),
    ({"establishment": {"timezone": "Europe"}}, "MAP-52", "establishment.timezone"),
    ({"date": "demain"}, "RUN-10", "date"),
]

#: The same for what leaves the mapping usable.
WARNINGS: list[tuple[dict[str, Any], str, str]] = [
    ({"sources": {"x": {"file": "x.csv"}}}, "RUN-14", "sources.x"),
    ({"establishment": {"category": "001"}}, "MAP-51", "establishment.category"),
    (
        {
            "documents": {
                1: {"dossier": None, **STAY, "template": "liste", "title": "T", "type": {"value": "11490-0"}}
            },
            "stays": STAY,
        },
        "MAP-54",
        "stays",
    ),
    (rule(title=column(sentinels="x")), "MAP-59", "documents[0].title.sentinels"),
    (rule(title=column(pivot="30")), "MAP-59", "documents[0].title.pivot"),
    (rule(created=column(date="%d/%m/%y")), "MAP-60", "documents[0].created.date"),
    ({"establishment": {"finess": "010990001"}}, "ID-21", "establishment.finess"),
]


@pytest.mark.parametrize(("changes", "code", "path"), CASES)
def test_one_fault_is_said_once_and_in_its_place(tmp_path: Path, changes: dict[str, Any], code: str, path: str) -> None:
    assert codes(faults(write(tmp_path, changes))) == [(code, path)]


@pytest.mark.parametrize(("changes", "code", "path"), WARNINGS)
def test_warnings_keep_the_mapping(tmp_path: Path, changes: dict[str, Any], code: str, path: str) -> None:
    found = loaded(tmp_path, changes)
    assert codes(found.warnings) == [(code, path)]
    assert found.warnings[0].severity is Severity.WARNING


def test_a_scan_for_the_dossier_needs_one(tmp_path: Path) -> None:
    document = {
        "from": "ged",
        "resident": "N",
        "key": "K",
        "title": "T",
        "scan": "S",
        "type": {"value": "11490-0"},
        "place": "auto",
    }
    assert codes(faults(write(tmp_path, {"documents": [document]}))) == [("MAP-55", "documents[0].place")]


@pytest.mark.parametrize(("level", "severity"), [("error", Severity.ERROR), ("warning", Severity.WARNING)])
def test_how_grave_a_wrong_key_is_stands_in_the_mapping(tmp_path: Path, level: str, severity: Severity) -> None:
    changes = {"establishment": {"finess": "010990001"}, "checks": {"finess": level}}
    if severity is Severity.ERROR:
        assert codes(faults(write(tmp_path, changes))) == [("ID-21", "establishment.finess")]
    else:
        assert [d.severity for d in loaded(tmp_path, changes).warnings] == [severity]


def test_a_wrong_key_may_be_ignored_but_not_a_wrong_shape(tmp_path: Path) -> None:
    off = {"checks": {"finess": "off"}}
    assert loaded(tmp_path, {**off, "establishment": {"finess": "010990001"}}).warnings == ()
    assert codes(faults(write(tmp_path, {**off, "establishment": {"finess": "1"}}))) == [
        ("ID-20", "establishment.finess")
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"residents": {"sex": column(table={"M": "M", "F": "F", "I": "UN"})}},
        {"residents": {"sex": column(table={"H": "male", "F": "female"}, default="unknown")}},
        {"residents": {"sex": column(table={"H": "male", "F": "female"}, default="H")}},
        {"residents": {"deceased": column(table={"Vivant": "no", "Décédé": "yes"})}},
        {"residents": {"birth_date": column(date="%d/%m/%Y", sentinels="01/01/1900")}},
        {"residents": {"ins": "INS"}},
        {"residents": {"ins": {"column": "INS", "kind": "nir-test", "qualified": {"value": "oui"}}}},
        {"tables": {"types": {"CR": "11490-0", "cr": "11490-0"}}},
        rule(type=column(table="JDV_J07")),
        rule(type=column(table={"use": "legacy-document-kinds", "remove": "PAP"})),
        rule(type=column(table={"CR": "11490-0"}, default="11488-4", on_error="default")),
        rule(created={"value": "2024"}),
        rule(created={"value": "2024-02-29T10:00:00"}),
        rule(created=column(date="%d/%m/%Y", default="01/01/2000")),
        rule(created=column(date="%d/%m/%Y", default="2000-01-01")),
        rule(scan=column(split=";"), sha256=column(split=";")),
        rule(title=["A", column(nulls=["NC"]), {"template": '{{ row["B"] }}'}, {"value": "Sans titre"}]),
        rule(event={"value": "urn:oid:1.2|x|Acte"}),
        {"establishment": {"timezone": "Indian/Reunion"}},
        {"sources": {"ged": {"file": None, "scans": None, "folder": "ged", "pattern": "(?P<Id>.*)"}}},
        {"events": {**EVENT, "status": column(table={"fait": "REALISE"}), "documents": column(split=",")}},
        {"events": {**EVENT, "ssiad": {"value": "Intervention conjointe"}}},
        {
            "assessments": {
                **STAY,
                "date": {"value": "2024-01-01"},
                "items": {"S'habiller": "H", "d540": {"result": "X"}},
            }
        },
        {"contacts": [{"from": "usagers", "resident": "N", "kind": "K", "relation": {"value": "maman"}}]},
        {"contacts": {"from": "usagers", "resident": "N", "kind": "K", "address": {"lines": [column(split=";")]}}},
        {"stays": {**STAY, "comment": column(split=";")}},
        {"events": {**EVENT, "status": {"value": "réalisé"}, "professionals": [{"profession": {"value": "Médecin"}}]}},
        {"residents": {"site": "S"}, "documents": {0: {"site": "S"}}},
    ],
)
def test_nothing_is_said_of_a_good_mapping(tmp_path: Path, changes: dict[str, Any]) -> None:
    assert loaded(tmp_path, changes).warnings == ()
