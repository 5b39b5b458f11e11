"""A chain is moved by every entry, its place and its order."""

from hashlib import sha256
from itertools import permutations

import pytest

from ledger.transparency.chain import CHAIN_START, chain_of, next_link
from ledger.transparency.errors import FormatError

ENTRIES = [(index, bytes([index]) * 32) for index in (0, 3, 4, 9)]


def test_a_link_is_the_hash_of_prefix_chain_index_and_leaf():
    by_hand = sha256(b"\x22" + b"c" * 32 + b"\x00\x00\x00\x00\x00\x01\x00\x02" + b"l" * 32).digest()
    assert next_link(b"c" * 32, 0x10002, b"l" * 32) == by_hand


def test_a_chain_without_entries_is_32_zero_bytes():
    assert chain_of([]) == CHAIN_START == bytes(32)


def test_leaving_out_adding_or_moving_an_entry_changes_the_chain():
    whole = chain_of(ENTRIES)
    changed = [ENTRIES[:i] + ENTRIES[i + 1 :] for i in range(4)]
    changed += [[*ENTRIES, (10, bytes(32))], [(1, ENTRIES[0][1]), *ENTRIES[1:]]]
    leaves = [leaf for _, leaf in ENTRIES]
    changed += [
        [(index, leaf) for (index, _), leaf in zip(ENTRIES, order, strict=True)] for order in permutations(leaves)
    ][1:]
    chains = {chain_of(entries) for entries in changed}
    assert len(chains) == len(changed)
    assert whole not in chains


@pytest.mark.parametrize("indexes", [(0, 0), (1, 0)])
def test_entries_out_of_order_make_no_chain(indexes: tuple[int, int]):
    with pytest.raises(FormatError, match="does not come after"):
        chain_of([(index, bytes(32)) for index in indexes])


@pytest.mark.parametrize(
    "chain,index,leaf", [(31, 0, 32), (33, 0, 32), (32, 0, 31), (32, 0, 33), (32, -1, 32), (32, 2**64, 32)]
)
def test_a_link_of_other_sizes_is_refused(chain: int, index: int, leaf: int):
    with pytest.raises(FormatError):
        next_link(bytes(chain), index, bytes(leaf))
