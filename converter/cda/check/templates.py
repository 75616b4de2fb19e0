"""The templates of the guide's sections and entries as data: OIDs, companions, rules.

Sources: template pages of the guide in its states 1.1.0 and cda-1.0.1 (sections 2.79, 2.248, 2.249, 2.246, 2.37), and
of the first states (2.111, 2.115, 2.37).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from converter.cda.check.kinds import Kind
from converter.cda.check.nodes import Node
from converter.cda.check.rules import Step, has_template, rules, template

__all__ = ["IMPLIED", "INTERNAL_LINK", "SECTIONS", "STATEMENTS", "Section", "Statement", "section_of", "statements_of"]

_LOINC = "2.16.840.1.113883.6.1"
_SIMPLE = "1.3.6.1.4.1.19376.1.5.3.1.4.13"
INTERNAL_LINK = template("3.36")
_BOTH = (Kind.DOSSIER, Kind.SEED)


@dataclass(frozen=True, slots=True)
class Section:
    """A section: how it is known, and the statement that its entries hold."""

    oid: str
    companions: tuple[str, ...]
    code: str
    kinds: tuple[Kind, ...]
    entry_element: str
    entry_template: str
    needs_entry: bool
    rules: tuple[Step, ...]


def _section(
    short: str,
    code: str,
    entry: str,
    companions: str = "",
    needs_entry: bool = True,
    needs_id: bool = False,
    kinds: tuple[Kind, ...] = (Kind.DOSSIER,),
) -> Section:
    element, _, entry_template = entry.partition("#")
    system = "1.2.250.1.213.1.1.4.322" if code.startswith("GEN-") else _LOINC
    lines = f"code 1 !null @code={code} @displayName @codeSystem={system}\ntitle 1\ntext 1"
    return Section(
        oid=template(short),
        companions=tuple(companions.split()),
        code=code,
        kinds=kinds,
        entry_element=element,
        entry_template=template(entry_template),
        needs_entry=needs_entry,
        rules=rules(lines + ("\nid 1" if needs_id else "")),
    )


SECTIONS = (
    _section(
        "2.79",
        "48768-6",
        "act#3.61",
        "1.3.6.1.4.1.19376.1.5.3.1.1.5.3.7 2.16.840.1.113883.10.20.1.9",
        needs_entry=False,
    ),
    _section("2.249", "GEN-362", "organizer#3.219", needs_id=True),
    _section("2.248", "89793-4", "encounter#3.215", needs_id=True),
    _section("2.246", "47420-5", "organizer#3.95", "2.16.840.1.113883.10.22.3.8", needs_entry=False),
    _section("2.37", "55107-7", "organizer#3.18", kinds=_BOTH),
    _section(
        "2.111",
        "47420-5",
        "observation#3.25",
        "1.3.6.1.4.1.19376.1.5.3.1.3.17 2.16.840.1.113883.10.20.1.5 1.3.6.1.4.1.19376.1.5.3.1.1.12.2.1",
        needs_entry=False,
        kinds=(Kind.SEED,),
    ),
    _section(
        "2.115",
        "46006-3",
        "observation#3.25",
        "1.3.6.1.4.1.19376.1.5.3.1.1.12.2.5",
        needs_entry=False,
        kinds=(Kind.SEED,),
    ),
)


def section_of(node: Node, kind: Kind) -> Section | None:
    """The section of this kind of document that an element declares to be."""
    return next((s for s in SECTIONS if kind in s.kinds and has_template(node, s.oid)), None)


@dataclass(frozen=True, slots=True)
class Statement:
    """A clinical statement: element, class, moods, companions (of one mood: ``EVN=oid``), rules."""

    short: str
    element: str
    classes: tuple[str, ...]
    moods: tuple[str, ...]
    companions: tuple[str, ...]
    rules: tuple[Step, ...]
    seed_rules: tuple[Step, ...] | None = None

    def companions_of(self, node: Node, kind: Kind) -> list[str]:
        """The templateIds that must stand beside its own."""
        if kind is Kind.SEED and self.short == "3.48.18":
            return []
        mood = node.get("moodCode")
        pairs = [c.rpartition("=") for c in self.companions]
        return [template(oid) for only, _, oid in pairs if only in {"", mood}]

    def rules_of(self, kind: Kind) -> tuple[Step, ...]:
        return self.seed_rules if kind is Kind.SEED and self.seed_rules is not None else self.rules


def _statement(head: str, text: str, companions: str = "", seed: str | None = None) -> Statement:
    short, element, classes, moods = head.split()
    return Statement(
        short=short,
        element=element,
        classes=tuple(classes.split("|")),
        moods=tuple(moods.split("|")),
        companions=tuple(companions.split()),
        rules=rules(text),
        seed_rules=rules(seed) if seed is not None else None,
    )


_COMPLETED = "statusCode 1 @code=completed"
_CODED = "@code @displayName @codeSystem"
_TEXT = "text 1\ntext/reference 1 @value"
_PERIOD = """
effectiveTime 1 !null
effectiveTime/low 1 !null @value
effectiveTime/high 1 !null @value"""
_PEOPLE = """
performer/assignedEntity/id 1..* !null @root
performer/assignedEntity/representedOrganization/id 1 !null @root
participant[@typeCode=RESP]/participantRole/scopingEntity/id 1..* @root"""
_TRANSPORT = f"""
id 1..* !null @root @extension
code 1 !null @code=ORG-202|ORG-203|ORG-204|ORG-205|GEN-092.06.08 @displayName @codeSystem
code/qualifier/name ~1 @code=GEN-345|GEN-346
code/qualifier/value 1 in:801+JDV_J282 @code @displayName @codeSystem
{_PERIOD}
{_PEOPLE}
participant[@typeCode=ORG|DST]/participantRole 1 @classCode=SDLOC
entryRelationship/observation[code=ORG-200|ORG-201]/value 1 type=MO
entryRelationship/observation[code=GEN-353]/value 1 type=IVL_TS
entryRelationship/observation[code=103208-5]/value 1 type=PQ
entryRelationship/observation[code=MED-1124|275827007]/value 1 type=BL"""

_ALL = (
    # Coverage (6.1)
    _statement(
        "3.61 act ACT DEF",
        f"""
