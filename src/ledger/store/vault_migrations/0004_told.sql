-- With what command an erasure was asked for and a hold placed: with that either is gone on with after a crash.

ALTER TABLE erasures ADD COLUMN told text NOT NULL DEFAULT '';
ALTER TABLE holds ADD COLUMN told text NOT NULL DEFAULT '';

GRANT UPDATE (owners, ground, asked_by, approved_by, told) ON erasures TO vault_app;  -- one that waited is asked for anew
GRANT UPDATE (scope, placed_by, placed_at, told) ON holds TO vault_app;  -- one that nobody was told of is placed anew
