"""Lines of a YAML file with their comments: what is guessed is marked, what is missing is left empty and marked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

__all__ = ["Lines", "flow", "scalar"]

#: Text that YAML reads as itself also inside braces.
_PLAIN = re.compile(r"[^\W_](?:[\w°'’().+/ -]*[\w°'’).])?")
_WORDS = frozenset(["null", "true", "false", "yes", "no", "on", "off", "y", "n", "~"])

_TO_VERIFY, _TO_FILL = "à vérifier", "à compléter"


def scalar(text: str) -> str:
    """A text as YAML writes it, quoted where it must be."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS and "  " not in text:
        return text
    # JSON's string is YAML's double-quoted one; what is no character stays an escape.
    lone = any("\ud800" <= c <= "\udfff" for c in text)
    return json.dumps(text, ensure_ascii=lone)


def flow(options: Mapping[str, object]) -> str:
    """A block on one line."""
    return "{" + ", ".join(f"{scalar(key)}: {_inside(value)}" for key, value in options.items()) + "}"


def _inside(value: object) -> str:
    if isinstance(value, Mapping):
        return flow(value)
    if isinstance(value, str):
        return scalar(value)
    assert isinstance(value, Iterable)
    return "[" + ", ".join(_inside(item) for item in value) + "]"


class Lines:
    """The file under way; ``guesses`` and ``blanks`` count the marks."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self.guesses = 0
        self.blanks = 0

    def add(self, *lines: str) -> None:
        self._lines += lines

    def guess(self, line: str, note: str = "") -> None:
        """A line that somebody has to look at."""
        self.guesses += 1
        self._lines.append(f"{line}  # {_TO_VERIFY}" + (f" : {note}" if note else ""))

    def blank(self, key: str, note: str) -> None:
        """A key without its value: the mapping is refused until somebody gives it."""
        self.blanks += 1
        self._lines.append(f"{key}:  # {_TO_FILL} : {note}")

    def text(self) -> str:
        return "\n".join(self._lines) + "\n"
