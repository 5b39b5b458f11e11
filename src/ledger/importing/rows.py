"""What a row of a table becomes: one line of an import, as importing.lines reads it.

    rows = Rows(table, ids).headed(heading)
    rows.line(["Jones", …])

Without a mapping a heading names the members of a line (`command`, `to`, `at`, `effective`, `key`, `by.id`, `by.role`,
`by.unit`, `source.system`, `source.recorded`) and the fields of its command.  An empty cell is an absent value.  What a
cell becomes follows from the type of its field: a number, yes or no, a list, JSON, a day or an instant; whatever does
not fit stays the text it is, and the command's own check says what is wrong with it.

Proven by tests/importing/test_tables.py.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, TypeAlias, get_args, get_origin
from uuid import UUID

import orjson

from ledger.aggregates import COMMANDS
from ledger.aggregates.aggregate import NAMED_CHAINS
from ledger.aggregates.shape import Fact, a_random_id
from ledger.aggregates.values import OF_STAFF
from ledger.commands import SINGLE_STREAMS
from ledger.errors import Malformed
from ledger.importing.columns import Table, order_of
from ledger.store.vault import secret_file

ENVELOPE: Final = frozenset(
    {"command", "to", "at", "effective", "key", "by.id", "by.role", "by.unit", "source.system", "source.recorded"}
)
NOUN: Final = "noun"  # a constant beside them: what `to` is, where its column holds the bare id
_YES: Final = frozenset({"yes", "y", "true", "1"})
_NO: Final = frozenset({"no", "n", "false", "0"})
_TIMES: Final = frozenset({"at", "effective", "source.recorded"})
_NUMBERED: Final = {*SINGLE_STREAMS, "register-report"}  # whose ids are nobody's to draw


# ------------------------------------------------------------------------------------------ ids of another system


class TheirIds:
    """Random ids for another system's numbers: the same number of the same kind always gets the same one.

    Drawn with a secret of the home, by the other system's name, so that later files of it name the same people; to
    everybody without the secret they are random.  What is a random id already stays as it is.
    """

    def __init__(self, home: Path, system: str) -> None:
        name = sha256(system.encode()).hexdigest()[:32]
        self._secret = secret_file(home / "imports" / f"{name}.ids")

    def of(self, kind: str, number: str) -> str:
        """Of a number ("123456") of a kind ("offender", "order_id")."""
        try:
            return a_random_id(number.lower())
        except ValueError:
            return str(drawn(self._secret, f"{kind}:{number}"))


def drawn(secret: bytes, text: str) -> UUID:
    """A UUID of version 4, random to everybody without the secret, always the same for a text."""
    digest = bytearray(hmac.digest(secret, text.encode(), "sha256")[:16])
    digest[6] = 0x40 | digest[6] & 0x0F
    digest[8] = 0x80 | digest[8] & 0x3F
    return UUID(bytes=bytes(digest))


def _kind_of_id(name: str, staff: bool) -> str:
    """One kind for all members that name the same sort of thing: a noun with a chain of its own, else the field."""
    if staff:
        return "staff"
    if name == "event_ref":  # names a line, by its key (importing.deciding)
        return "key"
    return NAMED_CHAINS.get(name) or re.sub(r"_(ids|refs)$", "_id", name)


# ------------------------------------------------------------------------------------------ rows

_Read: TypeAlias = Callable[[str], Any]


class Rows:
    """What makes lines of the rows of one table."""

    def __init__(self, table: Table, ids: TheirIds | None = None) -> None:
        self._table = table
        self._ids = ids
        self._members: list[tuple[int, str]] = []  # (place in the row, member or field)
        self._width = 0
        self._of: dict[tuple[str, str], dict[str, _Read]] = {}  # how the fields of a command are read
        self._time = _times(table.days)

    def headed(self, heading: Sequence[str]) -> Rows:
        """With a heading.  Raises Malformed: a column that is there twice, or that the mapping names and is not."""
        if len(set(heading)) < len(heading):
            raise Malformed("The heading names a column twice.")
        table, self._width = self._table, len(heading)
        columns = table.columns or {name: name for name in heading if name}
        if missing := sorted({*columns.values()} - {*heading}):
            raise Malformed(f"The heading lacks {', '.join(missing)[:200]}, which the mapping names.")
        self._members = [(heading.index(column), name) for name, column in columns.items()]
        told = {name for _, name in self._members} | table.constants.keys()
        if lacking := sorted({"command", "to", "by.id", "by.role"} - told):
            raise Malformed(f"Neither a column nor a constant tells {', '.join(lacking)}.")
        return self

    def line(self, fields: Sequence[str]) -> dict[str, Any]:
        """The line of a row.  Raises Malformed: more or fewer cells than the heading has columns."""
        if len(fields) != self._width:
            raise Malformed("The row has more or fewer cells than the heading has columns.")
        table = self._table
        cells = dict(table.constants)
        for place, name in self._members:
            if text := fields[place].strip():
                cells[name] = table.codes.get(name, {}).get(text, text)
        noun, to = cells.pop(NOUN, ""), cells.pop("to", "")
        bare = to.partition("/")[2] if "/" in to else to
        noun = to.partition("/")[0] if "/" in to else noun
        command = cells.pop("command", "")
        bare = self._ids.of(noun, bare) if self._ids and bare and noun not in _NUMBERED else bare
        line: dict[str, Any] = {"command": command, "to": f"{noun}/{bare}", "data": {}}
        reads = self._reads(noun, command)
        for name, text in cells.items():
            if name in ENVELOPE:
                within, _, member = name.rpartition(".")
                (line.setdefault(within, {}) if within else line)[member] = self._member(name, text)
            else:
                line["data"][name] = reads.get(name, str)(text)
        return line

    def _member(self, name: str, text: str) -> str:
        if name in _TIMES:
            return str(self._time(text))
        if self._ids and name in ("by.id", "key"):
            return self._ids.of("staff" if name == "by.id" else "key", text)
        return text

    def _reads(self, noun: str, command: str) -> dict[str, _Read]:
        found = self._of.get((noun, command))
        if found is None:
            found = self._of[noun, command] = dict(self._readers(noun, command))
        return found

    def _readers(self, noun: str, command: str) -> Iterator[tuple[str, _Read]]:
        fact_class = COMMANDS.get(noun, {}).get(command)
        if fact_class is None:
            return
        for name in fact_class.model_fields:
            shape = _shape(fact_class, name)
            kind = self._table.kinds.get(name) or shape.kind
            if self._ids and shape.is_id:
                of = _kind_of_id(name, shape.is_staff)
                yield name, self._listed(self._id_of(of)) if shape.kind == "list" else self._id_of(of)
            else:
                yield name, self._cell(kind)

    def _id_of(self, kind: str) -> _Read:
        assert self._ids is not None
        ids = self._ids
        return lambda text: ids.of(kind, text)

    def _listed(self, each: _Read) -> _Read:
        by = self._table.list_separator
        return lambda text: [each(one.strip()) for one in text.split(by) if one.strip()]

    def _cell(self, kind: str) -> _Read:
        match kind:
            case "integer":
                return lambda text: int(text) if re.fullmatch(r"-?[0-9]{1,15}", text) else text
            case "minutes":
                return _minutes
            case "yes-no":
                return _yes_no
            case "day" | "instant":
                return self._time
            case "json":
                return _json
            case "list":
                listed = self._listed(str)
                return lambda text: _json(text) if text.startswith("[") else listed(text)
            case _:
                return str


def _yes_no(text: str) -> Any:
    told = text.casefold()
    return told in _YES if told in _YES | _NO else text


def _json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _minutes(text: str) -> Any:
    """Hours and minutes ("7:30") as minutes; a whole number is minutes already."""
    found = re.fullmatch(r"([0-9]{1,4}):([0-5][0-9])", text)
    if found:
        return int(found[1]) * 60 + int(found[2])
    return int(text) if re.fullmatch(r"[0-9]{1,6}", text) else text


# ------------------------------------------------------------------------------------------ days and instants


def _times(form: str) -> _Read:
    """Days, and instants that begin with one, in ISO form; a text of another form stays as it is."""
    if form == "yyyy-mm-dd":
        return str
    parts = {name: rf"(?P<{name}>[0-9]{{{4 if name == 'yyyy' else '1,2'}}})" for name in ("dd", "mm", "yyyy")}
    middle = re.escape(re.sub("[dmy]", "", form)[0])
    pattern = re.compile(middle.join(parts[name] for name in order_of(form)) + r"(?:[ T](?P<clock>[0-9:.]+))?")

    def read(text: str) -> str:
        found = pattern.fullmatch(text)
        if found is None:
            return text
        day = f"{found['yyyy']}-{int(found['mm']):02}-{int(found['dd']):02}"
        return f"{day}T{found['clock']}" if found["clock"] else day

    return read


# ------------------------------------------------------------------------------------------ the types of fields


@dataclass(frozen=True, slots=True)
class _Shape:
    """How a field takes its value: the kind of its cell, and whether it is an id."""

    kind: str
    is_id: bool = False
    is_staff: bool = False


@cache
def _shape(fact_class: type[Fact], name: str) -> _Shape:
    info = fact_class.model_fields[name]
    parts = list(_parts(info.annotation))
    marks = [*info.metadata, *parts]
    is_id = any(getattr(each, "func", None) is a_random_id for each in marks)
    return _Shape(_kind(parts), is_id, OF_STAFF in marks or NAMED_CHAINS.get(name) == "staff")


def _kind(parts: Sequence[Any]) -> str:
    kinds = {get_origin(each) or each for each in parts}
    for of, kind in ((list, "list"), (dict, "json"), (bool, "yes-no"), (int, "integer"), (datetime, "instant")):
        if of in kinds:
            return kind
    return "day" if date in kinds else "text"


def _parts(annotation: Any) -> Iterator[Any]:
    """Everything an annotation is made of; what a list holds too, but for its own kind."""
    yield annotation
    yield from getattr(annotation, "__metadata__", ())
    for each in get_args(annotation):
        yield from _parts(each)
