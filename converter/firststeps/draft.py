"""A first mapping as text: what the tables showed, every guess marked, every gap left open.

The draft is refused by the loader as long as a gap is open: nothing that only a person knows (who sends, where an
unknown column is) gets a default. The same sources give the same draft.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from converter.firststeps.coded import CodedColumns
from converter.firststeps.guess import Guesses, Source
from converter.firststeps.shapes import Column
from converter.firststeps.yaml_lines import Lines, flow, scalar
from converter.mapping.dates import ISO_FORMS
from converter.mapping.fields import NO, SEXES, TITLES, YES
from converter.sources.scans import ScanError, ScanRoot

__all__ = ["draft"]

#: Words for a sex beyond those that need no table.
_SEX_WORDS = {
    **SEXES,
    **dict.fromkeys(("h", "homme", "masculin", "masc", "1", "monsieur", "mr", "mr.", "m."), "male"),
    **dict.fromkeys(
        ("femme", "feminin", "fem", "2", "madame", "mme", "mme.", "mademoiselle", "mlle", "mlle.", "melle"), "female"
    ),
    **dict.fromkeys(("inconnu", "indetermine", "i", "autre"), "unknown"),
}
_STATES = {
    **dict.fromkeys(("qualifiee", "qualifie", "identite qualifiee"), "oui"),
    **dict.fromkeys(
        ("provisoire", "validee", "valide", "recuperee", "recupere", "non qualifiee", "identite provisoire",
         "identite validee", "identite recuperee", "fictive", "douteuse"),
        "non",
    ),
}  # fmt: skip
_YES_NO = {**dict.fromkeys(YES, "oui"), **dict.fromkeys(NO, "non")}
_SIMPLE = ("used_name", "first_given_name", "given_names", "used_given_name")
_LAST = ("birth_order", "birth_place_code", "birth_place_name", "nss", "phone", "mobile", "email")


def draft(guesses: Guesses, output: Path, scans: Path | None, schema: str) -> Lines:
    """The mapping file to be written at ``output``; ``schema`` is the name of the editor's schema beside it."""
    lines = Lines()
    lines.add(
        f"# yaml-language-server: $schema={schema}",
        "# Premier brouillon, déduit des en-têtes et de la forme des cellules : à relire ligne par ligne.",
        "# « à vérifier » : supposition. « à compléter » : ce qu'aucun fichier ne dit ; `dui check` refuse le reste.",
        "mapping: 1",
    )
    lines.blank("title", "à quoi sert cette correspondance, en une ligne")
    lines.guess("release: tddui-1.1.0", "version du guide que demande le destinataire")
    _establishment(lines)
    _sources(lines, guesses, output.parent, scans)
    coded = CodedColumns(guesses)
    _residents(lines, guesses.residents, guesses.documents, coded)
    _documents(lines, guesses, scans, coded)
    coded.write(lines)
    return lines


def _establishment(lines: Lines) -> None:
    lines.add("", "establishment:")
    lines.blank("  name", "nom de l'établissement")
    lines.blank("  finess", "FINESS géographique, neuf caractères")
    lines.blank("  facility_type", "secteur (JDV_J02) : SA17 personnes âgées, SA16 personnes handicapées")
    lines.add(
        "  # category: 500  # catégorie FINESS (TRE_R66), 500 pour un EHPAD ; le dossier structuré la demande",
        "  # oid: 1.2.250.1.…  # arc OID de l'établissement, s'il en a un ; sinon les identifiants sont des UUID",
        "  software:",
    )
    lines.blank("    name", "nom du logiciel dont viennent les données")
    lines.blank("    manufacturer", "éditeur de ce logiciel")


# ------------------------------------------------------------------------------------------------------- sources


def _sources(lines: Lines, guesses: Guesses, folder: Path, scans: Path | None) -> None:
    lines.add("", "sources:")
    for source in guesses.sources():
        options = _source_options(source, folder)
        is_index = any(source is d for d in guesses.documents)
        lines.add(f"  {source.name}:" + ("" if any(source is s for s in _used(guesses)) else "  # sans règle encore"))
        for key, value in options.items():
            text = scalar(value) if isinstance(value, str) else "[" + ", ".join(map(scalar, value)) + "]"
            line = f"    {key}: {text}"
            if key == "encoding":
                lines.guess(line, "deviné d'après les lettres accentuées")
            elif key == "columns":
                lines.guess(line, "aucune ligne n'est un en-tête à coup sûr ; sinon header_row: N à la place")
            else:
                lines.add(line)
        if is_index:
            _scans(lines, source, folder, scans)
    if not guesses.documents and scans is not None:
        lines.add("  ged:", f"    folder: {scalar(_relative(scans, folder))}")
        lines.guess(
            "    pattern: '(?P<dossier>[^/]+)/(?P<titre>[^/]+)\\.[A-Za-z]+'",
            "aucun index trouvé ; le premier dossier serait le numéro de l'usager",
        )


