r"""The JSON of a bundle's files: one form for one value, read strictly.

UTF-8, members sorted, two spaces for each level, a newline at the end: ``to_json``.  What it would not have written is
not read, so no two texts mean the same.  Texts hold no control characters: they are printed.

    >>> print(to_json({"case": "offender-7", "entries": [3, 9]}).decode(), end="")
    {
      "case": "offender-7",
      "entries": [
        3,
        9
      ]
    }
    >>> from_json(b'{"case":"offender-7"}')
    Traceback (most recent call last):
    ledger.transparency.errors.FormatError: not the JSON that a bundle holds

Each function below raises FormatError for what it does not take; ``what`` names it in the message.  Proved by
tests/transparency/test_bundle.py.
"""

import re
from typing import Any, Final, cast

import orjson

from ledger.transparency.errors import FormatError

__all__ = [
    "a_list",
    "a_number",
    "a_text",
    "an_id",
    "an_object",
    "from_json",
    "members",
    "printable",
    "texts",
    "to_json",
]

_WIDEST: Final = 2**63 - 1
_ID: Final = re.compile(r"[a-z0-9_-]+")


def to_json(value: Any) -> bytes:
    """A value as a bundle holds it."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def from_json(data: bytes) -> dict[str, object]:
    """An object that ``to_json`` wrote."""
    try:
        value = orjson.loads(data)
        written = to_json(value)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError, RecursionError) as error:
        raise FormatError("not the JSON that a bundle holds") from error
    if written != data:
        raise FormatError("not the JSON that a bundle holds")
    return an_object(value, "the file")


def members(data: bytes, *names: str) -> dict[str, object]:
    """An object of exactly these members that ``to_json`` wrote."""
    return an_object(from_json(data), "the file", *names)


def an_object(value: object, what: str, *names: str) -> dict[str, object]:
    """An object; if names are given, of exactly these members."""
    if not isinstance(value, dict):
        raise FormatError(f"{what} is an object")
    found = cast("dict[str, object]", value)
    if names and set(found) != set(names):
        raise FormatError(f"{what} has the members {', '.join(names)} and no others")
    return found


def a_list(value: object, what: str) -> list[object]:
    """A list."""
    if not isinstance(value, list):
        raise FormatError(f"{what} is a list")
    return cast("list[object]", value)


def a_text(value: object, what: str) -> str:
    """A text that is not empty and can be printed."""
    if not isinstance(value, str) or not value or not value.isprintable():
        raise FormatError(f"{what} is a text that is not empty and can be printed")
    return value


def an_id(value: object, what: str) -> str:
    """An id as entries write it: no letter of it looks like another, so "no such case" is of the case that is named."""
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise FormatError(f"{what} is an id of [a-z0-9_-]+")
    return value


def printable(text: str) -> str:
    """A text in which what a terminal would obey instead of showing it (escape sequences, turned directions) is
    spelled out: whoever made a bundle shall not write over what is said of it."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def texts(value: object, what: str) -> tuple[str, ...]:
    """A list of such texts."""
    return tuple(a_text(each, what) for each in a_list(value, what))


def a_number(value: object, what: str) -> int:
    """A whole number within the sizes of trees."""
    if type(value) is not int or not 0 <= value <= _WIDEST:
        raise FormatError(f"{what} is a whole number from 0")
    return value
