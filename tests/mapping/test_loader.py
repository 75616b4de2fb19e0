"""Loading: places, all faults at once, `extends`, options of the command line, pickling, who is who."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from converter.diagnostics import Severity
from converter.mapping.loader import check_columns, custodian, establishment, load
from converter.mapping.merge import MAX_CHAIN
from converter.model import Header, Identifier, Organization, Telecom
from tests.mapping.making import codes, faults, loaded, write

#: The example of the language's description.
EXAMPLE = """\
# yaml-language-server: $schema=mapping.schema.json
mapping: 1
title: EHPAD Les Tilleuls, reprise Titan, mars 2026
release: tddui-1.1.0

establishment:                       # what spreadsheets never say
  name: EHPAD Les Tilleuls
  finess: 010000024                  # geographic; 9 characters, check key
  legal_entity: {name: Association Les Tilleuls, finess: 010000016}
  oid: 1.2.250.1.999.1               # arc owned by the sender; without it identifiers are urn:uuid
  timezone: Europe/Paris
  facility_type: SA17                # sector; an EHPAD is SA17 in document metadata
  category: 500                      # FINESS category
  practice_setting: ESSMS
  software: {name: Titan, version: "2019"}
  legal_authenticator: {name: Dupré, given: Anne, role: Directrice}
author: {organization: establishment}     # default author; a document rule may name a person
custodian: {organization: establishment}

sources:
  usagers: {file: usagers.xlsx, sheet: Usagers, key: N° dossier}
  ged:     {file: index_ged.csv, encoding: cp1252, delimiter: ";", scans: ged/}
  gir:     {file: usagers.xlsx, sheet: GIR}

tables:                              # value translation; keys match without regard to case, accents, spaces
  sexe: {M: male, H: male, F: female}
  rubriques: {use: legacy-document-kinds, add: {Projet perso: {type: 80788-3, class: 44}}}

residents:
  from: usagers
  key: N° dossier
  birth_name: Nom de naissance
  used_name: Nom d'usage
  given_names: Prénoms
  sex: {column: Sexe, table: sexe}
  birth_date: {column: Né(e) le, date: "%d/%m/%Y"}
  ins: {column: INS, required: false}

documents:
  - from: ged
    resident: N° dossier
    guard: {birth_name: Nom, birth_date: {column: Naissance, date: "%d/%m/%Y"}}   # wrong-patient guard
    when: {column: Statut, not_in: [Supprimé]}                                     # anything else is a counted skip
    scan: Chemin
    key: Id GED
    title: Libellé
    type: {column: Rubrique, table: rubriques}
    created: {column: Date, date: ["%d/%m/%Y", "%d/%m/%y"]}
    author: {person: {name: Auteur, role: Fonction}}
  - dossier: {}                      # one structured CDA per resident, from the sections below
