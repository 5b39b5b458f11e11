"""Who may read what of a case: victim information, and limited access (rule book DP-03).

What each role may read stands in ledger.disclosing.table.  Proven by tests/privacy/test_limiting.py and
tests/rules/test_registry.py.
"""

from __future__ import annotations

from typing import Final

from ledger.rules.registry import stated

NAME_WHO_MAY: Final = "Name those who may read this case."
EXCLUDED: Final = "You are excluded from this case. Ask a risk manager."
RESTRICTED: Final = "This case is restricted to users you are not among. Ask a risk manager."
END_IT_INSTEAD: Final = "Who may read a case is not corrected or struck out; end the rule and make another."

stated(
    "DP-03",
    "Victim information is filed separately and shown to the offender manager, to managers and to victim contact staff "
    "alone. Readings: the offender manager is whoever is assigned to the case; a manager is a senior practitioner or "
    "above. Access to a case is limited by a risk manager: an exclusion names a user who may not read it, a "
    "restriction those who alone may, several restrictions the users of any of them. It binds from the moment it is "
    "recorded, whatever day or moment is asked about, in every role; who may not read a case records nothing about it. "
    "A risk manager whom a restriction does not name can still end it or make another; one who is excluded cannot. "
    "What concerns several persons (a child, an entry, a review) is read by those who may read each of them.",
    edition="west-mercia-2007",
    cite="WMPA 2.6; HMPPS, limited access to offender records (reading)",
)
