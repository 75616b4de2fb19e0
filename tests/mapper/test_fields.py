"""The last step of each field: closed lists, forms, and the code of what is not in them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from converter.diagnostics import Severity
from converter.identifiers import check_nir, check_rpps
from converter.mapper import fields
from converter.mapping.nodes import KindSpec
from converter.mapping.values import Noted, WrongValueError
from converter.model import PartialDate, Sex, SourceRow, Telecom

TAKEN = [
    (fields.text_of, "a", "a"),
    (fields.one_line, "  a\r\n\tb\x00c\u2028d ", "a b c d"),
    (fields.one_line, "\x01\x02", None),
    (fields.one_line, "\x1f", None),
    (fields.sex, "M", Sex.MALE),
    (fields.sex, "female", Sex.FEMALE),
    (fields.sex, "UN", Sex.UNKNOWN),
    (fields.title, "Monsieur", "M"),
    (fields.title, "Mlle", "MME"),
    (fields.title, "Mme.", "MME"),
    (fields.boolean, "Oui", True),
    (fields.boolean, "0", False),
    (fields.number(1, 999), "007", 7),
    (fields.number(1, 999), "999", 999),
    (fields.calendar_day, datetime(2020, 5, 3, 23, 59, tzinfo=UTC), PartialDate(2020, 5, 3)),
    (fields.calendar_day, PartialDate(1931), PartialDate(1931)),
    (fields.moment, PartialDate(1931, 5), PartialDate(1931, 5)),
    (fields.place_code, "01004", "01004"),
    (fields.place_code, "2a004", "2A004"),
    (fields.place_code, "99352", "99352"),
    (fields.phone("H"), "+33 (0)4.74-22/10", Telecom("tel", "+334742210", "H")),
    (fields.email, "a@b.fr", Telecom("mailto", "a@b.fr")),
    (fields.language, "fr-FR", "fr-FR"),
    (fields.language, "oc", "oc"),
    (fields.urn, "1.2.3", "urn:oid:1.2.3"),
    (fields.urn, "urn:oid:1.2.3", "urn:oid:1.2.3"),
    (fields.urn, "urn:uuid:8b7a2f44-1c3d-4f6e-9a5b-2c7d8e9f0a1b", "urn:uuid:8b7a2f44-1c3d-4f6e-9a5b-2c7d8e9f0a1b"),
]


@pytest.mark.parametrize(("field", "datum", "taken"), TAKEN)
def test_what_a_field_takes(field: Any, datum: Any, taken: Any) -> None:
    assert field(datum) == taken


REFUSED = [
    (fields.text_of, KindSpec(type="11488-4"), "FLD-01"),
    (fields.sex, "H", "FLD-02"),
    (fields.sex, "homme", "FLD-02"),
    (fields.title, "Docteur", "FLD-03"),
    (fields.boolean, "peut-être", "FLD-04"),
    (fields.number(1, 999), "0", "FLD-05"),
    (fields.number(1, 999), "1000", "FLD-05"),
    (fields.number(1, 999), "1,5", "FLD-05"),
    (fields.number(1, 999), "²", "FLD-05"),
    (fields.number(1, 999), "9" * 5000, "FLD-05"),
    (fields.calendar_day, "1931", "FLD-06"),
    (fields.moment, "1931", "FLD-06"),
    (fields.language, "français", "FLD-10"),
    (fields.confidentiality, "S", "FLD-11"),
    (fields.event_code, "code seul", "FLD-12"),
    (fields.event_code, "http://x|", "FLD-12"),
    (fields.event_code, "pas une uri|code", "FLD-12"),
    (fields.urn, "urn:uuid:zz", "FLD-13"),
    (fields.urn, "1.2.", "FLD-13"),
    (fields.code_in("JDV_J06"), "zz", "CODE-02"),
    (fields.document_kind, "99999-9", "CODE-02"),
    (fields.document_kind, KindSpec(**{"type": "11488-4", "class": "zz"}), "CODE-02"),
]


@pytest.mark.parametrize(("field", "datum", "code"), REFUSED, ids=[f"{c}-{n}" for n, (_, _, c) in enumerate(REFUSED)])
def test_what_a_field_refuses(field: Any, datum: Any, code: str) -> None:
    with pytest.raises(WrongValueError) as wrong:
        field(datum)
    assert wrong.value.code == code


@pytest.mark.parametrize(
    ("field", "datum", "code"),
    [
        (fields.place_code, "1004", "FLD-07"),
        (fields.place_code, "3B004", "FLD-07"),
        (fields.phone("H"), "appeler sa fille", "FLD-08"),
        (fields.phone("MC"), "12", "FLD-08"),
        (fields.email, "a@b", "FLD-09"),
        (fields.email, "a b@c.fr", "FLD-09"),
    ],
)
def test_what_a_field_drops_with_a_remark(field: Any, datum: str, code: str) -> None:
    assert field(datum) == Noted(None, code)


def test_the_zero_of_calls_within_france_is_no_part_of_an_international_number() -> None:
    assert fields.phone("H")("+33 (0)2 99 00 00 01") == Telecom("tel", "+33299000001", "H")


@pytest.mark.parametrize("datum", ["612345678", "6 12 34 56 78"])
def test_a_telephone_number_that_a_spreadsheet_took_for_a_quantity_is_kept_with_a_remark(datum: str) -> None:
    assert fields.phone("MC")(datum) == Noted(Telecom("tel", "612345678", "MC"), "FLD-18")


@pytest.mark.parametrize("level", [Severity.ERROR, Severity.WARNING, None])
def test_a_wrong_key_is_as_grave_as_the_mapping_says(level: Severity | None) -> None:
    number = "2790399123456"
    good = number + f"{97 - int(number) % 97:02d}"
    judge = fields.identifier_of(check_nir, level)
    assert judge(f" {good[:7]} {good[7:]} ") == good
    bad = number + f"{(int(good[13:]) % 97) + 1:02d}"
    with pytest.raises(WrongValueError):
        judge("27903")
    if level is Severity.ERROR:
        with pytest.raises(WrongValueError, match="ID-11"):
            judge(bad)
    else:
        assert judge(bad) == (bad if level is None else Noted(bad, "ID-11"))


def test_a_wrong_shape_is_wrong_whatever_the_level() -> None:
    with pytest.raises(WrongValueError):
        fields.identifier_of(check_rpps, None)("12AB")


def test_a_type_keeps_the_class_that_its_table_gives() -> None:
    kind, category = fields.document_kind(KindSpec(**{"type": "11488-4", "class": "11"}))
    assert (kind.code, category.code if category else None) == ("11488-4", "11")
    assert fields.document_kind("11488-4")[1] is None


def test_an_event_is_system_code_display() -> None:
    event = fields.event_code("urn:oid:1.2.3| C1 |Consultation")
    assert (event.system, event.oid, event.code, event.display) == ("urn:oid:1.2.3", "1.2.3", "C1", "Consultation")


def test_levels() -> None:
    assert fields.levels({"ins": "error", "nss": "off"}) == {"ins": Severity.ERROR, "nss": None}


@pytest.mark.parametrize(("value", "column"), [("Nom", "Nom"), (None, None), (["a", "b"], None)])
def test_the_column_of_a_value(value: object, column: str | None) -> None:
    assert fields.column_of(value) == column


def test_mandatory_turns_nothing_into_an_error() -> None:
    from converter.mapping.values import Result

    row = SourceRow("s", "f.csv", 3, ())
    found = fields.mandatory(lambda _: Result(), "Nom")(row)
    assert [(d.code, str(d.location)) for d in found.diagnostics] == [("VAL-01", "f.csv:3 (Nom)")]
    assert fields.mandatory(lambda _: Result("x"), "Nom")(row) == Result("x")
