-- Offences are sealed values, and the journal lies in clear: they go from what was kept of the reach of an erasure.  The
-- journal says null where an offence is not said (privacy/holds.py); one that waits says it again when it is asked for.
-- The table is written anew, so that the old rows do not stay on its pages.

CREATE FUNCTION without_offences(reach text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_set(reach::jsonb, '{cases}', (
        SELECT coalesce(jsonb_agg(each || '{"offences": null}' ORDER BY n), '[]')
        FROM jsonb_array_elements(coalesce(reach::jsonb -> 'cases', '[]')) WITH ORDINALITY AS c (each, n)
    ))::text
$$;
ALTER TABLE erasures ALTER COLUMN reach TYPE text USING without_offences(reach);
DROP FUNCTION without_offences(text);
