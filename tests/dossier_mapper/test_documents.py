"""Whole dossiers of every state, from rows to checked CDA: what the mapper makes is what the header and checks take."""

from __future__ import annotations

import pytest

from converter.cda import CdaChecker, dossier_document
from converter.dossier import AddedDocument
from converter.terminology import value_set
from tests.dossier_mapper.building import CLOCK, FINESS, RPPS, build, establishment

DAY = 'date: ["%d/%m/%Y %H:%M", "%d/%m/%Y", "%m/%Y"]'


def _sections(state: str) -> str:
    scheme = "GEN-412" if state == "cda-1.0.1" else "GEN-105"
    items = ", ".join(f"{code}: A" for code in value_set("806", state))
    return f"""
coverage:
  from: droits
  resident: N°
  key: Num
  scheme: {{value: {scheme}}}
  payer: {{name: Caisse, number: Code, root: "1.2.250.1.999.9"}}
  start: {{column: Du, {DAY}}}
  contract: Contrat
stays:
  from: sejours
  resident: N°
  key: D
  admission: {{column: A, {DAY}}}
  entry: {{column: E, {DAY}}}
  entry_mode: M
  planned_exit: {{column: P, {DAY}}}
  comment: C
  events: {{column: Ev, split: ","}}
events:
  from: agenda
  resident: N°
  key: Num
  start: {{column: Début, {DAY}}}
  end: {{column: Fin, {DAY}}}
  label: Libellé
  kind: {{value: Sortie}}
  ssiad: {{value: MED-1296}}
  serafin: {{value: "2.1.1.4"}}
  comment: Note
  professionals: {{name: Qui, rpps: RPPS, organization: {{finess: F}}}}
  structure: establishment
  place: {{name: Lieu, city: {{value: Bourg}}}}
  present: {{value: oui}}
  resource: {{value: ORG-206}}
  resource_detail: {{value: ORG-208}}
  status: S
  status_date: {{column: Début, {DAY}}}
  cancel_reason: {{column: R, table: {{hosp: ORG-077}}}}
  documents: Doc
  transports:
    - key: T
      mode: {{value: ORG-202}}
      motor: {{value: GEN-355}}
      nature: {{value: "3.2.4.1"}}
      start: {{column: Début, {DAY}}}
      end: {{column: Fin, {DAY}}}
      origin: {{city: {{value: Bourg}}}}
      destination: {{name: Lieu}}
      distance: {{value: "7,5"}}
      actual_cost: {{value: "12"}}
      duration: {{value: "30"}}
      accompanied: {{value: non}}
    - key: U
      of: professional
      mode: {{value: ORG-204}}
      start: {{column: Début, {DAY}}}
      end: {{column: Fin, {DAY}}}
assessments:
  from: gir
  resident: N°
  key: Num
  type: {{value: MED-1293}}
  date: {{column: Date, {DAY}}}
  result: GIR
  items: {{{items}}}
  criteria: from_result
  evaluator: {{name: Qui, rpps: RPPS}}
  author: {{name: Qui, rpps: RPPS}}
  responsible: {{name: Qui, rpps: RPPS, organization: establishment}}
  comment: Note
  status: {{value: VALIDE}}
  documents: Doc
  grid_version: {{value: "1.0"}}
unplaced: {{from: sejours, resident: N°, name: Ressources, attach: yes}}
"""


_TABLES = {
    "droits": "N°|Num|Caisse|Code|Du|Contrat\n12|1|CPAM|01|01/01/2024|C<1>\n12|2|CPAM||01/01/2024|",
    "sejours": "N°|D|A|E|M|P|C|Ev\n12|S/1|01/02/2024|01/02/2024 14:00|Domicile|12/2026|a\\nb & c|1,3",
    "agenda": (
        "N°|Num|Début|Fin|Libellé|Note|Qui|RPPS|F|Lieu|S|R|Doc|T|U\n"
        f"12|1|01/02/2024 10:00|01/02/2024 11:00|Piscine|x|Actrice|{RPPS}|{FINESS}|Bassin|REALISE||d1|t1|u1\n"
        "12|2|01/02/2024||Atelier||Actrice|||Salle|PLANIFIE||||\n"
        f"12|3|05/02/2024|05/02/2024|Visite||Actrice|{RPPS}||Salle|ANNULE|hosp||t2|"
    ),
    "gir": (
        f"N°|Num|Date|GIR|A|Qui|RPPS|Note|Doc\n12|1|01/02/2024|2|A|Actrice|{RPPS}|n|d1\n"
        "12|2|01/03/2024|3|B|Actrice||n|\n"
    ),
}


@pytest.mark.parametrize(
    ("state", "counts", "codes"),
    [
        ("seed", (0, 0, 0, 2), {"DOS-09"}),
        ("1.1.0", (2, 1, 3, 2), {"DOS-09", "DOS-40", "DOS-47", "DOS-56"}),
        ("cda-1.0.1", (2, 1, 3, 2), {"DOS-09", "DOS-40", "DOS-47", "DOS-56"}),
    ],
)
def test_a_whole_dossier_passes_the_checks(state: str, counts: tuple[int, ...], codes: set[str]) -> None:
    added = (AddedDocument("d1", "Bilan", text="Bonjour"),)
    outcome = build(_sections(state), state, options={"no_place": "attach"}, added=added, **_TABLES)
    dossier = outcome.dossier
    assert {code for _, code, _ in outcome.codes} == codes
    made = (dossier.coverages, dossier.stays, dossier.events, dossier.evaluations)
    assert tuple(map(len, made)) == counts
    assert sum(e.coded for e in dossier.evaluations) == (2 if state == "seed" else 1)
    payload = dossier_document(dossier, establishment(), CLOCK)
    checker = CdaChecker(state)
    for chunk in payload.chunks():
        checker.feed(chunk)
    findings = checker.close()
    assert [d.text() for d in findings.diagnostics if d.is_error] == []
