"""A wrapped file that is like one before it is not read again, and whatever is wrong with it is found all the same."""

from __future__ import annotations

import pytest

from converter.cda.check import CdaChecker, RepeatedCheck, repeated
from tests.cda.check.documents import SCAN
from tests.cda.check.test_scan_faults import FAULTS

_START = '<component><nonXMLBody><text mediaType="application/pdf" representation="B64">'


def pieces(document: str) -> list[bytes]:
    """As a header, its body and its end; the whole where it is no such document."""
    start = "<component><nonXMLBody><text"
    head, found, rest = document.partition(start)
    tag, closed, body = rest.partition(">")
    content, ended, end = body.partition("</text>")
    if not (found and closed and ended):
        return [document.encode()]
    return [f"{head}{start}{tag}>".encode(), content.encode(), f"{ended}{end}".encode()]


def whole(document: str) -> list[str]:
    checker = CdaChecker()
    checker.feed(document.encode())
    return [d.code for d in checker.close().diagnostics if d.is_error]


def errors(check: RepeatedCheck, document: str) -> list[str]:
    return [d.code for d in check.problems(pieces(document)) if d.is_error]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One item for each document that is read whole."""
    made: list[str] = []

    class Watched(CdaChecker):
        def __init__(self, state: str | None = None) -> None:
            made.append("read")
            super().__init__(state)

    monkeypatch.setattr(repeated, "CdaChecker", Watched)
    return made


@pytest.fixture
def check(read: list[str]) -> RepeatedCheck:
    made = RepeatedCheck(None)
    assert errors(made, SCAN) == []
    read.clear()
    return made


@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f"{f[2]} {f[1][:30]}")
def test_a_fault_is_found_after_a_sound_document(check: RepeatedCheck, fault: tuple[str, str, str, object]) -> None:
    old, new = fault[:2]
    broken = SCAN.replace(old, new, 1)
    assert errors(check, broken) == whole(broken)
    assert errors(check, broken) == whole(broken)  # what was found wrong is not remembered as sound
    assert errors(check, SCAN) == []


ALIKE = [
    ("<title>Titre</title>", "<title>L'été &amp; l'hiver</title>"),
    ('<id root="2.25.7001"/>', '<id root="2.25.7002"/>'),
    ('<setId root="2.25.7000"/>', '<setId root="1.2.250.1.999.1"/>'),
    ('<effectiveTime value="20240102030405+0100"/>', '<effectiveTime value="20231231235959+0200"/>'),
]


@pytest.mark.parametrize(("old", "new"), ALIKE)
def test_other_words_of_the_same_form_are_not_read_again(
    check: RepeatedCheck, read: list[str], old: str, new: str
) -> None:
    assert old in SCAN
    assert errors(check, SCAN.replace(old, new, 1)) == []
    assert not read


UNUSUAL = [
    ("<title>Titre</title>", "<title>\u00a0</title>", "CDAX-18"),
    ("<title>Titre</title>", "<title>a & b</title>", "CDAX-01"),
    ("<title>Titre</title>", "<title>a ]]> b</title>", "CDAX-01"),
    ("<title>Titre</title>", "<title>a\x01b</title>", "CDAX-01"),
    ('<id root="2.25.7001"/>', '<id root="2.25.007"/>', "CDAX-23"),
    ('value="20240102030405+0100"', 'value="20240230030405+0100"', "CDAX-20"),
    ('value="20240102030405+0100"', 'value="20240102030405+9900"', "CDAX-20"),
    (_START, _START.replace("pdf", "zip"), "CDAX-63"),
    (_START, _START.replace("application/pdf", "image/jpeg"), "CDAX-64"),
    (_START, _START + "=", "CDAX-62"),
]


@pytest.mark.parametrize(("old", "new", "code"), UNUSUAL)
def test_words_of_another_form_are_judged(check: RepeatedCheck, old: str, new: str, code: str) -> None:
    assert old in SCAN
    assert code in errors(check, SCAN.replace(old, new, 1))


def test_residents_and_rests_meet_freely(check: RepeatedCheck, read: list[str]) -> None:
    """What two sound documents are made of makes a third one that is not read."""
    other = SCAN.replace("<given>Anne Marie</given>", "<given>Jeanne</given>", 1)
    assert errors(check, other) == []
    read.clear()
    assert errors(check, other.replace("2.25.7001", "2.25.7003")) == []
    assert not read


def test_what_is_remembered_is_bounded(check: RepeatedCheck, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeated, "_REMEMBERED", 1)
    assert errors(check, SCAN.replace("Anne Marie", "Jeanne")) == []
    assert errors(check, SCAN.replace("<title>Titre</title>", "<title/>")) == ["CDAX-18"]
