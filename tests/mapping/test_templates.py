"""Expressions see the row and nothing else."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converter.mapping.nodes import TemplateValue
from converter.mapping.templates import MAX_OUTPUT, columns_of, compile_template, template_problem
from converter.mapping.values import Result, ValueContext, compile_value
from converter.model import Header, SourceRow

ROW = {"Nom": "dupont", "Prénom": " Jean ", "Vide": ""}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{{ row["Nom"] | upper }}', "DUPONT"),
        ('{{ row["Prénom"] | trim }} {{ row["Nom"] | title }}', "Jean Dupont"),
        ('{{ row["Nom"][:3] }}', "dup"),
        ('{{ row["Nom"] | replace("du", "Du") }}', "Dupont"),
        ('{{ "oui" if row["Vide"] == "" else "non" }}', "oui"),
        ('{% if row["Nom"] in ("dupont", "durand") %}connu{% else %}inconnu{% endif %}', "connu"),
        ('{{ row["Nom"] ~ "-" ~ row["Prénom"] | trim }}', "dupont-Jean"),
        ('{{ row["Nom"] | first | upper }}', "D"),
        ("texte seul", "texte seul"),
    ],
)
def test_what_an_expression_gives(text: str, expected: str) -> None:
    assert template_problem(text) is None
    assert compile_template(text)({k: ROW[k] for k in columns_of(text)}) == expected


@pytest.mark.parametrize(
    "text",
    [
        "{% for x in row %}{{ x }}{% endfor %}",
        "{% for i in range(9) %}{% endfor %}",
        "{% set x = 1 %}",
        "{% macro m() %}{% endmacro %}",
        '{% include "/etc/passwd" %}',
        '{% import "x" as y %}',
        '{% extends "x" %}',
        '{{ row.__class__ }}',
        "{{ row.Nom }}",
        '{{ row["Nom"].format }}',
        '{{ row["Nom"] | attr("__class__") }}',
        '{{ row["Nom"].upper() }}',
        '{{ "".__class__.__mro__ }}',
        "{{ self }}",
        "{{ config }}",
        "{{ cycler }}",
        "{{ lipsum() }}",
        '{{ "x" * 1000000000 }}',
        "{{ 9 ** 9 ** 9 }}",
        '{{ "%1000000000d" % 1 }}',
        '{{ row["Nom"] | map("upper") | join }}',
        '{{ row["Nom"] | center(1000000000) }}',
        '{{ row["Nom"] | unknown }}',
        "{{ row[Nom] }}",
        "{{ row[0] }}",
        "{{ row }}",
        '{{ row["Nom"] ',
        "{% if %}",
        "{{ }}",
        "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
    ],
)  # fmt: skip
def test_what_an_expression_may_not_hold(text: str) -> None:
    assert template_problem(text)


def test_output_is_bounded() -> None:
    grow = '{{ row["Nom"]' + ' | replace("a", "aaaaaaaaaa")' * 8 + " }}"
    assert template_problem(grow) is None
    assert compile_template(grow)({"Nom": "a" * 100}) is None
    long = compile_template('{{ row["Nom"] ~ row["Nom"] }}')
    assert long({"Nom": "a" * (MAX_OUTPUT // 2)}) is not None
    assert long({"Nom": "a" * MAX_OUTPUT}) is None


def test_columns_are_the_headers_in_brackets() -> None:
    assert columns_of('{{ row["A"] }}{% if row["B b"] == "" %}{{ row["A"][0] }}{% endif %}') == ["A", "B b"]
    assert columns_of("{{ row[") == []


def test_an_expression_that_fails_on_a_row_is_said() -> None:
    value = TemplateValue.model_validate({"template": '{{ row["Nom"] + 1 }}'})
    rule = compile_value(value, Header(("Nom",)), ValueContext(ZoneInfo("UTC")))
    found = rule(SourceRow("s", "f", 1, ("x",)))
    assert (found.value, [d.code for d in found.diagnostics]) == (None, ["VAL-05"])


def test_markup_stays_text() -> None:
    value = TemplateValue.model_validate({"template": '<{{ row["Nom"] }}>'})
    rule = compile_value(value, Header(("Nom",)), ValueContext(ZoneInfo("UTC")))
    assert rule(SourceRow("s", "f", 1, ("{{ 1 + 1 }} & <b>",))) == Result("<{{ 1 + 1 }} & <b>>")


_PIECES = ["{{", "}}", "{%", "%}", "row", '["A"]', "if", "endif", "|", "upper", '"', "(", ")", "+", "~", "1", " "]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(_PIECES), max_size=14))
def test_any_text_is_judged(parts: list[str]) -> None:
    text = "".join(parts)
    if template_problem(text) is None:
        made = compile_template(text)(dict.fromkeys(columns_of(text), "x"))
        assert made is None or isinstance(made, str)
