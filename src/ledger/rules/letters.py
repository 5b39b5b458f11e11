"""Letters and forms: what their templates may say and must, and how one becomes words (rule book B, GEN-09).

    KINDS["warning"].demands                      the places a template must have, each with the reason
    filled(text, {"name": "Ann Jones", …})        its words
    digest("…")                                   SHA-256 of a text in hexadecimal: a template's, or that of words

A template is a text with named places in braces: `Dear {name}`.  Its first line is the heading and has no place; an
empty line begins a paragraph.  A line all of whose places are empty is left out, so a person without an address has no
gap.  That is all there is to it: no conditions, no markup; what is put in a place is never read for places again.

What the law makes a letter say stands in places of its own (`{unacceptable}`, `{liable}`) with words of the ledger, so
that an area may put its own words round them and cannot leave them out.  Proven by tests/rules/test_letters.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from types import MappingProxyType
from typing import Final

from ledger.rules.form_words import FORMS, Kind
from ledger.rules.registry import rule

ENFORCEMENT_LETTER: Final = "enforcement-letter"
WARNING: Final = "warning"
SESSION_SHEET: Final = "session-sheet"
LONGEST: Final = 10_000  # characters of a template: five pages
LONGEST_HEADING: Final = 120
BUILT_IN: Final = "built-in 1"  # the edition of the templates below: other words, another number

NO_SUCH_TEMPLATE: Final = "There is no template {name}; there are: {names}."
OTHER_TEMPLATE: Final = "This is said with the template {name}; name that one, or none if it was written elsewhere."
NOT_WRITTEN_HERE: Final = "The ledger writes the words of a letter itself; leave them out, or name a template."
SENT_ELSEWHERE: Final = "What another system sent was not written here; leave the template out, and file the letter."
TOO_LONG: Final = "A template has at most 10,000 characters; shorten it."
NO_HEADING: Final = "The first line is the heading: give it up to 120 characters, and no place."
STRAY_BRACE: Final = "Braces stand for places, such as {{{place}}}; leave out every other brace."
NO_SUCH_PLACE: Final = "{{{place}}} is no place of this template; there are: {places}."
WORDS_MISSING: Final = "This template must have more in it: {why}."
PLACE_MISSING: Final = "{{{place}}} must stand in this template: {why}."
EDITION_TAKEN: Final = "There is an edition {edition} of this template already; give this one another name."
TEMPLATE_STAYS: Final = "A template that was set is not corrected; set another edition."
TOO_MANY_WORDS: Final = "The letter would be longer than 32 KiB; shorten what is told in it."

UNACCEPTABLE: Final = "You had no reasonable excuse for this. This breach of your order is unacceptable."
_LIABLE: Final = (
    "If you fail again to comply with a requirement of your order within twelve months{until}, you will be liable to "
    "be brought before a court."
)
PLACE: Final = re.compile(r"\{([a-z_]{1,40})\}")


_OF_A_LETTER: Final = {
    "name": "forenames and surname of the person",
    "address": "the person's address, as many lines as it has",
    "client_id": "the seven digits of the file",
    "unit": "the unit of whoever writes",
    "order": "community order, or suspended sentence order",
    "court": "the court that made the order",
    "sentence_date": "the day the order was made",
    "appointment": "unpaid work, or another appointment",
    "failure": "what the person did not do",
    "absence_date": "the day of the absence",
}


@rule("ENF-03", edition="manual-2022", cite="CPOM s1", anchor="letter")
def what_a_letter_must_say() -> Mapping[str, str]:
    """Whatever words an area chooses, an enforcement letter names the day of the absence and the day until which
    evidence counts (ENF-04).

    Reading: without the two nobody could know what to answer to, or by when; all else is the area's.
    """
    return {
        "absence_date": "a letter says which absence it is about",
        "evidence_deadline": "a letter says until when evidence counts",
    }


@rule(
    "ENF-03",
    edition="sentencing-2020",
    cite="Sentencing Act 2020, Sch. 10 para. 6(4); Sch. 16 para. 6(4)",
    anchor="warning",
)
def what_a_warning_must_say() -> Mapping[str, str]:
    """Whatever words an area chooses, a warning describes the circumstances, states that the breach is unacceptable,
    and tells the person that another within twelve months makes them liable to be brought before a court.

    Reading: a final warning is this same warning under a heading of the area's own.
    """
    return {
        "circumstances": "a warning describes the circumstances of the breach",
        "unacceptable": "a warning states that the breach is unacceptable",
        "liable": "a warning says that another breach makes the person liable to be brought before a court",
    }


@rule("ENF-01", edition="manual-2022", cite="CPOM s1, s2", anchor="day")
def what_a_session_sheet_must_say() -> Mapping[str, str]:
    """The sheet a supervisor records attendance on names the project and the day.

    Reading: the sources describe no form; columns for arrival, departure, hours, outcome and signature are ours.
    """
    return {
        "placement": "a sheet says at which project it was used",
        "day": "a sheet says on which day it was used",
    }


KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        each.name: each
        for each in (
            Kind(
                ENFORCEMENT_LETTER,
                "Enforcement letter",
                {
                    **_OF_A_LETTER,
                    "issued_on": "the day of the letter",
                    "evidence_deadline": "the last day on which evidence counts",
                    "evidence_days": "how many working days that is",
                },
                what_a_letter_must_say(),
                "ENF-03",
                """\
