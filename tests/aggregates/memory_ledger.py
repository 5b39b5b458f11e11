"""A ledger in memory: the same decisions, folds and views as the real one, without sealing; scenarios play on it.

Sealed values are closed before anything is folded, except those an aggregate or a view says it opens: so a fold that
reads a value it did not declare is found out here.  It erases by forgetting: what an erased owner's key held reads as
erased from then on, whatever moment is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from itertools import pairwise
from uuid import uuid4

import orjson

from ledger.aggregates import AGGREGATES, noun_of, told_by
from ledger.aggregates.case_review.holding import HoldReleased
from ledger.aggregates.case_review.holds import holds_of
from ledger.aggregates.case_review.on_holds import waiting_under
from ledger.aggregates.child.erasing import lines_after
from ledger.aggregates.child.facts import ChildDataErased
from ledger.aggregates.drafts import read_draft
from ledger.aggregates.immutable import immutable
from ledger.aggregates.ledger_stream import release_in_force
from ledger.aggregates.placement.fold import Placement
from ledger.aggregates.policy import Policy
from ledger.aggregates.roles import roles_for
from ledger.aggregates.shape import CLOSED, Actor, Erased, Now
from ledger.aggregates.shape import Recorded as Record
from ledger.aggregates.subject import SubjectDataErased
from ledger.errors import Forbidden, NotFound, Refused
from ledger.privacy.owners import owner_of
from ledger.privacy.subjects import owners_of_child, owners_of_subject
from ledger.projections import (
    READ_OF_CHILD_CASES,
    VIEWS,
    WORKLISTS,
    backlog,
    judgements,
    late_recording,
    persons,
    session_sheet,
)
from ledger.rules.dates import LONDON, london_day
from ledger.scenarios import instant
from ledger.searching.people import OPENS as WHO
from ledger.searching.people import person

SYSTEM = Actor(str(uuid4()), "system")
BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)


def closed(record, opens, erased=None):
    """The record as a decoder gives it: sealed values closed unless `opens` (None: all) names them; those of `erased`
    (owner -> the day) are gone, whoever asks."""
    kept = type(record.fact).whose if opens is None else opens.get(record.fact.topic, ())
    shut = {}
    for name in type(record.fact).whose:
        if getattr(record.fact, name) is None or name in record.in_clear:
            continue
        gone = erased.get(record.owner(name)) if erased else None
        if gone is not None:
            shut[name] = Erased(gone, "child")
        elif name not in kept:
            shut[name] = CLOSED
    return replace(record, fact=record.fact.completed(**shut)) if shut else record


@immutable
class Kept(Record):
    """A record that remembers which of its sealed fields are in clear (a correction of a clear field), and whose the
    others are where its decision found it."""

    in_clear: frozenset[str] = frozenset()
    found: tuple = ()  # (field, Whose)

    def owner(self, name):
        whose = dict(self.found).get(name) or type(self.fact).whose[name]
        return owner_of(self.fact, self.id, self.stream, whose, self.about)


@dataclass
class MemoryLedger:
    records: list[Kept] = field(default_factory=list)
    erased: dict = field(default_factory=dict)  # owner -> the day

    def __post_init__(self):
        self._record("ledger", release_in_force(), BEGINNING, BEGINNING, SYSTEM, (), frozenset())

    # ---------------------------------------------------------------- writing

    def give(self, at, by, to, command, data, effective=None, key=None, imported=False):
        noun, _, name = to.partition("/")
        stream = noun if noun == "policy" else f"{noun}-{name}"
        aggregate, fact_class = AGGREGATES[noun], told_by(noun, command)
        if by.role not in roles_for(fact_class):
            raise Forbidden(f"{command} is not given by {by.role}")
        draft = read_draft(fact_class, data)
        try:
            now = Now(at, by, self.policy(), imported, self.look, self.numbered)
            decision = aggregate.decide(self.state(stream), draft, now, stream)
        except Refused as refused:
            return refused
        if isinstance(draft, ChildDataErased):
            return self._erase(stream, decision, at, by)
        if isinstance(draft, SubjectDataErased):
            return self._erase_subject(stream, decision, at, by)
        when = decision.effective or decision.facts[0].effective() or self._told(effective) or at
        in_clear = frozenset(name for name, whose in decision.whose.items() if whose is None)
        events = [
            self._record(stream, fact, when, at, by, decision.about, in_clear, decision, imported)
            for fact in decision.facts
        ]
        if isinstance(draft, HoldReleased):
            self._carry_out(stream, draft, at)
        return {"events": events, "warnings": [{"rule": w.rule, "message": w.message} for w in decision.cautions]}

    def _erase(self, stream, decision, at, by):
        """Destroy, record, and write the lines that follow from it."""
        child, day = self.state(stream), london_day(at)
        fact = decision.facts[0].completed(key_ids=[], key_destroyed=True, certificate={"memory": day.isoformat()})
        lines = lines_after(child, day, Now(at, by, self.policy(), look=self.look))
        self.erased |= dict.fromkeys(owners_of_child(child), day)
        events = [self._record(stream, fact, day, at, by, decision.about, frozenset(), decision)]
        events += [
            self._record(
                each.stream, each.decision.facts[0], day, at, by, each.decision.about, frozenset(), each.decision
            )
            for each in lines
        ]
        return {"events": events, "warnings": []}

    def _erase_subject(self, stream, decision, at, by):
        """Destroy and record."""
        day, told = london_day(at), decision.facts[0]
        owners = owners_of_subject(self.state(stream).history, stream, told.subject_id, told.kind)
        self.erased |= dict.fromkeys(owners, day)
        fact = told.completed(key_ids=[], certificate={"memory": day.isoformat()})
        return {
            "events": [self._record(stream, fact, day, at, by, decision.about, frozenset(), decision)],
            "warnings": [],
        }

    def _carry_out(self, stream, release, at):
        """What waited for a hold that is released, and is due, is erased the same day (SCR-06)."""
        hold = next(each for each in holds_of(self.history(stream)) if each.hold_id == release.hold_id)
        data = {"erased_on": london_day(at).isoformat()}
        for child in waiting_under(hold.placed.fact, Now(at, SYSTEM, self.policy(), look=self.look)):
            self.give(at.astimezone(LONDON), SYSTEM, child.replace("-", "/", 1), "EraseChild", data)

    def state(self, stream):
        aggregate = AGGREGATES[noun_of(stream)]
        return aggregate.fold(self.history(stream, opens=aggregate.opens))

    def look(self, names):
        return {name: self.state(name) for name in names}

    def numbered(self, client_id):
        streams = dict.fromkeys(each.stream for each in self.records if each.stream.startswith(("offender-", "child-")))
        day = london_day(self.records[-1].recorded)
        found = [person(each, self.history(each, opens=WHO), day) for each in streams]
        return tuple(each.stream for each in found if each and each.client_id == client_id)

    def _told(self, effective):
        if effective is None:
            return None
        return date.fromisoformat(effective) if len(effective) == 10 else instant(effective)

    def _record(self, stream, fact, when, at, by, about, in_clear, decision=None, imported=False):
        at = at.astimezone(UTC)
        record = Kept(
            position=len(self.records) + 1,
            stream=stream,
            version=sum(each.stream == stream for each in self.records) + 1,
            id=str(uuid4()),
            fact=fact,
            effective=when,
            recorded=at,
            by=by,
            about=about,
            under=decision.under if decision else (),
            rests_on=decision.rests_on if decision else (),
            in_clear=in_clear,
            found=tuple((name, whose) for name, whose in decision.whose.items() if whose) if decision else (),
            source_recorded=at if imported else None,
        )
        assert all(a.recorded <= b.recorded for a, b in pairwise([*self.records, record])), "time runs forward"
        self.records.append(record)
        return {"id": record.id, "position": record.position, "type": type(fact).__name__}

    # ---------------------------------------------------------------- reading

    def history(self, stream, known=None, opens=None):
        known = len(self.records) if known is None else known
        chain = (each for each in self.records[:known] if each.stream == stream or stream in each.about)
        return [closed(each, opens, self.erased) for each in chain]

    def policy(self):
        return Policy.fold([each for each in self.records if each.stream in ("policy", "ledger")])

    def known(self, known_at):
        if known_at is None:
            return len(self.records)
        return sum(each.recorded <= known_at for each in self.records)

    def ask(self, path, as_at, known_at, explain=False):
        noun, *rest = path.split("/")
        known = self.known(known_at)
        if noun == "worklist":
            return {"items": self._rows(rest[0], as_at, known)}
        if noun == "report":
            return {"items": self._report(rest[0], as_at)}
        if (noun, *rest[1:]) == ("placement", "session-sheet"):
            return {"items": self._sheet(f"placement-{rest[0]}", as_at)}
        wanted = noun, rest[1] if len(rest) > 1 else noun
        view = next((each for each in VIEWS if (each.noun, each.name) == wanted), None)
        if view is None:
            raise NotFound(f"no view {path}")
        history = self.history(f"{noun}-{rest[0]}", known, view.opens)
        return view.answer(
            history, self.policy(), as_at, known, explain, lambda name: self.history(name, known, view.opens)
        )

    def _rows(self, name, as_at, known):
        if name not in WORKLISTS:
            raise NotFound(f"no worklist {name}")
        worklist = WORKLISTS[name]
        streams = dict.fromkeys(each.stream for each in self.records[:known] if noun_of(each.stream) == worklist.noun)
        opens = {**AGGREGATES[worklist.noun].opens, **READ_OF_CHILD_CASES}
        rows = [
            row
            for stream in streams
            for row in worklist.rows_of(stream, self.history(stream, known, opens), self.policy(), as_at, known)
        ]
        rows.sort(key=worklist.rank_of)
        told = [worklist.ages(orjson.loads(orjson.dumps(row)), as_at, self.policy().as_known(known)) for row in rows]
        return (
            [row | self._person(row[worklist.names_person], as_at, known) for row in told]
            if worklist.names_person
            else told
        )

    def _report(self, name, as_at):
        match name:
            case "late-recording":
                return late_recording.by_team(self._rows(name, as_at, len(self.records)))
            case "backlog":
                return backlog.by_unit(self._rows(name, as_at, len(self.records)))
            case "judgements":
                tally = judgements.Tally()
                for stream in dict.fromkeys(each.stream for each in self.records if noun_of(each.stream) == "offender"):
                    tally.add(stream, self.history(stream, opens=judgements.OPENS), as_at)
                return tally.rows()
            case _:
                raise NotFound(f"no report {name}")

    def _sheet(self, stream, day):
        """As a supervisor sees it, who reads of risk."""
        placement = Placement.fold(self.history(stream, opens=session_sheet.OPENS))
        asked = session_sheet.Asked(placement, self.policy(), day, len(self.records), risk=True)
        lines = (
            session_sheet.row_of(each, self.history(each.stream, opens=session_sheet.OPENS), asked)
            for each in session_sheet.expected(placement, day)
        )
        return sorted((each for each in lines if each), key=lambda each: (each["name"].casefold(), each["session_id"]))

    def _person(self, offender_id, as_at, known):
        stream = f"offender-{offender_id}"
        return persons.person(stream, self.history(stream, known, persons.OPENS), as_at)
