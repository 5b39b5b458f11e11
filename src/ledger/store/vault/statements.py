"""Every statement that is run in the vault, by name.

Proven by tests/store/test_vault*.py.
"""

from __future__ import annotations

from typing import Final, LiteralString

_ERASURE: Final[LiteralString] = """
    SELECT e.id, e.owners, e.reach, e.ground, e.asked_by, e.approved_by, e.step, e.held_by, e.wrappings, e.asked_at,
        e.begun_at, e.destroyed_at, e.position, e.told,
        coalesce((SELECT string_agg(k.key_id::text, ' ' ORDER BY k.key_id) FROM keys AS k WHERE k.erasure = e.id), '')
    FROM erasures AS e
"""

STATEMENTS: Final[dict[str, LiteralString]] = {
    "begin": "BEGIN",
    "commit": "COMMIT",
    # Alone in their statements: what is read after them is what is true after them.
    "lock_gate": "SELECT one FROM gate FOR UPDATE",
    "share_gate": "SELECT one FROM gate FOR SHARE",
    "erasure": _ERASURE + "WHERE e.id = $1::uuid",
    "erasures_at": _ERASURE + "WHERE e.step = ANY($1::text[]) ORDER BY e.asked_at, e.id",
    # The erasure that has all of these owners already, or waits to: asking again is no second one.
    "erasure_of": _ERASURE  # noqa: S608 - of constants alone
    + """
        WHERE (e.step = 'deferred' AND e.owners::jsonb @> convert_from($1::bytea, 'UTF8')::jsonb) OR (
            e.step <> 'deferred' AND NOT EXISTS (
                SELECT FROM unnest($2::text[], $3::text[]) AS o (owner, retention) WHERE NOT EXISTS (
                    SELECT FROM tombstones AS t
                    WHERE t.owner = o.owner AND t.retention = o.retention AND t.erasure = e.id)))
        ORDER BY e.asked_at LIMIT 1
    """,
    "journal": """
        INSERT INTO erasures (id, owners, reach, ground, asked_by, approved_by, step, held_by, begun_at, told)
        VALUES ($1::uuid, convert_from($2::bytea, 'UTF8'), convert_from($3::bytea, 'UTF8'),
            convert_from($4::bytea, 'UTF8'), convert_from($5::bytea, 'UTF8'), convert_from($6::bytea, 'UTF8'),
            CASE WHEN $7::uuid IS NULL THEN 'begun' ELSE 'deferred' END, $7::uuid,
            CASE WHEN $7::uuid IS NULL THEN clock_timestamp() END, convert_from($8::bytea, 'UTF8'))
        ON CONFLICT (id) DO UPDATE SET step = excluded.step, reach = excluded.reach, begun_at = excluded.begun_at,
            held_by = coalesce(excluded.held_by, erasures.held_by), owners = excluded.owners, ground = excluded.ground,
            asked_by = excluded.asked_by,
            approved_by = excluded.approved_by,
            told = coalesce(nullif(excluded.told, ''), erasures.told)  -- the list of erasures knows no command
    """,
    "widen": """
        UPDATE erasures SET owners = convert_from($2::bytea, 'UTF8'), step = 'begun' WHERE id = $1::uuid
    """,
    "bury": """
        INSERT INTO tombstones (owner, retention, erasure)
        SELECT owner, retention, $1::uuid FROM unnest($2::text[], $3::text[]) AS o (owner, retention)
        ON CONFLICT DO NOTHING
    """,
    "begin_erasing": """
        UPDATE keys AS k SET state = 'erasing', erasure = $1::uuid
        FROM unnest($2::text[], $3::text[]) AS o (owner, retention)
        WHERE k.owner = o.owner AND k.retention = o.retention AND k.state IN ('active', 'held')
    """,
    # Of texts that name nobody only these keys: whoever comes later has texts there too.
    "begin_erasing_keys": """
        UPDATE keys SET state = 'erasing', erasure = $1::uuid
        WHERE key_id = ANY($2::uuid[]) AND state IN ('active', 'held')
    """,
    "destroyed_among": """
        SELECT k.key_id, k.retention, e.destroyed_at FROM keys AS k JOIN erasures AS e ON e.id = k.erasure
        WHERE k.key_id = ANY($1::uuid[]) AND k.state = 'destroyed' AND e.step IN ('begun', 'destroyed')
    """,
    "keep_held": """
        UPDATE keys AS k SET state = 'held' FROM unnest($1::text[], $2::text[]) AS o (owner, retention)
        WHERE k.owner = o.owner AND k.retention = o.retention AND k.state = 'active'
    """,
    "destroyed": """
        UPDATE erasures AS e SET step = 'destroyed', destroyed_at = coalesce($2::timestamptz, clock_timestamp()),
            wrappings = concat_ws(' ', nullif(e.wrappings, ''),  -- of those that went before it was widened
                (SELECT string_agg(DISTINCT k.wrapping, ' ') FROM keys AS k WHERE k.erasure = e.id))
        WHERE e.id = $1::uuid AND e.step = 'begun'
    """,
    "destroy": """
        UPDATE keys SET state = 'destroyed', wrapping = NULL, wrapped = NULL
        WHERE erasure = $1::uuid AND state = 'erasing'
    """,
    "not_destroyed": """
        SELECT id FROM unnest($1::uuid[]) AS listed (id)
        WHERE NOT EXISTS (SELECT FROM erasures AS e
                          WHERE e.id = listed.id AND e.step IN ('destroyed', 'closed', 'finalised'))
    """,
    "close": """
        UPDATE erasures SET step = 'closed', closed_at = clock_timestamp(), position = $2::bigint
        WHERE id = $1::uuid AND step = 'destroyed'
    """,
    "finalised": """
        UPDATE erasures SET step = 'finalised', finalised_at = clock_timestamp()
        WHERE id = $1::uuid AND step = 'closed'
    """,
    "finalise": "UPDATE keys SET state = 'finalised' WHERE erasure = $1::uuid AND state = 'destroyed'",
    "holds": "SELECT id, scope, told FROM holds WHERE released_at IS NULL ORDER BY placed_at, id",
    "place_hold": """
        INSERT INTO holds (id, scope, placed_by, told)
        VALUES ($1::uuid, convert_from($2::bytea, 'UTF8'), convert_from($3::bytea, 'UTF8'),
            convert_from($4::bytea, 'UTF8'))
        ON CONFLICT (id) DO UPDATE SET scope = excluded.scope, placed_by = excluded.placed_by, told = excluded.told,
            placed_at = clock_timestamp(), released_at = NULL
        WHERE holds.released_at IS NOT NULL
    """,
    "release_hold": "UPDATE holds SET released_at = clock_timestamp() WHERE id = $1::uuid AND released_at IS NULL",
    "find": """
        SELECT k.owner, k.retention, k.key_id, k.wrapping, k.wrapped
        FROM unnest($1::text[], $2::text[]) AS o (owner, retention)
        JOIN keys AS k USING (owner, retention)
        WHERE k.state IN ('active', 'held') ORDER BY k.generation
    """,
    "make": """
        INSERT INTO keys (key_id, owner, retention, generation, wrapping, wrapped)
        SELECT m.key_id, m.owner, m.retention,
            1 + coalesce((SELECT max(k.generation) FROM keys AS k
                          WHERE k.owner = m.owner AND k.retention = m.retention), 0),
            convert_from($4::bytea, 'UTF8'), m.wrapped
        FROM unnest($1::uuid[], $2::text[], $3::text[], $5::bytea[]) AS m (key_id, owner, retention, wrapped)
        WHERE convert_from($4::bytea, 'UTF8') = (SELECT wrapping FROM epochs ORDER BY number DESC LIMIT 1)
            AND NOT EXISTS (SELECT FROM keys AS k  -- made by another since we looked
                          WHERE k.owner = m.owner AND k.retention = m.retention AND k.state IN ('active', 'held'))
            AND NOT EXISTS (SELECT FROM unnest($2::text[], $3::text[]) AS o (owner, retention)  -- all of them, or none
                            JOIN tombstones AS t USING (owner, retention))
        ON CONFLICT (owner, retention, generation) DO NOTHING
    """,
    "by_id": "SELECT key_id, wrapping, wrapped FROM keys WHERE key_id = ANY($1::uuid[]) AND wrapped IS NOT NULL",
    "secret": "SELECT wrapping, wrapped FROM secrets WHERE name = convert_from($1::bytea, 'UTF8')",
    "keep_secret": """
        INSERT INTO secrets (name, wrapping, wrapped)
        SELECT convert_from($1::bytea, 'UTF8'), convert_from($2::bytea, 'UTF8'), $3::bytea
        WHERE convert_from($2::bytea, 'UTF8') = (SELECT wrapping FROM epochs ORDER BY number DESC LIMIT 1)
        ON CONFLICT (name) DO NOTHING
    """,
    # Epochs.  The first wrapping key is that of whoever keeps the first key.
    "enrol": """
        INSERT INTO epochs (number, wrapping) SELECT $2::bigint, convert_from($1::bytea, 'UTF8')
        WHERE NOT EXISTS (SELECT FROM epochs) ON CONFLICT DO NOTHING
    """,
    "epoch": "SELECT wrapping FROM epochs ORDER BY number DESC LIMIT 1",
    "epochs": "SELECT number::bigint, wrapping, began_at, ended_at FROM epochs ORDER BY number",
    "new_epoch": "INSERT INTO epochs (number, wrapping) VALUES ($1::bigint, convert_from($2::bytea, 'UTF8'))",
    "end_epochs": "UPDATE epochs SET ended_at = $2::timestamptz WHERE number < $1::bigint AND ended_at IS NULL",
    "old_keys": """
        SELECT key_id::text, wrapping, wrapped FROM keys
        WHERE wrapping <> convert_from($1::bytea, 'UTF8')
            AND key_id > coalesce(nullif(convert_from($2::bytea, 'UTF8'), ''),
                '00000000-0000-0000-0000-000000000000')::uuid
        ORDER BY key_id LIMIT 500
    """,
    "rewrap_keys": """
        UPDATE keys AS k SET wrapping = convert_from($1::bytea, 'UTF8'), wrapped = n.wrapped
        FROM unnest($2::text[], $3::text[], $4::bytea[]) AS n (name, old, wrapped)
        WHERE k.key_id = n.name::uuid AND k.wrapping = n.old
    """,
    "old_secrets": """
        SELECT name, wrapping, wrapped FROM secrets
        WHERE wrapping <> convert_from($1::bytea, 'UTF8') AND name > convert_from($2::bytea, 'UTF8')
        ORDER BY name LIMIT 500
    """,
    "rewrap_secrets": """
        UPDATE secrets AS s SET wrapping = convert_from($1::bytea, 'UTF8'), wrapped = n.wrapped
        FROM unnest($2::text[], $3::text[], $4::bytea[]) AS n (name, old, wrapped)
        WHERE s.name = n.name AND s.wrapping = n.old
    """,
    "left_behind": """
        SELECT (SELECT count(*) FROM keys WHERE wrapping <> convert_from($1::bytea, 'UTF8'))
            + (SELECT count(*) FROM secrets WHERE wrapping <> convert_from($1::bytea, 'UTF8'))
    """,
    "counted": """
        SELECT 'keys_' || state, count(*) FROM keys GROUP BY state
        UNION ALL SELECT 'erasures_' || step, count(*) FROM erasures GROUP BY step
        UNION ALL SELECT 'holds', count(*) FROM holds WHERE released_at IS NULL
        ORDER BY 1
    """,
    "destroyed_with": "SELECT destroyed_at, wrappings, step FROM erasures WHERE step IN ('destroyed', 'closed')",
}
