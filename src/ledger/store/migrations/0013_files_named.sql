-- Which documents a fact names, found without reading the log, and since when parts lie there: what no fact names long
-- after it was written is what a crash left (ledger.store.documents).
ALTER TABLE file_parts ADD COLUMN written timestamptz NOT NULL DEFAULT now();
CREATE INDEX entries_of_files ON entries (substring(entry FROM position('"file_id":"'::bytea IN entry) + 11 FOR 36))
    WHERE position('"file_id":"'::bytea IN entry) > 0;
CREATE INDEX ON access.entries (substring(entry FROM position('"file_id":"'::bytea IN entry) + 11 FOR 36))
    WHERE position('"file_id":"'::bytea IN entry) > 0;  -- as of all
