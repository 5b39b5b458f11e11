"""Documents: in and out through the door, in memory only; encrypted where they lie, and gone with whose they are."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from tests.aggregates.telling import A_PARK
from tests.doors import Door, a_problem
from tests.test_issuing import registered

from ledger.aggregates.access import RecordViewed
from ledger.application.documents import LARGEST
from ledger.privacy.owners import Owner
from ledger.store import mapping
from ledger.store.documents import PART

PDF = "application/pdf"
CANARY = b"Canary Kiddish was seen at the pond " + secrets.token_hex(16).encode()
SCAN = b"%PDF-1.7\n" + CANARY * 3


def filed(door: Door, case, marking: str = "CONFIDENTIAL") -> str:
    doc = str(uuid4())
    data = {"doc_id": doc, "kind": "conference minute", "marking": marking, "section": "child protection"}
    door.give(case.to, "FileDocument", data, "team-admin", key=uuid4())
    return doc


def put(door: Door, path: str, data: bytes = SCAN, role: str = "team-admin", media: str = PDF, key=None):
    headers = {"Content-Type": media} | ({"Idempotency-Key": str(key)} if key else {})
    return door.ask("PUT", path, role, content=data, headers=headers)


def entry_of(door: Door, answer) -> mapping.Stored:
    position = answer.json()["events"][0]["position"]
    [(at, _, entry)] = door.run(door.ledger.store.database.entries(position, position))
    return mapping.Stored.of(at, entry)


def parts(door: Door, file_id: str) -> list[bytes]:
    with psycopg.connect(door.ledger.store.conninfo()) as connection:
        rows = connection.execute("SELECT ciphertext FROM file_parts WHERE file_id = %s ORDER BY part", (file_id,))
        return [row[0] for row in rows]


@pytest.fixture(scope="module")
def case(door: Door):
    return door.new_case()


@pytest.fixture
def at(door: Door, case):
    return f"{case.path}/documents/{filed(door, case)}"


def test_what_was_stored_comes_out_again_byte_for_byte_and_is_not_shown_in_place(door: Door, at):
    assert put(door, at).status_code == 201
    found = door.get(at)
    assert (found.status_code, found.content) == (200, SCAN)
    assert found.headers["content-type"] == PDF
    assert found.headers["cache-control"] == "no-store"
    assert found.headers["content-disposition"].startswith("attachment")
    assert found.headers["x-content-type-options"] == "nosniff"


def test_the_entry_commits_to_the_document_and_holds_neither_it_nor_its_digest(door: Door, at):
    stored = entry_of(door, put(door, at))
    values = stored.members["values"]
    assert (values["kind"], values["marking"], values["size"]) == ("conference minute", "CONFIDENTIAL", len(SCAN))
    assert set(stored.sealed) == {"document"}
    told = str(stored.members)
    assert sha256(SCAN).hexdigest() not in told
    assert not [each for each in parts(door, values["file_id"]) if CANARY in each]


@pytest.mark.parametrize("size", [PART - 1, PART, PART + 1, LARGEST])
def test_a_large_document_lies_in_parts(door: Door, at, size: int):
    data = b"%PDF-" + secrets.token_bytes(size - 5)
    answer = put(door, at, data)
    assert answer.status_code == 201, answer.text
    assert len(parts(door, entry_of(door, answer).members["values"]["file_id"])) == -(-size // PART)
    assert door.get(at).content == data


def test_what_is_too_large_is_refused_however_it_is_announced(door: Door, at):
    a_problem(put(door, at, b"%PDF-" + bytes(LARGEST)), 413, "too-large")


@pytest.mark.parametrize(
    "media,data,status,code",
    [
        ("text/html", b"<script>", 415, "unsupported-media-type"),
        ("image/svg+xml", b"<svg/>", 415, "unsupported-media-type"),
        (PDF, b"<html>", 422, "malformed"),
        ("image/png", SCAN, 422, "malformed"),
        (PDF, b"", 422, "malformed"),
    ],
)
def test_a_document_is_of_the_type_it_says(door: Door, at, media, data, status, code):
    a_problem(put(door, at, data, media=media), status, code)


def test_it_is_filed_first_stored_once_and_the_same_request_gets_its_receipt_again(door: Door, case, at):
    nowhere = f"{case.path}/documents/{uuid4()}"
    assert a_problem(put(door, nowhere), 409, "refused")["rule"] == "GEN-06"
    key = uuid4()
    first = put(door, at, key=key)
    again = put(door, at, key=key)
    assert (again.status_code, again.json()) == (200, first.json())
    assert a_problem(put(door, at, SCAN + b"x"), 409, "refused")["rule"] == "GEN-06"
    assert door.get(at).content == SCAN


def test_nothing_stays_of_a_document_that_was_refused(door: Door, case, at):
    put(door, at)
    with psycopg.connect(door.ledger.store.conninfo()) as connection:
        before = connection.execute("SELECT count(*) FROM file_parts").fetchone()
    put(door, at, SCAN + b"x")
    put(door, f"{case.path}/documents/{uuid4()}")
    with psycopg.connect(door.ledger.store.conninfo()) as connection:
        assert connection.execute("SELECT count(*) FROM file_parts").fetchone() == before


@pytest.mark.parametrize("query", ["?marking=OPEN", "?kind=letter", "?child_id=00000000-0000-4000-8000-000000000001"])
def test_what_is_given_beside_it_must_be_so(door: Door, at, query):
    assert put(door, at + query).status_code == 409


def test_a_signed_agreement_is_kept_with_its_placement(door: Door):
    placement = str(uuid4())
    opened = A_PARK | {"proposed_start": "2025-01-06"}
    door.give(f"placement/{placement}", "OpenPlacement", opened, "placement-coordinator", key=uuid4())
    where = f"/placements/{placement}/documents/{uuid4()}"
    assert a_problem(put(door, where, role="placement-coordinator"), 409, "refused")["rule"] == "DP-02"
    named = f"{where}?kind=signed%20agreement&marking=OPEN"
    assert put(door, named, role="placement-coordinator").status_code == 201
    assert door.get(where, "supervisor").content == SCAN


@pytest.mark.parametrize(
    "marking,role,status",
    [
        ("RESTRICTED", "practitioner", 200),
        ("RESTRICTED", "team-admin", 200),
        ("RESTRICTED", "pso", 403),
        ("RESTRICTED", "victim-liaison", 403),
        ("CONFIDENTIAL", "pso", 200),
        ("CONFIDENTIAL", "supervisor", 403),
        ("OPEN", "supervisor", 200),
        ("OPEN", "auditor", 403),
        ("OPEN", "police", 403),
    ],
)
def test_who_opens_a_document_goes_by_its_marking(door: Door, case, marking, role, status):
    where = f"{case.path}/documents/{filed(door, case, marking)}"
    put(door, where)
    assert door.get(where, role).status_code == status


def test_who_may_not_read_the_case_neither_opens_nor_stores(door: Door):
    case = door.new_case()
    where = f"{case.path}/documents/{filed(door, case)}"
    put(door, where)
    data = {"user_ids": [str(uuid4())], "message": "ask the risk manager", "reason": "known to staff"}
    door.give(case.to, "RestrictAccess", data, "risk-manager", key=uuid4())
    a_problem(door.get(where), 403)
    a_problem(put(door, f"{case.path}/documents/{uuid4()}"), 403)


def test_that_a_document_is_opened_is_sealed_before_it_leaves(door: Door, case, at):
    put(door, at)
    door.get(at)
    stored = door.run(door.ledger.store.access.database.chain(f"offender-{case.id}"))
    fact = mapping.recorded(stored[-1]).fact
    assert isinstance(fact, RecordViewed)
    assert fact.view == f"document {at[-36:]}"


def test_its_fact_alone_is_given_by_nobody(door: Door, case, at):
    body = {"doc_id": at[-36:], "media_type": PDF, "size": 3, "document": f"sha256:{'0' * 64}"}
    a_problem(door.post(f"{case.path}/store-document", body, "team-admin"), 422, "malformed")
    a_problem(door.get(at), 404, "not-found")


@pytest.mark.parametrize("how", ["a byte", "a part gone", "two parts changed about"])
def test_a_document_that_is_not_the_one_committed_to_does_not_leave(door: Door, case, how):
    where = f"{case.path}/documents/{filed(door, case)}"
    data = b"%PDF-" + secrets.token_bytes(2 * PART)
    file_id = entry_of(door, put(door, where, data)).members["values"]["file_id"]
    with psycopg.connect(door.ledger.store.conninfo()) as connection:
        rows = connection.execute("DELETE FROM file_parts WHERE file_id = %s RETURNING *", (file_id,)).fetchall()
        first, second, third = (row[:5] for row in sorted(rows, key=lambda row: row[1]))
        (_, _, _, nonce, data), (_, _, _, other_nonce, other) = first, second
        spoilt = {
            "a byte": [(*first[:4], bytes([data[0] ^ 1]) + data[1:]), second, third],
            "a part gone": [first, second],
            "two parts changed about": [(*first[:3], other_nonce, other), (*second[:3], nonce, data), third],
        }
        for row in spoilt[how]:
            connection.execute("INSERT INTO file_parts VALUES (%s, %s, %s, %b, %b)", row)
    a_problem(door.get(where), 500, "damaged")


def test_a_document_about_a_child_goes_with_the_child(door: Door):
    """The way of an erasure itself is proven with the erasures: here, that the key and the parts are the child's."""
    case, entry = registered(door)
    [made] = [
        each
        for each in door.run(door.ledger.store.database.chain(f"register-entry-{entry}"))
        if each.type == "register-entry.made.v1"
    ]
    child = made.members["values"]["child_ids"][0]
    where = f"{case.path}/documents/{filed(door, case)}"
    answer = put(door, f"{where}?child_id={child}")
    assert answer.status_code == 201, answer.text
    stored = entry_of(door, answer)
    assert f"child-{child}" in stored.members["about"]
    owner = Owner(f"child-{child}", "child")
    key = door.run(door.ledger.store.vault.keys_of([owner]))[owner]
    assert stored.sealed["document"][1] == key.id
    with psycopg.connect(door.ledger.store.conninfo()) as connection:
        file_id = stored.members["values"]["file_id"]
        kept = connection.execute("SELECT DISTINCT key_id FROM file_parts WHERE file_id = %s", (file_id,)).fetchall()
    assert [str(each[0]) for each in kept] == [key.id]
    assert door.get(where).content == SCAN


