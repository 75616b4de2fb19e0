"""Words of the report and of the workbook in both languages; the problems have theirs in the catalogue."""

from __future__ import annotations

import re
from datetime import datetime

__all__ = ["WORDS", "moment", "number", "size", "typeset"]

WORDS: dict[str, dict[str, str]] = {
    "fr": {
        "title": "Compte rendu de conversion",
        "of": "Conversion du {date}",
        "ok": "Toutes les lignes sont converties ou laissées de côté pour une raison connue.",
        "rejected": "{rejected} ligne(s) sur {read} sont à corriger.",
        "rest": "Les autres sont traitées.",
        "refused": "Une partie de ce qui était demandé n'a pas pu être produite : voyez « À corriger ».",
        "faulty": "{faulty} dossier(s) n'ont pas passé leur propre contrôle : ils ne sont pas transmis. Signalez-le.",
        "stopped": "La conversion s'est arrêtée au premier rejet, comme demandé. Elle n'est pas complète.",
        "interrupted": "La conversion a été interrompue. Ce qui est écrit est complet ; relancez la même commande.",
        "failed": "La conversion n'a pas abouti. Voyez « À corriger », puis relancez la même commande.",
        "partial": "Seule une partie des usagers a été demandée : les autres sont comptés comme laissés de côté.",
        "sums": "Les comptes",
        "sums_rule": "Lues = converties + rejetées + laissées de côté. Aucune ligne ne manque.",
        "source": "Source",
        "read": "Lues",
        "converted": "Converties",
        "rejected_head": "Rejetées",
        "skipped": "Laissées de côté",
        "total": "Total",
        "why_skipped": "Pourquoi des lignes sont laissées de côté",
        "reason": "Raison",
        "to_correct": "À corriger",
        "to_correct_how": "Ces lignes ne sont pas transmises. Corrigez-les dans la source, ou dans rejects.xlsx qui "
        "les reprend une par une, puis relancez la conversion.",
        "to_check": "À vérifier",
        "to_check_how": "Ces lignes sont transmises, mais quelque chose mérite un regard.",
        "problem": "Problème",
        "remedy": "À faire",
        "count": "Nombre",
        "places": "Exemples",
        "line": "ligne",
        "column": "colonne",
        "more": "et {count} autre(s) sorte(s) de problèmes : voyez rejects.csv et run.json.",
        "deviations": "Écarts et données sans place",
        "deviations_how": "Ce qui a été inventé, retiré ou rangé autrement, parce que la correspondance le demande ou "
        "que le guide n'a pas de place.",
        "decisions": "Décisions prises à la lecture des sources",
        "remarks": "Remarques",
        "delivery": "Ce qui est livré",
        "residents": "Usagers transmis",
        "residents_value": "{handed_over} sur {read} lus",
        "kept": "dont {kept} repris d'une exécution précédente",
        "documents": "Documents",
        "files": "Fichiers",
        "bytes": "Taille",
        "unindexed": "Fichiers présents sur le disque, cités par aucune ligne (unindexed.csv)",
        "changes": "Mise à jour, documents",
        "changes_unchanged": "inchangés",
        "changes_new": "nouveaux",
        "changes_changed": "modifiés",
        "changes_replaced": "remplacés",
        "changes_vanished": "disparus des sources",
        "changes_notComparable": "non comparables",
        "changes_withoutId": "sans identifiant du destinataire",
        "method": "Versions et méthode",
        "tool": "Programme",
        "release": "Version du guide",
        "mapping": "Correspondance",
        "clock": "Date de référence",
        "options": "Options",
        "read_files": "Fichiers lus",
        "method_text": "Chaque ligne est lue comme du texte et à sa place ; elle est convertie, rejetée ou laissée de "
        "côté avec une raison. Rien n'est deviné. Chaque document est contrôlé avant d'être écrit. "
        "« dui explain CODE » explique un code. Cette page ne contient aucune donnée personnelle.",
        "nothing": "Rien à signaler.",
    },
    "en": {
        "title": "Report of the conversion",
        "of": "Conversion of {date}",
        "ok": "Every row is converted, or skipped for a known reason.",
        "rejected": "{rejected} row(s) of {read} need correction.",
        "rest": "The others are done.",
        "refused": "Part of what was asked for could not be made: see 'To correct'.",
        "faulty": "{faulty} file(s) failed their own check: they are not handed over. Please report it.",
        "stopped": "The conversion stopped at the first reject, as asked. It is not complete.",
        "interrupted": "The conversion was interrupted. What is written is complete; run the same command again.",
        "failed": "The conversion did not come to its end. See 'To correct', then run the same command again.",
        "partial": "Only some residents were asked for: the others are counted as skipped.",
        "sums": "The sums",
        "sums_rule": "Read = converted + rejected + skipped. No row is missing.",
        "source": "Source",
        "read": "Read",
        "converted": "Converted",
        "rejected_head": "Rejected",
        "skipped": "Skipped",
        "total": "Total",
        "why_skipped": "Why rows are skipped",
        "reason": "Reason",
        "to_correct": "To correct",
        "to_correct_how": "These rows are not handed over. Correct them in the source, or in rejects.xlsx which lists "
        "them one by one, then run the conversion again.",
        "to_check": "To check",
        "to_check_how": "These rows are handed over, but something deserves a look.",
        "problem": "Problem",
        "remedy": "What to do",
        "count": "Count",
        "places": "Examples",
        "line": "line",
        "column": "column",
        "more": "and {count} more kind(s) of problems: see rejects.csv and run.json.",
        "deviations": "Deviations, and data without a place",
        "deviations_how": "What was made up, left out or put elsewhere, because the mapping asks for it or the guide "
        "has no place for it.",
        "decisions": "Decisions taken while reading the sources",
        "remarks": "Remarks",
        "delivery": "What is delivered",
        "residents": "Residents handed over",
        "residents_value": "{handed_over} of {read} read",
        "kept": "{kept} of them kept from an earlier run",
        "documents": "Documents",
        "files": "Files",
        "bytes": "Size",
        "unindexed": "Files on disk that no row names (unindexed.csv)",
        "changes": "Update, documents",
        "changes_unchanged": "unchanged",
        "changes_new": "new",
        "changes_changed": "changed",
        "changes_replaced": "replaced",
        "changes_vanished": "gone from the sources",
        "changes_notComparable": "not comparable",
        "changes_withoutId": "without the receiver's identifier",
        "method": "Versions and method",
        "tool": "Program",
        "release": "Release of the guide",
        "mapping": "Mapping",
        "clock": "Reference date",
        "options": "Options",
        "read_files": "Files read",
        "method_text": "Each row is read as text, at its place; it is converted, rejected, or skipped with a reason. "
        "Nothing is guessed. Each document is checked before it is written. 'dui explain CODE' explains a code. This "
        "page holds no personal data.",
        "nothing": "Nothing to tell.",
    },
}

