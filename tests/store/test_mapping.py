"""From a fact to an entry and back, for every type of fact; and the bytes of every one, frozen.

PYTHONPATH=src python -m tests.store.test_mapping      writes tests/golden/entries.json anew
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError
from tests.store.ledgers import ORIGIN
from tests.store.samples import a_fact_of

from ledger.aggregates import FACTS
from ledger.aggregates.offender.facts import (
    AbsenceRecorded,
    BreachWarningGiven,
    EnforcementLetterIssued,
    EvidenceReceived,
    SessionScheduled,
)
from ledger.aggregates.shape import CLOSED, OFFENDER, Actor, Closed, Fact
from ledger.errors import UnknownFact
from ledger.privacy.owners import Owner
from ledger.privacy.sealing import Box, DataKey, holds, open_box
from ledger.store import binary, mapping
from ledger.store.appending import Append, Batch, Pending, Sealed, place
from ledger.store.facts import how_to_read, read_fact
from ledger.store.mapping import Draft, Envelope, Stored
from ledger.transparency.entry import parse_entry

GOLDEN = Path(__file__).parents[1] / "golden" / "entries.json"
BY = Actor("00000000-0000-4000-8000-000000000001", "supervisor", "North")
ID = "019a0000-0000-7000-8000-000000000001"
STREAM = "offender-00000000-0000-4000-8000-000000000002"
RECORDED = datetime(2025, 4, 9, 16, 30, 12, 345678, tzinfo=UTC)
PLAIN = Envelope(BY, policy=3)
FULL = Envelope(
    BY,
    policy=0,
    release=1,
    key="00000000-0000-4000-8000-000000000003",
    caused_by="import",
    seen={"position": 7, "as_at": "2025-04-07", "known_at": "2025-04-07T16:30:00.000000Z"},
    source={"system": "old-system", "recorded": "2019-01-01T09:00:00Z"},
    source_sealed={"by": "A. Clerk", "ref": "case 12"},
)

every_fact = pytest.mark.parametrize("fact_class", FACTS, ids=lambda each: each.topic)


class OneKeyEach(dict[Owner, DataKey]):
    """A key for each owner, made from its name: the same every time."""

    def __missing__(self, owner: Owner) -> DataKey:
        seed = sha256(f"{owner.id}/{owner.retention}".encode()).digest()
        self[owner] = DataKey(str(UUID(bytes=seed[:16])), seed)
        return self[owner]


def drafted(fact: Fact, **other: Any) -> Draft:
    return Draft(ID, STREAM, 1, fact, fact.effective() or date(2025, 4, 7), **other)


def sealed(pending: Pending) -> Sealed:
    """As the sequencer seals it at position 1."""
    return place(Append([pending]), Batch(0, {}), binary.microseconds(RECORDED))[0]


def entry_of(draft: Draft, envelope: Envelope = PLAIN) -> bytes:
    return sealed(mapping.pending(ORIGIN, draft, envelope, OneKeyEach())).entry


def opened_values(draft: Draft, envelope: Envelope = PLAIN) -> dict[str, Any]:
    """What the ciphertexts beside an entry hold, each value checked against its commitment."""
    keys = OneKeyEach()
    pending = mapping.pending(ORIGIN, draft, envelope, keys)
    members = parse_entry(sealed(pending).entry)
    by_id = {key.id_bytes: key for key in keys.values()}
    values: dict[str, Any] = {}
    for box in pending.sealed:
        values |= open_box(ORIGIN, ID, by_id[box.key_id], Box(box.key_id, box.nonce, box.data))
    for path, (commitment, key_id) in members.get("sealed", {}).items():
        assert holds(ID, by_id[UUID(key_id).bytes], path, values[path], commitment)
    assert set(values) == set(members.get("sealed", {}))
    return values


# ---------------------------------------------------------------------------------------- every type of fact


@every_fact
def test_an_entry_is_one_that_any_verifier_reads(fact_class: type[Fact]) -> None:
    draft = drafted(a_fact_of(fact_class))
    members = parse_entry(entry_of(draft))
    assert (members["type"], members["id"], members["version"]) == (fact_class.topic, ID, 1)


@every_fact
def test_a_fact_comes_back_as_it_was_when_its_values_are_opened(fact_class: type[Fact]) -> None:
    draft = drafted(a_fact_of(fact_class))
    record = mapping.recorded(Stored.of(1, entry_of(draft)), opened_values(draft))
    assert record.fact == draft.fact
    assert (record.stream, record.version, record.id, record.position) == (STREAM, 1, ID, 1)
    assert (record.effective, record.by, record.policy) == (draft.effective, BY, 3)
    assert record.recorded == RECORDED


@every_fact
@pytest.mark.parametrize("envelope", [PLAIN, FULL], ids=["plain", "imported"])
def test_what_is_remembered_is_exactly_what_would_be_read_back(fact_class: type[Fact], envelope: Envelope) -> None:
    draft = drafted(a_fact_of(fact_class), about=("staff-2", "placement-1"), under=("B", "A"), rests_on=(4, 2))
    stored = Stored.of(1, entry_of(draft, envelope))
    for opens in ((), tuple(fact_class.whose), tuple(fact_class.whose)[:1]):
        opened = {
            path: value
            for path, value in opened_values(draft, envelope).items()
            if path.partition("/")[0] in opens and path != mapping.SOURCE_BY  # which no decision opens
        }
        assert mapping.as_read(draft, envelope, 1, RECORDED, opens) == mapping.recorded(stored, opened)


@every_fact
def test_nothing_sealed_stands_in_the_entry_and_all_of_it_comes_back_closed(fact_class: type[Fact]) -> None:
    draft = drafted(a_fact_of(fact_class))
    entry = entry_of(draft)
    assert not set(fact_class.whose) & set(parse_entry(entry).get("values", {}))
    fact = mapping.recorded(Stored.of(1, entry)).fact
    for name in fact_class.whose:
        value = getattr(fact, name)
        closed = all(isinstance(each, Closed) for each in value) if isinstance(value, list) else value == CLOSED
        assert closed, name


@every_fact
def test_a_fact_is_read_as_pydantic_reads_it(fact_class: type[Fact]) -> None:
    draft = drafted(a_fact_of(fact_class))
    assert how_to_read(fact_class) is not None, "pydantic reads it, ten times slower"
    values = dict(Stored.of(1, entry_of(draft)).members.get("values", {})) | opened_values(draft)
    whole = {name: value for name, value in values.items() if "/" not in name}
    for name in {path.partition("/")[0] for path in values if "/" in path}:
        whole[name] = [value for path, value in values.items() if path.partition("/")[0] == name]
    closed = {name: ([CLOSED] if isinstance(whole[name], list) else CLOSED) for name in fact_class.whose}
    few = {name: value for name, value in whole.items() if fact_class.model_fields[name].is_required()}
    for given in (whole, whole | closed, few):
        read, slowly = read_fact(fact_class, given), _by_pydantic(fact_class, given)
        if isinstance(slowly, ValidationError):  # a list of several people's texts is closed one by one
            continue
        assert read == slowly
        assert list(vars(read).items()) == list(vars(slowly).items())
        assert [type(each) for each in vars(read).values()] == [type(each) for each in vars(slowly).values()]
        assert read.model_fields_set == slowly.model_fields_set
        assert read.completed() == slowly.completed()


def _by_pydantic(fact_class: type[Fact], given: Mapping[str, Any]) -> Fact | ValidationError:
    try:
        return fact_class.model_validate(dict(given), strict=False)
    except ValidationError as problem:
        return problem


def test_values_that_are_not_those_of_the_type_are_refused_in_its_words() -> None:
    values = {"absence_id": ID, "order_id": ID, "appointment_kind": "UPW", "date": "2025-04-07", "kind": "FTA"}
    assert read_fact(AbsenceRecorded, values).effective() == date(2025, 4, 7)
    with pytest.raises(ValidationError, match=r"kind\n +Field required"):
        read_fact(AbsenceRecorded, {name: value for name, value in values.items() if name != "kind"})
    for more in ({"weather": "rain"}, {"weather": "rain", "kind": "FTA"}):
        with pytest.raises(ValidationError, match=r"weather\n +Extra inputs"):
            read_fact(AbsenceRecorded, values | more)


def test_the_entries_of_all_facts_are_those_of_the_golden_file() -> None:
    golden = json.loads(GOLDEN.read_text("utf-8"))
    assert golden_entries() == golden, "an entry's bytes changed; if that is meant, run this module to write it anew"


# Fields that came later: without them an entry is to the byte what it was before there were any.
WRITTEN = ("template", "template_edition", "template_digest", "words", "words_digest")
LATER: Mapping[type[Fact], tuple[str, ...]] = {
    EnforcementLetterIssued: WRITTEN,
    BreachWarningGiven: WRITTEN,
    SessionScheduled: ("female_supervisor", "no_female_supervisor_reason"),
}


def golden_entries() -> dict[str, str]:
    made: dict[str, bytes] = {}
    for each in sorted(FACTS, key=lambda each: each.topic):
        fact = a_fact_of(each)
        made[each.topic] = entry_of(drafted(fact.completed(**dict.fromkeys(LATER.get(each, ())))))
        if each in LATER:
            made[f"{each.topic} (with what came later)"] = entry_of(drafted(fact))
    made["(all members of an envelope)"] = entry_of(full_draft(), FULL)
    return {name: entry.decode() for name, entry in made.items()}


def full_draft() -> Draft:
    return drafted(
        a_fact_of(AbsenceRecorded),
        about=("placement-b", "placement-a"),
        under=("ENF-03@manual-2022", "ENF-02@manual-2022"),
        rests_on=(9, 7),
        marking="RESTRICTED",
    )


# ---------------------------------------------------------------------------------------- members


def test_every_member_of_an_envelope_is_written_where_it_belongs() -> None:
    members = parse_entry(entry_of(full_draft(), FULL))
    assert members["about"] == ["placement-a", "placement-b"]
    assert members["under"] == ["ENF-02@manual-2022", "ENF-03@manual-2022"]
    assert members["rests_on"] == [7, 9]
    assert members["seen"] == FULL.seen
    assert members["source"] == FULL.source
    assert set(members["sealed"]) == {"note", "source/by", "source/ref"}
    assert (members["policy"], members["release"], members["marking"]) == (0, 1, "RESTRICTED")
    assert (members["key"], members["caused_by"]) == (FULL.key, "import")


def test_an_imported_fact_tells_when_the_other_system_recorded_it() -> None:
    record = mapping.recorded(Stored.of(1, entry_of(full_draft(), FULL)))
    assert record.source_recorded == datetime(2019, 1, 1, 9, tzinfo=UTC)
    assert opened_values(full_draft(), FULL)["source/by"] == "A. Clerk"


def test_what_is_absent_is_left_out() -> None:
    fact = AbsenceRecorded(absence_id=ID, order_id=ID, appointment_kind="UPW", date=date(2025, 4, 7), kind="FTA")
    members = parse_entry(entry_of(drafted(fact)))
    assert set(members) == {
        "entry", "id", "stream", "version", "previous", "type", "effective", "recorded", "by", "policy", "values",
    }  # fmt: skip
    assert set(members["values"]) == {"absence_id", "order_id", "appointment_kind", "date", "kind"}
    assert mapping.recorded(Stored.of(1, entry_of(drafted(fact)))).fact == fact


def test_the_chains_that_move_are_those_the_entry_names() -> None:
    """Named twice, or its own stream: the chain would grow by what no entry says."""
    draft = drafted(a_fact_of(AbsenceRecorded), about=("placement-b", STREAM, "placement-a", "placement-b"))
    pending = mapping.pending(ORIGIN, draft, PLAIN, OneKeyEach())
    assert list(pending.about) == parse_entry(sealed(pending).entry)["about"] == ["placement-a", "placement-b"]


def test_an_instant_is_written_in_utc_with_six_decimals() -> None:
    fact = a_fact_of(EvidenceReceived).completed(received_at=datetime.fromisoformat("2025-07-01T10:00:00+01:00"))
    draft = replace(drafted(fact), effective=datetime.fromisoformat("2025-07-01T10:00:00+01:00"))
    members = parse_entry(entry_of(draft))
    assert members["values"]["received_at"] == members["effective"] == "2025-07-01T09:00:00.000000Z"


def test_a_correction_may_open_or_close_what_its_field_says() -> None:
    fact = a_fact_of(AbsenceRecorded)
    members = parse_entry(entry_of(drafted(fact, whose={"note": None, "kind": OFFENDER})))
    assert "note" in members["values"]
    assert set(members["sealed"]) == {"kind"}


def test_a_fact_of_a_newer_release_is_named() -> None:
    stored = Stored(4, {"type": "offender.not-invented-yet.v9"})
    with pytest.raises(UnknownFact, match=r"position 4 is of type offender\.not-invented-yet\.v9"):
        mapping.recorded(stored)


def test_ids_of_facts_are_random_uuids_of_version_7_in_order_of_time() -> None:
    early, late = datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 1, 2, tzinfo=UTC)
    ids = [mapping.fact_id(early), mapping.fact_id(late)]
    assert ids == sorted(ids)
    assert len({mapping.fact_id(early) for _ in range(100)}) == 100
    for each in ids:
        assert (UUID(each).version, UUID(each).variant) == (7, "specified in RFC 4122")
    assert UUID(ids[0]).int >> 80 == int(early.timestamp() * 1000)


def _write(entries: Mapping[str, str]) -> None:
    GOLDEN.write_text(json.dumps(entries, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    _write(golden_entries())
