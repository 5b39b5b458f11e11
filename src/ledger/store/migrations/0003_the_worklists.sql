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
    PRIMARY KEY (case_id, worklist, generation, n)
);
CREATE INDEX rows_until ON projections.rows (worklist, generation, until);

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

GRANT USAGE ON SCHEMA projections TO ledger_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA projections TO ledger_app;
