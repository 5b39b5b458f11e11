"""A ledger behind its HTTP application, in this process, for tests that come through the door like everybody else."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import Callable, Coroutine, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any, TypeVar
from urllib.parse import quote
from uuid import uuid4

import httpx
import psycopg
import uvloop
from fastapi import FastAPI
from psycopg.conninfo import conninfo_to_dict

from ledger.aggregates import AGGREGATES
from ledger.aggregates.shape import Actor
from ledger.api.app import create_app
from ledger.api.log import Shown
from ledger.api.openapi import kebab
from ledger.api.tokens import Tokens
from ledger.application import Ledger
from ledger.commands import Acknowledged, Command
from ledger.settings import Settings
from ledger.store.embedded import EmbeddedCluster
from ledger.store.log import Log
from ledger.store.opening import Place, embedded_place
from ledger.store.unsealing import Unsealing
from ledger.store.verifying import verify_database
from ledger.transparency.verify import Report

T = TypeVar("T")
TODAY = date.today()
# A value of each personal field; the tests look for them wherever they must not be.
SURNAME = "Featherstonehaugh"
PERSON = {"client_id": "0710890", "surname": SURNAME, "forenames": "Ann", "dob": "1990-02-01", "gender": "F"}


def days_ago(days: int) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


@dataclass
class Door:
    """An open ledger, its application, and the loop they live on."""

    settings: Settings
    places: Sequence[Place]
    runner: asyncio.Runner
    app: FastAPI = field(init=False)
    client: httpx.AsyncClient = field(init=False)
    staff: dict[str, str] = field(default_factory=dict[str, str])  # a random id for each role

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(coroutine)

    @property
    def ledger(self) -> Ledger:
        return self.app.state.ledger

    @property
    def tokens(self) -> Tokens:
        return self.app.state.tokens

    # ------------------------------------------------------------------------------------ over HTTP

    def actor(self, role: str) -> Actor:
        return Actor(self.staff.setdefault(role, str(uuid4())), role)

    def token(self, *roles: str) -> str:
        return self.tokens.issue(self.actor(roles[0]).id, roles)

    def ask(
        self,
        method: str,
        path: str,
        role: str | None = "practitioner",
        *,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> httpx.Response:
        """One request, with a token for this role, or without any."""
        return self.run(self.asking(method, path, role, headers=headers, **more))

    async def asking(
        self,
        method: str,
        path: str,
        role: str | None = "practitioner",
        *,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> httpx.Response:
        signed_in = {"Authorization": f"Bearer {self.token(role)}"} if role else {}
        return await self.client.request(method, path, headers={**signed_in, **(headers or {})}, **more)

    def get(self, path: str, role: str | None = "practitioner", **query: str) -> httpx.Response:
        return self.ask("GET", path, role, params=query)

    def post(self, path: str, body: Any, role: str | None = "practitioner", **headers: str) -> httpx.Response:
        """A command; header names with underscores for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask("POST", path, role, json=body, headers=named)

    def post_raw(self, path: str, body: bytes, role: str = "practitioner", **headers: str) -> httpx.Response:
        """A command with a body that no JSON library would write."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask("POST", path, role, content=body, headers={"Content-Type": "application/json", **named})

    # ------------------------------------------------------------------------------------ past HTTP

    def give(self, to: str, name: str, data: Mapping[str, Any], role: str, **more: Any) -> Acknowledged:
        """A command straight to the application."""
        return self.run(self.giving(to, name, data, role, **more))

    async def giving(self, to: str, name: str, data: Mapping[str, Any], role: str, **more: Any) -> Acknowledged:
        noun, _, target = to.partition("/")
        return await self.ledger.execute(Command(name, noun, target, data, self.actor(role), **more))

    def new_case(self, **order: Any) -> Case:
        """A person with one order of 100 hours, made 60 days ago."""
        case = Case(str(uuid4()), str(uuid4()))
        self.give(case.to, "RecordOffender", PERSON, "court-officer", key=uuid4())
        given = {
            "order_id": case.order,
            "order_type": "CO",
            "court": "Kidderminster",
            "sentence_date": days_ago(60),
            "order_end_date": days_ago(-305),
            "requirements": ["UPW"],
            "upw_hours": 100,
        }
        self.give(case.to, "RecordOrder", given | order, "court-officer", key=uuid4())
        return case

    # ------------------------------------------------------------------------------------ what is in it

    @property
    def size(self) -> int:
        """Facts in the ledger."""
        head = self.run(self.ledger.store.database.head())
        assert head is not None
        return head.size

    def verify(self, values: Unsealing | None = None, *, log: Log | None = None) -> Report:
        """The whole ledger, every stored byte; with `values`, every sealed value; or its access log."""
        log = log or self.ledger.store
        return verify_database(
            self.places[0].application(),
            log.origin,
            log.keys.known,
            log.released.path,
            values=values,
            schema=log.kept.schema,
            earlier=log.earlier,
        )


@dataclass(frozen=True)
class Case:
    """A case that a test made."""

    id: str
    order: str

    @property
    def to(self) -> str:
        return f"offender/{self.id}"

    @property
    def path(self) -> str:
        return f"/offenders/{self.id}"

    def absence(self, days: int = 5, **more: Any) -> dict[str, Any]:
        """The body of RecordAbsence, with an id of its own."""
        return {
            "absence_id": str(uuid4()),
            "order_id": self.order,
            "appointment_kind": "UPW",
            "date": days_ago(days),
            "kind": "FTA",
            **more,
        }


def path_of(noun: str, target: str, command: str) -> str:
    """Where a command is posted."""
    return f"/{AGGREGATES[noun].collection}/{target}/{kebab(command)}"


@contextmanager
def opened(
    settings: Settings,
    places: Sequence[Place],
    kind: str | None = None,
    *,
    verified: bool = True,
    loop: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop,
) -> Generator[Door]:
    """The application as the server runs it, without a socket; its ledger is verified, whole, at the end."""
    with asyncio.Runner(loop_factory=loop) as runner:
        door = Door(settings, places, runner)
        door.app = create_app(lambda: Ledger.open(settings, kind=kind, places=places), settings)
        door.app.state.shown = Shown(0)  # what is shown moves at once: tests would wait a second for each look
        lifespan = door.app.router.lifespan_context(door.app)
        runner.run(lifespan.__aenter__())
        door.client = httpx.AsyncClient(transport=httpx.ASGITransport(door.app), base_url="http://ledger.test")
        try:
            yield door
            for log in (door.ledger.store, door.ledger.store.access) if verified else ():
                report = door.verify(log=log)
                assert report.ok, report.summary()
        finally:
            runner.run(lifespan.__aexit__(None, None, None))


@contextmanager
def new_door(
    ledger: EmbeddedCluster,
    vault: EmbeddedCluster,
    kind: str | None = None,
    *,
    verified: bool = True,
    loop: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop,
    **settings: Any,
) -> Generator[Door]:
    """A new ledger, in copies of the templates."""
    name = f"door_{token_hex(6)}"
    home = Path(tempfile.mkdtemp(prefix="ledger-"))
    ledger.create_database(name, "ledger_template")
    vault.create_database(name, "vault_template")
    try:
        places = [embedded_place(cluster, name) for cluster in (ledger, vault)]
        with opened(Settings(home=home, **settings), places, kind, verified=verified, loop=loop) as door:
            yield door
    finally:
        for cluster in (ledger, vault):
            _let_go(cluster, name)
        shutil.rmtree(home, ignore_errors=True)


def _let_go(cluster: EmbeddedCluster, name: str) -> None:
    """Drop a database.  One that waits too long for some other backend goes with the server; what stood is told."""
    server = cluster.conninfo("postgres", "postgres")
    with psycopg.connect(server, autocommit=True, options="-c statement_timeout=20s") as admin:
        try:
            admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
        except psycopg.errors.QueryCanceled:
            there = "SELECT pid, datname, state, wait_event_type, wait_event, left(query, 80) FROM pg_stat_activity"
            print(f"{name} could not be dropped within 20 s:", *admin.execute(there.encode()).fetchall(), sep="\n")


# ------------------------------------------------------------------------------------ somebody else's server


def url_of(cluster: EmbeddedCluster, role: str, password: str, database: str) -> str:
    given = conninfo_to_dict(cluster.conninfo("postgres", "postgres"))
    host = quote(str(given["host"]), safe="")
    return f"postgresql://{role}:{quote(password)}@/{database}?host={host}&port={given['port']}"


@contextmanager
def foreign_databases(ledger: EmbeddedCluster, vault: EmbeddedCluster, home: Path) -> Generator[Settings]:
    """Databases as an administrator makes them: an owner who migrates, and a login that is only the application."""
    name, password = f"foreign_{token_hex(6)}", token_hex(8)
    urls: dict[str, str] = {}
    for cluster in (ledger, vault):
        with psycopg.connect(cluster.conninfo("postgres", "postgres"), autocommit=True) as connection:
            for role in (f"{name}_owner", f"{name}_login"):
                connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{password}'".encode())
                connection.execute(f"GRANT {cluster.app_role} TO {role}".encode())
            connection.execute(f"CREATE DATABASE {name} OWNER {name}_owner".encode())
        urls[f"{cluster.name}_owner"] = url_of(cluster, f"{name}_owner", password, name)
        urls[f"{cluster.name}_login"] = url_of(cluster, f"{name}_login", password, name)
    yield Settings(
        home=home, database_url=urls["ledger_login"], owner_url=urls["ledger_owner"], vault_url=urls["vault_owner"]
    )
    for cluster in (ledger, vault):
        cluster.drop_database(name)
        with psycopg.connect(cluster.conninfo("postgres", "postgres"), autocommit=True) as connection:
            for role in (f"{name}_owner", f"{name}_login"):
                connection.execute(f"DROP ROLE {role}".encode())


def a_problem(response: httpx.Response, status: int, code: str | None = None) -> dict[str, Any]:
    """The problem document of an answer, looked at as RFC 9457 and the contract have it."""
    assert response.status_code == status, (response.status_code, response.text[:500])
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["type"].startswith("/problems/")
    assert body["status"] == status
    for member in ("title", "detail"):
        assert isinstance(body[member], str)
        assert body[member]
    if code is not None:
        assert body["type"] == f"/problems/{code}"
    return body


def compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
