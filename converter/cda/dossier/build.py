"""Renders the body of a dossier: each section's template, then the files that go inside.

The header comes from the header renderer that all documents share. Added files are never read here: their place in
the body becomes a part of the payload that is encoded while it is streamed.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from converter.cda.dossier.states import STATES
from converter.cda.dossier.words import DASH, FILTERS
from converter.cda.text import printable
from converter.dossier import AddedDocument, Dossier, Event, Stay
from converter.model import Identifier, Moment
from converter.payload import FilePart

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["body_parts"]

#: Terminologie CI-SIS, the code system of most codes of the guide.
CISIS_OID = "1.2.250.1.213.1.1.4.322"
#: Where a file goes. Control characters never come from data: every text passes `printable`.
_MARK = re.compile("\x02(\\d+)\x03")


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("converter.cda.dossier", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )
    environment.filters |= FILTERS
    environment.filters["stay_modes"] = _stay_modes
    environment.globals |= {"cisis_oid": CISIS_OID, "dash": DASH}
    return environment


def _finalize(value: Any) -> Any:
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def body_parts(dossier: Dossier) -> Iterator[bytes | FilePart]:
    """The ``structuredBody``'s sections in order, as parts of a payload, without the element that holds them."""
    for text in _sections(dossier):
        yield from _cut(text, dossier.documents)


def _sections(dossier: Dossier) -> Iterator[str]:
    state = STATES[dossier.state]
    context = _context(dossier)
    for section, template in state.templates.items():
        if getattr(dossier, _FIELDS[section]):
            yield _environment().get_template(template).render(context)


_FIELDS = {
    "coverage": "coverages",
    "stays": "stays",
    "events": "events",
    "evaluations": "evaluations",
    "documents": "documents",
}


def _context(dossier: Dossier) -> Mapping[str, Any]:
    return {
        "state": STATES[dossier.state],
        "resident": dossier.resident,
        "nss": Identifier("1.2.250.1.213.1.4.13", dossier.resident.nss) if dossier.resident.nss else None,
        "coverages": dossier.coverages,
        "stays": dossier.stays,
        "events": dossier.events,
        "evaluations": dossier.evaluations,
        "documents": dossier.documents,
        "titles": {d.key: d.title for d in dossier.documents},
        "coded_events": _coded_keys(dossier.events),
        "tid": partial(_technical_id, dossier.document.set_uuid),
        "media": _mark,
    }


def _coded_keys(events: tuple[Event, ...]) -> frozenset[str]:
    return frozenset(e.key for e in events if e.coded)


def _technical_id(namespace: uuid.UUID, *names: object) -> str:
    """The id of an entry that the legacy software does not number: the same at each run, in upper case (CI-SIS)."""
    name = "|".join(str(n) for n in names).encode(errors="backslashreplace").decode()
    return str(uuid.uuid5(namespace, name)).upper()


def _mark(index: int) -> Markup:
    return Markup(f"\x02{index}\x03")  # noqa: S704 - our own digits


def _stay_modes(stay: Stay) -> list[tuple[str, str, tuple[str, str], str, Moment]]:
    """Entries and exits that have a date: the narrative's id part, mood, code, template and date of each."""
    entry = (("ORG-070", "Modalité d'entrée"), "1.2.250.1.213.1.1.3.48.6")
    leave = (("ORG-074", "Modalité de sortie"), "1.2.250.1.213.1.1.3.48.7")
    modes = [
        ("entree-prevue", "INT", *entry, stay.planned_entry),
        ("entree", "EVN", *entry, stay.entry),
        ("sortie-prevue", "INT", *leave, stay.planned_exit),
        ("sortie", "EVN", *leave, stay.exit),
    ]
    return [(part, mood, code, template, when) for part, mood, code, template, when in modes if when is not None]


def _cut(text: str, documents: tuple[AddedDocument, ...]) -> Iterator[bytes | FilePart]:
    for n, piece in enumerate(_MARK.split(text)):
        if n % 2:
            yield _media(documents[int(piece)])
        elif piece:
            yield piece.encode()


def _media(document: AddedDocument) -> bytes | FilePart:
    if document.scan is not None:
        scan = document.scan
        return FilePart(scan.path, scan.size, scan.sha256, base64=True)
    import pybase64

    return pybase64.b64encode(printable(document.text or "").encode())
