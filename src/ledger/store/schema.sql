-- The ledger's own tables: what is sealed, and what the sequencer needs to seal the next fact.
-- This file is the whole truth of the schema; migrations/ lead to it step by step, and a test proves that they agree.

-- One row: the head of the log.  Its row lock is the only lock of an append.
CREATE TABLE head (
    one         boolean     PRIMARY KEY DEFAULT true CHECK (one),
    origin      text        NOT NULL,             -- the log's name in every checkpoint; never changes
    simulated   boolean     NOT NULL,             -- true: commands may move the clock (scenarios, demonstrations)
    size        bigint      NOT NULL CHECK (size >= 0),           -- facts sealed; the newest position
    edge        bytea       NOT NULL,             -- right edge of the tree: 32 bytes per perfect subtree, largest first
    recorded    timestamptz NOT NULL              -- recorded time of the newest fact: never decreases
) WITH (fillfactor = 10);                         -- rewritten at every append: room for updates in the page

-- The log.  Positions have no gaps; bytes are stored as they were hashed.
CREATE TABLE entries (
    position    bigint      PRIMARY KEY CHECK (position > 0),
    stream      text        COLLATE "C" NOT NULL,
    version     bigint      NOT NULL CHECK (version > 0),         -- 1, 2, 3 ... in its stream
    recorded    timestamptz NOT NULL,
    leaf        bytea       NOT NULL CHECK (length(leaf) = 32),   -- H(0x00 || entry)
    entry       bytea       NOT NULL CHECK (length(entry) <= 65535),
    UNIQUE (stream, version)
);
CREATE INDEX entries_recorded ON entries (recorded);              -- a moment leads to the prefix known then
-- The few facts that limit who may read a case, and that say which records are of one person, found without reading the
-- log (ledger.store.limits).
CREATE INDEX entries_of_access ON entries (position)
    WHERE position('"type":"offender.access-'::bytea IN entry) > 0
       OR position('"type":"offender.persons-'::bytea IN entry) > 0;
-- The documents that facts name, by their ids (ledger.store.documents).
CREATE INDEX entries_of_files ON entries (substring(entry FROM position('"file_id":"'::bytea IN entry) + 11 FOR 36))
    WHERE position('"file_id":"'::bytea IN entry) > 0;

-- Which entries concern an id beyond those of its own stream.
CREATE TABLE about (
    id          text        COLLATE "C" NOT NULL,
    position    bigint      NOT NULL,
    PRIMARY KEY (id, position)
);

-- Per id (a stream, or a person, placement … named in `about`): its version, and its chain (ledger-format.md).
CREATE TABLE chains (
    id          text        COLLATE "C" PRIMARY KEY,
    version     bigint      NOT NULL,             -- of the stream of that name; 0 where it is none
    leaf        bytea,                            -- leaf hash of that version; null for none
    n           bigint      NOT NULL,             -- entries in the chain
    chain       bytea       NOT NULL CHECK (length(chain) = 32),
    last        bigint      NOT NULL              -- leaf index of the newest entry in the chain
) WITH (fillfactor = 70);

-- Personal values and texts, one ciphertext per fact and key, beside the entry that commits to them.
CREATE TABLE sealed_values (
    position    bigint      NOT NULL,
    key_id      uuid        NOT NULL,
    nonce       bytea       NOT NULL CHECK (length(nonce) = 12),
    ciphertext  bytea       NOT NULL,
    PRIMARY KEY (position, key_id)
);
CREATE INDEX ON sealed_values (key_id);           -- an erasure finds its own under the head's lock

-- A command's key leads to its receipt.
CREATE TABLE receipts (
    key         uuid        PRIMARY KEY,
    digest      bytea       NOT NULL,             -- HMAC of the command under a key of the vault
    first       bigint      NOT NULL,             -- positions first .. last
    last        bigint      NOT NULL,
    size        bigint      NOT NULL,             -- of the checkpoint that was released with it
    warnings    bytea,                            -- JSON list of {rule, message}; null for none
    recorded    timestamptz NOT NULL
);

-- Every commit of the sequencer makes one.  No signature is in here: it is made when the COMMIT has returned, and
-- Ed25519 makes the same one every time.
CREATE TABLE checkpoints (
    size        bigint      PRIMARY KEY,
    root        bytea       NOT NULL CHECK (length(root) = 32),
    recorded    timestamptz NOT NULL
);

-- Signed notes as they were released, about one a second.
CREATE TABLE released (
    size        bigint      PRIMARY KEY,
    note        text        NOT NULL
);