def _used(guesses: Guesses) -> list[Source]:
    return [*([guesses.residents] if guesses.residents else []), *guesses.documents]


def _source_options(source: Source, folder: Path) -> dict[str, str | list[str]]:
    file, table = source.file, source.table
    options: dict[str, str | list[str]] = {"file": _relative(file.path, folder)}
    if table.sheet is not None and len(file.tables) > 1:
        options["sheet"] = table.sheet
    if file.encoding is not None and file.encoding_is_guess:
        options["encoding"] = file.encoding
    if file.delimiter is not None:
        options["delimiter"] = file.delimiter
    if not source.has_header:
        options["columns"] = [f"colonne {c.position}" for c in table.columns]
    return options


def _relative(path: Path, folder: Path) -> str:
    """The path as the mapping's folder sees it; the whole path where there is no way, on another drive."""
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:
        return path.resolve().as_posix()


def _scans(lines: Lines, source: Source, folder: Path, scans: Path | None) -> None:
    if scans is None:
        lines.blank("    scans", "dossier des fichiers que nomme cet index (dui init --scans DOSSIER le propose)")
        return
    lines.add(f"    scans: {scalar(_relative(scans, folder))}")
    prefixes = _prefixes(source.fields["scan"].paths, scans)
    if prefixes:
        text = ", ".join("'" + p.replace("'", "''") + "'" for p in prefixes)
        lines.guess(f"    strip_prefix: [{text}]", "début des chemins de l'ancien serveur")


def _prefixes(paths: Sequence[str], scans: Path) -> list[str]:
    """What paths of the index begin with that does not exist below the scans folder, and does once it is taken off.

    Only a beginning that several paths share, so that it is a server's and nobody's own.
    """
    plain = ScanRoot(scans)
    left = [path for path in paths if not _found(path, plain)]
    prefixes: list[str] = []
    while left and len(prefixes) < _PREFIXES:
        best = _prefix(left, scans)
        if best is None:
            break
        prefixes.append(best)
        left = [path for path in left if not path.startswith(best)]
    return prefixes


#: Prefixes proposed, paths they are sought in, and different names that must follow one.
_PREFIXES, _SOUGHT, _FOLLOWING = 3, 20, 3


def _prefix(paths: Sequence[str], scans: Path) -> str | None:
    starts = [path[: at + 1] for path in paths[:_SOUGHT] for at, char in enumerate(path) if char in "/\\"]
    for start in dict.fromkeys(starts):
        sharing = [path for path in paths if path.startswith(start)]
        following = {path[len(start) :].replace("\\", "/").split("/")[0] for path in sharing}
        if len(following) < _FOLLOWING:
            continue
        root = ScanRoot(scans, (start,))
        tried = sharing[:_SOUGHT]
        if sum(_found(path, root) for path in tried) * 2 > len(tried):
            return start
    return None


def _found(path: str, root: ScanRoot) -> bool:
    try:
        root.locate(path)
    except ScanError:
        return False
    return True


# ----------------------------------------------------------------------------------------------------- residents


def _residents(lines: Lines, source: Source | None, documents: Sequence[Source], coded: CodedColumns) -> None:
    lines.add("", "residents:")
    if source is None:
        lines.blank("  from", "la source qui a une ligne par usager")
        lines.blank("  key", "colonne du numéro de l'usager dans l'ancien logiciel")
        lines.blank("  birth_name", "colonne du nom de naissance")
        return
    fields = source.fields
    lines.guess(f"  from: {source.name}", "une ligne par usager")
    _key(lines, source, documents)
    _column(lines, source, "birth_name", "colonne du nom de naissance")
    for name in _SIMPLE:
        _column(lines, source, name)
    _title(lines, source, coded)
    _sex(lines, source, coded)
    for name in ("birth_date", "death_date"):
        if name in fields:
            _date(lines, f"  {name}", source, fields[name])
    _deceased(lines, source)
    _ins(lines, source, coded)
    for name in _LAST:
        _column(lines, source, name)
    _address(lines, source)
    _unused(lines, source)


def _key(lines: Lines, source: Source, documents: Sequence[Source]) -> None:
    key = source.fields.get("key")
    if key is None:
        lines.blank("  key", "colonne du numéro de l'usager dans l'ancien logiciel")
        return
    note = "" if key.identifies else "des valeurs se répètent ou manquent"
    lines.guess(f"  key: {scalar(source.reference(key))}", note)
    others = [d.fields["resident"] for d in documents if "resident" in d.fields]
    if any(bool(key.kinds["leading-zeros"]) != bool(c.kinds["leading-zeros"]) for c in others):
        lines.guess("  normalize_key: [spaces, leading_zeros]", "les fichiers n'écrivent pas les zéros de tête pareil")


