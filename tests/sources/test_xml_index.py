"""XML indexes: records and fields by path."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from converter.sources import markup
from tests.sources.reading import Open, cells, codes, faults, refusal

FIELDS = {"Id": "@id", "Titre": "titre"}


def test_fields_by_path(source: Open, tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(
        '<?xml version="1.0"?>\n<index>\n'
        '<d id="1"><titre>Compte <b>rendu</b> &amp; bilan</titre><f>x.pdf</f></d>\n'
        '<d id="2"><titre><![CDATA[a<b]]></titre><f>y.pdf</f><f>z.pdf</f><f/></d>\n'
        '<d id="3"/>\n</index>',
        encoding="utf-8",
    )
    fields = {**FIELDS, "Fichiers": "f", "Nombre": "count(f)", "Deux": "count(f) > 1", "Base": "string(/index/@x)"}
    table = source(["Id"], file="a.xml", format="xml", record="/index/d", fields=fields)
    assert table.header.labels == tuple(fields)
    assert [(row.line, row.cells) for row in table.rows()] == [
        (3, ("1", "Compte rendu & bilan", "x.pdf", "1", "FAUX", "")),
        (4, ("2", "a<b", "y.pdf|z.pdf", "3", "VRAI", "")),
        (5, ("3", "", "", "0", "FAUX", "")),
    ]


@pytest.mark.parametrize("record", ["//d", "d", "/index/d", "index/d"])
def test_paths_may_begin_at_the_root_or_in_it(source: Open, tmp_path: Path, record: str) -> None:
    (tmp_path / "a.xml").write_text('<index><d id="1"/></index>', encoding="utf-8")
    assert cells(source(["Id"], file="a.xml", format="xml", record=record, fields={"Id": "@id"})) == [("1",)]


def test_namespaces(source: Open, tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text('<i xmlns="urn:a" xmlns:b="urn:b"><d id="1"><b:n>x</b:n></d></i>', encoding="utf-8")
    spec: dict[str, Any] = {"file": "a.xml", "format": "xml", "fields": {"Id": "@id", "N": "q:n"}}
    names = {"p": "urn:a", "q": "urn:b"}
    assert cells(source(["Id"], record="//p:d", namespaces=names, **spec)) == [("1", "x")]
    with pytest.raises(Exception, match=r"SRC-25.*\{urn:a\}d"):
        source(["Id"], record="//d", namespaces=names, **spec)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "cp1252"])
def test_the_declared_encoding_holds(source: Open, tmp_path: Path, encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?><i><d id="é"/></i>'
    (tmp_path / "a.xml").write_bytes(text.encode(encoding))
    assert cells(source(["Id"], file="a.xml", format="xml", record="//d", fields={"Id": "@id"})) == [("é",)]


def test_the_declared_encoding_must_hold(source: Open, tmp_path: Path) -> None:
    text = '<?xml version="1.0" encoding="utf-8"?><i><d id="é"/></i>'
    (tmp_path / "a.xml").write_bytes(text.encode("cp1252"))
    spec: dict[str, Any] = {"file": "a.xml", "format": "xml", "record": "//d", "fields": {"Id": "@id"}}
    assert refusal(lambda: source(["Id"], **spec)) == ["SRC-24"]
    assert cells(source(["Id"], encoding="cp1252", **spec)) == [("é",)], "the mapping overrules the file"
    assert refusal(lambda: source(["Id"], encoding="utf-huit", **spec)) == ["SRC-16"]


def test_values_that_cannot_be_told_apart_are_faults(source: Open, tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text('<i><d id="1"><f>a|b</f><f>c</f></d><d id="2"><f>a|b</f></d></i>', encoding="utf-8")
    table = source(["Id"], file="a.xml", format="xml", record="//d", fields={"Id": "@id", "F": "f"})
    assert faults(table) == {(1, 1): "CELL-12"}
    assert cells(table)[1] == ("2", "a|b")
    assert "SRC-79" in codes(table.decisions)


@pytest.mark.parametrize(
    ("content", "spec", "code"),
    [
        ("<i><d/></i>", {"format": "auto"}, "SRC-26"),
        ("<i><d/></i>", {"record": "//x"}, "SRC-25"),
        ("<i><d/></i>", {"record": "//d["}, "SRC-27"),
        ("<i><d/></i>", {"record": "count(//d)"}, "SRC-27"),
        ("<i><d/></i>", {"fields": {"Id": "@id["}}, "SRC-27"),
        ("<i><d/></i>", {"fields": {"Id": "p:id"}}, "SRC-27"),
        ("<i><d/></i>", {"record": "//p:d"}, "SRC-27"),
        ("<i><d></i>", {}, "SRC-24"),
        ("<i><d/>", {}, "SRC-24"),
        ("<i>&nbsp;<d/></i>", {}, "SRC-24"),
        ('<!DOCTYPE i [<!ENTITY l "l">]><i><d id="&l;"/></i>', {}, "SRC-23"),
        ('<!DOCTYPE i SYSTEM "http://example.org/i.dtd"><i><d/></i>', {}, "SRC-23"),
        (
            '<!DOCTYPE i [<!ENTITY a "xxxxxxxxxx"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><i><d id="&b;"/></i>',
            {},
            "SRC-23",
        ),
        ('<!DOCTYPE i [<!ENTITY f SYSTEM "file:///etc/hostname">]><i><d>&f;</d></i>', {}, "SRC-23"),
        ("<!--" + "x" * 70_000 + "-->" + '<!DOCTYPE i [<!ENTITY l "l">]><i><d/></i>', {}, "SRC-23"),
    ],
)
def test_what_is_refused(source: Open, tmp_path: Path, content: str, spec: dict[str, Any], code: str) -> None:
    (tmp_path / "a.xml").write_text(content, encoding="utf-8")
    asked: dict[str, Any] = {"format": "xml", "record": "//d", "fields": {"Id": "@id"}, **spec}
    if asked["format"] == "auto":
        asked = {}
    assert refusal(lambda: source(["Id"], file="a.xml", **asked)) == [code]


def test_size(source: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.xml").write_text("<i><d/></i>", encoding="utf-8")
    monkeypatch.setattr(markup, "MAX_MARKUP_BYTES", 5)
    spec: dict[str, Any] = {"format": "xml", "record": "//d", "fields": {"Id": "@id"}}
    assert refusal(lambda: source(["Id"], file="a.xml", **spec)) == ["SRC-82"]
