-- A page is read along the index in the order of the list, and rows that stand on other days were passed over one by
-- one: on a long list, as many as there ever were.  So each row is kept under one point of its days, the one that most
-- powers of two divide, and the days that a day can have been kept under are a path of at most 22 such points (the
-- relational interval tree of Kriegel, Pötke and Seidl, VLDB 2000).  Under each of them the order is the list's.
CREATE FUNCTION projections.fork(since date, until date) RETURNS integer
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN (until - date '0001-01-01') >> (length(ltrim(
            ((since - date '0001-01-01') # (until - date '0001-01-01'))::bit(32)::text, '0')) - 1)
        << (length(ltrim(((since - date '0001-01-01') # (until - date '0001-01-01'))::bit(32)::text, '0')) - 1);

ALTER TABLE projections.rows
    ADD COLUMN fork integer NOT NULL GENERATED ALWAYS AS (projections.fork(since, until)) STORED;
DROP INDEX projections.rows_in_order;
CREATE INDEX rows_in_order ON projections.rows (worklist, generation, fork, rank, case_id, n) INCLUDE (since, until);
