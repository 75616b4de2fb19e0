"""What the receiver's server answered, read from files that somebody saved: which documents it took, and their ids.

An answer is matched by its name: that of the file it answers, which something may follow (``0a1b-02.json`` or
``0a1b-02.response.json`` for ``bundles/0a1b-02.json``), in the folder or below it. Entries answer in the order of the
request (FHIR R4, transaction response); where the server returned the resources, their masterIdentifier decides. An
answer that cannot be the one to that file is set aside, never guessed at.

Answers come from outside: they are streamed within stated limits of size and nesting, and no word of theirs is
repeated but ids, status numbers and codes of HL7's own lists (an OperationOutcome may quote the document).
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from converter.diagnostics import Diagnostic, ProductLocation, SourceError
from converter.fhir.check.reader import ENTRY, JsonObject, Unit, read

__all__ = ["AnswerFolder", "DocumentAnswer", "FileAnswer", "State"]

#: Entries of one answer: more than any bundle of ours has documents.
_MAX_ENTRIES = 100_000
_STATUS = re.compile(r"([1-5][0-9]{2})(?:[ \t].*)?", re.DOTALL)
_LOCATION = re.compile(r"(?:.*/)?([A-Za-z]+)/([A-Za-z0-9.-]{1,64})(?:/_history/[A-Za-z0-9.-]{1,64})?", re.DOTALL)
_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")
_BOUNDARY = re.compile(r"[^0-9A-Za-z]")
_SEVERITIES = frozenset(("fatal", "error", "warning", "information"))
#: http://hl7.org/fhir/R4/valueset-issue-type.html
_ISSUE_TYPES = frozenset((
    "invalid", "structure", "required", "value", "invariant", "security", "login", "unknown", "expired", "forbidden",
    "suppressed", "processing", "not-supported", "duplicate", "multiple-matches", "not-found", "deleted", "too-long",
    "code-invalid", "extension", "too-costly", "business-rule", "conflict", "transient", "lock-error", "no-store",
    "exception", "timeout", "incomplete", "throttled", "informational",
))  # fmt: skip
#: Faults of the text that do not make an answer unsure: a byte order mark.
_HARMLESS = frozenset(("BDL-03",))

Issues = Counter[tuple[str, str]]


class State(StrEnum):
    """What is known of a document. ``missing``: no answer, or none that says it."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class DocumentAnswer:
    """``server`` is the id that the receiver's server gave the document, ``status`` the HTTP status; None: not said."""

    state: State = State.MISSING
    server: str | None = None
    status: int | None = None


@dataclass(slots=True)
class FileAnswer:
    """What is known of one file handed over. ``issues`` counts (severity, code) over everything answered to it."""

    file: str
    documents: list[DocumentAnswer]
    answers: int = 0
    unusable: bool = False
    issues: Issues = field(default_factory=Counter)
    diagnostics: list[Diagnostic] = field(default_factory=list)


class AnswerFolder:
    """The answers in a folder to these files of a delivery. SourceError (UPD-20) when it cannot be listed."""

    def __init__(self, folder: Path, files: Iterable[str]) -> None:
        self._paths: dict[str, list[Path]] = {_stem(file): [] for file in files}
        #: How many files in the folder answer none of these.
        self.unmatched = 0
        for path in _files(folder):
            stem = next((s for s in _stems(path.name) if s in self._paths), None)
            if stem is None:
                self.unmatched += 1
            else:
                self._paths[stem].append(path)

    def to(self, file: str, identifiers: Sequence[str]) -> FileAnswer:
        """What is known of the documents of a file of the delivery, in their order."""
        found = FileAnswer(file, [DocumentAnswer()] * len(identifiers))
        for path in self._paths.get(_stem(file), ()):
            found.answers += 1
            _add(found, path, identifiers)
        return found


