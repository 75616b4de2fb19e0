"""Whatever the cells hold: nothing breaks, every row is accounted for once, and the templates take what is made."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converter.cda.dossier.states import STATES
from tests.dossier_mapper.building import RPPS, Outcome, build, well_formed

DAY = 'date: ["%d/%m/%Y", "%d/%m/%Y %H:%M"]'
_WORDS = st.sampled_from(
    (
        *("", "1", "2", "oui", "non", "A", "B", "C", "01/02/2024", "02/02/2024 10:00", "31/02/2024", "ANNULE"),
        *("REALISE", "MED-1290", "MED-1291", "MED-1292", "MED-1327", "GIR 3", "d510", "1.1.3", "R32", "ORG-202"),
        *("Taxi", "GEN-354", RPPS, "12", "<&>\x00\u202e", "a\u2028b", "GEN-105", "GEN-412", "FAMDEP", "01000002"),
        *("1,5", "ORG-206", "ORG-208"),
    )
)

EVENTS = f"""
events:
  from: t
  resident: A
  key: B
  group: GROUP
  start: {{column: C, {DAY}}}
  end: {{column: D, {DAY}}}
  label: E
  status: F
  cancel_reason: E
  present: G
  comment: H
  professionals: {{name: E, rpps: I, organization: {{finess: H}}}}
  resource: J
  resource_detail: K
  transports: {{key: K, mode: L, motor: J, start: {{column: C, {DAY}}}, end: {{column: D, {DAY}}}, distance: G}}
"""
ASSESSMENTS = f"""
assessments:
  from: t
  resident: A
  key: B
  group: GROUP
  date: {{column: C, {DAY}}}
  type: F
  title: E
  result: G
  result_text: H
  item: J
  item_result: K
  items: {{d510: L}}
  criteria: from_result
  evaluator: {{name: E, rpps: I}}
  status: D
"""
COVERAGE = f"""
coverage: {{from: t, resident: A, key: B, group: GROUP, scheme: F, link: G, start: {{column: C, {DAY}}},
  payer: {{name: E, siret: H, number: I, root: "1.2.250.1.999.9"}}, insured: {{name: J, nss: K}}, comment: L}}
"""


def made(outcome: Outcome) -> int:
    """Entries in the dossier, and blocks of the texts."""
    dossier = outcome.built.dossier
    if dossier is None:
        return 0
    coded = (dossier.coverages, dossier.stays, dossier.events, dossier.evaluations)
    return sum(map(len, coded)) + sum((d.text or "").count("\n\n") for d in dossier.documents)


@pytest.mark.parametrize("section", [EVENTS, ASSESSMENTS, COVERAGE], ids=["events", "assessments", "coverage"])
@given(
    rows=st.lists(st.lists(_WORDS, min_size=11, max_size=11), min_size=1, max_size=4),
    state=st.sampled_from(list(STATES)),
    group=st.booleans(),
    reject=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_every_row_is_accounted_for(section: str, rows: list[list[str]], state: str, group: bool, reject: bool) -> None:
    table = "\n".join(["|".join("ABCDEFGHIJKL"), *("12|" + "|".join(row) for row in rows)])
    options = {"nonconforming": "reject" if reject else "narrative", "no_place": "attach"}
    outcome = build(section.replace("GROUP", "yes" if group else "no"), state, options=options, t=table)
    lines = table.count("\n")
    rejected = {number for number, _, level in outcome.codes if level == "error"}
    assert outcome.built.skipped == []
    assert rejected <= set(range(1, lines + 1))
    if group:
        assert (made(outcome) > 0) == (len(rejected) < lines)
    else:
        assert made(outcome) == lines - len(rejected)
    if outcome.built.dossier is not None:
        well_formed(outcome.dossier)
