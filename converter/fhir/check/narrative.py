"""The ``div`` of a narrative: well-formed, basic XHTML with something in it, and nothing that runs (txt-1, txt-2)."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from converter.fhir.check.elements import names

__all__ = ["fault_of_narrative"]

_XHTML = "{http://www.w3.org/1999/xhtml}"
_ACTIVE = re.compile(r"\s*(?:javascript|vbscript|data:text)", re.IGNORECASE)


def fault_of_narrative(text: str) -> str:
    """``form`` or ``""``. Declarations are refused before the text is parsed; HTML's entities are none of XML's."""
    if "<!" in text.replace("<!--", "") or "<?" in text:
        return "form"
    try:
        root = ET.fromstring(text)  # noqa: S314
    except ET.ParseError:
        return "form"
    if root.tag != f"{_XHTML}div" or not all(_is_basic(one) for one in root.iter()):
        return "form"
    return "" if "".join(root.itertext()).strip() or root.find(".//{*}img") is not None else "form"


def _is_basic(one: ET.Element) -> bool:
    addresses = (one.get(name, "") for name in ("href", "src"))
    return (
        one.tag.startswith(_XHTML)
        and one.tag.removeprefix(_XHTML) in names("xhtml-elements")
        and names("xhtml-attributes").issuperset(one.attrib)
        and not any(_ACTIVE.match(address) for address in addresses)
    )
