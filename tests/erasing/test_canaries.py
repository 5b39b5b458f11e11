"""Nothing of whoever is erased lies anywhere: looked for byte by byte before the erasures, after, and after a restore.

A mark stands in every sealed field of every command that tells of a child, of a person, a victim and a third party: the
commands are those of the catalogue.  Searched are all files of both clusters (tables, indexes, lists, WAL, logs,
temporary files), the home of the ledger with its list of erasures, the folder of temporary files, what the program
logs, dumps of both databases, backups, and what the tiles of entries give out.  What lies there sealed is opened with
every key there is: before, each mark comes out; of whoever is erased none does, from the ledger, the access log, or the
ledger restored from a backup of before.  At last every possible wrapped key is carved out of the bytes of the vault.
"""

from __future__ import annotations

import logging
import subprocess
import tempfile
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from tests.conftest import Clusters
from tests.doors import Door, days_ago, opened
from tests.erasing import carving
from tests.erasing.family import OFFICER, PRACTITIONER, Family
from tests.erasing.subjects import KINDS, Somebody
from tests.journeys.planting import MARK, Planter, everything_in, found_in, role_for
from tests.store.safes import a_safe, backed_up

from ledger.aggregates import AGGREGATES
from ledger.aggregates.after import FOLLOWING
from ledger.aggregates.corrections import CORRECTING
from ledger.aggregates.roles import ROLES
from ledger.aggregates.shape import Fact, Subject
from ledger.errors import Refused
from ledger.playing import STAGE, throwaway_clusters
from ledger.privacy.sealing import Box, DataKey, open_box
from ledger.settings import Settings
from ledger.store.embedded import EmbeddedCluster
from ledger.store.log import Log
from ledger.store.opening import embedded_place
from ledger.store.vault import secret_file

STAYS = "STAYS"  # what is told of staff, and in a review of nobody in particular


@dataclass
class Story:
    """Who is told of, and what was planted of each."""

    home: Family
    folder: Path  # for what is made to be looked at: dumps, tiles, backups
    clusters: Clusters
    planter: Planter = field(default_factory=Planter)
    subjects: dict[str, Somebody] = field(default_factory=dict[str, Somebody])
    marks: dict[str, set[str]] = field(default_factory=lambda: {kind: set() for kind in (*KINDS, STAYS)})

    def give(self, noun: str, fact: type[Fact], **more: Any) -> str | None:
        """Something in every sealed field; its id, None where a rule refuses it.  Whose each mark is, the fact says."""
        before, body = len(self.planter.planted), self.planter.body(noun, fact, more)
        try:
            answer = self.home.give(f"{noun}/{self.planter.target(noun)}", fact.command, body, role_for(noun, fact))
        except Refused:
            return None
        for number, where in enumerate(self.planter.planted[before:], before):
            mark, name = f"{MARK} {number}.", where.rpartition(".")[2]
            if mark in str(body):  # unless something else was to be said there
                self.marks[self._kind(noun, fact, name)].add(mark)
        return answer.body["events"][0]["id"]

    def _kind(self, noun: str, fact: type[Fact], name: str) -> str:
        subject = fact.whose[name].subject
        if noun == "child" or subject is Subject.CHILD:
            return "CHILD"
        if subject is Subject.VICTIM:
            return "VICTIM"
        if subject is Subject.STAFF or noun == "case-review":
            return STAYS
        return "THIRD_PARTY" if fact.command == "ShareInformation" and subject is Subject.THIRD_PARTY else "OFFENDER"

    def where(self, mark: str) -> str:
        """Noun, fact and field."""
        return self.planter.planted[int(mark.split()[1].rstrip("."))]

    def readable(self, door: Door) -> str:
        """Whatever opens, of both logs, with whatever key there is."""
        return "".join(told for log in (door.ledger.store, door.ledger.store.access) for told in texts(door, log))


def texts(door: Door, log: Log) -> Iterator[str]:
    size = door.run(log.database.head())
    entries = door.run(log.database.entries(1, size.size if size else 0))
    boxes = door.run(log.database.boxes([at for at, _, _ in entries]))
    keys = door.run(door.ledger.store.vault.keys_by_id({box.key_id for each in boxes.values() for box in each}))
    for at, _, entry in entries:
        for box in boxes.get(at, ()):
            if box.key_id in keys:
                yield str(open_box(log.origin, orjson.loads(entry)["id"], keys[box.key_id], box))


# ---------------------------------------------------------------------------------------- the ground


