"""Makes the inputs of the samples anew: `python samples/generate.py`. Everything in them is invented.

No name, number or address is anybody's: names come from the lists below, matricules carry the test OID and a commune
part that no commune has (991 to 998), FINESS numbers a range that is not attributed. The same inputs come out each time.
"""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from pathlib import Path

import img2pdf
import pikepdf
from openpyxl import Workbook
from PIL import Image, ImageDraw

HERE = Path(__file__).parent
STAMP = datetime(2026, 3, 12, 8, 0)


def nir(thirteen: str) -> str:
    """The number with its key."""
    return f"{thirteen}{97 - int(thirteen) % 97:02d}"


# ------------------------------------------------------------------------------------------------------------ files


def page(*lines: str) -> Image.Image:
    image = Image.new("1", (420, 300), 1)
    draw = ImageDraw.Draw(image)
    for n, line in enumerate(("DOCUMENT INVENTÉ", *lines)):
        draw.text((20, 20 + 24 * n), line, fill=0)
    return image


def pdf(*lines: str, pages: int = 1) -> bytes:
    images = []
    for n in range(pages):
        buffer = io.BytesIO()
        page(*lines, f"page {n + 1}/{pages}").save(buffer, "PNG")
        images.append(buffer.getvalue())
    made = img2pdf.convert(images, creationdate=STAMP, moddate=STAMP, producer="exemple", nodate=True)
    with pikepdf.open(io.BytesIO(made)) as document:
        buffer = io.BytesIO()
        if "/ID" in document.trailer:
            del document.trailer["/ID"]  # img2pdf's changes from run to run
        document.save(buffer, deterministic_id=True)
    return buffer.getvalue()


def jpeg(*lines: str) -> bytes:
    buffer = io.BytesIO()
    page(*lines).convert("L").save(buffer, "JPEG", quality=60)
    return buffer.getvalue()


def tiff(*lines: str, pages: int = 2) -> bytes:
    buffer = io.BytesIO()
    first, *rest = [page(*lines, f"page {n + 1}/{pages}") for n in range(pages)]
    first.save(buffer, "TIFF", compression="group4", save_all=True, append_images=rest)
    return buffer.getvalue()


def png(*lines: str) -> bytes:
    buffer = io.BytesIO()
    page(*lines).save(buffer, "PNG")
    return buffer.getvalue()


def rtf(text: str) -> bytes:
    escaped = "".join(c if ord(c) < 128 else f"\\'{c.encode('cp1252').hex()}" for c in text)
    return b"{\\rtf1\\ansi\\ansicpg1252 " + escaped.encode("ascii") + b"\\par}"


