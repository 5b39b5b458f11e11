"""The `eventsourcing` library's own cases for application recorders, run against ours."""

from __future__ import annotations

import base64
import importlib
import sys
from collections.abc import Mapping
from typing import Any, LiteralString
from unittest.mock import Mock
from uuid import UUID

import orjson
import pytest
from eventsourcing.persistence import StoredEvent
from tests.store.ledgers import Ledger, a_fact, as_base64

from ledger.store.appending import Pending
from ledger.store.recorder import SealedRecorder
from ledger.store.sequencer import SETUP
from ledger.store.wire import Wire

# The library's cases import its cipher, which needs a package that none of these cases uses.
sys.modules.setdefault("eventsourcing.cipher", Mock())
library: Any = importlib.import_module("eventsourcing.tests.persistence")


class OpaqueForm:
    """Any bytes, carried in an entry as base64; the library counts versions from 0 here."""

    first_version = 0

    def stream(self, originator_id: UUID | str) -> str:
        return f"opaque-{originator_id}"

    def pending(self, event: StoredEvent) -> Pending:
        return a_fact(
            self.stream(event.originator_id),
            event.originator_version + 1,
            topic=event.topic,
            state=as_base64(event.state),
        )

    def stored(self, position: int, stream: str, version: int, entry: bytes) -> StoredEvent:
        values = orjson.loads(entry)["values"]
        originator = UUID(stream.removeprefix("opaque-"))
        return StoredEvent(originator, version - 1, values["topic"], base64.b64decode(values["state"]))


def recorder_for(ledger: Ledger) -> SealedRecorder:
    def connect(statements: Mapping[str, LiteralString]) -> object:
        return Wire.connect(ledger.app, statements, SETUP)

    return SealedRecorder(connect, ledger.signer, form=OpaqueForm(), released=ledger.released)  # type: ignore[arg-type]


class TestApplicationRecorder(library.ApplicationRecorderTestCase):  # type: ignore[misc]
    INITIAL_VERSION = 0

    @pytest.fixture(autouse=True)
    def _with(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def create_recorder(self) -> SealedRecorder:
        recorder = recorder_for(self.ledger)
        self.addCleanup(recorder.close)
        return recorder

    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestNonInterleavingNotificationIDs(library.NonInterleavingNotificationIDsBaseCase):  # type: ignore[misc]
    INITIAL_VERSION = 0

    @pytest.fixture(autouse=True)
    def _with(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def create_recorder(self) -> SealedRecorder:
        recorder = recorder_for(self.ledger)
        self.addCleanup(recorder.close)
        return recorder
