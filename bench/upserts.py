"""The peer of bench.rebuild: eventsourcing's ProjectionRunner, which upserts one row for every event.

Needs psycopg-pool (bench/requirements.txt).  All of it is the library's own: PostgreSQL recorder, mapper with its JSON
transcoder, subscription, runner, and a tracking record in the transaction of each upsert.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from time import perf_counter
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from eventsourcing.application import Application
from eventsourcing.domain import DomainEvent
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier

from bench.measuring import Round

AT_ONCE = 50  # events of one transaction, when the log is filled; a pipeline of 1,000 was seen to stand still
LONGEST = 3_600.0


class Told(DomainEvent):
    """An event of a case with one of our entries in it."""

    entry: str


class Log(Application[UUID]):
    """The log that is followed."""


class Cases(PostgresTrackingRecorder):
    """The view: a row for each case."""

    def __init__(self, datastore: PostgresDatastore, **given: Any) -> None:
        super().__init__(datastore, **given)
        self._table = Identifier(datastore.schema, f"{self.tracking_table_name}_cases")
        self.sql_create_statements.append(
            SQL(
                "CREATE TABLE IF NOT EXISTS {} (id uuid PRIMARY KEY, version bigint NOT NULL, row text NOT NULL)"
            ).format(self._table)
        )
        self._upsert = SQL(
            "INSERT INTO {} VALUES (%s, %s, %s)"
            " ON CONFLICT (id) DO UPDATE SET version = excluded.version, row = excluded.row"
        ).format(self._table)

    def upsert(self, event: Told, row: str, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(self._upsert, (event.originator_id, event.originator_version, row), prepare=True)

    def held(self) -> tuple[int, int]:
        """Rows, and the events they have taken in."""
        with self.datastore.transaction() as cursor:
            cursor.execute(SQL("SELECT count(*) AS rows, sum(version)::bigint AS events FROM {}").format(self._table))
            found = cursor.fetchone()
            assert found is not None
            return found["rows"], found["events"]


class OneRow(Projection[Cases]):
    """One upsert for every event."""

    name = "onerow"

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        if isinstance(domain_event, Told):
            # About as many bytes as a row of a worklist has; what it says is no part of the comparison.
            self.view.upsert(domain_event, domain_event.entry[:200], tracking)


class Upserts:
    """The runner, over a log that holds these (stream, entry) in order."""

    def __init__(self, conninfo: str, events: Sequence[tuple[str, bytes]]) -> None:
        given = conninfo_to_dict(conninfo)
        self._env = {
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            **{f"POSTGRES_{name.upper()}": str(given[name]) for name in ("dbname", "host", "port", "user", "password")},
        }
        self._held = (len({stream for stream, _ in events}), len(events))
        self._turns = itertools.count(1)
        app = Log(self._env)
        versions: dict[str, int] = {}
        made: list[Told] = []
        for stream, entry in events:
            versions[stream] = versions.get(stream, 0) + 1
            made.append(
                Told(
                    originator_id=uuid5(NAMESPACE_OID, stream),
                    originator_version=versions[stream],
                    timestamp=Told.create_timestamp(),
                    entry=entry.decode(),
                )
            )
        stored = [app.mapper.to_stored_event(each) for each in made]
        for start in range(0, len(stored), AT_ONCE):
            app.recorder.insert_events(stored[start : start + AT_ONCE])
        app.close()

    def measure(self) -> Round:
        """A new view, from the beginning to the end of the log.  It is an error if its rows are not all there."""
        named = type(f"OneRow{next(self._turns)}", (OneRow,), {"name": f"onerow{next(self._turns)}"})
        began = perf_counter()
        with ProjectionRunner(application_class=Log, projection_class=named, view_class=Cases, env=self._env) as runner:
            runner.wait(self._held[1], timeout=LONGEST)
            seconds = perf_counter() - began
            held = runner.view.held()
        if held != self._held:
            raise SystemExit(f"the peer holds (rows, events) {held}, not {self._held}")
        return Round(self._held[1], seconds, [seconds])
