"""Workbooks that no library writes: XLSX parts given as XML, XLSB, encrypted containers."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

_PACKAGE = "http://schemas.openxmlformats.org/package/2006/"
_TRANSITIONAL = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
)
_STRICT = (
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
    "http://purl.oclc.org/ooxml/officeDocument/relationships",
)
_TYPES = {
    "xl/workbook.xml": "sheet.main",
    "xl/worksheets/sheet1.xml": "worksheet",
    "xl/sharedStrings.xml": "sharedStrings",
    "xl/styles.xml": "styles",
}
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
#: Id and V in the first row.
HEADER = '<row r="1"><c r="A1" t="inlineStr"><is><t>Id</t></is></c><c r="B1" t="inlineStr"><is><t>V</t></is></c></row>'


def xlsx_parts(
    data: str, strings: str = "", formats: Sequence[str] = ("General",), strict: bool = False, properties: str = ""
) -> dict[str, str]:
    """The parts of a workbook of one sheet ``A``. ``data`` is what its worksheet element holds, or a whole document;
    cell style n has the nth number format."""
    main, relations = _STRICT if strict else _TRANSITIONAL
    names = f'xmlns="{main}" xmlns:r="{relations}"'
    overrides = "".join(
        f'<Override PartName="/{part}" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.'
        f'{kind}+xml"/>'
        for part, kind in _TYPES.items()
    )
    own = "".join(f'<numFmt numFmtId="{164 + at}" formatCode="{code}"/>' for at, code in enumerate(formats))
    styles = "".join(f'<xf numFmtId="{164 + at}" fontId="0" fillId="0" borderId="0"/>' for at in range(len(formats)))
    linked = "".join(
        f'<Relationship Id="rId{at}" Type="{relations}/{kind}" Target="{part.removeprefix("xl/")}"/>'
        for at, (part, kind) in enumerate(_TYPES.items())
        if at
    )
    return {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}content-types"><Default Extension="rels" ContentType='
        f'"application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" '
        f'ContentType="application/xml"/>{overrides}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}relationships"><Relationship Id="rId1" '
        f'Type="{relations}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f"{_DECLARATION}<workbook {names}>{properties}"
        f'<sheets><sheet name="A" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}relationships">{linked}</Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{main}"><numFmts count="{len(formats)}">{own}</numFmts>'
        '<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
        '<fills count="1"><fill><patternFill patternType="none"/></fill></fills>'
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        f'<cellXfs count="{len(formats)}">{styles}</cellXfs></styleSheet>',
        "xl/sharedStrings.xml": f'<sst xmlns="{main}">{strings}</sst>',
        "xl/worksheets/sheet1.xml": data
        if data.startswith("<?xml")
        else f"{_DECLARATION}<worksheet {names}>{data}</worksheet>",
    }


def zipped(path: Path, parts: dict[str, str] | dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def rows(*cells: str, first: int = 2) -> str:
    """Sheet data of a header and rows, each given as its cells' XML with ``¤`` for the row's number."""
    made = "".join(f'<row r="{at}">{row.replace("¤", str(at))}</row>' for at, row in enumerate(cells, first))
    return f"<sheetData>{HEADER}{made}</sheetData>"


# ---------------------------------------------------------------------------------------------------------- XLSB

Cell = tuple[str, object, int]


def xlsb(
    path: Path, table: Sequence[Sequence[Cell]], formats: Sequence[str] = ("General",), hidden: Iterable[int] = ()
) -> None:
    """A binary workbook of one sheet ``A``. Cells are (kind, value, style): s text, n number, rk small integer, b
    boolean, e error, fn and fs formulas with a number or a text, and - for a blank one."""
    away = frozenset(hidden)
    width = max(len(row) for row in table)
    sheet = _record(129) + _record(148, struct.pack("<4I", 0, len(table) - 1, 0, width - 1)) + _record(145)
    for at, row in enumerate(table):
        sheet += _record(0, struct.pack("<IIHHBI", at, 0, 300, 0x1000 if at + 1 in away else 0, 0, 0))
        sheet += b"".join(_cell(column, *cell) for column, cell in enumerate(row))
    sheet += _record(146) + _record(130)
    styles = _record(278) + _record(615, struct.pack("<I", len(formats)))
    styles += b"".join(_record(44, struct.pack("<H", 164 + at) + _wide(code)) for at, code in enumerate(formats))
    styles += _record(616) + _record(617, struct.pack("<I", len(formats)))
    styles += b"".join(_record(47, struct.pack("<HH12x", 0, 164 + at)) for at in range(len(formats)))
    styles += _record(618) + _record(279)
    book = _record(131) + _record(153, bytes(16)) + _record(143)
    book += _record(156, struct.pack("<II", 0, 1) + _wide("rId1") + _wide("A"))
    book += _record(144) + _record(157, bytes(26)) + _record(132)
    relation = _TRANSITIONAL[1]
    links = (
        f'<Relationships xmlns="{_PACKAGE}relationships">'
        f'<Relationship Id="rId1" Type="{relation}/worksheet" Target="worksheets/sheet1.bin"/>'
        f'<Relationship Id="rId2" Type="{relation}/styles" Target="styles.bin"/></Relationships>'
    )
    zipped(
        path,
        {
            "xl/workbook.bin": book,
            "xl/_rels/workbook.bin.rels": links.encode(),
            "xl/styles.bin": styles,
            "xl/worksheets/sheet1.bin": sheet,
        },
    )


def _cell(column: int, kind: str, value: object, style: int) -> bytes:
    head = struct.pack("<II", column, style)
    number = float(str(value)) if kind in ("n", "fn") else 0.0
    bodies = {
        "-": (1, b""),
        "rk": (2, struct.pack("<i", (int(str(value)) << 2) | 2) if kind == "rk" else b""),
        "e": (3, b"\x2a"),
        "b": (4, b"\x01" if value else b"\x00"),
        "n": (5, struct.pack("<d", number)),
        "s": (6, _wide(str(value))),
        "fs": (8, _wide(str(value)) + struct.pack("<HI", 0, 0)),
        "fn": (9, struct.pack("<dHI", number, 0, 0)),
        "fe": (11, b"\x17" + struct.pack("<HI", 0, 0)),
    }
    code, body = bodies[kind]
    return _record(code, head + body)


def _wide(text: str) -> bytes:
    encoded = text.encode("utf-16-le")
    return struct.pack("<I", len(encoded) // 2) + encoded


def _record(kind: int, body: bytes = b"") -> bytes:
    head = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
    size = len(body)
    while size >= 128:
        head += bytes([size & 0x7F | 0x80])
        size >>= 7
    return head + bytes([size]) + body