id 1..* !null @root
code 1 !null @code=48768-6 @displayName @codeSystem={_LOINC}
{_COMPLETED}
entryRelationship[@typeCode=COMP] 1..*
entryRelationship[@typeCode=COMP]/act[#3.94] 1""",
        "1.3.6.1.4.1.19376.1.5.3.1.4.17 2.16.840.1.113883.10.20.1.20",
    ),
    _statement(
        "3.94 act ACT EVN",
        f"""
id 1..* !null @root
code 1 !null {_CODED} in:125
{_COMPLETED}
performer 1 @typeCode=PRF
performer/assignedEntity 1 ~@classCode=ASSIGNED
performer/assignedEntity/id 1..* @root @extension
performer/assignedEntity/code 1 @code=GUAR @displayName @codeSystem=2.16.840.1.113883.5.110
performer/assignedEntity/addr 1..*
performer/assignedEntity/telecom 1..*
performer/assignedEntity/representedOrganization 1
performer/assignedEntity/representedOrganization/id 1..* !null @root @extension
performer/assignedEntity/representedOrganization/name 1..*
participant[@typeCode=COV] ~1
participant[@typeCode=COV]/participantRole 1 @classCode=PAT
participant[@typeCode=COV]/participantRole/code 1 {_CODED} in:126
participant[@typeCode=COV]/participantRole/addr 1..*
participant[@typeCode=COV]/participantRole/telecom 1..*
participant[@typeCode=HLD]/participantRole 1 @classCode=INDIV""",
        "1.3.6.1.4.1.19376.1.5.3.1.4.18 2.16.840.1.113883.10.20.1.26",
    ),
    # Stays (6.2)
    _statement(
        "3.219 organizer CLUSTER EVN",
        f"""
id 1..* !null @root
code 1 !null @code=ORG-211 @displayName @codeSystem
{_COMPLETED}
effectiveTime 1
component[/encounter] 1
component[/encounter]/encounter[#3.218] 1""",
    ),
    _statement(
        "3.218 encounter ENC EVN",
        """
id 1..* !null @root @extension
code 1 !null @code=GEN-351 @displayName @codeSystem
effectiveTime 1
participant[@typeCode=RESP] ~1
participant[@typeCode=RESP]/participantRole/scopingEntity 1 @classCode=ENT
participant[@typeCode=RESP]/participantRole/scopingEntity/id 1..* !null @root @extension""",
        "2.16.840.1.113883.10.20.1.21",
    ),
    *(
        _statement(
            f"{short} observation OBS EVN|INT",
            f"""
id 1..* !null @root
code 1 !null @code={code} @displayName @codeSystem
{_TEXT}
{_COMPLETED}
effectiveTime 1
value 1 type=CE""",
        )
        for short, code in (("3.48.6", "ORG-070"), ("3.48.7", "ORG-074"))
    ),
    # Events (6.3)
    _statement(
        "3.215 encounter ENC EVN|INT",
        f"""
id 1..* !null @root @extension
code 1 !null @code=GEN-367 @displayName @codeSystem
code/qualifier/value 1 {_CODED} in:811+JDV_J283+JDV_J284
{_PERIOD}
{_PEOPLE}
participant[@typeCode=LOC]/participantRole 1 @classCode=SDLOC
entryRelationship/observation[code=GEN-347|38887-6|GEN-350]/value 1 type=BL
entryRelationship/observation[code=GEN-349]/value 1 type=CD in:807
entryRelationship/observation[code=GEN-349]/value/qualifier/value 1 in:808+809 @code @displayName @codeSystem
entryRelationship/observation[code=106177-9]/value 1 type=TS""",
        "EVN=2.16.840.1.113883.10.20.1.21 INT=2.16.840.1.113883.10.20.1.25",
    ),
    _statement("3.24 act ACT EVN|INT", _TRANSPORT, "1.3.6.1.4.1.19376.1.5.3.1.1.10.4.1"),
    _statement(
        "3.216 act ACT EVN|INT",
        f"""{_TRANSPORT}
participant[@typeCode=RCV] ~1..*
participant[@typeCode=RCV]/participantRole 1 @classCode=ROL
participant[@typeCode=RCV]/participantRole/id 1..* !null @root @extension""",
    ),
    # Evaluations (6.4)
    _statement(
        "3.95 organizer CLUSTER EVN",
        f"""
id 1..* !null @root
code 1 !null {_CODED} in:802
{_COMPLETED}
effectiveTime 1 !null
component 1..*
component/observation[#3.25] 1""",
        "2.16.840.1.113883.10.20.1.32 1.3.6.1.4.1.19376.1.5.3.1.1.12.3.7",
    ),
    _statement(
        "3.25 observation OBS EVN",
        f"""
id 1..* !null @root @extension
code 1 !null {_CODED} in:802
{_TEXT}
{_COMPLETED}
effectiveTime 1 !null
value 1 type=CD
{_PEOPLE}
author/assignedAuthor/id 1..* !null @root""",
        f"2.16.840.1.113883.10.20.1.31 {_SIMPLE} 1.3.6.1.4.1.19376.1.5.3.1.1.12.3.6",
        seed=f"""
id 1..* !null @root
code 1 !null @code=MED-1270 @displayName @codeSystem
{_TEXT}
{_COMPLETED}
effectiveTime 1
value 1 type=CD in:53""",
    ),
    _statement(
        "3.214 observation OBS EVN",
        f"""
id 1..* !null @root
code 1 !null {_CODED}
{_TEXT}
{_COMPLETED}
effectiveTime 1
value 1""",
        f"2.16.840.1.113883.10.20.1.31 {_SIMPLE}",
    ),
    _statement(
        "3.220 observation OBS EVN",
        f"""
id 1..* !null @root
code 1 !null {_CODED} in:817
{_TEXT}
{_COMPLETED}
value 1 type=BL""",
    ),
    # Attached documents (6.5)
    _statement(
        "3.18 organizer CLUSTER EVN",
        f"""
id 1..* !null @root
code 1 !null @code=55107-7 @displayName
{_COMPLETED}
component[/observation] 1
component[/observation]/observation[#3.48.18] 1
component[/observationMedia] 1
component[/observationMedia]/observationMedia 1 @ID
component[/observationMedia]/observationMedia/value 1 @mediaType @representation=B64""",
        seed=f"""
id 1..* !null @root
code 1 !null @code=55107-7 @displayName
{_COMPLETED}
component[/observation] 1
component[/observationMedia] 1
component[/observationMedia]/observationMedia 1 @ID
component[/observationMedia]/observationMedia/value 1 @mediaType @representation=B64""",
    ),
    _statement(
        "3.48.18 observation OBS EVN",
        f"""
id 1..* !null @root
code 1 !null @code=69764-9 @displayName
{_TEXT}
effectiveTime 1
value 1 type=CD""",
        f"{_SIMPLE} 3.48",
    ),
    # Shared pieces
    _statement(
        "3.48 observation OBS EVN|INT",
        f"""
id 1..*
code 1 {_CODED}
{_TEXT}
statusCode 1 @code
effectiveTime ~1
value 1""",
        _SIMPLE,
    ),
    _statement(
        "3.217 observation OBS EVN",
        """
id 1..*
code 1 !null @code=106199-3 @displayName @codeSystem
effectiveTime 1
value 1 type=CD @code @displayName @codeSystem=1.2.250.1.213.3.3.250""",
        f"{_SIMPLE} 3.48",
    ),
    _statement(
        "3.32 act ACT EVN",
        f"""
code 1 !null @code=48767-8 @displayName @codeSystem={_LOINC}
{_TEXT}
{_COMPLETED}""",
        "2.16.840.1.113883.10.20.1.40 1.3.6.1.4.1.19376.1.5.3.1.4.2",
    ),
    _statement(
        "3.36 act ACT EVN",
        f"""
id 1..* !null @root
code 1 !null {_CODED}""",
        "1.3.6.1.4.1.19376.1.5.3.1.4.4.1",
        seed="id 1..* !null @root\ncode 1",
    ),
)

STATEMENTS: Mapping[str, Statement] = {template(s.short): s for s in _ALL}


def _lonely() -> Mapping[str, str]:
    """Companions that belong to one template only, and that template."""
    owners: dict[str, list[str]] = {}
    for oid, statement in STATEMENTS.items():
        for companion in statement.companions:
            owners.setdefault(companion.rpartition("=")[2], []).append(oid)
    return {companion: oids[0] for companion, oids in owners.items() if len(oids) == 1}


#: What a statement says to be without saying so: the template that its companion belongs to.
IMPLIED: Mapping[str, str] = _lonely()


def statements_of(node: Node) -> list[Statement]:
    """The templates of the guide that a statement declares."""
    found = (STATEMENTS.get(c.get("root")) for c in node.children if c.name == "templateId")
    return [s for s in found if s is not None]
