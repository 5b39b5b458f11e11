"""A small world that tells a ledger things at random, and what its worklists must say then, found the slow way.

    with opened(clusters) as home:          a demonstration ledger of its own, which nobody follows yet
        world = World(home)                 its clock is the world's
    world.tell(random)                      one command, or a few that belong together; what is refused is refused
    world.rows(days)                        the rows of every worklist, the slow way: the log by plain SQL, case by case

The slow way knows no tables, no schedules, no batches, no cache of cases and no choice of facts: the whole chain of a
case and a policy folded anew.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable, Coroutine, Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from secrets import token_hex
from typing import Any, TypeVar
from unittest.mock import patch
from uuid import UUID

import orjson
import psycopg
from tests.aggregates.siting import AUDIT, OPENED, review, signatures
from tests.conftest import Clusters
from tests.doors import PERSON

from ledger.aggregates import AGGREGATES, COMMANDS, noun_of
from ledger.aggregates.corrections import as_corrected
from ledger.aggregates.ledger_stream import release_in_force
from ledger.aggregates.policy import Policy
from ledger.aggregates.roles import roles_for
from ledger.aggregates.shape import Actor
from ledger.application import Ledger
from ledger.commands import Command
from ledger.errors import LedgerError, Malformed
from ledger.projections import WORKLISTS
from ledger.rules.settings import KENT_COMMITTEES
from ledger.settings import Settings
from ledger.store.mapping import Stored
from ledger.store.opening import DEMONSTRATION, embedded_place

T = TypeVar("T")
UNITS = ("North", "South", "Coast")
SETTINGS = (
    "enf.evidence", "enf.breach_threshold", "upw.completion_months", "upw.check_early_days", "upw.first_appointment",
    "upw.first_appointment_reminder", "upw.assessment", "oasys.assessment", "oasys.assessment_reminder",
    "hrs.ete_max_percent", "plc.nomination_ack", "plc.school_review_days", "plc.school_review_reminder",
    "cp.register_review", "cp.register_review_reminder",
)  # fmt: skip
GROUNDS = ("CHILD_REMOVED", "SUPERVISION_ENDED", "CONTACT_CEASED", "CONCERN_ENDED")


@dataclass(frozen=True)
class Home:
    """An open ledger, without a door and without a follower, and the loop it lives on."""

    ledger: Ledger
    runner: asyncio.Runner
    conninfo: str

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(coroutine)

    @property
    def size(self) -> int:
        """Facts in the ledger."""
        head = self.run(self.ledger.store.database.head())
        assert head is not None
        return head.size


@contextmanager
def opened(clusters: Clusters) -> Generator[Home]:
    """A new demonstration ledger, in copies of the templates."""
    name, folder = f"world_{token_hex(6)}", Path(tempfile.mkdtemp(prefix="ledger-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        for cluster, template in ((clusters.ledger, "ledger_template"), (clusters.vault, "vault_template")):
            cluster.create_database(name, template)
            stack.callback(cluster.drop_database, name)
        runner = stack.enter_context(asyncio.Runner())
        places = [embedded_place(cluster, name) for cluster in (clusters.ledger, clusters.vault)]
        ledger = runner.run(Ledger.open(Settings(home=folder), kind=DEMONSTRATION, places=places))
        stack.callback(lambda: runner.run(ledger.close()))
        yield Home(ledger, runner, places[0].application())


class World:
    """What there is by now, and how more is told."""

    def __init__(self, home: Home) -> None:
        self.home, self.clock = home, datetime.now(UTC)
        self.ids: dict[str, list[dict[str, Any]]] = defaultdict(list)  # what can be told more about, by kind
        self.told: list[tuple[str, str, str]] = []  # (to, id, type) of every fact recorded here
        self.refused = 0

    # ------------------------------------------------------------------------------------ telling

    def passes(self, days: int) -> None:
        """Time passes."""
        self.clock += timedelta(days=days)

    def day(self, back: int = 0) -> str:
        return (self.clock.date() - timedelta(days=back)).isoformat()

    async def give(self, rng: Random, to: str, command: str, /, **data: Any) -> bool:
        """One command by somebody who may give it, sometimes as history of another system."""
        noun, _, target = to.partition("/")
        fact = COMMANDS[noun][command]
        role = sorted(roles_for(fact) & {"senior-practitioner"} or roles_for(fact))[0]
        by = Actor(_an_id(Random(role)), role, rng.choice((None, *UNITS)))
        more: dict[str, Any] = {}
        if rng.random() < 0.2 and noun != "policy":
            more = {"source": {"system": "old", "recorded": (self.clock - timedelta(days=2)).isoformat()}}
            more |= {"source_sealed": {"by": by.id}, "recorder": Actor(_an_id(Random("importer")), "administrator")}
        self.clock += timedelta(seconds=rng.randint(1, 600))
        given = {name: value for name, value in data.items() if value is not None}
        try:
            done = await self.home.ledger.execute(Command(command, noun, target, given, by, at=self.clock, **more))
        except Malformed as wrong:
            raise AssertionError(f"{command}: {wrong}, {wrong.extra()}") from wrong
        except LedgerError:
            self.refused += 1
            return False
        self.told += [(to, each["id"], each["type"]) for each in done.body["events"]]
        return True

    async def tell(self, rng: Random, only: str = "") -> None:
        """Something of what may happen; `only`: of an area (offender, register, placement, policy, correct)."""
        ways = [way for area, way in _WAYS if only in ("", area)]
        await rng.choice(ways)(self, rng)

    def one(self, rng: Random, kind: str) -> dict[str, Any] | None:
        return rng.choice(self.ids[kind]) if self.ids[kind] else None

    # ------------------------------------------------------------------------------------ the slow way

    def log(self) -> list[Stored]:
        """Every entry, by plain SQL."""
        with psycopg.connect(self.home.conninfo) as connection:
            found = connection.execute("SELECT position, entry FROM entries ORDER BY position").fetchall()
        return [Stored.of(position, bytes(entry)) for position, entry in found]

    def rows(self, days: list[date]) -> dict[tuple[str, date, str], list[bytes]]:
        """By worklist, day and unit ("" for all): the rows in order, as JSON."""
        stored, cases = self.log(), self.home.ledger.cases
        policy_facts = [each for each in stored if each.members["stream"] in ("ledger", "policy")]
        policy = Policy.fold(self.home.run(cases.records(policy_facts, {})))
        found: dict[tuple[str, date, str], list[tuple[date, str, bytes]]] = defaultdict(list)
        for noun in {each.noun for each in WORKLISTS.values()}:
            facts = self.home.run(cases.records(stored, AGGREGATES[noun].opens))
            for stream in dict.fromkeys(each.stream for each in facts if noun_of(each.stream) == noun):
                chain = [each for each in facts if each.stream == stream or stream in each.about]
                unit = _unit(stream, chain)
                for worklist in WORKLISTS.values():
                    for day in days if worklist.noun == noun else ():
                        for row in worklist.rows_of(stream, chain, policy, day, len(stored)):
                            rank = worklist.rank_of(row)
                            aged = worklist.ages(orjson.loads(orjson.dumps(row)), day, policy)
                            line = rank, stream, orjson.dumps(aged)
                            found[worklist.name, day, ""].append(line)
                            if unit:
                                found[worklist.name, day, unit].append(line)
        return {key: [data for _, _, data in sorted(lines)] for key, lines in found.items()}


def _unit(stream: str, chain: list[Any]) -> str | None:
    own = [each for each in chain if each.stream == stream]
    named = [
        name
        for each in as_corrected(own)
        for field in ("unit", "to_unit")
        if isinstance(name := getattr(each.fact, field, None), str)
    ]
    return named[-1] if named else own[0].by.unit


def _an_id(rng: Random) -> str:
    return str(UUID(int=rng.getrandbits(128), version=4))


# ------------------------------------------------------------------------------------ what may happen

Way = Callable[[World, Random], Any]
_WAYS: list[tuple[str, Way]] = []


def way(area: str, *, times: int = 1) -> Callable[[Way], Way]:
    def register(told: Way) -> Way:
        _WAYS.extend([(area, told)] * times)
        return told

    return register


@way("offender", times=2)
async def a_person(world: World, rng: Random) -> None:
    """Somebody with an order."""
    to, order = f"offender/{_an_id(rng)}", _an_id(rng)
    await world.give(rng, to, "RecordOffender", **PERSON)
    made = {"order_id": order, "order_type": "CO", "court": "Nowhere", "sentence_date": world.day(rng.randint(0, 420))}
    made |= {"order_end_date": world.day(-500), "requirements": ["UPW"], "upw_hours": rng.choice((40, 100))}
    if rng.random() < 0.3:
        made |= {"order_type": "SSO", "operational_period_end": world.day(rng.randint(-300, 30))}
    if await world.give(rng, to, "RecordOrder", **made, unit=rng.choice((None, *UNITS))):
        world.ids["order"].append({"to": to, "order_id": order, "made": made["sentence_date"]})


@way("offender", times=4)
async def _an_absence(world: World, rng: Random) -> None:
    order = world.one(rng, "order")
    if order is None:
        return await a_person(world, rng)
    absence, on, to = _an_id(rng), rng.randint(0, 40), order["to"]
    data = {"absence_id": absence, "order_id": order["order_id"], "appointment_kind": rng.choice(("UPW", "OTHER"))}
    data |= {"date": world.day(on), "kind": rng.choice(("FTA", "FAILURE_TO_COMPLY"))}
    if await world.give(rng, to, "RecordAbsence", **data):
        world.ids["absence"].append({"to": to, "absence_id": absence})
        if rng.random() < 0.8:
            letter = {"letter_id": _an_id(rng), "absence_id": absence, "channel": "post"}
            await world.give(rng, to, "IssueEnforcementLetter", **letter, issued_on=world.day(rng.randint(0, on)))
    return None


@way("offender", times=3)
async def _about_an_absence(world: World, rng: Random) -> None:
    absence = world.one(rng, "absence")
    if absence is None:
        return
    to, which, result = absence["to"], absence["absence_id"], rng.choice(("ACCEPTABLE", "UNACCEPTABLE"))
    match rng.randrange(3):
        case 0:
            at = (world.clock - timedelta(days=rng.randint(0, 9))).isoformat()
            data = {"received_at": at, "kind": "note", "description": "as told"}
            await world.give(rng, to, "ReceiveEvidence", absence_id=which, **data)
        case 1:
            data = {"reason_code": "other", "reason": "as told", "judged_on": world.day(rng.randint(0, 5))}
            await world.give(rng, to, "JudgeAbsence", absence_id=which, result=result, **data)
        case _:
            data = {"reason": "as told", "decided_on": world.day(rng.randint(0, 3))}
            await world.give(rng, to, "RejudgeAbsence", absence_id=which, to_result=result, **data)


@way("offender", times=4)
async def _about_an_order(world: World, rng: Random) -> None:
    order = world.one(rng, "order")
    if order is None:
        return
    on = world.day(rng.randint(0, 30))
    later = world.day(-rng.randint(10, 300))
    told: Mapping[str, Mapping[str, Any]] = {
        "StartBreachAction": {"started_on": on, "court": "Nowhere", "risk_led": rng.random() < 0.5},
        "DeclineBreachAction": {"reason": "as told"},
        "RecordBreachOutcome": {
            "proven": rng.random() < 0.7, "result": rng.choice(("CONTINUED", "REVOKED_RESENTENCED")), "decided_on": on,
        },
        "OfferFirstAppointment": {"offered_on": on, "offered_for": world.day(rng.randint(-9, 30))},
        "CompleteUpwAssessment": {"completed_on": on, "group_preference": "MIXED"},
        "CompleteRiskAssessment": {
            "completed_on": on, "rosh_level": rng.choice(("LOW", "HIGH", "VERY_HIGH")), "marking": "CONFIDENTIAL",
        },
        "CompleteProgressCheck": {"point": rng.choice((6, 9)), "done_on": on, "sufficient": True, "reason": "as told"},
        "ApplyToCourt": {"application": "EXTENSION", "made_on": on, "requested_end_date": later},
        "RecordCourtVariation": {
            "result": rng.choice(("EXTENDED", "REVOKED", "REFUSED")), "decided_on": on, "court": "Nowhere",
            "new_end_date": later,
        },
        "AdjustHours": {"delta_minutes": rng.choice((-60, 600, 6000)), "reason": "as told"},
        "EndSupervision": {"ended_on": on, "ground": "COMPLETED"},
        "TransferCase": {
            "from_unit": "North", "to_unit": rng.choice(UNITS), "notified_on": on, "documents": ["the file"],
        },
    }  # fmt: skip
    command = rng.choice([each for each in told if each in COMMANDS["offender"]])
    await world.give(rng, order["to"], command, order_id=order["order_id"], **told[command])


@way("register", times=2)
async def _a_registration(world: World, rng: Random) -> None:
    order = world.one(rng, "order")
    if order is None:
        return await a_person(world, rng)
    offender, entry, on = order["to"].partition("/")[2], f"register-entry/{_an_id(rng)}", world.day(rng.randint(0, 150))
    children = [_an_id(rng) for _ in range(rng.randint(0, 2))]
    for child in children:
        data = {"client_id": "0710891", "surname": "Invented", "forenames": "Kit", "register_name": "ICS_REGISTER"}
        await world.give(rng, f"child/{child}", "RecordChild", **data)
    if world.ids["child"] and rng.random() < 0.4:
        children = [rng.choice(world.ids["child"])["child_id"]]
    world.ids["child"] += [{"child_id": each} for each in children]
    ground = "REGISTER_CHILD" if children else "CONCERN"
    await world.give(rng, entry, "SubmitR7", offender_id=offender, ground=ground, on=on)
    data = {"offender_id": offender, "child_ids": children, "ground": ground, "registered_on": on}
    if await world.give(rng, entry, "EnterRegister", **data, copy_of_r7_filed=True, roh_register_linked=False):
        world.ids["entry"].append({"to": entry, "offender_id": offender, "children": children, "on": on})
    return None


@way("register", times=4)
async def _about_an_entry(world: World, rng: Random) -> None:
    entry = world.one(rng, "entry")
    if entry is None:
        return await _a_registration(world, rng)
    to, on, ground = entry["to"], world.day(rng.randint(0, 40)), rng.choice(GROUNDS)
    child = rng.choice([*entry["children"], None])
    match rng.randrange(6):
        case 0:
            await world.give(rng, to, "ReceiveFormP", on=on)
            await world.give(rng, to, "ReviewRegister", on=on, outcome="UNCHANGED")
        case 1:
            data = {"occurred_on": on, "notified_on": on, "ground": ground, "child_id": child}
            await world.give(rng, to, "NotifyDeregistration", **data)
        case 2:
            ended = {"child_id": child or _an_id(rng), "ground": ground, "on": on}
            await world.give(rng, to, "EndLink", offender_id=entry["offender_id"], **ended)
        case 3:
            await world.give(rng, to, "CloseRegisterEntry", ground=ground, closed_on=on)
        case 4:
            data = {"entry_no": 1, "entered_on": on, "text": "as told"}
            await world.give(rng, f"offender/{entry['offender_id']}", "MakeNotebookEntry", **data)
        case _:
            raised = {"due_on": on, "to_unit": rng.choice(UNITS), "raised_on": on}
            await world.give(rng, to, "RaiseMissedReview", **raised)
    return None


@way("register", times=3)
async def _what_others_tell_an_entry(world: World, rng: Random) -> None:
    """Of its offender's supervision, and by another entry of the same child."""
    entry = world.one(rng, "entry")
    if entry is None:
        return
    person, on = f"offender/{entry['offender_id']}", world.day(rng.randint(0, 40))
    orders = [each["order_id"] for each in world.ids["order"] if each["to"] == person]
    if entry["children"] and rng.random() < 0.5:
        child, other = entry["children"][0], rng.choice(world.ids["order"])["to"].partition("/")[2]
        second = f"register-entry/{_an_id(rng)}"
        await world.give(rng, second, "SubmitR7", offender_id=other, ground="REGISTER_CHILD", on=on)
        data = {"offender_id": other, "child_ids": [child], "ground": "REGISTER_CHILD", "registered_on": on}
        if await world.give(rng, second, "EnterRegister", **data, copy_of_r7_filed=True, roh_register_linked=False):
            world.ids["entry"].append({"to": second, "offender_id": other, "children": [child], "on": on})
        told = {"occurred_on": world.day(), "notified_on": world.day(), "ground": "CHILD_REMOVED", "child_id": child}
        await world.give(rng, rng.choice((second, entry["to"])), "NotifyDeregistration", **told)
    else:
        await world.give(rng, person, "EndSupervision", order_id=orders[0], ended_on=on, ground="COMPLETED")


