"""JSON over HTTP: commands, views, worklists, registries and the log's open parts (contract.md)."""
