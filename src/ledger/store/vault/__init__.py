"""The vault: where the keys lie, wrapped, in a PostgreSQL cluster of their own, with a role and backups of its own.

    key_files   what wraps the keys: files (0600) outside both clusters
    keys        the keys by owner and by id, given out and forgotten
    epochs      which wrapping key is in use; live keys wrapped anew, old wrapping keys destroyed
    erasing     the journal of erasures, holds, and who never has a key again

Proven by tests/store/test_vault*.py.
"""

from ledger.store.vault.erasing import Erasure, Erasures, Order
from ledger.store.vault.key_files import WrappingKey, WrappingKeys, secret_file
from ledger.store.vault.keys import Vault
from ledger.store.vault.statements import STATEMENTS

__all__ = ["STATEMENTS", "Erasure", "Erasures", "Order", "Vault", "WrappingKey", "WrappingKeys", "secret_file"]
