"""Keys, conditions and the wrong-resident guard."""

from __future__ import annotations

from pathlib import Path

import pytest

from converter.mapper.gate import SITE_MARK
from tests.mapper.building import CLOCK, Built, codes


@pytest.mark.parametrize(
    ("normalize", "cell", "key"),
    [
        ("", "00a B", "00a B"),
        ("[case]", "00A B", "00a b"),
        ("[spaces]", "00A \u00a0 B", "00AB"),
        ("[leading_zeros]", "0012", "12"),
        ("[leading_zeros]", "000", "0"),
        ("[case, spaces, leading_zeros]", "0 0A B", "ab"),
    ],
)
def test_a_key_is_compared_as_the_mapping_says(tmp_path: Path, normalize: str, cell: str, key: str) -> None:
    built = Built(tmp_path, resident={"id": cell})
    if normalize:
        built.made.residents += f"  normalize_key: {normalize}\n"
    compiled = built.compiled()
    row = built.rows("usagers")[0]
    found, written = compiled.residents.key.read(row)
    assert found.value == key
    assert written == " ".join(cell.split())


def test_a_site_is_part_of_the_key(tmp_path: Path) -> None:
    built = Built(tmp_path, resident={"etab": "Nord"}, row={"etab": "Nord"})
    built.made.residents += "  site: etab\n"
    built.made.documents += "    site: etab\n"
    compiled = built.compiled()
    row = built.rows("usagers")[0]
    found, written = compiled.residents.key.read(row)
    assert (found.value, written) == (f"Nord{SITE_MARK}0001", "Nord/0001")
    assert compiled.entrances[0].resident_key(built.rows("ged")[0]).value == found.value
    resident = compiled.residents.map(row, str(found.value), CLOCK).resident
    assert resident is not None
    assert resident.local_identifier.extension == "3019900018/Nord/0001"


def test_a_missing_site_is_an_error(tmp_path: Path) -> None:
    built = Built(tmp_path, resident={"etab": ""})
    built.made.residents += "  site: {column: etab, required: no}\n"
    built.made.documents += "    site: {value: Nord}\n"
    compiled = built.compiled()
    assert codes(compiled.residents.key(built.rows("usagers")[0]).diagnostics) == ["VAL-01"]


GUARDS = [
    ("birth_name: g", {"nom": "DE LA TOUR"}, "de  la tour", []),
    ("birth_name: g", {"nom": "ÉLOÏSE"}, "Eloise", []),
    ("birth_name: g", {"nom": "MARTIN"}, "MARTINE", ["GUARD-01"]),
    ("birth_name: g", {}, "", ["GUARD-02"]),
    ("used_name: g", {"usage": "DURAND"}, "Durand", []),
    ("used_name: g", {"nom": "MARTIN", "usage": ""}, "Martin", []),
    ("used_name: g", {"nom": "MARTIN", "usage": "DURAND"}, "Martin", ["GUARD-01"]),
    ("name: g", {"nom": "MARTIN", "usage": "DURAND"}, "Martin", []),
    ("name: g", {"nom": "MARTIN", "usage": "DURAND"}, "Durand", []),
    ("name: g", {"nom": "MARTIN"}, "Petit", ["GUARD-01"]),
    ("given_names: g", {"prenom": "Anne Marie Odette"}, "Anne", []),
    ("given_names: g", {"prenom": "Anne Marie Odette"}, "ANNE MARIE", []),
    ("given_names: g", {"prenom": "Anne Marie Odette"}, "Marie", ["GUARD-01"]),
    ("given_names: g", {"prenom": ""}, "Marie", ["GUARD-02"]),
    ('birth_date: {column: g, date: "%d/%m/%Y"}', {"naissance": "04/05/1931"}, "04/05/1931", []),
    ('birth_date: {column: g, date: "%d/%m/%Y"}', {"naissance": "04/05/1931"}, "05/04/1931", ["GUARD-01"]),
    ('birth_date: {column: g, date: "%Y"}', {"naissance": "04/05/1931"}, "1931", []),
    ('birth_date: {column: g, date: "%d/%m/%Y"}', {"naissance": "04/05/1931"}, "31/02/1931", ["DATE-02"]),
    ('birth_date: {column: g, date: "%d/%m/%Y"}', {"naissance": ""}, "04/05/1931", ["GUARD-02"]),
    ("sex: g", {"sexe": "F"}, "female", []),
    ("sex: g", {"sexe": "F"}, "M", ["GUARD-01"]),
    ("sex: g", {"sexe": ""}, "M", ["GUARD-02"]),
    ("ins: g", {"nss": "279039912345683"}, "2 79 03 99 123 456", []),
    ("ins: g", {"nss": "279039912345683"}, "279039912345683", []),
    ("ins: g", {"nss": "279039912345683"}, "179039912345683", ["GUARD-01"]),
    ("ins: g", {"nss": ""}, "179039912345683", ["GUARD-02"]),
]


@pytest.mark.parametrize(("guard", "resident", "cell", "expected"), GUARDS)
def test_the_guard(tmp_path: Path, guard: str, resident: dict[str, str], cell: str, expected: list[str]) -> None:
    built = Built(tmp_path, resident={"usage": "", "nss": ""} | resident, row={"g": cell})
    built.made.residents += "  used_name: usage\n  nss: nss\n"
    built.made.documents += f"    guard: {{{guard}}}\n"
    built.made.more = "checks: {nss: 'off'}\n"
    mapped = built.resident()
    assert mapped.resident is not None, codes(mapped.diagnostics)
    gate = built.compiled().entrances[0].gate
    assert codes(gate.check_resident(built.rows("ged")[0], mapped.resident)) == expected


@pytest.mark.parametrize(
    ("when", "cell", "failing"),
    [
        ("{column: statut, equals: Validé}", "VALIDE", None),
        ("{column: statut, not_in: [Supprimé]}", "supprime", "statut"),
        ("[{column: statut, empty: no}, {column: type, equals: Courrier}]", "x", None),
        ("[{column: statut, empty: no}, {column: type, equals: Bilan}]", "x", "type"),
    ],
)
def test_when(tmp_path: Path, when: str, cell: str, failing: str | None) -> None:
    built = Built(tmp_path, row={"statut": cell})
    built.made.documents += f"    when: {when}\n"
    assert built.compiled().entrances[0].gate.failing(built.rows("ged")[0]) == failing
