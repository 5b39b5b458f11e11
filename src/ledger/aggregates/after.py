"""What follows an erasure: its horizon has passed, and those who had the data are told (DP-05; catalogue, section 9).

    ruling_after(erased, draft, history, now)      the ruling on such a fact about a child, a person, a victim, a third
                                                   party; nothing else is recorded of whoever is erased
    finality_of(history, erased)                   the fact that says that an erasure is final
    end_of(history, erased)                        what views say of it

`erased` is the record of the erasure, or None where there is none.  What follows concerns whom the erasure concerned.

Proven by tests/aggregates/test_after_erasing.py and tests/erasing/test_finalising.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from ledger.aggregates.aggregate import Computed, Ruling, id_of
from ledger.aggregates.shape import Now, Recorded
from ledger.aggregates.subject import ErasureFinalised, RecipientsNotified, SubjectDataErased
from ledger.errors import Refusal
from ledger.rules import register
from ledger.rules.dates import london_day, printed

if TYPE_CHECKING:
    from ledger.aggregates.child.facts import ChildDataErased

    Erasing: TypeAlias = ChildDataErased | SubjectDataErased

HORIZON: Final = "horizon"  # the member of a certificate that names the day
FOLLOWING: Final = (ErasureFinalised, RecipientsNotified)


def ruling_after(
    erased: Recorded[Erasing] | None,
    draft: ErasureFinalised | RecipientsNotified,
    history: Sequence[Recorded[Any]],
    now: Now,
) -> Ruling:
    """The ruling on what follows an erasure: it is impossible before, and concerns the same people."""
    if erased is None:
        return Ruling(refusals=(Refusal("GEN-06", register.NOT_ERASED, rule_book=False),))
    if isinstance(draft, RecipientsNotified):
        return Ruling(about=erased.about, rests_on=(erased.position,))
    reached = sorted(erased.fact.certificate.keys() - {HORIZON})
    return Ruling(
        refusals=_finalising(erased, draft, history, now),
        computed={"stores": Computed(reached, "DP-05")},
        about=erased.about,
        rests_on=(erased.position,),
    )


def finality_of(history: Sequence[Recorded[Any]], erased: Recorded[Erasing]) -> Recorded[ErasureFinalised] | None:
    """The fact that says that an erasure is final, once there is one; of that very subject."""
    told = (each for each in history if isinstance(each.fact, ErasureFinalised) and each.stream == erased.stream)
    return next((each for each in told if each.fact.subject_id == subject_of(erased)), None)


def subject_of(erased: Recorded[Erasing]) -> str:
    """The id of whoever was erased."""
    fact = erased.fact
    return fact.subject_id if isinstance(fact, SubjectDataErased) else id_of(erased.stream)


def horizon_of(erased: Recorded[Erasing]) -> date | None:
    """The day that the certificate of an erasure promised; None where it names none."""
    told = erased.fact.certificate.get(HORIZON)
    return date.fromisoformat(told) if told else None


def end_of(history: Sequence[Recorded[Any]], erased: Recorded[Erasing] | None) -> dict[str, date | None] | None:
    """What views say of an erasure: its day, the day from which its certificate promised it to be final, and the day it
    was said to be; None where there is none."""
    if erased is None:
        return None
    final = finality_of(history, erased)
    return {
        "erased_on": erased.fact.erased_on,
        "final_from": horizon_of(erased),
        "final_on": final.fact.horizon if final else None,
    }


def _finalising(
    erased: Recorded[Erasing], draft: ErasureFinalised, history: Sequence[Recorded[Any]], now: Now
) -> tuple[Refusal, ...]:
    if finality_of(history, erased) is not None:
        return (Refusal("GEN-06", register.ALREADY_FINAL, rule_book=False),)
    promised = horizon_of(erased)
    if draft.horizon > london_day(now.moment):
        return ()  # to come, and refused as such (GEN-05)
    if promised is not None and draft.horizon < promised:
        # No history of another system's: it is our backups that may open it.
        return (Refusal("DP-05", register.BEFORE_THE_HORIZON.format(day=printed(promised)), rule_book=False),)
    return ()
