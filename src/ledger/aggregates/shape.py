"""The shape of a fact: declared once, fields and all; its command is the same fields in the imperative.

    class AbsenceRecorded(
        Fact,
        topic="offender.absence-recorded.v1",     the type in the sealed entry, for ever
        command="RecordAbsence",                   what a person gives
        who=("supervisor", "practitioner"),        roles that may give it (contract, *Roles*)
        rules=("ENF-01", "ENF-02", "ENF-21"),      rule book ids
        effective="date",                          the field that says when it happened
    ):
        \"\"\"A person failed to attend or to comply with an appointment of the order.\"\"\"

        absence_id: Id
        date: Day
        kind: Literal["FTA", "FAILURE_TO_COMPLY"]
        note: OffenderText | None = None

A command is a *draft* of its fact: the same class, read strictly from JSON, in which what the ledger computes
(`Annotated[Day, COMPUTED] = later()`), what the actor is (`ACTOR`) and what repeats the target (`TARGET`) may be left
out.  The decision completes the draft or refuses it.  A required field whose absence the rule book answers in words of
its own is `Annotated[OffenderText | None, Asked("ENF-05", REASON_FOR_JUDGEMENT)]`: a draft may lack it, no record does.

A fact whose command does more than record (an erasure destroys a key first) has an `act` instead of a command: nobody
can have it recorded alone.

A value that is personal, or free text of anyone, is declared with whose it is (`OffenderText`, `ChildText` …; catalogue
section 2).  Folded without its key it is CLOSED; after an erasure it is `Erased`: both print, fold and serialise, so no
reader has a branch of its own for them.

Design: events.md sections 1, 2 and 5; architecture.md *The shape of a fact and a rule*.  Proven by
tests/aggregates/test_shape.py and the golden entries of tests/golden/.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, TypeVar, get_args

from pydantic import BaseModel, ConfigDict

from ledger.aggregates.immutable import immutable
from ledger.aggregates.values import (
    CHILD,
    CLOSED,
    LIST_ITEMS,
    OFFENDER,
    OWN,
    STAFF,
    TEXT_BYTES,
    THIRD_PARTY,
    VICTIM,
    WHOLE,
    ChildText,
    ClientId,
    ClockTime,
    Closed,
    Code,
    Count,
    Day,
    Erased,
    Id,
    Ids,
    Instant,
    Map,
    OffenderText,
    OffenderTexts,
    OwnMap,
    OwnText,
    OwnTexts,
    Personal,
    StaffId,
    StaffText,
    StaffTexts,
    Subject,
    T,
    Text,
    Texts,
    ThirdPartyMap,
    ThirdPartyText,
    ThirdPartyTexts,
    VictimText,
    Whole,
    Whose,
    a_client_id,
    a_code,
    a_random_id,
    a_text,
    in_london,
    in_reason,
    is_random_id,
    opened,
    without_floats,
)
from ledger.errors import Caution

__all__ = [
    "ACTOR",
    "ACTOR_UNLESS_NAMED",
    "CHILD",
    "CLOSED",
    "COMPUTED",
    "LIST_ITEMS",
    "OFFENDER",
    "OWN",
    "STAFF",
    "TARGET",
    "TARGET_UNLESS_NAMED",
    "TEXT_BYTES",
    "THIRD_PARTY",
    "VICTIM",
    "WHOLE",
    "WRITTEN",
    "Actor",
    "Asked",
    "ChildText",
    "ClientId",
    "ClockTime",
    "Closed",
    "Code",
    "Count",
    "Day",
    "Decision",
    "Erased",
    "Fact",
    "History",
    "Id",
    "Ids",
    "Instant",
    "Map",
    "Now",
    "OffenderText",
    "OffenderTexts",
    "OwnMap",
    "OwnText",
    "OwnTexts",
    "Personal",
    "Recorded",
    "StaffId",
    "StaffText",
    "StaffTexts",
    "Subject",
    "Supplied",
    "T",
    "Text",
    "Texts",
    "ThirdPartyMap",
    "ThirdPartyText",
    "ThirdPartyTexts",
    "Unnumbered",
    "Unread",
    "VictimText",
    "Whole",
    "Whose",
    "a_client_id",
    "a_code",
    "a_random_id",
    "a_text",
    "blank",
    "in_london",
    "in_reason",
    "is_random_id",
    "later",
    "nothing_read",
    "opened",
    "without_floats",
]


# ------------------------------------------------------------------------------------------ what may be left out


@dataclass(frozen=True, slots=True)
class Supplied:
    """A field the caller may leave out: computed by the decision, the actor's id, or the target's id."""

    by: str


COMPUTED: Final = Supplied("ledger")
WRITTEN: Final = Supplied("writing")  # after the decision, of what it came to: the words of a letter
ACTOR: Final = Supplied("actor")
ACTOR_UNLESS_NAMED: Final = Supplied(
    "actor unless named"
)  # somebody else may have said it: the recorder writes it down
TARGET: Final = Supplied("target")
TARGET_UNLESS_NAMED: Final = Supplied("target unless named")  # another than whom the stream is of may be meant


def later() -> Any:
    """The default of a supplied field: absent in a draft, there in every recorded fact."""
    return None


@dataclass(frozen=True, slots=True)
class Asked:
    """A required field that a rule asks for in its own words: left empty, it is that rule which refuses.

    Where the field's type allows None a draft may also leave it out, to be refused the same way.  The message may
    name what was left empty: `{fields}`.
    """

    rule: str
    message: str

    def about(self, names: Iterable[str]) -> str:
        """The message for these fields."""
        return self.message.format(fields=", ".join(names))


def blank(value: Any) -> bool:
    """Whether a field was left empty: not there, or a text without a word."""
    return value is None or (isinstance(value, str) and not value.strip())


# ------------------------------------------------------------------------------------------ facts


def _marker(annotation: Any, metadata: tuple[Any, ...] | list[Any], kind: type[T]) -> T | None:
    for each in metadata:
        if isinstance(each, kind):
            return each
    for inner in get_args(annotation):
        if hasattr(inner, "__metadata__"):
            found = _marker(inner, inner.__metadata__, kind)
            if found is not None:
                return found
    return None


class Fact(BaseModel):
    """A thing that happened, as told; immutable.  Subclasses are declared, hardly ever coded."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    topic: ClassVar[str] = ""
    command: ClassVar[str] = ""
    act: ClassVar[str] = ""  # what it is the last step of; then it has no command
    who: ClassVar[tuple[str, ...]] = ()
    rules: ClassVar[tuple[str, ...]] = ()
    effective_field: ClassVar[str | None] = None
    is_plan: ClassVar[bool] = False  # a plan may be dated after the day asked for: views do not cut it off (GEN-05)
    whose: ClassVar[Mapping[str, Whose]] = {}
    supplied: ClassVar[Mapping[str, Supplied]] = {}
    asked: ClassVar[Mapping[str, Asked]] = {}

    def __init_subclass__(
        cls,
        *,
        topic: str = "",
        command: str = "",
        act: str = "",
        who: tuple[str, ...] = (),
        rules: tuple[str, ...] = (),
        effective: str | None = None,
        plan: bool = False,
        **other: Any,
    ) -> None:
        super().__init_subclass__(**other)

    @classmethod
    def __pydantic_init_subclass__(
        cls,
        *,
        topic: str = "",
        command: str = "",
        act: str = "",
        who: tuple[str, ...] = (),
        rules: tuple[str, ...] = (),
        effective: str | None = None,
        plan: bool = False,
        **other: Any,
    ) -> None:
        cls.topic, cls.command, cls.who, cls.rules, cls.effective_field = topic, command, who, rules, effective
        cls.act, cls.is_plan = act, plan
        cls.whose = dict(_marked(cls, Whose))
        cls.supplied = dict(_marked(cls, Supplied))
        cls.asked = dict(_marked(cls, Asked))

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """No such field.  Said plainly: pydantic's own search before it says so costs more than a decision."""
            raise AttributeError(name)

    def given(self) -> dict[str, Any]:
        """Field values that are there, by name (None means absent: entries leave absent members out)."""
        values = ((name, getattr(self, name)) for name in type(self).model_fields)
        return {name: value for name, value in values if value is not None}

    @classmethod
    def may_lack(cls) -> Iterator[str]:
        """Fields that a draft may leave out only to be refused by the rule that asks for them."""
        return (name for name in cls.asked if type(None) in get_args(cls.model_fields[name].annotation))

    def completed(self: F, **values: Any) -> F:
        """This draft with what the ledger computed."""
        # What model_copy does for a frozen model without private or extra members, in a tenth of its time.
        made = object.__new__(type(self))
        object.__setattr__(made, "__dict__", {**self.__dict__, **values})
        object.__setattr__(made, "__pydantic_fields_set__", self.__pydantic_fields_set__ | values.keys())
        object.__setattr__(made, "__pydantic_extra__", None)
        object.__setattr__(made, "__pydantic_private__", None)
        return made

    def effective(self) -> date | datetime | None:
        """When it happened, as told; None where the recorded time (or the command's `effective`) stands for it."""
        return getattr(self, self.effective_field) if self.effective_field else None


