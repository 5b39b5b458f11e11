"""PostgreSQL: the sequencer and its connection, reading, the vault, the embedded servers, schema and migrations."""
