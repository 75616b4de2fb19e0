"""``parts.json``: in each part of a packed delivery, which parts there are; the same bytes in all of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

__all__ = ["PARTS", "PARTS_SCHEMA", "PART_BYTES", "Part", "PartList"]

PARTS = "parts.json"
PARTS_SCHEMA = "dui-converter/parts/1"

#: Bytes of a part for common media, with room for what the medium needs itself.
PART_BYTES = {
    "usb": 4_294_967_295,  # FAT32: largest file
    "dvd": 4_600_000_000,  # single layer: 4.7e9 bytes, minus its own file system
    "mail": 7_000_000,  # 10 MB once the mail has it in base64: the limit of many French mailboxes
}


@dataclass(frozen=True, slots=True)
class Part:
    """One part: ``first`` is its first product, by which it is known whatever its file is called later."""

    number: int
    file: str
    first: str | None
    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class PartList:
    """All parts of a set; ``manifest`` is the SHA-256 of the manifest they share."""

    manifest: str
    parts: tuple[Part, ...]

    def text(self) -> bytes:
        record = {"schema": PARTS_SCHEMA, "manifest": self.manifest, "count": len(self.parts)}
        lines = ",\n".join(json.dumps(asdict(part)) for part in self.parts)
        return f'{json.dumps(record)[:-1]}, "parts": [\n{lines}\n]}}\n'.encode()

    def number_of(self, names: Sequence[str]) -> int | None:
        """Which part holds these products; None for none of them."""
        return next((p.number for p in self.parts if p.first in names or (p.first is None and not names)), None)

    @classmethod
    def read(cls, data: bytes) -> PartList:
        """The list in a file. ValueError when it is not one."""
        try:
            record = json.loads(data)
            if record["schema"] != PARTS_SCHEMA:
                raise ValueError("unknown schema")
            parts = tuple(Part(**part) for part in record["parts"])
            if record["count"] != len(parts) or [p.number for p in parts] != list(range(1, len(parts) + 1)):
                raise ValueError("not numbered")
            return cls(str(record["manifest"]), parts)
        except (KeyError, TypeError, RecursionError):
            raise ValueError("not a list of parts") from None