-- Full tiles of hashes (ledger.transparency.tiles), stored once: what nobody has to compute from all leaves again.
CREATE TABLE tiles (
    level       smallint    NOT NULL CHECK (level BETWEEN 0 AND 7),
    index       bigint      NOT NULL CHECK (index >= 0),
    root        bytea       NOT NULL CHECK (length(root) = 32),   -- over the tile: one hash of the level above
    hashes      bytea       NOT NULL CHECK (length(hashes) = 8192),
    PRIMARY KEY (level, index)
);

-- Closings (ledger.transparency.heads): the root of the map of heads that each sealed, and its checkpoint, kept for ever.
CREATE TABLE closings (
    position    bigint      PRIMARY KEY CHECK (position > 0),     -- the last leaf of its checkpoint, so its size too
    heads       bytea       NOT NULL CHECK (length(heads) = 32),  -- of every chain before it
    root        bytea       NOT NULL CHECK (length(root) = 32)    -- of the tree with it
);

-- Keys under which nothing more is sealed, because their erasure has begun.
CREATE TABLE fenced_keys (
    key_id      uuid        PRIMARY KEY
);

-- Which fact says that a key was destroyed: an index, and no evidence; whoever reads it reads the fact.
CREATE TABLE erased_keys (
    key_id      uuid        PRIMARY KEY,
    position    bigint      NOT NULL
);

-- Documents (scans, letters), in encrypted parts of 1 MB: written before the fact that names them, gone with their key.
CREATE TABLE file_parts (
    file_id     uuid        NOT NULL,             -- as the fact names it
    part        smallint    NOT NULL CHECK (part >= 0),
    key_id      uuid        NOT NULL,
    nonce       bytea       NOT NULL CHECK (length(nonce) = 12),
    ciphertext  bytea       NOT NULL,
    written     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (file_id, part)
);
CREATE INDEX ON file_parts (key_id);              -- an erasure finds its own under the head's lock

-- What was sealed stays: no statement changes or removes it, whatever was granted, not even the owner's. Who may take
-- a trigger away can still do both; then `ledger verify` and every witness find it.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what is sealed in % is never changed or removed', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER entries_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON entries FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER about_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON about FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER checkpoints_stay BEFORE UPDATE OR TRUNCATE ON checkpoints FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER released_stay BEFORE UPDATE OR TRUNCATE ON released FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER tiles_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON tiles FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER closings_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON closings FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER fenced_keys_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON fenced_keys FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER erased_keys_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON erased_keys FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER chains_stay BEFORE DELETE OR TRUNCATE ON chains FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER head_stays BEFORE DELETE OR TRUNCATE ON head FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The application's role: it appends.  Head and chains move on; ciphertexts go with an erasure; nothing else changes.
GRANT SELECT ON ALL TABLES IN SCHEMA public TO ledger_app;
GRANT INSERT ON head, entries, about, chains, sealed_values, receipts, checkpoints, released, tiles, closings, fenced_keys, erased_keys TO ledger_app;
GRANT UPDATE (size, edge, recorded) ON head TO ledger_app;
GRANT UPDATE (version, leaf, n, chain, last) ON chains TO ledger_app;
GRANT DELETE ON sealed_values, receipts TO ledger_app;
GRANT INSERT, DELETE ON file_parts TO ledger_app;

-- The access log: a second log of the same make (ledger-format.md), in a schema of its own.  Its tables are the
-- ledger's, made from them: whatever runs over the one runs over the other, by its search_path.
CREATE SCHEMA access;

CREATE TABLE access.head (LIKE head INCLUDING ALL) WITH (fillfactor = 10);
CREATE TABLE access.entries (LIKE entries INCLUDING ALL);
CREATE TABLE access.about (LIKE about INCLUDING ALL);
CREATE TABLE access.chains (LIKE chains INCLUDING ALL) WITH (fillfactor = 70);
CREATE TABLE access.sealed_values (LIKE sealed_values INCLUDING ALL);
CREATE TABLE access.receipts (LIKE receipts INCLUDING ALL);
CREATE TABLE access.checkpoints (LIKE checkpoints INCLUDING ALL);
CREATE TABLE access.released (LIKE released INCLUDING ALL);
CREATE TABLE access.tiles (LIKE tiles INCLUDING ALL);
CREATE TABLE access.closings (LIKE closings INCLUDING ALL);
CREATE TABLE access.fenced_keys (LIKE fenced_keys INCLUDING ALL);
CREATE TABLE access.erased_keys (LIKE erased_keys INCLUDING ALL);

