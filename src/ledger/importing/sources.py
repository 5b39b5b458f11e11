"""Where the lines of an import come from: a file of JSON Lines, a table (CSV), or a folder of either.

    source = source_of(Path("export/"), mapping, home)
    for number, text in source.lines(): …        text: the bytes of a JSON line, or Unreadable
    source.place(number)                         the file and its line

Nothing is held but the line at hand, however large the file.  A line longer than LONGEST is passed over as it is read.
The numbers of one file are those of its lines; each further file of a folder begins a billion later, so that a file
that has grown since moves no other's numbers, from which keys are drawn.  Rows of a table become lines by
importing.rows.

A quotation mark that is never closed costs its own line and no other: what it swallowed is read again from the line
after it.  Proven by tests/importing/test_tables.py and test_rubbish.py.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, AnyStr, Final, NamedTuple, TypeAlias

import orjson

from ledger.errors import Malformed, Setup
from ledger.importing.columns import Mapping, Table
from ledger.importing.reconciling import Outcome, Place
from ledger.importing.rows import Rows

LONGEST: Final = 1_000_000  # bytes (of a table: characters) of a line; a request over HTTP may be as long
_APART: Final = 10**9  # numbers between the first lines of two files


class Unreadable(NamedTuple):
    """A line that cannot even be handed on, and why, in none of its own words; `text`: what of it is, if anything."""

    reason: str
    text: bytes = b""


Told: TypeAlias = tuple[int, bytes | Unreadable]

TOO_LONG: Final = Unreadable(f"The line is longer than {LONGEST:,} bytes. File long texts as documents.")
NO_ROW: Final = Unreadable("The row is no row of a table: look at its quotation marks and separators.")
NOT_ENCODED: Final = Unreadable("The row is not in the table's encoding. Name the right one in the mapping.")


@dataclass(frozen=True, slots=True)
class _File:
    """One file: how its lines are read, each with its own number."""

    path: Path
    read: Callable[[], Iterator[Told]]


@dataclass(frozen=True, slots=True)
class Source:
    """The files of an import, in the order they are read in."""

    files: tuple[_File, ...]
    folder: bool = False

    def lines(self) -> Iterator[Told]:
        """Every line with its number in the import.  Raises OSError; Malformed for a heading that does not do."""
        for index, each in enumerate(self.files):
            for number, text in each.read():
                yield index * _APART + number, text

    def place(self, number: int) -> Place:
        """Where a line stands."""
        index, line = divmod(number, _APART)
        return Place(self.files[index].path.name, line)

    def total(self) -> int:
        """Lines in the files, for a bar that shows how far an import is: a row may take several."""
        found = 0
        for each in self.files:
            with each.path.open("rb") as opened:
                found += sum(1 for _ in bounded(opened, b"\n"))
        return found


def source_of(path: Path, mapping: Mapping | None, rows: Callable[[Table], Rows]) -> Source:
    """The source that a path names; `rows` makes lines of a table's rows.  Raises Setup."""
    if mapping is not None and mapping.files:
        if not path.is_dir():
            raise Setup(f"The mapping names files of a folder, and {path} is none.")
        tables = [(path / each.file, each) for each in mapping.tables]
        missing = [found.name for found, _ in tables if not found.is_file()]
        if missing:
            raise Setup(f"The mapping names {', '.join(missing)}, and there is no such file in {path}.")
        return Source(tuple(_table(found, each, rows) for found, each in tables), folder=True)
    table = mapping.tables[0] if mapping is not None else Table()
    if path.is_dir():
        found = sorted(each for each in path.iterdir() if _is_told_of(each))
        if not found:
            raise Setup(f"There is no file of JSON Lines (.jsonl) and no table (.csv) in {path}.")
        return Source(tuple(_file(each, table, rows) for each in found), folder=True)
    if not path.is_file():
        raise Setup(f"There is no file {path}.")
    return Source((_file(path, table, rows),))


def readable(lines: Iterable[Told], outcome: Outcome) -> Iterator[tuple[int, bytes]]:
    """The lines that can be handed on, while the others, and the blank ones, are counted."""
    for number, text in lines:
        outcome.read += 1
        if isinstance(text, Unreadable):
            outcome.was_set_aside(number, text.text, Malformed.code, text.reason)
        elif text.strip():
            yield number, text
        else:
            outcome.blank += 1


