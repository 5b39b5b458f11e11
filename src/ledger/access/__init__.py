"""The access log: what was refused is sealed in a log of its own before the answer leaves (GEN-07).

Who is shown anything of a case (`readings`), takes entries of either log as they are sealed (`taken`) or a case as a
bundle (`exported`) is told there too, before they leave; and which command disclosed or combined what is recorded
(`processed`), and who was erased (`erased`).

    readings    the one door of every reading           listing    who read a case
    purposes    what a reading may be for               writing    how an entry comes into the log

What is evidence is a command by somebody known that was understood and not done: refused by a rule (409), or not for
this role to give (403).  Each time it is answered so is an entry; a repeated key is recorded in each, for a refusal is
not remembered and the same request may be accepted later.  Lines of an import are commands like others.

What is not: a stale version or a key used before (409: nobody decided anything; look again, draw a new key), what is
malformed (422) or names nothing there is (404: it is no command yet, and a name may stand where an id should), what
nobody signed (401, GEN-08), a role that the token does not hold (no command was given in it), and whatever the ledger
could not do just then (429, 5xx).

Every entry is a stream of its own, about the stream the command was for: so nothing is read before it is sealed, two
refusals at once are never in each other's way, and the chain of a case in this log proves all that was refused on it.

Where the entry cannot be sealed the answer is 503 `access-log-unavailable`, and nothing has happened.  An entry may
then stand all the same (its COMMIT may have got through): there are never fewer entries than answers.

Proven by tests/test_access.py and tests/access/.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from ledger.access.listing import listed, records_of, told, words_of
from ledger.access.purposes import Reader
from ledger.access.readings import Readings, Screen, is_case, target_of
from ledger.access.writing import UNSEALED, append, or_no_answer
from ledger.aggregates import told_by
from ledger.aggregates.access import (
    PROCESSES,
    Category,
    CommandRefused,
    EntriesTaken,
    ExportReleased,
    RecordProcessed,
)
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Actor, Fact, Recorded
from ledger.commands import Acknowledged, Command
from ledger.errors import Forbidden, LedgerError, LimitedAccess, Refused
from ledger.projections.why import Row
from ledger.rules.registry import labels
from ledger.store import mapping
from ledger.store.appending import Receipt, Sealed
from ledger.store.cases import PolicyAt
from ledger.store.log import Log
from ledger.store.mapping import Draft, Envelope, Stored
from ledger.store.vault import Vault

EVIDENCE: Final = (Refused, Forbidden)
PAGE: Final = 500  # entries of one answer
_DONE: Final = (
    "This is recorded, and its receipt does not leave before the access log says so, which cannot be written. Send the "
    "same request again with the same key."
)


@dataclass(frozen=True, slots=True)
class Access:
    """The access log of an open ledger; `policy` tells the settings in force, as the ledger knows them."""

    log: Log
    policy: Callable[[], Awaitable[PolicyAt]]
    vault: Vault

    @property
    def readings(self) -> Readings:
        """What is read, sealed before the answer leaves."""
        return Readings(self.log, self.vault)

    async def refused(self, command: Command, problem: LedgerError) -> None:
        """Seal that a command was refused.  Raises AccessLogUnavailable."""
        by = command.recorder or command.actor
        if not by.id:
            return  # nobody signed it: there is no one to name (GEN-08)
        await self._sealed(
            lambda policy: _refusal(command, problem, policy),
            by,
            about=(command.stream,),
            under=_rules_of(problem),
            at=command.at,
            source=command.source,
        )

    async def processed(self, command: Command, acknowledged: Acknowledged) -> None:
        """Seal that a command disclosed or combined what is recorded, if it is one that does.

        Raises AccessLogUnavailable: it is recorded all the same, and the same key brings its receipt once this stands.
        """
        category = category_of(command)
        if category is not None:
            await self._processed(command, category, acknowledged.body["events"][-1]["position"])

    async def erased(self, command: Command, position: int) -> None:
        """Seal that somebody was erased, as the fact at this position of the ledger says.  Raises as `processed`."""
        await self._processed(command, "erasure", position)

    async def _processed(self, command: Command, category: Category, position: int) -> None:
        fact = RecordProcessed(
            command_name=command.name,
            target_ref=f"{command.noun}/{command.id}",
            category=category,
            position=position,
        )
        about, by = (command.stream,), command.recorder or command.actor
        await self._sealed(lambda policy: fact, by, about=about, under=fact.rules, at=command.at, unsealed=_DONE)

    async def taken(self, by: Actor, log: Log, first: int, last: int) -> None:
        """Seal that somebody takes the entries at these positions.  Raises AccessLogUnavailable."""
        fact = EntriesTaken(log_name=log.kept.name.replace(" ", "-"), first=first, last=last)
        await self._sealed(lambda policy: fact, by)

    async def exported(self, by: Actor, stream: str, fact: ExportReleased) -> Sealed:
        """Seal that a case leaves the house: what was sealed, to prove it by.  Raises AccessLogUnavailable."""
        receipt = await self._sealed(lambda policy: fact, by, about=(stream,), under=fact.rules)
        return receipt.facts[0]

    async def _sealed(
        self,
        fact: Callable[[Policy], Fact],
        by: Actor,
        *,
        about: tuple[str, ...] = (),
        under: Sequence[str] = (),
        at: datetime | None = None,
        source: Mapping[str, Any] | None = None,
        unsealed: str = UNSEALED,
    ) -> Receipt:
        """One fact in a stream of its own, named after it."""
        at = at if self.log.simulated else None
        with or_no_answer(unsealed):
            policy = (await self.policy()).policy
            made, moment = fact(policy), at or datetime.now(UTC)
            fact_id = mapping.fact_id(moment)
            stream = f"{type(made).topic.split('.')[1]}-{fact_id}"
            draft = Draft(fact_id, stream, 1, made, moment, about=about, under=labels(under))
            envelope = Envelope(by, policy=policy.version, source=source)
            return await append(self.log, self.vault, [draft], envelope, at)

    # ------------------------------------------------------------------------------------ asking

    async def refusals(
        self, stream: str | None = None, after: int = 0, reader: Reader | None = None, *, most: int = PAGE
    ) -> tuple[list[dict[str, Any]], int | None]:
        """What was refused, in the order of the log; of one case, if it is named; and where the next page begins.

        `most`: how many entries of the log are looked at for it, refusals or not.
        Raises AccessLogUnavailable.
        """
        database = self.log.database
        if stream is None:
            found = await database.entries(after + 1, after + most)
            stored = [Stored.of(position, entry) for position, _, entry in found]
        else:
            stored = await database.about(stream, after, most)
        refused = [each for each in stored if each.type == CommandRefused.topic]
        items = [_listed(mapping.recorded(each)) for each in refused]
        screen = Screen("access/refusals" if stream is None else target_of(stream), "refusals")
        cases = {each for one in refused for each in one.members.get("about", ()) if is_case(each)}
        version = (await self.policy()).policy.version if reader else 0
        await self.readings.begin(reader, screen, cases | ({stream} if stream else set()), version).sealed()
        return items, stored[-1].position if len(stored) == most else None

    async def read(
        self,
        stream: str,
        after: int = 0,
        *,
        most: int = PAGE,
        subject: bool = False,
        words: bool = False,
        reader: Reader | None = None,
    ) -> tuple[list[Row], int | None]:
        """Who was shown a case, in the order of the log, and where the next page begins; the newest entry is the one
        that says who asked for this (ledger.access.listing).

        `subject`: as the person whose case it is may know it.  `words`: with reasons and searches opened.  Raises
        AccessLogUnavailable, VaultUnavailable, Unreadable.
        """
        stored = await self.log.database.about(stream, after, most)
        version = (await self.policy()).policy.version if reader else 0
        position = stored[-1].position if len(stored) == most else None
        screen = Screen(target_of(stream), "readings", people=("staff",) if words else ())
        entry = self.readings.begin(reader, screen, (stream,), version)
        records = records_of(stored, await words_of(self.log, self.vault, stored) if words else {})
        items = [told(each, stream) for each in records] if subject else [listed(each) for each in records]
        await entry.sealed()
        return [each for each in items if each is not None], position


def category_of(command: Command) -> Category | None:
    """What a command does beyond collecting or altering (Data Protection Act 2018 s.62); most do nothing more."""
    fact_class = told_by(command.noun, command.name)
    return PROCESSES.get(fact_class.topic) if fact_class else None


def _refusal(command: Command, problem: LedgerError, policy: Policy) -> CommandRefused:
    return CommandRefused(
        command_name=command.name,
        target_ref=f"{command.noun}/{command.id}",
        rule_ids=_rules_of(problem),
        problem=problem.code,
        release_ref=policy.release,
        request_key=str(command.key) if command.key else None,
    )


def _rules_of(problem: LedgerError) -> list[str]:
    """The most fundamental first; none where no rule but the wrong role refused."""
    if isinstance(problem, LimitedAccess):
        return [problem.rule]
    return list(dict.fromkeys(each.rule for each in problem.refusals)) if isinstance(problem, Refused) else []


def _listed(record: Recorded[Fact]) -> dict[str, Any]:
    """One refusal for people and programs."""
    by = record.by
    return {
        "position": record.position,
        "proof": f"/access/log/proof/{record.position}",
        "recorded": record.recorded,
        "effective": record.effective,
        "by": {"id": by.id, "role": by.role, "unit": by.unit},
        **record.fact.given(),
    }
