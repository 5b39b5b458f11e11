-- Keys under which nothing more is sealed, because their erasure has begun; and the way to what was.

CREATE TABLE fenced_keys (
    key_id      uuid        PRIMARY KEY
);
CREATE TABLE access.fenced_keys (LIKE fenced_keys INCLUDING ALL);

CREATE INDEX ON sealed_values (key_id);  -- found under the head's lock, where nothing may take long
CREATE INDEX ON access.sealed_values (key_id);

CREATE TRIGGER fenced_keys_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON fenced_keys FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER fenced_keys_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON access.fenced_keys FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT, INSERT ON fenced_keys, access.fenced_keys TO ledger_app;
