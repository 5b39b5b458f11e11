"""What the command line does with the vault: how it stands, and a new wrapping key.

Proven by tests/store/test_vault_epochs.py.
"""

from __future__ import annotations

import argparse
from typing import Any

from ledger.application import Ledger
from ledger.store.vault.epochs import Rewrapped
from ledger.verbs import err, out, say, with_ledger


def vault(given: argparse.Namespace) -> int:
    """`ledger vault status` or `ledger vault rewrap`."""
    return _rewrap(given) if given.what == "rewrap" else _status(given)


def _status(given: argparse.Namespace) -> int:
    async def use(ledger: Ledger) -> dict[str, Any]:
        return await ledger.store.vault.epochs.status()

    found = with_ledger(use)
    say(given, found, lambda: _pairs(found))
    return 0


def _rewrap(given: argparse.Namespace) -> int:
    """On standard error, because it is for a person: from now on earlier backups of the vault open nothing."""

    async def use(ledger: Ledger) -> Rewrapped:
        with err.status("wrapping every key anew") as shown:
            return await ledger.store.vault.epochs.rewrap(lambda n: shown.update(f"{n:,} wrapped anew"))

    done = with_ledger(use)
    body = {"epoch": done.epoch, "keys": done.keys, "secrets": done.secrets, "gone": done.gone}
    say(given, body, lambda: _pairs(body))
    err.print("Backups of the vault made before now cannot be opened any more: back up the vault and its keys now.")
    return 0


def _pairs(found: dict[str, Any]) -> None:
    for name, value in found.items():
        out.print(f"{name.replace('_', ' ')}: {value}", markup=False, highlight=False, soft_wrap=True)
