"""A document in encrypted parts: it opens whole and in order under its own key, or not at all."""

import secrets
from uuid import uuid4

import pytest

from ledger.privacy.sealing import DataKey, Unreadable
from ledger.store.documents import PART, opened, shut

ORIGIN = "ledger.example/kent"


@pytest.fixture
def key():
    return DataKey(str(uuid4()), secrets.token_bytes(32))


@pytest.mark.parametrize("size", [0, 1, PART - 1, PART, PART + 1, 3 * PART])
def test_what_was_shut_opens(key, size):
    file_id, data = str(uuid4()), secrets.token_bytes(size)
    parts = shut(ORIGIN, file_id, key, data)
    assert len(parts) == max(1, -(-size // PART))
    assert opened(ORIGIN, file_id, key, parts) == data


def test_the_same_document_is_never_shut_to_the_same_bytes(key):
    file_id = str(uuid4())
    one, other = (shut(ORIGIN, file_id, key, b"the same")[0] for _ in range(2))
    assert one.data != other.data


def test_it_opens_only_where_it_belongs(key):
    file_id = str(uuid4())
    parts = shut(ORIGIN, file_id, key, secrets.token_bytes(2 * PART + 7))
    for wrong in (
        (ORIGIN, str(uuid4()), key, parts),
        ("ledger.example/essex", file_id, key, parts),
        (ORIGIN, file_id, DataKey(key.id, secrets.token_bytes(32)), parts),
        (ORIGIN, file_id, key, parts[:2]),
        (ORIGIN, file_id, key, parts[1:]),
        (ORIGIN, file_id, key, [parts[1], parts[0], parts[2]]),
        (ORIGIN, file_id, key, [*parts, parts[2]]),
    ):
        with pytest.raises(Unreadable):
            opened(*wrong)
