-- Which records are of one person decides who may read them: the index of limits holds the facts that say so too.
DROP INDEX entries_of_access, access.entries_position_idx;
CREATE INDEX entries_of_access ON entries (position)
    WHERE position('"type":"offender.access-'::bytea IN entry) > 0
       OR position('"type":"offender.persons-'::bytea IN entry) > 0;
CREATE INDEX ON access.entries (position)
    WHERE position('"type":"offender.access-'::bytea IN entry) > 0
       OR position('"type":"offender.persons-'::bytea IN entry) > 0;  -- as of all
