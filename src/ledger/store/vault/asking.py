"""How the vault is asked: what its silence means to a person, and a transaction of one's own.

Proven by tests/store/test_vault.py and test_vault_erasing.py.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

from ledger.errors import DiskFull, LedgerError, VaultUnavailable
from ledger.store.wire import DISK_FULL, DatabaseTrouble, Wire

Connect: TypeAlias = Callable[[], Awaitable[Wire]]


def no_answer(problem: Exception) -> LedgerError:
    """What to tell whoever asked."""
    if getattr(problem, "state", None) == DISK_FULL:
        return DiskFull("There is no room left in the vault to keep a key. Nothing was recorded.")
    return VaultUnavailable("The vault does not answer; personal values cannot be read or sealed now.")


@asynccontextmanager
async def asking(connect: Connect) -> AsyncGenerator[Wire]:
    """A connection of one's own.  Raises VaultUnavailable."""
    wire = None
    try:
        wire = await connect()
        yield wire
    except (DatabaseTrouble, OSError) as problem:
        raise no_answer(problem) from problem
    finally:
        if wire:
            wire.close()


@asynccontextmanager
async def behind_the_gate(connect: Connect) -> AsyncGenerator[Wire]:
    """A transaction with the one row of the gate locked: those who come here take turns.

    Raises VaultUnavailable: then it is not known whether a COMMIT under way was done, and whoever asks again, with the
    same ids, gets the same end.
    """
    async with asking(connect) as wire:
        await wire.ask_all([(b"begin", ()), (b"lock_gate", ())])
        yield wire
        await wire.ask(b"commit")
