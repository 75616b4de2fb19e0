"""Usual French labels of columns, and the field of the mapping that each stands for.

A table of spellings, compared without case, accents, punctuation, little words and ``camelCase``. It proposes; who
writes the mapping decides.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache

from converter.terminology import fold_label

__all__ = ["DOCUMENTS", "RESIDENTS", "USUAL", "bare", "has_usual_word", "is_usual", "spellings"]

_CAMEL = re.compile(r"(?<=[a-zéè])(?=[A-ZÉ])")
_LITTLE = frozenset(["de", "du", "des", "d", "la", "l", "les", "en", "au", "aux"])
_SAME = {
    **dict.fromkeys(("n", "no", "num", "numero", "nr", "nb", "numeros", "num."), "n"),
    **dict.fromkeys(("id", "ident", "identifiant", "identifier"), "id"),
    **dict.fromkeys(("tel", "telephone", "tele", "phone"), "tel"),
    **dict.fromkeys(("prenoms", "pren"), "prenoms"),
    **dict.fromkeys(("dt", "date", "dte"), "date"),
    **dict.fromkeys(("naiss", "naissance", "nais"), "naissance"),
    **dict.fromkeys(("residant", "resident", "usager", "beneficiaire", "patient", "personne", "client"), "usager"),
    **dict.fromkeys(("doc", "document", "docs", "documents", "ged", "piece"), "document"),
    **dict.fromkeys(("ss", "secu", "securite"), "ss"),
    **dict.fromkeys(("lib", "libelle"), "libelle"),
    **dict.fromkeys(("fic", "fichier", "file"), "fichier"),
    **dict.fromkeys(("1er", "1", "premier", "1ier"), "1er"),
    **dict.fromkeys(("creation", "cree", "created"), "creation"),
}


@cache
def bare(label: str) -> str:
    """A label as it is compared: ``N° de dossier``, ``NUM_DOSSIER`` and ``numDossier`` are ``n dossier``."""
    words = fold_label(_CAMEL.sub(" ", label.replace("°", " "))).split()
    return " ".join(_SAME.get(word, word) for word in words if word not in _LITTLE)


_PERSON_NUMBER = (
    "N° dossier|N° usager|Code usager|Id usager|Usager id|N° dossier usager|Dossier usager|Identifiant usager|"
    "Identifiant interne|N° interne|Id interne|Code interne|IPP|N° IPP|Id IPP|Matricule usager|Code dossier|"
    "Id dossier|Dossier|N° administratif|N° personne|Usager|Identifiant|Code|Id|N°|Numéro|Matricule|Clé"
)

#: Fields of `residents:`, with their labels, the surest first. A column serves once: order matters.
RESIDENTS: Mapping[str, str] = {
    "key": _PERSON_NUMBER,
    "birth_name": "Nom de naissance|Nom naissance|Nom de famille|Nom patronymique|Patronyme|Nom de jeune fille|"
    "Nom JF|Nom naiss|Nom usager|Nom",
    "used_name": "Nom d'usage|Nom usage|Nom usuel|Nom utilisé|Nom marital|Nom d'épouse|Nom époux|Nom|Nom usager",
    "first_given_name": "Premier prénom|1er prénom|1er prénom de naissance|Premier prénom de naissance|Prénom 1",
    "given_names": "Prénoms|Prénom(s)|Prénoms de naissance|Prénom de naissance|Liste des prénoms|Prénom|Prénom usager",
    "used_given_name": "Prénom usuel|Prénom d'usage|Prénom utilisé|Prénom",
    "title": "Civilité|Civ|Titre|Qualité",
    "sex": "Sexe|Genre|Sexe usager|Sx",
    "birth_date": "Date de naissance|Né(e) le|Né le|Née le|DDN|Date naiss|Naissance|Date de naissance usager|D.N.",
    "birth_order": "Rang de naissance|Rang|Rang gémellaire",
    "birth_place_code": "Code INSEE naissance|Code lieu de naissance|Code lieu naiss|Code INSEE lieu de naissance|"
    "Code INSEE|INSEE naissance|Code commune de naissance|Code commune naissance",
    "birth_place_name": "Lieu de naissance|Lieu naissance|Commune de naissance|Ville de naissance|Né(e) à|Né à",
    "death_date": "Date de décès|Décès|Décédé(e) le|Décédé le|Date décès|DDD",
    "deceased": "Décédé|Décédé(e)|Est décédé",
    "ins": "INS|Matricule INS|N° INS|INS NIR|INS-NIR|Matricule INS NIR|Numéro INS",
    "qualified": "Statut identité|Statut INS|INS qualifiée|INS qualifié|Statut de l'identité|Identité|Qualité INS|"
    "Identité qualifiée|Statut INSi",
    "nss": "NIR|N° SS|N° sécurité sociale|N° de sécurité sociale|NSS|N° sécu|N° sécu sociale|N° immatriculation|"
    "N° assuré|Numéro SS|Immatriculation|N° assuré social",
    "address.lines": "Adresse|Adresse 1|Rue|Adresse ligne 1|Voie|Adresse usager",
    "address.lines2": "Adresse 2|Complément|Complément d'adresse|Complément adresse|Adresse ligne 2",
    "address.postal_code": "CP|Code postal|C.P.|Cod postal",
    "address.city": "Ville|Commune|Localité",
    "address.country": "Pays",
    "mobile": "Portable|Mobile|Tél portable|Tél mobile|GSM|N° portable",
    "phone": "Téléphone|Tél|Tél fixe|Téléphone fixe|N° téléphone|Tél domicile|Téléphone domicile|Fixe",
    "email": "Courriel|E-mail|Email|Mail|Mél|Adresse mail|Adresse e-mail|Adresse électronique",
}

#: Fields of a rule of scanned documents.
DOCUMENTS: Mapping[str, str] = {
    "scan": "Chemin|Chemin fichier|Chemin du fichier|Chemin complet|Chemin d'accès|Fichier|Nom fichier|"
    "Nom du fichier|Nom de fichier|Path|File path|Filename|Emplacement|URL|Lien|Chemin document|Fichier document|"
    "Chemin relatif|Pièce jointe|Image",
    "key": "Id GED|Id document|N° document|Document id|N° doc|Id doc|Code document|Référence document|Réf document|"
    "Id pièce|N° pièce|Clé document|GUID|UUID|N° GED|Identifiant document|Identifiant|Référence|Réf|Ref|N°|"
    "Numéro|Id|Clé|Code|Document|Pièce|Index",
    "title": "Libellé|Titre|Intitulé|Libellé document|Titre document|Nom document|Nom du document|Désignation|"
    "Description|Objet|Sujet|Libellé du document|Titre du document",
    "type": "Rubrique|Type de document|Type document|Type|Catégorie|Nature|Nature document|Famille|Classeur|"
    "Type doc|Code type|Thème|Classement|Catégorie document|Chapitre",
    "created": "Date document|Date du document|Date de création|Date création|Créé le|Date doc|Date|"
    "Date de numérisation|Date numérisation|Date scan|Date d'ajout|Date ajout|Date import|Date d'enregistrement|"
    "Date pièce|Date de dépôt|Date de la pièce",
    "author.name": "Auteur|Créé par|Créateur|Rédacteur|Saisi par|Auteur document|Nom auteur|Émetteur",
    "author.role": "Fonction|Fonction auteur|Rôle|Profession|Métier|Qualité auteur",
    "sha256": "SHA256|SHA-256|Empreinte SHA256|Empreinte SHA-256",
    "md5": "MD5|Empreinte MD5|Somme MD5",
    "guard.birth_name": "Nom de naissance|Nom naissance|Nom patronymique|Nom de famille",
    "guard.name": "Nom|Nom usager|Nom d'usage|Nom usuel",
    "guard.given_names": "Prénoms|Prénom(s)",
    "guard.birth_date": "Date de naissance|Né(e) le|Né le|DDN|Naissance",
}

#: Labels of other columns, by which a header is known for one.
_OTHERS = (
    "Statut|État|Actif|Unité|Service|Chambre|Site|Établissement|Structure|Commentaire|Observations|Remarque|Début|Fin|"
    "Date de début|Date de fin|Date d'entrée|Date de sortie|Entrée|Sortie|Admission|Motif|Mesure|Organisme|Lien|"
    "Lien de parenté|Ordre|Régime|Assuré|Contrat|Texte|Transmission|Intervenant|RPPS|Prestation|Compte rendu|Heure|"
    "Taille|Taille octets|Extension|Format|Version|Confidentiel|Pages|Nationalité|Situation familiale|Profession|GIR|"
    "Médecin traitant|Référent|Tuteur|Contact|Cotation|Item|Besoin|Évaluateur|SIREN|SIRET|FINESS|N° MDPH|Dossier MDPH|"
    "Mot clé|Mots clés|Date modification|Modifié le|Modifié par|Mutuelle|Caisse|Projet|Ressources|Sortie prévue|"
    "Mode d'entrée|Année|Mois|Jour|Heures|Durée|Quantité|Montant|Groupe|Secteur|Étage|Lit|Supprimé|Validé|Validé par"
)


@cache
def spellings(labels: str) -> tuple[str, ...]:
    """The compared forms of a list of labels."""
    return tuple(dict.fromkeys(bare(label) for label in labels.split("|")))


#: Every label known, as written: the readers look for a text file's delimiter by them.
USUAL: Sequence[str] = tuple(
    dict.fromkeys(
        label for labels in (*RESIDENTS.values(), *DOCUMENTS.values(), _OTHERS) for label in labels.split("|")
    )
)
_BARE = frozenset(map(bare, USUAL))


def is_usual(label: str) -> bool:
    """Whether a cell is a label that exports commonly have."""
    return len(label) <= 80 and bare(label) in _BARE


_KNOWN_WORDS = frozenset(word for label in _BARE for word in label.split() if len(word) > 2 or word in ("n", "id"))


def has_usual_word(label: str) -> bool:
    """Whether some word of usual labels stands in a cell."""
    return is_usual(label) or (len(label) <= 80 and not _KNOWN_WORDS.isdisjoint(bare(label).split()))
