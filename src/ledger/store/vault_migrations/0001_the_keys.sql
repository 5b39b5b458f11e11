-- The vault: keys, wrapped by a key file that is not in here.  A cluster of its own, with backups of its own.

CREATE TABLE keys (
    key_id      uuid        PRIMARY KEY,
    owner       text        COLLATE "C" NOT NULL,   -- whose: the stream of a person, or a stream (privacy/owners.py)
    retention   text        COLLATE "C" NOT NULL,   -- retention class: case, child, victim, third-party, staff
    generation  integer     NOT NULL CHECK (generation > 0),
    state       text        NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'erasing', 'destroyed')),
    wrapping    text,                               -- which wrapping key; null once destroyed
    wrapped     bytea,                              -- nonce || AES-256-GCM of the key, AAD = key id; null once destroyed
    made_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (owner, retention, generation),
    CHECK ((state = 'destroyed') = (wrapped IS NULL))
);

-- Secrets of the ledger itself, by name (the key of the digests of commands).
CREATE TABLE secrets (
    name        text        PRIMARY KEY,
    wrapping    text        NOT NULL,
    wrapped     bytea       NOT NULL
);

GRANT SELECT, INSERT ON keys, secrets TO vault_app;
