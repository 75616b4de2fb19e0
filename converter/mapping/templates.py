"""Jinja2 expressions of a mapping: compiled once, in a sandbox, over the row and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

__all__ = ["MAX_OUTPUT", "columns_of", "compile_template", "template_problem"]

#: Characters that an expression may give: a cell, not a document.
MAX_OUTPUT = 100_000

_FILTERS = frozenset({"trim", "upper", "lower", "title", "capitalize", "replace", "default", "join", "first", "last"})


@cache
def _environment():  # type: ignore[no-untyped-def]  # jinja2 is imported only where an expression is used
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    env = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    env.globals.clear()
    for name in list(env.filters):
        if name not in _FILTERS:
            del env.filters[name]
    return env


def template_problem(text: str) -> str | None:
    """What is wrong with an expression, or None. The words are Jinja2's own and quote no data."""
    from jinja2 import TemplateSyntaxError

    try:
        _environment().from_string(text)
    except TemplateSyntaxError as wrong:
        return wrong.message or "syntax"
    return None


def columns_of(text: str) -> list[str]:
    """The columns that an expression reads: ``row["Header"]``. Empty for an expression that does not parse."""
    from jinja2 import TemplateSyntaxError, nodes

    try:
        tree = _environment().parse(text)
    except TemplateSyntaxError:
        return []
    found: dict[str, None] = {}
    for item in tree.find_all(nodes.Getitem):
        if isinstance(item.node, nodes.Name) and item.node.name == "row" and isinstance(item.arg, nodes.Const):
            found[str(item.arg.value)] = None
    return list(found)


def compile_template(text: str) -> Callable[[Mapping[str, str]], str | None]:
    """The function from a row (by header) to text; None when the expression fails on that row."""
    from jinja2 import TemplateError

    template = _environment().from_string(text)

    def render(row: Mapping[str, str]) -> str | None:
        try:
            result = str(template.render(row=row))
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError):
            return None
        return result if len(result) <= MAX_OUTPUT else None

    return render
