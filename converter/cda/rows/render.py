"""Renders a document from rows. A template sees the rows and nothing else.

Names in a template: ``title``, ``resident``, ``establishment``, ``labels`` (column labels), ``rows`` (cells of each
row, in the order of the labels) and ``entries`` (each row as label → cell). Filters of our own: ``grid`` (rows in
columns), ``beside`` (label before a value). An unknown name is an error, never an empty place. The sandbox has no
files, no clock, no chance, and bounded output. Nothing of the data is quoted in an error.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from converter.cda.rows.layout import beside, grid
from converter.cda.text import printable
from converter.diagnostics import Diagnostic

if TYPE_CHECKING:
    from jinja2 import Environment, Template

__all__ = ["MAX_TEXT", "RowsText", "TemplateFailedError", "render_rows", "template_problem"]

#: Characters of one document. A resident's whole history of notes is some hundred thousand.
MAX_TEXT = 10_000_000
_MAX_TEMPLATE = 1_000_000
_SUFFIX = ".txt.j2"
_NAMES = ("title", "resident", "establishment", "labels", "rows", "entries")
_FILTERS = frozenset(
    [
        "capitalize",
        "count",
        "d",
        "default",
        "dictsort",
        "first",
        "float",
        "groupby",
        "int",
        "items",
        "join",
        "last",
        "length",
        "list",
        "lower",
        "map",
        "reject",
        "rejectattr",
        "replace",
        "reverse",
        "select",
        "selectattr",
        "sort",
        "title",
        "trim",
        "truncate",
        "unique",
        "upper",
        "wordwrap",
    ]
)
#: Methods of a text that a template may call: none that pads to a length it chooses.
_METHODS = frozenset(
    [
        "capitalize",
        "casefold",
        "endswith",
        "isdigit",
        "join",
        "lower",
        "lstrip",
        "partition",
        "removeprefix",
        "removesuffix",
        "replace",
        "rpartition",
        "rstrip",
        "split",
        "splitlines",
        "startswith",
        "strip",
        "title",
        "upper",
    ]
)


@dataclass(frozen=True, slots=True)
class RowsText:
    """What a document is made of. ``rows`` are sorted already, each with one cell per label."""

    title: str
    resident: str  # how the resident is called on the page
    establishment: str
    labels: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class TemplateFailedError(Exception):
    """A template that is missing, wrong, or fails on some rows. Its text holds no data."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic)
        self.diagnostic = diagnostic

    def __str__(self) -> str:
        return self.diagnostic.text()


def render_rows(template: str, folder: Path | None, rows: RowsText) -> str:
    """The document as text: clean, lines ended by ``\\n``, no trailing blanks. TemplateFailedError.

    ``template`` names a shipped template (table, history, record) or a file below ``folder``.
    """
    compiled = _template(template, folder)
    try:
        text = _bounded(compiled.generate(_context(rows)))
    except _failures() as wrong:
        place: dict[str, str | int] = {"template": template, "line": _line(wrong), "known": ", ".join(_NAMES)}
        raise TemplateFailedError(Diagnostic("CDA-32", None, place)) from None
    lines = [line.rstrip() for line in printable(text).split("\n")]
    clean = "\n".join(lines).strip("\n")
    if not clean.strip():
        raise TemplateFailedError(Diagnostic("CDA-34"))
    return clean + "\n"


def template_problem(template: str, folder: Path | None) -> Diagnostic | None:
    """What is wrong with a template before it sees any row, or None."""
    try:
        _template(template, folder)
    except TemplateFailedError as wrong:
        return wrong.diagnostic
    return None


def _context(rows: RowsText) -> dict[str, Any]:
    entries = [dict(zip(rows.labels, row, strict=False)) for row in rows.rows]
    return {
        "title": rows.title,
        "resident": rows.resident,
        "establishment": rows.establishment,
        "labels": list(rows.labels),
        "rows": [list(row) for row in rows.rows],
        "entries": entries,
    }


