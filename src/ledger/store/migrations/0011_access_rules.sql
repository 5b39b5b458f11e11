-- The few facts that limit who may read a case, found without reading the log (ledger.store.limits).
CREATE INDEX entries_of_access ON entries (position) WHERE position('"type":"offender.access-'::bytea IN entry) > 0;
CREATE INDEX ON access.entries (position) WHERE position('"type":"offender.access-'::bytea IN entry) > 0;  -- as of all
