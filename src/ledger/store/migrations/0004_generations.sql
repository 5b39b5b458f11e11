-- The number of a generation of a worklist's rows is never given twice: what the workers of a rebuild that was killed
-- still write lies in a generation that nobody reads, and goes with the next rebuild.
CREATE SEQUENCE projections.generations AS integer;
SELECT setval('projections.generations',
    1 + greatest((SELECT max(generation) FROM projections.worklists), (SELECT max(generation) FROM projections.rows), 0));
GRANT USAGE ON SEQUENCE projections.generations TO ledger_app;
