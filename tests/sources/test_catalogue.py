"""Every code of the table readers is used by them, has its words, and is triggered by a test beside this one."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from pathlib import Path

import converter.sources

CODE = re.compile(r"""["'](?P<code>(?:SRC|CELL)-\d\d)["']""")
PARAMETER = re.compile(r"(?<!\{)\{(\w+)\}(?!\})")
CATALOGUE = tomllib.loads((files("converter.diagnostics.catalogue") / "sources.toml").read_text(encoding="utf-8"))


def codes_in(folder: Path, *but: str) -> set[str]:
    texts = (path.read_text(encoding="utf-8") for path in folder.glob("*.py") if path.name not in but)
    return {match["code"] for text in texts for match in CODE.finditer(text)}


def test_the_catalogue_and_the_readers_agree() -> None:
    used = codes_in(Path(converter.sources.__path__[0]))
    assert used == set(CATALOGUE)


def test_every_code_is_asked_for_by_a_test() -> None:
    tested = codes_in(Path(__file__).parent, Path(__file__).name)
    # Codes that a test expects inside a message are written with its pattern.
    for path in Path(__file__).parent.glob("*.py"):
        tested.update(re.findall(r'match=r?"((?:SRC|CELL)-\d\d)', path.read_text(encoding="utf-8")))
    assert set(CATALOGUE) - tested == set()


def test_every_message_has_both_languages_and_the_same_parameters() -> None:
    for code, entry in CATALOGUE.items():
        assert entry["severity"] in ("error", "warning", "notice"), code
        assert entry["why"].endswith("."), code
        assert set(PARAMETER.findall(entry["fr"])) == set(PARAMETER.findall(entry["en"])), code
        if entry["severity"] != "notice":
            assert entry["remedy_fr"], code
            assert entry["remedy_en"], code
