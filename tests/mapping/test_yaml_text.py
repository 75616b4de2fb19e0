"""YAML as text: nothing is typed, nothing is dropped, hostile files stop early."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converter.diagnostics import MappingError
from converter.mapping import yaml_text
from converter.mapping.loader import load
from converter.mapping.yaml_text import read_yaml
from tests.mapping.making import SMALL, faults, loaded


def read(tmp_path: Path, text: str) -> yaml_text.Document:
    path = tmp_path / "m.yaml"
    path.write_text(text, "utf-8")
    return read_yaml(path)


@pytest.mark.parametrize(
    "word", ["010000024", "01004", "NO", "yes", "12:30", "1e3", "0x10", "2026-03-01", "1_000", ".5", "010990000"]
)
def test_scalars_stay_what_was_written(tmp_path: Path, word: str) -> None:
    assert read(tmp_path, f"a: {word}\nb: [{word}]\n").data == {"a": word, "b": [word]}


def test_keys_stay_text_too(tmp_path: Path) -> None:
    assert read(tmp_path, "010: a\nNO: b\n1: c\n").data == {"010": "a", "NO": "b", "1": "c"}


def test_an_unquoted_finess_keeps_its_zero(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    text = """
mapping: 1
establishment: {name: E, finess: 010990000, facility_type: SA17, category: 500, software: {name: S, version: 2019}}
sources: {u: {file: u.csv, optional: yes, header_row: 3}}
tables: {sites: {01004: 01, NO: nord, 12:30: midi}}
residents: {from: u, key: K, birth_name: N, nss: {column: S, table: sites}}
documents: [{dossier: {}}]
"""
    path.write_text(text, "utf-8")
    spec = load(path).spec
    assert spec.establishment.finess == "010990000"
    assert spec.establishment.software.version == "2019"
    assert spec.tables["sites"] == {"01004": "01", "NO": "nord", "12:30": "midi"}
    assert spec.sources["u"].optional is True
    assert spec.sources["u"].header_row == 3


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("a: 1\nb: [1, 2\nc: 3\n", "MAP-02", 3, 2),
        ("a: 'x\n", "MAP-02", 2, 1),
        ("a: b: c\n", "MAP-02", 1, 5),
        ("- a\n", "MAP-03", 1, 1),
        ("word\n", "MAP-03", 1, 1),
        ("", "MAP-20", 1, 1),
        ("# only a comment\n", "MAP-20", 1, 1),
        ("a: 1\nb: x\x07y\n", "MAP-22", 2, 5),
        ("a: !!python/object:os.system x\n", "MAP-23", 1, 4),
        ("a: !!str x\n", "MAP-23", 1, 4),
        ("a: " + "[" * 41 + "]" * 41 + "\n", "MAP-04", 1, 43),
        ("a: 1\n---\nb: 2\n", "MAP-02", 2, 1),
        ("a: *nowhere\n", "MAP-02", 1, 4),
    ],
)
def test_a_file_that_is_no_mapping(tmp_path: Path, text: str, code: str, line: int, column: int) -> None:
    with pytest.raises(MappingError) as refused:
        read(tmp_path, text)
    (found,) = refused.value.diagnostics
    assert (found.code, found.location.line, found.location.column) == (code, line, column)


def test_another_encoding_says_where(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_bytes("mapping: 1\ntitle: Été\n".encode("cp1252"))
    (found,) = faults(path)
    assert str(found.location) == "m.yaml:2:8"
    assert found.code == "MAP-05"


@pytest.mark.parametrize("kind", ["missing", "folder"])
def test_a_file_that_cannot_be_opened(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "m.yaml"
    if kind == "folder":
        path.mkdir()
    assert [d.code for d in faults(path)] == ["MAP-01"]


def test_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_text, "MAX_BYTES", 100)
    path = tmp_path / "m.yaml"
    path.write_text("a: " + "x" * 200, "utf-8")
    assert [d.code for d in faults(path)] == ["MAP-04"]


def test_aliases_cannot_multiply(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9)]
    with pytest.raises(MappingError) as refused:
        read(tmp_path, "\n".join(lines))
    assert refused.value.diagnostics[0].code == "MAP-04"


def test_an_alias_of_itself(tmp_path: Path) -> None:
    with pytest.raises(MappingError) as refused:
        read(tmp_path, "a: &a [*a]\n")
    assert refused.value.diagnostics[0].code == "MAP-04"


def test_aliases_within_reason_are_read(tmp_path: Path) -> None:
    assert read(tmp_path, "a: &x {k: v}\nb: *x\n").data == {"a": {"k": "v"}, "b": {"k": "v"}}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: 1\nb:\n  c: 1\n  c: 2\n", ("MAP-07", 4, 3, "b.c")),
        ("a:\nb: 1\n", ("MAP-08", 1, 1, "a")),
        ("a: [x, ~]\n", ("MAP-08", 1, 8, "a[1]")),
        ("a: {b: null}\n", ("MAP-08", 1, 5, "a.b")),
        ("d: &d {x: y}\na:\n  <<: *d\n", ("MAP-06", 3, 3, "a")),
        ("? [a, b]\n: c\n", ("MAP-06", 1, 3, "")),
    ],
)
def test_what_is_wrong_with_a_key(tmp_path: Path, text: str, place: tuple[str, int, int, str]) -> None:
    (found,) = read(tmp_path, text).problems
    where = found.location
    assert (found.code, where.line, where.column, where.path) == place


def test_quoted_nothing_is_a_text(tmp_path: Path) -> None:
    assert read(tmp_path, "a: ''\nb: \"null\"\n").data == {"a": "", "b": "null"}


def test_the_c_loader_is_used() -> None:
    """The pure Python one takes a second for a large mapping."""
    assert yaml_text._Loader.__name__ in ("CSafeLoader", "SafeLoader")


# -------------------------------------------------------------------------------------------------- any file at all

_WORDS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["from", "column", "value", "date", "table", "default", "split", "lookup", "template", "use", "1"]),
    st.sampled_from(["%d/%m/%Y", "%y", "(", "[", "{{ row['x'] }}", "{% for %}", "\x00", "\x85", "\ufeff"]),
)
_TREES = st.recursive(
    _WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_WORDS, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None)
@given(raw=st.binary(max_size=200))
def test_any_bytes_are_a_mapping_or_a_mapping_error(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "m.yaml"
    path.write_bytes(raw)
    with pytest.raises(MappingError) as refused:
        load(path)
    assert refused.value.diagnostics


@settings(max_examples=100, deadline=None)
@given(key=st.sampled_from(sorted([*SMALL, "author", "custodian", "contacts", "events", "extends"])), tree=_TREES)
def test_any_tree_under_a_key(tmp_path_factory: pytest.TempPathFactory, key: str, tree: object) -> None:
    folder = tmp_path_factory.mktemp("any")
    try:
        found = loaded(folder, {key: tree})
    except MappingError as refused:
        assert all(d.text("fr") and d.text("en") for d in refused.diagnostics)
    else:
        assert found.fingerprint


@settings(max_examples=100, deadline=None)
@given(field=st.sampled_from(["title", "type", "created", "scan", "author", "when", "guard"]), tree=_TREES)
def test_any_tree_in_a_rule(tmp_path_factory: pytest.TempPathFactory, field: str, tree: object) -> None:
    folder = tmp_path_factory.mktemp("any")
    try:
        found = loaded(folder, {"documents": {0: {field: tree}}})
    except MappingError as refused:
        assert all(d.text("fr") and d.text("en") for d in refused.diagnostics)
    else:
        assert found.fingerprint
