"""A bundle sent to a page is verified step by step; a spoiled one fails at its very step; a hostile file is refused."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest
from tests.conftest import Clusters
from tests.doors import Door, new_door
from tests.web.browsing import Browser, read, signed_in, text_of

from ledger.api.web import bundles
from ledger.store import rotating
from ledger.transparency.bundle import contents
from ledger.transparency.bundle.archive import pack, unpack
from ledger.transparency.bundle.contents import Case, Manifest, digest_of
from ledger.transparency.bundle.forms import to_json
from ledger.transparency.bundle.report import STEPS
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.note import Signer, parse_note
from ledger.transparency.proof import Proof

AT = "/audit/bundles"
Files = dict[str, bytes]


@pytest.fixture(scope="module")
def bundle(door: Door) -> bytes:
    """Of a case with an absence and a value that is opened."""
    case = door.new_case()
    door.give(case.to, "RecordAbsence", case.absence(note="overslept"), "practitioner", key=uuid4())
    made = door.ledger.export("offender", case.id, "court", "Crown Court", door.actor("practitioner"), printed=False)
    return door.run(made).data


def token_of(browser: Browser) -> str:
    return [str(given["value"]) for _, given in read(browser.get(AT)).tags if given.get("name") == "form"][-1]


def send(browser: Browser, data: bytes | None, *, form: str | None = None, **fields: str) -> httpx.Response:
    files = {"bundle": ("../../x.zip", data, "application/zip")} if data is not None else {"none": ("", b"")}
    return browser.ask("POST", AT, data={"form": form or token_of(browser), **fields}, files=files)


def rewritten(files: Mapping[str, bytes], changes: Mapping[str, bytes | None]) -> bytes:
    """With these files changed or dropped, and a manifest that says so: what is wrong is what they say."""
    changed = {name: data for name, data in {**files, **changes}.items() if data is not None}
    manifest = Manifest.parse(changed[contents.MANIFEST])
    named = {name: digest_of(data) for name, data in changed.items() if name in manifest.files}
    return pack({**changed, contents.MANIFEST: replace(manifest, files=named).write()})


def spoiled(what: str, data: bytes) -> bytes:
    files: Files = unpack(data)
    case = Case.parse(files[contents.CHAIN])
    heads: dict[str, Any] = orjson.loads(files[contents.HEADS])
    match what:
        case "a byte":
            return data[:2_000] + bytes([data[2_000] ^ 1]) + data[2_001:]
        case "a file that is not in the manifest":
            return pack({**files, "rules/ENF-99@manual-2022.json": b"{}"})
        case "a key of one's own":
            was = Checkpoint.parse(parse_note(files[contents.CHECKPOINT]).text)
            return rewritten(files, {contents.CHECKPOINT: was.sign(Signer(was.origin, bytes(32))).encode()})
        case "another closing":
            heads["closing"] -= 1
            return rewritten(files, {contents.HEADS: to_json(heads)})
        case "another end":
            [of] = heads["chains"].values()
            of["n"] += 1
            return rewritten(files, {contents.HEADS: to_json(heads)})
        case "a fact less":
            gone = case.entries[-1]
            dropped = {contents.entry_name(gone): None, contents.proof_name(gone): None}
            shorter = replace(case, entries=case.entries[:-1]).write()
            return rewritten(files, {contents.CHAIN: shorter, **dropped})
        case "another proof":
            name = contents.proof_name(case.entries[0])
            proof = Proof.parse(files[name])
            changed = replace(proof, hashes=(bytes(32), *proof.hashes[1:]))
            return rewritten(files, {name: changed.write().encode()})
        case "another value":
            opened = orjson.loads(files[contents.OPENINGS])
            next(iter(next(iter(opened.values())).values()))["value"] = "another"
            return rewritten(files, {contents.OPENINGS: to_json(opened)})
        case "a rule less":
            return rewritten(files, {next(name for name in files if name.startswith("rules/")): None})
        case _:
            return rewritten(files, {"chronology.csv": b"position\r\n"})


def test_a_bundle_of_this_ledger_holds_step_by_step(door: Door, bundle: bytes):
    answer = send(signed_in(door, "auditor"), bundle)
    said = text_of(answer)
    assert answer.status_code == 200
    assert "The bundle holds" in said
    assert said.count("Holds ") == len(STEPS) == 9
    assert "Crown Court" in said
    assert "this ledger’s own keys" in said


@pytest.mark.parametrize(
    "what, step",
    [
        ("a byte", 1),
        ("a file that is not in the manifest", 1),
        ("a key of one's own", 2),
        ("another closing", 3),
        ("another end", 4),
        ("a fact less", 5),
        ("another proof", 6),
        ("another value", 7),
        ("a rule less", 8),
        ("another chronology", 9),
    ],
)
def test_a_spoiled_bundle_fails_at_the_very_step(door: Door, bundle: bytes, what: str, step: int):
    said = text_of(send(signed_in(door), spoiled(what, bundle)))
    assert "The bundle does not hold" in said
    assert "Nothing in this file may be relied upon" in said
    assert f"Does not hold {STEPS[step - 1]}" in said
    assert said.count("Holds ") == step - 1
    assert said.count("Not looked at") == 9 - step


def test_under_a_key_that_is_given_it_must_be_signed_by_that(door: Door, bundle: bytes):
    browser = signed_in(door)
    own = door.ledger.store.signer.verifier().vkey()
    assert "The bundle holds" in text_of(send(browser, bundle, keys=own))
    other = Signer(door.ledger.store.origin, bytes(32)).verifier().vkey()
    said = text_of(send(browser, bundle, keys=other))
    assert f"Does not hold {STEPS[1]}" in said
    assert "the keys that you gave" in said


@pytest.mark.parametrize("keys", ["x", "a+b+c", "<script>alert(1)</script>", "\n".join("x" * 30)])
def test_a_key_that_is_none_is_said_at_its_field(door: Door, bundle: bytes, keys: str):
    answer = send(signed_in(door), bundle, keys=keys)
    assert answer.status_code == 422
    assert 'href="#keys"' in answer.text
    assert "<script>alert" not in answer.text


def test_a_bundle_of_before_a_key_was_rotated_still_holds(
    clusters: Clusters, ledger_template: str, vault_template: str
):
    with new_door(clusters.ledger, clusters.vault) as door:
        case = door.new_case()
        made = door.ledger.export("offender", case.id, "court", "Court", door.actor("practitioner"), printed=False)
        data = door.run(made).data
        door.run(rotating.rotate(door.ledger.store))
        assert "The bundle holds" in text_of(send(signed_in(door), data))


def a_zip(names: Mapping[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", how) as file:
        for name, data in names.items():
            file.writestr(name, data)
    return made.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"PK",
        b"not a zip at all",
        b"%PDF-1.7 <script>alert(1)</script>",
        a_zip({"manifest.json": b"{}"}),
        a_zip({"manifest.json": b"0" * 50_000_000}),  # a bomb: 50 kB that unpack to 50 MB
        a_zip({"../../etc/passwd": b"root"}, zipfile.ZIP_STORED),
        a_zip({"/etc/passwd": b"root"}, zipfile.ZIP_STORED),
        a_zip({"a" * 60_000: b""}, zipfile.ZIP_STORED),
        a_zip({f"{number}.json": b"" for number in range(2_000)}, zipfile.ZIP_STORED),
        pack({"manifest.json": b"[" * 100_000}),
        bytes(100_000),
    ],
    ids=range(11),
)
def test_a_hostile_file_is_no_bundle_and_is_told_so(door: Door, data: bytes):
    answer = send(signed_in(door), data)
    assert answer.status_code == 200
    said = text_of(answer)
    assert f"Does not hold {STEPS[0]}" in said
    assert said.count("Not looked at") == 8
    assert "<script>alert" not in answer.text


def test_a_file_that_is_too_large_is_refused_politely(door: Door, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bundles, "LARGEST", 20_000)
    answer = send(signed_in(door), bytes(30_000))
    assert answer.status_code == 413
    assert "ledger verify" in text_of(answer)


def test_without_a_file_it_says_so(door: Door):
    for data in (None, b""):
        answer = send(signed_in(door), data)
        assert answer.status_code == 422
        assert bundles.NO_FILE in text_of(answer)


def test_a_forged_form_is_not_looked_at(door: Door, bundle: bytes):
    browser = signed_in(door)
    assert send(browser, bundle, form="x").status_code == 403
    assert send(browser, bundle, form=token_of(signed_in(door))).status_code == 403
    assert browser.post(AT, {"form": token_of(browser)}).status_code == 415
    cross = {"Sec-Fetch-Site": "cross-site"}
    assert browser.ask("POST", AT, files={"bundle": bundle}, headers=cross).status_code == 403


def test_nothing_of_it_is_kept(door: Door, bundle: bytes, monkeypatch: pytest.MonkeyPatch):
    def never(*args: object, **more: object) -> None:
        raise AssertionError("something was written to a disk")

    browser, before = signed_in(door), door.size
    head = door.run(door.ledger.store.access.database.head())
    for name in ("NamedTemporaryFile", "TemporaryFile", "SpooledTemporaryFile", "mkstemp", "mkdtemp"):
        monkeypatch.setattr(tempfile, name, never)
    monkeypatch.setattr(Path, "write_bytes", never)
    assert send(browser, bundle).status_code == 200
    assert door.size == before
    after = door.run(door.ledger.store.access.database.head())
    assert head is not None
    assert after is not None
    assert head.size == after.size


def test_where_others_are_being_checked_somebody_is_asked_to_come_again(door: Door, bundle: bytes):
    room = door.app.state.bundles
    browser = signed_in(door)
    form = token_of(browser)
    for _ in range(bundles.AT_ONCE):
        door.run(room.acquire())
    try:
        assert send(browser, bundle, form=form).status_code == 429
    finally:
        for _ in range(bundles.AT_ONCE):
            room.release()
    assert send(browser, bundle, form=form).status_code == 200
