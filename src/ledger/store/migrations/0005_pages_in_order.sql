-- A page is read along the index in the order of the list and ends with its last row: nothing is sorted, and rows that
-- stand on other days are passed over without being fetched.
DROP INDEX projections.rows_until;
CREATE INDEX rows_in_order ON projections.rows (worklist, generation, rank, case_id, n) INCLUDE (since, until);
CREATE INDEX rows_of_unit ON projections.rows (worklist, generation, unit, rank, case_id, n) INCLUDE (since, until);
