-- Closings: the root of the map of heads that each of them sealed, and its checkpoint, kept for ever.  In both logs.
CREATE TABLE closings (
    position    bigint      PRIMARY KEY CHECK (position > 0),     -- the last leaf of its checkpoint, so its size too
    heads       bytea       NOT NULL CHECK (length(heads) = 32),  -- of every chain before it
    root        bytea       NOT NULL CHECK (length(root) = 32)    -- of the tree with it
);
CREATE TRIGGER closings_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON closings FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT, INSERT ON closings TO ledger_app;

CREATE TABLE access.closings (LIKE closings INCLUDING ALL);
CREATE TRIGGER closings_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON access.closings FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT, INSERT ON access.closings TO ledger_app;
