"""Tree, proofs, signed notes and the forms of what is sealed: the part that anyone can check without us.

Pure and small: no database, no web, no clock, and nothing of the rest of the ledger. Each module is the
specification of one format, with one worked example that a test executes:

    errors       the tree of errors
    tree         the Merkle tree of RFC 6962, its growing right edge, inclusion and consistency proofs
    tiles        the same tree as files that never change (C2SP tlog-tiles), read and named
    note         text signed by named Ed25519 keys (C2SP signed-note)
    checkpoint   origin, size and root of a log, as a signed note (C2SP tlog-checkpoint)
    cosignature  somebody's word that a checkpoint continues what he saw (C2SP tlog-cosignature)
    proof        that an entry is in a log, in one file to keep (C2SP tlog-proof)
    witness      what a witness answers and holds then, as a state machine (C2SP tlog-witness)
    fork         the proof that one log told two histories
    policy       whom a reader trusts, and how many must have cosigned (C2SP tlog-policy)
    chain        the hash chain through everything that concerns one person
    heads        the map of every chain's head, whose root a closing seals, with proofs of presence and absence
    entry        the sealed entry: canonical JSON (RFC 8785), its members and their limits
    commitment   salted commitments to values and documents that lie outside the entry
    bundle       one case in a file that proves itself: complete, unaltered, in order
    announcement how a log's next key is believed by whoever holds the last one
    timestamp    that a checkpoint existed by then, as an authority says (RFC 3161)
    names        what a log was called before a loss, and up to where that is believed
    verify       the oracle: re-checks a whole ledger from its stored bytes
    stretch      many entries read at once, where there is nothing to find in them
    swift        the oracle with that quick way: the same report in a fraction of the time

Import from the modules; the package itself exports nothing.
"""
