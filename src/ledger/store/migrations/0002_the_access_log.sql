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

CREATE TRIGGER entries_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON access.entries FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER about_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON access.about FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER checkpoints_stay BEFORE UPDATE OR TRUNCATE ON access.checkpoints FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER released_stay BEFORE UPDATE OR TRUNCATE ON access.released FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER chains_stay BEFORE DELETE OR TRUNCATE ON access.chains FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER head_stays BEFORE DELETE OR TRUNCATE ON access.head FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT USAGE ON SCHEMA access TO ledger_app;
GRANT SELECT ON ALL TABLES IN SCHEMA access TO ledger_app;
GRANT INSERT ON ALL TABLES IN SCHEMA access TO ledger_app;
GRANT UPDATE (size, edge, recorded) ON access.head TO ledger_app;
GRANT UPDATE (version, leaf, n, chain, last) ON access.chains TO ledger_app;
GRANT DELETE ON access.sealed_values, access.receipts TO ledger_app;