_BEFORE = re.compile(r"(?<=\S) ([:;!?»])")
_AFTER = re.compile(r"« ")
_UNITS = {"fr": ("octets", "Ko", "Mo", "Go", "To"), "en": ("bytes", "KB", "MB", "GB", "TB")}


def typeset(text: str, lang: str) -> str:
    """French double punctuation keeps to its word: the blanks beside it do not break."""
    return _AFTER.sub("«\u00a0", _BEFORE.sub("\u00a0\\1", text)) if lang == "fr" else text


def number(value: int, lang: str) -> str:
    """``12 345`` or ``12,345``; the French blank does not break."""
    text = f"{value:,}"
    return text.replace(",", "\u202f") if lang == "fr" else text


def size(value: int, lang: str) -> str:
    """A size in bytes, for people."""
    amount, units = float(value), list(_UNITS[lang])
    while amount >= 1000 and len(units) > 1:
        amount /= 1000
        units.pop(0)
    if units[0] == _UNITS[lang][0]:
        return f"{value}\u00a0{units[0]}"
    return (f"{amount:.1f}".replace(".", ",") if lang == "fr" else f"{amount:.1f}") + f"\u00a0{units[0]}"


def moment(iso: str, lang: str) -> str:
    """``12/03/2026 à 18:00`` or ``2026-03-12 18:00``, in the zone that the text has."""
    value = datetime.fromisoformat(iso)
    return value.strftime("%d/%m/%Y à %H:%M" if lang == "fr" else "%Y-%m-%d %H:%M")
