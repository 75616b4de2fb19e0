"""A row as a resident: traits, numbers, and what cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from converter.mapper import same_person
from converter.model import Resident, Sex
from tests.mapper.building import Built, codes

#: An invented matricule born in a commune that does not exist (99…), with its key.
NIR = "2310599099123" + f"{97 - 2310599099123 % 97:02d}"
WRONG_KEY = NIR[:13] + f"{(int(NIR[13:]) % 97) + 1:02d}"
QUALIFIED = "  first_given_name: prenom\n  birth_place_code: {value: '01991'}\n"


def mapped(
    folder: Path, resident: dict[str, str], fields: str = "", more: str = ""
) -> tuple[Resident | None, list[str]]:
    built = Built(folder, resident=resident)
    built.made.residents += fields
    built.made.more = more
    found = built.resident()
    return found.resident, codes(found.diagnostics)


def sound(folder: Path, resident: dict[str, str], fields: str = "", more: str = "") -> Resident:
    found, said = mapped(folder, resident, fields, more)
    assert found is not None, said
    return found


def test_the_usual_row(tmp_path: Path) -> None:
    found = sound(
        tmp_path, {"nom": " DE  LA TOUR ", "prenom": "Odette"}, "  used_name: usage\n".replace("usage", "nom")
    )
    assert (found.birth_name, found.used_name, found.given_names) == ("DE LA TOUR", None, "Odette")
    assert found.first_given_name == "Odette"
    assert (found.sex, str(found.birth_date)) == (Sex.FEMALE, "1931-05-04")
    assert found.local_identifier.root == "1.2.250.1.999.1"
    assert found.local_identifier.extension == "3019900018/0001"
    assert found.key not in found.digest


@pytest.mark.parametrize("given", ["Odette Marie", "Odette,Marie"])
def test_the_first_of_several_given_names_is_not_guessed(tmp_path: Path, given: str) -> None:
    assert sound(tmp_path, {"prenom": given}).first_given_name is None


def test_an_unsaid_sex_is_unknown_and_a_wrong_one_an_error(tmp_path: Path) -> None:
    assert sound(tmp_path / "a", {"sexe": ""}).sex is Sex.UNKNOWN
    assert mapped(tmp_path / "b", {"sexe": "homme"}) == (None, ["FLD-02"])


@pytest.mark.parametrize(("words", "title"), [("Mme", "MME"), ("Monsieur", "M")])
def test_titles(tmp_path: Path, words: str, title: str) -> None:
    assert sound(tmp_path, {"civ": words}, "  title: civ\n").title == title


DATES = [
    ({"naissance": "13/03/2026"}, "", ["RES-01"]),
    ({"naissance": "12/03/2026"}, "", []),
    ({"deces": "01/04/2026"}, "", ["RES-02"]),
    ({"deces": "03/05/1931"}, "", ["RES-03"]),
    ({"deces": "04/05/1931"}, "", []),
    ({"deces": ""}, "", []),
]


@pytest.mark.parametrize(("cells", "fields", "expected"), DATES)
def test_dates_that_cannot_be(tmp_path: Path, cells: dict[str, str], fields: str, expected: list[str]) -> None:
    death = '  death_date: {column: deces, date: "%d/%m/%Y"}\n'
    found, said = mapped(tmp_path, {"deces": ""} | cells, death + fields)
    assert said == expected
    assert (found is None) == bool(expected)


@pytest.mark.parametrize(("form", "cell", "born"), [("%Y", "1931", "1931"), ("%m/%Y", "05/1931", "1931-05")])
def test_partial_birth_dates_stay_partial(tmp_path: Path, form: str, cell: str, born: str) -> None:
    built = Built(tmp_path, resident={"naissance": cell})
    built.made.residents = built.made.residents.replace("%d/%m/%Y", form)
    found = built.resident().resident
    assert found is not None
    assert str(found.birth_date) == born


@pytest.mark.parametrize(
    ("cell", "checks", "expected", "kept"),
    [
        (NIR, "error", [], True),
        (WRONG_KEY, "error", ["ID-11"], False),
        (WRONG_KEY, "warning", ["ID-11"], True),
        (WRONG_KEY, "'off'", [], True),
    ],
)
@pytest.mark.parametrize("field", ["nss", "ins"])
def test_a_wrong_key_of_a_number(
    tmp_path: Path, field: str, cell: str, checks: str, expected: list[str], kept: bool
) -> None:
    more = f"checks: {{{field}: {checks}}}\n"
    found, said = mapped(tmp_path, {"num": cell, "sexe": "F"}, f"  {field}: num\n", more)
    assert said == expected
    assert (found is not None) is kept
    if found is not None:
        assert (found.nss, found.ins) == (cell, None)


@pytest.mark.parametrize("field", ["nss", "ins"])
def test_a_number_of_a_wrong_shape_is_an_error(tmp_path: Path, field: str) -> None:
    found, said = mapped(tmp_path, {"num": "2310599"}, f"  {field}: num\n")
    assert found is None
    assert len(said) == 1
    assert said[0].startswith("ID-")


def test_a_number_of_the_other_sex_is_said(tmp_path: Path) -> None:
    found, said = mapped(tmp_path, {"num": NIR, "sexe": "M"}, "  ins: num\n")
    assert found is not None
    assert said == ["RES-04"]


@pytest.mark.parametrize(("kind", "oid"), [("nir", "1.2.250.1.213.1.4.8"), ("nir-test", "1.2.250.1.213.1.4.10")])
def test_an_ins_needs_every_trait(tmp_path: Path, kind: str, oid: str) -> None:
    ins = f"  ins: {{column: num, qualified: {{value: 'yes'}}, kind: {kind}}}\n"
    found = sound(tmp_path / "a", {"num": NIR}, QUALIFIED + ins)
    assert found.ins is not None
    assert (found.ins.value, found.ins.oid, found.nss) == (NIR, oid, None)
    found, said = mapped(tmp_path / "b", {"num": NIR, "prenom": ""}, QUALIFIED + ins)
    assert found is not None
    assert (found.ins, found.nss, said) == (None, NIR, ["RES-05"])


def test_missing_traits_are_named(tmp_path: Path) -> None:
    built = Built(tmp_path, resident={"num": NIR, "prenom": "", "naissance": ""})
    built.made.residents += "  ins: {column: num, qualified: {value: 'yes'}}\n"
    (said,) = built.resident().diagnostics
    assert said.params["missing"] == "given_names, first_given_name, birth_date, birth_place_code"


@pytest.mark.parametrize(("cell", "is_ins"), [("oui", True), ("non", False), ("", False)])
def test_an_identity_is_qualified_row_by_row(tmp_path: Path, cell: str, is_ins: bool) -> None:
    ins = "  ins: {column: num, qualified: statut}\n"
    found = sound(tmp_path, {"num": NIR, "statut": cell}, QUALIFIED + ins)
    assert (found.ins is not None) is is_ins
    assert (found.nss is None) is is_ins


def test_a_wrong_key_of_a_test_identity_is_a_warning(tmp_path: Path) -> None:
    ins = "  ins: {column: num, qualified: {value: 'yes'}, kind: nir-test}\n"
    found, said = mapped(tmp_path, {"num": WRONG_KEY}, QUALIFIED + ins)
    assert found is not None
    assert found.ins is not None
    assert said == ["ID-11"]


def test_an_unknown_kind_of_number(tmp_path: Path) -> None:
    found, said = mapped(tmp_path, {"num": NIR, "genre": "passeport"}, "  ins: {column: num, kind: {column: genre}}\n")
    assert found is None
    assert said == ["FLD-14"]


@pytest.mark.parametrize(("fields", "code"), [("  phone: x\n", "FLD-08"), ("  email: x\n", "FLD-09")])
def test_what_is_no_number_or_address_is_left_out_with_a_remark(tmp_path: Path, fields: str, code: str) -> None:
    found, said = mapped(tmp_path, {"x": "voir sa fille"}, fields)
    assert found is not None
    assert (found.telecoms, said) == ((), [code])


def test_a_postal_code_is_no_birth_place(tmp_path: Path) -> None:
    found, said = mapped(tmp_path, {"lieu": "1400"}, "  birth_place_code: lieu\n")
    assert found is not None
    assert (found.birth_place_code, said) == (None, ["FLD-07"])


def test_an_address_has_what_the_row_has(tmp_path: Path) -> None:
    address = "  address: {lines: [l1, l2], postal_code: cp, city: ville}\n"
    found = sound(tmp_path / "a", {"l1": "1 rue X", "l2": "", "cp": "01000", "ville": ""}, address)
    assert found.address is not None
    assert (found.address.lines, found.address.postal_code, found.address.city) == (("1 rue X",), "01000", None)
    assert sound(tmp_path / "b", {"l1": "", "l2": "", "cp": "", "ville": ""}, address).address is None


def test_other_identifiers_keep_their_issuer(tmp_path: Path) -> None:
    found = sound(tmp_path, {"ipp": "A 12"}, "  identifiers: [{root: 1.2.250.1.999.7, value: ipp}]\n")
    assert [(i.root, i.extension) for i in found.other_identifiers] == [("1.2.250.1.999.7", "A 12")]


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({}, True),
        ({"nom": "Invente1"}, True),
        ({"nom": "AUTRE"}, False),
        ({"sexe": "M"}, False),
        ({"prenom": "X"}, False),
    ],
)
def test_one_person_or_two(tmp_path: Path, change: dict[str, str], same: bool) -> None:
    assert same_person(sound(tmp_path / "a", {}), sound(tmp_path / "b", change)) is same


def test_every_problem_of_a_row_is_told_at_once(tmp_path: Path) -> None:
    cells = {"nom": "", "sexe": "x", "naissance": "x", "civ": "x"}
    found, said = mapped(tmp_path, cells, "  title: civ\n")
    assert found is None
    assert sorted(said) == ["DATE-01", "FLD-02", "FLD-03", "VAL-01"]
