"""The conventions behind every rule: two times, no overwriting, signed entries (rule book GEN).

GEN-01 to GEN-04 live in `dates`, GEN-09 in `settings`.  Messages stand here, at their rules;
tests/rules/test_registry.py proves that no id of the area is missing.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from ledger.rules.dates import day_of, london_day
from ledger.rules.registry import rule, stated

FROM_THE_FUTURE: Final = "An event cannot take effect in the future."
NOT_SIGNED: Final = "Every entry must be signed and dated."
NO_OVERWRITING: Final = "Recorded events cannot be changed; record a correction."
NO_BANK_HOLIDAYS: Final = "No bank holidays are loaded for {year}."
NAMES_NO_CHILDREN: Final = "Do not name children in this note; use the child field."

# What GEN-06 says when a record cannot be corrected, or names what is not there: impossible, whoever tells it.
UNKNOWN: Final = "No {what} {id} is recorded here; check the id."
NOT_YET: Final = "Nothing is recorded here yet; begin with {command}."
ALREADY: Final = "This {what} is already recorded; record a correction."
OTHER_ACTOR: Final = "{field} is the one who records this; leave it out or give your own staff id."
OTHER_TARGET: Final = "{field} is the record this command goes to; leave it out or give that id."
OTHER_VALUE: Final = "{field} is {value}; leave it out or give that value."
NO_SUCH_FIELD: Final = "{type} has no field {field}; name a field of the record you correct."
NOT_CORRECTABLE: Final = (
    "{field} cannot be corrected: it is an id or is computed; strike the record out and record anew."
)
WRONG_TYPE: Final = "This is no value for {field}: {why}."
REASON_FOR_CORRECTION: Final = "Give the reason for this correction."
NOT_YOURS: Final = "Only the author of a record, or a senior practitioner or above, may correct it."
MANAGER_STRIKES: Final = "Only a senior practitioner or above strikes out a judgement or a breach."
COURT_RESTS_ON_IT: Final = "A court has dealt with a breach that rests on this record; it cannot be struck out."
NOT_WITH_ITSELF: Final = "A record cannot be merged with itself; give the id of the other one."
ALREADY_ONE: Final = "These two records are of one person already; separate them first."
NOT_MERGED: Final = "These two records were not merged; give the id of one that this was merged with."
SEPARATE_INSTEAD: Final = "A merge is not corrected or struck out; separate the two records."
ERASED_PERSON: Final = "The other record was erased and cannot be merged."
OF_TWO_GENDERS: Final = "The two records tell of different genders; make sure that they are of one person."
ALREADY_STRUCK: Final = "This record is already struck out."


@rule("GEN-05", edition="conventions-1", cite="WMPA 3.4, 9.1", anchor="recording")
def in_the_future(effective: date | datetime, moment: datetime) -> bool:
    """Every event carries when it happened and when the ledger learned of it; the first is not after the second.

    A day is in the future if it has not begun in London; plans are exempt.
    """
    if isinstance(effective, datetime):
        return effective > moment
    return effective > london_day(moment)


@rule("GEN-05", edition="conventions-1", cite="WMPA 3.4, 9.1", anchor="recording")
def recorded_late_days(effective: date | datetime, recorded: datetime) -> int:
    """Whole London days from when it happened to when it was recorded; 0 on the same day."""
    return max(0, (london_day(recorded) - day_of(effective)).days)


stated(
    "GEN-06",
    "A mistake is put right by a correcting event that names the event corrected, the reason and the author; the first "
    "stays readable. Reading: two records of one person are merged; either leads to both, each fact stays where it was "
    "sealed, lists name the one merged into, and limits of access, holds and erasures of either count for "
    "both. Separated, each is read as before. Not with itself, not twice, not in a circle, not with an erased record.",
    edition="conventions-1",
    cite="WMPA 3.4, 4.4, 8.4",
)
stated(
    "GEN-07",
    "Every refused command is kept as evidence in the access log, without its personal text.",
    edition="conventions-1",
    cite="CPOM s5",
)
stated(
    "GEN-08",
    "Every entry carries its author's staff id and date; anonymous entries are refused.",
    edition="conventions-1",
    cite="WMPA 3.4, 9.1",
)
stated(
    "GEN-10",
    "Free text that may identify a child or victim goes in a field under that person's key; a name-free note carries "
    "the practice record. Reading: a note with the forename of a child linked to the case warns its author; no list of "
    "names is searched, so nothing is warned of by guesswork.",
    edition="conventions-1",
    cite="WMPA 5.3, App 4",
)
stated(
    "GEN-11",
    "The case carries the need for interpreting, signing or translation, for talks about contact, conference and site "
    "safety; telephone interpreting is for essential information.",
    cite="WMPA Introduction; CPOM s2",
)
