from __future__ import annotations

import pytest

from converter.dossier import Insured
from converter.model import Address, Identifier, PartialDate, Telecom
from tests.dossier_mapper.building import FINESS, build, entries, well_formed

SECTION = """
coverage:
  from: droits
  resident: N°
  key: Num
  scheme: Régime
  payer: {name: Caisse, siret: Siret, number: Code, %s lines: [Adresse], phone: Tél}
  link: Lien
  insured: {name: Assuré, nss: NSS}
  start: {column: Du, date: "%%d/%%m/%%Y"}
  end: {column: Au, date: "%%d/%%m/%%Y"}
  contract: Contrat
  comment: Note
"""
HEAD = "N°|Num|Régime|Caisse|Siret|Code|Adresse|Tél|Lien|Assuré|NSS|Du|Au|Contrat|Note\n"
WITH_ROOT = SECTION % 'root: "1.2.250.1.999.9",'


def test_a_coverage_has_everything_its_row_says() -> None:
    payer = "CPAM|73282932000074||1 rue X|01 02 03 04 05"
    row = f"12|A1|GEN-412|{payer}|FAMDEP|M. Père|299030199100165|01/02/2024|31/12/2026|C9|ok"
    outcome = build(WITH_ROOT, droits=HEAD + row)
    (coverage,) = outcome.dossier.coverages
    assert outcome.codes == []
    assert coverage.coded
    assert coverage.key == "A1"
    assert coverage.scheme is not None
    assert coverage.scheme.display == "Assurance maladie (Sécurité sociale)"
    assert coverage.payer.identifier == Identifier("1.2.250.1.71.4.2.2", "373282932000074")
    assert coverage.payer_address == Address(("1 rue X",), use="WP")
    assert coverage.payer_telecoms == (Telecom("tel", "0102030405", "WP"),)
    assert coverage.insured == Insured("M. Père", Identifier("1.2.250.1.213.1.4.13", "299030199100165"))
    assert (coverage.period.start, coverage.period.end) == (PartialDate(2024, 2, 1), PartialDate(2026, 12, 31))
    assert (coverage.contract, coverage.comment) == ("C9", "ok")
    assert entries(well_formed(outcome.dossier)) == 1


def test_the_resident_is_insured_in_person_unless_somebody_else_is_named() -> None:
    outcome = build(WITH_ROOT, droits=HEAD + "12|1|GEN-107|CPAM||01\n12|2|GEN-107|CPAM||01||||M. Père")
    first, second = outcome.dossier.coverages
    assert first.link is not None
    assert first.link.code == "SELF"
    assert first.payer.identifier == Identifier("1.2.250.1.999.9", "01")
    assert second.link is None
    assert not second.coded
    assert outcome.codes == [(2, "DOS-57", "warning")]
    assert entries(well_formed(outcome.dossier)) == 1


@pytest.mark.parametrize(
    ("row", "code"),
    [("12|1||CPAM||01", "DOS-55"), ("12|1|GEN-107|CPAM", "DOS-56"), ("12|1|GEN-107|||01", "DOS-61")],
)
def test_what_cannot_be_coded_stays_readable(row: str, code: str) -> None:
    outcome = build(WITH_ROOT, droits=HEAD + row)
    assert outcome.codes == [(1, code, "warning")]
    assert [c.coded for c in outcome.dossier.coverages] == [False]
    assert entries(well_formed(outcome.dossier)) == 0  # this section's text may stand alone
    strict = build(WITH_ROOT, options={"nonconforming": "reject"}, droits=HEAD + row)
    assert strict.codes == [(1, code, "error")]
    assert strict.built.dossier is None


def test_a_payer_number_without_its_issuer_is_shown_but_identifies_nobody() -> None:
    outcome = build(SECTION % "", droits=HEAD + "12|1|GEN-107|CPAM||01")
    assert outcome.codes == [(1, "DOS-56", "warning")]
    assert outcome.dossier.coverages[0].payer.name == "CPAM (n° 01)"


def test_complementary_and_finess_and_siren() -> None:
    section = """
coverage:
  - {from: c, resident: N°, key: Num, kind: complementary, scheme: {value: GEN-107}, payer: {finess: F, siren: S}}
"""
    outcome = build(section, c=f"N°|Num|F|S\n12|1|{FINESS}|732829320\n12|2||732829320")
    assert [c.complementary for c in outcome.dossier.coverages] == [True, True]
    numbers = [c.payer.identifier.extension for c in outcome.dossier.coverages if c.payer.identifier]
    assert numbers == ["1010000024", "2732829320"]


def test_wrong_numbers_of_payer_and_insured_do_not_cost_the_row() -> None:
    outcome = build(WITH_ROOT, droits=HEAD + "12|1|GEN-107|CPAM|123|01||||M. Père|1234")
    assert [(code, level) for _, code, level in outcome.codes][:2] == [("ID-42", "warning"), ("ID-10", "warning")]
    assert outcome.dossier.coverages[0].insured == Insured("M. Père", None)


def test_rights_that_end_before_they_start_are_an_error() -> None:
    outcome = build(WITH_ROOT, droits=HEAD + "12|1|GEN-107|CPAM||01||||||02/01/2024|01/01/2024")
    assert outcome.codes == [(1, "DOS-17", "error")]
    assert outcome.built.dossier is None


def test_a_second_sheet_completes_a_coverage() -> None:
    section = """
coverage:
  - {from: a, resident: N°, key: Num, kind: complementary, scheme: R, payer: {siret: S}}
  - {from: b, resident: N°, key: Num, group: yes, contract: C}
"""
    outcome = build(section, a="N°|Num|R|S\n12|1|GEN-107|73282932000074", b="N°|Num|C\n12|1|C7")
    (coverage,) = outcome.dossier.coverages
    assert coverage.complementary
    assert coverage.contract == "C7"
