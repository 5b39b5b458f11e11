"""The Request for Information: what children's services are asked about a person, and what they answered (CP-06,
CP-07).

Readings: the source ticks a report for court or a review; a check on change of circumstances, which CP-06 knows and the
form does not, has a line of its own below the two.  Where several answers came, the newest stands on the form.  The
person's particulars are as known now, under whichever name the check was asked.

Proven by tests/printing/test_forms.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

from ledger.aggregates.child_protection_matter.facts import (
    ChildrenServicesCheckAnswered,
    ChildrenServicesCheckRequested,
)
from ledger.aggregates.child_protection_matter.matter import Matter
from ledger.aggregates.corrections import RecordCorrected
from ledger.aggregates.offender.facts import OffenderDetailsCorrected, OffenderRecorded
from ledger.aggregates.shape import Recorded
from ledger.printing.forms import parts
from ledger.printing.forms.form import Filled, Form, History, Material, Row, chosen
from ledger.printing.letters import parts_of
from ledger.rules.form_words import CHECK_ADDRESSES

TITLE: Final = "Request for information"
FOR_COURT: Final = (
    "The above named is due to appear in Court shortly and the Probation service have been asked to prepare a pre "
    "sentence report"
)
FOR_REVIEW: Final = (
    "The above named is currently subject to supervision by the Probation Service and is due for review shortly"
)
ON_CHANGE: Final = "The circumstances of the above named have changed"
PLEASE: Final = (
    "Please could you answer the following questions and fax back this form as soon as possible. Thank you for your "
    "help."
)
CONTACT: Final = (
    "Is the above named now or on release likely to live with or have frequent contact with any child who is on the "
    "child protection register or is being looked after by the Local Authority?"
)
CONCERNS: Final = "Are there any concerns in relation to children or the children named above"
CHILDREN: Final = "Names of children with whom above named has regular contact"
OPENS: Final[Mapping[str, tuple[str, ...]]] = {
    ChildrenServicesCheckRequested.topic: ("child_names",),
    ChildrenServicesCheckAnswered.topic: ("q1_details", "q2_details"),
    OffenderRecorded.topic: ("surname", "forenames", "dob", "aliases", "addresses"),
    OffenderDetailsCorrected.topic: ("field", "new_value"),
    RecordCorrected.topic: ("corrected_value",),
}


def fill(material: Material) -> Filled:
    """The form of one check, answered as far as it was."""
    matter = Matter.as_at(material.history, material.as_at)
    check = chosen(TITLE, matter.told(ChildrenServicesCheckRequested), material.of, _name)
    asked: ChildrenServicesCheckRequested = check.fact
    answers = matter.told(ChildrenServicesCheckAnswered, check_id=asked.check_id)
    answer = max(answers, key=lambda each: (each.fact.on, each.position), default=None)
    title, *paragraphs = parts_of(material.words(CHECK_ADDRESSES, asked.on))
    return Filled(
        title,
        [
            parts.fields([*_addressed(paragraphs), ("Date", asked.on)]),
            parts.fields(_person(material, asked.offender_id)),
            parts.fields([(CHILDREN, asked.child_names)], tall=True),
            parts.ticks(_reasons(asked.reason)),
            parts.words(PLEASE, strong=True),
            parts.question(CONTACT, answer and answer.fact.q1, answer and answer.fact.q1_details),
            parts.question(CONCERNS, answer and answer.fact.q2, answer and answer.fact.q2_details),
        ],
        paper="fax",
        foot=f"Check {asked.check_id}, record {check.position}",
        day=asked.on,
        rests_on=[check, *([answer] if answer else [])],
        persons=matter.persons,
        above="West Mercia",
    )


def there(history: History, as_at: date) -> list[Row]:
    """A form for each check that was asked for."""
    checks = Matter.as_at(history, as_at).told(ChildrenServicesCheckRequested)
    return [{"of": each.fact.check_id, "on": each.fact.on, "says": each.fact.reason} for each in checks]


def _name(record: Recorded[Any]) -> str:
    return record.fact.check_id


def _addressed(paragraphs: list[str]) -> Iterator[tuple[str, str]]:
    """The lines of the area's own words: what stands before a colon is the label."""
    for line in "\n".join(paragraphs).split("\n"):
        label, colon, told = line.partition(":")
        yield (label.strip(), told.strip()) if colon else ("", line.strip())


def _person(material: Material, offender_id: str) -> Iterator[tuple[str, Any]]:
    told = material.person(offender_id)
    labels = {"surname": "Surname", "forenames": "First Name (s)", "aliases": "Alias", "dob": "dob"}
    yield from ((label, told.get(name)) for name, label in labels.items())
    yield "Address", told.get("address")


def _reasons(reason: str) -> list[tuple[bool, str]]:
    of_the_source = [(reason == "PSR", FOR_COURT), (reason == "REVIEW", FOR_REVIEW)]
    return [*of_the_source, (True, ON_CHANGE)] if reason == "CHANGE" else of_the_source


FORM: Final = Form(
    name="request-for-information",
    title=TITLE,
    noun="child-protection-matter",
    source="WMPA App 7",
    rules=("CP-06", "CP-07", "DP-10"),
    opens=OPENS,
    fill=fill,
    there=there,
)
