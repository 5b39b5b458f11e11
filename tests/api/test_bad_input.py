"""Bad input is refused with the right status, as a problem that names the field, and nothing of it is written."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import UUID, uuid3, uuid4, uuid5

import pytest
from tests.doors import Case, Door, a_problem, compact, days_ago

VERSION_1 = "2c5ea4c0-4067-11e9-8bad-9b1deb4d3b7d"
NAMESPACE = UUID(VERSION_1)
NOT_RANDOM = {
    "no UUID": "0710890",
    "version 1": VERSION_1,
    "version 3": str(uuid3(NAMESPACE, "Ann Jones")),
    "version 5": str(uuid5(NAMESPACE, "Ann Jones")),
    "upper case": "F47AC10B-58CC-4372-A567-0E02B2C3D479",
    "braces": "{f47ac10b-58cc-4372-a567-0e02b2c3d479}",
    "a line behind it": "f47ac10b-58cc-4372-a567-0e02b2c3d479\n",
}


@pytest.fixture(scope="module")
def case(door: Door) -> Case:
    return door.new_case()


@pytest.fixture
def path(case: Case) -> str:
    return f"{case.path}/record-absence"


@pytest.fixture(autouse=True)
def _nothing_is_written(door: Door, case: Case) -> Iterator[None]:
    before = door.size
    yield
    assert door.size == before


def refused(door: Door, path: str, body: bytes, field: str, status: int = 422, **headers: str) -> dict[str, Any]:
    problem = a_problem(door.post_raw(path, body, **headers), status)
    if status == 422:
        assert field in problem["errors"], problem
    return problem


# ------------------------------------------------------------------------------------ the body


@pytest.mark.parametrize(
    "tail",
    [
        b'"note": NaN',
        b'"note": Infinity',
        b'"note": -Infinity',
        b'"note": 1e999',
        b'"note": "\\ud800"',
        b'"note": "\\udc00\\ud800"',
        b'"note": "\xff\xfe"',
        b'"note": "\xed\xa0\x80"',
        b'"note": "a\nb"',
        b'"note": 01',
        b'"note": ' + b"9" * 400,
        b'"note": ' + b"[" * 10_000 + b"]" * 10_000,
        b'"note": ' + b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b'"note": "x",',
        b"\"note\": 'x'",
        b'"note": "x" // no comment',
    ],
)
def test_what_is_not_json_is_refused(door: Door, case: Case, path: str, tail: bytes):
    refused(door, path, compact(case.absence())[:-1] + b", " + tail + b"}", "body")


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"null", b"7", b"true", b"[{}]"])
def test_a_body_that_is_no_object_is_refused(door: Door, path: str, body: bytes):
    refused(door, path, body, "body")


@pytest.mark.parametrize("body", [b"{}{}", b"\xef\xbb\xbf{}", "{}".encode("utf-16"), b"\x00", b"{", b"   "])
def test_a_body_that_is_not_one_json_text_in_utf_8_is_refused(door: Door, path: str, body: bytes):
    refused(door, path, body, "body")


@pytest.mark.parametrize(
    "body",
    [
        b'{"kind": "FTA", "kind": "FTA"}',
        b'{"kind": "FTA", "ki\\u006ed": "FAILURE_TO_COMPLY"}',
        b'{"note": [{"a": 1, "b": 2, "a": 3}]}',
        b'{"note": "a:b:c:d", "kind": ":", "kind": ""}',
    ],
)
def test_a_member_given_twice_is_refused(door: Door, path: str, body: bytes):
    assert "twice" in refused(door, path, body, "body")["errors"]["body"]


def test_an_empty_body_is_refused_with_every_field_it_lacks(door: Door, path: str):
    problem = a_problem(door.ask("POST", path), 422, "malformed")
    assert set(problem["errors"]) == {"absence_id", "order_id", "appointment_kind", "date", "kind"}


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "nonsense", ""]
)
def test_another_media_type_is_refused(door: Door, case: Case, path: str, media_type: str):
    problem = refused(door, path, compact(case.absence()), "", 415, Content_Type=media_type)
    assert "application/json" in problem["detail"]


@pytest.mark.parametrize("charset", ["utf-16", "iso-8859-1"])
def test_another_encoding_is_refused(door: Door, case: Case, path: str, charset: str):
    refused(door, path, compact(case.absence()), "", 415, Content_Type=f"application/json; charset={charset}")


def test_a_compressed_body_is_refused(door: Door, case: Case, path: str):
    refused(door, path, compact(case.absence()), "", 415, Content_Encoding="gzip")


@pytest.mark.parametrize("size", [1_000_001, 2_000_000])
def test_a_body_over_the_limit_is_refused(door: Door, path: str, size: int):
    a_problem(door.post_raw(path, b'{"note":"' + b"x" * (size - 11) + b'"}'), 413, "too-large")


def test_a_body_over_the_limit_is_refused_also_in_chunks_of_unknown_number(door: Door, path: str):
    sent = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b'{"note":"'
        for _ in range(10_000):
            sent += 10_000
            yield b"x" * 10_000

    response = door.ask("POST", path, content=chunks(), headers={"Content-Type": "application/json"})
    a_problem(response, 413, "too-large")
    assert sent < 1_100_000  # it is not read to its end


def test_a_body_under_the_limit_with_a_text_that_is_too_long_is_malformed(door: Door, case: Case, path: str):
    refused(door, path, compact(case.absence(note="x" * 990_000)), "note")


# ------------------------------------------------------------------------------------ fields


@pytest.mark.parametrize("given", NOT_RANDOM.values(), ids=NOT_RANDOM)
def test_an_id_that_is_not_random_is_refused(door: Door, case: Case, path: str, given: str):
    refused(door, path, compact(case.absence(absence_id=given)), "absence_id")


@pytest.mark.parametrize("given", NOT_RANDOM.values(), ids=NOT_RANDOM)
def test_a_target_that_is_not_random_is_refused(door: Door, case: Case, given: str):
    at = given.replace("\n", "%0A").replace("{", "%7B").replace("}", "%7D")
    refused(door, f"/offenders/{at}/record-absence", compact(case.absence()), "id")


@pytest.mark.parametrize(
    "note",
    [
        "a\x00b",
        "a\x07b",
        "a\rb",
        "a\x1bb",
        "a\x7fb",
        "a\x85b",
        "x" * (32 * 1024 + 1),
        "é" * (16 * 1024 + 1),
        1.0,
        1.5,
        10**15 * 10,
        [],
        {},
        True,
        7,
        [[[]]],
    ],
)
def test_a_text_that_no_entry_may_hold_is_refused(door: Door, case: Case, path: str, note: Any):
    refused(door, path, compact(case.absence(note=note)), "note")


def test_a_list_is_at_most_500_items(door: Door, case: Case):
    order = {
        "order_id": str(uuid4()),
        "order_type": "CO",
        "court": "Kidderminster",
        "sentence_date": days_ago(60),
        "order_end_date": days_ago(-305),
        "requirements": ["UPW"] * 501,
        "upw_hours": 100,
    }
    response = door.post(f"{case.path}/record-order", order, "court-officer")
    assert "requirements" in a_problem(response, 422, "malformed")["errors"]


@pytest.mark.parametrize("depth", [17, 200, 254, 255, 500])
def test_a_structure_is_at_most_16_levels_deep(door: Door, case: Case, path: str, depth: int):
    nested = b"[" * depth + b"]" * depth
    problem = refused(door, path, compact(case.absence())[:-1] + b',"note":' + nested + b"}", "note")
    assert "16" in problem["errors"]["note"]
    refused(door, path, nested, "body")


@pytest.mark.parametrize(
    "day",
    [
        "0000-01-01",
        "0001-01-01",
        "0999-12-31",
        "10000-01-01",
        "9999-12-31",
        "2025-02-30",
        "2025-13-01",
        "2025-2-3",
        "2025-W10-1",
        "2025-04-07T00:00:00",
        "20250407",
        "",
        " 2025-04-07",
        "٢٠٢٥-٠٤-٠٧",
        1743984000,
        "1743984000",
        None,
    ],
)
def test_a_day_that_is_in_no_calendar_of_ours_is_refused(door: Door, case: Case, path: str, day: Any):
    refused(door, path, compact(case.absence(date=day)), "date")


@pytest.mark.parametrize(
    "instant",
    [
        "2026-03-29T01:30",  # the clocks went forward over it in London
        "0001-01-01T00:00:00+05:00",
        "0999-01-01T00:00:00Z",
        "9999-12-31T23:59:59-05:00",
        "2025-04-07T25:00:00Z",
        "2025-04-07T16:30:60Z",
        "2025-02-30T12:00:00Z",
        "2025-04-07",
        "yesterday",
        1743984000,
        "1743984000",
    ],
)
def test_an_instant_that_is_on_no_clock_of_ours_is_refused(door: Door, case: Case, instant: Any):
    body = {"absence_id": str(uuid4()), "received_at": instant, "kind": "letter", "description": "from the surgery"}
    refused(door, f"{case.path}/receive-evidence", compact(body), "received_at")


def test_a_field_nobody_knows_is_refused_by_its_name(door: Door, case: Case, path: str):
    problem = refused(door, path, compact(case.absence(colour="red")), "colour")
    assert "red" not in str(problem)


def test_a_thousand_fields_nobody_knows_get_a_short_answer(door: Door, case: Case, path: str):
    response = door.post_raw(path, compact(case.absence(**{f"f{n}": n for n in range(50_000)})))
    a_problem(response, 422, "malformed")
    assert len(response.content) < 20_000


def test_a_very_long_name_of_a_field_is_not_sent_back(door: Door, case: Case, path: str):
    response = door.post_raw(path, compact(case.absence(**{"x" * 100_000: 1})))
    a_problem(response, 422, "malformed")
    assert len(response.content) < 2_000


# ------------------------------------------------------------------------------------ headers


@pytest.mark.parametrize("key", ["", "x", "7", VERSION_1, NOT_RANDOM["version 5"], "f47ac10b58cc4372a5670e02b2c3d479"])
def test_a_key_that_is_not_random_is_refused(door: Door, case: Case, path: str, key: str):
    refused(door, path, compact(case.absence()), "Idempotency-Key", Idempotency_Key=key)


@pytest.mark.parametrize("version", ["", "3", '""', '"-1"', '"x"', 'W/"3"', "*", '"3", "4"', '"99999999999999999"'])
def test_an_if_match_that_is_no_version_is_refused(door: Door, case: Case, path: str, version: str):
    refused(door, path, compact(case.absence()), "If-Match", If_Match=version)


@pytest.mark.parametrize(
    "seen",
    [
        "",
        "x",
        "-5",
        "+5",
        "1_0",
        "01",
        "1.0",
        "9" * 17,
        "9" * 5000,
        "99999",  # there are not so many
        "1; x=1",
        "1;;",
        "1; as_at=2025-W01-1",
        "1; as_at=2025-02-30",
        "1; as_at=0001-01-01",
        "1; as_at=2025-01-01; as_at=2025-01-02",
        "1; known_at=2026-03-29T01:30",
        "1; known_at=0001-01-01T00:00:00+05:00",
        "1; known_at=0999-01-01T00:00:00Z",
        "1; known_at=9999-12-31T23:59:59-05:00",
    ],
)
def test_a_screen_that_nobody_can_have_seen_is_refused(door: Door, case: Case, path: str, seen: str):
    refused(door, path, compact(case.absence()), "Ledger-Seen", Ledger_Seen=seen)


@pytest.mark.parametrize(
    "when",
    [
        "",
        "Ann Jones",
        "2025-W01-1",
        "2025-02-30",
        "0001-01-01",
        "0999-01-01T00:00:00Z",
        "0001-01-01T00:00:00+05:00",
        "9999-12-31T23:59:59-05:00",
        "2026-03-29T01:30",
    ],
)
def test_an_effective_time_that_is_none_is_refused_and_not_repeated(door: Door, case: Case, path: str, when: str):
    problem = refused(door, path, compact(case.absence()), "effective", Ledger_Effective=when)
    assert when == "" or when not in str(problem)


# ------------------------------------------------------------------------------------ addresses and questions


@pytest.mark.parametrize(
    "at",
    [
        "/offenders/../../etc/passwd",
        "/offenders/..%2f..%2fetc%2fpasswd/enforcement",
        "/offenders/%00/enforcement",
        "/offenders/%ff/enforcement",
        "/offenders/%f0%9f%92%a9/enforcement",
        "/offenders/'%20or%201=1--/enforcement",
        "/offenders/" + "a" * 5_000 + "/enforcement",
        "/offenders/F47AC10B-58CC-4372-A567-0E02B2C3D479/enforcement",
        "/offenders/f47ac10b-58cc-4372-a567-0e02b2c3d479/enforcement",
        "/offenders/f47ac10b-58cc-4372-a567-0e02b2c3d479/%00",
        "/offenders//enforcement",
        "/nowhere/f47ac10b-58cc-4372-a567-0e02b2c3d479/enforcement",
        "/worklists/%00",
        "/worklists/nothing",
        "/problems/nothing",
        "/offenders",
        "/rules/",
    ],
)
def test_an_address_that_leads_nowhere_is_not_found(door: Door, at: str):
    problem = a_problem(door.ask("GET", at), 404, "not-found")
    assert len(problem["detail"]) < 500


@pytest.mark.parametrize(
    "field, value",
    [
        ("as_at", ""),
        ("as_at", "today"),
        ("as_at", "2025-02-30"),
        ("as_at", "2025-W01-1"),
        ("as_at", "20250407"),
        ("as_at", "0001-01-01"),
        ("as_at", "9999-12-31"),
        ("as_at", "2025-04-07T00:00:00Z"),
        ("known_at", ""),
        ("known_at", "now"),
        ("known_at", "2025-04-07"),
        ("known_at", "2026-03-29T01:30"),
        ("known_at", "0001-01-01T00:00:00+05:00"),
        ("known_at", "0999-01-01T00:00:00Z"),
        ("known_at", "9999-12-31T23:59:59-05:00"),
        ("known_at", "2025-04-07T16:30:00 London"),
        ("explain", "maybe"),
        ("explain", ""),
        ("clock", "wall"),
        ("unknown", "1"),
        ("As_at", "2025-04-07"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(door: Door, case: Case, field: str, value: str):
    for view in ("enforcement", "progress", "chronology"):
        problem = a_problem(door.get(f"{case.path}/{view}", **{field: value}), 422, "malformed")
        assert field in problem["errors"]


@pytest.mark.parametrize("query", ["as_at=2025-04-07", "effective=2025-04-07", "dry_run=true", "x"])
def test_a_command_takes_nothing_from_its_address(door: Door, case: Case, path: str, query: str):
    refused(door, f"{path}?{query}", compact(case.absence()), query.partition("=")[0])


def test_thousands_of_parameters_get_a_short_answer(door: Door, case: Case):
    many = "&".join(f"{'x' * 90}{n}=1" for n in range(650))
    response = door.ask("GET", f"{case.path}/enforcement?{many}")
    a_problem(response, 422, "malformed")
    assert len(response.content) < 60_000


def test_a_question_asked_twice_over_is_refused(door: Door, case: Case):
    response = door.ask("GET", f"{case.path}/enforcement?as_at=2025-01-01&as_at=2026-01-01")
    assert "as_at" in a_problem(response, 422, "malformed")["errors"]


def test_before_anything_was_known_there_is_no_case(door: Door, case: Case):
    response = door.get(f"{case.path}/enforcement", known_at="1999-01-01T00:00:00Z")
    assert "as known then" in a_problem(response, 404, "not-found")["detail"]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
def test_another_method_is_refused_with_those_that_are_not(door: Door, path: str, method: str):
    response = door.ask(method, path)
    a_problem(response, 405, "method-not-allowed")
    assert set(response.headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}


def test_a_registry_is_only_read(door: Door):
    response = door.post("/rules", {})
    a_problem(response, 405, "method-not-allowed")
    assert set(response.headers["allow"].split(", ")) == {"GET", "HEAD"}