@pytest.mark.parametrize("role", ["supervisor", "court-officer", "victim-liaison"])
def test_a_document_about_a_child_is_shut_to_roles_that_read_nothing_of_children(door: Door, role: str):
    case, entry = registered(door)
    made = door.run(door.ledger.store.database.chain(f"register-entry-{entry}"))
    [child] = next(each.members["values"]["child_ids"] for each in made if each.type == "register-entry.made.v1")
    of_child, of_case = (f"{case.path}/documents/{filed(door, case, 'OPEN')}" for _ in range(2))
    assert put(door, f"{of_child}?child_id={child}").status_code == 201
    assert put(door, of_case).status_code == 201
    assert CANARY not in door.get(of_child, role).content
    a_problem(door.get(of_child, role), 403, "forbidden")
    assert door.get(of_case, role).content == SCAN


def test_nothing_of_it_is_on_any_disk_in_clear(door: Door, at, monkeypatch: pytest.MonkeyPatch):
    """Every file of the clusters, their WAL, temporary files and logs, and the home; and this process makes none."""

    def none(*_, **__):
        raise AssertionError("a temporary file")

    for name in ("mkstemp", "TemporaryFile", "NamedTemporaryFile", "SpooledTemporaryFile"):
        monkeypatch.setattr(tempfile, name, none)
    mark = b"Canary at the pond " + secrets.token_hex(16).encode()
    put(door, at, b"%PDF-" + mark * 1000)
    assert door.get(at).status_code == 200
    searched = 0
    folder = Path(str(conninfo_to_dict(door.ledger.store.conninfo())["host"])).parent  # of both clusters
    for root in (folder, door.ledger.store.home):
        for base, _, names in os.walk(root):
            for file in (Path(base) / name for name in names):
                with contextlib.suppress(OSError):  # it went meanwhile, or is a socket
                    data = file.read_bytes()
                    searched += len(data)
                    assert mark not in data, file
    assert searched > 10_000_000
