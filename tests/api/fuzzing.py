"""Requests made from the OpenAPI document, right and wrong ones, and whether the answers are what it says.

schemathesis reads the document of a running server, makes requests for each operation of it (half of them within its
schemas, half of them outside) and compares status, media type and body of every answer.  Every request carries the
token of one role; every other one goes to a case that there is.  test_fuzzing.py runs a little of it, each time the
same; `python -m bench.fuzz` as much as one likes.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.journeys.process import SECRETIVE, Process, ended, free_port, run

from ledger.aggregates import AGGREGATES
from ledger.aggregates.roles import ROLES as EVERY_ROLE
from ledger.aggregates.roles import roles_for
from ledger.api.openapi import example, kebab
from ledger.api.tokens import Tokens

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
ROLES = ("practitioner", "supervisor", "information-officer", "auditor")


Operation = APIOperation[Any, Any, Any, Any]


@contextmanager
def fuzzed() -> Generator[Fuzzing]:
    """A new ledger, served as always, with a case of each noun begun by what the document gives as its example."""
    folder = Path(tempfile.mkdtemp(prefix="ledger-"))
    folder.chmod(0o711)
    with ended(Process(folder / "home", free_port(), "serve")) as process:
        process.start()
        process.wait_until_ready()
        tokens = Tokens.of(json.loads(run(process.home, "status", "--json").stdout)["origin"], process.home)
        named = {"policy": "policy", "register-reports": "2025-04"}
        cases = {each.collection: str(uuid4()) for each in AGGREGATES.values()} | named
        everybody = {"Authorization": f"Bearer {tokens.issue(str(uuid4()), EVERY_ROLE)}"}
        for each in AGGREGATES.values():
            if each.first is not None and each.first.command:
                at = f"{process.address}/{each.collection}/{cases[each.collection]}/{kebab(each.first.command)}"
                role = {"Ledger-Role": min(roles_for(each.first))}
                answer = requests.post(at, json=example(each.first), headers=everybody | role, timeout=30)
                assert answer.status_code in (201, 409), answer.text  # some begin only where others have begun
        yield Fuzzing(process.address, {each: tokens.issue(str(uuid4()), (each,)) for each in ROLES}, cases)
        assert not [each for each in SECRETIVE if each in process.output], process.output[-3000:]
    shutil.rmtree(folder)


@dataclass
class Fuzzing:
    """A running server, a token for each role, a case for each collection; what came, and what was found."""

    address: str
    tokens: Mapping[str, str]  # of each of ROLES
    cases: Mapping[str, str]  # collection -> id
    came: Counter[tuple[str, int]] = field(default_factory=Counter[tuple[str, int]])  # role and status
    findings: dict[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        self._schema = schemathesis.openapi.from_url(f"{self.address}/openapi.json")
        self._session = requests.Session()

    @property
    def operations(self) -> list[Operation]:
        """All but those that take bytes of a document: tests/api/test_documents.py sends what is none."""
        found = (each.ok() for each in self._schema.get_all_operations())
        return [each for each in found if all("example" in body.definition for body in each.body)]

    def run(self, role: str, examples: int, number: int) -> None:
        """So many requests for each operation that the role may ask, and one for each other; `number` is the seed."""
        for operation in self.operations:
            if self.ask(self.plain(operation, role), role) != 403:
                self._fuzz(operation, role, examples, number)

    def _headers(self, role: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[role]}", "Ledger-Role": role}

    def _known(self, operation: Operation) -> dict[str, str]:
        """The id in an operation's path, of a case that there is."""
        return {"id": self.cases[operation.path.split("/")[1]]} if "{id}" in operation.path else {}

    def plain(self, operation: Operation, role: str) -> Case:
        """The request as the document shows it."""
        bodies = [each.definition["example"] for each in operation.body]
        more = {"body": bodies[0], "media_type": "application/json"} if bodies else {}
        named = {
            "code": "malformed",
            "position": "1",
            "path": "000.p/1",
            "doc_id": str(uuid4()),
            "letter": f"{uuid4()}.txt",
        }
        at = named | self._known(operation)
        return operation.Case(path_parameters=at, headers=self._headers(role), **more)

    def _fuzz(self, operation: Operation, role: str, examples: int, number: int) -> None:
        @seed(number)
        @settings(
            max_examples=examples,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=self._requests(operation, role))
        def each(case: Case) -> None:
            self.ask(case, role)

        each()

    def _requests(self, operation: Operation, role: str) -> st.SearchStrategy[Case]:
        given: dict[str, Any] = {"headers": self._headers(role)}
        at = self._known(operation) | ({"position": 1} if "{position}" in operation.path else {})
        known: dict[str, Any] = {"path_parameters": at} if at else {}
        ways = [operation.as_strategy(mode, **given, **more) for mode in GenerationMode for more in (known, {})]
        ways += [operation.as_strategy(**given, **known, body=each.definition["example"]) for each in operation.body]
        return st.one_of(ways)

    def ask(self, case: Case, role: str) -> int:
        """Send it, and look at the answer; its status."""
        response = case.call(base_url=self.address, session=self._session, timeout=30)
        self.came[role, response.status_code] += 1
        try:
            case.validate_response(response, checks=CHECKS)
        except (FailureGroup, AssertionError) as found:
            for problem in getattr(found, "exceptions", [found]):
                name = f"{case.operation.label} in the role {role}: {problem}"
                self.findings.setdefault(f"{case.operation.label} {type(problem).__name__}", name)
        return int(response.status_code)