@way("placement")
async def _a_school(world: World, rng: Random) -> None:
    to, on = f"placement/{_an_id(rng)}", world.day(rng.randint(30, 130))
    site = OPENED | {"on_school_premises": rng.random() < 0.8, "proposed_start": on}
    if not await world.give(rng, to, "OpenPlacement", **site):
        return
    world.ids["placement"].append({"to": to})
    await world.give(rng, to, "ApprovePlacement", on=on)
    await world.give(rng, to, "DraftAgreement", version=1, sections={"6": {"contact_timetable": "daily"}})
    await world.give(rng, to, "SignAgreement", **signatures(on))
    await world.give(rng, to, "AuditQuality", audit_id=_an_id(rng), audited_on=on, **AUDIT)
    for _ in range(8):  # another system says that work began: no rule of starting bars it
        if await world.give(rng, to, "StartPlacement", on=on):
            break


@way("placement", times=2)
async def _about_a_placement(world: World, rng: Random) -> None:
    placement = world.one(rng, "placement")
    if placement is None:
        return await _a_school(world, rng)
    to, on = placement["to"], world.day(rng.randint(0, 30))
    match rng.randrange(4):
        case 0:
            await world.give(rng, to, "ReviewPlacement", **review(on))
        case 1:
            await world.give(rng, to, "SuspendPlacement", on=on, cause="as told")
        case 2:
            await world.give(rng, to, "ClosePlacement", on=on, reason="as told")
        case _:
            await world.give(rng, to, "NoteDeviation", deviation_id=_an_id(rng), what="as told", noted_on=on)
    return None