def _bounded(pieces: Iterator[str]) -> str:
    found: list[str] = []
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > MAX_TEXT:
            raise TemplateFailedError(Diagnostic("CDA-33", None, {"limit": MAX_TEXT}))
        found.append(piece)
    return "".join(found)


def _template(name: str, folder: Path | None) -> Template:
    from jinja2 import TemplateNotFound, TemplateSyntaxError

    try:
        return _environment(folder).get_template(name)
    except TemplateSyntaxError as wrong:
        problem: dict[str, str | int] = {"line": wrong.lineno, "problem": wrong.message or "syntax"}
        raise TemplateFailedError(Diagnostic("CDA-31", None, problem)) from None
    except (TemplateNotFound, UnicodeDecodeError, OSError):
        raise TemplateFailedError(Diagnostic("CDA-30", None, {"known": ", ".join(_shipped())})) from None


def _failures() -> tuple[type[Exception], ...]:
    """What a template's own doing raises; anything else is a bug of ours."""
    from jinja2 import TemplateError

    return (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError)


def _line(wrong: BaseException) -> int:
    """The line of the template; 0 when the error has none."""
    frames = [f for f in traceback.extract_tb(wrong.__traceback__) if f.filename.startswith("<template ")]
    return (frames[-1].lineno or 0) if frames else 0


# ---------------------------------------------------------------------------------------------------- environment


@lru_cache(maxsize=4)
def _environment(folder: Path | None) -> Environment:
    from jinja2 import FunctionLoader, StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Sandbox(ImmutableSandboxedEnvironment):
        intercepted_binops = frozenset({"*", "**", "%"})

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            """Numbers only: a text times a number, or ``%`` on a text, makes any length."""
            if operator == "**" or not (isinstance(left, int | float) and isinstance(right, int | float)):
                raise TypeError(operator)
            return super().call_binop(context, operator, left, right)

        def wrap_str_format(self, value: Any) -> None:
            """``format`` is a method like the others, and it pads: not among those allowed."""
            return None

        def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
            if isinstance(obj, str) and attr not in _METHODS:
                return False
            return super().is_safe_attribute(obj, attr, value)

    environment = Sandbox(
        loader=FunctionLoader(lambda name: _source(name, folder)),
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals.clear()
    for name in set(environment.filters) - _FILTERS:
        del environment.filters[name]
    own: Mapping[str, Callable[..., str]] = {"beside": beside, "grid": grid}
    environment.filters |= own
    return environment


def _source(name: str, folder: Path | None) -> tuple[str, str, Callable[[], bool]] | None:
    """Text, name and freshness of a template: the folder's own file first, so that a shipped one can be replaced."""
    if folder is not None and (path := _below(folder, name)) is not None:
        stamp = path.stat().st_mtime_ns
        return path.read_text(encoding="utf-8-sig"), f"<template {name}>", lambda: path.stat().st_mtime_ns == stamp
    if name in _shipped():
        shipped = files("converter.cda.rows") / "templates" / f"{name}{_SUFFIX}"
        return shipped.read_text(encoding="utf-8"), f"<template {name}>", lambda: True
    return None


def _below(folder: Path, name: str) -> Path | None:
    """The file of that name, with or without our suffix, really inside the folder and of a sane size."""
    root = folder.resolve()
    for candidate in (name, f"{name}{_SUFFIX}"):
        if "\0" in candidate:
            continue
        path = (root / candidate).resolve()
        if path.is_relative_to(root) and path.is_file() and path.stat().st_size <= _MAX_TEMPLATE:
            return path
    return None


@lru_cache(maxsize=1)
def _shipped() -> Sequence[str]:
    folder = files("converter.cda.rows") / "templates"
    return sorted(f.name.removesuffix(_SUFFIX) for f in folder.iterdir() if f.name.endswith(_SUFFIX))
