"""Import of a history: one command a line, in the file's order, resumable, nothing recorded twice.

    outcome = await import_file(ledger, Path("history.jsonl"), importer)

A line without a key gets one drawn for it: random for the file, remembered by the file's place and the line's number,
never by content.  So running the file again finds the first receipts.  A line that fails is set aside in
FILE.rejected.jsonl (0600: line number, rule, reason; never the line) and the rest goes on.

A correction or striking-out may name, as its `event_ref`, the key of the line that recorded what it is about: a file
cannot know the ids of facts.

    sources     files, folders, tables: where lines come from      columns, rows    a table's mapping, and its rows
    lines       what a line says, and why one was set aside
    deciding    a batch of lines decided ahead, each on what the lines before it will have come to
    elsewhere   the same in a process of its own, so that one batch is decided while another is sealed
    running     the import: batches sealed in order
    alone       the ledger's own way in, for every line that is not simply accepted; lines set aside
    rehearsing  a dry run
    reconciling what became of every line

docs/importing.md is the same for those who use it.  Proven by tests/importing/.
"""

from __future__ import annotations

from ledger.importing.columns import Mapping, mapping_of
from ledger.importing.files import import_file, source_in
from ledger.importing.lines import LineKeys, read_line
from ledger.importing.reconciling import Counts, Outcome
from ledger.importing.rehearsing import rehearse
from ledger.importing.running import import_lines

__all__ = [
    "Counts",
    "LineKeys",
    "Mapping",
    "Outcome",
    "import_file",
    "import_lines",
    "mapping_of",
    "read_line",
    "rehearse",
    "source_in",
]
