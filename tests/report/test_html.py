"""report.html: verdict and sums first, in both languages, with nothing from outside and nothing personal."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from lxml import html

from converter.diagnostics import Diagnostic, Severity, SourceLocation
from converter.model import Verdict
from converter.report.html import LIST, report_html
from converter.report.problems import gathered
from converter.report.words import WORDS, moment, number, size, typeset
from tests.making import dui, export, piece, run_record

TOTAL = {"read": 3, "converted": 2, "rejected": 1, "skipped": 0}


def record(**changes):
    return {
        "tool": {"name": "dui-converter", "version": "1.2.3"},
        "status": "complete",
        "arguments": {"mapping": "mapping.yaml", "limit": None, "residents": 0, "strict": False},
        "mapping": {"title": "Reprise <Titan>", "fingerprint": "f" * 64},
        "release": "tddui-1.1.0",
        "cda": "1.1.0",
        "clock": {"moment": "2026-03-12T18:00:00+01:00", "origin": "mapping"},
        "sources": [{"source": "ged", "file": "ged.csv", "size": 12345, "sha256": "a" * 64}],
        "rows": {"sources": {"ged": TOTAL}, "total": TOTAL},
        "residents": {"read": 2, "handed_over": 1, "kept": 0},
        "documents": 2,
        "bundles": {"count": 1, "bytes": 2_500_000},
        "unindexed": 0,
    } | changes


def met(code="RUN-01", line=4, verdict=Verdict.REJECTED, level="error", column="Date", **params):
    return verdict, level, code, json.dumps(params), "ged.csv", None, line, column


def page(*findings, told=(), faulty=0, lang="fr", **changes):
    return html.document_fromstring(report_html(record(**changes), findings, list(told), faulty, lang).decode())


def words(tree) -> str:
    return " ".join(" ".join(tree.itertext()).split())


def section(tree, title: str):
    """The elements between a heading of the second rank and the next one."""
    (heading,) = [h for h in tree.iter("h2") if h.text == title]
    found = []
    for element in heading.itersiblings():
        if element.tag == "h2":
            break
        found.append(element)
    return " ".join(words(e) for e in found)


def verdict(tree) -> tuple[str, str]:
    (box,) = tree.find_class("verdict")
    return box.get("class").split()[1], words(box)


def test_the_verdict_comes_first_then_the_sums_then_what_to_do():
    tree = page(met(line=2))
    titles = [h.text for h in tree.iter("h1", "h2")]
    assert titles[:3] == ["Compte rendu de conversion", "Les comptes", "À corriger"]
    assert titles[-2:] == ["Ce qui est livré", "Versions et méthode"]
    assert verdict(tree) == ("some", "1 ligne(s) sur 3 sont à corriger. Les autres sont traitées.")
    assert "ged 3 2 1 0" in section(tree, "Les comptes")
    assert "Total 3 2 1 0" in section(tree, "Les comptes")


@pytest.mark.parametrize(
    ("changes", "colour", "sentence"),
    [
        ({"rows": {"sources": {}, "total": TOTAL | {"rejected": 0}}}, "good", "Toutes les lignes"),
        ({"faulty": 1}, "bad", "propre contrôle"),
        ({"status": "stopped"}, "some", "premier rejet"),
        ({"status": "interrupted"}, "some", "interrompue"),
        ({"status": "failed"}, "bad", "n'a pas abouti"),
        ({"told": [Diagnostic("DOS-01")]}, "some", "n'a pas pu être produite"),
        ({"arguments": record()["arguments"] | {"limit": 2}}, "some", "Seule une partie"),
    ],
)
def test_every_outcome_has_its_verdict(changes, colour, sentence):
    found = verdict(page(**changes))
    assert found[0] == colour
    assert sentence in found[1]


def test_a_problem_says_what_where_how_often_and_what_to_do():
    tree = page(*(met("DATE-02", line=n, format="JJ/MM/AAAA") for n in range(2, 12)))
    found = section(tree, "À corriger")
    assert "DATE-02 La date n'existe pas au calendrier." in found
    assert "Corrigez la cellule au format JJ/MM/AAAA. 10" in found
    assert "ged.csv:2 Date ged.csv:3 Date ged.csv:4 Date + 7" in found


def test_values_that_differ_are_listed_as_far_as_they_go():
    (short,) = gathered([(*met()[:3], json.dumps({"line": n % 2}), *met()[4:]) for n in range(9)])
    assert "ligne 0, 1 :" in short.diagnostic.message("fr")
    (long,) = gathered([(*met()[:3], json.dumps({"line": n}), *met()[4:]) for n in range(9)])
    assert "ligne 0, 1, 2, … :" in long.diagnostic.message("fr")


def test_warnings_skips_deviations_and_decisions_have_their_own_places():
    told = [
        Diagnostic("RUN-35", None, {"path": "stays[0]", "count": 4}),
        Diagnostic("DOS-06", None, {"sector": "SA05", "state": "1.1.0"}),
        Diagnostic("SRC-72", SourceLocation("ged.csv"), {"encoding": "cp1252"}),
        Diagnostic("RUN-13", None, {"count": 2}),
        Diagnostic("RUN-26", None, {"count": 1}),
    ]
    tree = page(
        met("DOS-08", verdict=Verdict.CONVERTED, level="warning", column=None),
        met("CDA-17", verdict=Verdict.CONVERTED, level="warning"),
        met("RUN-22", verdict=Verdict.SKIPPED, level="notice"),
        met("SCAN-73", verdict=Verdict.CONVERTED, level="notice"),
        told=told,
    )
    assert "RUN-22" in section(tree, "Les comptes")
    assert "Rien à signaler" in section(tree, "À corriger")
    check = section(tree, "À vérifier")
    assert "CDA-17" in check
    assert "RUN-26" in check
    assert "DOS-08" not in check
    deviations = section(tree, "Écarts et données sans place")
    assert all(code in deviations for code in ("RUN-35", "DOS-06", "DOS-08"))
    assert "stays[0]" in deviations
    assert "SRC-72" in section(tree, "Décisions prises à la lecture des sources")
    assert "cp1252" in section(tree, "Décisions prises à la lecture des sources")
    remarks = section(tree, "Remarques")
    assert "SCAN-73" in remarks
    assert "RUN-13" in remarks


def test_what_ended_a_failed_run_is_told():
    tree = page(told=[Diagnostic("DLV-01", None, {"file": "x"})], status="failed")
    assert "DLV-01" in section(tree, "À corriger")


def test_nothing_comes_from_outside_and_text_is_escaped():
    text = report_html(record(), [met(column="<b>&")], []).decode()
    assert "<script" not in text
    assert not re.search(r"""(src|href)\s*=|url\(|@import|https?:""", text)
    assert "Reprise &lt;Titan&gt;" in text
    assert "&lt;b&gt;&amp;" in text
    assert "default-src 'none'" in text


def test_screen_dark_and_paper_are_provided_for():
    text = report_html(record(), [], []).decode()
    assert "prefers-color-scheme:dark" in text
    assert "@media print" in text


def test_a_large_run_makes_a_small_page():
    from converter.diagnostics.catalogue import entries

    codes = sorted(entries())
    findings = [met(code, line=n) for code in codes for n in range(9)]
    told = [Diagnostic("SRC-72", SourceLocation(f"{n}.csv"), {"encoding": "x"}) for n in range(500)]
    sources = {f"s{n}": TOTAL for n in range(500)}
    files = [{"source": "s", "file": f"{n}.csv", "size": 1, "sha256": "a" * 64} for n in range(500)]
    text = report_html(record(rows={"sources": sources, "total": TOTAL}, sources=files), findings, told)
    assert len(text) < 100_000
    tree = html.document_fromstring(text.decode())
    assert section(tree, "À corriger").count("ged.csv:0") == LIST
    assert "voyez rejects.csv" in section(tree, "À corriger")
    assert "+ 440" in section(tree, "Les comptes")


def test_english_on_request():
    tree = page(met(), lang="en")
    assert tree.get("lang") == "en"
    assert [h.text for h in tree.iter("h1", "h2")][:3] == ["Report of the conversion", "The sums", "To correct"]
    assert "2026-03-12 18:00" in words(tree)
    assert "This document number already stands" in section(tree, "To correct")


def test_an_update_tells_what_changed():
    found = section(page(update={"new": 2, "changed": 1, "other": 3}), "Ce qui est livré")
    assert "2 nouveaux, 1 modifiés, 3 other" in found


def test_both_languages_have_the_same_words():
    assert WORDS["fr"].keys() == WORDS["en"].keys()


def test_typography_and_figures():
    assert typeset("Oui : « non » ; quoi ?", "fr") == "Oui\u00a0: «\u00a0non\u00a0»\u00a0; quoi\u00a0?"
    assert typeset("Yes : no", "en") == "Yes : no"
    assert (number(1234567, "fr"), number(1234567, "en")) == ("1\u202f234\u202f567", "1,234,567")
    assert [size(n, "fr") for n in (999, 1500, 2_500_000)] == ["999\u00a0octets", "1,5\u00a0Ko", "2,5\u00a0Mo"]
    assert size(3_000_000_000_000, "en") == "3.0\u00a0TB"
    assert moment("2026-03-12T18:00:00+01:00", "fr") == "12/03/2026 à 18:00"


def test_problems_are_gravest_first_then_most_frequent():
    found = gathered([met("RUN-01"), met("RUN-02"), met("RUN-02"), met("CDA-17", level="warning")])
    assert [(p.code, p.count) for p in found] == [("RUN-02", 2), ("RUN-01", 1), ("CDA-17", 1)]
    assert found[-1].severity is Severity.WARNING


def test_a_run_leaves_its_report_and_a_dry_run_none(tmp_path: Path):
    made = export(tmp_path / "in")
    made.ged[0] = piece(1, 1, date="31/02/2020")
    mapping = made.write()
    dui("convert", mapping, "-o", tmp_path / "out")
    tree = html.document_fromstring((tmp_path / "out" / "report.html").read_text("utf-8"))
    total = run_record(tmp_path / "out")["rows"]["total"]
    assert f"Total {total['read']} {total['converted']} 1 0" in section(tree, "Les comptes")
    assert "ged.csv:2 date" in section(tree, "À corriger")
    assert (tmp_path / "out" / "report.html").stat().st_size < 20_000
    ran = dui("convert", mapping, "-o", tmp_path / "dry", "--dry-run")
    assert ran.code == 1
    assert not (tmp_path / "dry").exists()


def test_a_failed_run_leaves_a_report_too(tmp_path: Path):
    made = export(tmp_path / "in")
    made.residents = made.residents.replace('date: "%d/%m/%Y"}', 'date: "%d/%m/%Y", on_error: stop}')
    made.usagers[0] = dict(made.usagers[0]) | {"naissance": "x"}
    ran = dui("convert", made.write(), "-o", tmp_path / "out")
    assert ran.code == 3, ran.err
    tree = html.document_fromstring((tmp_path / "out" / "report.html").read_text("utf-8"))
    assert verdict(tree)[0] == "bad"
