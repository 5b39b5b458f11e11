"""Management oversight and supervision of staff (rule book J; with DP-13 and SSP-19 their training).

Messages stand at their rules.  Proven by tests/aggregates/test_staff.py and
oversight.yaml.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from ledger.rules.dates import add_months
from ledger.rules.registry import rule, stated

WMPA: Final = "west-mercia-2007"
MANUAL: Final = "manual-2022"

NOT_STARTED: Final = "Nobody left who had not started; record the start first."
REPORTED_BEFORE: Final = "A loss is reported on or after the day of the loss."
NO_FILE_REVIEW: Final = "NO_FILE_REVIEW"
SUPERVISED: Final = frozenset({"supervisor", "placement-coordinator", "operations-manager"})
OBSERVED: Final = frozenset({"supervisor"})
HEALTH_AND_SAFETY: Final = ("health and safety", "h&s")
INFORMATION_SECURITY: Final = ("information security",)
OBSERVATIONS_IN_PROBATION: Final = 1
TRAINING_MONTHS: Final = 12
REPORT_MONTHS: Final = 12

stated(
    "MGT-01",
    "Child protection cases are looked at in regular supervision, with a review of the file; the manager records that "
    "the file was reviewed and guidance given. Reading: regular has no number, so what is flagged is a child "
    "protection case whose file no supervision has reviewed since it became one, by its age.",
    edition=WMPA,
    cite="WMPA 5.6, 9.1",
)


@rule("MGT-02", edition=MANUAL, cite="CPOM s6, Conclusion; HMIP 1 commentary", anchor="day")
def supervision_due(last_on: date, days: int) -> date:
    """Supervisors and placement coordinators, and operations managers themselves, are supervised every six weeks.

    Reading: 42 calendar days from the last supervision, before the first from the day they started, and so again for
    who comes back; other staff have no such date.
    """
    return last_on + timedelta(days=days)


@rule("MGT-03", edition=MANUAL, cite="CPOM s6, Conclusion", anchor="day")
def observation_due(last_year: int, done: int, required: int) -> date:
    """A supervisor is observed at work at least twice in each calendar year, and once in the six months of probation.

    Reading: the next observation is owed by the end of the year of the last one (or of the start), if that year has
    too few, else by the end of the year after it.  A year that passed with too few stays so.
    """
    return date(last_year if done < required else last_year + 1, 12, 31)


@rule("MGT-04", edition=MANUAL, cite="CPOM s3, Conclusion", anchor="day")
def reading_due(started_on: date, weeks: int) -> date:
    """Who starts has read and understood the health and safety information within eight weeks."""
    return started_on + timedelta(weeks=weeks)


@rule("MGT-04", edition=MANUAL, cite="CPOM s3, Conclusion", anchor="day")
def months_from_start(started_on: date, months: int) -> date:
    """The health and safety training package and the probationary period take six months from the start."""
    return add_months(started_on, months)


stated(
    "MGT-05",
    "The involvement of a manager in cases of high risk and of child protection is recorded as an act with its effect.",
    edition="inspection-2012",
    cite="HMIP 1.2(b), (c), 2.2(l)",
)
stated(
    "MGT-06",
    "A call with the supervisors at the end of each day shares what came up.",
    edition=MANUAL,
    cite="CPOM s6",
)


@rule("MGT-07", edition=WMPA, cite="WMPA 9.2-9.4", anchor="day")
def report_due(last_on: date) -> date:
    """Child protection is considered in appraisals; the training unit reports every twelve months."""
    return add_months(last_on, REPORT_MONTHS)


stated(
    "MGT-08",
    "Managers attend the safeguarding boards they are named for, and the representative reports each year.",
    edition=WMPA,
    cite="WMPA 9.3, 10, App 6",
)
stated(
    "MGT-09",
    "Assessments are quality assured by middle managers and peers.",
    edition="inspection-2012",
    cite="HMIP 1 commentary, recommendation 3",
)
stated("MGT-10", "An operations manager is on call for staff, by a rota.", edition=MANUAL, cite="CPOM s1")
stated(
    "MGT-11",
    "Who interviews or visits alone follows the procedures of personal safety: the record of the visit says who knew "
    "of it and when the return was confirmed.",
    edition=WMPA,
    cite="WMPA 11.2",
)
stated(
    "MGT-12",
    "Staff carry an identity card, show it on request and report its loss without delay.",
    edition=MANUAL,
    cite="CPOM s3",
)


@rule("DP-13", edition=MANUAL, cite="CPOM s4", anchor="day")
def security_training_due(last_on: date) -> date:
    """Staff are trained in information security every twelve months; before the first, from the day they started."""
    return add_months(last_on, TRAINING_MONTHS)


stated(
    "SSP-19",
    "Who works with a partnership of schools is trained in the modules of its agreement; what was completed is on "
    "record.",
    edition="staffordshire",
    cite="STAFFS 12",
)


def is_course(course: str, names: tuple[str, ...]) -> bool:
    """Whether a course, as somebody wrote it, is of one of these kinds."""
    written = " ".join(course.lower().split())
    return any(name in written for name in names)


def role_named(role: str) -> str:
    """ "Placement Coordinator" -> "placement-coordinator"."""
    return "-".join(role.lower().replace("_", " ").replace("-", " ").split())