You missed an appointment: tell us why

{name}
{address}

Date: {issued_on}
Reference: {client_id}

On {absence_date} you {failure}. It was {appointment} under the {order} that {court} made on {sentence_date}.

If you had a good reason, show us: send or bring us evidence of it, such as a letter from a doctor or an employer. \
Evidence counts until the end of {evidence_deadline}, {evidence_days} working days after the date of this letter.

If no evidence has come by then, the absence counts as unacceptable, and your order may be taken back to court.

If you do not understand this letter, or need help to answer it, tell your probation practitioner at once.

Your probation practitioner
{unit}
""",
            ),
            Kind(
                WARNING,
                "Warning",
                {
                    **_OF_A_LETTER,
                    "given_on": "the day of the warning",
                    "until": "the last of the twelve months",
                    "circumstances": "the circumstances of the breach",
                    "unacceptable": "the statement that the breach is unacceptable",
                    "liable": "what another breach within twelve months makes the person liable to",
                },
                what_a_warning_must_say(),
                "ENF-03",
                """\
Warning: you have broken your order

{name}
{address}

Date: {given_on}
Reference: {client_id}

On {absence_date} you {failure}. It was {appointment} under the {order} that {court} made on {sentence_date}.

What happened: {circumstances}

{unacceptable}

{liable}

If you do not understand this warning, or find your order hard to keep, tell your probation practitioner at once.

Your probation practitioner
{unit}
""",
            ),
            Kind(
                SESSION_SHEET,
                "Session sheet",
                {
                    "placement": "the name of the project",
                    "address": "where it is",
                    "day": "the day",
                    "people": "how many are expected",
                },
                what_a_session_sheet_must_say(),
                "ENF-01",
                """\
Session sheet

{placement}
{address}
{day}
People expected: {people}

Write down when each person comes and goes, the hours worked, and one outcome code; each person signs. Record it in \
the ledger the same day.
""",
            ),
            *FORMS,
        )
    }
)


# ------------------------------------------------------------------------------------------ what is said


def liable(until_day: str) -> str:
    """What a warning says of another breach; `until_day`: the last of the twelve months in words, "" if unknown."""
    return _LIABLE.format(until=f", until the end of {until_day}" if until_day else "")


def order_in_words(order_type: str) -> str:
    """CO or SSO as a letter says it."""
    return "suspended sentence order" if order_type == "SSO" else "community order"


def failure_in_words(kind: str) -> str:
    """FTA or FAILURE_TO_COMPLY as a letter says it: `you …`."""
    return "did not attend your appointment" if kind == "FTA" else "did not comply with what was asked of you"


def appointment_in_words(kind: str) -> str:
    """UPW or OTHER as a letter says it: `it was …`."""
    return "unpaid work" if kind == "UPW" else "another appointment"


def filled(text: str, values: Mapping[str, str]) -> str:
    """The words of a template: every place filled once, lines whose places are all empty left out.

    A place without a value is empty.  The words end without a blank line and have never two of them together.
    """
    lines = (_filled(line, values) for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line for line in lines if line is not None)).strip("\n")


def _filled(line: str, values: Mapping[str, str]) -> str | None:
    """One line with its places filled; None where there is nothing to say in it."""
    places = PLACE.findall(line)
    if places and not any(values.get(place) for place in places):
        return None
    return PLACE.sub(lambda place: values.get(place[1], ""), line)


def digest(text: str) -> str:
    """SHA-256 of a text in UTF-8, in hexadecimal."""
    return sha256(text.encode()).hexdigest()
