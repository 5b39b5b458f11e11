"""Form CP1: children's services are told that probation has taken responsibility for a case (CP-14).

Readings: the columns of people are the source's; whatever else was told of somebody stands in a line below the table.
Columns are found under the names that people give them (`sex` or `gender` for M/F).

Proven by tests/printing/test_forms.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from ledger.aggregates.child_protection_matter.facts import Cp1Sent
from ledger.aggregates.child_protection_matter.matter import Matter
from ledger.aggregates.corrections import RecordCorrected
from ledger.aggregates.shape import Closed, Recorded
from ledger.printing.forms import parts
from ledger.printing.forms.form import Filled, Form, History, Material, Row, chosen

TITLE: Final = "Child Protection and/or Risk to Children Notification"
INVOLVED: Final = "Notification of involvement by West Mercia Probation area with a case involving:-"
ON_REGISTER: Final = "Child(ren) on the 'At Risk Register'"
RISK_TO_CHILDREN: Final = "Supervision of a Risk to Child(ren) Offender(s)"
LOCATION: Final = "Notified to Children Services, Location"
CHILDREN: Final = "Details of Child(ren)"
OFFENDERS: Final = "Details of Offender(s)"
CONTACT: Final = "Relationship/Nature of contact between Offender and Child(ren)"
ENSURE: Final = (
    "PLEASE ENSURE THAT THE ABOVE SUPERVISING OFFENDER MANAGER IS NOTIFIED OF ANY FUTURE CASE CONFERENCES RELEVANT TO "
    "THE ABOVE CHILD(REN) AND PROVIDED WITH COPIES OF CONFERENCE NOTES."
)
_CHILD: Final[Mapping[str, Sequence[str]]] = {
    "Surname": ("surname",),
    "Forename": ("forename", "forenames"),
    "Address": ("address",),
    "M/F": ("sex", "gender", "m/f"),
    "DOB": ("dob", "date_of_birth"),
}
_OFFENDER: Final[Mapping[str, Sequence[str]]] = {**_CHILD, "RtoC (Y/N)": ("rtoc", "risk_to_children")}
OPENS: Final[Mapping[str, tuple[str, ...]]] = {
    Cp1Sent.topic: (
        *("location", "children", "offenders", "relationship"),
        *("officer", "officer_location", "telephone"),
    ),
    RecordCorrected.topic: ("corrected_value",),
}


def fill(material: Material) -> Filled:
    """The form as it was sent, or as what it says was put right since."""
    matter = Matter.as_at(material.history, material.as_at)
    sent = chosen(TITLE, matter.told(Cp1Sent), material.of, _name)
    fact: Cp1Sent = sent.fact
    return Filled(
        TITLE,
        [
            parts.words(INVOLVED),
            parts.ticks(
                [(fact.tick_child_on_register, ON_REGISTER), (fact.tick_risk_to_children, RISK_TO_CHILDREN)],
                heads=("Tick", "Description"),
            ),
            parts.fields([(LOCATION, fact.location)]),
            *_people(CHILDREN, fact.children, _CHILD),
            *_people(OFFENDERS, fact.offenders, _OFFENDER),
            parts.section(CONTACT, "", fact.relationship),
            parts.fields(
                [
                    ("Supervision commenced", fact.supervision_commenced),
                    ("Supervision Expires", fact.supervision_expires),
                    ("Supervising Offender Manager", fact.officer),
                    ("Location", fact.officer_location),
                    ("Telephone No.", fact.telephone),
                ]
            ),
            parts.words(ENSURE, strong=True),
        ],
        paper="form",
        foot=f"Form CP1, sent {parts.said(fact.on)}, record {sent.position}",
        day=fact.on,
        rests_on=[sent],
        persons=matter.persons,
    )


def there(history: History, as_at: date) -> list[Row]:
    """A form for each that was sent."""
    sent = Matter.as_at(history, as_at).told(Cp1Sent)
    return [{"of": each.id, "on": each.fact.on, "says": None} for each in sent]


def _name(record: Recorded[Any]) -> str:
    return record.id


def _people(title: str, people: Any, columns: Mapping[str, Sequence[str]]) -> list[parts.Part]:
    """The table of the people described, one line each; what cannot be read is said in it."""
    described = [parts.described(each, columns) for each in ([people] if isinstance(people, Closed) else people or ())]
    rows = [cells if _is_shut(cells) else _in_letters(cells, list(columns)) for cells, _ in described]
    more = [(parts.said([cells[1], cells[0]]).replace("\n", " "), rest) for cells, rest in described if rest]
    found = [parts.table(title, list(columns), rows)]
    return [*found, parts.fields(more)] if more else found


def _is_shut(cells: Sequence[Any]) -> bool:
    return isinstance(cells[0], Closed)


def _in_letters(cells: Sequence[Any], heads: Sequence[str]) -> list[Any]:
    """Yes and no as the form has them, and days in words where they were told as days."""
    return [
        _letter(cell) if head == "RtoC (Y/N)" else _day(cell) if head == "DOB" else cell
        for cell, head in zip(cells, heads, strict=True)
    ]


def _letter(cell: Any) -> Any:
    return ("Y" if cell else "N") if isinstance(cell, bool) else cell


def _day(cell: Any) -> Any:
    try:
        return date.fromisoformat(cell) if isinstance(cell, str) else cell
    except ValueError:
        return cell


FORM: Final = Form(
    name="cp1",
    title=TITLE,
    noun="child-protection-matter",
    source="WMPA App 1",
    rules=("CP-14", "DP-10"),
    opens=OPENS,
    fill=fill,
    there=there,
)
