"""The mapping of an import's tables: which column tells which member of a line, or field of its command.

    mapping = mapping_of(Path("mapping.toml"))          Raises Setup, naming what is wrong in it

TOML, or JSON with the same members; docs/importing.md is the whole of it for people.  What a row becomes is
importing.rows.  Proven by tests/importing/test_tables.py.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

import orjson

from ledger.errors import Setup

KINDS: Final = ("text", "integer", "yes-no", "list", "json", "day", "instant", "minutes")


@dataclass(frozen=True, slots=True)
class Table:
    """How the rows of one table become lines.

    `columns`: by member or field, the column that tells it; `constants`: what no column tells; `codes`: by field, what
    the other system's codes are here; `kinds`: how a cell is read where the field's own type does not say.
    """

    file: str = ""
    columns: dict[str, str] = field(default_factory=dict[str, str])
    constants: dict[str, str] = field(default_factory=dict[str, str])
    codes: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    kinds: dict[str, str] = field(default_factory=dict[str, str])
    encoding: str = "utf-8"
    separator: str = ","
    days: str = "yyyy-mm-dd"
    list_separator: str = "|"
    their_ids: bool = False

    @property
    def reads(self) -> str:
        """The codec: a byte order mark is no part of a heading."""
        return "utf-8-sig" if self.encoding.lower().replace("_", "-") in ("utf-8", "utf8") else self.encoding


@dataclass(frozen=True, slots=True)
class Mapping:
    """What a mapping file says: one table for every file, or one for each that it names, in that order."""

    tables: tuple[Table, ...]

    @property
    def files(self) -> bool:
        """Whether it names files of a folder."""
        return bool(self.tables[0].file)


# ------------------------------------------------------------------------------------------ the mapping file

_OF_ALL: Final = frozenset({"encoding", "separator", "days", "list_separator", "ids"})
_OF_A_TABLE: Final = frozenset({"file", "columns", "constants", "codes", "kinds"}) | _OF_ALL


def mapping_of(path: Path) -> Mapping:
    """A mapping (TOML, or JSON with the same members).  Raises Setup."""
    try:
        text = path.read_text("utf-8-sig")
        said: Any = orjson.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except OSError as wrong:
        raise Setup(f"The mapping {path} cannot be read.") from wrong
    except ValueError as wrong:
        raise Setup(f"The mapping {path.name} is neither TOML nor JSON as it should be: {wrong}.") from wrong
    if not isinstance(said, dict):
        raise Setup(f"The mapping {path.name} is one object.")
    whole = cast("dict[str, Any]", said)
    shared = {name: value for name, value in whole.items() if name != "tables"}
    given: Any = whole.get("tables", [{}])
    if not isinstance(given, list) or not given:
        raise Setup("tables is a list: one table for each file.")
    tables = tuple(_table({**shared, **_an_object(each)}) for each in cast("list[Any]", given))
    if len(tables) > 1 and not all(each.file for each in tables):
        raise Setup("Each of several tables names its file.")
    return Mapping(tables)


def _an_object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Setup("A table of the mapping is one object.")
    return cast("dict[str, Any]", value)


def _table(said: dict[str, Any]) -> Table:
    if unknown := sorted(set(said) - _OF_A_TABLE):
        raise Setup(f"The mapping knows {', '.join(sorted(_OF_A_TABLE))} and tables. Look at {', '.join(unknown)}.")
    texts = {name: said[name] for name in ("file", "encoding", "separator", "days", "list_separator") if name in said}
    for name, value in texts.items():
        if not isinstance(value, str) or not value:
            raise Setup(f"{name} of the mapping is a text.")
    if len(texts.get("separator", ",")) != 1:
        raise Setup("separator is one character, such as ; or ,.")
    if said.get("ids", "ours") not in ("ours", "theirs"):
        raise Setup("ids is ours (random ones, as they are) or theirs (each gets a random one of its own).")
    order_of(texts.get("days", "yyyy-mm-dd"))
    table = Table(
        **texts,
        columns=_texts(said, "columns"),
        constants=_texts(said, "constants"),
        codes={name: _texts(_an_object(said["codes"]), name) for name in said.get("codes", {})},
        kinds=_texts(said, "kinds"),
        their_ids=said.get("ids") == "theirs",
    )
    if wrong := sorted(set(table.kinds.values()) - {*KINDS}):
        raise Setup(f"A kind is one of {', '.join(KINDS)}. Look at {', '.join(wrong)}.")
    if twice := sorted(table.columns.keys() & table.constants.keys()):
        raise Setup(f"Told by a column and as a constant: {', '.join(twice)}.")
    return table


def _texts(said: dict[str, Any], name: str) -> dict[str, str]:
    value = said.get(name, {})
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in cast("dict[str, Any]", value).values()):
        raise Setup(f"{name} of the mapping is an object of texts.")
    return cast("dict[str, str]", value)


def order_of(form: str) -> tuple[str, ...]:
    """In which order a form ("dd/mm/yyyy") has day, month and year.  Raises Setup."""
    found = re.fullmatch(r"(dd|mm|yyyy)([-/. ])(dd|mm|yyyy)\2(dd|mm|yyyy)", form)
    if found is None or {found[1], found[3], found[4]} != {"dd", "mm", "yyyy"}:
        raise Setup("days is a form such as dd/mm/yyyy or yyyy-mm-dd.")
    return found[1], found[3], found[4]
