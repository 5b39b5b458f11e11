"""The facts of the access log: what was asked of the ledger and not done (GEN-07), what was read and for what, and
what was disclosed or erased (DP-02, DP-11).

No stream of the ledger holds them and nobody gives them: the application seals one before the answer it tells of
leaves (ledger.access).  Who asked is the entry's `by`, whom it concerned is in its `about`.  A new kind is one class
here, under a topic `access.….v1`.

CATEGORIES are what section 62 of the Data Protection Act 2018 asks a log to tell apart.  Collection and alteration are
the facts of the ledger itself, which says who and when of each; the others are entries here.  Where the Act does not
say, we read *consultation* as any answer to whoever may see the case, *combination* as several people's records put
together into one answer or paper (a worklist, a search, a duplicate set for a review), *disclosure* as what leaves for
somebody else, or leaves as it is sealed.

Proven by tests/test_access.py and tests/access/.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final, Literal

from pydantic import Field

from ledger.aggregates.shape import LIST_ITEMS, Code, Count, Day, Fact, Id, Instant, ThirdPartyText

Category = Literal["collection", "alteration", "consultation", "disclosure", "combination", "erasure"]
CATEGORIES: Final[Mapping[Category, str]] = MappingProxyType(
    {
        "collection": "a fact is recorded: the ledger itself is that log",
        "alteration": "a fact is corrected or struck out by another: the ledger itself is that log",
        "consultation": "somebody is shown what is recorded of a case",
        "disclosure": "a case, or entries as they are sealed, leave the house",
        "combination": "several people's records are put together: a worklist, a search, a duplicate set",
        "erasure": "keys are destroyed, so that what they sealed is gone for ever",
    }
)


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


class RecordViewed(Fact, topic="access.record-viewed.v1", who=("system",), rules=("DP-11",)):
    """Somebody was shown what is recorded; this was sealed before the answer left.

    Its stream is the reader's own (staff-019a…), so a chain holds all that one person read; its `about` names the cases
    that were shown (one entry holds 500 of them, a longer list is several entries of one transaction).  `target_ref`
    is what was asked for (offender/019a…, worklist/breach) and `view` which answer of it; `category` as section 62 of
    the Data Protection Act 2018 has it; `purpose` a code (ledger.access.purposes).

    `position`, `as_at` and `known_at` are the answer's own: a command whose `seen` repeats them was decided from this
    screen.  `people`: of which kinds of people sealed values may have been in the answer (none for who reads states and
    dates only).  With `child` or `victim` it is the rule book's RestrictedRecordViewed.

    `reason`, in the reader's own words, is sealed under the key of the person the case is about, else under one of its
    own; so are the words of a search (`terms`): under the key of the one person, or of the one child, that it found.
    Of a search that found nobody, or several children, no word is kept: it could name somebody who was erased.
    """

    target_ref: Code
    view: Code
    category: Category
    purpose: Code
    position: Count | None = None
    as_at: Day | None = None
    known_at: Instant | None = None
    people: Annotated[list[Code], Field(max_length=LIST_ITEMS)]
    reason: ThirdPartyText | None = None
    terms: ThirdPartyText | None = None


class RecordProcessed(Fact, topic="access.record-processed.v1", who=("system",), rules=("DP-02", "DP-11")):
    """A command of the ledger disclosed or combined what is recorded, or it was erased; sealed before its receipt left.

    The fact itself stands in the ledger at `position`; here it is found beside the readings of the same case.
    """

    command_name: Code
    target_ref: Code
    category: Category
    position: Count


ACCESS_FACTS: Final[tuple[type[Fact], ...]] = (
    CommandRefused,
    EntriesTaken,
    ExportReleased,
    RecordViewed,
    RecordProcessed,
)

# The category of whatever entry does not say it itself; a refusal is none: nothing was processed.
CATEGORY_OF: Final[Mapping[type[Fact], Category]] = MappingProxyType(
    {EntriesTaken: "disclosure", ExportReleased: "disclosure"}
)
# Commands that do more than collect or alter, by the topic of their fact: they leave an entry here as well.  An erasure
# does too, whichever road it came by (ledger.application.erasing).
PROCESSES: Final[Mapping[str, Category]] = MappingProxyType(
    {
        "offender.file-disclosed.v1": "disclosure",
        "offender.information-shared.v1": "disclosure",
        "case-review.duplicate-set-produced.v1": "combination",
    }
)