def _marked(cls: type[Fact], kind: type[T]) -> Iterator[tuple[str, T]]:
    for name, info in cls.model_fields.items():
        found = _marker(info.annotation, info.metadata, kind)
        if found is not None:
            yield name, found


F = TypeVar("F", bound=Fact)
FactT_co = TypeVar("FactT_co", bound=Fact, covariant=True)


@immutable
class Actor:
    """Who does it: a random staff id, the role it is done in, and the unit."""

    id: str
    role: str
    unit: str | None = None


@immutable
class Recorded(Generic[FactT_co]):
    """A fact with its envelope, as folds see it.  `effective` follows corrections; the sealed entry never does."""

    position: int  # from 1; the size of the tree just after it
    stream: str
    version: int
    id: str
    fact: FactT_co
    effective: date | datetime  # a day, or an aware instant in UTC
    recorded: datetime  # aware, UTC, the ledger's own clock
    by: Actor
    about: tuple[str, ...] = ()
    policy: int = 0  # version of stream `policy` it was decided under
    source_recorded: datetime | None = None  # imported: when the other system recorded it
    under: tuple[str, ...] = ()
    rests_on: tuple[int, ...] = ()
    corrected_by: tuple[int, ...] = ()  # positions of corrections that this reading includes
    source_system: str | None = None  # imported: which other system told it
    source_by: str | Closed | None = None  # imported: who recorded it there, according to that system

    def with_fact(self, fact: Fact, effective: date | datetime, by_position: int) -> Recorded[Fact]:
        """The same record as a correction leaves it."""
        return replace(self, fact=fact, effective=effective, corrected_by=(*self.corrected_by, by_position))


