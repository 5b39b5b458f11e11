"""The seal of secured records is made again whenever a review is looked at: what was changed or is gone since shows
(SCR-03)."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from tests.conftest import Clusters
from tests.doors import Door, new_door
from tests.erasing.family import Family
from tests.web.browsing import signed_in, text_of
from tests.web.test_reviews import Reviewing

from ledger.application import resealing


@pytest.fixture
def spoiling(clusters: Clusters, ledger_template: str, vault_template: str) -> Generator[Spoiling]:
    """A review in a ledger that may be spoiled."""
    with new_door(clusters.ledger, clusters.vault, verified=False) as door:
        made = Reviewing(Family(door))
        made.secured()
        yield Spoiling(door, clusters, made)


@pytest.fixture
def review(door: Door) -> Reviewing:
    made = Reviewing(Family(door))
    made.secured()
    return made


@dataclass
class Spoiling:
    """What somebody does who may take the triggers away."""

    door: Door
    clusters: Clusters
    review: Reviewing

    @property
    def newest(self) -> int:
        """The position of the person's last fact before the records were secured."""
        held = self.door.run(self.door.ledger.store.database.stream(f"offender-{self.review.home.case.id}"))
        return max(each.position for each in held if each.position < seals(self.review)[0]["position"])

    def spoil(self, statement: str, *values: Any) -> None:
        name = str(conninfo_to_dict(self.door.places[0].application())["dbname"])
        with psycopg.connect(self.clusters.ledger.conninfo("postgres", name)) as connection:
            connection.execute("SET LOCAL session_replication_role = replica")
            assert connection.execute(statement.encode(), values).rowcount == 1


def seals(review: Reviewing, role: str = "aco", **asked: Any) -> list[dict[str, Any]]:
    return review.home.seen(f"/case-reviews/{review.id}", role, **asked)["seals"]


def test_the_seal_is_made_again_from_the_log_and_agrees_whatever_is_recorded_since(review: Reviewing, door: Door):
    (seal,) = seals(review)
    assert seal["agrees"] is True
    assert seal["made_again"] == seal["seal_hash"] == review.home.seen(f"/case-reviews/{review.id}", "aco")["seal_hash"]
    assert seal["facts"] > 1
    assert abs((datetime.now(UTC) - datetime.fromisoformat(seal["made_at"])).total_seconds()) < 60
    door.give(review.home.case.to, "RecordCommunicationNeed", {"need_type": "SIGNING"}, "practitioner", key=uuid4())
    (again,) = seals(review)
    assert (again["agrees"], again["made_again"], again["facts"]) == (True, seal["made_again"], seal["facts"])
    page = text_of(signed_in(door, "aco").get(review.at))
    assert "Made again from the log on" in page
    assert "Agrees" in page
    assert "Differs" not in page


def test_nothing_is_made_again_before_anything_is_secured(door: Door):
    assert seals(Reviewing(Family(door))) == []


def test_each_of_two_securings_has_a_seal_of_its_own_the_newest_first(review: Reviewing):
    first = seals(review)[0]["position"]
    review.secured()
    found = seals(review)
    assert [each["agrees"] for each in found] == [True, True]
    assert found[0]["position"] > found[1]["position"] == first


def test_a_fact_that_is_gone_from_the_secured_records_shows_in_words(spoiling: Spoiling):
    review = spoiling.review
    before = seals(review)[0]
    spoiling.spoil("DELETE FROM entries WHERE position = %s", spoiling.newest)
    (seal,) = seals(review)
    assert (seal["agrees"], seal["changed"], seal["facts"]) == (False, [], before["facts"] - 1)
    assert seal["made_again"] != seal["seal_hash"] == before["seal_hash"]
    page = text_of(signed_in(spoiling.door, "chief-officer").get(review.at))
    assert "Differs" in page
    assert "a fact is missing, or another stands in its place" in page
    assert "Records secured as they were: its seal differs" in page


def test_a_fact_that_somebody_slipped_in_before_the_securing_shows_too(spoiling: Spoiling):
    review, before = spoiling.review, seals(spoiling.review)[0]
    spoiling.spoil("INSERT INTO about VALUES (%s, 1)", f"offender-{review.home.case.id}")
    (seal,) = seals(review)
    assert (seal["agrees"], seal["facts"]) == (False, before["facts"] + 1)


@pytest.mark.parametrize("readable", [True, False])
def test_a_fact_that_was_changed_where_it_stands_is_named(spoiling: Spoiling, readable: bool):
    position = spoiling.newest
    other = """replace(convert_from(entry, 'UTF8'), '"effective":"20', '"effective":"19')::bytea"""
    change = other if readable else "'{'::bytea"
    spoiling.spoil(f"UPDATE entries SET entry = {change} WHERE position = %s", position)
    (seal,) = resealed(spoiling.door, spoiling.review)
    assert (seal["agrees"], seal["changed"]) == (False, [position])
    assert (seal["made_again"] == seal["seal_hash"]) is readable, "its id still is where it was"


def resealed(door: Door, review: Reviewing) -> list[dict[str, Any]]:
    """The seals by the log alone: what was changed may be no fact that a page could be made of."""
    stored = door.run(door.ledger.store.database.stream(f"case-review-{review.id}"))
    course = [
        {
            "type": "RecordsSecured",
            "position": each.position,
            "says": {**each.members["values"], "secured_at": each.members["effective"]},
        }
        for each in stored
        if each.type == "case-review.records-secured.v1"
    ]
    made = resealing.Resealing(door.ledger.store.database, door.ledger.store.deadline)
    return door.run(made.again(course))


def test_what_is_more_than_a_page_reads_is_not_made_again_and_says_so(
    review: Reviewing, door: Door, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(resealing, "MOST", 1)
    (seal,) = seals(review)
    assert (seal["agrees"], seal["made_again"], seal["facts"]) == (None, None, None)
    page = text_of(signed_in(door, "aco").get(review.at))
    assert "it was not made again here" in page
    assert "Differs" not in page


def test_an_auditor_who_reads_states_and_days_alone_is_told_whether_it_agrees(review: Reviewing):
    (seal,) = seals(review, "auditor")
    assert seal["agrees"] is True


def test_what_two_records_of_one_person_held_is_in_the_seal_together(door: Door):
    made = Reviewing(Family(door))
    other = door.new_case()
    door.give(other.to, "MergePersons", {"into": made.home.case.id, "reason": "told twice"}, "information-officer")
    made.secured()
    (seal,) = seals(made)
    assert seal["agrees"] is True
    told = {"from_person": made.home.case.id, "reason": "two after all"}
    door.give(other.to, "SeparatePersons", told, "information-officer")
    assert seals(made)[0]["made_again"] == seal["seal_hash"], "as it was known when the records were secured"