def _column(lines: Lines, source: Source, name: str, missing: str = "", indent: str = "  ") -> None:
    column = source.fields.get(name)
    if column is not None:
        lines.guess(f"{indent}{name}: {scalar(source.reference(column))}")
    elif missing:
        lines.blank(f"{indent}{name}", missing)


def _title(lines: Lines, source: Source, coded: CodedColumns) -> None:
    column = source.fields.get("title")
    if column is None:
        return
    name = source.reference(column)
    if column.words_within(TITLES) is not None:
        lines.guess(f"  title: {scalar(name)}")
    elif table := coded.table(source, column, TITLES, "civilites", "M ou MME"):
        lines.guess(f"  title: {flow({'column': name, 'table': table})}")
    else:
        lines.guess(f"  title: {scalar(name)}", "ses mots demandent peut-être une table : M ou MME")


def _sex(lines: Lines, source: Source, coded: CodedColumns) -> None:
    column = source.fields.get("sex") or source.fields.get("title")
    if column is None:
        return
    name = source.reference(column)
    words = column.words_within(_SEX_WORDS)
    if words is None:
        if table := coded.table(source, column, _SEX_WORDS, "sexes", "male, female ou unknown"):
            lines.guess(f"  sex: {flow({'column': name, 'table': table})}")
        elif column is source.fields.get("sex"):
            lines.guess(f"  sex: {scalar(name)}", "ses mots demandent une table : {mot: male, mot: female}")
    elif all(word in SEXES for word in words):
        lines.guess(f"  sex: {scalar(name)}")
    else:
        table_of_words = {_cased(word): _SEX_WORDS[word] for word in words}
        lines.guess(f"  sex: {flow({'column': name, 'table': table_of_words})}")


def _cased(word: str) -> str:
    return word.upper() if len(word) == 1 else word.capitalize()


def _deceased(lines: Lines, source: Source) -> None:
    column = source.fields.get("deceased")
    if column is not None and column.words_within(YES | NO) is not None:
        lines.guess(f"  deceased: {scalar(source.reference(column))}")


def _ins(lines: Lines, source: Source, coded: CodedColumns) -> None:
    number, state = source.fields.get("ins"), source.fields.get("qualified")
    if number is None:
        return
    options: dict[str, object] = {"column": source.reference(number)}
    note = "sans `qualified:` le numéro part comme numéro de sécurité sociale"
    if state is not None:
        words = state.words_within(_STATES)
        if words:
            table = {_cased(word): _STATES[word] for word in words}
            options["qualified"] = {"column": source.reference(state), "table": table}
            note = "seule une identité qualifiée par INSi est « oui »"
        elif state.words_within(YES | NO) is not None:
            options["qualified"] = source.reference(state)
            note = "seule une identité qualifiée par INSi est « oui »"
        elif name := coded.table(source, state, _STATES | _YES_NO, "statuts_identite", "oui si qualifiée, sinon non"):
            options["qualified"] = {"column": source.reference(state), "table": name}
            note = "seule une identité qualifiée par INSi est « oui »"
    lines.guess(f"  ins: {flow(options)}", note)


def _address(lines: Lines, source: Source) -> None:
    fields = source.fields
    parts: dict[str, object] = {}
    street = [source.reference(fields[n]) for n in ("address.lines", "address.lines2") if n in fields]
    if street:
        parts["lines"] = street
    for name in ("postal_code", "city", "country"):
        if f"address.{name}" in fields:
            parts[name] = source.reference(fields[f"address.{name}"])
    if parts:
        lines.guess(f"  address: {flow(parts)}")


def _date(lines: Lines, key: str, source: Source, column: Column) -> None:
    options, note = _dated(source, column)
    lines.guess(f"{key}: " + (flow(options) if len(options) > 1 else scalar(str(options["column"]))), note)


def _dated(source: Source, column: Column) -> tuple[dict[str, object], str]:
    """A date's column with the forms of its cells, and what to look at."""
    forms, rest = column.mostly()
    notes = []
    if source.table.typed:
        # Real date cells of a workbook need no form; text among them does.
        typed = [f for f in forms if f in ISO_FORMS]
        forms = [f for f in forms if f not in ISO_FORMS] or (["%d/%m/%Y"] if rest or not typed else [])
    elif not forms:
        forms = ["%d/%m/%Y"]
        notes.append("forme des dates non reconnue")
    if rest and rest < column.filled:
        notes.append(f"{rest} cellule(s) sans cette forme")
    if column.is_ambiguous:
        notes.append("chaque date se lit aussi avec le mois en tête")
    if any("%y" in form for form in forms):
        notes.append("ajouter pivot: NN, le plus grand millésime à lire 20..")
    options: dict[str, object] = {"column": source.reference(column)}
    if forms:
        options["date"] = forms[0] if len(forms) == 1 else forms
    return options, " ; ".join(notes)


