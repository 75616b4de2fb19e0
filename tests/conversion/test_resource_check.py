"""A resource is judged whole when its resident or its rest is new, its own words always."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from converter.conversion import resource_check
from converter.conversion.resource_check import ResourceCheck
from converter.fhir import RELEASES
from tests.conversion.products import products_of
from tests.making import export

Json = dict[str, Any]


@pytest.fixture
def resources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Json]:
    made = export(tmp_path / "in", residents=2, documents=2)
    return [dict(p.resource) for p in products_of(made, tmp_path, monkeypatch)]


@pytest.fixture
def check() -> ResourceCheck:
    return ResourceCheck(RELEASES["tddui-1.1.0"])


def errors(check: ResourceCheck, resource: Json) -> list[str]:
    return [d.code for d in check.problems(resource) if d.is_error]


def test_sound_resources_have_none(check: ResourceCheck, resources: list[Json]) -> None:
    assert [errors(check, r) for r in resources] == [[], [], [], []]


def broken(resource: Json, path: tuple[str | int, ...], value: object) -> Json:
    made = copy.deepcopy(resource)
    place: Any = made
    for step in path[:-1]:
        place = place[step]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return made


MUTANTS: list[tuple[tuple[str | int, ...], object]] = [
    (("masterIdentifier", "value"), "pas une urn"),
    (("masterIdentifier", "value"), None),
    (("content", 0, "attachment", "title"), ""),
    (("content", 0, "attachment", "creation"), "hier"),
    (("content", 0, "attachment", "contentType"), None),
    (("description",), " "),
    (("type", "coding", 0, "code"), ""),
    (("status",), "courant"),
    (("date",), "demain"),
    (("contained", 0, "name", 0, "family"), ""),
    (("contained", 0, "birthDate"), "04/05/1931"),
    (("subject", "reference"), "#personne"),
    (("inconnu",), "x"),
]


@pytest.mark.parametrize(("path", "value"), MUTANTS)
def test_what_is_wrong_is_found_before_and_after_sound_ones(
    check: ResourceCheck, resources: list[Json], path: tuple[str | int, ...], value: object
) -> None:
    mutants = [broken(resource, path, value) for resource in resources]
    fresh = errors(check, mutants[0])
    assert fresh
    assert all(errors(check, r) == [] for r in resources)
    assert all(errors(check, mutant) for mutant in mutants)
    assert errors(check, mutants[0])


def test_what_is_remembered_is_bounded(
    check: ResourceCheck, resources: list[Json], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource_check, "_REMEMBERED", 4)
    for number in range(20):
        resource = broken(resources[0], ("contained", 0, "name", 0, "family"), f"NOM{number}")
        assert errors(check, resource) == []
        assert len(check._seen) <= 6