def _files(folder: Path) -> Iterator[Path]:
    """Regular files, sorted by path; hidden ones and links are passed over."""

    def refuse(error: OSError) -> None:
        raise SourceError(Diagnostic("UPD-20", None, {"folder": folder.name, "reason": type(error).__name__}))

    if not folder.is_dir():
        raise SourceError(Diagnostic("UPD-20", None, {"folder": folder.name, "reason": "FileNotFoundError"}))
    for at, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(at, name)
            if not name.startswith(".") and path.is_file() and not path.is_symlink():
                yield path


def _stem(file: str) -> str:
    return file.rpartition("/")[2].removesuffix(".json")


def _stems(name: str) -> Iterator[str]:
    """What the name may stand for, the longest first: ``a-02.response``, ``a-02``, ``a``."""
    while name:
        cuts = [found.start() for found in _BOUNDARY.finditer(name)]
        name = name[: cuts[-1]] if cuts else ""
        if name:
            yield name


# ------------------------------------------------------------------------------------------------- one answer


class _UnusableError(Exception):
    """The answer says nothing that can be relied on: a code of the catalogue, and its parameters."""

    def __init__(self, code: str, **params: str | int) -> None:
        super().__init__(code)
        self.code, self.params = code, params


@dataclass(frozen=True, slots=True)
class _Said:
    """What one entry, or a resource alone, says. ``identifier`` is the masterIdentifier of a returned resource."""

    document: DocumentAnswer
    identifier: str | None = None
    issues: Issues = field(default_factory=Counter)


def _add(found: FileAnswer, path: Path, identifiers: Sequence[str]) -> None:
    place, params = ProductLocation(found.file), {"file": found.file}
    try:
        said = _said(path, identifiers, single=not found.file.startswith("bundles/"))
    except _UnusableError as wrong:
        found.unusable = True
        found.diagnostics.append(Diagnostic(wrong.code, place, params | dict(wrong.params)))
        return
    for one in said:
        found.issues += one.issues
    pairs = list(zip(found.documents, (one.document for one in said), strict=True))
    if any(old.server and new.server and old.server != new.server for old, new in pairs):
        found.diagnostics.append(Diagnostic("RCP-04", place, params))
    found.documents = [_better(old, new) for old, new in pairs]


def _better(old: DocumentAnswer, new: DocumentAnswer) -> DocumentAnswer:
    """Of two answers about one document: what was accepted once is there, whatever was refused before or after."""
    if old.state is State.ACCEPTED and (new.state is not State.ACCEPTED or new.server is None):
        return old
    return old if new.state is State.MISSING else new


def _said(path: Path, identifiers: Sequence[str], *, single: bool) -> Sequence[_Said]:
    """What an answer says of each document. _UnusableError when it is none, or not one to this file."""
    root, entries = _read(path)
    kind = root.get("resourceType")
    if kind == "OperationOutcome":
        one = _of_outcome(root, single=single)
        return [one, *[_Said(one.document)] * (len(identifiers) - 1)][: len(identifiers)]  # its issues count once
    if kind == "DocumentReference" and single and len(identifiers) == 1:
        return [_of_document(root, identifiers[0])]
    if kind == "Bundle" and not single and root.get("type") in ("transaction-response", "batch-response"):
        if root.get("entry", []) != [ENTRY] * len(identifiers):
            raise _UnusableError("RCP-03", said=len(entries), sent=len(identifiers))
        return _in_order([_of_entry(entry) for entry in entries], identifiers)
    raise _UnusableError("RCP-02")


def _read(path: Path) -> tuple[JsonObject, list[JsonObject]]:
    """The root and its entries, without attachments."""
    entries: list[JsonObject] = []
    try:
        with path.open("rb") as stream:
            for unit in read(stream):
                value = _sound(unit)
                if unit.index is None:
                    return value, entries
                if len(entries) == _MAX_ENTRIES:
                    raise _UnusableError("RCP-01", reason="too many entries")
                entries.append(value)
    except OSError as error:
        raise _UnusableError("RCP-01", reason=type(error).__name__) from None
    raise _UnusableError("RCP-01", reason="not JSON")


