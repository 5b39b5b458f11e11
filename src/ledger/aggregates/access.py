"""The facts of the access log: what was asked of the ledger and not done (GEN-07), what was read for an audit, and
which cases left the house (DP-02, DP-11).

No stream of the ledger holds them and nobody gives them: the application seals one before the answer it tells of
leaves (ledger.access).  Who asked is the entry's `by`, whom it concerned is in its `about`.  A new kind is one class
here, under a topic `access.….v1`.

Proven by tests/test_access.py.
"""

from __future__ import annotations

from typing import Final

from ledger.aggregates.shape import Code, Count, Fact, Id, ThirdPartyText


class CommandRefused(Fact, topic="access.command-refused.v1", who=("system",), rules=("GEN-07",)):
    """A command was refused, and is kept as evidence: which command, for whom, by which rules.

    `target_ref` as a command names it (offender/019a…); `rule_ids`, the most fundamental first, empty where no rule
    but the wrong role refused; `problem` is the code of the answer.  `release_ref` is the position in the ledger of the
    release that decided (0 for none), `request_key` the command's idempotency key: here and not members of the entry,
    where the one would be a position of this log and the other lead to a receipt.

    The rule book lists the message too: it is the rule's own, but may hold values of the case or of the command, and
    none of a refused command's text is kept (GEN-07 itself); so the rule stands for it, and the entry's `under` for its
    edition.
    """

    command_name: Code
    target_ref: Code
    rule_ids: list[Code]
    problem: Code
    release_ref: Count
    request_key: Id | None = None


class EntriesTaken(Fact, topic="access.entries-taken.v1", who=("system",), rules=()):
    """Entries left the house as they are sealed (ledger-format.md, *Tiles*): ids, dates and codes, and nobody's name.

    `log_name`: `ledger`, or `access-log` for this log itself; `first` to `last`: their positions in it.
    """

    log_name: Code
    first: Count
    last: Count


class ExportReleased(Fact, topic="access.export-released.v1", who=("system",), rules=("DP-02", "DP-11")):
    """A case left the house as a bundle (ledger-format.md, *Bundle*); this was sealed before it did.

    `target_ref` as a command names it (offender/019a…); `purpose` and `fields` (classes of values that might be opened)
    are those of the table in docs/disclosing.md; `digest` is the SHA-256 of the bundle's manifest in hexadecimal, which
    names every file of it; `size` the facts of the ledger when it was made; `facts` those of the case, of which
    `withheld_whole` are withheld whole; `opened` the values that are opened.  To whom it went may be a person's name.
    """

    target_ref: Code
    purpose: Code
    recipient: ThirdPartyText
    digest: Code
    size: Count
    fields: list[Code]
    facts: Count
    withheld_whole: Count
    opened: Count


ACCESS_FACTS: Final[tuple[type[Fact], ...]] = (CommandRefused, EntriesTaken, ExportReleased)
