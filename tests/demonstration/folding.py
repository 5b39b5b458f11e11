"""Lines played without a database: every command decided by its aggregate, in order, as the role it names."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from ledger.aggregates import AGGREGATES, COMMANDS, noun_of
from ledger.aggregates.ledger_stream import release_in_force
from ledger.aggregates.policy import Policy
from ledger.aggregates.roles import roles_for
from ledger.aggregates.shape import CLOSED, Actor, Fact, Now, Recorded, in_london
from ledger.demonstration import Line, names_a_line
from ledger.errors import Refused

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass
class Folded:
    """What the lines came to."""

    histories: dict[str, list[Recorded[Any]]] = field(default_factory=dict)
    refused: list[tuple[Line, str]] = field(default_factory=list)
    warned: list[tuple[Line, str]] = field(default_factory=list)
    policy: Policy = field(default_factory=lambda: Policy.fold([_release()]))
    known: int = 1

    def offenders(self) -> list[list[Recorded[Any]]]:
        return self.cases("offender")

    def cases(self, noun: str) -> list[list[Recorded[Any]]]:
        return [history for stream, history in self.histories.items() if noun_of(stream) == noun]


def _release() -> Recorded[Any]:
    system = Actor(str(UUID(int=0, version=4)), "system")
    return Recorded(1, "ledger", 1, str(UUID(int=1, version=4)), release_in_force(), BEGINNING, BEGINNING, system)


def fold(lines: Sequence[Line]) -> Folded:
    """Play the lines; a correction gets the id of the fact whose line it names."""
    folded, states, ids = Folded(), {}, {}

    def look(names):
        return {name: states.setdefault(name, AGGREGATES[noun_of(name)].fold([])) for name in names}

    for line in lines:
        noun, _, target = line["to"].partition("/")
        stream = noun if noun == "policy" else f"{noun}-{target}"
        aggregate, fact_class = AGGREGATES[noun], COMMANDS[noun][line["command"]]
        named = names_a_line(line)
        data = {**line["data"], "event_ref": ids[named]} if named else line["data"]
        actor = Actor(line["by"]["id"], line["by"]["role"], line["by"].get("unit"))
        assert actor.role in roles_for(fact_class), f"{line['command']} is not given by {actor.role}"
        draft = fact_class.model_validate_json(json.dumps(data))
        moment = in_london(datetime.fromisoformat(line["at"]))
        try:
            now = Now(moment, actor, folded.policy, look=look)
            decision = aggregate.decide(look([stream])[stream], draft, now, stream)
        except Refused as refused:
            folded.refused.append((line, str(refused.refusals)))
            continue
        folded.warned += [(line, f"{each.rule} {each.message}") for each in decision.cautions]
        folded.known += 1
        (fact,) = decision.facts
        record = Recorded(
            position=folded.known,
            stream=stream,
            version=sum(each.stream == stream for each in folded.histories.get(stream, ())) + 1,
            id=str(UUID(int=folded.known, version=4)),
            fact=_closed(fact, aggregate.opens),
            effective=fact.effective() or decision.effective or moment,
            recorded=moment,
            by=actor,
            about=decision.about,
        )
        ids[line["key"]] = record.id
        for chain in (stream, *decision.about):
            folded.histories.setdefault(chain, []).append(record)
            if noun_of(chain) in AGGREGATES:
                states[chain] = AGGREGATES[noun_of(chain)].take(look([chain])[chain], record)
        if noun == "policy":
            folded.policy = Policy.fold([_release(), *folded.histories[stream]])
    return folded


def _closed(fact: Fact, opens: Any) -> Fact:
    """As a decoder gives it: sealed values closed, except those the fold says it reads."""
    kept = opens.get(type(fact).topic, ())
    shut = {name: CLOSED for name in type(fact).whose if name not in kept and getattr(fact, name) is not None}
    return fact.completed(**shut) if shut else fact
