"""The outcome codes by which the service's other systems say what came of an appointment.

    CODES["AAME"].says          "Acceptable absence: medical"
    current("UAAB")             "UACP": what an old code is now

A code is of one kind, and the kind says which facts it stands for (docs/outcome-codes.md has the table):

    attended      came, and complied
    no-comply     came, and failed to comply
    sent-home     came, and was sent home for what he did
    stood-off     came, and was sent home because the work could not go on
    unacceptable  did not come, judged unacceptable
    acceptable    did not come, judged acceptable for the reason that the code names
    pending       did not come; evidence may still arrive
    instruction   failed another instruction of the order
    rescheduled   the session was called off
    travel        minutes of travel put right

The codes and their words are those of the national case system's contact outcomes for unpaid work.  Proven by
tests/importing/test_outcomes.py and tests/importing/test_outcomes.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal[
    "attended",
    "no-comply",
    "sent-home",
    "stood-off",
    "unacceptable",
    "acceptable",
    "pending",
    "instruction",
    "rescheduled",
    "travel",
]


@dataclass(frozen=True, slots=True)
class OutcomeCode:
    """A code, its words, and what kind of thing it says."""

    code: str
    says: str
    kind: Kind


REMANDED_IN_CUSTODY: Final = "AARC"
CODES: Final = {
    each.code: each
    for each in (
        OutcomeCode("ATTC", "Attended: complied", "attended"),
        OutcomeCode("AFTC", "Attended: failed to comply", "no-comply"),
        OutcomeCode("ATSH", "Attended: sent home (behaviour)", "sent-home"),
        OutcomeCode("ATSS", "Attended: sent home (service issues)", "stood-off"),
        OutcomeCode("UACP", "Unacceptable absence", "unacceptable"),
        OutcomeCode("AAME", "Acceptable absence: medical", "acceptable"),
        OutcomeCode("AASD", "Acceptable absence: stood down", "acceptable"),
        OutcomeCode("AAEM", "Acceptable absence: employment", "acceptable"),
        OutcomeCode("AAFC", "Acceptable absence: family or childcare", "acceptable"),
        OutcomeCode("AACL", "Acceptable absence: court or legal", "acceptable"),
        OutcomeCode(REMANDED_IN_CUSTODY, "Acceptable absence: remanded in custody", "acceptable"),
        OutcomeCode("AAHO", "Acceptable absence: holiday", "acceptable"),
        OutcomeCode("AARE", "Acceptable absence: religious", "acceptable"),
        OutcomeCode("CO05", "Acceptable absence: professional judgement", "acceptable"),
        OutcomeCode("RSSR", "Rescheduled: at the service's request", "rescheduled"),
        OutcomeCode("RSOF", "Rescheduled: at the person's request", "rescheduled"),
        OutcomeCode("AFTA", "Failed to attend: evidence pending", "pending"),
        OutcomeCode("ATFI", "Failed to comply with another instruction", "instruction"),
        OutcomeCode("TTX", "Travel time adjustment", "travel"),
    )
}
FORMERLY: Final = {"UAAB": "UACP"}
JUDGED_OTHERWISE: Final = "CO05"  # judged acceptable, for a reason that is none of the codes
CALLED_OFF: Final = "RSSR"  # called off, without a word that it was the person's wish


def current(code: str) -> str:
    """The code as it is used now.  Raises KeyError for one that is none."""
    return CODES[FORMERLY.get(code, code)].code