def _unused(lines: Lines, source: Source) -> None:
    """Columns without a rule, so that nobody forgets one."""
    names = [f"#{c.position}" + (f" {scalar(c.label)}" if c.label and c.shown else "") for c in source.unused()]
    for at in range(0, len(names), 6):
        lines.add(("  # sans règle : " if at == 0 else "  #   ") + ", ".join(names[at : at + 6]))


# ----------------------------------------------------------------------------------------------------- documents


def _documents(lines: Lines, guesses: Guesses, scans: Path | None, coded: CodedColumns) -> None:
    lines.add("", "documents:")
    for source in guesses.documents:
        _rule(lines, source, coded)
    if not guesses.documents:
        _folder_rule(lines, scans)
    lines.add("  # - dossier: {}  # un dossier structuré par usager, une fois les autres sections écrites")


def _rule(lines: Lines, source: Source, coded: CodedColumns) -> None:
    fields = source.fields
    lines.guess(f"  - from: {source.name}", "une ligne par fichier")
    _column(lines, source, "resident", "colonne du numéro de l'usager", "    ")
    _guard(lines, source)
    _column(lines, source, "scan", "colonne du chemin du fichier", "    ")
    lines.add("    # convert: pdf  # met en PDF, sans perte, les images que le CI-SIS n'accepte pas")
    if "key" in fields:
        note = "des numéros se répètent" if fields["key"].repeats else ""
        lines.guess(f"    key: {scalar(source.reference(fields['key']))}", note)
    else:
        lines.guess(
            f"    key: {scalar(source.reference(fields['scan']))}",
            "pas de numéro de document ; le chemin en tient lieu",
        )
    _column(lines, source, "title", "colonne du titre du document", "    ")
    _type(lines, source, coded)
    if "created" in fields:
        _date(lines, "    created", source, fields["created"])
    _author(lines, source)
    for name in ("sha256", "md5"):
        _column(lines, source, name, "", "    ")
    _unused(lines, source)


def _guard(lines: Lines, source: Source) -> None:
    """The identity that the index repeats, which must agree with the residents' file."""
    options: dict[str, object] = {}
    notes: list[str] = ["identité répétée, qui doit concorder avec l'usager"]
    for name in ("birth_name", "name", "given_names"):
        if f"guard.{name}" in source.fields:
            options[name] = source.reference(source.fields[f"guard.{name}"])
    if "guard.birth_date" in source.fields:
        dated, note = _dated(source, source.fields["guard.birth_date"])
        options["birth_date"] = dated if len(dated) > 1 else dated["column"]
        notes += [note] if note else []
    if options:
        lines.guess(f"    guard: {flow(options)}", " ; ".join(notes))


def _type(lines: Lines, source: Source, coded: CodedColumns) -> None:
    column = source.fields.get("type")
    if column is None:
        lines.blank("    type", "colonne du type, par une table, ou {value: code JDV_J07}")
        return
    known = column.known_kinds()
    note = f"{known[0]} mots sur {known[1]} sont connus de legacy-document-kinds" if known else ""
    options = {"column": source.reference(column), "table": coded.kinds(source, column)}
    lines.guess(f"    type: {flow(options)}", note)


def _author(lines: Lines, source: Source) -> None:
    if "author.name" not in source.fields:
        return
    person: dict[str, object] = {"name": source.reference(source.fields["author.name"])}
    if "author.role" in source.fields:
        person["role"] = source.reference(source.fields["author.role"])
    lines.guess(f"    author: {flow({'person': person})}")


def _folder_rule(lines: Lines, scans: Path | None) -> None:
    """No index was found: the folder is its own index, when there is one."""
    if scans is None:
        for key, note in _GAPS.items():
            lines.blank(key, note)
    else:
        lines.guess("  - from: ged", "une ligne par fichier du dossier")
        for line in ("    resident: dossier", "    scan: path", "    key: path", "    title: titre"):
            lines.guess(line)
    lines.blank("    type", "colonne du type, par une table, ou {value: code JDV_J07}")


_GAPS = {
    "  - from": "la source des documents",
    "    resident": "colonne du numéro de l'usager",
    "    scan": "colonne du chemin du fichier",
    "    key": "colonne du numéro du document",
    "    title": "colonne du titre",
}
