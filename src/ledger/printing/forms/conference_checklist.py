"""The checklist of a child protection conference: its tasks in the words of the source, to be ticked there (CP-22).

Readings: the tasks are the conference's own, so every box is empty until somebody ticks it at the table; above them
stands what is recorded of probation's part, below them what was agreed.  Whether a programme's facilitator was told is
no task of the source's list but of CP-60: one more box, of those who prepare the conference.  Key workers, core groups
and reviews are recorded by their own commands.

Proven by tests/api/test_forms.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from ledger.aggregates.child_protection_matter.facts import (
    ConferenceActionSet,
    ConferenceAnswered,
    ConferenceAttended,
    ConferenceReportSubmitted,
)
from ledger.aggregates.child_protection_matter.matter import Matter
from ledger.aggregates.corrections import RecordCorrected
from ledger.aggregates.shape import Recorded
from ledger.printing.forms import parts
from ledger.printing.forms.conference_report import KINDS, conference_id, invitations, there
from ledger.printing.forms.form import Filled, Form, Material, chosen
from ledger.rules.dates import day_of

TITLE: Final = "Tasks of a Child Protection Conference"
TASKS: Final = (
    "Share information and concerns about the alleged abuse or neglect of a child(ren)",
    "Decide whether the child(ren) is/are at continuing risk of significant harm",
    "Evaluate, on the basis of the available information, the risks of future significant harm to each individual "
    "child in the household",
    "Decide upon registration using the 'Working Together to Safeguard Children' 1999 categories and criteria",
    "To recommend to agencies with statutory powers whether statutory action needs to be taken",
    "Appoint a key worker",
    "Identify the membership of a Core Group of professionals and family members who will develop and implement the "
    "child protection plan as a detailed working tool",
    "Establish how children, parents (including those with parental responsibility) and wider family members should be "
    "involved in the planning and implementation process, and the support, advice and advocacy available to them",
    "Establishing timescales for the meetings of the core group, production of a written child protection plan, and "
    "for the child protection review meetings.",
    "Identify in outline what further core and specialist assessments of the child and family are required to make "
    "sound judgements on how to safeguard the child and promote his or her welfare",
    "Outlining the child protection plan, especially identifying what needs to change in order to safeguard the child",
    "Considering the need for a contingency plan if circumstances change quickly",
    "Clarifying the different purpose and remit of the initial conference, the core group and the child protection "
    "review conference",
    "To establish a date for the first child protection review conference within three months of the initial "
    "conference",
    "To agree who will inform the parents, and if appropriate the child, of decisions and recommendations if they were "
    "not present at the conference",
)
FACILITATOR: Final = "Where a programme is attended, above all IDAP: facilitator told"
OPENS: Final[Mapping[str, tuple[str, ...]]] = {
    ConferenceActionSet.topic: ("text",),
    RecordCorrected.topic: ("corrected_value",),
}


def fill(material: Material) -> Filled:
    """The checklist of one conference."""
    invitation = chosen(TITLE, invitations(material.history), material.of, conference_id)
    matter = Matter.as_at(material.history, material.as_at)
    called = invitation.fact
    of = {"conference_id": called.conference_id}
    answered, attended, reported = (
        matter.told(ConferenceAnswered, **of),
        matter.told(ConferenceAttended, **of),
        matter.told(ConferenceReportSubmitted, **of),
    )
    agreed = matter.told(ConferenceActionSet, **of)
    return Filled(
        TITLE,
        [
            parts.fields([("Conference", KINDS[called.kind]), ("Date of the conference", called.for_date)]),
            parts.fields(
                [
                    ("Invitation answered on", _first(answered)),
                    ("Report handed in on", _first(reported)),
                    ("Attended for probation on", _first(attended)),
                ]
            ),
            parts.ticks([(False, FACILITATOR)]),
            parts.heading("Tasks"),
            parts.ticks([(False, each) for each in TASKS]),
            parts.fields([("Key worker", None), ("Date of the first review conference", None)]),
            parts.table("Agreed actions", ("Action", "Due"), [[each.fact.text, each.fact.due] for each in agreed]),
        ],
        paper="checklist",
        foot=f"Conference {called.conference_id}, record {invitation.position}",
        day=day_of(invitation.effective),
        rests_on=[invitation, *answered, *reported, *attended, *agreed],
        persons=matter.persons,
    )


def _first(records: Sequence[Recorded[Any]]) -> date | None:
    """The day of the earliest of them."""
    return min((day_of(each.effective) for each in records), default=None)


FORM: Final = Form(
    name="conference-checklist",
    title=TITLE,
    noun="child-protection-matter",
    source="WMPA App 3",
    rules=("CP-22", "CP-60", "DP-10"),
    opens=OPENS,
    fill=fill,
    there=there,
)