class Unread(Exception):
    """Other cases are asked for that were not read yet: whoever asked is asked again once they are."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(", ".join(names))
        self.names = tuple(names)


def nothing_read(names: Sequence[str]) -> Mapping[str, Any]:
    """The other cases of a decision that was given none."""
    raise Unread(names)


class Unnumbered(Exception):
    """It is asked who has a client id: whoever asked is asked again once that is known."""

    def __init__(self, client_id: str) -> None:
        super().__init__()  # the number is somebody's: no trace of a failure shows it
        self.client_id = client_id


def nobody_looked_up(client_id: str) -> tuple[str, ...]:
    """Who has a client id, for a decision that was given no look at everybody."""
    raise Unnumbered(client_id)


class History(list[Recorded[Any]]):
    """The facts of a case with what was folded from them so far: who asks about many days folds once for several.

    Whoever fills `folded` keys it by what it folded for; the facts must not change meanwhile.  `alone`: what holds of a
    fact whatever else is known, by position; every prefix of one chain may share it.
    """

    def __init__(self, records: Iterable[Recorded[Any]] = (), alone: dict[int, Any] | None = None) -> None:
        super().__init__(records)
        self.folded: dict[Any, Any] = {}
        self.alone: dict[int, Any] = {} if alone is None else alone

    def once(self, key: Any, compute: Callable[[], T]) -> T:
        """What was computed of these very facts for this key, the first time it is asked for."""
        if key not in self.folded:
            self.folded[key] = compute()
        return self.folded[key]


@immutable
class Now:
    """What a decision may know besides its case: the moment, the actor, the policy, other cases; never a clock.

    `look` gives the states of cases by stream name, or raises Unread: a decision is pure, so it is simply taken again
    when they are there; `numbered` raises Unnumbered in the same way.  Whoever seals the decision has to hold what was
    looked at against what is recorded by then.
    """

    moment: datetime  # aware, UTC: the ledger's clock
    actor: Actor
    policy: Any  # ledger.aggregates.policy.Policy as known now
    imported: bool = False  # a fact that has happened, told by another system: rules flag, they do not refuse
    look: Callable[[Sequence[str]], Mapping[str, Any]] = nothing_read
    numbered: Callable[[str], tuple[str, ...]] = nobody_looked_up  # streams of all who are recorded under a client id

    def others(self, names: Sequence[str]) -> Mapping[str, Any]:
        """The states of other cases ("placement-019a…") as they are now; empty folds where nothing is recorded."""
        return self.look(tuple(dict.fromkeys(names)))

    def other(self, name: str) -> Any:
        """The state of another case as it is now."""
        return self.look((name,))[name]


@immutable
class Decision:
    """What a command comes to: the facts, what they are about, and on what grounds."""

    facts: tuple[Fact, ...]
    about: tuple[str, ...] = ()  # ids (stream names) whose state it moves, own stream left out
    effective: date | datetime | None = None  # where the fact's own field does not say it
    rests_on: tuple[int, ...] = ()  # positions of the facts it rests on
    under: tuple[str, ...] = ()  # rule editions, "ENF-03@manual-2022"
    cautions: tuple[Caution, ...] = ()
    marking: str | None = None
    whose: Mapping[str, Whose | None] = field(default_factory=dict[str, "Whose | None"])  # overrides (corrections)
