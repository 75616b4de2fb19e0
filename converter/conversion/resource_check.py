"""The check of every DocumentReference before it is written, without judging the same words a thousand times.

Resources of one run differ in few places: the resident (one for many documents), the document's own words (identifier,
title, dates), and the rest (type, author, structure), which recurs all the time. No rule ties the three together but
the references to contained resources, which stand in the resident's part or in the rest. A resource is judged whole
when its resident or its rest is new; otherwise its own words are judged alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from converter.diagnostics import Diagnostic
from converter.fhir import Release
from converter.fhir.check import check_resource
from converter.fhir.r4b import check_skeleton
from converter.fhir.references import Json

__all__ = ["ResourceCheck"]

#: Rests and residents remembered: beyond that they are forgotten, not the memory filled.
_REMEMBERED = 4096
_OWN = ("masterIdentifier", "relatesTo", "description")


class ResourceCheck:
    """One per process and release."""

    def __init__(self, release: Release) -> None:
        self._release = release
        self._seen: set[bytes] = set()
        self._shapes: set[object] = set()

    def problems(self, resource: Json) -> Iterator[Diagnostic]:
        """What is wrong with a resource whose attachment is still to be streamed."""
        resident, rest, own = _taken_apart(resource)
        keys = {json.dumps(resident).encode(), json.dumps(rest).encode()}
        if keys <= self._seen:
            yield from check_resource(own, self._release)
            return
        found = [*check_resource(resource, self._release), *self._second_opinion(resource)]
        if not any(d.is_error for d in found):
            if len(self._seen) > _REMEMBERED:
                self._seen.clear()
            self._seen |= keys
        yield from found

    def _second_opinion(self, resource: Json) -> list[Diagnostic]:
        """The R4B models judge structure and forms alone: one resource of each shape is enough for them."""
        shape = _shape(resource)
        if shape in self._shapes:
            return []
        found = check_skeleton(_with_data(resource))
        if not any(d.is_error for d in found):
            self._shapes.add(shape)
        return found


def _taken_apart(resource: Json) -> tuple[Json, Json, Json]:
    """The resident's part, the rest, and a small resource with the document's own words."""
    content = resource["content"][0]
    attachment, context = content["attachment"], resource["context"]
    resident = {"contained": resource["contained"][0], "subject": resource["subject"]}
    rest = {k: v for k, v in resource.items() if k not in (*_OWN, "contained", "subject", "content", "context")}
    rest["contained"] = resource["contained"][1:]
    rest["format"] = content.get("format")
    rest["attachment"] = {k: v for k, v in attachment.items() if k not in ("title", "creation")}
    rest["context"] = {k: v for k, v in context.items() if k != "period"}
    words = {k: attachment[k] for k in ("contentType", "title", "creation") if k in attachment}
    own = {k: resource[k] for k in ("resourceType", "meta", *_OWN, "status") if k in resource}
    own["content"] = [{"attachment": words}]
    if "period" in context:
        own["context"] = {"period": context["period"]}
    return resident, rest, own


def _shape(value: object) -> object:
    if isinstance(value, dict):
        return tuple((k, _shape(v)) for k, v in value.items())
    if isinstance(value, list):
        return ("list", *map(_shape, value))
    return type(value)


def _with_data(resource: Json) -> Json:
    """The resource as it will be once its document has passed."""
    content = resource["content"][0]
    attachment = content["attachment"] | {"data": "AAAA", "size": 3, "hash": "KDZHMTk/AAAAAAAAAAAAAAAAAAA="}
    return resource | {"content": [content | {"attachment": attachment}]}