@pytest.fixture
def story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, open_tmp_path: Path) -> Generator[Story]:
    """With clusters, a folder for whatever is temporary, and a file of all that is logged, of its own."""
    with throwaway_clusters() as (ledger, vault):
        with psycopg.connect(vault.conninfo("postgres", "postgres"), autocommit=True) as connection:
            # What the vault writes into its log lies there as it is: to unpack pages is the thief's least trouble.
            connection.execute(f"ALTER ROLE {vault.app_role} SET wal_compression = off".encode())
        monkeypatch.setattr(tempfile, "tempdir", str(open_tmp_path))
        logged = logging.FileHandler(open_tmp_path / "logged")
        logging.getLogger().addHandler(logged)
        monkeypatch.setattr(logging.getLogger(), "level", logging.DEBUG)
        places = [embedded_place(cluster, STAGE) for cluster in (ledger, vault)]
        home = open_tmp_path / "home"
        try:
            with opened(Settings(home=home, vault_backup_days=0), places) as door:
                setting = {
                    "key": "dp.retention_years",
                    "new": "2",
                    "effective_from": days_ago(3000),
                    "reason": "agreed",
                }
                door.give("policy/policy", "ChangeSetting", setting, "chief-officer", key=uuid4())
                yield Story(Family(door), tmp_path, Clusters(ledger, vault))
        finally:
            logging.getLogger().removeHandler(logged)
            logged.close()


def told(story: Story) -> None:
    """All there is to tell of a child of a person, of the person, of a victim and of a third party."""
    ids, home = story.planter.ids, story.home
    of = {each.__name__: (noun, each) for noun in AGGREGATES for each in AGGREGATES[noun].every_fact}
    # The ground: a person whose time has come, and a child on the register.
    story.give(*of["OffenderRecorded"])
    order = {"sentence_date": days_ago(1500), "order_end_date": days_ago(1200)}
    assert story.give(*of["OrderMade"], **order)
    assert story.give(*of["ChildRecorded"])
    first = home.told(f"child-{ids['child']}")[0].members["id"]
    on = {"child_id": ids["child"], "on": days_ago(1400)}
    assert story.give(*of["R7Submitted"], **on)
    made = {"child_ids": [ids["child"]], "ground": "REGISTER_CHILD", "registered_on": days_ago(1400)}
    assert story.give(*of["RegisterEntryMade"], **made)
    assert story.give(*of["SeriousIncidentReferred"], child_refs=[ids["child"]], offender_refs=[])
    # Everything else of those it may concern, as far as a rule lets it be told: what one begins the next builds on.
    wanted: set[str] = set()
    for noun in ("child", "child-protection-matter", "case-review", "register-entry", "offender"):
        for fact in AGGREGATES[noun].facts:
            childs = noun == "child" or any(whose.subject is Subject.CHILD for whose in fact.whose.values())
            if not fact.command or fact in FOLLOWING or not (fact.whose or noun == "child-protection-matter"):
                continue
            done = story.give(noun, fact, **further(story, fact))
            if fact.command == "ShareInformation" and done:
                story.subjects["THIRD_PARTY"] = Somebody("THIRD_PARTY", home, f"offender/{ids['offender']}", done, "")
            assert done or not childs or fact.__name__ in ("ChildRecorded", "R7Submitted"), fact
            wanted |= {fact.__name__} if done else set()
    assert len(wanted) > 70  # of the person's own, some are refused: an order that is over takes no session
    correction, value = CORRECTING[0], story.planter.word("child.RecordCorrected.corrected_value")
    assert story.give("child", correction, event_ref=first, field="surname", corrected_value=value)
    story.marks["CHILD"].add(value)
    story.subjects["CHILD"] = Somebody("CHILD", home, f"child/{ids['child']}", ids["child"], "")
    for kind, name in (("OFFENDER", "offender"), ("VICTIM", "victim")):
        story.subjects[kind] = Somebody(kind, home, f"offender/{ids['offender']}", ids[name], "")


def further(story: Story, fact: type[Fact]) -> dict[str, Any]:
    """What an example cannot know: which child is meant, when it ended, whom to let in who goes on with the case."""
    more: dict[str, Any] = {"child_ref": story.planter.ids["child"]} if "child_ref" in fact.model_fields else {}
    if fact.command == "RestrictAccess":
        more["user_ids"] = [story.home.door.actor(role).id for role in sorted(ROLES)]
    if fact.command == "RecordChildContact":
        more["purpose"] = f"to decide on a referral: {story.planter.word('child.ChildContactRecorded.purpose')}"
    if fact.command == "EndSupervision":
        more["ended_on"] = days_ago(1100)  # so long ago that the record may go
    return more


# ---------------------------------------------------------------------------------------- looking


