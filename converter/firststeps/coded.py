"""Tables for coded columns: the words that really stand there, for those that the program's closed lists do not know.

Only a column that :mod:`converter.sources.profile` finds coded shows its words, and none of them that holds the name of
somebody in the export. They go into the draft, which is its owner's file, and nowhere else. What a word means is never
guessed: its entry stays a gap.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from converter.diagnostics import SourceError
from converter.firststeps.guess import Guesses, Source
from converter.firststeps.shapes import Column
from converter.firststeps.yaml_lines import Lines, scalar
from converter.mapping.schema import SourceSpec
from converter.mapping.tables import KINDS
from converter.sources import open_table
from converter.terminology import fold, fold_label, legacy_kinds

__all__ = ["CodedColumns"]

#: Fields that hold people's names.
_NAMES = ("birth_name", "used_name", "given_names", "first_given_name", "used_given_name", "guard.birth_name",
          "guard.name", "guard.given_names", "author.name")  # fmt: skip
#: The one table for the kinds of documents of all indexes.
_KINDS_TABLE, _KINDS_NOTE = "rubriques", "type JDV_J07"


@dataclass(slots=True)
class _Drafted:
    """A table of the mapping: target by word, None where it is a gap."""

    note: str
    use: str | None = None
    words: dict[str, str | None] = field(default_factory=dict)


class CodedColumns:
    """Collects the tables while the rules are drafted; a source is read again at most once, and only if a word in it is
    not known."""

    def __init__(self, guesses: Guesses) -> None:
        self._names = _names(guesses.sources())
        self._tables: dict[str, _Drafted] = {}
        self._words: dict[str, Mapping[int, tuple[str, ...]]] = {}

    def table(self, source: Source, column: Column, known: Mapping[str, str], name: str, note: str) -> str | None:
        """The name of a table for all words of the column, those not in ``known`` (folded) being gaps to which ``note``
        belongs. None where there are no such words, or the column is not coded."""
        words = {
            w: known.get(fold(w)) for w in self._of(source, column) if fold(w) in known or not self._is_personal(w)
        }
        if None not in words.values():
            return None
        self._add(name, _Drafted(note), words)
        return name

    def kinds(self, source: Source, column: Column) -> str:
        """The table for a column of document kinds: the shipped one, or its extension by gaps for what it lacks."""
        found = column.known_kinds()
        if found is None or found[0] == found[1]:
            return KINDS
        words = [
            w for w in self._of(source, column) if fold_label(w) not in legacy_kinds() and not self._is_personal(w)
        ]
        if not words:
            return KINDS
        self._add(_KINDS_TABLE, _Drafted(_KINDS_NOTE, KINDS), dict.fromkeys(words))
        return _KINDS_TABLE

    def write(self, lines: Lines) -> None:
        """The `tables:` of the draft, where there are some."""
        if self._tables:
            lines.add("", "tables:  # les mots des colonnes codées, tels que les fichiers les écrivent")
        for name, table in self._tables.items():
            lines.add(f"  {name}:", *([f"    use: {table.use}", "    add:"] if table.use else []))
            indent = "      " if table.use else "    "
            for word, target in table.words.items():
                if target is None:
                    lines.blank(indent + scalar(word), table.note)
                else:
                    lines.guess(f"{indent}{scalar(word)}: {target}")

    def _add(self, name: str, table: _Drafted, words: Mapping[str, str | None]) -> None:
        """Words that a table takes for the same are one entry."""
        table = self._tables.setdefault(name, table)
        folding = fold_label if table.use == KINDS else fold
        taken = {folding(word) for word in table.words}
        for word, target in words.items():
            if folding(word) not in taken:
                taken.add(folding(word))
                table.words[word] = target

    def _of(self, source: Source, column: Column) -> tuple[str, ...]:
        if source.name not in self._words:
            self._words[source.name] = _coded_words(source)
        return self._words[source.name].get(column.position, ())

    def _is_personal(self, word: str) -> bool:
        """Whether the word holds somebody's name: indexes are found whose "type" is the resident's own drawer."""
        text = f" {fold_label(word)} "
        return any(f" {name} " in text for name in self._names)


def _names(sources: Iterable[Source]) -> frozenset[str]:
    columns = [source.fields[name] for source in sources for name in _NAMES if name in source.fields]
    return frozenset(name for column in columns for value in column.values or () if (name := fold_label(value)))


def _coded_words(source: Source) -> Mapping[int, tuple[str, ...]]:
    """The words of each coded column, by its position from 1."""
    from converter.sources.profile import profile

    file, table = source.file, source.table
    spec = SourceSpec.model_validate({"file": "-"}).model_copy(
        update={
            "file": [file.path.name],
            "sheet": table.sheet if len(file.tables) > 1 else None,
            "encoding": file.encoding if file.encoding_is_guess else None,
            "delimiter": file.delimiter,
            "header_row": table.header,
        }
    )
    try:
        columns = profile(open_table(source.name, spec, file.path.parent, [c.label for c in table.columns if c.label]))
    except SourceError:
        return {}  # read as the draft says it cannot be; `dui check` will tell why
    return {at: column.words for at, column in enumerate(columns, 1)}
