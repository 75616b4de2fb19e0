"""Steps 5 and 6 of a run: manifest and sums, rejects, report and record."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from converter import __version__
from converter.delivery import (
    Delivery,
    explained,
)
from converter.diagnostics import Diagnostic
from converter.mapper.identity import resident_digest
from converter.mapping.offered import offered_words
from converter.model import Verdict
from converter.pipeline.ground import Ground
from converter.pipeline.outcome import accounting, tell
from converter.report.html import report_html
from converter.report.record import line_ranges
from converter.report.rejects import rejects_csv, unindexed_csv
from converter.report.workbook import WORKBOOK, is_as_written, put_aside, write_workbook
from converter.spool import Spool
from converter.unindexed import unindexed
from converter.update import Update

__all__ = ["Ending"]


class Ending:
    """Steps 5 and 6: of a complete run, and of what there is of one that ends early."""

    def __init__(self, ground: Ground) -> None:
        self._run, self._observer, self._tables, self._place = ground.run, ground.observer, ground.tables, ground.place
        self._update, self._corrections = ground.update, ground.corrections
        self._loaded, self._headers, self._compiled = ground.loaded, ground.headers, ground.compiled
        self._finess, self._dropped = ground.finess, ground.dropped

    def finish(self, spool: Spool) -> None:
        """After the last resident: what concerns the run as a whole, then everything that is written."""
        run = self._run
        tell(run, self._observer, self._used())
        if not run.settings.is_partial and run.status == "complete":
            self._list_unindexed(spool)
        if shared := spool.shared_scans():
            tell(run, self._observer, [Diagnostic("RUN-13", None, {"count": shared})])
        self.report(spool)

    def _used(self) -> Iterator[Diagnostic]:
        for (how, path), count in sorted(self._run.uses.items()):
            code = {"default": "RUN-28", "omit": "RUN-29", "unplaced": "RUN-35", "attached": "RUN-36"}[how]
            yield Diagnostic(code, None, {"path": path, "count": count})

    def _list_unindexed(self, spool: Spool) -> None:
        counts: Counter[str] = Counter()

        def counted() -> Iterator[tuple[str, str]]:
            for source, relative in unindexed(self._compiled, spool, self._own_files()):
                counts[source] += 1
                yield source, relative

        with self._place.writer.create_own("unindexed.csv") as stream:
            for line in unindexed_csv(counted(), self._run.settings.report_lang):
                stream.write(line)
        self._run.unindexed = counts.total()
        found = [Diagnostic("RUN-12", None, {"source": s, "count": n}) for s, n in counts.items()]
        tell(self._run, self._observer, found)

    def _own_files(self) -> Iterator[Path]:
        """What may lie among the scans and is none: delivery, mapping, sources."""
        yield self._run.settings.output
        yield from self._loaded.files
        for table in self._tables.values():
            yield from table.files

    def report(self, spool: Spool) -> None:
        """Sums, rejects, manifest, record: of a complete run, and of what there is of one that ends early."""
        run = self._run
        run.sums = spool.sums()
        run.codes = spool.count_by_code()
        run.lines = {s.source: line_ranges(spool.lines(s.source)) for s in run.sums}
        self._write_rejects(spool)
        self._write_workbook(spool)
        delivery = self._place.delivery
        if self._update is not None and run.status != "failed":
            self._write_update(self._update, spool)
        if delivery is not None and run.status != "failed":
            delivery.finish(self._head(), self._delivered(spool, delivery))
        self.write_record()
        self._write_report(spool)

    def _write_update(self, update: Update, spool: Spool) -> None:
        """The index of what changed, the residents included that this run did not come to and an earlier one did."""
        delivery, every = self._place.delivery, (resident_digest(self._finess, k) for k in spool.resident_keys())
        left = [digest for digest in every if not update.has_settled(digest)]
        for digest in left if delivery else ():
            assert delivery is not None
            if (entry := delivery.previous(digest)) is not None:
                update.recall(entry)
        update.write(self._place.writer, spool.rejected_rows(), left, self._compiled)
        self._run.changes = update.record()
        tell(self._run, self._observer, update.told_after())

    def _write_rejects(self, spool: Spool) -> None:
        lines = ((f.source, f.diagnostic, f.cells) for f in spool.findings(Verdict.REJECTED) if f.diagnostic.is_error)
        labels = {name: header.labels for name, header in self._headers.items()}
        with self._place.writer.create_own("rejects.csv") as stream:
            for line in rejects_csv(lines, labels, self._run.settings.report_lang):
                stream.write(line)

    def _write_workbook(self, spool: Spool) -> None:
        """A failed run leaves the workbook alone: it may be the corrected one, not yet read to its end."""
        run, corrections = self._run, self._corrections
        if run.status == "failed":
            return
        assert run.clock is not None
        self._keep_corrected()
        with self._place.writer.create_own(WORKBOOK) as stream, explained(WORKBOOK):
            write_workbook(
                stream,
                spool.rejects(),
                {name: header.labels for name, header in self._headers.items()},
                moment=run.clock.moment,
                work=self._place.work,
                words=offered_words(self._loaded.spec, self._headers),
                digests=corrections.digests if corrections else None,
                kept=corrections.kept() if corrections else (),
                lang=run.settings.report_lang,
            )

    def _keep_corrected(self) -> None:
        """What somebody corrected in the delivery's workbook is not written over before it was read."""
        delivery, only = self._place.delivery, self._run.settings.only
        if delivery is None or not (found := delivery.path / WORKBOOK).is_file() or is_as_written(found):
            return
        if only is not None and only.samefile(found):
            return
        with explained(WORKBOOK):
            kept = put_aside(found)
        tell(self._run, self._observer, [Diagnostic("REP-09", None, {"name": kept.name})])

    def _write_report(self, spool: Spool) -> None:
        run = self._run
        page = report_html(run.record(), spool.met(), run.told, run.faulty, run.settings.report_lang)
        with self._place.writer.create_own("report.html") as stream:
            stream.write(page)

    def _delivered(self, spool: Spool, delivery: Delivery) -> list[str]:
        """Residents whose files belong to the delivery, in the order of the sources."""
        every = (resident_digest(self._finess, key) for key in spool.resident_keys())
        digests = [digest for digest in every if digest not in self._dropped]
        left = delivery.leftovers(digests)
        if left and self._run.settings.prune:
            delivery.prune(left)
        elif left:
            tell(self._run, self._observer, [Diagnostic("RUN-26", None, {"count": len(left)})])
        return digests

    def _head(self) -> dict[str, Any]:
        run, spec = self._run, self._loaded.spec
        assert run.clock is not None
        return {
            "release": spec.release,
            "tool": {"name": "dui-converter", "version": __version__},
            "mapping": {"title": spec.title, "fingerprint": self._loaded.fingerprint},
            "date": run.clock.moment.isoformat(),
            "complete": run.status == "complete" and not run.settings.is_partial,
            "rows": accounting(run.sums),
            **({"update": self._update.head} if self._update else {}),
        }

    def write_record(self) -> None:
        """``run.json``."""

        text = json.dumps(self._run.record(), ensure_ascii=False, indent=1)
        with self._place.writer.create_own("run.json") as stream:
            # A lone surrogate of a label becomes its JSON escape.
            stream.write(text.encode("utf-8", "backslashreplace") + b"\n")