def put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def workbook(path: Path, sheets: dict[str, list[list[object]]]) -> None:
    """A workbook whose bytes do not depend on the day it is made."""
    book = Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
        for cells in sheet.iter_rows():
            for cell in cells:
                if isinstance(cell.value, datetime):
                    plain = (cell.value.hour, cell.value.minute) == (0, 0)
                    cell.number_format = "DD/MM/YYYY" if plain else "DD/MM/YYYY HH:MM"
    book.properties.created = book.properties.modified = STAMP
    book.properties.creator = "exemple"
    buffer = io.BytesIO()
    book.save(buffer)
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            content = old.read(item)
            if item.filename == "docProps/core.xml":
                start, end = content.find(b"<dcterms:modified"), content.find(b"</dcterms:modified>")
                content = content[: content.find(b">", start) + 1] + b"2026-03-12T08:00:00Z" + content[end:]
            entry = zipfile.ZipInfo(item.filename, (2026, 3, 12, 8, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, content)


# ------------------------------------------------------------------------------------------------------------ EHPAD


def ehpad(folder: Path) -> None:
    """A nursing home: a workbook of residents, a cp1252 index, scans, and planted faults (see samples/README.md)."""
    born = lambda y, m, d: datetime(y, m, d)  # noqa: E731
    head = ["N° dossier", "Civilité", "Nom de naissance", "Nom d'usage", "Prénoms", "1er prénom", "Sexe", "Né(e) le",
            "Code lieu naiss.", "Lieu de naissance", "INS", "Statut identité", "Téléphone", "Décès", "Actif"]  # fmt: skip
    people = [
        ["000101", "Mme", "EXEMPLE", "FICTIVE-MARTIN", "Odette Marie", "Odette", "F", born(1931, 5, 4), "01991",
         "Villeimaginaire", nir("2310501991014"), "Qualifiée", "04 00 00 00 01", None, "O"],
        ["000102", "M.", "D'INVENTION", None, "René", "René", "M", born(1928, 11, 23), "01992", "Bourg-Inventé",
         nir("1281101992007"), "Qualifiée", None, None, "O"],
        ["000103", "Mme", "ŒUVRARD-TEST", "LE FICTIF", "Jeanne Anne-Lise", None, "F", born(1935, 2, 28), None,
         "Villeimaginaire", nir("2350201993011"), "Provisoire", None, None, "O"],
        ["000104", "Mlle", "NULL", None, "Aïda", None, "F", born(1940, 1, 1), None, None, None, "Provisoire", None,
         None, "O"],
        ["000105", "M.", "DE LA FABLE", None, "Jean Paul Noël", "Jean Paul", "M", born(1937, 12, 25), "01994", "Contes",
         nir("1371201994003"), "Qualifiée", "06.00.00.00.05", datetime(2026, 1, 18), "N"],
        ["000106", "Mme", "CHIMÈRE", "CHIMÈRE", "Yvonne", None, "F", born(1933, 7, 14), None, None, None, "Provisoire",
         None, None, "O"],
        ["000107", "M.", "FANTAISIE", None, "Émile", None, "M", "31/02/1930", None, None, None, "Provisoire", None,
         None, "O"],
        ["000108", "Mme", "SONGE", None, "Lucie", None, "F", born(1938, 9, 9), None, None, None, "Provisoire", None,
         None, "O"],
        ["000109", "Mme", "MIRAGE", "EXEMPLE", "Simone", None, "F", born(1936, 3, 3), None, None, None, "Provisoire",
         None, None, "O"],
    ]  # fmt: skip
    title = [["Export des usagers (données inventées)"], ["Édité le 12/03/2026"], []]
    workbook(folder / "sources" / "usagers.xlsx", {"Usagers": [*title, head, *people], "Notes": [["Rien d'utile ici"]]})

    ged = folder / "sources" / "ged"
    lines = []
    labels = iter(
        "Contrat de séjour;Grille AGGIR;Ordonnance;Projet perso;CR consultation;Biologie;Pièce d'identité;"
        "Carte mutuelle;Courrier;Directives anticipées".split(";")
        * 4
    )
    makers = [("pdf", pdf), ("pdf", pdf), ("jpg", jpeg), ("tif", tiff), ("pdf", pdf)]
    number = 5000
    for who in people:
        if who[0] == "000107":
            continue
        for k in range(4 if int(who[0]) < 106 else 3):
            number += 1
            label, (ending, make) = next(labels), makers[number % len(makers)]
            name = f"{who[0]}/{number}.{ending}"
            put(ged / name, make(f"piece {number}", label.encode("ascii", "ignore").decode()))
            written = "G:\\GED\\" + name.replace("/", "\\").upper() if k == 2 else name.replace("/", "\\")
            lines.append([number, who[0], who[2], who[7], label, f"{label} n° {number}", f"{5 + k:02d}/03/2024",
                          "MARTIN Inès" if k % 2 else "", "Infirmière" if k % 2 else "", "Validé", written])  # fmt: skip
    first = people[0]
    name, birth = first[2], first[7]
    put(ged / "000101" / "6001.txt", "Texte inventé : rien de réel.\n".encode())
    put(ged / "000101" / "6002.rtf", rtf("Texte inventé : rien de réel."))
    put(ged / "000102" / "vide.pdf", b"")
    put(ged / "000103" / "photo.png", png("image sans perte"))
    put(ged / "000104" / "oublie.pdf", pdf("present mais absent de l'index"))
    put(ged / "000104" / "tronque.pdf", pdf("fichier tronque")[:-300])
    planted = [
        [6001, "000101", name, birth, "Transmissions", "Notes de l'équipe", "01/02/2025", "", "", "Validé", "000101\\6001.txt"],
        [6002, "000101", name, birth, "Courrier", "Lettre d'admission", "02/02/2025", "", "", "Validé", "000101\\6002.rtf"],
        [6003, "000999", "PERSONNE", datetime(1930, 1, 1), "Courrier", "Usager inconnu", "01/01/2024", "", "", "Validé", "000101\\5001.pdf"],
        [6004, "000101", "D'INVENTION", datetime(1928, 11, 23), "Courrier", "Mauvais usager", "01/01/2024", "", "", "Validé", "000101\\5001.pdf"],
        [6005, "000102", "D'INVENTION", datetime(1928, 11, 23), "Courrier", "Fichier absent", "01/01/2024", "", "", "Validé", "000102\\absent.pdf"],
        [6006, "000102", "D'INVENTION", datetime(1928, 11, 23), "Courrier", "Fichier vide", "01/01/2024", "", "", "Validé", "000102\\vide.pdf"],
        [6007, "000103", "ŒUVRARD-TEST", datetime(1935, 2, 28), "Rubrique maison", "Rubrique inconnue", "01/01/2024", "", "", "Validé", "000103\\photo.png"],
        [6008, "000103", "ŒUVRARD-TEST", datetime(1935, 2, 28), "Photo", "Image à convertir", "04/03/2021", "", "", "Validé", "000103\\photo.png"],
        [5001, "000104", "NULL", datetime(1940, 1, 1), "Courrier", "Numéro déjà pris", "01/01/2024", "", "", "Validé", "000104\\oublie.pdf"],
        [6009, "000104", "NULL", datetime(1940, 1, 1), "Courrier", "Date impossible", "31/02/2024", "", "", "Validé", "000101\\5001.pdf"],
        [6010, "000104", "NULL", datetime(1940, 1, 1), "Courrier", "Supprimé dans l'ancien logiciel", "01/01/2024", "", "", "Supprimé", "000104\\x.pdf"],
        [6011, "000105", "DE LA FABLE", datetime(1937, 12, 25), "Courrier", "Hors du dossier", "01/01/2024", "", "", "Validé", "..\\..\\mapping.yaml"],
        [6012, "000104", "NULL", datetime(1940, 1, 1), "Courrier", "Fichier tronqué", "01/01/2024", "", "", "Validé", "000104\\tronque.pdf"],
        [6013, "000107", "FANTAISIE", "", "Courrier", "Usager rejeté", "01/01/2024", "", "", "Validé", "000101\\5001.pdf"],
    ]  # fmt: skip
    head = ["Id GED", "N° dossier", "Nom", "Naissance", "Rubrique", "Libellé", "Date", "Auteur", "Fonction", "Statut",
            "Chemin"]  # fmt: skip
    rows = [head]
    for line in [*lines, *planted]:
        rows.append([f"{c:%d/%m/%Y}" if isinstance(c, datetime) else str(c) for c in line])
    text = "\r\n".join(";".join(row) for row in rows) + "\r\n"
    put(folder / "sources" / "index_ged.csv", text.encode("cp1252"))


# -------------------------------------------------------------------------------------------------------------- IME


def ime(folder: Path) -> None:
    """A home for disabled children: everything in one workbook, a sheet per class of the guide, and a few scans."""

    def day(d: int, m: int, y: int, hour: int = 0, minute: int = 0) -> datetime:
        return datetime(y, m, d, hour, minute)

    children = [
        ["U-1", "INVENTÉE", "Zoé Lila", "Zoé", "F", day(12, 3, 2014), "01995", "Villeimaginaire", nir("2140301995021"),
         "oui", "3 rue du Conte", "01000", "Villeimaginaire", "04 00 00 00 11"],
        ["U-2", "D'HYPOTHÈSE", "Léo", "Léo", "M", day(30, 8, 2012), None, "Bourg-Inventé", nir("1120801996008"), "non",
         "5 allée des Fables", "01000", "Villeimaginaire", None],
        ["U-3", "FABULEUX-TEST", "Noé Elie", "Noé", "M", day(2, 1, 2016), "01997", "Contes", nir("1160101997015"), "oui",
         None, None, None, None],
    ]  # fmt: skip
    sheets: dict[str, list[list[object]]] = {}
    sheets["Usagers"] = [
        ["N° usager", "Nom de naissance", "Prénoms", "Premier prénom", "Sexe", "Date de naissance", "Code lieu",
         "Lieu de naissance", "NIR", "INS qualifiée", "Adresse", "CP", "Ville", "Téléphone"],
        *children,
    ]  # fmt: skip
    sheets["Contacts"] = [
        ["N° usager", "Type", "Nom", "Prénom", "Lien", "Téléphone", "Ordre"],
        ["U-1", "Personne à prévenir", "INVENTÉE", "Claire", "Mère", "06 00 00 00 12", "1"],
        ["U-1", "Personne à prévenir", "INVENTÉ", "Paul", "Père", "06 00 00 00 13", "2"],
        ["U-2", "Personne de confiance", "D'HYPOTHÈSE", "Anne", "Grand-mère", "06 00 00 00 14", "1"],
    ]
    sheets["Protections"] = [
        ["N° usager", "Mesure", "Organisme", "Téléphone", "Fin"],
        ["U-2", "Tuteur", "Service tutélaire inventé", "04 00 00 00 15", day(31, 12, 2027)],
    ]
    sheets["Couvertures"] = [
        ["N° usager", "N°", "Nature", "Régime", "Organisme", "SIREN", "Assuré", "Début", "Fin", "Contrat"],
        ["U-1", "C1", "AMO", "AME", "Caisse inventée", "732829320", "Enfant", day(1, 1, 2020), day(31, 12, 2026), None],
        ["U-2", "C2", "AMO", "AME", "Caisse inventée", "732829320", "Lui-même", day(1, 1, 2021), None, "K-77"],
    ]
    sheets["Séjours"] = [
        ["N° usager", "N° dossier", "Admission", "Entrée", "Mode d'entrée", "Sortie prévue", "Sortie", "Commentaire"],
        ["U-1", "S-10", day(1, 9, 2022), day(5, 9, 2022), "Domicile", day(31, 8, 2028), None, "Internat de semaine"],
        ["U-2", "S-11", day(2, 9, 2020), day(2, 9, 2020), "Autre établissement", None, day(30, 6, 2025), None],
        ["U-3", "S-12", day(4, 9, 2023), day(4, 9, 2023), "Domicile", None, None, "Semi-internat"],
    ]
    sheets["Agenda"] = [
        ["N° usager", "N°", "Début", "Fin", "Prestation", "Libellé", "Intervenant", "RPPS", "Présent", "Statut",
         "Motif", "Trajet", "Transport", "Départ", "Arrivée", "Compte rendu"],
        ["U-1", "E-1", day(10, 3, 2025, 9, 0), day(10, 3, 2025, 10, 0), "2.1.2.1", "Séance d'orthophonie",
         "IMAGINAIRE Eva", "10002422979", "oui", "Réalisé", None, None, None, None, None, "Bonne séance."],
        ["U-1", "E-2", day(11, 3, 2025, 14, 0), day(11, 3, 2025, 17, 0), "2.3.4.2", "Sortie piscine", "FICTIF Théo", None,
         "oui", "Réalisé", None, "T-1", "Véhicule collectif", day(11, 3, 2025, 13, 30), day(11, 3, 2025, 14, 0), None],
        ["U-2", "E-3", day(12, 3, 2025, 9, 0), day(12, 3, 2025, 9, 45), "2.1.1.3", "Entretien psychologue", None, None,
         "non", "Annulé", "Hospitalisation", None, None, None, None, None],
        ["U-3", "E-4", day(20, 5, 2026, 10, 0), day(20, 5, 2026, 11, 0), "2.1.1.3", "Bilan à venir", None, None, None,
         "Planifié", None, None, None, None, None, None],
    ]  # fmt: skip
    sheets["Evaluations"] = [
        ["N° usager", "N°", "Date", "Type", "Évaluateur", "RPPS", "Besoin", "Cotation", "Statut"],
        ["U-1", "V-1", day(15, 1, 2025), "SERAFIN", "IMAGINAIRE Eva", "10002422979", "1.1.1", "3", "Validé"],
        ["U-1", "V-1", day(15, 1, 2025), "SERAFIN", "IMAGINAIRE Eva", "10002422979", "1.1.8", "2", "Validé"],
        ["U-3", "V-2", day(20, 2, 2025), "SERAFIN", "IMAGINAIRE Eva", "10002422979", "1.1.2", "1", "Terminé"],
    ]
    sheets["Ressources"] = [
        ["N° usager", "Ressource", "Montant", "Début"],
        ["U-1", "AEEH", "142,70", day(1, 9, 2022)],
        ["U-3", "AEEH", "142,70", day(1, 9, 2023)],
    ]
    sheets["Transmissions"] = [
        ["N° usager", "N°", "Date", "Auteur", "Texte"],
        ["U-1", "N-1", day(3, 3, 2025, 18, 5), "FICTIF Théo", "A bien participé à l'atelier. Goûter pris."],
        ["U-1", "N-2", day(4, 3, 2025, 18, 10), "IMAGINAIRE Eva", "Fatiguée ; couchée tôt.\nÀ surveiller."],
        ["U-2", "N-3", day(3, 3, 2025, 18, 15), "FICTIF Théo", "Appel de la grand-mère."],
    ]
    scans = folder / "sources" / "documents"
    files = [
        ["U-1", "D-1", "Projet personnalisé", "Projet personnalisé 2025", day(20, 1, 2025), "u1/projet.pdf", pdf("Projet", pages=2)],
        ["U-1", "D-2", "GEVA-Sco", "GEVA-Sco", day(2, 6, 2024), "u1/geva.tif", tiff("GEVA-Sco")],
        ["U-2", "D-3", "Pièce d'identité", "Carte d'identité", day(1, 9, 2020), "u2/identite.jpg", jpeg("Identite")],
        ["U-3", "D-4", "Bilan psychologique", "Bilan psychologique", day(10, 10, 2023), "u3/bilan.pdf", pdf("Bilan")],
    ]  # fmt: skip
    sheets["Documents"] = [["N° usager", "N°", "Rubrique", "Titre", "Date", "Fichier"]]
    for *cells, content in files:
        sheets["Documents"].append(cells)
        put(scans / str(cells[5]), content)  # type: ignore[arg-type]
    workbook(folder / "sources" / "export.xlsx", sheets)


if __name__ == "__main__":
    ehpad(HERE / "ehpad")
    ime(HERE / "ime")