@way("placement", times=2)
async def _a_nomination(world: World, rng: Random) -> None:
    known = world.one(rng, "nomination") if rng.random() < 0.5 else None
    on = world.day(rng.randint(0, 12))
    if known is None:
        known = {"to": f"nomination/{_an_id(rng)}"}
        told = {"received_on": on, "means_of_referral": "form", "site": "Nowhere", "work_described": "painting"}
        if await world.give(rng, known["to"], "ReceiveNomination", **told):
            world.ids["nomination"].append(known)
    elif rng.random() < 0.6:
        await world.give(rng, known["to"], "AcknowledgeNomination", on=on)
    else:
        await world.give(rng, known["to"], "DecideNomination", decision="REJECTED", reasons="as told", decided_on=on)


@way("policy", times=2)
async def _a_setting(world: World, rng: Random) -> None:
    since = world.day(rng.randint(-60, 300))
    data = {"key": rng.choice(SETTINGS), "new": str(rng.randint(1, 12)), "effective_from": since, "reason": "as told"}
    if rng.random() < 0.2:
        data |= {"key": "upw.check_months", "new": rng.choice(("6, 9", "5", "4, 8, 10"))}
    await world.give(rng, "policy/policy", "ChangeSetting", **data, endorsed_by=list(KENT_COMMITTEES))


