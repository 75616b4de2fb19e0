"""How a dossier reads in French: dates, people, places, amounts, as filters of the templates.

Nothing here decides what is shown; it only words it. Texts are cleaned of what XML cannot hold.
"""

from __future__ import annotations

import re
from datetime import datetime

from markupsafe import Markup, escape

from converter.cda.moments import ts
from converter.cda.parts import address, address_lines, telecoms
from converter.cda.text import printable
from converter.dossier import AddedDocument, Evaluation, Event, Insured, Place, Professional
from converter.model import Address, Coding, Identifier, Moment, Organization, PartialDate, Period, Telecom

__all__ = ["DASH", "FILTERS", "day", "span"]

#: Shown where nothing is known.
DASH = "—"
_NUMBER = re.compile(r"-?\d+([.,]\d+)?", re.ASCII)
_PREFIXES = {
    ("1.2.250.1.71.4.2.1", "8"): "RPPS",
    ("1.2.250.1.71.4.2.1", "0"): "ADELI",
    ("1.2.250.1.71.4.2.2", "1"): "FINESS",
    ("1.2.250.1.71.4.2.2", "2"): "SIREN",
    ("1.2.250.1.71.4.2.2", "3"): "SIRET",
}
_FILE_KINDS = {
    "application/pdf": "PDF",
    "text/plain": "Texte",
    "text/rtf": "Texte (RTF)",
    "image/jpeg": "Image JPEG",
    "image/tiff": "Image TIFF",
    "image/png": "Image PNG",
}


def day(value: Moment | None) -> str:
    """``14/04/2023``, ``04/2023``, ``2023``, ``14/04/2023 à 10h30``; nothing for an unknown moment."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%d/%m/%Y} à {_hour(value)}"
    parts = [f"{value.year:04d}"]
    if value.month is not None:
        parts.insert(0, f"{value.month:02d}")
    if value.day is not None:
        parts.insert(0, f"{value.day:02d}")
    return "/".join(parts)


def _hour(value: datetime) -> str:
    return f"{value:%H}h{value:%M}"


def span(period: Period) -> str:
    """A period in words; one day with its hours where start and end are on the same day."""
    start, end = period.start, period.end
    if isinstance(start, datetime) and isinstance(end, datetime) and start.date() == end.date():
        return f"{start:%d/%m/%Y} de {_hour(start)} à {_hour(end)}"
    if start is None:
        return f"jusqu'au {day(end)}" if end is not None else ""
    if end is None:
        return f"depuis le {day(start)}" if isinstance(start, PartialDate) else f"{day(start)}, fin inconnue"
    return day(start) if start == end else f"du {day(start)} au {day(end)}"


def person(value: Professional) -> str:
    """``Mme Claire MARTIN, infirmière (810002422979)``: as much of it as is known."""
    name = " ".join(filter(None, (_title(value.prefix), value.given, value.family)))
    words = [name] if name else []
    words += [w for w in (value.role or (value.profession.display if value.profession else None),) if w]
    if value.function:
        words.append(value.function.display)
    text = ", ".join(words)
    if value.identifier:
        text = f"{text} ({_number(value.identifier)})" if text else _number(value.identifier)
    if value.organization and (value.organization.name or value.organization.identifier):
        text = ", ".join(filter(None, (text, value.organization.name or structure(value.organization))))
    return text


def _number(value: Identifier) -> str:
    """A national identifier as people know it: its kind in place of its prefix digit."""
    kind = _PREFIXES.get((value.root, value.extension[:1]))
    return f"{kind} {value.extension[1:]}" if kind and "/" not in value.extension else value.extension


def _title(code: str | None) -> str | None:
    return {"M": "M.", "MME": "Mme"}.get(code or "", code)


def structure(value: Organization) -> str:
    """Name and number of a structure."""
    number = _number(value.identifier) if value.identifier else None
    if value.name and number:
        return f"{value.name} ({number})"
    return value.name or number or DASH


def insured(value: Insured) -> str:
    """Name and social security number of the insured person."""
    number = f"n° {value.number.extension}" if value.number else None
    return " ".join(filter(None, (value.name, number))) or DASH


def place(value: Place | None) -> str:
    if value is None:
        return ""
    address = address_lines(value.address) if value.address else ()
    return ", ".join([*([value.name] if value.name else []), *address, *map(telecom, value.telecoms)])


def address_element(value: Address | None) -> Markup:
    """``addr`` where an entry must have one; UNK when nothing is known."""
    return Markup(address(value) or '<addr nullFlavor="UNK"/>')  # noqa: S704 - escaped by the writer of the header


def telecom_elements(values: tuple[Telecom, ...], required: bool = False) -> Markup:
    """``telecom`` elements; UNK where one is required and none is known."""
    return Markup(telecoms(values) or ('<telecom nullFlavor="UNK"/>' if required else ""))  # noqa: S704 - same


def telecom(value: Telecom) -> str:
    return f"{'Courriel' if value.system == 'mailto' else 'Fax' if value.system == 'fax' else 'Tél.'} {value.value}"


def lines(value: str) -> Markup:
    """Text with its own line breaks, as narrative."""
    return Markup("<br/>").join(escape(line) for line in printable(value).split("\n"))


def yes_no(value: bool) -> str:
    return "Oui" if value else "Non"


def bl(value: bool) -> str:
    return "true" if value else "false"


def number(value: str) -> str:
    """A decimal number as it is written in French."""
    return value.replace(".", ",")


def point(value: str) -> str:
    return value.replace(",", ".")


def is_number(value: str | None) -> bool:
    return value is not None and _NUMBER.fullmatch(value) is not None


def item_result(value: Coding | bool | int | None) -> str:
    if isinstance(value, bool):
        return yes_no(value)
    if isinstance(value, Coding):
        return value.display
    return DASH if value is None else str(value)


def evaluation_name(value: Evaluation) -> str:
    if value.type is None:
        return value.title or "Evaluation"
    return f"{value.type.display} ({value.title})" if value.title else value.type.display


def has_details(value: Event) -> bool:
    """Whether the column of details has anything to say."""
    flags = (value.off_plan, value.present, value.meal)
    rest = (value.resources, value.report, value.comments, value.transports, value.documents, value.changed)
    return any(f is not None for f in flags) or any(rest)


def file_kind(value: AddedDocument) -> str:
    return _FILE_KINDS.get(value.media_type, value.media_type)


FILTERS = {
    "address_element": address_element,
    "address_lines": address_lines,
    "bl": bl,
    "day": day,
    "evaluation_name": evaluation_name,
    "file_kind": file_kind,
    "has_details": has_details,
    "insured": insured,
    "is_number": is_number,
    "item_result": item_result,
    "lines": lines,
    "number": number,
    "organization": structure,
    "place": place,
    "point": point,
    "professional": person,
    "span": span,
    "telecom": telecom,
    "telecom_elements": telecom_elements,
    "ts": ts,
    "yes_no": yes_no,
}
