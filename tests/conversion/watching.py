"""An observer that says nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator


class Silent:
    def started(self, *_: object) -> None: ...

    def told(self, found: object) -> None:
        list(found)  # type: ignore[call-overload]

    @contextlib.contextmanager
    def progress(self, what: str, total: int) -> Iterator[object]:
        yield lambda: None
