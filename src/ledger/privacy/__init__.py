"""Privacy: whose a value is, the keys it is sealed under, commitments, and (in time) erasure and holds.

Pure crypto and bookkeeping; where the keys lie is the store's matter (ledger.store.vault).
"""
