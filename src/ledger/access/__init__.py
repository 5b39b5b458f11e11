"""The access log: what was refused is sealed in a log of its own before the answer leaves (GEN-07).

Who takes entries of either log as they are sealed (`taken`), or a case as a bundle (`exported`), is told there too,
before they leave.

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

Proven by tests/test_access.py.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from ledger.access.purposes import Reader
from ledger.access.readings import Readings, Screen, is_case, target_of
from ledger.access.writing import UNSEALED, append, or_no_answer
from ledger.aggregates.access import CommandRefused, EntriesTaken, ExportReleased
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Actor, Fact, Recorded
from ledger.commands import Command
from ledger.errors import Forbidden, LedgerError, LimitedAccess, Refused
from ledger.rules.registry import labels
from ledger.store import mapping
from ledger.store.appending import Receipt, Sealed
from ledger.store.cases import PolicyAt
from ledger.store.log import Log
from ledger.store.mapping import Draft, Envelope, Stored
from ledger.store.vault import Vault

EVIDENCE: Final = (Refused, Forbidden)
PAGE: Final = 500  # entries of one answer


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
        self, stream: str | None = None, after: int = 0, reader: Reader | None = None
    ) -> tuple[list[dict[str, Any]], int | None]:
        """What was refused, in the order of the log; of one case, if it is named; and where the next page begins.

        Raises AccessLogUnavailable.
        """
        database = self.log.database
        if stream is None:
            found = await database.entries(after + 1, after + PAGE)
            stored = [Stored.of(position, entry) for position, _, entry in found]
        else:
            stored = await database.about(stream, after, PAGE)
        refused = [each for each in stored if each.type == CommandRefused.topic]
        items = [_listed(mapping.recorded(each)) for each in refused]
        screen = Screen("access/refusals" if stream is None else target_of(stream), "refusals")
        cases = {each for one in refused for each in one.members.get("about", ()) if is_case(each)}
        version = (await self.policy()).policy.version if reader else 0
        await self.readings.begin(reader, screen, cases | ({stream} if stream else set()), version).sealed()
        return items, stored[-1].position if len(stored) == PAGE else None


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