def _sound(unit: Unit) -> JsonObject:
    wrong = [code for code, _ in unit.problems if code not in _HARMLESS]
    if wrong or not isinstance(unit.value, JsonObject) or unit.value.duplicates:
        raise _UnusableError("RCP-01", reason=_REASONS.get(wrong[0] if wrong else "", "not JSON"))
    return unit.value


_REASONS = {"BDL-02": "not UTF-8", "BDL-05": "nested too deeply", "BDL-06": "too large"}


def _in_order(said: Sequence[_Said], identifiers: Sequence[str]) -> Sequence[_Said]:
    """As the documents were sent: by the identifiers returned where all were, else by position."""
    named = {one.identifier: one for one in said}
    if named.keys() == set(identifiers):
        return [named[identifier] for identifier in identifiers]
    if any(one.identifier not in (None, sent) for one, sent in zip(said, identifiers, strict=True)):
        raise _UnusableError("RCP-03", said=len(said), sent=len(identifiers))
    return said


def _of_entry(entry: JsonObject) -> _Said:
    response, resource = _object(entry, "response"), _object(entry, "resource")
    status = _status(response.get("status"))
    state = State.MISSING
    if status is not None:
        state = State.ACCEPTED if 200 <= status < 300 else State.REFUSED if status >= 400 else State.MISSING
    server = _server(response.get("location"), entry.get("fullUrl"), resource) if state is State.ACCEPTED else None
    issues = _issues(_object(response, "outcome")) + (_issues(resource) if "issue" in resource else Counter())
    return _Said(DocumentAnswer(state, server, status), _identifier(resource), issues)


def _of_outcome(outcome: JsonObject, *, single: bool) -> _Said:
    """A refusal of everything; without an error it only says, of a single document, that it was taken."""
    issues = _issues(outcome)
    if any(severity in ("fatal", "error") for severity, _ in issues):
        return _Said(DocumentAnswer(State.REFUSED), None, issues)
    if not single:
        raise _UnusableError("RCP-02")
    return _Said(DocumentAnswer(State.ACCEPTED), None, issues)


def _of_document(resource: JsonObject, identifier: str) -> _Said:
    """The resource returned; without an id it is what was sent."""
    server = _id(resource.get("id"))
    if server is None:
        raise _UnusableError("RCP-02")
    if _identifier(resource) not in (None, identifier):
        raise _UnusableError("RCP-03", said=1, sent=1)
    return _Said(DocumentAnswer(State.ACCEPTED, server), identifier)


def _server(location: Any, full_url: Any, resource: Mapping[str, Any]) -> str | None:
    """The id that the server gave. _UnusableError when the answer is about something else than a document."""
    for url in (location, full_url):
        if isinstance(url, str) and (found := _LOCATION.fullmatch(url)):
            if found[1] != "DocumentReference":
                raise _UnusableError("RCP-03", said=1, sent=1)
            return found[2]
    return _id(resource.get("id")) if resource.get("resourceType") == "DocumentReference" else None


def _id(value: Any) -> str | None:
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def _status(value: Any) -> int | None:
    found = _STATUS.fullmatch(value) if isinstance(value, str) else None
    return int(found[1]) if found else None


def _identifier(resource: Mapping[str, Any]) -> str | None:
    value = _object(resource, "masterIdentifier").get("value")
    return value if isinstance(value, str) else None


def _issues(outcome: Mapping[str, Any]) -> Issues:
    """Severities and codes, each counted; words outside HL7's lists are ``other``."""
    listed = outcome.get("issue")
    issues = [i for i in listed if isinstance(i, dict)] if isinstance(listed, list) else []
    return Counter((_of(_SEVERITIES, i.get("severity")), _of(_ISSUE_TYPES, i.get("code"))) for i in issues)


def _of(words: frozenset[str], value: Any) -> str:
    return value if isinstance(value, str) and value in words else "other"


def _object(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    if isinstance(found, JsonObject) and found.duplicates:
        raise _UnusableError("RCP-01", reason="not JSON")
    return found if isinstance(found, dict) else {}