def _is_told_of(path: Path) -> bool:
    return path.suffix.lower() in (".jsonl", ".csv") and not path.name.endswith(".rejected.jsonl") and path.is_file()


def _file(path: Path, table: Table, rows: Callable[[Table], Rows]) -> _File:
    return _table(path, table, rows) if path.suffix.lower() == ".csv" else _File(path, lambda: json_lines(path))


def _table(path: Path, table: Table, rows: Callable[[Table], Rows]) -> _File:
    return _File(path, lambda: table_lines(path, table, rows(table)))


# ------------------------------------------------------------------------------------------ JSON Lines


def json_lines(path: Path) -> Iterator[Told]:
    """The lines of a file of JSON Lines."""
    with path.open("rb") as opened:
        for number, line in enumerate(bounded(opened, b"\n"), start=1):
            yield number, TOO_LONG if line is None else line


def bounded(opened: IO[AnyStr], end: AnyStr) -> Iterator[AnyStr | None]:
    """Lines of at most LONGEST; None for a longer one, which is read past and never held."""
    while line := opened.readline(LONGEST + 1):
        if len(line) <= LONGEST or line.endswith(end):
            yield line
            continue
        while line and not line.endswith(end):
            line = opened.readline(LONGEST)
        yield None


# ------------------------------------------------------------------------------------------ tables


def table_lines(path: Path, table: Table, rows: Rows) -> Iterator[Told]:
    """The rows of a table as lines, each numbered by the line it begins on.  Raises Malformed: the heading."""
    try:
        opened = path.open(encoding=table.reads, errors="surrogateescape", newline="")
    except LookupError as wrong:
        raise Setup("The mapping names an encoding that there is not, such as utf-8 or cp1252.") from wrong
    with opened:
        records = _Records(opened, table.separator)
        heading = next(records, None)
        if heading is None or isinstance(heading.fields, Unreadable):
            raise Malformed(f"{path.name} has no heading: its first line names the columns.")
        made = rows.headed([each.strip() for each in heading.fields])
        for number, fields in records:
            yield number, fields if isinstance(fields, Unreadable) else _row(fields, made)


def _row(fields: Sequence[str], rows: Rows) -> bytes | Unreadable:
    if not any(each.strip() for each in fields):
        return b""
    if any("\ud800" <= char <= "\udfff" for each in fields if not each.isascii() for char in each):
        return NOT_ENCODED
    try:
        return orjson.dumps(rows.line(fields))
    except Malformed as wrong:
        return Unreadable(wrong.message)


class _Record(NamedTuple):
    """A row as read: the line it begins on, and its fields."""

    line: int
    fields: Sequence[str] | Unreadable


class _Records:
    """The records of a table, one after another; empty lines are records of no fields."""

    def __init__(self, opened: IO[str], separator: str) -> None:
        self._feed = _Feed(opened)
        self._reader = csv.reader(self._feed, delimiter=separator, strict=True)
        self._done = 0  # lines of the records before it

    def __iter__(self) -> _Records:
        return self

    def __next__(self) -> _Record:
        first, feed = self._done + 1, self._feed
        feed.taken, feed.too_long = [], False
        try:
            fields: Sequence[str] | Unreadable = next(self._reader)
        except csv.Error:
            feed.give_back()
            fields = NO_ROW
        self._done += len(feed.taken)
        return _Record(first, TOO_LONG if feed.too_long else fields)


class _Feed:
    """The lines of a table as its reader takes them; what was given back is taken again, after the end too."""

    def __init__(self, opened: IO[str]) -> None:
        self._coming = bounded(opened, "\n")
        self._again: deque[str] = deque()
        self.taken: list[str] = []  # those of the record that is read now
        self.too_long = False

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._coming)
        if line is None:
            self.too_long, line = True, "\n"
        self.taken.append(line)
        return line

    def give_back(self) -> None:
        """All lines of the record but its first."""
        self._again.extendleft(reversed(self.taken[1:]))
        del self.taken[1:]
