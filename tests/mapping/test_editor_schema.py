"""The JSON Schema accepts what an editor's YAML makes of good mappings, and marks mistakes."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from converter.mapping.loader import json_schema
from tests.mapping.making import SMALL, merged
from tests.mapping.test_loader import EXAMPLE

SCHEMA = json_schema()
VALIDATOR = Draft202012Validator(SCHEMA)
ENTRY = {"from": "u", "resident": "N", "key": "K"}


def test_it_is_a_schema_of_its_draft() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA
    assert json_schema() == SCHEMA


def test_every_key_has_words() -> None:
    for block in [SCHEMA, *SCHEMA["$defs"].values()]:
        for key, field in block.get("properties", {}).items():
            assert field["description"].strip(), key


def test_the_example_as_an_editor_reads_it() -> None:
    typed = yaml.safe_load(EXAMPLE)
    assert typed["establishment"]["finess"] == 2097172  # what the schema has to put up with
    assert list(VALIDATOR.iter_errors(typed)) == []


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"establishment": {"software": {"version": 2019}}},
        {"sources": {"ged": {"optional": True, "header_row": 3, "columns": ["A", 2], "file": ["a.csv", "b.csv"]}}},
        {"sources": {"ged": {"optional": "yes", "header_row": "3"}}},
        {"tables": {"sites": {"01004": 1, "NO": False}, "k": {"use": "legacy-document-kinds", "add": {"A": "x"}}}},
        {"residents": {"ins": "INS", "birth_name": ["A", {"value": 1}], "when": {"column": "A", "in": "x"}}},
        {"residents": {"sex": {"lookup": {"source": "u", "key": "K", "column": "C", "value": {"template": "x"}}}}},
        {"documents": {0: {"convert": False, "when": [{"column": "A", "empty": True}]}}},
        {"assessments": {**ENTRY, "date": "D", "items": {"A": "B", "C": {"result": "D"}}}},
        {"events": [{**ENTRY, "start": "D", "professionals": {"name": "P"}, "structure": "establishment"}]},
        {"custodian": {"organization": {"name": {"value": "CCAS"}}}},
        {"checks": {"finess": "off"}},
        {"documents": {1: {"dossier": {"deviation": "none"}}}},
    ],
)
def test_good_mappings_pass(changes: dict[str, Any]) -> None:
    assert [e.message for e in VALIDATOR.iter_errors(merged(SMALL, changes))] == []


def test_a_file_that_extends_another_may_say_little() -> None:
    assert VALIDATOR.is_valid({"mapping": 1, "extends": "../base.yaml", "establishment": {"finess": "010990000"}})
    assert not VALIDATOR.is_valid({"mapping": 1, "establishment": {"finess": "010990000"}})


@pytest.mark.parametrize(
    "changes",
    [
        {"extra": "x"},
        {"mapping": 2},
        {"release": "tddui-9"},
        {"establishment": {"finess": None}},
        {"establishment": {"finess": ["1"]}},
        {"establishment": {"nme": "x"}},
        {"residents": {"birth_name": {"colum": "x"}}},
        {"residents": {"birth_name": {"column": "x", "dat": "%Y"}}},
        {"residents": {"birth_name": []}},
        {"sources": {"ged": {"encodng": "utf-8"}}},
        {"sources": {"ged": {"header_row": "first"}}},
        {"sources": {"ged": {"optional": "perhaps"}}},
        {"documents": {0: {"titel": "x"}}},
        {"documents": {0: {"key": None}}},
        {"documents": "x"},
        {"tables": {"a": {"b": ["c"]}}},
        {"checks": {"finess": "perhaps"}},
        {"custodian": {"organization": {"name": {"column": "x"}}}},
    ],
)
def test_mistakes_fail(changes: dict[str, Any]) -> None:
    assert not VALIDATOR.is_valid(merged(SMALL, changes))


def test_an_empty_value_fails() -> None:
    assert not VALIDATOR.is_valid({**SMALL, "title": None})
