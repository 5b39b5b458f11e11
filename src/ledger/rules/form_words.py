"""The words of printed forms that an area may change: who is written to, and what is said to whom a form reaches by
mistake (DP-10, CP-07).

    Kind                     what a template of a letter or form is: its places, what it must say, the words in use
    FORMS                    those of the printed forms; ledger.rules.letters has the letters' beside them

The fields of a form and their order are the source's and stand in ledger.printing.forms; nobody changes them by a
template.  Proven by tests/rules/test_letters.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ledger.rules.registry import rule

CONFIDENTIALITY: Final = "confidentiality-notice"
CHECK_ADDRESSES: Final = "request-for-information"
_NUMBER: Final = re.compile(r"[0-9](?:[ -]?[0-9]){4,}")  # five digits or more, however they are grouped


@dataclass(frozen=True, slots=True)
class Kind:
    """A letter or form: its name and title, the places it knows with what each says, those it must have with the
    reason, by which rule, and the words in use where an area has set none.

    `must`: what its words must hold beside the places, and `why`.
    """

    name: str
    title: str
    places: Mapping[str, str]
    demands: Mapping[str, str]
    rule: str
    text: str
    must: re.Pattern[str] | None = None
    why: str = ""


@rule("DP-10", edition="west-mercia-2007", cite="WMPA App 7", anchor="day")
def what_a_notice_must_hold() -> tuple[re.Pattern[str], str]:
    """Every form that leaves the house carries a confidentiality notice with the number to call if it was misdirected.

    Readings: the notice stands at the head of the form, as in the source; its words are the area's, but a telephone
    number must be among them.  The built-in one is that of the source.  Who is told of one sent astray reports it.
    """
    return _NUMBER, "the telephone number to call if the form was misdirected"


_MUST, _WHY = what_a_notice_must_hold()
FORMS: Final = (
    Kind(
        CONFIDENTIALITY,
        "Confidentiality notice",
        {"paper": "what it stands on: fax, form, report or review"},
        {},
        "DP-10",
        """\
Confidential

This {paper} contains confidential information and is meant for the recipient only. If you have received it by mistake \
please telephone the Team Administrator on 01562 820071 and let us know. Thank you for your help.
""",
        _MUST,
        _WHY,
    ),
    Kind(
        CHECK_ADDRESSES,
        "Request for information",
        {},
        {},
        "CP-07",
        """\
REQUEST FOR INFORMATION

To: Child Protection Enquiries, Social Services, Kidderminster
Fax: 01905-768056
From: National Probation Service, Kidderminster
Fax: 01562-862425
""",
    ),
)