def looked_at(story: Story, *backups: Path) -> list[Path]:
    """Every folder there is, with what is in memory written, and dumps and tiles as anybody gets them."""
    made = story.folder / f"seen-{uuid4().hex}"
    made.mkdir()
    door = story.home.door
    for place, cluster in zip(door.places, (story.clusters.ledger, story.clusters.vault), strict=True):
        with psycopg.connect(cluster.conninfo("postgres", "postgres"), autocommit=True) as connection:
            connection.execute("CHECKPOINT")
        (made / f"dump-{cluster.name}").write_bytes(dumped(cluster, place.owner()))
    for number in range(door.size // 256 + 1):
        width = "" if number < door.size // 256 else f".p/{door.size % 256}"
        answer = door.get(f"/log/tile/entries/{number:03}{width}", "auditor")
        assert answer.status_code == 200, answer.text
        (made / f"tile-{number}").write_bytes(answer.content)
    return [Path(tempfile.gettempdir()), made, *backups, story.clusters.ledger.folder, story.clusters.vault.folder]


def dumped(cluster: EmbeddedCluster, conninfo: str) -> bytes:
    given = conninfo_to_dict(conninfo)
    to = ("-h", str(given["host"]), "-p", str(given["port"]), "-U", str(given["user"]), str(given["dbname"]))
    environment = {"PGPASSWORD": str(given["password"])}
    return subprocess.run([cluster.program("pg_dump"), *to], env=environment, capture_output=True, check=True).stdout


def carved(story: Story) -> Iterator[bytes]:
    with psycopg.connect(story.clusters.vault.conninfo("postgres", "postgres"), autocommit=True) as connection:
        connection.execute("CHECKPOINT")
    seen: set[bytes] = set()
    for _, data in everything_in([story.clusters.vault.folder / "data"]):
        for each in carving.carved(data):
            if each not in seen:
                seen.add(each)
                yield each


def at_hand(keys: Path) -> list[bytes]:
    """The wrapping keys that are there."""
    return [secret_file(each) for each in keys.iterdir() if each.name.startswith("vault.key")]


def old_boxes(story: Story) -> dict[str, tuple[str, Box]]:
    """Of every key one fact with its ciphertext, as a thief may have them from before."""
    door, store = story.home.door, story.home.door.ledger.store
    entries = door.run(store.database.entries(1, door.size))
    found = door.run(store.database.boxes([at for at, _, _ in entries]))
    facts = {at: orjson.loads(entry)["id"] for at, _, entry in entries}
    return {str(UUID(bytes=box.key_id)): (facts[at], box) for at, boxes in found.items() for box in boxes}


def those_that_open(
    story: Story, boxes: dict[str, tuple[str, Box]], ids: Sequence[str], everything: Sequence[bytes]
) -> set[str]:
    """The ids of the keys that come out of these bytes and open what they sealed."""
    origin, keys = story.home.door.ledger.store.origin, at_hand(story.home.door.settings.home / "keys")
    found = carving.opened(everything, ids, keys)
    return {name for name, key in found.items() if open_box(origin, boxes[name][0], DataKey(name, key), boxes[name][1])}


# ---------------------------------------------------------------------------------------- the test


@pytest.mark.timeout(300)
def test_nothing_of_whoever_is_erased_lies_anywhere_and_no_key_is_left_that_opens_it(story: Story) -> None:
    told(story)
    home, door = story.home, story.home.door
    assert all(story.marks.values())
    assert len(story.marks["CHILD"]) >= 30
    for path in (f"/children/{story.planter.ids['child']}", f"/offenders/{story.planter.ids['offender']}/chronology"):
        assert MARK in str(home.seen(path, "chief-officer"))
    shown = story.readable(door)
    assert [mark for marks in story.marks.values() for mark in marks if mark not in shown] == []
    old, boxes = backed_up(door, story.folder / "before"), old_boxes(story)
    assert found_in(looked_at(story, story.folder / "before"), story.planter) == []

    to, today = f"register-entry/{story.planter.ids['register_entry']}", days_ago(0)
    given = {"ground": "CHILD_REMOVED", "occurred_on": today, "notified_on": today}
    home.give(to, "NotifyDeregistration", given, PRACTITIONER)
    home.give(to, "CloseRegisterEntry", {"ground": "CHILD_REMOVED", "closed_on": today}, OFFICER)
    gone: set[str] = set()
    left = set[str]().union(*story.marks.values())
    for kind in ("CHILD", "VICTIM", "THIRD_PARTY", "OFFENDER"):
        story.subjects[kind].erase()
        [erased] = story.subjects[kind].facts("data-erased.v1")
        gone |= set(erased.members["values"]["key_ids"])
        shown, left = story.readable(door), left - story.marks[kind]
        assert [story.where(mark) for mark in story.marks[kind] if mark in shown] == [], kind
        assert [story.where(mark) for mark in left if mark not in shown] == [], kind
    backed_up(door, story.folder / "after")
    assert found_in(looked_at(story, story.folder), story.planter) == []

    with a_safe(story.clusters, door.settings.home / "keys", vault_backup_days=0) as safe:
        listed = [door.settings.home / "erasures.jsonl"]
        safe.restore(ledger=old.ledger.path, vault=old.vault.path, erasures=listed)
        with safe.opened() as again:
            shown = story.readable(again)
            assert [story.where(mark) for kind in KINDS for mark in story.marks[kind] if mark in shown] == []
            assert [story.where(mark) for mark in story.marks[STAYS] if mark not in shown] == []
        assert found_in(looked_at(story, story.folder), story.planter) == []

    ids = [each for each in gone if each in boxes]
    assert len(ids) >= 5
    assert those_that_open(story, boxes, ids[:3], list(carved(story)))  # destroyed in the table only
    door.run(door.ledger.store.vault.epochs.rewrap())
    kept = [each for each in boxes if each not in gone]
    everything = list(carved(story))
    assert those_that_open(story, boxes, ids, everything) == set()
    assert those_that_open(story, boxes, kept[:1], everything) == set(kept[:1])  # the carving works
    for kind in KINDS:
        story.subjects[kind].finalise()
        assert story.subjects[kind].steps() == ["finalised"]
