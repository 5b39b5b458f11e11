-- Full tiles of hashes, stored once: what nobody has to compute from all leaves again.  In both logs.
CREATE TABLE tiles (
    level       smallint    NOT NULL CHECK (level BETWEEN 0 AND 7),
    index       bigint      NOT NULL CHECK (index >= 0),
    root        bytea       NOT NULL CHECK (length(root) = 32),   -- over the tile: one hash of the level above
    hashes      bytea       NOT NULL CHECK (length(hashes) = 8192),
    PRIMARY KEY (level, index)
);
CREATE TRIGGER tiles_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON tiles FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT, INSERT ON tiles TO ledger_app;

CREATE TABLE access.tiles (LIKE tiles INCLUDING ALL);
CREATE TRIGGER tiles_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON access.tiles FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT, INSERT ON access.tiles TO ledger_app;
