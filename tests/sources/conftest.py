"""Opening a source over files that the test made."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from converter.mapping.schema import SourceSpec
from converter.sources import Table, open_table
from tests.sources.reading import Open


@pytest.fixture
def source(tmp_path: Path) -> Open:
    """``source(["Nom"], file="a.csv", …)``: the table of a source over ``tmp_path``."""

    def open_source(labels: Iterable[str], **spec: Any) -> Table:
        return open_table("s", SourceSpec.model_validate(spec), tmp_path, list(labels))

    return open_source
