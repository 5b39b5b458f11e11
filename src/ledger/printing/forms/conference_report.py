"""The report to a child protection conference, under the headings of the source (CP-21).

A conference without a report prints as the form to be written on.  Readings: sections are found under a short name or
the number of their heading; whatever else the report says stands below under its own name.  The source asks to tell
fact, observation, allegation and opinion apart: the four are boxes, ticked where the report says it holds such.

Proven by tests/printing/test_forms.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final, cast

from ledger.aggregates.child_protection_matter.facts import ConferenceInvited, ConferenceReportSubmitted
from ledger.aggregates.child_protection_matter.matter import Matter
from ledger.aggregates.corrections import RecordCorrected
from ledger.aggregates.shape import Closed, Recorded
from ledger.printing.forms import parts
from ledger.printing.forms.form import Filled, Form, History, Material, Row, chosen
from ledger.printing.words import label_in_words

TITLE: Final = "Report to a Child Protection Conference"
# The headings of the source, each with the names a section may be told under beside its number.
HEADINGS: Final[Mapping[str, Sequence[str]]] = {
    "Name of the Child": ("child", "name", "name_of_child", "name_of_the_child"),
    "Address": ("address",),
    "Family Composition": ("family", "family_composition"),
    "Nature of the Involvement – significant adult – order etc": (
        *("involvement", "nature_of_involvement", "nature_of_the_involvement"),
    ),
    "Information concerning their knowledge of the child's health and development": (
        *("health", "development", "health_and_development", "knowledge_of_health_and_development"),
    ),
    "Information concerning the capacity of the parents to safeguard the child": (
        *("safeguard", "safeguarding", "capacity_to_safeguard"),
    ),
    "Information concerning the capacity of the parents to promote the child's health and development": (
        *("promote", "capacity_to_promote", "capacity_to_promote_health_and_development"),
    ),
}
SHARED: Final = "Shared with the family on"
CLOSED_SESSION: Final = "Closed session agreed in advance with the chair"
TELL_APART: Final = "What the report holds; take care to distinguish between:"
STATEMENTS: Final = ("Fact", "Observation", "Allegation", "Opinion")
OPENS: Final[Mapping[str, tuple[str, ...]]] = {
    ConferenceReportSubmitted.topic: ("sections", "closed_session_agreed_with", "statement_types"),
    RecordCorrected.topic: ("corrected_value",),
}
KINDS: Final = {"INITIAL": "Initial conference", "REVIEW": "Review conference"}


def fill(material: Material) -> Filled:
    """The report for one conference; the newest where several were handed in."""
    matter = Matter.as_at(material.history, material.as_at)
    invitation = chosen(TITLE, invitations(material.history), material.of, conference_id)
    invited: ConferenceInvited = invitation.fact
    reports = matter.told(ConferenceReportSubmitted, conference_id=invited.conference_id)
    report = max(reports, key=lambda each: (each.fact.on, each.position), default=None)
    fact = report.fact if report else None
    return Filled(
        TITLE,
        [
            parts.fields([("Conference", KINDS[invited.kind]), ("Date of the conference", invited.for_date)]),
            *_sections(fact.sections if fact else {}),
            parts.fields(
                [
                    (SHARED, fact and fact.shared_with_family_on),
                    (CLOSED_SESSION, fact and fact.closed_session_agreed_with),
                ]
            ),
            parts.words(TELL_APART),
            parts.ticks(_statements(fact.statement_types if fact else ())),
            parts.fields([("Date of the report", fact and fact.on), ("Signed", None)]),
        ],
        paper="report",
        foot=f"Conference {invited.conference_id}, " + (f"record {report.position}" if report else "no report yet"),
        day=fact.on if fact else material.as_at,
        rests_on=[invitation, *([report] if report else [])],
        persons=matter.persons,
    )


def there(history: History, as_at: date) -> list[Row]:
    """A form for each conference probation was invited to by then."""
    del as_at  # an invitation is there from the day it came, whatever day the conference is on
    found = invitations(history)
    return [{"of": each.fact.conference_id, "on": each.fact.for_date, "says": each.fact.kind} for each in found]


def invitations(history: History) -> list[Recorded[ConferenceInvited]]:
    """The invitations of a matter, whatever day their conference is on."""
    return Matter.fold(history).told(ConferenceInvited)


def conference_id(record: Recorded[Any]) -> str:
    """What a conference is asked for by."""
    return record.fact.conference_id


def _sections(told: Any) -> Iterator[parts.Part]:
    """The headings in order, each with what was written under it; then what stands under none of them."""
    if isinstance(told, Closed):
        for heading in HEADINGS:
            yield parts.section(heading, "", told)
        return
    rest = dict(cast("Mapping[str, Any]", told))
    for number, (heading, names) in enumerate(HEADINGS.items(), start=1):
        here = [name for name in rest if _plain(name) in (str(number), *names)]
        yield parts.section(heading, "", [rest.pop(name) for name in here])
    for name, value in rest.items():
        yield parts.section(label_in_words(name), "", value)


def _plain(name: str) -> str:
    return name.strip().casefold().replace("-", "_")


def _statements(types: Any) -> Iterator[tuple[bool, str]]:
    if isinstance(types, Closed):
        yield False, str(types)
        return
    told = {_plain(each).rstrip("s") for each in types}
    for each in STATEMENTS:
        yield each.casefold() in told, each
    yield from ((True, each) for each in types if _plain(each).rstrip("s") not in {s.casefold() for s in STATEMENTS})


FORM: Final = Form(
    name="conference-report",
    title=TITLE,
    noun="child-protection-matter",
    source="WMPA App 2",
    rules=("CP-21", "DP-10"),
    opens=OPENS,
    fill=fill,
    there=there,
)
