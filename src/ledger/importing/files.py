"""A file, or a folder, in; what became of its lines out.

    outcome = await import_file(ledger, Path("history.jsonl"), importer)
    outcome = await import_file(ledger, Path("export/"), importer, mapping=mapping_of(Path("mapping.toml")), dry=True)

What is set aside is told in FILE.rejected.jsonl, after a dry run as after an import.  Proven by tests/importing/.
"""

from __future__ import annotations

from pathlib import Path

from ledger.aggregates.shape import Actor
from ledger.application import Ledger
from ledger.importing.alone import Progress, set_aside
from ledger.importing.columns import Mapping, Table
from ledger.importing.lines import LineKeys
from ledger.importing.reconciling import Outcome
from ledger.importing.rehearsing import rehearse
from ledger.importing.rows import Rows, TheirIds
from ledger.importing.running import import_lines
from ledger.importing.sources import Source, source_of


def source_in(path: Path, mapping: Mapping | None, home: Path) -> Source:
    """The lines of a path, as a mapping reads its tables; `home`: of the ledger they are for.  Raises Setup."""

    def rows(table: Table) -> Rows:
        return Rows(table, TheirIds(home, table.constants.get("source.system", "")) if table.their_ids else None)

    return source_of(path, mapping, rows)


async def import_file(
    ledger: Ledger,
    file: Path,
    importer: Actor,
    progress: Progress = lambda outcome: None,
    *,
    mapping: Mapping | None = None,
    dry: bool = False,
) -> Outcome:
    """Record every line that can be; the others are set aside.  `dry`: only say what would become of them.

    Raises OSError if a file cannot be read; Setup, Malformed for a mapping or a heading that does not do.
    """
    source = source_in(file, mapping, ledger.store.home)
    way = rehearse if dry else import_lines
    outcome = await way(ledger, source.lines(), LineKeys(ledger.store.home, file), importer, progress)
    set_aside(file, outcome, source.place if source.folder else None)
    return outcome
