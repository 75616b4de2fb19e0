"""What the documentation says is what the program does: commands, options, snippets, tables, links."""

from __future__ import annotations

import csv
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from openpyxl import Workbook
from pydantic import BaseModel

from converter import cli, delivery
from converter.diagnostics import ExitCode
from converter.fhir import RELEASES as RELEASE_TABLES
from converter.mapping import nodes, schema, sections
from converter.mapping.loader import load
from tests.making import dui, pdf, rejects, run_record

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
GUIDE = (ROOT / "mappings" / "README.md").read_text("utf-8")
EXAMPLE = ROOT / "mappings" / "exemple-classeur-et-ged"
PAGES = ("README.md", "mappings/README.md", "samples/README.md")

#: What a part of a mapping in the guide is a part of.
BASE = """\
mapping: 1
establishment:
  name: EHPAD de l'exemple
  finess: 019900018
  facility_type: SA17
  software: {name: Ancien logiciel, manufacturer: Éditeur inventé}
sources:
  usagers: {file: usagers.csv}
  ged: {file: ged.csv, scans: ged}
residents: {from: usagers, key: N° dossier, birth_name: Nom}
documents:
  - {from: ged, resident: N° dossier, scan: Chemin, key: Id GED, title: Titre, type: {value: 28653-4}}
  - dossier: {}
"""


def fenced(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def code_of(text: str) -> str:
    """Fenced blocks and code spans: where a page names things of the program."""
    blocks = re.findall(r"^```\w*\n.*?^```$", text, re.MULTILINE | re.DOTALL)
    rest = re.sub(r"^```\w*\n.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return "\n".join([*blocks, *re.findall(r"`([^`]+)`", rest)])


def table_under(text: str, heading: str) -> list[list[str]]:
    """Rows of the first table below a heading, without its header."""
    below = text.split(f"\n## {heading}\n", 1)[1]
    lines = re.search(r"(?:^\|.*\|$\n?)+", below, re.MULTILINE)
    assert lines is not None
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[0].splitlines()[2:]]


def bare(cell: str) -> str:
    return cell.strip("`* ")


# ------------------------------------------------------------------------------------------------------ commands


def commands_shown() -> Iterator[tuple[str, list[str]]]:
    for page in PAGES:
        code = code_of((ROOT / page).read_text("utf-8"))
        for line in re.findall(r"(?<![\w-])dui ([^\n#)|>]*)", code):
            words = line.split()
            if words and not words[0].startswith("-"):
                yield words[0], words[1:]


def lines_to_type(page: str) -> list[str]:
    blocks = fenced((ROOT / page).read_text("utf-8"), "sh")
    return [line for block in blocks for line in block.splitlines() if line.startswith("dui ")]


def test_every_command_shown_exists_with_its_options() -> None:
    shown = list(commands_shown())
    assert len(shown) > 10
    wrong = []
    for name, words in shown:
        command = cli.cli.commands.get(name)
        if command is None:
            wrong.append(name)
            continue
        known = {option for p in command.params for option in (*p.opts, *p.secondary_opts)} | {"-h", "--help"}
        wrong += [f"{name} {word}" for word in words if word.startswith("-") and word.split("=")[0] not in known]
    assert wrong == []


@pytest.mark.parametrize("line", [line for page in PAGES for line in lines_to_type(page)])
def test_every_line_to_type_is_complete(line: str) -> None:
    """As many arguments as the command takes, and all options that it cannot do without."""
    name, *words = shlex.split(line, comments=True)[1:]
    command = cli.cli.commands[name]
    with click.Context(command, info_name=name) as context:
        options, left, _ = command.make_parser(context).parse_args(words)
    assert left == []
    assert {p.name for p in command.params if p.required} - {n for n, value in options.items() if value} == set()


def test_every_command_is_shown() -> None:
    assert set(cli.cli.commands) <= {name for name, _ in commands_shown()}


def test_options_named_alone_exist() -> None:
    """`--force`, `--flow 1`: an option in a code span belongs to some command."""
    known = {option for c in cli.cli.commands.values() for p in c.params for option in p.opts}
    for page in PAGES:
        text = (ROOT / page).read_text("utf-8")
        named = {span.split()[0] for span in re.findall(r"`(--[^`]+)`", text)}
        assert named <= known | {"--help", "--update-expected"}, page


@pytest.mark.parametrize("name", sorted(cli.cli.commands))
def test_help_starts_with_an_example_of_its_command(name: str) -> None:
    command = cli.cli.commands[name]
    with click.Context(command, info_name=name) as context:
        first = command.get_help(context).strip().splitlines()[0]
    assert first.startswith(f"Example: dui {name}")


