-- Which fact says that a key was destroyed: an index, and no evidence; whoever reads it reads the fact.

CREATE TABLE erased_keys (
    key_id      uuid        PRIMARY KEY,
    position    bigint      NOT NULL
);
CREATE TABLE access.erased_keys (LIKE erased_keys INCLUDING ALL);

CREATE TRIGGER erased_keys_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON erased_keys FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER erased_keys_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON access.erased_keys FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT, INSERT ON erased_keys, access.erased_keys TO ledger_app;
