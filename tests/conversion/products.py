"""The products of a small run, caught before they are written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from converter.conversion import resident
from converter.conversion.products import Product
from converter.pipeline import convert
from converter.settings import Settings
from tests.conversion.watching import Silent
from tests.making import Export


def products_of(made: Export, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[Product]:
    """Every product, in the order in which they would be written. Files converted on the way are gone."""
    caught: list[Product] = []

    def catching(products: list[Product], *rest: Any) -> Any:
        caught.extend(products)
        return real(products, *rest)

    real = resident.write_products
    with monkeypatch.context() as patched:
        patched.setattr(resident, "write_products", catching)
        convert(Settings(made.write(), folder / "caught", workers=1), Silent())
    return caught
