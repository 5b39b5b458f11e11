"""The vault: where the keys lie, wrapped, in a PostgreSQL cluster of their own, with a role and backups of its own.

    wrapping    what wraps the keys, epoch by epoch, outside both clusters
    key_files   ... in files (0600)
    kms         ... in AWS KMS
    keys        the keys by owner and by id, given out and forgotten
    epochs      which wrapping key is in use; live keys wrapped anew, old wrapping keys destroyed
    erasing     the journal of erasures, holds, and who never has a key again

Proven by tests/store/test_vault*.py.
"""

from ledger.store.vault.erasing import Erasure, Erasures, Order
from ledger.store.vault.key_files import WrappingKey, secret_file
from ledger.store.vault.keys import Vault
from ledger.store.vault.kms import Kms
from ledger.store.vault.statements import STATEMENTS
from ledger.store.vault.wrapping import WrappingKeys

__all__ = ["STATEMENTS", "Erasure", "Erasures", "Kms", "Order", "Vault", "WrappingKey", "WrappingKeys", "secret_file"]
