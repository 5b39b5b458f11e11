"""The forms of the sources on paper, each with every field its source has, in the source's order.

    FORMS["cp1"]                     a form: what it is filled from, and how; one module each
    form_of(noun, name)              the same, for a case of a noun
    form_pdf(filled, notice, …)      its pages

A blank is drawn to be filled in by hand.  What a form says is facts of the ledger; who it is sent to and what is said
to whom it reaches by mistake are words that an area sets (ledger.rules.form_words).  Proven by
tests/printing/test_forms.py and tests/api/test_forms.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ledger.errors import NotFound
from ledger.printing.forms import (
    conference_checklist,
    conference_report,
    cp1,
    management_review,
    monthly_report,
    request_for_information,
)
from ledger.printing.forms.form import Filled, Form, Material, form_pdf

FORMS: Final[Mapping[str, Form]] = MappingProxyType(
    {
        each.FORM.name: each.FORM
        for each in (
            *(request_for_information, cp1, conference_report, conference_checklist),
            *(monthly_report, management_review),
        )
    }
)
NO_SUCH_FORM: Final = "A {noun} has no form {name}; it has: {names}."

__all__ = ["FORMS", "Filled", "Form", "Material", "form_of", "form_pdf"]


def form_of(noun: str, name: str) -> Form:
    """The form of this name that cases of a noun have.  Raises NotFound, naming those there are."""
    found = FORMS.get(name)
    if found is None or found.noun != noun:
        names = ", ".join(each.name for each in FORMS.values() if each.noun == noun) or "none"
        raise NotFound(NO_SUCH_FORM.format(noun=noun, name=repr(name[:40]), names=names))
    return found
