"""Only tokens of this ledger's own issuer are taken, and only as long as they hold."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4, uuid5

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.doors import Door, a_problem

from ledger.api.tokens import Tokens
from ledger.errors import Malformed, Setup
from ledger.store.vault import secret_file

Claims = dict[str, Any]


def private_key(door: Door) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(secret_file(door.settings.home / "keys" / "token.key"))


def claims(door: Door, **other: Any) -> Claims:
    now = int(time.time())
    origin = door.ledger.store.origin
    good = {"iss": origin, "aud": origin, "sub": str(uuid4()), "roles": ["practitioner"], "iat": now, "exp": now + 60}
    return {name: value for name, value in (good | other).items() if value is not None}


def header(door: Door, **other: Any) -> dict[str, Any]:
    good = jwt.get_unverified_header(door.token("practitioner"))
    return {name: value for name, value in (good | other).items() if value is not None}


def signed(door: Door, given: Claims, **other: Any) -> str:
    return jwt.encode(given, private_key(door), "EdDSA", headers=header(door, **other))


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def ask(door: Door, token: str, scheme: str = "Bearer") -> httpx.Response:
    return door.ask("GET", "/rules", None, headers={"Authorization": f"{scheme} {token}"})


def refused(response: httpx.Response) -> None:
    a_problem(response, 401, "unauthenticated")
    assert response.headers["www-authenticate"] == "Bearer"


def test_a_token_of_this_ledgers_issuer_is_taken_however_often(door: Door):
    token = signed(door, claims(door))
    for _ in range(3):
        assert ask(door, token).status_code == 200
    assert ask(door, token, "bearer").status_code == 200


def test_without_a_token_there_is_no_answer(door: Door):
    for path in ("/rules", "/events", "/worklists/breach", f"/offenders/{uuid4()}/enforcement"):
        refused(door.ask("GET", path, None))
    refused(door.post(f"/offenders/{uuid4()}/record-absence", {}, None))


@pytest.mark.parametrize("scheme", ["Basic", "Token", "", "BearerX"])
def test_another_scheme_is_refused(door: Door, scheme: str):
    refused(ask(door, door.token("practitioner"), scheme))


@pytest.mark.parametrize("token", ["", "x", "a.b", "a.b.c", "....", "é.é.é", "x" * 50_000, "null", "e30.e30.e30"])
def test_what_is_no_token_is_refused(door: Door, token: str):
    refused(door.ask("GET", "/rules", None, headers={b"Authorization": b"Bearer " + token.encode()}))


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", "HS256", "EdDSA"])
def test_an_unsigned_token_is_refused(door: Door, algorithm: str):
    refused(ask(door, f"{part(header(door, alg=algorithm))}.{part(claims(door))}."))


@pytest.mark.parametrize("form", ["raw", "pem", "der", "hex"])
def test_a_token_signed_with_the_public_key_as_a_secret_is_refused(door: Door, form: str):
    public = private_key(door).public_key()
    kinds = serialization.PublicFormat
    secret = {
        "raw": public.public_bytes_raw(),
        "hex": public.public_bytes_raw().hex().encode(),
        "der": public.public_bytes(serialization.Encoding.DER, kinds.SubjectPublicKeyInfo),
        "pem": public.public_bytes(serialization.Encoding.PEM, kinds.SubjectPublicKeyInfo),
    }[form]
    text = f"{part(header(door, alg='HS256'))}.{part(claims(door))}"
    algorithm = jwt.algorithms.get_default_algorithms()["HS256"]
    mac = algorithm.sign(text.encode(), secret)
    refused(ask(door, f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"))


def test_a_token_signed_by_another_key_is_refused_also_by_other_algorithms(door: Door):
    refused(ask(door, jwt.encode(claims(door), Ed25519PrivateKey.generate(), "EdDSA", headers=header(door))))
    for key, algorithm in (
        (rsa.generate_private_key(65537, 2048), "RS256"),
        (ec.generate_private_key(ec.SECP256R1()), "ES256"),
        (b"0" * 32, "HS256"),
    ):
        given = header(door, alg=algorithm)
        refused(ask(door, jwt.encode(claims(door), key, algorithm, headers=given)))


@pytest.mark.parametrize(
    "other",
    [
        {"kid": "0" * 16},
        {"kid": None},
        {"kid": "../../etc/passwd"},
        {"typ": "JWT"},
        {"typ": None},
        {"typ": "at+JWT "},
        {"crit": ["b64"]},
        {"b64": False},
    ],
    ids=str,
)
def test_a_token_with_another_header_is_refused(door: Door, other: dict[str, Any]):
    refused(ask(door, signed(door, claims(door), **other)))


@pytest.mark.parametrize("extra", [{"jwk": {"kty": "OKP"}}, {"jku": "http://evil.example/keys"}, {"x5u": "http://x"}])
def test_a_key_named_in_a_token_is_not_asked_for(door: Door, extra: dict[str, Any]):
    other = Ed25519PrivateKey.generate()
    refused(ask(door, jwt.encode(claims(door), other, "EdDSA", headers=header(door, **extra))))


WRONG: dict[str, Callable[[Door], Claims]] = {
    "another issuer": lambda door: {"iss": "ledger.example/other"},
    "no issuer": lambda door: {"iss": None},
    "another audience": lambda door: {"aud": "ledger.example/other"},
    "no audience": lambda door: {"aud": None},
    "the audience of the access log": lambda door: {"aud": f"{door.ledger.store.origin}/access"},
    "expired": lambda door: {"exp": int(time.time()) - 1},
    "without an end": lambda door: {"exp": None},
    "with an end in words": lambda door: {"exp": "tomorrow"},
    "endless": lambda door: {"exp": 1e400},
    "not valid yet": lambda door: {"nbf": int(time.time()) + 60},
    "issued in the future": lambda door: {"iat": int(time.time()) + 60},
    "without a time of issue": lambda door: {"iat": None},
    "nobody's": lambda door: {"sub": None},
    "a name's": lambda door: {"sub": "ann.jones"},
    "an id made from a name": lambda door: {"sub": str(uuid5(uuid4(), "ann.jones"))},
    "a number's": lambda door: {"sub": 7},
    "no roles": lambda door: {"roles": None},
    "an empty list of roles": lambda door: {"roles": []},
    "an unknown role": lambda door: {"roles": ["practitioner", "king"]},
    "a role as text": lambda door: {"roles": "practitioner"},
    "roles as an object": lambda door: {"roles": {"practitioner": "king"}},
    "roles as a number": lambda door: {"roles": 1},
    "a unit that is no code": lambda door: {"unit": "Ann\nJones"},
    "a unit that is no text": lambda door: {"unit": ["North"]},
    "an empty unit": lambda door: {"unit": ""},
}


@pytest.mark.parametrize("name", WRONG)
def test_a_token_that_says_anything_wrong_is_refused(door: Door, name: str):
    refused(ask(door, signed(door, claims(door, **WRONG[name](door)))))


def test_a_changed_token_is_refused(door: Door):
    first, _, signature = door.token("practitioner").split(".")
    refused(ask(door, f"{first}.{part(claims(door, roles=['chief-officer']))}.{signature}"))
    refused(ask(door, f"{first}..{signature}"))


def test_a_token_that_was_taken_is_refused_once_it_expires(door: Door):
    token = signed(door, claims(door, exp=int(time.time()) + 1))
    assert ask(door, token).status_code == 200
    time.sleep(1.1)
    refused(ask(door, token))
    refused(ask(door, token))


def test_no_refusal_repeats_the_token(door: Door):
    token = signed(door, claims(door, roles=["king-of-kent"]))
    response = ask(door, token)
    assert token not in response.text
    assert "king-of-kent" not in response.text


def with_the_public_key_as_secret(door: Door) -> str:
    text = f"{part(header(door, alg='HS256'))}.{part(claims(door, roles=['supervisor']))}"
    secret = private_key(door).public_key().public_bytes_raw()
    mac = jwt.algorithms.get_default_algorithms()["HS256"].sign(text.encode(), secret)
    return f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def with_another_payload(door: Door) -> str:
    first, _, signature = door.token("practitioner").split(".")
    return f"{first}.{part(claims(door, roles=['supervisor']))}.{signature}"


def of_another_key(door: Door) -> str:
    return jwt.encode(supervisors(door), Ed25519PrivateKey.generate(), "EdDSA", headers=header(door))


def supervisors(door: Door, **other: Any) -> Claims:
    """Such as would be let in."""
    return claims(door, **{"roles": ["supervisor"], **other})


FORGED: dict[str, Callable[[Door], str]] = {
    "unsigned": lambda door: f"{part(header(door, alg='none'))}.{part(supervisors(door))}.",
    "for another audience": lambda door: signed(door, supervisors(door, aud="ledger.example/other")),
    "by another issuer": lambda door: signed(door, supervisors(door, iss="ledger.example/other")),
    "with an unknown key id": lambda door: signed(door, supervisors(door), kid="0" * 16),
    "expired": lambda door: signed(door, supervisors(door, exp=int(time.time()) - 1)),
    "not yet valid": lambda door: signed(door, supervisors(door, nbf=int(time.time()) + 60)),
    "signed with the public key as a secret": with_the_public_key_as_secret,
    "signed by another key": of_another_key,
    "with another payload": with_another_payload,
    "with a role that is none": lambda door: signed(door, supervisors(door, roles=["supervisor", "king"])),
    "without an end": lambda door: signed(door, supervisors(door, exp=None)),
    "without an audience": lambda door: signed(door, supervisors(door, aud=None)),
    "of another type": lambda door: signed(door, supervisors(door), typ="JWT"),
}


def test_a_forged_token_records_nothing_in_either_log_and_is_not_told_why(door: Door):
    case = door.new_case()
    access = door.ledger.store.access.database
    before = door.size, door.run(access.head())
    told: set[str] = set()
    for name, forge in FORGED.items():
        token = forge(door)
        answer = door.post(f"{case.path}/record-absence", case.absence(), None, Authorization=f"Bearer {token}")
        refused(answer)
        told.add(answer.text)
        assert (door.size, door.run(access.head())) == before, name
    remembered = signed(door, supervisors(door, exp=int(time.time()) + 1))
    assert ask(door, remembered).status_code == 200
    time.sleep(1.1)
    told.add(ask(door, remembered).text)
    assert len(told) == 1, told
    good = {"Authorization": f"Bearer {signed(door, supervisors(door))}"}
    assert door.post(f"{case.path}/record-absence", case.absence(), None, **good).status_code == 201


def test_two_authorizations_do_not_add_up(door: Door):
    good = f"Bearer {door.token('practitioner')}"
    headers = httpx.Headers([("Authorization", "Bearer x"), ("Authorization", good)])
    refused(door.run(door.client.get("/rules", headers=headers)))


def test_the_issuer_issues_nothing_that_the_door_would_refuse(door: Door):
    for staff_id, roles, unit in (
        ("ann.jones", ("practitioner",), None),
        (str(uuid4()), ("king",), None),
        (str(uuid4()), (), None),
        (str(uuid4()), ("practitioner",), "a\nb"),
        (str(uuid4()), ("practitioner",), "x" * 65),
    ):
        with pytest.raises(Malformed):
            door.tokens.issue(staff_id, roles, unit)
    for lifetime in (0, -1):
        with pytest.raises(Malformed):
            door.tokens.issue(str(uuid4()), ("practitioner",), None, lifetime)


def test_a_key_file_that_others_can_read_is_refused(door: Door, tmp_path):
    Tokens.of("ledger.example/x", tmp_path)
    (tmp_path / "keys" / "token.key").chmod(0o644)
    with pytest.raises(Setup, match="chmod 600"):
        Tokens.of("ledger.example/x", tmp_path)