assessments: {from: gir, resident: N° dossier, key: Id, date: {column: Date, date: "%d/%m/%Y"}, result: GIR}
"""


def example(folder: Path, *changes: tuple[str, str]) -> Path:
    text = EXAMPLE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "mapping.yaml"
    path.write_text(text, "utf-8")
    return path


# ---------------------------------------------------------------------------------------------------- the example


def test_the_example_loads(tmp_path: Path) -> None:
    found = load(example(tmp_path))
    assert found.spec.establishment.finess == "010000024"
    assert found.base == tmp_path
    assert found.files == (tmp_path / "mapping.yaml",)
    assert codes(found.warnings) == [("MAP-60", "documents[0].created.date[1]")]
    assert found.sources_used() == ("usagers", "ged", "gir")
    assert "Naissance" in found.columns_used("ged")
    assert found.columns_used("gir") == ("N° dossier", "Id", "Date", "GIR")


def test_every_column_of_every_form_is_known(tmp_path: Path) -> None:
    documents = {
        0: {
            "title": ["A", {"column": "B"}, {"template": '{{ row["C"] }} {{ row["D"] | upper }}'}, {"value": "x"}],
            "description": {"lookup": {"source": "usagers", "key": "K", "column": "L", "value": {"column": "M"}}},
            "when": [{"column": "N", "empty": "no"}, {"column": "O", "equals": "x"}],
            "guard": {"name": "P"},
            "author": {"person": {"name": "Q"}},
        }
    }
    found = loaded(tmp_path, {"documents": documents, "sources": {"ged": {"key": "R", "fill_down": ["S"]}}})
    assert set("ABCDMNOPQRS") <= set(found.columns_used("ged"))
    assert {"K", "L"} <= set(found.columns_used("usagers"))
    assert "K" not in found.columns_used("ged")


def test_a_look_up_reads_the_column_named_like_its_key(tmp_path: Path) -> None:
    look = {"lookup": {"source": "usagers", "key": "K", "column": "L"}}
    found = loaded(tmp_path, {"documents": {0: {"description": look}}})
    assert "K" in found.columns_used("ged")


def test_the_default_author_is_read_from_the_rows_of_each_document_rule(tmp_path: Path) -> None:
    found = loaded(tmp_path, {"author": {"person": {"name": "Auteur"}}})
    assert "Auteur" in found.columns_used("ged")
    own = loaded(
        tmp_path,
        {"author": {"person": {"name": "Auteur"}}, "documents": {0: {"author": {"software": "establishment"}}}},
    )
    assert "Auteur" not in own.columns_used("ged")


def test_a_source_only_looked_into_is_used(tmp_path: Path) -> None:
    look = {"lookup": {"source": "rues", "key": "K", "column": "L"}}
    found = loaded(tmp_path, {"sources": {"rues": {"file": "r.csv"}}, "residents": {"address": {"lines": [look]}}})
    assert found.sources_used() == ("usagers", "ged", "rues")


def test_an_unused_source_is_a_warning(tmp_path: Path) -> None:
    found = loaded(tmp_path, {"sources": {"autre": {"file": "a.csv"}}})
    assert codes(found.warnings) == [("RUN-14", "sources.autre")]
    assert found.sources_used() == ("usagers", "ged")


# --------------------------------------------------------------------------------------------------------- places


@pytest.mark.parametrize(
    ("change", "place", "words"),
    [
        (
            ("delimiter:", "delimeter:"),
            "22:52: sources.ged.delimeter: MAP-11",
            "'delimeter' (did you mean 'delimiter'?)",
        ),
        (("from: ged", "from: gad"), "40:5: documents[0].from: MAP-40", "unknown source 'gad' (did you mean 'ged'?)"),
        (("table: sexe", "table: sexes"), "35:23: residents.sex.table: MAP-41", "'sexes' (did you mean 'sexe'?)"),
        (("SA17  ", "SA1   "), "12:3: establishment.facility_type: MAP-44", "There is no code 'SA1'"),
        (("Europe/Paris", "Europe/Pari"), "11:3: establishment.timezone: MAP-52", "(did you mean 'Europe/Paris'?)"),
        (("release: tddui-1.1.0", "release: tddui-1.1.1"), "4:1: release: MAP-12", "(did you mean 'tddui-1.1.0'?)"),
        (("  birth_name: Nom de naissance\n", ""), "29:1: residents.birth_name: MAP-10", "missing key 'birth_name'"),
        (("  from: usagers", "  from: usagers\n  from: x"), "31:3: residents.from: MAP-07", "duplicate key 'from'"),
        (("{from: gir,", "{from: gri,"), "51:15: assessments.from: MAP-40", "'gri' (did you mean 'gir'?)"),
        (("not_in: [Supprimé]", "matches: '('"), "43:28: documents[0].when.matches: MAP-49", "regular expression"),
        (("80788-3", "80788-9"), "27:49: tables.rubriques.add.Projet perso: MAP-44", "(did you mean '80788-3'?)"),
    ],
)
def test_file_line_column_path_and_hint(tmp_path: Path, change: tuple[str, str], place: str, words: str) -> None:
    (found,) = faults(example(tmp_path, change))
    assert found.text("en").startswith(f"mapping.yaml:{place} ")
    assert words in found.text("en")


def test_everything_wrong_is_said_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = example(
        tmp_path,
        ("finess: 010000024", "finess: 10000024"),
        ("sheet: GIR", "sheat: GIR"),
        ("F: female", "F: femail"),
        ("from: usagers\n", "from: usager\n"),
        ('date: "%d/%m/%Y"}}', 'date: "%d/%m/%Q"}}'),
        ("key: Id GED", "kee: Id GED"),
        ("result: GIR", "resultat: GIR"),
    )
    assert codes(faults(path)) == [
        ("ID-20", "establishment.finess"),
        ("MAP-11", "sources.gir.sheat"),
        ("MAP-45", "tables.sexe.F"),
        ("MAP-40", "residents.from"),
        ("MAP-10", "documents[0].key"),
        ("MAP-48", "documents[0].guard.birth_date.date"),
        ("MAP-11", "documents[0].kee"),
        ("MAP-11", "assessments.resultat"),
    ]


@pytest.mark.parametrize("key", ["sources", "residents", "documents", "establishment", "mapping"])
def test_a_missing_block_hides_nothing_else_and_brings_nothing_of_its_own(tmp_path: Path, key: str) -> None:
    found = codes(faults(write(tmp_path, {key: None, "tables": {"types": {"cr": "x"}}})))
    assert ("MAP-10", key) in found
    assert ("MAP-43", "tables.types.cr") in found
    assert {code for code, _ in found} <= {"MAP-10", "MAP-43", "MAP-44"}


def test_no_value_is_not_a_missing_key_too(tmp_path: Path) -> None:
    path = example(tmp_path, ("  birth_name: Nom de naissance\n", "  birth_name:\n"))
    assert codes(faults(path)) == [("MAP-08", "residents.birth_name")]


def test_locate_gives_the_nearest_place(tmp_path: Path) -> None:
    found = load(example(tmp_path))
    assert str(found.locate(("documents", 0, "type", "table"))) == "mapping.yaml:47:30: documents[0].type.table"
    assert found.locate(("documents", 0, "category")).line == 40
    assert found.locate(("assessments", 0, "items", "x", "result")).line == 51
    assert str(found.locate(("unknown",))) == "mapping.yaml:1:1: unknown"


# -------------------------------------------------------------------------------------------------------- extends


def chain(folder: Path, top: str, base: str = EXAMPLE) -> Path:
    (folder / "titan").mkdir(exist_ok=True)
    (folder / "titan" / "base.yaml").write_text(base, "utf-8")
    path = folder / "mapping.yaml"
    path.write_text(top, "utf-8")
    return path


def test_a_small_file_over_a_base(tmp_path: Path) -> None:
    top = """\
