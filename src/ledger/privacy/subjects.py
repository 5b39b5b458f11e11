"""Whose keys an erasure destroys: a person's own, and those of streams for texts about somebody they do not name.

    owners_of_child(child)      -> its own, and those of the entries, matters and cases it was ever linked with

Proven by tests/aggregates/test_erasing.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.aggregates.child.reach import linked_with
from ledger.privacy.owners import Owner

if TYPE_CHECKING:
    from ledger.aggregates.child.child import Child

_CHILD: Final = "child"  # the retention class of all that is told of a child


def owners_of_child(child: Child) -> tuple[Owner, ...]:
    """The child first.  Of several children of a stream, the first to be erased takes the texts that name none with it.

    So the catalogue has it (*Whose text*): what names nobody may be about any of them.
    """
    streams = sorted(linked_with(child.history))
    return (Owner(f"child-{child.child_id}", _CHILD), *(Owner(each, _CHILD) for each in streams))
