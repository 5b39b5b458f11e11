"""The values facts are made of: whose each is, how it prints when it may not be read, and what each type takes.

A value that is personal, or free text of anyone, is declared with whose it is (`OffenderText`, `ChildText` …; catalogue
section 2).  Folded without its key it is CLOSED; after an erasure it is `Erased`: both print, fold and serialise, so no
reader has a branch of its own for them.  Proven by tests/aggregates/test_shape.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Annotated, Any, Final, TypeAlias, TypeVar, Union, cast

from pydantic import AfterValidator, BeforeValidator, Field, GetCoreSchemaHandler, JsonValue, Strict
from pydantic import GetJsonSchemaHandler as GetJsonSchema
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticOmit, core_schema

from ledger.rules.dates import LONDON, exists_in_london

# ------------------------------------------------------------------------------------------ whose a value is


class Subject(StrEnum):
    """Whose a sealed value is: the letters of the catalogue, section 2."""

    STREAM = "-"  # a free text about the person the stream is about, or about nobody (the stream's own key)
    OFFENDER = "O"
    CHILD = "C"
    VICTIM = "V"
    THIRD_PARTY = "T"
    STAFF = "S"


@dataclass(frozen=True, slots=True)
class Whose:
    """Under whose key a value is sealed.

    `person` tells third parties of one fact apart (`solicitor`); of other letters it is the id a decision found.
    """

    subject: Subject
    person: str = ""


class Closed:
    """A sealed value that was not opened: present, unread.  Every fold passes it on."""

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.json_or_python_schema(
            json_schema=_NOTHING,
            python_schema=core_schema.is_instance_schema(cls),
            serialization=core_schema.plain_serializer_function_ser_schema(str),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchema) -> JsonSchemaValue:
        raise PydanticOmit

    def __str__(self) -> str:
        return "[sealed]"

    __repr__ = __str__

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self)

    def __hash__(self) -> int:
        return hash(type(self))


def _never(value: Any) -> Any:
    raise ValueError("a sealed value is not given as text")


_NOTHING: Final = core_schema.no_info_plain_validator_function(_never)
CLOSED: Final = Closed()


@dataclass(frozen=True, slots=True)
class Erased(Closed):
    """A value destroyed for ever: `of` says what it was about (child, record), `on` the day it was destroyed."""

    on: date
    of: str = "record"

    def __str__(self) -> str:
        return f"[{self.of} erased {self.on:%d/%m/%Y}]"

    __repr__ = __str__


T = TypeVar("T")
Personal: TypeAlias = Union[T, Closed, Erased]  # noqa: UP007 - a generic alias needs Union on Python 3.11


class Refers:
    """Marks texts that hold ids of records, although their type takes any text."""


REFERS: Final = Refers()


class OfStaff:
    """Marks ids that name a member of staff: whoever draws ids for another system's numbers tells kinds apart."""


OF_STAFF: Final = OfStaff()

OWN: Final = Whose(Subject.STREAM)
OFFENDER: Final = Whose(Subject.OFFENDER)
CHILD: Final = Whose(Subject.CHILD)
VICTIM: Final = Whose(Subject.VICTIM)
THIRD_PARTY: Final = Whose(Subject.THIRD_PARTY)
STAFF: Final = Whose(Subject.STAFF)


def opened(value: Personal[T] | None) -> T | None:
    """The value if it can be read, else None: for a fold that only passes it on."""
    return None if isinstance(value, Closed) else value


# ------------------------------------------------------------------------------------------ the types of values

_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/&'()-]{0,63}")
TEXT_BYTES: Final = 32 * 1024
LIST_ITEMS: Final = 500
WHOLE: Final = 2**53 - 1


def a_random_id(value: str) -> str:
    """A UUID of version 4 or 7 in canonical form.  Ids made from a name (versions 3, 5) would be guessable."""
    if not is_random_id(value):
        raise ValueError("use a UUID of version 4 or 7, in lower case with hyphens")
    return value


def is_random_id(text: str) -> bool:
    """Whether a text is such an id."""
    return _UUID.fullmatch(text) is not None


def a_text(value: str) -> str:
    """Free text: at most 32 KiB, no control characters but tab and newline, no lone surrogates (GEN: facts.md)."""
    if _CONTROL.search(value):
        raise ValueError("remove the control characters (only tab and new line may stand in a text)")
    # No character takes more than four bytes, so only a long text needs counting.
    if len(value) > TEXT_BYTES // 4 and len(value.encode()) > TEXT_BYTES:
        raise ValueError("shorten the text to 32 KiB")
    return value