CREATE TRIGGER entries_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON access.entries FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER about_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON access.about FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER checkpoints_stay BEFORE UPDATE OR TRUNCATE ON access.checkpoints FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER released_stay BEFORE UPDATE OR TRUNCATE ON access.released FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER tiles_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON access.tiles FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER closings_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON access.closings FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER fenced_keys_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON access.fenced_keys FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER erased_keys_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON access.erased_keys FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER chains_stay BEFORE DELETE OR TRUNCATE ON access.chains FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER head_stays BEFORE DELETE OR TRUNCATE ON access.head FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT USAGE ON SCHEMA access TO ledger_app;
GRANT SELECT ON ALL TABLES IN SCHEMA access TO ledger_app;
GRANT INSERT ON ALL TABLES IN SCHEMA access TO ledger_app;
GRANT UPDATE (size, edge, recorded) ON access.head TO ledger_app;
GRANT UPDATE (version, leaf, n, chain, last) ON access.chains TO ledger_app;
GRANT DELETE ON access.sealed_values, access.receipts TO ledger_app;

-- What follows from the sealed facts, kept to be asked often.  Nothing here is evidence: it may be thrown away and
-- built again.  Ids, days and codes only; a name is opened when a page is read.
CREATE SCHEMA projections;

-- Up to which position the tables below follow the log.
CREATE TABLE projections.followed (
    one         boolean     PRIMARY KEY DEFAULT true CHECK (one),
    position    bigint      NOT NULL CHECK (position >= 0)
);

-- The generation of each worklist that is read, and the version of the code that built it.  A rebuild makes the next
-- generation beside it; the swap is this one row.
CREATE TABLE projections.worklists (
    name        text        COLLATE "C" PRIMARY KEY,
    generation  integer     NOT NULL,
    version     integer     NOT NULL
);

-- The point of its days that a row is kept under: the one that most powers of two divide, days being numbered from
-- 1 January of year 1.  A day can have been kept under some 20 points, whatever the list has seen (the relational
-- interval tree of Kriegel, Pötke and Seidl, VLDB 2000).
CREATE FUNCTION projections.fork(since date, until date) RETURNS integer
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN (until - date '0001-01-01') >> (length(ltrim(
            ((since - date '0001-01-01') # (until - date '0001-01-01'))::bit(32)::text, '0')) - 1)
        << (length(ltrim(((since - date '0001-01-01') # (until - date '0001-01-01'))::bit(32)::text, '0')) - 1);

-- A table is a schedule: a row stands from a day until the day before another, unless something happens.
CREATE TABLE projections.rows (
    case_id     text        COLLATE "C" NOT NULL,     -- the stream of the case
    worklist    text        COLLATE "C" NOT NULL,
    generation  integer     NOT NULL,
    n           integer     NOT NULL,                 -- among the rows of the case
    unit        text        COLLATE "C",              -- the unit the case belongs to now
    rank        date        NOT NULL,                 -- the day that orders the list
    since       date        NOT NULL,
    until       date        NOT NULL,                 -- 9999-12-31: for ever
    row         bytea       NOT NULL,                 -- JSON
    fork        integer     NOT NULL GENERATED ALWAYS AS (projections.fork(since, until)) STORED,
    PRIMARY KEY (case_id, worklist, generation, n)
);
-- A page is read along one of these, in the order of the list: of all units under each of the points that the day can be
-- kept under, of one unit as it comes; rows that stand on other days are passed over without being fetched.
CREATE INDEX rows_in_order ON projections.rows (worklist, generation, fork, rank, case_id, n) INCLUDE (since, until);
CREATE INDEX rows_of_unit ON projections.rows (worklist, generation, unit, rank, case_id, n) INCLUDE (since, until);

-- What each case asked of the policy, by setting (and `calendar`): the latest day.  A changed setting folds again only
-- the cases it can move.
CREATE TABLE projections.cases (
    case_id     text        COLLATE "C" PRIMARY KEY,
    position    bigint      NOT NULL,                 -- as known at
    unit        text        COLLATE "C",
    asked       text        NOT NULL                  -- JSON
);

-- Cases that cannot be folded: their rows stay as they were before `position`, until they can.
CREATE TABLE projections.paused (
    case_id     text        COLLATE "C" PRIMARY KEY,
    position    bigint      NOT NULL,
    since       timestamptz NOT NULL DEFAULT clock_timestamp(),
    reason      text        NOT NULL                  -- never a value of the case
);

-- The number of a generation is never given twice: what the workers of a rebuild that was killed still write lies in a
-- generation that nobody reads, and goes with the next rebuild.
CREATE SEQUENCE projections.generations AS integer;

GRANT USAGE ON SCHEMA projections TO ledger_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA projections TO ledger_app;
GRANT USAGE ON SEQUENCE projections.generations TO ledger_app;
