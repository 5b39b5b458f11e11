"""No sealed value can be read in any file: of the two clusters, their WAL and logs, of the ledger's own, or elsewhere.

A word is planted in every sealed field of every fact, over HTTP and by an import, in commands that are recorded,
refused and malformed, before and after the server is killed; the worklists are projected and read.  Then every byte is
looked at, as it lies there while the servers run, after a checkpoint of theirs, and when all have ended.  That whatever
is there would be found is shown at the end: words written into a table of each cluster are, in the WAL and in the data.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from tests.doors import path_of
from tests.journeys.planting import (
    CORRECTING,
    FORMS,
    MARK,
    OTHER,
    WAITS_FOR,
    Planter,
    forms,
    found_in,
    role_for,
    sealed_facts,
)
from tests.journeys.process import Process, ended, free_port, run

from ledger.aggregates import AGGREGATES
from ledger.aggregates.roles import ROLES
from ledger.aggregates.shape import Fact
from ledger.api.tokens import Tokens
from ledger.projections import VIEWS, WORKLISTS
from ledger.store.embedded import EmbeddedCluster

CLUSTERS = ("ledger", "vault")


class Story:
    """A served ledger, and what is done to it."""

    def __init__(self, process: Process, folder: Path) -> None:
        self.process, self.folder = process, folder
        self.planter = Planter()
        self.recorded: set[tuple[str, str]] = set()
        self.told: dict[str, list[tuple[str, str]]] = {}  # noun -> facts of it and a sealed text of each
        origin = json.loads(run(process.home, "status", "--json").stdout)["origin"]
        self.staff, self.access_rule = str(uuid4()), str(uuid4())
        self.token = Tokens.of(origin, process.home).issue(self.staff, ROLES)

    def ask(self, method: str, path: str, role: str, **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}", "Ledger-Role": role, **more.pop("headers", {})}
        return httpx.request(method, self.process.address + path, headers=headers, timeout=30, **more)

    def body(self, noun: str, fact: type[Fact], which: int = -1) -> dict[str, Any]:
        """What is sent; a correction is of the last that was told, or of which."""
        more: Mapping[str, Any] = {}
        if fact.__name__ in CORRECTING and noun in self.told:
            event, name = self.told[noun][which]
            more = {"event_ref": event, **({"field": name} if "field" in fact.model_fields else {})}
            if noun == "policy" and "field" in more:  # its sealed text names a source, and no reference is corrected
                more = {"event_ref": event, "field": "name", "corrected_value": "Jubilee"}
            if noun == "register-report" and "field" in more:
                more = {**more, "corrected_value": [self.planter.word(f"{noun}.{fact.__name__}.corrected_value")]}
        if fact.__name__ == "AccessRestricted":  # to whoever goes on
            more = {"user_ids": [self.staff]}
        if fact.__name__ == "AccessRuleEnded":
            more = {"rule_ref": self.access_rule}
        return self.planter.body(noun, fact, more)

    def give(self, noun: str, fact: type[Fact], role: str | None = None) -> httpx.Response:
        """The answer; not everything told may be corrected: the latest that may be is."""
        assert fact.command
        path = path_of(noun, self.planter.target(noun), fact.command)
        facts_told = len(self.told.get(noun, ())) if fact.__name__ in CORRECTING else 0
        for which in range(max(1, facts_told)):
            body = self.body(noun, fact, -1 - which)
            answer = self.ask("POST", path, role or role_for(noun, fact), json=body)
            if answer.status_code != 409:
                break
        return answer

    def another_record(self) -> None:
        """Of the same person, which is merged with the first and separated from it."""
        fact = AGGREGATES["offender"].first
        assert fact
        assert fact.command
        body = self.body("offender", fact) | ({"offender_id": OTHER} if "offender_id" not in fact.supplied else {})
        answer = self.ask("POST", path_of("offender", OTHER, fact.command), role_for("offender", fact), json=body)
        assert answer.status_code == 201, answer.text

    def give_all(self) -> None:
        """Every command, sealed values or not: what one begins the next builds on."""
        for noun, aggregate in AGGREGATES.items():
            for fact in aggregate.every_fact if noun != "ledger" else ():
                if not fact.command or (noun, fact.__name__) in self.recorded:
                    continue
                if fact.__name__ in WAITS_FOR and (noun, WAITS_FOR[fact.__name__]) not in self.recorded:
                    continue
                answer = self.give(noun, fact)
                sent = json.loads(answer.request.content)
                assert answer.status_code in (201, 409, 422), answer.text
                if answer.status_code == 201:
                    self.recorded.add((noun, fact.__name__))
                    form = list if noun == "register-report" else str  # whose only sealed values are lists
                    texts = [name for name in fact.whose if MARK in str(sent.get(name)) and type(sent[name]) is form]
                    if texts and fact.__name__ not in CORRECTING:
                        self.told.setdefault(noun, []).append((answer.json()["events"][0]["id"], texts[0]))
                    if fact.__name__ == "AccessRestricted":
                        self.access_rule = answer.json()["events"][0]["id"]

    def refuse_and_misread(self) -> None:
        """By role, by rule, by form; and the word where no value belongs: in addresses, headers, names of fields."""
        for noun, fact in sealed_facts():
            assert self.give(noun, fact, "system").status_code == 403
        word = self.planter.word("of a request that is wrong")
        at = f"/offenders/{self.planter.target('offender')}"
        for body in ({word: 1}, {"absence_id": word}, {"note": [word]}, {"note": word + "\0"}, [word], word):
            assert self.ask("POST", f"{at}/record-absence", "practitioner", json=body).status_code == 422
        half = f'{{"note": "{word}'.encode()
        assert self.ask("POST", f"{at}/record-absence", "practitioner", content=half).status_code in (415, 422)
        for path in (f"/{word}", f"/{word}/{word}", f"/offenders/{word}/enforcement", f"/worklists/{word}"):
            assert self.ask("GET", path, "practitioner").status_code == 404
        for query in ({"as_at": word}, {word: "1"}, {"clock": word}):
            assert self.ask("GET", f"{at}/enforcement", "practitioner", params=query).status_code == 422
        for name in ("Ledger-Role", "X-Request-Id", "Authorization", "Ledger-Seen", "Idempotency-Key", "User-Agent"):
            self.ask("POST", f"{at}/record-absence", "practitioner", json={}, headers={name: word})

    def import_rest(self) -> str:
        """What a rule refused as news is told as history; with lines that cannot be recorded.  What it printed."""
        lines: list[str] = []
        left = [(noun, fact) for noun, fact in sealed_facts() if (noun, fact.__name__) not in self.recorded]
        for noun, fact in left:
            given = {
                "command": fact.command,
                "to": f"{noun}/{self.planter.target(noun)}",
                "data": self.body(noun, fact),
                "by": {"id": str(uuid4()), "role": role_for(noun, fact)},
                "source": {"system": "OLD", "recorded": "2026-01-06T10:00"},
            }
            lines += [json.dumps(given), json.dumps({name: given[name] for name in ("command", "to", "data", "by")})]
        word = self.planter.word("of a line that is wrong")
        lines += [f'{{"command": "{word}', word, json.dumps({**json.loads(lines[0]), "data": {"note": word}})]
        file = self.folder / "history.jsonl"  # not among what is looked at: here is where it comes from
        file.write_text("\n".join(lines))
        done = run(self.process.home, "import", str(file), limit=120)
        aside = [json.loads(line) for line in self.rejected.read_text().splitlines()]
        set_aside = {each["line"] for each in aside}
        assert set_aside > {2 * len(left) + 1, 2 * len(left) + 2, 2 * len(left) + 3}
        for number, (noun, fact) in enumerate(left):
            if 2 * number + 1 not in set_aside:
                self.recorded.add((noun, fact.__name__))
        return done.stdout + done.stderr

    @property
    def rejected(self) -> Path:
        return self.folder / "history.rejected.jsonl"

    def kill_under_load(self) -> None:
        """SIGKILL while commands are on their way; then it is started again."""
        _, absence = next((noun, fact) for noun, fact in sealed_facts() if fact.command == "RecordAbsence")

        def work() -> None:
            with suppress(httpx.TransportError):
                while True:
                    self.planter.ids.pop("absence", None)
                    self.give("offender", absence)

        workers = [threading.Thread(target=work) for _ in range(4)]
        for each in workers:
            each.start()
        threading.Event().wait(1.0)
        self.process.kill()
        for each in workers:
            each.join()
        self.process.start()
        self.process.wait_until_ready()

    def read_all(self) -> None:
        """Every worklist as far as the ledger goes, and every view, with its values."""
        position = httpx.get(f"{self.process.address}/log/checkpoint").text.split("\n")[1]
        for name in WORKLISTS:
            for _ in range(20):  # a follower that was killed too may be a moment behind
                answer = self.ask("GET", f"/worklists/{name}", "practitioner", params={"after": position})
                if answer.status_code != 503:
                    break
            assert answer.status_code == 200, answer.text
        seen = ""
        for view in VIEWS:
            path = f"/{AGGREGATES[view.noun].collection}/{self.planter.target(view.noun)}/{view.name}"
            answer = self.ask("GET", path, "chief-officer", params={"explain": "true"})
            assert answer.status_code in (200, 404), answer.text
            seen += answer.text
        assert MARK in seen  # whoever may read them, does


def superuser(home: Path, name: str) -> psycopg.Connection:
    return psycopg.connect(EmbeddedCluster(home, name).conninfo("postgres", name), autocommit=True)  # type: ignore[arg-type]


def checkpoint(home: Path) -> None:
    for name in CLUSTERS:
        with superuser(home, name) as connection:
            connection.execute("CHECKPOINT")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_nothing_planted_in_a_sealed_field_can_be_read_in_any_file(
    open_tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    home, temporary = open_tmp_path / "home", open_tmp_path / "temporary"
    temporary.mkdir()
    temporary.chmod(0o1777)
    monkeypatch.setenv("TMPDIR", str(temporary))
    with ended(Process(home, free_port(), "serve")) as process:
        process.start()
        process.wait_until_ready()
        story = Story(process, open_tmp_path)
        looked_at = [home, temporary, process.printed, story.rejected]
        story.another_record()
        for _ in range(3):
            story.give_all()
        story.refuse_and_misread()
        printed = story.import_rest()
        assert MARK not in printed
        story.give_all()  # what waited for history that nobody could tell as news
        story.kill_under_load()
        story.read_all()
        wanted = {(noun, fact.__name__) for noun, fact in sealed_facts()}
        assert wanted - story.recorded == set()
        assert found_in(looked_at, story.planter) == []
        checkpoint(home)
        assert found_in(looked_at, story.planter) == []

        with superuser(home, "vault") as connection:  # as it is written ...
            connection.execute("CREATE TABLE planted AS SELECT %s::text AS word", [MARK])
        with superuser(home, "ledger") as connection:  # ... and as PostgreSQL writes what is long
            connection.execute("CREATE TABLE planted (word text)")
            connection.execute("INSERT INTO planted SELECT %s || repeat('abcdefgh ', 1000)", [MARK])
        for where in ("pg_wal", "base"):
            found = found_in([home], story.planter)
            for name in CLUSTERS:
                assert any(f"/{name}/data/{where}/" in each for each in found), (name, where, found)
            checkpoint(home)
        for name in CLUSTERS:
            with superuser(home, name) as connection:
                connection.execute("DROP TABLE planted")
                connection.execute("SELECT pg_switch_wal()")
        assert process.stop() == 0
        left = [each for each in found_in(looked_at, story.planter) if "/pg_wal/" not in each]
        assert left == []


@pytest.mark.parametrize("form", FORMS)
def test_a_word_is_found_in_whichever_form_it_was_written(tmp_path: Path, form: str):
    (tmp_path / "file").write_bytes(b"\x00\xff" * 1000)
    assert found_in([tmp_path], Planter()) == []
    (tmp_path / "file").write_bytes(b"\x00\xff" * 1000 + FORMS[form] + b"\x00")
    assert len(found_in([tmp_path], Planter())) == 1


@pytest.mark.parametrize("before", range(6))
def test_a_word_is_found_in_base64_wherever_it_begins(tmp_path: Path, before: int):
    for text in (f"{'x' * before}{MARK}", f"{'x' * before}{MARK}, and more"):
        (tmp_path / "file").write_bytes(base64.b64encode(text.encode()))
        assert len(found_in([tmp_path], Planter())) == 1


def test_it_is_said_which_field_it_was(tmp_path: Path):
    planter = Planter()
    planter.word("offender.AbsenceRecorded.note")
    (tmp_path / "file").write_text(f"so {planter.word('child.ChildRecorded.surname')} was there")
    assert found_in([tmp_path], planter)[0].endswith(": child.ChildRecorded.surname")


def test_a_name_of_a_file_is_looked_at_too(tmp_path: Path):
    (tmp_path / f"{MARK}.txt").touch()
    assert len(found_in([tmp_path], Planter())) == 1
    assert len(forms(MARK)) == 8
