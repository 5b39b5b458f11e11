"""Who asks at the command line: the staff member who is named, or whoever runs the ledger, who is shown no value.

    actor_of(given)       who searches, takes a case out, puts a document in: from `--by` and `--role`
    reader_of(given)      the same, with what for: from `--purpose`
    importer_of(given)    who imports a file, and so signs its lines (ledger.importing.lines)

Nobody signs in at the command line: whoever can open the ledger's home is believed to be who they say.  So they say it:
a role that opens values, or looks into what others did, is acted in under somebody's id, which the access log keeps and
which exclusions and restrictions are held against.  Without `--by` there is one role, administrator, which opens
nothing.  Nobody's id is drawn: a new id each time would be nobody, whom no exclusion names.

Proven by tests/test_cli_readings.py.
"""

from __future__ import annotations

import argparse
from typing import Final

from ledger.access.purposes import PURPOSES, Reader, reader
from ledger.aggregates.ledger_stream import SYSTEM
from ledger.aggregates.roles import ROLES
from ledger.aggregates.shape import Actor, a_random_id
from ledger.errors import Malformed

OPERATOR: Final = "administrator"  # whoever runs the ledger, nobody by name
UNNAMED: Final = "Say who asks: --by ID, the staff member's random id. Without it only an administrator asks, not {}."


def named_by(parser: argparse.ArgumentParser, role: str = OPERATOR) -> None:
    """The two arguments by which somebody says who they are; `role`: the one where none is said."""
    left_out = "whoever runs it if left out" if role == OPERATOR else "needed"
    parser.add_argument("--by", metavar="ID", help=f"the staff member's random id; {left_out}")
    parser.add_argument("--role", default=role, help=f"in which role; {role} if left out")


def read_by(parser: argparse.ArgumentParser, role: str = OPERATOR) -> None:
    """The same with what it is read for: who is shown something of a case is sealed in the access log first."""
    named_by(parser, role)
    parser.add_argument("--purpose", help=f"what for, one of {', '.join(PURPOSES)}; the role's own if left out")


def importer_of(given: argparse.Namespace) -> Actor:
    """Whoever runs the ledger, where nobody is named: one and the same each time, so never two people.

    Raises Malformed for an id that is none.
    """
    return Actor(_an_id(given.by) if given.by else SYSTEM.id, OPERATOR)


def actor_of(given: argparse.Namespace) -> Actor:
    """Raises Malformed for a role that is none, an id that is none, and a role that somebody must be named for."""
    if given.role not in ROLES:
        raise Malformed(f"--role: one of {', '.join(ROLES)}.")
    if given.by in (None, SYSTEM.id):
        if given.role != OPERATOR:
            raise Malformed(UNNAMED.format(given.role))
        return Actor(SYSTEM.id, OPERATOR)
    return Actor(_an_id(given.by), given.role)


def _an_id(text: str) -> str:
    try:
        return a_random_id(text)
    except ValueError as wrong:
        raise Malformed(f"--by: {wrong}.") from wrong


def reader_of(given: argparse.Namespace) -> Reader:
    """Raises Malformed also for a purpose that is none."""
    return reader(actor_of(given), given.purpose)
