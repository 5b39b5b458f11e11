-- The vault: keys, wrapped by a key file that is not in here.  A cluster of its own, with backups of its own.
-- This file is the whole truth of the schema; vault_migrations/ lead to it step by step, and a test proves they agree.

-- One row.  Whoever begins an erasure, places or lifts a hold locks it; whoever makes a key shares it.
CREATE TABLE gate (
    one         boolean     PRIMARY KEY DEFAULT true CHECK (one)
);
INSERT INTO gate DEFAULT VALUES;

CREATE TABLE holds (
    id          uuid        PRIMARY KEY,
    scope       text        NOT NULL,               -- JSON (privacy/holds.py): ids, codes, days
    placed_by   text        NOT NULL,               -- a random staff id
    placed_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    released_at timestamptz,
    told        text        NOT NULL DEFAULT ''     -- the command, as JSON: ids, codes, days
);

-- The journal: a row goes from step to step and is never taken away.
CREATE TABLE erasures (
    id          uuid        PRIMARY KEY,            -- the key of the command that asks
    owners      text        COLLATE "C" NOT NULL,   -- JSON: [[owner, retention], ...], sorted
    reach       text        NOT NULL,               -- JSON (privacy/holds.py): what a hold may cover
    ground      text        NOT NULL,               -- a code
    asked_by    text        NOT NULL,               -- random staff ids: two people
    approved_by text        NOT NULL CHECK (approved_by <> asked_by),
    step        text        NOT NULL CHECK (step IN ('deferred', 'begun', 'destroyed', 'closed', 'finalised')),
    held_by     uuid        REFERENCES holds,       -- the hold that it waits, or last waited, for
    wrappings   text        COLLATE "C" NOT NULL DEFAULT '',      -- what the keys were wrapped with, by spaces
    asked_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    begun_at    timestamptz,
    destroyed_at timestamptz,
    closed_at   timestamptz,
    position    bigint,                             -- of the fact that says so
    finalised_at timestamptz,
    told        text        NOT NULL DEFAULT '',    -- the command, as JSON: ids, codes, days
    CHECK (step <> 'deferred' OR held_by IS NOT NULL)
);

-- Owners that are erased.  None of them ever has a key again.
CREATE TABLE tombstones (
    owner       text        COLLATE "C" NOT NULL,
    retention   text        COLLATE "C" NOT NULL,
    erasure     uuid        NOT NULL REFERENCES erasures,
    PRIMARY KEY (owner, retention)
);

CREATE TABLE keys (
    key_id      uuid        PRIMARY KEY,
    owner       text        COLLATE "C" NOT NULL,   -- whose: the stream of a person, or a stream (privacy/owners.py)
    retention   text        COLLATE "C" NOT NULL,   -- retention class: case, child, victim, third-party, staff
    generation  integer     NOT NULL CHECK (generation > 0),
    -- held: an erasure is due and waits for a hold; until then the key is used like an active one.
    state       text        NOT NULL DEFAULT 'active',
    wrapping    text,                               -- which wrapping key; null once destroyed
    wrapped     bytea,                              -- nonce || AES-256-GCM of the key, AAD = key id; null once destroyed
    made_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    erasure     uuid        REFERENCES erasures,    -- what is erasing it, or has
    UNIQUE (owner, retention, generation),
    CONSTRAINT keys_state_check CHECK (state IN ('active', 'held', 'erasing', 'destroyed', 'finalised')),
    CONSTRAINT keys_check CHECK ((state IN ('destroyed', 'finalised')) = (wrapped IS NULL)),
    CONSTRAINT keys_erasure_check CHECK ((state IN ('active', 'held')) = (erasure IS NULL))
);
CREATE INDEX keys_erasure ON keys (erasure) WHERE erasure IS NOT NULL;

-- Secrets of the ledger itself, by name (the key of the digests of commands).
CREATE TABLE secrets (
    name        text        PRIMARY KEY,
    wrapping    text        NOT NULL,
    wrapped     bytea       NOT NULL
);

-- Which wrapping key is in use, since when, and when the earlier ones were destroyed.
CREATE TABLE epochs (
    number      integer     PRIMARY KEY CHECK (number > 0),
    wrapping    text        COLLATE "C" NOT NULL UNIQUE,          -- id of the wrapping key
    began_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at    timestamptz                         -- when its wrapping key was destroyed
);

-- No state is ever left backwards, whoever asks: a key that is being erased is never given out again.
CREATE FUNCTION refuse_return() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (
        ('active', 'held'), ('held', 'active'), ('active', 'erasing'), ('held', 'erasing'),
        ('erasing', 'destroyed'), ('destroyed', 'finalised')
    ) THEN
        RAISE EXCEPTION 'a key that is % does not become %', OLD.state, NEW.state USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what stands in % is never changed or removed', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER keys_never_return BEFORE UPDATE OF state ON keys FOR EACH ROW EXECUTE FUNCTION refuse_return();
CREATE TRIGGER tombstones_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON tombstones FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER erasures_stay BEFORE DELETE OR TRUNCATE ON erasures FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER holds_stay BEFORE DELETE OR TRUNCATE ON holds FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT, INSERT ON keys, secrets, epochs TO vault_app;
GRANT SELECT ON gate, holds, erasures, tombstones TO vault_app;
GRANT UPDATE (one) ON gate TO vault_app;  -- what a lock of the row asks for; its check lets nothing change
GRANT INSERT ON holds, erasures, tombstones TO vault_app;
GRANT UPDATE (released_at) ON holds TO vault_app;
GRANT UPDATE (scope, placed_by, placed_at, told) ON holds TO vault_app;  -- one that nobody was told of is placed anew
GRANT UPDATE (owners, ground, asked_by, approved_by, told) ON erasures TO vault_app;  -- one that waited is asked for anew
GRANT UPDATE (reach, step, held_by, wrappings, begun_at, destroyed_at, closed_at, position, finalised_at) ON erasures TO vault_app;
GRANT UPDATE (state, wrapping, wrapped, erasure) ON keys TO vault_app;
GRANT UPDATE (wrapping, wrapped) ON secrets TO vault_app;
GRANT UPDATE (ended_at) ON epochs TO vault_app;