def a_code(value: str) -> str:
    """A code of a published list: short, printable, never free text."""
    if not _CODE.fullmatch(value):
        raise ValueError("use a code: letters, digits, spaces and . _ / & ' ( ) -, at most 64 characters")
    return value


def a_client_id(value: str) -> str:
    """The seven-digit number people see on the file."""
    if not re.fullmatch(r"[0-9]{7}", value):
        raise ValueError("use seven digits")
    return value


def without_floats(value: dict[str, Any]) -> dict[str, Any]:
    """A structure as told, of texts, whole numbers, true and false: an entry has no floats."""
    _refuse_floats(value)
    return value


def _refuse_floats(value: Any) -> None:
    if isinstance(value, float):
        raise ValueError("use whole numbers; no fraction can be sealed")
    if isinstance(value, dict):
        for each in cast("dict[str, Any]", value).values():
            _refuse_floats(each)
    elif isinstance(value, list):
        for each in cast("list[Any]", value):
            _refuse_floats(each)


EARLIEST: Final = 1800  # years: a time far outside any life on file is a slip or an attack, and leaves every calendar
LATEST: Final = 2200
When = TypeVar("When", date, datetime)


def in_reason(when: When) -> When:
    """The same day or instant.  Raises ValueError if no case can have to do with its year."""
    if not EARLIEST <= when.year <= LATEST:
        raise ValueError(f"use a year from {EARLIEST} to {LATEST}")
    return when


def in_london(value: datetime) -> datetime:
    """An aware instant in UTC.  Without an offset it is London's; where the clocks go back, the first one.

    Within reason as told and in UTC: an instant that was taken once is taken again when its entry is read.
    """
    in_reason(value)
    if value.tzinfo is None:
        local = value.replace(tzinfo=LONDON, fold=0)
        if not exists_in_london(local):
            raise ValueError("this time does not exist in London: the clocks went forward")
        value = local
    return in_reason(value.astimezone(UTC))


def _clock_text(value: Any) -> Any:
    if isinstance(value, time) or (isinstance(value, str) and re.fullmatch(r"\d\d:\d\d(:\d\d)?", value)):
        return value
    raise ValueError("use a time of day such as 09:30")


Id: TypeAlias = Annotated[str, AfterValidator(a_random_id)]
StaffId: TypeAlias = Annotated[str, AfterValidator(a_random_id), OF_STAFF]
Text: TypeAlias = Annotated[str, AfterValidator(a_text)]
Code: TypeAlias = Annotated[str, AfterValidator(a_code)]
Day: TypeAlias = Annotated[date, AfterValidator(in_reason)]
Instant: TypeAlias = Annotated[datetime, AfterValidator(in_london)]
ClockTime: TypeAlias = Annotated[time, Strict(False), BeforeValidator(_clock_text)]
Whole: TypeAlias = Annotated[int, Field(ge=-WHOLE, le=WHOLE)]

OwnText: TypeAlias = Annotated[Personal[Text], OWN]
OffenderText: TypeAlias = Annotated[Personal[Text], OFFENDER]
ChildText: TypeAlias = Annotated[Personal[Text], CHILD]
VictimText: TypeAlias = Annotated[Personal[Text], VICTIM]
ThirdPartyText: TypeAlias = Annotated[Personal[Text], THIRD_PARTY]
StaffText: TypeAlias = Annotated[Personal[Text], STAFF]
Texts: TypeAlias = Annotated[list[Text], Field(max_length=LIST_ITEMS)]
OwnTexts: TypeAlias = Annotated[Personal[Texts], OWN]
OffenderTexts: TypeAlias = Annotated[Personal[Texts], OFFENDER]
StaffTexts: TypeAlias = Annotated[Personal[Texts], STAFF]
# Several people in one list: one sealed value per person, at the path field/0, field/1 … (catalogue, *Whose text*).
ThirdPartyTexts: TypeAlias = Annotated[list[Personal[Text]], Field(max_length=LIST_ITEMS), THIRD_PARTY]

Ids: TypeAlias = Annotated[list[Id], Field(max_length=LIST_ITEMS)]
Count: TypeAlias = Annotated[int, Field(ge=0, le=WHOLE)]
ClientId: TypeAlias = Annotated[str, AfterValidator(a_client_id)]
Map: TypeAlias = Annotated[dict[Text, JsonValue], AfterValidator(without_floats), Field(max_length=LIST_ITEMS)]
OwnMap: TypeAlias = Annotated[Personal[Map], OWN]
ThirdPartyMap: TypeAlias = Annotated[Personal[Map], THIRD_PARTY]
