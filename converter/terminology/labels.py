"""French labels as people write them: folding, and the table of legacy document kinds.

``fold`` is the one comparison of texts used everywhere (headers, table keys, conditions): case, accents, kinds of
blanks, apostrophes and dashes do not make a difference; letters and punctuation do.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from converter.model import Coding
from converter.terminology.tables import lookup

__all__ = ["LegacyKind", "fold", "fold_label", "legacy_kind", "legacy_kinds"]

_SAME = str.maketrans(
    {
        "œ": "oe",
        "æ": "ae",
        "Œ": "oe",
        "Æ": "ae",
        **dict.fromkeys("’‘‛ʼ′`´ʹ＇", "'"),
        **dict.fromkeys("“”„‟«»″＂", '"'),
        **dict.fromkeys("‐‑‒–—―−﹣－", "-"),
        **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f\u202a\u202c", None),
    }
)
_PUNCTUATION = re.compile(r"[\W_]+")


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """The text without what people do not mean: case, accents, kinds and numbers of blanks, kinds of quotes and dashes.

    ``"N°\\u00a0Dossier\\n "`` and ``"n° dossier"`` fold to the same.
    """
    decomposed = unicodedata.normalize("NFD", text.translate(_SAME).casefold())
    bare = "".join(c for c in decomposed if not unicodedata.combining(c))
    return " ".join(unicodedata.normalize("NFC", bare).split())


@lru_cache(maxsize=65536)
def fold_label(text: str) -> str:
    """As ``fold``, and punctuation collapsed to single blanks: for labels of documents."""
    return _PUNCTUATION.sub(" ", fold(text)).strip()


@dataclass(frozen=True, slots=True)
class LegacyKind:
    """A kind of document as legacy software names it. ``dedicated`` false: nobody published a code for it."""

    id: str
    label: str
    type: Coding
    category: Coding
    confidence: str
    dedicated: bool


@cache
def legacy_kinds() -> Mapping[str, LegacyKind]:
    """Every known spelling (see :func:`fold_label`) and its kind. Whole labels only: no word inside a label decides."""
    text = (files(__package__) / "data" / "legacy-document-kinds.csv").read_text(encoding="utf-8")
    found: dict[str, LegacyKind] = {}
    for row in csv.DictReader(text.splitlines()):
        kind_type, category = lookup("JDV_J07", row["type_code"]), lookup("JDV_J06", row["class_code"])
        assert kind_type is not None
        assert category is not None
        kind = LegacyKind(
            row["kind_id"], row["label_fr"], kind_type, category, row["confidence"], row["dedicated_code"] == "yes"
        )
        for spelling in (row["kind_id"], row["label_fr"], *row["variants_fr"].split("|")):
            found.setdefault(fold_label(spelling), kind)
    return found


def legacy_kind(label: str) -> LegacyKind | None:
    """The kind that a whole label names, or None."""
    return legacy_kinds().get(fold_label(label))
