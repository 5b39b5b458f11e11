"""The people of a demonstration: a dozen and a few members of staff, and persons on probation with invented names.

Every surname is put together from two halves that no family has, every court and road is of a town that is not there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any, Final

from ledger.demonstration.lines import Staff, a_uuid

UNITS: Final = ("North", "South", "East")

# Three of each kind, one a unit; and one of each that serves all units.
_IN_EACH_UNIT: Final = ("practitioner", "pso", "supervisor")
_FOR_ALL: Final = (
    "senior-practitioner",
    "placement-coordinator",
    "operations-manager",
    "head-of-unpaid-work",
    "court-officer",
    "team-admin",
    "chief-officer",
    "information-officer",
    "aco",
    "information-manager",
    "training-unit",
)


@dataclass(frozen=True)
class Roster:
    """Who works here."""

    staff: tuple[Staff, ...]

    def one(self, role: str, unit: str | None = None) -> Staff:
        """The one of a role, in a unit where each unit has its own."""
        found = [each for each in self.staff if each.role == role]
        return next((each for each in found if each.unit == unit), found[0])


def roster(seed: int) -> Roster:
    """The staff of a seed: the same ids whatever the day and the number of cases."""
    rng = Random(f"{seed}:staff")  # noqa: S311 - a demonstration is drawn again from its seed
    each_unit = [Staff(a_uuid(rng), role, unit) for role in _IN_EACH_UNIT for unit in UNITS]
    return Roster((*each_unit, *(Staff(a_uuid(rng), role) for role in _FOR_ALL)))


_FIRST_HALF: Final = (
    *("Quibble", "Wobber", "Tiddle", "Snarle", "Grimple", "Pockle", "Mizzle", "Twindle", "Crumple", "Squible"),
    *("Noddle", "Tussle", "Gabble", "Fimble", "Dabbler", "Hobnoble", "Wimpole", "Jostle", "Muddler", "Pringle"),
)
_SECOND_HALF: Final = ("thorpe", "combe", "stead", "ling", "wick", "sham", "croft", "mere", "shaw", "by")
_FORENAMES: Final = {
    "F": ("Alice", "Bethan", "Chloe", "Davina", "Eilidh", "Farah", "Grace", "Imogen", "Leanne", "Nadia", "Priya"),
    "M": (
        *("Aaron", "Callum", "Darren", "Ewan", "Faisal", "Gareth", "Harvey", "Idris", "Jamie", "Kieran", "Liam"),
        *("Marlon", "Nathan", "Owen", "Patrick", "Rhys", "Stefan", "Tyrone", "Wesley", "Yusuf"),
    ),
}
_FORENAMES_OF_CHILDREN: Final = ("Ash", "Bobbin", "Dale", "Fern", "Kit", "Pip", "Robin", "Wren")
_ROADS: Final = (
    "Nowhere Row",
    "Madeup Lane",
    "Example Terrace",
    "Placeholder Close",
    "Testcase Road",
    "Specimen Street",
)
_TOWNS: Final = ("Mizzlecombe", "Grimplewick", "Tiddlestead")
COURTS: Final = tuple(f"{town} Magistrates' Court" for town in _TOWNS)
# Offences that shut nobody out of a school (PLC-06 lists those that do).
_OFFENCES: Final = (
    ("46", "theft from a shop", "OTHER"),
    ("58", "criminal damage to a bus shelter", "OTHER"),
    ("105", "common assault", "ADULT"),
    ("92", "possession of a controlled drug", "OTHER"),
    ("807", "driving while disqualified", "OTHER"),
    ("53", "fraud by false representation", "OTHER"),
    ("125", "public order, threatening words", "ADULT"),
    ("28", "burglary of a shed", "OTHER"),
)


def person(rng: Random, number: int, gender: str, today: date) -> dict[str, Any]:
    """The particulars a court sends with a person."""
    surname = rng.choice(_FIRST_HALF) + rng.choice(_SECOND_HALF)
    born = today - timedelta(days=rng.randint(19 * 366, 61 * 365))
    road = f"{rng.randint(1, 98)} {rng.choice(_ROADS)}, {rng.choice(_TOWNS)}"
    return {
        "client_id": f"{9_000_000 + number:07d}",
        "crn": f"DEMO{number:04d}",
        "surname": surname,
        "forenames": rng.choice(_FORENAMES[gender]),
        "title": {"F": "Ms", "M": "Mr"}[gender],
        "dob": born,
        "gender": gender,
        "addresses": [road],
        "aliases": [surname[:4]] if rng.random() < 0.06 else None,
    }


def child(rng: Random, number: int, today: date) -> dict[str, Any]:
    """The particulars of a child on a register of the local authority."""
    return {
        "client_id": f"{9_800_000 + number:07d}",
        "surname": rng.choice(_FIRST_HALF) + rng.choice(_SECOND_HALF),
        "forenames": rng.choice(_FORENAMES_OF_CHILDREN),
        "dob": today - timedelta(days=rng.randint(2 * 366, 14 * 365)),
        "register_name": "CP_REGISTER",
    }


def offence(rng: Random) -> dict[str, Any]:
    """What the person was sentenced for."""
    code, description, against = rng.choice(_OFFENCES)
    return {"offence_code": code, "description": description, "status": "CURRENT", "against": against}
