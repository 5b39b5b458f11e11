"""The description of the API, printed from the registries: an OpenAPI 3.1 document, and the same as a page.

    listing  the registries as data            bodies  what a command's body looks like
    parts    what operations are made of       cases   the operations on cases
    letters  those on letters and session sheets
    forms    those on printed forms
    logs     those on the two logs             whole   the whole document
    page     the document as a page

Proven by tests/api/test_openapi.py: every command and view of the registries is in it, and every example is accepted
by the model it is an example of.
"""

from __future__ import annotations

from ledger.api.openapi.bodies import example, example_of, schema_of
from ledger.api.openapi.cases import EXPORTED, SEARCHED, SUBJECT_ACCESS
from ledger.api.openapi.forms import FORM
from ledger.api.openapi.letters import LETTER, SHEET, preview_of
from ledger.api.openapi.listing import (
    command_named,
    errors_listed,
    events_listed,
    kebab,
    rules_as_at,
    rules_listed,
    told_as,
)
from ledger.api.openapi.page import page
from ledger.api.openapi.whole import document

__all__ = [
    "EXPORTED",
    "FORM",
    "LETTER",
    "SEARCHED",
    "SHEET",
    "SUBJECT_ACCESS",
    "command_named",
    "document",
    "errors_listed",
    "events_listed",
    "example",
    "example_of",
    "kebab",
    "page",
    "preview_of",
    "rules_as_at",
    "rules_listed",
    "schema_of",
    "told_as",
]
