"""Jinja2 expressions of a mapping: compiled once, in a sandbox, over the row and nothing else.

A closed list of what an expression may hold: texts, ``row["Header"]``, slices, comparisons, ``~`` and ``+``, ``if``,
and a few filters. No loop, no call, no attribute, no assignment: nothing that could run long or leave the row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

__all__ = ["MAX_OUTPUT", "columns_of", "compile_template", "template_problem"]

#: Characters that an expression may give: a cell, not a document.
MAX_OUTPUT = 100_000

_FILTERS = frozenset({"trim", "upper", "lower", "title", "capitalize", "replace", "default", "first", "last"})
_TESTS = frozenset({"eq", "ne", "==", "!=", "in", "upper", "lower"})
_NODES = {
    *("Template", "Output", "TemplateData", "Name", "Getitem", "Slice", "Const", "Filter", "Test", "CondExpr", "If"),
    *("Compare", "Operand", "And", "Or", "Not", "Concat", "Add", "Neg", "List", "Tuple"),
}


@cache
def _environment():  # type: ignore[no-untyped-def]  # jinja2 is imported only where an expression is used
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    env = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    env.globals.clear()
    env.filters = {name: env.filters[name] for name in sorted(_FILTERS)} | {"replace": _replace}
    env.tests = {name: env.tests[name] for name in sorted(_TESTS)}
    return env


def _replace(text: str, old: str, new: str) -> str:
    """As Jinja2's, without count; chained replacements cannot grow beyond a cell."""
    grown = len(text) + text.count(old) * (len(new) - len(old))
    if grown > MAX_OUTPUT:
        raise ValueError
    return text.replace(old, new)


def template_problem(text: str) -> str | None:
    """What is wrong with an expression, or None. The words are Jinja2's own and quote no data."""
    from jinja2 import TemplateSyntaxError

    try:
        refused = next(_refused(_environment().parse(text)), None)
        if refused is None:
            # Only now: compiling works constants out, and one of "x" * 1000000000 takes the whole memory.
            _environment().from_string(text)
    except TemplateSyntaxError as wrong:
        return wrong.message or "syntax"
    except (RecursionError, SyntaxError, ValueError, OverflowError, MemoryError):
        return "too complex"
    return refused


def _refused(tree: Any) -> Iterator[str]:
    from jinja2 import nodes

    for node in tree.find_all(nodes.Node):
        kind = type(node).__name__
        if kind == "Name" and node.name != "row":
            yield f"'{node.name}' is unknown: write row[\"Header\"]"
        elif kind == "Getattr":
            yield f'no attributes: write row["{node.attr}"]'
        elif kind not in _NODES:
            yield f"{kind} is not allowed"
        elif kind == "Getitem" and _is_row(node.node) and not isinstance(getattr(node.arg, "value", None), str):
            yield "row[…] takes a header in quotes"
    indexed = {id(item.node) for item in tree.find_all(nodes.Getitem)}
    if any(_is_row(name) and id(name) not in indexed for name in tree.find_all(nodes.Name)):
        yield 'row alone is no text: write row["Header"]'


def _is_row(node: Any) -> bool:
    return type(node).__name__ == "Name" and node.name == "row"


def columns_of(text: str) -> list[str]:
    """The columns that an expression reads: ``row["Header"]``. Empty for an expression that does not parse."""
    from jinja2 import TemplateSyntaxError, nodes

    try:
        tree = _environment().parse(text)
    except (TemplateSyntaxError, RecursionError):
        return []
    found: dict[str, None] = {}
    for item in tree.find_all(nodes.Getitem):
        if _is_row(item.node) and isinstance(item.arg, nodes.Const):
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