@way("policy", times=2)
async def _a_holiday(world: World, rng: Random) -> None:
    data = {"date": world.day(rng.randint(-60, 60)), "name": "A day off", "source_ref": "Gazette"}
    await world.give(rng, "policy/policy", "SetBankHoliday", **data)


@way("policy")
async def _a_release(world: World, rng: Random) -> None:
    """A later release, which brings another value and may know a year more or less of holidays."""
    now = release_in_force("99")
    key, value = rng.choice(SETTINGS), str(rng.randint(1, 9))
    lines = [each | {"value": value} if each["key"] == key else each for each in now.settings]
    last = world.clock.year + rng.choice((-1, 0, 1, 99))
    holidays = [each for each in now.bank_holidays if int(each["date"][:4]) <= last]
    other = now.completed(settings=lines, bank_holidays=holidays)
    with (
        patch("ledger.application.release_in_force", lambda version: other),
        patch("ledger.application.datetime") as clock,
    ):
        clock.now.return_value = world.clock
        await world.home.ledger._start_release(None)


@way("correct", times=4)
async def _a_correction(world: World, rng: Random) -> None:
    """Some record is struck out, or one of its dates or units put right; also corrections, and foreign ones."""
    if not world.told:
        return
    to, event, kind = rng.choice(world.told[-6:] if rng.random() < 0.5 else world.told)
    noun = to.partition("/")[0]
    if rng.random() < 0.5:
        await world.give(rng, to, "StrikeOutRecord", event_ref=event, reason="as told")
        return
    fact = next(each for each in AGGREGATES[noun].every_fact if each.__name__ == kind)
    kinds = {name: str(info.annotation) for name, info in fact.model_fields.items()}
    dated = [name for name in kinds if name in ("corrected_value", "unit", "to_unit") or "date" in kinds[name]]
    if dated:
        name = rng.choice(sorted(dated))
        value = rng.choice(UNITS) if "unit" in name else world.day(rng.randint(-30, 60))
        put = {"event_ref": event, "field": name, "corrected_value": value, "reason": "as told"}
        await world.give(rng, to, "CorrectRecord", **put)
