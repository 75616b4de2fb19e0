"""`dui receipts`: a delivery held against the receiver's answers. Which documents arrived, and under which id.

Answers are found and read by :mod:`converter.answers`; nothing of theirs is shown but ids, status numbers and codes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from converter.answers import AnswerFolder, FileAnswer, State
from converter.console import Console
from converter.delivery.earlier import delivered_files, read_head
from converter.diagnostics import Diagnostic, ExitCode, ProductLocation
from converter.report.record import diagnostic_record

__all__ = ["RECEIPTS_SCHEMA", "Receipts", "receipts", "run_receipts"]

RECEIPTS_SCHEMA = "dui-converter/receipts/1"
#: Files without an answer that are named on the terminal; JSON has them all.
_NAMED = 20


@dataclass(frozen=True, slots=True)
class Receipt:
    """One file of the delivery, its documents' identifiers in order, and what was answered."""

    identifiers: tuple[str, ...]
    answer: FileAnswer

    @property
    def state(self) -> str:
        """accepted, refused or missing when that holds for all of its documents; else partial."""
        states = {document.state for document in self.answer.documents}
        return states.pop().value if len(states) == 1 else "partial" if states else State.MISSING.value


@dataclass(frozen=True, slots=True)
class Receipts:
    """The whole delivery. ``unmatched`` counts files in the folder of answers that answer no file of it."""

    release: str
    clock: str
    files: tuple[Receipt, ...]
    unmatched: int

    @property
    def documents(self) -> Counter[State]:
        return Counter(document.state for receipt in self.files for document in receipt.answer.documents)

    @property
    def exit_code(self) -> ExitCode:
        """0 all accepted, 1 some refused or missing, 3 an answer that cannot be read or used."""
        if any(receipt.answer.unusable for receipt in self.files):
            return ExitCode.SOURCES
        return ExitCode.OK if self.documents.keys() <= {State.ACCEPTED} else ExitCode.SOME_REJECTED

    def diagnostics(self) -> Iterator[Diagnostic]:
        """What stands in the way, file by file; files that were simply not answered are only counted."""
        for receipt in self.files:
            yield from receipt.answer.diagnostics
            refused = sum(d.state is State.REFUSED for d in receipt.answer.documents)
            if refused:
                file, issues = receipt.answer.file, _issues(receipt.answer)
                params: dict[str, str | int] = {"file": file, "count": refused, "issues": issues}
                yield Diagnostic("RCP-05", ProductLocation(file), params)
        if self.unmatched:
            yield Diagnostic("RCP-06", None, {"count": self.unmatched})

    def record(self) -> dict[str, Any]:
        """For machines."""
        counts = Counter(receipt.state for receipt in self.files)
        return {
            "schema": RECEIPTS_SCHEMA,
            "release": self.release,
            "date": self.clock,
            "exit_code": int(self.exit_code),
            "totals": {
                "documents": {state.value: self.documents[state] for state in State},
                "files": {name: counts[name] for name in (*(s.value for s in State), "partial")},
                "unmatchedAnswers": self.unmatched,
            },
            "files": [_record(receipt) for receipt in self.files],
            "said": [diagnostic_record(d) for d in self.diagnostics()],
        }


def receipts(delivery: Path, answers: Path) -> Receipts:
    """A delivery (its folder, or its manifest alone) and a folder of answers. SourceError when one cannot be read."""
    head = read_head(delivery)
    listed = [(record["file"], _identifiers(record)) for record in delivered_files(delivery)]
    folder = AnswerFolder(answers, (file for file, _ in listed))
    files = tuple(Receipt(identifiers, folder.to(file, identifiers)) for file, identifiers in listed)
    return Receipts(head.release, head.clock, files, folder.unmatched)


def run_receipts(delivery: Path, answers: Path, console: Console, *, as_json: bool) -> ExitCode:
    """`dui receipts`."""
    found = receipts(delivery, answers)
    console.diagnostics(found.diagnostics())
    _show_missing([r.answer.file for r in found.files if r.state == State.MISSING], console)
    states = Counter(receipt.state for receipt in found.files)
    rows = [(s.value, found.documents[s], states[s.value]) for s in State]
    console.table(
        ("", "documents", "files"), [*rows, *([("partial", "", states["partial"])] if states["partial"] else [])]
    )
    if as_json:
        console.json(found.record())
    if found.exit_code is ExitCode.OK:
        console.say("Every document was accepted. Keep the answers: `dui update --answers` reads the ids from them.")
    else:
        console.say("Next: send again what is refused or missing, save the answers, run the same command again.")
    return found.exit_code


def _show_missing(files: Sequence[str], console: Console) -> None:
    for file in files[:_NAMED]:
        console.say(f"No answer: {file}")
    if len(files) > _NAMED:
        console.say(f"No answer: {len(files) - _NAMED} more; --json lists them all.")


def _identifiers(record: dict[str, Any]) -> tuple[str, ...]:
    return tuple(document["masterIdentifier"] for document in record["documents"])


def _issues(answer: FileAnswer) -> str:
    """``2 × error/invalid, HTTP 422``: severities and codes of HL7's lists, statuses."""
    words = [f"{count} × {severity}/{code}" for (severity, code), count in sorted(answer.issues.items())]
    statuses = sorted({d.status for d in answer.documents if d.status is not None and d.state is State.REFUSED})
    return ", ".join([*words, *(f"HTTP {status}" for status in statuses)]) or "?"


def _record(receipt: Receipt) -> dict[str, Any]:
    answer = receipt.answer
    return {
        "file": answer.file,
        "state": receipt.state,
        "answers": answer.answers,
        "issues": [{"severity": s, "code": c, "count": n} for (s, c), n in sorted(answer.issues.items())],
        "documents": [
            {"masterIdentifier": name, "state": d.state.value, "id": d.server, "status": d.status}
            for name, d in zip(receipt.identifiers, answer.documents, strict=True)
        ],
    }
