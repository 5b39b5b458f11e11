-- Epochs: which wrapping key is in use, since when, and when the earlier ones were destroyed.

CREATE TABLE epochs (
    number      integer     PRIMARY KEY CHECK (number > 0),
    wrapping    text        COLLATE "C" NOT NULL UNIQUE,          -- id of the wrapping key
    began_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at    timestamptz                         -- when its wrapping key was destroyed
);
INSERT INTO epochs (number, wrapping)
SELECT row_number() OVER (ORDER BY wrapping), wrapping
FROM (SELECT wrapping FROM keys WHERE wrapping IS NOT NULL UNION SELECT wrapping FROM secrets) AS used;

GRANT SELECT, INSERT ON epochs TO vault_app;
GRANT UPDATE (ended_at) ON epochs TO vault_app;
GRANT UPDATE (wrapping, wrapped) ON secrets TO vault_app;