mapping: 1
extends: titan/base.yaml
establishment: {name: EHPAD du Lac, finess: 010000032}
tables: {sexe: {I: unknown}}
residents: {sex: {column: Genre}}
"""
    found = load(chain(tmp_path, top))
    spec = found.spec
    assert (spec.establishment.name, spec.establishment.oid) == ("EHPAD du Lac", "1.2.250.1.999.1")
    assert spec.tables["sexe"] == {"M": "male", "H": "male", "F": "female", "I": "unknown"}
    assert (spec.residents.sex.column, spec.residents.sex.table) == ("Genre", "sexe")
    assert found.base == tmp_path
    assert [f.name for f in found.files] == ["mapping.yaml", "base.yaml"]
    assert str(found.locate(("residents", "sex", "column"))) == "mapping.yaml:5:19: residents.sex.column"
    assert str(found.locate(("residents", "key"))) == "titan/base.yaml:31:3: residents.key"


def test_a_list_or_another_kind_of_value_replaces_the_base(tmp_path: Path) -> None:
    top = """\
mapping: 1
extends: titan/base.yaml
residents: {sex: {value: unknown}, birth_date: [Naissance, {column: Né, date: "%Y"}]}
documents: [{dossier: {}}]
"""
    spec = load(chain(tmp_path, top)).spec
    assert spec.residents.sex.value == "unknown"
    assert len(spec.documents) == 1


def test_faults_are_placed_in_the_file_that_has_them_the_extending_one_first(tmp_path: Path) -> None:
    base = EXAMPLE.replace("delimiter:", "delimeter:").replace("SA17  ", "SA99  ")
    found = faults(chain(tmp_path, "mapping: 1\nextends: titan/base.yaml\nresidents: {from: usager}\n", base))
    assert [str(d.location) for d in found] == [
        "mapping.yaml:3:13: residents.from",
        "titan/base.yaml:12:3: establishment.facility_type",
        "titan/base.yaml:22:52: sources.ged.delimeter",
    ]


def test_a_missing_base_is_placed_at_its_extends(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text("mapping: 1\nextends: nowhere.yaml\n", "utf-8")
    (found,) = faults(path)
    assert (found.code, str(found.location)) == ("MAP-01", "m.yaml:2:1: extends")
    assert "nowhere.yaml" in found.message("en")


@pytest.mark.parametrize("target", ["m.yaml", "./m.yaml", "sub/../m.yaml", "b.yaml"])
def test_going_round_in_circles(tmp_path: Path, target: str) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "m.yaml").write_text(f"mapping: 1\nextends: {target}\n", "utf-8")
    (tmp_path / "b.yaml").write_text("extends: m.yaml\n", "utf-8")
    (found,) = faults(tmp_path / "m.yaml")
    assert found.code == "MAP-09"


def test_a_chain_too_long(tmp_path: Path) -> None:
    for n in range(MAX_CHAIN + 1):
        (tmp_path / f"{n}.yaml").write_text(f"extends: {n + 1}.yaml\n", "utf-8")
    (found,) = faults(tmp_path / "0.yaml")
    assert found.code == "MAP-04"


@pytest.mark.parametrize("target", ['"\\0"', "a" * 5000, "/dev/stdin", "."])
def test_a_base_that_is_no_file_name(tmp_path: Path, target: str) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(f"mapping: 1\nextends: {target}\n", "utf-8")
    assert [d.code for d in faults(path)] in (["MAP-01"], ["MAP-22"])


# -------------------------------------------------------------------------------------------- options, fingerprint


def test_release_and_date_of_the_command_line_win(tmp_path: Path) -> None:
    found = load(example(tmp_path), release="tddui-1.0.1", date="2026-03-01")
    assert (found.spec.release, found.spec.date) == ("tddui-1.0.1", "2026-03-01")


def test_wrong_options_are_said_with_the_rest(tmp_path: Path) -> None:
    found = faults(example(tmp_path, ("from: ged", "from: gad")), release="tddui-9", date="1 mars")
    assert codes(found) == [("RUN-11", ""), ("RUN-10", ""), ("MAP-40", "documents[0].from")]
    assert "tddui-1.1.0" in found[0].message("en")


@pytest.mark.parametrize("word", ["2026-02-30", "01/03/2026", "demain"])
def test_a_wrong_clock_in_the_mapping(tmp_path: Path, word: str) -> None:
    assert codes(faults(write(tmp_path, {"date": word}))) == [("RUN-10", "date")]


@pytest.mark.parametrize("word", ["2026-03-01", "2026-03-01T10:00:00+01:00"])
def test_a_good_clock(tmp_path: Path, word: str) -> None:
    assert loaded(tmp_path, {"date": word}).spec.date == word


def test_the_fingerprint_is_of_what_is_meant(tmp_path: Path) -> None:
    plain = load(example(tmp_path)).fingerprint
    assert len(plain) == 64
    assert load(example(tmp_path, ("# FINESS category", "# other words"))).fingerprint == plain
    assert load(example(tmp_path, ("required: false", "required: no"))).fingerprint == plain
    assert load(example(tmp_path, ("key: Id GED", "key: Id"))).fingerprint != plain
    assert load(example(tmp_path), release="tddui-1.0.1").fingerprint != plain
    assert load(chain(tmp_path, "mapping: 1\nextends: titan/base.yaml\n")).fingerprint == plain


def test_a_loaded_mapping_crosses_processes(tmp_path: Path) -> None:
    found = load(example(tmp_path))
    again = pickle.loads(pickle.dumps(found))
    assert again == found
    assert again.columns_used("ged") == found.columns_used("ged")
    assert again.locate(("residents", "key")) == found.locate(("residents", "key"))


# -------------------------------------------------------------------------------------------------------- columns


def header(*labels: str, typed: bool = False) -> Header:
    return Header(labels, typed)


GED = (
    *("N° dossier", "Nom", "Naissance", "Statut", "Chemin", "Id GED"),
    *("Libellé", "Rubrique", "Date", "Auteur", "Fonction"),
)


def test_columns_that_are_there(tmp_path: Path) -> None:
    assert check_columns(load(example(tmp_path)), {"ged": header(*GED)}) == []


def test_an_unknown_column_is_an_error_with_place_and_hint(tmp_path: Path) -> None:
    labels = [label.replace("Libellé", "Libellés du document") for label in GED]
    labels[2] = "Naisance"
    found = check_columns(load(example(tmp_path)), {"ged": header(*labels)})
    assert [(d.code, str(d.location)) for d in found] == [
        ("MAP-31", "mapping.yaml:42:43: documents[0].guard.birth_date.column"),
        ("MAP-31", "mapping.yaml:46:5: documents[0].title"),
    ]
    assert "'Naissance' in 'ged' (did you mean 'Naisance'?)" in found[0].text("en")


def test_a_column_twice_is_ambiguous(tmp_path: Path) -> None:
    found = check_columns(load(example(tmp_path)), {"ged": header(*GED, "Nom")})
    assert codes(found) == [("MAP-32", "documents[0].guard.birth_name")]


@pytest.mark.parametrize(("column", "label"), [("Nom#2", "Nom"), ("#12", "Autre")])
def test_a_column_by_its_rank(tmp_path: Path, column: str, label: str) -> None:
    found = load(example(tmp_path, ("birth_name: Nom, birth", f'birth_name: "{column}", birth')))
    assert check_columns(found, {"ged": header(*GED, label)}) == []


def test_a_column_spelt_otherwise_is_a_notice(tmp_path: Path) -> None:
    labels = [label.replace("Id GED", "ID  Ged ") for label in GED]
    found = check_columns(load(example(tmp_path)), {"ged": header(*labels)})
    assert [(d.code, d.severity) for d in found] == [("MAP-33", Severity.NOTICE)]
    assert found[0].params["found"] == "ID  Ged "


def test_a_source_that_is_not_open_is_not_judged(tmp_path: Path) -> None:
    assert check_columns(load(example(tmp_path)), {}) == []


def test_a_date_nobody_declared(tmp_path: Path) -> None:
    found = loaded(tmp_path, {"documents": {0: {"created": "Date"}}})
    labels = ("Numéro", "Id", "Libellé", "Type", "Chemin", "Date")
    assert codes(check_columns(found, {"ged": header(*labels)})) == [("MAP-61", "documents[0].created")]
    assert check_columns(found, {"ged": header(*labels, typed=True)}) == []


# ---------------------------------------------------------------------------------------------------- who is who


def test_the_establishment(tmp_path: Path) -> None:
    found = establishment(load(example(tmp_path)).spec)
    assert (found.name, found.finess, found.oid) == ("EHPAD Les Tilleuls", "010000024", "1.2.250.1.999.1")
    assert found.facility_type.display == "Etablissement pour personnes âgées"
    assert found.practice_setting.code == "ESSMS"
    assert found.category is not None
    assert found.category.code == "500"
    assert (found.software.name, found.software.version) == ("Titan", "2019")
    assert found.legal_entity is not None
    assert found.legal_entity.finess == "010000016"
    assert found.legal_authenticator is not None
    assert found.legal_authenticator.identifier is None


def test_contact_details_and_signatory(tmp_path: Path) -> None:
    given = {
        "phone": "04 00 00 00 00",
        "email": "accueil@example.org",
        "address": {"lines": "1 rue des Essais", "postal_code": "01000", "city": "Ville-d'Essai"},
        "legal_authenticator": {"name": "Essai", "rpps": "10002422979"},
    }
    found = establishment(loaded(tmp_path, {"establishment": given}).spec)
    assert found.telecoms == (Telecom("tel", "0400000000", "WP"), Telecom("mailto", "accueil@example.org", "WP"))
    assert found.address is not None
    assert found.address.lines == ("1 rue des Essais",)
    assert found.legal_authenticator is not None
    assert found.legal_authenticator.identifier == Identifier("1.2.250.1.71.4.2.1", "810002422979")


@pytest.mark.parametrize(
    ("given", "number"),
    [
        ({"name": "CCAS d'essai"}, None),
        ({"name": {"value": "CCAS d'essai"}, "finess": "010990000"}, "1010990000"),
        ({"name": "CCAS d'essai", "siret": "73282932000074"}, "373282932000074"),
    ],
)
def test_another_custodian(tmp_path: Path, given: Any, number: str | None) -> None:
    found = custodian(loaded(tmp_path, {"custodian": {"organization": given}}).spec)
    identifier = Identifier("1.2.250.1.71.4.2.2", number) if number else None
    assert found == Organization("CCAS d'essai", identifier)


def test_the_establishment_is_its_own_custodian(tmp_path: Path) -> None:
    assert custodian(load(example(tmp_path)).spec) is None
