"""What an update compares beside a document's hash: small digests of everything else that a DocumentReference says.

The hash tells whether the document is another one. ``content`` may change without it (a title, of a scan that is not
wrapped), and so may what stands outside ``content``, which flow 3 of the guide does not let a patch change.
"""

from __future__ import annotations

import hashlib
import json

from converter.fhir.references import Json

__all__ = ["content_mark", "rest_mark"]

#: Known only once the document has passed, and compared by themselves.
_STREAMED = ("data", "size", "hash")
#: Of the transmission, not of the document.
_LEFT_OUT = ("meta", "date", "content")
_DIGITS = 32


def content_mark(resource: Json) -> str:
    """Of ``content`` without data, size and hash: 32 hexadecimal digits."""
    first = resource["content"][0]
    attachment = {name: value for name, value in first["attachment"].items() if name not in _STREAMED}
    return _mark(first | {"attachment": attachment})


def rest_mark(resource: Json) -> str:
    """Of everything outside ``content``, but for the date of the transmission and the profile."""
    return _mark({name: value for name, value in resource.items() if name not in _LEFT_OUT})


def _mark(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
