"""The people of a ledger in memory, and which of them a question finds.

    people = People()
    people.put(person)
    people.find(question({"surname": "JON*", "forenames": "A*"}))     -> in order of name

What is asked must all hold: client id (seven digits), CRN and date of birth exactly; surname and forenames as on the
old screen, a star at the end for whatever follows, without regard to capitals, accents, hyphens and apostrophes.  A
name is found by aliases and previous names too; forenames without a star are the first ones or all of them.  A surname
is looked up in order, a number or day directly: nobody else is looked at.  Of many who are found by a surname only the
first so many are put in order, those of the page that is asked for.

Pure; proven by tests/searching/test_finding.py against a naive search.
"""

from __future__ import annotations

import re
from bisect import bisect_left, insort
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from heapq import nsmallest
from typing import Any, Final, TypeAlias

from ledger.errors import Malformed
from ledger.reading import a_day
from ledger.searching.people import Name, Person, plain

LEAST_LETTERS: Final = 2  # before a star
LONGEST: Final = 100  # characters of one thing asked
ASKED_BY: Final = ("client_id", "crn", "surname", "forenames", "date_of_birth")
_AFTER_ALL: Final = "\U0010ffff"
_Place: TypeAlias = tuple[Name, str]  # where somebody stands in what is found: the name on file, and the stream


