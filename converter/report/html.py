"""``report.html``: what became of an export, on one page for the people who know the data.

Verdict and sums first, then what to do, then what was decided. One file without script and without anything from
outside, for screen (light and dark) and paper. It holds what ``run.json`` holds and places (file, line, column), no
cell: it may be shown in a meeting. Lists are cut, with a word on what is left out: a run of a million rows makes a
page of the same size as a run of a hundred.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from converter.diagnostics import Diagnostic, Location, Severity, SourceLocation, entry
from converter.model import Met, Verdict
from converter.report.problems import Problem, gathered
from converter.report.words import WORDS, moment, number, size, typeset

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup

__all__ = ["report_html"]

#: What was asked for and departs from the sources or the guide: defaults, omissions, rows without a place, sector…
DEVIATIONS = frozenset(
    ("DOS-05", "DOS-06", "DOS-07", "DOS-08", "DOS-09", "DOS-29", "DOS-32", "RUN-28", "RUN-29", "RUN-35", "RUN-36")
)
#: Areas of the catalogue whose words about the run tell how the sources were understood.
_READING = ("sources", "mapping")
#: Lines of one list.
LIST = 30
#: Sources in the table of sums, files in that of files.
_SOURCES = 60
#: Characters of the options and texts shown in one go.
_TEXT = 400
_CODE = re.compile("`([^`]+)`")
_HIDDEN_OPTIONS = ("mapping",)


def report_html(
    record: Mapping[str, Any], met: Iterable[Met], told: Sequence[Diagnostic], faulty: int = 0, lang: str = "fr"
) -> bytes:
    """The page, in UTF-8.

    ``record`` is that of :mod:`converter.report.record`; ``met`` are the findings of rows, ``told`` what was said of
    the run as a whole; ``faulty`` counts products that failed their own check.
    """
    words = {name: typeset(text, lang) for name, text in WORDS[lang].items()}
    own = [d for d in told if not (d.severity is Severity.NOTICE or d.code in DEVIATIONS)]
    problems = gathered(met, own)
    page = _template().render(
        t=words,
        lang=lang,
        r=record,
        verdict=_verdict(record, told, faulty, words, lang),
        sources=_sums(record, lang),
        more_sources=max(0, len(record["rows"]["sources"]) - _SOURCES),
        lists=_lists(problems, told, lang),
        sections=("to_correct", "to_check", "deviations"),
        n=partial(number, lang=lang),
        size=partial(size, lang=lang),
        moment=partial(moment, lang=lang),
        options=_options(record["arguments"]),
        max_files=_SOURCES,
    )
    return page.encode("utf-8", "backslashreplace")


@cache
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("converter.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2")


def _verdict(
    record: Mapping[str, Any], told: Sequence[Diagnostic], faulty: int, words: Mapping[str, str], lang: str
) -> tuple[str, list[str]]:
    """Its colour, good, some or bad; and its sentences."""
    total, status = record["rows"]["total"], record["status"]
    found = []
    if status != "complete":
        found.append(words[status])
    if faulty:
        found.append(words["faulty"].format(faulty=number(faulty, lang)))
    if total["rejected"]:
        sentence = words["rejected"].format(**{k: number(v, lang) for k, v in total.items()})
        found.append(f"{sentence} {words['rest']}" if status == "complete" else sentence)
    if status == "complete" and any(d.is_error for d in told):
        found.append(words["refused"])
    colour = "bad" if status == "failed" or faulty else "some" if found else "good"
    arguments = record["arguments"]
    if arguments["limit"] is not None or arguments["residents"]:
        found.append(words["partial"])
    return colour, found if colour != "good" else [words["ok"], *found]


def _sums(record: Mapping[str, Any], lang: str) -> list[dict[str, Any]]:
    """The accounting per source, with the widths of its bar out of 100."""
    found = []
    for name, row in list(record["rows"]["sources"].items())[:_SOURCES]:
        read = row["read"] or 1
        bar, start = [], 0.0
        for kind in ("converted", "rejected", "skipped"):
            # What is there shows, however little of it there is.
            width = max(row[kind] * 100 / read, 1.0) if row[kind] else 0.0
            bar.append((kind, round(min(start, 100 - width), 1), round(width, 1)))
            start += width
        found.append({"name": name, "bar": bar, **{kind: number(n, lang) for kind, n in row.items()}})
    return found


def _lists(problems: Sequence[Problem], told: Sequence[Diagnostic], lang: str) -> dict[str, Any]:
    rows: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("to_correct", "to_check", "deviations", "why_skipped", "remarks", "decisions")
    }
    for problem in problems:
        rows[_place_of(problem)].append(_shown(problem, lang))
    for d in told:
        if d.code in DEVIATIONS:
            rows["deviations"].append(_told(d, lang))
        elif d.severity is Severity.NOTICE:
            rows["decisions" if entry(d.code).area in _READING else "remarks"].append(_told(d, lang))
    return {name: (found[:LIST], max(0, len(found) - LIST)) for name, found in rows.items()}


def _place_of(problem: Problem) -> str:
    if problem.verdict is Verdict.SKIPPED:
        return "why_skipped"
    if problem.code in DEVIATIONS:
        return "deviations"
    return {Severity.ERROR: "to_correct", Severity.WARNING: "to_check", Severity.NOTICE: "remarks"}[problem.severity]


def _shown(problem: Problem, lang: str) -> dict[str, Any]:
    d = problem.diagnostic
    places = [_place(place, lang) for place in problem.places]
    left = problem.count - len(places) if places else 0
    return _line(d, lang) | {"count": number(problem.count, lang), "places": places, "left": left}


def _told(d: Diagnostic, lang: str) -> dict[str, Any]:
    return _line(d, lang) | {"count": "", "places": [_place(d.location, lang)] if d.location else [], "left": 0}


def _line(d: Diagnostic, lang: str) -> dict[str, Any]:
    return {"code": d.code, "problem": _prose(d.message(lang), lang), "remedy": _prose(d.remedy(lang), lang)}


def _prose(text: str, lang: str) -> Markup:
    """A text of the catalogue: cut when its parameters made it long, what stands in backquotes as code."""
    from markupsafe import Markup, escape

    text = typeset(text if len(text) <= _TEXT else text[: _TEXT - 1] + "…", lang)
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped a moment ago


def _place(place: Location, lang: str) -> str:
    """``ged.csv [Feuille1]:4711 Date``."""
    if not isinstance(place, SourceLocation):
        return str(place)
    text = place.file + (f" [{place.sheet}]" if place.sheet else "")
    text += "" if place.line is None else f":{place.line}"
    return text if place.column is None else f"{text} {place.column}"


def _options(arguments: Mapping[str, Any]) -> str:
    """Options that were given, as on the command line."""
    given = {k: v for k, v in arguments.items() if v and k not in _HIDDEN_OPTIONS}
    parts = (f"--{name.replace('_', '-')}" + ("" if value is True else f" {value}") for name, value in given.items())
    return " ".join(parts)
