-- Documents, in encrypted parts beside the entry that commits to them.

CREATE TABLE file_parts (
    file_id     uuid        NOT NULL,
    part        smallint    NOT NULL CHECK (part >= 0),
    key_id      uuid        NOT NULL,
    nonce       bytea       NOT NULL CHECK (length(nonce) = 12),
    ciphertext  bytea       NOT NULL,
    PRIMARY KEY (file_id, part)
);
CREATE INDEX ON file_parts (key_id);

GRANT SELECT, INSERT, DELETE ON file_parts TO ledger_app;
