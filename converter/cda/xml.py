"""XML written by hand: a header has a hundred elements, is written once per scan, and must cost next to nothing.

Every text and every attribute passes :func:`words` or :func:`element`: escaped, and cleaned of what XML cannot hold.
"""

from __future__ import annotations

from functools import lru_cache
from xml.sax.saxutils import escape

from converter.cda.text import one_line, printable

__all__ = ["element", "words"]

_QUOTE = {'"': "&quot;", "\n": " ", "\t": " "}


def words(text: str) -> str:
    """Text of an element, on one line."""
    return escape(one_line(text))


def element(name: str, *children: str, **attributes: str | None) -> str:
    """An element of markup made by this module; an attribute that is None is left out.

    Attribute values are cleaned and escaped; blanks stay as they are, because an identifier may hold several.
    Children are markup already, ``""`` for one that is absent.
    """
    start = f"<{name}"
    for key, value in attributes.items():
        if value is not None:
            start += f' {key}="{_attribute(value)}"'
    body = "".join(children)
    return f"{start}>{body}</{name}>" if body else f"{start}/>"


@lru_cache(maxsize=4096)
def _attribute(value: str) -> str:
    """Remembered: codes, their names and OIDs come again in every document."""
    return escape(printable(value), _QUOTE)
