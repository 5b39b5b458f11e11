"""Whatever can be made from the OpenAPI document is answered as the document says, in each of four roles."""

from __future__ import annotations

from collections.abc import Generator
from datetime import timedelta

import httpx
import pytest
from schemathesis import Case
from tests.api.fuzzing import ROLES, Fuzzing, fuzzed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
SEED = 20260721
EXAMPLES = 2  # of each operation that a role may ask; `python -m bench.fuzz` makes more


@pytest.fixture(scope="module")
def fuzzing() -> Generator[Fuzzing]:
    with fuzzed() as made:
        yield made


@pytest.mark.parametrize("role", ROLES)
def test_every_answer_is_one_that_the_document_promises(fuzzing: Fuzzing, role: str):
    fuzzing.run(role, EXAMPLES, SEED)
    assert not fuzzing.findings, "\n".join(fuzzing.findings.values())
    statuses = {status for each, status in fuzzing.came if each == role}
    assert {200, 403, 422} <= statuses, statuses


PROBLEM = b'{"type": "/problems/malformed", "title": "x", "status": 422, "detail": "y"}'
WRONG: dict[str, tuple[int, bytes, str]] = {
    "ServerError": (500, PROBLEM, "application/problem+json"),
    "UndefinedStatusCode": (418, PROBLEM, "application/problem+json"),
    "UndefinedContentType": (422, PROBLEM, "text/html"),
    "JsonSchemaError": (422, b'{"title": "x"}', "application/problem+json"),
}


@pytest.mark.parametrize("found", WRONG)
def test_what_is_otherwise_than_the_document_says_is_found(
    fuzzing: Fuzzing, found: str, monkeypatch: pytest.MonkeyPatch
):
    status, body, media = WRONG[found]
    asked = httpx.Request("POST", fuzzing.address)
    answer = httpx.Response(status, headers={"Content-Type": media}, content=body, request=asked)
    answer.elapsed = timedelta()
    monkeypatch.setattr(Case, "call", lambda *_, **__: answer)
    again = Fuzzing(fuzzing.address, fuzzing.tokens, fuzzing.cases)
    operation = next(each for each in again.operations if each.path.endswith("/record-absence"))
    again.ask(again.plain(operation, "practitioner"), "practitioner")
    assert found in {each.split()[-1] for each in again.findings}