def test_the_gate_finds_the_readme_s_two_commands_first() -> None:
    install, check = fenced(README, "sh")[:2]
    assert "convert samples/ime/mapping.yaml" in install
    assert "pytest" in check
    assert (ROOT / ".ci" / "constraints.txt").is_file()


# -------------------------------------------------------------------------------------------------------- tables


def test_exit_codes() -> None:
    assert [int(bare(row[0])) for row in table_under(README, "Exit codes")] == [int(code) for code in ExitCode]


def test_files_of_a_delivery_are_those_a_run_writes(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert dui("convert", ROOT / "samples" / "ehpad" / "mapping.yaml", "-o", out).code == 1
    written = {p.name if p.parent == out else f"{p.parent.name}/*{p.suffix}" for p in out.rglob("*") if p.is_file()}
    assert written == {bare(row[0]) for row in table_under(README, "What is in the delivery")}


def test_releases() -> None:
    listed = [bare(row[0]) for row in table_under(README, "Which release when")]
    assert sorted(listed) == sorted(schema.RELEASES)


def test_the_state_that_each_release_brings() -> None:
    rows = README.split("`cda:` chooses", 1)[1].split("**EHPAD.**")[0]
    told = {
        release: re.match(r"\| `([^`]+)`", line)[1]  # type: ignore[index]
        for line in rows.splitlines()
        if line.startswith("| `") and "cda:" not in line
        for release in re.findall(r"`([a-z-]*tddui-[^`]+)`", line.split(" | ")[1])
    }
    assert told == {name: table.cda_state for name, table in RELEASE_TABLES.items()}


def test_presets_with_their_figures() -> None:
    presets = tomllib.loads((Path(delivery.__file__).parent / "presets.toml").read_text("utf-8"))

    def figure(cell: str) -> int | None:
        return None if cell == "none" else int(cell.replace(",", ""))

    told = {bare(r[0]): (figure(r[1]), figure(r[2])) for r in table_under(README, "How large a bundle may be")}
    assert told == {name: (p.get("max_bundle_bytes"), p.get("max_entries")) for name, p in presets.items()}


# ------------------------------------------------------------------------------------------------- mapping language


@pytest.mark.parametrize("number", range(len(fenced(GUIDE, "yaml"))))
def test_every_snippet_of_the_guide_loads(number: int, tmp_path: Path) -> None:
    snippet = fenced(GUIDE, "yaml")[number]
    (tmp_path / "base.yaml").write_text(BASE, "utf-8")
    whole = snippet if re.search(r"^extends:", snippet, re.MULTILINE) else f"extends: base.yaml\n{snippet}"
    (tmp_path / "mapping.yaml").write_text(whole, "utf-8")
    loaded = load(tmp_path / "mapping.yaml")
    assert [d.text() for d in loaded.warnings if d.code != "RUN-14"] == []  # a source of the base that it does not use


def keys_of_the_language() -> set[str]:
    models = [
        model
        for module in (nodes, schema, sections)
        for model in vars(module).values()
        if isinstance(model, type) and issubclass(model, BaseModel) and model.__module__ == module.__name__
    ]
    return {field.alias or name for model in models for name, field in model.model_fields.items()}


def test_every_key_of_the_language_is_in_the_guide() -> None:
    words = set(re.findall(r"\w+", code_of(GUIDE)))
    assert keys_of_the_language() - words == set()


def test_every_choice_of_the_language_is_in_the_guide_or_the_readme() -> None:
    words = set(re.findall(r"[\w.*-]+", code_of(GUIDE) + code_of(README))) | {",", "."}
    assert set(_choices(schema.MappingSpec.model_json_schema())) - words == set()


def _choices(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        for key, value in part.items():
            if key == "enum":
                yield from value
            elif key == "const":
                yield value
            else:
                yield from _choices(value)
    elif isinstance(part, list):
        for item in part:
            yield from _choices(item)


def test_diagnostic_codes_named_are_in_the_catalogue() -> None:
    from converter.diagnostics.catalogue import entries

    for page in PAGES:
        named = set(re.findall(r"\b[A-Z]{3,5}-\d{2}\b", code_of((ROOT / page).read_text("utf-8"))))
        assert {code for code in named if code[:3] not in ("ORG", "GEN", "MED")} <= set(entries()), page


# ------------------------------------------------------------------------------------------------------- example


def test_the_example_base_has_no_establishment_and_says_that_it_is_an_example() -> None:
    for name in ("base.yaml", "etablissement.yaml"):
        assert (EXAMPLE / name).read_text("utf-8").startswith("# EXEMPLE À CONFIRMER")
    assert not re.search(r"^establishment:", (EXAMPLE / "base.yaml").read_text("utf-8"), re.MULTILINE)


def test_the_example_converts_an_export_of_its_form(tmp_path: Path) -> None:
    for name in ("base.yaml", "etablissement.yaml"):
        (tmp_path / name).write_bytes((EXAMPLE / name).read_bytes())
    _export(tmp_path / "export")
    ran = dui("convert", tmp_path / "etablissement.yaml", "-o", tmp_path / "out")
    assert ran.code == 1, ran.err
    assert run_record(tmp_path / "out")["rows"]["sources"] == {
        "usagers": {"read": 2, "converted": 2, "rejected": 0, "skipped": 0},
        "ged": {"read": 5, "converted": 3, "rejected": 1, "skipped": 1},
    }
    assert [(row["Ligne"], row["Code"]) for row in rejects(tmp_path / "out")] == [("5", "GUARD-01")]


def _export(folder: Path) -> None:
    (folder / "ged").mkdir(parents=True)
    head = ("Code usager", "Nom de naissance", "Nom usuel", "Prénoms", "1er prénom", "Civilité", "Date de naissance",
            "Code INSEE naissance", "Lieu de naissance", "Matricule INS", "Identité", "Téléphone")  # fmt: skip
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Usagers"
    sheet.append(head)
    sheet.append(("00012", "INVENTEE", "FICTIVE", "Odette", "", "Madame", "04/05/1931", "01991", "Contes", "", "", ""))
    sheet.append(("00013", "SONGE", "", "René", "", "Monsieur", "02/06/1930", "", "", "", "Provisoire", ""))
    book.save(folder / "usagers.xlsx")
    share = "\\\\serveur\\ged\\"
    rows = [
        ("Code usager", "Nom", "N° document", "Intitulé", "Rubrique", "Créé le", "État", "Créé par", "Chemin"),
        ("12", "Fictive", "1", "Projet", "Projet perso", "05/03/2024 10:30", "Validé", "Inès", share + "1.pdf"),
        ("12", "Inventée", "2", "Récit", "Livret de vie", "05/03/2024", "Validé", "", share.upper() + "1.pdf"),
        ("13", "Songe", "3", "Divers", "Divers administratif", "05/03/2024", "Validé", "", "1.pdf"),
        ("13", "Fictive", "4", "Autre", "Courrier", "05/03/2024", "Validé", "", "1.pdf"),
        ("13", "Songe", "5", "Brouillon", "Courrier", "05/03/2024", "Brouillon", "", "1.pdf"),
    ]
    with (folder / "ged.csv").open("w", encoding="cp1252", newline="") as stream:
        csv.writer(stream, delimiter=";").writerows(rows)
    (folder / "ged" / "1.pdf").write_bytes(pdf())


# --------------------------------------------------------------------------------------------------------- pages


def _anchors(text: str) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES)
def test_relative_links_resolve(page: str) -> None:
    path = ROOT / page
    text = path.read_text("utf-8")
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    assert links
    for link in links:
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        assert target.is_relative_to(ROOT), link
        assert target.exists(), link
        if anchor:
            assert anchor in _anchors(target.read_text("utf-8")), link


def test_no_page_speaks_of_a_machine_or_of_who_wrote_it() -> None:
    pages = [ROOT / "README.md", *(ROOT / "mappings").rglob("*.*"), *(ROOT / "samples").glob("*.md")]
    pages += (ROOT / "samples").glob("*/mapping.yaml")
    private = re.compile(r"(?<![\w.])/(?:work|tmp|root|home|mnt)\b|\b(?:sub-?agents?|helpers?|LLM)\b", re.IGNORECASE)
    for page in pages:
        found = private.search(page.read_text("utf-8"))
        assert found is None, (page.name, found)


def test_lines_planted_in_the_sample_are_those_of_the_page() -> None:
    """What samples/README.md says of each line of samples/ehpad, against the codes in its expected list of rejects."""
    told: dict[tuple[str, str], str] = {}
    for row in table_under((ROOT / "samples" / "README.md").read_text("utf-8"), "What is planted in samples/ehpad"):
        file, _, lines = row[0].partition(" ")
        if row[2].startswith("rejected"):
            told[bare(file), lines] = re.findall(r"`([A-Z]+-\d+)`", row[2])[0]
    found = {
        (row["Fichier"].removeprefix("sources/"), row["Ligne"]): row["Code"]
        for row in rejects(ROOT / "samples" / "ehpad" / "expected")
    }
    assert told == found
