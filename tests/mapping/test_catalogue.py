"""Every code of the mapping has words, and a test here that triggers it."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

import converter.mapping
from converter.diagnostics import MappingLocation
from converter.diagnostics.catalogue import entries
from converter.mapping.problems import diagnostics_of
from tests.mapping.test_checks import CASES, WARNINGS

_HERE = Path(__file__).parent
_CODE = re.compile(r"\"((?:MAP|VAL|DATE|CODE|ID|RUN)-\d\d)\"")


def of_area(*areas: str) -> set[str]:
    return {code for code, entry in entries().items() if entry.area in areas}


def test_codes_in_the_code_have_words() -> None:
    folder = Path(converter.mapping.__file__).parent
    used = {code for file in folder.glob("*.py") for code in _CODE.findall(file.read_text("utf-8"))}
    assert used <= set(entries())
    assert of_area("mapping", "values") <= used


def test_every_code_is_triggered_by_a_test() -> None:
    triggered = {code for _, code, _ in [*CASES, *WARNINGS]}
    for file in _HERE.glob("test_*.py"):
        if file.name != "test_catalogue.py":
            triggered |= set(_CODE.findall(file.read_text("utf-8")))
    triggered.add("MAP-19")  # below
    assert of_area("mapping", "values") - triggered == set()


@pytest.mark.parametrize("code", sorted(of_area("mapping", "values")))
def test_words_in_both_languages_with_the_same_parameters(code: str) -> None:
    entry = entries()[code]
    for french, english in ((entry.fr, entry.en), (entry.remedy_fr, entry.remedy_en)):
        assert bool(french) == bool(english)
        assert _fields(french) == _fields(english)
    assert entry.why


def _fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


class _Model(BaseModel):
    number: float


def test_what_no_other_code_says() -> None:
    """The schema holds nothing that pydantic could refuse in yet another way; were it to, it is still told."""
    with pytest.raises(ValidationError) as refused:
        _Model.model_validate({"number": "x"})
    (found,) = diagnostics_of(refused.value, {"number": "x"}, lambda path: MappingLocation("m", 1, 1, str(path)))
    assert found.code == "MAP-19"
    assert "number" in found.message("en")
