"""Safekeeping: backups of ledger and vault, apart, and the way back from them.

    DIR/ledger/<stamp>/     entries, ciphertexts, checkpoints of both logs      kept for as long as the ledger
    DIR/vault/<stamp>/      keys, wrapped; the journal of erasures, holds       kept for LEDGER_VAULT_BACKUP_DAYS

    folders     a folder of a backup: whole or not there, every file by its checksum
    copying     the tables of a database out of one snapshot, and into an empty one
    backing     `ledger backup`
    evidence    the newest checkpoints that anybody has, which a restored ledger must not fall behind
    replaying   every erasure since, before anything opens
    restoring   `ledger restore`

The folder of keys is in neither: with the wrapping key of its time beside it, a backup of the vault would open.  What
to keep where, and for how long: docs/SAFEKEEPING.md.

Proven by tests/store/test_backup.py, test_restore.py, test_horizon.py and tests/journeys/test_safekeeping.py.
"""

from ledger.store.safekeeping.backing import Made, back_up
from ledger.store.safekeeping.restoring import Restored, Wanted, restore

__all__ = ["Made", "Restored", "Wanted", "back_up", "restore"]