@dataclass(frozen=True, slots=True)
class Question:
    """Whom somebody looks for.  Names as compared, `open` where a star stood at their end."""

    client_id: str | None = None
    crn: str | None = None
    dob: date | None = None
    surname: str | None = None
    surname_open: bool = False
    forenames: str | None = None
    forenames_open: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A page of what a search found: rows, those of limited cases without a name at the end; the cursor of the next
    page, None for none; and the position of the ledger it answers as of."""

    items: list[dict[str, Any]]
    next: str | None
    position: int


def question(asked: Mapping[str, Any]) -> Question:
    """Read strictly: unknown names, other things than texts, no way to find anybody by.  Raises Malformed."""
    errors = {name[:40]: f"not one of {', '.join(ASKED_BY)}" for name in asked if name not in ASKED_BY}
    errors |= {
        name: f"a text of 1 to {LONGEST} characters"
        for name in ASKED_BY
        if name in asked and not (isinstance(asked[name], str) and 0 < len(asked[name].strip()) <= LONGEST)
    }
    if errors:
        raise Malformed("A search is asked for with texts, by name.", errors)
    given: dict[str, str] = {name: asked[name].strip() for name in ASKED_BY if name in asked}
    if not given.keys() - {"forenames"}:
        raise Malformed(
            "Give a client id, a CRN, a date of birth or a surname.", {"surname": "or another of them is needed"}
        )
    if "client_id" in given and not re.fullmatch("[0-9]{7}", given["client_id"]):
        raise Malformed("client_id: seven digits.", {"client_id": "seven digits"})
    surname, surname_open = _with_star("surname", given.get("surname"))
    forenames, forenames_open = _with_star("forenames", given.get("forenames"))
    return Question(
        given.get("client_id"),
        given["crn"].upper() if "crn" in given else None,
        _day(given.get("date_of_birth")),
        surname,
        surname_open,
        forenames,
        forenames_open,
    )


def _with_star(field: str, text: str | None) -> tuple[str | None, bool]:
    if text is None:
        return None, False
    bare = text.removesuffix("*")
    name = plain(bare)
    if "*" in bare or (len(name) < LEAST_LETTERS and (field == "surname" and bare != text)) or not name:
        raise Malformed(
            f"{field}: letters, and after {LEAST_LETTERS} of them a star at the end for whatever follows.",
            {field: "a star stands at the end, after two letters"},
        )
    return name, bare != text


def _day(text: str | None) -> date | None:
    try:
        return a_day(text) if text is not None else None
    except ValueError as wrong:
        raise Malformed(f"date_of_birth: {wrong}.", {"date_of_birth": str(wrong)}) from wrong


class People:
    """Whoever can be found."""

    def __init__(self) -> None:
        self._by_stream: dict[str, Person] = {}
        self._by_number: dict[str, list[str]] = {}  # client id, CRN, ISO day of birth -> streams
        self._by_key: dict[bytes, str] = {}
        self._surnames: list[tuple[str, _Place]] = []  # (surname as compared, place), in order

    def __len__(self) -> int:
        return len(self._by_stream)

    def put(self, found: Person) -> None:
        """Put somebody in, in the place of what was known of them."""
        self.drop(found.stream)
        self._keep(found)
        for each in _surnames_of(found):
            insort(self._surnames, each)

    def drop(self, stream: str) -> None:
        """Nobody is found by this stream any more."""
        known = self._by_stream.pop(stream, None)
        if known is None:
            return
        for number in _numbers_of(known):
            self._by_number[number].remove(stream)
            if not self._by_number[number]:
                del self._by_number[number]
        for key in known.keys:
            self._by_key.pop(key, None)
        for each in _surnames_of(known):
            del self._surnames[bisect_left(self._surnames, each)]

    def drop_keys(self, keys: Collection[bytes]) -> None:
        """Drop whoever is known by a value under one of these keys."""
        for key in keys:
            self.drop(self._by_key.get(key, ""))

    def find(self, asked: Question, most: int | None = None) -> list[Person]:
        """Whoever it is, or the first so many, in order of the name on file."""
        places = self._places(asked)
        first = sorted(places) if most is None else nsmallest(most, places)
        return [self._by_stream[stream] for _, stream in first]

    def having_crn(self, crn: str) -> list[Person]:
        """Those who have, or ever had, a case reference number (capitals)."""
        return [self._by_stream[each] for each in self._by_number.get(crn, ()) if crn in self._by_stream[each].crns]

    def numbered(self, client_id: str) -> tuple[str, ...]:
        """The streams of those who have a client id."""
        return tuple(each.stream for each in self.find(Question(client_id=client_id)))

    def _places(self, asked: Question) -> Collection[_Place]:
        """Of everybody it is, once each."""
        number = asked.client_id or asked.crn or (asked.dob.isoformat() if asked.dob else None)
        if number is not None:
            people = map(self._by_stream.__getitem__, self._by_number.get(number, ()))
            return {_place_of(each) for each in people if _is_it(asked, each)}
        if asked.surname is None:
            return ()
        until = asked.surname + (_AFTER_ALL if asked.surname_open else "\0")
        first, last = (bisect_left(self._surnames, (each,)) for each in (asked.surname, until))
        places = {place for _, place in self._surnames[first:last]}
        if asked.forenames is None:
            return places  # of each a name with this surname is known: that is all that is asked
        return [each for each in places if _is_it(asked, self._by_stream[each[1]])]

    def _keep(self, found: Person) -> None:
        self._by_stream[found.stream] = found
        for number in _numbers_of(found):
            self._by_number.setdefault(number, []).append(found.stream)
        self._by_key.update(dict.fromkeys(found.keys, found.stream))


def _numbers_of(found: Person) -> list[str]:
    given = (found.client_id, found.crn and found.crn.upper(), found.dob and found.dob.isoformat(), *found.crns)
    return list(dict.fromkeys(each for each in given if each))


def _surnames_of(found: Person) -> list[tuple[str, _Place]]:
    place = _place_of(found)
    return [(each, place) for each in dict.fromkeys(name.surname for name in found.names)]


def _place_of(found: Person) -> _Place:
    return found.names[0], found.stream


def _is_it(asked: Question, found: Person) -> bool:
    if asked.client_id is not None and asked.client_id != found.client_id:
        return False
    if asked.crn is not None and (found.crn is None or asked.crn != found.crn.upper()):
        return False
    if asked.dob is not None and asked.dob != found.dob:
        return False
    return any(_is_name(asked, each) for each in found.names)


def _is_name(asked: Question, name: Name) -> bool:
    return _fits(asked.surname, asked.surname_open, name.surname, whole=True) and _fits(
        asked.forenames, asked.forenames_open, name.forenames, whole=False
    )


def _fits(asked: str | None, is_open: bool, name: str, *, whole: bool) -> bool:
    """`whole`: without a star the whole name is asked for, else its first words do."""
    if asked is None or asked == name:
        return True
    if is_open:
        return name.startswith(asked)
    return not whole and name.startswith(f"{asked} ")
