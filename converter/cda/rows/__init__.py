"""Readable documents made from rows: Jinja2 text templates, shipped or beside the mapping."""

from converter.cda.rows.render import MAX_TEXT, RowsText, TemplateFailedError, render_rows, template_problem

__all__ = ["MAX_TEXT", "RowsText", "TemplateFailedError", "render_rows", "template_problem"]
